import datetime as dt
import importlib
import pkgutil
import shutil
from pathlib import Path

import msgspec
import pytest

from codes_cases import BEFORE_FY2027, FY2027, TODAY
from codes_official_files import MUE, PTP, upload
from rcm.codes import edits, registry
from rcm.codes.edits.check import check, holds
from rcm.codes.edits.model import (
    Diagnosis,
    Drug,
    Encounter,
    Line,
    Override,
    PayerOptions,
    PriorSurgery,
    Rule,
    Setting,
    Severity,
    refuse_override,
)
from rcm.codes.model import System
from rcm.codes.sets import CodeSets

DAY = dt.date(2026, 11, 2)
GLOBALS = "19000,010\n11000,000\n27000,090\n29000,090\n"
LAST_SEX_EDIT, FIRST_WITHOUT = dt.date(2024, 9, 30), dt.date(2024, 10, 1)


@pytest.fixture(scope="module")
def sets(folder, tmp_path_factory):
    """The packaged sets with small NCCI, MUE and global-days files of our own."""
    place = tmp_path_factory.mktemp("edits")
    shutil.copy(folder / registry.FILE_NAME, place / registry.FILE_NAME)
    for kind, text, on in (
        ("ptp-practitioner", PTP, dt.date(2026, 1, 1)),
        ("ptp-hospital", PTP.replace("J1000\tJ2000", "J1000\tJ2222"), dt.date(2026, 1, 1)),
        ("mue-practitioner", MUE, dt.date(2026, 10, 1)),
        ("mue-hospital", MUE.replace("J1000,4", "J1000,40"), dt.date(2026, 10, 1)),
        ("global-days", GLOBALS, dt.date(2026, 1, 1)),
    ):
        registry.load(place, kind, upload(text, f"{kind}.txt", on), lambda _: None)
    opened = CodeSets.open(place / registry.FILE_NAME)
    yield opened
    opened.close()


def inpatient(*codes, on=DAY, age=50, sex=None, poa="Y", procedures=()):
    return Encounter(
        setting=Setting.INPATIENT, service_from=on - dt.timedelta(days=3), discharge_on=on,
        age_years=age, sex=sex, procedures=procedures,
        diagnoses=tuple(Diagnosis(code, poa) for code in codes),
    )  # fmt: skip


def office(*codes, on=DAY, lines=(), **more):
    return Encounter(
        setting=Setting.PROFESSIONAL, service_from=on,
        diagnoses=tuple(Diagnosis(code) for code in codes), lines=tuple(lines), **more,
    )  # fmt: skip


def line(code, *modifiers, on=DAY, system=None, pointers=(1,), **more):
    system = system or (System.HCPCS if code[0].isalpha() else System.CPT)
    return Line(code, system, on, modifiers, diagnosis_pointers=pointers, **more)


def rules(encounter, sets, options=None):
    findings = check(encounter, sets, options or PayerOptions(ndc_required=False))
    return {finding.rule_id for finding in findings if finding.severity is not Severity.INFO}


