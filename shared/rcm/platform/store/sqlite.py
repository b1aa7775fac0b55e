"""A store in one SQLite file: WAL, synchronous=FULL, raw sqlite3 where it is hot. A service that
only reads loses nothing with its last commits, for it folds the log on from where its store is: it
does not wait for the disk.

The hot path runs in the event loop's own thread: a statement is a function call of microseconds,
and a hop to another thread would cost more. A commit that waits for the disk takes milliseconds:
that one is handed to a thread, and the loop serves others meanwhile. One connection writes, and
whoever asks it anything holds its lock, so that nobody sees what is not yet committed; sessions
that read have their own, in WAL beside it.
"""

import asyncio
import fcntl
import sqlite3
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from sqlalchemy import event
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.platform.crash import CrashPoint, live_on
from rcm.platform.disk import DiskThread
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
from rcm.platform.store.rows import TENANT, TableShape, shapes_of

_BUSY_S: Final = 30.0


class SqliteStore:
    """The store of one service in one file. The migrations made its tables before."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path: Final = path
        self.shapes: Final = shapes_of(manifest.metadata, dialect.dialect())
        self._db = _connect(path, "full" if manifest.service.topic else "normal")
        self._disk = DiskThread() if manifest.service.topic else None
        self._lock = asyncio.Lock()
        self._statements = {name: _statements(shape) for name, shape in self.shapes.items()}
        self._lead: IO[bytes] | None = None
        self._reader = create_async_engine(f"sqlite+aiosqlite:///{path}")
        event.listen(self._reader.sync_engine, "connect", _only_read)

    @asynccontextmanager
    async def transaction(self, tenants: Collection[str]) -> AsyncIterator["SqliteTransaction"]:
        """Open the writing transaction; a second one waits for the first."""
        assert tenants, "a transaction names its tenants"
        async with self._lock:
            try:
                self._db.execute("begin immediate")
                yield SqliteTransaction(self._db, self._statements, frozenset(tenants), self._disk)
            except sqlite3.Error as error:
                raise StoreUnavailable(type(error).__name__) from error
            finally:
                if self._db.in_transaction:
                    self._db.execute("rollback")

    @asynccontextmanager
    async def read(self, tenant_id: str) -> AsyncIterator[AsyncSession]:
        """Open a session that reads; every entity that it selects is narrowed to the tenant."""
        async with AsyncSession(self._reader, expire_on_commit=False) as session:

            def narrow(state: ORMExecuteState) -> None:
                entities = {mapper.class_ for mapper in state.all_mappers}
                state.statement = state.statement.options(
                    *(
                        with_loader_criteria(entity, _of_tenant(entity, tenant_id))
                        for entity in entities
                    )
                )

            _on_execute(session.sync_session, narrow)
            yield session

    async def positions(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Tell how far partitions were handled."""
        async with self._lock:
            self._db.executemany("insert or ignore into consumed values(?, ?, 0)", list(places))
            found = {
                TopicPartition(topic, partition): after
                for topic, partition, after in self._db.execute("select * from consumed")
            }
        return {place: found[place] for place in places}

    async def pending(self, rows_max: int) -> Sequence[tuple[int, Draft]]:
        """Return the oldest facts that are not known to be on the log."""
        async with self._lock:
            return [
                (row[0], Draft(*row[1:]))
                for row in self._db.execute(
                    "select position, partition, key, headers, value from outbox "
                    "order by position limit ?",
                    (rows_max,),
                )
            ]

    async def sent(self, positions: Sequence[int]) -> None:
        """Delete facts that are on the log now; as one range where they are without a gap.

        Not synchronized to the disk: a power cut may bring some back, and they are published again.
        """
        first, last = positions[0], positions[-1]
        async with self._lock:
            self._db.execute("pragma synchronous=normal")
            try:
                if last - first + 1 == len(positions):
                    self._db.execute(
                        "delete from outbox where position between ? and ?", (first, last)
                    )
                else:
                    self._db.executemany(
                        "delete from outbox where position=?", [(one,) for one in positions]
                    )
            finally:
                self._db.execute("pragma synchronous=full")

    async def look_up(
        self, tenant_id: str, table: str, column: str, values: Sequence[str], wanted: str
    ) -> Sequence[tuple[str, str]]:
        """Look rows of a tenant up by an indexed column, in the file that is open anyway."""
        marks = ",".join("?" * len(values))
        async with self._lock:
            try:
                return self._db.execute(
                    f'select "{column}", "{wanted}" from "{table}" where tenant_id=? '  # noqa: S608 - our own names, and marks
                    f'and "{column}" in ({marks})',
                    (tenant_id, *values),
                ).fetchall()
            except sqlite3.Error as error:
                raise StoreUnavailable(type(error).__name__) from error

    async def backlog(self) -> int:
        """Count the facts that are not yet on the log."""
        async with self._lock:
            (count,) = self._db.execute("select count(*) from outbox").fetchone()
        return int(count)

    async def parked(self, tenant_id: str) -> Sequence[ParkedEvent]:
        """List a tenant's parked events."""
        async with self._lock:
            return [
                ParkedEvent(*row)
                for row in self._db.execute(
                    "select * from parked where tenant_id=? order by topic, partition, log_offset",
                    (tenant_id,),
                )
            ]

    async def parked_counts(self) -> tuple[int, int]:
        """Count parked events and blocked streams."""
        async with self._lock:
            events, streams = self._db.execute(
                "select coalesce(sum(n), 0), count(*) from "
                "(select count(*) n from parked group by tenant_id, source, stream_id)"
            ).fetchone()
        return events, streams

    async def lead(self) -> bool:
        """Hold a lock on a file beside the store; the kernel frees it when the process ends."""
        if self._lead is None:
            handle = self.path.with_suffix(".relay").open("wb")
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.close()
                return False
            self._lead = handle
        return True

    @asynccontextmanager
    async def administer(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for rebuild, dump and migration."""
        engine = create_async_engine(f"sqlite+aiosqlite:///{self.path}")
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    async def close(self) -> None:
        """Close the file."""
        await self._reader.dispose()
        if self._disk is not None:
            self._disk.close()
        self._db.close()
        if self._lead is not None:
            self._lead.close()


class SqliteTransaction:
    """One write transaction; it holds the write lock from its first statement."""

    def __init__(
        self,
        db: sqlite3.Connection,
        statements: Mapping[str, tuple[str, str]],
        tenants: frozenset[str],
        disk: DiskThread | None,
    ) -> None:
        self._db = db
        self._statements = statements
        self._tenants = tenants
        self._disk = disk

    async def load(self, wanted: Wanted) -> Loaded:
        """Find what a batch needs to know: one statement for each kind of thing."""
        found = Loaded()
        for tenant_id, stream_id, version, state in self._db.execute(
            "select s.tenant_id, s.stream_id, s.version, s.state from json_each(?) w "
            "cross join stream s on s.tenant_id = w.value->>0 and s.stream_id = w.value->>1",
            (_json(wanted.streams),),
        ):
            found.streams[tenant_id, stream_id] = StoredStream(version, state)
        for tenant_id, source, stream_id, version in self._db.execute(
            "select s.tenant_id, s.source, s.stream_id, s.version from json_each(?) w "
            "cross join inbox s on s.tenant_id = w.value->>0 and s.source = w.value->>1 "
            "and s.stream_id = w.value->>2",
            (_json(wanted.upstream),),
        ):
            found.inbox[tenant_id, source, stream_id] = version
        if wanted.commands:
            for tenant_id, key, request_hash, outcome in self._db.execute(
                "select s.tenant_id, s.key, s.request_hash, s.outcome from json_each(?) w "
                "cross join idempotency s on s.tenant_id = w.value->>0 and s.key = w.value->>1",
                (_json(wanted.commands),),
            ):
                found.outcomes[tenant_id, key] = StoredOutcome(request_hash, outcome)
        for tenant_id, source, stream_id, version in self._db.execute(
            "select tenant_id, source, stream_id, version from parked"
        ):
            found.parked.setdefault((tenant_id, source, stream_id), set()).add(version)
        return found

    async def write(self, changes: Changes, crash: CrashPoint = live_on) -> None:
        """Write what a batch decided."""
        db = self._db
        self._only_own_tenants(changes)
        fenced = [
            place
            for place, (old, new) in changes.consumed.items()
            if db.execute(
                "update consumed set next_offset=? where topic=? and partition=? and next_offset=?",
                (new, *place, old),
            ).rowcount
            != 1
        ]
        if fenced:
            raise Fenced(fenced)
        written = db.executemany(
            "insert into stream values(?, ?, ?, ?) on conflict do update set "
            "version=excluded.version, state=excluded.state where stream.version=?",
            [(*key, new, state, old) for key, (old, new, state) in changes.streams.items()],
        ).rowcount
        if written != len(changes.streams) and changes.streams:
            raise StoreConflict
        for table, rows in changes.rows.items():
            upsert, delete = self._statements[table]
            gone = [key for key, values in rows.items() if values is None]
            if gone:
                db.executemany(delete, gone)
            db.executemany(upsert, [(*k, *v) for k, v in rows.items() if v is not None])
        crash("rows")
        db.executemany(
            "insert into outbox(partition, key, headers, value) values(?, ?, ?, ?)", changes.outbox
        )
        crash("outbox")
        db.executemany(
            "insert or replace into inbox values(?, ?, ?, ?)",
            [(*key, version) for key, version in changes.inbox.items()],
        )
        crash("inbox")
        db.executemany(
            "insert into idempotency values(?, ?, ?, ?)",
            [(*key, *outcome) for key, outcome in changes.outcomes.items()],
        )
        db.executemany(
            "delete from parked where tenant_id=? and topic=? and partition=? and log_offset=?",
            list(changes.unparked),
        )
        marks = ", ".join("?" * len(ParkedEvent._fields))
        db.executemany(
            f"insert or replace into parked values({marks})",
            list(changes.parked.values()),
        )

    async def commit(self) -> None:
        """Make it durable."""
        if self._disk is None:
            self._db.execute("commit")
        else:
            await self._disk(self._db.execute, "commit")

    def _only_own_tenants(self, changes: Changes) -> None:
        """What row-level security is on PostgreSQL: a row of another tenant stops the batch."""
        named = {key[0] for key in changes.streams} | {key[0] for key in changes.inbox}
        named |= {key[0] for rows in changes.rows.values() for key in rows}
        named |= {key[0] for key in changes.outcomes} | {key[0] for key in changes.parked}
        if not named <= self._tenants:
            raise ForeignTenant


def _connect(path: Path, synchronous: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
    db.executescript(
        f"pragma journal_mode=wal; pragma synchronous={synchronous};"
        "pragma wal_autocheckpoint=4000;"
        "pragma cache_size=-65536;"
    )
    return db


def _statements(shape: TableShape) -> tuple[str, str]:
    """Upsert and delete of a table. Names come from our own metadata, never from input."""
    columns = (*shape.key, *shape.others)
    settings = ", ".join(f'"{name}"=excluded."{name}"' for name in shape.others)
    match = " and ".join(f'"{name}"=?' for name in shape.key)
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    action = f"do update set {settings}" if settings else "do nothing"
    return (
        f'insert into "{shape.name}"({names}) values({marks}) on conflict {action}',
        f'delete from "{shape.name}" where {match}',  # noqa: S608 - own names
    )


def _json(keys: Collection[tuple[str, ...]]) -> str:
    """Write keys for `json_each`."""
    return msgspec.json.encode(keys).decode()


def _only_read(connection: Any, _record: Any) -> None:
    connection.execute("pragma query_only=on")


def _of_tenant(entity: type[SQLModel], tenant_id: str) -> Any:
    return getattr(entity, TENANT) == tenant_id


def _on_execute(session: Session, narrow: Any) -> None:
    event.listen(session, "do_orm_execute", narrow)
