"""Code sets and edits at the door to billing: what holds an encounter, and who may pass it."""

import datetime as dt
import json
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codes_cases import built_folder
from coding_cases import (
    Desk,
    assessed,
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
    stay,
)
from coding_svc.decide import commands
from coding_svc.decide.commands import Codes, Overruling
from coding_svc.problems import EncounterIncomplete, NotOverrulable
from coding_svc.rules.code_sets import LoadedRules
from coding_svc.rules.edits import Coded
from rcm.codes.edits.check import check
from rcm.codes.edits.model import Diagnosis as Dx
from rcm.codes.edits.model import Encounter, Line, Setting
from rcm.codes.model import System
from rcm.codes.registry import FILE_NAME
from rcm.events.clinical import ChargeLine, Diagnosis

WHY = "Two unrelated conditions, see the note of 27 February."


@pytest.fixture(scope="module")
def codes():
    loaded = LoadedRules.open(built_folder() / FILE_NAME)
    yield loaded
    loaded.close()


def visit(*diagnoses, on="20260227", kind="O", more=(), **line):
    """One visit with these diagnoses and one office charge, on a day."""
    fields = {"f4": f"{on}090000-0500", "f19": "~".join(f"{d}^^I10" for d in diagnoses), **line}
    return [
        message("ADT^A04", pid(), pv1(kind, f44=f"{on}090000-0500"), in1(), number="A"),
        message("DFT^P03", pid(), pv1(kind, f44=f"{on}090000-0500"), ft1(**fields), *more),
    ]


def held(codes, *messages, **more):
    return rules(assessed(*messages, codes=codes, **more).holds)


def test_without_code_sets_an_encounter_goes_and_the_record_says_so():
    found = assessed(register(), charges())
    assert found.content is not None
    assert "code-sets-not-loaded" in rules(found.warnings)
    assert found.checked.versions == {}


def test_codes_in_force_go_and_the_releases_that_decided_are_recorded(codes):
    found = assessed(register(), charges(), codes=codes)
    assert found.content is not None
    assert found.checked.versions["icd10cm"] == "icd10cm-fy2026"
    assert found.checked.versions["code-sets"] == codes.fingerprint
    assert found.checked.versions["cpt"] == "not loaded"
    (unverified,) = [w for w in found.warnings if w.rule_id == "procedure-unverified"]
    assert (unverified.path, unverified.text[:5]) == ("lines[0]", "99214")
    assert "rcm codes load" in unverified.remedy


@pytest.mark.parametrize(
    ("code", "on", "rule_id", "said"),
    [
        ("E11.4", "20260227", "dx-not-in-force", "HEADER"),
        ("K35.20", "20260227", "dx-not-in-force", "EXPIRED"),
        ("G35", "20260227", "dx-not-in-force", "EXPIRED"),
        ("I42.0", "20261001", "dx-not-in-force", "EXPIRED"),
        ("I42.00", "20260930", "dx-not-in-force", "NOT_YET"),
        ("E11.99", "20260227", "dx-not-in-force", "UNKNOWN"),
        ("S52.502", "20260227", "dx-seventh-character", "7th character"),
    ],
)
def test_a_code_that_may_not_be_billed_that_day_holds_with_what_to_use(
    codes, code, on, rule_id, said
):
    messages = visit(code, on=on)
    found = assessed(*messages, codes=codes, today="2026-11-20")
    (hold,) = found.holds
    assert (hold.rule_id, hold.path) == (rule_id, "diagnoses[0]")
    assert said in hold.text
    assert code in hold.text
    assert hold.remedy
    assert found.content is None


@pytest.mark.parametrize(
    ("code", "on"), [("I42.0", "20260930"), ("I42.00", "20261001"), ("E11.40", "20261001")]
)
def test_a_code_counts_on_the_date_of_service(codes, code, on):
    assert held(codes, *visit(code, on=on), today="2026-11-20") == []


@pytest.mark.parametrize(
    ("discharged", "expected"), [("20260930", ["dx-not-in-force"]), ("20261002", [])]
)
def test_an_inpatient_is_coded_by_the_day_of_discharge(codes, discharged, expected):
    messages = stay(("I42.00", "Y"), admitted="20260928", discharged=discharged)
    assert held(codes, *messages, today="2026-11-20") == expected


