"""Payments whose claim is not known."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    Caller,
    Page,
    Paging,
    PhiViews,
    Runtime,
    Tenant,
    responses,
)
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import NotFound
from remit_svc import handlers, store
from remit_svc.api.shapes import (
    Done,
    Matching,
    UnmatchedDetail,
    UnmatchedShown,
    done,
)
from remit_svc.api.ways import WORKERS, Id, WaysIn
from remit_svc.model import UnmatchedPayment
from remit_svc.problems import (
    AlreadyMatched,
    ClaimUnknown,
    ContentForgotten,
    NotMatched,
)
from remit_svc.store import sealed

suspense = APIRouter(tags=["suspense"])


@suspense.get("/unmatched", responses=responses(InvalidCursor))
async def list_unmatched(
    tenant: Tenant,
    paging: Paging,
    status: Annotated[Literal["waiting", "matched"], Query()] = "waiting",
) -> Page[UnmatchedShown]:
    """List payments in suspense, the oldest first."""
    return await paging.read(
        {"recorded_at": str, "unmatched_id": str},
        lambda session, after, count: store.unmatched_items(session, tenant, status, after, count),
        UnmatchedShown.model_validate,
    )


@suspense.get("/unmatched/{unmatched_id}", responses=responses(NotFound))
async def get_unmatched(
    unmatched_id: Id, caller: Caller, runtime: Runtime, views: PhiViews
) -> UnmatchedDetail | UnmatchedShown:
    """Read a payment in suspense; what the payer says of the patient only for those who may."""
    async with runtime.read(caller.tenant_id) as session:
        row = await store.unmatched_item(session, caller.tenant_id, unmatched_id)
    if row is None:
        raise NotFound("Nothing waits under that id.")
    shown = UnmatchedShown.model_validate(row)
    if not caller.sees_phi:
        return shown
    content = await views.open(sealed(row), UnmatchedPayment, "unmatched-payment", unmatched_id)
    if content is None:
        return shown
    return UnmatchedDetail(
        **shown.model_dump(),
        claim_number=content.received.claim_id,
        payer_claim_control_number=content.received.payer_claim_control_number,
        x12=content.x12,
    )


@suspense.post(
    "/unmatched/{unmatched_id}/match",
    status_code=201,
    responses=responses(NotFound, AlreadyMatched, ClaimUnknown, ContentForgotten, *CHANGE_PROBLEMS),
    dependencies=[WORKERS],
)
async def match(
    unmatched_id: Id, body: Matching, asking: Asking, ways: WaysIn, answer: Response
) -> Done:
    """Post a payment in suspense to the claim that it belongs to."""
    outcome = await handlers.match(
        ways,
        asking.caller.tenant_id,
        unmatched_id,
        body.claim_id,
        asking.command([], handlers.nothing),
    )
    asking.mark(answer, outcome.repeated)
    return done(outcome)


@suspense.post(
    "/unmatched/{unmatched_id}/unmatch",
    status_code=201,
    responses=responses(NotFound, NotMatched, ContentForgotten, *CHANGE_PROBLEMS),
    dependencies=[WORKERS],
)
async def unmatch(unmatched_id: Id, asking: Asking, ways: WaysIn, answer: Response) -> Done:
    """Take a payment back from the claim that it was matched to by mistake.

    Nothing is edited: entries that reverse it are posted, denials that it opened are closed, and
    it waits in suspense again, for its own claim.
    """
    outcome = await handlers.unmatch(
        ways, asking.caller.tenant_id, unmatched_id, asking.command([], handlers.nothing)
    )
    asking.mark(answer, outcome.repeated)
    return done(outcome)
