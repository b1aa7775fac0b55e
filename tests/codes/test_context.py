import pytest

from rcm.codes.context import flags_of, scopes

# Each finding in braces, then the flags it must have.
SENTENCES = [
    ("No {fever}, {chills}, or {cough}.", "negated negated negated"),
    ("The patient denies {chest pain} but has {dyspnea}.", "negated -"),
    ("Not only {fever} but also {rash}.", "- -"),
    ("There was no change in the {edema}.", "-"),
    ("No known allergies and has {asthma}.", "-"),
    ("No {tenderness}, {swelling} noted.", "negated -"),
    ("Family history of {breast cancer}.", "family"),
    ("Her mother had {diabetes}.", "family"),
    ("{Pneumonia} was ruled out.", "negated"),
    ("Suspected {appendicitis}.", "uncertain"),
    ("History of {hypertension}.", "history"),
    ("Without {hematuria}; {dysuria} present.", "negated -"),
    ("CT negative for {stroke}.", "negated"),
    ("{Pulmonary embolism} cannot be ruled out.", "uncertain"),
    ("{Hypertension} not controlled with losartan.", "-"),
    ("No evidence of {metastasis}.", "negated"),
    ("Neither {fever} nor {vomiting}.", "negated negated"),
    ("The patient had {fever} and no {cough}.", "- negated"),
    ("{Nausea} without {vomiting}.", "- negated"),
    ("No history of {nephrolithiasis}.", "history,negated"),
    ("{Rash} for two days. No {itching}.", "- negated"),
]


@pytest.mark.parametrize(("marked", "expected"), SENTENCES)
def test_a_finding_is_flagged_as_a_reader_would(marked, expected):
    text, places = "", []
    for part in marked.split("{"):
        found, brace, rest = part.partition("}")
        if brace:
            places.append((len(text), len(text) + len(found)))
            text += found + rest
        else:
            text += part
    found = scopes(text)
    got = [",".join(flags_of(start, end, found)) or "-" for start, end in places]
    assert got == expected.split()
