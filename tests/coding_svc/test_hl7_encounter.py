"""What a message says: each trap that real senders set."""

import pytest

from coding_cases import (
    DOCTOR,
    aside,
    charges,
    dg1,
    ft1,
    in1,
    message,
    pid,
    profile,
    pv1,
    register,
    rules,
    said,
    segment,
)
from coding_svc.decide.merge import faults_of
from coding_svc.model.documented import Effect
from coding_svc.rules.profile import DirectoryEntry, MasterEntry, Payer


def charge(*faults: str, sender: object = None, **fields: str):
    """The one charge of a message, which must have exactly these faults."""
    those = (sender,) if sender is not None else ()
    (found,) = said(charges(ft1(**fields)), *those).charges
    assert rules(found.faults) == list(faults)
    return found


# -- which messages are taken ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        ("ADT^A01", Effect.SNAPSHOT),
        ("ADT^A08", Effect.SNAPSHOT),
        ("ADT^A11", Effect.CANCEL_ADMIT),
        ("ADT^A13", Effect.CANCEL_DISCHARGE),
        ("ADT^A40^ADT_A39", Effect.MERGE),
        ("DFT^P03", Effect.ADD),
        ("BAR^P06", Effect.CLOSE),
        ("BAR^P12", Effect.CODE),
    ],
)
def test_a_kind_has_an_effect(kind, effect):
    assert said(message(kind, pid(), pv1())).effect is effect


def test_other_kinds_are_ignored():
    read = aside(message("ORU^R01", pid()))
    assert (read.outcome, rules(read.reasons)) == ("ignored", ["kind-not-taken"])


@pytest.mark.parametrize("processing", ["T", "D", ""])
def test_what_is_not_production_is_ignored(processing):
    read = aside(message("ADT^A04", pid(), processing=processing))
    assert (read.outcome, rules(read.reasons)) == ("ignored", ["not-production"])


def test_a_feed_whose_dft_are_no_charges_is_ignored():
    read = aside(charges(), profile(is_charge=False))
    assert (read.outcome, rules(read.reasons)) == ("ignored", ["not-a-charge"])


def test_a_message_without_a_number_is_taken_and_said():
    assert rules(said(message("ADT^A04", pid(), pv1(), number="")).reasons) == [
        "control-number-missing"
    ]


def test_a_sender_that_nobody_admitted_is_refused():
    read = aside(charges(), profile(senders=["EPIC|NORTH"]))
    assert (read.outcome, rules(read.reasons)) == ("rejected", ["sender-not-expected"])


# -- who and which encounter -----------------------------------------------------------------------


def test_the_record_number_is_chosen_by_type_and_authority_never_as_the_first():
    numbers = "9^^^OTHER^MR~S1^^^SSA^SS~R7^^^HOSP^MR"
    strict = profile(record_number_authorities=["HOSP"])
    patient = said(message("ADT^A04", pid(f3=numbers), pv1()), strict).patient
    assert patient.medical_record_number == "R7"
    assert patient.other_numbers == ("MR:9",), "a social security number is not kept"


def test_a_lone_untyped_number_is_the_record_number_two_are_none():
    assert said(message("ADT^A04", pid(f3="R1"), pv1())).medical_record_number == "R1"
    assert said(message("ADT^A04", pid(f3="R1~R2"), pv1())).medical_record_number == ""


def test_the_account_names_the_encounter_then_the_visit():
    assert said(message("ADT^A04", pid(account="A1"), pv1())).key.number == "A1"
    assert said(message("ADT^A04", pid(account=""), pv1(visit="V9"))).key.number == "V9"
    assert said(message("ADT^A04", pid(account=""), pv1(visit="V9"))).key.authority == "HOSP"


def test_without_either_the_key_is_derived_and_said():
    read = said(message("ADT^A04", pid(account=""), pv1(visit="")))
    assert read.key.number == "R1/20260227/CLINIC1"
    assert rules(read.key.reasons) == ["encounter-key-derived"]
    assert said(message("ADT^A04", pid(account=""), pv1(visit="", f44=""))).key is None


