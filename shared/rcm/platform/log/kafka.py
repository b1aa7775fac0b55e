"""Apache Kafka as the log, through aiokafka's batch calls: `getmany`, `create_batch`, `send_batch`.

Kafka's own group offsets are only mirrored for dashboards: a consumer seeks to what its service's
store says whenever it gets partitions. Broker transactions are not used: what makes an effect
happen once is the store's transaction (compare-and-set of positions, stream versions).
"""

import asyncio
import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPlace
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)

from rcm.platform.log.port import (
    Draft,
    LogUnavailable,
    Membership,
    Record,
    TopicPartition,
    unpack_headers,
)

RECORD_BYTES_MAX: Final = 8 * 1024 * 1024
TOPIC_CONFIG: Final = {
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
    "max.message.bytes": str(RECORD_BYTES_MAX),
}
"""Kept for ever: the log is the record."""

_BATCH_BYTES: Final = 128 * 1024
_SESSION_MS: Final = 6_000
_HEARTBEAT_MS: Final = 1_500
_POLL_MS: Final = 500
_READ_S: Final = 10.0
_HEADS_S: Final = 0.75
"""Whoever asks how old the lag is shall not wait longer than a second in all."""
_STOP_S: Final = 5.0


class KafkaLog:
    """The log in a Kafka cluster."""

    def __init__(
        self,
        servers: str,
        *,
        protocol: str = "PLAINTEXT",
        username: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._connection: dict[str, Any] = {"bootstrap_servers": servers}
        if protocol != "PLAINTEXT":
            self._connection |= {
                "security_protocol": protocol,
                "ssl_context": tls or ssl.create_default_context(),
            }
        if username:
            self._connection |= {
                "sasl_mechanism": "SCRAM-SHA-512",
                "sasl_plain_username": username,
                "sasl_plain_password": password,
            }
        self._producer: AIOKafkaProducer | None = None
        self._reader = _Reader(self._connection, RECORD_BYTES_MAX)
        self._peeker = _Reader(self._connection, _BATCH_BYTES)
        self._counts: dict[str, int] = {}

    async def create_topics(
        self,
        topics: Mapping[str, int],
        replication: int = 1,
        config: Mapping[str, str] = TOPIC_CONFIG,
    ) -> None:
        """Make the topics that are missing; may be repeated.

        Raises:
            ValueError: A topic exists with another number of partitions.
            LogUnavailable: The cluster did not do it.
        """
        admin = AIOKafkaAdminClient(**self._connection)
        try:
            await admin.start()
            there = await admin.list_topics()
            missing = [
                NewTopic(topic, count, replication, topic_configs=dict(config))
                for topic, count in sorted(topics.items())
                if topic not in there
            ]
            if missing:
                answer = await admin.create_topics(missing)
                for topic, code, *_ in answer.topic_errors:
                    if code not in (0, TopicAlreadyExistsError.errno):
                        raise LogUnavailable(f"{topic}: {for_code(code).__name__}")
            for described in await admin.describe_topics([t for t in topics if t in there]):
                count = len(described["partitions"])
                if count != topics[described["topic"]]:
                    raise ValueError(f"{described['topic']} has {count} partitions")
        except (KafkaError, OSError) as error:
            raise LogUnavailable(type(error).__name__) from error
        finally:
            await admin.close()

    async def publish(self, topic: str, drafts: Sequence[Draft]) -> None:
        """Send one batch after the other to each partition, all partitions at once; await acks."""
        by_partition: dict[int, list[Draft]] = {}
        for draft in drafts:
            by_partition.setdefault(draft.partition, []).append(draft)
        try:
            producer = await self._producing()
            await asyncio.gather(
                *(
                    _send(producer, topic, partition, part)
                    for partition, part in by_partition.items()
                )
            )
        except (KafkaError, OSError, TimeoutError) as error:
            await self._drop_producer()
            raise LogUnavailable(type(error).__name__) from error

    async def subscribe(
        self, group: str, member: str, topics: Sequence[str], membership: Membership
    ) -> "KafkaConsumer":
        """Join a group as a static member."""
        consumer = KafkaConsumer(self._connection, group, member, topics, membership)
        await consumer.start()
        return consumer

    async def partition_count(self, topic: str) -> int:
        """Tell how many partitions a topic has."""
        if topic not in self._counts:
            try:
                producer = await self._producing()
                self._counts[topic] = len(await producer.partitions_for(topic))
            except (KafkaError, OSError) as error:
                raise LogUnavailable(f"{topic}: {type(error).__name__}") from error
        return self._counts[topic]

    async def end_offsets(self, topic: str) -> dict[int, int]:
        """Tell the next offset of each partition."""
        places = [KafkaPlace(topic, p) for p in range(await self.partition_count(topic))]
        async with self._reader.client() as reader:
            ends = await reader.end_offsets(places)
            return {place.partition: end for place, end in sorted(ends.items())}

    async def read(self, topic: str, partition: int, offset: int) -> Record | None:
        """Read one record."""
        ends = await self.end_offsets(topic)
        if offset >= ends.get(partition, 0):
            return None
        found = await self.read_range(topic, partition, offset, offset + 1, 1)
        return found[0] if found else None

    async def read_range(
        self, topic: str, partition: int, start: int, end: int, records_max: int
    ) -> list[Record]:
        """Read on from an offset."""
        if start >= end:
            return []
        place = KafkaPlace(topic, partition)
        async with self._reader.client() as reader:
            if reader.assignment() != {place}:
                reader.assign([place])
                reader.seek(place, start)
            elif await reader.position(place) != start:
                reader.seek(place, start)
            wanted = min(records_max, end - start)
            async with asyncio.timeout(_READ_S):
                while True:
                    rows = await reader.getmany(timeout_ms=_POLL_MS, max_records=wanted)
                    if rows.get(place):
                        return [_record(row) for row in rows[place] if row.offset < end]

    async def heads(self, positions: Mapping[TopicPartition, int]) -> dict[TopicPartition, Record]:
        """Read the records at these positions: one fetch brings those of all partitions."""
        wanted = {KafkaPlace(*place): offset for place, offset in positions.items()}
        found: dict[TopicPartition, Record] = {}
        if not wanted:
            return found
        async with self._peeker.client() as peeker:
            peeker.assign(list(wanted))
            for place, offset in wanted.items():
                peeker.seek(place, offset)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEADS_S):
                    while len(found) < len(wanted):
                        rows = await peeker.getmany(timeout_ms=_POLL_MS, max_records=1)
                        for place, records in rows.items():
                            peeker.pause(place)
                            found[TopicPartition(*place)] = _record(records[0])
            peeker.unsubscribe()
        return found

    async def close(self) -> None:
        """Leave the cluster."""
        await self._drop_producer()
        await self._reader.close()
        await self._peeker.close()

    async def _producing(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._connection,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=_BATCH_BYTES,
                max_request_size=RECORD_BYTES_MAX,
                request_timeout_ms=10_000,
            )
            try:
                await producer.start()
            except BaseException:
                await _stopped(producer)
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        """An idempotent producer that failed once is not used again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer)


class _Reader:
    """A consumer of no group, for whoever asks for certain records; made when it is first needed,
    and anew after a failure.
    """

    def __init__(self, connection: Mapping[str, Any], fetch_bytes: int) -> None:
        self._connection, self._fetch_bytes = connection, fetch_bytes
        self._client: AIOKafkaConsumer | None = None
        self._using = asyncio.Lock()

    @asynccontextmanager
    async def client(self) -> AsyncIterator[AIOKafkaConsumer]:
        """Give it to one at a time."""
        async with self._using:
            try:
                if self._client is None:
                    client = AIOKafkaConsumer(
                        **self._connection,
                        enable_auto_commit=False,
                        auto_offset_reset="earliest",
                        max_partition_fetch_bytes=self._fetch_bytes,
                    )
                    await client.start()
                    self._client = client
                yield self._client
            except (KafkaError, OSError, TimeoutError) as error:
                await self.close()
                raise LogUnavailable(type(error).__name__) from error

    async def close(self) -> None:
        """Let go of it."""
        client, self._client = self._client, None
        if client is not None:
            await _stopped(client)


class KafkaConsumer:
    """A static member of a group. A poll is always under way, so that waiting can be cancelled
    without losing what it fetched.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        group: str,
        member: str,
        topics: Sequence[str],
        membership: Membership,
    ) -> None:
        self._membership = membership
        self._topics = list(topics)
        # The broker answers a static member that comes back with its old assignment, whatever it
        # subscribes to now: so other topics make another member.
        topics_mark = hashlib.sha256(",".join(sorted(topics)).encode()).hexdigest()[:8]
        self._options = {
            **connection,
            "group_id": group,
            "group_instance_id": f"{group}-{member}-{topics_mark}",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "session_timeout_ms": _SESSION_MS,
            "heartbeat_interval_ms": _HEARTBEAT_MS,
            "max_partition_fetch_bytes": RECORD_BYTES_MAX,
        }
        self._consumer: AIOKafkaConsumer | None = None
        self._next: dict[KafkaPlace, int] = {}
        self._generation = 0
        self._poll: asyncio.Task[tuple[int, dict[KafkaPlace, list[Any]]]] | None = None
        self._paused = False

    async def start(self) -> None:
        """Join; partitions come later, through the listener."""
        consumer = AIOKafkaConsumer(**self._options)
        consumer.subscribe(self._topics, listener=_Listener(self))
        # Before it starts: the listener is called, and seeks, while it does.
        self._consumer, self._paused = consumer, False
        try:
            await consumer.start()
        except (KafkaError, OSError) as error:
            await self._leave()
            raise LogUnavailable(type(error).__name__) from error

    @property
    def owned(self) -> frozenset[TopicPartition]:
        """The partitions that are ours now."""
        return frozenset(TopicPartition(*place) for place in self._next)

    async def fetch(self, records_max: int) -> list[Record]:
        """Take what the poll under way has brought, and start the next.

        Raises:
            LogUnavailable: The poll failed; the next call joins anew.
        """
        if self._consumer is None:
            await self.start()
        self._hold(not records_max)
        poll = self._poll
        if poll is None:
            self._poll = asyncio.create_task(self._get(records_max))
            # What was prefetched in the background is there at once.
            await asyncio.sleep(0)
            return []
        if not poll.done():
            return []
        self._poll = None
        try:
            generation, rows = poll.result()
        except (KafkaError, OSError) as error:
            # A coordinator that failed once fails every poll: begin again from the store.
            await self._leave()
            raise LogUnavailable(type(error).__name__) from error
        if generation != self._generation:
            self._seek_back()
            return []
        found: list[Record] = []
        for place, part in rows.items():
            if place in self._next and part:
                self._next[place] = part[-1].offset + 1
                found += map(_record, part)
        self._poll = asyncio.create_task(self._get(records_max))
        return found

    async def wait(self) -> None:
        """Return when the poll under way is done."""
        if self._poll is not None:
            await asyncio.wait([self._poll])

    async def rewind(self, places: Collection[TopicPartition]) -> None:
        """Seek to what the store says."""
        found = await self._membership.assigned(places)
        self._moved({KafkaPlace(*place): offset for place, offset in found.items()})

    async def mirror(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit the positions to the group, for lag dashboards."""
        ours = {KafkaPlace(*place): offset for place, offset in positions.items()}
        if self._consumer is not None:
            with contextlib.suppress(KafkaError, IllegalStateError, OSError):
                await self._consumer.commit({p: o for p, o in ours.items() if p in self._next})

    async def close(self) -> None:
        """Leave the group."""
        if self._poll is not None:
            self._poll.cancel()
            await asyncio.gather(self._poll, return_exceptions=True)
        await self._leave()

    async def gained(self, places: Collection[KafkaPlace]) -> None:
        """Start new partitions where the store is."""
        found = await self._membership.assigned([TopicPartition(*place) for place in places])
        self._moved({KafkaPlace(*place): offset for place, offset in found.items()})

    async def lost(self, places: Collection[KafkaPlace]) -> None:
        """Let the transaction in flight finish before others take over."""
        await self._membership.revoked([TopicPartition(*place) for place in places])
        for place in places:
            self._next.pop(place, None)
        self._generation += 1

    async def _leave(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await _stopped(consumer)
        await self.lost([*self._next])

    def _moved(self, positions: Mapping[KafkaPlace, int]) -> None:
        self._generation += 1
        assert self._consumer is not None
        for place, offset in positions.items():
            self._next[place] = offset
            self._consumer.seek(place, offset)

    def _seek_back(self) -> None:
        """Fetch again what a poll brought that began before partitions moved."""
        assert self._consumer is not None
        for place in self._next.keys() & self._consumer.assignment():
            self._consumer.seek(place, self._next[place])

    async def _get(self, records_max: int) -> tuple[int, dict[KafkaPlace, list[Any]]]:
        assert self._consumer is not None
        generation = self._generation
        rows = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=records_max or None)
        return generation, rows

    def _hold(self, wanted: bool) -> None:  # noqa: FBT001 - the state, not a mode
        """Pause or resume fetching; a paused member still polls, and stays in its group."""
        assert self._consumer is not None
        if wanted != self._paused:
            change = self._consumer.pause if wanted else self._consumer.resume
            change(*self._consumer.assignment())
            self._paused = wanted


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka has no types
    """aiokafka's callbacks; it awaits them before a rebalance goes on."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer

    async def on_partitions_revoked(self, revoked: Collection[KafkaPlace]) -> None:
        """Finish."""
        await self._consumer.lost(revoked)

    async def on_partitions_assigned(self, assigned: Collection[KafkaPlace]) -> None:
        """Seek."""
        await self._consumer.gained(assigned)


async def _stopped(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stop a client, but do not wait for ever for a broker that is gone."""
    with contextlib.suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(_STOP_S):
            await client.stop()


async def _send(
    producer: AIOKafkaProducer, topic: str, partition: int, drafts: Sequence[Draft]
) -> None:
    """Send the records of one partition in order."""
    acks, batch = [], producer.create_batch()
    for _, key, headers, value in drafts:
        pairs = [(name, text.encode()) for name, text in unpack_headers(headers).items()]
        if batch.append(key=key, value=value, timestamp=None, headers=pairs) is None:
            batch.close()
            acks.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None, headers=pairs)
    batch.close()
    acks.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*acks)


def _record(row: Any) -> Record:
    try:
        headers = {name: value.decode() for name, value in row.headers}
    except UnicodeDecodeError:
        headers = {}
    return Record(row.topic, row.partition, row.offset, row.key or b"", headers, row.value or b"")
