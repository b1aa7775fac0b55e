"""Visits beside surgery, and surgery after surgery: modifiers 24, 25, 57, 58, 78 and 79.

Global period by the fee schedule: 000 the day itself, 010 ten days after, 090 the day before and
ninety days after (CMS 100-04, chapter 12, 40.1). Without the schedule loaded nothing is said.
"""

import datetime as dt
from collections.abc import Iterator

from rcm.codes.edits.model import Encounter, Finding, Line, Override, Rule, Setting, Severity, found
from rcm.codes.edits.modifiers import is_evaluation
from rcm.codes.forms import normalise
from rcm.codes.sets import CodeSets

_CMS = "CMS 100-04, chapter 12, 40"
VISIT_SAME_DAY = Rule("visit-needs-25", 1, Severity.ERROR, Override.CODER, _CMS)
VISIT_DECISION = Rule("visit-needs-57", 1, Severity.ERROR, Override.CODER, _CMS)
VISIT_AFTER = Rule("visit-needs-24", 1, Severity.ERROR, Override.CODER, _CMS)
SURGERY_AFTER = Rule("surgery-needs-58-78-79", 1, Severity.ERROR, Override.CODER, _CMS)

_AFTER_DAYS = {"000": 0, "010": 10, "090": 90}


def check_surgery(encounter: Encounter, sets: CodeSets) -> Iterator[Finding]:
    """Yield modifiers that are missing; professional claims only."""
    if encounter.setting is not Setting.PROFESSIONAL:
        return
    for at, line in enumerate(encounter.lines):
        if is_evaluation(normalise(line.procedure_code)):
            yield from _visit(encounter, sets, at, line)
        else:
            yield from _surgery(encounter, sets, at, line)


def global_days(sets: CodeSets, code: str, on: dt.date) -> str | None:
    """Return the global period of a procedure on a date; None if no schedule tells."""
    row = sets.connection.execute(
        "SELECT days FROM global_days WHERE code = ? AND effective <= ? "
        "ORDER BY effective DESC LIMIT 1",
        (code, on.isoformat()),
    ).fetchone()
    return row[0] if row else None


def _visit(encounter: Encounter, sets: CodeSets, at: int, line: Line) -> Iterator[Finding]:
    path, visit = f"lines[{at}].modifiers", normalise(line.procedure_code)
    for other in (*encounter.lines, *encounter.same_day):
        code = normalise(other.procedure_code)
        if is_evaluation(code) or other.provider != line.provider:
            continue
        days = global_days(sets, code, other.on)
        before = (other.on - line.on).days
        if days in ("000", "010") and before == 0 and not {"25", "57"} & set(line.modifiers):
            yield found(VISIT_SAME_DAY, path, (visit, code),
                        f"a visit on the day of {code} (global {days}) is part of it",
                        "add 25 if it was separate and significant, else remove it")  # fmt: skip
        elif days == "090" and before in (0, 1) and "57" not in line.modifiers:
            yield found(VISIT_DECISION, path, (visit, code),
                        f"a visit on the day of {code} (global 090) or the day before",
                        "add 57 if surgery was decided at it, else remove it")  # fmt: skip
    for surgery, days in _running(encounter, sets, line):
        if "24" not in line.modifiers:
            yield found(VISIT_AFTER, path, (visit, surgery),
                        f"a visit within the global period ({days}) of {surgery}",
                        "add 24 if it was for something else, else remove it")  # fmt: skip


def _surgery(encounter: Encounter, sets: CodeSets, at: int, line: Line) -> Iterator[Finding]:
    code = normalise(line.procedure_code)
    if global_days(sets, code, line.on) not in _AFTER_DAYS:
        return
    for surgery, days in _running(encounter, sets, line):
        if not {"58", "78", "79"} & set(line.modifiers):
            yield found(SURGERY_AFTER, f"lines[{at}].modifiers", (code, surgery),
                        f"within the global period ({days}) of {surgery}",
                        "add 58 if staged, 78 if a return to the operating room for it, "
                        "79 if unrelated")  # fmt: skip


def _running(encounter: Encounter, sets: CodeSets, line: Line) -> Iterator[tuple[str, str]]:
    """Yield (procedure, global days) of the provider's surgeries whose period still runs."""
    for prior in encounter.prior_surgeries:
        code = normalise(prior.procedure_code)
        days = global_days(sets, code, prior.on)
        passed = (line.on - prior.on).days
        if (
            days in ("010", "090")
            and prior.provider == line.provider
            and 0 < passed <= _AFTER_DAYS[days]
        ):
            yield code, days
