"""Physician queries: what people ask for, the courier that brings them out, answers that come in.

    open ─▶ send ─▶ courier: DeliveryStarted ─▶ wire ─▶ Delivered | DeliveryFailed ─▶ later
    route, MDM, ORU, Communication ─▶ Answered ─▶ a coder reads, recodes and closes

The courier tries one delivery of a channel at a time. What an earlier process left under way is
taken up when its time is over, as unknown, and goes out again under the same control number.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

from msgspec import structs

from coding_svc.decide import queries, query_delivery
from coding_svc.decide.query_delivery import Attempt
from coding_svc.gateway.query_book import QueryBook
from coding_svc.gateway.query_delivery import Receipt, deliver
from coding_svc.handlers.beside import streams_of
from coding_svc.handlers.way import Way
from coding_svc.model.query import Address, Content, Outgoing, Query, Reply
from coding_svc.model.reasons import reason
from coding_svc.problems import (
    AnswerUnclear,
    EncounterMergedAway,
    PatientForgotten,
    QueryIsClosed,
    QueryIsDraft,
    QueryNotFound,
)
from coding_svc.rules.query_policy import DESK, MOMENT, Channel, moment
from coding_svc.store import encounters as store
from coding_svc.store import queries as store_queries
from coding_svc.store.queries import QueryRow
from rcm.domain import Command
from rcm.events.clinical import Reason
from rcm.events.phi import Phi
from rcm.platform.http.phi import Viewing
from rcm.platform.keys import KeyDestroyed
from rcm.platform.runtime import Runtime
from rcm.platform.telemetry import Log
from rcm.problems import Problem, StreamMoved

T = TypeVar("T")

COURIER: Final = "query-courier"
"""The actor of what the courier records."""

MERGES_FOLLOWED_MAX: Final = 50
AT_ONCE_MAX: Final = 100

Deliver = Callable[[Outgoing, Channel, str, int], Coroutine[Any, Any, Receipt]]
"""Makes one attempt: `gateway.query_delivery.deliver`, or a test's."""


# -- what people ask for ---------------------------------------------------------------------------


async def close_query(
    way: Way,
    query_id: str,
    cause: Any,
    note_code: str,
    command: Callable[..., Command],
) -> Any:
    """Close a query, wherever its hold is now.

    Args:
        way: Tenant and actor.
        query_id: Which.
        cause: Why.
        note_code: A code of the tenant's list, or empty.
        command: Makes the command of streams and decision.

    Raises:
        QueryNotFound: There is none.
        StreamMoved: Its encounter is being merged on and on.
        Problem: It was refused.
    """

    def closing(encounter_id: str) -> Any:
        return partial(queries.close, query_id, encounter_id, cause, note_code, way.profiles)

    return await _wherever_it_holds(way, await row_of(way, query_id), closing, command)


async def answer_query(
    way: Way, row: QueryRow, reply: Reply, command: Callable[..., Command]
) -> Any:
    """Record an answer, and tell the encounter that its coder is waited for, wherever that is now.

    Raises:
        Problem: It was refused.
    """

    def answering(encounter_id: str) -> Any:
        return partial(queries.answer, row.query_id, encounter_id, reply)

    return await _wherever_it_holds(way, row, answering, command)


async def _wherever_it_holds(
    way: Way,
    row: QueryRow,
    decision: Callable[[str], Any],
    command: Callable[..., Command],
) -> Any:
    """Carry out what touches a query and the encounter that it holds, following merges."""
    encounter_id = row.encounter_id
    for _ in range(MERGES_FOLLOWED_MAX):
        try:
            streams = [row.query_id, *await streams_of(way, encounter_id)]
            return await way.runtime.execute(command(streams, decision(encounter_id)))
        except EncounterMergedAway as merged:
            encounter_id = merged.into_encounter_id
    raise StreamMoved("The account is being merged on and on.")


async def row_of(way: Way, query_id: str) -> QueryRow:
    """Find a query.

    Raises:
        QueryNotFound: There is none.
    """
    async with way.runtime.read(way.tenant_id) as session:
        row = await store_queries.query_row(session, way.tenant_id, query_id)
    if row is None:
        raise QueryNotFound
    return row


async def state_of(way: Way, query_id: str) -> Query:
    """Find a query with its sealed words.

    Raises:
        QueryNotFound: There is none.
    """
    async with way.runtime.read(way.tenant_id) as session:
        state = await store_queries.query_state(session, way.tenant_id, query_id)
    if state is None:
        raise QueryNotFound
    return state


async def opened_for(
    views: Viewing, phi: Phi | None, shape: type[T], query_id: str, *, is_addressee: bool
) -> T | None:
    """Open a part of a query for whoever asks, as a recorded view; None where there is none."""
    if phi is None:
        return None
    return await views.open(phi, shape, "coding-query", query_id, is_addressee=is_addressee)


