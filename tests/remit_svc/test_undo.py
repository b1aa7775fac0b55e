"""A payment that was matched to the wrong claim is taken back from it, and nothing of it stays."""

from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denials_svc.handlers import SERVICE as DENIALS_SERVICE
from denials_svc.store import DenialsTable
from memory_cases import MemoryKeys, MemoryService, World
from rcm.events.denials import DenialClosed, DenialOpened
from rcm.events.remit import RemittanceReceived
from rcm.events.remit_undo import RemittanceMatchUndone
from rcm.invariants import check
from rcm.lifecycle.claim import fold_claim
from rcm.lifecycle.steps import step_of, stories
from rcm.problems import NotFound
from remit_cases import (
    CLAIM,
    OTHER,
    cas,
    clp,
    ledger,
    matches,
    paid_claim,
    remit,
    replaced,
    submitted,
    svc,
    taking,
    unmatches,
)
from remit_svc.handlers import SERVICE
from remit_svc.problems import NotMatched
from remit_svc.store import RemitTable
from service_cases import ServiceCase


def state_of(story, claim_id=CLAIM):
    """A claim's legs and accounts, without what is zero."""
    state = story.service.state(claim_id)
    money = {name: cents for name, cents in state.accounts.items() if cents}
    return state.legs, money, state.patient_responsibility_cents, state.awaits_payer


def in_suspense(claim, payment, **more):
    """A claim that was sent, and a payment for a number that nobody knows."""
    given = remit.given(submitted(), submitted(OTHER), taking(claim, payment=payment, **more))
    (item,) = given.service.table("unmatched")
    return given, item


@pytest.mark.parametrize("status", ["1", "2", "4", "19", "22", "23", "25"])
@given(paid=st.integers(0, 9_000), contractual=st.integers(0, 5_000), patient=st.integers(0, 5_000))
@settings(max_examples=12, deadline=None)
def test_undoing_a_match_leaves_the_claim_as_if_it_had_never_been(
    status, paid, contractual, patient
):
    sign = -1 if status == "22" else 1
    paid, contractual, patient = sign * paid, sign * contractual, sign * patient
    billed = paid + contractual + patient
    line = svc("99213", billed, paid, cas("CO", "45", contractual), cas("PR", "2", patient))
    more = {"plb": [("WO", "R", paid)], "method": "NON"} if paid < 0 else {}
    given, item = in_suspense(clp("TYPO", status, billed, paid, line), max(paid, 0), **more)
    before, suspended, told = state_of(given), ledger(given), [*given.facts]
    place = item["unmatched_id"], item["stream_id"]
    told += given.when(matches(*place, CLAIM)).facts
    story = given.when(unmatches(*place, CLAIM))
    told += story.facts
    legs, money, due, awaits = state_of(story)
    assert (money, due, awaits) == before[1:]
    for code, leg in legs.items():
        assert leg.paid_cents == leg.adjusted_cents == leg.patient_cents == leg.answers == 0, code
        assert leg.payments == leg.reversals == leg.corrections == 0
        assert not leg.is_forwarded
    assert ledger(story) == suspended
    (again,) = story.service.table("unmatched")
    assert (again["status"], again["claim_id"]) == ("waiting", "")
    assert [b for b in check(told) if b.invariant in {"I1", "I3", "I4", "I5"}] == []
    # Taken back once more, by whatever means, it would be seen.
    again = msgspec.structs.replace(story.facts[-1], event_id=str(uuid4()))
    if isinstance(again.event, RemittanceReceived):
        assert "I5" in {b.invariant for b in check([*told, again])}


def test_the_right_claim_gets_the_payment_afterwards():
    given, item = in_suspense(paid_claim("TYPO"), 8_000)
    place = item["unmatched_id"], item["stream_id"]
    told = [*given.facts, *given.when(matches(*place, OTHER, "m1")).facts]
    given.when(unmatches(*place, OTHER)).then(RemittanceMatchUndone, RemittanceReceived)
    told += given.facts
    story = given.when(matches(*place, CLAIM, "m2"))
    straight, _ = in_suspense(paid_claim("TYPO"), 8_000)
    straight = straight.when(matches(*place, CLAIM))
    assert state_of(story) == state_of(straight)
    (row,) = story.service.table("claim_payment")
    assert (row["claim_id"], row["paid_cents"], row["kind"]) == (CLAIM, 8_000, "payment")
    assert [b for b in check([*told, *story.facts]) if b.invariant not in {"I6", "I13"}] == []


