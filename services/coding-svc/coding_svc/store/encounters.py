"""The tables that people and programs read, and nothing but queries of them."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import JSON, BigInteger, Column, Index, tuple_
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.model.encounter import Encounter, State
from rcm.events.phi import Phi
from rcm.platform.store.tables import STREAM


class CodingTable(SQLModel, registry=registry()):
    """Tables of coding-svc; a registry of their own, since services may share a process."""


class EncounterRow(CodingTable, table=True):
    """An encounter: what it waits for, what it is worth. Ids are opaque; there is no PHI here."""

    __tablename__ = "encounter"
    __table_args__ = (
        Index("encounter_by_status", "tenant_id", "status", "service_from", "encounter_id"),
        Index("encounter_by_patient", "tenant_id", "patient_id"),
        Index("encounter_waiting", "tenant_id", "is_waiting", "encounter_id"),
    )

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    patient_id: str
    status: str
    coded_version: int
    merged_into: str
    rework_of: str
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    is_waiting: bool
    message_count: int
    charge_count: int
    billed_cents: int = Field(sa_type=BigInteger)
    service_from: str
    drg: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True), nullable=True))
    changed_at: str


class MessageRow(CodingTable, table=True):
    """A message and what became of it, once for every encounter that it changed."""

    __tablename__ = "message"
    __table_args__ = (
        Index("message_by_outcome", "tenant_id", "outcome", "received_at", "message_id"),
        Index("message_by_encounter", "tenant_id", "encounter_id", "ordinal"),
    )

    tenant_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    control_number: str
    kind: str
    sha256: str
    sender: str
    outcome: str
    reasons: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    ordinal: int
    raw: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True), nullable=True))
    received_at: str


Key = tuple[str | int, ...]

_STATES: Final[msgspec.json.Decoder[State | None]] = msgspec.json.Decoder(State | None)


async def encounter(
    session: AsyncSession, tenant_id: str, encounter_id: str
) -> EncounterRow | None:
    """Find an encounter."""
    return await session.get(EncounterRow, (tenant_id, encounter_id))


async def sealed_account(session: AsyncSession, tenant_id: str, encounter_id: str) -> Phi | None:
    """Find the sealed account of an encounter, in the state of its stream."""
    query = select(STREAM.c.state).where(
        STREAM.c.tenant_id == tenant_id, STREAM.c.stream_id == encounter_id
    )
    found = (await session.exec(query)).one_or_none()
    state = None if found is None else _STATES.decode(found)
    return state.account if isinstance(state, Encounter) else None


async def encounters(
    session: AsyncSession, tenant_id: str, status: str, after: Key | None, limit: int
) -> Sequence[EncounterRow]:
    """List encounters of a status (or all), the oldest service first."""
    rows = EncounterRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id)
    if status:
        query = query.where(col(rows.status) == status)
    if after is not None:
        query = query.where(tuple_(rows.service_from, rows.encounter_id) > tuple_(*after))
    query = query.order_by(col(rows.service_from), col(rows.encounter_id)).limit(limit)
    return (await session.exec(query)).all()


async def encounters_of_patient(
    session: AsyncSession, tenant_id: str, patient_id: str
) -> Sequence[str]:
    """List the encounters of a patient that were not merged away."""
    rows = EncounterRow
    query = (
        select(col(rows.encounter_id))
        .where(col(rows.tenant_id) == tenant_id, col(rows.patient_id) == patient_id)
        .where(col(rows.status) != "merged")
        .order_by(col(rows.encounter_id))
        .limit(500)
    )
    return list((await session.exec(query)).all())


async def waiting_encounters(
    session: AsyncSession, tenant_id: str, after: str, limit: int
) -> Sequence[str]:
    """List encounters that wait only for days to pass."""
    rows = EncounterRow
    query = (
        select(col(rows.encounter_id))
        .where(col(rows.tenant_id) == tenant_id, col(rows.is_waiting).is_(True))
        .where(col(rows.encounter_id) > after)
        .order_by(col(rows.encounter_id))
        .limit(limit)
    )
    return list((await session.exec(query)).all())


async def messages(
    session: AsyncSession, tenant_id: str, outcome: str, after: Key | None, limit: int
) -> Sequence[MessageRow]:
    """List messages of an outcome (or all), the newest first."""
    rows = MessageRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id)
    if outcome:
        query = query.where(col(rows.outcome) == outcome)
    place = (rows.received_at, rows.message_id, rows.encounter_id)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    query = query.order_by(*(col(column).desc() for column in place)).limit(limit)
    return (await session.exec(query)).all()


async def message(session: AsyncSession, tenant_id: str, message_id: str) -> Sequence[MessageRow]:
    """Find what became of a message, at each encounter that it changed."""
    rows = MessageRow
    query = (
        select(rows)
        .where(col(rows.tenant_id) == tenant_id, col(rows.message_id) == message_id)
        .order_by(col(rows.encounter_id))
    )
    return (await session.exec(query)).all()


async def messages_of_encounter(
    session: AsyncSession, tenant_id: str, encounter_id: str, after: Key | None, limit: int
) -> Sequence[MessageRow]:
    """List the messages of an encounter, the oldest first."""
    rows = MessageRow
    place = (col(rows.ordinal), col(rows.message_id))
    query = select(rows).where(
        col(rows.tenant_id) == tenant_id, col(rows.encounter_id) == encounter_id
    )
    if after is not None:
        query = query.where(tuple_(*place) > tuple_(*after))
    return (await session.exec(query.order_by(*place).limit(limit))).all()
