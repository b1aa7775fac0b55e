"""Given a claim and what came before, when an advice comes, then these facts."""

import dataclasses

import pytest

from rcm.events.remit import (
    ChargePosted,
    ChargeReversed,
    PatientShare,
    ProviderAdjustmentPosted,
    RemittanceAccepted,
    RemittanceDismissed,
    RemittanceMatched,
    RemittanceQuarantined,
    RemittanceReceived,
    RemittanceUnmatched,
)
from rcm.problems import NotFound
from remit_cases import (
    CLAIM,
    OTHER,
    advice_of,
    cas,
    clp,
    correction_of_paid,
    denied_claim,
    dismisses,
    ledger,
    matches,
    paid_claim,
    releases,
    remit,
    replaced,
    reversal_of_paid,
    submitted,
    svc,
    takes,
    taking,
)
from remit_svc.problems import AlreadyMatched, AlreadySettled, ClaimUnknown, NotPostable


def accounts(story, claim_id=CLAIM):
    state = story.service.state(claim_id)
    return {name: cents for name, cents in state.accounts.items() if cents}


def leg(story, code="P", claim_id=CLAIM):
    return story.service.state(claim_id).legs[code]


def test_a_submitted_claim_is_owed():
    story = remit.when(submitted()).then(ChargePosted)
    assert accounts(story) == {"receivable": 12_500, "revenue": -12_500}


def test_the_same_claim_sent_again_is_owed_once():
    story = remit.given(submitted()).when(submitted(attempt=2)).then()
    assert accounts(story)["receivable"] == 12_500


def test_a_claim_sent_again_for_less_is_owed_less():
    story = remit.given(submitted()).when(submitted(billed=10_000, attempt=2)).then(ChargePosted)
    assert accounts(story) == {"receivable": 10_000, "revenue": -10_000}


def test_a_void_is_known_and_asks_for_nothing():
    story = remit.when(submitted(frequency="8")).then(ChargePosted)
    assert accounts(story) == {}


def test_a_paid_claim_is_split_between_cash_contract_and_patient():
    story = remit.given(submitted()).when(taking(paid_claim(), payment=8_000))
    story.then(RemittanceAccepted, RemittanceReceived)
    assert ledger(story) == {
        "cash": 8_000,
        "contractual": 2_000,
        "patient": 2_500,
        "revenue": -12_500,
    }
    received = story.facts[1].event
    posted = received.posting
    assert (received.kind, received.payer_id, received.patient_id) == (
        "payment",
        "87726",
        "pt_doe",
    )
    assert posted.balance_cents == 0
    assert sum(entry.amount_cents for entry in posted.entries) == 0


def test_a_denied_line_stays_in_dispute_and_is_not_written_off():
    story = remit.given(submitted()).when(taking(denied_claim(), payment=0, method="NON"))
    assert ledger(story) == {"contractual": 2_000, "denied": 10_500, "revenue": -12_500}


@pytest.mark.parametrize(
    ("group", "reason", "account"),
    [
        ("CO", "45", "contractual"),
        ("CO", "253", "sequestration"),
        ("CO", "104", "withhold"),
        ("CO", "1", "review"),
        ("CO", "50", "denied"),
        ("CO", "9999", "denied"),
        ("PI", "45", "denied"),
        ("PI", "16", "denied"),
        ("OA", "23", "coordination"),
        ("OA", "45", "review"),
        ("OA", "100", "paid_to_patient"),
        ("OA", "133", "pending"),
        ("OA", "18", "denied"),
        ("PR", "1", "patient"),
        ("PR", "27", "patient"),
        ("PR", "45", "patient"),
    ],
)
def test_an_adjustment_goes_to_the_account_of_its_group_and_reason(group, reason, account):
    claim = clp(CLAIM, "1", 12_500, 2_500, svc("99213", 12_500, 2_500, cas(group, reason, 10_000)))
    story = remit.given(submitted()).when(taking(claim, payment=2_500))
    assert accounts(story) == {"clearing": 2_500, "revenue": -12_500, account: 10_000}


