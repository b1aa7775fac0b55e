"""One loop per process: takes what waits, decides it as one batch, commits once, answers.

upstream records ─┐
                  ├─▶ load ─▶ decide ─▶ write ─▶ commit ─▶ answer commands, wake the relay
commands ─────────┘
"""

import asyncio
import contextlib
import logging
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from msgspec import structs

from rcm.domain import Command
from rcm.platform.crash import CrashPoint
from rcm.platform.engine.batch import Batch, Core, Tally
from rcm.platform.engine.intake import Intake, Reader
from rcm.platform.engine.outcomes import Outcome, command_key
from rcm.platform.engine.parking import StillParked
from rcm.platform.keys import KeyName
from rcm.platform.log.port import Consumer, EventLog, LogUnavailable, Record, TopicPartition
from rcm.platform.store.port import (
    Fenced,
    ParkedEvent,
    Store,
    StoreConflict,
    StoreUnavailable,
    UpstreamKey,
    Wanted,
)
from rcm.problems import Busy, NotFound, StreamMoved

logger: Final = logging.getLogger(__name__)

CONFLICTS_MAX: Final = 5
_JOBS_MAX: Final = 10_000
_IDLE_S: Final = 0.5
PACE_S: Final = 0.05
"""Least time between two looks for upstream records, unless the last one filled a batch: a batch of
a few costs nearly what one of a hundred does. One that comes after a pause is taken at once."""

GATHER_S: Final = 0.01
"""Least time between two batches of commands while several come at once: a commit to the disk for
forty costs what one for four does. One that comes alone never waits."""

_MIRROR_S: Final = 5.0
_RETRY_S: Final = (0.05, 0.2, 1.0, 2.0)


@dataclass(slots=True)
class Work:
    """A command that waits, or a parked stream to be taken up again (then it has records)."""

    done: asyncio.Future[Outcome]
    command: Command | None = None
    waiting: Sequence[Intake] = ()
    skip_first: bool = False


@dataclass(slots=True)
class Totals:
    """Counts since the start, for metrics; `backlog` is what is not yet on the log."""

    batches: int = 0
    tally: Tally = field(default_factory=Tally)
    backlog: int = 0


