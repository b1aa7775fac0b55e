"""Physician queries as decided: what is recorded, what is refused, and what holds the encounter."""

from functools import partial
from typing import Any

import pytest
from msgspec import structs

from coding_cases import (
    TENANT,
    charges,
    dg1,
    ft1,
    in1,
    message,
    pid,
    pv1,
    register,
)
from coding_cases import segment as seg
from coding_svc.decide import commands, queries, query_delivery
from coding_svc.decide.commands import Codes
from coding_svc.decide.queries import Draft
from coding_svc.model.query import Answer, Content
from coding_svc.problems import (
    AnswerUnclear,
    ChannelUnknown,
    EncounterMergedAway,
    EncounterNotFound,
    NothingToEscalateTo,
    PatientForgotten,
    PhysicianUnknown,
    QueryIsClosed,
    QueryIsDraft,
    QueryLeads,
    QueryNotAnswered,
    QueryNotFound,
    QueryWasSent,
)
from coding_svc.rules.profile import Profiles
from coding_svc.rules.query_policy import QueryPolicy
from query_cases import OTHER, UNABLE, content, indicator, option, yes_no
from query_desk_cases import ADVISOR, POLICY, SURGEON, Asking
from rcm.platform.keys import KeyName


def names(events: list[Any]) -> list[str]:
    return [event.name for event in events]


def rules(reasons: Any) -> list[str]:
    return [reason.rule_id for reason in reasons]


def asked(*, send: bool = True, asked: Content | None = None) -> tuple[Asking, str]:
    """A desk with one coded encounter's messages and one query about it, sent unless told."""
    desk = Asking(register())
    query_id, _ = desk.open(asked)
    if send:
        desk.send(query_id)
    return desk, query_id


# -- the hold --------------------------------------------------------------------------------------


def test_a_draft_holds_its_encounter_and_names_itself():
    desk = Asking(register())
    query_id, (opened, placed, held) = desk.open()
    assert names([opened, placed, held]) == [
        "CodingQueryOpened",
        "CodingQueryHoldPlaced",
        "EncounterHeld",
    ]
    assert rules(held.reasons) == ["no-diagnosis", "no-charges", "query-open"]
    assert held.reasons[-1].path == f"queries/{query_id}"
    assert (opened.physician_id, opened.kind) == ("1999999901", "retrospective")
    assert desk.state().open_queries == (query_id,)


def test_what_would_be_coded_waits_for_the_query_and_is_coded_when_it_is_closed():
    desk, query_id = asked()
    (received,) = [e for e in desk.take(charges()) if e.name == "EncounterReceived"]
    assert received.charge_count == 1
    assert rules(desk.state().reasons) == ["query-open"]
    desk.answer(query_id, option_key="a")
    events = desk.close(query_id)
    assert names(events)[:2] == ["CodingQueryClosed", "CodingQueryHoldLifted"]
    assert names(events)[-1] == "EncounterCoded"
    assert desk.state().status == "coded"
    assert desk.state().open_queries == ()


def test_an_answer_codes_nothing_by_itself_and_the_encounter_waits_for_its_coder():
    desk, query_id = asked()
    desk.take(charges())
    before = desk.state()
    events = desk.answer(query_id, option_key="a")
    assert names(events) == ["CodingQueryAnswered", "CodingQueryAnswerNoted", "EncounterHeld"]
    after = desk.state()
    assert (after.status, after.account, after.coded_version) == ("held", before.account, 0)
    assert rules(after.reasons) == ["query-answered"]
    assert names(desk.answer(query_id, option_key="b")) == ["CodingQueryAnswered"]
    desk.take(message("ADT^A08", pid(), pv1(), in1(), number="8", sent="20260309"))
    assert rules(desk.state().reasons) == ["query-answered"]


def test_of_two_queries_each_waits_for_whom_it_waits():
    desk = Asking(register(), charges())
    first, _ = desk.open(number=1)
    second, _ = desk.open(number=2)
    for query_id in (first, second):
        desk.send(query_id)
    desk.answer(second, option_key="a")
    assert rules(desk.state().reasons) == ["query-open", "query-answered"]
    desk.close(second)
    assert rules(desk.state().reasons) == ["query-open"]
    assert desk.state().answered_queries == ()


