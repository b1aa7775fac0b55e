"""Ready claims out, and what became of the interchanges that they went in."""

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, Final

from claims_svc import store
from claims_svc.decide.bill import Directories
from claims_svc.decide.send import (
    WRITTEN_AT,
    Outcome,
    Selection,
    Written,
    batch,
    batch_streams,
    rewrite,
    settle,
)
from claims_svc.gateway import Wire, Wires
from claims_svc.handlers.service import SENDING, Ask, involved, of_job
from claims_svc.handlers.stirred import Stirred
from claims_svc.model.content import ClaimContent
from claims_svc.model.directory import Receiver
from claims_svc.model.states import LEVELS, OpenInterchange, sequence_stream
from claims_svc.problems import InterchangeSettledAlready
from rcm.domain import Context, Fact, Loaded
from rcm.platform.clearinghouse.port import Parcel, Receipt
from rcm.platform.runtime import Runtime
from rcm.problems import NotFound

PAUSE_DOUBLINGS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How much one interchange may hold. See ClaimsSettings."""

    claims_per_interchange_max: int = 250
    claims_per_transaction_max: int = 25


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited before what. See ClaimsSettings."""

    send_interval_s: float = 0.5
    status_interval_s: float = 15.0
    resend_after_s: float = 90.0
    pause_s: float = 5.0
    gather_s_max: float = 4.0


async def write_next(
    runtime: Runtime, tenant_id: str, receiver: Receiver, form: str, size: Size
) -> Written | None:
    """Number and write the next interchange of a receiver and form; None when nothing is ready.

    When this returns, the intent is durable; the bytes may go out.
    """
    async with runtime.read(tenant_id) as session:
        claim_ids = await store.claims_to_send(
            session, tenant_id, receiver.receiver_id, form, size.claims_per_interchange_max
        )
        contents = await store.contents(session, tenant_id, claim_ids)
    if not claim_ids:
        return None
    selection = Selection(
        receiver=receiver,
        form="P" if form == "P" else "I",
        contents={one: contents[one] for one in claim_ids if one in contents},
        per_transaction_max=size.claims_per_transaction_max,
    )
    written: list[Written] = []

    def decide(loaded: Loaded, context: Context) -> list[Fact]:
        # A batch may be decided more than once; only the last one is committed.
        written.clear()
        return batch(loaded, context, selection, written.append)

    await runtime.execute(of_job(tenant_id, SENDING)(batch_streams(selection), decide))
    return written[0] if written else None


async def settle_interchange(
    runtime: Runtime,
    tenant_id: str,
    receiver_id: str,
    number: str,
    receipt: Receipt,
    ask: Ask,
) -> Any:
    """Record what became of an interchange.

    Raises:
        NotFound: No such interchange.
        InterchangeSettledAlready: It was settled before.
    """
    async with runtime.read(tenant_id) as session:
        row = await store.interchange(session, tenant_id, receiver_id, number)
        if row is None:
            raise NotFound
        claims = await involved(session, tenant_id, row.claim_ids)
    stream = sequence_stream(row.submitter_id, receiver_id)
    decide = partial(
        _settle, stream=stream, number=number, outcome=receipt.outcome, evidence=receipt.evidence
    )
    return await runtime.execute(ask([stream, *claims], decide))


def _settle(
    loaded: Loaded, _: Context, *, stream: str, number: str, outcome: Outcome, evidence: str
) -> list[Fact]:
    return settle(loaded, stream, number, outcome, evidence)


async def parcel_of(
    runtime: Runtime, tenant_id: str, receiver: Receiver, row: store.InterchangeRow
) -> Parcel:
    """Write an unsettled interchange again; its data is empty where that does not give the same
    bytes (a claim was forgotten, or this build writes otherwise).
    """
    async with runtime.read(tenant_id) as session:
        sealed = await store.contents(session, tenant_id, row.claim_ids)
    contents: dict[str, ClaimContent] = {}
    for claim_id, phi in sealed.items():
        content = await runtime.open(tenant_id, phi, ClaimContent)
        if content is not None:
            contents[claim_id] = content
    opened = OpenInterchange(
        form="P" if row.form == "P" else "I",
        group_control_number=row.group_control_number,
        transaction_control_numbers=row.transaction_control_numbers,
        claim_ids=row.claim_ids,
        claim_counts=row.claim_counts,
        billed_cents=row.billed_cents,
        sha256=row.sha256,
        bytes_count=row.bytes_count,
        written_at=row.written_at,
    )
    data = rewrite(receiver, row.interchange_control_number, opened, contents)
    return Parcel(row.submitter_id, row.receiver_id, row.interchange_control_number, data or b"")


