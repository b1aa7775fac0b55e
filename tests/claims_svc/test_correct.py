"""What people, denials and later versions of an encounter do to a claim, and what they may not."""

import pytest

from claims_cases import (
    Case,
    a_coverage,
    a_directory,
    a_facility_line,
    a_line,
    a_stay,
    a_subscriber,
    an_encounter,
    x277ca,
)
from claims_svc.model.content import ClaimContent
from claims_svc.problems import (
    ClaimAlreadySent,
    ClaimInFlight,
    ClaimReplacedAlready,
    EmptyCorrection,
    NothingToRelease,
    PatientForgotten,
)
from rcm.events.claims import (
    ClaimBatched,
    ClaimCorrectionRequested,
    ClaimHeld,
    ClaimPrepared,
    ClaimReleased,
    ClaimReplaced,
    ClaimSubmitted,
    EncounterBilled,
    InterchangePrepared,
    InterchangeSettled,
)
from rcm.events.denials import CorrectedClaimRequested
from rcm.events.phi import ClearPhi
from rcm.problems import NotFound
from service_cases import Cause

REFERENCE = "000000001" * 2


def ready():
    """Let one claim be ready."""
    case = Case()
    case.coded()
    (claim_id,) = case.claim_ids()
    return case, claim_id


def rejected():
    """Let one claim be rejected by the payer."""
    case, claim_id = ready()
    case.sends()
    case.is_told(x277ca(REFERENCE, (claim_id, "A7")))
    return case, claim_id


def accepted(number="PCN7"):
    """Let one claim be accepted by the payer."""
    case, claim_id = ready()
    case.sends()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2"), payer_number=number))
    return case, claim_id


def again(version=2, **changes):
    """Give a later version of the encounter: another line."""
    values = {"lines": [a_line(1), a_line(2, billed_cents=2_200)]}
    return Cause("enc_1", an_encounter(coded_version=version, **(values | changes)))


def test_a_rejected_claim_released_goes_again_as_an_original_and_the_next_attempt():
    case, claim_id = rejected()
    deadline = case.state(claim_id).filing_deadline_on
    case.releases(claim_id).then(ClaimReleased)
    case.batches().then(InterchangePrepared, ClaimBatched)
    case.settles().then(InterchangeSettled, ClaimSubmitted)
    submitted = case.story.facts[1].event
    assert (submitted.attempt, submitted.frequency_code) == (2, "1")
    assert submitted.claim_id == claim_id
    assert submitted.filing_deadline_on == deadline, "a rejection does not stop the clock"


def test_a_rejected_claim_corrected_goes_again():
    case, claim_id = rejected()
    case.corrects(claim_id, member_number="BPX000010009").then(ClaimPrepared)
    case.sends()
    assert b"BPX000010009" in case.written[-1].data
    assert case.state(claim_id).attempt == 2


def test_a_correction_touches_what_it_names_and_nothing_else():
    case, claim_id = rejected()
    before = case.state(claim_id)
    case.corrects(claim_id, prior_authorization_number="AUTH1", born_on="1981-01-01")
    content = case.story.open(case.story.facts[0], "content", ClaimContent)
    assert content.coverage.prior_authorization_number == "AUTH1"
    assert content.subscriber.person.born_on == "1981-01-01"
    assert content.patient.person.born_on == "1981-01-01", "the subscriber is the patient"
    assert content.subscriber.member_number == "BPX000010001"
    assert case.state(claim_id).billed_cents == before.billed_cents


def test_a_correction_that_breaks_the_claim_holds_it():
    case, claim_id = rejected()
    case.corrects(claim_id, claim_filing_indicator_code="MB").then(ClaimHeld)
    assert [one.rule_id for one in case.story.facts[0].event.reasons] == ["mbi-malformed"]


def test_an_empty_correction_is_refused():
    case, claim_id = rejected()
    case.corrects(claim_id).refused(EmptyCorrection)


def test_a_held_claim_released_is_checked_with_the_directory_as_it_is_now():
    case = Case(a_directory(facilities=[]))
    case.coded().then(EncounterBilled, ClaimHeld)
    (claim_id,) = case.claim_ids("held")
    case.releases(claim_id).then(ClaimHeld)
    case.directory = a_directory(version="test-2")
    case.releases(claim_id).then(ClaimPrepared)
    assert case.story.facts[0].event.rule_versions["directory"] == "test-2"


def test_a_claim_held_by_hand_leaves_only_when_released():
    case, claim_id = ready()
    case.holds(claim_id).then(ClaimHeld)
    case.batches(claim_id).then()
    case.holds(claim_id).then()
    case.releases(claim_id).then(ClaimPrepared)


