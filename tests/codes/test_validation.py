import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes_cases import (
    BEFORE_FY2027,
    FY2024,
    FY2025,
    FY2026,
    FY2027,
    TODAY,
    corpus_rows,
)
from rcm.codes.forms import dotted, normalise
from rcm.codes.model import Status, System

V, H, E, N, U, F = (
    Status.VALID,
    Status.HEADER,
    Status.EXPIRED,
    Status.NOT_YET,
    Status.UNKNOWN,
    Status.FORMAT,
)
DATES = (dt.date(2024, 9, 30), FY2025, BEFORE_FY2027, FY2027)

PROBES = {
    # categories, never billable
    "E11.4": (H, H, H, H), "S83.2": (H, H, H, H), "S83.20": (H, H, H, H),
    "S83.206": (H, H, H, H), "K35.8": (H, H, H, H), "I10-": (F, F, F, F),
    # once billable, now divided: they expired, and the codes below succeed them
    "K35.20": (E, E, E, E), "M54.5": (E, E, E, E), "G35": (V, V, E, E), "R10.2": (V, V, E, E),
    "Z68.1": (V, V, V, E), "I42.0": (V, V, V, E), "E66.8": (V, E, E, E), "B88.0": (V, V, E, E),
    "D69.1": (V, V, V, E),
    # begun on 1 October
    "E66.811": (N, V, V, V), "E10.A0": (N, V, V, V), "E11.A": (N, N, V, V),
    "G35.A": (N, N, V, V), "R10.20": (N, N, V, V), "I42.00": (N, N, N, V), "J4B": (N, N, N, V),
    "D69.11": (N, N, N, V),
    # always there
    "I10": (V, V, V, V), "E11.40": (V, V, V, V), "S52.502A": (V, V, V, V),
    "U07.1": (V, V, V, V), "Z00.00": (V, V, V, V), "C7A.00": (V, V, V, V),
    # other spellings
    "e11.40": (V, V, V, V), "E1140": (V, V, V, V), " E11 .40 ": (V, V, V, V),
    "s52502a": (V, V, V, V),
    # not codes
    "E11.40X": (U, U, U, U), "Z99.999": (U, U, U, U), "S52.502": (H, H, H, H),
    "ABC": (F, F, F, F), "A00-A09": (F, F, F, F), "": (F, F, F, F), "99213": (F, F, F, F),
}  # fmt: skip


def test_there_are_forty_probes():
    assert len(PROBES) == 40


@pytest.mark.parametrize(("code", "expected"), PROBES.items())
def test_a_probe_has_its_standing_on_four_dates(sets, code, expected):
    assert tuple(sets.validate(code, System.ICD10CM, on).status for on in DATES) == expected
    assert tuple(sets.standing(code, System.ICD10CM, on) for on in DATES) == expected


def test_an_expired_code_names_its_successors_and_its_last_day(sets):
    answer = sets.validate("G35", System.ICD10CM, FY2026)
    assert answer.successors[:3] == ("G35A", "G35B0", "G35B1")
    assert answer.valid_through == dt.date(2025, 9, 30)
    assert "G35.A" in answer.reason


def test_a_code_divided_after_the_conversion_tables_is_succeeded_by_those_below(sets):
    assert sets.validate("I42.0", System.ICD10CM, FY2027).successors == ("I4200", "I4201", "I4209")


def test_a_chain_of_successors_is_followed_to_codes_in_force(sets):
    for on in (FY2024, TODAY):
        for code in sets.successors("B600", System.ICD10CM, on):
            assert sets.standing(code, System.ICD10CM, on) is V


def test_a_header_lists_only_children_in_force_on_the_date(sets):
    assert sets.validate("E66.81", System.ICD10CM, dt.date(2024, 9, 30)).children == ()
    assert sets.validate("E66.81", System.ICD10CM, FY2025).children == (
        "E66811", "E66812", "E66813",
    )  # fmt: skip


def test_a_code_not_yet_in_force_says_from_when(sets):
    answer = sets.validate("I42.00", System.ICD10CM, BEFORE_FY2027)
    assert (answer.status, answer.valid_from) == (N, FY2027)


def test_a_new_code_has_its_categorys_title_and_says_so(sets):
    answer = sets.validate("I42.00", System.ICD10CM, TODAY)
    assert (answer.title, answer.title_source) == ("Dilated cardiomyopathy", "parent")
    assert sets.validate("J4B", System.ICD10CM, TODAY).title


def test_all_190_codes_of_fy2027_are_valid_and_all_30_it_dropped_have_expired(sets):
    changes = list(corpus_rows("icd10cm_fy2027_changes.csv"))
    wanted = {"add": (N, V), "delete": (V, E)}
    counts = {"add": 0, "delete": 0}
    for row in changes:
        kind = "add" if row["change"] == "add" else "delete"
        counts[kind] += 1
        got = tuple(sets.standing(row["code"], System.ICD10CM, d) for d in (BEFORE_FY2027, FY2027))
        assert got == wanted[kind], row
    assert counts == {"add": 190, "delete": 30}


@pytest.mark.parametrize(
    ("on", "diagnoses", "procedures"),
    [
        (FY2024, 74_044, 78_603),
        (FY2025, 74_260, 78_948),
        (FY2026, 74_719, 79_115),
        (dt.date(2026, 4, 1), 74_719, 79_193),
        (FY2027, 74_879, 79_256),
    ],
)
def test_the_sets_have_the_sizes_that_cms_published(sets, on, diagnoses, procedures):
    assert sum(1 for _ in sets.codes_on(System.ICD10CM, on)) == diagnoses
    assert sum(1 for _ in sets.codes_on(System.ICD10PCS, on)) == procedures


