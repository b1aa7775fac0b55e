import contextlib
import datetime as dt
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes_cases import FY2026, FY2027, TODAY, corpus_file
from codes_official_files import (
    MUE,
    PTP,
    TABLE5,
    anweb,
    anweb_line,
    index_xml,
    order_file,
    upload,
)
from rcm.codes import registry, touched
from rcm.codes.diff import between_dates, between_files
from rcm.codes.diff_tables import TABLE_SETS, changed_sets, compare
from rcm.codes.edits import admission
from rcm.codes.edits.check import check
from rcm.codes.edits.model import Diagnosis, Encounter, Setting, Severity
from rcm.codes.forms import dotted
from rcm.codes.loaders.kinds import KINDS
from rcm.codes.loaders.parsed import LoadError
from rcm.codes.model import Status, System
from rcm.codes.search import Searcher
from rcm.codes.sets import CodeSets
from rcm.codes.sources import tabular

FY2028 = dt.date(2027, 10, 1)


def quiet(_):
    return None


@pytest.fixture
def own(folder, tmp_path):
    """A data folder of the test's own, which it may load into."""
    shutil.copy(folder / registry.FILE_NAME, tmp_path / registry.FILE_NAME)
    return tmp_path


def opened(place):
    return CodeSets.open(place / registry.FILE_NAME)


def test_next_years_order_file_begins_and_ends_codes_on_its_date(own, sets):
    text = order_file(
        sets, System.ICD10CM, FY2027, without=("I10",),
        extra=[("I1010", "Mild hypertension"), ("I1019", "Hypertension, unspecified")],
    )  # fmt: skip
    registry.load(own, "icd10cm-order", upload(text, "icd10cm_order_2028.txt"), quiet)
    new = opened(own)
    day_before = FY2028 - dt.timedelta(days=1)
    assert new.standing("I10", System.ICD10CM, day_before) is Status.VALID
    assert new.validate("I10", System.ICD10CM, FY2028).status is Status.EXPIRED
    assert new.validate("I10", System.ICD10CM, FY2028).successors == ("I1010", "I1019")
    assert new.validate("I10.10", System.ICD10CM, day_before).valid_from == FY2028
    assert new.validate("I10.10", System.ICD10CM, FY2028).title == "Mild hypertension"
    change = between_dates(new, System.ICD10CM, day_before, FY2028)
    assert change.added == ("I1010", "I1019")
    assert change.ended == (("I10", ("I1010", "I1019")),)
    assert Searcher(new).search("mild hypertension", System.ICD10CM, FY2028)[0].code == "I10.10"
    new.close()


def test_a_load_says_what_it_changes_and_a_dry_run_changes_nothing(own, sets, tmp_path):
    before = (own / registry.FILE_NAME).read_bytes()
    places = upload("code,words\n11,Office\n98,A new place\n")
    place = tmp_path / "dry.sqlite"
    registry.try_load(own, "pos-list", places, place, quiet)
    tried = CodeSets.open(place)
    change = between_files(sets, tried, System.PLACE_OF_SERVICE, FY2028)
    assert change.added == ("98",)
    assert ("21", ()) in change.ended
    tried.close()
    assert (own / registry.FILE_NAME).read_bytes() == before
    assert not (own / "sources").exists()


def test_a_build_repeats_the_loads_made_before(own):
    registry.load(own, "ptp-practitioner", upload(PTP, "ccipra.txt", FY2027), quiet)
    registry.load(own, "table5", upload(TABLE5, "table5.txt", FY2027), quiet)
    rows = "SELECT * FROM ptp ORDER BY 1, 2, 3", "SELECT * FROM weight ORDER BY drg"
    first = [opened(own).connection.execute(query).fetchall() for query in rows]
    registry.rebuild(own, quiet)
    assert [opened(own).connection.execute(query).fetchall() for query in rows] == first
    assert [kind for kind, *_ in registry.loaded(own / registry.FILE_NAME)] == [
        "ptp-practitioner", "table5",
    ]  # fmt: skip
    assert registry.verify(own) == []


def test_a_changed_copy_of_a_loaded_file_is_noticed(own):
    registry.load(own, "mue-practitioner", upload(MUE, "mue.csv", FY2027), quiet)
    (kept,) = (own / "sources").iterdir()
    kept.write_bytes(b"something else")
    assert len(registry.verify(own)) == 1
    with pytest.raises(registry.CodesUnavailableError):
        registry.rebuild(own, quiet)
    assert opened(own).has(System.ICD10CM)