async def patient_of(way: Way, encounter_id: str) -> str:
    """Return whose encounter it is, for the key of a query; empty where there is none."""
    async with way.runtime.read(way.tenant_id) as session:
        row = await store.encounter(session, way.tenant_id, encounter_id)
    return "" if row is None else row.patient_id


# -- answers that come in as messages --------------------------------------------------------------


async def take_replies(
    way: Way, replies: Sequence[tuple[str, Reply]], message_id: str
) -> tuple[list[str], list[Reason]]:
    """Record the answers that a message brings; durable when it returns.

    Returns:
        The encounters whose queries were answered, and what was noticed about the others.

    Raises:
        Problem: Nothing was stored; the sender has to send the message again.
    """
    encounters: list[str] = []
    noticed: list[Reason] = []
    for query_id, reply in replies:
        async with way.runtime.read(way.tenant_id) as session:
            row = await store_queries.query_row(session, way.tenant_id, query_id)
        if row is None:
            noticed.append(reason("query-unknown", f"queries/{query_id}"))
            continue
        named = structs.replace(reply, message_id=message_id)
        try:
            await answer_query(way, row, named, _answering(way, row, message_id))
        except (QueryIsClosed, QueryIsDraft):
            noticed.append(reason("query-closed", f"queries/{query_id}"))
        except AnswerUnclear:
            noticed.append(reason("answer-unclear", f"queries/{query_id}"))
        except (KeyDestroyed, PatientForgotten):
            noticed.append(reason("patient-forgotten", f"queries/{query_id}"))
        else:
            encounters.append(row.encounter_id)
    return encounters, noticed


def _answering(way: Way, row: QueryRow, message_id: str) -> Callable[..., Command]:
    """Make the command of an answer that a message brings: the same again for the same message."""

    def command(streams: Sequence[str], decide: Any) -> Command:
        return Command(
            tenant_id=way.tenant_id,
            command_id=f"{message_id}/answers/{row.query_id}",
            streams=streams,
            decide=decide,
            actor=way.actor,
            key_ids=[row.patient_id],
        )

    return command


# -- the way out -----------------------------------------------------------------------------------


async def outgoing(runtime: Any, tenant_id: str, query: Query) -> Outgoing | None:
    """Put together what a delivery says; None where the patient was forgotten."""
    assert query.content is not None, "what is sent has a content"
    content = await runtime.open(tenant_id, query.content, Content)
    about = (
        await runtime.open(tenant_id, query.address, Address)
        if query.address is not None
        else Address()
    )
    if content is None or about is None:
        return None
    return delivery_of(query, content, about)


def delivery_of(query: Query, content: Content, about: Address) -> Outgoing:
    """Put together what the delivery in hand of a query says."""
    return Outgoing(
        query_id=query.query_id,
        control_number=query.control_number,
        sent_at=query.delivery_sent_at,
        due_at=query.due_at,
        physician_id=query.physician_id,
        address=about,
        content=content,
    )


async def note_fetched(way: Way, query_id: str, control_number: str) -> None:
    """Record that a receiver fetched a delivery; once."""
    await way.execute(
        command_id=f"query-fetched/{query_id}/{control_number}",
        streams=[query_id],
        decide=partial(query_delivery.fetched, query_id),
    )


