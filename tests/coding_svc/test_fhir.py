"""FHIR R4 bundles: read strictly, mapped to the same encounter as HL7 v2."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_cases import CORPUS, TODAY, profile, profiles, rules
from coding_fhir_cases import CPT, SCT, bundle, coded, resources, typed
from coding_svc.codec.fhir.document import BYTES_MAX, DEPTH_MAX, Node, Unreadable, read
from coding_svc.codec.fhir.encounter import understand
from coding_svc.decide.billing import assess
from coding_svc.decide.merge import faults_of, merge
from coding_svc.model.documented import Documented, SetAside
from coding_svc.rules.profile import Profiles

OFFICE = profile(
    senders=["EHR|HOSP"], class_places_of_service={"O": "11"}, default_facility_id="HOSP"
)


def node(document: object) -> Node:
    found = read(json.dumps(document).encode())
    assert isinstance(found, Node), found
    return found


def said(**changes) -> Documented:
    """What the bundle says with some resources changed (dict), or left out (None)."""
    parts = resources()
    for name, change in changes.items():
        if change is None:
            del parts[name]
        else:
            parts[name] = {**parts.get(name, {}), **change}
    found = understand(node(bundle(parts)), profiles(OFFICE), "msg_1")
    assert isinstance(found, Documented), found
    return found


def assessed(**changes):
    account, _ = merge(None, said(**changes))
    return assess(account, OFFICE, today=TODAY)


def test_a_visit_is_complete_and_says_what_hl7_v2_would():
    found = assessed()
    assert found.holds == ()
    content = found.content
    assert content.patient.person.last_name == "TESTPATIENT"
    assert content.patient.person.middle_name == "Q"
    assert (content.patient.medical_record_number, content.patient.visit_number) == ("R1", "V1")
    assert content.patient.person.address.postal_code == "430041234"
    assert content.patient.person.phone_number == "6145550100"
    (coverage,), (subscriber,) = content.coverages, content.subscribers
    assert (coverage.payer_id, coverage.payer_name, coverage.relationship_code) == (
        "60054",
        "AETNA",
        "18",
    )
    assert (subscriber.member_number, subscriber.group_number) == ("W123456789", "GRP1")
    assert [(d.code, d.role) for d in content.diagnoses] == [("E119", "principal")]
    (line,) = content.lines
    assert (line.procedure_code, line.modifiers, line.billed_cents) == ("99214", ["25"], 28_500)
    assert (line.line_item_control_number, line.rendering.npi) == ("TX1", "1999999901")
    assert content.attending.last_name == "ALPHADOC"


def test_dates_of_service_are_the_facilitys():
    found = said()
    assert found.charges[0].service_from == "2026-02-28", "03:15 in Greenwich is the evening before"
    assert (found.stay.started_on, found.stay.started_time) == ("2026-02-28", "2215")


@pytest.mark.parametrize(
    "text", ["2026-02", "2026", "2026-02-30", "20260228", "2026-02-28T25:00:00Z", 20260228]
)
def test_what_is_not_a_day_is_no_date_of_service(text):
    (charge,) = said(charge={"occurrenceDateTime": text}).charges
    assert rules(charge.faults) == ["service-date-missing"]


def test_the_account_names_the_encounter_then_the_visit():
    assert said().key.number == "A1"
    assert said(encounter={"identifier": [typed("VN", "V1")]}).key.number == "V1"
    account = {"resourceType": "Account", "id": "a", "identifier": [typed("AN", "HAR7")]}
    assert said(account=account).key.number == "HAR7"
    derived = said(encounter={"identifier": []}).key
    assert (derived.number, rules(derived.reasons)) == ("R1/2026-02-28", ["encounter-key-derived"])


def test_the_same_visit_by_hl7_and_by_fhir_is_one_encounter():
    assert said().key.authority == "HOSP"
    assert said().sender == "EHR|HOSP"


def test_a_problem_list_is_no_diagnosis_of_the_encounter():
    listed = {"category": [coded("c", "problem-list-item")]}
    assert said(condition=listed).diagnoses is not None, "the encounter points to it"
    assert said(condition=listed, encounter={"diagnosis": []}).diagnoses is None
    refuted = {"verificationStatus": coded("v", "refuted")}
    assert said(condition=refuted).diagnoses is None


def test_a_diagnosis_in_snomed_only_holds():
    assert rules(assessed(condition={"code": coded(SCT, "44054006")}).holds) == [
        "dx-not-billable-system",
        "no-diagnosis",
    ]


FIVE_MODIFIERS = [{"url": "modifier", "valueCode": f"A{n}"} for n in range(5)]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"priceOverride": {"value": 1e3, "currency": "EUR"}}, "currency-not-usd"),
        ({"priceOverride": {"value": "1e3"}}, "amount-unreadable"),
        ({"priceOverride": {"value": 12.345}}, "amount-unreadable"),
        ({"priceOverride": {"value": True}}, "no-amount"),
        ({"priceOverride": None}, "no-amount"),
        ({"quantity": {"value": 0}}, "units-unreadable"),
        ({"quantity": None}, "units-defaulted-1"),
        ({"code": coded(CPT, "9921")}, "procedure-malformed"),
        ({"code": coded("urn:cdm", "450001")}, "needs-cdm-lookup"),
        ({"extension": [{"url": "x/modifier", "valueString": "long"}]}, "modifier-malformed"),
        (
            {"extension": [{"url": "modifier", "valueCode": f"A{n}"} for n in range(5)]},
            "too-many-modifiers",
        ),
        ({"reason": [coded(SCT, "44054006")]}, "dx-not-billable-system"),
        ({"reason": [coded("http://hl7.org/fhir/sid/icd-10-cm", "pain")]}, "dx-malformed"),
    ],
)
def test_what_is_wrong_with_a_charge_is_said(change, rule):
    (charge,) = said(charge=change).charges
    assert rule in rules(charge.faults)


def test_a_charges_own_diagnoses_are_its_pointers():
    other = {
        "resourceType": "Condition",
        "id": "x2",
        "category": [coded("c", "encounter-diagnosis")],
        "code": coded("http://hl7.org/fhir/sid/icd-10-cm", "I10"),
    }
    supported = {
        "supportingInformation": [{"reference": "Condition/x2"}, {"reference": "Patient/p"}],
        "reason": [coded("http://hl7.org/fhir/sid/icd-10-cm", "E11.9")],
    }
    (charge,) = said(second=other, charge=supported).charges
    assert charge.diagnosis_codes == ("E119", "I10")


def test_the_charge_master_prices_what_has_no_price():
    master = {"450001": {"procedure_code": "99284", "price_cents": 101, "modifiers": ["25"]}}
    sender = profile(senders=["EHR|HOSP"], charge_master=master)

    def priced(quantity: float):
        parts = resources()
        parts["charge"] |= {"code": coded("urn:cdm", "450001"), "quantity": {"value": quantity}}
        parts["charge"].pop("priceOverride")
        return understand(node(bundle(parts)), profiles(sender), "msg_1").charges[0]

    found = priced(2)
    assert (found.procedure_code, found.billed_cents, found.modifiers) == ("99284", 202, ("25",))
    assert rules(priced(0.5).faults) == ["amount-unreadable"]


def test_modifiers_may_be_codings():
    both = [{"system": CPT, "code": "99214"}, {"system": "urn:modifier", "code": "57"}]
    (charge,) = said(charge={"code": {"coding": both}}).charges
    assert charge.modifiers == ("25", "57")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"subscriberId": None}, "no-member-id"),
        ({"relationship": None, "subscriber": None}, "relationship-unknown"),
        ({"order": 9}, "coverage-order-guessed"),
        ({"payor": []}, "no-payer-id"),
    ],
)
def test_what_is_wrong_with_a_coverage_is_said(change, rule):
    assert rule in rules(said(coverage=change).coverages[0].faults)


def test_a_coverage_that_is_void_is_none_and_one_of_the_beneficiarys_own_is_self():
    assert said(coverage={"status": "cancelled"}).coverages is None
    assert said(coverage={"relationship": None}).coverages[0].relationship_code == "18"


def test_what_is_unknown_of_the_stay_is_said():
    assert rules(said(encounter={"class": {"code": "MOON"}}).stay.faults) == ["class-unknown"]
    assert said(encounter={"identifier": [], "period": {}}).key is None


def test_a_provider_is_known_by_the_directory_and_a_bad_npi_is_said():
    local = {"identifier": [{"system": "local", "value": "D7"}], "name": []}
    assert said(doctor=local).stay.attending.fault == "npi-missing"
    bad = {"identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1999999902"}]}
    assert said(doctor=bad).stay.attending.fault == "npi-check-digit"
    known = {"D7": {"npi": "1999999901", "last_name": "ALPHADOC"}}
    parts = resources()
    parts["doctor"] |= local
    sender = profile(senders=["EHR|HOSP"], providers=known)
    found = understand(node(bundle(parts)), profiles(sender), "msg_1").stay.attending
    assert (found.npi, found.last_name, found.fault) == ("1999999901", "ALPHADOC", "")


def test_a_tenant_without_profiles_takes_no_bundle():
    found = understand(node(bundle(resources())), Profiles(()), "msg_1")
    assert rules(found.reasons) == ["sender-not-expected"]


@pytest.mark.parametrize(("text", "cents"), [("1.15", 115), ("999999999.99", 99_999_999_999)])
def test_amounts_never_pass_through_a_float(text, cents):
    found = read(json.dumps(bundle(resources())).replace("285.0", text).encode())
    assert understand(found, profiles(OFFICE), "msg_1").charges[0].billed_cents == cents


@pytest.mark.parametrize("status", ["entered-in-error", "not-billable", "planned", "aborted"])
def test_what_is_not_billed_is_no_charge(status):
    found = said(charge={"status": status})
    assert (found.charges, rules(found.reasons)) == ((), ["not-a-charge"])


def test_a_procedure_is_never_a_charge():
    pcs = {
        "resourceType": "Procedure",
        "id": "pr",
        "status": "completed",
        "code": coded("http://www.cms.gov/Medicare/Coding/ICD10", "0DTJ4ZZ"),
        "performedDateTime": "2026-03-01",
        "performer": [{"actor": {"reference": "Practitioner/d"}}],
    }
    found = said(procedure=pcs)
    assert len(found.charges) == 1
    assert [(p.code, p.performed_on) for p in found.procedures] == [("0DTJ4ZZ", "2026-03-01")]
    assert found.procedures[0].surgeon.npi == "1999999901"
    assert said(procedure={**pcs, "status": "preparation"}).procedures is None
    uncoded = said(procedure={**pcs, "code": coded(SCT, "80146002")})
    assert (uncoded.procedures, rules(uncoded.reasons)) == (None, ["resource-unusable"])


def test_an_inpatient_who_is_still_here_is_not_discharged():
    staying = {"status": "in-progress", "class": {"code": "IMP"}}
    assert "not-discharged" in rules(assessed(encounter=staying).holds)


def test_a_cancelled_encounter_is_held():
    assert rules(assessed(encounter={"status": "cancelled"}).holds) == ["admission-cancelled"]


def test_contained_and_absolute_references_are_followed_and_nothing_else():
    contained = {
        "contained": [
            {"resourceType": "Organization", "id": "o2", "identifier": [{"value": "62308"}]}
        ],
        "payor": [{"reference": "#o2"}],
    }
    assert said(coverage=contained).coverages[0].payer_id == "62308"
    absolute = {"payor": [{"reference": "https://ehr/fhir/Organization/o/_history/3"}]}
    assert said(coverage=absolute).coverages[0].payer_id == "60054"
    abroad = {"payor": [{"reference": "http://169.254.169.254/latest"}]}
    assert "no-payer-id" in rules(said(coverage=abroad).coverages[0].faults)


def test_references_in_a_circle_end():
    circle = {
        "contained": [
            {"resourceType": "PractitionerRole", "id": "x", "practitioner": {"reference": "#x"}}
        ],
        "participant": [{"individual": {"reference": "#x"}}],
    }
    assert said(encounter=circle).stay.attending is None


def refused(document: object) -> list[str]:
    found = understand(node(document), profiles(OFFICE), "msg_1")
    assert isinstance(found, SetAside)
    assert found.outcome == "rejected"
    return rules(found.reasons)


def test_bundles_that_cannot_be_used_are_refused():
    assert refused({"resourceType": "Patient"}) == ["not-a-bundle"]
    assert refused(bundle({})) == ["no-encounter-key"]
    parts = resources()
    parts["second"] = copy.deepcopy(parts["encounter"])
    assert refused(bundle(parts)) == ["several-encounters"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "not-json"),
        (b"[]", "not-a-bundle"),
        (b"null", "not-a-bundle"),
        (b'{"a":1,"a":2}', "json-duplicate-key"),
        (b'{"a":NaN}', "not-json"),
        (b'{"a":Infinity}', "not-json"),
        (b'{"a":' + b"9" * 41 + b"}", "not-json"),
        (b'{"a":"\xff"}', "not-json"),
        (b"[" * 10_000, "json-too-deep"),
        (b'{"a":' * (DEPTH_MAX + 1), "json-too-deep"),
        (b'{"a":"' + b"x" * BYTES_MAX + b'"}', "too-large"),
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(data, rule):
    found = read(data)
    assert isinstance(found, Unreadable)
    assert found.reason.rule_id == rule


def test_brackets_inside_texts_are_no_depth():
    assert isinstance(read(b'{"a":"' + b"[" * 1_000 + b'\\"["}'), Node)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
def test_any_value_anywhere_never_raises(data):
    parts = resources()
    name = data.draw(st.sampled_from(sorted(parts)))
    path = parts[name]
    key = data.draw(st.sampled_from(sorted(path)))
    path[key] = data.draw(JSON)
    found = understand(node(bundle(parts)), profiles(OFFICE), "msg_1")
    if isinstance(found, Documented):
        account, _ = merge(None, found)
        assess(account, OFFICE, today=TODAY)
        faults_of(found)


def test_every_bundle_of_the_corpus_is_answered_without_exception():
    if not CORPUS.exists():
        pytest.skip("the public corpus is not here")
    seen = 0
    for path in sorted((CORPUS / "fhir").rglob("*.json"))[:120]:
        found = read(path.read_bytes())
        if isinstance(found, Node):
            understand(found, profiles(OFFICE), "msg_1")
            seen += 1
    assert seen > 50
