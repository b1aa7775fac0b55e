"""Every reason that coding-svc gives has an input that provokes it and a line in its page."""

from pathlib import Path

import pytest

from coding_svc.model.reasons import REASONS, reason

HERE = Path(__file__)
PAGE = (HERE.parents[2] / "docs" / "services" / "coding-svc.md").read_text()
TESTS = "".join(path.read_text() for path in HERE.parent.glob("*.py") if path != HERE)


@pytest.mark.parametrize("rule_id", REASONS)
def test_a_reason_is_provoked_and_documented(rule_id):
    wording = REASONS[rule_id]
    assert f'"{rule_id}"' in TESTS or f"|{rule_id}|" in TESTS
    assert f"| `{rule_id}` | {wording.severity} | {wording.text} | {wording.remedy} |" in PAGE


def test_a_reason_says_what_to_do_where_something_can_be_done():
    for rule_id, wording in REASONS.items():
        assert wording.text.endswith("."), rule_id
        assert wording.severity == "warning" or wording.remedy, rule_id


def test_a_reason_repeats_nothing_of_its_input():
    assert reason("npi-missing", "FT1[1]-20").text == REASONS["npi-missing"].text
