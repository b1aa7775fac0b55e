"""Routes of the coder's desk: the queue, taking and giving back, order and split of codes, undo."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from coding_svc.api.desk_shapes import (
    Assignment,
    DeskItem,
    Sequence,
    Split,
    Taken,
    Totals,
    TotalShown,
    Wishes,
    WithdrawalOut,
)
from coding_svc.api.encounters import (
    ENCOUNTER_PROBLEMS,
    CallersWay,
    EncounterOut,
    changed,
    worker_of,
)
from coding_svc.decide import desk
from coding_svc.handlers import desk as handlers
from coding_svc.problems import (
    AssignedToAnother,
    ChargeNotFound,
    CredentialMissing,
    EncounterMergedAway,
    EncounterNotFound,
    NotHeld,
    NotReleased,
    NotTaken,
    QueueEmpty,
    ReleaseIsOut,
    SequenceMismatch,
    TakenByAnother,
    WithdrawalPending,
)
from coding_svc.store import desk as store_desk
from coding_svc.store.desk import AGES, DeskItemRow, Filter, Moment
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    InvalidCursor,
    Page,
    Paging,
    Runtime,
    Tenant,
    needs,
    responses,
)

CODERS: Final = needs("coder", "manager")
MANAGERS: Final = needs("manager")

router = APIRouter(prefix="/desk", tags=["coder's desk"])
encounters = APIRouter(prefix="/encounters", tags=["coder's desk"])


def filter_of(
    work: Annotated[
        Literal["ready", "waiting", "all"],
        Query(description="Whether a coder can do something now, nobody can, or either."),
    ] = "ready",
    class_code: Annotated[str, Query(pattern=r"^([A-Z]|-)?$")] = "",
    specialty_code: Annotated[
        str, Query(pattern=r"^([0-9A-Z]{1,10}|-)?$", description="A taxonomy code's beginning.")
    ] = "",
    payer_id: Annotated[str, Query(max_length=80)] = "",
    age: Annotated[Literal["", "0-3", "4-7", "8-14", "15-30", "31+"], Query()] = "",
    dollars: Annotated[Literal["", "0", "1-999", "1000-9999", "10000+"], Query()] = "",
    hold: Annotated[str, Query(pattern=r"^[a-z0-9-]{0,60}$", description="A rule's id.")] = "",
    holder: Annotated[
        str, Query(max_length=200, description="Who has it or is to code it; `-` for nobody.")
    ] = "",
    rework: Annotated[Literal["", "true", "false"], Query()] = "",
) -> Filter:
    """Read the filter that the queue and its totals share; `-` stands for unknown."""
    return Filter(work, class_code, specialty_code, payer_id, age, dollars, hold, holder, rework)


Wanted = Annotated[Filter, Depends(filter_of)]


@router.get("/queue", responses=responses(InvalidCursor))
async def list_queue(
    tenant: Tenant,
    wanted: Wanted,
    paging: Paging,
    runtime: Runtime,
    sort: Annotated[Literal["age", "dollars"], Query()] = "age",
) -> Page[DeskItem]:
    """List what waits to be coded: the oldest service first, or the most dollars."""
    # Pages that were begun before midnight, or before a lease ended, go on as they began.
    after = paging.after(str, str if sort == "age" else int, str)
    moment = _moment(str(after[0]) if after is not None else "")
    place = after[1:] if after is not None else None
    async with runtime.read(tenant) as session:
        rows = await store_desk.queue(
            session, tenant, wanted, moment, sort, place, paging.fetch_count
        )

    def key(row: DeskItemRow) -> tuple[str | int, ...]:
        first = row.aged_from if sort == "age" else -row.billed_cents
        return (moment.now, first, row.encounter_id)

    return paging.page(rows, key, lambda row: DeskItem.of(row, moment.now))


@router.get("/totals")
async def get_totals(
    tenant: Tenant,
    wanted: Wanted,
    runtime: Runtime,
    by: Annotated[
        Literal["class_code", "specialty_code", "payer_id", "age", "dollars", "hold", "holder"],
        Query(),
    ] = "class_code",
) -> Totals:
    """Count what waits by one column; each total opens what it counts.

    By `hold` an encounter counts for each rule that holds it.
    """
    moment = _moment()
    async with runtime.read(tenant) as session:
        found = await store_desk.totals(session, tenant, wanted, moment, by)
        count, cents = await store_desk.count(session, tenant, wanted, moment)
    return _totals(wanted, by, found, (count, cents))


@router.get("/ageing")
async def get_ageing(tenant: Tenant, runtime: Runtime) -> Totals:
    """Count everything that is not coded, by days since service; empty classes too."""
    moment, wanted = _moment(), Filter(work="all")
    async with runtime.read(tenant) as session:
        found = await store_desk.totals(session, tenant, wanted, moment, "age")
        total = await store_desk.count(session, tenant, wanted, moment)
    known = {row.value: row for row in found}
    rows = [known.get(age, store_desk.Total(age, 0, 0)) for age in AGES]
    return _totals(wanted, "age", rows, total)


@router.post(
    "/takes",
    status_code=201,
    responses=responses(QueueEmpty, *CHANGE_PROBLEMS),
    dependencies=[CODERS],
)
async def take_next(body: Wishes, way: CallersWay, asking: Asking, answer: Response) -> Taken:
    """Take the next encounter: assigned to the caller first, then rework, then by age or dollars.

    Nobody else gets it until it is released, given back, or the lease ends.
    """
    wanted = Filter(
        class_code=body.class_code or "",
        specialty_code=body.specialty_code or "",
        payer_id=body.payer_id or "",
    )
    worker = worker_of(way, asking.caller)
    outcome = await handlers.take_next(way, worker, wanted, body.sort, asking.command)
    asking.mark(answer, outcome.repeated)
    return _taken(outcome)


@encounters.post(
    "/{encounter_id}/takes",
    status_code=201,
    responses=responses(
        EncounterNotFound,
        EncounterMergedAway,
        NotHeld,
        TakenByAnother,
        AssignedToAnother,
        CredentialMissing,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[CODERS],
)
async def take(encounter_id: str, way: CallersWay, asking: Asking, answer: Response) -> Taken:
    """Take one encounter, or renew the lease of one's own."""
    worker = worker_of(way, asking.caller)
    decide = partial(desk.take, encounter_id, worker)
    streams = desk.streams_of(way.opaque_id, encounter_id, worker.coder)
    outcome = await way.runtime.execute(asking.command(streams, decide))
    asking.mark(answer, outcome.repeated)
    return _taken(outcome)