DIAGNOSIS_CASES = {
    "dx-not-in-force": [
        (inpatient("I42.0", on=FY2027), inpatient("I42.0", on=BEFORE_FY2027)),
        (inpatient("I42.00", on=BEFORE_FY2027), inpatient("I42.00", on=FY2027)),
        (office("E11.4"), office("E11.40")),
    ],
    "dx-seventh-character": [(office("S52.502"), office("S52.502A"))],
    "dx-age-conflict": [
        (inpatient("A33", age=1), inpatient("A33", age=0)),
        (inpatient("O80", age=8), inpatient("O80", age=9)),
        (inpatient("O80", age=65), inpatient("O80", age=64)),
    ],
    "dx-sex-conflict": [
        (inpatient("O80", on=LAST_SEX_EDIT, sex="M"), inpatient("O80", on=FIRST_WITHOUT, sex="M")),
        (inpatient("N40.0", on=LAST_SEX_EDIT, sex="F"),
         inpatient("N40.0", on=LAST_SEX_EDIT, sex="M")),
    ],
    "dx-manifestation-as-principal": [
        (inpatient("F02.80", "G30.9"), inpatient("G30.9", "F02.80")),
    ],
    "dx-external-cause-as-principal": [
        (inpatient("W19.XXXA", "S72.001A"), inpatient("S72.001A", "W19.XXXA")),
        (office("W19.XXXA", "S72.001A"), office("S72.001A", "W19.XXXA")),
    ],
    "dx-unacceptable-principal": [
        (inpatient("Z68.35"), inpatient("E66.9", "Z68.35")),
        (inpatient("Z68.35"), office("Z68.35")),
    ],
    "dx-unspecified": [(inpatient("S72.009A"), inpatient("S72.001A"))],
    "dx-duplicate": [(inpatient("I10", "i10"), inpatient("I10", "E11.9"))],
    "dx-excludes1": [(office("E11.9", "E10.9"), office("E11.9", "I10"))],
    "dx-code-first": [(office("F02.80", "G30.9"), office("G30.9", "F02.80"))],
    "dx-use-additional-before": [(office("Z79.4", "E11.9"), office("E11.9", "Z79.4"))],
    "dx-poa-missing": [
        (inpatient("I10", poa=None), inpatient("I10", poa="N")),
        (inpatient("I10", poa="1"), inpatient("I10", poa="W")),
        (inpatient("I10", poa=""), office("I10")),
        (inpatient("Z79.4", poa="X"), inpatient("Z79.4", poa=None)),
        (inpatient("S72.001A", poa=""), inpatient("S72.001D", poa="")),
    ],
    "dx-laterality": [
        (office("H25.11", "H25.12"), office("H25.13")),
        (office("M17.11", "M17.10"), office("M17.11")),
    ],
    "dx-count": [
        (office(*["I10"] * 13), office(*["I10"] * 12)),
        (office(), office("I10")),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "fires", "rests"),
    [(rule, *pair) for rule, pairs in DIAGNOSIS_CASES.items() for pair in pairs],
)
def test_an_edit_on_diagnoses_fires_and_rests(sets, rule, fires, rests):
    assert rule in rules(fires, sets)
    assert rule not in rules(rests, sets)


