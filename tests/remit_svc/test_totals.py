"""Two payers: what is billed on all claims together is the charge, after every single fact."""

from collections.abc import Sequence
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rcm.events.claims import ClaimReplaced
from rcm.events.remit_coordination import PatientSharePassedOn
from rcm.invariants import check
from rcm.lifecycle import Money, fold_claim, stories
from rcm.lifecycle.steps import claim_story
from remit_cases import CLAIM, OTHER, cas, clp, remit, submitted, svc, taking
from service_cases import Cause

CHARGE = 12_500
BY_CONTRACT = 2_000
CLAIMS = (CLAIM, OTHER, "PCCCCCCCCCCCCCC", "PDDDDDDDDDDDDDD")


class Play:
    """Two payers' answers, corrections and claims, one after another, through remit-svc."""

    def __init__(self):
        self.story = remit.given(submitted(later_payer_count=1))
        self.facts = self._all()
        self.answered = {}
        self.second = 0
        self.trace = 0

    def _all(self):
        return [self.story._published(n) for n in range(len(self.story.service.outbox))]

    def _goes(self, *parts):
        self.story.when(*parts)
        assert not self.story.service.failures, self.story.service.failures
        assert not self.story.service.parked
        self.facts = self._all()

    def _answer(self, claim_id, left, status):
        self.trace += 1
        before = self.answered.pop(claim_id, None)
        found = [] if before is None else [self._claim(claim_id, before, status, -1)]
        if left is not None:
            found.append(self._claim(claim_id, left, status, 1))
            self.answered[claim_id] = left
        if found:
            paid = sum(self._paid(claim_id, one) * sign for one, sign in
                       ((before, -1), (left, 1)) if one is not None)  # fmt: skip
            payer = "1999999999" if claim_id == CLAIM else "1888888888"
            self._goes(taking(*found, payment=paid, trace=f"EFT{self.trace}", payer=payer))

    def _paid(self, claim_id, left):
        return CHARGE - BY_CONTRACT - left if claim_id == CLAIM else 100

    def _claim(self, claim_id, left, status, sign):
        paid = self._paid(claim_id, left) * sign
        adjusted = CHARGE * sign - paid - left * sign
        other = cas("CO", "45", adjusted) if claim_id == CLAIM else cas("OA", "23", adjusted)
        line = svc("99213", CHARGE * sign, paid, other, cas("PR", "2", left * sign), line="L1")
        shown = "22" if sign < 0 else status
        patient = None if sign < 0 else left
        return clp(claim_id, shown, CHARGE * sign, paid, line, patient=patient)

    def primary(self, left):
        """The first payer answers, corrects itself, or (None) takes its answer back."""
        self._answer(CLAIM, left, "1")

    def second_sent(self):
        """A claim for the second payer leaves; the one before, if any, is replaced."""
        if self.second + 1 >= len(CLAIMS):
            return
        before, self.second = self.second, self.second + 1
        parts = [self._submitted("7" if before else "1")]
        if before:
            gone = ClaimReplaced(
                claim_id=CLAIMS[before], replaced_by=CLAIMS[self.second], prior_claim_id=CLAIM
            )
            parts.append(Cause(CLAIMS[before], gone))
        self._goes(*parts)

    def _submitted(self, frequency):
        return submitted(
            CLAIMS[self.second], sequence="S", payer_id="SKMCD", prior_claim_id=CLAIM,
            frequency=frequency,
        )  # fmt: skip

    def second_paid(self, left):
        """The second payer answers the claim that it has, or (None) takes its answer back."""
        if self.second:
            self._answer(CLAIMS[self.second], left, "2")

    def second_gone(self):
        """The second payer's claim is voided or dropped: nothing stands for it."""
        if self.second:
            claim_id = CLAIMS[self.second]
            gone = ClaimReplaced(claim_id=claim_id, replaced_by="", prior_claim_id=CLAIM)
            self._goes(Cause(claim_id, gone))


