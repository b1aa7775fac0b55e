"""Everything that comes in, and what is done about it.

    file ──▶ archive ──▶ received ──▶ each advice: one command, one transaction ──▶ handled

A file is recorded before its advices are posted and marked when all of them were handled. Whatever
stops in between is taken up again from the archive; an advice that was posted has no second effect.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, Final

from rcm.adjustments.table import BUILT_IN, Table
from rcm.domain import Command, Context, Fact, Loaded, Reaction, Service
from rcm.events.catalogue import CLAIMS, REMIT
from rcm.events.claims import ClaimReplaced, ClaimSubmitted
from rcm.events.envelope import Recorded
from rcm.events.remit import RemittanceAccepted, RemittanceQuarantined
from rcm.platform.clearinghouse.port import REMITTANCES, Clearinghouse, Unreachable
from rcm.platform.folders import Archive, Dropped
from rcm.platform.telemetry import Log
from rcm.problems import Busy, NotFound
from remit_svc import store
from remit_svc.codec.advice import Advice, ReadFile
from remit_svc.codec.x835 import read_file
from remit_svc.decide import advices, claims
from remit_svc.model import OWN_NUMBER, State, evolve, file_stream
from remit_svc.problems import FileEmpty, NotPostable
from remit_svc.views import project

CLAIMS_IN_FLIGHT_MAX: Final = 2_000
"""Claims of one file's advices that wait for the same commit; a larger advice goes alone."""

TOGETHER_MAX: Final = 16
"""Files of a mailbox that are taken in together."""

TAKEN_UP_AFTER_S: Final = 60.0
"""A file that is not handled after this long was given up by whoever brought it."""


def service(table: Table = BUILT_IN) -> Service[State]:
    """Make the service with a table of adjustment reasons."""

    def on_submitted(
        loaded: Loaded, cause: Recorded[ClaimSubmitted], context: Context
    ) -> Sequence[Fact]:
        event = cause.event
        charged = claims.on_submitted(loaded.get(event.claim_id), event, context, table)
        return [*claims.pass_on(loaded.get(event.prior_claim_id), event), *charged]

    def on_replaced(
        loaded: Loaded, cause: Recorded[ClaimReplaced], _context: Context
    ) -> Sequence[Fact]:
        event = cause.event
        reversed_ = claims.on_replaced(loaded.get(event.claim_id), event)
        return [*claims.give_back(loaded.get(event.prior_claim_id), event), *reversed_]

    return Service(
        name="remit-svc",
        topic=REMIT,
        state=State,
        evolve=evolve,
        project=project,
        reactions={
            CLAIMS: {
                ClaimSubmitted.name: Reaction(_of_claim, on_submitted),
                ClaimReplaced.name: Reaction(_of_claim, on_replaced),
            }
        },
    )


def _of_claim(cause: Recorded[Any]) -> list[str]:
    return [one for one in (cause.event.claim_id, cause.event.prior_claim_id) if one]