def test_an_external_cause_and_an_admitting_diagnosis_are_checked_too(codes):
    house = {"more": [dg1("E11.4", kind="R", rank="2"), dg1("W00.0", kind="E", rank="3")]}
    found = assessed(*visit("I10", **house), codes=codes)
    assert {(r.rule_id, r.text.partition(":")[0]) for r in found.holds} == {
        ("dx-not-in-force", "E11.4"),
        ("dx-seventh-character", "W00.0"),
    }


def test_excludes1_holds_and_two_that_may_stand_together_do_not(codes):
    assert held(codes, *visit("E11.9", "E10.9")) == ["dx-excludes1"] * 2
    assert held(codes, *visit("E11.9", "I10")) == []


def test_lines_of_both_forms_are_said_by_their_place_in_the_encounter(codes):
    room = ft1(number="R1", code="", f7="0250^DRUG^UB")
    bad = ft1(number="P1", code="99214^^C4", f26="26^^C4~TC^^C4")
    messages = [register(), message("DFT^P03", pid(), pv1(), room, bad)]
    (hold,) = assessed(*messages, codes=codes).holds
    assert (hold.rule_id, hold.path) == ("modifier-contradiction", "lines[1].modifiers")


def test_a_drug_without_ndc_holds_except_for_medicare_or_where_the_payer_does_not_ask(codes):
    drug = ft1(code="J1100^^C4")
    messages = [register(), message("DFT^P03", pid(), pv1(), drug)]
    assert held(codes, *messages) == ["ndc-missing"]
    for changes in (
        {"payers": {"60054": {"payer_id": "60054", "filing_indicator_code": "MB"}}},
        {"edits": {"60054": {"ndc_required": False}}},
    ):
        assert held(codes, *messages, profile=profile(**changes)) == []


def test_the_stay_is_grouped_with_version_and_severities_and_the_claim_carries_the_drg(codes):
    messages = stay(("K35.80", "Y"), ("I10", "Y"), procedures=("0DTJ4ZZ",))
    found = assessed(*messages, codes=codes)
    assert found.holds == ()
    drg = found.checked.drg
    assert (drg.drg_code, drg.version, drg.mdc) == ("399", "v43.0", 6)
    assert [(s.code, s.severity) for s in drg.severities] == [("K3580", "CC"), ("I10", "NONE")]
    assert drg.weight == ""
    assert "Table 5 of FY2026 is not loaded" in drg.unpriced
    assert found.content.institutional.drg_code == "399"


def test_a_senders_drg_stands_and_a_difference_is_said(codes):
    house = stay(("K35.80", "Y"), procedures=("0DTJ4ZZ",))
    told = house[1].replace(b"\rIN1", b"\rDRG|470\rIN1")
    found = assessed(house[0], told, house[2], codes=codes)
    assert "drg-differs" in rules(found.warnings)
    assert found.content.institutional.drg_code == "470"


def test_a_stay_that_belongs_to_no_drg_holds(codes):
    # A delivery without its outcome and its procedure.
    assert held(codes, *stay(("O80", ""))) == ["drg-ungroupable"]


def test_a_stay_with_a_code_out_of_force_is_not_grouped(codes):
    found = assessed(*stay(("E11.4", "Y")), codes=codes)
    assert found.checked.drg is None


def test_codes_are_not_checked_while_the_patient_is_still_in_the_house(codes):
    house = message("ADT^A01", pid(), pv1("I"), in1())
    bad = message("DFT^P03", pid(), pv1("I"), ft1(f19="E11.4^^I10"))
    assert held(codes, house, bad) == ["not-discharged"]


def desk_with(codes, *messages):
    desk = Desk(codes=codes)
    for data in messages:
        desk.take(data)
    return desk


def release(desk, *rule_ids, role="coder", reason=WHY, command_id="r1"):
    target = desk.encounter_id()
    wanted = Overruling(rule_ids=rule_ids, reason=reason, by="u-7", role=role)
    decide = partial(commands.release, target, wanted, desk.profiles)
    return desk.execute(command_id, [target], decide)


