"""Decision tests in one sentence: given facts, when something comes, then facts (or a refusal).

    claims = ServiceCase(SERVICE, ClaimsTable.metadata)

    def test_a_second_original_is_refused():
        claims.given(EVENT_OF_CODING).when(command).refused(ClaimAlreadySubmitted)

What is given or comes is a `Fact` of an own stream, a `Cause` (an upstream event) or a `Command`.
Everything runs through the engine's own batch: sealed, stamped, folded, projected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

import msgspec
from sqlalchemy import MetaData

from memory_cases import NOON, MemoryKeys, MemoryService, fact_of
from rcm.domain import Command, Fact, Service
from rcm.events.catalogue import CATALOGUE, EVENTS_BY_TOPIC
from rcm.events.envelope import Recorded, log_key
from rcm.events.event import Catalogue, Event
from rcm.events.phi import ClearPhi
from rcm.platform.log.partitioner import partition_of
from rcm.platform.log.port import Record
from rcm.problems import Problem

TENANT = "northside"
SOURCES = {
    "rcm.coding": "coding-svc",
    "rcm.claims": "claims-svc",
    "rcm.remit": "remit-svc",
    "rcm.denials": "denials-svc",
}
TOPIC_OF = {event.name: topic for topic, events in EVENTS_BY_TOPIC.items() for event in events}


@dataclass(frozen=True)
class Cause:
    """An event of another service, as it arrives. PHI may be given clear; it is sealed here."""

    stream_id: str
    event: Event
    tenant_id: str = TENANT
    topic: str = ""
    source: str = ""
    version: int = 0  # 0: the next of its stream


class ServiceCase:
    """A service in memory; each `given` starts anew."""

    def __init__(
        self, service: Service[Any], metadata: MetaData, *, catalogue: Catalogue = CATALOGUE
    ) -> None:
        self._make = lambda: MemoryService(
            service, metadata, keys=MemoryKeys(), catalogue=catalogue
        )

    def given(self, *history: Fact | Cause | Command) -> "Story":
        """Start from a history; none of it may be refused or parked."""
        story = Story(self._make())
        for part in history:
            story.happen(part)
            assert story.problem is None, repr(story.problem)
            if story.service.failures:
                raise story.service.failures[0]
            assert not story.service.parked, story.service.parked
        return story

    def when(self, part: Fact | Cause | Command) -> "Story":
        """Start from nothing."""
        return self.given().when(part)


class Story:
    """A service in the middle of a test. `service` is open to look at: `state`, `table`, ..."""

    def __init__(self, service: MemoryService) -> None:
        self.service = service
        self.problem: Exception | None = None
        self.facts: list[Recorded[Any]] = []
        self._versions: dict[tuple[str, str, str], int] = {}
        self._offset = 0

    def when(self, *parts: Fact | Cause | Command) -> Self:
        """Let something happen; its facts are what `then` compares."""
        self.facts, self.problem = [], None
        self.service.failures.clear()
        for part in parts:
            self.happen(part)
        return self

    def then(self, *expected: Event | type[Event]) -> Self:
        """Compare what was recorded: an event must be equal, PHI aside; a type must match."""
        assert self.problem is None, repr(self.problem)
        if self.service.failures:
            raise self.service.failures[0]
        assert not self.service.parked, [*self.service.parked.values()]
        names = [fact.event.name for fact in self.facts]
        assert names == [event.name for event in expected]
        for fact, event in zip(self.facts, expected, strict=True):
            if isinstance(event, Event):
                assert self.without_phi(fact.event) == self.without_phi(event)
        return self

    def refused(self, problem: type[Problem], part_of_detail: str = "") -> Self:
        """Expect a refusal, and that nothing was recorded."""
        assert type(self.problem) is problem, repr(self.problem)
        assert part_of_detail in str(self.problem)
        assert self.facts == []
        return self

    def parked(self, reason: str = "") -> Self:
        """Expect that an upstream event could not be handled."""
        reasons = [event.reason for event in self.service.parked.values()]
        assert reasons
        assert not reason or reason in reasons, reasons
        return self

    def open(self, fact: Recorded[Any], field: str, shape: Any) -> Any:
        """Read a sealed field of a recorded fact."""
        content = self.service.keys.open(fact.tenant_id, getattr(fact.event, field))
        return None if content is None else msgspec.json.decode(content, type=shape)

    def without_phi(self, event: Event) -> Event:
        """Return the event with its sealed or clear boxes replaced by None-like marks."""
        names = self.service.core.catalogue.phi_fields[event.name]
        marks = {name: getattr(event, name) and getattr(event, name).key_id for name in names}
        return msgspec.structs.replace(event, **marks)

    def happen(self, part: Fact | Cause | Command) -> None:
        """Let one thing happen."""
        before = len(self.service.outbox)
        if isinstance(part, Command):
            (answer,) = self.service.batch([], [part])
            self.problem = answer if isinstance(answer, Exception) else None
            if self.problem is not None and not isinstance(self.problem, Problem):
                raise self.problem
        elif isinstance(part, Fact):
            self.service.execute(_recording(part, before))
        else:
            self.service.deliver(self.arriving(part))
        self.facts += [
            self._published(number) for number in range(before, len(self.service.outbox))
        ]

    def arriving(self, cause: Cause) -> Record:
        """Make the record that a service would have published."""
        topic = cause.topic or TOPIC_OF[cause.event.name]
        source = cause.source or SOURCES[topic]
        stream = (source, cause.tenant_id, cause.stream_id)
        version = cause.version or self._versions.get(stream, 0) + 1
        self._versions[stream] = version
        event_id = str(uuid5(NAMESPACE_URL, "/".join((*stream, str(version)))))
        fact = Recorded(
            event_id=event_id,
            source=source,
            tenant_id=cause.tenant_id,
            stream_id=cause.stream_id,
            stream_version=version,
            recorded_at=NOON.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            correlation_id=event_id,
            causation_id=event_id,
            actor=source,
            event=self._sealed(cause, event_id),
        )
        self._offset += 1
        key = log_key(cause.tenant_id, cause.stream_id)
        place = (topic, partition_of(key, self.service.core.partition_count), self._offset)
        value = self.service.core.catalogue.encode(fact.event)
        return Record(*place, key, fact.headers(), value)

    def _sealed(self, cause: Cause, event_id: str) -> Event:
        event, keys = cause.event, self.service.keys
        boxes = {
            name: keys.seal(cause.tenant_id, f"{event_id}/{event.name}/{name}", phi)
            for name in self.service.core.catalogue.phi_fields[event.name]
            if type(phi := getattr(event, name)) is ClearPhi
        }
        return msgspec.structs.replace(event, **boxes) if boxes else event

    def _published(self, number: int) -> Recorded[Any]:
        from rcm.platform.log.port import unpack_headers

        draft = self.service.outbox[number]
        headers = unpack_headers(draft.headers)
        record = Record("", draft.partition, number, draft.key, headers, draft.value)
        return fact_of(self.service.core.catalogue, record)


def _recording(fact: Fact, number: int) -> Command:
    """A command that records a fact as it stands."""

    def decide(_loaded: Any, _context: Any) -> Sequence[Fact]:
        return [fact]

    return Command(
        tenant_id=TENANT,
        command_id=f"given-{number}",
        streams=[fact.stream_id],
        decide=decide,
        actor="history",
    )
