"""The tables that people and programs read, and nothing but queries of them."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, and_, exists, func, tuple_
from sqlalchemy.orm import aliased, registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.events.phi import Phi


class ClaimsTable(SQLModel, registry=registry()):
    """Tables of claims-svc; a registry of their own, since services may share a process."""


class ClaimRow(ClaimsTable, table=True):
    """A claim: where it is and what is asked of it. Ids are opaque; there is no PHI here."""

    __tablename__ = "claim"
    __table_args__ = (
        Index("claim_by_status", "tenant_id", "status", "filing_deadline_on", "claim_id"),
        Index("claim_by_encounter", "tenant_id", "encounter_id"),
        Index("claim_to_send", "tenant_id", "status", "receiver_id", "form", "filing_deadline_on"),
        Index("claim_by_replaced", "tenant_id", "replaces_claim_id"),
        Index("claim_with_correction", "tenant_id", "denial_id"),
    )

    tenant_id: str = Field(primary_key=True)
    claim_id: str = Field(primary_key=True)
    encounter_id: str
    patient_id: str
    coded_version: int
    form: str
    status: str
    accepted_level: str
    rejected_level: str
    contradicted: bool
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    payer_id: str
    payer_name: str
    facility_id: str
    receiver_id: str
    frequency_code: str
    payer_number: str
    billed_cents: int = Field(sa_type=BigInteger)
    service_from: str
    filing_deadline_on: str
    accepted_on: str
    attempt: int
    interchange_receiver_id: str
    interchange_control_number: str
    transaction_control_number: str
    replaces_claim_id: str
    replaced_by: str
    prior_claim_id: str
    next_claim_id: str
    denial_id: str
    changed_at: str


class ContentRow(ClaimsTable, table=True):
    """What a claim is written from, sealed: the box as ClaimPrepared or ClaimHeld carried it."""

    __tablename__ = "claim_content"

    tenant_id: str = Field(primary_key=True)
    claim_id: str = Field(primary_key=True)
    key_id: str
    bound_to: str
    box: str


class EncounterRow(ClaimsTable, table=True):
    """An encounter and what bills it."""

    __tablename__ = "encounter"
    __table_args__ = (Index("encounter_by_outcome", "tenant_id", "outcome", "encounter_id"),)

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    patient_id: str
    coded_version: int
    outcome: str
    billed_cents: int = Field(sa_type=BigInteger)
    claim_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    next_claim_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    changed_at: str


class WithdrawalRow(ClaimsTable, table=True):
    """An encounter whose release coding asked back, until that is settled."""

    __tablename__ = "withdrawal"

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    coded_version: int
    withdrawal_id: str


class CoordinationRow(ClaimsTable, table=True):
    """A claim of which the next payer has to be told, until that is decided."""

    __tablename__ = "coordination"

    tenant_id: str = Field(primary_key=True)
    claim_id: str = Field(primary_key=True)
    answer_count: int


class InterchangeRow(ClaimsTable, table=True):
    """An interchange and what became of it."""

    __tablename__ = "interchange"
    __table_args__ = (
        Index("interchange_by_group", "tenant_id", "receiver_id", "group_control_number"),
        Index("interchange_by_outcome", "tenant_id", "outcome", "written_at"),
    )

    tenant_id: str = Field(primary_key=True)
    receiver_id: str = Field(primary_key=True)
    interchange_control_number: str = Field(primary_key=True)
    submitter_id: str
    group_control_number: str
    form: str
    transaction_control_numbers: list[str] = Field(sa_column=Column(JSON, nullable=False))
    claim_counts: list[int] = Field(sa_column=Column(JSON, nullable=False))
    claim_ids: list[str] = Field(sa_column=Column(JSON, nullable=False))
    billed_cents: int = Field(sa_type=BigInteger)
    sha256: str
    bytes_count: int = Field(sa_type=BigInteger)
    written_at: str
    outcome: str
    evidence: str
    settled_at: str


class AcknowledgementRow(ClaimsTable, table=True):
    """An acknowledgement file and what it spoke of."""

    __tablename__ = "acknowledgement"
    __table_args__ = (Index("acknowledgement_by_day", "tenant_id", "received_at"),)

    tenant_id: str = Field(primary_key=True)
    acknowledgement_id: str = Field(primary_key=True)
    kind: str
    sha256: str
    receiver_id: str
    interchange_control_number: str
    claim_count: int
    unknown_references: list[str] = Field(sa_column=Column(JSON, nullable=False))
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    received_at: str


async def claim(session: AsyncSession, tenant_id: str, claim_id: str) -> ClaimRow | None:
    """Find a claim."""
    return await session.get(ClaimRow, (tenant_id, claim_id))


async def claims(
    session: AsyncSession,
    tenant_id: str,
    statuses: Collection[str],
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[ClaimRow]:
    """List claims of some statuses (all if none is named) by filing deadline."""
    query = select(ClaimRow).where(col(ClaimRow.tenant_id) == tenant_id)
    if statuses:
        query = query.where(col(ClaimRow.status).in_(statuses))
    if after is not None:
        query = query.where(
            tuple_(col(ClaimRow.filing_deadline_on), col(ClaimRow.claim_id)) > after
        )
    query = query.order_by(col(ClaimRow.filing_deadline_on), col(ClaimRow.claim_id)).limit(limit)
    return (await session.exec(query)).all()


async def claims_named(
    session: AsyncSession, tenant_id: str, claim_ids: Collection[str]
) -> Sequence[ClaimRow]:
    """Find claims by id."""
    if not claim_ids:
        return []
    query = select(ClaimRow).where(
        col(ClaimRow.tenant_id) == tenant_id, col(ClaimRow.claim_id).in_(claim_ids)
    )
    return (await session.exec(query)).all()


async def interchange_numbers(
    session: AsyncSession, tenant_id: str, claim_ids: Collection[str]
) -> set[str]:
    """Name the interchanges (ISA13) that claims were last put into."""
    number = col(ClaimRow.interchange_control_number)
    query = select(number).where(
        col(ClaimRow.tenant_id) == tenant_id, col(ClaimRow.claim_id).in_(claim_ids), number != ""
    )
    return set(await session.exec(query))


async def replaced_by_them(
    session: AsyncSession, tenant_id: str, claim_ids: Collection[str]
) -> list[str]:
    """Name the claims that claims replace."""
    replaced = col(ClaimRow.replaces_claim_id)
    query = select(replaced).where(
        col(ClaimRow.tenant_id) == tenant_id, col(ClaimRow.claim_id).in_(claim_ids), replaced != ""
    )
    return list(await session.exec(query)) if claim_ids else []


async def contents(
    session: AsyncSession, tenant_id: str, claim_ids: Collection[str]
) -> dict[str, Phi]:
    """Find the sealed contents of claims."""
    if not claim_ids:
        return {}
    query = select(
        ContentRow.claim_id, ContentRow.key_id, ContentRow.bound_to, ContentRow.box
    ).where(col(ContentRow.tenant_id) == tenant_id, col(ContentRow.claim_id).in_(claim_ids))
    return {claim_id: Phi(*sealed) for claim_id, *sealed in await session.exec(query)}


async def routes_to_send(session: AsyncSession, tenant_id: str) -> Sequence[tuple[str, str, int]]:
    """List the receivers and forms that have ready claims, and how many."""
    route = (col(ClaimRow.receiver_id), col(ClaimRow.form))
    query = (
        select(*route, func.count())
        .where(col(ClaimRow.tenant_id) == tenant_id, col(ClaimRow.status) == "ready")
        .group_by(*route)
        .order_by(*route)
    )
    return [(row[0], row[1], row[2]) for row in await session.exec(query)]


async def claims_to_send(
    session: AsyncSession, tenant_id: str, receiver_id: str, form: str, limit: int
) -> list[str]:
    """List ready claims of a receiver and form, the most urgent first."""
    query = (
        select(col(ClaimRow.claim_id))
        .where(
            col(ClaimRow.tenant_id) == tenant_id,
            col(ClaimRow.status) == "ready",
            col(ClaimRow.receiver_id) == receiver_id,
            col(ClaimRow.form) == form,
        )
        .order_by(col(ClaimRow.filing_deadline_on), col(ClaimRow.claim_id))
        .limit(limit)
    )
    return list(await session.exec(query))


async def encounter(
    session: AsyncSession, tenant_id: str, encounter_id: str
) -> EncounterRow | None:
    """Find an encounter."""
    return await session.get(EncounterRow, (tenant_id, encounter_id))


async def encounters(
    session: AsyncSession, tenant_id: str, outcome: str, after: tuple[str] | None, limit: int
) -> Sequence[EncounterRow]:
    """List encounters of an outcome, such as those that wait, by id."""
    query = select(EncounterRow).where(
        col(EncounterRow.tenant_id) == tenant_id, col(EncounterRow.outcome) == outcome
    )
    if after is not None:
        query = query.where(col(EncounterRow.encounter_id) > after[0])
    query = query.order_by(col(EncounterRow.encounter_id)).limit(limit)
    return (await session.exec(query)).all()


async def withdrawals(session: AsyncSession, tenant_id: str, limit: int) -> Sequence[str]:
    """List the encounters whose release was asked back."""
    query = (
        select(col(WithdrawalRow.encounter_id))
        .where(col(WithdrawalRow.tenant_id) == tenant_id)
        .order_by(col(WithdrawalRow.encounter_id))
        .limit(limit)
    )
    return list(await session.exec(query))


async def to_coordinate(
    session: AsyncSession, tenant_id: str, after: str, limit: int
) -> Sequence[CoordinationRow]:
    """List the claims of which the next payer has to be told, by id."""
    query = (
        select(CoordinationRow)
        .where(col(CoordinationRow.tenant_id) == tenant_id, col(CoordinationRow.claim_id) > after)
        .order_by(col(CoordinationRow.claim_id))
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def claims_of_encounter(
    session: AsyncSession, tenant_id: str, encounter_id: str
) -> Sequence[str]:
    """List every claim that an encounter ever had."""
    query = (
        select(col(ClaimRow.claim_id))
        .where(col(ClaimRow.tenant_id) == tenant_id, col(ClaimRow.encounter_id) == encounter_id)
        .order_by(col(ClaimRow.claim_id))
    )
    return list(await session.exec(query))


async def corrections_wanted(
    session: AsyncSession, tenant_id: str, limit: int
) -> Sequence[ClaimRow]:
    """List claims of which a denial wants a corrected one that was not made yet."""
    successor = aliased(ClaimRow)
    made = exists().where(
        and_(
            col(successor.tenant_id) == col(ClaimRow.tenant_id),
            col(successor.replaces_claim_id) == col(ClaimRow.claim_id),
        )
    )
    query = (
        select(ClaimRow)
        .where(
            col(ClaimRow.tenant_id) == tenant_id,
            col(ClaimRow.denial_id) != "",
            col(ClaimRow.status) == "sent",
            ~made,
        )
        .limit(limit)
    )
    return (await session.exec(query)).all()


async def interchange(
    session: AsyncSession, tenant_id: str, receiver_id: str, number: str
) -> InterchangeRow | None:
    """Find an interchange."""
    return await session.get(InterchangeRow, (tenant_id, receiver_id, number))


async def interchanges(
    session: AsyncSession,
    tenant_id: str,
    outcomes: Collection[str],
    before: tuple[str, str, str] | None,
    limit: int,
) -> Sequence[InterchangeRow]:
    """List interchanges of some outcomes (all if none is named), the newest first."""
    key = (
        col(InterchangeRow.written_at),
        col(InterchangeRow.receiver_id),
        col(InterchangeRow.interchange_control_number),
    )
    query = select(InterchangeRow).where(col(InterchangeRow.tenant_id) == tenant_id)
    if outcomes:
        query = query.where(col(InterchangeRow.outcome).in_(outcomes))
    if before is not None:
        query = query.where(tuple_(*key) < before)
    query = query.order_by(*(column.desc() for column in key)).limit(limit)
    return (await session.exec(query)).all()


async def interchanges_answered(
    session: AsyncSession,
    tenant_id: str,
    receiver_id: str,
    numbers: Collection[str],
    groups: Collection[str],
) -> Sequence[InterchangeRow]:
    """Find the interchanges that an acknowledgement names by ISA13 or by GS06."""
    if not numbers and not groups:
        return []
    query = select(InterchangeRow).where(
        col(InterchangeRow.tenant_id) == tenant_id,
        col(InterchangeRow.receiver_id) == receiver_id,
        col(InterchangeRow.interchange_control_number).in_(numbers)
        | col(InterchangeRow.group_control_number).in_(groups),
    )
    return (await session.exec(query)).all()


async def acknowledgements(
    session: AsyncSession, tenant_id: str, before: tuple[str, str] | None, limit: int
) -> Sequence[AcknowledgementRow]:
    """List acknowledgement files, the newest first."""
    key = (col(AcknowledgementRow.received_at), col(AcknowledgementRow.acknowledgement_id))
    query = select(AcknowledgementRow).where(col(AcknowledgementRow.tenant_id) == tenant_id)
    if before is not None:
        query = query.where(tuple_(*key) < before)
    query = query.order_by(*(column.desc() for column in key)).limit(limit)
    return (await session.exec(query)).all()