class Sender:
    """The sending job: for each receiver and form its own course, so that one which hangs stops
    only itself.
    """

    def __init__(
        self,
        runtime: Runtime,
        directories: Directories,
        wires: Wires,
        size: Size,
        patience: Patience,
    ) -> None:
        self._runtime = runtime
        self._directories = directories
        self._wires = wires
        self._size = size
        self._patience = patience
        self._courses: dict[tuple[str, ...], asyncio.Task[None]] = {}
        self._gathering: dict[tuple[str, ...], tuple[float, int]] = {}
        self._refusals: dict[tuple[str, str], int] = {}
        self._not_before: dict[tuple[str, ...], float] = {}
        self._on_the_wire: set[tuple[str, str, str]] = set()

    async def run(self, nudge: asyncio.Event) -> None:
        """Send and settle until cancelled; at once when nudged."""
        stirred, is_busy = Stirred(self._runtime), False
        try:
            while True:
                if stirred() or is_busy or nudge.is_set():
                    is_nudged = nudge.is_set()
                    nudge.clear()
                    is_busy = await self.look(gathers=not is_nudged)
                # Not wait_for: it may swallow a cancellation that comes with the timeout.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._patience.send_interval_s):
                        await nudge.wait()
        finally:
            await self.stop()

    async def look(self, *, gathers: bool = False) -> bool:
        """Start a course for everything that is to be done and not under way.

        Args:
            gathers: Leave claims to which others were added since the last look: one interchange
                of a hundred is a fraction of the work of ten with ten each, here and everywhere.

        Returns:
            Whether there was anything.
        """
        found = False
        for wire in self._wires.all():
            tenant_id, receiver_id = wire.tenant_id, wire.receiver.receiver_id
            async with self._runtime.read(tenant_id) as session:
                routes = await store.routes_to_send(session, tenant_id)
                open_rows = await store.interchanges(
                    session, tenant_id, ("", "unknown"), None, 1_000
                )
            for route, form, count in routes:
                name = (tenant_id, receiver_id, form)
                if route == receiver_id:
                    found = True
                    if not (gathers and self._still_gathers(name, count)):
                        self._start(name, self._send(wire, form))
            if any(row.receiver_id == receiver_id for row in open_rows):
                found = True
                self._start((tenant_id, receiver_id, "settle"), self.settle_open(wire))
        return found

    def _still_gathers(self, name: tuple[str, ...], count: int) -> bool:
        """Tell whether more claims became ready, for a while, and do not fill a file yet."""
        began_at, before = self._gathering.get(name, (monotonic(), 0))
        is_late = monotonic() - began_at >= self._patience.gather_s_max
        if count == before or count >= self._size.claims_per_interchange_max or is_late:
            self._gathering.pop(name, None)
            return False
        self._gathering[name] = began_at, count
        return True

    async def stop(self) -> None:
        """Give up the courses; what is on the wire stays unsettled and is asked about later."""
        courses = list(self._courses.values())
        for course in courses:
            course.cancel()
        await asyncio.gather(*courses, return_exceptions=True)

    async def finish(self) -> None:
        """Wait for the courses that are under way."""
        await asyncio.gather(*self._courses.values())

    def _start(self, name: tuple[str, ...], course: Coroutine[Any, Any, None]) -> None:
        running = self._courses.get(name)
        if (running is not None and not running.done()) or monotonic() < self._not_before.get(
            name[:2] if name[2] != "settle" else name, 0
        ):
            course.close()
            return
        if running is not None:
            running.result()
        self._courses[name] = asyncio.create_task(course, name="/".join(name))

    async def _send(self, wire: Wire, form: str) -> None:
        """Send what is ready to one receiver, interchange by interchange."""
        tenant_id, receiver_id = wire.tenant_id, wire.receiver.receiver_id
        directory = self._directories(tenant_id)
        receiver = directory.receiver(receiver_id) if directory is not None else None
        if receiver is None:
            return
        while True:
            written = await write_next(self._runtime, tenant_id, receiver, form, self._size)
            if written is None:
                return
            number = written.interchange_control_number
            key = (tenant_id, receiver_id, number)
            self._on_the_wire.add(key)
            try:
                parcel = Parcel(receiver.submitter_id, receiver_id, number, written.data)
                receipt = await wire.port.submit(parcel)
                await self._settle(wire, number, receipt)
            finally:
                self._on_the_wire.discard(key)
            if not self._goes_on((tenant_id, receiver_id), receipt):
                return
            if written.claim_count < self._size.claims_per_interchange_max:
                # What has become ready meanwhile gathers until the next look.
                return

    def _goes_on(self, name: tuple[str, str], receipt: Receipt) -> bool:
        """Leave a receiver alone for a while that refuses or does not answer."""
        if receipt.outcome == "sent":
            self._refusals.pop(name, None)
            return True
        refusals = self._refusals.get(name, 0)
        self._refusals[name] = refusals + 1
        pause = self._patience.pause_s * 2 ** min(refusals, PAUSE_DOUBLINGS_MAX)
        self._not_before[name] = monotonic() + pause
        return False

    async def _settle(self, wire: Wire, number: str, receipt: Receipt) -> None:
        ask = of_job(wire.tenant_id, SENDING)
        receiver_id = wire.receiver.receiver_id
        try:
            await settle_interchange(
                self._runtime, wire.tenant_id, receiver_id, number, receipt, ask
            )
        except InterchangeSettledAlready:
            # The receiver's acknowledgement was faster than its answer to us.
            return

    async def settle_open(self, wire: Wire) -> None:
        """Find out what became of the interchanges of a receiver that are not settled."""
        tenant_id, receiver_id = wire.tenant_id, wire.receiver.receiver_id
        self._not_before[tenant_id, receiver_id, "settle"] = (
            monotonic() + self._patience.status_interval_s
        )
        async with self._runtime.read(tenant_id) as session:
            rows = await store.interchanges(session, tenant_id, ("", "unknown"), None, 1_000)
        for row in rows:
            number = row.interchange_control_number
            if row.receiver_id != receiver_id:
                continue
            if (tenant_id, receiver_id, number) in self._on_the_wire:
                continue
            if not row.outcome:
                # Prepared by a process that ended before it could say what became of it.
                await self._settle(wire, number, Receipt("unknown", "interrupted"))
            receipt = await self._inquire(wire, row)
            if receipt is not None and receipt.outcome != "unknown":
                await self._settle(wire, number, receipt)

    async def _inquire(self, wire: Wire, row: store.InterchangeRow) -> Receipt | None:
        """Ask about an interchange; hand it over again only where that is proven to be safe."""
        async with self._runtime.read(wire.tenant_id) as session:
            claims = await store.claims_named(session, wire.tenant_id, row.claim_ids)
        if any(
            claim.accepted_level == LEVELS[-1]
            and claim.interchange_control_number == row.interchange_control_number
            for claim in claims
        ):
            return Receipt("sent", "835")
        parcel = Parcel(row.submitter_id, row.receiver_id, row.interchange_control_number, b"")
        receipt = await wire.port.status(parcel)
        written_at = datetime.strptime(row.written_at, WRITTEN_AT).replace(tzinfo=UTC)
        age_s = (datetime.now(UTC) - written_at).total_seconds()
        if receipt.outcome == "sent" or age_s < self._patience.resend_after_s:
            # Before the time is up an absence proves nothing: it may still be under way.
            return receipt if receipt.outcome == "sent" else None
        if receipt.outcome == "not-sent" or not wire.port.resubmits_safely:
            return receipt
        directory = self._directories(wire.tenant_id)
        receiver = directory.receiver(row.receiver_id) if directory is not None else None
        if receiver is None:
            return None
        again = await parcel_of(self._runtime, wire.tenant_id, receiver, row)
        return await wire.port.submit(again) if again.data else None