def test_each_query_of_an_encounter_holds_it():
    desk = Asking(register())
    desk.take(charges())
    first, _ = desk.open(number=1)
    second, _ = desk.open(number=2)
    assert desk.state().open_queries == (first, second)
    events = desk.close(first, "withdrawn")
    assert "EncounterCoded" not in names(events)
    assert rules(desk.state().reasons) == ["query-open"]
    desk.close(second, "withdrawn")
    assert desk.state().status == "coded"


def test_a_query_about_what_was_released_does_not_bill_it_again():
    desk = Asking(register(), charges())
    assert desk.state().status == "coded"
    query_id, (opened, _, _) = desk.open()
    assert opened.kind == "post-bill"
    assert desk.state().status == "held"
    _, lifted = desk.close(query_id, "withdrawn")
    assert lifted.is_as_released
    state = desk.state()
    assert (state.status, state.coded_version, state.reasons) == ("coded", 1, ())


def test_what_was_recoded_under_a_query_is_the_next_version():
    desk = Asking(register(), charges())
    query_id, _ = desk.open()
    target = desk.encounter_id()
    wanted = Codes(diagnoses=("N17.9",))
    desk.do([target], partial(commands.recode, target, wanted, desk.profiles))
    assert desk.state().status == "held"
    desk.send(query_id)
    desk.answer(query_id, option_key="a")
    coded = desk.close(query_id)[-1]
    assert (coded.name, coded.coded_version) == ("EncounterCoded", 2)
    assert coded.diagnoses[0].code == "N179"


def test_a_query_follows_its_account_into_a_merge():
    late = "20260305080000-0500"
    desk = Asking(register())
    desk.take(message("DFT^P03", pid("R0", "A0"), pv1(visit="V0"), ft1("T0", "50.00")))
    query_id, _ = desk.open(account="A0")
    answered, _ = desk.open(account="A0", number=2)
    desk.send(answered)
    desk.answer(answered, account="A0", option_key="a")
    merge = message(
        "ADT^A40", pid(), seg("MRG", f1="R0^^^HOSP^MR", f3="A0"), number="40", sent=late
    )
    assert "CodingQueryHoldPlaced" in names(desk.take(merge))
    assert desk.state().open_queries == (query_id, answered)
    assert rules(desk.state().reasons) == ["query-open", "query-answered"]
    with pytest.raises(EncounterMergedAway):
        desk.answer(answered, account="A0", option_key="b")
    with pytest.raises(EncounterMergedAway):
        desk.close(query_id, "withdrawn", account="A0")
    desk.close(answered)
    desk.close(query_id, "withdrawn")
    assert desk.state().status == "coded"


def test_a_patient_in_the_house_is_asked_about_concurrently():
    desk = Asking(message("ADT^A01", pid(), pv1("I"), in1()))
    _, (opened, _, _) = desk.open()
    assert opened.kind == "concurrent"
    gone = pv1("I", f45="20260304100000-0500")
    desk = Asking(message("ADT^A03", pid(), gone, in1()))
    _, (opened, _, _) = desk.open()
    assert opened.kind == "retrospective"


def test_a_query_of_a_forgotten_patient_can_still_be_closed():
    desk, query_id = asked()
    desk.service.keys.destroyed.add(KeyName(TENANT, desk.state().patient_id))
    with pytest.raises(PatientForgotten):
        desk.answer(query_id, option_key="a")
    events = desk.close(query_id, "unanswered")
    assert names(events) == ["CodingQueryClosed", "CodingQueryHoldLifted", "EncounterHeld"]
    assert "query-open" not in rules(desk.state().reasons)


def test_a_query_of_a_sender_that_is_gone_can_still_be_closed():
    desk, query_id = asked()
    desk.profiles = Profiles(())
    assert names(desk.close(query_id, "withdrawn"))[-1] == "EncounterHeld"
    assert desk.state().open_queries == ()


# -- drafts ----------------------------------------------------------------------------------------


def test_nobody_is_asked_where_nobody_is_known():
    desk = Asking(message("ADT^A04", pid(), pv1(f7=""), in1()))
    with pytest.raises(PhysicianUnknown):
        desk.open()
    _, (opened, *_) = desk.open(physician_id=SURGEON)
    assert opened.physician_id == SURGEON


def test_an_encounter_that_is_not_there_is_not_asked_about():
    desk = Asking(register())
    with pytest.raises(EncounterNotFound):
        desk.open(account="A9")


