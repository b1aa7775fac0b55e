"""A claim is built and checked: it may leave, or it is held and says why."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from claims_cases import (
    NOW,
    PERSON,
    RENDERING,
    STREET,
    Case,
    a_content,
    a_coverage,
    a_directory,
    a_facility,
    a_facility_line,
    a_line,
    a_stay,
    a_subscriber,
    an_encounter,
)
from claims_svc.decide.prepare import Identity, prepare
from claims_svc.model.content import ClaimContent
from claims_svc.model.directory import Payer
from claims_svc.rules import EDITS, coordination, findings, supplements
from claims_svc.rules.edit import Setting
from rcm.events.claims import ClaimHeld, ClaimPrepared, EncounterBilled
from rcm.events.clinical import Accident, Diagnosis, PatientPhi, Provider
from rcm.events.phi import ClearPhi

SETTING = Setting(NOW.date(), NOW.date() + timedelta(days=1))


def the_claim(coded, directory=None):
    """Let an encounter be coded; give its one claim's event."""
    case = Case(directory)
    case.coded(coded).then(EncounterBilled, case_kind(case, coded, directory))
    return case.story.facts[-1].event


def case_kind(case, coded, directory):
    """Say which of the two events the last fact is."""
    return type(case.story.facts[-1].event)


def reasons_of(coded, directory=None):
    """Give the ids of the reasons that hold an encounter's claim."""
    event = the_claim(coded, directory)
    assert isinstance(event, ClaimHeld), "it was not held"
    return {one.rule_id for one in event.reasons if one.severity == "error"}


def test_a_clean_office_visit_becomes_a_professional_claim():
    event = the_claim(an_encounter())
    assert isinstance(event, ClaimPrepared)
    assert (event.form, event.part, event.frequency_code) == ("P", 1, "1")
    assert event.billed_cents == 17_500
    assert event.diagnosis_codes == ["E119", "I10"]
    assert event.filing_deadline_on == "2027-05-01"  # 180 days from 2026-11-02
    assert event.rule_versions["directory"] == "test-1"
    assert event.warnings == []


def test_a_stay_becomes_an_institutional_claim_whose_clock_starts_at_its_end():
    event = the_claim(a_stay())
    assert isinstance(event, ClaimPrepared)
    assert event.form == "I"
    assert event.service_through == "2026-11-04"
    assert event.filing_deadline_on == "2027-05-03"


def test_an_encounter_with_both_kinds_of_lines_becomes_two_claims():
    case = Case()
    stay = a_stay(lines=[a_facility_line(), a_line(diagnosis_pointers=[1])])
    case.coded(stay).then(EncounterBilled, ClaimPrepared, ClaimPrepared)
    billed, *claims = [fact.event for fact in case.story.facts]
    assert [one.form for one in claims] == ["P", "I"]
    assert billed.claim_ids == [one.claim_id for one in claims]


@pytest.mark.parametrize(("count", "parts"), [(50, [50]), (51, [50, 1]), (101, [50, 50, 1])])
def test_more_than_fifty_lines_are_split(count, parts):
    case = Case()
    case.coded(an_encounter(lines=[a_line(n) for n in range(count)]))
    claims = [fact.event for fact in case.story.facts[1:]]
    assert [len(one.lines) for one in claims] == parts
    assert [one.part for one in claims] == list(range(1, len(parts) + 1))
    assert len({one.claim_id for one in claims}) == len(parts)
    assert sum(one.billed_cents for one in claims) == 17_500 * count


def test_an_encounter_nobody_covers_makes_no_claim_and_is_visible():
    case = Case()
    coded = an_encounter(coverages=[], subscribers=ClearPhi.of("pt_1", []))
    case.coded(coded).then(EncounterBilled)
    assert case.row("encounter", encounter_id="enc_1")["outcome"] == "self-pay"


def test_the_same_version_again_has_no_effect():
    case = Case()
    case.coded()
    case.coded().then()