VISIT = "99213"
LINE_CASES = {
    "pcs-inpatient-only": [
        (msgspec.structs.replace(office("I10"), procedures=("0DTJ4ZZ",)),
         inpatient("K35.80", procedures=("0DTJ4ZZ",))),
    ],
    "pcs-not-in-force": [
        (inpatient("I10", procedures=("0DTJ4ZQ",)), inpatient("I10", procedures=("0DTJ4ZZ",))),
    ],
    "line-procedure-not-in-force": [
        (office("I10", lines=[line("9921")]), office("I10", lines=[line(VISIT)])),
    ],
    "line-units": [
        (office("I10", lines=[line(VISIT, units=0)]), office("I10", lines=[line(VISIT, units=1)])),
    ],
    "pointer-missing": [
        (office("I10", lines=[line(VISIT, pointers=())]), office("I10", lines=[line(VISIT)])),
    ],
    "pointer-to-nothing": [
        (office("I10", lines=[line(VISIT, pointers=(2,))]), office("I10", lines=[line(VISIT)])),
        (office("I10", "R52", lines=[line(VISIT, pointers=(1, 1))]),
         office("I10", "R52", lines=[line(VISIT, pointers=(1, 2))])),
    ],
    "pointer-to-external-cause": [
        (office("S93.401A", "W19.XXXA", lines=[line(VISIT, pointers=(2, 1))]),
         office("S93.401A", "W19.XXXA", lines=[line(VISIT, pointers=(1, 2))])),
    ],
    "modifier-unknown": [
        (office("I10", lines=[line("27000", "2")]), office("I10", lines=[line("27000", "22")])),
        (office("I10", lines=[line("27000", "ZZ")]), office("I10", lines=[line("27000", "GA")])),
    ],
    "modifier-count": [
        (office("I10", lines=[line("27000", "22", "51", "59", "62", "LT")]),
         office("I10", lines=[line("27000", "22", "51", "59", "LT")])),
    ],
    "modifier-twice": [
        (office("I10", lines=[line("27000", "59", "59")]),
         office("I10", lines=[line("27000", "59")])),
    ],
    "modifier-order": [
        (office("I10", lines=[line("27000", "LT", "59")]),
         office("I10", lines=[line("27000", "59", "LT")])),
    ],
    "modifier-contradiction": [
        (office("I10", lines=[line("27000", "59", "XS")]),
         office("I10", lines=[line("27000", "XS")])),
        (office("I10", lines=[line("27000", "50", "LT")]),
         office("I10", lines=[line("27000", "50")])),
    ],
    "modifier-wrong-service": [
        (office("I10", lines=[line("27000", "25")]), office("I10", lines=[line(VISIT, "25")])),
        (office("I10", lines=[line(VISIT, "78")]), office("I10", lines=[line("27000", "78")])),
    ],
    "modifier-side-against-diagnosis": [
        (office("M17.11", lines=[line("27000", "LT")]),
         office("M17.11", lines=[line("27000", "RT")])),
    ],
    "ndc-form": [
        (office("I10", lines=[line("J1885", drug=Drug("123", "1", "ML"))]),
         office("I10", lines=[line("J1885", drug=Drug("12345678901", "1.5", "ML"))])),
        (office("I10", lines=[line("J1885", drug=Drug("12345678901", "0", "ML"))]),
         office("I10", lines=[line("J1885", drug=Drug("12345678901", "0.1", "UN"))])),
    ],
    "line-duplicate": [
        (office("I10", lines=[line("27000"), line("27000")]),
         office("I10", lines=[line("27000"), line("27000", "76")])),
        (office("I10", lines=[line("27000")], same_day=(line("27000"),)),
         office("I10", lines=[line("27000")], same_day=(line("27000", on=TODAY),))),
        (office("I10", lines=[line("27000", "LT"), line("27000", "LT")]),
         office("I10", lines=[line("27000", "LT"), line("27000", "RT")])),
    ],
    "ncci-pair-never": [
        (office("I10", lines=[line("J1000"), line("J2000", "59")]),
         office("I10", lines=[line("J1000"), line("J2000", on=TODAY)])),
        (office("I10", lines=[line("J1000"), line("J2000")]),
         msgspec.structs.replace(office("I10", lines=[line("J1000"), line("J2000")]),
                                 setting=Setting.OUTPATIENT)),
    ],
    "ncci-pair-needs-modifier": [
        (office("I10", lines=[line("J1000"), line("J3000")]),
         office("I10", lines=[line("J1000"), line("J3000", "59")])),
        (office("I10", lines=[line("J1000", "LT"), line("J3000", "LT")]),
         office("I10", lines=[line("J1000", "LT"), line("J3000", "RT")])),
        (office("I10", lines=[line("J1000", on=dt.date(2026, 3, 31)),
                              line("J4000", on=dt.date(2026, 3, 31))]),
         office("I10", lines=[line("J1000", on=dt.date(2026, 4, 1)),
                              line("J4000", on=dt.date(2026, 4, 1))])),
        (office("I10", lines=[line("J1000"), line("J3000")]),
         office("I10", lines=[line("J5000"), line("J5001")])),
    ],
    "mue-line": [
        (office("I10", lines=[line("J1000", units=5)]),
         office("I10", lines=[line("J1000", units=4), line("J1000", "76", units=4)])),
        (office("I10", lines=[line("J1000", units=5)]),
         msgspec.structs.replace(office("I10", lines=[line("J1000", units=5)]),
                                 setting=Setting.OUTPATIENT)),
        (office("I10", on=FY2027, lines=[line("J1000", on=FY2027, units=5)]),
         office("I10", on=BEFORE_FY2027, lines=[line("J1000", on=BEFORE_FY2027, units=5)])),
    ],
    "mue-day": [
        (office("I10", lines=[line("J2000", units=2), line("J2000", "76", units=1)]),
         office("I10", lines=[line("J2000", units=2), line("J2000", on=TODAY, units=1)])),
    ],
    "mue-day-reviewable": [
        (office("I10", lines=[line("J3000", units=11)]),
         office("I10", lines=[line("J3000", units=10)])),
    ],
    "visit-needs-25": [
        (office("I10", lines=[line(VISIT), line("11000")]),
         office("I10", lines=[line(VISIT, "25"), line("11000")])),
    ],
    "visit-needs-57": [
        (office("I10", lines=[line(VISIT, "25"), line("27000")]),
         office("I10", lines=[line(VISIT, "57"), line("27000")])),
        (office("I10", lines=[line(VISIT)], same_day=(line("27000", on=DAY + dt.timedelta(1)),)),
         office("I10", lines=[line(VISIT)], same_day=(line("27000", on=DAY + dt.timedelta(2)),))),
    ],
}  # fmt: skip


