"""Routes of the coder's desk: the queue, taking and giving back, order and split of the codes, a
release asked back, coders, and what they got done.
"""

from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from coding_svc import store_desk
from coding_svc.api import ENCOUNTER_PROBLEMS, CallersWay, EncounterOut, changed, worker_of
from coding_svc.decide import coders, desk
from coding_svc.handlers import desk as handlers
from coding_svc.model.desk import Credential
from coding_svc.problems import (
    AssignedToAnother,
    ChargeNotFound,
    CoderNotFound,
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
from coding_svc.store_desk import AGES, DeskItemRow, Filter, Moment
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
Subject = Annotated[str, Field(min_length=1, max_length=200)]
Class = Annotated[str, Field(pattern=r"^[A-Z]$")]
Specialty = Annotated[str, Field(pattern=r"^[0-9A-Z]{1,10}$")]

router = APIRouter(prefix="/desk", tags=["coder's desk"])
encounters = APIRouter(prefix="/encounters", tags=["coder's desk"])
people = APIRouter(tags=["coders"])


class DeskItem(BaseModel):
    """An encounter that waits to be coded. No PHI."""

    model_config = ConfigDict(from_attributes=True)

    encounter_id: str
    class_code: str = Field(description="HL7 table 0004; empty for unknown.")
    payer_id: str
    specialty_code: str = Field(description="Taxonomy code (NUCC) of the attending provider.")
    holds: list[str] = Field(description="Rules that hold it.")
    is_workable: bool = Field(description="A coder can do something about it now.")
    rework_of: str | None = Field(description="The denial that sent it back.")
    coded_version: int = Field(description="How often it was released before.")
    holder: str | None = Field(description="Who has it now.")
    leased_until: str | None
    assigned_to: str | None
    billed_cents: int
    charge_count: int
    aged_from: str = Field(description="First service; else the day it was first heard of.")

    @classmethod
    def of(cls, row: DeskItemRow, now: str) -> "DeskItem":
        """Show a row as it is at an instant: a lease that is over is nobody's."""
        held = row.taken_by if row.leased_until > now else ""
        return cls.model_validate(
            {
                **row.model_dump(exclude={"tenant_id", "taken_by", "taken_at"}),
                "holds": row.holds.split(),
                "rework_of": row.rework_of or None,
                "holder": held or None,
                "leased_until": row.leased_until if held else None,
                "assigned_to": row.assigned_to or None,
            }
        )


class TotalShown(BaseModel):
    """Encounters that have a value in common."""

    value: str
    count: int
    billed_cents: int
    href: str = Field(description="Opens exactly the encounters that are counted.")


class Totals(BaseModel):
    """What a filter selects, in all and by one column."""

    by: str
    count: int
    billed_cents: int
    totals: list[TotalShown]


class Taken(BaseModel):
    """An encounter that is with the caller now."""

    encounter_id: str
    coder: str
    leased_until: str


class Wishes(BaseModel, extra="forbid"):
    """Which encounter to take next; what is left out is as the coder's routing has it."""

    class_code: Class | None = None
    specialty_code: Specialty | None = None
    payer_id: str | None = Field(None, min_length=1, max_length=80)
    sort: Literal["age", "dollars"] = "age"


class Assignment(BaseModel, extra="forbid"):
    """Say who is to code an encounter."""

    coder: str = Field(max_length=200, description="A user's subject; empty for whoever is next.")


class Sequence(BaseModel, extra="forbid"):
    """The final diagnoses in another order."""

    diagnoses: list[str] = Field(min_length=1, max_length=50, description="The principal first.")
    poa_codes: list[Literal["Y", "N", "U", "W", "1", ""]] = Field(
        [], max_length=50, description="In that order; empty keeps those that are there."
    )


class SplitLine(BaseModel, extra="forbid"):
    """Where one charge goes."""

    charge_id: str = Field(min_length=1, max_length=200)
    form: Literal["P", "I"] = Field(description="P professional (837P), I facility (837I).")


class Split(BaseModel, extra="forbid"):
    """Which charges go to which claim; those that are left out stay where they are."""

    lines: list[SplitLine] = Field(min_length=1, max_length=999)


class WithdrawalOut(BaseModel):
    """A release that was asked back."""

    model_config = ConfigDict(from_attributes=True)

    withdrawal_id: str
    encounter_id: str
    coded_version: int
    outcome: Literal["asked", "withdrawn", "refused"]
    cause: str = Field(description="Why it was refused: sent, superseded.")
    claim_ids: list[str] = Field(description="The claims withdrawn, or those that are out.")
    asked_by: str
    asked_at: str
    settled_at: str


class CredentialIn(BaseModel, extra="forbid"):
    """A coder's credential."""

    coder: Subject
    credential_code: str = Field(pattern=r"^[A-Z0-9-]{2,12}$", examples=["CCS"])
    valid_from: date
    valid_through: date | None = None


class CredentialEnd(BaseModel, extra="forbid"):
    """A credential that no longer holds."""

    coder: Subject
    credential_code: str = Field(pattern=r"^[A-Z0-9-]{2,12}$")


class RoutingIn(BaseModel, extra="forbid"):
    """What a coder is given; an empty list means anything."""

    coder: Subject
    class_codes: list[Class] = Field([], max_length=20)
    specialty_codes: list[Specialty] = Field([], max_length=50)
    payer_ids: list[Annotated[str, Field(min_length=1, max_length=80)]] = Field([], max_length=200)


class QuotaIn(BaseModel, extra="forbid"):
    """How many encounters an hour are expected of a coder."""

    coder: Subject
    class_code: str = Field("", pattern=r"^[A-Z]?$", description="Empty for any other class.")
    per_hour_milli: int = Field(ge=0, le=1_000_000, description="2500 is two and a half an hour.")


class CredentialOut(BaseModel):
    """A credential and its days."""

    code: str
    valid_from: str
    valid_through: str = ""


class CoderOut(BaseModel):
    """A coder as managers entered it."""

    model_config = ConfigDict(from_attributes=True)

    coder: str
    credentials: list[CredentialOut]
    class_codes: list[str]
    specialty_codes: list[str]
    payer_ids: list[str]
    quotas: dict[str, int] = Field(description="Thousandths an hour, by patient class.")
    changed_at: str


class ProductivityOut(BaseModel):
    """What a coder did in one patient class, against the quota."""

    model_config = ConfigDict(from_attributes=True)

    coder: str
    class_code: str
    released_count: int
    timed_count: int = Field(description="Released after taking them: only these have a time.")
    worked_ms: int
    unfinished_ms: int = Field(description="On encounters given back, taken away, or left.")
    per_hour_milli: int | None = Field(description="Timed releases an hour of both, thousandths.")
    quota_milli: int | None
    of_quota_milli: int | None = Field(description="Thousandths of the quota.")
    rework_count: int
    billed_cents: int


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
    listing = f"desk/{sort}/{wanted!r}"
    # Pages that were begun before midnight, or before a lease ended, go on as they began.
    after = paging.after(tenant, listing, str, str if sort == "age" else int, str)
    moment = _moment(str(after[0]) if after is not None else "")
    place = after[1:] if after is not None else None
    async with runtime.read(tenant) as session:
        rows = await store_desk.queue(
            session, tenant, wanted, moment, sort, place, paging.fetch_count
        )

    def key(row: DeskItemRow) -> tuple[str | int, ...]:
        first = row.aged_from if sort == "age" else -row.billed_cents
        return (moment.now, first, row.encounter_id)

    return paging.page(tenant, listing, rows, key, lambda row: DeskItem.of(row, moment.now))


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


@people.get("/coders", responses=responses(InvalidCursor))
async def list_coders(tenant: Tenant, paging: Paging, runtime: Runtime) -> Page[CoderOut]:
    """List coders: credentials, what they are given, quotas."""
    after = paging.after(tenant, "coders", str)
    async with runtime.read(tenant) as session:
        rows = await store_desk.coders(session, tenant, after, paging.fetch_count)
    return paging.page(tenant, "coders", rows, lambda row: (row.coder,), CoderOut.model_validate)


@people.post(
    "/coder-credentials",
    status_code=201,
    responses=responses(*CHANGE_PROBLEMS),
    dependencies=[MANAGERS],
)
async def enter_credential(
    body: CredentialIn, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    """Enter a coder's credential, or change its days."""
    through = body.valid_through.isoformat() if body.valid_through is not None else ""
    entered = Credential(body.credential_code, body.valid_from.isoformat(), through)
    decide = partial(coders.enter_credential, body.coder, entered)
    return await _entered(body.coder, decide, way, asking, answer)


@people.post(
    "/coder-credentials/ends",
    status_code=201,
    responses=responses(CoderNotFound, *CHANGE_PROBLEMS),
    dependencies=[MANAGERS],
)
async def end_credential(
    body: CredentialEnd, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    """End a coder's credential."""
    decide = partial(coders.end_credential, body.coder, body.credential_code)
    return await _entered(body.coder, decide, way, asking, answer)


@people.put("/coder-routing", responses=responses(*CHANGE_PROBLEMS), dependencies=[MANAGERS])
async def set_routing(
    body: RoutingIn, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    """Say what a coder is given when asking for the next encounter."""
    decide = partial(
        coders.route, body.coder, body.class_codes, body.specialty_codes, body.payer_ids
    )
    return await _entered(body.coder, decide, way, asking, answer)


@people.put("/coder-quotas", responses=responses(*CHANGE_PROBLEMS), dependencies=[MANAGERS])
async def set_quota(body: QuotaIn, way: CallersWay, asking: Asking, answer: Response) -> CoderOut:
    """Set how many encounters an hour are expected of a coder."""
    decide = partial(coders.set_quota, body.coder, body.class_code, body.per_hour_milli)
    return await _entered(body.coder, decide, way, asking, answer)


@people.get("/coding-productivity")
async def get_productivity(
    tenant: Tenant,
    runtime: Runtime,
    worked_from: Annotated[date, Query(alias="from", description="At the facility.")],
    worked_through: Annotated[date, Query(alias="through", description="At the facility.")],
    coder: Annotated[str, Query(max_length=200)] = "",
) -> list[ProductivityOut]:
    """Measure what coders released in some days, by patient class and against their quotas.

    The day is the facility's calendar date of the release, or of the end of the work.
    """
    found = await handlers.productivity(
        runtime, tenant, worked_from.isoformat(), worked_through.isoformat(), coder
    )
    return [ProductivityOut.model_validate(one, from_attributes=True) for one in found]


async def _entered(
    coder: str, decide: Any, way: CallersWay, asking: Asking, answer: Response
) -> CoderOut:
    stream = handlers.coder_stream(way, coder)
    outcome = await way.runtime.execute(asking.command([stream], decide))
    asking.mark(answer, outcome.repeated)
    async with way.runtime.read(way.tenant_id) as session:
        row = await store_desk.coder(session, way.tenant_id, coder)
    if row is None:
        raise CoderNotFound
    return CoderOut.model_validate(row)


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
