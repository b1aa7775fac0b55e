"""One encounter from many messages, in whatever order they come."""

import itertools

import pytest

from coding_cases import (
    charges,
    dg1,
    ft1,
    in1,
    merged,
    message,
    pid,
    profile,
    pv1,
    register,
    segment,
)
from coding_svc.rules.credits import net

EARLY, LATE = "20260302080000-0500", "20260305080000-0500"


def amounts(account) -> list[tuple[str, int]]:
    return [(line.charge_id, line.billed_cents) for line in net(account.charges).lines]


# -- patient and stay ------------------------------------------------------------------------------


def test_a_newer_message_wins_field_by_field_and_keeps_what_it_leaves_out():
    account, _ = merged(
        register(sent=EARLY),
        message("ADT^A08", pid(f11="200 NEW ST^^DUBLIN^OH^43017", f13=""), pv1(), in1(), sent=LATE),
    )
    assert account.patient.person.address.line1 == "200 NEW ST"
    assert account.patient.person.phone_number == "6145550100"


def test_an_older_message_fills_gaps_and_changes_nothing():
    account, noticed = merged(
        message("ADT^A08", pid(f13=""), pv1(f45="20260301100000"), in1(), sent=LATE),
        message("ADT^A04", pid(f5="OLD^NAME", f13="^PRN^PH^^1^614^1"), pv1("I"), sent=EARLY),
    )
    assert account.patient.person.name.last == "TESTPATIENT"
    assert account.patient.person.phone_number == "6141"
    assert (account.stay.class_code, account.stay.ended_on) == ("O", "2026-03-01")
    assert "older-snapshot" in noticed


def test_the_null_deletes():
    account, _ = merged(
        register(sent=EARLY), message("ADT^A08", pid(f13='""'), pv1(f8='""'), in1(), sent=LATE)
    )
    assert account.patient.person.phone_number == ""


def test_whole_snapshots_commute():
    snapshots = [
        message("ADT^A04", pid(f13="111", f11=""), pv1("E"), in1(member="ONE"), sent=EARLY),
        message(
            "ADT^A08", pid(f13="", f11="2 ST^^X^OH^43004"), pv1("O"), in1(member="TWO"), sent=LATE
        ),
        message(
            "ADT^A08", pid(f5="THIRD^NAME", f13=""), pv1("O"), in1(member="THREE"), sent="20260306"
        ),
    ]
    seen = set()
    for order in itertools.permutations(snapshots):
        account, _ = merged(*order)
        person, member = account.patient.person, account.coverages[0].member_number
        who = (person.phone_number, person.address.line1, person.name.last)
        seen.add((*who, account.stay.class_code, member))
    assert seen == {("111", "100 TEST ST", "THIRD", "O", "THREE")}


def test_another_patients_record_number_is_not_taken():
    account, noticed = merged(register(), charges(number="X", sent=LATE))
    assert "record-number-differs" not in noticed
    account, noticed = merged(
        register(), message("DFT^P03", pid(record="R9", f5="OTHER^PERSON"), pv1(), ft1(), sent=LATE)
    )
    assert account.patient.medical_record_number == "R1"
    assert account.patient.person.name.last == "TESTPATIENT"
    assert "record-number-differs" in noticed
    assert [f.rule_id for f in account.patient.faults] == ["record-number-differs"]


def test_discharge_and_its_cancellation():
    discharge = message("ADT^A03", pid(), pv1("I", f36="01", f45="20260304100000"), sent=EARLY)
    cancel = message("ADT^A13", pid(), pv1("I"), sent=LATE)
    account, _ = merged(discharge)
    assert (account.stay.ended_on, account.stay.patient_status_code) == ("2026-03-04", "01")
    account, _ = merged(discharge, cancel)
    assert (account.stay.ended_on, account.stay.patient_status_code) == ("", "")


def test_a_cancelled_admission_is_reopened_by_the_next_one():
    cancel = message("ADT^A11", pid(), pv1("I"), sent=EARLY)
    account, _ = merged(register(), cancel)
    assert account.stay.is_cancelled
    account, _ = merged(register(), cancel, message("ADT^A01", pid(), pv1("I"), sent=LATE))
    assert not account.stay.is_cancelled


def test_a_class_change_flips_the_class():
    account, _ = merged(register(sent=EARLY), message("ADT^A06", pid(), pv1("I"), sent=LATE))
    assert account.stay.class_code == "I"


# -- coverages -------------------------------------------------------------------------------------


def test_a_newer_list_of_coverages_replaces_the_list():
    two = message("ADT^A04", pid(), pv1(), in1(), in1("62308", "U9", "2"), sent=EARLY)
    one = message("ADT^A08", pid(), pv1(), in1("62308", "U9"), sent=LATE)
    account, _ = merged(two, one)
    assert [(c.payer_id, c.order) for c in account.coverages] == [("62308", 1)]
    account, noticed = merged(one, two)
    assert [c.payer_id for c in account.coverages] == ["62308"]
    assert "older-snapshot" in noticed


