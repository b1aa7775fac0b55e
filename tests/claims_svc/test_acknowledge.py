"""TA1, 999 and 277CA move the right claims, once, whatever the order they come in."""

import pytest

from claims_cases import SEQUENCE, Case, an_encounter, remittance, ta1, x277ca, x999
from claims_svc.codec.answers import read_answers
from claims_svc.decide.acknowledge import ATTEMPTS_MAX
from rcm.events.claims import (
    AcknowledgementReceived,
    ClaimAcknowledged,
    ClaimBatched,
    ClaimRejected,
    ClaimReleased,
    ClaimSubmitted,
    InterchangePrepared,
    InterchangeSettled,
    PayerNumberLearned,
)

NUMBER = "000000001"
REFERENCE = NUMBER + NUMBER


def sent(count=1, size=100):
    """Let some claims be sent in one interchange."""
    case = Case()
    for number in range(count):
        case.coded(an_encounter(encounter_id=f"enc_{number}"))
    case.sends(size=size)
    return case


def batched(count=1):
    """Let some claims be on the wire, nobody knows whether they arrived."""
    case = Case()
    for number in range(count):
        case.coded(an_encounter(encounter_id=f"enc_{number}"))
    case.batches()
    return case


def the_ack(case):
    """Give the AcknowledgementReceived that was just recorded."""
    return next(
        fact.event for fact in case.story.facts if fact.event.name == "AcknowledgementReceived"
    )


def test_an_accepting_ta1_says_that_the_file_arrived_and_no_more():
    case = sent()
    case.is_told(ta1(NUMBER)).then(AcknowledgementReceived)
    assert the_ack(case).kind == "TA1"
    assert the_ack(case).interchange_control_number == NUMBER


def test_a_refusing_ta1_rejects_every_claim_of_the_interchange():
    case = sent(3, size=2)
    case.is_told(ta1(NUMBER, "R", "024"))
    case.story.then(AcknowledgementReceived, ClaimRejected, ClaimRejected, ClaimRejected)
    rejected = case.story.facts[1].event
    assert rejected.level == "TA1"
    assert rejected.reasons[0].rule_id == "ta1-024"
    assert case.claim_ids("rejected") == case.claim_ids()


def test_a_ta1_that_knows_the_number_already_refuses_no_claim():
    case = sent()
    case.is_told(ta1(NUMBER, "R", "025")).then(AcknowledgementReceived)
    assert the_ack(case).reasons[0].rule_id == "ta1-025"
    assert case.claim_ids("sent") == case.claim_ids()


def test_an_accepting_999_acknowledges_every_claim():
    case = sent(2)
    case.is_told(x999("1", (NUMBER, "A")))
    case.story.then(AcknowledgementReceived, ClaimAcknowledged, ClaimAcknowledged)
    assert {fact.event.level for fact in case.story.facts[1:]} == {"999"}
    assert case.state(case.claim_ids()[0]).accepted_level == "999"


def test_a_999_that_names_no_transaction_accepts_all_of_the_group():
    case = sent(2)
    case.is_told(x999("1"))
    case.story.then(AcknowledgementReceived, ClaimAcknowledged, ClaimAcknowledged)


def test_a_999_that_refuses_the_group_refuses_every_claim():
    case = sent(2)
    case.is_told(x999("1", status="R"))
    case.story.then(AcknowledgementReceived, ClaimRejected, ClaimRejected)


def test_a_999_refuses_one_transaction_and_accepts_the_other():
    case = sent(4, size=2)
    first, second = case.row("interchange")["transaction_control_numbers"]
    ids = case.row("interchange")["claim_ids"]
    case.is_told(x999("1", (first, "R"), (second, "A")))
    assert case.claim_ids("rejected") == sorted(ids[:2])
    assert sorted(case.claim_ids("sent")) == sorted(ids[2:])


