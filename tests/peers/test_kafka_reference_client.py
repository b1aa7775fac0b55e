"""The reference Java client reads what we publish: keys, partitions, headers, values."""

import asyncio
import shutil
import subprocess
import uuid
from pathlib import Path

import msgspec
import pytest

from backends import give_up
from rcm.events.catalogue import CATALOGUE
from rcm.events.denials import DenialClosed
from rcm.events.envelope import Recorded, derived_id
from rcm.platform.local import kafka_libraries
from rcm.platform.log.kafka import KafkaLog
from rcm.platform.log.partitioner import partition_of
from rcm.platform.log.port import Draft, pack_headers

ROOT = Path(__file__).parents[2]
PARTITIONS = 4


def a_fact(number: int) -> Recorded[DenialClosed]:
    return Recorded(
        event_id=derived_id(f"cause-{number}", "denials-svc", 0),
        source="denials-svc",
        tenant_id="northside",
        stream_id=f"C{number}",
        stream_version=1,
        recorded_at="2026-11-22T10:00:00.000000Z",
        correlation_id="story",
        causation_id="cause",
        actor="denials-svc",
        handled="rcm.remit/1:17",
        event=DenialClosed(denial_id=f"dn_{number}", claim_id=f"C{number}", cause="paid"),
    )


async def publish(address: str, topic: str, facts: list[Recorded[DenialClosed]]) -> None:
    log = KafkaLog(address)
    try:
        await log.create_topics({topic: PARTITIONS})
        drafts = [
            Draft(
                partition_of(fact.key, PARTITIONS),
                fact.key,
                pack_headers(fact.headers()),
                CATALOGUE.encode(fact.event),
            )
            for fact in facts
        ]
        await log.publish(topic, drafts)
    finally:
        await log.close()


@pytest.mark.connected
def test_the_reference_client_reads_our_topics_and_headers(kafka_address):
    if shutil.which("java") is None:
        give_up("java", "install a Java 17 runtime")
    topic, facts = f"peer-{uuid.uuid4().hex[:8]}", [a_fact(number) for number in range(40)]
    asyncio.run(publish(kafka_address, topic, facts))
    libraries = kafka_libraries(ROOT / "deploy" / "kafka")
    read = subprocess.run(
        [
            "java",
            "-cp",
            f"{libraries}/*",
            str(ROOT / "tests/peers/ReadTopic.java"),
            kafka_address,
            topic,
            "40",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = [line.split("\t") for line in read.stdout.splitlines() if line.count("\t") > 5]
    assert len(lines) == len(facts)
    by_key = {line[2]: line for line in lines}
    for fact in facts:
        line = by_key[fact.key.decode()]
        assert int(line[0]) == partition_of(fact.key, PARTITIONS)
        assert line[3:-1] == [f"{name}={value}" for name, value in fact.headers().items()]
        assert msgspec.json.decode(line[-1], type=DenialClosed) == fact.event