SERVICE: Final = service()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a file.

    Attributes:
        read: The file.
        posted: Remittance ids that this file posted.
        held: Remittance ids that it put into quarantine.
        repeated: The file came before.
    """

    read: ReadFile
    posted: tuple[str, ...]
    held: tuple[str, ...]
    repeated: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """The ways in, and what they need.

    Attributes:
        runtime: The running service.
        archive: Where files are kept.
        table: Adjustment reasons in force.
    """

    runtime: Any
    archive: Archive
    table: Table

    async def take(
        self,
        tenant_id: str,
        data: bytes,
        source: str,
        actor: str,
        receiving: Command | None = None,
    ) -> Taken:
        """Take a file in; everything in it is posted or held, durably, when this returns.

        Args:
            tenant_id: Whose it is.
            data: Its bytes.
            source: `folder`, `http`, `clearinghouse` or `archive`.
            actor: Who brings it.
            receiving: A command to record its receipt under, with the client's idempotency key;
                its decision is made here.

        Raises:
            FileEmpty: There are no bytes.
            Problem: Not now; bring it again.
        """
        if not data:
            raise FileEmpty
        read = await asyncio.to_thread(read_file, data, tenant_id)
        await self.archive.keep(tenant_id, data)
        (taken,) = await self.take_read(tenant_id, [read], source, actor, receiving)
        return taken

    async def take_read(
        self,
        tenant_id: str,
        files: Sequence[ReadFile],
        source: str,
        actor: str,
        receiving: Command | None = None,
    ) -> list[Taken]:
        """Take in files that stand in the archive, step by step together: their commands share
        commits. The arguments are those of `take`.
        """
        received = await self._all(
            [
                _with(
                    receiving or _command(tenant_id, f"file-{read.sha256}", actor),
                    [file_stream(read.sha256)],
                    partial(_receive, read, source),
                )
                for read in files
            ]
        )
        found = await self._handle(files, tenant_id, actor)
        await self._all(
            [
                Command(
                    tenant_id=tenant_id,
                    command_id=f"handled-{read.sha256}",
                    streams=[file_stream(read.sha256)],
                    decide=partial(_finish, read, len(held), len(posted)),
                    actor=actor,
                    correlation_id=read.file_id,
                    is_remembered=False,
                )
                for read, (posted, held) in zip(files, found, strict=True)
            ]
        )
        return [
            Taken(read, *handled, outcome.repeated or not outcome.recorded)
            for read, handled, outcome in zip(files, found, received, strict=True)
        ]

    async def release(self, tenant_id: str, remittance_id: str, command: Command) -> Any:
        """Post an advice from quarantine, read anew from the archive.

        Raises:
            NotFound: It is not in quarantine.
            NotPostable: It does not balance, or its file is gone.
            AlreadySettled: It left quarantine.
        """
        async with self.runtime.read(tenant_id) as session:
            row = await store.remittance(session, tenant_id, remittance_id)
            file = await store.file(session, tenant_id, row.file_id) if row is not None else None
        if file is None:
            raise NotFound("Nothing is in quarantine under that id.")
        data = await self.archive.read(tenant_id, file.sha256)
        if data is None:
            raise NotPostable("Its file is not in the archive any more; bring it again.")
        read = await asyncio.to_thread(read_file, data, tenant_id)
        found = [advice for advice in read.advices if advice.remittance_id == remittance_id]
        if not found:
            raise NotPostable("Its file reads otherwise today; ask an operator.")
        return await self.runtime.execute(
            _with(
                command,
                advices.streams_of(found[0]),
                partial(_release, found[0], self.table),
            )
        )

    async def take_up(self, tenant_ids: Sequence[str], older_than_s: float) -> tuple[int, int]:
        """Handle files that were received and not finished.

        Returns:
            How many were handled, and how many are not in the archive: somebody has to look.
        """
        before = datetime.now(UTC) - timedelta(seconds=older_than_s)
        count = missing = 0
        for tenant_id in tenant_ids:
            async with self.runtime.read(tenant_id) as session:
                rows = await store.unhandled_files(
                    session, tenant_id, before.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                )
                names = [row.sha256 for row in rows]
            for name in names:
                data = await self.archive.read(tenant_id, name)
                if data is None:
                    missing += 1
                    continue
                await self.take(tenant_id, data, "archive", "remit-svc")
                count += 1
        return count, missing

    async def _handle(
        self, files: Sequence[ReadFile], tenant_id: str, actor: str
    ) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Post or hold the advices of files, in order. Gives what was posted and held of each."""
        posted: dict[str, dict[str, None]] = {read.file_id: {} for read in files}
        held: dict[str, dict[str, None]] = {read.file_id: {} for read in files}
        for group in _groups([advice for read in files for advice in read.advices]):
            outcomes = await self._all(
                [
                    Command(
                        tenant_id=tenant_id,
                        command_id=f"advice-{advice.remittance_id}",
                        streams=advices.streams_of(advice),
                        decide=partial(_take_advice, advice, self.table),
                        actor=actor,
                        correlation_id=advice.file_id,
                        is_remembered=False,
                    )
                    for advice in group
                ]
            )
            known: list[str] = []
            for advice, outcome in zip(group, outcomes, strict=True):
                first = outcome.recorded[0].event if outcome.recorded else None
                if isinstance(first, RemittanceAccepted):
                    posted[advice.file_id][advice.remittance_id] = None
                elif isinstance(first, RemittanceQuarantined):
                    held[advice.file_id][advice.remittance_id] = None
                else:
                    known.append(advice.remittance_id)
            async with self.runtime.read(tenant_id) as session:
                rows = await store.remittances_named(session, tenant_id, known)
            for row in rows:
                # The same content in another file was handled for that one, not for this.
                if row.file_id in posted:
                    became = posted if row.status == "posted" else held
                    became[row.file_id][row.remittance_id] = None
        return [(tuple(posted[read.file_id]), tuple(held[read.file_id])) for read in files]

    async def _all(self, commands: Sequence[Command]) -> list[Any]:
        return await asyncio.gather(*map(self.runtime.execute, commands))