def test_a_claim_whose_transaction_was_refused_for_another_goes_out_again_by_itself():
    case = sent(2)
    culprit, other = case.row("interchange")["claim_ids"]
    case.is_told(x999("1", (NUMBER, "R"), claim_id=culprit))
    case.story.then(AcknowledgementReceived, ClaimRejected, ClaimRejected, ClaimReleased)
    assert case.state(culprit).status == "rejected"
    assert case.state(other).status == "ready"
    case.batches().then(InterchangePrepared, ClaimBatched)
    assert case.story.facts[1].event.attempt == 2


def test_a_claim_does_not_go_out_by_itself_for_ever():
    case = sent(2)
    culprit, other = case.row("interchange")["claim_ids"]
    for attempt in range(1, ATTEMPTS_MAX + 1):
        group = str(attempt)
        number = case.state(other).transaction_control_number
        case.is_told(x999(group, (number, "R"), claim_id=culprit))
        if case.state(other).status == "ready":
            case.sends(other)
    assert case.state(other).attempt == ATTEMPTS_MAX
    assert case.state(other).status == "rejected"


def test_a_277ca_of_the_clearinghouse_does_not_stop_the_filing_clock():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A1"), source="AY", payer_number="CH99"))
    case.story.then(AcknowledgementReceived, ClaimAcknowledged)
    claim = case.state(claim_id)
    assert claim.accepted_level == "277CA-clearinghouse"
    assert (claim.accepted_on, claim.payer_number) == ("", "")


def test_a_277ca_of_the_payer_stops_the_filing_clock_and_gives_the_payers_number():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN7"))
    claim = case.state(claim_id)
    assert claim.accepted_level == "277CA-payer"
    assert (claim.accepted_on, claim.payer_number) == ("2026-11-22", "PCN7")
    acknowledged = case.story.facts[1].event
    assert (acknowledged.status_category_code, acknowledged.status_code) == ("A2", "20")


@pytest.mark.parametrize("category", ["A3", "A4", "A6", "A7", "A8"])
@pytest.mark.parametrize(
    ("source", "level"), [("AY", "277CA-clearinghouse"), ("PR", "277CA-payer")]
)
def test_a_277ca_refuses_a_claim(category, source, level):
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, category), source=source, status_code="164"))
    case.story.then(AcknowledgementReceived, ClaimRejected)
    rejected = case.story.facts[1].event
    assert (rejected.level, rejected.status_category_code) == (level, category)
    assert rejected.reasons[0].rule_id == f"277ca-{category.lower()}-164"
    assert case.state(claim_id).status == "rejected"


@pytest.mark.parametrize("category", ["A0", "A1", "A2", "A5"])
def test_a_277ca_takes_a_claim(category):
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, category)))
    case.story.then(AcknowledgementReceived, ClaimAcknowledged)


def test_a_status_that_is_neither_is_said_and_moves_nothing():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "P1"))).then(AcknowledgementReceived)
    assert the_ack(case).reasons[0].rule_id == "status-not-understood"
    assert case.state(claim_id).accepted_level == ""


def test_one_277ca_takes_some_claims_and_refuses_others():
    case = sent(3)
    one, two, three = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (one, "A2"), (two, "A7"), (three, "A2")))
    assert case.claim_ids("rejected") == [two]
    assert the_ack(case).claim_ids == sorted([one, two, three])


def test_the_same_acknowledgement_twice_has_one_effect():
    case = sent()
    (claim_id,) = case.claim_ids()
    data = x277ca(REFERENCE, (claim_id, "A7"))
    case.is_told(data)
    before = case.service.dump_hash()
    case.is_told(data).then()
    assert case.service.dump_hash() == before


