"""The event-log port: one suite, every implementation."""

import asyncio
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from rcm.events.catalogue import TOPICS
from rcm.platform.log.kafka import TOPIC_CONFIG, KafkaLog
from rcm.platform.log.partitioner import murmur2, partition_of
from rcm.platform.log.port import Draft, EventLog, TopicPartition, pack_headers
from rcm.platform.log.sqlite import SqliteLog
from rcm.platform.settings import Settings

TOPICS_FILE = Path(__file__).parents[2] / "deploy" / "topics.json"
PARTITIONS = 4


class Bench:
    """A log of one kind, opened as often as a test likes."""

    def __init__(self, kind: str, address: object) -> None:
        self.kind, self.address = kind, address
        self.topic = f"suite-{uuid.uuid4().hex[:8]}"
        self._open: list[EventLog] = []

    async def create(self, partitions: int = PARTITIONS) -> None:
        if self.kind == "sqlite":
            SqliteLog.create(self.address, {self.topic: partitions})
        else:
            log = KafkaLog(self.address)
            await log.create_topics({self.topic: partitions})
            await log.close()

    async def open(self) -> EventLog:
        log = SqliteLog(self.address) if self.kind == "sqlite" else KafkaLog(self.address)
        self._open.append(log)
        return log

    async def close(self) -> None:
        for log in self._open:
            with contextlib.suppress(sqlite3.ProgrammingError):
                await log.close()


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.connected)])
def address(request, tmp_path):
    if request.param == "kafka":
        return "kafka", request.getfixturevalue("kafka_address")
    return "sqlite", tmp_path / "log.db"


@pytest.fixture
async def bench(address) -> AsyncIterator[Bench]:
    bench = Bench(*address)
    await bench.create()
    yield bench
    await bench.close()


def draft(key: str, value: object) -> Draft:
    data = key.encode()
    headers = pack_headers({"ce_id": str(value)})
    return Draft(partition_of(data, PARTITIONS), data, headers, str(value).encode())


class Member:
    """A membership that keeps positions as a store would."""

    def __init__(self) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self.owned: set[TopicPartition] = set()
        self.revoked_count = 0

    async def assigned(self, places):
        self.owned |= {*places}
        return {place: self.positions.get(place, 0) for place in places}

    async def revoked(self, places):
        self.owned -= {*places}
        self.revoked_count += 1

    def take(self, records):
        for record in records:
            assert self.positions.get(record.place, 0) == record.offset, "a gap or a repeat"
            self.positions[record.place] = record.offset + 1


async def until(condition: Callable[[], object | Awaitable[object]], wait_s: float = 20.0) -> None:
    async with asyncio.timeout(wait_s):
        while True:
            answer = condition()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return
            await asyncio.sleep(0.01)


async def collect(consumer, member: Member, count: int, found: list) -> list:
    async def more() -> bool:
        records = await consumer.fetch(50)
        member.take(records)
        found.extend(records)
        return len(found) >= count

    await until(more)
    return found


async def test_records_come_back_as_they_were_in_order_per_key(bench):
    log = await bench.open()
    await log.publish(bench.topic, [draft(f"k{n % 7}", n) for n in range(300)])
    member = Member()
    consumer = await log.subscribe(bench.topic, "0", [bench.topic], member)
    found = await collect(consumer, member, 300, [])
    await consumer.close()
    assert sorted(int(record.value) for record in found) == [*range(300)]
    for key in {record.key for record in found}:
        values = [int(record.value) for record in found if record.key == key]
        assert values == sorted(values)
    assert all(record.headers == {"ce_id": record.value.decode()} for record in found)


async def test_offsets_are_dense_and_ends_are_told(bench):
    log = await bench.open()
    for n in range(3):
        await log.publish(bench.topic, [draft("one", n), draft("one", n)])
    partition = partition_of(b"one", PARTITIONS)
    ends = await log.end_offsets(bench.topic)
    assert ends == {p: 6 if p == partition else 0 for p in range(PARTITIONS)}
    assert await log.partition_count(bench.topic) == PARTITIONS
    records = [await log.read(bench.topic, partition, n) for n in range(6)]
    assert [int(record.value) for record in records] == [0, 0, 1, 1, 2, 2]
    assert await log.read(bench.topic, partition, 6) is None


