"""Fold a service's store anew from the log alone, compare it with the live one, and swap.

Nothing is decided and nothing is sent. The own topic gives states, rows, parked events and the
outcomes of commands; how far the upstream was handled stands in the records themselves (`handled`),
and the headers of the upstream below that refill the inbox. A service that only reads folds its
upstream again, with the same code as live.
"""

import heapq
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from rcm.events.catalogue import CATALOGUE, TOPICS
from rcm.events.envelope import Recorded, derived_id, recorded
from rcm.events.event import Catalogue, NotAnEvent
from rcm.platform.engine.batch import Batch, Core
from rcm.platform.engine.intake import Reader, readable
from rcm.platform.engine.outcomes import write_outcome
from rcm.platform.keys import open_keys
from rcm.platform.log.opening import open_log
from rcm.platform.log.port import EventLog, Record, TopicPartition
from rcm.platform.manifest import Manifest
from rcm.platform.settings import Settings
from rcm.platform.store.places import StoreInUse, place_of
from rcm.platform.store.port import Changes, CommandKey, Store, StoredOutcome, UpstreamKey, Wanted

CHUNK: Final = 2_000
_OUTCOME_AGE: Final = 20_000
"""How many facts later a command's outcome is whole: all its facts bear one time, and the merge
brings them side by side."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        fact_count: Records of the own topic that were folded.
        upstream_count: Upstream records that were read.
        foreign_count: Records of the own topic that this service cannot have written.
        seconds: How long it took.
        hashes: Of each table of the new store.
        live_hashes: Of each table of the live store; empty if there was none.
        kept_as: Where the old store is now; empty if it was not swapped.
    """

    fact_count: int
    upstream_count: int
    foreign_count: int
    seconds: float
    hashes: Mapping[str, str]
    live_hashes: Mapping[str, str]
    kept_as: str = ""

    @property
    def differing(self) -> Sequence[str]:
        """Tables that are not what the log says."""
        return [name for name, found in self.live_hashes.items() if found != self.hashes[name]]


async def rebuild(
    manifest: Manifest,
    settings: Settings,
    *,
    swap: bool = True,
    progress: Progress | None = None,
    catalogue: Catalogue = CATALOGUE,
    topics: Sequence[str] = TOPICS,
) -> Rebuilt:
    """Fold, compare and swap. The service must be stopped.

    Raises:
        StoreInUse: It runs.
        LogIncomplete: The log lacks facts; nothing was swapped.
    """
    began = time.monotonic()
    log = await open_log(settings, topics)
    keys = open_keys(settings)
    place = place_of(manifest, settings)
    try:
        live = await place.open_live()
        if live is not None:
            try:
                await _publish_outbox(live, log, manifest)
            finally:
                await live.close()
        live_hashes = await place.hashes_live() if live is not None else {}
        reached = await place.consumed_live() if live is not None else {}
        fresh = await place.open_fresh()
        try:
            count = await log.partition_count(topics[0])
            core = Core(manifest.service, catalogue, keys, fresh.shapes, count)
            work = _Rebuild(core, fresh, log, progress or _silent)
            await work.fold_own()
            await work.refill(reached)
        finally:
            await fresh.close()
        hashes = await place.hashes_fresh()
        kept_as = await place.swap() if swap else ""
    finally:
        await keys.close()
        await log.close()
    seconds = time.monotonic() - began
    return Rebuilt(
        work.fact_count,
        work.upstream_count,
        work.foreign_count,
        seconds,
        hashes,
        live_hashes,
        kept_as,
    )


async def _publish_outbox(live: Store, log: EventLog, manifest: Manifest) -> None:
    """What is recorded but not yet on the log goes there first."""
    if not await live.lead():
        raise StoreInUse(f"{manifest.service.name} runs; stop it first")
    while rows := await live.pending(CHUNK):
        await log.publish(manifest.service.topic, [draft for _, draft in rows])
        await live.sent([position for position, _ in rows])


