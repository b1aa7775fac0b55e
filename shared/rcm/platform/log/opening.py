"""Which log the settings name."""

import ssl
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
        log = kafka_log(settings)
        for topic in topics:
            if await log.partition_count(topic) != settings.partition_count:
                await log.close()
                raise LogUnavailable(f"topic {topic} needs {settings.partition_count} partitions")
        return log
    path = settings.data_dir / "log.db"
    SqliteLog.create(path, dict.fromkeys(topics, settings.partition_count))
    return SqliteLog(path)


def kafka_log(settings: Settings) -> KafkaLog:
    """Make the log in the Kafka that the settings name; nothing is asked of it yet."""
    return KafkaLog(
        settings.kafka_servers,
        protocol=settings.kafka_security_protocol,
        username=settings.kafka_username,
        password=settings.kafka_password,
        tls=_tls(settings),
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Trust the operator's own authority where there is one, and show who we are where we can."""
    if settings.kafka_security_protocol == "PLAINTEXT":
        return None
    context = ssl.create_default_context(cafile=settings.kafka_ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.kafka_identity is not None:
        context.load_cert_chain(settings.kafka_identity)
    return context
