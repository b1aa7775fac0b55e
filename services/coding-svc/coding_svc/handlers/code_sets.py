"""Other code sets came into force: record it, and check the open encounters that they touch."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Final

from coding_svc.decide import commands
from coding_svc.decide.billing import Assessment, assess
from coding_svc.decide.encounter import today_at
from coding_svc.gateway.code_book import Change, CodeBook
from coding_svc.handlers.beside import streams_of
from coding_svc.handlers.notes import opened_account
from coding_svc.handlers.way import Way
from coding_svc.model.account import Account
from coding_svc.model.adopted import ADOPTED_STREAM
from coding_svc.problems import SenderUnknown
from coding_svc.store import notes as store_notes
from rcm.codes.touched import Touched
from rcm.problems import Problem

_AT_ONCE: Final = 200


async def adopt(way: Way, codes: CodeBook, change: Change | None) -> int:
    """Take the sets in force for a tenant's own; returns how many encounters were checked.

    First the checks, each of which is done once however often it is asked for; then the record
    that they are done. So a crash in between only repeats the question.

    Args:
        way: Of the tenant.
        codes: What is in force.
        change: What has changed, if that was seen; without it every open encounter is checked.
    """
    if codes.loaded is None:
        return 0
    fingerprint = codes.fingerprint
    async with way.runtime.read(way.tenant_id) as session:
        before = await store_notes.adopted(session, way.tenant_id)
    if before == fingerprint:
        return 0
    touched = None
    if change is not None and change.previous == before:
        touched = change.touched
    count = await recheck_open(way, fingerprint, touched)
    await way.execute(
        command_id=f"adopt/{before}/{fingerprint}",
        streams=[ADOPTED_STREAM],
        decide=partial(
            commands.adopt,
            fingerprint,
            [release.release_id for release in codes.loaded.sets.releases()],
            touched.count if touched is not None else -1,
        ),
    )
    return count


async def recheck_open(way: Way, fingerprint: str, touched: Touched | None) -> int:
    """Check the open encounters that hold a touched code; all of them where that is unknown."""
    count, after = 0, ""
    while True:
        async with way.runtime.read(way.tenant_id) as session:
            found = await store_notes.held_encounters(session, way.tenant_id, after, _AT_ONCE)
        if not found:
            return count
        after = found[-1]
        outcomes = await asyncio.gather(
            *(_recheck(way, encounter_id, fingerprint, touched) for encounter_id in found),
            return_exceptions=True,
        )
        for outcome in outcomes:
            # One whose patient was forgotten, or whose profile is gone, waits for a person.
            if isinstance(outcome, BaseException) and not isinstance(outcome, Problem):
                raise outcome
            count += outcome is True


async def _recheck(way: Way, encounter_id: str, fingerprint: str, touched: Touched | None) -> bool:
    mine: dict[str, tuple[str, ...]] = {}
    if touched is not None:
        account = await opened_account(way, encounter_id)
        async with way.runtime.read(way.tenant_id) as session:
            others = await store_notes.services_beside(session, way.tenant_id, encounter_id)
        mine = touched.of(codes_of(account), {service.procedure_code for service in others})
        if not mine:
            return False
    outcome = await way.execute(
        command_id=f"recheck/{encounter_id}/{fingerprint}",
        streams=await streams_of(way, encounter_id),
        decide=partial(commands.recheck, encounter_id, fingerprint, mine, way.profiles),
    )
    return bool(outcome.recorded) and not outcome.repeated


async def checked_now(way: Way, encounter_id: str, now: datetime) -> tuple[Assessment, Account]:
    """Assess an encounter as it stands, by the code sets in force; changes nothing.

    Raises:
        EncounterNotFound: There is none, or nothing is known of it.
        PatientForgotten: Its key was destroyed.
        SenderUnknown: No profile fits its sender any more.
    """
    account = await opened_account(way, encounter_id)
    application, _, facility = account.sender.partition("|")
    profile = way.profiles.of_sender(application, facility)
    if profile is None:
        raise SenderUnknown
    async with way.runtime.read(way.tenant_id) as session:
        others = await store_notes.services_beside(session, way.tenant_id, encounter_id)
    found = assess(
        account,
        profile,
        today=today_at(now, profile),
        codes=way.profiles.codes,
        others=others,
    )
    return found, account


def codes_of(account: Account) -> set[str]:
    """Return every code that an account holds, and its modifiers."""
    found = {diagnosis.code for diagnosis in account.diagnoses}
    found |= {procedure.code for procedure in account.procedures}
    for charge in account.charges:
        found |= {charge.procedure_code, *charge.diagnosis_codes, *charge.modifiers}
    return found - {""}