def test_the_same_answer_in_another_file_adds_nothing():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN7"))
    again = x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN7", text="AGAIN")
    case.is_told(again).then(AcknowledgementReceived)


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: ta1(NUMBER),
        lambda _: x999("1", (NUMBER, "A")),
        lambda claim_id: x277ca(REFERENCE, (claim_id, "A2")),
        lambda claim_id: x277ca("SOMETHING ELSE", (claim_id, "A2")),
    ],
)
@pytest.mark.parametrize("is_unknown", [False, True])
def test_an_answer_before_our_own_record_settles_that_it_was_sent(answer, is_unknown):
    case = batched()
    (claim_id,) = case.claim_ids()
    if is_unknown:
        case.settles("unknown", "timeout")
    case.is_told(answer(claim_id))
    names = [fact.event.name for fact in case.story.facts]
    assert names[:3] == ["AcknowledgementReceived", "InterchangeSettled", "ClaimSubmitted"]
    settled = case.story.facts[1].event
    assert (settled.outcome, settled.evidence) == ("sent", the_ack(case).kind)
    assert case.state(claim_id).status == "sent"
    assert case.state(SEQUENCE).open == {}


def test_a_refusal_before_our_own_record_submits_and_rejects():
    case = batched(2)
    case.is_told(ta1(NUMBER, "R", "023"))
    case.story.then(
        AcknowledgementReceived,
        InterchangeSettled,
        ClaimSubmitted,
        ClaimSubmitted,
        ClaimRejected,
        ClaimRejected,
    )


def test_a_refusal_after_the_payer_accepted_is_recorded_and_rejects():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2")))
    case.is_told(x277ca(REFERENCE, (claim_id, "A7")))
    case.story.then(AcknowledgementReceived, ClaimRejected)
    assert case.state(claim_id).status == "rejected"


def test_a_refusal_by_somebody_whom_the_claim_has_passed_contradicts_and_moves_nothing():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2")))
    case.is_told(x999("1", (NUMBER, "R")))
    case.story.then(AcknowledgementReceived, ClaimRejected)
    claim = case.state(claim_id)
    assert (claim.status, claim.contradicted) == ("sent", True)


def test_an_acceptance_further_on_overrules_a_refusal_and_says_so():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A7"), source="AY"))
    case.is_told(x277ca(REFERENCE, (claim_id, "A2")))
    claim = case.state(claim_id)
    assert (claim.status, claim.contradicted) == ("sent", True)


def test_an_acceptance_by_somebody_before_the_refusal_moves_nothing():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A7")))
    case.is_told(x999("1", (NUMBER, "A")))
    assert case.state(claim_id).status == "rejected"


def test_an_answer_to_an_earlier_sending_is_said_and_moves_nothing():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A7")))
    case.releases(claim_id)
    case.sends(claim_id)
    case.is_told(x999("1", (NUMBER, "A"))).then(AcknowledgementReceived)
    assert the_ack(case).reasons[0].rule_id == "earlier-sending"
    assert case.state(claim_id).accepted_level == ""


def test_references_that_are_not_ours_are_visible():
    case = sent()
    case.is_told(x277ca(REFERENCE, ("SOMEBODYELSES1", "A2"))).then(AcknowledgementReceived)
    assert the_ack(case).unknown_references == ["SOMEBODYELSES1"]
    case.is_told(ta1("000000099")).then(AcknowledgementReceived)
    assert the_ack(case).unknown_references == ["000000099"]
    case.is_told(x999("99", (NUMBER, "A"))).then(AcknowledgementReceived)
    assert the_ack(case).unknown_references == ["99"]


def test_a_reference_that_may_name_a_person_is_not_repeated():
    case = sent()
    case.is_told(x277ca(REFERENCE, ("MARY CANARY 1980", "A2")))
    assert the_ack(case).unknown_references == ["(not shown)"]


@pytest.mark.parametrize("data", [b"", b"hello", b"ISA*00*", b"\x00\xff" * 300])
def test_a_file_that_is_no_acknowledgement_is_unreadable(data):
    assert read_answers(data).kind == "unreadable"


