"""Coverage policies (NCD, LCD, payers' own): diagnosis and frequency that a procedure is paid for.

By date of service and payer, from the file that the operator loads; without one, nothing is said.
A line that is not covered holds, unless it says by GA, GX, GY or GZ that its denial is foreseen.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from rcm.codes.coverage import Coverage, PolicyGroup, PolicyInForce
from rcm.codes.edits.model import (
    Encounter,
    Finding,
    Line,
    Override,
    Rule,
    Setting,
    Severity,
    found,
)
from rcm.codes.forms import dotted, normalise

_SOURCE = "CMS Medicare Coverage Database, or the payer's policy, as loaded"
UNSUPPORTED = Rule(
    "coverage-diagnosis-unsupported", 1, Severity.ERROR, Override.SUPERVISOR, _SOURCE
)
NONCOVERED = Rule("coverage-diagnosis-noncovered", 1, Severity.ERROR, Override.SUPERVISOR, _SOURCE)
FREQUENCY = Rule("coverage-frequency", 1, Severity.ERROR, Override.SUPERVISOR, _SOURCE)
NOTICE = Rule("coverage-denial-foreseen", 1, Severity.WARNING, Override.CODER, "CMS 100-04, 1, 60")
NEEDLESS = Rule("coverage-notice-needless", 1, Severity.WARNING, Override.CODER, _SOURCE)

_NOTICES: Final = {
    "GA": "the patient is liable by the signed notice",
    "GX": "the patient was told by a voluntary notice",
    "GY": "the law excludes it, the patient is liable",
    "GZ": "there is no notice, the provider is liable",
}


def check_coverage(encounter: Encounter, coverage: Coverage) -> Iterator[Finding]:
    """Yield what the payer's policies say of each line; nothing of an inpatient's."""
    if encounter.setting is Setting.INPATIENT or not encounter.payer_areas:
        return
    codes = tuple(normalise(diagnosis.code) for diagnosis in encounter.diagnoses)
    for at, line in enumerate(encounter.lines):
        procedure = normalise(line.procedure_code)
        told = [
            fault
            for policy in coverage.on(procedure, line.on, encounter.payer_areas)
            for fault in _of_policy(policy, procedure, at, encounter, _named(line, codes))
        ]
        yield from told
        notices = [m for m in line.modifiers if m in _NOTICES]
        if notices and not told and coverage.on(procedure, line.on, encounter.payer_areas):
            yield found(
                NEEDLESS, f"lines[{at}].modifiers", (procedure, *notices),
                f"{notices[0]} has the line denied, and every policy loaded covers it",
                f"remove {notices[0]}, unless something else is not covered",
            )  # fmt: skip


def _named(line: Line, codes: Sequence[str]) -> tuple[str, ...]:
    """Return the diagnoses that a line points to; all of them where it cannot point (837I)."""
    if not line.diagnosis_pointers:
        return tuple(codes)
    return tuple(codes[n - 1] for n in line.diagnosis_pointers if 0 < n <= len(codes))


def _of_policy(
    policy: PolicyInForce, procedure: str, at: int, encounter: Encounter, named: Sequence[str]
) -> Iterator[Finding]:
    """Say what one policy has against a line: nothing, if one of its groups has nothing."""
    least: list[Finding] | None = None
    for group in policy.groups:
        if procedure not in group.procedures:
            continue
        faults = [
            *_of_diagnoses(policy, group, procedure, at, encounter.lines[at], named),
            *_of_frequency(policy, group, procedure, at, encounter),
        ]
        if not faults:
            return
        if least is None or len(faults) < len(least):
            least = faults
    yield from least or ()


def _of_diagnoses(
    policy: PolicyInForce,
    group: PolicyGroup,
    procedure: str,
    at: int,
    line: Line,
    named: Sequence[str],
) -> Iterator[Finding]:
    path = f"lines[{at}].diagnosis_pointers"
    excluded = tuple(code for code in named if code in group.noncovered)
    supported = any(code in group.covered for code in named)
    if excluded and (group.noncovered_prevails or not supported):
        yield _fault(
            NONCOVERED, policy, group, line, path, (procedure, *map(dotted, excluded)),
            f"{', '.join(map(dotted, excluded))} excludes it",
            "point to the diagnosis it was done for, if the record holds another",
        )  # fmt: skip
        return
    for wanted, is_held in (
        (group.covered, supported),
        (group.together_with, any(code in group.together_with for code in named)),
    ):
        if wanted and not is_held:
            beside = " beside the others" if wanted is group.together_with else ""
            yield _fault(
                UNSUPPORTED, policy, group, line, path, (procedure, *map(dotted, named)),
                f"no diagnosis of the line supports it{beside}: it asks for {wanted.shown()}",
                "point to the diagnosis it was done for, if the record holds it; ask the physician "
                "if it is unclear",
            )  # fmt: skip


def _of_frequency(
    policy: PolicyInForce, group: PolicyGroup, procedure: str, at: int, encounter: Encounter
) -> Iterator[Finding]:
    """Count the units of the group in the days that end with the line's own."""
    limit, line = group.frequency, encounter.lines[at]
    if limit is None:
        return
    first = line.on - dt.timedelta(days=limit.days - 1)
    # Of lines of one day, those up to this one count: the line that is too many holds.
    own = (
        other
        for n, other in enumerate(encounter.lines)
        if other.on < line.on or (other.on == line.on and n <= at)
    )
    units = sum(
        other.units
        for other in (*own, *encounter.earlier)
        if first <= other.on <= line.on and normalise(other.procedure_code) in group.procedures
    )
    if units > limit.units:
        yield _fault(
            FREQUENCY, policy, group, line, f"lines[{at}].units", (procedure,),
            f"{units} units in {limit.days} days, it pays {limit.units}",
            "check the units and the dates",
        )  # fmt: skip


def _fault(
    rule: Rule,
    policy: PolicyInForce,
    group: PolicyGroup,
    line: Line,
    path: str,
    codes: tuple[str, ...],
    why: str,
    what_to_do: str,
) -> Finding:
    """Make a finding; a warning where the line itself says that it will be denied."""
    said = next((m for m in line.modifiers if m in group.notice_modifiers), None)
    if said is not None:
        return found(
            NOTICE, path, (*codes, said),
            f"{policy.words}: {why}; {said}: {_NOTICES[said]}",
            "nothing, if the notice is on file" if said != "GZ" else "have a notice signed first",
        )  # fmt: skip
    ways = ", ".join(sorted(group.notice_modifiers))
    also = f"; or say by {ways} that its denial is foreseen" if ways else ""
    return found(rule, path, codes, f"{policy.words}: {why}", what_to_do + also)
