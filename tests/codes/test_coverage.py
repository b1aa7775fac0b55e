"""Coverage policies and fee schedules: the loaders, and what the edit says, by date and payer."""

import contextlib
import datetime as dt
import json
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes_official_files import upload
from rcm.codes import registry
from rcm.codes.coverage import Coverage, DiagnosisList
from rcm.codes.edits.check import check, left_out
from rcm.codes.edits.model import MEDICARE, Diagnosis, Encounter, Line, Override, Setting, Severity
from rcm.codes.loaders.coverage import parse_coverage
from rcm.codes.loaders.lists import parse_fees
from rcm.codes.loaders.parsed import LoadError
from rcm.codes.model import System
from rcm.codes.sets import CodeSets

FIRST, LAST = dt.date(2025, 10, 1), dt.date(2026, 9, 30)
REVISED = dt.date(2026, 10, 1)
DAY = dt.date(2026, 3, 2)
AREAS = frozenset({"J-K", "00831", MEDICARE})


def group(*procedures, **more):
    return {"procedures": list(procedures), **more}


def policy(number="L90001", *groups, kind="LCD", effective="2025-10-01", **more):
    made = {
        "policy": number, "kind": kind, "title": "A policy of ours", "effective": effective,
        "jurisdictions": ["J-K"], "groups": list(groups),
    }  # fmt: skip
    return {**made, **more}


def written(*policies):
    return json.dumps({"policies": list(policies)})


FILE = written(
    policy("L90001", group("G0103", covered=["Z12.5", "C61*", "N40.0-N40.3"]),
           terminated="2026-09-30"),
    policy("190.90", group("G0328", noncovered=["Z00*"], frequency={"units": 1, "days": 335}),
           kind="NCD", jurisdictions=[MEDICARE]),
    policy("P-7", group("J1000", covered=["E11*"], together_with=["I10"], notice_modifiers=[]),
           kind="PAYER", jurisdictions=[], payers=["60054"]),
    policy("L90002", group("J2000", covered=["I10"])),
    policy("L90002", group("J2000", covered=["I10", "I15*"]), effective="2026-10-01"),
    policy("L90003", group("J3000", covered=["E11*"], noncovered=["R73*"],
                           noncovered_prevails=True)),
)  # fmt: skip


@pytest.fixture(scope="module")
def sets(folder, tmp_path_factory):
    place = tmp_path_factory.mktemp("coverage")
    shutil.copy(folder / registry.FILE_NAME, place / registry.FILE_NAME)
    registry.load(place, "coverage", upload(FILE, "policies.json", FIRST), lambda _: None)
    opened = CodeSets.open(place / registry.FILE_NAME)
    yield opened
    opened.close()


def line(code, on=DAY, *modifiers, units=1, points=(1,)):
    return Line(code, System.HCPCS, on, modifiers, units, points)


def told(sets, *lines, codes=("I10",), areas=AREAS, setting=Setting.PROFESSIONAL, **more):
    encounter = Encounter(
        setting=setting, service_from=lines[0].on, age_years=60, payer_areas=areas,
        diagnoses=tuple(Diagnosis(code) for code in codes), lines=lines, **more,
    )  # fmt: skip
    return [f for f in check(encounter, sets) if f.rule_id.startswith("coverage")]


def names(findings):
    return [finding.rule_id for finding in findings]


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        ("I10", FIRST, ["coverage-diagnosis-unsupported"]),
        ("I10", FIRST - dt.timedelta(days=1), []),
        ("I10", LAST, ["coverage-diagnosis-unsupported"]),
        ("I10", LAST + dt.timedelta(days=1), []),
        ("Z12.5", DAY, []),
        ("C61", DAY, []),
        ("N40.1", DAY, []),
        ("N40.3", DAY, []),
        ("N41.0", DAY, ["coverage-diagnosis-unsupported"]),
    ],
)
def test_a_diagnosis_that_does_not_support_a_procedure_holds_while_the_policy_is_in_force(
    sets, code, on, expected
):
    assert names(told(sets, line("G0103", on), codes=(code,))) == expected