def test_the_name_birth_sex_address_and_phone_are_read():
    person = said(register()).patient.person
    assert (person.name.last, person.name.first, person.name.middle) == (
        "TESTPATIENT",
        "ALPHA",
        "Q",
    )
    assert (person.born_on, person.sex_code) == ("1980-06-15", "F")
    assert (person.address.state_code, person.address.postal_code) == ("OH", "43004")
    assert person.phone_number == "6145550100"


def test_a_birth_time_with_a_zone_does_not_move_the_day():
    assert said(message("ADT^A04", pid(f7="198808180026+0215"), pv1())).patient.person.born_on == (
        "1988-08-18"
    )


@pytest.mark.parametrize(("sent", "code"), [("A", "U"), ("O", "U"), ("m", "M"), ("", None)])
def test_other_sexes_become_unknown(sent, code):
    assert said(message("ADT^A04", pid(f8=sent), pv1())).patient.person.sex_code == code


def test_the_null_is_empty_and_the_unsaid_is_none():
    patient = said(message("ADT^A08", pid(f5='""', f13=""), pv1())).patient
    assert patient.person.name.last == ""
    assert patient.person.phone_number is None


def test_a_merge_names_the_account_that_goes_away():
    read = said(message("ADT^A40", pid(), segment("MRG", f1="R0^^^HOSP^MR", f3="A0")))
    assert read.prior_key.number == "A0"
    assert read.prior_record_number == "R0"


# -- when and where --------------------------------------------------------------------------------


def test_dates_of_service_are_the_facilitys_calendar_dates():
    late = "20260228221500-0500"
    assert charge(f4=late).service_from == "2026-02-28"
    assert charge(f4="20260301031500+0000").service_from == "2026-02-28"
    assert charge(f4="20260228").service_from == "2026-02-28"
    assert charge(f4=late, sender=profile(time_zone="America/Los_Angeles")).service_from == (
        "2026-02-28"
    )


def test_a_range_of_service_has_two_ends():
    found = charge(f4="20260304^20260309")
    assert (found.service_from, found.service_through) == ("2026-03-04", "2026-03-09")


@pytest.mark.parametrize(
    "sent", ["202602", "2026", "20260230", "2026-02-27", "2026022", "\u0662" * 8]
)
def test_what_is_not_a_day_is_no_date_of_service(sent):
    assert charge("service-date-missing", f4=sent).service_from == ""


def test_the_stay_is_read_by_the_profiles_tables():
    stay = said(
        message("ADT^A03", pid(), pv1("I", f4="E", f14="7", f36="1", f45="20260301140000-0500"))
    ).stay
    assert (stay.class_code, stay.admission_type_code) == ("I", "1")
    assert (stay.point_of_origin_code, stay.patient_status_code) == ("1", "01")
    assert (stay.started_on, stay.started_time) == ("2026-02-27", "0900")
    assert (stay.ended_on, stay.ended_time) == ("2026-03-01", "1400")


def test_a_discharge_without_its_time_ends_when_it_was_said():
    stay = said(message("ADT^A03", pid(), pv1("I"), sent="20260305111500-0500")).stay
    assert (stay.ended_on, stay.ended_time) == ("2026-03-05", "1115")


def test_a_class_change_without_a_visit_segment_is_one_all_the_same():
    assert said(message("ADT^A06", pid())).stay.class_code == "I"


def test_a_class_change_is_in_the_trigger_too():
    assert said(message("ADT^A06", pid(), pv1(kind=""))).stay.class_code == "I"
    assert said(message("ADT^A07", pid(), pv1(kind=""))).stay.class_code == "O"


