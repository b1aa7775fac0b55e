"""Reading the log from its beginning, for commands that need nothing but the log."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from rcm.events.catalogue import CATALOGUE, TOPICS
from rcm.events.envelope import Envelope, Recorded, attributes, recorded
from rcm.events.event import NotAnEvent
from rcm.platform.log.opening import open_log
from rcm.platform.log.port import EventLog, Record
from rcm.platform.settings import Settings

CHUNK: Final = 2_000

Wanted = Callable[[Envelope], bool]
"""Tells from the envelope whether an event is worth decoding."""

Unreadable = Callable[[Record, NotAnEvent], None]


async def everything(
    log: EventLog,
    wanted: Wanted,
    progress: Callable[[int, int], None],
    *,
    topics: Sequence[str] = TOPICS,
    unreadable: Unreadable | None = None,
) -> AsyncIterator[Recorded[Any]]:
    """Read every wanted event of some topics: each partition in order, one after the other."""
    ends = {topic: await log.end_offsets(topic) for topic in topics}
    total, done = sum(sum(of.values()) for of in ends.values()), 0
    for topic, partitions in ends.items():
        for partition, end in sorted(partitions.items()):
            start = 0
            while records := await log.read_range(topic, partition, start, end, CHUNK):
                for record in records:
                    try:
                        found = attributes(record.packed)
                        if wanted(found):
                            event = CATALOGUE.decode(found.event_type, record.value)
                            place = f"{record.topic}/{record.partition}/{record.offset}"
                            yield recorded(found, event, place)
                    except NotAnEvent as error:
                        if unreadable is not None:
                            unreadable(record, error)
                start = records[-1].offset + 1
                done += len(records)
                progress(done, total)


async def read_all(
    settings: Settings,
    wanted: Wanted,
    progress: Callable[[int, int], None],
    unreadable: Unreadable | None = None,
) -> list[Recorded[Any]]:
    """Read every wanted event into memory."""
    log = await open_log(settings)
    try:
        return [one async for one in everything(log, wanted, progress, unreadable=unreadable)]
    finally:
        await log.close()
