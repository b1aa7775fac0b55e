"""Coverage policies at the door to billing: whose they are, what they hold, who may pass them."""

import json
import shutil
from functools import partial

import pytest

from codes_cases import FY2026, built_folder
from codes_official_files import upload
from coding_cases import (
    Desk,
    assessed,
    charges,
    ft1,
    message,
    pid,
    profile,
    pv1,
    register,
    rules,
)
from coding_svc.decide import commands
from coding_svc.decide.commands import Overruling
from coding_svc.problems import NotOverrulable
from coding_svc.rules.code_sets import LoadedRules
from rcm.codes import registry

POLICIES = {
    "policies": [
        {
            "policy": "L90001", "kind": "LCD", "title": "Prostate test", "effective": "2025-10-01",
            "terminated": "2026-09-30", "jurisdictions": ["J-K"],
            "groups": [{"procedures": ["G0103"], "covered": ["Z12.5"],
                        "frequency": {"units": 1, "days": 335}}],
        },
        {
            "policy": "190.90", "kind": "NCD", "title": "Of all", "effective": "2025-10-01",
            "jurisdictions": ["MEDICARE"],
            "groups": [{"procedures": ["G0328"], "covered": ["Z12.11"]}],
        },
    ]
}  # fmt: skip
LOCAL = {"edits": {"60054": {"jurisdictions": ["J-K"]}}}
WHY = "The urologist's letter of 27 February names the reason."


@pytest.fixture(scope="module")
def codes(tmp_path_factory):
    place = tmp_path_factory.mktemp("policies")
    shutil.copy(built_folder() / registry.FILE_NAME, place / registry.FILE_NAME)
    text = json.dumps(POLICIES)
    registry.load(place, "coverage", upload(text, "policies.json", FY2026), lambda _: None)
    loaded = LoadedRules.open(place / registry.FILE_NAME)
    yield loaded
    loaded.close()


def lab(code="G0103", *, on="20260227", dx="I10", modifiers="", account="A1", number="TX1"):
    day = f"{on}090000-0500"
    line = ft1(number, code=f"{code}^^C4", f4=day, f19=f"{dx}^^I10", f26=modifiers)
    return message(
        "DFT^P03", pid(account=account), pv1(visit=f"V{account}", f44=day), line, number=number
    )


def held(codes, *messages, **changes):
    found = assessed(
        *messages, codes=codes, profile=profile(**changes) if changes else None, today="2026-11-20"
    )
    return rules(found.holds)


@pytest.mark.parametrize(
    ("on", "expected"), [("20260930", ["coverage-diagnosis-unsupported"]), ("20261001", [])]
)
def test_a_procedure_without_a_diagnosis_that_supports_it_holds_through_the_policys_last_day(
    codes, on, expected
):
    assert held(codes, register(), lab(on=on), **LOCAL) == expected


def test_a_supported_procedure_goes(codes):
    assert held(codes, register(), lab(dx="Z12.5"), **LOCAL) == []


def test_a_policy_of_a_jurisdiction_is_for_the_payers_that_the_profile_puts_there(codes):
    assert held(codes, register(), lab()) == []


def test_a_policy_of_all_medicare_needs_no_profile(codes):
    medicare = {"payers": {"60054": {"payer_id": "60054", "filing_indicator_code": "MB"}}}
    assert held(codes, register(), lab("G0328"), **medicare) == ["coverage-diagnosis-unsupported"]
    assert held(codes, register(), lab("G0328"), **LOCAL) == []


def test_without_a_coverage_file_nothing_holds():
    bare = LoadedRules.open(built_folder() / registry.FILE_NAME)
    assert held(bare, register(), lab(), **LOCAL) == []
    bare.close()


def test_a_signed_notice_lets_the_line_go_and_warns_of_who_is_liable(codes):
    found = assessed(
        register(), lab(modifiers="GA"), codes=codes, profile=profile(**LOCAL),
        today="2026-11-20",
    )  # fmt: skip
    assert found.content is not None
    (warned,) = [w for w in found.warnings if w.rule_id == "coverage-denial-foreseen"]
    assert (warned.path, warned.severity) == ("lines[0].diagnosis_pointers", "warning")
    assert "the patient is liable" in warned.text


def test_a_supervisor_passes_it_with_a_reason_and_a_coder_does_not(codes):
    desk = Desk(profile(**LOCAL), codes=codes)
    desk.take(register())
    desk.take(lab())

    def release(role, command_id):
        target = desk.encounter_id()
        rule_ids = ("coverage-diagnosis-unsupported",)
        wanted = Overruling(rule_ids=rule_ids, reason=WHY, by="u-7", role=role)
        decide = partial(commands.release, target, wanted, desk.profiles)
        return desk.execute(command_id, [target], decide)

    with pytest.raises(NotOverrulable, match="only a supervisor"):
        release("coder", "r1")
    overruled, _, coded = release("supervisor", "r2")
    (hold,) = overruled.overruled
    assert (hold.rule_id, hold.rule_version) == ("coverage-diagnosis-unsupported", 1)
    assert hold.codes == ["G0103", "I10"]
    assert coded.name == "EncounterCoded"


@pytest.mark.parametrize(
    ("on", "expected"),
    [("20260430", "EncounterHeld"), ("20260227", "EncounterHeld"), ("20260929", "EncounterHeld")],
)
def test_the_patients_other_encounters_count_towards_a_frequency(codes, on, expected):
    desk = Desk(profile(**LOCAL), codes=codes)
    first = lab(dx="Z12.5")
    desk.take(register())
    assert desk.take(first)[-1].name == "EncounterCoded"
    desk.siblings = (desk.encounter_id("A1"),)
    desk.take(
        message("ADT^A04", pid(account="A2"), pv1(visit="VA2"), *_insured(register()), number="X")
    )
    events = desk.take(lab(on=on, dx="Z12.5", account="A2", number="TX2"))
    assert events[-1].name == expected
    assert "coverage-frequency" in rules(events[-1].reasons)


def test_a_service_of_another_encounter_that_is_long_past_counts_no_more(codes):
    desk = Desk(profile(**LOCAL), codes=codes)
    old = lab(on="20251001", dx="Z12.5")
    desk.take(register())
    desk.take(old)
    desk.siblings = (desk.encounter_id("A1"),)
    desk.take(
        message("ADT^A04", pid(account="A2"), pv1(visit="VA2"), *_insured(register()), number="X")
    )
    assert desk.take(lab(on="20260901", dx="Z12.5", account="A2", number="TX2"))[-1].name == (
        "EncounterCoded"
    )


def _insured(data):
    return [part for part in data.decode().split("\r") if part.startswith("IN1")]


def test_charges_of_another_kind_are_not_touched(codes):
    assert held(codes, register(), charges(), **LOCAL) == []