def test_a_damaged_code_file_is_noticed_and_built_anew(own, folder, monkeypatch):
    path = own / registry.FILE_NAME

    def rebuild(place, _):
        shutil.copy(folder / registry.FILE_NAME, place / registry.FILE_NAME)

    monkeypatch.setattr(registry, "rebuild", rebuild)
    path.write_bytes(b"not a database")
    assert registry.verify(own)
    built = registry.open_sets(own, quiet)
    assert built.standing("I10", System.ICD10CM, TODAY) is Status.VALID


def test_the_same_file_is_not_loaded_twice(own):
    registry.load(own, "table5", upload(TABLE5, "t.txt", FY2027), quiet)
    with pytest.raises(LoadError, match="before"):
        registry.load(own, "table5", upload(TABLE5, "t.txt", FY2027), quiet)


def test_hcpcs_codes_have_dates_and_continued_words(own):
    extra = [
        anweb_line("J9999", words="First half", added="20260401"),
        anweb_line("J9999", record="4", words="second half"),
        anweb_line("K0001", ended="20251231"),
    ]
    registry.load(own, "hcpcs", upload(anweb(extra=extra), on=FY2027), quiet)
    new = opened(own)
    answer = new.validate("j9999", System.HCPCS, TODAY)
    assert (answer.status, answer.title) == (Status.VALID, "First half second half")
    assert new.standing("J9999", System.HCPCS, dt.date(2026, 3, 31)) is Status.NOT_YET
    assert new.standing("K0001", System.HCPCS, dt.date(2025, 12, 31)) is Status.VALID
    assert new.standing("K0001", System.HCPCS, dt.date(2026, 1, 1)) is Status.EXPIRED
    assert new.standing("Q9999", System.HCPCS, TODAY) is Status.UNKNOWN
    assert Searcher(new).search("second half", System.HCPCS, TODAY)[0].code == "J9999"


def test_the_hcpcs_list_of_the_corpus_is_read():
    data = corpus_file("hcpcs_level2_2026q3.csv.gz").read_bytes()
    import gzip

    parsed = KINDS["hcpcs-csv"].parse(upload(gzip.decompress(data), on=FY2027))
    assert parsed.release.row_count == 8725


def test_lists_of_the_corpus_are_read():
    for kind, name in (("revenue-list", "revenue_center_codes.csv"),):
        parsed = KINDS[kind].parse(upload(corpus_file(name).read_bytes(), on=FY2026))
        assert parsed.release.row_count > 300


def test_the_weights_of_the_corpus_are_read():
    data = corpus_file("msdrg_weights_fy2026_table5.csv").read_bytes()
    parsed = KINDS["table5"].parse(upload(data, on=FY2026))
    assert parsed.release.row_count == 772 - 2  # 998 and 999 are never paid
    assert parsed.tables[0].rows[0][:2] == ("2025-10-01", "001")
    assert parsed.tables[0].rows[0][5:8] == ("28.0239", "25.8", "36.2")


def test_cpt_words_come_only_from_the_operators_file(own):
    registry.load(own, "cpt", upload("99213\tOur own words\n0042T\tMore\n", on=FY2027), quiet)
    new = opened(own)
    assert new.validate("99213", System.CPT, TODAY).title == "Our own words"
    assert new.standing("99214", System.CPT, TODAY) is Status.UNKNOWN


def test_terms_of_the_alphabetic_index_are_found(own):
    registry.load(own, "icd10cm-index", upload(index_xml(), on=FY2027), quiet)
    search = Searcher(opened(own))
    assert search.search("gronk", System.ICD10CM, TODAY)[0].code == "J44.9"
    assert search.search("gronk fever", System.ICD10CM, TODAY)[0].code == "R50.9"


