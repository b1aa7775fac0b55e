"""Nothing lost and nothing made up: I6 and I7."""

from collections import defaultdict
from collections.abc import Iterator

from rcm.events import claims, coding, denials, remit
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
    """I7: every claim has its encounter, every denial the adjustment that implies it, and money in
    dispute has a denial.
    """
    coded = {(r.tenant_id, r.event.encounter_id) for r in story.of(coding.EncounterCoded)}
    for recorded in story.of(claims.ClaimSubmitted):
        if (recorded.tenant_id, recorded.event.encounter_id) not in coded:
            yield breach("I7", recorded, "sent, and its encounter was never coded")
    reasons: dict[tuple[str, str], set[str]] = defaultdict(set)
    for answer in story.answers():
        received = answer.event
        said = reasons[answer.tenant_id, received.claim_id]
        for adjustments in (received.adjustments, *(line.adjustments for line in received.lines)):
            said.update(f"{a.group_code}-{a.reason_code}" for a in adjustments)
    opened: set[tuple[str, str]] = set()
    for recorded in story.of(denials.DenialOpened):
        event, key = recorded.event, (recorded.tenant_id, recorded.event.claim_id)
        opened.add(key)
        if f"{event.group_code}-{event.reason_code}" not in reasons[key]:
            yield breach("I7", recorded, "no answer of the payer has this reason")
    yield from _without_denial(story, opened)


def _without_denial(story: Story, opened: set[tuple[str, str]]) -> Iterator[Breach]:
    in_dispute: dict[tuple[str, str], int] = defaultdict(int)
    last = {}
    for recorded in (*story.postings(), *story.of(remit.ChargeReversed)):
        key = (recorded.tenant_id, recorded.event.claim_id)
        for entry in recorded.event.entries:
            if entry.account == "denied":
                in_dispute[key] += entry.amount_cents
                last[key] = recorded
    for key, cents in in_dispute.items():
        waits = any(
            r.event_id in story.parked for r in story.claims.get((key[0], "remit-svc", key[1]), ())
        )
        if cents > 0 and key not in opened and not waits:
            yield breach("I7", last[key], f"{cents} cents in dispute, and no denial was opened")
