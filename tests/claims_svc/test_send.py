"""Ready claims go into numbered interchanges; what became of each is recorded, never assumed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from claims_cases import (
    NOW,
    RECEIVER,
    SEQUENCE,
    TENANT,
    Case,
    a_content,
    a_facility_line,
    a_line,
    a_stay,
    an_encounter,
)
from claims_svc.codec.check import faults_by_claim
from claims_svc.codec.x837 import write_interchange
from claims_svc.decide.send import Selection, batch, rewrite
from claims_svc.model.content import ClaimContent
from claims_svc.model.states import NUMBER_MAX, SequenceState
from claims_svc.problems import ControlNumbersExhausted, InterchangeSettledAlready
from rcm.domain import Fact
from rcm.events.claims import (
    ClaimBatched,
    ClaimHeld,
    ClaimReleased,
    ClaimSubmitted,
    InterchangePrepared,
    InterchangeSettled,
)
from rcm.problems import NotFound
from rcm.x12 import x837
from service_cases import Cause


def some_claims(count, case=None):
    """Let some encounters be coded, each with one claim."""
    case = case or Case()
    for number in range(count):
        event = an_encounter(encounter_id=f"enc_{number}", patient_id=f"pt_{number}")
        case.coded(event)
    return case


def test_the_intent_is_recorded_with_its_numbers_before_anything_is_sent():
    case = some_claims(2)
    case.batches().then(InterchangePrepared, ClaimBatched, ClaimBatched)
    prepared = case.story.facts[0].event
    assert prepared.interchange_control_number == "000000001"
    assert prepared.transaction_control_numbers == ["000000001"]
    assert prepared.claim_ids == case.claim_ids("batched")
    assert prepared.billed_cents == 35_000
    assert case.row("interchange")["outcome"] == ""


def test_what_is_written_is_read_back_without_a_fault():
    case = some_claims(3)
    case.batches()
    reading = x837.read(case.written[0].data)
    assert reading.findings == ()
    assert [one.claim.claim_id for one in reading.claims] == case.claim_ids("batched")
    (submission,) = {one.submission for one in reading.claims}
    assert submission.originator_reference_number == "000000001" + "000000001"


def test_transaction_sets_are_bounded_and_numbered_on():
    case = some_claims(5)
    case.batches(size=2)
    prepared = case.story.facts[0].event
    assert prepared.claim_counts == [2, 2, 1]
    assert prepared.transaction_control_numbers == ["000000001", "000000002", "000000003"]
    case.settles()
    some_claims(1, case)
    case.coded(an_encounter(encounter_id="enc_9", patient_id="pt_9"))
    case.batches()
    assert case.story.facts[0].event.transaction_control_numbers == ["000000004"]
    assert case.story.facts[0].event.interchange_control_number == "000000002"


def test_the_most_urgent_claims_go_first():
    case = Case()
    for number, day in enumerate(("2026-11-05", "2026-10-20", "2026-11-01")):
        line = a_line(service_from=day, service_through=day)
        case.coded(an_encounter(encounter_id=f"enc_{number}", lines=[line]))
    case.batches()
    sent = case.story.facts[0].event.claim_ids
    deadlines = [case.state(one).filing_deadline_on for one in sent]
    assert deadlines == sorted(deadlines)
    assert len(set(deadlines)) == 3


def test_a_claim_in_flight_goes_into_no_other_interchange():
    case = some_claims(1)
    (claim_id,) = case.claim_ids("ready")
    case.batches()
    case.batches(claim_id).then()
    assert len(case.written) == 1


def test_sent_means_every_claim_was_submitted_in_the_same_transaction():
    case = some_claims(2)
    case.batches()
    case.settles().then(InterchangeSettled, ClaimSubmitted, ClaimSubmitted)
    submitted = case.story.facts[1].event
    assert submitted.attempt == 1
    assert submitted.interchange_control_number == "000000001"
    assert submitted.lines[0].line_item_control_number == "L1"
    assert case.claim_ids("sent") == case.claim_ids()


def test_an_unknown_outcome_moves_no_claim_and_is_recorded_once():
    case = some_claims(1)
    case.batches()
    case.settles("unknown", "timeout").then(InterchangeSettled)
    assert case.claim_ids("batched") == case.claim_ids()
    assert case.row("interchange")["outcome"] == "unknown"
    case.settles("unknown", "timeout").then()
    case.batches(*case.claim_ids()).then()


def test_an_unknown_outcome_may_turn_out_as_sent():
    case = some_claims(1)
    case.batches()
    case.settles("unknown", "timeout")
    case.settles("sent", "status-found").then(InterchangeSettled, ClaimSubmitted)


def test_what_never_arrived_goes_in_another_interchange_as_the_first_attempt():
    case = some_claims(1)
    case.batches()
    case.settles("not-sent", "no-connection").then(InterchangeSettled, ClaimReleased)
    case.batches().then(InterchangePrepared, ClaimBatched)
    assert case.story.facts[0].event.interchange_control_number == "000000002"
    assert case.story.facts[1].event.attempt == 1


@pytest.mark.parametrize("outcome", ["sent", "not-sent", "unknown"])
def test_a_settled_interchange_cannot_be_settled_again(outcome):
    case = some_claims(1)
    case.sends()
    case.settles(outcome).refused(InterchangeSettledAlready)


def test_an_interchange_that_was_never_written_cannot_be_settled():
    case = some_claims(1)
    case.sends()
    from functools import partial

    from claims_svc.handlers.sending import _settle

    decide = partial(_settle, stream=SEQUENCE, number="000000002", outcome="sent", evidence="x")
    case.happens(case.command([SEQUENCE], decide)).refused(NotFound)


def test_a_claim_with_a_fault_of_structure_is_held_and_the_others_go():
    case = some_claims(3)
    bad = case.claim_ids("ready")[1]
    # Longer than NM103 may be: only the guide's structure says so.
    case.corrects(bad, subscriber_last_name="X" * 61)
    case.batches().then(ClaimHeld, InterchangePrepared, ClaimBatched, ClaimBatched)
    held = case.story.facts[0].event
    assert held.claim_id == bad
    assert {one.severity for one in held.reasons} == {"error"}
    assert bad not in case.story.facts[1].event.claim_ids
    assert bad.encode() not in case.written[0].data


def test_nothing_is_written_when_every_claim_is_at_fault():
    case = some_claims(1)
    (claim_id,) = case.claim_ids("ready")
    case.corrects(claim_id, subscriber_last_name="X" * 61)
    case.batches().then(ClaimHeld)
    assert case.written == []


def test_a_claim_of_a_forgotten_patient_is_held_and_stands_in_nobodys_way():
    case = some_claims(2)
    import asyncio

    asyncio.run(case.service.keys.destroy(TENANT, "pt_0"))
    case.batches().then(ClaimHeld, InterchangePrepared, ClaimBatched)
    assert case.story.facts[0].event.reasons[0].rule_id == "patient-forgotten"


def test_professional_and_institutional_claims_never_share_an_interchange():
    case = Case()
    case.coded(a_stay(lines=[a_facility_line(), a_line()]))
    case.batches(form="P")
    case.batches(form="I")
    assert [b"005010X222A1" in one.data for one in case.written] == [True, False]
    assert [b"005010X223A2" in one.data for one in case.written] == [False, True]


def test_an_unsettled_interchange_is_written_again_byte_for_byte():
    case = some_claims(4)
    case.batches(size=3)
    opened = case.state(SEQUENCE).open["000000001"]
    contents = {
        one: case.story.open(fact, "content", ClaimContent)
        for one in opened.claim_ids
        for fact in prepared_facts(case, one)
    }
    assert rewrite(RECEIVER, "000000001", opened, contents) == case.written[0].data
    changed = {one: replace(content, delay_reason_code="3") for one, content in contents.items()}
    assert rewrite(RECEIVER, "000000001", opened, changed) is None
    missing = dict(list(contents.items())[1:])
    assert rewrite(RECEIVER, "000000001", opened, missing) is None


def prepared_facts(case, claim_id):
    """Find the recorded ClaimPrepared of a claim."""
    everything = [case.story._published(n) for n in range(len(case.service.outbox))]
    return [
        one
        for one in everything
        if one.event.name == "ClaimPrepared" and one.event.claim_id == claim_id
    ]


@given(st.lists(st.sampled_from(["sent", "not-sent", "unknown"]), min_size=1, max_size=12))
@settings(max_examples=25, deadline=None)
def test_control_numbers_are_given_once_and_only_rise(outcomes):
    case = some_claims(3)
    given_numbers = []
    for outcome in outcomes:
        if not case.claim_ids("ready"):
            some_claims_more(case, len(given_numbers))
        case.batches(size=2)
        prepared = case.story.facts[0].event
        given_numbers.append(
            (
                prepared.interchange_control_number,
                prepared.group_control_number,
                *prepared.transaction_control_numbers,
            )
        )
        # The state survives a restart as JSON.
        assert case.state(SEQUENCE).interchange == int(prepared.interchange_control_number)
        case.settles(outcome, "test")
    interchanges = [numbers[0] for numbers in given_numbers]
    transactions = [one for numbers in given_numbers for one in numbers[2:]]
    assert interchanges == sorted(set(interchanges))
    assert transactions == sorted(set(transactions))
    assert [int(numbers[1]) for numbers in given_numbers] == list(range(1, len(outcomes) + 1))


def some_claims_more(case, number):
    """Let one more encounter be coded."""
    case.happens(Cause(f"more_{number}", an_encounter(encounter_id=f"more_{number}")))


@pytest.mark.parametrize(
    ("interchange", "group", "transaction", "is_refused"),
    [
        (NUMBER_MAX - 1, 1, 1, False),
        (NUMBER_MAX, 1, 1, True),
        (1, NUMBER_MAX - 1, 1, False),
        (1, NUMBER_MAX, 1, True),
        (1, 1, NUMBER_MAX - 1, False),
        (1, 1, NUMBER_MAX, True),
    ],
)
def test_the_last_control_number_is_given_and_none_beyond(
    interchange, group, transaction, is_refused
):
    case = some_claims(1)
    (claim_id,) = case.claim_ids("ready")
    sequence = SequenceState(
        receiver_id="SIMCLEAR",
        submitter_id="NORTHSIDE",
        interchange=interchange,
        group=group,
        transaction=transaction,
    )
    selection = Selection(RECEIVER, "P", {claim_id: case.sealed(claim_id)}, 100)
    loaded = {SEQUENCE: sequence, claim_id: case.state(claim_id)}

    class Context:
        tenant_id, now, cause_id = TENANT, NOW, "c"

        def open(self, _phi, _shape):
            return a_content()

    written = []
    if is_refused:
        with pytest.raises(ControlNumbersExhausted):
            batch(loaded, Context(), selection, written.append)
        assert written == []
    else:
        facts = batch(loaded, Context(), selection, written.append)
        assert isinstance(facts[0], Fact)
        assert written


def test_a_fault_above_a_claim_is_the_claims_own():
    good, bad = a_content(), a_content()
    person = replace(bad.subscriber.person, last_name="X" * 61)
    bad = replace(bad, subscriber=replace(bad.subscriber, person=person))
    data = write_interchange(
        RECEIVER, "P", (1, 1, ["0001"]), [[("PA", good), ("PB", bad), ("PC", good)]], NOW
    )
    assert set(faults_by_claim(data)) == {"PB"}
