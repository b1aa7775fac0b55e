"""Notes: read out of messages, kept sealed, suggested from, and decided on by a person."""

import base64
import json
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coding_cases import (
    TENANT,
    Desk,
    aside,
    charges,
    ft1,
    message,
    pid,
    profile,
    pv1,
    register,
    rules,
    said,
    segment,
)
from coding_fhir_cases import bundle, resources
from coding_svc.codec.fhir.document import read as read_json
from coding_svc.codec.fhir.encounter import understand as understand_bundle
from coding_svc.decide import notes
from coding_svc.decide.notes import Accepted, Answer, Reading
from coding_svc.model.encounter import evolve
from coding_svc.model.note import learned_stream
from coding_svc.problems import NoteNotFound, NotSuggested
from coding_svc.rules.profile import Profiles
from coding_svc.views.projection import project
from memory_cases import fact_of
from rcm.events.catalogue import CATALOGUE
from rcm.events.coding_codes import SuggestedCode
from rcm.platform.log.port import Record, unpack_headers

WORDS = "Type 2 diabetes and hypertension.\nNo chest pain."


def txa(number="DOC1", final="AU", parent=""):
    return segment(
        "TXA", f1="1", f2="PN", f3="TX", f4="202602271000", f12=number, f13=parent, f17=final
    )


def obx(text, kind="TX", nth="1"):
    return segment("OBX", f1=nth, f2=kind, f3="PN^Progress note", f5=text, f11="F")


SENT = "Type 2 diabetes and hypertension.~No chest pain."


def note(text=SENT, trigger="T02", number="N1", **document):
    return message(f"MDM^{trigger}", pid(), pv1(), txa(**document), obx(text), number=number)


# -- out of messages -------------------------------------------------------------------------------


def test_the_words_of_a_note_are_the_lines_of_its_observations():
    (read,) = said(note()).notes
    assert (read.text, read.kind, read.is_final) == (WORDS, "PN", True)
    assert (read.document_number, read.written_on) == ("DOC1", "2026-02-27")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("one\\.br\\two", "one\ntwo"),
        ("BP 120&80 ^ stable", "BP 120&80 ^ stable"),
        ("a\\F\\b \\T\\ c", "a|b & c"),
        ("tab\there", "tab here"),
    ],
)
def test_running_text_keeps_its_punctuation_and_its_lines(sent, read):
    (found,) = said(note(sent)).notes
    assert found.text == read


def test_an_enclosed_plain_text_is_a_note_and_an_enclosed_picture_is_none():
    data = base64.b64encode(b"Acute appendicitis.").decode()
    told = message("MDM^T02", pid(), pv1(), txa(), obx(f"EHR^TEXT^PLAIN^Base64^{data}", "ED"))
    assert [n.text for n in said(told).notes] == ["Acute appendicitis."]
    drawn = message("MDM^T02", pid(), pv1(), txa(), obx(f"EHR^IM^PNG^Base64^{data}", "ED"))
    assert said(drawn).notes == ()
    broken = message("MDM^T02", pid(), pv1(), txa(), obx("EHR^TEXT^PLAIN^Base64^%%%", "ED"))
    assert said(broken).notes == ()


def test_a_report_is_a_note_only_where_the_profile_says_so():
    report = message(
        "ORU^R01",
        pid(),
        pv1(),
        segment("OBR", f1="1", f3="ACC9", f4="71046^Chest", f7="202602271000", f25="F"),
        obx("Pneumonia, right lower lobe.", "FT"),
    )
    assert rules(aside(report).reasons) == ["kind-not-taken"]
    (read,) = said(report, profile(takes_reports=True)).notes
    assert (read.document_number, read.kind, read.is_final) == ("ACC9", "71046", True)
    assert read.text == "Pneumonia, right lower lobe."


def test_a_document_reference_is_a_note_and_one_in_error_is_taken_back():
    data = base64.b64encode(WORDS.encode()).decode()
    document = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "date": "2026-02-27T10:00:00-05:00",
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }
    office = Profiles((profile(),))

    def told(note):
        return read_json(json.dumps(bundle({**resources(), "note": note})).encode())

    read = understand_bundle(told(document), office, "msg_1")
    (found,) = read.notes
    assert (found.text, found.document_number, found.is_final) == (WORDS, "d1", True)
    wrong = {**document, "status": "entered-in-error"}
    read = understand_bundle(told(wrong), office, "msg_1")
    assert (read.notes, read.withdrawn) == ((), ("d1",))


