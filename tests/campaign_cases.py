"""Killing services while they work, and what must hold afterwards.

The toy product runs as three processes; alpha is fed without end. A kill is SIGKILL, at a named
point inside the service or at a random moment. Every acknowledged command is in a journal that the
client has synced to disk. `Campaign.breaches` compares journal, log, stores and rebuilt stores.
"""

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import select

from memory_cases import fact_of
from rcm.platform import crash
from rcm.platform.engine.batch import Batch
from rcm.platform.log.port import EventLog
from rcm.platform.log.sqlite import SqliteLog
from rcm.platform.rebuild import rebuild
from rcm.platform.runtime import Runtime, open_runtime
from rcm.platform.settings import Settings
from rcm.platform.store.sqlite import SqliteTransaction
from rcm.problems import Busy
from toy_cases import CATALOGUE, Echo, Note, Seen, note_command, toy

SERVICES = ("alpha", "beta", "gamma")
WRITING = ("begin", "state", "rows", "outbox", "inbox", "before-commit", "after-commit")
RELAYING = ("produce-sent", "produce-acked", "mark-sent")
POINTS = {
    "alpha": (*WRITING, *RELAYING, "shutdown"),
    "beta": ("poll", *WRITING, *RELAYING, "shutdown"),
    "gamma": ("poll", *WRITING, "shutdown"),
}
EVERY_POINT = [(name, point) for name, points in POINTS.items() for point in points]
CHUNK = 10
STREAM_WORDS = 20
US = "northside"

processes = multiprocessing.get_context("forkserver")


@dataclass
class Campaign:
    """One product under fire.

    Attributes:
        settings: Which log and store.
        mark: Makes the names of services and topics unique on a shared Kafka.
        sabotage: What is broken on purpose, or empty.
        seed: Chooses moments and counts.
    """

    settings: Settings
    mark: str = ""
    sabotage: str = ""
    seed: int = 0
    running: dict[str, Any] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    stuck: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.product = toy(self.mark)
        self.journal = self.settings.data_dir / "journal"
        self.quiet = self.settings.data_dir / "quiet"
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        if self.settings.bus == "embedded":
            topics = dict.fromkeys(self.product.topics, self.settings.partition_count)
            SqliteLog.create(self.settings.data_dir / "log.db", topics)

    @contextlib.contextmanager
    def fire(self) -> Iterator["Campaign"]:
        """Keep all services running; stop them at the end."""
        try:
            for name in SERVICES:
                self.start(name)
            yield self
        finally:
            self.quiet.touch()
            for name, process in self.running.items():
                self.wait(name, lambda process=process: process.terminate())

    def kill_at(self, name: str, point: str) -> None:
        """Start a service so that it dies at a point, and start it again when it did."""
        self.stop(name)
        passes = 1 if point == "shutdown" else self.random.choice((1, 1, 2, 3))
        process = self.start(name, f"{point}:{passes}")
        if point == "shutdown":
            self.until_ready(process)
            process.terminate()
        process.join(20)
        if process.exitcode == -signal.SIGKILL:
            self.kills[f"{name} {point}"] += 1
        elif process.exitcode is None:
            # It never came to that point: the moment is as good as any.
            process.kill()
            process.join()
            self.kills[f"{name} not {point}"] += 1
        self.start(name)

    def kill_sometime(self, name: str) -> None:
        """Kill a service within the next third of a second."""
        time.sleep(self.random.random() / 3)
        self.running[name].kill()
        self.running[name].join()
        self.kills[f"{name} sometime"] += 1
        self.start(name)

    def start(self, name: str, crash_at: str = "") -> Any:
        arguments = (name, self.mark, self.settings.model_dump(), crash_at, self.sabotage)
        process = processes.Process(target=serve, args=arguments, daemon=True)
        process.start()
        self.running[name] = process
        return process

    def until_ready(self, process: Any) -> None:
        """Wait until a service runs: before that it does not know how to stop."""
        end = time.monotonic() + 20
        while not (self.settings.data_dir / f"ready-{process.pid}").exists():
            assert time.monotonic() < end, "the service did not start"
            time.sleep(0.01)

    def stop(self, name: str) -> None:
        """Kill without counting."""
        self.running[name].kill()
        self.running[name].join()

    def wait(self, name: str, end: Any) -> None:
        end()
        self.running[name].join(20)
        if self.running[name].exitcode is None:
            self.stuck.append(name)
            self.running[name].kill()
            self.running[name].join()

    def breaches(self) -> list[str]:
        """Say everything that does not hold, after the services came to rest."""
        return asyncio.run(_breaches(self))


