"""A physician query on its way: let go, tried, tried again, fetched, escalated.

    send | escalate ──▶ start_attempt ──▶ the wire ──▶ settle_attempt
                             ▲                              │ not-sent, unknown
                             └──────────── later ───────────┘ under the same control number

The attempt is recorded before the wire and its end after it. What a process that died left under
way counts as unknown and is tried again; the receiver tells the repetition by its number.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from msgspec import Struct

from coding_svc.decide.queries import query_of, sent_query
from coding_svc.model.query import PUSHED, Query
from coding_svc.problems import (
    ChannelUnknown,
    NothingToEscalateTo,
    QueryIsClosed,
    QueryLeads,
    QueryWasSent,
)
from coding_svc.rules.query_lint import LINT_VERSION, QueryFinding, has_errors, lint
from coding_svc.rules.query_policy import MOMENT, QueryPolicy
from rcm.domain import Context, Fact, Loaded
from rcm.events.coding_query import (
    CodingQueryDelivered,
    CodingQueryDeliveryFailed,
    CodingQueryDeliveryStarted,
    CodingQueryEscalated,
    CodingQuerySent,
)

_NAMED_MAX: Final = 5


class Attempt(Struct, frozen=True, kw_only=True):
    """How an attempt of delivery ended.

    Attributes:
        delivery_number: Which delivery.
        attempt: Which attempt of it.
        outcome: What it proves.
        evidence: What it was told by.
    """

    delivery_number: int
    attempt: int
    outcome: Literal["delivered", "not-sent", "unknown", "refused"]
    evidence: str


# -- on its way ------------------------------------------------------------------------------------


def send(
    query_id: str,
    channel_id: str,
    policy: QueryPolicy,
    required: Mapping[str, Sequence[str]],
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Let a query go, or let one that is out go another way.

    Args:
        query_id: Which.
        channel_id: The way; empty for the physician's own.
        policy: Of the tenant.
        required: Slots that each template asks for.
        loaded: The query.
        context: When.

    Raises:
        QueryNotFound: There is none.
        QueryIsClosed: It is closed.
        QueryWasSent: It was answered.
        QueryLeads: Its wording is not let pass.
        ChannelUnknown: The tenant has no such channel.
        PatientForgotten: The patient's key was destroyed.
    """
    query, content = query_of(query_id, loaded, context)
    if query.status == "closed":
        raise QueryIsClosed
    if query.status == "answered":
        raise QueryWasSent("It was answered. Open another query for another question.")
    found = lint(content, required=required.get(query.template_id, ()))
    if has_errors(found):
        raise QueryLeads(_named(found))
    way = policy.channel_of(query.physician_id, channel_id)
    if way is None:
        raise ChannelUnknown(f"There are: {', '.join(sorted(policy.channels)) or 'none'}.")
    number = query.delivery_number + 1
    sent = CodingQuerySent(
        query_id=query_id,
        encounter_id=query.encounter_id,
        delivery_number=number,
        channel_id=way[0],
        channel_kind=way[1].kind,
        physician_id=query.physician_id,
        control_number=control_number(query_id, number),
        due_at=query.due_at or policy.due(context.now, policy.answer_within_days),
        lint_version=LINT_VERSION,
        policy_version=policy.version,
    )
    return [Fact(query_id, sent)]


def control_number(query_id: str, delivery_number: int) -> str:
    """Number a delivery: MSH-10, at most twenty characters, the same in every attempt of it."""
    return f"{query_id.partition('_')[2].upper()}D{delivery_number}"


def start_attempt(query_id: str, loaded: Loaded, _context: Context) -> list[Fact]:
    """Record that a query is about to go on the wire; nothing when it is not to go."""
    query = loaded.get(query_id)
    if not isinstance(query, Query) or query.status != "sent" or query.delivery != "due":
        return []
    if query.channel_kind not in PUSHED:
        return []
    started = CodingQueryDeliveryStarted(
        query_id=query_id,
        delivery_number=query.delivery_number,
        attempt=query.attempt + 1,
        control_number=query.control_number,
    )
    return [Fact(query_id, started)]


