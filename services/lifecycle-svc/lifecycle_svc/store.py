"""The tables of the console and the queries of its pages. Ids are opaque: there is no PHI here."""

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Dialect,
    Index,
    Text,
    TypeDecorator,
    func,
    or_,
    tuple_,
    type_coerce,
)
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased, registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.lifecycle import Claim, Denial, Money, patient_disputed, related_stories

Key = tuple[str | int, ...]


class Json(TypeDecorator[Any]):
    """JSON as text, written by msgspec: a fold writes some for every event."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002 - as the framework has it
        """Write a value."""
        return msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 - as the framework has it
        """Read it back."""
        return msgspec.json.decode(value or "null")


class LifecycleTable(SQLModel, registry=registry()):
    """Tables of lifecycle-svc; a registry of their own, since services may share a process."""


class ClaimRow(LifecycleTable, table=True):
    """Where a claim stands."""

    __tablename__ = "claim"
    __table_args__ = (
        Index("claim_changed", "tenant_id", "changed_at", "claim_id"),
        Index("claim_by_state", "tenant_id", "state", "changed_at", "claim_id"),
        Index("claim_by_encounter", "tenant_id", "encounter_id"),
    )

    tenant_id: str = Field(primary_key=True)
    claim_id: str = Field(primary_key=True)
    state: str
    turn: str
    why: str
    encounter_id: str
    patient_id: str
    form: str
    frequency_code: str
    payer_id: str
    payer_name: str
    payer_sequence_code: str
    facility_id: str
    service_from: str
    filing_deadline_on: str
    denial_deadline_on: str
    denial_count: int
    attempt: int
    replaced_by: str
    replaces_claim_id: str
    billed_cents: int = Field(sa_type=BigInteger)
    paid_cents: int = Field(sa_type=BigInteger)
    adjusted_cents: int = Field(sa_type=BigInteger)
    patient_cents: int = Field(sa_type=BigInteger)
    denied_cents: int = Field(sa_type=BigInteger)
    open_cents: int = Field(sa_type=BigInteger)
    legs: dict[str, Any] = Field(sa_type=Json)
    denials: dict[str, Any] = Field(sa_type=Json)
    interchanges: list[str] = Field(sa_type=Json)
    remittance_ids: list[str] = Field(sa_type=Json)
    first_at: str
    changed_at: str

    @property
    def money(self) -> Money:
        """Where the claim's money is."""
        return Money(
            self.billed_cents,
            self.paid_cents,
            self.adjusted_cents,
            self.patient_cents,
            self.denied_cents,
            self.open_cents,
        )

    @property
    def patient_disputed_cents(self) -> int:
        """How much of the patient's share is on the worklist all the same."""
        known = msgspec.convert(self.denials, dict[str, Denial])
        return patient_disputed(known, self.patient_cents)

    @property
    def stories(self) -> tuple[str, ...]:
        """The stories that the claim's life is told from."""
        return related_stories(
            Claim(
                claim_id=self.claim_id,
                encounter_id=self.encounter_id,
                interchanges=self.interchanges,
                remittance_ids=self.remittance_ids,
            )
        )


class StepRow(LifecycleTable, table=True):
    """One step of one story, and where its event stands on the log."""

    __tablename__ = "step"
    __table_args__ = (
        Index("step_of_story", "tenant_id", "story_id", "at", "event_id"),
        Index("step_recorded", "tenant_id", "at", "event_id"),
    )

    tenant_id: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    story_id: str = Field(primary_key=True)
    at: str
    source: str
    name: str
    stream_id: str
    stream_version: int
    place: str
    actor: str
    causation_id: str
    what: str
    why: str
    money: dict[str, int] = Field(sa_type=Json)
    is_detail: bool
    phi_fields: list[str] = Field(sa_type=Json)


class InterchangeRow(LifecycleTable, table=True):
    """An interchange, and what is known of it."""

    __tablename__ = "interchange"
    __table_args__ = (Index("interchange_by_outcome", "tenant_id", "outcome", "changed_at"),)

    tenant_id: str = Field(primary_key=True)
    receiver_id: str = Field(primary_key=True)
    interchange_control_number: str = Field(primary_key=True)
    outcome: str
    claim_count: int
    changed_at: str


class ClaimFilter(NamedTuple):
    """Which claims; an empty field lets every claim through.

    Attributes:
        state: A state of a claim.
        turn: `ours`, `theirs` or `nobody`.
        text: Beginning of a claim's or an encounter's id, a part of the payer's name, or the
            control number (ISA13) of an interchange that it travelled in.
        money: Name of an amount that is not zero: `paid`, `denied`, `open` ...
    """

    state: str = ""
    turn: str = ""
    text: str = ""
    money: str = ""


class StateCount(NamedTuple):
    """How many claims stand in a state, and their money."""

    state: str
    turn: str
    claim_count: int
    money: Money


async def claims(
    session: AsyncSession, tenant_id: str, wanted: ClaimFilter, after: Key | None, limit: int
) -> Sequence[ClaimRow]:
    """List claims, the one that changed last first."""
    query = select(ClaimRow).where(*_conditions(tenant_id, wanted))
    if after is not None:
        query = query.where(tuple_(_CHANGED_AT, _CLAIM_ID) < tuple_(*after))
    query = query.order_by(_CHANGED_AT.desc(), _CLAIM_ID.desc()).limit(limit)
    return (await session.exec(query)).all()


async def claim(session: AsyncSession, tenant_id: str, claim_id: str) -> ClaimRow | None:
    """Find a claim."""
    return await session.get(ClaimRow, (tenant_id, claim_id))