def test_the_list_of_exempt_codes_is_exact_from_its_date_on(own, sets):
    names = sets.connection.execute("SELECT DISTINCT code FROM code WHERE system = 'icd10cm'")
    exempt = [code for (code,) in names if code[0] in "QSTZ" and code != "Z79891"]
    rows = "".join(f"{at:05d}\t{dotted(code)}\twords\n" for at, code in enumerate(exempt))
    registry.load(
        own, "poa-exempt", upload("Order\tPOAexemptCode\tDescription\n" + rows, on=FY2028), quiet
    )
    new, day_before = opened(own), FY2028 - dt.timedelta(days=1)
    assert admission.exempt(new, "Z794", FY2028) is True
    assert admission.exempt(new, "Z79891", FY2028) is False
    assert admission.exempt(new, "W19XXXA", FY2028) is False
    assert admission.exempt(new, "Z79891", day_before) is None
    assert admission.exempt(new, "I10", day_before) is False
    given = Encounter(
        setting=Setting.INPATIENT, service_from=FY2028, discharge_on=FY2028, age_years=50,
        diagnoses=(Diagnosis("I10", "Y"), Diagnosis("Z79.4", "Y"), Diagnosis("Z79.891", "")),
    )  # fmt: skip
    said = {f.path: f.severity for f in check(given, new) if f.rule_id == "dx-poa-missing"}
    assert said == {"diagnoses[1]": Severity.WARNING, "diagnoses[2]": Severity.ERROR}
    new.close()


def test_the_packaged_tabular_list_can_be_loaded_as_a_file(own):
    data = tabular.package_file().read_bytes()
    registry.load(own, "icd10cm-tabular", upload(data, "icd10cm_tabular.xml", FY2027), quiet)
    assert opened(own).heading("E114").title.startswith("Type 2 diabetes")


HOSTILE = {
    "icd10cm-order": ["", "00001 A00 x", "\0\0", "00001 A000    1 T\n"],
    "icd10pcs-order": ["junk", "00001 0016070 1 \n"],
    "icd10cm-tabular": [
        "<a/>", "<ICD10CM.tabular/>", "not xml",
        '<!DOCTYPE a [<!ENTITY x "y">]><ICD10CM.tabular>&x;</ICD10CM.tabular>',
        "<ICD10CM.tabular><chapter><name>1</name></chapter></ICD10CM.tabular>",
        "<ICD10CM.tabular><chapter><name>1</name>" + "<section id='A'>" * 300
        + "</section>" * 300 + "</chapter></ICD10CM.tabular>",
    ],
    "icd10cm-index": ["<ICD10CM.index/>", "<x>", "<!ENTITY>"],
    "hcpcs": ["A0001 short", anweb(10), anweb_line("A0001", added="20209999")],
    "hcpcs-modifiers": [anweb(10)],
    "hcpcs-csv": ["code\nA0001", "code,long_description,terminated\nZZ,x,\n"],
    "cpt": ["", "nothing here"],
    "ptp-practitioner": ["", "\n" * 20 + "x", PTP + "\nJ1\tJ2", "J1000\tJ2000\t\t2025\t*\t0\tx"],
    "ptp-hospital": ["J1000\tJ2000\t\t20250101\t*\t7\tx"],
    "mue-practitioner": ["", "J1000,x,1 Line", "J1000,4,9 Line", 'J1000,"4', "J1000,-1,1 L"],
    "mue-hospital": ["a,b"], "mue-dme": ["\x00"],
    "table5": ["", "001\tNo\tNo\tPRE\tSURG\tX\tx\ty\tz\tw", "001,1e5,2,3"],
    "global-days": ["", "99213,abc"],
    "modifier-list": ["code,words\n", "code,words\nABC,x\n"], "pos-list": ["code,words\nXX,y\n"],
    "tob-list": ["a"], "revenue-list": ["code,words\n0450\n"], "carc-list": ["x,y\n0,z\n"],
    "rarc-list": [""],
    "fee-schedule": ["", "code,modifier,amount\nA0001,,x\n", 'code,modifier,amount\n"A0001'],
    "coverage": ["", "{}", '{"policies": [', '{"policies": [{}]}', "[" * 100_000],
    "poa-exempt": ["", "Order\tCode\tTitle\n00001\tnone\tx\n", "Order\tCode\tTitle\n1\tZ79.4\tx"],
}  # fmt: skip


def test_every_kind_has_a_hostile_file():
    assert HOSTILE.keys() == KINDS.keys()


