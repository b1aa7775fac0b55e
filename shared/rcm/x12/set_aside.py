"""What a reader could not take: kept with its bytes and its reasons, so that nothing is lost."""

from msgspec import Struct

from rcm.x12.envelope import Unit
from rcm.x12.findings import Finding, Rule, Severity

UNREADABLE = Rule(
    "unreadable",
    2,
    Severity.ERROR,
    "Nothing of this unit was taken; correct it and send it again, or enter it by hand.",
    ("IK3", "8"),
)
CUT_OFF = Rule(
    "unit-cut-off",
    1,
    Severity.ERROR,
    "The file ends inside it, so nothing of it was taken; ask for the whole file.",
    ("IK5", "2"),
)


class SetAside(Struct, frozen=True):
    """A part of the file that was not taken.

    Attributes:
        unit: Its segments; `unit.content()` gives its bytes.
        findings: Why.
    """

    unit: Unit
    findings: tuple[Finding, ...]

    @property
    def claim_id(self) -> str:
        """CLM01 or CLP01, if the unit is a claim and has it."""
        segments = self.unit.segments
        if self.unit.name not in {"CLM", "CLP"} or not segments or len(segments[0]) < 2:
            return ""
        return segments[0][1]
