"""The base of every event, its JSON, and how an old one is read.

Strict when made: `encode` refuses what the contract does not allow. Tolerant when read: unknown
fields are passed over,
a missing optional field takes its default, an older version is brought up by its upcasters. A
published event is never
edited; a new optional field keeps the version, anything else is a new version and an upcaster.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, get_args

import msgspec

from rcm.events.phi import ClearPhi, Phi

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns the JSON object of version n into that of version n + 1; pure, and kept for ever."""

_ENCODER: Final = msgspec.json.Encoder(order="sorted")
_TYPE: Final = re.compile(r"([A-Z][A-Za-z0-9]{1,63})\.v([1-9]\d{0,3})", re.ASCII)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that a service recorded. Subclasses are named in the past tense, and the name is
    fixed for ever.

    Attributes:
        name: The name on the log, without the version.
        version: The version of the contract below.
        upcasters: For each older version, the step to the next.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    upcasters: ClassVar[Mapping[int, Upcaster]] = {}

    @classmethod
    def type_name(cls) -> str:
        """Return the `ce_type` of the current version, such as `ClaimSubmitted.v1`."""
        return f"{cls.name}.v{cls.version}"


class UnknownEvent(Event, frozen=True):
    """An event of a name or a future version that this build does not know. Folds pass over it; it
    is kept.

    Attributes:
        type: Its `ce_type` as it came.
    """

    name: ClassVar[str] = "UnknownEvent"

    type: str


class NotAnEvent(ValueError):
    """Bytes on the log that are no event of the type that their header names. Says where, never
    what.
    """


def canonical(event: Event) -> bytes:
    """Write an event as canonical JSON, unchecked; `Catalogue.encode` checks."""
    return _ENCODER.encode(event)


class Catalogue:
    """The events that a program knows, by name: encodes and decodes them."""

    def __init__(self, *events: type[Event]) -> None:
        self.events: Final = {event.name: event for event in events}
        assert len(self.events) == len(events), "two events share a name"
        self._decoders = {e.name: msgspec.json.Decoder(e) for e in events}
        self._current = {e.type_name(): self._decoders[e.name] for e in events}
        self.phi_fields: Final = {e.name: phi_fields(e) for e in events}

    def encode(self, event: Event) -> bytes:
        """Write an event as canonical JSON: keys sorted, no white space, UTF-8, integers only.

        Raises:
            msgspec.ValidationError: The event breaks its own contract (our bug, found before it is
            written).
        """
        for field in self.phi_fields[event.name]:
            assert type(getattr(event, field)) is not ClearPhi, (
                f"{event.name}.{field} is not sealed"
            )
        data = canonical(event)
        self._decoders[event.name].decode(data)
        return data

    def decode(self, type_name: str, data: bytes) -> Event:
        """Read an event of any version.

        Raises:
            NotAnEvent: The type name is malformed, or the data do not fit the contract.
        """
        decoder = self._current.get(type_name)
        try:
            return (
                decoder.decode(data) if decoder is not None else self._decode_other(type_name, data)
            )
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise NotAnEvent(f"not a {type_name[:80]!r}") from error

    def _decode_other(self, type_name: str, data: bytes) -> Event:
        match = _TYPE.fullmatch(type_name)
        if match is None:
            raise NotAnEvent("malformed ce_type")
        event, version = self.events.get(match[1]), int(match[2])
        if event is None or version > event.version:
            return UnknownEvent(type=type_name)
        body = msgspec.json.decode(data, type=dict[str, Any])
        for step in range(version, event.version):
            body = event.upcasters[step](body)
        return msgspec.convert(body, event)


def phi_fields(event: type[Event]) -> tuple[str, ...]:
    """Name the fields of an event that hold PHI (`Phi` or `Phi | None`; PHI is never nested
    deeper).
    """
    return tuple(
        field.name
        for field in msgspec.structs.fields(event)
        if field.type is Phi or Phi in get_args(field.type)
    )
