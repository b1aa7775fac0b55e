"""A trail in the schema `audit` of the service's database, which a rebuild does not touch.

The service's role may read and insert, within its tenants; nobody may change or delete an entry.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import asyncpg

from rcm.invariants.audit import AuditEntry, Head, View, chained
from rcm.platform.audit.port import AuditFilter, TrailUnavailable
from rcm.platform.audit.sqlite import entry_of, row_of
from rcm.platform.store.migrate import EVERYBODY, GUARD
from rcm.platform.store.postgres import GONE, for_tenants

_SCHEMA: Final = """
create schema if not exists audit;
create table if not exists audit.entry(
    tenant_id text not null, sequence bigint not null, at text not null, actor text not null,
    subject_kind text not null, subject_id text not null, key_ids text not null,
    purpose_code text not null, outcome text not null, request_id text not null,
    previous_hash text not null, entry_hash text not null, primary key(tenant_id, sequence)
);
create table if not exists audit.head(
    tenant_id text primary key, sequence bigint not null, entry_hash text not null
);
create or replace function audit.refuse() returns trigger language plpgsql as
$$ begin raise exception 'the trail is append-only'; end $$;
create or replace trigger entry_stays before update or delete or truncate on audit.entry
    for each statement execute function audit.refuse();
""" + "".join(
    f"""
alter table audit.{table} enable row level security;
alter table audit.{table} force row level security;
drop policy if exists tenant on audit.{table};
create policy tenant on audit.{table} using ({GUARD}) with check ({GUARD});
drop policy if exists owner on audit.{table};
create policy owner on audit.{table} for select to current_user using ({EVERYBODY});
"""
    for table in ("entry", "head")
)


async def make_trail(owner_url: str, role: str) -> None:
    """Make the schema if it is missing, and give a role its rights: to read and to append."""
    connection = await asyncpg.connect(owner_url)
    try:
        quoted = '"' + role.replace('"', '""') + '"'
        # Members that start together would meet in the catalogue.
        await connection.execute(
            f"begin; select pg_advisory_xact_lock(7234925); {_SCHEMA}"
            f"grant usage on schema audit to {quoted};"
            f"grant select, insert on audit.entry to {quoted};"
            f"grant select, insert, update on audit.head to {quoted}; commit"
        )
    finally:
        await connection.close()


class PostgresTrail:
    """The chains of one service in its database."""

    def __init__(self, url: str, service: str, now: Callable[[], datetime]) -> None:
        self._url = url
        self._service = service
        self._now = now
        self._lock = asyncio.Lock()
        self._connection: asyncpg.Connection | None = None

    async def append(self, view: View) -> AuditEntry:
        """Add a view; the head's row lock keeps members of one service in line."""
        tenant_id = view.tenant_id
        async with self._use(tenant_id) as connection:
            await connection.execute(
                "insert into audit.head values($1, 0, '') on conflict do nothing", tenant_id
            )
            row = await connection.fetchrow(
                "select sequence, entry_hash from audit.head where tenant_id=$1 for update",
                tenant_id,
            )
            at = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            entry = chained(view, self._service, Head(self._service, tenant_id, *row), at)
            marks = ", ".join(f"${n}" for n in range(1, 13))
            await connection.execute(f"insert into audit.entry values({marks})", *row_of(entry))
            await connection.execute(
                "update audit.head set sequence=$2, entry_hash=$3 where tenant_id=$1",
                tenant_id,
                entry.sequence,
                entry.entry_hash,
            )
        return entry

    async def page(
        self, tenant_id: str, wanted: AuditFilter, before: int | None, rows_max: int
    ) -> Sequence[AuditEntry]:
        """List a tenant's entries, the last first."""
        async with self._use(tenant_id) as connection:
            rows = await connection.fetch(
                "select * from audit.entry where tenant_id=$1 and sequence < $2"
                " and $3 in ('', actor) and $4 in ('', subject_id)"
                " and ($5 = '' or key_ids::jsonb ? $5) order by sequence desc limit $6",
                tenant_id,
                before if before is not None else 2**62,
                *wanted,
                rows_max,
            )
        return [entry_of(self._service, row) for row in rows]

    async def everything(self) -> tuple[Sequence[AuditEntry], Sequence[Head]]:
        """Read every chain in order, and the heads; only the owner sees all tenants."""
        async with self._use("*") as connection:
            entries = [
                entry_of(self._service, row)
                for row in await connection.fetch(
                    'select * from audit.entry order by tenant_id collate "C", sequence'
                )
            ]
            heads = await connection.fetch("select * from audit.head where sequence > 0")
        return entries, [Head(self._service, *row) for row in heads]

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()

    @asynccontextmanager
    async def _use(self, tenant_id: str) -> AsyncIterator[Any]:
        """Open a transaction for one tenant, or as the owner for all (`*`)."""
        tenants = "set local app.tenants = '*'" if tenant_id == "*" else for_tenants([tenant_id])
        async with self._lock:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(self._url)
                async with self._connection.transaction():
                    await self._connection.execute(tenants)
                    yield self._connection
            except GONE as error:
                if self._connection is not None:
                    with contextlib.suppress(*GONE):
                        self._connection.terminate()
                    self._connection = None
                raise TrailUnavailable(type(error).__name__) from error