def serve(name: str, mark: str, settings: dict[str, Any], crash_at: str, sabotage: str) -> None:
    """Run one service; the target of a process."""
    os.environ[crash.VARIABLE] = crash_at
    if sabotage:
        SABOTAGE[sabotage](crash.crash_point(os.environ))
    asyncio.run(_serve(name, mark, Settings(**settings)))


async def _serve(name: str, mark: str, settings: Settings) -> None:
    product, stopping = toy(mark), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    manifest = getattr(product, name)
    async with open_runtime(
        manifest, settings, catalogue=CATALOGUE, topics=product.topics
    ) as runtime:
        (settings.data_dir / f"ready-{os.getpid()}").touch()
        if name == "alpha":
            feeding = asyncio.create_task(_feed(runtime, settings.data_dir))
            await stopping.wait()
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        await stopping.wait()


async def _feed(alpha: Runtime, folder: Path) -> None:
    """Send commands in chunks; note a chunk as acknowledged when all of it is."""
    path = folder / "journal"
    number = len(path.read_bytes().splitlines()) * CHUNK if path.exists() else 0
    with path.open("ab") as journal:
        while not (folder / "quiet").exists():
            with contextlib.suppress(Busy):
                await asyncio.gather(
                    *(alpha.execute(_command(n)) for n in range(number, number + CHUNK))
                )
                number += CHUNK
                journal.write(b"%d\n" % number)
                journal.flush()
                os.fsync(journal.fileno())
            await asyncio.sleep(0.03)


def _command(number: int) -> Any:
    stream_id = f"s{number // STREAM_WORDS}"
    return note_command(stream_id, f"w{number}", f"c{number}", words_max=10**6)


async def _breaches(campaign: Campaign) -> list[str]:
    product, settings = campaign.product, campaign.settings
    found: list[str] = []
    async with contextlib.AsyncExitStack() as stack:
        alpha, beta, gamma = [
            await stack.enter_async_context(
                open_runtime(
                    getattr(product, name), settings, catalogue=CATALOGUE, topics=product.topics
                )
            )
            for name in SERVICES
        ]
        await _at_rest([alpha, beta, gamma])
        noted = await _facts(alpha.log, product.topics[0], found)
        echoed = await _facts(alpha.log, product.topics[1], found)
        acknowledged = len(campaign.journal.read_bytes().splitlines()) * CHUNK
        words = Counter(fact.event.word for facts in noted.values() for fact in facts)
        lost = [n for n in range(acknowledged) if not words[f"w{n}"]]
        found += [f"{len(lost)} acknowledged commands lost, first {lost[:3]}"] if lost else []
        twice = [word for word, count in words.items() if count > 1]
        found += [f"{len(twice)} commands carried out twice"] if twice else []
        for stream_id in noted.keys() | {key.removeprefix("echo-") for key in echoed}:
            said = [fact.event.word for fact in noted.get(stream_id, [])]
            heard = [fact.event.word for fact in echoed.get(f"echo-{stream_id}", [])]
            if said != heard:
                found.append(f"{stream_id}: noted {said}, echoed {heard}")
        counts = {stream_id: len(facts) for stream_id, facts in noted.items()}
        for what, there in (
            ("note", {k: r.word_count for k, r in (await _table(alpha, Note)).items()}),
            ("echo", {k[5:]: r.word_count for k, r in (await _table(beta, Echo)).items()}),
            ("seen noted", {k: r.noted_count for k, r in (await _table(gamma, Seen)).items()}),
            ("seen echoed", {k: r.echoed_count for k, r in (await _table(gamma, Seen)).items()}),
        ):
            wrong = [k for k in counts.keys() | there.keys() if counts.get(k) != there.get(k)]
            found += [f"{len(wrong)} rows of {what} differ, first {wrong[:3]}"] if wrong else []
        for runtime in (beta, gamma):
            if parked := await runtime.parked(US):
                found.append(f"{len(parked)} parked, first {parked[0]}")
    if not found:
        for name in SERVICES:
            report = await rebuild(
                getattr(product, name), settings, catalogue=CATALOGUE, topics=product.topics
            )
            found += [f"{name}: rebuilt {table} differs" for table in report.differing]
    return found


