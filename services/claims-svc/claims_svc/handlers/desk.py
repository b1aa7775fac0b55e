"""What people ask of claims, and the work that waits for an answer of the payer."""

from functools import partial
from typing import Any

from claims_svc import store
from claims_svc.decide.bill import Directories, catch_up, catch_up_streams
from claims_svc.decide.correct import (
    Correction,
    DropCause,
    answer_denial,
    correct,
    corrected_id,
    drop,
    hold,
    release,
)
from claims_svc.decide.withdraw import settle_withdrawal
from claims_svc.handlers.service import CATCHING_UP, Ask, of_job
from claims_svc.model.states import encounter_stream
from rcm.platform.runtime import Runtime
from rcm.problems import NotFound

PAGE = 200


async def bill_waiting(runtime: Runtime, tenant_id: str, directories: Directories) -> int:
    """Bill the versions of encounters that wait and may go now. Gives how many went."""
    went, after = 0, None
    while True:
        async with runtime.read(tenant_id) as session:
            rows = await store.encounters(session, tenant_id, "waiting", after, PAGE)
            waited_for = {one for row in rows for one in row.claim_ids}
            claims = {
                row.claim_id: row
                for row in await store.claims_named(session, tenant_id, waited_for)
            }
            contents = await store.contents(session, tenant_id, waited_for)
        for row in rows:
            # Without next ids the patient was forgotten: there is nothing to bill.
            if not row.next_claim_ids or any(_unanswered(claims.get(n)) for n in row.claim_ids):
                continue
            decide = partial(
                catch_up, encounter_id=row.encounter_id, directories=directories, stored=contents
            )
            streams = catch_up_streams(row.encounter_id, row.claim_ids, row.next_claim_ids)
            done = await runtime.execute(of_job(tenant_id, CATCHING_UP)(streams, decide))
            went += bool(done.recorded)
        if len(rows) < PAGE:
            return went
        after = (rows[-1].encounter_id,)


def _unanswered(claim: store.ClaimRow | None) -> bool:
    return claim is not None and (
        claim.status == "batched" or (claim.status == "sent" and not claim.payer_number)
    )


async def settle_withdrawals(runtime: Runtime, tenant_id: str, limit: int = 200) -> int:
    """Take back the releases that coding asked back, or say that they are out. Gives how many."""
    async with runtime.read(tenant_id) as session:
        encounter_ids = await store.withdrawals(session, tenant_id, limit)
    for encounter_id in encounter_ids:
        async with runtime.read(tenant_id) as session:
            row = await store.encounter(session, tenant_id, encounter_id)
            claim_ids = await store.claims_of_encounter(session, tenant_id, encounter_id)
        decide = partial(
            settle_withdrawal,
            encounter_id=encounter_id,
            outcome=row.outcome if row is not None else "",
            claim_ids=claim_ids,
        )
        streams = [encounter_stream(encounter_id), *claim_ids]
        await runtime.execute(of_job(tenant_id, CATCHING_UP)(streams, decide))
    return len(encounter_ids)


async def make_corrections(
    runtime: Runtime, tenant_id: str, directories: Directories, limit: int = 200
) -> int:
    """Make the corrected claims that denials asked for. Gives how many were made."""
    async with runtime.read(tenant_id) as session:
        rows = await store.corrections_wanted(session, tenant_id, limit)
        contents = await store.contents(session, tenant_id, [row.claim_id for row in rows])
    made = 0
    for row in rows:
        sealed = contents.get(row.claim_id)
        if sealed is None:
            continue
        new_id = corrected_id(
            tenant_id,
            row.encounter_id,
            row.claim_id,
            row.denial_id,
            "P" if row.form == "P" else "I",
        )
        decide = partial(
            answer_denial, claim_id=row.claim_id, sealed=sealed, directories=directories
        )
        streams = [row.claim_id, new_id, encounter_stream(row.encounter_id)]
        done = await runtime.execute(of_job(tenant_id, CATCHING_UP)(streams, decide))
        made += bool(done.recorded)
    return made


async def correct_claim(
    runtime: Runtime,
    tenant_id: str,
    claim_id: str,
    correction: Correction,
    directories: Directories,
    ask: Ask,
) -> Any:
    """Correct named fields of a claim and check it anew.

    Raises:
        NotFound: No such claim.
        Problem: It may not be corrected now; see `decide.correct`.
    """
    sealed = await _sealed(runtime, tenant_id, claim_id)
    if sealed is None:
        raise NotFound
    decide = partial(
        correct, claim_id=claim_id, sealed=sealed, correction=correction, directories=directories
    )
    return await runtime.execute(ask([claim_id], decide))


async def release_claim(
    runtime: Runtime, tenant_id: str, claim_id: str, directories: Directories, ask: Ask
) -> Any:
    """Let a held or rejected claim go.

    Raises:
        NotFound: No such claim.
        Problem: It may not go now; see `decide.correct`.
    """
    sealed = await _sealed(runtime, tenant_id, claim_id)
    decide = partial(release, claim_id=claim_id, sealed=sealed, directories=directories)
    return await runtime.execute(ask([claim_id], decide))


async def hold_claim(
    runtime: Runtime, tenant_id: str, claim_id: str, directories: Directories, ask: Ask
) -> Any:
    """Keep a claim from leaving.

    Raises:
        NotFound: No such claim.
        Problem: It may not be held now; see `decide.correct`.
    """
    sealed = await _sealed(runtime, tenant_id, claim_id)
    decide = partial(hold, claim_id=claim_id, sealed=sealed, directories=directories)
    return await runtime.execute(ask([claim_id], decide))


async def drop_claim(
    runtime: Runtime, tenant_id: str, claim_id: str, cause: DropCause, ask: Ask
) -> Any:
    """Drop a later payer's claim that never left.

    Raises:
        NotFound: No such claim.
        Problem: It may not be dropped now; see `decide.correct`.
    """
    async with runtime.read(tenant_id) as session:
        if await store.claim(session, tenant_id, claim_id) is None:
            raise NotFound
    return await runtime.execute(ask([claim_id], partial(drop, claim_id=claim_id, cause=cause)))


async def _sealed(runtime: Runtime, tenant_id: str, claim_id: str) -> Any:
    async with runtime.read(tenant_id) as session:
        return (await store.contents(session, tenant_id, [claim_id])).get(claim_id)