def test_a_group_that_contradicts_its_reason_is_said_and_reviewed():
    line = svc("99213", 12_500, 2_500, cas("CO", "1", 10_000))
    story = remit.given(submitted()).when(
        taking(clp(CLAIM, "1", 12_500, 2_500, line), payment=2_500)
    )
    (warning,) = story.facts[0].event.warnings
    assert (warning.rule_id, warning.path) == ("group-contradicts-reason", "2100[1] CAS")
    assert accounts(story)["review"] == 10_000


def test_an_adjustment_of_the_whole_claim_counts_once():
    claim = clp(CLAIM, "4", 12_500, 0, cas("CO", "29", 12_500))
    story = remit.given(submitted()).when(taking(claim, payment=0))
    assert accounts(story) == {"denied": 12_500, "revenue": -12_500}


def test_the_same_content_again_has_no_effect():
    first = advice_of(paid_claim(), payment=8_000)
    story = remit.given(submitted(), takes(first)).when(takes(first, "another-command"))
    story.then()


def test_the_same_content_under_new_control_numbers_has_no_effect():
    first = advice_of(paid_claim(), payment=8_000)
    again = advice_of(paid_claim(), payment=8_000, control="0777")
    assert again.remittance_id == first.remittance_id
    remit.given(submitted(), takes(first)).when(takes(again, "another-command")).then()


def test_the_same_trace_with_other_content_waits_for_a_person():
    first = taking(paid_claim(), payment=8_000)
    other = taking(correction_of_paid(), payment=9_000)
    story = remit.given(submitted(), first).when(other).then(RemittanceQuarantined)
    assert story.facts[0].event.cause == "same-trace-other-content"
    assert story.facts[0].event.reasons[0].path == "TRN02"
    assert accounts(story)["clearing"] == 8_000


def test_two_payers_may_use_the_same_trace_number():
    first = taking(paid_claim(), payment=8_000)
    other = taking(paid_claim(OTHER), payment=8_000, payer="1888888888")
    story = remit.given(submitted(), submitted(OTHER), first).when(other)
    assert isinstance(story.facts[0].event, RemittanceAccepted)


def test_a_person_can_post_what_waits_for_its_trace():
    first, other = paid_claim(), advice_of(paid_claim(OTHER), payment=8_000)
    given = remit.given(submitted(), submitted(OTHER), taking(first, payment=8_000), takes(other))
    story = given.when(releases(other))
    assert isinstance(story.facts[0].event, RemittanceAccepted)
    assert ledger(story)["cash"] == 16_000
    given.when(releases(other)).then()


def test_an_advice_that_left_quarantine_does_not_leave_it_again():
    other = advice_of(correction_of_paid(), payment=9_000)
    given = remit.given(submitted(), taking(paid_claim(), payment=8_000), takes(other))
    given.when(dismisses(other)).then(RemittanceDismissed)
    given.when(releases(other)).refused(AlreadySettled, "dismissed")


def test_an_advice_that_is_not_held_cannot_be_released():
    remit.when(releases(advice_of(paid_claim(), payment=8_000))).refused(NotFound)


def test_an_unbalanced_advice_posts_nothing_and_says_by_how_much():
    story = remit.given(submitted()).when(taking(paid_claim(), payment=8_001))
    story.then(RemittanceQuarantined)
    held = story.facts[0].event
    assert (held.cause, held.level, held.difference_cents) == ("out-of-balance", "transaction", -1)
    assert accounts(story) == {"receivable": 12_500, "revenue": -12_500}


def test_an_unbalanced_advice_is_never_released():
    wrong = advice_of(paid_claim(), payment=8_001)
    remit.given(takes(wrong)).when(releases(wrong)).refused(NotPostable)


