"""What keeps a query from leading: every rule with wordings that fire and some that must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_svc.model.query import Content, Indicator, QueryOption
from coding_svc.rules.query_lint import (
    RULES,
    TEXT_MAX,
    TITLE_MAX,
    YES_NO_REASONS,
    has_errors,
    lint,
)
from coding_svc.rules.query_terms import diagnoses_in, stems_of
from query_cases import OTHER, UNABLE, content, indicator, option, templates, yes_no


def found(query: Content, **more) -> set[str]:
    return {finding.rule_id for finding in lint(query, **more)}


def asked(text: str) -> set[str]:
    return found(content(question=text))


def test_a_plain_query_passes():
    assert lint(content()) == []
    assert lint(yes_no()) == []


FIRES = [
    # codes
    ("code-in-query", "Would N17.9 describe it?"),
    ("code-in-query", "Is this n17.9 or not?"),
    ("code-in-query", "The encounter carries E119 today."),
    ("code-in-query", "Injury S52502A was noted."),
    ("code-in-query", "Procedure 0DTJ4ZZ was done."),
    ("code-in-query", "Service J1885 was given."),
    ("code-in-query", "Please clarify for CPT 99223."),
    ("code-in-query", "It would be coded as I10 then."),
    ("code-in-query", "Which ICD-10-CM entry fits?"),
    # money and quality
    ("payment-or-quality", "This changes the DRG."),
    ("payment-or-quality", "It would move to MS-DRG 682."),
    ("payment-or-quality", "This is an MCC."),
    ("payment-or-quality", "It counts as a CC here."),
    ("payment-or-quality", "For better reimbursement, please clarify."),
    ("payment-or-quality", "The payer will deny it."),
    ("payment-or-quality", "The claim cannot be paid without it."),
    ("payment-or-quality", "It raises the case mix index."),
    ("payment-or-quality", "This would increase the severity of the stay."),
    ("payment-or-quality", "The severity of illness would be higher."),
    ("payment-or-quality", "The risk of mortality score is affected."),
    ("payment-or-quality", "It would be a PSI-03 event."),
    ("payment-or-quality", "This counts as a HAC."),
    ("payment-or-quality", "It affects our quality measures."),
    ("payment-or-quality", "It is an HCC for next year."),
    # leading
    ("leading-phrase", "Please document acute kidney injury."),
    ("leading-phrase", "Would you agree that the kidneys were injured?"),
    ("leading-phrase", "Don't you think this is significant?"),
    ("leading-phrase", "Can you document the condition?"),
    ("leading-phrase", "The condition should be documented."),
    ("leading-phrase", "You should clarify this."),
    ("leading-phrase", "We recommend a clearer statement."),
    ("leading-phrase", "Clearly the kidneys failed to clear it."),
    ("leading-phrase", "The patient appears dehydrated."),
    ("leading-phrase", "Isn't this more than dehydration?"),
    ("leading-phrase", "This is dehydration, right?"),
    ("leading-phrase", "Clarify so that we can code it."),
    ("leading-phrase", "The patient meets criteria for it."),
    ("leading-phrase", "Findings consistent with it are listed."),
    ("leading-phrase", "Just sign below."),
    # unsupported
    ("unsupported-diagnosis", "Is this sepsis?"),
    ("unsupported-diagnosis", "Was the heart failure acute?"),
    ("unsupported-diagnosis", "Was the patient septic on arrival?"),
    # manners
    ("emphasis", "Please clarify this!"),
    ("emphasis", "Please clarify VERY URGENT findings."),
    ("severity-named", "Please clarify the severity."),
    ("empty-text", "  "),
    ("too-long", "x" * (TEXT_MAX + 1)),
    ("unprintable", "Please\x07 clarify."),
]

SILENT = [
    ("code-in-query", "Vitamin B12 was 180 pg/mL and hemoglobin A1C was 9.1 %."),
    ("code-in-query", "Pain at L4-L5 and C5 after the fall."),
    ("code-in-query", "Platelets fell from 210000 to 45000."),
    ("code-in-query", "The patient was moved to room B204 at 10:30."),
    ("code-in-query", "Temperature 38.9 at 06:10, T2DM in the history, H1N1 in 2019."),
    ("code-in-query", "Given a P2Y12 inhibitor, staged pT4N2 by the surgeon."),
    ("code-in-query", "Heparin 5000 units every 12 h; lactate 4.1."),
    ("code-in-query", "The code blue team came at 03:00."),
    ("payment-or-quality", "Drained 20 cc of clear fluid, then 5 CC more."),
    ("payment-or-quality", "CC: chest pain since the morning."),
    ("payment-or-quality", "Please clarify the severity of the malnourished state."),
    ("payment-or-quality", "The quality of the image is poor."),
    ("payment-or-quality", "The patient was discharged against advice."),
    ("leading-phrase", "Based on your clinical judgment, please clarify the condition, if any."),
    ("leading-phrase", "Please specify the cause, where it is known."),
    ("leading-phrase", "Was it present at the time of admission?"),
    ("leading-phrase", "Can you clarify what was treated?"),
    ("leading-phrase", "The documentation of both notes differs; which one holds?"),
    ("unsupported-diagnosis", "Please clarify the kidney function over the stay."),
    ("emphasis", "The EKG and the MRI are listed above."),
    ("emphasis", "IV fluids were given in the ICU."),
    ("severity-named", "Please clarify the severity of the condition."),
    ("too-long", "x" * TEXT_MAX),
    ("unprintable", "One line\nand another\tone."),
]


@pytest.mark.parametrize(("rule_id", "text"), FIRES)
def test_a_wording_that_must_not_be_is_found(rule_id, text):
    assert rule_id in asked(text)


@pytest.mark.parametrize(("rule_id", "text"), SILENT)
def test_a_wording_that_may_be_is_let_pass(rule_id, text):
    assert rule_id not in asked(text)


@pytest.mark.parametrize("text", [text for rule_id, text in FIRES if rule_id == "code-in-query"])
def test_a_code_is_found_wherever_it_stands(text):
    assert "code-in-query" in found(content(title=text[:TITLE_MAX]))
    assert "code-in-query" in found(content(options=(option("a", text), OTHER, UNABLE)))
    assert "code-in-query" in found(content(indicators=(indicator(value=text),)))


def test_a_finding_says_where_and_what_to_do():
    (finding,) = lint(content(question="Lactate rose. Is this N17.9 now, in your judgment?"))
    text = "Lactate rose. Is this N17.9 now, in your judgment?"
    assert (finding.path, text[finding.start : finding.end]) == ("question", "N17.9")
    assert finding.severity == "error"
    assert finding.text
    assert finding.remedy


@pytest.mark.parametrize(
    "title",
    ["Sepsis clarification", "Acute kidney injury", "AKI?", "Type of CHF", "Anaemia", "NSTEMI"],
)
def test_a_title_names_no_diagnosis(title):
    assert "title-names-diagnosis" in found(content(title=title))


@pytest.mark.parametrize(
    "title",
    ["Clarification of kidney function", "Clarification of a skin finding", "Respiratory status"],
)
def test_a_title_may_name_what_was_found(title):
    assert "title-names-diagnosis" not in found(content(title=title))


def test_what_the_record_holds_may_be_named_in_the_question():
    noted = indicator("note", "Progress note: septic shock", label="Assessment")
    text = "The sepsis that is named above: please clarify its source."
    assert "unsupported-diagnosis" in asked(text)
    assert "unsupported-diagnosis" not in found(content(question=text, indicators=(noted,)))
    unsourced = indicator("note", "septic", source="")
    assert "unsupported-diagnosis" in found(content(question=text, indicators=(unsourced,)))
    named = content(question=text, established=("sepsis",), established_source="NOTE-1")
    assert "unsupported-diagnosis" not in found(named)


def test_quoting_the_record_is_not_leading_and_money_in_a_quotation_is_still_money():
    quoted = indicator(value="CT: consistent with ischemia; meets criteria for admission")
    assert found(content(indicators=(quoted,))) == set()
    assert "payment-or-quality" in found(content(indicators=(indicator(value="DRG 871"),)))


# -- indicators and options ------------------------------------------------------------------------


def test_a_query_without_indicators_is_refused():
    assert {"indicators-missing", "option-without-indicator"} <= found(content(indicators=()))
    assert "indicators-missing" in found(content(indicators=(indicator(value=" "),)))


def test_an_indicator_says_where_the_record_holds_it():
    assert found(content(indicators=(indicator(source=""),))) == {"indicator-without-source"}


def test_what_the_template_asks_for_must_be_there():
    assert found(content(), required=["creatinine"]) == set()
    assert found(content(), required=["urine"]) == {"required-indicator-missing"}


def test_an_option_that_rests_on_nothing_is_refused():
    free = option("b", "Dehydration", "nothing-there")
    query = content(options=(option("a", "Volume depletion"), free, OTHER, UNABLE))
    assert {"option-without-indicator", "too-few-options"} <= found(query)
    bare = QueryOption(key="b", text="Dehydration", stands_for="diagnosis")
    query = content(options=(option("a", "Volume depletion"), bare, OTHER, UNABLE))
    assert "option-without-indicator" in found(query)


def test_two_supported_options_other_and_unable_are_the_least():
    one = option("a", "Volume depletion")
    two = option("b", "Hypovolemic state")
    none = QueryOption(key="c", text="Without significance", stands_for="not-significant")
    assert found(content(options=(one, two, OTHER, UNABLE))) == set()
    assert found(content(options=(one, none, OTHER, UNABLE))) == set()
    assert found(content(options=(one, OTHER, UNABLE))) == {"too-few-options"}
    assert found(content(options=(none, OTHER, UNABLE))) == {"too-few-options"}
    assert found(content(options=(one, two, UNABLE))) == {"other-missing"}
    assert found(content(options=(one, two, OTHER))) == {"unable-missing"}


def test_options_are_told_apart():
    same = content(options=(option("a", "One thing"), option("b", "one  THING"), OTHER, UNABLE))
    assert "option-repeated" in found(same)
    key = content(options=(option("a", "One thing"), option("a", "Another"), OTHER, UNABLE))
    assert "option-repeated" in found(key)


def test_an_open_option_names_nothing():
    other = QueryOption(key="y", text="Other, such as sepsis", stands_for="other")
    query = content(options=(option("a", "One"), option("b", "Two"), other, UNABLE))
    assert found(query) == {"open-option-names-diagnosis"}


def test_options_that_all_say_the_same_are_noticed_unless_the_record_names_it():
    both = (option("a", "Severe sepsis"), option("b", "Sepsis"), OTHER, UNABLE)
    assert found(content(options=both)) == {"one-sided-options"}
    assert not has_errors(lint(content(options=both)))
    named = content(options=both, established=("sepsis",), established_source="NOTE-1")
    assert found(named) == set()


def test_an_open_question_has_no_options():
    assert found(content(shape="open", options=())) == set()
    assert found(content(shape="open")) == {"options-of-another-shape"}


@pytest.mark.parametrize("reason", sorted(YES_NO_REASONS))
def test_yes_or_no_may_be_asked_about_what_the_record_names(reason):
    assert found(yes_no(reason_code=reason)) == set()


@pytest.mark.parametrize(
    ("changes", "rule_id"),
    [
        ({"reason_code": "clinical-significance"}, "yes-no-not-allowed"),
        ({"reason_code": "specificity"}, "yes-no-not-allowed"),
        ({"established": ()}, "yes-no-not-established"),
        ({"established_source": " "}, "yes-no-not-established"),
        ({"options": (OTHER, UNABLE)}, "options-of-another-shape"),
        ({"options": (option("a", "Sepsis"), OTHER, UNABLE)}, "options-of-another-shape"),
    ],
)
def test_yes_or_no_is_refused_otherwise(changes, rule_id):
    assert rule_id in found(yes_no(**changes))


def test_yes_and_no_do_not_go_with_several_options():
    yes = QueryOption(key="c", text="Yes", stands_for="yes")
    query = content(options=(option("a", "One"), option("b", "Two"), yes, OTHER, UNABLE))
    assert "options-of-another-shape" in found(query)


# -- whatever is written ---------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["sepsis", "E11.9", "DRG", "please document", "severity", "!!", "N17.9", "CC", "\x00", "é", ""]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(WORDS, max_size=6).map(" ".join))
OPTIONS = st.builds(
    QueryOption,
    key=st.text(max_size=2),
    text=TEXTS,
    stands_for=st.sampled_from(["diagnosis", "yes", "no", "not-significant", "other", "unable"]),
    supported_by=st.lists(st.sampled_from(["s", "t"]), max_size=2).map(tuple),
)
QUERIES = st.builds(
    Content,
    title=TEXTS,
    question=TEXTS,
    shape=st.sampled_from(["multiple-choice", "yes-no", "open"]),
    reason_code=st.sampled_from(["specificity", "present-on-admission", "x"]),
    indicators=st.lists(
        st.builds(Indicator, slot=st.sampled_from(["s", "t"]), value=TEXTS, source=TEXTS),
        max_size=3,
    ).map(tuple),
    options=st.lists(OPTIONS, max_size=5).map(tuple),
    established=st.lists(TEXTS, max_size=2).map(tuple),
    established_source=TEXTS,
)


@given(QUERIES)
def test_any_query_can_be_checked_and_every_finding_has_its_place(query):
    findings = lint(query)
    assert findings == lint(query)
    texts = {"title": query.title, "question": query.question}
    for finding in findings:
        assert finding.rule_id in RULES
        assert 0 <= finding.start <= finding.end
        if finding.path in texts:
            assert finding.end <= len(texts[finding.path])


@given(QUERIES)
def test_what_has_no_error_offers_a_way_out_and_rests_on_the_record(query):
    if has_errors(lint(query)):
        return
    assert any(i.value.strip() and i.source.strip() for i in query.indicators)
    if query.shape != "open":
        kinds = [o.stands_for for o in query.options]
        assert {"other", "unable"} <= set(kinds)
        assert len(kinds) >= 4
        slots = {i.slot for i in query.indicators if i.value.strip()}
        assert all(
            slots.issuperset(o.supported_by) for o in query.options if o.stands_for == "diagnosis"
        )


CODES = st.sampled_from(["E11.9", "N17.9", "S52.502A", "J9601", "MS-DRG 871", "an MCC"])


@given(before=st.text("abc xyz,", max_size=30), code=CODES, after=st.text("abc xyz,", max_size=30))
def test_a_code_or_a_group_is_found_in_any_surroundings(before, code, after):
    rules = asked(f"Please clarify {before} {code} {after} in your judgment.")
    assert rules & {"code-in-query", "payment-or-quality"}


@given(st.text(max_size=200))
def test_words_for_diagnoses_are_found_in_any_text_without_failing(text):
    for term in diagnoses_in(text):
        assert 0 <= term.start < term.end <= len(text)


def test_words_of_one_condition_are_one():
    assert stems_of("Septic on arrival", "urosepsis? no: sepsis") == {"sepsis"}
    assert stems_of("the chief complaint is of pain") == set()
    assert diagnoses_in("tia maria") == []


# -- templates -------------------------------------------------------------------------------------


def test_there_are_templates_for_what_is_usually_asked():
    assert len(templates()) >= 12


@pytest.mark.parametrize("template_id", sorted(templates()))
def test_a_shipped_template_passes_its_own_check(template_id):
    assert templates()[template_id].faults() == []


@pytest.mark.parametrize("template_id", sorted(templates()))
def test_a_template_offers_nothing_that_the_record_does_not_support(template_id):
    template = templates()[template_id]
    named = (template.established_example,) if template.needs_established else ()
    empty = template.made([], named, "note")
    assert [o for o in empty.options if o.stands_for == "diagnosis"] == []
    for slot in template.slots:
        one = template.made([indicator(slot.slot, "as found")], named, "note")
        for offered in one.options:
            if offered.stands_for == "diagnosis":
                assert offered.supported_by == (slot.slot,)
    assert has_errors(lint(empty, required=template.required))


def test_a_template_that_names_a_slot_it_does_not_have_is_refused():
    from msgspec import structs

    broken = structs.replace(templates()["kidney-function"], slots=())
    with pytest.raises(ValueError, match="kidney-function"):
        broken.faults()


def test_the_record_is_quoted_in_the_question():
    made = templates()["pressure-injury-poa"].made(
        [indicator("site", "sacrum"), indicator("first_seen", "03/02 04:00, triage note")],
        ["a pressure injury of the sacrum"],
        "NOTE-7",
    )
    assert "names a pressure injury of the sacrum." in made.question
    assert [o.key for o in made.options] == ["a", "b", "c", "d"]
    assert lint(made, required=("site", "first_seen")) == []