class Courier:
    """The job that brings queries out and escalates what nobody answers.

    Attributes:
        attempted_count: Attempts so far, for tests and logs.
    """

    def __init__(
        self,
        runtime: Runtime,
        tenants: Sequence[str],
        book: QueryBook,
        log: Log,
        *,
        interval_s: float,
        lease_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        attempt: Deliver = deliver,
    ) -> None:
        self._runtime = runtime
        self._tenants = tenants
        self._book = book
        self._log = log
        self._interval_s = interval_s
        self._lease_s = lease_s
        self._now = now
        self._attempt = attempt
        self._courses: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._on_the_wire: set[tuple[str, str]] = set()
        self._said: dict[str, str] = {}
        self.attempted_count = 0

    async def run(self) -> None:
        """Look, deliver and escalate until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(self._interval_s)
        finally:
            await self.stop()

    async def look(self) -> None:
        """Take up what was left under way, start what is due, escalate what is overdue."""
        for tenant_id in self._tenants:
            policy = self._book.of_tenant(tenant_id).policy
            async with self._runtime.read(tenant_id) as session:
                left = await store_queries.under_way_since(
                    session, tenant_id, _text(self._now()), AT_ONCE_MAX
                )
                due = await store_queries.to_deliver(
                    session, tenant_id, _text(self._now()), AT_ONCE_MAX
                )
                overdue = await store_queries.to_escalate(
                    session, tenant_id, _text(self._now()), len(policy.escalation), AT_ONCE_MAX
                )
            for row in left:
                await self._take_up(tenant_id, row)
            by_channel: dict[str, list[QueryRow]] = {}
            for row in due:
                by_channel.setdefault(row.channel_id, []).append(row)
            for channel_id, rows in by_channel.items():
                self._start((tenant_id, channel_id), rows)
            for row in overdue:
                await self._escalate(tenant_id, row)
        self._say_faults()

    async def finish(self) -> None:
        """Wait for what is under way here."""
        await asyncio.gather(*self._courses.values())

    async def stop(self) -> None:
        """Give up what is under way; it is taken up as unknown when its time is over."""
        courses = list(self._courses.values())
        for course in courses:
            course.cancel()
        await asyncio.gather(*courses, return_exceptions=True)

    def _start(self, name: tuple[str, str], rows: Sequence[QueryRow]) -> None:
        running = self._courses.get(name)
        if running is not None and not running.done():
            return
        if running is not None:
            running.result()
        self._courses[name] = asyncio.create_task(self._deliver(name, rows), name="/".join(name))

    async def _deliver(self, name: tuple[str, str], rows: Sequence[QueryRow]) -> None:
        """Make one attempt for each query of one channel, one after the other."""
        tenant_id, channel_id = name
        policy = self._book.of_tenant(tenant_id).policy
        channel = policy.channels.get(channel_id)
        for row in rows:
            started = await self._record(
                tenant_id,
                f"{row.query_id}/{row.delivery_number}/{row.attempt + 1}/start",
                row.query_id,
                partial(query_delivery.start_attempt, row.query_id),
            )
            if not started:
                continue
            key = (tenant_id, row.query_id)
            self._on_the_wire.add(key)
            try:
                receipt = await self._send(tenant_id, row.query_id, channel, policy.link)
                await self._settle(tenant_id, row, row.attempt + 1, receipt)
            finally:
                self._on_the_wire.discard(key)

    async def _send(
        self, tenant_id: str, query_id: str, channel: Channel | None, link: str
    ) -> Receipt:
        if channel is None:
            return Receipt("not-sent", "channel-gone")
        async with self._runtime.read(tenant_id) as session:
            query = await store_queries.query_state(session, tenant_id, query_id)
        assert query is not None, "it has a row"
        said = await outgoing(self._runtime, tenant_id, query)
        if said is None:
            return Receipt("refused", "patient-forgotten")
        self.attempted_count += 1
        return await self._attempt(said, channel, link, int(self._now().timestamp()))

    async def _settle(self, tenant_id: str, row: QueryRow, attempt: int, receipt: Receipt) -> None:
        ended = Attempt(
            delivery_number=row.delivery_number,
            attempt=attempt,
            outcome=receipt.outcome,
            evidence=receipt.evidence,
        )
        policy = self._book.of_tenant(tenant_id).policy
        await self._record(
            tenant_id,
            f"{row.query_id}/{row.delivery_number}/{attempt}/{receipt.outcome}",
            row.query_id,
            partial(query_delivery.settle_attempt, row.query_id, ended, policy),
        )

    async def _take_up(self, tenant_id: str, row: QueryRow) -> None:
        """Count as unknown what a process that is gone had on the wire."""
        if (tenant_id, row.query_id) in self._on_the_wire:
            return
        policy = self._book.of_tenant(tenant_id).policy
        channel = policy.channels.get(row.channel_id, DESK)
        lease = timedelta(seconds=channel.timeout_s + self._lease_s)
        if self._now() - moment(row.started_at) >= lease:
            await self._settle(tenant_id, row, row.attempt, Receipt("unknown", "interrupted"))

    async def _escalate(self, tenant_id: str, row: QueryRow) -> None:
        policy = self._book.of_tenant(tenant_id).policy
        with contextlib.suppress(Problem):
            await self._record(
                tenant_id,
                f"{row.query_id}/escalate/{row.level + 1}/{row.delivery_number}",
                row.query_id,
                partial(query_delivery.escalate_overdue, row.query_id, policy),
            )

    async def _record(self, tenant_id: str, what: str, query_id: str, decide: Any) -> bool:
        outcome = await self._runtime.execute(
            Command(
                tenant_id=tenant_id,
                command_id=f"query-courier/{what}",
                streams=[query_id],
                decide=decide,
                actor=COURIER,
            )
        )
        return bool(outcome.recorded) and not outcome.repeated

    def _say_faults(self) -> None:
        for name, fault in self._book.faults.items():
            if self._said.get(name) != fault:
                self._log.error("query-configuration-unusable", path=name, error=fault)
        self._said = dict(self._book.faults)


def _text(now: datetime) -> str:
    return now.astimezone(UTC).strftime(MOMENT)
