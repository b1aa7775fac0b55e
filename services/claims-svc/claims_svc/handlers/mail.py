"""What the receivers send back: acknowledgement files, from a mailbox, a folder or a request."""

import asyncio
import hashlib
from functools import partial
from typing import Any

from claims_svc import store
from claims_svc.codec.answers import Answers, read_answers
from claims_svc.decide.acknowledge import KnownInterchange, acknowledge
from claims_svc.gateway import Wire, Wires
from claims_svc.handlers.service import MAIL, Ask, involved, of_job
from claims_svc.model.states import acknowledgement_stream, sequence_stream
from claims_svc.problems import UnreadableAcknowledgement
from rcm.platform.clearinghouse.port import ACKNOWLEDGEMENTS, Unreachable
from rcm.platform.runtime import Runtime
from rcm.platform.telemetry import Log


async def take_acknowledgement(
    runtime: Runtime,
    tenant_id: str,
    data: bytes,
    ask: Ask,
    *,
    receiver_id: str = "",
    keep_unreadable: bool = True,
) -> Any:
    """Take an acknowledgement file in, once.

    Args:
        runtime: The running service.
        tenant_id: Whose it is.
        data: The file.
        ask: Makes the command.
        receiver_id: Who sent it, where the way that it came by says so; else ISA06.
        keep_unreadable: Record a file that cannot be read, so that somebody sees it.

    Raises:
        UnreadableAcknowledgement: It is none, and is not to be recorded.
    """
    answers = read_answers(data)
    if answers.kind == "unreadable" and not keep_unreadable:
        raise UnreadableAcknowledgement(
            ", ".join(sorted({one.rule_id for one in answers.reasons})) or "Nothing to answer."
        )
    answers = answers._replace(sender_id=receiver_id or answers.sender_id)
    sha256 = hashlib.sha256(data).hexdigest()
    known, claims = await _known(runtime, tenant_id, answers)
    streams = [
        acknowledgement_stream(sha256),
        *dict.fromkeys(one.stream for one in known),
        *claims,
    ]
    decide = partial(acknowledge, answers=answers, sha256=sha256, known=known)
    return await runtime.execute(ask(streams, decide))


async def _known(
    runtime: Runtime, tenant_id: str, answers: Answers
) -> tuple[list[KnownInterchange], list[str]]:
    """Find the interchanges of ours that a file speaks of, and every claim that it may move."""
    numbers = {one.interchange_control_number for one in answers.interchanges}
    numbers |= {one.interchange_control_number for one in answers.claims} - {""}
    groups = {one.group_control_number for one in answers.transactions}
    named = {one.claim_id for one in answers.claims} - {""}
    async with runtime.read(tenant_id) as session:
        if named and not numbers:
            rows = await store.claims_named(session, tenant_id, named)
            numbers = {row.interchange_control_number for row in rows} - {""}
        found = await store.interchanges_answered(
            session, tenant_id, answers.sender_id, numbers, groups
        )
        claim_ids = named | {claim_id for row in found for claim_id in row.claim_ids}
        claims = await involved(session, tenant_id, claim_ids)
    return [_known_interchange(row) for row in found], claims


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

    async def run(self) -> None:
        """Read the mailboxes until cancelled."""
        try:
            while True:
                for wire in self._wires.all():
                    name = (wire.tenant_id, wire.receiver.receiver_id)
                    running = self._rounds.get(name)
                    if running is None or running.done():
                        self._rounds[name] = asyncio.create_task(self.round(wire))
                await asyncio.sleep(self._interval_s)
        finally:
            for one in self._rounds.values():
                one.cancel()
            await asyncio.gather(*self._rounds.values(), return_exceptions=True)

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
        for one in waiting:
            try:
                await self._take(wire, one.name)
                taken += 1
            except Unreachable:
                self._log.warning("mailbox-unreachable", tenant_id=wire.tenant_id)
            except Exception:  # noqa: BLE001 - whatever failed, the next round tries again
                self._log.exception("acknowledgement-failed", tenant_id=wire.tenant_id)
        return taken

    async def _take(self, wire: Wire, name: str) -> None:
        """Record a file, and only then take it out of the mailbox."""
        data = await wire.port.fetch(name)
        await take_acknowledgement(
            self._runtime,
            wire.tenant_id,
            data,
            of_job(wire.tenant_id, MAIL),
            receiver_id=wire.receiver.receiver_id,
        )
        await wire.port.acknowledge(name)
