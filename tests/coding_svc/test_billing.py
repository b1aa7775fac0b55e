"""Complete enough to bill, and what holds what is not."""

import msgspec
import pytest

from coding_cases import (
    SURGEON,
    assessed,
    charges,
    dg1,
    ft1,
    in1,
    message,
    pid,
    places,
    profile,
    pv1,
    register,
    rules,
    segment,
)
from coding_svc.decide.billing import OVERRULABLE
from coding_svc.model.reasons import REASONS

LATE = "20260305080000-0500"


def inpatient(*more: str, **fields: str) -> bytes:
    stay = {"f4": "1", "f14": "1", "f36": "01", "f45": "20260309140000-0400", **fields}
    lines = (
        ft1("R1", "9000.00", "", f4="20260227^20260301", f7="0120^ROOM^UB", f10="5", f16=""),
        ft1("R2", "15200.00", "44970^^C4", f7="0360^OR^UB", f16=""),
    )
    found = (dg1("K35.80", f26="Y"), dg1("I10", rank="2", f26="N"), dg1("R10.31", "A"))
    pcs = segment("PR1", f3="0DTJ4ZZ^^I10P", f5="20260228101000-0500", f11=SURGEON, f14="1")
    return message("DFT^P03", pid(), pv1("I", **stay), *lines, *(more or (pcs, *found)), in1())


def held(*messages: bytes, **more) -> set[tuple[str, str]]:
    found = assessed(*messages, **more)
    assert found.content is None
    return places(found.holds)


def test_an_outpatient_with_a_charge_a_diagnosis_and_a_coverage_is_complete():
    found = assessed(register(), charges())
    assert (found.holds, found.net_cents, found.line_count) == ((), 28_500, 1)
    content = found.content
    assert content.institutional is None
    (line,) = content.lines
    assert (line.form, line.procedure_code, line.place_of_service_code) == ("P", "99214", "11")
    assert line.diagnosis_pointers == [1, 2]
    assert [(d.code, d.role) for d in content.diagnoses] == [
        ("E119", "principal"),
        ("I10", "other"),
    ]
    assert [(c.payer_id, c.sequence_code) for c in content.coverages] == [("60054", "P")]
    assert content.subscribers[0].member_number == "W123456789"
    assert content.patient.person.last_name == "TESTPATIENT"
    assert content.facility_id == "HOSP"
    assert content.rendering.npi == "1999999901"


def test_an_inpatient_goes_on_a_facility_claim():
    content = assessed(inpatient()).content
    stay = content.institutional
    assert (stay.bill_type_code, stay.statement_from, stay.statement_through) == (
        "11",
        "2026-02-27",
        "2026-03-09",
    )
    assert (stay.admission_type_code, stay.point_of_origin_code, stay.patient_status_code) == (
        "1",
        "1",
        "01",
    )
    assert (stay.admitted_at, stay.discharged_time) == ("202602270900", "1400")
    assert [(p.code, p.is_principal) for p in stay.procedures] == [("0DTJ4ZZ", True)]
    assert [(d.code, d.role, d.present_on_admission_code) for d in content.diagnoses] == [
        ("K3580", "principal", "Y"),
        ("I10", "other", "N"),
        ("E119", "other", ""),
        ("R1031", "admitting", ""),
    ]
    room, theatre = content.lines
    assert (room.form, room.revenue_code, room.unit_code, room.units_milli) == (
        "I",
        "0120",
        "DA",
        5_000,
    )
    assert (theatre.revenue_code, theatre.procedure_code) == ("0360", "44970")
    assert content.operating.last_name == "SURGEON"
    assert content.attending.npi == "1999999901"


def test_professional_and_facility_charges_of_one_visit_are_told_apart():
    both = charges(ft1("T1"), ft1("T2", code="99284^^C4", f7="0450^ED^UB"))
    forms = {line.form for line in assessed(register(), both).content.lines}
    assert forms == {"P", "I"}


def test_an_encounter_that_only_begins_is_held_for_what_is_to_come():
    assert held(register()) == {("no-diagnosis", "DG1[1]"), ("no-charges", "FT1[1]")}


