"""The tables of the coder's desk, and nothing but queries of them."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import JSON, BigInteger, Column, Index, and_, case, func, or_
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.model.desk import ReleaseContent
from coding_svc.store.encounters import CodingTable

Key = tuple[str | int, ...]

_CONTENT: Final = msgspec.json.Decoder(ReleaseContent)


class DeskItemRow(CodingTable, table=True):
    """An encounter that waits to be coded; gone when it is released."""

    __tablename__ = "desk_item"
    __table_args__ = (
        Index("desk_by_age", "tenant_id", "is_workable", "aged_from", "encounter_id"),
        Index("desk_by_dollars", "tenant_id", "is_workable", "billed_cents", "encounter_id"),
        Index("desk_by_holder", "tenant_id", "taken_by"),
    )

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    class_code: str
    payer_id: str
    specialty_code: str
    holds: str
    is_workable: bool
    rework_of: str
    coded_version: int
    taken_by: str
    taken_at: str
    leased_until: str
    assigned_to: str
    billed_cents: int = Field(sa_type=BigInteger)
    charge_count: int
    aged_from: str


class WorkRow(CodingTable, table=True):
    """A stretch of a coder's work that ended."""

    __tablename__ = "coding_work"
    __table_args__ = (Index("work_by_day", "tenant_id", "worked_on", "coder"),)

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    stream_version: int = Field(primary_key=True)
    coder: str
    outcome: str
    class_code: str
    payer_id: str
    specialty_code: str
    coded_version: int
    is_rework: bool
    taken_at: str
    ended_at: str
    worked_ms: int = Field(sa_type=BigInteger)
    worked_on: str
    billed_cents: int = Field(sa_type=BigInteger)


class ReleaseRow(CodingTable, table=True):
    """A version of an encounter as it was released to billing. No PHI."""

    __tablename__ = "coding_release"
    __table_args__ = (Index("release_by_day", "tenant_id", "released_on", "encounter_id"),)

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    coded_version: int = Field(primary_key=True)
    patient_id: str
    event_id: str
    stream_version: int
    released_by: str
    released_at: str
    released_on: str
    class_code: str
    payer_id: str
    drg_code: str
    rework_of: str
    billed_cents: int = Field(sa_type=BigInteger)
    codes: str
    rules: str
    content: str

    def said(self) -> ReleaseContent:
        """Read the codes, and what they were checked by."""
        return _CONTENT.decode(self.content)


class SubmissionRow(CodingTable, table=True):
    """A claim of an encounter that went out."""

    __tablename__ = "claim_submission"

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    claim_id: str
    form: str
    payer_id: str
    frequency_code: str
    interchange_control_number: str
    attempt: int
    billed_cents: int = Field(sa_type=BigInteger)
    noted_at: str


class WithdrawalRow(CodingTable, table=True):
    """A release that was asked back, and what became of that."""

    __tablename__ = "release_withdrawal"

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    withdrawal_id: str = Field(primary_key=True)
    coded_version: int
    outcome: str
    cause: str
    claim_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    asked_by: str
    asked_at: str
    settled_at: str


class TrailRow(CodingTable, table=True):
    """One fact of an encounter: its number in the stream has no gap."""

    __tablename__ = "encounter_trail"

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    stream_version: int = Field(primary_key=True)
    event_id: str
    event_type: str
    recorded_at: str
    actor: str
    causation_id: str
    correlation_id: str
    message_id: str


class PackRow(CodingTable, table=True):
    """An evidence pack that was given to somebody."""

    __tablename__ = "evidence_pack"

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    stream_version: int = Field(primary_key=True)
    patient_id: str
    given_to: str
    holds_phi: bool
    sha256: str
    bytes_count: int
    request_id: str
    issued_at: str


class Moment(NamedTuple):
    """When a listing is asked for: the instant, and the first days of the age classes.

    Attributes:
        now: Instant; leases that end before it are over.
        today: Date.
        cuts: The days 3, 7, 14 and 30 days ago.
    """

    now: str
    today: str
    cuts: tuple[str, str, str, str]


AGES: Final = ("0-3", "4-7", "8-14", "15-30", "31+")
"""Days since the first service, or since the encounter was first heard of."""