def after(days, *modifiers, code=VISIT, surgery="27000", provider=""):
    prior = PriorSurgery(surgery, DAY - dt.timedelta(days), "")
    return office("I10", lines=[line(code, *modifiers, provider=provider)],
                  prior_surgeries=(prior,))  # fmt: skip


LINE_CASES |= {
    "visit-needs-24": [
        (after(90), after(91)),
        (after(10, surgery="19000"), after(11, surgery="19000")),
        (after(30), after(30, "24")),
        (after(30), after(30, provider="another")),
    ],
    "surgery-needs-58-78-79": [
        (after(90, code="29000"), after(91, code="29000")),
        (after(30, code="29000"), after(30, "78", code="29000")),
        (after(30, code="29000"), after(30, "79", code="29000")),
    ],
}


@pytest.mark.parametrize(
    ("rule", "fires", "rests"),
    [(rule, *pair) for rule, pairs in LINE_CASES.items() for pair in pairs],
)
def test_an_edit_on_lines_fires_and_rests(sets, rule, fires, rests):
    assert rule in rules(fires, sets)
    assert rule not in rules(rests, sets)


def test_a_drug_needs_its_ndc_where_the_payer_asks(sets):
    encounter = office("I10", lines=[line("J1885")])
    assert "ndc-missing" in rules(encounter, sets, PayerOptions(ndc_required=True))
    assert "ndc-missing" not in rules(encounter, sets, PayerOptions(ndc_required=False))


def test_a_sex_conflict_is_an_error_then_a_warning_that_a_payer_asks_for(sets):
    wanted = PayerOptions(warn_of_sex_conflict=True)

    def severity(on, options):
        found = check(inpatient("O80", on=on, sex="M"), sets, options)
        return [f.severity for f in found if f.rule_id == "dx-sex-conflict"]

    assert severity(LAST_SEX_EDIT, PayerOptions()) == [Severity.ERROR]
    assert severity(FIRST_WITHOUT, wanted) == [Severity.WARNING]
    assert severity(FIRST_WITHOUT, PayerOptions()) == []


def test_a_clean_encounter_is_released(sets):
    clean = office("E11.40", "Z79.4", lines=[line(VISIT, pointers=(1, 2))])
    assert not holds(check(clean, sets))


def test_an_inpatient_is_judged_by_the_discharge_date(sets):
    across = msgspec.structs.replace(
        inpatient("I42.00", on=FY2027), service_from=dt.date(2026, 9, 28)
    )
    assert "dx-not-in-force" not in rules(across, sets)


def test_every_finding_tells_a_coder_what_to_do(sets):
    for pairs in (DIAGNOSIS_CASES | LINE_CASES).values():
        for fires, _ in pairs:
            for finding in check(fires, sets):
                assert finding.why
                assert finding.what_to_do
                assert finding.version >= 1
                assert finding.path


def test_errors_come_first_and_the_same_encounter_gives_the_same(sets):
    fires = office("E11.9", "E10.9", "E11.9", lines=[line("27000", "LT", "59")])
    found = check(fires, sets)
    assert found == check(fires, sets)
    order = [list(Severity).index(finding.severity) for finding in found]
    assert order == sorted(order)