def test_an_unknown_class_is_a_fault_at_its_place():
    stay = said(message("ADT^A04", pid(), pv1("XYZ"))).stay
    assert [(f.rule_id, f.path) for f in stay.faults] == [("class-unknown", "PV1[1]-2")]


# -- providers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        DOCTOR,
        "ALPHADOC,ANNA^ALPHADOC^ANNA^^^^^^&1999999901&NPI",
        "77^ALPHADOC^ANNA^^^^^^^&1999999901&NPI",
        "77^ALPHADOC^ANNA~1999999901^ALPHADOC^ANNA^^^^^^NPI",
    ],
)
def test_the_npi_is_found_wherever_the_sender_hides_it(sent):
    found = charge(f20=sent).rendering
    assert (found.npi, found.last_name, found.fault) == ("1999999901", "ALPHADOC", "")


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        ("654321^DOC^A^^^^^^^^^^NPI", "npi-missing"),
        ("doc@example.org^DOC^A^^^^^^^^^^NPI", "npi-missing"),
        ("1999999902^DOC^A", "npi-check-digit"),
        ("3999999901^DOC^A", "npi-check-digit"),
        ("19999999012^DOC^A", "npi-missing"),
    ],
)
def test_a_tag_does_not_make_an_npi(sent, fault):
    found = charge(f20=sent).rendering
    assert (found.npi, found.fault, found.path) == ("", fault, "FT1[1]-20")


def test_the_directory_knows_local_numbers_and_names():
    known = profile(providers={"D7": {"npi": "1999999901", "last_name": "ALPHADOC"}})
    assert charge(f20="D7", sender=known).rendering.npi == "1999999901"
    assert charge(f20="D7", sender=known).rendering.last_name == "ALPHADOC"
    assert known.providers["D7"] == DirectoryEntry("1999999901", "ALPHADOC")


def test_an_empty_provider_is_nobody():
    assert charge(f20="^^^").rendering is None


# -- who pays --------------------------------------------------------------------------------------


def coverage(*segments: str, sender: object = None):
    (found,) = said(message("ADT^A04", pid(), pv1(), *segments), sender or profile()).coverages
    return found


def test_the_member_number_is_the_first_that_is_filled():
    assert coverage(in1(member="W 123-456")).member_number == "W123456"
    by_49 = coverage(in1(member="", f49="M49"))
    assert (by_49.member_number, by_49.member_number_path) == ("M49", "IN1-49")
    assert coverage(in1(member=""), segment("IN2", f61="M61")).member_number == "M61"
    assert "no-member-id" in rules(coverage(in1(member="")).faults)


def test_the_payer_is_crossed_by_the_senders_number_never_by_name():
    crossed = profile(payers={"60054": {"payer_id": "CH7", "filing_indicator_code": "HM"}})
    found = coverage(in1(), sender=crossed)
    assert (found.payer_id, found.filing_indicator_code, found.payer_name) == ("CH7", "HM", "AETNA")
    assert crossed.payers["60054"] == Payer("CH7", "", "HM")
    assert rules(coverage(in1()).faults) == ["payer-id-uncrossed"]
    assert rules(coverage(in1(), sender=profile(uncrossed_payers="hold")).faults) == ["no-payer-id"]
    assert rules(coverage(in1(payer="")).faults) == ["no-payer-id"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [("18^SELF", "18"), ("SEL", "18"), ("1", "18"), ("SPO^Spouse", "01"), ("x^CHILD", "19")],
)
def test_relationships_are_mapped(sent, code):
    assert coverage(in1(f17=sent)).relationship_code == code


def test_an_unknown_relationship_or_order_is_said():
    found = coverage(in1(f17="COUSIN", f22=""))
    assert rules(found.faults) == [
        "payer-id-uncrossed",
        "coverage-order-guessed",
        "relationship-unknown",
    ]
    assert found.order == 1


