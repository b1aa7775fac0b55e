"""A later payer is asked for nothing any more: a claim is dropped before it left, voided after."""

import pytest
from msgspec.structs import replace

from claims_cases import Case, answered, cas, remittance, turned, two_payers
from claims_svc.problems import (
    ClaimAlreadySent,
    ClaimInFlight,
    ClaimReplacedAlready,
    NothingToDrop,
)
from rcm.events.claims import ClaimHeld, ClaimPrepared, ClaimReplaced
from rcm.events.claims_coordination import ClaimCoordinated
from rcm.events.denials import CorrectedClaimRequested
from service_cases import Cause


def second(*, is_sent=False, number=""):
    """Have the first payer's answer make a claim for the second; give the case and both ids."""
    case = Case()
    case.coded(two_payers())
    (first,) = case.claim_ids("ready")
    case.sends(first)
    case.happens(answered(first))
    made = tells_next(case, first)[-1].claim_id
    if is_sent:
        case.sends(made)
    if number:
        learned(case, made, number)
    return case, first, made


def tells_next(case, first):
    case.tells_next(first)
    return [fact.event for fact in case.story.facts]


def learned(case, claim_id, number):
    case.happens(remittance(claim_id, payer_sequence_code="S", payer_claim_control_number=number))


def answer_of(first, left):
    """The first payer's answer that leaves so much."""
    whole = answered(first)
    if left == 3_000:
        return whole
    adjustments = cas(("CO", "45", 4_500), ("PR", "2", left))
    line = replace(whole.event.lines[0], paid_cents=13_000 - left, adjustments=adjustments)
    return answered(first, line, kind="correction", remittance_id=f"rem_{left}")


def corrected(case, first, left, was=3_000):
    """Let the first payer take its answer back and leave another share."""
    case.happens(turned(answer_of(first, was), remittance_id=f"rem_back_{was}"))
    case.happens(answer_of(first, left))
    return tells_next(case, first)


def voided(case, first):
    """Have a denial ask for a void of the first payer's claim, and send it."""
    wanted = CorrectedClaimRequested(
        denial_id="den_1", claim_id=first, frequency_code="8", payer_claim_control_number="PCN7"
    )
    case.happens(Cause("den_1", wanted))
    case.answers_denial(first)
    found = [fact.event for fact in case.story.facts]
    (void,) = [event.claim_id for event in found if isinstance(event, ClaimPrepared)]
    case.sends(void)
    return tells_next(case, first)


def test_a_person_drops_what_never_left_and_says_why():
    case, first, made = second()
    case.holds(made)
    gone = ClaimReplaced(claim_id=made, replaced_by="", prior_claim_id=first, cause="never-covered")
    case.drops(made, "never-covered").then(gone)
    assert case.state(made).status == "replaced"
    case.drops(made).refused(ClaimReplacedAlready)


def test_after_a_drop_another_answer_asks_the_next_payer_anew():
    case, first, made = second()
    case.drops(made)
    coordinated, anew = corrected(case, first, 1_000)
    assert coordinated.outcome == "billed"
    assert anew.frequency_code == "1"
    assert anew.claim_id != made


def test_only_a_later_payers_original_that_never_left_is_dropped():
    case, first, made = second()
    case.batches(made)
    case.drops(made).refused(ClaimInFlight)
    case.settles()
    case.drops(made).refused(ClaimAlreadySent)
    learned(case, made, "S1")
    replacement = corrected(case, first, 1_000)[-1]
    case.drops(replacement.claim_id).refused(NothingToDrop)
    fresh = Case()
    fresh.coded(two_payers())
    fresh.drops(fresh.claim_ids("ready")[0]).refused(NothingToDrop)


def test_a_sent_claim_of_which_nothing_is_left_is_voided_once_its_number_is_known():
    case, first, made = second(is_sent=True)
    assert corrected(case, first, 0) == [], "its number is not known yet"
    learned(case, made, "S1")
    coordinated, void = tells_next(case, first)
    assert (coordinated.outcome, coordinated.next_claim_id) == ("nothing-left", void.claim_id)
    assert isinstance(void, ClaimPrepared)
    assert (void.frequency_code, void.payer_claim_control_number) == ("8", "S1")
    assert (void.replaces_claim_id, void.prior_claim_id) == (made, first)
    case.sends(void.claim_id)
    gone = [fact.event for fact in case.story.facts if isinstance(fact.event, ClaimReplaced)]
    assert gone == [ClaimReplaced(claim_id=made, replaced_by="", prior_claim_id=first)]


def test_a_void_that_has_not_left_becomes_the_replacement_that_is_wanted_again():
    case, first, made = second(is_sent=True, number="S1")
    void = corrected(case, first, 0)[-1]
    coordinated, anew = corrected(case, first, 500, was=0)
    assert coordinated.outcome == "billed"
    assert (anew.claim_id, anew.frequency_code) == (void.claim_id, "7")
    assert (anew.replaces_claim_id, anew.payer_claim_control_number) == (made, "S1")


def test_after_a_void_has_left_the_next_payer_gets_an_original_again():
    case, first, made = second(is_sent=True, number="S1")
    void = corrected(case, first, 0)[-1]
    case.sends(void.claim_id)
    anew = corrected(case, first, 500, was=0)[-1]
    assert (anew.frequency_code, anew.replaces_claim_id) == ("1", "")
    assert anew.claim_id not in {made, void.claim_id}


def test_a_replacement_that_has_not_left_becomes_the_void():
    case, first, made = second(is_sent=True, number="S1")
    replacement = corrected(case, first, 1_000)[-1]
    void = corrected(case, first, 0, was=1_000)[-1]
    assert (void.claim_id, void.frequency_code) == (replacement.claim_id, "8")
    assert void.replaces_claim_id == made


def test_a_replacement_that_is_held_back_stays_a_replacement():
    case, first, made = second(is_sent=True, number="S1")
    replacement = corrected(case, first, 1_000)[-1]
    case.happens(turned(answer_of(first, 1_000), remittance_id="rem_9"))
    held = tells_next(case, first)[-1]
    assert isinstance(held, ClaimHeld)
    assert (held.claim_id, held.frequency_code) == (replacement.claim_id, "7")
    assert held.replaces_claim_id == made


def test_a_void_of_the_first_claim_drops_the_second_that_never_left():
    case, first, made = second()
    coordinated, gone = voided(case, first)
    assert coordinated.outcome == "voided"
    assert gone == ClaimReplaced(
        claim_id=made, replaced_by="", prior_claim_id=first, cause="prior-voided"
    )


@pytest.mark.parametrize("number", ["S1", ""])
def test_a_void_of_the_first_claim_voids_the_second_that_the_payer_has(number):
    case, first, made = second(is_sent=True, number=number)
    events = voided(case, first)
    if not number:
        assert events == [], "it waits for the number"
        learned(case, made, "S1")
        events = tells_next(case, first)
    coordinated, void = events
    assert (coordinated.outcome, void.frequency_code) == ("voided", "8")
    assert (void.replaces_claim_id, void.payer_claim_control_number) == (made, "S1")
    assert void.claim_id not in {first, made}
    case.happens(turned(answered(first), remittance_id="rem_8"))
    assert [type(one) for one in tells_next(case, first)] == [ClaimCoordinated]