def test_a_draft_is_worded_anew_until_it_is_sent():
    desk, query_id = asked(send=False, asked=content(title="Sepsis?"))
    assert desk.query(query_id).finding_rules == ("title-names-diagnosis",)
    with pytest.raises(QueryLeads, match="title-names-diagnosis at title"):
        desk.send(query_id)
    draft = Draft(content=content(), physician_id=SURGEON)
    desk.do([query_id], partial(queries.revise, query_id, draft, POLICY))
    assert desk.query(query_id).physician_id == SURGEON
    assert names(desk.send(query_id)) == ["CodingQuerySent"]
    with pytest.raises(QueryWasSent):
        desk.do([query_id], partial(queries.revise, query_id, draft, POLICY))


def test_a_query_that_leads_is_never_sent_and_its_words_are_not_told():
    desk, query_id = asked(send=False, asked=content(question="Please document AKI, DRG 682."))
    with pytest.raises(QueryLeads) as refused:
        desk.send(query_id)
    assert "payment-or-quality at question" in refused.value.detail
    assert "AKI" not in refused.value.detail
    assert desk.query(query_id).status == "draft"


def test_what_the_template_asks_for_is_asked_for_again_when_it_is_sent():
    desk = Asking(register())
    query_id, _ = desk.open(template_id="kidney-function", template_version=1)
    required = {"kidney-function": ("urine",)}
    with pytest.raises(QueryLeads, match="required-indicator-missing"):
        desk.do([query_id], partial(query_delivery.send, query_id, "", POLICY, required))


def test_nothing_of_a_query_stands_in_clear():
    desk = Asking(register())
    query_id, _ = desk.open(content(question="QUACKENBUSH was asked, please clarify."))
    desk.send(query_id)
    desk.answer(query_id, text="QUACKENBUSH says no")
    kept = b"".join(stream.state for stream in desk.service.streams.values())
    kept += b"".join(draft.value + draft.headers for draft in desk.service.outbox)
    kept += repr(desk.service.rows).encode()
    assert b"QUACKENBUSH" not in kept
    assert b"TESTPATIENT" not in kept
    query = desk.query(query_id)
    assert "QUACKENBUSH" in desk.words(query.content, Content).question
    assert desk.words(query.answer, Answer).text == "QUACKENBUSH says no"


# -- on its way ------------------------------------------------------------------------------------


def test_a_query_is_due_as_the_policy_says_and_the_policy_is_named():
    desk, query_id = asked(send=False)
    (sent,) = desk.send(query_id)
    assert (sent.due_at, sent.policy_version) == ("2026-03-04T12:00:00Z", 4)
    assert (sent.channel_id, sent.channel_kind, sent.delivery_number) == ("ehr", "mdm", 1)
    assert sent.control_number == query_id[4:].upper() + "D1"
    assert len(sent.control_number) <= 20


def test_an_attempt_is_recorded_before_the_wire_and_its_end_after_it():
    desk, query_id = asked()
    (started,) = desk.start(query_id)
    assert (started.attempt, desk.query(query_id).delivery) == (1, "under-way")
    assert desk.start(query_id) == []
    (done,) = desk.settle(query_id, "delivered", "AA")
    assert (done.evidence, desk.query(query_id).delivery) == ("AA", "delivered")
    assert desk.settle(query_id, "unknown", "late") == []


def test_an_unknown_outcome_is_tried_again_under_the_same_number():
    desk, query_id = asked()
    (first,) = desk.start(query_id)
    assert first.control_number == desk.query(query_id).control_number
    (failed,) = desk.settle(query_id, "unknown", "timeout")
    assert failed.next_try_at == "2026-03-02T12:00:30Z"
    (second,) = desk.start(query_id)
    assert (second.attempt, second.control_number) == (2, first.control_number)
    (failed,) = desk.settle(query_id, "not-sent", "no-connection")
    assert failed.next_try_at == "2026-03-02T12:01:00Z"
    desk.start(query_id)
    (failed,) = desk.settle(query_id, "not-sent", "no-connection")
    assert failed.next_try_at is None
    assert desk.query(query_id).delivery == "refused"
    assert desk.start(query_id) == []


