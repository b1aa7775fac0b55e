"""The table that people and programs read, and nothing but queries of it."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, BigInteger, Column, Index, and_, case, func, or_
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

Key = tuple[str | int, ...]


class DenialsTable(SQLModel, registry=registry()):
    """Tables of denials-svc; a registry of their own, since services may share a process."""


class DenialRow(DenialsTable, table=True):
    """A denial: what was withheld and why, what to do until when, and how far that is."""

    __tablename__ = "denial"
    __table_args__ = (
        Index("denial_queue", "tenant_id", "is_open", "deadline_on", "denied_cents", "denial_id"),
        Index("denial_by_claim", "tenant_id", "claim_id"),
        Index("denial_by_owner", "tenant_id", "is_open", "owner"),
    )

    tenant_id: str = Field(primary_key=True)
    denial_id: str = Field(primary_key=True)
    claim_id: str
    encounter_id: str
    patient_id: str
    payer_id: str
    payer_name: str
    payer_sequence_code: str
    form: str
    line_item_control_number: str
    procedure_code: str
    group_code: str
    reason_code: str
    remark_codes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    family: str
    category: str
    denied_cents: int = Field(sa_type=BigInteger)
    paid_cents: int = Field(sa_type=BigInteger)
    recovered_cents: int = Field(sa_type=BigInteger)
    action_code: str
    appealable: bool
    deadline_on: str
    deadline_basis: str
    is_open: bool
    cause: str
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


class Filter(NamedTuple):
    """Which denials are meant. An empty value means all.

    Attributes:
        is_open: Open ones, or closed ones.
        category: What it is about.
        family: Of its reasons.
        payer_id: Who denied.
        action_code: What to do.
        owner: Whose; `-` for nobody's.
        claim_id: Of one claim.
        due: `past`, `week` (within 7 days), `month` (8 to 30 days), `later`; by the day of asking.
    """

    is_open: bool = True
    category: str = ""
    family: str = ""
    payer_id: str = ""
    action_code: str = ""
    owner: str = ""
    claim_id: str = ""
    due: str = ""


class Days(NamedTuple):
    """The day of asking, and the two that divide what is due soon from what is due later."""

    today: str
    week: str
    month: str


class Total(NamedTuple):
    """How many denials have a value in common, and how much they withhold."""

    value: str
    denial_count: int
    denied_cents: int


TOTALS: Final = ("category", "family", "payer_id", "action_code", "owner", "due")


async def denial(session: AsyncSession, tenant_id: str, denial_id: str) -> DenialRow | None:
    """Find a denial."""
    return await session.get(DenialRow, (tenant_id, denial_id))


async def queue(
    session: AsyncSession,
    tenant_id: str,
    wanted: Filter,
    days: Days,
    after: Key | None,
    limit: int,
) -> Sequence[DenialRow]:
    """List denials: those with a deadline ahead first, the nearest first, then by dollars; those
    whose deadline is past come last.

    Args:
        session: Of the tenant.
        tenant_id: Whose.
        wanted: Which.
        days: The days to compare deadlines with.
        after: Whether it is past, deadline, negated cents and id of the last row that was shown.
        limit: Rows wanted.
    """
    rows = DenialRow
    is_past = _is_past(days)
    worth: Any = -col(rows.denied_cents)
    order = (is_past, col(rows.deadline_on), worth, col(rows.denial_id))
    query = select(rows).where(*_where(tenant_id, wanted, days))
    if after is not None:
        query = query.where(_beyond(order, after))
    return (await session.exec(query.order_by(*order).limit(limit))).all()


async def totals(
    session: AsyncSession, tenant_id: str, wanted: Filter, days: Days, by: str
) -> Sequence[Total]:
    """Count and add up denials by a column, the largest amount first."""
    assert by in TOTALS, "totals are made of named columns only"
    value = _due(days) if by == "due" else col(getattr(DenialRow, by))
    cents = func.sum(col(DenialRow.denied_cents))
    query: Any = select(value, func.count(), cents).where(*_where(tenant_id, wanted, days))
    query = query.group_by(value).order_by(cents.desc(), value).limit(200)
    found = (await session.exec(query)).all()
    return [Total(name, count, int(total)) for name, count, total in found]


def _where(tenant_id: str, wanted: Filter, days: Days) -> list[Any]:
    rows: Any = DenialRow
    found = [rows.tenant_id == tenant_id, rows.is_open == wanted.is_open]
    found += [
        getattr(rows, name) == value
        for name in ("category", "family", "payer_id", "action_code", "claim_id")
        if (value := getattr(wanted, name))
    ]
    if wanted.owner:
        found.append(rows.owner == ("" if wanted.owner == "-" else wanted.owner))
    if wanted.due:
        found.append(_due(days) == wanted.due)
    return found


def _is_past(days: Days) -> Any:
    return case((col(DenialRow.deadline_on) < days.today, 1), else_=0)


def _due(days: Days) -> Any:
    on = col(DenialRow.deadline_on)
    return case(
        (on < days.today, "past"),
        (on <= days.week, "week"),
        (on <= days.month, "month"),
        else_="later",
    )


def _beyond(order: Sequence[Any], after: Key) -> Any:
    """Compare a row's place with a key, column by column: rows of expressions are not portable."""
    found: list[Any] = []
    for at, column in enumerate(order):
        same = [before == key for before, key in zip(order[:at], after[:at], strict=True)]
        found.append(and_(*same, column > after[at]))
    return or_(*found)
