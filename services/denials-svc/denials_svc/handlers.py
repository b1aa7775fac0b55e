"""What comes in, and what is done: answers of payers, replaced claims, requests of people."""

from collections.abc import Sequence
from typing import Any, Final

from denials_svc import store
from denials_svc.decide import assess
from denials_svc.model import State, evolve
from denials_svc.rules import deadlines
from denials_svc.rules.deadlines import Calendar
from denials_svc.views import project
from rcm.adjustments import table as reasons
from rcm.adjustments.table import Table
from rcm.domain import Command, Context, Fact, Loaded, Reaction, Service
from rcm.events.catalogue import DENIALS, REMIT
from rcm.events.envelope import Recorded
from rcm.events.remit import ChargeReversed, RemittanceReceived
from rcm.problems import NotFound


def service(
    table: Table = reasons.BUILT_IN, calendar: Calendar = deadlines.BUILT_IN
) -> Service[State]:
    """Make the service with its tables of reasons and deadlines."""

    def on_received(
        loaded: Loaded, cause: Recorded[RemittanceReceived], context: Context
    ) -> Sequence[Fact]:
        event = cause.event
        return assess.on_received(loaded.get(event.claim_id), event, context, table, calendar)

    def on_replaced(
        loaded: Loaded, cause: Recorded[ChargeReversed], _context: Context
    ) -> Sequence[Fact]:
        return assess.on_replaced(loaded.get(cause.event.claim_id), cause.event)

    return Service(
        name="denials-svc",
        topic=DENIALS,
        state=State,
        evolve=evolve,
        project=project,
        reactions={
            # That a claim was replaced is learned from the ledger, in order with its answers: to
            # read every step of every claim for it would be most of this service's work.
            REMIT: {
                RemittanceReceived.name: Reaction(_of_claim, on_received),
                ChargeReversed.name: Reaction(_of_claim, on_replaced),
            },
        },
    )


def _of_claim(cause: Recorded[Any]) -> list[str]:
    return [cause.event.claim_id]


SERVICE: Final = service()


async def ask(
    runtime: Any, tenant_id: str, denial_id: str, command: Command, decide: Any, *more: Any
) -> Any:
    """Carry out what somebody asks for on a denial.

    Args:
        runtime: The running service.
        tenant_id: Whose denial.
        denial_id: Which.
        command: Who asks and under which key; what it decides is filled in here.
        decide: A decision of `decide.work`.
        *more: Its further arguments.

    Raises:
        NotFound: There is no such denial.
        Problem: It was refused.
    """
    async with runtime.read(tenant_id) as session:
        row = await store.denial(session, tenant_id, denial_id)
    if row is None:
        raise NotFound("No such denial.")
    claim_id = row.claim_id

    def carry_out(loaded: Loaded, _context: Context) -> Sequence[Fact]:
        facts: Sequence[Fact] = decide(loaded.get(claim_id), denial_id, *more)
        return facts

    return await runtime.execute(
        Command(
            tenant_id=tenant_id,
            command_id=command.command_id,
            streams=[claim_id],
            decide=carry_out,
            actor=command.actor,
            idempotency_key=command.idempotency_key,
            request_hash=command.request_hash,
            traceparent=command.traceparent,
        )
    )


def nothing(_loaded: Loaded, _context: Context) -> Sequence[Fact]:
    """Decide nothing: stands in a command until `ask` fills in its decision."""
    return []
