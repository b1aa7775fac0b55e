"""What the receivers send back: acknowledgement files, from a mailbox, a folder or a request."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from claims_svc import store
from claims_svc.codec.answers import Answers, read_answers
from claims_svc.decide.acknowledge import Filed, KnownInterchange, acknowledge
from claims_svc.gateway import Wire, Wires
from claims_svc.handlers.service import MAIL, Ask, involved, of_job
from claims_svc.model.states import acknowledgement_stream, sequence_stream
from claims_svc.problems import UnreadableAcknowledgement
from rcm.platform.clearinghouse.port import ACKNOWLEDGEMENTS, Unreachable
from rcm.platform.runtime import Runtime
from rcm.platform.telemetry import Log

EMPTY_MAX: Final = 3
"""So many intervals longer, at the most, is waited before an empty mailbox is read again."""

TOGETHER_MAX: Final = 16
"""Files of a mailbox that are recorded in one transaction."""


async def take_acknowledgement(
    runtime: Runtime,
    tenant_id: str,
    data: bytes,
    ask: Ask,
    *,
    keep_unreadable: bool = True,
) -> Any:
    """Take an acknowledgement file in, once.

    Args:
        runtime: The running service.
        tenant_id: Whose it is.
        data: The file.
        ask: Makes the command.
        keep_unreadable: Record a file that cannot be read, so that somebody sees it.

    Raises:
        UnreadableAcknowledgement: It is none, and is not to be recorded.
    """
    answers = read_answers(data)
    if answers.kind == "unreadable" and not keep_unreadable:
        raise UnreadableAcknowledgement(
            ", ".join(sorted({one.rule_id for one in answers.reasons})) or "Nothing to answer."
        )
    return await _take_read(runtime, tenant_id, [(answers, _sha256(data))], ask)


async def take_together(
    runtime: Runtime, tenant_id: str, files: Sequence[bytes], receiver_id: str, ask: Ask
) -> Any:
    """Take in the acknowledgement files that one receiver had waiting, in one transaction."""
    read = [(read_answers(data)._replace(sender_id=receiver_id), _sha256(data)) for data in files]
    return await _take_read(runtime, tenant_id, read, ask)


async def _take_read(
    runtime: Runtime, tenant_id: str, read: Sequence[tuple[Answers, str]], ask: Ask
) -> Any:
    async with runtime.read(tenant_id) as session:
        found = [await _known(session, tenant_id, answers) for answers, _ in read]
        named = {
            claim_id for answers, _ in read for one in answers.claims if (claim_id := one.claim_id)
        }
        named.update(claim_id for known in found for one in known for claim_id in one.all_claim_ids)
        claims = await involved(session, tenant_id, named)
    files = [
        Filed(answers, sha256, known) for (answers, sha256), known in zip(read, found, strict=True)
    ]
    streams = [
        *(acknowledgement_stream(file.sha256) for file in files),
        *(one.stream for known in found for one in known),
        *claims,
    ]
    return await runtime.execute(
        ask(list(dict.fromkeys(streams)), partial(acknowledge, files=files))
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def _known(session: AsyncSession, tenant_id: str, answers: Answers) -> list[KnownInterchange]:
    """Find the interchanges of ours that a file speaks of."""
    numbers = {one.interchange_control_number for one in answers.interchanges}
    numbers |= {one.interchange_control_number for one in answers.claims} - {""}
    groups = {one.group_control_number for one in answers.transactions}
    named = {one.claim_id for one in answers.claims} - {""}
    if named and not numbers:
        numbers = await store.interchange_numbers(session, tenant_id, named)
    rows = await store.interchanges_answered(session, tenant_id, answers.sender_id, numbers, groups)
    return [_known_interchange(row) for row in rows]


def _known_interchange(row: store.InterchangeRow) -> KnownInterchange:
    by_transaction: dict[str, list[str]] = {}
    start = 0
    for number, count in zip(row.transaction_control_numbers, row.claim_counts, strict=True):
        by_transaction[number] = row.claim_ids[start : start + count]
        start += count
    return KnownInterchange(
        sequence_stream(row.submitter_id, row.receiver_id),
        row.interchange_control_number,
        row.group_control_number,
        by_transaction,
    )


class Postman:
    """The mailbox job: one round for each receiver, so that one which hangs stops only itself."""

    def __init__(self, runtime: Runtime, wires: Wires, log: Log, interval_s: float) -> None:
        self._runtime = runtime
        self._wires = wires
        self._log = log
        self._interval_s = interval_s
        self._rounds: dict[tuple[str, str], asyncio.Task[int]] = {}
        self._empty: dict[tuple[str, str], int] = {}

    async def run(self) -> None:
        """Read the mailboxes until cancelled."""
        try:
            while True:
                for wire in self._wires.all():
                    name = (wire.tenant_id, wire.receiver.receiver_id)
                    running = self._rounds.get(name)
                    if running is None or running.done():
                        self._rounds[name] = asyncio.create_task(self._turn(wire, name))
                await asyncio.sleep(self._interval_s)
        finally:
            for one in self._rounds.values():
                one.cancel()
            await asyncio.gather(*self._rounds.values(), return_exceptions=True)

    async def _turn(self, wire: Wire, name: tuple[str, str]) -> int:
        """Do a round; leave a mailbox that was empty alone for a while, longer each time."""
        taken = await self.round(wire)
        empty = self._empty[name] = 0 if taken else min(self._empty.get(name, 0) + 1, EMPTY_MAX)
        await asyncio.sleep(self._interval_s * empty)
        return taken

    async def round(self, wire: Wire) -> int:
        """Take in what waits in one mailbox, file by file: one that fails stays and stops no other.
        Gives how many were taken in.
        """
        try:
            waiting = await wire.port.waiting(ACKNOWLEDGEMENTS)
        except Unreachable:
            self._log.warning("mailbox-unreachable", tenant_id=wire.tenant_id)
            return 0
        taken = 0
        for start in range(0, len(waiting), TOGETHER_MAX):
            taken += await self._take(wire, [one.name for one in waiting[start:][:TOGETHER_MAX]])
        return taken

    async def _take(self, wire: Wire, names: Sequence[str]) -> int:
        """Record files that wait, together; one by one where that fails. Gives how many."""
        tenant_id = wire.tenant_id
        fetched = await asyncio.gather(
            *(wire.port.fetch(name) for name in names), return_exceptions=True
        )
        files: dict[str, bytes] = {}
        for name, data in zip(names, fetched, strict=True):
            if isinstance(data, bytes):
                files[name] = data
            else:
                self._failed(data, tenant_id)
        if await self._recorded(wire, files):
            return len(files)
        return sum([await self._recorded(wire, {name: data}) for name, data in files.items()])

    async def _recorded(self, wire: Wire, files: Mapping[str, bytes]) -> bool:
        """Record files, and only then take them out of the mailbox."""
        if not files:
            return False
        ask = of_job(wire.tenant_id, MAIL)
        receiver_id = wire.receiver.receiver_id
        try:
            await take_together(
                self._runtime, wire.tenant_id, list(files.values()), receiver_id, ask
            )
            await asyncio.gather(*(wire.port.acknowledge(name) for name in files))
        except Exception as error:  # noqa: BLE001 - whatever failed, the next round tries again
            self._failed(error, wire.tenant_id)
            return False
        return True

    def _failed(self, error: BaseException, tenant_id: str) -> None:
        if isinstance(error, Unreachable):
            self._log.warning("mailbox-unreachable", tenant_id=tenant_id)
        elif isinstance(error, Exception):
            self._log.exception("acknowledgement-failed", tenant_id=tenant_id)
        else:
            raise error