def test_a_refusal_waits_for_a_person_who_may_choose_another_way():
    desk, query_id = asked()
    desk.start(query_id)
    (failed,) = desk.settle(query_id, "refused", "AR")
    assert failed.next_try_at is None
    assert desk.start(query_id) == []
    (again,) = desk.send(query_id, "portal")
    assert (again.delivery_number, again.channel_kind) == (2, "webhook")
    assert again.control_number.endswith("D2")
    assert again.due_at == "2026-03-04T12:00:00Z"
    with pytest.raises(ChannelUnknown, match="ehr, fetch, portal"):
        desk.send(query_id, "pigeon")


def test_what_is_fetched_is_delivered_once():
    desk, query_id = asked(send=False)
    desk.send(query_id, "fetch")
    assert desk.start(query_id) == []
    fetch = partial(query_delivery.fetched, query_id)
    (delivered,) = desk.do([query_id], fetch)
    assert delivered.evidence == "fetched"
    assert desk.do([query_id], fetch) == []


def test_a_late_word_about_an_attempt_does_not_undo_an_answer():
    desk, query_id = asked()
    desk.start(query_id)
    desk.answer(query_id, option_key="b")
    desk.settle(query_id, "unknown", "timeout")
    query = desk.query(query_id)
    assert (query.status, query.delivery, query.next_try_at) == ("answered", "delivered", "")


def test_what_was_on_the_wire_when_its_query_was_closed_is_settled_and_not_tried_again():
    desk, query_id = asked()
    desk.start(query_id)
    desk.close(query_id, "withdrawn")
    (failed,) = desk.settle(query_id, "unknown", "interrupted")
    assert failed.next_try_at is None
    assert desk.query(query_id).delivery == "refused"
    assert desk.settle(query_id, "unknown", "interrupted") == []
    assert desk.escalate(query_id) == []


def test_an_encounter_has_so_many_open_queries_and_no_more():
    desk = Asking(register())
    for number in range(queries.OPEN_MAX):
        desk.open(number=number)
    with pytest.raises(QueryWasSent, match="50 queries are open"):
        desk.open(number=99)


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "response", "key"),
    [
        ({"option_key": "a"}, "agree", "a"),
        ({"option_text": "A"}, "agree", "a"),
        ({"option_text": "a"}, "agree", "a"),
        ({"option_text": "  acute KIDNEY injury "}, "agree", "a"),
        ({"option_key": "y", "text": "Rhabdomyolysis"}, "other", "y"),
        ({"option_key": "z"}, "unable", "z"),
        ({"text": "Prerenal, improved with fluids"}, "other", ""),
        ({"response": "disagree", "text": "Not in my view"}, "disagree", ""),
        ({"response": "unable"}, "unable", ""),
    ],
)
def test_an_answer_counts_as_what_it_says(reply, response, key):
    desk, query_id = asked()
    answered, *_ = desk.answer(query_id, **reply)
    assert (answered.response, answered.option_key) == (response, key)


@pytest.mark.parametrize(("key", "response"), [("a", "agree"), ("b", "disagree"), ("z", "unable")])
def test_yes_agrees_and_no_does_not(key, response):
    desk, query_id = asked(asked=yes_no())
    answered, *_ = desk.answer(query_id, option_key=key)
    assert answered.response == response


@pytest.mark.parametrize(
    "reply", [{}, {"option_key": "q"}, {"option_key": "y"}, {"text": "  "}, {"response": "other"}]
)
def test_an_answer_that_says_nothing_is_refused(reply):
    desk, query_id = asked()
    with pytest.raises(AnswerUnclear):
        desk.answer(query_id, **reply)


def test_an_amendment_stands_beside_the_first_answer():
    desk, query_id = asked()
    desk.later(hours=1)
    desk.answer(query_id, option_key="a")
    desk.later(hours=1)
    desk.answer(query_id, option_key="z")
    query = desk.query(query_id)
    assert (query.response, query.answer_count) == ("unable", 2)
    assert query.answered_at == "2026-03-02T13:00:00Z"


def test_a_draft_and_a_closed_query_take_no_answer():
    desk, query_id = asked(send=False)
    with pytest.raises(QueryIsDraft):
        desk.answer(query_id, option_key="a")
    desk.close(query_id, "withdrawn")
    with pytest.raises(QueryIsClosed):
        desk.answer(query_id, option_key="a")
    with pytest.raises(QueryIsClosed):
        desk.close(query_id, "withdrawn")
    with pytest.raises(QueryIsClosed):
        desk.send(query_id)
    with pytest.raises(QueryNotFound):
        desk.answer("qry_aaaaaaaaaaaaaaaa", option_key="a")