def test_an_override_needs_the_right_person_and_a_reason(sets):
    (excludes,) = (
        f for f in check(office("E11.9", "E10.9"), sets)
        if f.rule_id == "dx-excludes1" and f.path == "diagnoses[0]"
    )  # fmt: skip
    assert refuse_override(excludes, Override.CODER, "two unrelated conditions") is None
    assert refuse_override(excludes, Override.CODER, "ok") is not None
    assert refuse_override(excludes, Override.NOBODY, "two unrelated conditions") is not None
    never = check(office("E11.4"), sets)[0]
    assert refuse_override(never, Override.SUPERVISOR, "I insist on this code") is not None
    clash = next(
        f for f in check(office("I10", lines=[line("27000", "59", "XS")]), sets)
        if f.rule_id == "modifier-contradiction"
    )  # fmt: skip
    assert refuse_override(clash, Override.CODER, "the payer asks for both") is not None
    assert refuse_override(clash, Override.SUPERVISOR, "the payer asks for both") is None


# -- every rule of the catalogue, and the date boundaries ------------------------------------------

QUARTER_END, QUARTER = dt.date(2026, 3, 31), dt.date(2026, 4, 1)


def service(code, *modifiers, on=DAY, setting=Setting.PROFESSIONAL, **more):
    encounter = office("I10", on=on, lines=[line(code, *modifiers, on=on, **more)])
    return msgspec.structs.replace(encounter, setting=setting)


def pair(one, other, *modifiers, on=DAY, setting=Setting.PROFESSIONAL):
    lines = (line(one, on=on), line(other, *modifiers, on=on))
    return msgspec.structs.replace(office("I10", on=on, lines=lines), setting=setting)


BOUNDARY_CASES = {
    # A code begins and ends with the fiscal year: by discharge, else by service.
    "dx-not-in-force": [
        (office("I42.0", on=FY2027), office("I42.0", on=BEFORE_FY2027)),
        (office("I42.00", on=BEFORE_FY2027), office("I42.00", on=FY2027)),
    ],
    # A pair holds on its last day, not on the day after, and in its own setting only.
    "ncci-pair-needs-modifier": [
        (pair("J1000", "J4000", on=QUARTER_END), pair("J1000", "J4000", on=QUARTER)),
        (pair("J1000", "J4000", on=QUARTER_END, setting=Setting.OUTPATIENT),
         pair("J1000", "J4000", on=QUARTER, setting=Setting.OUTPATIENT)),
        # Indicator 9 has begun and ended on one day: it never denies, not even on that day.
        (pair("J1000", "J3000", on=dt.date(2025, 1, 1)),
         pair("J5000", "J5001", on=dt.date(2025, 1, 1))),
        (pair("J1000", "J3000", on=dt.date(2025, 1, 1)),
         pair("J1000", "J3000", on=dt.date(2024, 12, 31))),
        *((pair("J1000", "J3000"), pair("J1000", "J3000", bypass))
          for bypass in ("59", "XE", "XP", "XS", "XU", "58", "78", "79", "LT")),
        (pair("J1000", "J3000", "51"), pair("J1000", "J3000", "91")),
    ],
    "ncci-pair-never": [
        (pair("J1000", "J2000", "59"), pair("J1000", "J2000", setting=Setting.INPATIENT)),
        (pair("J1000", "J2222", setting=Setting.OUTPATIENT), pair("J1000", "J2222")),
    ],
    # Limits are those of the quarter in force, by setting.
    "mue-line": [
        (service("J1000", on=FY2027, units=41, setting=Setting.OUTPATIENT),
         service("J1000", on=BEFORE_FY2027, units=41, setting=Setting.OUTPATIENT)),
        (service("J1000", units=5), service("J1000", units=5, setting=Setting.DME)),
    ],
    "mue-day": [
        (service("J2000", on=FY2027, units=3), service("J2000", on=BEFORE_FY2027, units=3)),
    ],
    "mue-day-reviewable": [
        (service("J3000", on=FY2027, units=11), service("J3000", on=BEFORE_FY2027, units=11)),
    ],
    "visit-needs-25": [
        (office("I10", lines=[line(VISIT, "24"), line("11000")]),
         office("I10", lines=[line(VISIT, "57"), line("11000")])),
        (office("I10", lines=[line(VISIT), line("19000")]),
         office("I10", lines=[line(VISIT), line("19000", on=TODAY)])),
    ],
    "surgery-needs-58-78-79": [
        (after(10, code="29000", surgery="19000"), after(11, code="29000", surgery="19000")),
        (after(30, "22", code="29000"), after(30, "58", code="29000")),
    ],
    "dx-external-cause-as-principal": [
        (inpatient("Y92.009", "S72.001A", on=on), inpatient("S72.001A", "Y92.009", on=on))
        for on in (BEFORE_FY2027, FY2027)
    ],
    "dx-code-first": [
        (inpatient("F02.80", "G30.9", on=on), inpatient("G30.9", "F02.80", on=on))
        for on in (BEFORE_FY2027, FY2027)
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "fires", "rests"),
    [(rule, *case) for rule, cases in BOUNDARY_CASES.items() for case in cases],
)
def test_an_edit_fires_and_rests_at_the_boundary(sets, rule, fires, rests):
    assert rule in rules(fires, sets)
    assert rule not in rules(rests, sets)


