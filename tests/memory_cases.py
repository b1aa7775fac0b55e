"""Services run in memory, by the engine's own `Batch`: for decision tests and for the simulation.

`MemoryService` is what the engine does between `load` and `commit`, over dictionaries; a whole
batch is one function call, so thousands of events a second can be decided, delivered twice, late or
in another order. `World` joins several of them by a log in memory.
"""

import base64
import copy
import hashlib
import hmac
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import MetaData
from sqlalchemy.dialects import sqlite

from rcm.domain import Command, Service
from rcm.events.catalogue import CATALOGUE
from rcm.events.envelope import Recorded
from rcm.events.event import Catalogue
from rcm.events.phi import ClearPhi, Phi
from rcm.platform.engine.batch import Batch, Core
from rcm.platform.engine.intake import Intake, Reader
from rcm.platform.engine.outcomes import Outcome, command_key
from rcm.platform.keys import KeyDestroyed, KeyName, NotSealedHere
from rcm.platform.log.port import Draft, Record, unpack_headers
from rcm.platform.store.port import (
    Changes,
    Loaded,
    ParkedEvent,
    StoredOutcome,
    StoredStream,
    Wanted,
)
from rcm.platform.store.rows import shapes_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PARTITION_COUNT = 4


class MemoryKeys:
    """Keys derived from their names, so that equal runs give equal boxes. For tests only."""

    def __init__(self) -> None:
        self.destroyed: set[KeyName] = set()

    async def ensure(self, names: Collection[KeyName]) -> None:
        pass

    async def refresh(self) -> None:
        pass

    def seal(self, tenant_id: str, bound_to: str, phi: ClearPhi) -> Phi:
        if KeyName(tenant_id, phi.key_id) in self.destroyed:
            raise KeyDestroyed
        nonce = hashlib.sha256(bound_to.encode() + phi.content).digest()[:12]
        box = nonce + self._cipher(tenant_id, phi.key_id).encrypt(
            nonce, phi.content, _bound(tenant_id, bound_to)
        )
        return Phi(phi.key_id, bound_to, base64.urlsafe_b64encode(box).decode())

    def open(self, tenant_id: str, phi: Phi) -> bytes | None:
        if KeyName(tenant_id, phi.key_id) in self.destroyed:
            return None
        try:
            box = base64.urlsafe_b64decode(phi.box)
            return self._cipher(tenant_id, phi.key_id).decrypt(
                box[:12], box[12:], _bound(tenant_id, phi.bound_to)
            )
        except (InvalidTag, ValueError) as error:
            raise NotSealedHere(repr(phi)) from error

    def opaque_id(self, tenant_id: str, prefix: str, *parts: str) -> str:
        content = "".join(f"{len(part)}:{part}" for part in (prefix, *parts)).encode()
        digest = hmac.digest(tenant_id.encode(), content, "sha256")
        return f"{prefix}_{base64.b32encode(digest[:10]).decode().lower()}"

    async def destroy(self, tenant_id: str, key_id: str) -> None:
        self.destroyed.add(KeyName(tenant_id, key_id))

    async def close(self) -> None:
        pass

    def _cipher(self, tenant_id: str, key_id: str) -> AESGCM:
        return AESGCM(hashlib.sha256(f"{tenant_id}/{key_id}".encode()).digest())