async def _facts(log: EventLog, topic: str, found: list[str]) -> dict[str, list[Any]]:
    """Read each stream's facts in the order of the log, repeats aside."""
    streams: dict[str, dict[int, Any]] = {}
    for partition, end in (await log.end_offsets(topic)).items():
        start = 0
        while rows := await log.read_range(topic, partition, start, end, 1_000):
            start = rows[-1].offset + 1
            for record in rows:
                fact = fact_of(CATALOGUE, record)
                versions = streams.setdefault(fact.stream_id, {})
                first = versions.setdefault(fact.stream_version, fact)
                if first.event_id != fact.event_id:
                    found.append(f"{fact.stream_id}/{fact.stream_version} said twice, differently")
    for stream_id, versions in streams.items():
        if sorted(versions) != [*range(1, len(versions) + 1)]:
            found.append(f"{stream_id}: versions {sorted(versions)}")
    return {
        stream_id: [fact for _, fact in sorted(versions.items())]
        for stream_id, versions in streams.items()
        if not stream_id.startswith("parked-")
    }


async def _table(runtime: Runtime, entity: Any) -> dict[str, Any]:
    async with runtime.read(US) as session:
        return {row.stream_id: row for row in (await session.exec(select(entity))).all()}


async def _at_rest(runtimes: Sequence[Runtime]) -> None:
    count = runtimes[0].settings.partition_count
    quiet = 0
    async with asyncio.timeout(60):
        while quiet < 3:
            await asyncio.sleep(0.05)
            owned = all(
                len(r.engine.positions)
                == count * len({*r.manifest.service.reactions, *r.manifest.service.folds})
                for r in runtimes
            )
            quiet = quiet + 1 if owned and all([await r.settled() for r in runtimes]) else 0


def _offset_before_commit(point: crash.CrashPoint) -> None:
    """The consumed position is committed first, the effect later."""
    write = SqliteTransaction.write

    async def sabotaged(self: Any, changes: Any, crash: crash.CrashPoint = point) -> None:
        for place, (_, new) in changes.consumed.items():
            self._db.execute(
                "update consumed set next_offset=? where topic=? and partition=?", (new, *place)
            )
        self._db.execute("commit")
        self._db.execute("begin immediate")
        changes.consumed = {}
        await write(self, changes, crash)

    SqliteTransaction.write = sabotaged


def _no_dedupe(_point: crash.CrashPoint) -> None:
    """Every record is news."""

    def sabotaged(self: Any, intake: Any) -> None:
        self._handle(intake)

    Batch.take = sabotaged


def _no_outbox(point: crash.CrashPoint) -> None:
    """Facts are sent after the commit, from memory."""
    write, commit = SqliteTransaction.write, SqliteTransaction.commit

    async def remembering(self: Any, changes: Any, crash: crash.CrashPoint = point) -> None:
        path = self._db.execute("pragma database_list").fetchone()[2]
        self._unsent = Path(path), changes.outbox
        changes.outbox = []
        await write(self, changes, crash)

    async def sending(self: Any) -> None:
        await commit(self)
        path, drafts = self._unsent
        service = path.stem.removesuffix("-svc")
        point("produce-sent")
        if drafts:
            log = SqliteLog(path.parents[1] / "log.db")
            await log.publish(f"toy.{service}", drafts)
            await log.close()

    SqliteTransaction.write, SqliteTransaction.commit = remembering, sending


SABOTAGE = {
    "offset-before-commit": _offset_before_commit,
    "no-dedupe": _no_dedupe,
    "no-outbox": _no_outbox,
}
# Each service is a fork of a process that has everything imported: a kill costs a fraction of a
# second. That process finds this module by its own path only.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH")))
)
processes.set_forkserver_preload(["campaign_cases"])