def test_dates_and_titles_equal_an_independent_extract(sets):
    wrong = []
    for row in corpus_rows("icd10cm_validity.csv.gz"):
        spans = sets.spans(row["code"], System.ICD10CM)
        dates = [(s.valid_from.isoformat(), s.valid_through and s.valid_through.isoformat())
                 for s in spans]  # fmt: skip
        # The extract glues notes such as "/Old retinal vein occlusion" to some titles.
        described = row["description_fy2026"].split("/")[0]
        if (row["effective"], row["terminated"] or None) not in dates or (
            described and not (spans[0].title or "").startswith(described)
        ):
            wrong.append(row)
    assert wrong == []


def test_a_pcs_code_needs_seven_characters_without_i_and_o(sets):
    assert sets.standing("0DTJ4ZZ", System.ICD10PCS, TODAY) is V
    assert sets.standing("0dtj 4zz", System.ICD10PCS, TODAY) is V
    assert sets.standing("0DTJ4Z", System.ICD10PCS, TODAY) is F
    assert sets.standing("0DTI4ZZ", System.ICD10PCS, TODAY) is F
    assert sets.standing("0DTJ4ZQ", System.ICD10PCS, TODAY) is U


@pytest.mark.parametrize(
    ("system", "good", "bad"),
    [
        (System.CPT, "99213", "9921"),
        (System.CPT, "0042T", "T0042"),
        (System.HCPCS, "J1885", "99213"),
        (System.REVENUE, "0450", "450A"),
        (System.BILL_TYPE, "0111", "0011"),
    ],
)
def test_without_a_file_a_code_is_checked_by_form_and_said_to_be_unverified(
    sets, system, good, bad
):
    answer = sets.validate(good, system, TODAY)
    assert answer.status is Status.UNVERIFIED
    assert answer.billable
    assert "loaded" in answer.reason
    assert sets.validate(bad, system, TODAY).status is F


def test_a_place_of_service_begins_on_its_date(sets):
    place = System.PLACE_OF_SERVICE
    assert sets.standing("10", place, dt.date(2021, 12, 31)) is N
    assert sets.standing("10", place, dt.date(2022, 1, 1)) is V
    assert sets.standing("30", place, TODAY) is U


@settings(deadline=None)
@given(st.text(max_size=40), st.dates(), st.sampled_from(System))
def test_validation_is_total(sets, text, on, system):
    answer = sets.validate(text, system, on)
    assert answer.status in Status
    assert answer.reason
    assert sets.standing(text, system, on) is answer.status


@settings(deadline=None)
@given(
    st.sampled_from(sorted(PROBES)),
    st.data(),
    st.sampled_from(DATES),
)
def test_case_dots_and_spaces_never_matter(sets, code, data, on):
    plain = normalise(code)
    spelled = "".join(
        data.draw(st.sampled_from((c, c.lower(), f" {c}", f".{c}", f"{c}\t"))) for c in plain
    )
    assert sets.standing(spelled, System.ICD10CM, on) is sets.standing(plain, System.ICD10CM, on)


@settings(deadline=None)
@given(st.dates(dt.date(2015, 10, 1), dt.date(2027, 3, 31)))
def test_a_valid_code_is_within_one_of_its_spans(sets, on):
    for code in ("G35", "I4200", "B880", "A1814", "E668"):
        inside = any(
            row.valid_from <= on and (row.valid_through is None or on <= row.valid_through)
            for row in sets.spans(code, System.ICD10CM)
        )
        assert (sets.standing(code, System.ICD10CM, on) is V) == inside


def test_codes_are_written_with_a_dot_after_the_category():
    assert [dotted(c) for c in ("I10", "E1140", "S52502A", "A00-A09")] == [
        "I10", "E11.40", "S52.502A", "A00-A09",
    ]  # fmt: skip


def test_notes_of_a_code_are_its_own_and_those_above(sets):
    notes = sets.notes("E1140")
    assert ("excludes1", "E11") in {(note.kind, note.at) for note in notes}
    assert all(note.at == "E1140" for note in notes if note.kind in ("inclusion_term", "includes"))


def test_the_hierarchy_leads_from_chapter_to_code_and_back(sets):
    path = [heading.code for heading in sets.above("E1140")]
    assert path == ["E114", "E11", "E08-E13", "4"]
    assert "E11" in {heading.code for heading in sets.below("E08-E13")}
    assert len(sets.below(None)) == 22


def test_what_follows_many_spaces_is_still_part_of_the_code(sets):
    assert sets.standing("I10" + " " * 200, System.ICD10CM, TODAY) is Status.VALID
    assert sets.standing("I10" + " " * 200 + "Z", System.ICD10CM, TODAY) is not Status.VALID


@pytest.mark.parametrize("text", ["\u013110", "I\u0660\u0661", "\uff2910", "\u017f72.001A"])
def test_a_letter_of_another_script_is_no_letter_of_a_code(sets, text):
    assert sets.standing(text, System.ICD10CM, TODAY) is Status.FORMAT
    assert sets.validate(text, System.ICD10CM, TODAY).status is Status.FORMAT


@pytest.mark.parametrize("space", ["\u2009", "\u200b", "\ufeff", "\u3000", "\x0b"])
def test_spaces_of_a_pasted_code_never_matter(sets, space):
    assert sets.standing(f"{space}e11.{space}40", System.ICD10CM, TODAY) is Status.VALID
