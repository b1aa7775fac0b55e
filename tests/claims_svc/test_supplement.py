"""What a claim says beyond what every claim says: each loop of it, on both forms."""

from datetime import date

import msgspec
import pytest
from msgspec.structs import replace

from claims_cases import (
    NOW,
    PAID,
    PERSON,
    RECEIVER,
    STREET,
    Case,
    a_content,
    a_coverage,
    a_directory,
    a_facility,
    a_facility_line,
    a_line,
    a_secondary,
    a_stay,
    a_subscriber,
    an_encounter,
    cas,
    clear,
    turned_round,
    two_payers,
)
from claims_svc.codec.check import faults_by_claim, trial
from claims_svc.codec.x837 import write_interchange
from claims_svc.model.content import contents
from claims_svc.model.directory import PayToPlan
from claims_svc.model.prior import PriorAdjudication, PriorLine
from claims_svc.model.supplement import ClaimSupplement
from claims_svc.rules import findings, supplements
from claims_svc.rules.edit import Setting
from rcm.events.claims import ClaimHeld, ClaimPrepared
from rcm.events.clinical import (
    Accident,
    DatedCode,
    Diagnosis,
    DrugLine,
    PatientPhi,
    Provider,
    ValueCode,
)
from rcm.events.phi import ClearPhi
from x12_pyx12_cases import DISAGREEMENTS, complaints

SURGEON = Provider(npi="1679576722", last_name="OKAFOR", first_name="ANN")
SUPERVISOR = {"npi": "1679576722", "last_name": "OKAFOR", "first_name": "ANN"}
WAY = {"line1": "9 ELM ST", "city": "COLUMBUS", "state_code": "OH", "postal_code": "43215"}
AMBULANCE = {
    "reason_code": "A",
    "distance_miles_milli": 12_500,
    "weight_pounds": 154,
    "stretcher_purpose": "UNABLE TO SIT",
}


def supplement(**values):
    """Read a supplement as the API does."""
    return msgspec.convert(values, ClaimSupplement)


def written(content):
    """Check a claim twice, alone and inside its interchange; give its segments."""
    text, reasons = trial("P1", content, RECEIVER, NOW.date())
    reasons += findings(content, Setting(NOW.date(), date(2027, 5, 1)))
    assert [one for one in reasons if one.severity == "error"] == []
    data = write_interchange(RECEIVER, content.form, (1, 1, ["0001"]), [[("P1", content)]], NOW)
    assert faults_by_claim(data) == {}
    assert text
    return [one.strip() for one in data.decode().split("~")]


def office(more=None, **changes):
    return a_content(an_encounter(**changes), supplement=supplement(**more) if more else None)


