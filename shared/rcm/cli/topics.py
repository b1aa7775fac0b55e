"""`rcm topics`: the topics of the log, made from a file of data; run before the services start."""

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rcm.cli import talking
from rcm.platform.log.opening import kafka_log
from rcm.platform.log.port import LogUnavailable
from rcm.platform.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


class TopicFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `deploy/topics.json` holds.

    Attributes:
        partition_count: Partitions of each topic; never to be changed, for it decides the order.
        replication_factor: Copies of each partition.
        config: Kafka's topic settings; retention for ever.
        topics: Names.
    """

    partition_count: int
    replication_factor: int
    config: dict[str, str]
    topics: list[str]


@app.command(epilog="Example: rcm topics deploy/topics.json --replication 1")
def topics(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The topics as JSON.")],
    replication: Annotated[int, typer.Option(min=0, help="Copies; 0 for the file's own.")] = 0,
    as_json: talking.Json = False,
) -> None:
    """Make the topics that are missing on Kafka; those that are there stay as they are.

    Exit status 2 if Kafka does not answer, or a topic has another number of partitions.
    """
    settings = talking.settings()
    try:
        wanted = msgspec.json.decode(file.read_bytes(), type=TopicFile)
    except (OSError, msgspec.MsgspecError) as error:
        talking.refuse(f"{file}: {error}")
    if wanted.partition_count != settings.partition_count:
        talking.refuse(
            f"{file} says {wanted.partition_count} partitions, RCM_PARTITION_COUNT says"
            f" {settings.partition_count}: they must agree"
        )
    try:
        asyncio.run(_make(settings, wanted, replication or wanted.replication_factor))
    except (LogUnavailable, ValueError) as error:
        talking.refuse(str(error))
    if as_json:
        talking.print_json(wanted.topics)
    else:
        talking.err().print(f"{len(wanted.topics)} topics are there: {', '.join(wanted.topics)}")


async def _make(settings: Settings, wanted: TopicFile, replication: int) -> None:
    log = kafka_log(settings)
    try:
        await log.create_topics(
            dict.fromkeys(wanted.topics, wanted.partition_count), replication, wanted.config
        )
    finally:
        await log.close()