def money_of(facts, claim_id):
    own = [one for one in facts if claim_story(claim_id) in stories(one)]
    claim = reduce(lambda state, one: fold_claim(state, one, claim_id), own, None)
    return claim.money if claim is not None else Money()


def is_balanced(money):
    parts = money.paid_cents + money.adjusted_cents + money.patient_cents
    return money.billed_cents == parts + money.denied_cents + money.open_cents


def total_of(facts: Sequence) -> Money:
    found = [money_of(facts, claim_id) for claim_id in CLAIMS]
    assert all(map(is_balanced, found))
    return reduce(Money.__add__, found)


def play(steps):
    played = Play()
    played.primary(2_500)
    for name, *values in steps:
        getattr(played, name)(*values)
    return played


LEFT = st.one_of(st.none(), st.sampled_from([0, 500, 1_500, 2_500, 4_000]))
STEP = st.one_of(
    st.tuples(st.just("primary"), LEFT),
    st.tuples(st.just("second_paid"), LEFT),
    st.just(("second_sent",)),
    st.just(("second_gone",)),
)


@settings(max_examples=120, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_after_every_fact_the_charge_is_billed_once(steps):
    facts = play(steps).facts
    for count in range(1, len(facts) + 1):
        assert total_of(facts[:count]).billed_cents == CHARGE
    assert [b for b in check(facts, at_rest=False) if b.invariant in {"I1", "I2", "I18"}] == []


def breached(facts):
    return {one.text for one in check(facts, at_rest=True) if one.invariant == "I18"}


def test_a_share_that_changed_and_was_not_told_breaches_i18():
    facts = play([("second_sent",), ("primary", 500)]).facts
    assert breached(facts) == set()
    dropped = [one for one in facts if getattr(one.event, "share_cents", 0) != 500]
    assert breached(dropped) == {"the payers left 500 cents, 0 are passed on"}


def test_a_share_that_the_patient_is_asked_for_too_breaches_i18():
    facts = play([("second_sent",)]).facts
    off = [
        replace(one, event=replace(one.event, entries=[], share_cents=2_400))
        if isinstance(one.event, PatientSharePassedOn)
        else one
        for one in facts
    ]
    assert breached(off) == {
        "the patient owes 0 cents, the ledger says 2500",
        "the payers left 2500 cents, 2400 are passed on",
    }


def test_a_lower_share_is_asked_of_the_second_payer_at_once():
    played = play([("second_sent",), ("primary", 500)])
    assert money_of(played.facts, CLAIM) == Money(12_000, 10_000, 2_000)
    assert money_of(played.facts, OTHER) == Money(500, 0, 0, 0, 0, 500)


def test_a_second_payers_claim_heard_of_after_its_replacement_keeps_nothing():
    played = play([])
    played.second = 2
    played._goes(played._submitted("7"))
    played.second = 1
    gone = ClaimReplaced(claim_id=OTHER, replaced_by=CLAIMS[2], prior_claim_id=CLAIM)
    played._goes(played._submitted("1"), Cause(OTHER, gone))
    assert money_of(played.facts, OTHER).billed_cents == 0
    assert money_of(played.facts, CLAIMS[2]).billed_cents == 2_500
    assert total_of(played.facts).billed_cents == CHARGE
    played.second = 2
    played.second_gone()
    assert money_of(played.facts, CLAIM).patient_cents == 2_500


def test_a_claim_that_was_dropped_before_it_left_ends_the_wait():
    played = play([])
    row = played.story.service.table("claim_account")[0]
    assert row["awaits_payer"]
    played.second = 1
    played.second_gone()
    row = played.story.service.table("claim_account")[0]
    assert not row["awaits_payer"]
    assert row["patient_responsibility_cents"] == 2_500
    assert money_of(played.facts, CLAIM).patient_cents == 2_500