PAPER = {"report_type_code": "OB", "transmission_code": "EL"}
OFFICE = [
    ({"attachments": [PAPER | {"control_number": "A1"}]}, ["PWK*OB*EL***AC*A1"]),
    ({"notes": [{"code": "ADD", "text": "SECOND OPINION"}]}, ["NTE*ADD*SECOND OPINION"]),
    ({"contract": {"type_code": "02", "amount_cents": 10_000, "code": "C1"}}, ["CN1*02*100**C1"]),
    ({"spinal_manipulation": {"condition_code": "A", "description": "LOW BACK"}},
     ["CR2********A**LOW BACK"]),
    ({"conditions": [{"category_code": "ZZ", "applies": True, "codes": ["AV"]}]},
     ["CRC*ZZ*Y*AV"]),
    ({"conditions": [{"category_code": "75", "applies": True, "codes": ["IH"]}]},
     ["CRC*75*Y*IH"]),
    ({"clia_number": "36D0000001"}, ["REF*X4*36D0000001"]),
    ({"mammography_certification_number": "123456"}, ["REF*EW*123456"]),
    ({"service_authorization_exception_code": "1"}, ["REF*4N*1"]),
    ({"investigational_device_number": "G000001"}, ["REF*LX*G000001"]),
    ({"care_plan_oversight_number": "1679576722"}, ["REF*1J*1679576722"]),
    ({"demonstration_project_number": "58"}, ["REF*P4*58"]),
    ({"condition_codes": ["AA"]}, ["HI*BG:AA"]),
    ({"patient_paid_cents": 2_000}, ["AMT*F5*20"]),
    ({"special_program_code": "05"}, ["CLM*P1*175***11:B:1*Y*A*Y*Y***05"]),
    ({"supervising": SUPERVISOR}, ["NM1*DQ*1*OKAFOR*ANN****XX*1679576722"]),
    ({"is_pregnant": True, "weight_pounds": 130}, ["PAT*******01*130*Y"]),
    ({"died_on": "2026-11-10"}, ["PAT*****D8*20261110"]),
    ({"property_casualty_claim_number": "PC1"}, ["REF*Y4*PC1"]),
    ({"dates": {"last_seen_on": "2026-10-01"}}, ["DTP*304*D8*20261001"]),
    ({"dates": {"discharged_on": "2026-11-04"}}, ["DTP*096*D8*20261104"]),
    ({"dates": {"initial_treatment_on": "2026-10-01"}}, ["DTP*454*D8*20261001"]),
    ({"dates": {"acute_manifestation_on": "2026-10-01"}}, ["DTP*453*D8*20261001"]),
    ({"dates": {"last_menstrual_period_on": "2026-10-01"}}, ["DTP*484*D8*20261001"]),
    ({"dates": {"last_x_ray_on": "2026-10-01"}}, ["DTP*455*D8*20261001"]),
    ({"dates": {"prescribed_on": "2026-10-01"}}, ["DTP*471*D8*20261001"]),
    ({"dates": {"disability_from": "2026-10-01", "disability_through": "2026-10-20"}},
     ["DTP*314*RD8*20261001-20261020"]),
    ({"dates": {"last_worked_on": "2026-10-01", "return_to_work_on": "2026-11-01"}},
     ["DTP*297*D8*20261001", "DTP*296*D8*20261101"]),
    ({"dates": {"care_assumed_on": "2026-10-01", "care_relinquished_on": "2026-11-01"}},
     ["DTP*090*D8*20261001", "DTP*091*D8*20261101"]),
]  # fmt: skip


@pytest.mark.parametrize(("more", "wanted"), OFFICE, ids=lambda value: str(value)[:50])
def test_a_professional_claim_says_it(more, wanted):
    found = written(office(more))
    assert set(wanted) <= set(found)
    assert not set(wanted) & set(written(office()))


LINE = [
    ({"attachments": [PAPER | {"control_number": "A2"}]}, ["PWK*OB*EL***AC*A2"]),
    ({"notes": [{"code": "ADD", "text": "LEFT SIDE"}]}, ["NTE*ADD*LEFT SIDE"]),
    ({"prior_authorization_number": "AUTH1"}, ["REF*G1*AUTH1"]),
    ({"referral_number": "REFER1"}, ["REF*9F*REFER1"]),
    ({"ambulance": AMBULANCE}, ["CR1*LB*154**A*DH*12.5****UNABLE TO SIT"]),
    ({"conditions": [{"category_code": "07", "applies": True, "codes": ["01"]}]},
     ["CRC*07*Y*01"]),
    ({"mammography_certification_number": "123456"}, ["REF*EW*123456"]),
    ({"prescribed_on": "2026-11-01"}, ["DTP*471*D8*20261101"]),
    ({"last_seen_on": "2026-10-30"}, ["DTP*304*D8*20261030"]),
    ({"initial_treatment_on": "2026-10-29"}, ["DTP*454*D8*20261029"]),
    ({"shipped_on": "2026-11-03"}, ["DTP*011*D8*20261103"]),
    ({"creatinine_test_on": "2026-10-28"}, ["DTP*739*D8*20261028"]),
    ({"obstetric_units_milli": 3_000}, ["QTY*FL*3"]),
    ({"referring_clia_number": "36D0000002"}, ["REF*F4*36D0000002"]),
    ({"clia_number": "36D0000001"}, ["REF*X4*36D0000001"]),
    ({"immunization_batch_number": "B7"}, ["REF*BT*B7"]),
    ({"is_emergency": True, "is_epsdt": True, "is_family_planning": True},
     ["SV1*HC:G0439*175*UN*1***1**Y**Y*Y"]),
    ({"is_copay_exempt": True}, ["SV1*HC:G0439*175*UN*1***1********0"]),
    ({"contract": {"type_code": "04"}}, ["CN1*04"]),
    ({"measurements": [{"reference_code": "TR", "qualifier_code": "R2", "value_milli": 33_000}]},
     ["MEA*TR*R2*33"]),
    ({"purchased_from_npi": "1679576722", "purchased_cents": 6_000},
     ["PS1*1679576722*60", "NM1*QB*2******XX*1679576722"]),
    ({"supervising": SUPERVISOR}, ["NM1*DQ*1*OKAFOR*ANN****XX*1679576722"]),
    ({"referring": SUPERVISOR}, ["NM1*DN*1*OKAFOR*ANN****XX*1679576722"]),
    ({"last_x_ray_on": "2026-10-01"}, ["DTP*455*D8*20261001"]),
    ({"haemoglobin_test_on": "2026-10-01"}, ["DTP*738*D8*20261001"]),
    ({"sales_tax_cents": 250, "postage_cents": 100}, ["AMT*T*2.5", "AMT*F4*1"]),
]  # fmt: skip