def test_charges_without_registration_are_held_for_a_payer():
    assert held(charges()) == {("no-coverage", "IN1[1]")}


def test_a_self_payer_needs_no_coverage():
    own = message("DFT^P03", pid(), pv1(f20="SELFPAY"), ft1())
    assert assessed(own).content.coverages == []


def visit(*more: str, who: str = "", stay: str = "", line: str = "", cover: str = "") -> bytes:
    """A visit in one message, complete but for what a test changes."""
    return message("DFT^P03", who or pid(), stay or pv1(), line or ft1(), *more, cover or in1())


OLD, NEW = register(sent="20260301"), "20260305080000-0500"
UNDATED = segment("PR1", f3="0DTJ4ZZ^^I10P")
NO_PCS = segment("PR1", f3="123^^I10P", f5="20260301")
NOBODY = message("ADT^A08", pid(), pv1(f7='""'), in1(), sent=NEW)
CANCELLED = message("ADT^A11", pid(), pv1(), sent=NEW)


@pytest.mark.parametrize(
    ("messages", "rule", "path"),
    [
        ([visit(line=ft1(f20="654321^DOC^A"))], "npi-missing", "FT1[1]-20"),
        ([visit(line=ft1(f20="1999999902^DOC^A"))], "npi-check-digit", "FT1[1]-20"),
        ([visit(line=ft1(f20="1999999919"))], "provider-name-missing", "FT1[1]-20"),
        ([visit(line=ft1(f20="")), NOBODY], "no-rendering", "FT1[1]-20"),
        ([visit(line=ft1(f16=""))], "place-of-service-missing", "FT1[1]-16"),
        ([visit(line=ft1(code=""))], "needs-cdm-lookup", "FT1[1]-7"),
        ([visit(line=ft1(code="", f7=""))], "no-procedure-code", "FT1[1]-25"),
        ([visit(line=ft1(code="12345X"))], "procedure-malformed", "FT1[1]-25"),
        ([visit(line=ft1(f26="2"))], "modifier-malformed", "FT1[1]-26"),
        ([visit(line=ft1(f26="AA~BB~CC~DD~EE"))], "too-many-modifiers", "FT1[1]-26"),
        ([visit(line=ft1(amount=""))], "no-amount", "FT1[1]-11"),
        ([visit(line=ft1(amount="1e3"))], "amount-unreadable", "FT1[1]-11"),
        ([visit(line=ft1(amount="1&EUR"))], "currency-not-usd", "FT1[1]-11"),
        ([visit(line=ft1(f10="two"))], "units-unreadable", "FT1[1]-10"),
        ([visit(line=ft1(f29="123"))], "ndc-malformed", "FT1[1]-29"),
        ([visit(line=ft1(f4="202602"))], "service-date-missing", "FT1[1]-4"),
        ([visit(line=ft1(f19="250.00^^I9"))], "dx-not-billable-system", "FT1[1]-19"),
        ([visit(line=ft1(f19="pain^^I10"))], "dx-malformed", "FT1[1]-19"),
        ([visit(line=ft1("T1", "-5.00"))], "credit-unmatched", "FT1[1]"),
        ([visit(line=ft1("T1", "-5.00"))], "no-charges", "FT1[1]"),
        ([visit(line=ft1(f19=""))], "no-diagnosis", "DG1[1]"),
        ([visit(dg1("M54.50", "W"), line=ft1(f19=""))], "diagnoses-not-final", "DG1[1]"),
        ([visit(who=pid(f5=""))], "patient-name-missing", "PID[1]-5"),
        ([visit(who=pid(f7=""))], "birth-date-missing", "PID[1]-7"),
        ([visit(who=pid(f3="S^^^SSA^SS"))], "no-medical-record-number", "PID[1]-3"),
        ([OLD, visit(who=pid("R9"))], "record-number-differs", "PID[1]-3"),
        ([visit(stay=pv1("N"))], "class-unknown", "PV1[1]-2"),
        ([visit(stay=pv1("P"))], "preadmit", "PV1[1]-2"),
        ([visit(stay=pv1(f45="20260101"))], "dates-reversed", "PV1[1]-45"),
        ([visit(stay=pv1(f45="March"))], "date-unreadable", "PV1[1]-45"),
        ([visit(), CANCELLED], "admission-cancelled", "PV1[1]"),
        ([visit(cover=in1(member=""))], "no-member-id", "IN1[1]-36"),
        ([visit(cover=in1(payer=""))], "no-payer-id", "IN1[1]-3"),
        ([visit(cover=in1(f17="COUSIN"))], "relationship-unknown", "IN1[1]-17"),
        ([visit(cover=in1(f17="SPO", f16=""))], "subscriber-missing", "IN1[1]-16"),
        ([visit(in1("2", "M2"))], "coverage-order-twice", "IN1[2]-22"),
        ([charges()], "no-coverage", "IN1[1]"),
        ([inpatient(f45="")], "not-discharged", "PV1[1]-45"),
        ([inpatient(f36="")], "discharge-status-unknown", "PV1[1]-36"),
        ([inpatient(f4="")], "admission-type-unknown", "PV1[1]-4"),
        ([inpatient(f14="Q")], "point-of-origin-unknown", "PV1[1]-14"),
        ([inpatient(f7="")], "no-attending", "PV1[1]-7"),
        ([inpatient(UNDATED, dg1("K35.80"))], "procedure-date-missing", "PR1[1]-5"),
        ([inpatient(NO_PCS, dg1("K35.80"))], "pcs-malformed", "PR1[1]-3"),
    ],
)
def test_what_is_missing_holds_the_encounter_and_says_where(messages, rule, path):
    assert (rule, path) in held(*messages)