BROKEN = [
    ("billing-provider-unknown", an_encounter(facility_id="ELSEWHERE"), None),
    ("billing-provider-unknown", an_encounter(), a_directory(facilities=[])),
    ("payer-not-routed", an_encounter(), a_directory(payers=[], default_receiver_id="")),
    (
        "billing-tax-number-malformed",
        an_encounter(),
        a_directory(facilities=[a_facility(employer_id_number="31-000000")]),
    ),
    ("provider-name-missing", an_encounter(referring=replace(RENDERING, last_name="")), None),
    (
        "service-facility-unknown",
        an_encounter(service_facility=Provider(npi="1234567893", last_name="X")),
        None,
    ),
    (
        "mbi-malformed",
        an_encounter(coverages=[a_coverage(claim_filing_indicator_code="MB")]),
        None,
    ),
    (
        "subscriber-name-missing",
        an_encounter(
            subscribers=ClearPhi.of("pt_1", [a_subscriber(person=replace(PERSON, last_name=""))])
        ),
        None,
    ),
    (
        "patient-incomplete",
        an_encounter(
            coverages=[a_coverage(relationship_code="19")],
            patient=ClearPhi.of(
                "pt_1",
                PatientPhi(person=replace(PERSON, address=None), medical_record_number="M1"),
            ),
        ),
        None,
    ),
    (
        "filing-limit-passed",
        an_encounter(),
        a_directory(payers=[Payer(payer_id="54771", filing_days=19)]),
    ),
    ("diagnosis-missing", an_encounter(diagnoses=[]), None),
    ("diagnosis-missing", a_stay(diagnoses=[Diagnosis(code="I10", role="other")]), None),
    ("facility-data-missing", a_stay(institutional=None), None),
    (
        "statement-dates-wrong",
        a_stay(institutional=replace(a_stay().institutional, statement_from="2026-02-30")),
        None,
    ),
    (
        "date-malformed",
        a_stay(institutional=replace(a_stay().institutional, admitted_at="2026110299")),
        None,
    ),
    ("charge-too-large", an_encounter(lines=[a_line(billed_cents=10**15)]), None),
    ("service-date-wrong", an_encounter(lines=[a_line(service_from="2026-02-29")]), None),
    (
        "service-date-wrong",
        an_encounter(lines=[a_line(service_from="2026-11-03", service_through="2026-11-02")]),
        None,
    ),
    ("procedure-missing", an_encounter(lines=[a_line(procedure_code="")]), None),
    ("place-of-service-missing", an_encounter(lines=[a_line(place_of_service_code="")]), None),
    ("diagnosis-pointer-count", an_encounter(lines=[a_line(diagnosis_pointers=[])]), None),
    (
        "diagnosis-pointer-count",
        an_encounter(lines=[a_line(diagnosis_pointers=[1, 2, 1, 2, 1])]),
        None,
    ),
    (
        "too-many-modifiers",
        an_encounter(lines=[a_line(modifiers=["25", "59", "76", "LT", "RT"])]),
        None,
    ),
]


@pytest.mark.parametrize(("rule_id", "coded", "directory"), BROKEN)
def test_an_edit_holds_what_it_is_for(rule_id, coded, directory):
    assert rule_id in reasons_of(coded, directory)


def test_every_edit_has_a_case_that_breaks_it():
    tested = {rule_id for rule_id, *_ in BROKEN} | {"part-b-takes-no-replacement"}
    # These have theirs in `test_coordinate.py` and `test_supplement.py`.
    tested |= {edit.rule_id for edit in (*coordination.EDITS, *supplements.EDITS)}
    assert {edit.rule_id for edit in EDITS} == tested


def test_part_b_is_never_sent_a_replacement():
    payer = Payer(payer_id="54771", claim_filing_indicator_code="MB")
    content = a_content(frequency_code="7", payer_claim_control_number="1", payer=payer)
    assert "part-b-takes-no-replacement" in {one.rule_id for one in findings(content, SETTING)}
    original = a_content(payer=payer)
    assert "part-b-takes-no-replacement" not in {one.rule_id for one in findings(original, SETTING)}


@pytest.mark.parametrize(
    ("rule_id", "coded"),
    [
        (
            "npi-invalid",
            an_encounter(lines=[a_line(rendering=replace(RENDERING, npi="1123400017"))]),
        ),
        (
            "member-number-missing",
            an_encounter(subscribers=ClearPhi.of("pt_1", [a_subscriber(member_number="")])),
        ),
        ("charge-not-positive", an_encounter(lines=[a_line(billed_cents=0)])),
        ("charge-negative", an_encounter(lines=[a_line(1), a_line(2, billed_cents=-100)])),
        ("line-control-number-repeated", an_encounter(lines=[a_line(1), a_line(1)])),
        ("diagnosis-shape", an_encounter(diagnoses=[Diagnosis(code="1119", role="principal")])),
        (
            "accident-state-missing",
            an_encounter(accident=Accident(cause_codes=["AA"], happened_on="2026-11-01")),
        ),
        (
            "date-in-future",
            an_encounter(lines=[a_line(service_from="2026-11-23", service_through="2026-11-23")]),
        ),
        ("attending-provider-missing", a_stay(attending=None)),
    ],
)
def test_what_the_guides_demand_holds_a_claim(rule_id, coded):
    assert rule_id in reasons_of(coded)


def test_a_separator_in_a_name_holds_the_claim_instead_of_breaking_the_file():
    person = replace(PERSON, last_name="XI*ONG")
    coded = an_encounter(subscribers=ClearPhi.of("pt_1", [a_subscriber(person=person)]))
    assert "value-not-writable" in reasons_of(coded)


def test_all_reasons_are_collected_at_once():
    coded = an_encounter(
        facility_id="ELSEWHERE",
        lines=[a_line(procedure_code="", place_of_service_code="", diagnosis_pointers=[])],
    )
    assert reasons_of(coded) == {
        "billing-provider-unknown",
        "procedure-missing",
        "place-of-service-missing",
        "diagnosis-pointer-count",
    }