DOLLARS: Final = (("0", 0), ("1-999", 1), ("1000-9999", 100_000), ("10000+", 1_000_000))
"""Classes of the charges: name, and the least cents of it."""


class Filter(NamedTuple):
    """Which encounters are meant. An empty value means all; `-` stands for none, or unknown.

    Attributes:
        work: `ready`: a coder can do something; `waiting`: nobody can yet; `all`.
        class_code: Patient class.
        specialty_code: Beginning of the attending provider's taxonomy code.
        payer_id: First payer.
        age: One of `AGES`.
        dollars: Name of one of `DOLLARS`.
        hold: A rule that holds it.
        holder: Who has it now, or to whom it is assigned; `-` for nobody.
        rework: `true`: a denial sent it back; `false`: none did.
    """

    work: str = "ready"
    class_code: str = ""
    specialty_code: str = ""
    payer_id: str = ""
    age: str = ""
    dollars: str = ""
    hold: str = ""
    holder: str = ""
    rework: str = ""


class Total(NamedTuple):
    """Encounters that have a value in common."""

    value: str
    encounter_count: int
    billed_cents: int


async def queue(
    session: AsyncSession,
    tenant_id: str,
    wanted: Filter,
    moment: Moment,
    sort: str,
    after: Key | None,
    limit: int,
) -> Sequence[DeskItemRow]:
    """List encounters on the desk, the oldest or the dearest first.

    Args:
        session: Of the tenant.
        tenant_id: Whose.
        wanted: Which.
        moment: When.
        sort: `age` or `dollars`.
        after: Key of the last row that was shown.
        limit: Rows wanted.
    """
    first: Any = col(DeskItemRow.aged_from) if sort == "age" else -col(DeskItemRow.billed_cents)
    order = (first, col(DeskItemRow.encounter_id))
    query = select(DeskItemRow).where(*_where(tenant_id, wanted, moment))
    if after is not None:
        query = query.where(_beyond(order, after))
    return (await session.exec(query.order_by(*order).limit(limit))).all()


async def free(
    session: AsyncSession,
    tenant_id: str,
    wanted: Filter,
    moment: Moment,
    coder: str,
    *,
    sort: str,
    routing: "Routing",
    limit: int,
) -> Sequence[str]:
    """List what a coder may be given: assigned to the coder first, then rework, then by `sort`."""
    rows: Any = DeskItemRow
    mine = case((rows.assigned_to == coder, 0), else_=1)
    back = case((rows.rework_of != "", 0), else_=1)
    first: Any = rows.aged_from if sort == "age" else -rows.billed_cents
    query = (
        select(col(DeskItemRow.encounter_id))
        .where(*_where(tenant_id, wanted, moment))
        .where(or_(rows.taken_by == "", rows.leased_until <= moment.now))
        .where(rows.assigned_to.in_(("", coder)))
    )
    unassigned = []
    if routing.class_codes:
        unassigned.append(rows.class_code.in_(routing.class_codes))
    if routing.payer_ids:
        unassigned.append(rows.payer_id.in_(routing.payer_ids))
    if routing.specialty_codes:
        starts = [rows.specialty_code.startswith(one) for one in routing.specialty_codes]
        unassigned.append(or_(*starts))
    if unassigned:
        query = query.where(or_(rows.assigned_to == coder, and_(*unassigned)))
    if routing.closed_classes:
        query = query.where(rows.class_code.not_in(routing.closed_classes))
    query = query.order_by(mine, back, first, rows.encounter_id).limit(limit)
    return list((await session.exec(query)).all())


class Routing(NamedTuple):
    """What a coder is given.

    Attributes:
        class_codes: Empty for any; so the next two.
        specialty_codes: Beginnings.
        payer_ids: First payers.
        closed_classes: Patient classes for which a credential is missing.
    """

    class_codes: Sequence[str] = ()
    specialty_codes: Sequence[str] = ()
    payer_ids: Sequence[str] = ()
    closed_classes: Sequence[str] = ()


async def totals(
    session: AsyncSession, tenant_id: str, wanted: Filter, moment: Moment, by: str
) -> Sequence[Total]:
    """Count encounters and add up their charges by a column, the most encounters first.

    By `hold` an encounter counts once for each rule that holds it.
    """
    value = _value(by, moment)
    count: Any = func.count()
    cents = func.sum(col(DeskItemRow.billed_cents))
    query: Any = select(value, count, cents).where(*_where(tenant_id, wanted, moment))
    found = (await session.exec(query.group_by(value))).all()
    if by == "hold":
        found = _by_rule(found)
    rows = [Total(name, int(number), int(total)) for name, number, total in found]
    return sorted(rows, key=lambda row: (-row.encounter_count, row.value))[:200]