def recode(desk, wanted, command_id="c1"):
    target = desk.encounter_id()
    decide = partial(commands.recode, target, wanted, desk.profiles)
    return desk.execute(command_id, [target], decide)


def test_an_edit_is_set_aside_with_a_reason_and_the_person_is_recorded(codes):
    desk = desk_with(codes, *visit("E11.9", "E10.9"))
    overruled, received, coded = release(desk, "dx-excludes1")
    hold, _ = overruled.overruled
    assert (overruled.name, overruled.role) == ("HoldsOverruled", "coder")
    assert (hold.rule_id, hold.rule_version, hold.codes) == ("dx-excludes1", 1, ["E11.9", "E10.9"])
    assert json.loads(desk.service.keys.open("northside", overruled.reason)) == WHY
    assert WHY not in repr(overruled)
    assert received.name == "EncounterReceived"
    assert coded.name == "EncounterCoded"
    assert "dx-excludes1" in rules(coded.warnings)


@pytest.mark.parametrize(
    ("rule_id", "role", "reason", "said"),
    [
        ("dx-excludes1", "coder", "short", "10 characters"),
        ("dx-not-in-force", "supervisor", WHY, "no edit that holds it"),
        ("npi-missing", "supervisor", WHY, "no edit that holds it"),
    ],
)
def test_an_override_that_may_not_be_is_refused(codes, rule_id, role, reason, said):
    desk = desk_with(codes, *visit("E11.9", "E10.9"))
    with pytest.raises(NotOverrulable, match=said):
        release(desk, rule_id, role=role, reason=reason)
    assert desk.state().status == "held"


def test_what_only_a_supervisor_sets_aside_is_refused_to_a_coder(codes):
    drug = message("DFT^P03", pid(), pv1(), ft1(code="J1100^^C4"))
    desk = desk_with(codes, register(), drug)
    with pytest.raises(NotOverrulable, match="only a supervisor"):
        release(desk, "ndc-missing")
    assert [e.name for e in release(desk, "ndc-missing", role="supervisor", command_id="r2")] == [
        "HoldsOverruled",
        "EncounterReceived",
        "EncounterCoded",
    ]


def test_what_nobody_may_set_aside_is_refused_to_everybody(codes):
    desk = desk_with(codes, *visit("E11.4"))
    with pytest.raises(NotOverrulable, match="correct the codes"):
        release(desk, "dx-not-in-force", role="supervisor")


def test_one_edit_set_aside_leaves_another_standing(codes):
    desk = desk_with(codes, *visit("E11.9", "E10.9", "E11.4"))
    with pytest.raises(EncounterIncomplete, match="dx-not-in-force"):
        release(desk, "dx-excludes1")


def test_an_edit_that_was_set_aside_holds_again_on_other_codes(codes):
    desk = desk_with(codes, *visit("E11.9", "E10.9"))
    release(desk, "dx-excludes1")
    (_, again) = recode(desk, Codes(diagnoses=("E10.9", "E13.9")))
    assert (again.name, set(rules(again.reasons))) == ("EncounterHeld", {"dx-excludes1"})
    (_, coded) = recode(desk, Codes(diagnoses=("E10.9", "I10")), "c2")
    assert coded.name == "EncounterCoded"


def test_the_same_service_on_the_same_day_in_another_encounter_is_a_duplicate(codes):
    desk = desk_with(codes, register(), charges())
    second = message(
        "DFT^P03", pid(account="A2"), pv1(visit="V2"), in1(), ft1(number="TX9"), number="D9"
    )
    desk.siblings = (desk.encounter_id("A1"),)
    (_, held_second) = desk.take(second)
    assert (held_second.name, rules(held_second.reasons)) == ("EncounterHeld", ["line-duplicate"])
    other_day = ft1(number="TX8", f4="20260228090000-0500")
    third = message("DFT^P03", pid(account="A3"), pv1(visit="V3"), in1(), other_day, number="D8")
    assert [e.name for e in desk.take(third)] == ["EncounterReceived", "EncounterCoded"]


def test_coding_is_shown_on_the_encounter_that_was_billed(codes):
    desk = desk_with(codes, *stay(("K35.80", "Y"), procedures=("0DTJ4ZZ",)))
    assert desk.state().drg.drg_code == "399"
    (row,) = desk.service.table("encounter")
    assert json.loads(row["drg"])["drg_code"] == "399"


