"""A trail in an SQLite file of its own: `<data>/audit/<service>.db`, mode 0600."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rcm.invariants.audit import AuditEntry, Head, View, chained
from rcm.platform.audit.port import AuditFilter, TrailUnavailable

_SCHEMA: Final = """
pragma journal_mode=wal; pragma synchronous=full;
create table if not exists entry(
    tenant_id text not null, sequence integer not null, at text not null, actor text not null,
    subject_kind text not null, subject_id text not null, key_ids text not null,
    purpose_code text not null, outcome text not null, request_id text not null,
    previous_hash text not null, entry_hash text not null, primary key(tenant_id, sequence)
) without rowid;
create table if not exists head(
    tenant_id text primary key, sequence integer not null, entry_hash text not null
) without rowid;
create trigger if not exists entry_stays before delete on entry
    begin select raise(abort, 'the trail is append-only'); end;
create trigger if not exists entry_is_fixed before update on entry
    begin select raise(abort, 'the trail is append-only'); end;
"""


class SqliteTrail:
    """The chains of one service in a file."""

    def __init__(self, path: Path, service: str, now: Callable[[], datetime]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._service = service
        self._now = now
        self._lock = asyncio.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self._db.executescript(_SCHEMA)

    async def append(self, view: View) -> AuditEntry:
        """Add a view to its tenant's chain, in one transaction with the head."""
        async with self._lock:
            try:
                return await asyncio.to_thread(self._append, view)
            except sqlite3.Error as error:
                raise TrailUnavailable(type(error).__name__) from error

    async def page(
        self, tenant_id: str, wanted: AuditFilter, before: int | None, rows_max: int
    ) -> Sequence[AuditEntry]:
        """List a tenant's entries, the last first."""
        rows = self._db.execute(
            "select * from entry e where tenant_id=? and sequence < ?"
            " and ? in ('', actor) and ? in ('', subject_id) and (? = '' or exists("
            " select 1 from json_each(e.key_ids) k where k.value = ?))"
            " order by sequence desc limit ?",
            (tenant_id, before if before is not None else 2**62, wanted.actor, wanted.subject_id,
             wanted.key_id, wanted.key_id, rows_max),
        )  # fmt: skip
        return [self._entry(row) for row in rows]

    async def everything(self) -> tuple[Sequence[AuditEntry], Sequence[Head]]:
        """Read every chain in order, and the heads."""
        rows = self._db.execute("select * from entry order by tenant_id, sequence")
        entries = [self._entry(row) for row in rows]
        heads = self._db.execute("select tenant_id, sequence, entry_hash from head")
        return entries, [Head(self._service, *row) for row in heads]

    async def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _append(self, view: View) -> AuditEntry:
        self._db.execute("begin immediate")
        try:
            row = self._db.execute(
                "select sequence, entry_hash from head where tenant_id=?", (view.tenant_id,)
            ).fetchone()
            before = Head(self._service, view.tenant_id, *(row or (0, "")))
            at = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            entry = chained(view, self._service, before, at)
            self._db.execute(f"insert into entry values({', '.join('?' * 12)})", row_of(entry))
            self._db.execute(
                "insert or replace into head values(?, ?, ?)",
                (entry.tenant_id, entry.sequence, entry.entry_hash),
            )
            self._db.execute("commit")
        finally:
            if self._db.in_transaction:
                self._db.execute("rollback")
        return entry

    def _entry(self, row: Sequence[Any]) -> AuditEntry:
        return entry_of(self._service, row)


def row_of(entry: AuditEntry) -> tuple[Any, ...]:
    """Order an entry's values as the table has them."""
    return (
        entry.tenant_id, entry.sequence, entry.at, entry.actor, entry.subject_kind,
        entry.subject_id, json.dumps(entry.key_ids), entry.purpose_code, entry.outcome,
        entry.request_id, entry.previous_hash, entry.entry_hash,
    )  # fmt: skip


def entry_of(service: str, row: Sequence[Any]) -> AuditEntry:
    """Read an entry from a row of the table."""
    return AuditEntry(
        service=service,
        tenant_id=row[0],
        sequence=row[1],
        at=row[2],
        actor=row[3],
        subject_kind=row[4],
        subject_id=row[5],
        key_ids=json.loads(row[6]),
        purpose_code=row[7],
        outcome=row[8],
        request_id=row[9],
        previous_hash=row[10],
        entry_hash=row[11],
    )
