"""What an analytic export reads: released versions, and the sealed accounts they belong to."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import func, select, tuple_
from sqlmodel import col
from sqlmodel import select as rows_of
from sqlmodel.ext.asyncio.session import AsyncSession

from coding_svc.model.encounter import Encounter, State
from coding_svc.store.audit import OverrideRow
from coding_svc.store.desk import ReleaseRow
from coding_svc.store.encounters import Key
from rcm.events.phi import Phi
from rcm.platform.store.tables import STREAM

_STATES: Final[msgspec.json.Decoder[State | None]] = msgspec.json.Decoder(State | None)


async def releases_of_year(
    session: AsyncSession, tenant_id: str, year: int | None, after: Key | None, limit: int
) -> Sequence[ReleaseRow]:
    """List released versions, of all years or of those released in one, by encounter."""
    rows = ReleaseRow
    query = rows_of(rows).where(col(rows.tenant_id) == tenant_id)
    if year is not None:
        query = query.where(col(rows.released_on) >= f"{year:04d}-01-01")
        query = query.where(col(rows.released_on) <= f"{year:04d}-12-31")
    if after is not None:
        query = query.where(tuple_(rows.encounter_id, rows.coded_version) > tuple_(*after))
    query = query.order_by(col(rows.encounter_id), col(rows.coded_version)).limit(limit)
    return (await session.exec(query)).all()


async def newest_versions(
    session: AsyncSession, tenant_id: str, encounter_ids: Sequence[str]
) -> dict[str, int]:
    """Return the last released version of each encounter."""
    rows = ReleaseRow
    query: Any = (
        select(col(rows.encounter_id), func.max(col(rows.coded_version)))
        .where(col(rows.tenant_id) == tenant_id, col(rows.encounter_id).in_(encounter_ids))
        .group_by(col(rows.encounter_id))
    )
    return dict((await session.exec(query)).all())


async def sealed_accounts(
    session: AsyncSession, tenant_id: str, encounter_ids: Sequence[str]
) -> dict[str, Phi]:
    """Return the sealed account of each encounter that has one."""
    query: Any = select(STREAM.c.stream_id, STREAM.c.state).where(
        STREAM.c.tenant_id == tenant_id, STREAM.c.stream_id.in_(encounter_ids)
    )
    found = {}
    for stream_id, stored in await session.exec(query):
        state = _STATES.decode(stored)
        if isinstance(state, Encounter) and state.account is not None:
            found[stream_id] = state.account
    return found


async def overruled_rules(
    session: AsyncSession, tenant_id: str, encounter_ids: Sequence[str]
) -> dict[str, list[str]]:
    """Return by encounter the rules that people set aside, each once."""
    rows = OverrideRow
    query = rows_of(rows).where(
        col(rows.tenant_id) == tenant_id, col(rows.encounter_id).in_(encounter_ids)
    )
    found: dict[str, list[str]] = {}
    for row in (await session.exec(query)).all():
        for one in row.overruled:
            rules = found.setdefault(row.encounter_id, [])
            if one["rule_id"] not in rules:
                rules.append(one["rule_id"])
    return found