async def test_the_heads_of_all_partitions_are_read_at_once(bench):
    log = await bench.open()
    keys = {partition_of(str(n).encode(), PARTITIONS): str(n) for n in range(40)}
    for n in range(3):
        await log.publish(bench.topic, [draft(key, n) for key in keys.values()])
    places = {TopicPartition(bench.topic, p): p % 3 for p in range(PARTITIONS)}
    heads = await log.heads(places)
    assert {place: (r.place, r.offset, int(r.value)) for place, r in heads.items()} == {
        place: (place, offset, offset) for place, offset in places.items()
    }
    assert await log.heads({}) == {}
    gone = TopicPartition(bench.topic, 0)
    assert await log.heads({gone: 3}) == {}
    assert set(await log.heads(places)) == set(places)


async def test_a_partition_is_read_on_in_ranges_from_the_beginning(bench):
    log = await bench.open()
    await log.publish(bench.topic, [draft("one", n) for n in range(250)])
    partition, start, values = partition_of(b"one", PARTITIONS), 0, []
    while rows := await log.read_range(bench.topic, partition, start, 240, 100):
        values += [int(row.value) for row in rows]
        start = rows[-1].offset + 1
    assert values == [*range(240)]


async def test_a_restarted_reader_goes_on_where_its_store_is(bench):
    log = await bench.open()
    await log.publish(bench.topic, [draft(f"k{n}", n) for n in range(100)])
    member = Member()
    consumer = await log.subscribe(bench.topic, "0", [bench.topic], member)
    await collect(consumer, member, 100, [])
    await consumer.close()
    await log.publish(bench.topic, [draft(f"k{n}", n) for n in range(100, 120)])
    reopened = await bench.open()
    consumer = await reopened.subscribe(bench.topic, "0", [bench.topic], member)
    found = await collect(consumer, member, 20, [])
    await consumer.close()
    assert sorted(int(record.value) for record in found) == [*range(100, 120)]


async def test_a_reader_whose_store_was_lost_starts_from_the_beginning(bench):
    log = await bench.open()
    await log.publish(bench.topic, [draft(f"k{n}", n) for n in range(30)])
    for _ in range(2):
        member = Member()
        consumer = await log.subscribe(bench.topic, "0", [bench.topic], member)
        assert len(await collect(consumer, member, 30, [])) == 30
        await consumer.close()


async def test_a_rewound_partition_is_fetched_again_from_the_stores_position(bench):
    log = await bench.open()
    await log.publish(bench.topic, [draft("one", n) for n in range(40)])
    member = Member()
    consumer = await log.subscribe(bench.topic, "0", [bench.topic], member)
    await collect(consumer, member, 40, [])
    place = TopicPartition(bench.topic, partition_of(b"one", PARTITIONS))
    member.positions[place] = 25
    await consumer.rewind([place])
    found = await collect(consumer, member, 15, [])
    await consumer.close()
    assert [int(record.value) for record in found] == [*range(25, 40)]


