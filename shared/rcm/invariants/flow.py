"""Nothing lost and nothing made up: I6 and I7."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from rcm.events import claims, coding, denials, remit
from rcm.events.clinical import Adjustment
from rcm.events.envelope import Recorded
from rcm.invariants.breach import Breach, Story, breach


def check_lost(story: Story) -> Iterator[Breach]:
    """I6: the last version of every coded encounter became claims, or is visible open work."""
    billed: dict[tuple[str, str], int] = defaultdict(int)
    for recorded in story.of(claims.EncounterBilled, claims.ClaimPrepared, claims.ClaimHeld):
        key = (recorded.tenant_id, recorded.event.encounter_id)
        billed[key] = max(billed[key], recorded.event.coded_version)
    last = {
        (recorded.tenant_id, recorded.event.encounter_id): recorded
        for recorded in story.of(coding.EncounterCoded)
    }
    for key, recorded in last.items():
        if recorded.event.coded_version > billed[key] and recorded.event_id not in story.parked:
            text = f"version {recorded.event.coded_version} of {key[1]} became no claim"
            yield breach("I6", recorded, text)
    charged = {(r.tenant_id, r.event.claim_id) for r in story.of(remit.ChargePosted)}
    for recorded in story.of(claims.ClaimSubmitted):
        key = (recorded.tenant_id, recorded.event.claim_id)
        if key not in charged and recorded.event_id not in story.parked:
            yield breach("I6", recorded, "sent, and its charge is not in the ledger")


def check_ghosts(story: Story) -> Iterator[Breach]:
    """I7: every claim has its encounter, every denial the adjustment of its line that implies it,
    no line has two denials of a kind, and each reason in dispute has a denial that covers it.
    """
    coded = {(r.tenant_id, r.event.encounter_id) for r in story.of(coding.EncounterCoded)}
    for recorded in story.of(claims.ClaimSubmitted):
        if (recorded.tenant_id, recorded.event.encounter_id) not in coded:
            yield breach("I7", recorded, "sent, and its encounter was never coded")
    yield from _without_answer(story)
    yield from _without_denial(story)


Leg = tuple[str, str, str]
"""Tenant, claim and payer sequence (P, S, T)."""


def _leg(recorded: Recorded[Any]) -> Leg:
    event = recorded.event
    return recorded.tenant_id, event.claim_id, event.payer_sequence_code


def _without_answer(story: Story) -> Iterator[Breach]:
    """Join each denial to an adjustment of its leg and line, and to no other denial of its kind.

    A line that the payer numbered is joined by its number; the rest (the claim itself, and lines
    without REF*6R, which denials-svc numbers in a way of its own) together.
    """
    said: dict[Leg, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for answer in story.answers():
        of_leg = said[_leg(answer)]
        of_leg[""].update(map(_name_of, answer.event.adjustments))
        for line in answer.event.lines:
            of_leg[line.line_item_control_number].update(map(_name_of, line.adjustments))
    known: dict[tuple[Leg, str, str], str] = {}
    for recorded in story.of(denials.DenialOpened):
        event, leg = recorded.event, _leg(recorded)
        lines, number = said[leg], event.line_item_control_number
        if (
            f"{event.group_code}-{event.reason_code}"
            not in lines[number if number in lines else ""]
        ):
            yield breach("I7", recorded, "no answer of the payer has this reason on this line")
        key = (leg, number, event.family)
        if known.setdefault(key, event.denial_id) != event.denial_id:
            yield breach("I7", recorded, f"a second denial of {event.family} on one line")


def _without_denial(story: Story) -> Iterator[Breach]:
    """Join each reason for which the ledger holds money in dispute to a denial that covers it."""
    in_dispute: dict[Leg, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    last: dict[Leg, Recorded[Any]] = {}
    of_claim: dict[tuple[str, str], int] = defaultdict(int)
    for recorded in story.postings():
        leg = _leg(recorded)
        for entry in recorded.event.entries:
            if entry.account == "denied":
                in_dispute[leg][entry.reason] += entry.amount_cents
                of_claim[leg[:2]] += entry.amount_cents
                last[leg] = recorded
    for recorded in story.of(remit.ChargeReversed):
        taken = (e.amount_cents for e in recorded.event.entries if e.account == "denied")
        of_claim[recorded.tenant_id, recorded.event.claim_id] += sum(taken)
    covered = _covered(story)
    for leg, by_reason in in_dispute.items():
        waits = any(
            r.event_id in story.parked for r in story.claims.get((leg[0], "remit-svc", leg[1]), ())
        )
        # A charge that was reversed takes all of it back, whatever the reason of each entry was.
        if waits or of_claim[leg[:2]] <= 0:
            continue
        for reason, cents in by_reason.items():
            if cents > 0 and not (reason in covered[leg] if reason else covered[leg]):
                text = f"{cents} cents in dispute for {reason or 'no reason'}, and no denial of it"
                yield breach("I7", last[leg], text)


def _covered(story: Story) -> dict[Leg, set[str]]:
    """Tell for each leg which reasons its denials cover: their own, and those that were assessed
    as of their family on their line.
    """
    covered: dict[Leg, set[str]] = defaultdict(set)
    families: set[tuple[Leg, str, str]] = set()
    for recorded in story.of(denials.DenialOpened):
        event, leg = recorded.event, _leg(recorded)
        covered[leg].add(f"{event.group_code}-{event.reason_code}")
        families.add((leg, event.line_item_control_number, event.family))
    for recorded in story.of(denials.AdjudicationAssessed):
        leg = _leg(recorded)
        for line in recorded.event.lines:
            for key in line.denied:
                family, group, reason = key.split("|")
                if (leg, line.line_item_control_number, family) in families:
                    covered[leg].add(f"{group}-{reason}")
    return covered


def _name_of(adjustment: Adjustment) -> str:
    return f"{adjustment.group_code}-{adjustment.reason_code}"