@pytest.mark.parametrize(("more", "wanted"), LINE, ids=lambda value: str(value)[:50])
def test_a_professional_line_says_it(more, wanted):
    assert set(wanted) <= set(written(office({"lines": {"L1": more}})))


@pytest.mark.parametrize("form", ["P", "I"])
def test_a_prescription_has_the_number_of_its_drug(form):
    drug = DrugLine(ndc="00409379501", quantity_milli=2_000, unit_code="ML")
    more = {"lines": {"L1" if form == "P" else "F1": {"prescription_number": "RX1"}}}
    if form == "P":
        content = office(more, lines=[a_line(drug=drug)])
    else:
        stay = a_stay(lines=[a_facility_line(drug=drug)], operating=SURGEON)
        content = a_content(stay, supplement=supplement(**more))
    assert "REF*XZ*RX1" in written(content)


@pytest.mark.parametrize(("count", "parts"), [(999, [999]), (1_000, [999, 1]), (1_998, [999, 999])])
def test_a_bill_of_more_lines_than_the_form_has_becomes_several(count, parts):
    lines = [a_facility_line(number, billed_cents=100) for number in range(1, count + 1)]
    found = list(contents(clear(a_stay(lines=lines)), a_directory()))
    assert [(one.part, len(one.lines)) for one in found] == list(enumerate(parts, 1))
    assert sum(one.billed_cents for one in found) == 100 * count


@pytest.mark.parametrize(("count", "is_held"), [(999, False), (1_000, True)])
def test_no_more_lines_than_a_bill_has_room_for(count, is_held):
    lines = [a_facility_line(number, billed_cents=100) for number in range(1, count + 1)]
    content = replace(a_content(a_stay(operating=SURGEON)), lines=lines)
    _, reasons = trial("I1", content, RECEIVER, NOW.date())
    assert ("too-many" in {one.rule_id for one in reasons}) is is_held


def test_an_ambulance_claim_has_journey_certification_pick_up_and_drop_off():
    """Held for want of them, and sent once they are given."""
    case = Case()
    ride = a_line(procedure_code="A0429", place_of_service_code="41", units_milli=1_000)
    miles = a_line(2, procedure_code="A0425", place_of_service_code="41", units_milli=12_500)
    case.coded(an_encounter(lines=[ride, miles]))
    held = case.story.facts[-1].event
    assert isinstance(held, ClaimHeld)
    assert {one.rule_id for one in held.reasons} >= {
        "ambulance-facts-missing", "ambulance-pickup-missing"
    }  # fmt: skip
    more = supplement(
        ambulance=AMBULANCE,
        conditions=[{"category_code": "07", "applies": True, "codes": ["01", "09"]}],
        pick_up=WAY,
        drop_off={"address": WAY, "name": "NORTHSIDE REGIONAL"},
        lines={"L1": {"ambulance_patient_count": 2}},
    )
    case.corrects(held.claim_id, supplement=more).then(ClaimPrepared)
    found = [one.strip() for one in case.sends(held.claim_id).data.decode().split("~")]
    for wanted in (
        "CR1*LB*154**A*DH*12.5****UNABLE TO SIT",
        "CRC*07*Y*01*09",
        "NM1*PW*2",
        "NM1*45*2*NORTHSIDE REGIONAL",
        "QTY*PT*2",
        "SV1*HC:A0425*175*UN*12.5***1",
    ):
        assert wanted in found
    assert found.count("N3*9 ELM ST") == 2