# -- on the record ---------------------------------------------------------------------------------


def desk_with(*messages):
    desk = Desk()
    for data in messages:
        desk.take(data)
    return desk


def note_id(desk, number="DOC1"):
    return desk.opaque("note", desk.encounter_id(), number)


def suggest(desk, *codes, version=1, number="DOC1", model="model-1"):
    reading = Reading(
        note_version=version,
        model_id=model,
        code_sets="f" * 16,
        coded_on="2026-02-27",
        suggestions=tuple(
            SuggestedCode(
                code=code,
                title=code,
                confidence_bp=9_000,
                spans=[(0, 4)],
                evidence=[f"{code}-term"],
            )
            for code in codes
        ),
    )
    target = note_id(desk, number)
    command_id = f"suggest/{target}/{version}/{model}"
    return desk.execute(command_id, [target], partial(notes.suggest, target, reading))


def answer(desk, accepted=(), rejected=(), command_id="a1", number="DOC1"):
    target, encounter = note_id(desk, number), desk.encounter_id()
    given_ = Answer(accepted=tuple(accepted), rejected=tuple(rejected))
    decide = partial(notes.answer_suggestions, target, given_, desk.profiles)
    streams = [target, encounter, *map(learned_stream, given_.codes)]
    return desk.execute(command_id, streams, decide)


def test_a_note_is_recorded_with_its_words_sealed():
    desk = desk_with(register())
    _, *rest = desk.take(note())
    (received,) = [event for event in rest if event.name == "NoteReceived"]
    assert json.loads(desk.service.keys.open("northside", received.text)) == WORDS
    assert "diabetes" not in repr(received)
    (row,) = desk.service.table("note")
    assert (row["is_waiting"], row["kind"], row["note_version"]) == (True, "PN", 1)
    assert "diabetes" not in json.dumps(row)


def test_an_edited_note_is_a_new_version_and_its_parent_is_taken_back():
    desk = desk_with(register(), note(), note("New words.", number="N2"))
    assert desk.service.state(note_id(desk)).note_version == 2
    edited = message(
        "MDM^T08", pid(), pv1(), txa("DOC2", parent="DOC1"), obx("Mended."), number="N3"
    )
    desk.take(edited)
    assert desk.service.state(note_id(desk)).is_withdrawn
    assert desk.service.state(note_id(desk, "DOC2")).note_version == 1


def test_a_note_that_is_taken_back_loses_its_words_and_its_open_suggestions():
    desk = desk_with(register(), note())
    suggest(desk, "E119")
    desk.take(message("MDM^T11", pid(), pv1(), txa(), number="N9"))
    state = desk.service.state(note_id(desk))
    assert (state.is_withdrawn, state.text, state.open_suggestions) == (True, None, ())
    with pytest.raises(NoteNotFound):
        answer(desk, [Accepted(code="E119")])


def test_a_model_codes_nothing():
    desk = desk_with(register(), message("DFT^P03", pid(), pv1(), segment("FT1", f1="1")), note())
    before = desk.state()
    assert [e.name for e in suggest(desk, "E119", "I10")] == ["CodesSuggested"]
    assert desk.state() == before


def test_what_a_model_read_in_an_older_version_is_not_recorded():
    desk = desk_with(register(), note(), note("New words.", number="N2"))
    assert suggest(desk, "E119", version=1) == []
    assert [e.name for e in suggest(desk, "E119", version=2)] == ["CodesSuggested"]
    assert suggest(desk, "I10", version=2, model="another") == []


def uncoded():
    """An encounter with a charge and no diagnosis, and a note with two suggestions."""
    desk = desk_with(register(), charges(ft1(f19="")), note())
    assert rules(desk.state().reasons) == ["no-diagnosis"]
    suggest(desk, "E119", "I10", "R079")
    return desk