def test_a_reason_repeats_nothing_of_the_patient():
    person = replace(PERSON, last_name="CANARY*NAME", address=None)
    coded = an_encounter(
        subscribers=ClearPhi.of("pt_1", [a_subscriber(person=person, member_number="CANARY")])
    )
    event = the_claim(coded)
    assert isinstance(event, ClaimHeld)
    assert "CANARY" not in repr(event.reasons)


@pytest.mark.parametrize(("days", "is_held"), [(20, False), (19, True)])
def test_the_last_day_of_the_filing_limit_is_in_time(days, is_held):
    directory = a_directory(payers=[Payer(payer_id="54771", filing_days=days)])
    event = the_claim(an_encounter(), directory)
    assert isinstance(event, ClaimHeld) is is_held


def test_a_delay_reason_lets_a_late_claim_go():
    case = Case(a_directory(payers=[Payer(payer_id="54771", filing_days=1)]))
    case.coded().then(EncounterBilled, ClaimHeld)
    (claim_id,) = case.claim_ids("held")
    case.corrects(claim_id, delay_reason_code="3").then(ClaimPrepared)


@pytest.mark.parametrize(
    ("code", "days"), [("MB", 365), ("MA", 365), ("CH", 365), ("CI", 90), ("BL", 90)]
)
def test_an_unlisted_payer_has_the_limit_of_its_kind(code, days):
    coverage = a_coverage(payer_id="99999", claim_filing_indicator_code=code)
    member = ClearPhi.of("pt_1", [a_subscriber(member_number="1EG4TE5MK73")])
    event = the_claim(an_encounter(coverages=[coverage], subscribers=member))
    assert isinstance(event, ClaimPrepared)
    served = NOW.replace(day=2).date()
    assert event.filing_deadline_on == (served + timedelta(days=days)).isoformat()


def test_the_content_is_sealed_and_opens_to_what_was_coded():
    case = Case()
    case.coded()
    fact = case.story.facts[-1]
    assert "XIONG" not in repr(fact.event)
    content = case.story.open(fact, "content", ClaimContent)
    assert content.subscriber.person.last_name == "XIONG"
    text = case.story.open(fact, "x12", str)
    assert text.startswith("ST*837*0001*005010X222A1~")
    assert f"CLM*{fact.event.claim_id}*175*" in text
    assert text.endswith("~SE*29*0001~")


def test_a_dependent_gets_a_level_of_their_own():
    coded = an_encounter(
        coverages=[a_coverage(relationship_code="19")],
        subscribers=ClearPhi.of(
            "pt_1", [a_subscriber(person=replace(PERSON, first_name="PARENT"))]
        ),
    )
    case = Case()
    case.coded(coded).then(EncounterBilled, ClaimPrepared)
    text = case.story.open(case.story.facts[-1], "x12", str)
    assert "PAT*19~NM1*QC*1*XIONG*ADA~" in text
    assert "NM1*IL*1*XIONG*PARENT****MI*BPX000010001~" in text


def test_a_second_coverage_is_told_to_the_first():
    coded = an_encounter(
        coverages=[
            a_coverage(),
            a_coverage(
                payer_id="87726",
                payer_name="UNITY HEALTH PLAN",
                sequence_code="S",
                claim_filing_indicator_code="HM",
            ),
        ],
        subscribers=ClearPhi.of(
            "pt_1", [a_subscriber(), a_subscriber(member_number="U0000010001")]
        ),
    )
    case = Case()
    case.coded(coded).then(EncounterBilled, ClaimPrepared)
    text = case.story.open(case.story.facts[-1], "x12", str)
    assert "SBR*S*18*" in text
    assert "NM1*PR*2*UNITY HEALTH PLAN*****PI*87726~" in text


@pytest.mark.parametrize(("bill_type", "is_told"), [("11", True), ("13", False)])
def test_only_a_stay_says_what_was_present_on_admission(bill_type, is_told):
    facts = replace(
        a_stay().institutional,
        bill_type_code=bill_type,
        procedures=[],
        drg_code="",
        admitted_at="202611020900" if is_told else "",
        discharged_time="1400" if is_told else "",
    )
    diagnoses = [one for one in a_stay().diagnoses if is_told or one.role != "admitting"]
    case = Case()
    coded = a_stay(institutional=facts, diagnoses=diagnoses, class_code="O")
    case.coded(coded).then(EncounterBilled, ClaimPrepared)
    text = case.story.open(case.story.facts[-1], "x12", str)
    assert ("HI*ABK:M1711:::::::Y~" in text) is is_told


def test_preparing_is_pure():
    case = Case()
    case.coded()
    identity = Identity("P1", "enc_1", 1, "pt_1")

    class Context:
        tenant_id, now, cause_id = "northside", NOW, "c"

    first = prepare(identity, a_content(), a_directory(), Context())
    assert prepare(identity, a_content(), a_directory(), Context()) == first
    assert a_content().subscriber.person.address == STREET
