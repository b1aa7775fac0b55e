"""The next payer's turn: what is looked up before it is decided, and the job that does it."""

from functools import partial
from typing import Any

from claims_svc import store
from claims_svc.decide.bill import Directories
from claims_svc.decide.coordinate import Named, coordinate, next_claim_id
from claims_svc.handlers.service import CATCHING_UP, of_job
from rcm.platform.runtime import Runtime

PAGE = 200


async def tell_next_payers(runtime: Runtime, tenant_id: str, directories: Directories) -> int:
    """Make the claims that follow from payers' answers. Gives how many answers were dealt with."""
    done, after = 0, ""
    while True:
        async with runtime.read(tenant_id) as session:
            rows = await store.to_coordinate(session, tenant_id, after, PAGE)
            claim_ids = [row.claim_id for row in rows]
            claims = {
                row.claim_id: row for row in await store.claims_named(session, tenant_id, claim_ids)
            }
            contents = await store.contents(session, tenant_id, claim_ids)
            named = [
                await _named(session, tenant_id, claims[row.claim_id], row.answer_count)
                for row in rows
            ]
        for one in named:
            sealed = contents.get(one.claim_id)
            if sealed is None:
                continue
            decide = partial(coordinate, named=one, sealed=sealed, directories=directories)
            outcome = await runtime.execute(of_job(tenant_id, CATCHING_UP)(one.streams, decide))
            done += bool(outcome.recorded)
        if len(rows) < PAGE:
            return done
        after = rows[-1].claim_id


async def _named(session: Any, tenant_id: str, claim: store.ClaimRow, answer_count: int) -> Named:
    new_id = next_claim_id(
        tenant_id,
        claim.encounter_id,
        claim.claim_id,
        "P" if claim.form == "P" else "I",
        answer_count,
        is_voided=claim.status == "replaced" and not claim.replaced_by,
    )
    return Named(claim.claim_id, await _standing(session, tenant_id, claim), new_id)


async def _standing(session: Any, tenant_id: str, claim: store.ClaimRow) -> str:
    """Find the claim that stands for the next payer: made from this one's answers, or from those of
    the claim that this one replaces.
    """
    own: store.ClaimRow | None = claim
    while own is not None and not own.next_claim_id:
        own = await _claim(session, tenant_id, own.replaces_claim_id)
    following = await _claim(session, tenant_id, own.next_claim_id) if own is not None else None
    while following is not None and following.replaced_by:
        following = await _claim(session, tenant_id, following.replaced_by)
    return following.claim_id if following is not None else ""


async def _claim(session: Any, tenant_id: str, claim_id: str) -> store.ClaimRow | None:
    return await store.claim(session, tenant_id, claim_id) if claim_id else None
