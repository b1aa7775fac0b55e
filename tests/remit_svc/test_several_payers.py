"""Two payers, a claim each: the patient owes nothing until the last one has answered."""

from rcm.events.claims import ClaimReplaced
from rcm.events.remit import ChargePosted, RemittanceReceived
from rcm.events.remit_coordination import PatientSharePassedOn
from rcm.invariants import check
from remit_cases import (
    CLAIM,
    OTHER,
    cas,
    clp,
    correction_of_paid,
    ledger,
    paid_claim,
    remit,
    reversal_of_paid,
    submitted,
    svc,
    taking,
)
from service_cases import Cause


def first_sent():
    """Send a claim to the first of two payers."""
    return submitted(later_payer_count=1)


def second_sent(**changes):
    """Send a claim to the second payer, made from the first one's answer."""
    return submitted(OTHER, sequence="S", payer_id="SKMCD", prior_claim_id=CLAIM, **changes)


def second_paid(paid=2_000, left=500):
    """The second payer: 100.00 was dealt with before, 20.00 it pays, 5.00 it leaves."""
    before = 12_500 - paid - left
    line = svc("99213", 12_500, paid, cas("OA", "23", before), cas("PR", "3", left), line="L1")
    return taking(
        clp(OTHER, "2", 12_500, paid, line, patient=left, number="S1"),
        payment=paid,
        trace="EFT2",
        payer="1888888888",
    )


def row(story, claim_id=CLAIM):
    (found,) = [r for r in story.service.table("claim_account") if r["claim_id"] == claim_id]
    return found


def test_while_a_payer_is_to_come_the_share_is_not_the_patients_yet():
    story = remit.given(first_sent()).when(taking(paid_claim(), payment=8_000))
    assert row(story)["patient_responsibility_cents"] == 2_500
    assert row(story)["awaits_payer"]
    alone = remit.given(submitted()).when(taking(paid_claim(), payment=8_000))
    assert not row(alone)["awaits_payer"]


def test_the_next_payers_claim_takes_the_share_over():
    story = remit.given(first_sent(), taking(paid_claim(), payment=8_000)).when(second_sent())
    story.then(PatientSharePassedOn, ChargePosted)
    assert row(story)["patient_responsibility_cents"] == 0
    assert ledger(story).get("patient", 0) == 0
    story.when(second_sent()).then()


def test_after_the_last_answer_the_patient_owes_what_it_left_and_no_more():
    story = remit.given(first_sent(), taking(paid_claim(), payment=8_000), second_sent())
    story.when(second_paid())
    assert row(story, OTHER)["patient_responsibility_cents"] == 500
    assert not row(story, OTHER)["awaits_payer"]
    assert ledger(story) == {
        "cash": 10_000,
        "contractual": 2_000,
        "patient": 500,
        "revenue": -12_500,
    }, "the payers agree: nothing is left in coordination, nothing to receive"
    found = check(story.facts)
    assert [b for b in found if b.invariant in {"I1", "I2", "I3", "I4", "I5"}] == []


def test_a_correction_of_the_first_payer_goes_to_the_next_one_too():
    story = remit.given(first_sent(), taking(paid_claim(), payment=8_000), second_sent())
    again = taking(reversal_of_paid(), correction_of_paid(), payment=1_000, trace="EFT3")
    story.when(again)
    assert ledger(story).get("patient", 0) == 0
    assert row(story)["patient_responsibility_cents"] == 0


def test_where_the_next_claim_comes_to_nothing_the_share_is_the_patients_again():
    story = remit.given(first_sent(), taking(paid_claim(), payment=8_000), second_sent())
    gone = Cause(OTHER, ClaimReplaced(claim_id=OTHER, replaced_by="", prior_claim_id=CLAIM))
    story.when(gone)
    assert row(story)["patient_responsibility_cents"] == 2_500
    assert not row(story)["awaits_payer"]
    assert ledger(story)["patient"] == 2_500
    story.when(gone).then()


def test_a_replacement_of_the_next_claim_keeps_the_share():
    story = remit.given(first_sent(), taking(paid_claim(), payment=8_000), second_sent())
    third = "PCCCCCCCCCCCCCC"
    story.when(
        submitted(third, sequence="S", frequency="7", prior_claim_id=CLAIM),
        Cause(OTHER, ClaimReplaced(claim_id=OTHER, replaced_by=third)),
    )
    assert ledger(story).get("patient", 0) == 0
    assert row(story)["patient_responsibility_cents"] == 0
    assert ledger(story)["receivable"] == 12_500


def test_a_void_of_the_next_claim_takes_nothing_over():
    story = remit.given(first_sent(), taking(paid_claim(), payment=8_000))
    story.when(second_sent(frequency="8")).then(ChargePosted)
    assert row(story)["patient_responsibility_cents"] == 2_500


def test_a_remark_that_the_claim_went_on_is_a_crossover():
    claim = clp(CLAIM, "1", 12_500, 8_000, svc(
        "99213", 12_500, 8_000, cas("CO", "45", 2_000), cas("PR", "2", 2_500), line="L1",
        remarks=("N89",),
    ), patient=2_500)  # fmt: skip
    story = remit.given(submitted()).when(taking(claim, payment=8_000))
    (received,) = [f.event for f in story.facts if isinstance(f.event, RemittanceReceived)]
    assert received.forwarded_to == "the next payer"
    assert row(story)["awaits_payer"]


def test_a_crossover_answer_of_the_second_payer_ends_the_wait():
    story = remit.given(first_sent(), taking(paid_claim(status="19"), payment=8_000))
    assert row(story)["awaits_payer"]
    line = svc("99213", 12_500, 2_000, cas("OA", "23", 10_000), cas("PR", "3", 500), line="L1")
    crossed = clp(CLAIM, "2", 12_500, 2_000, line, patient=500, number="S1")
    story.when(taking(crossed, payment=2_000, trace="EFT2", payer="1888888888"))
    assert not row(story)["awaits_payer"]
    assert row(story)["patient_responsibility_cents"] == 500
