"""The table of accuracy alerts, and what the reviews of some days found."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import JSON, Column, Index, and_, func, tuple_
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.model.audit import NOT_ERRORS
from coding_svc.store.audit import CaseRow, FindingRow, Key, SecondCodingRow
from coding_svc.store.encounters import CodingTable


class AlertRow(CodingTable, table=True):
    """Accuracy under the goal, and until when it was."""

    __tablename__ = "accuracy_alert"
    __table_args__ = (
        Index("alert_by_time", "tenant_id", "raised_at", "alert_id"),
        Index("alert_by_coder", "tenant_id", "coder", "number"),
    )

    tenant_id: str = Field(primary_key=True)
    alert_id: str = Field(primary_key=True)
    number: int
    coder: str
    status: str  # open, cleared
    goal_milli: int
    accuracy_milli: int
    case_count: int
    decision_count: int
    error_count: int
    reviewed_from: str
    reviewed_through: str
    case_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    raised_at: str
    cleared_at: str
    cleared_milli: int | None = Field(nullable=True)


class Reviewed(NamedTuple):
    """A case of which every difference was judged.

    Attributes:
        case_id: Which.
        coder: Who released it; empty for rules.
        decision_count: Codes compared.
        error_count: Differences that count as errors.
    """

    case_id: str
    coder: str
    decision_count: int
    error_count: int


async def reviewed(
    session: AsyncSession, tenant_id: str, since: str, before: str
) -> list[Reviewed]:
    """List the cases that were coded again in some days and are judged to the last difference."""
    rows, coding, finding = CaseRow, SecondCodingRow, FindingRow
    together = and_(
        col(coding.tenant_id) == col(rows.tenant_id), col(coding.case_id) == col(rows.case_id)
    )
    query: Any = (
        select(col(rows.case_id), col(rows.coder), col(coding.agreements))
        .join(coding, together)
        .where(col(rows.tenant_id) == tenant_id)
        .where(col(coding.coded_at) >= since, col(coding.coded_at) < before)
        .order_by(col(rows.case_id))
    )
    cases = (await session.exec(query)).all()
    counted: Any = (
        select(col(finding.case_id), col(finding.status), func.count())
        .join(
            coding,
            and_(
                col(coding.tenant_id) == col(finding.tenant_id),
                col(coding.case_id) == col(finding.case_id),
            ),
        )
        .where(col(finding.tenant_id) == tenant_id)
        .where(col(coding.coded_at) >= since, col(coding.coded_at) < before)
        .group_by(col(finding.case_id), col(finding.status))
    )
    errors: dict[str, int] = {}
    unjudged: set[str] = set()
    for case_id, status, count in (await session.exec(counted)).all():
        if status == "open":
            unjudged.add(case_id)
        elif status not in NOT_ERRORS:
            errors[case_id] = errors.get(case_id, 0) + count
    return [
        Reviewed(case_id, coder, sum(a["compared_count"] for a in made), errors.get(case_id, 0))
        for case_id, coder, made in cases
        if case_id not in unjudged
    ]


async def last_alerts(session: AsyncSession, tenant_id: str) -> dict[str, AlertRow]:
    """Return the last alert of each coder, and under "" that of all together."""
    rows = AlertRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id).order_by(col(rows.number))
    return {row.coder: row for row in (await session.exec(query)).all()}


async def alerts(
    session: AsyncSession, tenant_id: str, status: str, coder: str, after: Key | None, limit: int
) -> Sequence[AlertRow]:
    """List alerts, the newest first; `-` for the coder means all together."""
    rows = AlertRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id)
    if status:
        query = query.where(col(rows.status) == status)
    if coder:
        query = query.where(col(rows.coder) == ("" if coder == "-" else coder))
    place = (rows.raised_at, rows.alert_id)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    query = query.order_by(*(col(column).desc() for column in place)).limit(limit)
    return (await session.exec(query)).all()


async def counted(session: AsyncSession, tenant_id: str, alert_id: str) -> tuple[str, ...]:
    """Name the cases that an alert counted; none where there is no such alert."""
    row = await alert(session, tenant_id, alert_id)
    return tuple(row.case_ids) if row is not None else ()


async def alert(session: AsyncSession, tenant_id: str, alert_id: str) -> AlertRow | None:
    """Find an alert."""
    return await session.get(AlertRow, (tenant_id, alert_id))