@pytest.mark.parametrize("way", ["corrects", "releases", "holds"])
def test_nothing_of_a_claim_in_flight_may_change(way):
    case, claim_id = ready()
    case.batches()
    fields = {"member_number": "X1"} if way == "corrects" else {}
    getattr(case, way)(claim_id, **fields).refused(ClaimInFlight)
    case.settles("unknown", "timeout")
    getattr(case, way)(claim_id, **fields).refused(ClaimInFlight)


@pytest.mark.parametrize("way", ["corrects", "releases", "holds"])
def test_a_claim_that_the_payer_has_may_not_change(way):
    case, claim_id = accepted()
    fields = {"member_number": "X1"} if way == "corrects" else {}
    getattr(case, way)(claim_id, **fields).refused(ClaimAlreadySent)


def test_a_ready_claim_needs_no_release():
    case, claim_id = ready()
    case.releases(claim_id).refused(NothingToRelease)


def test_a_claim_that_is_not_there_is_not_found():
    case, _ = ready()
    case.releases("PNOTHERE").refused(NotFound)
    case.holds("PNOTHERE").refused(NotFound)


def test_a_claim_of_a_forgotten_patient_cannot_be_corrected():
    import asyncio

    case, claim_id = rejected()
    asyncio.run(case.service.keys.destroy("northside", "pt_1"))
    case.corrects(claim_id, member_number="X1").refused(PatientForgotten)


def test_a_later_version_waits_and_then_rebuilds_a_claim_that_was_not_sent():
    case, claim_id = ready()
    case.happens(again()).then(EncounterBilled)
    assert case.row("encounter")["outcome"] == "waiting"
    case.catches_up().then(EncounterBilled, ClaimPrepared)
    prepared = case.story.facts[1].event
    assert (prepared.claim_id, prepared.coded_version) == (claim_id, 2)
    assert (prepared.frequency_code, prepared.billed_cents) == ("1", 19_700)
    case.catches_up().then()


def test_a_later_version_of_a_rejected_claim_goes_as_an_original():
    case, claim_id = rejected()
    case.happens(again())
    case.catches_up().then(EncounterBilled, ClaimPrepared)
    assert case.story.facts[1].event.claim_id == claim_id
    assert case.story.facts[1].event.frequency_code == "1"


@pytest.mark.parametrize("outcome", ["", "unknown"])
def test_a_later_version_waits_while_the_claim_is_in_flight(outcome):
    case, _ = ready()
    case.batches()
    if outcome:
        case.settles(outcome, "timeout")
    case.happens(again())
    case.catches_up().then()