async def claims_of_encounter(
    session: AsyncSession, tenant_id: str, encounter_id: str
) -> Sequence[ClaimRow]:
    """List the claims of an encounter."""
    query = (
        select(ClaimRow)
        .where(_of(ClaimRow, tenant_id), col(ClaimRow.encounter_id) == encounter_id)
        .order_by(col(ClaimRow.first_at), _CLAIM_ID)
        .limit(100)
    )
    return (await session.exec(query)).all()


async def state_counts(
    session: AsyncSession, tenant_id: str, wanted: ClaimFilter
) -> list[StateCount]:
    """Count the claims of each state, and add up their money."""
    sums = [func.coalesce(func.sum(amount), 0) for amount in _MONEY.values()]
    query = (
        select_columns(col(ClaimRow.state), col(ClaimRow.turn), func.count(), *sums)
        .where(*_conditions(tenant_id, wanted))
        .group_by(col(ClaimRow.state), col(ClaimRow.turn))
    )
    rows = (await (await session.connection()).execute(query)).all()
    return [StateCount(row[0], row[1], int(row[2]), Money(*map(int, row[3:]))) for row in rows]


async def steps(
    session: AsyncSession, tenant_id: str, story_ids: Sequence[str], after: Key | None, limit: int
) -> Sequence[StepRow]:
    """List the steps of some stories in the order in which they were recorded. An event that is
    told in two of them comes twice, side by side.
    """
    place = (col(StepRow.at), col(StepRow.event_id), col(StepRow.story_id))
    query = select(StepRow).where(_of(StepRow, tenant_id), col(StepRow.story_id).in_(story_ids))
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    return (await session.exec(query.order_by(*place).limit(limit))).all()


async def latest_steps(
    session: AsyncSession, tenant_id: str, source: str, after: Key | None, limit: int
) -> Sequence[StepRow]:
    """List the latest steps of all services or one, the newest first; each event once, in however
    many stories it is told.
    """
    place = (col(StepRow.at), col(StepRow.event_id), col(StepRow.story_id))
    other = aliased(StepRow)
    told_before = (
        select_columns(col(other.event_id))
        .where(
            _of(other, tenant_id),
            col(other.event_id) == col(StepRow.event_id),
            col(other.story_id) < col(StepRow.story_id),
        )
        .exists()
    )
    query = select(StepRow).where(_of(StepRow, tenant_id), ~told_before)
    if source:
        query = query.where(col(StepRow.source) == source)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    query = query.order_by(*(column.desc() for column in place)).limit(limit)
    return (await session.exec(query)).all()


async def step(session: AsyncSession, tenant_id: str, event_id: str) -> StepRow | None:
    """Find the step of an event."""
    query = (
        select(StepRow)
        .where(_of(StepRow, tenant_id), col(StepRow.event_id) == event_id)
        .order_by(col(StepRow.story_id))
        .limit(1)
    )
    return (await session.exec(query)).first()


async def unsettled_interchanges(
    session: AsyncSession, tenant_id: str, limit: int
) -> Sequence[InterchangeRow]:
    """List the interchanges of which nobody can tell whether they arrived, the oldest first."""
    query = (
        select(InterchangeRow)
        .where(_of(InterchangeRow, tenant_id), col(InterchangeRow.outcome) == "unknown")
        .order_by(col(InterchangeRow.changed_at))
        .limit(limit)
    )
    return (await session.exec(query)).all()


def _of(rows: type[ClaimRow | StepRow | InterchangeRow], tenant_id: str) -> ColumnElement[bool]:
    return col(rows.tenant_id) == tenant_id


def _conditions(tenant_id: str, wanted: ClaimFilter) -> list[ColumnElement[bool]]:
    found = [_of(ClaimRow, tenant_id)]
    if wanted.state:
        found.append(col(ClaimRow.state) == wanted.state)
    if wanted.turn:
        found.append(col(ClaimRow.turn) == wanted.turn)
    if wanted.money:
        found.append(_MONEY[wanted.money] != 0)
    if wanted.text:
        text = wanted.text
        found.append(
            or_(
                _CLAIM_ID.startswith(text.upper(), autoescape=True),
                col(ClaimRow.encounter_id).startswith(text, autoescape=True),
                func.lower(col(ClaimRow.payer_name)).contains(text.lower(), autoescape=True),
                *_travelled_in(text),
            )
        )
    return found


def _travelled_in(text: str) -> list[ColumnElement[bool]]:
    """An interchange is named by `receiver/ISA13`, or by its nine digits alone."""
    if not _INTERCHANGE.fullmatch(text):
        return []
    ending = f'"{text}"' if "/" in text else f'/{text}"'
    return [type_coerce(col(ClaimRow.interchanges), Text).contains(ending, autoescape=True)]


_INTERCHANGE: Final = re.compile(r"(?:[^/\s]+/)?[0-9]{9}", re.ASCII)
_CLAIM_ID: Final = col(ClaimRow.claim_id)
_CHANGED_AT: Final = col(ClaimRow.changed_at)
_MONEY: Final = {
    "billed": col(ClaimRow.billed_cents),
    "paid": col(ClaimRow.paid_cents),
    "adjusted": col(ClaimRow.adjusted_cents),
    "patient": col(ClaimRow.patient_cents),
    "denied": col(ClaimRow.denied_cents),
    "open": col(ClaimRow.open_cents),
}

MONEY_NAMES: Final = tuple(_MONEY)
"""The amounts of a claim, in the order of their equation."""