@encounters.post(
    "/{encounter_id}/returns",
    status_code=201,
    responses=responses(EncounterNotFound, EncounterMergedAway, NotTaken, *CHANGE_PROBLEMS),
    dependencies=[CODERS],
)
async def give_back(
    encounter_id: str, way: CallersWay, asking: Asking, runtime: Runtime, answer: Response
) -> DeskItem:
    """Put an encounter back into the queue."""
    decide = partial(desk.give_back, encounter_id, worker_of(way, asking.caller))
    outcome = await runtime.execute(asking.command([encounter_id], decide))
    asking.mark(answer, outcome.repeated)
    return await _item(runtime, way.tenant_id, encounter_id)


@encounters.post(
    "/{encounter_id}/assignments",
    status_code=201,
    responses=responses(
        EncounterNotFound, EncounterMergedAway, NotHeld, CredentialMissing, *CHANGE_PROBLEMS
    ),
    dependencies=[MANAGERS],
)
async def assign(
    encounter_id: str, body: Assignment, way: CallersWay, asking: Asking, answer: Response
) -> DeskItem:
    """Say who is to code an encounter; whoever has it now loses it."""
    decide = partial(desk.assign, encounter_id, body.coder, way.desk)
    streams = desk.streams_of(way.opaque_id, encounter_id, body.coder)
    outcome = await way.runtime.execute(asking.command(streams, decide))
    asking.mark(answer, outcome.repeated)
    return await _item(way.runtime, way.tenant_id, encounter_id)


