"""Every rule that a finding can name: `python -m rcm.x12.catalogue > docs/x12/findings.md`."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import rcm.x12
from rcm.x12.findings import Rule

_HEAD = """\
# Every finding, and what to do about it

Written by `python -m rcm.x12.catalogue`; a test holds this page and the code together.
`--relax RULE` (or `relax={"rule"}`) leaves a rule out. The level is the SNIP type of the check; the
last column is what an acknowledgment says: TA105, AK905, IK502, IK304 or IK403.

| rule | level | severity | what to do | answered |
|---|--:|---|---|---|
"""


def rules() -> dict[str, list[Rule]]:
    """Collect the rules of all modules, by id; a rule may stand in two guides with one id."""
    found: dict[str, list[Rule]] = {}
    for module in iter_modules(rcm.x12.__path__, "rcm.x12."):
        if module.name.rpartition(".")[2] in {"__main__", "catalogue"}:
            continue
        for value in vars(import_module(module.name)).values():
            if isinstance(value, Rule) and value not in found.setdefault(value.rule_id, []):
                found[value.rule_id].append(value)
    return found


def page() -> str:
    """Write the page."""
    rows = []
    for rule_id, uses in sorted(rules().items()):
        for rule in uses:
            answered = " ".join(filter(None, rule.ack))
            remedy = rule.remedy.replace("|", "\\|")
            rows.append(f"| `{rule_id}` | {rule.level} | {rule.severity} | {remedy} | {answered} |")
    return _HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
