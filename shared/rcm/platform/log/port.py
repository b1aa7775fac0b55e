"""What the platform asks of an event log. One suite holds every implementation to it.

Delivery is at least once, order holds within a partition, and the log remembers no reader: a
consumer starts from the positions that its service's own store gives it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from rcm.events.envelope import Envelope, Headers

_encode_headers: Final = msgspec.msgpack.Encoder().encode
_decode_headers: Final = msgspec.msgpack.Decoder(dict[str, str]).decode


class TopicPartition(NamedTuple):
    """One ordered sequence of records."""

    topic: str
    partition: int


class Draft(NamedTuple):
    """A record to be appended.

    Attributes:
        partition: Where it goes, by `partitioner.partition_of` of the key.
        key: What orders it.
        headers: Packed by `pack_headers`.
        value: The event's JSON.
    """

    partition: int
    key: bytes
    headers: bytes
    value: bytes


class Record(NamedTuple):
    """A record as it stands on the log.

    Attributes:
        topic: Where it stands.
        partition: Where it stands.
        offset: Where it stands.
        key: What orders it.
        packed: Its headers as the log keeps them: by name, or packed by `pack_headers`.
        value: The event's JSON.
    """

    topic: str
    partition: int
    offset: int
    key: bytes
    packed: Headers | bytes
    value: bytes

    @property
    def headers(self) -> Headers:
        """Its headers by name; empty where they are not UTF-8."""
        return unpack_headers(self.packed) if isinstance(self.packed, bytes) else self.packed

    @property
    def place(self) -> TopicPartition:
        """The sequence that it stands in."""
        return TopicPartition(self.topic, self.partition)


class LogUnavailable(Exception):
    """The log cannot be reached or did not acknowledge. What was asked may or may not have
    happened; asking again is safe.
    """


class Membership(Protocol):
    """What a consumer tells its owner while partitions come and go."""

    async def assigned(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Answer from which offsets to read partitions that are now ours."""
        ...

    async def revoked(self, places: Collection[TopicPartition]) -> None:
        """Finish what is in flight for partitions that go to somebody else."""
        ...


class Consumer(Protocol):
    """A member of a group that shares the partitions of some topics."""

    async def fetch(self, records_max: int) -> list[Record]:
        """Take what is there of the partitions that are ours, in order, without waiting.

        With 0 it only stays a member of its group.
        """
        ...

    async def wait(self) -> None:
        """Return when there may be something to fetch, or after a moment. May be cancelled."""
        ...

    async def rewind(self, places: Collection[TopicPartition]) -> None:
        """Ask anew for the positions of partitions: what was fetched of them was not used."""
        ...

    async def mirror(self, positions: Mapping[TopicPartition, int]) -> None:
        """Tell dashboards how far the store is. Nothing depends on it."""
        ...

    async def close(self) -> None:
        """Leave the group, so that others take over at once."""
        ...


class EventLog(Protocol):
    """The log itself."""

    async def publish(self, topic: str, drafts: Sequence[Draft]) -> None:
        """Append records in the given order per partition; return when they are durable.

        Raises:
            LogUnavailable: Some or all may not have been appended.
        """
        ...

    async def subscribe(
        self, group: str, member: str, topics: Sequence[str], membership: Membership
    ) -> Consumer:
        """Join a group. A member that comes back under its name takes its partitions up again."""
        ...

    async def partition_count(self, topic: str) -> int:
        """Tell how many partitions a topic has."""
        ...

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Tell the next offset of each partition."""
        ...

    async def read(self, topic: str, partition: int, offset: int) -> Record | None:
        """Read one record; None if there is none."""
        ...

    async def read_range(
        self, topic: str, partition: int, start: int, end: int, records_max: int
    ) -> list[Record]:
        """Read on from an offset, up to and without another; empty only where nothing is left."""
        ...

    async def heads(self, positions: Mapping[TopicPartition, int]) -> dict[TopicPartition, Record]:
        """Read the record at each of these positions, all at once and within a second; a place
        where nothing is, or nothing came in time, is left out.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


def pack_headers(headers: Headers | Envelope) -> bytes:
    """Write headers as one value, for an outbox row or the embedded log."""
    return _encode_headers(headers)


def unpack_headers(packed: bytes) -> Headers:
    """Read what `pack_headers` wrote."""
    return _decode_headers(packed)