def test_a_facility_line_without_revenue_code_is_held():
    assert ("no-revenue-code", "FT1[1]-13") in held(visit(), profile=profile(form="I"))


def test_an_emergency_visit_takes_the_profiles_facility_codes_and_says_so():
    visit = message("DFT^P03", pid(), pv1("E"), ft1(code="99284^^C4", f7="0450^ED^UB"), in1())
    found = assessed(visit)
    assert found.content.institutional.admission_type_code == "1"
    assert rules(found.warnings).count("facility-code-defaulted") == 3


def test_an_outpatient_facility_line_needs_a_procedure_unless_it_is_packaged():
    def visit(revenue: str) -> bytes:
        return message("DFT^P03", pid(), pv1("E"), ft1(code="", f7="X", f13=revenue), in1())

    sender = profile(department_is_revenue_code=True)
    assert rules(assessed(visit("0450"), profile=sender).holds) == [
        "needs-cdm-lookup",
        "no-procedure-code",
    ]
    assert assessed(visit("0250"), profile=sender).holds == ()


def test_days_of_waiting_are_waited_and_ended_by_the_end_of_the_account():
    slow = profile(hold_days=4)
    complete = (register(), charges())
    assert rules(assessed(*complete, profile=slow, today="2026-03-02").holds) == ["bill-hold"]
    assert assessed(*complete, profile=slow, today="2026-03-03").holds == ()
    end = message("BAR^P06", pid(), pv1(), sent=LATE)
    assert assessed(*complete, end, profile=slow, today="2026-03-02").holds == ()


def test_without_line_diagnoses_the_principal_one_is_taken_and_said():
    found = assessed(message("DFT^P03", pid(), pv1(), ft1(f19=""), dg1("I10"), in1()))
    assert found.content.lines[0].diagnosis_pointers == [1]
    assert "pointer-defaulted" in rules(found.warnings)


def test_the_principal_diagnosis_is_the_final_one_of_rank_1():
    coded = message(
        "DFT^P03",
        pid(),
        pv1(),
        ft1(),
        dg1("I10", rank="2"),
        dg1("E11.9", rank="1"),
        dg1("J18.9", "W"),
        in1(),
    )
    diagnoses = assessed(coded).content.diagnoses
    assert [(d.code, d.role) for d in diagnoses] == [("E119", "principal"), ("I10", "other")]


