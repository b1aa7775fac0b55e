"""The tables of the audit of coding and of its evidence, and nothing but queries of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import to_builtins
from sqlalchemy import JSON, BigInteger, Column, Index, and_, func
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.model.audit import NOT_ERRORS
from coding_svc.store.desk import (
    PackRow,
    ReleaseRow,
    SubmissionRow,
    TrailRow,
    WithdrawalRow,
    WorkRow,
)
from coding_svc.store.encounters import CodingTable, MessageRow
from rcm.events.coding_audit import Criteria

Key = tuple[str | int, ...]


class AuditRow(CodingTable, table=True):
    """A sample."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_by_time", "tenant_id", "drawn_at", "audit_id"),)

    tenant_id: str = Field(primary_key=True)
    audit_id: str = Field(primary_key=True)
    title_code: str
    kind: str
    criteria: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    seed: str
    size_count: int
    rate_milli: int
    population_count: int
    case_count: int
    case_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    base_rate_cents: int = Field(sa_type=BigInteger)
    accuracy_goal_milli: int
    drawn_by: str
    drawn_at: str


class CaseRow(CodingTable, table=True):
    """A release that is coded a second time."""

    __tablename__ = "audit_case"
    __table_args__ = (
        Index("case_by_audit", "tenant_id", "audit_id", "case_id"),
        Index("case_by_encounter", "tenant_id", "encounter_id"),
    )

    tenant_id: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    audit_id: str
    encounter_id: str
    coded_version: int
    patient_id: str
    coder: str
    class_code: str
    payer_id: str
    rule_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    opened_at: str


class BegunRow(CodingTable, table=True):
    """Who has a case."""

    __tablename__ = "audit_begun"
    __table_args__ = (Index("begun_by_encounter", "tenant_id", "encounter_id", "auditor"),)

    tenant_id: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    encounter_id: str
    auditor: str
    begun_at: str


class SecondCodingRow(CodingTable, table=True):
    """The second coding of a case, and how it compares."""

    __tablename__ = "audit_coding"

    tenant_id: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    encounter_id: str
    auditor: str
    first: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    second: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    agreements: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    charge_delta_cents: int | None = Field(sa_type=BigInteger, nullable=True)
    drg_delta_cents: int | None = Field(sa_type=BigInteger, nullable=True)
    fee_delta_cents: int | None = Field(sa_type=BigInteger, nullable=True)
    unpriced: str
    coded_at: str


class FindingRow(CodingTable, table=True):
    """A difference, and what people say of it; their words are sealed."""

    __tablename__ = "audit_finding"
    __table_args__ = (
        Index("finding_by_coder", "tenant_id", "coder", "status"),
        Index("finding_by_audit", "tenant_id", "audit_id"),
    )

    tenant_id: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    audit_id: str
    encounter_id: str
    patient_id: str
    coder: str
    auditor: str
    category: str
    path: str
    first: str
    second: str
    status: str
    rule_id: str
    rationale: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True)))
    answer: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True)))
    ruling: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True)))
    changed_at: str


class OverrideRow(CodingTable, table=True):
    """Edits and doubts that a person set aside; the person's words are sealed."""

    __tablename__ = "encounter_override"

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    stream_version: int = Field(primary_key=True)
    overruled: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    role: str
    reason: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True)))
    overruled_by: str
    overruled_at: str


class Case(NamedTuple):
    """A case, who has it, and its second coding."""

    row: CaseRow
    begun: BegunRow | None
    coding: SecondCodingRow | None


POPULATION_MAX = 200_000
"""Releases that one sample may be drawn from."""


async def population(
    session: AsyncSession, tenant_id: str, criteria: Criteria
) -> Sequence[tuple[str, int]]:
    """List the releases that meet criteria: encounter and version, in the order of their ids."""
    rows: Any = ReleaseRow
    query: Any = select(rows.encounter_id, rows.coded_version).where(
        rows.tenant_id == tenant_id,
        rows.released_on >= criteria.released_from,
        rows.released_on <= criteria.released_through,
        rows.billed_cents >= criteria.billed_cents_min,
    )
    for column, value in (
        (rows.released_by, criteria.coder),
        (rows.payer_id, criteria.payer_id),
        (rows.drg_code, criteria.drg_code),
        (rows.class_code, criteria.class_code),
    ):
        if value:
            query = query.where(column == value)
    if criteria.code:
        query = query.where(rows.codes.contains(f" {criteria.code} ", autoescape=True))
    if criteria.rule_id:
        query = query.where(rows.rules.contains(f" {criteria.rule_id} ", autoescape=True))
    query = query.order_by(rows.encounter_id, rows.coded_version).limit(POPULATION_MAX)
    return [(row[0], row[1]) for row in (await session.exec(query)).all()]