CODE = st.from_regex(r"[A-Z][0-9][0-9A-Z][0-9A-Z]{0,4}", fullmatch=True)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.lists(CODE, max_size=8),
    st.dates(dt.date(2016, 1, 1), dt.date(2027, 3, 31)),
    st.booleans(),
    st.sampled_from(["99214", "J1100", "A0428", "0042T", "99999"]),
    st.lists(st.sampled_from(["25", "26", "TC", "LT", "RT", "59", "ZZ"]), max_size=5),
)
def test_the_check_is_total_and_says_the_same_again(
    codes, diagnoses, on, in_house, procedure, modifiers
):
    day = on.isoformat()
    coded = Coded(
        is_inpatient=in_house,
        admitted_on=day,
        discharged_on=day if in_house else "",
        born_on="1980-02-29",
        sex_code="F",
        diagnoses=[Diagnosis(code=code, role="other") for code in diagnoses],
        lines=[
            ChargeLine(
                line_item_control_number="1",
                form="I" if in_house else "P",
                service_from=day,
                service_through=day,
                billed_cents=100,
                procedure_code=procedure,
                modifiers=modifiers,
                diagnosis_pointers=[1],
            )
        ],
    )
    found = codes.check(coded)
    assert found == codes.check(coded)
    assert all(edit.reason.text and edit.reason.remedy for edit in found.edits)
    for code in diagnoses:
        standing = codes.sets.standing(code, "icd10cm", on)
        named = {name.replace(".", "") for edit in found.edits for name in edit.codes}
        assert standing == "VALID" or code in named


REAL = ("E11.9", "E10.9", "I10", "O80", "P07.01", "Z00.110", "I42.0", "I42.00", "F84.0", "N18.30",
        "S52.502A", "S52.501A", "W00.0XXA", "E08.9", "G35", "U07.1", "C61", "Z37.0")  # fmt: skip
DAYS = st.one_of(
    st.dates(dt.date(2016, 1, 1), dt.date(2027, 3, 31)),
    st.sampled_from([dt.date(2024, 9, 30), dt.date(2024, 10, 1), dt.date(2026, 9, 30)]),
)


@settings(deadline=None, max_examples=200, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from(REAL), min_size=1, max_size=6),
    DAYS,
    st.dates(dt.date(1915, 1, 1), dt.date(2016, 1, 1)),
    st.sampled_from("MFU"),
    st.booleans(),
    st.sampled_from(["", "Y", "N"]),
)
def test_answers_kept_by_period_and_age_group_are_those_of_the_whole_check(
    codes, diagnoses, on, born, sex, in_house, poa
):
    day, form = on.isoformat(), "I" if in_house else "P"
    coded = Coded(
        is_inpatient=in_house,
        admitted_on=day,
        discharged_on=day if in_house else "",
        born_on=born.isoformat(),
        sex_code=sex,
        diagnoses=[
            Diagnosis(code=code, role="other", present_on_admission_code=poa) for code in diagnoses
        ],
        lines=[
            ChargeLine(
                line_item_control_number="1", form=form, service_from=day, service_through=day,
                billed_cents=100, procedure_code="99214", diagnosis_pointers=[1],
            )
        ],
    )  # fmt: skip
    whole = check(
        Encounter(
            setting=Setting.INPATIENT if in_house else Setting.PROFESSIONAL,
            service_from=on,
            discharge_on=on if in_house else None,
            age_years=on.year - born.year - ((on.month, on.day) < (born.month, born.day)),
            sex=sex if sex in "MF" else None,
            diagnoses=tuple(Dx(code, (poa or None) if in_house else None) for code in diagnoses),
            lines=(Line("99214", System.CPT, on, diagnosis_pointers=(1,)),),
        ),
        codes.sets,
    )
    expected = {(f.rule_id, f.path, f.codes, f.why) for f in whole if f.severity != "info"}
    told = {
        (e.reason.rule_id, e.reason.path, e.codes, e.reason.text.partition(": ")[2])
        for e in codes.check(coded).edits
        if e.reason.rule_id not in ("procedure-unverified", "drg-ungroupable")
    }
    assert told == expected