def test_two_principals_a_missing_indicator_and_too_many_diagnoses_are_said():
    coded = inpatient(dg1("K35.80"), dg1("N17.9", rank="1", f26="Y"))
    found = assessed(coded)
    assert {("two-principals", "DG1[2]-15"), ("poa-missing", "DG1[1]-26")} <= places(found.warnings)
    assert found.content.diagnoses[0].code == "K3580"
    many = [dg1(f"E11.{n}", rank=str(n)) for n in range(10, 23)]
    assert "too-many-diagnoses" in rules(assessed(visit(*many)).warnings)
    assert "too-many-diagnoses" not in rules(assessed(visit(*many[:10])).warnings)


def test_external_causes_and_reasons_have_places_of_their_own():
    found = (dg1("W01.0XXA"), dg1("S52.501A", rank="2"), dg1("M79.631", "R", rank="3"))
    fall = visit(*found, stay=pv1("E"), line=ft1(f19=""))
    roles = [(d.code, d.role) for d in assessed(fall).content.diagnoses]
    assert roles == [("S52501A", "principal"), ("W010XXA", "external"), ("M79631", "reason")]


def test_a_rendering_provider_who_is_not_named_is_the_attending_one():
    found = assessed(register(), charges(ft1(f20="")))
    assert found.content.lines[0].rendering.npi == "1999999901"
    assert "rendering-defaulted" in rules(found.warnings)


def test_lines_have_numbers_that_x12_can_carry_and_that_differ():
    odd = ft1("T1 *" + "x" * 40, code="93000^^C4")
    lines = assessed(register(), charges(ft1("T1"), odd, ft1("", code="71045^^C4"))).content.lines
    assert [line.line_item_control_number for line in lines] == ["T1", "L2", "L3"]


def test_a_provider_named_once_is_named_everywhere():
    found = assessed(register(), charges(ft1("T1", f20="1999999901"), number="2"))
    assert found.content.lines[0].rendering.last_name == "ALPHADOC"


def test_a_stay_whose_hour_of_admission_is_unknown_says_none():
    assert assessed(inpatient(f44="20260227")).content.institutional.admitted_at == ""


def test_a_dependents_subscriber_is_the_other_person():
    child = in1(f16="PARENT^PAT", f17="CHILD", f18="19600101", f43="M")
    content = assessed(message("DFT^P03", pid(), pv1(), ft1(), child)).content
    assert content.coverages[0].relationship_code == "19"
    assert content.subscribers[0].person.last_name == "PARENT"
    assert content.patient.person.last_name == "TESTPATIENT"


def test_what_a_claim_does_not_say_does_not_change_it():
    first = assessed(register(), charges()).content
    moved = message(
        "ADT^A08", pid(f11="9 NEW^^X^OH^43004", f13="^PRN^PH^^1^1^1"), pv1(), in1(), sent=LATE
    )
    second = assessed(register(), charges(), moved).content
    assert second.patient.person.address.line1 == "9 NEW"
    assert second.sha256 == first.sha256


def test_what_a_claim_says_changes_it():
    first = assessed(register(), charges()).content
    for more in (
        charges(ft1("T2", "5.00"), number="2"),
        message("ADT^A08", pid(), pv1(), in1("62308", "U9"), sent=LATE),
        message("ADT^A08", pid(f5="OTHER^NAME"), pv1(), in1(), sent=LATE),
    ):
        assert assessed(register(), charges(), more).content.sha256 != first.sha256


def test_the_content_fits_the_contract():
    for messages in ((register(), charges()), (inpatient(),)):
        content = assessed(*messages).content
        again = msgspec.json.decode(msgspec.json.encode(content), type=type(content))
        assert again == content


def test_only_doubts_can_be_overruled():
    assert REASONS.keys() > OVERRULABLE
    assert all(REASONS[rule_id].severity == "error" for rule_id in OVERRULABLE)
    for lacking in ("npi-missing", "no-diagnosis", "no-amount", "no-patient", "no-charges"):
        assert lacking not in OVERRULABLE