def test_the_coverage_of_a_p11_charge_is_the_accounts_and_another_one_is_a_fault():
    whole = message("DFT^P11", pid(), pv1(), ft1(), in1(), ft1("TX2"), in1())
    assert len(said(whole).coverages) == 1
    other = message(
        "DFT^P11", pid(), pv1(), ft1(), in1(), ft1("TX2"), in1(payer="62308", member="U9")
    )
    assert "line-coverage-differs" in rules(faults_of(said(other)))


# -- what was found --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "code", "faults"),
    [
        ("E11.9^^I10", "E119", []),
        ("e119^^ICD-10-CM", "E119", []),
        ("M1711", "M1711", ["dx-system-guessed"]),
        ("29857009^Chest pain^SCT", "", ["dx-not-billable-system"]),
        ("250.00^^I9", "", ["dx-not-billable-system"]),
        ("29857009^Chest pain^SCT^R07.9^^I10", "R079", []),
        ("E11.99999^^I10", "", ["dx-malformed"]),
        ("chest pain", "", ["dx-malformed"]),
    ],
)
def test_a_diagnosis_must_be_icd_10_cm(sent, code, faults):
    (found,) = said(message("BAR^P05", pid(), pv1(), segment("DG1", f1="1", f3=sent))).diagnoses
    assert (found.code, rules(found.faults)) == (code, faults)


def test_kind_rank_and_present_on_admission_are_read():
    (found,) = said(message("BAR^P05", pid(), pv1(), dg1("K35.80", f26="Y"))).diagnoses
    assert (found.kind, found.rank, found.poa_code, found.origin) == ("F", 1, "Y", "msg_1#DG1[1]")


def test_a_dg1_inside_a_p11_group_is_the_charges_elsewhere_the_encounters():
    inside = said(message("DFT^P11", pid(), pv1(), ft1(f19=""), dg1("I10")))
    assert (inside.diagnoses, inside.charges[0].diagnosis_codes) == (None, ("I10",))
    after = said(message("DFT^P03", pid(), pv1(), ft1(f19=""), dg1("I10")))
    assert (len(after.diagnoses), after.charges[0].diagnosis_codes) == (1, ())


def test_a_group_without_its_first_segment_is_passed_over():
    assert said(message("ADT^A04", pid(), pv1(), segment("IN2", f61="M"))).coverages is None


def test_procedures_are_pcs_with_their_date_or_repeat_what_a_charge_says():
    pcs = segment("PR1", f3="0DTJ4ZZ^^I10P", f5="20260305101000-0500", f14="1")
    cpt = segment("PR1", f3="44970^^C4")
    read = said(message("BAR^P05", pid(), pv1("I"), pcs, cpt)).procedures
    assert [(p.code, p.performed_on, p.is_hcpcs) for p in read] == [
        ("0DTJ4ZZ", "2026-03-05", False),
        ("44970", "", True),
    ]
    (undated,) = said(
        message("BAR^P05", pid(), pv1(), segment("PR1", f3="0DTJ4ZZ^^I10P"))
    ).procedures
    assert rules(undated.faults) == ["procedure-date-missing"]


def test_facility_codes_and_the_accident_are_read():
    ub2 = segment(
        "UB2", f3="01~17", f6="80^5.00~A1^120.50", f7="11^20260301", f8="70^20260301^20260303"
    )
    acc = segment("ACC", f1="20260226", f2="AUTO", f4="OH")
    read = said(message("BAR^P05", pid(), pv1("I"), acc, segment("DRG", f1="89"), ub2))
    codes = read.facility_codes
    assert (codes.drg_code, codes.condition_codes) == ("089", ("01", "17"))
    assert [(v.code, v.amount_cents) for v in codes.values] == [("80", 500), ("A1", 12050)]
    assert [(o.code, o.from_on) for o in codes.occurrences] == [("11", "2026-03-01")]
    assert [(s.code, s.through_on) for s in codes.spans] == [("70", "2026-03-03")]
    assert (read.injury.happened_on, read.injury.cause_code) == ("2026-02-26", "AA")


