"""Which log the settings name."""

from collections.abc import Sequence

from rcm.events.catalogue import TOPICS
from rcm.platform.log.kafka import KafkaLog
from rcm.platform.log.port import EventLog, LogUnavailable
from rcm.platform.log.sqlite import SqliteLog
from rcm.platform.settings import Settings


async def open_log(settings: Settings, topics: Sequence[str] = TOPICS) -> EventLog:
    """Open the log; the embedded one is made if it is missing.

    Raises:
        LogUnavailable: Kafka does not answer, or its topics are not there.
    """
    if settings.bus == "kafka":
        log = KafkaLog(
            settings.kafka_servers,
            protocol=settings.kafka_security_protocol,
            username=settings.kafka_username,
            password=settings.kafka_password,
        )
        for topic in topics:
            if await log.partition_count(topic) != settings.partition_count:
                await log.close()
                raise LogUnavailable(f"topic {topic} needs {settings.partition_count} partitions")
        return log
    path = settings.data_dir / "log.db"
    SqliteLog.create(path, dict.fromkeys(topics, settings.partition_count))
    return SqliteLog(path)
