"""Make the topics that `deploy/topics.json` lists; those that are there stay as they are.

RCM_KAFKA_SERVERS=127.0.0.1:9092 python -m rcm.platform.log.topics deploy/topics.json
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from rcm.platform.log.kafka import KafkaLog
from rcm.platform.log.port import LogUnavailable
from rcm.platform.settings import Settings, load_settings


class Topics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The topics of the product.

    Attributes:
        partition_count: Of each; the same for ever, for it decides the order by key.
        replication_factor: Copies of each partition in production.
        topics: Their names.
        config: What each is made with: kept for ever, never compacted.
    """

    partition_count: int
    replication_factor: int
    topics: list[str]
    config: dict[str, str]


def read_topics(path: Path) -> Topics:
    """Read the list.

    Raises:
        msgspec.ValidationError: It has another shape.
    """
    return msgspec.json.decode(path.read_bytes(), type=Topics)


async def create(topics: Topics, settings: Settings, replication: int) -> None:
    """Make the topics that are missing.

    Raises:
        LogUnavailable: The cluster did not do it.
        ValueError: One has another number of partitions.
    """
    log = KafkaLog(
        settings.kafka_servers,
        protocol=settings.kafka_security_protocol,
        username=settings.kafka_username,
        password=settings.kafka_password,
    )
    try:
        counts = dict.fromkeys(topics.topics, topics.partition_count)
        await log.create_topics(counts, replication, topics.config)
    finally:
        await log.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the topics of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--replication", type=int, default=0, help="1 on a single node")
    given = parser.parse_args(arguments)
    topics = read_topics(given.file)
    replication = given.replication or topics.replication_factor
    try:
        asyncio.run(create(topics, load_settings(), replication))
    except (LogUnavailable, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
