"""One seeded world of all services: the real engines, stores and log files, stepped in a random
order.

What goes wrong, by the seed: a service dies at any named point of a batch or of publishing and
starts
again from its file; the log takes records and says that it did not; records come late, few at a
time,
one topic far ahead of another; the line to the clearinghouse breaks before or after the file is
taken;
senders repeat what was not acknowledged. The same seed gives the same story.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
import yaml
from tools.sampler import cases, configuration, fhir, hl7

import claims_svc.handlers.service as claims_service
from claims_svc.gateway import Wire
from claims_svc.handlers import coordination, desk, mail
from claims_svc.handlers.sending import Patience, Sender, Size
from claims_svc.main import MANIFEST as CLAIMS
from claims_svc.model.directory import Directory
from coding_svc.handlers import Way, take_bundle, take_message
from coding_svc.main import MANIFEST as CODING
from coding_svc.rules.profile import Profile, Profiles, extended
from denials_svc.main import MANIFEST as DENIALS
from lifecycle_svc.main import MANIFEST as LIFECYCLE
from memory_cases import MemoryKeys
from payer_sim.book import Book, Timing
from payer_sim.scenarios import Rules
from rcm.events.catalogue import CATALOGUE, TOPICS
from rcm.platform.clearinghouse.port import Parcel, Receipt, Waiting
from rcm.platform.clearinghouse.routes import RoutedReceiver
from rcm.platform.engine.batch import Core
from rcm.platform.engine.loop import Engine
from rcm.platform.folders import Archive
from rcm.platform.log.port import Draft, LogUnavailable, Record, TopicPartition
from rcm.platform.log.sqlite import SqliteLog
from rcm.platform.relay import Relay
from rcm.platform.runtime import Runtime
from rcm.platform.settings import Settings
from rcm.platform.store.places import place_of
from rcm.platform.telemetry import open_log
from rcm.problems import Busy
from remit_svc.handlers import Intake, collect
from remit_svc.main import MANIFEST as REMIT
from remit_svc.main import reasons_in_force
from remit_svc.settings import RemitSettings

ROOT = Path(__file__).parents[1]
AS_OF = date(2026, 11, 20)
BEGAN = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
PARTITIONS = 4
TIMING = Timing(60.0, 120.0, 240.0)


class Killed(BaseException):
    """The process is gone: nothing after this point happened."""


class World:
    """All services over one log, and what may go wrong between them."""

    def __init__(self, folder: Path, seed: int, *, faults: float) -> None:
        self.random = random.Random(seed)
        self.faults = faults
        self.seen: Counter[str] = Counter()
        self.now = BEGAN
        self.settings = Settings(
            data_dir=folder, tenants=("northside", "lakeview"), partition_count=PARTITIONS
        )
        SqliteLog.create(folder / "log.db", dict.fromkeys(TOPICS, PARTITIONS))
        self.keys = MemoryKeys()
        self.book = Book(None, self._rules(seed), TIMING)
        self.directories: dict[str, Directory] = {}
        self.profiles: dict[str, Profiles] = {}
        self._configure(seed)
        self.nodes: dict[str, Node] = {}
        self.gate = asyncio.Lock()
        claims_service.uuid4 = lambda: UUID(int=self.random.getrandbits(128))

    async def open(self) -> None:
        claims = replace(CLAIMS, service=claims_service.service(self.directories.get))
        for manifest in (CODING, claims, REMIT, DENIALS, LIFECYCLE):
            node = Node(self, manifest)
            await node.start()
            self.nodes[manifest.service.name] = node

    def fault(self, kind: str, share: float = 1.0) -> bool:
        """Decide whether something goes wrong now, and remember that it did."""
        if self.random.random() < self.faults * share:
            self.seen[kind] += 1
            return True
        return False

    async def run(self, count: int, seed: int) -> None:
        """Let encounters happen while everything else goes on; then let it come to rest."""
        senders = [self._sent(case) for case in cases.cases(count, seed, AS_OF)]
        waiting = [step for steps in senders for step in steps][::-1]
        turns = [*self.nodes.values()]
        while waiting:
            for _ in range(self.random.choice((1, 5, 40))):
                if waiting:
                    await self._until_done(waiting.pop())
            for node in self.random.sample(turns, len(turns)):
                await self._guarded(node, node.turn)
            await self._jobs()
        self.faults = 0.0
        quiet = 0
        while quiet < 12:
            self.now += timedelta(seconds=30)
            before = await self.recorded_count()
            await self._jobs()
            for node in turns:
                while await node.turn():
                    pass
            quiet = quiet + 1 if await self.recorded_count() == before else 0

    async def recorded_count(self) -> int:
        log = self.nodes["lifecycle-svc"].log
        return sum([sum((await log.end_offsets(topic)).values()) for topic in TOPICS])

    async def close(self) -> None:
        for node in self.nodes.values():
            await node.stop()

    async def _until_done(self, step) -> None:
        """The EHR sends again until it is acknowledged."""
        coding = self.nodes["coding-svc"]
        while True:
            try:
                await step()
            except Killed:
                await coding.restart()
            except (Busy, LogUnavailable):
                await coding.turn()
            else:
                if not self.fault("acknowledgement-lost", 0.5):
                    return

    async def _guarded(self, node: "Node", step) -> None:
        try:
            await step()
        except Killed:
            await node.restart()

    async def _jobs(self) -> None:
        self.now += timedelta(seconds=self.random.choice((1, 20, 90)))
        while self.book.answer_next(self.now):
            pass
        self.book.remit(self.now)
        claims, remit = self.nodes["claims-svc"], self.nodes["remit-svc"]
        for job in self.random.sample((self._send, self._mail, self._waiting), 3):
            await self._guarded(claims, job)
        await self._guarded(remit, self._collect)

    async def _send(self) -> None:
        sender = Sender(
            self.nodes["claims-svc"].runtime,
            self.directories.get,
            Wires(self),
            Size(25, 10),
            Patience(0, 0, 0, 0),
        )
        try:
            await sender.look()
            await sender.finish()
        finally:
            await sender.stop()

    async def _mail(self) -> None:
        runtime = self.nodes["claims-svc"].runtime
        postman = mail.Postman(runtime, Wires(self), self.nodes["claims-svc"].logger, 0)
        for wire in Wires(self).all():
            await postman.round(wire)

    async def _waiting(self) -> None:
        runtime = self.nodes["claims-svc"].runtime
        for tenant_id in self.directories:
            await desk.bill_waiting(runtime, tenant_id, self.directories.get)
            await desk.make_corrections(runtime, tenant_id, self.directories.get)
            await coordination.tell_next_payers(runtime, tenant_id, self.directories.get)

    async def _collect(self) -> None:
        node = self.nodes["remit-svc"]
        archive = Archive(self.settings.data_dir / "archive", node.runtime.keys)
        intake = Intake(node.runtime, archive, reasons_in_force(RemitSettings()))
        for wire in Wires(self).all():
            await collect(intake, wire.tenant_id, wire.port, node.logger)

    def _sent(self, case: cases.Case) -> list:
        """What the EHR does for a case, step by step."""
        tenant = case.site.tenant

        def way() -> Way:
            return Way(self.nodes["coding-svc"].runtime, tenant, self.profiles[tenant], "mllp")

        if case.is_fhir:
            data = msgspec.json.encode(fhir.bundle(case))
            return [lambda: take_bundle(way(), data)]
        texts = [text for _, text in (*hl7.messages(case), *hl7.late_messages(case))]
        return [partial(self._message, way, text.encode()) for text in texts]

    @staticmethod
    async def _message(way, data: bytes) -> None:
        await take_message(way(), data)

    def _rules(self, seed: int) -> Rules:
        members = {
            member: fate
            for case in cases.cases(5_000, seed, AS_OF)
            for member, fate in case.fates.items()
        }
        return Rules(seed=str(seed), members=members)

    def _configure(self, seed: int) -> None:
        shipped = ROOT / "services/coding-svc/coding_svc/rules/profiles/generic.yaml"
        generic = yaml.safe_load(shipped.read_text())
        for site in cases.sites(random.Random(seed)):
            directory = configuration.directory(site)
            self.directories[site.tenant] = msgspec.convert(directory, Directory)
            data = extended(configuration.profile(site), {"generic": generic})
            self.profiles[site.tenant] = Profiles((Profile.of(data),))


class Node:
    """One service: its file outlives it, everything else dies with it."""

    def __init__(self, world: World, manifest) -> None:
        self.world, self.manifest = world, manifest
        self.logger = open_log(manifest.service.name, "error")
        self.kills = 0

    async def start(self) -> None:
        world = self.world
        self.store = await place_of(self.manifest, world.settings).open()
        self.log = UnreliableLog(world.settings.data_dir / "log.db", world)
        self.runtime = SteppedRuntime(self)
        service = self.manifest.service
        core = Core(service, CATALOGUE, world.keys, self.store.shapes, PARTITIONS)
        self.engine = self.runtime.engine = Engine(
            core, self.store, self.log,
            now=lambda: world.now, crash=self._crash, batch_max=200, backlog_max=5_000,
            published=lambda: None,
            pace_s=0,
            gather_s=0,
        )  # fmt: skip
        self.engine.totals.backlog = await self.store.backlog()
        self.relay = Relay(
            self.store, self.log, service.topic, crash=self._crash, emptied=self.engine.published
        )
        topics = [*service.reactions, *service.folds]
        self.consumer = self.engine._consumer = Straggler(world, self.log, topics, self.engine)
        await self.consumer.rewind([])
        self.lock = asyncio.Lock()

    async def turn(self) -> bool:
        """Do a batch, publish what there is. False if there was nothing to do."""
        async with self.lock:
            worked = await self.engine._step()
            if self.manifest.service.topic:
                try:
                    worked |= await self.relay.publish_once()
                except LogUnavailable:
                    worked = True
        return worked

    async def restart(self) -> None:
        """Killed: the file stays as the last commit left it."""
        self.kills += 1
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        await self.store.close()
        await self.log.close()

    def _crash(self, point: str) -> None:
        if self.world.fault(f"killed-{point}", 0.15):
            raise Killed(point)


class SteppedRuntime(Runtime):
    """Carries commands out by stepping the engine, so that the seed decides the order."""

    def __init__(self, node: Node) -> None:
        world = node.world
        # Nobody looks at anything here, so there is no trail.
        super().__init__(node.manifest, world.settings, node.store, node.log, world.keys, None)
        self.node = node

    @asynccontextmanager
    async def read(self, tenant_id):
        # One thing at a time: how long a thread takes must not decide who comes next.
        async with self.node.world.gate, super().read(tenant_id) as session:
            yield session

    async def execute(self, command):
        async with self.node.world.gate:
            return await self._stepped(command)

    async def _stepped(self, command):
        task = asyncio.ensure_future(self.engine.execute(command))
        await asyncio.sleep(0)
        while not task.done():
            async with self.node.lock:
                if not task.done():
                    await self.engine._step()
            await asyncio.sleep(0)
        return await task


class UnreliableLog(SqliteLog):
    """Takes records, and now and then says that it did not, or takes them twice."""

    def __init__(self, path: Path, world: World) -> None:
        super().__init__(path)
        self._world = world

    async def publish(self, topic: str, drafts: Sequence[Draft]) -> None:
        if self._world.fault("log-refused", 0.3):
            raise LogUnavailable("refused")
        await super().publish(topic, drafts)
        if self._world.fault("published-twice", 0.3):
            await super().publish(topic, drafts)
        if self._world.fault("log-silent", 0.3):
            raise LogUnavailable("no answer")


class Straggler:
    """Reads a few records of a few partitions at a time: topics run far ahead of one another."""

    def __init__(self, world: World, log: SqliteLog, topics: Sequence[str], engine: Engine) -> None:
        self._world, self._log, self._engine = world, log, engine
        self._places = [TopicPartition(t, p) for t in topics for p in range(PARTITIONS)]
        self._positions: dict[TopicPartition, int] = {}

    async def fetch(self, records_max: int) -> list[Record]:
        if not records_max:
            return []
        careful = self._world.faults > 0
        few = self._world.random.choice((1, 3, 30, 200)) if careful else records_max
        found: list[Record] = []
        for place in self._world.random.sample(self._places, len(self._places)):
            if careful and self._world.random.random() < 0.5:
                continue
            start = self._positions[place]
            end = (await self._log.end_offsets(place.topic))[place.partition]
            found += await self._log.read_range(*place, start, end, few)
            self._positions[place] = min(start + few, end)
            if len(found) >= records_max:
                break
        return found

    async def mirror(self, positions) -> None:
        pass

    async def rewind(self, places: Collection[TopicPartition]) -> None:
        wanted = list(places) or self._places
        found: Mapping[TopicPartition, int] = await self._engine.assigned(wanted)
        self._positions.update(found)


class Wires:
    """The line to the payer simulator, for every tenant."""

    def __init__(self, world: World) -> None:
        self._world = world

    def all(self) -> list[Wire]:
        return [
            Wire(
                tenant_id,
                RoutedReceiver(receiver_id=one.receiver_id, submitter_id=one.submitter_id),
                Line(self._world, tenant_id),
            )
            for tenant_id, directory in self._world.directories.items()
            for one in directory.receivers
        ]


class Line:
    """A clearinghouse port over the simulator's book; it breaks before or after the other side
    acted."""

    resubmits_safely = True

    def __init__(self, world: World, box: str) -> None:
        self._world, self._box = world, box

    async def submit(self, parcel: Parcel) -> Receipt:
        if self._world.fault("line-broke-before"):
            return Receipt("unknown", "timeout")
        taken = self._world.book.take(self._box, parcel.data)
        assert taken in ("taken", "again"), taken
        if self._world.fault("line-broke-after"):
            return Receipt("unknown", "timeout")
        return Receipt("sent", "http-202")

    async def status(self, parcel: Parcel) -> Receipt:
        there = self._world.book.has(
            self._box, parcel.sender_id, parcel.receiver_id, parcel.interchange_control_number
        )
        return Receipt("sent" if there else "not-sent", "status")

    async def waiting(self, kinds, limit: int = 100) -> list[Waiting]:
        found = self._world.book.waiting(self._box, list(kinds), limit, self._world.now)
        return [Waiting(item.name, item.kind) for item in found]

    async def fetch(self, name: str) -> bytes:
        return self._world.book.fetch(self._box, name) or b""

    async def acknowledge(self, name: str) -> None:
        if not self._world.fault("mail-offered-again"):
            self._world.book.remove(self._box, name)

    async def close(self) -> None:
        pass
