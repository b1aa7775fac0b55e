"""A store in a PostgreSQL database of its own: asyncpg where it is hot, few round trips a batch.

The service's role owns nothing and cannot pass over row-level security; every transaction names its
tenants with `set local`, so that they are forgotten with it.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.platform.crash import CrashPoint, live_on
from rcm.platform.log.port import Draft, TopicPartition
from rcm.platform.manifest import Manifest
from rcm.platform.store.port import (
    Changes,
    Fenced,
    ForeignTenant,
    Loaded,
    ParkedEvent,
    StoreConflict,
    StoredOutcome,
    StoredStream,
    StoreUnavailable,
    Wanted,
)
from rcm.platform.store.rows import TableShape, shapes_of

_TENANT: Final = re.compile(r"[A-Za-z0-9_-]{1,63}|-", re.ASCII)
_RELAY_LOCK: Final = 0x72636D
GONE: Final = (
    OSError,
    asyncpg.InterfaceError,
    # What asyncpg raises when a server dies in the middle of a copy.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)
_CONFLICT: Final = (asyncpg.UniqueViolationError, asyncpg.TransactionRollbackError)


class UnsafeRole(RuntimeError):
    """The service's database role could see every tenant's rows."""


class PostgresStore:
    """The store of one service in one database. The migrations made its tables before."""

    def __init__(self, url: str, manifest: Manifest, *, schema: str = "public") -> None:
        self._url = url
        self._settings = {"search_path": schema}
        self.shapes: Final = shapes_of(manifest.metadata, dialect.dialect())  # type: ignore[no-untyped-call] # SQLAlchemy has no type here
        self._statements = {name: _statements(shape) for name, shape in self.shapes.items()}
        # One that only reads folds the log on from where its store is: it need not wait for disks.
        more = {} if manifest.service.topic else {"synchronous_commit": "off"}
        self._writer = _Connection(url, schema, **more)
        self._mover = _Connection(url, schema)
        self._leads = False
        self._reader = create_async_engine(
            sqlalchemy_url(url), pool_size=8, connect_args={"server_settings": self._settings}
        )

    async def check_role(self) -> None:
        """Refuse to run as a role that row-level security does not bind.

        Raises:
            UnsafeRole: It is a superuser, may bypass row-level security, or owns tables.
        """
        async with self._mover.use() as connection:
            if await connection.fetchval(
                "select rolsuper or rolbypassrls or exists("
                " select 1 from pg_tables where tableowner = current_user) "
                "from pg_roles where rolname = current_user"
            ):
                raise UnsafeRole("the role of a service must own nothing and bypass nothing")

    @asynccontextmanager
    async def transaction(self, tenants: Collection[str]) -> AsyncIterator["PostgresTransaction"]:
        """Open the writing transaction; a second one waits for the first."""
        assert tenants, "a transaction names its tenants"
        async with self._writer.use() as connection:
            await connection.execute(f"begin; {for_tenants(tenants)}")
            try:
                yield PostgresTransaction(connection, self._statements)
            finally:
                if connection.is_in_transaction():
                    await connection.execute("rollback")

    @asynccontextmanager
    async def read(self, tenant_id: str) -> AsyncIterator[AsyncSession]:
        """Open a session that reads; row-level security narrows it to the tenant."""
        try:
            async with AsyncSession(self._reader, expire_on_commit=False) as session:
                connection = await session.connection()
                await connection.execute(text("set transaction read only"))
                await connection.execute(text(for_tenants([tenant_id])))
                yield session
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            raise StoreUnavailable(type(error).__name__) from error
        except OSError as error:
            raise StoreUnavailable(type(error).__name__) from error

    async def positions(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Tell how far partitions were handled."""
        topics, partitions = _columns(places, 2)
        async with self._writer.use() as connection:
            await connection.execute(
                "insert into consumed select *, 0 from unnest($1::text[], $2::int[]) "
                "on conflict do nothing",
                topics,
                partitions,
            )
            rows = await connection.fetch("select topic, partition, next_offset from consumed")
        found = {TopicPartition(row[0], row[1]): row[2] for row in rows}
        return {place: found[place] for place in places}

    async def pending(self, rows_max: int) -> Sequence[tuple[int, Draft]]:
        """Return the oldest facts that are visible; one that commits late is found later."""
        async with self._mover.use() as connection:
            rows = await connection.fetch(
                "select position, partition, key, headers, value from outbox "
                "order by position limit $1",
                rows_max,
            )
        return [(row[0], Draft(row[1], row[2], row[3], row[4])) for row in rows]

    async def sent(self, positions: Sequence[int]) -> None:
        """Delete exactly the facts that are on the log now."""
        async with self._mover.use() as connection:
            await connection.execute(
                "delete from outbox where position = any($1::bigint[])", list(positions)
            )

    async def look_up(
        self, tenant_id: str, table: str, column: str, values: Sequence[str], wanted: str
    ) -> Sequence[tuple[str, str]]:
        """Look rows of a tenant up by an indexed column; row security holds here, too."""
        async with self.read(tenant_id) as session:
            connection = await session.connection()
            query = text(
                f'select "{column}", "{wanted}" from "{table}" '  # noqa: S608 - our own names
                f'where tenant_id = :tenant and "{column}" = any(:those)'
            )
            rows = await connection.execute(query, {"tenant": tenant_id, "those": list(values)})
            return [(row[0], row[1]) for row in rows]

    async def backlog(self) -> int:
        """Count the facts that are not yet on the log."""
        async with self._mover.use() as connection:
            return int(await connection.fetchval("select count(*) from outbox"))

    async def parked(self, tenant_id: str) -> Sequence[ParkedEvent]:
        """List a tenant's parked events."""
        async with self.read(tenant_id) as session:
            connection = await session.connection()
            rows = await connection.execute(
                text("select * from parked order by topic, partition, log_offset")
            )
            return [ParkedEvent(*row) for row in rows]

    async def parked_counts(self) -> tuple[int, int]:
        """Count parked events and blocked streams, by the one function that may."""
        async with self._mover.use() as connection:
            row = await connection.fetchrow("select events, streams from parked_counts()")
        return row["events"], row["streams"]

    async def lead(self) -> bool:
        """Hold an advisory lock; the server frees it when the connection ends."""
        async with self._mover.use() as connection:
            if self._mover.renewed or not self._leads:
                self._mover.renewed = False
                self._leads = await connection.fetchval(
                    "select pg_try_advisory_lock($1)", _RELAY_LOCK
                )
        return self._leads

    @asynccontextmanager
    async def administer(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection beside the hot path."""
        engine = create_async_engine(
            sqlalchemy_url(self._url), connect_args={"server_settings": self._settings}
        )
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def close(self) -> None:
        """Close every connection."""
        await self._reader.dispose()
        await self._writer.close()
        await self._mover.close()


class PostgresTransaction:
    """One transaction; row-level security binds it to its tenants."""

    def __init__(
        self, connection: asyncpg.Connection, statements: Mapping[str, tuple[str, str]]
    ) -> None:
        self._connection = connection
        self._statements = statements

    async def load(self, wanted: Wanted) -> Loaded:
        """Find what a batch needs to know: one query for each kind of thing."""
        found, fetch = Loaded(), self._connection.fetch
        if wanted.streams:
            for row in await fetch(
                "select s.tenant_id, s.stream_id, s.version, s.state "
                "from unnest($1::text[], $2::text[]) w(t, i) "
                "join stream s on s.tenant_id = w.t and s.stream_id = w.i",
                *_columns(wanted.streams, 2),
            ):
                found.streams[row[0], row[1]] = StoredStream(row[2], row[3])
        if wanted.upstream:
            for row in await fetch(
                "select s.tenant_id, s.source, s.stream_id, s.version "
                "from unnest($1::text[], $2::text[], $3::text[]) w(t, f, i) "
                "join inbox s on s.tenant_id = w.t and s.source = w.f and s.stream_id = w.i",
                *_columns(wanted.upstream, 3),
            ):
                found.inbox[row[0], row[1], row[2]] = row[3]
            for row in await fetch("select tenant_id, source, stream_id, version from parked"):
                found.parked.setdefault((row[0], row[1], row[2]), set()).add(row[3])
        if wanted.commands:
            for row in await fetch(
                "select s.tenant_id, s.key, s.request_hash, s.outcome "
                "from unnest($1::text[], $2::text[]) w(t, k) "
                "join idempotency s on s.tenant_id = w.t and s.key = w.k",
                *_columns(wanted.commands, 2),
            ):
                found.outcomes[row[0], row[1]] = StoredOutcome(row[2], row[3])
        return found

    async def write(self, changes: Changes, crash: CrashPoint = live_on) -> None:
        """Write what a batch decided. Rows in the order of their keys, so that two members do not
        wait for each other in a circle.
        """
        await self._move(changes)
        await self._write_streams(changes)
        for table, rows in changes.rows.items():
            upsert, delete = self._statements[table]
            ordered = sorted(rows.items(), key=lambda item: item[0])
            if gone := [key for key, values in ordered if values is None]:
                await self._connection.executemany(delete, gone)
            if there := [(*key, *values) for key, values in ordered if values is not None]:
                await self._connection.executemany(upsert, there)
        crash("rows")
        if changes.inbox:
            await self._connection.execute(
                "insert into inbox select * from unnest($1::text[], $2::text[], $3::text[], "
                "$4::bigint[]) on conflict (tenant_id, source, stream_id) "
                "do update set version = excluded.version",
                *_columns(sorted((*key, version) for key, version in changes.inbox.items()), 4),
            )
        crash("inbox")
        if changes.outcomes:
            await self._connection.execute(
                "insert into idempotency select * from unnest($1::text[], $2::text[], "
                "$3::text[], $4::bytea[])",
                *_columns(sorted((*k, *outcome) for k, outcome in changes.outcomes.items()), 4),
            )
        await self._park(changes)
        if changes.outbox:
            await self._connection.copy_records_to_table(
                "outbox", records=changes.outbox, columns=("partition", "key", "headers", "value")
            )
        crash("outbox")

    async def commit(self) -> None:
        """Make it durable."""
        await self._connection.execute("commit")

    async def _move(self, changes: Changes) -> None:
        if not changes.consumed:
            return
        moves = sorted((*place, old, new) for place, (old, new) in changes.consumed.items())
        rows = await self._connection.fetch(
            "update consumed c set next_offset = w.n "
            "from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) w(t, p, o, n) "
            "where c.topic = w.t and c.partition = w.p and c.next_offset = w.o "
            "returning c.topic, c.partition",
            *_columns(moves, 4),
        )
        moved = {TopicPartition(row[0], row[1]) for row in rows}
        if fenced := changes.consumed.keys() - moved:
            raise Fenced(fenced)

    async def _write_streams(self, changes: Changes) -> None:
        streams = sorted(changes.streams.items())
        new = [(*key, after, state) for key, (old, after, state) in streams if not old]
        known = [(*key, after, state, old) for key, (old, after, state) in streams if old]
        written = 0
        if new:
            written += _count(
                await self._connection.execute(
                    "insert into stream select * from unnest($1::text[], $2::text[], "
                    "$3::bigint[], $4::bytea[]) on conflict do nothing",
                    *_columns(new, 4),
                )
            )
        if known:
            written += _count(
                await self._connection.execute(
                    "update stream s set version = w.n, state = w.s from unnest($1::text[], "
                    "$2::text[], $3::bigint[], $4::bytea[], $5::bigint[]) w(t, i, n, s, o) "
                    "where s.tenant_id = w.t and s.stream_id = w.i and s.version = w.o",
                    *_columns(known, 5),
                )
            )
        if written != len(streams):
            raise StoreConflict

    async def _park(self, changes: Changes) -> None:
        if changes.unparked:
            await self._connection.executemany(
                "delete from parked where tenant_id=$1 and topic=$2 and partition=$3 "
                "and log_offset=$4",
                sorted(changes.unparked),
            )
        if changes.parked:
            marks = ", ".join(f"${n}" for n in range(1, len(ParkedEvent._fields) + 1))
            await self._connection.executemany(
                f"insert into parked values({marks})",
                list(changes.parked.values()),
            )


class _Connection:
    """One connection, used by one task at a time, opened again when it was lost."""

    def __init__(self, url: str, schema: str, **settings: str) -> None:
        self._url = url
        self._settings = {"search_path": schema, **settings}
        self._lock = asyncio.Lock()
        self._connection: asyncpg.Connection | None = None
        self.renewed = False

    @asynccontextmanager
    async def use(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._lock:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await asyncpg.connect(
                        self._url, server_settings=self._settings
                    )
                    self.renewed = True
                yield self._connection
            except _CONFLICT as error:
                raise StoreConflict from error
            except asyncpg.InsufficientPrivilegeError as error:
                raise ForeignTenant from error
            except GONE as error:
                await self._drop()
                raise StoreUnavailable(type(error).__name__) from error

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*GONE):
                connection.terminate()


def sqlalchemy_url(url: str) -> str:
    """Name the driver in a PostgreSQL URL."""
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def for_tenants(tenants: Iterable[str]) -> str:
    """Write the statement that narrows a transaction to some tenants."""
    named = sorted(tenants)
    assert all(map(_TENANT.fullmatch, named)), "a tenant's name is letters, digits, - and _"
    return f"set local app.tenants = '{','.join(named)}'"


def _statements(shape: TableShape) -> tuple[str, str]:
    """Upsert and delete of a table. Names come from our own metadata, never from input."""
    columns = (*shape.key, *shape.others)
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    keys = ", ".join(f'"{name}"' for name in shape.key)
    settings = ", ".join(f'"{name}"=excluded."{name}"' for name in shape.others)
    match = " and ".join(f'"{name}"=${n}' for n, name in enumerate(shape.key, 1))
    action = f"do update set {settings}" if settings else "do nothing"
    return (
        f'insert into "{shape.name}"({names}) values({marks}) on conflict ({keys}) {action}',
        f'delete from "{shape.name}" where {match}',  # noqa: S608 - own names
    )


def _columns(rows: Iterable[Sequence[Any]], count: int) -> list[list[Any]]:
    """Turn rows into the arrays that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(count)]


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