def settle_attempt(
    query_id: str, attempt: Attempt, policy: QueryPolicy, loaded: Loaded, context: Context
) -> list[Fact]:
    """Record how an attempt ended; a second word about the same attempt says nothing new."""
    query = loaded.get(query_id)
    if not isinstance(query, Query) or query.delivery != "under-way":
        return []
    if (query.delivery_number, query.attempt) != (attempt.delivery_number, attempt.attempt):
        return []
    if attempt.outcome == "delivered":
        return [_delivered(query, attempt.attempt, attempt.evidence)]
    waits = policy.retry_after_s
    again = None
    is_wanted = query.status == "sent" and attempt.outcome != "refused"
    if is_wanted and attempt.attempt <= len(waits):
        again = _in(context.now, waits[attempt.attempt - 1])
    failed = CodingQueryDeliveryFailed(
        query_id=query_id,
        delivery_number=attempt.delivery_number,
        attempt=attempt.attempt,
        outcome=attempt.outcome,
        evidence=attempt.evidence,
        next_try_at=again,
    )
    return [Fact(query_id, failed)]


def fetched(query_id: str, loaded: Loaded, _context: Context) -> list[Fact]:
    """Record that a receiver fetched what waits for it; once."""
    query = loaded.get(query_id)
    if not isinstance(query, Query) or query.status != "sent" or query.delivery != "due":
        return []
    if query.channel_kind not in ("fhir-pull", "desk"):
        return []
    return [_delivered(query, 0, "fetched")]


def escalate(
    query_id: str,
    cause: Literal["no-answer", "undeliverable", "by-hand"],
    policy: QueryPolicy,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Ask the next one of the tenant's policy.

    Raises:
        QueryNotFound: There is none.
        QueryIsDraft: It was not sent.
        QueryIsClosed: It is closed.
        QueryWasSent: It was answered.
        NothingToEscalateTo: The policy has no further step.
    """
    query = sent_query(query_id, loaded)
    if query.status == "answered":
        raise QueryWasSent("It was answered.")
    if query.level >= len(policy.escalation):
        raise NothingToEscalateTo
    step = policy.escalation[query.level]
    way = policy.channel_of(step.physician)
    assert way is not None, "a policy names only channels that it has"
    number = query.delivery_number + 1
    escalated = CodingQueryEscalated(
        query_id=query_id,
        encounter_id=query.encounter_id,
        level=query.level + 1,
        cause=cause,
        physician_id=step.physician,
        physician_subject=policy.physician(step.physician).subject,
        delivery_number=number,
        channel_id=way[0],
        channel_kind=way[1].kind,
        control_number=control_number(query_id, number),
        due_at=policy.due(context.now, step.answer_within_days),
    )
    return [Fact(query_id, escalated)]


def escalate_overdue(
    query_id: str, policy: QueryPolicy, loaded: Loaded, context: Context
) -> list[Fact]:
    """Escalate what nobody answered in time, or nobody could be given; nothing otherwise."""
    query = loaded.get(query_id)
    if not isinstance(query, Query) or query.status != "sent":
        return []
    if query.level >= len(policy.escalation):
        return []
    if query.due_at <= context.now.astimezone(UTC).strftime(MOMENT):
        return escalate(query_id, "no-answer", policy, loaded, context)
    if query.delivery == "refused":
        return escalate(query_id, "undeliverable", policy, loaded, context)
    return []


def _delivered(query: Query, attempt: int, evidence: str) -> Fact:
    event = CodingQueryDelivered(
        query_id=query.query_id,
        delivery_number=query.delivery_number,
        attempt=attempt,
        evidence=evidence,
    )
    return Fact(query.query_id, event)


def _named(found: Sequence[QueryFinding]) -> str:
    """Name what keeps a query back, without its words."""
    named = [f"{f.rule_id} at {f.path}" for f in found if f.severity == "error"]
    more = len(named) - _NAMED_MAX
    return "; ".join(named[:_NAMED_MAX]) + (f"; and {more} more." if more > 0 else ".")


def _in(now: datetime, seconds: int) -> str:
    return (now + timedelta(seconds=seconds)).astimezone(UTC).strftime(MOMENT)
