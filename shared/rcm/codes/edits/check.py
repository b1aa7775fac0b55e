"""Every edit on one encounter, in the order a coder reads."""

from typing import Final

from rcm.codes.coverage import Coverage
from rcm.codes.edits.coverage import check_coverage
from rcm.codes.edits.diagnoses import check_diagnoses
from rcm.codes.edits.lines import check_lines
from rcm.codes.edits.model import Encounter, Finding, PayerOptions, Severity
from rcm.codes.edits.ncci import check_ncci
from rcm.codes.edits.surgery import check_surgery
from rcm.codes.sets import CodeSets

_STANDARD = PayerOptions()


def check(
    encounter: Encounter, sets: CodeSets, options: PayerOptions = _STANDARD
) -> tuple[Finding, ...]:
    """Return all that is found, errors first; the same encounter and sets give the same."""
    found = [*check_diagnoses(encounter, sets, options), *check_lines(encounter, sets, options)]
    if options.ncci:
        found += check_ncci(encounter, sets)
    found += check_surgery(encounter, sets)
    coverage = Coverage.of(sets)
    if coverage is not None:
        found += check_coverage(encounter, coverage)
    order = list(Severity)
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: order.index(finding.severity)))


_NEEDS: Final = {
    "ptp": "NCCI pairs",
    "mue": "unit limits (MUE)",
    "global_days": "global periods of surgery",
    "coverage": "coverage policies (NCD, LCD)",
}
"""Edits that say nothing without a file of the operator's, by the table that it fills."""


def left_out(sets: CodeSets) -> tuple[str, ...]:
    """Name the edits that say nothing, since no file of theirs was loaded."""
    empty = "SELECT NOT EXISTS (SELECT 1 FROM {})"
    return tuple(
        words
        for table, words in _NEEDS.items()
        if sets.connection.execute(empty.format(table)).fetchone()[0]
    )


def holds(findings: tuple[Finding, ...]) -> bool:
    """Tell if the encounter may not be released."""
    return any(finding.severity is Severity.ERROR for finding in findings)
