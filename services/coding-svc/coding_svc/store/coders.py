"""The table of coders, and what coders got done."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column, and_, case, func
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.store.desk import Key, WorkRow
from coding_svc.store.encounters import CodingTable


class CoderRow(CodingTable, table=True):
    """A coder: credentials, routing, quotas."""

    __tablename__ = "coder"

    tenant_id: str = Field(primary_key=True)
    coder: str = Field(primary_key=True)
    credentials: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    class_codes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    specialty_codes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    payer_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    quotas: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    changed_at: str


async def coder(session: AsyncSession, tenant_id: str, subject: str) -> CoderRow | None:
    """Find a coder."""
    return await session.get(CoderRow, (tenant_id, subject))


async def coders(
    session: AsyncSession, tenant_id: str, after: Key | None, limit: int
) -> Sequence[CoderRow]:
    """List coders by subject."""
    query = select(CoderRow).where(col(CoderRow.tenant_id) == tenant_id)
    if after is not None:
        query = query.where(col(CoderRow.coder) > after[0])
    return (await session.exec(query.order_by(col(CoderRow.coder)).limit(limit))).all()


async def coders_named(
    session: AsyncSession, tenant_id: str, subjects: Sequence[str]
) -> Sequence[CoderRow]:
    """Find coders by subject."""
    query = select(CoderRow).where(
        col(CoderRow.tenant_id) == tenant_id, col(CoderRow.coder).in_(subjects)
    )
    return (await session.exec(query)).all()


class Worked(NamedTuple):
    """What one coder did in one patient class."""

    coder: str
    class_code: str
    released_count: int
    timed_count: int
    timed_ms: int
    unfinished_ms: int
    rework_count: int
    billed_cents: int


async def worked(
    session: AsyncSession, tenant_id: str, start: str, end: str, subject: str
) -> Sequence[Worked]:
    """Add up the work of some days, by coder and patient class."""
    rows: Any = WorkRow
    done = rows.outcome == "released"
    timed = and_(done, rows.taken_at != "")

    def total(condition: Any, value: Any) -> Any:
        return func.coalesce(func.sum(case((condition, value), else_=0)), 0)

    columns: Any = (
        rows.coder,
        rows.class_code,
        total(done, 1),
        total(timed, 1),
        total(timed, rows.worked_ms),
        total(rows.outcome != "released", rows.worked_ms),
        total(and_(done, rows.is_rework), 1),
        total(done, rows.billed_cents),
    )
    query: Any = (
        select(*columns)
        .where(rows.tenant_id == tenant_id, rows.worked_on >= start, rows.worked_on <= end)
        .group_by(rows.coder, rows.class_code)
        .order_by(rows.coder, rows.class_code)
    )
    if subject:
        query = query.where(rows.coder == subject)
    found = (await session.exec(query)).all()
    return [Worked(row[0], row[1], *(int(number) for number in row[2:])) for row in found]
