"""The composition of one service: store, log, keys, engine, relay, jobs; one start, one stop."""

import asyncio
import contextlib
import gc
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from rcm.domain import Command
from rcm.events.catalogue import CATALOGUE, TOPICS
from rcm.events.event import Catalogue
from rcm.events.phi import Phi
from rcm.platform.audit.opening import open_trail
from rcm.platform.audit.port import AuditTrail
from rcm.platform.crash import crash_point
from rcm.platform.engine.batch import Core
from rcm.platform.engine.loop import Engine
from rcm.platform.engine.outcomes import Outcome
from rcm.platform.keys import KeyName, Keys, KeysMissing, open_keys
from rcm.platform.log.opening import open_log
from rcm.platform.log.port import EventLog
from rcm.platform.manifest import Job, Manifest
from rcm.platform.relay import Relay
from rcm.platform.settings import Settings
from rcm.platform.store.places import place_of
from rcm.platform.store.port import ParkedEvent, Store, StoreUnavailable
from rcm.problems import Busy, NotFound

T = TypeVar("T")

logger: Final = logging.getLogger(__name__)

DRAIN_S: Final = 5.0
"""How long a stopping service goes on publishing its outbox; what is left stays in it."""

GC_OBJECTS: Final = 50_000
"""Allocations between two looks for cyclic garbage."""

_JOB_RETRY_S: Final = (1.0, 5.0, 30.0)


