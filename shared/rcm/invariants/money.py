"""Money: I1 conservation, I2 patient share, I3 balance, I4 all or nothing, I5 once."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from rcm.events import remit
from rcm.events.clinical import Adjustment
from rcm.events.envelope import Recorded
from rcm.events.event import Event
from rcm.invariants.breach import ADJUDICATED, Breach, Story, breach, posting_of

Advice = tuple[str, str]
"""Tenant and remittance id."""


def check_postings(story: Story) -> Iterator[Breach]:
    """I1: the entries of every posting sum to zero."""
    for recorded in story.events:
        entries = getattr(recorded.event, "entries", None)
        if entries:
            total = sum(entry.amount_cents for entry in entries)
            if total:
                yield breach("I1", recorded, f"entries sum to {total} cents, not to zero")


def check_legs(story: Story) -> Iterator[Breach]:
    """I1: on every leg, after every answer, billed = paid + adjusted + patient + balance."""
    for (_, source, _), events in story.claims.items():
        if source != "remit-svc":
            continue
        charged: dict[str, int] = {}
        answered: dict[str, int] = defaultdict(int)
        explained: dict[str, int] = defaultdict(int)
        for recorded in events:
            event = recorded.event
            if isinstance(event, remit.ChargePosted):
                charged[event.payer_sequence_code] = event.billed_cents
            elif isinstance(event, remit.RemittanceReceived) and event.kind in ADJUDICATED:
                leg = event.payer_sequence_code
                answered[leg] += event.billed_cents
                explained[leg] += event.paid_cents + _total(_adjustments(event))
            stated = posting_of(event)
            if stated is not None:
                leg = event.payer_sequence_code
                balance = charged.get(leg, answered[leg]) - explained[leg]
                if balance != stated.balance_cents:
                    yield breach(
                        "I1", recorded, f"balance {stated.balance_cents}, the events give {balance}"
                    )


def check_patient_share(story: Story) -> Iterator[Breach]:
    """I2: CLP05 is the sum of the PR adjustments, or the advice says that it is not."""
    warned = {
        (r.tenant_id, r.event.remittance_id)
        for r in story.of(remit.RemittanceAccepted)
        if r.event.warnings
    }
    for recorded in story.answers():
        event = recorded.event
        share = sum(a.amount_cents for a in _adjustments(event) if a.group_code == "PR")
        if (
            event.kind != "reversal"
            and share != event.patient_responsibility_cents
            and (recorded.tenant_id, event.remittance_id) not in warned
        ):
            text = f"CLP05 is {event.patient_responsibility_cents}, PR adjustments are {share}"
            yield breach("I2", recorded, text)


def check_balances(story: Story) -> Iterator[Breach]:
    """I3: what was posted balances on the line, the claim and the advice."""
    for recorded in story.answers():
        event = recorded.event
        for line in event.lines:
            off = line.billed_cents - _total(line.adjustments) - line.paid_cents
            if off:
                yield breach("I3", recorded, f"a line is off by {off} cents")
        off = event.billed_cents - _total(_adjustments(event)) - event.paid_cents
        if off:
            yield breach("I3", recorded, f"the claim payment is off by {off} cents")
    for accepted in story.of(remit.RemittanceAccepted):
        advice: remit.RemittanceAccepted = accepted.event
        off = advice.claims_paid_cents - advice.provider_adjustment_cents - advice.payment_cents
        if off:
            yield breach("I3", accepted, f"the advice is off by {off} cents")


def check_once(story: Story) -> Iterator[Breach]:
    """I5: an advice is posted once, whatever envelope it comes in, and a claim payment once."""
    advices: set[tuple[str, str, str]] = set()
    for recorded in story.of(remit.RemittanceAccepted):
        event = recorded.event
        for key in (
            (recorded.tenant_id, "id", event.remittance_id),
            (recorded.tenant_id, event.payer_identifier, event.content_sha256),
        ):
            if key in advices:
                yield breach("I5", recorded, "the same advice was posted twice")
            advices.add(key)
    posted: Counter[tuple[str, str, int]] = Counter()
    # The log keeps order per stream only: what was taken back frees its place wherever it stands.
    for recorded in story.postings():
        if _is_undone(recorded.event):
            posted[_place(recorded)] -= 1
    for recorded in story.postings():
        if not _is_undone(recorded.event):
            posted[_place(recorded)] += 1
            if posted[_place(recorded)] > 1:
                text = f"position {recorded.event.position} of an advice was posted twice"
                yield breach("I5", recorded, text)
    for recorded in story.of(remit.RemittanceReceived):
        if _is_undone(recorded.event) and posted[_place(recorded)] < 0:
            yield breach("I5", recorded, "what was never posted was taken back")


def check_whole(story: Story) -> Iterator[Breach]:
    """I4: every claim payment and adjustment of a posted advice is there, and none of another."""
    positions: dict[Advice, set[int]] = defaultdict(set)
    paid: dict[Advice, dict[int, int]] = defaultdict(dict)
    adjusted: dict[Advice, int] = defaultdict(int)
    posted = Counter(_place(r) for r in story.postings() if not _is_undone(r.event))
    undone = Counter(_place(r) for r in story.postings() if _is_undone(r.event))
    accepted = {(r.tenant_id, r.event.remittance_id) for r in story.of(remit.RemittanceAccepted)}
    for recorded in story.of(remit.RemittanceReceived, remit.RemittanceUnmatched):
        event, advice = recorded.event, (recorded.tenant_id, recorded.event.remittance_id)
        if _is_undone(event):
            continue
        positions[advice].add(event.position)
        paid[advice][event.position] = event.paid_cents
        if advice not in accepted:
            yield breach("I4", recorded, "posted, but its advice was not accepted")
    for recorded in story.of(remit.ProviderAdjustmentPosted):
        adjusted[recorded.tenant_id, recorded.event.remittance_id] += recorded.event.amount_cents
    for recorded in story.answers():
        stand = posted[_place(recorded)] - undone[_place(recorded)]
        # All that was matched may have been taken back: then it stands in suspense.
        if stand != 1 and not (stand == 0 and undone[_place(recorded)]):
            yield breach("I4", recorded, "the ledger does not have this claim payment once")
    for recorded in story.of(remit.RemittanceAccepted):
        event, advice = recorded.event, (recorded.tenant_id, recorded.event.remittance_id)
        yield from _is_whole(recorded, positions[advice], sum(paid[advice].values()))
        if adjusted[advice] != event.provider_adjustment_cents:
            text = f"provider adjustments posted {adjusted[advice]}, stated "
            yield breach("I4", recorded, f"{text}{event.provider_adjustment_cents}")


def _is_undone(event: Event) -> bool:
    return isinstance(event, remit.RemittanceReceived) and event.undone is not None


def _place(recorded: Recorded[Any]) -> tuple[str, str, int]:
    return recorded.tenant_id, recorded.event.remittance_id, recorded.event.position


def _is_whole(recorded: Recorded[Any], positions: set[int], paid_cents: int) -> Iterator[Breach]:
    event = recorded.event
    if len(positions) != event.claim_count:
        text = f"{len(positions)} of {event.claim_count} claim payments were posted"
        yield breach("I4", recorded, text)
    elif paid_cents != event.claims_paid_cents:
        text = f"claim payments posted {paid_cents} cents, stated {event.claims_paid_cents}"
        yield breach("I4", recorded, text)


def _adjustments(event: remit.RemittanceReceived) -> list[Adjustment]:
    return [*event.adjustments, *(a for line in event.lines for a in line.adjustments)]


def _total(adjustments: list[Adjustment]) -> int:
    return sum(adjustment.amount_cents for adjustment in adjustments)
