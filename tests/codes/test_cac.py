import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codes_cases import BEFORE_FY2027, FY2027, TODAY, corpus_file
from rcm.codes.cac import model_file, training
from rcm.codes.cac.feedback import Count, Decision, Learned, learn, shift
from rcm.codes.cac.ranking import NAMES, Ranking, fit, log_odds, probability
from rcm.codes.cac.suggester import Suggester
from rcm.codes.context import Flag
from rcm.codes.forms import normalise
from rcm.codes.model import Status, System

NOTE = (
    "72 yo woman with COPD exacerbation, afib and type 2 DM with neuropathy. "
    "No chest pain. Her mother had breast cancer."
)


@pytest.fixture(scope="module")
def suggester(sets):
    return Suggester(sets, model_file.shipped())


@pytest.fixture(scope="module")
def found(suggester):
    return {one.code: one for one in suggester.suggest(NOTE, TODAY)}


def test_what_the_note_says_is_among_the_first(suggester):
    first = [one.code for one in suggester.suggest(NOTE, TODAY, limit=8)]
    assert {"E11.40", "I48.91", "J44.1"} <= set(first)


def test_every_suggestion_says_where_in_the_note_and_how_sure(found):
    for one in found.values():
        assert 0 <= one.confidence <= 1
        assert one.evidence
        for span in one.spans:
            assert NOTE[span.start : span.end] == span.text


def test_a_negated_or_a_relatives_finding_is_shown_with_its_flag(found, suggester):
    assert found["R07.9"].flags == (Flag.NEGATED,)
    family = suggester.suggest("Her mother had breast cancer.", TODAY)
    assert Flag.FAMILY in next(one for one in family if one.code == "C50.919").flags


def test_a_suggestion_is_in_force_on_the_date(suggester, sets):
    text = "Dilated cardiomyopathy. Multiple sclerosis. Low back pain. Headache."
    for on in (BEFORE_FY2027, FY2027):
        for one in suggester.suggest(text, on):
            assert sets.standing(one.code, System.ICD10CM, on) is Status.VALID
    assert "I42.00" not in {one.code for one in suggester.suggest(text, BEFORE_FY2027)}


def test_without_a_model_the_dictionary_alone_suggests(sets):
    cold = Suggester(sets, None)
    assert cold.model_id == "dictionary-1"
    assert cold.suggest("Acute appendicitis.", TODAY)[0].code == "K35.80"


@pytest.mark.parametrize("text", ["", " \n", "0", "....", "\u0130stanbul \u00e9\u00e8", "x" * 5000])
def test_a_note_that_says_nothing_is_answered(suggester, text):
    assert isinstance(suggester.suggest(text, TODAY), list)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_note_is_answered_with_places_inside_it(suggester, text):
    for one in suggester.suggest(text, TODAY, limit=5):
        assert all(text[span.start : span.end] == span.text for span in one.spans)


def coded(name):
    with gzip.open(corpus_file(name), "rt", encoding="utf-8") as file:
        for line in file:
            note = json.loads(line)
            codes = frozenset(normalise(code) for code in note["icd10cm"])
            yield training.CodedNote(note["id"], note["text"], codes)


def test_the_shipped_model_reaches_what_the_documentation_says(suggester):
    quality = training.measure(suggester, list(coded("codiesp_en_dev.jsonl.gz")), TODAY)
    assert quality.notes == 250
    assert quality.mean_average_precision >= 0.42
    assert quality.precision_at_5 >= 0.58
    assert quality.recall_at_20 >= 0.53


def test_training_is_repeatable_and_keeps_no_sentence(sets):
    notes = list(coded("codiesp_en_train.jsonl.gz"))[:30]
    cold = Suggester(sets, None)
    learned = training.train(cold, notes, "thirty notes")
    assert learned == training.train(cold, notes, "thirty notes")
    model = model_file.load(learned)
    assert model.source == "thirty notes"
    assert all(len(feature.split()) <= 2 for feature in model.codes.links)
    assert model.codes.note_count == 30


@pytest.mark.parametrize("data", [b"", b"x", b"\x1f\x8b", b"x\x9c\x03\x00\x00\x00\x00\x01"])
def test_what_is_not_a_model_is_refused(data):
    with pytest.raises(model_file.ModelError):
        model_file.load(data)


def test_a_truncated_model_is_refused():
    whole = model_file.resources.files("rcm.codes").joinpath("data", model_file.SHIPPED)
    with pytest.raises(model_file.ModelError):
        model_file.load(whole.read_bytes()[:-100])


def test_average_precision_counts_each_wanted_code_at_its_rank():
    assert training.average_precision(["a", "x", "b"], frozenset("ab")) == (1 + 2 / 3) / 2
    assert training.average_precision(["x"], frozenset("ab")) == 0


def test_a_fit_separates_what_can_be_separated():
    rows = [tuple(float(i % 7 == j) for j in range(len(NAMES))) for i in range(140)]
    labels = [i % 7 == 0 for i in range(140)]
    ranking = fit(rows, labels)
    chances = [probability(log_odds(ranking, row)) for row in rows[:7]]
    assert chances[0] > 0.8
    assert max(chances[1:]) < 0.2


def test_rejections_lower_and_acceptances_raise_a_suggestion():
    bad = Decision("R52", ("pain",), accepted=False)
    good = Decision("I10", ("hypertens",), accepted=True)
    state = Learned()
    for decision in [bad] * 10 + [good] * 10:
        state = learn(state, decision)
    assert shift(state, "R52", ("pain",)) < -1
    assert shift(state, "I10", ("hypertens",)) > 1
    assert shift(state, "J44", ("copd",)) == 0
    assert state.codes["R52"] == Count(0, 10)


@settings(deadline=None)
@given(st.lists(st.builds(Decision, st.sampled_from("AB"), st.just(("t",)), st.booleans())))
def test_the_order_of_decisions_never_matters(decisions):
    forward, backward = Learned(), Learned()
    for decision in decisions:
        forward = learn(forward, decision)
    for decision in reversed(decisions):
        backward = learn(backward, decision)
    assert forward == backward
    assert -2 <= shift(forward, "A", ("t",)) <= 2


def test_what_was_rejected_sinks_in_the_list(suggester):
    before = [one.code for one in suggester.suggest(NOTE, TODAY)]
    state = Learned()
    for one in suggester.suggest(NOTE, TODAY):
        if one.code == before[0]:
            for _ in range(40):
                state = learn(state, Decision(normalise(one.code), one.evidence, accepted=False))
    after = [one.code for one in suggester.suggest(NOTE, TODAY, learned=state)]
    assert after.index(before[0]) > 0


def test_a_ranking_has_one_weight_for_each_number():
    assert all(len(part) == len(NAMES) for part in model_file.shipped().ranking[:3])
    assert isinstance(model_file.shipped().ranking, Ranking)