def test_anaesthesia_is_billed_in_minutes_with_physical_status_and_its_procedures():
    line = a_line(
        procedure_code="00810", unit_code="MJ", units_milli=45_000, modifiers=["AA", "P3"]
    )
    more = {
        "anaesthesia_procedure_codes": ["G0105"],
        "lines": {"L1": {"obstetric_units_milli": 2_000}},
    }
    found = written(office(more, lines=[line]))
    assert "SV1*HC:00810:AA:P3*175*MJ*45***1" in found
    assert "QTY*FL*2" in found
    assert "HI*BP:G0105" in found


def test_the_parts_that_come_with_the_encounter_are_said():
    """Accident, onset, prior authorization, referral, drug, providers, place, dependent."""
    accident = Accident(cause_codes=["AA", "OA"], state_code="OH", happened_on="2026-11-01")
    drug = DrugLine(ndc="00409379501", quantity_milli=2_000, unit_code="ML")
    coded = an_encounter(
        coverages=[
            a_coverage(
                relationship_code="19", prior_authorization_number="AUTH9", referral_number="R9"
            )
        ],
        subscribers=ClearPhi.of("pt_1", [a_subscriber(person=replace(PERSON, first_name="EVE"))]),
        patient=ClearPhi.of("pt_1", PatientPhi(person=PERSON, medical_record_number="M1")),
        accident=accident,
        onset_on="2026-11-01",
        referring=SURGEON,
        service_facility=Provider(npi="1679576722", last_name="IMAGING", is_organization=True),
        lines=[a_line(drug=drug, ordering=SURGEON), a_line(2, rendering=SURGEON)],
    )
    found = written(a_content(coded))
    for wanted in (
        "PAT*19",
        "NM1*QC*1*XIONG*ADA",
        "DTP*439*D8*20261101",
        "DTP*431*D8*20261101",
        "REF*G1*AUTH9",
        "REF*9F*R9",
        "LIN**N4*00409379501",
        "CTP****2*ML",
        "NM1*DN*1*OKAFOR*ANN****XX*1679576722",
        "NM1*DK*1*OKAFOR*ANN****XX*1679576722",
        "NM1*82*1*OYELARAN*NOOR****XX*1123400016",
        "NM1*77*2*NORTHSIDE IMAGING*****XX*1679576722",
    ):
        assert wanted in found
    assert "CLM*P1*350***11:B:1*Y*A*Y*Y**AA:OA::OH" in found


def test_who_is_paid_elsewhere_is_said_with_the_billing_provider():
    box = replace(STREET, line1="PO BOX 9")
    plan = PayToPlan(
        name="BUYER OF CLAIMS", number="99999", address=STREET, employer_id_number="310000009"
    )
    facility = a_facility(pay_to_address=box, pay_to_plan=plan, clia_number="36D0000001")
    content = a_content(an_encounter(), facility=facility)
    found = written(content)
    assert {"NM1*87*2", "N3*PO BOX 9", "NM1*PE*2*BUYER OF CLAIMS*****PI*99999"} <= set(found)
    assert "REF*X4*36D0000001" not in found, "no laboratory test is billed"
    waived = replace(content, lines=[a_line(modifiers=["QW"])])
    assert "REF*X4*36D0000001" in written(waived)


