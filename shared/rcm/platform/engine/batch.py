"""Decide a batch: pure functions over what was loaded, giving what is to be written.

Nothing here waits or touches a store. The engine runs it between `load` and `write`; tests and the
simulation run it over dictionaries. A unit (record or command) either contributes all of its facts
or none, and a unit that fails leaves the others as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from rcm.domain import Command, Fact, Service
from rcm.events.delivery import EventParked, EventUnparked
from rcm.events.envelope import Recorded, attributes, derived_id
from rcm.events.event import Catalogue, Event
from rcm.events.phi import ClearPhi, Phi
from rcm.platform.engine.circumstances import Circumstances
from rcm.platform.engine.intake import Intake, bound_to
from rcm.platform.engine.outcomes import Outcome, command_key, read_outcome, write_outcome
from rcm.platform.engine.parking import StillParked, parked_again, parked_event, parking_stream
from rcm.platform.keys import KeyName, Keys, KeysMissing
from rcm.platform.log.partitioner import partition_of
from rcm.platform.log.port import Draft, pack_headers
from rcm.platform.store.port import (
    Changes,
    Loaded,
    StoredOutcome,
    StoreUnavailable,
    StreamKey,
    UpstreamKey,
    Wanted,
)
from rcm.platform.store.rows import BoundRow, TableShape
from rcm.problems import IdempotencyKeyReused

T = TypeVar("T")

KERNEL_EVENTS: Final = (EventParked, EventUnparked)
"""Facts of the kernel: their streams have no state of the service."""

_NONE: Final[frozenset[int]] = frozenset()

NO_STATE: Final = b"null"
"""What a stream of the kernel's own facts stores."""


class LogIncomplete(RuntimeError):
    """The log lacks a fact that a later one builds on: retention or another's hand removed it."""


class Core:
    """What deciding needs beside the batch: the service and its codecs. Made once."""

    def __init__(
        self,
        service: Service[Any],
        catalogue: Catalogue,
        keys: Keys,
        shapes: Mapping[str, TableShape],
        partition_count: int,
    ) -> None:
        self.service: Final = service
        self.catalogue: Final = catalogue
        self.keys: Final = keys
        self.shapes: Final = shapes
        self.partition_count: Final = partition_count
        self.encode_state: Final = msgspec.json.Encoder(order="deterministic").encode
        self.decode_state: Final = msgspec.json.Decoder(service.state).decode


class Story(NamedTuple):
    """Where facts come from, for their envelopes."""

    tenant_id: str
    cause_id: str
    causation_id: str
    correlation_id: str
    actor: str
    traceparent: str
    idempotency: str


class _Held(NamedTuple):
    """A stream within the batch."""

    stored_version: int
    version: int
    state: Any


@dataclass(slots=True)
class Tally:
    """What happened in a batch, for the metrics."""

    recorded_count: int = 0
    handled_count: int = 0
    repeated_count: int = 0
    parked_count: int = 0


class _Unit:
    """What one record or command contributes; merged only when all of it went well."""

    __slots__ = ("outbox", "recorded", "rows", "streams")

    def __init__(self) -> None:
        self.streams: dict[StreamKey, _Held] = {}
        self.rows: list[BoundRow] = []
        self.outbox: list[Draft] = []
        self.recorded: list[Recorded[Any]] = []


