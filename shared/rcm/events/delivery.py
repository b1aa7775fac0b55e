"""Events that every service may record about its own intake: an event that it could not handle."""

from typing import ClassVar, Literal

from rcm.events.event import Event


class EventParked(Event, frozen=True, kw_only=True):
    """An upstream event could not be handled. It waits, and later ones of its stream wait behind
    it in order.

    Stream: `parked-` and a hash of topic and upstream key.

    Attributes:
        topic: Where it stands.
        partition: Where it stands.
        offset: Where it stands; a retry reads it from there again.
        event_id: Its `ce_id`, or empty if it has none that can be read.
        event_type: Its `ce_type`.
        upstream_stream_id: The stream that is blocked behind it.
        cause: `decision-failed`, `not-an-event`, `gap`, or `behind` an earlier one.
        reason: Name of the failure; no message, for that may hold PHI.
        upstream_source: The service that recorded it, or `-`.
        upstream_version: Its version in that stream, or 0.
    """

    name: ClassVar[str] = "EventParked"

    topic: str
    partition: int
    offset: int
    event_id: str
    event_type: str
    upstream_stream_id: str
    cause: Literal["decision-failed", "not-an-event", "gap", "behind"]
    reason: str
    upstream_source: str = ""
    upstream_version: int = 0


class EventUnparked(Event, frozen=True, kw_only=True):
    """An operator had a parked event handled again with success, or decided to do without it.

    Attributes:
        topic: Where it stands.
        partition: Where it stands.
        offset: Where it stands.
        outcome: `handled` after a retry, or `skipped`.
    """

    name: ClassVar[str] = "EventUnparked"

    topic: str
    partition: int
    offset: int
    outcome: Literal["handled", "skipped"]