@dataclass(slots=True)
class _Command:
    """Facts of one command as they are found, and when the last of them was."""

    request_hash: str
    facts: list[Recorded[Any]] = field(default_factory=list)
    seen_at: int = 0


class _Rebuild:
    """The folding of one store."""

    def __init__(self, core: Core, store: Store, log: EventLog, progress: Progress) -> None:
        self._core = core
        self._store = store
        self._log = log
        self._progress = progress
        self._reader = Reader(core.service, core.catalogue)
        self._commands: dict[CommandKey, _Command] = {}
        self._handled: dict[TopicPartition, int] = {}
        self._last_handled = ""
        self.fact_count = 0
        self.upstream_count = 0
        self.foreign_count = 0

    async def fold_own(self) -> None:
        """Fold the own topic, all partitions merged by time."""
        topic = self._core.service.topic
        if not topic:
            return
        total = sum((await self._log.end_offsets(topic)).values())
        facts: list[Recorded[Any]] = []
        async for fact in self._own_facts(topic):
            facts.append(fact)
            if len(facts) == CHUNK:
                await self._fold(facts)
                self._progress(self.fact_count, total)
                facts = []
        await self._fold(facts)
        await self._remember_commands(everything=True)
        self._progress(total, total)

    async def refill(self, reached: Mapping[TopicPartition, int]) -> None:
        """Bring inbox and positions to where the service was.

        Args:
            reached: Where the live store was; without one, what the records themselves say.
        """
        service = self._core.service
        for topic in (*service.reactions, *service.folds):
            ends = await self._log.end_offsets(topic)
            for partition, end in sorted(ends.items()):
                place = TopicPartition(topic, partition)
                default = end if topic in service.folds else self._handled.get(place, 0)
                target = max(reached.get(place, default), self._handled.get(place, 0))
                await self._refill_partition(place, min(target, end))

    async def _refill_partition(self, place: TopicPartition, target: int) -> None:
        await self._store.positions([place])
        start = 0
        while start < target:
            records = await self._log.read_range(*place, start, target, CHUNK)
            assert records, "the log ended before the position that its records name"
            after = records[-1].offset + 1
            if place.topic in self._core.service.folds:
                await self._fold_upstream(records, {place: (start, after)})
            else:
                await self._note_upstream(records, {place: (start, after)})
            self.upstream_count += len(records)
            start = after

    async def _own_facts(self, topic: str) -> AsyncIterator[Recorded[Any]]:
        """Merge the partitions by the time that the facts were recorded."""
        streams = [
            self._partition(topic, partition, end)
            for partition, end in sorted((await self._log.end_offsets(topic)).items())
        ]
        heap: list[tuple[str, int, Recorded[Any]]] = []
        for number, stream in enumerate(streams):
            async for fact in stream:
                heapq.heappush(heap, (fact.recorded_at, number, fact))
                break
        while heap:
            _, number, fact = heapq.heappop(heap)
            yield fact
            async for following in streams[number]:
                heapq.heappush(heap, (following.recorded_at, number, following))
                break

    async def _partition(
        self, topic: str, partition: int, end: int
    ) -> AsyncIterator[Recorded[Any]]:
        start = 0
        while records := await self._log.read_range(topic, partition, start, end, CHUNK):
            for record in records:
                try:
                    found = readable(record)
                    event = self._core.catalogue.decode(found.event_type, record.value)
                except NotAnEvent:
                    # Not ours; were it ours, its stream would have a gap, and that stops us.
                    self.foreign_count += 1
                    continue
                if found.source == self._core.service.name:
                    yield recorded(found, event)
                else:
                    self.foreign_count += 1
            start = records[-1].offset + 1

    async def _fold(self, facts: Sequence[Recorded[Any]]) -> None:
        if not facts:
            return
        wanted = Wanted({(fact.tenant_id, fact.stream_id) for fact in facts})
        async with self._store.transaction({fact.tenant_id for fact in facts}) as transaction:
            loaded = await transaction.load(wanted)
            batch = Batch(self._core, loaded, datetime.now(UTC), "")
            batch.expect(wanted)
            for fact in facts:
                if batch.replay(fact):
                    self._learn(fact)
                self.fact_count += 1
            changes = batch.finish()
            changes.outbox.clear()
            await transaction.write(changes)
            await transaction.commit()
        await self._remember_commands(everything=False)

    def _learn(self, fact: Recorded[Any]) -> None:
        """Take positions and commands from a fact's envelope."""
        if fact.handled != self._last_handled:  # one text for all facts of a transaction
            self._last_handled = fact.handled
            for part in filter(None, fact.handled.split(",")):
                place, _, offset = part.rpartition(":")
                topic, _, partition = place.rpartition("/")
                key = TopicPartition(topic, int(partition))
                self._handled[key] = max(self._handled.get(key, 0), int(offset))
        if fact.idempotency:
            name, _, request_hash = fact.idempotency.rpartition("|")
            command = self._commands.setdefault((fact.tenant_id, name), _Command(request_hash))
            command.facts.append(fact)
            command.seen_at = self.fact_count

    async def _remember_commands(self, *, everything: bool) -> None:
        """Write the outcomes of commands whose facts have all been seen."""
        old = self.fact_count - _OUTCOME_AGE
        ripe = {k: c for k, c in self._commands.items() if everything or c.seen_at < old}
        for keys in _chunks(list(ripe), CHUNK):
            changes = Changes()
            for key in keys:
                outcome = write_outcome(self._core.catalogue, _by_ordinal(ripe[key].facts))
                changes.outcomes[key] = StoredOutcome(ripe[key].request_hash, outcome)
            async with self._store.transaction({tenant for tenant, _ in keys}) as transaction:
                await transaction.write(changes)
                await transaction.commit()
            for key in keys:
                del self._commands[key]

    async def _note_upstream(
        self, records: Sequence[Record], consumed: dict[TopicPartition, tuple[int, int]]
    ) -> None:
        """Learn from headers alone what was handled; parked events were not."""
        seen: dict[UpstreamKey, int] = {}
        tenants = set[str]()
        for record in records:
            try:
                found = readable(record)
            except NotAnEvent:
                continue
            seen[found.tenant_id, found.source, found.stream_id] = found.stream_version
            tenants.add(found.tenant_id)
        async with self._store.transaction(tenants or {"-"}) as transaction:
            loaded = await transaction.load(Wanted(upstream=set(seen)))
            changes = Changes(consumed=consumed)
            for key, version in seen.items():
                waiting = loaded.parked.get(key)
                handled = min(version, min(waiting) - 1) if waiting else version
                if handled > loaded.inbox.get(key, 0):
                    changes.inbox[key] = handled
            await transaction.write(changes)
            await transaction.commit()

    async def _fold_upstream(
        self, records: Sequence[Record], consumed: dict[TopicPartition, tuple[int, int]]
    ) -> None:
        intakes = [self._reader.understand(record) for record in records]
        wanted = Wanted(
            {(i.upstream[0], stream) for i in intakes for stream in i.streams},
            {intake.upstream for intake in intakes if intake.version},
        )
        async with self._store.transaction({i.upstream[0] for i in intakes}) as transaction:
            loaded = await transaction.load(wanted)
            batch = Batch(self._core, loaded, datetime.now(UTC), "")
            batch.expect(wanted)
            for intake in intakes:
                batch.take(intake)
            changes = batch.finish()
            changes.consumed = consumed
            await transaction.write(changes)
            await transaction.commit()


def _by_ordinal(facts: Sequence[Recorded[Any]]) -> list[Recorded[Any]]:
    """Put a command's facts in the order that it recorded them: their ids tell."""
    by_id = {fact.event_id: fact for fact in facts}
    first = facts[0]
    ids = (derived_id(first.causation_id, first.source, n) for n in range(len(by_id)))
    return [by_id[event_id] for event_id in ids]


def _chunks(items: Sequence[CommandKey], size: int) -> list[Sequence[CommandKey]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def _silent(_done: int, _total: int) -> None:
    pass