@encounters.put(
    "/{encounter_id}/sequence",
    responses=responses(*ENCOUNTER_PROBLEMS, SequenceMismatch, *CHANGE_PROBLEMS),
    dependencies=[CODERS],
)
async def set_sequence(
    encounter_id: str, body: Sequence, way: CallersWay, asking: Asking, answer: Response
) -> EncounterOut:
    """Put the final diagnoses into order, the principal one first, with present-on-admission."""
    decide = partial(
        desk.sequence, encounter_id, tuple(body.diagnoses), tuple(body.poa_codes), way.profiles
    )
    return await changed(encounter_id, decide, way, asking, answer)


@encounters.put(
    "/{encounter_id}/split",
    responses=responses(*ENCOUNTER_PROBLEMS, ChargeNotFound, *CHANGE_PROBLEMS),
    dependencies=[CODERS],
)
async def set_split(
    encounter_id: str, body: Split, way: CallersWay, asking: Asking, answer: Response
) -> EncounterOut:
    """Say which charges go to the professional claim and which to the facility's."""
    forms = {line.charge_id: line.form for line in body.lines}
    decide = partial(desk.split, encounter_id, forms, way.profiles)
    return await changed(encounter_id, decide, way, asking, answer)


@encounters.post(
    "/{encounter_id}/withdrawals",
    status_code=201,
    responses={
        202: {"model": WithdrawalOut, "description": "Billing has not answered yet."},
        **responses(
            EncounterNotFound,
            EncounterMergedAway,
            NotReleased,
            WithdrawalPending,
            ReleaseIsOut,
            TakenByAnother,
            NotTaken,
            CredentialMissing,
            *CHANGE_PROBLEMS,
        ),
    },
    dependencies=[CODERS],
)
async def ask_back(
    encounter_id: str, request: Request, way: CallersWay, asking: Asking, answer: Response
) -> WithdrawalOut:
    """Ask a release back before its claims go out.

    201: taken back; nothing of it was sent, and nothing will be. 202: asked; billing has not
    answered yet, see `GET .../withdrawals`. 409 `release-is-out`: a claim is out, the release
    stands.
    """
    wait_s: float = request.app.state.withdrawal_wait_s
    worker = worker_of(way, asking.caller)
    outcome, row = await handlers.ask_back(way, encounter_id, worker, asking.command, wait_s)
    asking.mark(answer, outcome.repeated)
    if row.outcome == "refused":
        raise ReleaseIsOut(f"{row.cause}: {', '.join(row.claim_ids)}.")
    answer.status_code = 202 if row.outcome == "asked" else 201
    return WithdrawalOut.model_validate(row)


@encounters.get("/{encounter_id}/withdrawals")
async def list_withdrawals(
    encounter_id: str, tenant: Tenant, runtime: Runtime
) -> list[WithdrawalOut]:
    """List the releases that were asked back, the oldest first, and what became of each."""
    async with runtime.read(tenant) as session:
        rows: Any = await store_desk.withdrawals(session, tenant, encounter_id)
    return [WithdrawalOut.model_validate(row) for row in rows]


async def _item(runtime: Any, tenant: str, encounter_id: str) -> DeskItem:
    async with runtime.read(tenant) as session:
        row = await store_desk.item(session, tenant, encounter_id)
    if row is None:
        raise NotHeld
    return DeskItem.of(row, _moment().now)


def _taken(outcome: Any) -> Taken:
    event = outcome.recorded[-1].event
    return Taken(
        encounter_id=event.encounter_id, coder=event.coder, leased_until=event.leased_until
    )


def _moment(begun: str = "") -> Moment:
    return handlers.moment_of(
        datetime.strptime(begun, desk.INSTANT).replace(tzinfo=UTC) if begun else datetime.now(UTC)
    )


def _totals(wanted: Filter, by: str, found: Any, total: tuple[int, int]) -> Totals:
    return Totals(
        by=by,
        count=total[0],
        billed_cents=total[1],
        totals=[
            TotalShown(
                value=row.value,
                count=row.encounter_count,
                billed_cents=row.billed_cents,
                href=_href(wanted, by, row.value),
            )
            for row in found
        ],
    )


def _href(wanted: Filter, by: str, value: str) -> str:
    chosen = {name: kept for name, kept in wanted._asdict().items() if kept}
    chosen[by] = value or "-"
    return "/v1/desk/queue?" + urlencode(chosen)