def test_a_correct_advice_takes_the_place_of_an_unbalanced_one():
    wrong, right = (
        advice_of(paid_claim(), payment=8_001),
        advice_of(paid_claim(), payment=8_000),
    )
    story = remit.given(submitted(), takes(wrong)).when(takes(right))
    assert isinstance(story.facts[0].event, RemittanceAccepted)
    statuses = {row["remittance_id"]: row["status"] for row in story.service.table("remittance")}
    assert statuses == {wrong.remittance_id: "superseded", right.remittance_id: "posted"}


def test_one_unbalanced_claim_holds_the_whole_advice():
    line = svc("99213", 12_500, 8_000, cas("CO", "45", 2_000), cas("PR", "2", 2_499))
    wrong = clp(OTHER, "1", 12_500, 8_000, line)
    story = remit.given(submitted(), submitted(OTHER))
    story.when(taking(paid_claim(), wrong, payment=16_000)).then(RemittanceQuarantined)
    held = story.facts[0].event
    assert (held.level, held.difference_cents) == ("line", 1)


def test_money_of_an_unknown_claim_stands_in_suspense():
    story = remit.when(taking(paid_claim("SOMEBODYELSE"), payment=8_000))
    story.then(RemittanceAccepted, RemittanceUnmatched)
    assert ledger(story) == {"cash": 8_000, "suspense": -8_000}
    assert story.facts[1].stream_id == story.facts[1].event.unmatched_id


def test_another_tenants_claim_is_nobodys_here():
    theirs = dataclasses.replace(submitted(), tenant_id="lakeview")
    story = remit.given(theirs).when(taking(paid_claim(), payment=8_000))
    story.then(RemittanceAccepted, RemittanceUnmatched)
    assert story.service.state(CLAIM, "lakeview").legs["P"].paid_cents == 0


def test_a_claim_number_that_may_be_anything_names_no_stream():
    for number in ("payment-1", "DOE JANE", "123456789", "file-x", "PAAAAAAAAAAAAA1"):
        story = remit.when(taking(paid_claim(number), payment=8_000))
        assert number not in {stream for _, stream in story.service.streams}


def test_a_person_matches_a_payment_to_its_claim():
    given = remit.given(submitted(), taking(paid_claim("TYPO"), payment=8_000))
    (item,) = given.service.table("unmatched")
    story = given.when(matches(item["unmatched_id"], item["stream_id"], CLAIM))
    story.then(RemittanceMatched, RemittanceReceived)
    assert ledger(story) == {
        "cash": 8_000,
        "contractual": 2_000,
        "patient": 2_500,
        "revenue": -12_500,
    }
    assert story.facts[1].event.claim_id == CLAIM
    again = matches(item["unmatched_id"], item["stream_id"], CLAIM, "again")
    given.when(again).refused(AlreadyMatched)


def test_a_payment_is_matched_to_a_submitted_claim_only():
    given = remit.given(taking(paid_claim("TYPO"), payment=8_000))
    (item,) = given.service.table("unmatched")
    given.when(matches(item["unmatched_id"], item["stream_id"], CLAIM)).refused(ClaimUnknown)
    given.when(matches("unm_none", item["stream_id"], CLAIM, "n")).refused(NotFound)


def test_an_advice_that_came_before_its_claim_is_posted_when_the_claim_comes():
    story = remit.given(taking(paid_claim(), payment=8_000)).when(submitted())
    story.then(ChargePosted, RemittanceMatched, RemittanceReceived)
    straight = remit.given(submitted()).when(taking(paid_claim(), payment=8_000))
    assert ledger(story) == ledger(straight)
    assert accounts(story)["patient"] == 2_500