@pytest.fixture(scope="module")
def in_force(folder, tmp_path_factory):
    """A data folder that refused loads share: none of them may change it."""
    place = tmp_path_factory.mktemp("in-force")
    shutil.copy(folder / registry.FILE_NAME, place / registry.FILE_NAME)
    return place


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, ts in HOSTILE.items() for t in ts])
def test_a_hostile_file_is_refused_and_the_old_set_stays_in_force(in_force, kind, text):
    path = in_force / registry.FILE_NAME
    before = path.stat()
    with pytest.raises(LoadError) as refusal:
        registry.load(in_force, kind, upload(text), quiet)
    assert str(refusal.value)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [file for file in in_force.iterdir() if file.name.startswith(".building")] == []


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_any_bytes_are_read_or_refused(kind, data):
    samples = [text.encode() for text in HOSTILE[kind]] + [PTP.encode(), MUE.encode()]
    raw = data.draw(
        st.one_of(
            st.binary(max_size=300),
            st.sampled_from(samples).flatmap(
                lambda sample: st.builds(
                    lambda at, junk: sample[:at] + junk + sample[at + len(junk) :],
                    st.integers(0, len(sample)), st.binary(max_size=8),
                )
            ),
        )
    )  # fmt: skip
    with contextlib.suppress(LoadError):
        KINDS[kind].parse(upload(raw))


def test_a_file_cut_short_anywhere_never_ends_codes(sets):
    whole = order_file(sets, System.ICD10CM, FY2027).encode()
    for share in (0.1, 0.5, 0.75):
        with pytest.raises(LoadError):
            KINDS["icd10cm-order"].parse(upload(whole[: int(len(whole) * share) + 3]))


# -- what a load of edit tables changed ----------------------------------------------------------

NEXT_PTP = (
    PTP.replace("J3000\t\t20250101\t*\t1", "J3000\t\t20250101\t*\t0").replace(
        "J2000\t\t20250101\t*", "J2000\t\t20250101\t20260930"
    )
    + "\nJ7000\tJ8000\t\t20261001\t*\t1\tMisuse"
)
NEXT_MUE = MUE.replace("J1000,4", "J1000,6").replace("J2000,2,2", "J9999,3,2")
JULY = dt.date(2026, 7, 1)


def difference_of(own, kind, first, second):
    """What the second load changed, as the command compares it."""
    registry.load(own, kind, upload(first, "first.txt", JULY), quiet)
    with contextlib.closing(opened(own)) as old:
        registry.load(own, kind, upload(second, "second.txt", FY2027), quiet)
        with contextlib.closing(opened(own)) as new:
            (name,) = changed_sets(old, new)
            return compare(old, FY2027, new, FY2027, name)


def test_a_quarter_of_ncci_pairs_says_which_came_went_and_changed(own):
    found = difference_of(own, "ptp-practitioner", PTP, NEXT_PTP)
    assert found.set_name == "ptp-practitioner"
    assert found.added == (("J7000/J8000", "indicator 1"),)
    assert found.ended == (("J1000/J2000", "indicator 0"),)
    assert found.changed == (("J1000/J3000", "indicator 1", "indicator 0"),)
    assert (found.added_count, found.ended_count, found.changed_count) == (1, 1, 1)


def test_a_quarter_of_unit_limits_says_which_came_went_and_changed(own):
    found = difference_of(own, "mue-hospital", MUE, NEXT_MUE)
    assert found.added == (("J9999", "3 units, MAI 2"),)
    assert found.ended == (("J2000", "2 units, MAI 2"),)
    assert found.changed == (("J1000", "4 units, MAI 1", "6 units, MAI 1"),)


def test_weights_and_fees_say_what_they_became(own):
    weights = difference_of(own, "table5", TABLE5, TABLE5.replace("1.8123", "1.9"))
    assert weights.changed == (("470", "weight 1.8123, 1.9 days", "weight 1.9, 1.9 days"),)
    fees = "code,modifier,amount\n99213,,90.00\n99213,TC,40.00\n"
    changed = difference_of(own, "fee-schedule", fees, fees.replace("40.00", "41.50"))
    assert changed.changed == (("99213-TC", "40.00", "41.50"),)
    assert (changed.added_count, changed.ended_count) == (0, 0)


def test_a_set_that_was_not_loaded_is_not_compared(own):
    with contextlib.closing(opened(own)) as old, contextlib.closing(opened(own)) as same:
        assert changed_sets(old, same) == []
        assert compare(old, FY2026, same, FY2027, "ptp-hospital").empty


def test_every_kind_of_file_has_a_difference_that_can_be_read():
    codes = {"hcpcs", "cpt", "modifier", "pos", "tob", "revenue", "carc", "rarc", "icd10cm"}
    named = codes | {"icd10pcs", *TABLE_SETS}
    for kind in KINDS:
        stem = kind.removesuffix("-order").removesuffix("-list").removesuffix("-csv")
        known = {"table5": "msdrg-weights", "hcpcs-modifiers": "modifier"}.get(stem, stem)
        assert known in named, kind


