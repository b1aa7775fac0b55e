"""From a record of the log to something that can be decided, or to the reason why it cannot."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from rcm.domain import Reaction, Service
from rcm.events.envelope import Envelope, Recorded, attributes, log_key, recorded
from rcm.events.event import Catalogue, Event, NotAnEvent, UnknownEvent
from rcm.platform.log.port import Record
from rcm.platform.store.port import UpstreamKey

NOBODY: Final = "-"
"""Stands for a tenant, source or stream that cannot be read from a record."""

_TENANT: Final = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)
"""A tenant as a store can hold it; nobody too, whose parked events are told on the log."""


class Intake(msgspec.Struct, frozen=True):
    """An upstream record as it was understood.

    Attributes:
        record: Where it stands and what it holds.
        upstream: Tenant, source and stream; all of `NOBODY` if its headers cannot be read.
        version: Of that stream; 0 if it cannot be read.
        envelope: Its headers; None if they cannot be read.
        event: The fact; None if nobody here asks for it.
        streams: The own streams that it needs.
        reaction: What answers it; None for a fold or if nobody asks for it.
        fault: Why it cannot be decided: name of the failure; empty if it can.
        cause: Kind of that fault.
        parked_as: Tenant that it is parked under, where that is not its own: it could not be read
            when it was parked.
    """

    record: Record
    upstream: UpstreamKey = (NOBODY, NOBODY, NOBODY)
    version: int = 0
    envelope: Envelope | None = None
    event: Recorded[Event] | None = None
    streams: Sequence[str] = ()
    reaction: Reaction | None = None
    fault: str = ""
    cause: str = "not-an-event"
    parked_as: str = ""

    @property
    def place_tenant_id(self) -> str:
        """The tenant that it is, or would be, parked under."""
        return self.parked_as or self.upstream[0]


class Reader:
    """Understands the records of a service's upstream topics."""

    def __init__(self, service: Service[Any], catalogue: Catalogue) -> None:
        self._service = service
        self._catalogue = catalogue

    def understand(self, record: Record) -> Intake:
        """Read a record. Never raises: what cannot be read is an intake with a fault."""
        try:
            found = readable(record)
        except NotAnEvent as error:
            return Intake(record, fault=str(error))
        intake = (record, (found.tenant_id, found.source, found.stream_id), int(found.version))
        reactions = self._service.reactions.get(record.topic)
        reaction = reactions.get(found.event_name) if reactions else None
        ask = reaction.streams if reaction else self._service.folds.get(record.topic)
        if ask is None:
            return Intake(*intake, found)
        try:
            event = self._event(found, record, known=reaction is not None)
        except NotAnEvent as error:
            return Intake(*intake, found, fault=str(error))
        if event is None:
            return Intake(*intake, found)
        try:
            return Intake(*intake, found, event, ask(event), reaction)
        except Exception as error:  # noqa: BLE001 - whatever a service raises parks this event only
            return Intake(*intake, found, fault=type(error).__name__, cause="decision-failed")

    def _event(self, found: Envelope, record: Record, *, known: bool) -> Recorded[Event] | None:
        """Decode; None for an event that this build does not know and nobody reacts to."""
        event = self._catalogue.decode(found.event_type, record.value)
        if isinstance(event, UnknownEvent):
            if known:
                raise NotAnEvent("a later version of an event that is reacted to")
            return None
        for field in self._catalogue.phi_fields[event.name]:
            phi = getattr(event, field)
            if phi is not None and phi.bound_to != bound_to(found.event_id, event.name, field):
                raise NotAnEvent("a sealed field belongs to another event")
        return recorded(found, event, f"{record.topic}/{record.partition}/{record.offset}")


def readable(record: Record) -> Envelope:
    """Read whose record it is, and of which stream.

    Raises:
        NotAnEvent: It cannot be told, or no store could hold it. What is wrong with one record
            must not stop the others of its partition.
    """
    packed = record.packed
    found = attributes(packed)
    if _TENANT.fullmatch(found.tenant_id) is None:
        raise NotAnEvent("header tenant is not a tenant's name")
    # NUL may stand in a length, too: then a closer look tells.
    suspect = b"\0" in packed if isinstance(packed, bytes) else True
    if suspect and "\0" in "".join(msgspec.structs.astuple(found)):
        raise NotAnEvent("a header holds NUL")
    if record.key != log_key(found.tenant_id, found.stream_id):
        raise NotAnEvent("the key is not that of tenant and stream")
    return found


def bound_to(event_id: str, name: str, field: str) -> str:
    """Name the one place where a box may stand."""
    return f"{event_id}/{name}/{field}"