class Runtime:
    """A running service. Made by `open_runtime`."""

    def __init__(
        self,
        manifest: Manifest,
        settings: Settings,
        store: Store,
        log: EventLog,
        keys: Keys,
        audit: AuditTrail,
    ) -> None:
        self.manifest: Final = manifest
        self.settings: Final = settings
        self.store: Final = store
        self.log: Final = log
        self.keys: Final = keys
        self.audit: Final = audit
        self.engine: Engine
        self.relay: Relay | None = None
        self.failed_jobs: Final[set[str]] = set()

    async def execute(self, command: Command) -> Outcome:
        """Carry out a command; durable when it returns.

        Raises:
            Problem: It was refused.
            Busy: There is too much work, or the store does not answer: then it may or may not have
                been carried out, and a repeat under the same id tells.
        """
        try:
            return await self.engine.execute(command)
        except StoreUnavailable as error:
            raise Busy("The store does not answer. Repeat the same request.") from error

    @asynccontextmanager
    async def read(self, tenant_id: str) -> AsyncIterator[AsyncSession]:
        """Open a session that sees one tenant's rows and writes nothing.

        Raises:
            Busy: The store does not answer.
        """
        try:
            async with self.store.read(tenant_id) as session:
                yield session
        except StoreUnavailable as error:
            raise Busy("The store does not answer.") from error

    async def look_up(
        self, tenant_id: str, table: str, column: str, values: Sequence[str], wanted: str
    ) -> Sequence[tuple[str, str]]:
        """Look rows of a tenant up by an indexed column, as `Store.look_up`.

        Raises:
            Busy: The store does not answer.
        """
        try:
            return await self.store.look_up(tenant_id, table, column, values, wanted)
        except StoreUnavailable as error:
            raise Busy("The store does not answer.") from error

    async def open(self, tenant_id: str, phi: Phi, shape: type[T]) -> T | None:
        """Read PHI for work of the service itself; None when its key was destroyed. What a person
        or a client sees goes through `rcm.platform.http.phi`, which records the view.
        """
        try:
            await self.keys.refresh()
            try:
                content = self.keys.open(tenant_id, phi)
            except KeysMissing as missing:
                await self.keys.ensure(missing.names)
                content = self.keys.open(tenant_id, phi)
        except StoreUnavailable as error:
            raise Busy("The key service does not answer.") from error
        return None if content is None else msgspec.json.decode(content, type=shape)

    def opaque_id(self, tenant_id: str, prefix: str, *parts: str) -> str:
        """Derive an id by the tenant's keyed hash, as decisions do."""
        return self.keys.opaque_id(tenant_id, prefix, *parts)

    async def ensure_keys(self, tenant_id: str, key_ids: Sequence[str]) -> None:
        """Make PHI keys beforehand."""
        await self.keys.ensure([KeyName(tenant_id, key_id) for key_id in key_ids])

    async def parked(self, tenant_id: str) -> Sequence[ParkedEvent]:
        """List a tenant's parked events."""
        return await self.store.parked(tenant_id)

    async def retry(self, tenant_id: str, topic: str, partition: int, offset: int) -> Outcome:
        """Handle a parked event again, and those behind it as far as they go.

        Raises:
            NotFound: It is not parked.
            StillParked: It failed again.
        """
        event = await self._parked(tenant_id, topic, partition, offset)
        return await self.engine.resume(event, skip_first=False)

    async def skip(self, tenant_id: str, topic: str, partition: int, offset: int) -> Outcome:
        """Do without a parked event, and handle those behind it as far as they go.

        Raises:
            NotFound: It is not parked.
            StillParked: An earlier one of its stream has to go first.
        """
        event = await self._parked(tenant_id, topic, partition, offset)
        return await self.engine.resume(event, skip_first=True)

    async def settled(self) -> bool:
        """Tell whether everything upstream is handled and everything recorded is on the log."""
        for place, position in self.engine.positions.items():
            ends = await self.log.end_offsets(place.topic)
            if position < ends[place.partition]:
                return False
        return not self.engine.queued and await self.store.backlog() == 0

    def watched(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """Note when a task that should run until the stop ends by a failure of ours."""

        def ended(task: asyncio.Task[None]) -> None:
            error = None if task.cancelled() else task.exception()
            if error is not None:
                self.failed_jobs.add(task.get_name())
                logger.critical(
                    "stopped by a failure",
                    extra={"job": task.get_name(), "error_type": type(error).__name__},
                )

        task.add_done_callback(ended)
        return task

    async def _parked(self, tenant_id: str, topic: str, partition: int, offset: int) -> ParkedEvent:
        for event in await self.store.parked(tenant_id):
            if (event.topic, event.partition, event.offset) == (topic, partition, offset):
                return event
        raise NotFound


@asynccontextmanager
async def open_runtime(
    manifest: Manifest,
    settings: Settings,
    *,
    catalogue: Catalogue = CATALOGUE,
    topics: Sequence[str] = TOPICS,
    now: Callable[[], datetime] | None = None,
) -> AsyncIterator[Runtime]:
    """Run a service: store migrated, engine, consumer, relay and jobs started; stopped in order.

    Stopping: jobs first, then intake, then the transaction in hand, then the relay empties the
    outbox (at most `DRAIN_S`).
    """
    crash = crash_point(os.environ)
    # A batch makes tens of thousands of objects that live as long as it does: looking for cycles
    # among them every 700 takes a fifth of the time.
    gc.set_threshold(GC_OBJECTS, 20, 50)
    async with contextlib.AsyncExitStack() as stack:
        keys: Keys = open_keys(settings)
        stack.push_async_callback(keys.close)
        store = await place_of(manifest, settings).open()
        stack.push_async_callback(store.close)
        log = await open_log(settings, topics)
        stack.push_async_callback(log.close)
        audit = await open_trail(manifest.service.name, settings)
        stack.push_async_callback(audit.close)
        runtime = Runtime(manifest, settings, store, log, keys, audit)
        service = manifest.service
        core = Core(service, catalogue, keys, store.shapes, settings.partition_count)
        engine = runtime.engine = Engine(
            core,
            store,
            log,
            now=now or _utc_now,
            crash=crash,
            batch_max=settings.batch_records_max,
            backlog_max=settings.backlog_max,
            published=lambda: runtime.relay.wake() if runtime.relay is not None else None,
        )
        engine.totals.backlog = await store.backlog()
        if service.topic:
            relay = runtime.relay = Relay(
                store, log, service.topic, crash=crash, emptied=engine.published
            )
            relaying = runtime.watched(asyncio.create_task(relay.run(), name="relay"))
            stack.push_async_callback(_drain, relay, relaying)
        upstream = [*service.reactions, *service.folds]
        consumer = None
        if upstream:
            consumer = await log.subscribe(service.name, settings.member, upstream, engine)
            stack.push_async_callback(consumer.close)
        working = runtime.watched(asyncio.create_task(engine.run(consumer), name="engine"))
        stack.push_async_callback(_finish, engine, working, crash)
        jobs = [
            asyncio.create_task(_keep_running(runtime, name, job), name=name)
            for name, job in manifest.jobs.items()
        ]
        stack.push_async_callback(_cancel, jobs)
        gc.collect()
        gc.freeze()  # what is there now stays: no look for garbage walks over it again
        yield runtime


async def _keep_running(runtime: Runtime, name: str, job: Job) -> None:
    """Run a job; start it again after a failure, later and later."""
    failures = 0
    while True:
        try:
            await job(runtime)
        except Exception as error:
            logger.exception("job failed", extra={"job": name, "error_type": type(error).__name__})
            runtime.failed_jobs.add(name)
            await asyncio.sleep(_JOB_RETRY_S[min(failures, len(_JOB_RETRY_S) - 1)])
            failures += 1
        else:
            return


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _finish(
    engine: Engine, working: asyncio.Task[None], crash: Callable[[str], None]
) -> None:
    crash("shutdown")
    engine.stop()
    await working


async def _drain(relay: Relay, relaying: asyncio.Task[None]) -> None:
    relay.stop()
    _, late = await asyncio.wait([relaying], timeout=DRAIN_S)
    if late:
        logger.warning("outbox not emptied before the stop")
        await _cancel([relaying])


def _utc_now() -> datetime:
    return datetime.now(UTC)
