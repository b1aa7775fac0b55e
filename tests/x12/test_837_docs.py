"""The example of docs/x12/837.md runs, and its balances are those that the rules hold."""

import re
from datetime import date
from pathlib import Path

from rcm.x12 import x837
from x12_837_cases import World, a_file, edited, office_visit, secondary_by_line

PAGE = Path(__file__).parents[2] / "docs" / "x12" / "837.md"


def test_the_example_reads_claims_and_prints_findings(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    world = World(1)
    claims = [office_visit(world, claim_id=f"C-{number}") for number in range(3)]
    data = edited(a_file(*claims), "CLM*C-1*", "CLM*C-1*x")
    Path("claims.837").write_bytes(data)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    code = code.replace('open("claims.837", "rb")', 'Path("claims.837").read_bytes()')
    exec(compile(code, "837.md", "exec"), {"Path": Path})
    told = capsys.readouterr().out
    assert f"C-0 {claims[0].billed_cents} True" in told
    assert "C-1 b'CLM*C-1*x" in told
    assert "error: unreadable" in told


def test_the_numbers_of_the_page_balance():
    claim = secondary_by_line(World(1))
    (other,) = claim.other_payers
    assert (claim.billed_cents, other.paid_cents) == (200_00, 110_00)
    assert x837.check_claim(claim, as_of=date(2026, 6, 30)) == []


def test_the_rules_that_the_page_names_are_rules():
    from rcm.x12 import x837_rules

    known = {one.rule_id for one in x837_rules.RULES}
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", PAGE.read_text()))
    assert named - known <= {"poa-exempt", "rule-id"}