def test_a_file_cut_anywhere_neither_raises_nor_moves_what_it_does_not_name():
    case = sent(2)
    data = x277ca(REFERENCE, *((claim_id, "A7") for claim_id in case.claim_ids()))
    for end in range(0, len(data), 7):
        for answer in read_answers(data[:end]).claims:
            assert answer.claim_id in case.claim_ids()


def test_an_835_before_the_277ca_gives_the_payers_number():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.happens(remittance(claim_id)).then(PayerNumberLearned)
    assert case.state(claim_id).payer_number == "PCN7"


def test_an_835_for_a_claim_of_unknown_fate_proves_that_it_arrived():
    case = batched()
    (claim_id,) = case.claim_ids()
    case.happens(remittance(claim_id)).then(PayerNumberLearned)
    assert case.row("claim")["accepted_level"] == "277CA-payer"


@pytest.mark.parametrize(
    "changes", [{"claim_id": "PNOTOURS"}, {"kind": "forwarded", "claim_status_code": "23"}]
)
def test_an_835_that_teaches_nothing_records_nothing(changes):
    case = sent()
    (claim_id,) = case.claim_ids()
    case.happens(remittance(**({"claim_id": claim_id} | changes))).then()


def test_an_835_after_the_277ca_records_nothing():
    case = sent()
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN7"))
    case.happens(remittance(claim_id)).then()


def test_files_that_come_together_acknowledge_a_claim_once_at_the_furthest_level():
    case = sent(2)
    first, second = case.row("interchange")["claim_ids"]
    case.is_told(
        ta1(NUMBER),
        x277ca(REFERENCE, (first, "A2"), payer_number="PCN7"),
        x277ca(REFERENCE, (first, "A1"), source="AY", payer_number="CH99"),
        x999("1", (NUMBER, "A")),
    )
    received = [AcknowledgementReceived] * 4
    case.story.then(*received, ClaimAcknowledged, ClaimAcknowledged)
    claim = case.state(first)
    assert (claim.accepted_level, claim.payer_number) == ("277CA-payer", "PCN7")
    assert case.state(second).accepted_level == "999"
    files = {row["kind"]: row["claim_count"] for row in case.rows("acknowledgement")}
    assert files == {"TA1": 0, "999": 2, "277CA": 1}


def test_files_that_come_together_do_what_they_do_one_by_one():
    together, apart = sent(2), sent(2)
    first, second = together.row("interchange")["claim_ids"]
    files = [
        x999("1", (NUMBER, "A")),
        x277ca(REFERENCE, (first, "A7"), (second, "A1"), source="AY"),
        x277ca(REFERENCE, (second, "A2"), payer_number="PCN8"),
        x277ca(REFERENCE, (second, "A2"), payer_number="PCN8"),
    ]
    together.is_told(*files)
    for file in files:
        apart.is_told(file)
    assert together.state(first) == apart.state(first)
    assert together.state(second) == apart.state(second)
    assert together.state(first).rejected_level == "277CA-clearinghouse"
    assert together.state(second).payer_number == "PCN8"


def test_a_refusal_after_an_acceptance_in_the_same_round_contradicts_it_or_not():
    case = sent(1)
    (claim_id,) = case.claim_ids()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN7"), x999("1", (NUMBER, "R")))
    kinds = [fact.event.name for fact in case.story.facts]
    assert kinds.index("ClaimAcknowledged") < kinds.index("ClaimRejected")
    claim = case.state(claim_id)
    assert (claim.status, claim.contradicted) == ("sent", True)


def test_files_that_come_together_settle_their_interchange_once():
    case = batched(2)
    case.is_told(ta1(NUMBER), x999("1", (NUMBER, "A")))
    kinds = [fact.event.name for fact in case.story.facts]
    assert kinds.count("InterchangeSettled") == 1
    assert kinds.count("ClaimSubmitted") == 2
    assert kinds.count("ClaimAcknowledged") == 2