def test_an_accepted_suggestion_is_coded_by_the_person_and_goes_to_billing():
    desk = uncoded()
    events = answer(desk, [Accepted(code="E119"), Accepted(code="I10")], ["R079"])
    assert [e.name for e in events] == [
        *("SuggestionDecided", "SuggestionLearned") * 3,
        "EncounterReceived",
        "EncounterCoded",
    ]
    assert [(d.code, d.role) for d in events[-1].diagnoses] == [
        ("E119", "principal"),
        ("I10", "other"),
    ]
    (row,) = desk.service.table("note")
    shown = json.loads(row["suggestions"])
    assert [one["decision"] for one in shown] == ["accepted", "accepted", "rejected"]
    assert shown[0]["decided_by"] == "test"
    assert row["open_count"] == 0


def test_a_sibling_may_be_coded_instead_and_both_are_recorded():
    desk = uncoded()
    events = answer(desk, [Accepted(code="E119", coded_as="E11.40")])
    assert (events[0].code, events[0].coded_as) == ("E119", "E1140")
    assert [d.code for d in events[-1].diagnoses] == ["E1140"]


def test_a_code_that_is_coded_already_is_not_coded_twice():
    desk = uncoded()
    answer(desk, [Accepted(code="E119")])
    events = answer(desk, [Accepted(code="I10", coded_as="E11.9")], command_id="a2")
    assert [e.name for e in events] == [
        "SuggestionDecided",
        "SuggestionLearned",
        "EncounterReceived",
    ]


@pytest.mark.parametrize(
    ("accepted", "rejected"),
    [(["Z000"], []), ([], ["Z000"]), (["E119"], ["E119"]), (["E119", "E119"], [])],
)
def test_only_what_was_suggested_is_decided_on_and_once(accepted, rejected):
    desk = uncoded()
    with pytest.raises(NotSuggested):
        answer(desk, [Accepted(code=code) for code in accepted], rejected)


def test_a_decision_is_not_made_twice():
    desk = uncoded()
    answer(desk, rejected=["R079"])
    with pytest.raises(NotSuggested):
        answer(desk, [Accepted(code="R079")], command_id="a2")


def test_what_is_learned_are_counts_and_terms_and_no_word_of_the_note():
    desk = uncoded()
    answer(desk, [Accepted(code="E119")], ["R079"])
    rows = {row["code"]: row for row in desk.service.table("learned")}
    assert (rows["E119"]["accepted"], rows["E119"]["rejected"]) == (1, 0)
    assert json.loads(rows["R079"]["evidence"]) == {"R079-term": [0, 1]}
    assert "hypertension" not in json.dumps(rows)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(st.sampled_from(["E119", "I10", "R079"]), st.booleans()), max_size=6))
def test_learning_does_not_depend_on_the_order_of_decisions(decisions):
    def taught(order):
        desk = desk_with(register())
        for n, (code, accepted) in enumerate(order):
            number = f"D{n}"
            desk.take(message("MDM^T02", pid(), pv1(), txa(number), obx("words"), number=f"M{n}"))
            suggest(desk, code, number=number)
            if accepted:
                answer(desk, [Accepted(code=code)], command_id=f"a{n}", number=number)
            else:
                answer(desk, rejected=[code], command_id=f"a{n}", number=number)
        return desk.service.table("learned")

    assert taught(decisions) == taught(decisions[::-1])


def test_folding_the_log_anew_gives_the_same_notes_decisions_and_lessons():
    desk = uncoded()
    answer(desk, [Accepted(code="E119")], ["R079"])
    desk.take(message("MDM^T11", pid(), pv1(), txa(), number="N9"))
    states, rows = {}, {}
    for number, draft in enumerate(desk.service.outbox):
        headers = unpack_headers(draft.headers)
        record = Record("", draft.partition, number, draft.key, headers, draft.value)
        fact = fact_of(CATALOGUE, record)
        before = states.get(fact.stream_id)
        after = states[fact.stream_id] = evolve(before, fact)
        for row in project(before, after, fact):
            table, key, values = desk.service.core.shapes[row.table].bind(TENANT, row)
            rows.setdefault(table, {})[key] = values
    for table in ("note", "learned", "encounter"):
        assert rows[table] == desk.service.rows[table]
    assert states[note_id(desk)] == desk.service.state(note_id(desk))