def test_what_to_add_is_advice_until_it_is_there(sets):
    def advised(*codes):
        return {f.rule_id for f in check(office(*codes), sets)}

    assert "dx-use-additional" in advised("E11.9")
    assert "dx-use-additional" not in advised("R52")


ELSEWHERE = {
    "ndc-missing": "test_a_drug_needs_its_ndc_where_the_payer_asks",
    "dx-use-additional": "test_what_to_add_is_advice_until_it_is_there",
}
"""Rules whose pair asks for options of a payer, or is advice: the test of this file that has it."""


def catalogue():
    """Every rule of the edits, by the modules that hold them."""
    found = {}
    for module in pkgutil.iter_modules(edits.__path__):
        loaded = importlib.import_module(f"{edits.__name__}.{module.name}")
        for rule in vars(loaded).values():
            if isinstance(rule, Rule):
                found[rule.rule_id] = rule
    return found


def test_every_rule_has_a_case_that_fires_and_one_that_must_not():
    here = {**DIAGNOSIS_CASES, **LINE_CASES, **BOUNDARY_CASES}
    paired = {rule for rule, cases in here.items() if cases}
    paired |= {rule for rule, test in ELSEWHERE.items() if test in globals()}
    coverage = (Path(__file__).parent / "test_coverage.py").read_text()
    lacking = [
        rule
        for rule in catalogue().keys() - paired
        if not (rule.startswith("coverage-") and f'"{rule}"' in coverage)
    ]
    assert not lacking
    assert not paired - catalogue().keys(), "cases of rules that are no more"


def test_every_rule_is_in_the_page_of_edits_with_its_version():
    page = (Path(__file__).parents[2] / "docs" / "codes" / "edits.md").read_text()
    for rule in catalogue().values():
        assert f"| `{rule.rule_id}` | {rule.version} | {rule.severity}" in page, rule.rule_id


CHANGED_THAT_DAY = {"dx-not-in-force", "dx-sex-conflict"}


@pytest.mark.parametrize("on", [BEFORE_FY2027, FY2027, LAST_SEX_EDIT, FIRST_WITHOUT])
@pytest.mark.parametrize("rule", sorted(DIAGNOSIS_CASES.keys() - CHANGED_THAT_DAY))
def test_an_edit_that_did_not_change_fires_and_rests_on_both_sides_of_october(sets, rule, on):
    """Each rule's first case on the four days; those that changed that day are above."""
    fires, rests = DIAGNOSIS_CASES[rule][0]
    assert rule in rules(moved(fires, on), sets)
    assert rule not in rules(moved(rests, on), sets)


def moved(encounter, on):
    discharged = on if encounter.discharge_on is not None else None
    return msgspec.structs.replace(encounter, service_from=on, discharge_on=discharged)