async def release(
    session: AsyncSession, tenant_id: str, encounter_id: str, coded_version: int
) -> ReleaseRow | None:
    """Find a release."""
    return await session.get(ReleaseRow, (tenant_id, encounter_id, coded_version))


async def releases(
    session: AsyncSession, tenant_id: str, encounter_id: str
) -> Sequence[ReleaseRow]:
    """List the releases of an encounter, the first one first."""
    return await _of_encounter(
        session, ReleaseRow, tenant_id, encounter_id, ReleaseRow.coded_version
    )


async def audit(session: AsyncSession, tenant_id: str, audit_id: str) -> AuditRow | None:
    """Find a sample."""
    return await session.get(AuditRow, (tenant_id, audit_id))


async def audits(
    session: AsyncSession, tenant_id: str, after: Key | None, limit: int
) -> Sequence[AuditRow]:
    """List samples by id."""
    query = select(AuditRow).where(col(AuditRow.tenant_id) == tenant_id)
    if after is not None:
        query = query.where(col(AuditRow.audit_id) > after[0])
    return (await session.exec(query.order_by(col(AuditRow.audit_id)).limit(limit))).all()


class CaseFilter(NamedTuple):
    """Which cases are meant. An empty value means all; `-` for the auditor means nobody."""

    audit_id: str = ""
    status: str = ""  # open, begun, coded
    auditor: str = ""
    coder: str = ""
    case_ids: tuple[str, ...] | None = None


async def cases(
    session: AsyncSession, tenant_id: str, wanted: CaseFilter, after: Key | None, limit: int
) -> Sequence[Case]:
    """List cases by id."""
    query = _cases(tenant_id)
    rows: Any = CaseRow
    begun: Any = BegunRow
    coding: Any = SecondCodingRow
    if wanted.audit_id:
        query = query.where(rows.audit_id == wanted.audit_id)
    if wanted.coder:
        query = query.where(rows.coder == wanted.coder)
    if wanted.case_ids is not None:
        query = query.where(rows.case_id.in_(wanted.case_ids))
    if wanted.auditor:
        nobody = begun.auditor.is_(None)
        query = query.where(nobody if wanted.auditor == "-" else begun.auditor == wanted.auditor)
    match wanted.status:
        case "open":
            query = query.where(begun.case_id.is_(None))
        case "begun":
            query = query.where(begun.case_id.is_not(None), coding.case_id.is_(None))
        case "coded":
            query = query.where(coding.case_id.is_not(None))
        case _:
            pass
    if after is not None:
        query = query.where(rows.case_id > after[0])
    found = (await session.exec(query.order_by(rows.case_id).limit(limit))).all()
    return [Case(*row) for row in found]


async def case_of(session: AsyncSession, tenant_id: str, case_id: str) -> Case | None:
    """Find a case."""
    query = _cases(tenant_id).where(col(CaseRow.case_id) == case_id)
    row = (await session.exec(query)).one_or_none()
    return None if row is None else Case(*row)


async def blind_to(session: AsyncSession, tenant_id: str, auditor: str) -> frozenset[str]:
    """Name the encounters that somebody is coding a second time and has not submitted."""
    begun: Any = BegunRow
    coding: Any = SecondCodingRow
    together = and_(coding.tenant_id == begun.tenant_id, coding.case_id == begun.case_id)
    query: Any = (
        select(begun.encounter_id)
        .outerjoin(SecondCodingRow, together)
        .where(begun.tenant_id == tenant_id, begun.auditor == auditor, coding.case_id.is_(None))
    )
    return frozenset((await session.exec(query)).all())


async def uncoded_count(session: AsyncSession, tenant_id: str, audit_id: str) -> int:
    """Count the cases of a sample that nobody has coded a second time."""
    rows: Any = CaseRow
    coding: Any = SecondCodingRow
    together = and_(coding.tenant_id == rows.tenant_id, coding.case_id == rows.case_id)
    query: Any = (
        select(func.count())
        .select_from(CaseRow)
        .outerjoin(SecondCodingRow, together)
        .where(rows.tenant_id == tenant_id, rows.audit_id == audit_id, coding.case_id.is_(None))
    )
    return int((await session.exec(query)).one())


