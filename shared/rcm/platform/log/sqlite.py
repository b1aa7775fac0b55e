"""The embedded log: one SQLite file that several processes of one machine share.

Offsets are dense per partition, an append is one transaction, and what was acknowledged survives
kill -9 and power loss (WAL, synchronous=FULL). A record's row id is its place and offset, so that a
range of a partition is a range of the table. Readers poll `PRAGMA data_version`, which costs a
microsecond. Local disk only.
"""

import asyncio
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rcm.platform.disk import DiskThread
from rcm.platform.log.port import (
    Draft,
    LogUnavailable,
    Membership,
    Record,
    TopicPartition,
)

POLL_S: Final = 0.003
POLL_IDLE_S: Final = 0.03
"""The longest pause between looks at an unchanged file: an idle service costs next to nothing."""

LEASE_S: Final = 3.0
_RENEW_S: Final = 1.0
_BUSY_S: Final = 30.0
_OFFSET_BITS: Final = 40
_OFFSET_MASK: Final = (1 << _OFFSET_BITS) - 1

_SCHEMA: Final = """
pragma page_size=8192;
pragma journal_mode=wal;
create table if not exists head(
    place integer primary key, topic text not null, partition integer not null,
    next_offset integer not null, unique(topic, partition));
create table if not exists record(
    position integer primary key, appended_ms integer not null,
    key blob not null, headers blob not null, value blob not null);
create table if not exists member(
    group_name text not null, name text not null, expires_s real not null,
    primary key(group_name, name)) without rowid;
create table if not exists lease(
    group_name text not null, place integer not null, name text not null,
    expires_s real not null, primary key(group_name, place)) without rowid;
"""