@pytest.mark.parametrize(
    ("code", "on", "expected"),
    [
        ("I15.0", LAST, ["coverage-diagnosis-unsupported"]),
        ("I15.0", REVISED, []),
        ("E11.9", REVISED, ["coverage-diagnosis-unsupported"]),
    ],
)
def test_a_revision_takes_the_place_of_the_version_before_it_on_its_first_day(
    sets, code, on, expected
):
    assert names(told(sets, line("J2000", on), codes=(code,))) == expected


def test_a_finding_says_which_policy_why_what_to_do_and_who_may_pass_it(sets):
    (found,) = told(sets, line("G0103"))
    assert (found.version, found.severity) == (1, Severity.ERROR)
    assert (found.path, found.codes) == ("lines[0].diagnosis_pointers", ("G0103", "I10"))
    assert found.why.startswith("LCD L90001 of 2025-10-01: no diagnosis of the line supports it")
    assert "Z12.5, C61*, N40.0-N40.3" in found.why
    assert "GA, GX, GY, GZ" in found.what_to_do
    assert found.may_override is Override.SUPERVISOR


@pytest.mark.parametrize(
    ("procedure", "areas", "expected"),
    [
        ("G0103", {"60054"}, []),
        ("G0103", {"J-K"}, ["coverage-diagnosis-unsupported"]),
        ("G0103", set(), []),
        ("J1000", {"60054"}, ["coverage-diagnosis-unsupported"]),
        ("J1000", {"J-K", MEDICARE}, []),
    ],
)
def test_a_policy_counts_for_those_who_follow_it(sets, procedure, areas, expected):
    found = told(sets, line(procedure), codes=("E11.9",), areas=frozenset(areas))
    assert names(found) == expected


def test_only_the_diagnoses_that_the_line_points_to_support_it(sets):
    codes = ("I10", "Z12.5")
    assert names(told(sets, line("G0103"), codes=codes)) == ["coverage-diagnosis-unsupported"]
    assert told(sets, line("G0103", points=(1, 2)), codes=codes) == []
    assert told(sets, line("G0103", points=()), codes=codes, setting=Setting.OUTPATIENT) == []


def test_an_inpatient_stay_is_not_asked_for_coverage_by_procedure(sets):
    found = told(sets, line("G0103"), setting=Setting.INPATIENT, discharge_on=DAY)
    assert found == []


def test_a_diagnosis_that_must_stand_beside_another_is_asked_for(sets):
    mine = {"areas": frozenset({"60054"})}
    assert told(sets, line("J1000", points=(1, 2)), codes=("E11.9", "I10"), **mine) == []
    (found,) = told(sets, line("J1000"), codes=("E11.9",), **mine)
    assert "beside the others" in found.why


def test_an_excluded_diagnosis_holds_and_a_covered_one_beside_it_decides_unless_it_prevails(sets):
    assert names(told(sets, line("G0328"), codes=("Z00.00",))) == ["coverage-diagnosis-noncovered"]
    assert told(sets, line("G0328"), codes=("Z12.11",)) == []
    both = told(sets, line("J3000", points=(1, 2)), codes=("E11.9", "R73.03"))
    assert names(both) == ["coverage-diagnosis-noncovered"]
    assert both[0].codes == ("J3000", "R73.03")


@pytest.mark.parametrize(
    ("days_before", "expected"), [(334, ["coverage-frequency"]), (335, []), (0, [])]
)
def test_a_service_too_soon_after_the_last_one_holds(sets, days_before, expected):
    earlier = (line("G0328", DAY - dt.timedelta(days=days_before)),) if days_before else ()
    found = told(sets, line("G0328"), codes=("Z12.11",), earlier=earlier)
    assert names(found) == expected
    if expected:
        assert found[0].path == "lines[0].units"
        assert "2 units in 335 days, it pays 1" in found[0].why