def test_a_query_is_closed_by_the_cause_that_it_has():
    desk, query_id = asked(send=False)
    with pytest.raises(QueryNotAnswered):
        desk.close(query_id, "answered")
    with pytest.raises(QueryIsDraft):
        desk.close(query_id, "unanswered")
    desk.send(query_id)
    desk.answer(query_id, option_key="a")
    with pytest.raises(QueryWasSent):
        desk.close(query_id, "unanswered")
    with pytest.raises(QueryWasSent):
        desk.send(query_id)
    desk.close(query_id, "answered")
    assert desk.query(query_id).close_cause == "answered"


# -- escalation ------------------------------------------------------------------------------------


def test_what_nobody_answers_goes_to_the_advisor_when_it_is_due():
    desk, query_id = asked()
    assert desk.escalate(query_id) == []
    desk.later(days=2)
    (escalated,) = desk.escalate(query_id)
    assert (escalated.cause, escalated.level, escalated.physician_id) == ("no-answer", 1, ADVISOR)
    assert (escalated.channel_kind, escalated.delivery_number) == ("webhook", 2)
    assert escalated.due_at == "2026-03-05T12:00:00Z"
    query = desk.query(query_id)
    assert (query.physician_subject, query.first_physician_id) == ("advisor", "1999999901")
    desk.later(days=9)
    assert desk.escalate(query_id) == []


def test_what_cannot_be_delivered_is_escalated_at_once():
    desk, query_id = asked()
    desk.start(query_id)
    desk.settle(query_id, "refused", "AR")
    (escalated,) = desk.escalate(query_id)
    assert escalated.cause == "undeliverable"
    assert desk.query(query_id).delivery == "due"


def test_an_answered_query_is_not_escalated():
    desk, query_id = asked()
    desk.answer(query_id, option_key="a")
    desk.later(days=30)
    assert desk.escalate(query_id) == []
    by_hand = partial(query_delivery.escalate, query_id, "by-hand", POLICY)
    with pytest.raises(QueryWasSent):
        desk.do([query_id], by_hand)


def test_a_person_may_escalate_as_far_as_the_policy_goes():
    desk, query_id = asked()
    by_hand = partial(query_delivery.escalate, query_id, "by-hand", POLICY)
    (escalated,) = desk.do([query_id], by_hand)
    assert escalated.cause == "by-hand"
    with pytest.raises(NothingToEscalateTo):
        desk.do([query_id], by_hand)
    nobody = partial(query_delivery.escalate, query_id, "by-hand", QueryPolicy())
    with pytest.raises(NothingToEscalateTo):
        desk.do([query_id], nobody)


def test_without_a_policy_a_query_waits_on_the_physicians_list():
    desk = Asking(register(), policy=QueryPolicy())
    query_id, _ = desk.open()
    (sent,) = desk.send(query_id)
    assert (sent.channel_id, sent.channel_kind) == ("desk", "desk")
    assert desk.start(query_id) == []


def test_the_rows_say_how_far_each_query_is():
    desk, query_id = asked()
    desk.later(hours=3)
    desk.answer(query_id, option_key="a", answered_by="1999999901", via="mdm")
    (row,) = desk.service.table("query")
    assert (row["status"], row["response"], row["answered_via"]) == ("answered", "agree", "mdm")
    assert (row["sent_at"], row["answered_at"]) == (
        "2026-03-02T12:00:00Z",
        "2026-03-02T15:00:00Z",
    )
    assert row["coder"] == "test"


def test_an_unfit_query_of_free_text_is_told_by_its_rules():
    bad = content(options=(option("a", "Sepsis", "none"), OTHER, UNABLE), indicators=(indicator(),))
    desk = Asking(register())
    _, (opened, *_) = desk.open(structs.replace(bad, title="Sepsis"))
    assert set(opened.finding_rules) == {
        "title-names-diagnosis",
        "option-without-indicator",
        "too-few-options",
    }


def test_a_recoded_final_diagnosis_is_not_needed_to_close():
    desk = Asking(message("BAR^P01", pid(), pv1(), in1(), dg1("I10"), number="3"))
    query_id, _ = desk.open()
    desk.close(query_id, "withdrawn")
    assert rules(desk.state().reasons) == ["no-charges"]