async def match(
    intake: Intake, tenant_id: str, unmatched_id: str, claim_id: str, command: Command
) -> Any:
    """Post a payment in suspense to a claim; refuses as `advices.match`."""
    row = await _item(intake, tenant_id, unmatched_id)

    def decide(loaded: Loaded, context: Context) -> Sequence[Fact]:
        return advices.match(loaded, row.stream_id, unmatched_id, claim_id, context, intake.table)

    return await intake.runtime.execute(_with(command, [row.stream_id, claim_id], decide))


async def unmatch(intake: Intake, tenant_id: str, unmatched_id: str, command: Command) -> Any:
    """Take a payment back from the claim that it was matched to; refuses as `advices.unmatch`."""
    row = await _item(intake, tenant_id, unmatched_id)
    claim_id = row.claim_id

    def decide(loaded: Loaded, context: Context) -> Sequence[Fact]:
        return advices.unmatch(loaded, row.stream_id, unmatched_id, claim_id, context, intake.table)

    streams = [row.stream_id, *([claim_id] if claim_id else [])]
    return await intake.runtime.execute(_with(command, streams, decide))


async def _item(intake: Intake, tenant_id: str, unmatched_id: str) -> store.UnmatchedRow:
    async with intake.runtime.read(tenant_id) as session:
        row = await store.unmatched_item(session, tenant_id, unmatched_id)
    if row is None:
        raise NotFound("Nothing is or was in suspense under that id.")
    return row


async def dismiss(
    runtime: Any, tenant_id: str, remittance_id: str, note_code: str, command: Command
) -> Any:
    """Close an advice in quarantine that is not to be posted.

    Raises:
        NotFound: It is not in quarantine.
        AlreadySettled: It left quarantine.
    """
    async with runtime.read(tenant_id) as session:
        row = await store.remittance(session, tenant_id, remittance_id)
    if row is None:
        raise NotFound("Nothing is in quarantine under that id.")

    def decide(loaded: Loaded, _context: Context) -> Sequence[Fact]:
        return advices.dismiss(loaded, row.stream_id, remittance_id, note_code)

    return await runtime.execute(_with(command, [row.stream_id], decide))


async def take_dropped(intake: Intake, dropped: Dropped) -> None:
    """Take in a file that was dropped in a folder."""
    await intake.take(dropped.tenant_id, dropped.data, "folder", "folder")


class Early:
    """Which 835 files are faster than the record of our own sending.

    A payer may answer before our interchange is known here to have arrived. Such a payment would
    be posted through suspense, with the same result and three times the work: it waits a moment.
    """

    def __init__(self, runtime: Any, patience_s: float) -> None:
        self._runtime = runtime
        self._patience_s = patience_s
        self._seen_at: dict[tuple[str, str], float] = {}

    async def waits(self, tenant_id: str, name: str, read: ReadFile) -> bool:
        """Tell whether a file of a mailbox is to be left there for now."""
        numbers = {claim.received.claim_id for one in read.advices for claim in one.claims}
        async with self._runtime.read(tenant_id) as session:
            ours = [number for number in numbers if OWN_NUMBER.fullmatch(number)]
            is_early = not await store.are_charged(session, tenant_id, ours)
        seen_at = self._seen_at.setdefault((tenant_id, name), monotonic())
        if is_early and monotonic() - seen_at < self._patience_s:
            return True
        del self._seen_at[tenant_id, name]
        return False