class SqliteLog:
    """The log in one file. `create` comes first: a change to WAL needs the file alone."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise FileNotFoundError(f"no log at {path}: create it before services start")
        self._db = _connect(path)
        self._path = path
        self._places: dict[TopicPartition, int] = {}
        self._disk = DiskThread()
        self._lock = asyncio.Lock()
        self._refresh()

    @classmethod
    def create(cls, path: Path, topics: Mapping[str, int]) -> None:
        """Make the file and the topics that are missing; may be repeated.

        Raises:
            ValueError: A topic exists with another number of partitions, which would break the
                order by key.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        db = _connect(path)
        try:
            db.executescript(_SCHEMA)
            with _transaction(db):
                for topic, count in sorted(topics.items()):
                    (there,) = db.execute(
                        "select count(*) from head where topic=?", (topic,)
                    ).fetchone()
                    if there not in (0, count):
                        raise ValueError(f"{topic} has {there} partitions, not {count}")
                    if not there:
                        db.executemany(
                            "insert into head(topic, partition, next_offset) values(?, ?, 0)",
                            [(topic, partition) for partition in range(count)],
                        )
        finally:
            db.close()

    async def publish(self, topic: str, drafts: Sequence[Draft]) -> None:
        """Append records in one transaction."""
        async with self._lock:
            try:
                await self._disk(self._append, topic, drafts)
            except sqlite3.Error as error:
                raise LogUnavailable(type(error).__name__) from error

    def _append(self, topic: str, drafts: Sequence[Draft]) -> None:
        now_ms = time.time_ns() // 1_000_000
        with _transaction(self._db) as db:
            heads = self._heads(topic)
            first = {partition: after for partition, (_, after) in heads.items()}
            nexts = dict(first)
            rows = []
            for partition, key, headers, value in drafts:
                offset = nexts[partition]
                nexts[partition] = offset + 1
                position = heads[partition][0] << _OFFSET_BITS | offset
                rows.append((position, now_ms, key, headers, value))
            db.executemany("insert into record values(?, ?, ?, ?, ?)", rows)
            db.executemany(
                "update head set next_offset=? where place=?",
                [
                    (after, heads[partition][0])
                    for partition, after in nexts.items()
                    if after != first[partition]
                ],
            )

    async def subscribe(
        self, group: str, member: str, topics: Sequence[str], membership: Membership
    ) -> "SqliteConsumer":
        """Join a group; partitions are leased, and shared evenly among the members alive."""
        async with self._lock:
            self._refresh()
        places = {
            place: number for place, number in self._places.items() if place.topic in set(topics)
        }
        consumer = SqliteConsumer(_connect(self._path), group, member, places, membership)
        await consumer.renew()
        return consumer

    async def partition_count(self, topic: str) -> int:
        """Tell how many partitions a topic has."""
        async with self._lock:
            return len(self._heads(topic))

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Tell the next offset of each partition."""
        async with self._lock:
            return {partition: after for partition, (_, after) in self._heads(topic).items()}

    async def read(self, topic: str, partition: int, offset: int) -> Record | None:
        """Read one record."""
        found = await self.read_range(topic, partition, offset, offset + 1, 1)
        return found[0] if found else None

    async def read_range(
        self, topic: str, partition: int, start: int, end: int, records_max: int
    ) -> list[Record]:
        """Read on from an offset."""
        place = TopicPartition(topic, partition)
        async with self._lock:
            if place not in self._places:
                self._refresh()
            return _records(self._db, place, self._places[place], start, end, records_max)

    async def heads(self, positions: Mapping[TopicPartition, int]) -> dict[TopicPartition, Record]:
        """Read the record at each of these positions."""
        found = {place: await self.read(*place, offset) for place, offset in positions.items()}
        return {place: record for place, record in found.items() if record is not None}

    async def close(self) -> None:
        """Close the file."""
        self._disk.close()
        self._db.close()

    def _refresh(self) -> None:
        self._places = {
            TopicPartition(topic, partition): place
            for place, topic, partition in self._db.execute(
                "select place, topic, partition from head"
            )
        }

    def _heads(self, topic: str) -> dict[int, tuple[int, int]]:
        """Place and next offset of each partition of a topic."""
        return {
            partition: (place, after)
            for partition, place, after in self._db.execute(
                "select partition, place, next_offset from head where topic=?", (topic,)
            )
        }


class SqliteConsumer:
    """A member of a group. Holds leases, renews them while it fetches, and gives them back."""

    def __init__(
        self,
        db: sqlite3.Connection,
        group: str,
        member: str,
        places: Mapping[TopicPartition, int],
        membership: Membership,
    ) -> None:
        self._db = db
        self._group = group
        # A member that was killed comes back under its name and finds its leases still its own.
        self._name = member
        self._places = dict(places)
        self._membership = membership
        self._positions: dict[TopicPartition, int] = {}
        self._renew_at = 0.0
        self._seen_version = -1
        self._pause_s = POLL_S

    @property
    def owned(self) -> frozenset[TopicPartition]:
        """The partitions that are ours now."""
        return frozenset(self._positions)

    async def fetch(self, records_max: int) -> list[Record]:
        """Take what is there, a fair share of each partition.

        Raises:
            LogUnavailable: The file cannot be read or locked.
        """
        try:
            return await self._fetch(records_max)
        except sqlite3.Error as error:
            raise LogUnavailable(type(error).__name__) from error

    async def _fetch(self, records_max: int) -> list[Record]:
        if time.monotonic() >= self._renew_at:
            await self.renew()
        if not records_max:
            return []
        (version,) = self._db.execute("pragma data_version").fetchone()
        if version == self._seen_version:
            return []
        heads = dict(self._db.execute("select place, next_offset from head"))
        lags = {
            place: lag
            for place, position in self._positions.items()
            if (lag := heads[self._places[place]] - position) > 0
        }
        # The least behind first: what they leave of their share goes to the others.
        behind = sorted(lags, key=lags.__getitem__)
        found: list[Record] = []
        for number, place in enumerate(behind):
            start, end = self._positions[place], heads[self._places[place]]
            share = max((records_max - len(found)) // (len(behind) - number), 1)
            found += _records(self._db, place, self._places[place], start, end, share)
            self._positions[place] = min(start + share, end)
        if all(self._positions[place] == heads[self._places[place]] for place in behind):
            self._seen_version = version
        return found

    async def wait(self) -> None:
        """Return when the file changed, or a lease is to be renewed."""
        while time.monotonic() < self._renew_at:
            await asyncio.sleep(self._pause_s)
            if self._db.execute("pragma data_version").fetchone()[0] != self._seen_version:
                self._pause_s = POLL_S
                return
            self._pause_s = min(self._pause_s * 1.2, POLL_IDLE_S)

    async def rewind(self, places: Collection[TopicPartition]) -> None:
        """Ask anew for the positions of partitions that are still ours."""
        ours = [place for place in places if place in self._positions]
        self._positions.update(await self._membership.assigned(ours))
        self._seen_version = -1

    async def mirror(self, positions: Mapping[TopicPartition, int]) -> None:
        """Do nothing: the pipeline page reads stores."""

    async def close(self) -> None:
        """Give the leases back."""
        with _transaction(self._db) as db:
            us = (self._group, self._name)
            db.execute("delete from lease where group_name=? and name=?", us)
            db.execute("delete from member where group_name=? and name=?", us)
        self._db.close()

    async def renew(self) -> None:
        """Say that we live; take, keep and give up leases."""
        now = time.time()
        with _transaction(self._db) as db:
            db.execute("delete from member where expires_s < ?", (now,))
            db.execute(
                "insert or replace into member values(?, ?, ?)",
                (self._group, self._name, now + LEASE_S),
            )
            wanted = self._share(db)
            held = {place for place in self._positions if place in wanted}
            granted = {place for place in wanted if self._take(db, self._places[place], now)}
        lost = [place for place in self._positions if place not in granted]
        if lost:
            await self._membership.revoked(lost)
            for place in lost:
                del self._positions[place]
            given_up = [(self._group, self._places[p], self._name) for p in lost]
            with _transaction(self._db) as db:
                db.executemany(
                    "delete from lease where group_name=? and place=? and name=?", given_up
                )
        gained = sorted(granted - held)
        if gained:
            self._positions.update(await self._membership.assigned(gained))
            self._seen_version = -1
        self._renew_at = time.monotonic() + _RENEW_S

    def _share(self, db: sqlite3.Connection) -> set[TopicPartition]:
        """Every member computes the same division from the members alive."""
        members = [
            name
            for (name,) in db.execute(
                "select name from member where group_name=? order by name", (self._group,)
            )
        ]
        own = members.index(self._name)
        return {
            place
            for number, place in enumerate(sorted(self._places))
            if number % len(members) == own
        }

    def _take(self, db: sqlite3.Connection, place: int, now: float) -> bool:
        """Take or extend one lease; False while somebody else holds it."""
        return (
            db.execute(
                "insert into lease values(?, ?, ?, ?) on conflict do update set "
                "name=excluded.name, expires_s=excluded.expires_s "
                "where lease.name=excluded.name or lease.expires_s < ?",
                (self._group, place, self._name, now + LEASE_S, now),
            ).rowcount
            == 1
        )


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
    db.executescript(
        "pragma synchronous=full; pragma mmap_size=268435456; pragma wal_autocheckpoint=4000;"
    )
    return db


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("begin immediate")
    try:
        yield db
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def _records(
    db: sqlite3.Connection,
    place: TopicPartition,
    number: int,
    start: int,
    end: int,
    records_max: int,
) -> list[Record]:
    base = number << _OFFSET_BITS
    topic, partition = place
    return [
        Record(topic, partition, position & _OFFSET_MASK, key, headers, value)
        for position, key, headers, value in db.execute(
            "select position, key, headers, value from record "
            "where position >= ? and position < ? order by position limit ?",
            (base | start, base | end, records_max),
        )
    ]