def test_a_snapshot_without_insurance_removes_it_by_profile():
    bare = message("ADT^A08", pid(), pv1(), sent=LATE)
    account, noticed = merged(register(sent=EARLY), bare)
    assert account.coverages == ()
    assert "insurance-removed" in noticed
    account, _ = merged(register(sent=EARLY), bare, profile=profile(absent_insurance_removes=False))
    assert len(account.coverages) == 1


def test_charges_without_insurance_remove_nothing():
    account, _ = merged(register(sent=EARLY), charges(sent=LATE))
    assert len(account.coverages) == 1


# -- diagnoses and procedures ----------------------------------------------------------------------


def bar(kind: str, *segments: str, sent: str = LATE) -> bytes:
    return message(f"BAR^{kind}", pid(), pv1("I"), *segments, sent=sent)


def codes(account) -> list[str]:
    return [d.code for d in account.diagnoses]


def test_final_coding_replaces_the_working_diagnosis():
    account, _ = merged(
        bar("P01", dg1("M54.50", "W"), sent=EARLY),
        bar("P05", dg1("M54.51"), dg1("Z79.891", rank="2")),
    )
    final = [d.code for d in account.diagnoses if d.kind == "F"]
    assert final == ["M5451", "Z79891"]


def test_an_admission_diagnosis_sent_again_does_not_undo_the_final_coding():
    account, _ = merged(
        bar("P05", dg1("K35.80"), sent=EARLY),
        message("ADT^A08", pid(), pv1("I"), in1(), dg1("R10.31", "A"), sent=LATE),
    )
    assert codes(account) == ["K3580", "R1031"]


def test_charges_add_diagnoses():
    one = message("DFT^P03", pid(), pv1(), ft1("T1"), dg1("I10"), number="1")
    two = message(
        "DFT^P03", pid(), pv1(), ft1("T2"), dg1("E11.9"), dg1("I10", rank="2"), number="2"
    )
    account, _ = merged(one, two)
    assert codes(account) == ["I10", "E119"]


def test_p12_edits_by_action_codes_or_replaces():
    first = bar("P05", dg1("K35.80"), dg1("I10", rank="2"), sent=EARLY)
    edit = bar("P12", dg1("I10", rank="2", f21="D"), dg1("N17.9", rank="3", f21="A"))
    account, _ = merged(first, edit)
    assert codes(account) == ["K3580", "N179"]
    account, _ = merged(first, bar("P12", dg1("J18.9")))
    assert codes(account) == ["J189"]


def test_an_older_list_of_diagnoses_is_not_taken():
    account, noticed = merged(bar("P05", dg1("K35.80")), bar("P05", dg1("J18.9"), sent=EARLY))
    assert codes(account) == ["K3580"]
    assert "older-snapshot" in noticed


def test_procedures_are_replaced_by_coding_and_added_by_charges():
    pcs = segment("PR1", f3="0DTJ4ZZ^^I10P", f5="20260305")
    other = segment("PR1", f3="0W9G30Z^^I10P", f5="20260306")
    added, _ = merged(bar("P05", pcs, sent=EARLY), message("DFT^P03", pid(), pv1("I"), other))
    assert [p.code for p in added.procedures] == ["0DTJ4ZZ", "0W9G30Z"]
    replaced, _ = merged(bar("P05", pcs, sent=EARLY), bar("P05", other))
    assert [p.code for p in replaced.procedures] == ["0W9G30Z"]


# -- charges and credits ---------------------------------------------------------------------------


def test_charges_add_up_over_messages_however_old():
    account, _ = merged(
        charges(ft1("T1", "10.00"), number="1", sent=LATE),
        charges(ft1("T2", "20.00"), number="2", sent=EARLY),
    )
    assert amounts(account) == [("T1", 1_000), ("T2", 2_000)]


def test_a_credit_takes_back_the_charge_with_its_number():
    account, _ = merged(
        charges(ft1("T1", "10.00"), ft1("T2", "20.00"), number="1"),
        charges(ft1("T1", "-10.00", f6="CD", f10="-1"), number="2"),
    )
    assert amounts(account) == [("T2", 2_000)]
    assert net(account.charges).reasons == ()


def test_a_credit_takes_back_the_charge_that_it_cites():
    account, _ = merged(
        charges(ft1("T1", "10.00"), ft1("T2", "10.00"), number="1"),
        charges(ft1("C9", "10.00", f6="CD", f31="T1"), number="2"),
    )
    assert amounts(account) == [("T2", 1_000)]