class FindingFilter(NamedTuple):
    """Which findings are meant. An empty value means all."""

    audit_id: str = ""
    case_id: str = ""
    coder: str = ""
    status: str = ""
    category: str = ""


async def findings(
    session: AsyncSession,
    tenant_id: str,
    wanted: FindingFilter,
    after: Key | None,
    limit: int,
    errors_in: Sequence[str] | None = None,
) -> Sequence[FindingRow]:
    """List findings by case and number; if told, only errors, and of these cases."""
    rows: Any = FindingRow
    query = select(FindingRow).where(rows.tenant_id == tenant_id)
    if errors_in is not None:
        query = query.where(rows.case_id.in_(errors_in), rows.status.not_in(NOT_ERRORS))
    for name, value in wanted._asdict().items():
        if value:
            query = query.where(getattr(rows, name) == value)
    if after is not None:
        case_id, number = after
        later = and_(rows.case_id == case_id, rows.number > number)
        query = query.where((rows.case_id > case_id) | later)
    query = query.order_by(rows.case_id, rows.number).limit(limit)
    return (await session.exec(query)).all()


async def finding(
    session: AsyncSession, tenant_id: str, case_id: str, number: int
) -> FindingRow | None:
    """Find a finding."""
    return await session.get(FindingRow, (tenant_id, case_id, number))


class Evidence(NamedTuple):
    """What the store knows of the coding of one encounter."""

    trail: Sequence[TrailRow]
    messages: Sequence[MessageRow]
    releases: Sequence[ReleaseRow]
    overrides: Sequence[OverrideRow]
    work: Sequence[WorkRow]
    withdrawals: Sequence[WithdrawalRow]
    submissions: Sequence[SubmissionRow]
    cases: Sequence[Case]
    findings: Sequence[FindingRow]


async def evidence(session: AsyncSession, tenant_id: str, encounter_id: str) -> Evidence:
    """Gather the evidence of an encounter, each part in a fixed order."""

    async def rows(table: Any, *order: Any) -> Sequence[Any]:
        return await _of_encounter(session, table, tenant_id, encounter_id, *order)

    query = _cases(tenant_id).where(col(CaseRow.encounter_id) == encounter_id)
    found = (await session.exec(query.order_by(col(CaseRow.case_id)))).all()
    return Evidence(
        trail=await rows(TrailRow, TrailRow.stream_version),
        messages=await rows(MessageRow, MessageRow.ordinal, MessageRow.message_id),
        releases=await rows(ReleaseRow, ReleaseRow.coded_version),
        overrides=await rows(OverrideRow, OverrideRow.stream_version),
        work=await rows(WorkRow, WorkRow.stream_version),
        withdrawals=await rows(WithdrawalRow, WithdrawalRow.asked_at, WithdrawalRow.withdrawal_id),
        submissions=await rows(SubmissionRow, SubmissionRow.claim_id, SubmissionRow.attempt),
        cases=[Case(*row) for row in found],
        findings=await rows(FindingRow, FindingRow.case_id, FindingRow.number),
    )


async def packs(session: AsyncSession, tenant_id: str, encounter_id: str) -> Sequence[PackRow]:
    """List the evidence packs of an encounter, the first one first."""
    return await _of_encounter(session, PackRow, tenant_id, encounter_id, PackRow.stream_version)


def released(row: ReleaseRow) -> dict[str, Any]:
    """Write a release as JSON values, its codes among them."""
    shown = plain(row)
    del shown["content"]
    return {**shown, **to_builtins(row.said())}


def plain(row: SQLModel) -> dict[str, Any]:
    """Write a row as JSON values, without the tenant."""
    return row.model_dump(exclude={"tenant_id"})


def _cases(tenant_id: str) -> Any:
    rows: Any = CaseRow
    begun: Any = BegunRow
    coding: Any = SecondCodingRow
    with_begun = and_(begun.tenant_id == rows.tenant_id, begun.case_id == rows.case_id)
    with_coding = and_(coding.tenant_id == rows.tenant_id, coding.case_id == rows.case_id)
    query: Any = select(CaseRow, BegunRow, SecondCodingRow)
    query = query.outerjoin(BegunRow, with_begun).outerjoin(SecondCodingRow, with_coding)
    return query.where(rows.tenant_id == tenant_id)


async def _of_encounter(
    session: AsyncSession, table: Any, tenant_id: str, encounter_id: str, *order: Any
) -> Sequence[Any]:
    query = select(table).where(table.tenant_id == tenant_id, table.encounter_id == encounter_id)
    return (await session.exec(query.order_by(*order))).all()