class Batch:
    """Units decided one after the other, each seeing what those before it recorded."""

    def __init__(self, core: Core, loaded: Loaded, now: datetime, handled: str) -> None:
        self._core = core
        self._loaded = loaded
        self._now = now
        self._recorded_at = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self._handled = handled
        self._streams: dict[StreamKey, _Held] = {}
        self._available: set[StreamKey] = set()
        self.changes: Final = Changes()
        self.tally: Final = Tally()
        self.lacking_keys: Final[set[KeyName]] = set()
        self.lacking_streams: Final[set[StreamKey]] = set()
        self.closed_gaps: Final[set[UpstreamKey]] = set()
        self.failures: Final[list[Exception]] = []

    @property
    def lacking(self) -> bool:
        """Whether the batch has to be decided again with more at hand."""
        return bool(self.lacking_keys or self.lacking_streams)

    def expect(self, wanted: Wanted) -> None:
        """Say which streams were asked for, so that an absent one is known not to exist."""
        self._available |= wanted.streams

    def take(self, intake: Intake) -> None:
        """Handle an upstream record: once, in the order of its stream, or park it."""
        upstream, version = intake.upstream, intake.version
        last = self._last(upstream)
        waiting = self._loaded.parked.get(upstream, _NONE) if version else _NONE
        if version and (version <= last or version in waiting):
            self.tally.repeated_count += 1
        elif intake.fault:
            self._park(intake, intake.cause, intake.fault)
        elif waiting and not version == last + 1 < min(waiting):
            self._park(intake, "behind", "EarlierEventParked")
        elif version > last + 1:
            self._park(intake, "gap", "EarlierEventMissing")
        else:
            failure = self._handle(intake)
            if failure:
                self._park(intake, "decision-failed", failure)
            elif version + 1 in waiting:
                self.closed_gaps.add(upstream)

    def carry_out(self, command: Command) -> Outcome | Exception:
        """Decide a command, once; a refusal or failure comes back as what was raised."""
        key = command_key(command)
        known = self.changes.outcomes.get(key) or self._loaded.outcomes.get(key)
        if known is not None and command.is_remembered:
            if known.request_hash != command.request_hash:
                return IdempotencyKeyReused("Use a new key for another request.")
            self.tally.repeated_count += 1
            return Outcome(read_outcome(self._core.catalogue, known.outcome), repeated=True)
        tenant_id = command.tenant_id
        context = Circumstances(self._core.keys, tenant_id, self._now, command.command_id)
        story = Story(
            tenant_id,
            command.command_id,
            command.command_id,
            command.correlation_id or command.command_id,
            command.actor,
            command.traceparent,
            f"{key[1]}|{command.request_hash}" if command.is_remembered else "",
        )
        unit = _Unit()
        try:
            facts = command.decide(self._states(tenant_id, command.streams), context)
            self._record(unit, story, facts)
        except KeysMissing as missing:
            self.lacking_keys.update(missing.names)
            return missing
        except Exception as error:  # noqa: BLE001 - handed to whoever asked; the others go on
            return error
        self._merge(unit)
        if unit.recorded and command.is_remembered:
            self.changes.outcomes[key] = StoredOutcome(
                command.request_hash,
                write_outcome(self._core.catalogue, unit.recorded, unit.outbox),
            )
        return Outcome(unit.recorded)

    def resume(self, waiting: Sequence[Intake], *, skip_first: bool) -> Outcome | Exception:
        """Handle parked records of one upstream stream in order, up to the first that fails.

        Returns:
            What was recorded for them, or why not even the first could be handled.
        """
        done: list[Recorded[Any]] = []
        for number, intake in enumerate(waiting):
            skipped = skip_first and number == 0
            if not skipped:
                last = self._last(intake.upstream)
                gap = intake.version > last + 1
                failure = intake.fault or ("EarlierEventMissing" if gap else "")
                # One that could not be read may have come again since, and been handled.
                if not failure and not 0 < intake.version <= last:
                    failure = self._handle(intake)
                if failure and number == 0:
                    return StillParked(failure)
                if failure:
                    break
            elif intake.version:
                self.changes.inbox[intake.upstream] = intake.version
            done += self._unpark(intake, "skipped" if skipped else "handled")
        return Outcome(done)

    def replay(self, fact: Recorded[Any]) -> bool:
        """Fold an own fact from the log, deciding nothing. False if it was folded before.

        Raises:
            LogIncomplete: An earlier fact of its stream is not on the log.
        """
        key = (fact.tenant_id, fact.stream_id)
        held = self._hold(key)
        if fact.stream_version <= held.version:
            return False
        if fact.stream_version > held.version + 1:
            raise LogIncomplete(f"{fact.stream_id}: {fact.stream_version} after {held.version}")
        unit, event = _Unit(), fact.event
        if isinstance(event, KERNEL_EVENTS):
            unit.streams[key] = held._replace(version=held.version + 1)
            place = (fact.tenant_id, event.topic, event.partition, event.offset)
            if isinstance(event, EventParked):
                self.changes.parked[place] = parked_again(fact, event)
                self.changes.unparked.discard(place)
            elif self.changes.parked.pop(place, None) is None:
                self.changes.unparked.add(place)
        else:
            self._evolve(unit, fact.stream_id, fact)
        self._merge(unit)
        return True

    def finish(self) -> Changes:
        """Write out the states that changed, and on the last fact how far the upstream is handled:
        where that one is on the log, all that was recorded with it is.
        """
        if self._handled and self.changes.outbox:
            last = self.changes.outbox[-1]
            envelope = msgspec.structs.replace(attributes(last.headers), handled=self._handled)
            self.changes.outbox[-1] = last._replace(headers=pack_headers(envelope))
        encode = self._core.encode_state
        for key, held in self._streams.items():
            if held.version != held.stored_version:
                state = NO_STATE if held.state is None else encode(held.state)
                self.changes.streams[key] = (held.stored_version, held.version, state)
        return self.changes

    def _handle(self, intake: Intake) -> str:
        """Decide or fold a record. Returns the name of the failure, or nothing."""
        event = intake.event
        if event is None:
            self._handled_one(intake)
            return ""
        unit, tenant_id = _Unit(), intake.upstream[0]
        try:
            if intake.reaction is not None:
                context = Circumstances(self._core.keys, tenant_id, self._now, event.event_id)
                states = self._states(tenant_id, intake.streams)
                story = Story(
                    tenant_id,
                    event.event_id,
                    event.event_id,
                    event.correlation_id,
                    self._core.service.name,
                    event.traceparent,
                    "",
                )
                self._record(unit, story, intake.reaction.decide(states, event, context))
            else:
                for stream_id in intake.streams:
                    self._evolve(unit, stream_id, event)
        except KeysMissing as missing:
            self.lacking_keys.update(missing.names)
            return ""
        except StoreUnavailable:  # the key service: not this event's fault
            raise
        except Exception as error:  # noqa: BLE001 - whatever a service raises parks this event only
            self.failures.append(error)
            return type(error).__name__
        self._merge(unit)
        self._handled_one(intake)
        return ""

    def _handled_one(self, intake: Intake) -> None:
        if intake.version:
            self.changes.inbox[intake.upstream] = intake.version
        self.tally.handled_count += 1

    def _record(self, unit: _Unit, story: Story, facts: Sequence[Fact]) -> None:
        """Stamp, seal, fold and encode the facts of one cause."""
        core = self._core
        for ordinal, (stream_id, event) in enumerate(facts):
            event_id = derived_id(story.cause_id, core.service.name, ordinal)
            key = (story.tenant_id, stream_id)
            held = unit.streams.get(key) or self._hold(key)
            fact = Recorded(
                event_id=event_id,
                source=core.service.name,
                tenant_id=story.tenant_id,
                stream_id=stream_id,
                stream_version=held.version + 1,
                recorded_at=self._recorded_at,
                correlation_id=story.correlation_id,
                causation_id=story.causation_id,
                actor=story.actor,
                event=self._sealed(story.tenant_id, event_id, event),
                traceparent=story.traceparent,
                idempotency=story.idempotency,
            )
            if isinstance(event, KERNEL_EVENTS):
                unit.streams[key] = held._replace(version=held.version + 1)
            else:
                self._evolve(unit, stream_id, fact)
            log_key = fact.key
            unit.outbox.append(
                Draft(
                    partition_of(log_key, core.partition_count),
                    log_key,
                    pack_headers(fact.envelope()),
                    core.catalogue.encode(fact.event),
                )
            )
            unit.recorded.append(fact)

    def _evolve(self, unit: _Unit, stream_id: str, fact: Recorded[Any]) -> None:
        service, shapes, tenant_id = self._core.service, self._core.shapes, fact.tenant_id
        key = (tenant_id, stream_id)
        held = unit.streams.get(key) or self._hold(key)
        after = service.evolve(held.state, fact)
        for row in service.project(held.state, after, fact):
            unit.rows.append(shapes[row.table].bind(tenant_id, row))
        unit.streams[key] = _Held(held.stored_version, held.version + 1, after)

    def _sealed(self, tenant_id: str, event_id: str, event: Event) -> Event:
        fields = self._core.catalogue.phi_fields[event.name]
        if not fields:
            return event
        boxes: dict[str, Phi] = {}
        for name in fields:
            phi = getattr(event, name)
            if phi is None:
                continue
            place = bound_to(event_id, event.name, name)
            assert type(phi) is ClearPhi, (
                f"{event.name}.{name}: a box is bound to its event; open it and give its content"
            )
            boxes[name] = self._core.keys.seal(tenant_id, place, phi)
        return msgspec.structs.replace(event, **boxes) if boxes else event

    def _merge(self, unit: _Unit) -> None:
        self._streams.update(unit.streams)
        rows = self.changes.rows
        for table, key, values in unit.rows:
            rows.setdefault(table, {})[key] = values
        if self._core.service.topic:
            self.changes.outbox += unit.outbox
        self.tally.recorded_count += len(unit.recorded)

    def _states(self, tenant_id: str, stream_ids: Sequence[str]) -> dict[str, Any]:
        found = {}
        for stream_id in stream_ids:
            held = self._hold((tenant_id, stream_id))
            if held.version:
                found[stream_id] = held.state
        return found

    def _hold(self, key: StreamKey) -> _Held:
        held = self._streams.get(key)
        if held is None:
            stored = self._loaded.streams.get(key)
            if stored is None:
                assert key in self._available, "a fact's stream was not named by `streams`"
                held = _Held(0, 0, None)
            else:
                state = None if stored.state == NO_STATE else self._core.decode_state(stored.state)
                held = _Held(stored.version, stored.version, state)
            self._streams[key] = held
        return held

    def _last(self, upstream: UpstreamKey) -> int:
        last = self.changes.inbox.get(upstream)
        return self._loaded.inbox.get(upstream, 0) if last is None else last

    def _park(self, intake: Intake, cause: str, reason: str) -> None:
        # One that only reads tells nobody, and a rebuild parks the same again: with a time that
        # both know.
        parked_at = self._recorded_at
        if not self._core.service.topic:
            parked_at = intake.envelope.recorded_at if intake.envelope is not None else ""
        fact = parked_event(intake, cause, reason, parked_at)
        tenant_id, place = intake.upstream[0], (fact.topic, fact.partition, fact.offset)
        if self._kernel_fact(intake, "parked", fact.as_event()) is None:
            return
        self.changes.parked[tenant_id, *place] = fact
        self.changes.unparked.discard((tenant_id, *place))
        self._loaded.parked.setdefault(intake.upstream, set()).add(intake.version)
        self.tally.parked_count += 1

    def _unpark(self, intake: Intake, outcome: Any) -> Sequence[Recorded[Any]]:
        record = intake.record
        place = (record.topic, record.partition, record.offset)
        event = EventUnparked(topic=place[0], partition=place[1], offset=place[2], outcome=outcome)
        facts = self._kernel_fact(intake, "unparked", event)
        if facts is not None:
            self.changes.unparked.add((intake.place_tenant_id, *place))
            self._loaded.parked.get(intake.upstream, set()).discard(intake.version)
        return facts or ()

    def _kernel_fact(
        self, intake: Intake, kind: str, event: Event
    ) -> Sequence[Recorded[Any]] | None:
        """Record that an event was parked or unparked; None if its stream is not yet at hand."""
        if not self._core.service.topic:
            return ()
        record = intake.record
        tenant_id, stream_id = intake.place_tenant_id, parking_stream(record)
        key = (tenant_id, stream_id)
        if key not in self._available and key not in self._loaded.streams:
            self.lacking_streams.add(key)
            return None
        cause_id = f"{kind}/{record.topic}/{record.partition}/{record.offset}"
        event_id = intake.envelope.event_id if intake.envelope is not None else cause_id
        correlation_id = intake.event.correlation_id if intake.event is not None else cause_id
        name = self._core.service.name
        unit = _Unit()
        story = Story(tenant_id, cause_id, event_id, correlation_id, name, "", "")
        self._record(unit, story, [Fact(stream_id, event)])
        self._merge(unit)
        return unit.recorded