BILL = [
    ({"attachments": [{"report_type_code": "OB", "transmission_code": "AA"}]}, ["PWK*OB*AA"]),
    ({"notes": [{"code": "ADD", "text": "SECOND STAY"}]}, ["NTE*ADD*SECOND STAY"]),
    ({"contract": {"type_code": "01"}}, ["CN1*01"]),
    ({"conditions": [{"category_code": "ZZ", "applies": True, "codes": ["AV"]}]}, ["CRC*ZZ*Y*AV"]),
    ({"auto_accident_state_code": "OH"}, ["REF*LU*OH"]),
    ({"patient_paid_cents": 5_000}, ["AMT*F3*50"]),
    ({"other_operating": SUPERVISOR}, ["NM1*ZZ*1*OKAFOR*ANN****XX*1679576722"]),
    ({"service_authorization_exception_code": "3"}, ["REF*4N*3"]),
    ({"investigational_device_number": "G000001"}, ["REF*LX*G000001"]),
    ({"lines": {"F1": {"non_covered_cents": 5_000}}}, ["SV2*0120**2850*DA*2**50"]),
    ({"lines": {"F1": {"sales_tax_cents": 100}}}, ["AMT*GT*1"]),
    ({"lines": {"F1": {"attachments": [{"report_type_code": "OZ", "transmission_code": "AA"}]}}},
     ["PWK*OZ*AA"]),
    ({"lines": {"F1": {"operating": SUPERVISOR}}}, ["NM1*72*1*OKAFOR*ANN****XX*1679576722"]),
    ({"lines": {"F1": {"operating": SUPERVISOR, "other_operating": SUPERVISOR}}},
     ["NM1*ZZ*1*OKAFOR*ANN****XX*1679576722"]),
    ({"lines": {"F1": {"referring": SUPERVISOR}}}, ["NM1*DN*1*OKAFOR*ANN****XX*1679576722"]),
    ({"treatment_codes": ["A01", "B02"]}, ["HI*TC:A01*TC:B02"]),
]  # fmt: skip


@pytest.mark.parametrize(("more", "wanted"), BILL, ids=lambda value: str(value)[:50])
def test_an_institutional_claim_says_it(more, wanted):
    content = a_content(a_stay(operating=SURGEON), supplement=supplement(**more))
    assert set(wanted) <= set(written(content))


def test_a_bill_has_its_codes_spans_values_procedures_and_providers():
    facts = replace(
        a_stay().institutional,
        occurrences=[DatedCode(code="11", from_on="2026-11-01")],
        spans=[DatedCode(code="70", from_on="2026-11-02", through_on="2026-11-03")],
        values=[ValueCode(code="80", amount_cents=200)],
        condition_codes=["17"],
    )
    diagnoses = [
        *a_stay().diagnoses,
        Diagnosis(code="W010XXA", role="external", present_on_admission_code="Y"),
    ]
    stay = a_stay(
        institutional=facts,
        diagnoses=diagnoses,
        operating=SURGEON,
        referring=SURGEON,
        rendering=SURGEON,
    )
    found = written(a_content(stay))
    for wanted in (
        "CL1*1*1*01",
        "DTP*434*RD8*20261102-20261104",
        "DTP*435*DT*202611020900",
        "DTP*096*TM*1400",
        "HI*ABK:M1711:::::::Y",
        "HI*ABJ:M1711",
        "HI*ABN:W010XXA:::::::Y",
        "HI*DR:470",
        "HI*ABF:I10:::::::Y",
        "HI*BBR:0SRD0J9:D8:20261103",
        "HI*BI:70:RD8:20261102-20261103",
        "HI*BH:11:D8:20261101",
        "HI*BE:80:::2",
        "HI*BG:17",
        "NM1*71*1*OYELARAN*NOOR****XX*1123400016",
        "NM1*72*1*OKAFOR*ANN****XX*1679576722",
        "NM1*82*1*OKAFOR*ANN****XX*1679576722",
        "NM1*DN*1*OKAFOR*ANN****XX*1679576722",
    ):
        assert wanted in found


BROKEN = [
    ("supplement-line-unknown", office({"lines": {"L9": {"is_epsdt": True}}})),
    ("supplement-not-on-form", office({"treatment_codes": ["A01"]})),
    ("supplement-not-on-form", office({"lines": {"L1": {"non_covered_cents": 1}}})),
    ("supplement-not-on-form", a_content(a_stay(), supplement=supplement(ambulance=AMBULANCE))),
    (
        "supplement-not-on-form",
        a_content(a_stay(), supplement=supplement(lines={"F1": {"is_epsdt": True}})),
    ),
    ("supplement-date-malformed", office({"dates": {"last_seen_on": "2026-02-30"}})),
    ("supplement-date-malformed", office({"lines": {"L1": {"shipped_on": "2026-02-30"}}})),
    ("supplement-date-malformed", office({"died_on": "2026-13-01"})),
    ("prescription-without-drug", office({"lines": {"L1": {"prescription_number": "RX1"}}})),
]