def test_money_under_a_status_that_pays_nothing_is_not_guessed_at():
    claim = clp(CLAIM, "25", 12_500, 8_000, cas("CO", "45", 4_500))
    given = remit.given(submitted())
    story = given.when(taking(claim, payment=8_000)).then(RemittanceAccepted, RemittanceUnmatched)
    assert story.facts[1].event.cause == "money-without-adjudication"
    (item,) = story.service.table("unmatched")
    story.when(matches(item["unmatched_id"], item["stream_id"], CLAIM))
    assert story.facts[1].event.kind == "payment"
    assert accounts(story)["contractual"] == 4_500


@pytest.mark.parametrize(
    ("status", "kind"), [("23", "forwarded"), ("25", "information"), ("5", "information")]
)
def test_a_status_without_adjudication_changes_no_account(status, kind):
    claim = clp(CLAIM, status, 12_500, 0, cas("OA", "B11", 12_500))
    story = remit.given(submitted()).when(taking(claim, payment=0))
    story.then(RemittanceAccepted, RemittanceReceived)
    assert story.facts[1].event.kind == kind
    assert accounts(story) == {"receivable": 12_500, "revenue": -12_500}


def test_a_forwarded_claim_is_not_yet_the_patients():
    story = remit.given(submitted()).when(taking(paid_claim(status="19"), payment=8_000))
    patient = story.facts[-1].event.posting.patient
    assert patient == PatientShare(due_cents=2_500, awaits_payer=True)


def test_the_next_payers_answer_replaces_what_the_patient_owes():
    first = taking(paid_claim(status="19"), payment=8_000)
    line = svc("99213", 12_500, 2_000, cas("OA", "23", 10_000), cas("PR", "2", 500))
    second = taking(clp(CLAIM, "2", 12_500, 2_000, line), payment=2_000, trace="EFT2")
    story = remit.given(submitted(), first).when(second)
    patient = story.facts[-1].event.posting.patient
    assert patient == PatientShare(due_cents=500, payer_sequence_code="S")
    assert accounts(story) == {
        "clearing": 10_000,
        "contractual": 2_000,
        "patient": 500,
        "revenue": -12_500,
    }
    assert leg(story, "S").balance_cents == 0
    assert leg(story, "P").balance_cents == 0


def test_a_reversal_and_its_correction_in_one_advice():
    both = taking(reversal_of_paid(), correction_of_paid(), payment=1_000, trace="EFT2")
    story = remit.given(submitted(), taking(paid_claim(), payment=8_000)).when(both)
    kinds = [f.event.kind for f in story.facts if isinstance(f.event, RemittanceReceived)]
    assert kinds == ["reversal", "correction"]
    assert accounts(story) == {
        "clearing": 9_000,
        "contractual": 2_000,
        "patient": 1_500,
        "revenue": -12_500,
    }


def test_a_reversal_alone_restores_what_was_owed():
    back = taking(reversal_of_paid(), payment=0, trace="EFT2", plb=[("WO", "X", -8_000)])
    story = remit.given(submitted(), taking(paid_claim(), payment=8_000)).when(back)
    assert accounts(story) == {"receivable": 12_500, "revenue": -12_500}
    assert story.service.state(CLAIM).patient_responsibility_cents == 0
    assert leg(story).balance_cents == 12_500


def test_a_forward_balance_is_carried_and_taken_in_the_next_advice():
    debt = taking(reversal_of_paid(), payment=0, trace="EFT2", plb=[("FB", "EFT2", -8_000)])
    given = remit.given(submitted(), submitted(OTHER), taking(paid_claim(), payment=8_000))
    story = given.when(debt)
    assert ledger(story)["forward_balance"] == -8_000
    taken = taking(paid_claim(OTHER), payment=0, trace="EFT3", plb=[("FB", "EFT2", 8_000)])
    story = given.when(taken)
    assert "forward_balance" not in ledger(story)
    assert ledger(story)["cash"] == 8_000


