import datetime as dt
import statistics
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes_cases import BEFORE_FY2027, FY2027, TODAY
from rcm.codes.model import Status, System

# Twenty questions of the kind coders ask; these were looked at while the search was made.
SEEN = {
    "type 2 diabetes with neuropathy": "E11.40",
    "acute appendicitis": "K35.80",
    "hypertension": "I10",
    "fracture of left distal radius closed initial encounter": "S52.502A",
    "torn meniscus knee": "S83.209A",
    "copd exacerbation": "J44.1",
    "afib": "I48.91",
    "gerd": "K21.9",
    "chf": "I50.9",
    "urinary tract infection": "N39.0",
    "low back pain": "M54.50",
    "migraine": "G43.909",
    "community acquired pneumonia": "J18.9",
    "chest pain": "R07.9",
    "ckd stage 3": "N18.30",
    "hypothyroidism": "E03.9",
    "hyperlipidemia": "E78.5",
    "anxiety": "F41.9",
    "stroke": "I63.9",
    "kidney stone": "N20.0",
}
# Twenty more, written before the search was first run on them and never used to change it.
HELD_OUT = {
    "heart attack": "I21.9",
    "sprained right ankle": "S93.401A",
    "strep throat": "J02.0",
    "iron deficiency anemia": "D50.9",
    "gout": "M10.9",
    "rheumatoid arthritis": "M06.9",
    "carpal tunnel right wrist": "G56.01",
    "sleep apnea obstructive": "G47.33",
    "bph without luts": "N40.0",
    "acute bronchitis": "J20.9",
    "cellulitis of left lower leg": "L03.116",
    "major depression single episode": "F32.9",
    "breast cancer right upper outer quadrant female": "C50.411",
    "deep vein thrombosis left leg": "I82.402",
    "sepsis": "A41.9",
    "diabetic foot ulcer type 2": "E11.621",
    "hip fracture femoral neck left": "S72.002A",
    "asthma attack": "J45.901",
    "vitamin d deficiency": "E55.9",
    "abdominal pain right lower quadrant": "R10.31",
}


def ranks(searcher, questions):
    found = {}
    for words, gold in questions.items():
        codes = [hit.code for hit in searcher.search(words, System.ICD10CM, TODAY)]
        found[words] = codes.index(gold) + 1 if gold in codes else None
    return found


def test_the_questions_seen_are_answered_in_the_first_five(searcher):
    found = ranks(searcher, SEEN)
    assert sum(rank is not None and rank <= 5 for rank in found.values()) >= 18, found


def test_questions_never_seen_are_answered_in_the_first_five(searcher):
    found = ranks(searcher, HELD_OUT)
    assert sum(rank is not None and rank <= 5 for rank in found.values()) >= 14, found


def test_a_category_is_answered_with_its_billable_codes(searcher):
    hits = searcher.search("E11.4", System.ICD10CM, TODAY)
    assert (hits[0].code, hits[0].billable) == ("E11.4", False)
    assert "E11.40" in {hit.code for hit in hits if hit.billable}


def test_the_beginning_of_a_code_is_enough(searcher):
    hits = searcher.search("s52.50", System.ICD10CM, TODAY, limit=50)
    assert all(hit.code.startswith("S52.50") for hit in hits)
    assert len(hits) == 49 + 1 or all(hit.billable for hit in hits[1:])


def test_an_expired_code_leads_to_what_replaced_it(searcher):
    before = searcher.search("I42.0", System.ICD10CM, BEFORE_FY2027)
    after = searcher.search("I42.0", System.ICD10CM, FY2027)
    assert [(hit.code, hit.billable) for hit in before] == [("I42.0", True)]
    assert [hit.code for hit in after] == ["I42.0", "I42.00", "I42.01", "I42.09"]


@pytest.mark.parametrize("on", [dt.date(2019, 1, 1), BEFORE_FY2027, FY2027])
def test_every_billable_answer_is_in_force_on_the_date(searcher, sets, on):
    for words in ("dilated cardiomyopathy", "multiple sclerosis", "obesity", "low back pain"):
        hits = searcher.search(words, System.ICD10CM, on)
        assert hits
        for hit in hits:
            assert sets.standing(hit.code, System.ICD10CM, on) is Status.VALID, (words, hit)


def test_the_notes_of_a_code_come_beside_it(searcher):
    (hit,) = searcher.search("E11.40", System.ICD10CM, TODAY, notes=True)
    assert any(note.kind == "excludes1" for note in hit.notes)


def test_laterality_and_encounter_choose_among_siblings(searcher):
    first = {
        words: searcher.search(words, System.ICD10CM, TODAY)[0].code
        for words in (
            "fracture of right distal radius",
            "fracture of left distal radius subsequent encounter routine healing",
        )
    }
    assert list(first.values()) == ["S52.501A", "S52.502D"]


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_answered(searcher, text):
    for hit in searcher.search(text, System.ICD10CM, TODAY):
        assert hit.code
        assert hit.why


def test_an_answer_takes_some_milliseconds(searcher):
    times = []
    for words in [*SEEN, *HELD_OUT] * 3:
        began = time.process_time()
        searcher.search(words, System.ICD10CM, TODAY)
        times.append(time.process_time() - began)
    # benchmarks/codes.py measures; this only catches a change of order.
    assert statistics.median(times) < 0.03


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("pnuemonia", "J18.9"),  # two letters swapped
        ("hypertention", "I10"),  # another letter
        ("astma", "J45.909"),  # one too few
        ("celullulitis", None),  # two slips: not guessed
        ("bronchits", "J40"),
        ("type 2 diabtes", "E11.9"),
    ],
)
def test_a_slip_in_a_word_is_mended_and_said(searcher, words, code):
    hits = searcher.search(words, System.ICD10CM, TODAY)
    if code is None:
        assert hits == []
    else:
        assert code in [hit.code for hit in hits[:5]]
        assert all(hit.why.startswith("read as ") for hit in hits)


@pytest.mark.parametrize("words", ["underactive thyroid", "yeast infection vaginal", "gout"])
def test_words_that_are_known_are_never_mended(searcher, words):
    hits = searcher.search(words, System.ICD10CM, TODAY)
    assert hits
    assert not any("read as" in hit.why for hit in hits)


def test_what_a_patient_had_is_not_what_they_have(searcher):
    hits = searcher.search("history of colon cancer", System.ICD10CM, TODAY)
    assert hits[0].code.startswith("Z85")


def test_rheumatoid_arthritis_is_the_plain_code_first(searcher):
    (first, *_) = searcher.search("rheumatoid arthritis", System.ICD10CM, TODAY)
    assert first.code == "M06.9"


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_any_text_is_answered_from_memory_as_it_was_the_first_time(searcher, text):
    first = searcher.search(text, System.ICD10CM, TODAY)
    assert searcher.search(text, System.ICD10CM, TODAY) == first


def test_why_is_told_in_the_words_that_were_asked(searcher):
    first, *_ = searcher.search("acute kidney injury", System.ICD10CM, TODAY)
    assert (first.code, first.why) == ("N17.9", "N17: acute kidney injury")
    (first, *_) = searcher.search("HTN", System.ICD10CM, TODAY)
    assert first.why == "I10: htn"