async def collect(
    intake: Intake,
    tenant_id: str,
    clearinghouse: Clearinghouse,
    log: Log,
    early: Early | None = None,
) -> int:
    """Take in what waits in a mailbox; it is acknowledged only once it is durable here."""
    taken = 0
    try:
        waiting = await clearinghouse.waiting(REMITTANCES)
        for start in range(0, len(waiting), TOGETHER_MAX):
            names = [one.name for one in waiting[start:][:TOGETHER_MAX]]
            taken += await _Round(intake, tenant_id, clearinghouse, log, early).take(names)
    except Unreachable:
        log.warning("mailbox-unreachable", tenant_id=tenant_id)
    except Busy:
        log.warning("mailbox-left", tenant_id=tenant_id)
    return taken


@dataclass(frozen=True, slots=True)
class _Round:
    """Some files of a mailbox, taken in together; one by one where that fails."""

    intake: Intake
    tenant_id: str
    clearinghouse: Clearinghouse
    log: Log
    early: Early | None

    async def take(self, names: Sequence[str]) -> int:
        """Take files in and acknowledge them. Gives how many."""
        fetched = await asyncio.gather(*map(self.clearinghouse.fetch, names))
        files: dict[str, ReadFile | None] = {}
        for name, data in zip(names, fetched, strict=True):
            try:
                if not data:
                    files[name] = None
                    continue
                read = await asyncio.to_thread(read_file, data, self.tenant_id)
                if not await self._waits(name, read):
                    await self.intake.archive.keep(self.tenant_id, data)
                    files[name] = read
            except Busy:
                raise
            except Exception:
                self.log.exception("file-failed", tenant_id=self.tenant_id)
        if await self._recorded(files):
            return len(files)
        return sum([await self._recorded({name: read}) for name, read in files.items()])

    async def _waits(self, name: str, read: ReadFile) -> bool:
        return self.early is not None and await self.early.waits(self.tenant_id, name, read)

    async def _recorded(self, files: Mapping[str, ReadFile | None]) -> bool:
        """Post files, and only then take them out of the mailbox."""
        there = [read for read in files.values() if read is not None]
        try:
            if there:
                await self.intake.take_read(self.tenant_id, there, "clearinghouse", "clearinghouse")
            await asyncio.gather(*map(self.clearinghouse.acknowledge, files))
        except (Busy, Unreachable):
            raise
        except Exception:
            self.log.exception("file-failed", tenant_id=self.tenant_id)
            return False
        return True


def _groups(found: Sequence[Advice]) -> Iterator[list[Advice]]:
    """Put small advices together, so that they share a commit."""
    group: list[Advice] = []
    claims_count = 0
    for advice in found:
        size = len(advice.claims) + 1
        if group and claims_count + size > CLAIMS_IN_FLIGHT_MAX:
            yield group
            group, claims_count = [], 0
        group.append(advice)
        claims_count += size
    if group:
        yield group


def _receive(read: ReadFile, source: str, loaded: Loaded, _context: Context) -> Sequence[Fact]:
    return advices.receive_file(loaded, read, source)


def _finish(
    read: ReadFile, held_count: int, posted_count: int, loaded: Loaded, _context: Context
) -> Sequence[Fact]:
    return advices.finish_file(loaded, read, held_count, posted_count)


def _take_advice(advice: Advice, table: Table, loaded: Loaded, context: Context) -> Sequence[Fact]:
    return advices.take_advice(loaded, advice, context, table)


def _release(advice: Advice, table: Table, loaded: Loaded, context: Context) -> Sequence[Fact]:
    return advices.release(loaded, advice, context, table)


def _command(tenant_id: str, command_id: str, actor: str) -> Command:
    """Ask for something that has no effect a second time: what it did need not be remembered."""
    return Command(
        tenant_id=tenant_id,
        command_id=command_id,
        streams=[],
        decide=nothing,
        actor=actor,
        is_remembered=False,
    )


def nothing(_loaded: Loaded, _context: Context) -> Sequence[Fact]:
    """Decide nothing: stands in a command until a handler fills in its decision."""
    return []


def _with(command: Command, streams: Sequence[str], decide: Any) -> Command:
    """Fill in what a command decides, keeping who asked and under which key."""
    return Command(
        tenant_id=command.tenant_id,
        command_id=command.command_id,
        streams=streams,
        decide=decide,
        actor=command.actor,
        correlation_id=command.correlation_id,
        idempotency_key=command.idempotency_key,
        request_hash=command.request_hash,
        traceparent=command.traceparent,
        is_remembered=command.is_remembered,
    )