def test_a_later_answer_of_the_payer_is_no_correction_of_what_was_taken_back():
    given, item = in_suspense(paid_claim("TYPO"), 8_000)
    place = item["unmatched_id"], item["stream_id"]
    given.when(matches(*place, CLAIM))
    given.when(unmatches(*place, CLAIM))
    story = given.when(taking(paid_claim(number="PCN9"), payment=8_000, trace="EFT9"))
    assert story.facts[1].event.kind == "payment"


def test_a_match_is_undone_on_a_claim_that_was_replaced_meanwhile():
    given, item = in_suspense(paid_claim("TYPO"), 8_000)
    place = item["unmatched_id"], item["stream_id"]
    given.when(matches(*place, CLAIM))
    given.when(replaced())
    story = given.when(unmatches(*place, CLAIM))
    total = ledger(story)
    assert sum(total.values()) == 0
    assert (total["suspense"], total["cash"]) == (-8_000, 8_000)
    assert state_of(story)[1] == {}


def test_what_was_not_matched_is_not_taken_back():
    given, item = in_suspense(paid_claim("TYPO"), 8_000)
    place = item["unmatched_id"], item["stream_id"]
    given.when(unmatches(*place, CLAIM)).refused(NotMatched)
    given.when(matches(*place, CLAIM))
    given.when(unmatches(*place, OTHER, "u2")).refused(NotMatched)
    given.when(unmatches(*place, CLAIM, "u3"))
    given.when(unmatches(*place, CLAIM, "u4")).refused(NotMatched)
    given.when(unmatches("unm_none", item["stream_id"], CLAIM, "u5")).refused(NotFound)
    assert len(given.service.table("posting")) == 8


@pytest.mark.parametrize("seed", range(6))
def test_denials_that_it_opened_are_closed_and_the_claims_life_tells_both(seed):
    keys = MemoryKeys()
    remits = MemoryService(SERVICE, RemitTable.metadata, keys=keys)
    denials = MemoryService(DENIALS_SERVICE, DenialsTable.metadata, keys=keys)
    world = World([remits, denials], seed=seed, fault_share=0.2)
    upstream = ServiceCase(SERVICE, RemitTable.metadata).given()
    for claim_id in (CLAIM, OTHER):
        record = upstream.arriving(submitted(claim_id))
        part = world.log.setdefault((record.topic, record.partition), [])
        part.append(record._replace(offset=len(part)))
    line = svc("99213", 12_500, 0, cas("CO", "45", 2_000), cas("CO", "197", 10_500), line="L1")
    denied = clp("TYPO", "1", 12_500, 0, line)
    world.run([(remits, taking(denied, payment=0, trace="A1", method="NON"))])
    (item,) = remits.table("unmatched")
    place = item["unmatched_id"], item["stream_id"]
    world.run([(remits, matches(*place, OTHER, "m1"))])
    (opened,) = denials.table("denial")
    assert (opened["claim_id"], opened["is_open"], opened["denied_cents"]) == (OTHER, True, 10_500)
    world.run([(remits, unmatches(*place, OTHER))])
    (closed,) = denials.table("denial")
    assert not closed["is_open"]
    world.run([(remits, matches(*place, CLAIM, "m2"))])
    still_open = [row["claim_id"] for row in denials.table("denial") if row["is_open"]]
    assert still_open == [CLAIM]
    facts = [*world.facts("rcm.remit"), *world.facts("rcm.denials")]
    assert [b for b in check(facts) if b.invariant not in {"I6", "I13"}] == []
    causes = [f.event.cause for f in facts if isinstance(f.event, DenialClosed)]
    assert causes == ["reversed"]
    assert sum(isinstance(f.event, DenialOpened) for f in facts) == 2
    lives = {}
    for claim_id in (CLAIM, OTHER):
        lives[claim_id] = None
        for fact in facts:
            if f"claim/{claim_id}" in stories(fact):
                lives[claim_id] = fold_claim(lives[claim_id], fact, claim_id)
    wrong, right = lives[OTHER], lives[CLAIM]
    assert wrong.accounts == {"receivable": 12_500}
    assert (wrong.legs["P"].answer_count, wrong.legs["P"].reversal_count) == (0, 0)
    assert right.accounts == {"contractual": 2_000, "denied": 10_500}
    told = [step_of(f).what for f in facts if f"claim/{OTHER}" in stories(f)]
    assert any("answered without payment by" in text for text in told)
    assert any("match undone" in text for text in told)
