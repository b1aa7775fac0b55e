"""Several payers of one claim, I18: the share that one leaves, the next is asked for, or the
patient owes, is one amount, and stands in one place.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from rcm.events import claims, claims_coordination, remit
from rcm.events.envelope import Recorded
from rcm.events.remit_coordination import PatientSharePassedOn
from rcm.invariants.breach import ADJUDICATED, Breach, Story, breach


class _Share:
    """What a claim's payers left to the patient, as its stream has told it so far."""

    def __init__(self) -> None:
        self.left_cents: dict[str, int] = defaultdict(int)
        self.answers: dict[str, int] = defaultdict(int)
        self.patient_cents = 0
        self.own_leg = "P"
        self.passed: PatientSharePassedOn | None = None

    @property
    def final_cents(self) -> int:
        """PR that stands on the last leg that was answered."""
        stand = [leg for leg, count in self.answers.items() if count > 0]
        order = ("P", "S", "T")
        return self.left_cents[max(stand, key=order.index) if stand else self.own_leg]

    def hear(self, event: Any) -> None:
        """Take an event of the claim's stream in."""
        posting = event.posting if isinstance(event, remit.RemittanceReceived) else None
        entries = getattr(posting if posting is not None else event, "entries", ())
        self.patient_cents += sum(e.amount_cents for e in entries if e.account == "patient")
        if isinstance(event, remit.ChargePosted):
            self.own_leg = event.payer_sequence_code
        elif isinstance(event, PatientSharePassedOn):
            self.passed = event
        elif isinstance(event, remit.RemittanceReceived) and event.kind in ADJUDICATED:
            found = [*event.adjustments, *(one for line in event.lines for one in line.adjustments)]
            left = sum(one.amount_cents for one in found if one.group_code == "PR")
            self.left_cents[event.payer_sequence_code] += left
            self.answers[event.payer_sequence_code] += _step(event)


def _step(event: remit.RemittanceReceived) -> int:
    if event.undone is not None:
        return 1 if event.undone.kind == "reversal" else -1
    return -1 if event.kind == "reversal" else 1


def _passers(story: Story) -> Iterator[Sequence[Recorded[Any]]]:
    for (_, source, _), events in story.claims.items():
        if source == "remit-svc" and any(isinstance(r.event, PatientSharePassedOn) for r in events):
            yield events


def check_shares(story: Story) -> Iterator[Breach]:
    """I18: whenever a share is passed on, changed or given back, it is what the payers left; while
    the next payer is asked for it, the patient owes none of it, and afterwards all.
    """
    for events in _passers(story):
        share = _Share()
        for recorded in events:
            event = recorded.event
            share.hear(event)
            if share.passed is None:
                continue
            is_passed = bool(share.passed.to_claim_id)
            due = 0 if is_passed else share.final_cents
            if share.patient_cents != due:
                text = f"the patient owes {due} cents, the ledger says {share.patient_cents}"
                yield breach("I18", recorded, text)
            if not isinstance(event, PatientSharePassedOn):
                continue
            stated = event.share_cents if is_passed else event.due_cents
            if stated != share.final_cents:
                text = f"the payers left {share.final_cents} cents, {stated} are passed on"
                yield breach("I18", recorded, text)


def check_asked(story: Story) -> Iterator[Breach]:
    """I18: at rest, what is passed on is what stands, what the next payer's claim was made from,
    and what it asks for; unless an answer of the payer before waits to be told.
    """
    for events in _passers(story):
        share = _Share()
        for recorded in events:
            share.hear(recorded.event)
        passed, last = share.passed, events[-1]
        if passed is None or not passed.to_claim_id:
            continue
        if passed.share_cents != share.final_cents:
            text = f"the payers left {share.final_cents} cents, {passed.share_cents} are passed on"
            yield breach("I18", last, text)
        own = story.claims.get((last.tenant_id, "claims-svc", passed.claim_id), ())
        turns = (claims_coordination.PriorAnswerLearned, claims_coordination.ClaimCoordinated)
        told = [r.event for r in own if isinstance(r.event, turns)]
        if not told or not isinstance(told[-1], claims_coordination.ClaimCoordinated):
            continue
        if told[-1].outcome != "billed":
            continue
        if told[-1].left_cents != passed.share_cents:
            text = f"the next payer was told of {told[-1].left_cents} cents, {passed.share_cents}"
            yield breach("I18", last, f"{text} are passed on")
        made = _prepared(story, last.tenant_id, told[-1].next_claim_id)
        if made is not None and made.left_cents != passed.share_cents:
            text = f"{made.claim_id} asks for {made.left_cents} cents of {passed.share_cents}"
            yield breach("I18", last, text)


def _prepared(story: Story, tenant_id: str, claim_id: str) -> claims.ClaimPrepared | None:
    """Find what a claim says now; None where it is held, and says nothing to anybody."""
    found: claims.ClaimPrepared | None = None
    for recorded in story.claims.get((tenant_id, "claims-svc", claim_id), ()):
        if isinstance(recorded.event, claims.ClaimPrepared):
            found = recorded.event
        elif isinstance(recorded.event, claims.ClaimHeld):
            found = None
    return found
