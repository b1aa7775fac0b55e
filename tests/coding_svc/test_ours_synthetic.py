"""The golden messages of the corpus end as the encounters that they were written to be."""

import pytest

from coding_cases import CORPUS, assessed, message, pid, profile, pv1, rules, said

FOLDER = CORPUS / "hl7v2" / "ours_synthetic"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the public corpus is not here")

MASTER = {
    "4500001": {"procedure_code": "99284", "revenue_code": "0450"},
    "3000123": {"procedure_code": "80048", "revenue_code": "0301"},
}


def of(*names: str, **more):
    return assessed(*((FOLDER / f"{name}.hl7").read_bytes() for name in names), **more)


def lines(found) -> list[tuple]:
    return [
        (
            line.form,
            line.procedure_code or line.revenue_code,
            tuple(line.modifiers),
            line.billed_cents,
        )
        for line in found.content.lines
    ]


def test_a_professional_visit():
    found = of("epic_like_pb_dft_p03_v23")
    assert lines(found) == [("P", "99214", ("25",), 28_500), ("P", "93000", (), 7_500)]
    content = found.content
    assert [d.code for d in content.diagnoses] == ["E119", "I10"]
    assert [line.diagnosis_pointers for line in content.lines] == [[1, 2], [2]]
    assert {line.place_of_service_code for line in content.lines} == {"11"}
    assert content.coverages[0].payer_id == "60054"
    assert content.subscribers[0].member_number == "W123456789"
    assert content.referring.npi == "1999999919"
    assert (content.patient.account_number, content.patient.visit_number) == (
        "HAR700001",
        "CSN900001",
    )


def test_a_reversal_nets_its_charge_and_new_insurance_replaces_the_old():
    found = of(
        "adt_a04_register",
        "epic_like_pb_dft_p03_v23",
        "epic_like_pb_reversal_cd",
        "adt_a08_new_insurance",
    )
    assert lines(found) == [("P", "99214", ("25",), 28_500)]
    assert [c.payer_id for c in found.content.coverages] == ["62308"]
    assert found.content.subscribers[0].member_number == "U99887766501"


def test_a_hospital_visit_waits_for_the_charge_master():
    hospital = profile("epic-hb", senders=["EPIC|*"])
    found = of("epic_like_hb_cdm_only_v251", profile=hospital)
    assert rules(found.holds) == ["needs-cdm-lookup", "no-procedure-code"] * 2
    found = of(
        "epic_like_hb_cdm_only_v251",
        profile=profile("epic-hb", senders=["EPIC|*"], charge_master=MASTER),
    )
    assert lines(found) == [("I", "99284", (), 148_000), ("I", "80048", (), 9_600)]
    stay = found.content.institutional
    assert (stay.bill_type_code, stay.statement_from, stay.statement_through) == (
        "13",
        "2026-02-28",
        "2026-03-01",
    )
    assert {line.service_from for line in found.content.lines} == {"2026-02-28"}, (
        "22:15 is that day"
    )


def test_an_inpatient_stay_with_two_coverages():
    found = of("cerner_like_inpatient_p03_poa_pcs_cob_v251")
    assert lines(found) == [("I", "0120", (), 900_000), ("I", "44970", (), 1_520_000)]
    content = found.content
    assert [(d.code, d.role, d.present_on_admission_code) for d in content.diagnoses] == [
        ("K3580", "principal", "Y"),
        ("I10", "other", "Y"),
        ("N179", "other", "N"),
        ("R1031", "admitting", ""),
    ]
    assert [(c.sequence_code, c.payer_id) for c in content.coverages] == [
        ("P", "12M01"),
        ("S", "36273"),
    ]
    stay = content.institutional
    assert stay.procedures[0].code == "0DTJ4ZZ"
    assert (stay.admitted_at, stay.discharged_time) == ("202603040315", "1400")
    assert content.operating.npi == "1999999935"


def test_a_bar_account_is_coded_by_its_second_message_and_waits_for_charges():
    found = of("meditech_like_bar_p01_v24", "meditech_like_bar_p05_v24")
    assert rules(found.holds) == ["no-charges"]
    assert rules(of("meditech_like_bar_p01_v24").holds) == ["diagnoses-not-final", "no-charges"]


def test_packed_modifiers_and_hidden_npis_are_read():
    found = of("modifier_variants_packed", profile=profile(class_places_of_service={"O": "11"}))
    assert rules(found.holds) == ["no-coverage"]
    covered = profile(class_places_of_service={"O": "11"}, self_pay_classes=["SP"])
    register = message("ADT^A04", pid("E1003", "HAR700003"), pv1(visit="CSN900003", f20="SP"))
    register = register.replace(b"EHR|HOSP", b"VENDORX|HOSP")
    billed = assessed(
        register, (FOLDER / "modifier_variants_packed.hl7").read_bytes(), profile=covered
    )
    assert lines(billed) == [
        ("P", "20610", ("50",), 20_000),
        ("P", "99213", ("25", "57"), 10_000),
        ("P", "J3301", ("LT", "XS"), 6_000),
    ]
    assert billed.content.lines[2].drug.ndc == "00003029305"
    assert {line.rendering.npi for line in billed.content.lines} == {"1999999901"}


def test_a_merge_and_a_note_are_understood():
    merge = said((FOLDER / "adt_a40_merge.hl7").read_bytes())
    assert (merge.key.number, merge.prior_key.number) == ("HAR700001", "HAR699999")
    note = said((FOLDER / "mdm_t02_opnote.hl7").read_bytes())
    assert [d.document_number for d in note.documents] == ["DOC5551"]


def test_every_message_of_the_corpus_is_understood_without_exception():
    from coding_svc.codec.hl7v2.encounter import understand
    from coding_svc.codec.hl7v2.message import Unreadable, parse
    from coding_svc.decide.billing import assess
    from coding_svc.decide.merge import merge as fold
    from coding_svc.model.documented import Documented
    from coding_svc.rules.profile import Profiles

    any_processing = profile(processing=["P", "T", "D", ""], senders=["*|*"])
    profiles = Profiles((any_processing,))
    taken = 0
    for path in sorted((CORPUS / "hl7v2").rglob("*.hl7")):
        read = parse(path.read_bytes())
        if isinstance(read, Unreadable):
            continue
        document = understand(read, profiles, "msg_1")
        if isinstance(document, Documented):
            taken += 1
            account, _ = fold(None, document)
            account, _ = fold(account, document)
            assess(account, any_processing, today="2026-03-22")
    assert taken > 50