def test_of_two_lines_of_one_day_the_one_that_is_too_many_holds(sets):
    found = told(sets, line("G0328"), line("G0328", DAY, "91"), codes=("Z12.11",))
    assert [f.path for f in found] == ["lines[1].units"]


@pytest.mark.parametrize("modifier", ["GA", "GX", "GY", "GZ"])
def test_a_line_that_says_its_denial_is_foreseen_goes_with_a_warning_of_who_is_liable(
    sets, modifier
):
    (found,) = told(sets, line("G0103", DAY, modifier))
    assert (found.rule_id, found.severity) == ("coverage-denial-foreseen", Severity.WARNING)
    assert ("provider is liable" in found.why) == (modifier == "GZ")


def test_a_policy_may_say_that_no_notice_changes_anything(sets):
    found = told(sets, line("J1000", DAY, "GA"), areas=frozenset({"60054"}))
    assert "coverage-diagnosis-unsupported" in names(found)
    assert "GA" not in found[0].what_to_do


def test_a_notice_on_a_covered_line_is_said_to_be_needless(sets):
    (found,) = told(sets, line("G0103", DAY, "GZ"), codes=("Z12.5",))
    assert (found.rule_id, found.path) == ("coverage-notice-needless", "lines[0].modifiers")
    assert told(sets, line("J9999", DAY, "GZ"), codes=("Z12.5",)) == []


def test_without_a_coverage_file_nothing_is_said(folder):
    plain = CodeSets.open(folder / registry.FILE_NAME)
    assert Coverage.of(plain) is None
    assert told(plain, line("G0103")) == []
    assert "coverage policies (NCD, LCD)" in left_out(plain)
    plain.close()


def test_with_a_coverage_file_the_edit_is_no_longer_among_those_left_out(sets):
    assert "coverage policies (NCD, LCD)" not in left_out(sets)
    assert "NCCI pairs" in left_out(sets)


def test_a_policy_that_was_corrected_no_longer_speaks_of_what_it_dropped(folder, tmp_path):
    shutil.copy(folder / registry.FILE_NAME, tmp_path / registry.FILE_NAME)
    wide, narrow = ["G0103", "J2000"], ["J2000"]
    for number, procedures in enumerate((wide, narrow)):
        text = written(policy("L1", group(*procedures, covered=["I10"])))
        registry.load(tmp_path, "coverage", upload(text, f"{number}.json", FIRST), lambda _: None)
    opened = CodeSets.open(tmp_path / registry.FILE_NAME)
    assert told(opened, line("G0103"), codes=("E11.9",)) == []
    assert names(told(opened, line("J2000"), codes=("E11.9",))) == [
        "coverage-diagnosis-unsupported"
    ]
    opened.close()


GOOD = group("G0103", covered=["I10"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a coverage file"),
        ("{", "not a coverage file"),
        ("[]", "not a coverage file"),
        ('{"policies": []}', "no policy"),
        ('{"policies": [1]}', r"policies\[0\]: Expected `object`"),
        ('{"policies": [], "policies": []}', "twice"),
        ('{"policies": [NaN]}', "NaN"),
        ('{"policies": [' + "9" * 5_000 + "]}", "too large"),
        (written(policy()), "groups"),
        (written(policy("L1", GOOD, surprise=1)), "surprise"),
        (written(policy("L1", GOOD, kind="XXX")), "kind"),
        (written(policy("L1", GOOD, effective="2026-02-30")), "effective"),
        (written(policy("L1", GOOD, terminated="2020-01-01")), "terminated before"),
        (written(policy("L1", GOOD, jurisdictions=[])), "nobody would follow"),
        (written(policy("L1", GOOD), policy("L1", GOOD)), "L1 of 2025-10-01 stands there twice"),
        (written(policy("L1", group("G0103"))), "says nothing"),
        (written(policy("L1", group("XYZ", covered=["I10"]))), "HCPCS or CPT"),
        (written(policy("L1", group("G0103", covered=["I"]))), "ICD-10-CM"),
        (written(policy("L1", group("G0103", covered=["I*"]))), "ICD-10-CM"),
        (written(policy("L1", group("G0103", covered=["I20-I10"]))), "ICD-10-CM"),
        (written(policy("L1", group("G0103", covered=["I10%"]))), "ICD-10-CM"),
        (written(policy("L1", group("G0103", frequency={"units": 0, "days": 5}))), "units"),
        (written(policy("L1", group("G0103", covered=["I10"], notice_modifiers=["59"]))), "notice"),
        (b"PK\x03\x04\0\0", "not a text file"),
    ],
)
def test_a_file_that_is_no_coverage_file_is_refused_and_says_where(text, said):
    with pytest.raises(LoadError, match=said):
        parse_coverage(upload(text))


