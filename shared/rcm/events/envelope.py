"""The envelope: CloudEvents 1.0 in Kafka's binary mode. Attributes are headers, the value is the
event's JSON.

key      tenant:stream                      partition = murmur2(key) mod partitions, on every log
alike
headers  ce_specversion ce_id ce_source ce_type ce_subject ce_time
         tenant streamversion correlationid causationid actor traceparent handled idempotency
value    canonical JSON of the event, PHI fields sealed
"""

from collections.abc import Mapping
from hashlib import sha1
from typing import Annotated, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from rcm.events.event import Event, NotAnEvent

E_co = TypeVar("E_co", bound=Event, covariant=True)

NAMESPACE: Final = UUID("6ad4f0c2-5a0e-5d0c-9a55-0d1e5c1a1357")
"""Under which event ids are derived; never to be changed."""

_NAMESPACE_BYTES: Final = NAMESPACE.bytes
_UUID_MASK: Final = 0xF000_C000_0000_0000_0000
_UUID_BITS: Final = 0x5000_8000_0000_0000_0000

Headers = Mapping[str, str]
"""The headers of a record; none at all where they are not UTF-8."""

_ID_LENGTH_MAX: Final = 200

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=_ID_LENGTH_MAX)]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The attributes of an event as the headers of its record hold them; see `Recorded`.

    Its fields stand in the order in which the headers are written.
    """

    specversion: str = msgspec.field(name="ce_specversion", default="")
    event_id: _Id = msgspec.field(name="ce_id")
    source: _Id = msgspec.field(name="ce_source")
    event_type: _Id = msgspec.field(name="ce_type")
    stream_id: _Id = msgspec.field(name="ce_subject")
    recorded_at: _Id = msgspec.field(name="ce_time")
    tenant_id: _Id = msgspec.field(name="tenant")
    version: _Id = msgspec.field(name="streamversion")
    correlation_id: str = msgspec.field(name="correlationid", default="")
    causation_id: str = msgspec.field(name="causationid", default="")
    actor: str = ""
    traceparent: str = ""
    handled: str = ""
    idempotency: str = ""

    @property
    def stream_version(self) -> int:
        """Its number within its stream."""
        return int(self.version)

    @property
    def event_name(self) -> str:
        """The event's name, without its version."""
        return self.event_type.partition(".")[0]


_REQUIRED: Final = tuple(
    field.encode_name for field in msgspec.structs.fields(Envelope) if field.required
)
_unpack: Final = msgspec.msgpack.Decoder(Envelope).decode
_unpack_any: Final = msgspec.msgpack.Decoder(dict[str, str]).decode


class Recorded(msgspec.Struct, Generic[E_co], frozen=True, kw_only=True):
    """An event as it was recorded, with its place in the story. Holds no PHI in clear.

    Attributes:
        event_id: UUIDv5 of what caused it and its ordinal among the effects; the same however
            often it is decided.
        source: The service that recorded it, such as `claims-svc`.
        tenant_id: Whose it is.
        stream_id: What it is about, such as a claim's id; unique within tenant and source.
        stream_version: 1, 2, 3 ... within (source, tenant, stream), without a gap.
        recorded_at: When it was recorded: RFC 3339, UTC, microseconds.
        correlation_id: The first cause: the message or request that began the story.
        causation_id: The event id (or command id) that directly caused it.
        actor: Who or what acted: a service, or a user's subject.
        traceparent: W3C trace context, or empty.
        handled: How far the source had handled its upstream when it recorded this:
            `topic/partition:next_offset,...`; on the last fact of a transaction, empty on others.
        idempotency: `key|sha256 of the request` of the command that caused it, or empty.
        place: Where it stands on the log: `topic/partition/offset`; empty before it is there.
        event: The fact itself.
    """

    event_id: str
    source: str
    tenant_id: str
    stream_id: str
    stream_version: int
    recorded_at: str
    correlation_id: str
    causation_id: str
    actor: str
    event: E_co
    traceparent: str = ""
    handled: str = ""
    idempotency: str = ""
    place: str = ""

    @property
    def key(self) -> bytes:
        """The log key; orders everything about one stream."""
        return log_key(self.tenant_id, self.stream_id)

    def envelope(self) -> Envelope:
        """Return the attributes alone."""
        return Envelope(
            specversion="1.0",
            event_id=self.event_id,
            source=self.source,
            event_type=self.event.type_name(),
            stream_id=self.stream_id,
            recorded_at=self.recorded_at,
            tenant_id=self.tenant_id,
            version=str(self.stream_version),
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
            actor=self.actor,
            traceparent=self.traceparent,
            handled=self.handled,
            idempotency=self.idempotency,
        )

    def headers(self) -> dict[str, str]:
        """Write the attributes as log headers; each is UTF-8 on the wire."""
        found: dict[str, str] = msgspec.to_builtins(self.envelope())
        return found


def log_key(tenant_id: str, stream_id: str) -> bytes:
    """Return the key under which a stream's events stand on the log."""
    return f"{tenant_id}:{stream_id}".encode()


def attributes(headers: Headers | bytes) -> Envelope:
    """Read headers that came from the log, by name or packed by `pack_headers`.

    Raises:
        NotAnEvent: One is missing, is over 200 characters where an id stands, or the version is no
            number.
    """
    try:
        found = _unpack(headers) if type(headers) is bytes else msgspec.convert(headers, Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotAnEvent(f"header {_bad_header(headers)} is missing or too long") from error
    version = found.version
    if not (version.isascii() and version.isdigit() and len(version) <= 18 and int(version) > 0):
        raise NotAnEvent("header streamversion is not a positive number")
    return found


def _bad_header(headers: Headers | bytes) -> str:
    try:
        named = _unpack_any(headers) if isinstance(headers, bytes) else headers
    except (msgspec.MsgspecError, UnicodeDecodeError):
        named = {}
    bad = (name for name in _REQUIRED if not 0 < len(named.get(name, "")) <= _ID_LENGTH_MAX)
    return next(bad, "of some name")


def recorded(found: Envelope, event: Event, place: str = "") -> Recorded[Event]:
    """Put attributes read from the log and the decoded event together."""
    return Recorded(
        event_id=found.event_id,
        source=found.source,
        tenant_id=found.tenant_id,
        stream_id=found.stream_id,
        stream_version=int(found.version),
        recorded_at=found.recorded_at,
        correlation_id=found.correlation_id,
        causation_id=found.causation_id,
        actor=found.actor,
        traceparent=found.traceparent,
        handled=found.handled,
        idempotency=found.idempotency,
        place=place,
        event=event,
    )


def derived_id(cause_id: str, source: str, ordinal: int) -> str:
    """Derive the id of the ordinal-th effect that a source records for a cause; the same however
    often it is decided.
    """
    digest = sha1(
        _NAMESPACE_BYTES + f"{cause_id}/{source}/{ordinal}".encode(), usedforsecurity=False
    )
    # RFC 9562: version 5 and the variant in place; what uuid.uuid5 does, at a third of its cost.
    number = int.from_bytes(digest.digest()[:16])
    text = f"{(number & ~_UUID_MASK) | _UUID_BITS:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
