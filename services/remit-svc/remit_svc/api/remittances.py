"""Files, remittance advices, and those in quarantine."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Body, Query, Response

from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    Page,
    PageRequest,
    Paging,
    Runtime,
    Tenant,
    needs,
    responses,
)
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import Busy, NotFound
from remit_svc import handlers, store
from remit_svc.api.shapes import (
    ClaimPaymentShown,
    Dismissal,
    Done,
    FileShown,
    FileTaken,
    ProviderAdjustmentShown,
    RemittanceDetail,
    RemittanceShown,
    done,
)
from remit_svc.api.ways import WORKERS, Id, WaysIn
from remit_svc.problems import (
    AlreadySettled,
    FileEmpty,
    NotPostable,
)

EDI: Final = "application/edi-x12"

remittances = APIRouter(tags=["remittances"])


@remittances.post(
    "/remittances",
    status_code=201,
    responses=responses(FileEmpty, Busy, *CHANGE_PROBLEMS),
    dependencies=[needs("biller", "manager", "integration")],
)
async def take_file(
    data: Annotated[bytes, Body(media_type=EDI)], asking: Asking, ways: WaysIn, answer: Response
) -> FileTaken:
    """Take an 835 file in. Every advice that balances is posted, every other is held.

    The same file again has no effect, under whatever key or name it comes.
    """
    caller = asking.caller
    taken = await ways.take(
        caller.tenant_id, data, "http", caller.subject, asking.command([], handlers.nothing)
    )
    asking.mark(answer, taken.repeated)
    return FileTaken.of(taken)


@remittances.get("/remittance-files", responses=responses(InvalidCursor))
async def list_files(tenant: Tenant, paging: Paging) -> Page[FileShown]:
    """List files, the newest first."""
    return await paging.read(
        {"changed_at": str, "file_id": str},
        lambda session, after, count: store.files(session, tenant, after, count),
        FileShown.model_validate,
    )


@remittances.get("/remittances", responses=responses(InvalidCursor))
async def list_remittances(
    tenant: Tenant,
    paging: Paging,
    status: Annotated[Literal["posted", "held", "dismissed", "superseded", ""], Query()] = "",
    trace_number: Annotated[str, Query(max_length=50)] = "",
) -> Page[RemittanceShown]:
    """List remittance advices, the newest first."""
    statuses = [status] if status else ["posted", "held", "dismissed", "superseded"]
    return await _remittances(tenant, paging, statuses, trace_number)


@remittances.get("/quarantine", responses=responses(InvalidCursor))
async def list_quarantine(tenant: Tenant, paging: Paging) -> Page[RemittanceShown]:
    """List what could not be posted and waits for a person, with every finding."""
    return await _remittances(tenant, paging, ["held"], "")


async def _remittances(
    tenant: str, paging: PageRequest, statuses: Sequence[str], trace_number: str
) -> Page[RemittanceShown]:
    return await paging.read(
        {"recorded_at": str, "remittance_id": str},
        lambda session, after, count: store.remittances(
            session, tenant, statuses, trace_number, after, count
        ),
        RemittanceShown.model_validate,
    )


@remittances.get("/remittances/{remittance_id}", responses=responses(NotFound))
async def get_remittance(remittance_id: Id, tenant: Tenant, runtime: Runtime) -> RemittanceDetail:
    """Read a remittance advice."""
    async with runtime.read(tenant) as session:
        row = await store.remittance(session, tenant, remittance_id)
        found = await store.provider_adjustments(session, tenant, remittance_id)
    if row is None:
        raise NotFound("No such remittance advice.")
    shown = RemittanceShown.model_validate(row).model_dump()
    adjustments = [ProviderAdjustmentShown.model_validate(one) for one in found]
    return RemittanceDetail(**shown, provider_adjustments=adjustments)


@remittances.get(
    "/remittances/{remittance_id}/claims", responses=responses(NotFound, InvalidCursor)
)
async def list_claim_payments(
    remittance_id: Id, tenant: Tenant, paging: Paging, runtime: Runtime
) -> Page[ClaimPaymentShown]:
    """List the claim payments of an advice, in its order."""
    async with runtime.read(tenant) as session:
        if await store.remittance(session, tenant, remittance_id) is None:
            raise NotFound("No such remittance advice.")
    return await paging.read(
        {"position": int, "claim_id": str},
        lambda session, after, count: store.claim_payments(
            session, tenant, remittance_id, after, count
        ),
        ClaimPaymentShown.model_validate,
    )


@remittances.post(
    "/quarantine/{remittance_id}/release",
    status_code=201,
    responses=responses(NotFound, NotPostable, AlreadySettled, *CHANGE_PROBLEMS),
    dependencies=[WORKERS],
)
async def release(remittance_id: Id, asking: Asking, ways: WaysIn, answer: Response) -> Done:
    """Post an advice whose trace number was used before: it is a payment of its own."""
    outcome = await ways.release(
        asking.caller.tenant_id, remittance_id, asking.command([], handlers.nothing)
    )
    asking.mark(answer, outcome.repeated)
    return done(outcome)


@remittances.post(
    "/quarantine/{remittance_id}/dismiss",
    status_code=201,
    responses=responses(NotFound, AlreadySettled, *CHANGE_PROBLEMS),
    dependencies=[WORKERS],
)
async def dismiss(
    remittance_id: Id, body: Dismissal, asking: Asking, runtime: Runtime, answer: Response
) -> Done:
    """Close an advice that is not to be posted."""
    outcome = await handlers.dismiss(
        runtime,
        asking.caller.tenant_id,
        remittance_id,
        body.note_code,
        asking.command([], handlers.nothing),
    )
    asking.mark(answer, outcome.repeated)
    return done(outcome)