def test_a_later_version_waits_for_the_payers_number():
    case, claim_id = accepted(number="")
    case.happens(again())
    assert case.row("encounter")["reasons"][0]["rule_id"] == "earlier-claim-unanswered"
    case.catches_up().then()
    case.is_told(x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN9"))
    case.catches_up().then(EncounterBilled, ClaimPrepared)


def test_a_later_version_of_an_accepted_claim_replaces_it():
    case, old = accepted()
    case.happens(again())
    case.catches_up().then(EncounterBilled, ClaimPrepared)
    new = case.story.facts[1].event
    assert new.claim_id != old
    assert (new.frequency_code, new.payer_claim_control_number) == ("7", "PCN7")
    assert new.replaces_claim_id == old
    # 60 days, the default for corrected claims, from the day that the payer took the first.
    assert new.filing_deadline_on == "2027-01-21"
    assert case.state(old).status == "sent", "it stands until its replacement leaves"
    case.batches()
    case.settles().then(InterchangeSettled, ClaimSubmitted, ClaimReplaced)
    assert case.state(old).replaced_by == new.claim_id
    assert b"REF*F8*PCN7~" in case.written[-1].data
    assert b"*11:B:7*" in case.written[-1].data


def test_a_replacement_that_was_not_sent_is_rebuilt_as_a_replacement():
    case, old = accepted()
    case.happens(again())
    case.catches_up()
    first = case.story.facts[1].event
    case.happens(again(3, lines=[a_line(1, billed_cents=20_000)]))
    case.catches_up().then(EncounterBilled, ClaimPrepared)
    second = case.story.facts[1].event
    assert second.claim_id == first.claim_id
    assert (second.frequency_code, second.replaces_claim_id) == ("7", old)
    assert second.filing_deadline_on == first.filing_deadline_on


def test_an_older_version_after_a_newer_one_has_no_effect():
    case, _ = ready()
    case.happens(again(3))
    case.happens(Cause("enc_1", again(2).event)).then()


def test_a_form_that_falls_away_is_withdrawn_or_voided():
    case = Case()
    both = [a_facility_line(), a_line()]
    case.coded(a_stay(lines=both))
    office, stay = sorted(case.claim_ids(), reverse=True)
    case.sends(office)
    case.is_told(x277ca(REFERENCE, (office, "A2"), payer_number="PCN7"))
    case.happens(Cause("enc_1", a_stay(coded_version=2, lines=[a_facility_line()])))
    case.catches_up().then(EncounterBilled, ClaimPrepared, ClaimPrepared)
    void, rebuilt = (fact.event for fact in case.story.facts[1:])
    if void.claim_id == stay:
        void, rebuilt = rebuilt, void
    assert (void.frequency_code, void.replaces_claim_id) == ("8", office)
    assert rebuilt.claim_id == stay
    assert case.row("encounter")["claim_ids"] == [stay]
    case.sends(void.claim_id)
    assert case.state(office).status == "replaced"
    assert case.state(office).replaced_by == ""


def test_a_claim_that_was_never_sent_and_falls_away_is_withdrawn():
    case = Case()
    case.coded(a_stay(lines=[a_facility_line(), a_line()]))
    office = max(case.claim_ids())
    case.happens(Cause("enc_1", a_stay(coded_version=2, lines=[a_facility_line()])))
    case.catches_up()
    assert case.state(office).status == "replaced"
    case.releases(office).refused(ClaimReplacedAlready)


def test_another_payer_is_sent_an_original_and_the_first_one_a_void():
    case, _ = accepted()
    case.happens(again(coverages=[a_coverage(payer_id="87726", payer_name="UNITY")]))
    case.catches_up().then(EncounterBilled, ClaimPrepared, ClaimPrepared)
    void, fresh = (fact.event for fact in case.story.facts[1:])
    assert (void.payer_id, void.frequency_code) == ("54771", "8")
    assert (fresh.payer_id, fresh.frequency_code, fresh.replaces_claim_id) == ("87726", "1", "")


def test_an_encounter_that_turns_out_to_be_self_pay_voids_its_claim():
    case, _ = accepted()
    case.happens(again(coverages=[], subscribers=ClearPhi.of("pt_1", [])))
    case.catches_up().then(EncounterBilled, ClaimPrepared)
    assert case.row("encounter")["outcome"] == "self-pay"
    assert case.story.facts[1].event.frequency_code == "8"


def denial(claim_id, frequency_code="7", number="PCN8"):
    """Let a denial ask for a corrected claim."""
    event = CorrectedClaimRequested(
        denial_id="den_1",
        claim_id=claim_id,
        frequency_code=frequency_code,
        payer_claim_control_number=number,
    )
    return Cause(claim_id, event)


def test_a_denial_gets_a_replacement_held_until_somebody_corrects_it():
    case, old = accepted()
    case.happens(denial(old)).then(ClaimCorrectionRequested)
    case.answers_denial(old).then(EncounterBilled, ClaimHeld)
    held = case.story.facts[1].event
    assert [one.rule_id for one in held.reasons] == ["correction-wanted"]
    assert held.frequency_code == "7"
    case.answers_denial(old).then()
    case.corrects(held.claim_id, prior_authorization_number="AUTH7").then(ClaimPrepared)
    prepared = case.story.facts[0].event
    assert prepared.payer_claim_control_number == "PCN8"
    case.batches()
    case.settles().then(InterchangeSettled, ClaimSubmitted, ClaimReplaced)


def test_a_denial_of_an_unprocessable_claim_gets_a_new_original():
    case, old = accepted()
    case.happens(denial(old, "1", ""))
    case.answers_denial(old).then(EncounterBilled, ClaimHeld)
    new = case.story.facts[1].event.claim_id
    case.releases(new).then(ClaimPrepared)
    prepared = case.story.facts[0].event
    assert (prepared.frequency_code, prepared.payer_claim_control_number) == ("1", "")


def test_a_denial_that_asks_for_a_void_gets_it_at_once():
    case, old = accepted()
    case.happens(denial(old, "8"))
    case.answers_denial(old).then(EncounterBilled, ClaimPrepared)
    assert case.story.facts[1].event.frequency_code == "8"


def test_the_same_request_twice_and_one_for_a_foreign_claim_record_nothing():
    case, old = accepted()
    case.happens(denial(old))
    case.happens(denial(old)).then()
    case.happens(denial("PNOTOURS")).then()


def test_an_encounter_of_a_forgotten_patient_waits_visibly():
    import asyncio

    case = Case()
    event = an_encounter(subscribers=ClearPhi.of("pt_1", [a_subscriber()]))
    case.coded(an_encounter(encounter_id="enc_0"))
    story = case.story
    cause = Cause("enc_1", event)
    record = story.arriving(cause)
    asyncio.run(case.service.keys.destroy("northside", "pt_1"))
    case.service.deliver(record)
    row = case.row("encounter", encounter_id="enc_1")
    assert row["reasons"][0]["rule_id"] == "patient-forgotten"