# -- what a load touches ---------------------------------------------------------------------------


def what_touches(own, kind, before, after, *more_before, on=dt.date(2026, 1, 1)):
    """Compare the sets with one file loaded, and with another one after it."""
    for text in (before, *more_before):
        registry.load(own, kind, upload(text, "first.txt", on), quiet)
    old = opened(own)
    registry.load(own, kind, upload(after, "second.txt", on), quiet)
    new = opened(own)
    found = touched.between(old, new, dt.date(2026, 11, 21))
    old.close()
    new.close()
    return found


def test_codes_that_a_release_begins_and_ends_touch_who_holds_them(own, sets):
    text = order_file(
        sets, System.ICD10CM, FY2027, without=("I10",), extra=[("I1010", "Mild hypertension")]
    )
    old = opened(own)
    registry.load(own, "icd10cm-order", upload(text, "icd10cm_order_2028.txt"), quiet)
    new = opened(own)
    found = touched.between(old, new, FY2027)
    assert found.of({"I10", "E119"}) == {
        "I10": ("icd10cm: not in force on 2027-10-01, was; now I10.10",)
    }
    assert found.of({"E119"}) == {}
    assert list(found.of({"I1010"})) == ["I1010"]
    old.close()
    new.close()


def test_a_pair_that_changes_touches_who_holds_both_of_it(own):
    ended = PTP.replace("J1000\tJ3000\t\t20250101\t*", "J1000\tJ3000\t\t20250101\t20260331")
    name = "ptp-practitioner"
    found = what_touches(own, name, PTP, ended)
    assert found.count == 1
    assert found.of({"J1000", "J3000", "J2000"}) == {
        "J1000/J3000": (
            "ptp-practitioner, since 2025-01-01: indicator 1 is now indicator 1 until 2026-03-31",
        )
    }
    assert found.of({"J1000", "J2000"}) == {}
    assert list(found.of({"J1000"}, {"J3000", "J2000"})) == ["J1000/J3000"]
    assert found.of({"I10"}, {"J1000", "J3000"}) == {}


def test_a_limit_that_changes_touches_who_bills_the_code(own):
    found = what_touches(own, "mue-practitioner", MUE, MUE.replace("J1000,4", "J1000,5"))
    assert found.of({"J1000", "J2000"}) == {
        "J1000": ("mue-practitioner: 4 units, MAI 1 is now 5 units, MAI 1 on 2026-01-01",)
    }


def test_global_periods_and_policies_touch_the_procedures_they_name(own):
    found = what_touches(own, "global-days", "19000,010\n27000,090\n", "19000,010\n27000,000\n")
    assert list(found.codes) == ["27000"]


def test_fees_touch_no_encounter_and_weights_may_touch_any(own):
    fees = "code,modifier,amount\n99213,,90.00\n"
    found = what_touches(own, "fee-schedule", fees, fees.replace("90.00", "91.00"))
    assert found.count == 0
    changed = TABLE5.replace("1.8123", "1.9123")
    assert what_touches(own, "table5", TABLE5, changed) is None


def test_more_pairs_than_are_worth_holding_may_touch_any(own, monkeypatch):
    monkeypatch.setattr(touched, "PAIRS_MAX", 2)
    rows = [f"\nJ6000\tJ{number}\t\t20250101\t*\t1\tMisuse" for number in range(7000, 7005)]
    assert what_touches(own, "ptp-practitioner", PTP, PTP + "".join(rows[:2])).count == 2
    assert what_touches(own, "ptp-hospital", PTP + rows[0], PTP + "".join(rows)) is None


def test_the_files_of_one_quarter_are_listed_each_with_its_rows(own):
    for name, text in (
        ("ccipra-v320-f1.txt", PTP),
        ("ccipra-v320-f2.txt", PTP.partition("J5000")[0]),
    ):
        registry.load(own, "ptp-practitioner", upload(text, name, dt.date(2026, 1, 1)), quiet)
    with contextlib.closing(opened(own)) as both:
        listed = both.releases("ptp-practitioner")
    assert [(one.release_id, one.source, one.row_count) for one in listed] == [
        ("ptp-practitioner-2026-01-01-ccipra-v320-f1", "ccipra-v320-f1.txt", 4),
        ("ptp-practitioner-2026-01-01-ccipra-v320-f2", "ccipra-v320-f2.txt", 3),
    ]
    assert len({one.sha256 for one in listed}) == 2