async def test_two_members_share_the_partitions_and_one_takes_over(bench):
    log = await bench.open()
    one, two = Member(), Member()
    two.positions = one.positions
    first = await log.subscribe(bench.topic, "0", [bench.topic], one)
    pumping = {first: one}

    async def pump(condition: Callable[[], bool]) -> None:
        async def step() -> bool:
            for consumer, member in pumping.items():
                member.take(await consumer.fetch(50))
            return condition()

        await until(step)

    await pump(lambda: len(one.owned) == PARTITIONS)
    second = await log.subscribe(bench.topic, "1", [bench.topic], two)
    pumping[second] = two
    await pump(lambda: len(one.owned) == len(two.owned) == PARTITIONS // 2)
    assert not one.owned & two.owned
    assert one.revoked_count
    await log.publish(bench.topic, [draft(f"k{n}", n) for n in range(100)])
    await pump(lambda: sum(one.positions.values()) == 100)
    del pumping[first]
    await first.close()
    await pump(lambda: len(two.owned) == PARTITIONS)
    await second.close()


async def test_waiting_ends_when_something_comes_and_may_be_cancelled(bench):
    log, other = await bench.open(), await bench.open()
    member = Member()
    consumer = await log.subscribe(bench.topic, "0", [bench.topic], member)
    await until(lambda: pumped(consumer, member))
    waiting = asyncio.create_task(consumer.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await other.publish(bench.topic, [draft("k", 1)])
    found: list = []
    async with asyncio.timeout(10):
        while not found:
            await consumer.wait()
            found += await consumer.fetch(10)
    await consumer.close()
    assert found[0].value == b"1"


async def pumped(consumer, member) -> bool:
    await consumer.fetch(10)
    return len(member.owned) == PARTITIONS


async def test_a_topic_keeps_its_partitions(bench):
    await bench.create()
    with pytest.raises(ValueError, match="partitions"):
        await bench.create(PARTITIONS + 1)


PRODUCER = """
import asyncio, sys
from rcm.platform.log.port import Draft, pack_headers
from rcm.platform.log.sqlite import SqliteLog
from rcm.platform.log.kafka import KafkaLog
from pathlib import Path

async def main(kind, address, topic):
    log = SqliteLog(Path(address)) if kind == "sqlite" else KafkaLog(address)
    number = 0
    while True:
        batch = [Draft(n % 4, b"k", pack_headers({}), str(number + n).encode()) for n in range(40)]
        await log.publish(topic, batch)
        number += 40
        print(number, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def test_what_was_acknowledged_survives_kill_9(address):
    bench = Bench(*address)
    asyncio.run(bench.create())
    arguments = [bench.kind, str(bench.address), bench.topic]
    process = subprocess.Popen(
        [sys.executable, "-c", PRODUCER, *arguments], stdout=subprocess.PIPE, text=True
    )
    acknowledged = 0
    assert process.stdout is not None
    for line in process.stdout:
        acknowledged = int(line)
        if acknowledged >= 2_000:
            os.kill(process.pid, signal.SIGKILL)
            break
    for line in process.stdout:
        acknowledged = int(line)
    process.wait()
    process.stdout.close()

    async def everything() -> list[int]:
        log = await bench.open()
        values = []
        for partition, end in (await log.end_offsets(bench.topic)).items():
            start = 0
            while rows := await log.read_range(bench.topic, partition, start, end, 1_000):
                assert [row.offset for row in rows] == [*range(start, rows[-1].offset + 1)]
                part = [int(row.value) for row in rows]
                assert part == sorted(part)
                values += part
                start = rows[-1].offset + 1
        await bench.close()
        return values

    values = asyncio.run(everything())
    assert {*values} >= {*range(acknowledged)}
    assert len(values) == len({*values})


def test_the_partitioner_is_kafkas():
    # Values of org.apache.kafka.common.utils.UtilsTest.testMurmur2, as unsigned numbers.
    known = {
        b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, b"abc": 479470107,
    }  # fmt: skip
    for key, value in known.items():
        assert murmur2(key) == value & 0xFFFFFFFF


def test_a_log_that_was_never_made_is_not_made_by_opening_it(tmp_path):
    with pytest.raises(FileNotFoundError):
        SqliteLog(tmp_path / "log.db")


@pytest.mark.connected
async def test_the_products_topics_are_made_once_and_kept_for_ever(kafka_address):
    listed = json.loads(TOPICS_FILE.read_bytes())
    assert listed["topics"] == [*TOPICS]
    assert listed["config"] == TOPIC_CONFIG
    assert listed["partition_count"] == Settings().partition_count
    mark = uuid.uuid4().hex[:6]
    ours = {f"{topic}-{mark}": listed["partition_count"] for topic in TOPICS}
    log = KafkaLog(kafka_address)
    for _ in range(2):
        await log.create_topics(ours, 1, listed["config"])
    assert {topic: await log.partition_count(topic) for topic in ours} == ours
    await log.close()