def test_a_note_is_kept_by_number_and_withdrawn_by_it():
    txa = segment("TXA", f1="1", f2="OP", f12="DOC1", f17="AU")
    (document,) = said(message("MDM^T02", pid(), pv1(), txa)).documents
    assert (document.document_number, document.is_final) == ("DOC1", True)
    assert said(message("MDM^T11", pid(), pv1(), txa)).withdrawn == ("DOC1",)


# -- what was done and what it costs ---------------------------------------------------------------


def test_a_charge_is_read():
    found = charge()
    assert (found.charge_id, found.procedure_code, found.cdm_code) == ("TX1", "99214", "LOS4")
    assert (found.billed_cents, found.units_milli) == (28500, 1000)
    assert found.diagnosis_codes == ("E119", "I10")
    assert found.place_of_service_code == "11"
    assert found.origin == "msg_1#FT1[1]"


@pytest.mark.parametrize(
    ("code", "sent", "modifiers", "faults"),
    [
        ("20610-50", "", ("50",), ["modifiers-packed"]),
        ("99213^^CPT4", "25^57", ("25", "57"), ["modifiers-packed"]),
        ("J3301^^HCPCS", "LTXS", ("LT", "XS"), ["modifiers-packed"]),
        ("99213", "12~25", ("12", "25"), []),
        ("99213", "26^Professional component^C4", ("26",), []),
        ("99213", "25~25", ("25",), []),
        ("99213", "2", (), ["modifier-malformed"]),
        ("99213", "AA~BB~CC~DD~EE", ("AA", "BB", "CC", "DD", "EE"), ["too-many-modifiers"]),
    ],
)
def test_modifiers_are_found_however_they_are_packed(code, sent, modifiers, faults):
    assert charge(*faults, code=code, f26=sent).modifiers == modifiers


@pytest.mark.parametrize(
    "code", ["9921", "992144", "99214X", "29857009^Chest pain^SCT", "\u0669" * 5]
)
def test_what_is_no_hcpcs_is_no_procedure(code):
    assert charge("procedure-malformed", code=code).procedure_code == ""


def test_ft1_7_is_a_procedure_only_if_it_says_so():
    assert charge(code="", f7="99214^^CPT").procedure_code == "99214"
    assert charge("needs-cdm-lookup", code="", f7="99214").procedure_code == ""
    assert charge(code="", f7="450^^UB").revenue_code == "0450"


def test_the_charge_master_gives_code_revenue_modifiers_and_price():
    master = profile(
        charge_master={
            "4500001": {
                "procedure_code": "99284",
                "modifiers": ["25"],
                "revenue_code": "0450",
                "price_cents": 148_000,
            }
        }
    )
    found = charge(sender=master, code="", amount="", f7="4500001^ED LEVEL 4^CDM", f10="2")
    assert (found.procedure_code, found.modifiers) == ("99284", ("25",))
    assert (found.revenue_code, found.billed_cents) == ("0450", 296_000)
    assert master.charge_master["4500001"] == MasterEntry("99284", ("25",), "0450", 148_000)


def test_a_department_is_a_revenue_code_only_where_the_profile_says_so():
    assert charge(f13="0450^EMERGENCY").revenue_code == ""
    assert charge(
        f13="0450^EMERGENCY", sender=profile(department_is_revenue_code=True)
    ).revenue_code == ("0450")
    assert charge(f13="1001", sender=profile(departments={"1001": "0510"})).revenue_code == "0510"


def test_a_procedure_that_stands_in_pr1_only_is_taken_once():
    lone = message("DFT^P03", pid(), pv1(), ft1(code=""), segment("PR1", f3="44970^^C4"))
    (found,) = said(lone).charges
    assert found.procedure_code == "44970"
    assert rules(found.faults) == ["procedure-from-pr1"]
    both = message("DFT^P03", pid(), pv1(), ft1(code="99214"), segment("PR1", f3="44970^^C4"))
    assert [c.procedure_code for c in said(both).charges] == ["99214"]


