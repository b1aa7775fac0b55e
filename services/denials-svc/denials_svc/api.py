"""Routes of denials-svc: the worklist, its totals, and what people ask for on a denial."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from denials_svc import handlers, store
from denials_svc.decide import work
from denials_svc.problems import (
    AlreadyAskedFor,
    CodersDoNotWriteOff,
    DenialIsClosed,
    NewClaimNeeded,
    PayerNumberUnknown,
)
from denials_svc.store import Days, DenialRow, Filter
from rcm.adjustments.table import BUILT_IN, remarks_for
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    Page,
    Paging,
    Runtime,
    Tenant,
    needs,
    responses,
)
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import NotFound

router = APIRouter(prefix="/denials", tags=["denials"])

WORKERS: Final = needs("biller", "manager")
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_]+$")]
Text = Annotated[str, Query(max_length=80)]


class DenialShown(BaseModel):
    """A denial on the worklist."""

    model_config = ConfigDict(from_attributes=True)

    denial_id: str
    claim_id: str
    encounter_id: str
    patient_id: str
    payer_id: str
    payer_name: str
    payer_sequence_code: str
    form: str
    line_item_control_number: str = Field(description="Empty: the claim as a whole.")
    procedure_code: str
    group_code: str = Field(description="835 CAS01.")
    reason_code: str = Field(description="835 CAS02 (CARC).")
    remark_codes: list[str]
    family: str
    category: str
    denied_cents: int
    paid_cents: int = Field(description="Positive: the line was paid in part.")
    recovered_cents: int
    action_code: str = Field(description="FIX, NEW, DOC, APP, COB, PAT, PROV, WO or CALL.")
    appealable: bool
    deadline_on: str
    deadline_basis: str = Field(description="How the deadline was computed.")
    is_open: bool
    cause: str = Field(description="Why it was closed.")
    note_code: str
    owner: str
    is_in_rework: bool
    corrected_frequency_code: str
    opened_count: int
    remittance_id: str
    position: int
    table_version: str
    opened_at: str
    changed_at: str


class DenialExplained(DenialShown):
    """A denial with its codes in our own words."""

    reason_wording: str
    remark_wordings: dict[str, str]


class TotalShown(BaseModel):
    """Denials that have a value in common."""

    value: str
    count: int
    denied_cents: int
    href: str = Field(description="Opens exactly the denials that are counted.")


class Totals(BaseModel):
    """What a filter selects, in all and by one column."""

    by: str
    count: int
    denied_cents: int
    totals: list[TotalShown]


class Assignment(BaseModel):
    """Say whose a denial is."""

    model_config = ConfigDict(extra="forbid")

    owner: str = Field(max_length=120, description="A user's subject; empty for nobody.")


class WriteOff(BaseModel):
    """Close a denial without money."""

    model_config = ConfigDict(extra="forbid")

    note_code: str = Field(pattern=r"^[a-z0-9-]{1,40}$", examples=["efforts-exhausted"])


class CorrectedClaim(BaseModel):
    """Ask for a corrected claim."""

    model_config = ConfigDict(extra="forbid")

    frequency_code: Literal["1", "7", "8"] | None = Field(
        None, description="1 new, 7 replacement, 8 void; what fits the denial unless given."
    )


class Done(BaseModel):
    """What was recorded."""

    events: list[str]


Due = Literal["", "past", "week", "month", "later"]


def filter_of(
    status: Annotated[Literal["open", "closed"], Query()] = "open",
    category: Text = "",
    family: Text = "",
    payer_id: Text = "",
    action_code: Text = "",
    owner: Annotated[str, Query(max_length=120, description="`-` for nobody's.")] = "",
    claim_id: Text = "",
    due: Annotated[Due, Query(description="By the deadline.")] = "",
) -> Filter:
    """Read the filter that the worklist and its totals share."""
    return Filter(status == "open", category, family, payer_id, action_code, owner, claim_id, due)


Wanted = Annotated[Filter, Depends(filter_of)]


@router.get("", responses=responses(InvalidCursor))
async def list_denials(
    tenant: Tenant, wanted: Wanted, paging: Paging, runtime: Runtime
) -> Page[DenialShown]:
    """List denials: the nearest deadline first, then the most dollars; past deadlines last."""
    after = paging.after(str, int, str, int, str)
    # Pages that were begun yesterday go on as they began.
    days = _days(str(after[0]) if after is not None else "")
    place = after[1:] if after is not None else None
    async with runtime.read(tenant) as session:
        rows = await store.queue(session, tenant, wanted, days, place, paging.fetch_count)
    return paging.page(rows, lambda row: _key(row, days), DenialShown.model_validate)


@router.get("/totals")
async def get_totals(
    tenant: Tenant,
    wanted: Wanted,
    runtime: Runtime,
    by: Annotated[
        Literal["category", "family", "payer_id", "action_code", "owner", "due"], Query()
    ] = "category",
) -> Totals:
    """Count denials and add up their dollars by one column; each total opens what it counts."""
    async with runtime.read(tenant) as session:
        found = await store.totals(session, tenant, wanted, _days(), by)
    return Totals(
        by=by,
        count=sum(total.denial_count for total in found),
        denied_cents=sum(total.denied_cents for total in found),
        totals=[
            TotalShown(
                value=total.value,
                count=total.denial_count,
                denied_cents=total.denied_cents,
                href=_href(wanted, by, total.value),
            )
            for total in found
        ],
    )


@router.get("/{denial_id}", responses=responses(NotFound))
async def get_denial(denial_id: Id, tenant: Tenant, runtime: Runtime) -> DenialExplained:
    """Read a denial."""
    async with runtime.read(tenant) as session:
        row = await store.denial(session, tenant, denial_id)
    if row is None:
        raise NotFound("No such denial.")
    shown = DenialShown.model_validate(row)
    reason = BUILT_IN.find(row.reason_code, row.opened_at[:10])
    remarks = remarks_for(row.reason_code, row.remark_codes)
    return DenialExplained(
        **shown.model_dump(),
        reason_wording=reason.wording,
        remark_wordings={remark.remark_code: remark.wording for remark in remarks},
    )


@router.post(
    "/{denial_id}/assignment",
    status_code=201,
    responses=responses(NotFound, DenialIsClosed, *CHANGE_PROBLEMS),
    dependencies=[WORKERS],
)
async def assign(
    denial_id: Id, body: Assignment, asking: Asking, runtime: Runtime, answer: Response
) -> Done:
    """Give a denial to somebody."""
    return await _ask(asking, runtime, answer, denial_id, work.assign, body.owner)


@router.post(
    "/{denial_id}/write-off",
    status_code=201,
    responses=responses(NotFound, DenialIsClosed, CodersDoNotWriteOff, *CHANGE_PROBLEMS),
    dependencies=[WORKERS],
)
async def write_off(
    denial_id: Id,
    body: WriteOff,
    asking: Asking,
    runtime: Runtime,
    answer: Response,
    request: Request,
) -> Done:
    """Close a denial without money."""
    caller = asking.caller
    if "coder" in caller.roles and caller.tenant_id in request.app.state.separate_write_off:
        raise CodersDoNotWriteOff
    return await _ask(asking, runtime, answer, denial_id, work.write_off, body.note_code)


@router.post(
    "/{denial_id}/coding-rework",
    status_code=201,
    responses=responses(NotFound, DenialIsClosed, AlreadyAskedFor, *CHANGE_PROBLEMS),
    dependencies=[WORKERS],
)
async def request_rework(denial_id: Id, asking: Asking, runtime: Runtime, answer: Response) -> Done:
    """Send a denial back to the coder."""
    return await _ask(asking, runtime, answer, denial_id, work.request_rework)


@router.post(
    "/{denial_id}/corrected-claim",
    status_code=201,
    responses=responses(
        NotFound,
        DenialIsClosed,
        AlreadyAskedFor,
        NewClaimNeeded,
        PayerNumberUnknown,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[WORKERS],
)
async def request_corrected_claim(
    denial_id: Id, body: CorrectedClaim, asking: Asking, runtime: Runtime, answer: Response
) -> Done:
    """Ask for a corrected claim."""
    decide = work.request_corrected_claim
    return await _ask(asking, runtime, answer, denial_id, decide, body.frequency_code)


async def _ask(
    asking: Any, runtime: Any, answer: Response, denial_id: str, decide: Any, *more: Any
) -> Done:
    outcome = await handlers.ask(
        runtime,
        asking.caller.tenant_id,
        denial_id,
        asking.command([], handlers.nothing),
        decide,
        *more,
    )
    asking.mark(answer, outcome.repeated)
    return Done(events=[recorded.event.name for recorded in outcome.recorded])


def _days(today: str = "") -> Days:
    start = datetime.fromisoformat(today) if today else datetime.now(UTC)
    week, month = start + timedelta(days=7), start + timedelta(days=30)
    return Days(*(moment.date().isoformat() for moment in (start, week, month)))


def _key(row: DenialRow, days: Days) -> tuple[str | int, ...]:
    is_past = int(row.deadline_on < days.today)
    return (days.today, is_past, row.deadline_on, -row.denied_cents, row.denial_id)


def _href(wanted: Filter, by: str, value: str) -> str:
    chosen = {name: kept for name, kept in wanted._asdict().items() if name != "is_open" and kept}
    chosen[by] = value or ("-" if by == "owner" else "")
    return "/v1/denials?" + urlencode({"status": "open" if wanted.is_open else "closed", **chosen})
