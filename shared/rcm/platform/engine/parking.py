"""Events that could not be handled: how they are named, kept and taken up again."""

import hashlib
from typing import Any, ClassVar, cast

from rcm.events.delivery import EventParked
from rcm.events.envelope import Recorded
from rcm.platform.engine.intake import Intake
from rcm.platform.log.port import Record
from rcm.platform.store.port import ParkedEvent
from rcm.problems import Problem


class StillParked(Problem):
    """A parked event was tried again and failed again; it stays where it is."""

    slug: ClassVar[str] = "still-parked"
    title: ClassVar[str] = "Event still cannot be handled"
    status: ClassVar[int] = 409


class Parking(ParkedEvent):
    """A parked event about to be stored."""

    def as_event(self) -> EventParked:
        """Return the fact that says so."""
        return EventParked(
            topic=self.topic,
            partition=self.partition,
            offset=self.offset,
            event_id=self.event_id,
            event_type=self.event_type,
            upstream_stream_id=self.stream_id,
            cause=cast("Any", self.cause),
            reason=self.reason,
            upstream_source=self.source,
            upstream_version=self.version,
        )


def parking_stream(record: Record) -> str:
    """Name the stream that tells of the parked events of one upstream stream."""
    digest = hashlib.sha256(f"{record.topic}\n".encode() + record.key).hexdigest()
    return f"parked-{digest[:32]}"


def parked_event(intake: Intake, cause: str, reason: str, parked_at: str) -> Parking:
    """Describe a record that is parked."""
    record, envelope = intake.record, intake.envelope
    tenant_id, source, stream_id = intake.upstream
    return Parking(
        tenant_id,
        record.topic,
        record.partition,
        record.offset,
        source,
        stream_id,
        intake.version,
        envelope.event_id if envelope is not None else "",
        envelope.event_type if envelope is not None else "",
        cause,
        reason,
        parked_at,
    )


def parked_again(fact: Recorded[Any], event: EventParked) -> ParkedEvent:
    """Describe a parked event from the fact that says so."""
    return ParkedEvent(
        fact.tenant_id,
        event.topic,
        event.partition,
        event.offset,
        event.upstream_source,
        event.upstream_stream_id,
        event.upstream_version,
        event.event_id,
        event.event_type,
        event.cause,
        event.reason,
        fact.recorded_at,
    )
