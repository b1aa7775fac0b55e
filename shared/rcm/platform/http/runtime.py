"""The running service behind an app: the parameter that gives it, and what it says of itself."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from rcm.events.envelope import Headers
from rcm.platform.log.port import unpack_headers
from rcm.platform.runtime import Runtime as RunningService
from rcm.platform.telemetry import PartitionStatus, Status


async def runtime_of(request: Request) -> RunningService:
    """Return the running service behind this app."""
    running: RunningService = request.app.state.runtime
    return running


Runtime = Annotated[RunningService, Depends(runtime_of)]
"""The running service: `await runtime.execute(...)`, `async with runtime.read(tenant_id)`."""


async def status_of(runtime: RunningService) -> Status:
    """Ask a running service how far it is. Sees no tenant's data, only counts and ages."""
    engine, now = runtime.engine, datetime.now(UTC)
    ends: dict[str, dict[int, int]] = {}
    for topic in {place.topic for place in engine.positions}:
        ends[topic] = await runtime.log.end_offsets(topic)
    heads = await runtime.log.heads(
        {
            place: position
            for place, position in engine.positions.items()
            if position < ends[place.topic][place.partition]
        }
    )
    partitions = [
        PartitionStatus(
            topic=place.topic,
            partition=place.partition,
            next_offset=position,
            end_offset=ends[place.topic][place.partition],
            oldest_s=_age(heads[place].headers, now) if place in heads else 0.0,
        )
        for place, position in sorted(engine.positions.items())
    ]
    oldest = await runtime.store.pending(1)
    parked, streams = await runtime.store.parked_counts()
    tally = engine.totals.tally
    return Status(
        service=runtime.manifest.service.name,
        # Neither is started again: only a restart of the service helps.
        waiting_for=[one for one in ("engine", "relay") if one in runtime.failed_jobs],
        failed_jobs=sorted(runtime.failed_jobs),
        partitions=partitions,
        outbox_count=await runtime.store.backlog(),
        outbox_oldest_s=_age(unpack_headers(oldest[0][1].headers), now) if oldest else 0.0,
        parked_count=parked,
        parked_stream_count=streams,
        consumed_count=tally.handled_count,
        recorded_count=tally.recorded_count,
    )


def _age(headers: Headers, now: datetime) -> float:
    """Tell how long ago an event was recorded; 0 where its time cannot be read."""
    try:
        at = datetime.fromisoformat(headers["ce_time"])
        return max(round((now - at).total_seconds(), 3), 0.0)
    except (KeyError, ValueError, TypeError):
        return 0.0
