"""A breach, and the events laid out for the checks."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from rcm.events import delivery, remit
from rcm.events.envelope import Recorded
from rcm.events.event import Event

E = TypeVar("E", bound=Event)

ADJUDICATED: Final = frozenset({"payment", "reversal", "correction"})
"""Kinds of answers that have a ledger effect."""


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """An invariant that does not hold.

    Attributes:
        invariant: `I1` ... `I18`.
        tenant_id: Whose case it is.
        claim_id: The claim, where it is about one.
        event_id: The event that shows it, where there is one.
        text: What does not hold. Holds no PHI.
    """

    invariant: str
    tenant_id: str
    claim_id: str = ""
    event_id: str = ""
    text: str


@dataclass(slots=True)
class Story:
    """Events laid out for the checks, each once.

    Attributes:
        events: All of them.
        by_id: By event id.
        by_name: By the event's name.
        claims: Events on a claim's own stream, by tenant, source and claim.
        parked: Ids of upstream events that wait for an operator: they are open work, not lost.
    """

    events: list[Recorded[Any]] = field(default_factory=list)
    by_id: dict[str, Recorded[Any]] = field(default_factory=dict)
    by_name: dict[str, list[Recorded[Any]]] = field(default_factory=lambda: defaultdict(list))
    claims: dict[tuple[str, str, str], list[Recorded[Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    parked: set[str] = field(default_factory=set)

    def of(self, *kinds: type[Event]) -> Iterator[Recorded[Any]]:
        """Go through the events of some kinds."""
        for kind in kinds:
            yield from self.by_name.get(kind.name, ())

    def answers(self) -> Iterator[Recorded[remit.RemittanceReceived]]:
        """Go through the claim payments that have a ledger effect."""
        for recorded in self.of(remit.RemittanceReceived):
            if recorded.event.kind in ADJUDICATED:
                yield recorded

    def postings(self) -> Iterator[Recorded[Any]]:
        """Go through the claim payments as they were written to the ledger."""
        for recorded in self.of(remit.RemittanceReceived, remit.PaymentPosted):
            if posting_of(recorded.event) is not None:
                yield recorded


def posting_of(event: Event) -> remit.Posting | remit.PaymentPosted | None:
    """What a claim payment wrote to the ledger: as the answer says, or of old a fact of its own."""
    if isinstance(event, remit.RemittanceReceived):
        return event.posting
    return event if isinstance(event, remit.PaymentPosted) else None


def story_of(events: Sequence[Recorded[Any]]) -> Story:
    """Lay events out."""
    story = Story()
    parked: dict[tuple[str, int, int], str] = {}
    for recorded in events:
        if recorded.event_id in story.by_id:
            continue
        story.by_id[recorded.event_id] = recorded
        story.events.append(recorded)
        event = recorded.event
        story.by_name[event.name].append(recorded)
        claim_id = getattr(event, "claim_id", "")
        if claim_id and claim_id == recorded.stream_id:
            story.claims[recorded.tenant_id, recorded.source, claim_id].append(recorded)
        if isinstance(event, delivery.EventParked):
            parked[event.topic, event.partition, event.offset] = event.event_id
        elif isinstance(event, delivery.EventUnparked):
            parked.pop((event.topic, event.partition, event.offset), None)
    story.parked = set(parked.values())
    return story


def breach(
    invariant: str, recorded: Recorded[Any], text: str, claim_id: str | None = None
) -> Breach:
    """Name a breach that an event shows."""
    named = getattr(recorded.event, "claim_id", "") if claim_id is None else claim_id
    return Breach(
        invariant=invariant,
        tenant_id=recorded.tenant_id,
        claim_id=named,
        event_id=recorded.event_id,
        text=text,
    )