class Engine:
    """Runs one service against its store and the log. It is a `Membership` of its consumer."""

    def __init__(
        self,
        core: Core,
        store: Store,
        log: EventLog,
        *,
        now: Callable[[], datetime],
        crash: CrashPoint,
        batch_max: int,
        backlog_max: int,
        published: Callable[[], None],
        pace_s: float = PACE_S,
        gather_s: float = GATHER_S,
    ) -> None:
        self.core: Final = core
        self.totals: Final = Totals()
        self.positions: Final[dict[TopicPartition, int]] = {}
        self._store = store
        self._log = log
        self._reader = Reader(core.service, core.catalogue)
        self._now = now
        self._crash = crash
        self._batch_max = batch_max
        self._backlog_max = backlog_max
        self._published = published
        self._queue: deque[Work] = deque()
        self._records: list[Record] = []
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._stopping = False
        self._mirror_at = 0.0
        self._pace_s = pace_s
        self._look_at = 0.0
        self._gather_s = gather_s
        self._gathered_at = 0.0
        self._consumer: Consumer | None = None
        self._drains: set[asyncio.Task[None]] = set()

    async def execute(self, command: Command) -> Outcome:
        """Carry out a command together with whatever else waits; durable when it returns.

        Raises:
            Problem: It was refused.
            StoreUnavailable: It may or may not have been carried out; repeat it under its id.
        """
        if self._full or len(self._queue) >= _JOBS_MAX or self._stopping:
            raise Busy("Try again in a few seconds.")
        return await self._ask(Work(asyncio.get_running_loop().create_future(), command))

    async def resume(self, first: ParkedEvent, *, skip_first: bool) -> Outcome:
        """Try the parked events of one upstream stream again, in order, from its first.

        Raises:
            NotFound: It is not parked.
            StillParked: It failed again, or an earlier one of its stream has to go first.
        """
        stream = (first.tenant_id, first.source, first.stream_id)
        ahead = [
            event
            for event in await self._store.parked(first.tenant_id)
            if (event.tenant_id, event.source, event.stream_id) == stream
            and (first.version or event[:4] == first[:4])
        ]
        ahead.sort(key=lambda event: event.version)
        if not any(event[:4] == first[:4] for event in ahead):
            raise NotFound
        if ahead[0][:4] != first[:4]:
            raise StillParked("EarlierEventParked")
        records = [await self._log.read(e.topic, e.partition, e.offset) for e in ahead]
        waiting = [
            structs.replace(self._reader.understand(record), parked_as=first.tenant_id)
            for record in records
            if record is not None
        ]
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        return await self._ask(Work(future, waiting=waiting, skip_first=skip_first))

    async def assigned(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Start partitions where the store is, which may be another than where we left them."""
        async with self._lock:
            self._forget(places)
            found = await self._store.positions(places)
            self.positions.update(found)
            return found

    async def revoked(self, places: Collection[TopicPartition]) -> None:
        """Finish the transaction in flight, then let go."""
        async with self._lock:
            self._forget(places)

    async def run(self, consumer: Consumer | None) -> None:
        """Work until `stop`; the transaction in flight is always finished."""
        self._consumer = consumer
        failures = 0
        try:
            while not self._stopping:
                try:
                    if not await self._step():
                        await self._idle()
                    failures = 0
                except (StoreUnavailable, LogUnavailable) as error:
                    pause = _RETRY_S[min(failures, len(_RETRY_S) - 1)]
                    failures += 1
                    logger.warning("waiting for store or log", extra={"error_type": str(error)})
                    await asyncio.sleep(pause)
        finally:
            self._stopping = True
            while self._queue:
                work = self._queue.popleft()
                if not work.done.done():
                    work.done.set_exception(Busy("The service is stopping."))

    def stop(self) -> None:
        """Ask the loop to end after the batch in hand."""
        self._stopping = True
        self._wake.set()

    def wake(self) -> None:
        """Look again: something changed."""
        self._wake.set()

    def published(self, count: int) -> None:
        """The relay carried facts to the log; 0 when the outbox is empty."""
        was_full = self._full
        self.totals.backlog = max(self.totals.backlog - count, 0) if count else 0
        if was_full and not self._full:
            self._wake.set()

    @property
    def queued(self) -> int:
        """Commands that wait."""
        return len(self._queue)

    @property
    def _full(self) -> bool:
        return self.totals.backlog > self._backlog_max

    async def _ask(self, work: Work) -> Outcome:
        self._queue.append(work)
        self._wake.set()
        return await work.done

    async def _step(self) -> bool:
        """Do one batch. False if there was nothing to do."""
        self._wake.clear()
        if self._queue and (rest := self._gathered_at - time.monotonic()) > 0:
            await asyncio.sleep(rest)
        if self._consumer is not None and not self._records and time.monotonic() >= self._look_at:
            room = 0 if self._full else self._batch_max
            self._records = await self._consumer.fetch(room)
            if len(self._records) < self._batch_max:
                self._look_at = time.monotonic() + self._pace_s
            if self._records:
                self._crash("poll")
        works = [self._queue.popleft() for _ in range(min(len(self._queue), self._batch_max))]
        works = [work for work in works if not work.done.done()]
        if len(works) > 1:
            self._gathered_at = time.monotonic() + self._gather_s
        if not works and not self._records:
            return False
        try:
            await self._until_committed(works)
        except BaseException as error:
            for work in works:
                if not work.done.done():
                    work.done.set_exception(
                        error if isinstance(error, Exception) else StoreUnavailable("stopped")
                    )
            raise
        if self._consumer is not None and time.monotonic() > self._mirror_at:
            self._mirror_at = time.monotonic() + _MIRROR_S
            await self._consumer.mirror(self.positions)
        await asyncio.sleep(0)
        return True

    async def _until_committed(self, works: Sequence[Work]) -> None:
        """Do the batch again as long as another member came between."""
        conflicts = 0
        while True:
            try:
                async with self._lock:
                    await self._transact(works)
            except Fenced as fenced:
                logger.warning("fenced", extra={"partition_count": len(fenced.places)})
                self._forget(fenced.places)
                assert self._consumer is not None
                await self._consumer.rewind(fenced.places)
            except StoreConflict:
                conflicts += 1
                if conflicts > CONFLICTS_MAX and works:
                    for work in works:
                        work.done.set_exception(StreamMoved("Read it again and decide again."))
                    return
            else:
                return

    def _news(self) -> tuple[list[Intake], dict[TopicPartition, tuple[int, int]]]:
        """Understand the records at hand, and tell how far they bring their partitions."""
        understand, positions = self._reader.understand, self.positions
        intakes: list[Intake] = []
        nexts: dict[TopicPartition, int] = {}
        place, position = None, 0
        for record in self._records:
            if place is None or record[:2] != place:
                place = record.place
                position = positions.get(place, record.offset + 1)
            # A log that begins earlier than it was told to must not move a position back.
            if record.offset >= position:
                intakes.append(understand(record))
                nexts[place] = record.offset + 1
        return intakes, {place: (positions[place], after) for place, after in nexts.items()}

    async def _transact(self, works: Sequence[Work]) -> None:
        """Load, decide, write, commit, answer."""
        intakes, consumed = self._news()
        if not works and not intakes:
            self._records = []
            return
        wanted, tenants = self._wanted(intakes, works)
        keys = self.core.keys
        await keys.refresh()
        await keys.ensure(_keys_of(works))
        moved = self.positions if works else consumed
        handled = ",".join(
            f"{place.topic}/{place.partition}:{consumed.get(place, (0, self.positions[place]))[1]}"
            for place in sorted(moved)
        )
        while True:
            async with self._store.transaction(tenants) as transaction:
                self._crash("begin")
                loaded = await transaction.load(wanted)
                batch = Batch(self.core, loaded, self._now(), handled)
                batch.expect(wanted)
                for intake in intakes:
                    batch.take(intake)
                answers = [_answer(batch, work) for work in works]
                if not batch.lacking:
                    changes = batch.finish()
                    changes.consumed = consumed
                    self._crash("state")
                    await transaction.write(changes, self._crash)
                    self._crash("before-commit")
                    await transaction.commit()
                    break
            await keys.ensure(batch.lacking_keys)
            wanted.streams |= batch.lacking_streams
        self._crash("after-commit")
        self._records = []
        self.positions.update({place: after for place, (_, after) in consumed.items()})
        self._account(batch)
        for work, answer in zip(works, answers, strict=True):
            if work.done.done():
                continue
            if isinstance(answer, Exception):
                work.done.set_exception(answer)
            else:
                work.done.set_result(answer)
        for upstream in batch.closed_gaps:
            self._drain(upstream)

    def _account(self, batch: Batch) -> None:
        totals, tally = self.totals, batch.tally
        totals.batches += 1
        totals.tally.recorded_count += tally.recorded_count
        totals.tally.handled_count += tally.handled_count
        totals.tally.repeated_count += tally.repeated_count
        totals.tally.parked_count += tally.parked_count
        for error in batch.failures:
            # The place, never the message: that may hold PHI.
            places = traceback.extract_tb(error.__traceback__)
            where = f"{places[-1].filename}:{places[-1].lineno}" if places else ""
            logger.error("event parked", extra={"error_type": type(error).__name__, "where": where})
        if batch.changes.outbox:
            totals.backlog += len(batch.changes.outbox)
            self._published()

    def _drain(self, upstream: UpstreamKey) -> None:
        """A missing event came: take up those that waited for it."""
        task = asyncio.create_task(self._drain_parked(upstream))
        self._drains.add(task)
        task.add_done_callback(self._drains.discard)

    async def _drain_parked(self, upstream: UpstreamKey) -> None:
        events = [
            e
            for e in await self._store.parked(upstream[0])
            if (e.tenant_id, e.source, e.stream_id) == upstream
        ]
        if events:
            try:
                await self.resume(min(events, key=lambda e: e.version), skip_first=False)
            except (StillParked, NotFound, StoreUnavailable) as error:
                logger.info("still parked", extra={"error_type": type(error).__name__})

    def _wanted(
        self, intakes: Sequence[Intake], works: Sequence[Work]
    ) -> tuple[Wanted, frozenset[str]]:
        wanted, tenants = Wanted(), set[str]()
        for intake in (*intakes, *(intake for work in works for intake in work.waiting)):
            tenant_id = intake.upstream[0]
            tenants.add(tenant_id)
            if intake.parked_as:
                tenants.add(intake.parked_as)
            if intake.version:
                wanted.upstream.add(intake.upstream)
            for stream_id in intake.streams:
                wanted.streams.add((tenant_id, stream_id))
        for command in (work.command for work in works):
            if command is not None:
                tenants.add(command.tenant_id)
                if command.is_remembered:
                    wanted.commands.add(command_key(command))
                wanted.streams.update((command.tenant_id, stream) for stream in command.streams)
        return wanted, frozenset(tenants)

    def _forget(self, places: Collection[TopicPartition]) -> None:
        gone = set(places)
        for place in gone:
            self.positions.pop(place, None)
        self._records = [record for record in self._records if record.place not in gone]

    async def _idle(self) -> None:
        """Wait for a command, a record, or a change of what holds us up."""
        pause = self._look_at - time.monotonic()
        if self._consumer is not None and pause > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            return
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._wake.wait())]
        if self._consumer is not None and not self._full:
            waits.append(asyncio.ensure_future(self._consumer.wait()))
        try:
            await asyncio.wait(waits, timeout=_IDLE_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


def _answer(batch: Batch, work: Work) -> Outcome | Exception:
    if work.command is not None:
        return batch.carry_out(work.command)
    return batch.resume(work.waiting, skip_first=work.skip_first)


def _keys_of(works: Sequence[Work]) -> set[KeyName]:
    return {
        KeyName(work.command.tenant_id, key_id)
        for work in works
        if work.command is not None
        for key_id in work.command.key_ids
    }