@pytest.mark.parametrize(("rule_id", "content"), BROKEN)
def test_an_edit_of_supplements_holds_what_it_is_for(rule_id, content):
    names = {edit.rule_id for edit in supplements.EDITS}
    found = {one.rule_id for one in findings(content, Setting(NOW.date(), NOW.date()))}
    assert found & names == {rule_id}


def test_every_edit_of_supplements_has_a_case_that_breaks_it():
    assert {rule_id for rule_id, _ in BROKEN} == {edit.rule_id for edit in supplements.EDITS}


@pytest.mark.parametrize(
    ("form", "count", "is_held"),
    [("P", 12, False), ("P", 13, True), ("I", 25, False), ("I", 26, True)],
)
def test_no_more_diagnoses_than_a_form_has_room_for(form, count, is_held):
    codes = [f"M{n:02d}1" for n in range(50)]
    if form == "P":
        listed = [Diagnosis(code=code, role="other") for code in codes[:count]]
        content = a_content(an_encounter(diagnoses=listed))
    else:
        others = [
            Diagnosis(code=code, role="other", present_on_admission_code="Y")
            for code in codes[: count - 1]
        ]
        first = a_stay().diagnoses[:2]
        content = a_content(a_stay(diagnoses=[*first, *others], operating=SURGEON))
    _, reasons = trial("P1", content, RECEIVER, NOW.date())
    assert ("too-many" in {one.rule_id for one in reasons}) is is_held


def test_a_line_of_no_charge_may_stand_on_a_claim_and_a_claim_of_no_charge_may_not():
    free = a_line(2, billed_cents=0)
    assert "SV1*HC:G0439*0*UN*1***1" in written(office(lines=[a_line(), free]))
    _, reasons = trial("P1", office(lines=[free]), RECEIVER, NOW.date())
    assert "charge-not-positive" in {one.rule_id for one in reasons}


def test_what_a_person_added_stays_with_the_next_version_of_the_encounter():
    case = Case()
    case.coded()
    (claim_id,) = case.claim_ids("ready")
    note = supplement(notes=[{"code": "ADD", "text": "SECOND OPINION"}])
    case.corrects(claim_id, supplement=note).then(ClaimPrepared)
    case.coded(an_encounter(coded_version=2))
    case.catches_up()
    assert b"NTE*ADD*SECOND OPINION~" in case.sends(claim_id).data


def every_content():
    """Give the contents of the tables above, and secondary claims of both forms."""
    yield from (office(more) for more, _ in OFFICE)
    yield from (office({"lines": {"L1": more}}) for more, _ in LINE)
    for more, _ in BILL:
        yield a_content(a_stay(operating=SURGEON), supplement=supplement(**more))
    yield a_secondary(PAID)
    whole = replace(PAID, lines=[], adjustments=PAID.lines[0].adjustments, remark_codes=["MA01"])
    yield a_secondary(whole)
    bill = a_content(two_payers(a_stay(operating=SURGEON)))
    adjusted = cas(("CO", "45", 100_000), ("PR", "1", 50_000))
    said = PriorAdjudication(
        adjudicated_on="2026-11-22",
        paid_cents=135_000,
        adjustments=adjusted,
        remark_codes=["MA01"],
        payer_claim_control_number="PCN7",
    )
    yield turned_round(bill, said)
    by_line = PriorLine(
        line_item_control_number="F1",
        paid_cents=135_000,
        revenue_code="0120",
        units_milli=2_000,
        adjustments=adjusted,
    )
    yield turned_round(bill, replace(said, adjustments=[], lines=[by_line]))


def test_an_independent_validator_finds_nothing_in_any_of_it(tmp_path):
    contents = list(every_content())
    for form in ("P", "I"):
        batch = [(f"{form}{n}", one) for n, one in enumerate(contents) if one.form == form]
        assert len(batch) > 10
        for _, content in batch:
            written(content)
        data = write_interchange(RECEIVER, form, (1, 1, ["0001"]), [batch], NOW)
        found = complaints(data, tmp_path)
        assert set(found) - set(DISAGREEMENTS) == set()