async def count(
    session: AsyncSession, tenant_id: str, wanted: Filter, moment: Moment
) -> tuple[int, int]:
    """Count encounters and add up their charges."""
    cents = func.sum(col(DeskItemRow.billed_cents))
    query: Any = select(func.count(), cents).where(*_where(tenant_id, wanted, moment))
    number, total = (await session.exec(query)).one()
    return int(number), int(total or 0)


async def item(session: AsyncSession, tenant_id: str, encounter_id: str) -> DeskItemRow | None:
    """Find an encounter on the desk."""
    return await session.get(DeskItemRow, (tenant_id, encounter_id))


async def withdrawals(
    session: AsyncSession, tenant_id: str, encounter_id: str
) -> Sequence[WithdrawalRow]:
    """List what was asked back of an encounter, the oldest first."""
    query = (
        select(WithdrawalRow)
        .where(
            col(WithdrawalRow.tenant_id) == tenant_id,
            col(WithdrawalRow.encounter_id) == encounter_id,
        )
        .order_by(col(WithdrawalRow.asked_at), col(WithdrawalRow.withdrawal_id))
    )
    return (await session.exec(query)).all()


def _where(tenant_id: str, wanted: Filter, moment: Moment) -> list[Any]:
    rows: Any = DeskItemRow
    found = [rows.tenant_id == tenant_id]
    if wanted.work != "all":
        found.append(rows.is_workable == (wanted.work == "ready"))
    found += [
        getattr(rows, name) == ("" if value == "-" else value)
        for name in ("class_code", "payer_id")
        if (value := getattr(wanted, name))
    ]
    if wanted.specialty_code == "-":
        found.append(rows.specialty_code == "")
    elif wanted.specialty_code:
        found.append(rows.specialty_code.startswith(wanted.specialty_code, autoescape=True))
    if wanted.age:
        found.append(_age(moment) == wanted.age)
    if wanted.dollars:
        found.append(_dollars() == wanted.dollars)
    if wanted.hold:
        found.append(rows.holds.contains(f" {wanted.hold} ", autoescape=True))
    if wanted.holder:
        found.append(_holder(moment) == ("" if wanted.holder == "-" else wanted.holder))
    if wanted.rework:
        found.append((rows.rework_of != "") == (wanted.rework == "true"))
    return found


def _value(by: str, moment: Moment) -> Any:
    rows: Any = DeskItemRow
    return {
        "class_code": rows.class_code,
        "specialty_code": rows.specialty_code,
        "payer_id": rows.payer_id,
        "hold": rows.holds,
        "age": _age(moment),
        "dollars": _dollars(),
        "holder": _holder(moment),
    }[by]


def _age(moment: Moment) -> Any:
    rows: Any = DeskItemRow
    classes = zip(moment.cuts, AGES, strict=False)
    return case(*((rows.aged_from >= cut, name) for cut, name in classes), else_=AGES[-1])


def _dollars() -> Any:
    rows: Any = DeskItemRow
    highest_first = [(rows.billed_cents >= least, name) for name, least in DOLLARS[:0:-1]]
    return case(*highest_first, else_=DOLLARS[0][0])


def _holder(moment: Moment) -> Any:
    rows: Any = DeskItemRow
    held = and_(rows.taken_by != "", rows.leased_until > moment.now)
    return case((held, rows.taken_by), else_=rows.assigned_to)


def _by_rule(found: Sequence[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    numbers: dict[str, list[int]] = {}
    for rules, number, cents in found:
        for rule in rules.split():
            total = numbers.setdefault(rule, [0, 0])
            total[0] += int(number)
            total[1] += int(cents)
    return [(rule, number, cents) for rule, (number, cents) in numbers.items()]


def _beyond(order: Sequence[Any], after: Key) -> Any:
    """Compare keys column by column: expressions, unlike columns, cannot be compared as a row."""
    (first, second), (one, other) = order, after
    return or_(first > one, and_(first == one, second > other))
