"""The table of physician queries, and nothing but questions about it."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import JSON, Column, Index, distinct, func, tuple_
from sqlmodel import Field, select
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.model.encounter import State
from coding_svc.model.query import Query
from coding_svc.rules.query_measures import Measured
from coding_svc.store.desk import ReleaseRow
from coding_svc.store.encounters import CodingTable, Key
from rcm.platform.store.tables import STREAM


class QueryRow(CodingTable, table=True):
    """A physician query: who is asked, since when, and how it was answered. No PHI.

    `physician_id` is who was asked first and is measured; `asked_id` is who is asked now, another
    one once it was escalated.
    """

    __tablename__ = "query"
    __table_args__ = (
        Index("query_by_opening", "tenant_id", "opened_at", "query_id"),
        Index("query_by_sending", "tenant_id", "sent_at"),
        Index("query_by_encounter", "tenant_id", "encounter_id"),
        Index("query_to_deliver", "tenant_id", "delivery", "next_try_at"),
        Index("query_to_escalate", "tenant_id", "status", "due_at"),
        Index("query_by_subject", "tenant_id", "asked_subject", "status"),
    )

    tenant_id: str = Field(primary_key=True)
    query_id: str = Field(primary_key=True)
    encounter_id: str
    patient_id: str
    status: str
    is_open: bool
    kind: str
    reason_code: str
    shape: str
    template_id: str
    template_version: int
    finding_rules: list[str] = Field(sa_column=Column(JSON, nullable=False))
    physician_id: str
    asked_id: str
    asked_subject: str
    coder: str
    channel_id: str
    channel_kind: str
    control_number: str
    delivery_number: int
    delivery: str
    attempt: int
    evidence: str
    next_try_at: str
    started_at: str
    level: int
    response: str
    option_key: str
    answered_by: str
    answered_via: str
    answer_count: int
    opened_at: str
    sent_at: str
    due_at: str
    answered_at: str
    closed_at: str
    close_cause: str
    changed_at: str


class QueryFilter(NamedTuple):
    """Which queries are meant. An empty value means all.

    Attributes:
        status: `draft`, `sent`, `answered`, `closed`; `open` for all but closed.
        kind: Concurrent, retrospective, post-bill.
        physician_id: Who was asked first.
        subject: Who is asked now, by their name at the issuer of tokens.
        coder: Who opened it.
        template_id: `-` for free text.
        reason_code: Why it is asked.
        encounter_id: Of one encounter.
        delivery: How far its delivery is.
        response: How it was answered; `-` for not at all.
        channel_kind: How it goes out.
        is_sent: Only those that were let go.
        sent_from: Let go at or after this instant.
        sent_before: Let go before this instant.
        opened_before: Opened before this instant: by age.
        due_before: Due before this instant: overdue.
    """

    status: str = ""
    kind: str = ""
    physician_id: str = ""
    subject: str = ""
    coder: str = ""
    template_id: str = ""
    reason_code: str = ""
    encounter_id: str = ""
    delivery: str = ""
    response: str = ""
    channel_kind: str = ""
    is_sent: bool = False
    sent_from: str = ""
    sent_before: str = ""
    opened_before: str = ""
    due_before: str = ""


MEASURED_MAX: Final = 200_000
"""Queries that one measurement looks at; a large hospital asks some tens of thousands a year."""

_STATES: Final[msgspec.json.Decoder[State | None]] = msgspec.json.Decoder(State | None)


async def query_row(session: AsyncSession, tenant_id: str, query_id: str) -> QueryRow | None:
    """Find a query."""
    return await session.get(QueryRow, (tenant_id, query_id))


async def query_state(session: AsyncSession, tenant_id: str, query_id: str) -> Query | None:
    """Find a query with its sealed texts, in the state of its stream."""
    query = select(STREAM.c.state).where(
        STREAM.c.tenant_id == tenant_id, STREAM.c.stream_id == query_id
    )
    found = (await session.exec(query)).one_or_none()
    state = None if found is None else _STATES.decode(found)
    return state if isinstance(state, Query) else None


async def queries(
    session: AsyncSession, tenant_id: str, wanted: QueryFilter, after: Key | None, limit: int
) -> Sequence[QueryRow]:
    """List queries, the oldest first."""
    rows: Any = QueryRow
    query = select(rows).where(*_where(tenant_id, wanted))
    if after is not None:
        query = query.where(tuple_(rows.opened_at, rows.query_id) > tuple_(*after))
    found = await session.exec(query.order_by(rows.opened_at, rows.query_id).limit(limit))
    return found.all()


async def count(session: AsyncSession, tenant_id: str, wanted: QueryFilter) -> int:
    """Count queries."""
    query: Any = select(func.count()).select_from(QueryRow).where(*_where(tenant_id, wanted))
    return int((await session.exec(query)).one())


async def measured(
    session: AsyncSession, tenant_id: str, wanted: QueryFilter
) -> Sequence[Measured]:
    """Read what is measured of the queries that a filter selects."""
    rows: Any = QueryRow
    columns = [getattr(rows, name) for name in Measured._fields]
    query: Any = select(*columns).where(*_where(tenant_id, wanted))
    query = query.order_by(rows.sent_at, rows.query_id).limit(MEASURED_MAX)
    return [Measured(*row) for row in (await session.exec(query)).all()]


async def coded_count(session: AsyncSession, tenant_id: str, wanted: QueryFilter) -> int:
    """Count the encounters released to billing in the period of a filter, each once: what a rate
    of queries is of.
    """
    rows: Any = ReleaseRow
    query: Any = select(func.count(distinct(rows.encounter_id))).where(rows.tenant_id == tenant_id)
    if wanted.sent_from:
        query = query.where(rows.released_at >= wanted.sent_from)
    if wanted.sent_before:
        query = query.where(rows.released_at < wanted.sent_before)
    return int((await session.exec(query)).one())


async def to_deliver(
    session: AsyncSession, tenant_id: str, now: str, limit: int
) -> Sequence[QueryRow]:
    """List queries whose delivery is due, those that wait longest first."""
    rows: Any = QueryRow
    query = (
        select(rows)
        .where(rows.tenant_id == tenant_id, rows.delivery == "due", rows.next_try_at != "")
        .where(rows.next_try_at <= now, rows.status == "sent")
        .order_by(rows.next_try_at, rows.query_id)
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def under_way_since(
    session: AsyncSession, tenant_id: str, before: str, limit: int
) -> Sequence[QueryRow]:
    """List queries that went on the wire before an instant, and of which nothing was heard."""
    rows: Any = QueryRow
    query = (
        select(rows)
        .where(rows.tenant_id == tenant_id, rows.delivery == "under-way")
        .where(rows.started_at < before)
        .order_by(rows.started_at, rows.query_id)
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def to_escalate(
    session: AsyncSession, tenant_id: str, now: str, level_max: int, limit: int
) -> Sequence[QueryRow]:
    """List sent queries that nobody answered in time, or that nobody could be given."""
    rows: Any = QueryRow
    query = (
        select(rows)
        .where(rows.tenant_id == tenant_id, rows.status == "sent", rows.level < level_max)
        .where((rows.due_at <= now) | (rows.delivery == "refused"))
        .order_by(rows.due_at, rows.query_id)
        .limit(limit)
    )
    return (await session.exec(query)).all()


def _where(tenant_id: str, wanted: QueryFilter) -> list[Any]:
    rows: Any = QueryRow
    found = [rows.tenant_id == tenant_id]
    if wanted.status == "open":
        found.append(rows.is_open == True)  # noqa: E712 - a column
    elif wanted.status:
        found.append(rows.status == wanted.status)
    found += [getattr(rows, name) == value for name in _EQUAL if (value := getattr(wanted, name))]
    found += [
        getattr(rows, name) == ("" if value == "-" else value)
        for name in ("template_id", "response")
        if (value := getattr(wanted, name))
    ]
    if wanted.subject:
        found.append(rows.asked_subject == wanted.subject)
    if wanted.is_sent or wanted.sent_from or wanted.sent_before:
        found.append(rows.sent_at != "")
    if wanted.sent_from:
        found.append(rows.sent_at >= wanted.sent_from)
    if wanted.sent_before:
        found.append(rows.sent_at < wanted.sent_before)
    if wanted.opened_before:
        found.append(rows.opened_at < wanted.opened_before)
    if wanted.due_before:
        found += [rows.due_at != "", rows.due_at < wanted.due_before, rows.status == "sent"]
    return found


_EQUAL: Final = (
    "kind", "physician_id", "coder", "encounter_id", "delivery", "channel_kind", "reason_code",
)  # fmt: skip