class MemoryService:
    """One service with its store in dictionaries.

    `streams`, `rows`, `inbox`, `outcomes`, `parked` are the store's tables; `recorded` is all that
    it ever recorded; `outbox` is what is not yet published.
    """

    def __init__(
        self,
        service: Service[Any],
        metadata: MetaData,
        *,
        keys: MemoryKeys | None = None,
        catalogue: Catalogue = CATALOGUE,
        partition_count: int = PARTITION_COUNT,
    ) -> None:
        self.service = service
        self.keys = keys or MemoryKeys()
        shapes = shapes_of(metadata, sqlite.dialect())
        self.core = Core(service, catalogue, self.keys, shapes, partition_count)
        self.reader = Reader(service, catalogue)
        self.now = NOON
        self.streams: dict[tuple[str, str], StoredStream] = {}
        self.rows: dict[str, dict[tuple[Any, ...], tuple[Any, ...]]] = {name: {} for name in shapes}
        self.inbox: dict[tuple[str, str, str], int] = {}
        self.outcomes: dict[tuple[str, str], StoredOutcome] = {}
        self.parked: dict[tuple[str, str, int, int], ParkedEvent] = {}
        self.outbox: list[Draft] = []
        self.consumed: dict[tuple[str, int], int] = {}
        self.failures: list[Exception] = []

    def execute(self, command: Command) -> Outcome:
        """Carry out one command; raises what refused it."""
        (answer,) = self.batch([], [command])
        if isinstance(answer, Exception):
            raise answer
        return answer

    def deliver(self, *records: Record) -> None:
        """Hand over records as a consumer would."""
        self.batch(records, [])

    def batch(
        self, records: Iterable[Record], commands: Sequence[Command]
    ) -> list[Outcome | Exception]:
        """Decide records and commands as one transaction."""
        intakes = [self.reader.understand(record) for record in records]
        batch, answers = self._decided(
            intakes, commands, lambda batch: [batch.carry_out(command) for command in commands]
        )
        self._commit(batch.finish())
        for intake in intakes:
            record = intake.record
            self.consumed[record.place] = max(self.consumed.get(record.place, 0), record.offset + 1)
        return answers

    def resume(self, records: Sequence[Record], *, skip_first: bool = False) -> Outcome:
        """Take up parked records as an operator does."""
        intakes = [self.reader.understand(record) for record in records]
        batch, (answer,) = self._decided(
            [], [], lambda batch: [batch.resume(intakes, skip_first=skip_first)], asked=intakes
        )
        if isinstance(answer, Exception):
            raise answer
        self._commit(batch.finish())
        return answer

    def state(self, stream_id: str, tenant_id: str = "northside") -> Any:
        """Return the state of a stream, or None."""
        stored = self.streams.get((tenant_id, stream_id))
        return None if stored is None else self.core.decode_state(stored.state)

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table as dictionaries, in the order of their keys."""
        shape = self.core.shapes[name]
        return [
            dict(zip((*shape.key, *shape.others), (*key, *values), strict=True))
            for key, values in sorted(self.rows[name].items())
        ]

    def dump_hash(self) -> str:
        """Hash everything that a rebuild must give again."""
        digest = hashlib.sha256()
        tables = [self.streams, self.inbox, self.outcomes, self.parked, *self.rows.values()]
        for table in tables:
            for item in sorted(table.items(), key=lambda item: item[0]):
                digest.update(repr(item).encode())
        return digest.hexdigest()

    def _decided(
        self,
        intakes: Sequence[Intake],
        commands: Sequence[Command],
        ask: Callable[[Batch], list[Outcome | Exception]],
        asked: Sequence[Intake] = (),
    ) -> tuple[Batch, list[Outcome | Exception]]:
        wanted = Wanted(
            {(i.upstream[0], stream) for i in (*intakes, *asked) for stream in i.streams}
            | {(c.tenant_id, stream) for c in commands for stream in c.streams},
            {intake.upstream for intake in (*intakes, *asked)},
            {command_key(command) for command in commands},
        )
        while True:
            batch = Batch(self.core, self._load(wanted), self.now, "")
            batch.expect(wanted)
            for intake in intakes:
                batch.take(intake)
            answers = ask(batch)
            if not batch.lacking:
                self.failures += batch.failures
                return batch, answers
            wanted.streams |= batch.lacking_streams

    def _load(self, wanted: Wanted) -> Loaded:
        parked: dict[tuple[str, str, str], set[int]] = {}
        for event in self.parked.values():
            key = (event.tenant_id, event.source, event.stream_id)
            parked.setdefault(key, set()).add(event.version)
        return Loaded(
            _some(self.streams, wanted.streams),
            _some(self.inbox, wanted.upstream),
            _some(self.outcomes, wanted.commands),
            parked,
        )

    def _commit(self, changes: Changes) -> None:
        for key, (expected, version, state) in changes.streams.items():
            stored = self.streams.get(key)
            assert (stored.version if stored else 0) == expected
            self.streams[key] = StoredStream(version, state)
        for table, rows in changes.rows.items():
            for key, values in rows.items():
                if values is None:
                    self.rows[table].pop(key, None)
                else:
                    self.rows[table][key] = values
        self.inbox.update(changes.inbox)
        self.outcomes.update(changes.outcomes)
        for place in changes.unparked:
            self.parked.pop(place)
        self.parked.update(changes.parked)
        self.outbox += changes.outbox


@dataclass
class World:
    """Several services and a log, in one thread and one clock; a seed decides what happens.

    Faults that `run` throws in: records delivered again, a relay that dies between publishing and
    deleting, batches of any size, topics and partitions in any order, a service that loses the
    batch in hand. Every service is at rest when `run` returns: nothing left to deliver.
    """

    services: Sequence[MemoryService]
    seed: int = 0
    fault_share: float = 0.1
    log: dict[tuple[str, int], list[Record]] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    now: datetime = NOON

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def run(self, commands: Iterable[tuple[MemoryService, Command]] = ()) -> None:
        """Carry out commands in their order, deliver and publish in between, until all rests."""
        waiting = list(commands)[::-1]
        while True:
            self.now += timedelta(seconds=1)
            for service in self.services:
                service.now = self.now
            behind = [s for s in self.services if s.outbox or self._upstream(s)]
            if not behind and not waiting:
                return
            if waiting and (not behind or self.random.random() < 0.3):
                service, command = waiting.pop()
                answers = service.batch([], [command])
                for answer in answers:
                    if isinstance(answer, Exception):
                        self.refused(service, command, answer)
                if self._fault("command-repeated"):
                    service.batch([], [command])
            else:
                self._advance(self.random.choice(behind))

    def refused(self, _service: MemoryService, _command: Command, problem: Exception) -> None:
        """What to do with a command that was not carried out; stops the run unless overridden."""
        raise problem

    def records(self, topic: str) -> list[Record]:
        """Everything on a topic."""
        return [r for (name, _), part in sorted(self.log.items()) if name == topic for r in part]

    def facts(self, topic: str) -> list[Recorded[Any]]:
        """Every fact of a topic once, decoded."""
        catalogue = self.services[0].core.catalogue
        found: dict[str, Recorded[Any]] = {}
        for record in self.records(topic):
            fact = fact_of(catalogue, record)
            found.setdefault(fact.event_id, fact)
        return list(found.values())

    def _advance(self, service: MemoryService) -> None:
        places = self._upstream(service)
        if service.outbox and (not places or self.random.random() < 0.5):
            self._publish(service)
            return
        place = self.random.choice(places)
        start = service.consumed.get(place, 0)
        if start and self._fault("delivered-again"):
            start = self.random.randrange(start)
        batch = self.log[place][start : start + self.random.choice((1, 2, 5, 50))]
        if self._fault("crash-before-commit"):
            before = copy.copy(service.__dict__)
            for name in ("streams", "inbox", "outcomes", "parked", "outbox", "consumed"):
                before[name] = copy.copy(before[name])
            before["rows"] = {name: dict(rows) for name, rows in service.rows.items()}
            service.batch(batch, [])
            service.__dict__.update(before)
        service.batch(batch, [])

    def _publish(self, service: MemoryService) -> None:
        rows = service.outbox[: self.random.choice((1, 3, 100))]
        for partition, key, packed, value in rows:
            part = self.log.setdefault((service.service.topic, partition), [])
            place = (service.service.topic, partition, len(part))
            part.append(Record(*place, key, unpack_headers(packed), value))
        if not self._fault("crash-after-publish"):
            del service.outbox[: len(rows)]

    def _upstream(self, service: MemoryService) -> list[tuple[str, int]]:
        topics = {*service.service.reactions, *service.service.folds}
        return [
            place
            for place, records in sorted(self.log.items())
            if place[0] in topics and service.consumed.get(place, 0) < len(records)
        ]

    def _fault(self, kind: str) -> bool:
        if self.random.random() < self.fault_share:
            self.faults[kind] = self.faults.get(kind, 0) + 1
            return True
        return False


def fact_of(catalogue: Catalogue, record: Record) -> Recorded[Any]:
    """Decode a record of the log."""
    from rcm.events.envelope import attributes, recorded

    found = attributes(record.packed)
    return recorded(found, catalogue.decode(found.event_type, record.value))


def _bound(tenant_id: str, bound_to: str) -> bytes:
    return f"{tenant_id}|{bound_to}".encode()


def _some(table: Mapping[Any, Any], keys: Iterable[Any]) -> dict[Any, Any]:
    return {key: table[key] for key in keys if key in table}