@pytest.mark.parametrize(
    ("fields", "cents", "faults"),
    [
        ({"amount": "100&USD"}, 10_000, []),
        ({"amount": "+12.5"}, 1_250, []),
        ({"amount": "12.5000"}, 1_250, []),
        ({"amount": "200.00", "f10": "2", "f12": "100.00"}, 20_000, []),
        ({"amount": "200.00", "f10": "3", "f12": "100.00"}, 20_000, ["amount-mismatch"]),
        ({"amount": "", "f10": "3", "f12": "100.00"}, 30_000, []),
        ({"amount": "", "f10": "0.5", "f12": "10.00"}, 500, []),
        ({"amount": ""}, None, ["no-amount"]),
        ({"amount": "100&EUR"}, 10_000, ["currency-not-usd"]),
        ({"amount": "1e3"}, None, ["amount-unreadable"]),
        ({"amount": "1_000"}, None, ["amount-unreadable"]),
        ({"amount": "NaN"}, None, ["amount-unreadable"]),
        ({"amount": "12.345"}, None, ["amount-unreadable"]),
        ({"amount": "9" * 19}, None, ["amount-unreadable"]),
        ({"amount": "1000000000.01"}, None, ["amount-unreadable"]),
        ({"amount": "1000000000.00"}, 10**11, []),
        ({"amount": "\u0661\u0662"}, None, ["amount-unreadable"]),
        ({"amount": "$5"}, None, ["amount-unreadable"]),
        ({"amount": "", "f10": "0.001", "f12": "0.05"}, None, ["amount-unreadable"]),
    ],
)
def test_amounts_are_cents_or_nothing(fields, cents, faults):
    assert charge(*faults, **fields).billed_cents == cents


@pytest.mark.parametrize(
    ("sent", "milli", "faults"),
    [
        ("2", 2_000, []),
        ("0.5", 500, []),
        ("1.125", 1_125, []),
        ("", 1_000, ["units-defaulted-1"]),
        ("0", 1_000, ["units-unreadable"]),
        ("1.0005", 1_000, ["units-unreadable"]),
        ("two", 1_000, ["units-unreadable"]),
        ("1e3", 1_000, ["units-unreadable"]),
    ],
)
def test_units_are_thousandths_and_defaulted_aloud(sent, milli, faults):
    assert charge(*faults, f10=sent).units_milli == milli


@pytest.mark.parametrize("fields", [{"f6": "CD"}, {"amount": "-285.00"}, {"f10": "-1"}])
def test_credits_are_told_by_type_or_sign(fields):
    found = charge(**fields)
    assert found.is_credit
    assert (found.billed_cents, found.units_milli) == (28_500, 1_000)


@pytest.mark.parametrize("kind", ["PY", "AJ", "CO"])
def test_payments_and_adjustments_are_no_charges(kind):
    read = said(charges(ft1(f6=kind)))
    assert (read.charges, rules(read.reasons)) == ((), ["not-a-charge"])


def test_a_number_that_repeats_inside_one_message_is_no_number_of_a_charge():
    read = said(charges(ft1("B7"), ft1("B7", "75.00")))
    assert [c.charge_id for c in read.charges] == ["B7", "B7#2"]
    assert rules(read.reasons) == ["charge-id-not-unique"]


@pytest.mark.parametrize(
    ("sent", "ndc"),
    [
        ("00003-0293-05", "00003029305"),
        ("0182-1061-05", "00182106105"),
        ("00003029305", "00003029305"),
    ],
)
def test_a_drug_code_has_eleven_digits(sent, ndc):
    assert charge(f29=sent, f10="4").drug.ndc == ndc


def test_a_malformed_drug_code_is_said():
    assert charge("ndc-malformed", f29="123").drug is None
