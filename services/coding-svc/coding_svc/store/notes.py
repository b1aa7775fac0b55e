"""Tables of notes, of what is suggested from them and learned, and of checks by new code sets."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import JSON, Column, Index, tuple_
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.model.adopted import ADOPTED_STREAM, Adopted
from coding_svc.model.encounter import Encounter, State
from coding_svc.model.services import Service
from coding_svc.store.encounters import (
    CodingTable,
    EncounterRow,
    Key,
    encounter,
    encounters_of_patient,
)
from rcm.codes.cac.feedback import Count
from rcm.codes.cac.feedback import Learned as Taught
from rcm.platform.store.tables import STREAM

_STATES: Final[msgspec.json.Decoder[State | None]] = msgspec.json.Decoder(State | None)


class NoteRow(CodingTable, table=True):
    """A note: its words sealed, what is suggested from it and what was decided in clear."""

    __tablename__ = "note"
    __table_args__ = (
        Index("note_by_encounter", "tenant_id", "encounter_id", "received_at", "note_id"),
        Index("note_waiting", "tenant_id", "is_waiting", "note_id"),
    )

    tenant_id: str = Field(primary_key=True)
    note_id: str = Field(primary_key=True)
    encounter_id: str
    patient_id: str
    note_version: int
    kind: str
    is_final: bool
    written_on: str
    is_withdrawn: bool
    is_waiting: bool
    open_count: int
    model_id: str
    code_sets: str
    coded_on: str
    suggestions: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    text: dict[str, Any] | None = Field(sa_column=Column(JSON(none_as_null=True), nullable=True))
    received_at: str


class LearnedRow(CodingTable, table=True):
    """What decisions on a code have taught: counts by term, and no word of a note."""

    __tablename__ = "learned"

    tenant_id: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    accepted: int
    rejected: int
    evidence: dict[str, list[int]] = Field(sa_column=Column(JSON, nullable=False))


class RecheckRow(CodingTable, table=True):
    """An open encounter that new code sets touched, and what its check by them led to."""

    __tablename__ = "recheck"
    __table_args__ = (Index("recheck_by_time", "tenant_id", "checked_at", "encounter_id"),)

    tenant_id: str = Field(primary_key=True)
    encounter_id: str = Field(primary_key=True)
    code_sets: str = Field(primary_key=True)
    touched_codes: list[str] = Field(sa_column=Column(JSON, nullable=False))
    changes: list[str] = Field(sa_column=Column(JSON, nullable=False, server_default="[]"))
    outcome: str
    checked_at: str


async def note(session: AsyncSession, tenant_id: str, note_id: str) -> NoteRow | None:
    """Find a note."""
    return await session.get(NoteRow, (tenant_id, note_id))


async def notes_of_encounter(
    session: AsyncSession, tenant_id: str, encounter_id: str, after: Key | None, limit: int
) -> Sequence[NoteRow]:
    """List the notes of an encounter, the newest first; not those that were taken back."""
    rows = NoteRow
    place = (col(rows.received_at), col(rows.note_id))
    query = (
        select(rows)
        .where(col(rows.tenant_id) == tenant_id, col(rows.encounter_id) == encounter_id)
        .where(col(rows.is_withdrawn).is_(False))
    )
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    newest = (column.desc() for column in place)
    return (await session.exec(query.order_by(*newest).limit(limit))).all()


async def notes_waiting(
    session: AsyncSession, tenant_id: str, after: str, limit: int
) -> Sequence[str]:
    """List the notes that no model has read as they are."""
    rows = NoteRow
    query = (
        select(col(rows.note_id))
        .where(col(rows.tenant_id) == tenant_id, col(rows.is_waiting).is_(True))
        .where(col(rows.note_id) > after)
        .order_by(col(rows.note_id))
        .limit(limit)
    )
    return list((await session.exec(query)).all())


async def taught(session: AsyncSession, tenant_id: str) -> Taught:
    """Gather what the decisions of a tenant have taught."""
    rows = (
        await session.exec(select(LearnedRow).where(col(LearnedRow.tenant_id) == tenant_id))
    ).all()
    return Taught(
        {row.code: Count(row.accepted, row.rejected) for row in rows},
        {(row.code, term): Count(*counts) for row in rows for term, counts in row.evidence.items()},
    )


async def rechecks(
    session: AsyncSession, tenant_id: str, after: Key | None, limit: int
) -> Sequence[RecheckRow]:
    """List checks of open encounters by new code sets, the newest first."""
    rows = RecheckRow
    query = select(rows).where(col(rows.tenant_id) == tenant_id)
    place = (rows.checked_at, rows.encounter_id, rows.code_sets)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    query = query.order_by(*(col(column).desc() for column in place)).limit(limit)
    return (await session.exec(query)).all()


async def adopted(session: AsyncSession, tenant_id: str) -> str:
    """Return the fingerprint of the code sets that a tenant was judged by last; empty for none."""
    query = select(STREAM.c.state).where(
        STREAM.c.tenant_id == tenant_id, STREAM.c.stream_id == ADOPTED_STREAM
    )
    found = (await session.exec(query)).one_or_none()
    state = None if found is None else _STATES.decode(found)
    return state.code_sets if isinstance(state, Adopted) else ""


async def services_beside(
    session: AsyncSession, tenant_id: str, encounter_id: str
) -> tuple[Service, ...]:
    """Gather what was billed in the patient's other encounters."""
    row = await encounter(session, tenant_id, encounter_id)
    if row is None:
        return ()
    others = await encounters_of_patient(session, tenant_id, row.patient_id)
    wanted = [other for other in others if other != encounter_id]
    if not wanted:
        return ()
    query = select(STREAM.c.state).where(
        STREAM.c.tenant_id == tenant_id, STREAM.c.stream_id.in_(wanted)
    )
    states = [_STATES.decode(found) for found in (await session.exec(query)).all()]
    return tuple(s for state in states if isinstance(state, Encounter) for s in state.services)


async def held_encounters(
    session: AsyncSession, tenant_id: str, after: str, limit: int
) -> Sequence[str]:
    """List the open encounters: held, for whatever reason."""
    rows = EncounterRow
    query = (
        select(col(rows.encounter_id))
        .where(col(rows.tenant_id) == tenant_id, col(rows.status) == "held")
        .where(col(rows.encounter_id) > after)
        .order_by(col(rows.encounter_id))
        .limit(limit)
    )
    return list((await session.exec(query)).all())