def test_a_credit_without_a_number_takes_back_the_newest_charge_of_the_service():
    account, _ = merged(
        charges(ft1("", "10.00"), ft1("", "10.00", code="93000^^C4"), number="1"),
        charges(ft1("", "10.00", f6="CD"), number="2"),
    )
    (left,) = net(account.charges).lines
    assert left.procedure_code == "93000"


def test_a_part_of_a_charge_can_be_credited():
    account, _ = merged(
        charges(ft1("T1", "30.00", f10="3"), number="1"),
        charges(ft1("T1", "-10.00", f6="CD", f10="-1"), number="2"),
    )
    (left,) = net(account.charges).lines
    assert (left.billed_cents, left.units_milli) == (2_000, 2_000)


def test_a_price_correction_leaves_the_units():
    account, _ = merged(
        charges(ft1("T1", "30.00"), number="1"), charges(ft1("T1", "-10.00", f6="CD"), number="2")
    )
    (left,) = net(account.charges).lines
    assert (left.billed_cents, left.units_milli) == (2_000, 1_000)


@pytest.mark.parametrize(
    ("credit", "rule"),
    [
        (ft1("T9", "-10.00", code="93000^^C4", f6="CD"), "credit-unmatched"),
        (ft1("T1", "-10.01", f6="CD"), "credit-exceeds-charge"),
    ],
)
def test_a_credit_that_fits_no_charge_is_said_and_takes_nothing(credit, rule):
    account, _ = merged(charges(ft1("T1", "10.00"), number="1"), charges(credit, number="2"))
    assert amounts(account) == [("T1", 1_000)]
    assert [r.rule_id for r in net(account.charges).reasons] == [rule]


def test_a_credit_without_an_amount_takes_back_the_whole_or_nothing():
    whole = charges(ft1("T1", "", f6="CD", f10="2"), number="2")
    part = charges(ft1("T1", "", f6="CD", f10="1"), number="2")
    two = charges(ft1("T1", "20.00", f10="2"), number="1")
    assert amounts(merged(two, whole)[0]) == []
    account, _ = merged(two, part)
    assert [r.rule_id for r in net(account.charges).reasons] == ["credit-exceeds-charge"]


def test_p12_edits_procedures_by_action_codes():
    pcs = segment("PR1", f3="0DTJ4ZZ^^I10P", f5="20260305")
    gone = segment("PR1", f3="0DTJ4ZZ^^I10P", f5="20260305", f20="D")
    account, _ = merged(bar("P05", pcs, sent=EARLY), bar("P12", gone))
    assert account.procedures == ()


def test_the_same_charge_again_is_taken_once_and_a_changed_one_replaces():
    once = charges(ft1("T1", "10.00"), number="1")
    account, noticed = merged(once, charges(ft1("T1", "10.00"), number="2"))
    assert amounts(account) == [("T1", 1_000)]
    assert "charge-repeated" in noticed
    account, noticed = merged(once, charges(ft1("T1", "12.00"), number="2"))
    assert amounts(account) == [("T1", 1_200)]
    assert "charge-replaced" in noticed


def test_a_credited_charge_can_be_charged_again_under_its_number():
    account, _ = merged(
        charges(ft1("T1", "10.00"), number="1"),
        charges(ft1("T1", "-10.00", f6="CD"), number="2"),
        charges(ft1("T1", "12.00"), number="3"),
    )
    assert amounts(account) == [("T1", 1_200)]


def test_the_same_service_twice_without_numbers_is_a_doubt_not_a_decision():
    account, noticed = merged(
        charges(ft1("", "10.00"), number="1"), charges(ft1("", "10.00"), number="2")
    )
    assert sum(cents for _, cents in amounts(account)) == 2_000
    assert "possible-duplicate-charge" in noticed
    account, noticed = merged(charges(ft1("", "10.00"), ft1("", "10.00"), number="1"))
    assert "possible-duplicate-charge" not in noticed, "two in one message are two"


def test_a_control_number_with_other_content_is_said_and_both_are_taken():
    account, noticed = merged(charges(ft1("T1"), number="7"), charges(ft1("T2"), number="7"))
    assert len(account.charges) == 2
    assert "control-number-reused" in noticed


def test_a_note_is_replaced_and_withdrawn():
    def mdm(kind: str, number: str, parent: str = "") -> bytes:
        txa = segment("TXA", f1="1", f2="OP", f12=number, f13=parent, f17="AU")
        return message(f"MDM^{kind}", pid(), pv1(), txa)

    account, _ = merged(mdm("T02", "D1"), mdm("T08", "D2", "D1"))
    assert [d.document_number for d in account.documents] == ["D2"]
    account, _ = merged(mdm("T02", "D1"), mdm("T11", "D1"))
    assert account.documents == ()
