"""What was taken before, looked at again: replays, waiting that is over, an account opened."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from msgspec import structs

from coding_svc.decide import commands
from coding_svc.decide.encounter import Taking
from coding_svc.handlers.beside import streams_of
from coding_svc.handlers.taking import MERGED, profile_of, take_text, understood
from coding_svc.handlers.way import Taken, Way
from coding_svc.model.account import Account
from coding_svc.model.documented import Effect, SetAside
from coding_svc.problems import EncounterNotFound, MessageNotFound, PatientForgotten
from coding_svc.store import encounters as store
from rcm.domain import Command
from rcm.events.phi import Phi
from rcm.platform.http.phi import Viewing
from rcm.problems import Problem

REPLAYED_MAX: Final = 500


async def replay_encounter(way: Way, encounter_id: str, command: Callable[..., Command]) -> Any:
    """Read the messages of an encounter again by the profiles of today.

    Args:
        way: Tenant and actor.
        encounter_id: Which.
        command: Makes the command of streams and decision (the request's idempotency key in it).

    Raises:
        MessageNotFound: There are none.
        PatientForgotten: They can no longer be read.
    """
    async with way.runtime.read(way.tenant_id) as session:
        rows = await store.messages_of_encounter(
            session, way.tenant_id, encounter_id, None, REPLAYED_MAX
        )
    takings = []
    for row in rows:
        if row.raw is None:
            continue
        text = await way.runtime.open(way.tenant_id, Phi(**row.raw), str)
        if text is None:
            raise PatientForgotten("The patient's key was destroyed.")
        said = understood(way.profiles, text, row.kind, row.message_id)
        if isinstance(said, SetAside) or said.effect is Effect.MERGE:
            continue
        if any(why["rule_id"] == MERGED.rule_id for why in row.reasons):
            said = structs.replace(said, patient=None)
        takings.append(
            Taking(
                message=said,
                message_id=row.message_id,
                message_sha256="",
                raw="",
                profile=profile_of(way.profiles, said),
                codes=way.profiles.codes,
                encounter_id=encounter_id,
            )
        )
    if not takings:
        raise MessageNotFound("No message of this encounter can be read again.")
    streams = await streams_of(way, encounter_id)
    return await way.runtime.execute(command(streams, partial(commands.replay, tuple(takings))))


async def replay_message(way: Way, message_id: str) -> Taken:
    """Take a message that was set aside again, by the profiles of today.

    Raises:
        MessageNotFound: There is none, or nothing of it was kept.
        PatientForgotten: It can no longer be read.
    """
    async with way.runtime.read(way.tenant_id) as session:
        rows = await store.message(session, way.tenant_id, message_id)
    kept = next((row for row in rows if row.raw is not None and not row.encounter_id), None)
    if kept is None or kept.raw is None:
        raise MessageNotFound
    text = await way.runtime.open(way.tenant_id, Phi(**kept.raw), str)
    if text is None:
        raise PatientForgotten("The message's key was destroyed.")
    return await take_text(way, text, kept.kind, message_id, kept.sha256)


async def account_of(views: Viewing, encounter_id: str) -> Account:
    """Open the account of an encounter for whoever asks, as a recorded view.

    Raises:
        Forbidden: None of the caller's roles sees PHI.
        EncounterNotFound: There is none, or nothing is known of it.
        PatientForgotten: Its key was destroyed.
    """
    tenant_id = views.caller.tenant_id
    async with views.runtime.read(tenant_id) as session:
        sealed = await store.sealed_account(session, tenant_id, encounter_id)
    if sealed is None:
        raise EncounterNotFound
    account = await views.open(sealed, Account, "account", encounter_id)
    if account is None:
        raise PatientForgotten("The patient's key was destroyed.")
    return account


async def look_again_at_waiting(way: Way, day: str) -> int:
    """Assess the encounters whose days of waiting may be over; returns how many moved."""
    moved, after = 0, ""
    while True:
        async with way.runtime.read(way.tenant_id) as session:
            found = await store.waiting_encounters(session, way.tenant_id, after, 200)
        if not found:
            return moved
        after = found[-1]
        outcomes = await asyncio.gather(
            *(_look_again(way, encounter_id, day) for encounter_id in found),
            return_exceptions=True,
        )
        for outcome in outcomes:
            # One whose profile is gone, or that was merged meanwhile, waits for a person instead.
            if isinstance(outcome, BaseException) and not isinstance(outcome, Problem):
                raise outcome
            moved += not isinstance(outcome, BaseException) and bool(outcome.recorded)


async def _look_again(way: Way, encounter_id: str, day: str) -> Any:
    return await way.execute(
        command_id=f"look-again/{encounter_id}/{day}",
        streams=await streams_of(way, encounter_id),
        decide=partial(commands.look_again, encounter_id, way.profiles),
    )
