"""What happened to a physician query, in words; never what it asks or what was answered."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rcm.events.coding_query import (
    CodingQueryAnswered,
    CodingQueryAnswerNoted,
    CodingQueryClosed,
    CodingQueryDelivered,
    CodingQueryDeliveryFailed,
    CodingQueryDeliveryStarted,
    CodingQueryEscalated,
    CodingQueryHoldLifted,
    CodingQueryHoldPlaced,
    CodingQueryOpened,
    CodingQueryRevised,
    CodingQuerySent,
)
from rcm.events.event import Event
from rcm.lifecycle.said import Said

OF_ENCOUNTER: Final[tuple[type[Event], ...]] = (
    CodingQueryOpened,
    CodingQuerySent,
    CodingQueryAnswered,
    CodingQueryEscalated,
    CodingQueryClosed,
    CodingQueryHoldPlaced,
    CodingQueryAnswerNoted,
    CodingQueryHoldLifted,
)
"""What is told in the story of the encounter; the others, in that of the query alone."""


def _query_sent(event: CodingQuerySent) -> Said:
    again = f", delivery {event.delivery_number}" if event.delivery_number > 1 else ""
    way = _CHANNELS[event.channel_kind]
    return Said(f"physician query sent {way}{again}", f"an answer is due by {event.due_at[:10]}")


_CHANNELS: Final = {
    "mdm": "as MDM^T02",
    "fhir": "as FHIR Communication",
    "fhir-pull": "to be fetched as FHIR Communication",
    "webhook": "by webhook",
    "desk": "to the physician's list",
}

_RESPONSES: Final = {
    "agree": "agrees with what the record supports",
    "disagree": "does not agree",
    "other": "in other words",
    "unable": "cannot be determined",
}


def _query_answered(event: CodingQueryAnswered) -> Said:
    return Said("physician query answered", f"{_RESPONSES[event.response]}; by {event.via}")


def _query_failed(event: CodingQueryDeliveryFailed) -> Said:
    what = {
        "not-sent": "physician query did not leave",
        "unknown": "physician query: no receipt",
        "refused": "physician query refused by the receiver",
    }[event.outcome]
    again = "tried again under the same number" if event.next_try_at else "waits for a person"
    return Said(what, f"{event.evidence}; {again}")


WORDS: Final[Mapping[type[Event], Callable[[Any], Said]]] = {
    CodingQueryOpened: lambda e: Said(
        f"physician query drafted: {e.reason_code.replace('-', ' ')}", e.kind.replace("-", " ")
    ),
    CodingQueryRevised: lambda _: Said("physician query worded anew", is_detail=True),
    CodingQuerySent: _query_sent,
    CodingQueryDeliveryStarted: lambda e: Said(
        f"physician query on the wire, attempt {e.attempt}", e.control_number, is_detail=True
    ),
    CodingQueryDelivered: lambda e: Said("physician query arrived", e.evidence, is_detail=True),
    CodingQueryDeliveryFailed: _query_failed,
    CodingQueryAnswered: _query_answered,
    CodingQueryEscalated: lambda e: Said(
        f"physician query escalated, level {e.level}", e.cause.replace("-", " ")
    ),
    CodingQueryClosed: lambda e: Said(f"physician query closed: {e.cause}", e.note_code),
    CodingQueryHoldPlaced: lambda _: Said("held by a physician query"),
    CodingQueryAnswerNoted: lambda _: Said("waits for its coder to read an answer", is_detail=True),
    CodingQueryHoldLifted: lambda e: Said(
        "no longer held by a physician query",
        "coded as it was released before" if e.is_as_released else "",
        is_detail=not e.is_as_released,
    ),
}
"""How each of them reads."""
