"""What the engine and the relay ask of a store. One suite holds every implementation to it.

Every transaction names its tenants: there is no way to open one without. What only moves data
between store and log (`outbox`, `consumed`) has its own methods, which see no tenant's rows.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.platform.crash import CrashPoint, live_on
from rcm.platform.log.port import Draft, TopicPartition

StreamKey = tuple[str, str]
"""Tenant and stream of this service."""

UpstreamKey = tuple[str, str, str]
"""Tenant, source and stream of another service."""

CommandKey = tuple[str, str]
"""Tenant and command id or Idempotency-Key."""


class StoreConflict(Exception):
    """Another member changed what this transaction rests on. Nothing was written; try again."""


class Fenced(Exception):
    """Another member handles these partitions by now. Nothing was written."""

    def __init__(self, places: Collection[TopicPartition]) -> None:
        super().__init__("consumed positions moved")
        self.places = frozenset(places)


class ForeignTenant(Exception):
    """A row belongs to a tenant that its transaction has not named. Nothing was written."""


class StoreUnavailable(Exception):
    """The database cannot be reached or gave up. Nothing was written, or it cannot be told."""


class StoredStream(NamedTuple):
    """A stream as it is stored."""

    version: int
    state: bytes


class StoredOutcome(NamedTuple):
    """What an earlier command did."""

    request_hash: str
    outcome: bytes


class ParkedEvent(NamedTuple):
    """An upstream event that waits for an operator."""

    tenant_id: str
    topic: str
    partition: int
    offset: int
    source: str
    stream_id: str
    version: int
    event_id: str
    event_type: str
    cause: str
    reason: str
    parked_at: str


@dataclass(slots=True)
class Wanted:
    """What a batch needs to know before it decides.

    Attributes:
        streams: Own streams.
        upstream: Streams of other services.
        commands: Command ids and Idempotency-Keys.
    """

    streams: set[StreamKey] = field(default_factory=set)
    upstream: set[UpstreamKey] = field(default_factory=set)
    commands: set[CommandKey] = field(default_factory=set)


@dataclass(slots=True)
class Loaded:
    """What was found of it; what does not exist is absent.

    Attributes:
        streams: Own streams.
        inbox: The last version handled of each upstream stream.
        outcomes: Commands that were carried out before.
        parked: For each upstream stream with parked events, their versions.
    """

    streams: dict[StreamKey, StoredStream] = field(default_factory=dict)
    inbox: dict[UpstreamKey, int] = field(default_factory=dict)
    outcomes: dict[CommandKey, StoredOutcome] = field(default_factory=dict)
    parked: dict[UpstreamKey, set[int]] = field(default_factory=dict)


@dataclass(slots=True)
class Changes:
    """What a batch writes, all of it or nothing.

    Attributes:
        streams: Expected version, new version and new state.
        rows: For each table, the last values of each row by its key; None deletes it. Keys and
            values are tuples in the order of the table's columns, the tenant first.
        outbox: Facts, in order.
        inbox: New last versions of upstream streams.
        consumed: Expected and new next offset of each partition.
        outcomes: What commands did.
        parked: Events that wait from now on.
        unparked: Tenant, topic, partition and offset of those that wait no longer.
    """

    streams: dict[StreamKey, tuple[int, int, bytes]] = field(default_factory=dict)
    rows: dict[str, dict[tuple[Any, ...], tuple[Any, ...] | None]] = field(default_factory=dict)
    outbox: list[Draft] = field(default_factory=list)
    inbox: dict[UpstreamKey, int] = field(default_factory=dict)
    consumed: dict[TopicPartition, tuple[int, int]] = field(default_factory=dict)
    outcomes: dict[CommandKey, StoredOutcome] = field(default_factory=dict)
    parked: dict[tuple[str, str, int, int], ParkedEvent] = field(default_factory=dict)
    unparked: set[tuple[str, str, int, int]] = field(default_factory=set)


class Transaction(Protocol):
    """One transaction for some tenants. Leaving it without `commit` undoes it."""

    async def load(self, wanted: Wanted) -> Loaded:
        """Find what a batch needs to know."""
        ...

    async def write(self, changes: Changes, crash: CrashPoint = live_on) -> None:
        """Write what a batch decided, passing `rows`, `inbox` and `outbox` for tests that kill.

        Raises:
            StoreConflict: A stream has another version than expected.
            Fenced: A consumed position is another than expected.
            ForeignTenant: A row is of a tenant that the transaction has not named.
        """
        ...

    async def commit(self) -> None:
        """Make it durable."""
        ...


class Store(Protocol):
    """The store of one service."""

    def transaction(self, tenants: Collection[str]) -> AbstractAsyncContextManager[Transaction]:
        """Open the one writing transaction of a batch."""
        ...

    def read(self, tenant_id: str) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session that sees one tenant's rows and writes nothing."""
        ...

    async def positions(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Tell how far partitions were handled; 0 for one that is new."""
        ...

    async def pending(self, rows_max: int) -> Sequence[tuple[int, Draft]]:
        """Return the oldest facts that are not known to be on the log, with their positions."""
        ...

    async def sent(self, positions: Sequence[int]) -> None:
        """Delete facts that are on the log now."""
        ...

    async def look_up(
        self, tenant_id: str, table: str, column: str, values: Sequence[str], wanted: str
    ) -> Sequence[tuple[str, str]]:
        """Look rows of a tenant up by an indexed column: its value, and that of another column.

        For what many commands ask before they are decided; a page that people read has `read`.

        Args:
            tenant_id: Whose rows.
            table: A table of the service.
            column: Indexed behind the tenant.
            values: Of that column.
            wanted: The other column.
        """
        ...

    async def backlog(self) -> int:
        """Count the facts that are not yet on the log."""
        ...

    async def parked(self, tenant_id: str) -> Sequence[ParkedEvent]:
        """List a tenant's parked events in the order of their places."""
        ...

    async def parked_counts(self) -> tuple[int, int]:
        """Count parked events, and the streams that they block, over all tenants."""
        ...

    async def lead(self) -> bool:
        """Try to become (or stay) the one member that publishes the outbox."""
        ...

    def administer(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a connection that may see every tenant's rows: for rebuild, dump and migration."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