@pytest.mark.parametrize(
    ("code", "account"),
    [
        ("WO", "recoupment"),
        ("72", "refunds"),
        ("L6", "interest"),
        ("IR", "tax_withheld"),
        ("LE", "tax_withheld"),
        ("CS", "provider_suspense"),
        ("J1", "provider_suspense"),
        ("XX", "provider_suspense"),
        ("CT", "incentives"),
        ("LS", "settlements"),
    ],
)
def test_a_provider_adjustment_goes_to_its_own_account(code, account):
    story = remit.given(submitted())
    story.when(taking(paid_claim(), payment=7_000, plb=[(code, "REF", 1_000)]))
    assert isinstance(story.facts[-1].event, ProviderAdjustmentPosted)
    assert ledger(story)[account] == 1_000
    assert ledger(story)["cash"] == 7_000


def test_a_member_number_in_plb_is_sealed():
    story = remit.given(submitted())
    story.when(taking(paid_claim(), payment=7_000, plb=[("WO", "M123456789", 1_000)]))
    fact = story.facts[-1]
    assert fact.event.reference_number == ""
    assert story.open(fact, "reference", str) == "M123456789"


def test_a_provider_adjustment_is_linked_to_the_claim_that_it_names():
    story = remit.given(submitted())
    story.when(taking(paid_claim(), payment=7_000, plb=[("WO", CLAIM, 1_000)]))
    assert story.facts[-1].event.claim_id == CLAIM


def test_a_split_claim_is_the_sum_of_its_parts():
    def part(number, billed, paid):
        return clp(
            CLAIM,
            "1",
            billed,
            paid,
            svc("99213", billed, paid, cas("CO", "45", billed - paid)),
            number=number,
        )

    advice = taking(part("PCN1", 7_500, 6_000), part("PCN2", 5_000, 4_000), payment=10_000)
    story = remit.given(submitted()).when(advice)
    kinds = [f.event.kind for f in story.facts if isinstance(f.event, RemittanceReceived)]
    assert kinds == ["payment", "payment"]
    assert leg(story).balance_cents == 0
    assert accounts(story) == {"clearing": 10_000, "contractual": 2_500, "revenue": -12_500}


def test_a_replaced_claim_is_owed_no_more():
    story = remit.given(submitted(), taking(denied_claim(), payment=0, method="NON"))
    story.when(replaced()).then(ChargeReversed)
    assert accounts(story) == {"contractual": 2_000, "revenue": -2_000}
    story.when(replaced(by="PCCCCCCCCCCCCCC")).then()


def test_a_payers_reversal_after_the_replacement_leaves_nothing():
    line = svc("99213", -12_500, 0, cas("CO", "45", -2_000), cas("CO", "197", -10_500))
    back = taking(clp(CLAIM, "22", -12_500, 0, line), payment=0, trace="EFT2", method="NON")
    given = remit.given(submitted(), taking(denied_claim(), payment=0, method="NON"), replaced())
    assert accounts(given.when(back)) == {}


def test_the_claim_that_a_reversal_belongs_to_is_told_by_the_payers_number():
    first = taking(paid_claim(status="19"), payment=8_000)
    line = svc("99213", 12_500, 2_000, cas("OA", "23", 10_000), cas("PR", "2", 500))
    second = taking(
        clp(CLAIM, "2", 12_500, 2_000, line, number="SEC9"), payment=2_000, trace="EFT2"
    )
    undo = svc("99213", -12_500, -2_000, cas("OA", "23", -10_000), cas("PR", "2", -500))
    back = taking(
        clp(CLAIM, "22", -12_500, -2_000, undo, number="SEC9"),
        payment=0,
        trace="EFT3",
        plb=[("WO", "X", -2_000)],
    )
    story = remit.given(submitted(), first, second).when(back)
    received = next(f.event for f in story.facts if isinstance(f.event, RemittanceReceived))
    assert received.payer_sequence_code == "S"
    assert story.service.state(CLAIM).patient_responsibility_cents == 2_500