def test_a_bottomless_file_is_refused_and_the_old_set_stays(folder, tmp_path):
    shutil.copy(folder / registry.FILE_NAME, tmp_path / registry.FILE_NAME)
    before = (tmp_path / registry.FILE_NAME).read_bytes()
    deep = '{"policies": ' + "[" * 200_000
    with pytest.raises(LoadError):
        registry.load(tmp_path, "coverage", upload(deep), lambda _: None)
    assert (tmp_path / registry.FILE_NAME).read_bytes() == before


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_coverage_file_is_refused_or_read_never_a_crash(data):
    raw = bytearray(FILE.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
    with contextlib.suppress(LoadError):
        parse_coverage(upload(cut))


@given(st.from_regex(r"[A-Z][0-9][0-9A-Z]{1,5}", fullmatch=True))
def test_a_prefix_is_the_range_from_itself_to_itself(code):
    prefix, span = DiagnosisList((f"{code[:3]}*",)), DiagnosisList((f"{code[:3]}-{code[:3]}",))
    assert code in prefix
    assert code in span
    assert ("Z99" in prefix) == ("Z99" in span)


FEES = "code,modifier,amount\nG0103,,25.50\nG0103,26,10\n"


@pytest.mark.parametrize(
    ("code", "modifiers", "on", "cents"),
    [
        ("G0103", (), DAY, 2_550),
        ("G0103", ("26",), DAY, 1_000),
        ("G0103", ("GA",), DAY, 2_550),
        ("J1000", (), DAY, None),
        ("G0103", (), FIRST - dt.timedelta(days=1), None),
        ("G0103", (), REVISED, None),
        ("J1000", (), REVISED, 300),
    ],
)
def test_a_fee_is_that_of_the_schedule_in_force(folder, tmp_path, code, modifiers, on, cents):
    shutil.copy(folder / registry.FILE_NAME, tmp_path / registry.FILE_NAME)
    for text, since in ((FEES, FIRST), ("code,modifier,amount\nJ1000,,3.00\n", REVISED)):
        registry.load(tmp_path, "fee-schedule", upload(text, "fees.csv", since), lambda _: None)
    opened = CodeSets.open(tmp_path / registry.FILE_NAME)
    assert opened.fee_cents(code, modifiers, on) == cents
    opened.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first line"),
        ("code,amount\nG0103,1\n", "first line"),
        ("code,modifier,amount\n", "empty"),
        ("code,modifier,amount\nG0103,1\n", "columns"),
        ("code,modifier,amount\nHELLO,,1\n", "HCPCS or CPT"),
        ("code,modifier,amount\nG0103,X,1\n", "modifier"),
        ("code,modifier,amount\nG0103,,1_000\n", "amount"),
        ("code,modifier,amount\nG0103,,-1\n", "below zero"),
        ("code,modifier,amount\nG0103,,1\nG0103,,2\n", "line 3"),
    ],
)
def test_a_file_that_is_no_fee_schedule_is_refused(text, said):
    with pytest.raises(LoadError, match=said):
        parse_fees(upload(text))
