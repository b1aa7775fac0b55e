"""What a typed reader does with a unit that it cannot take: keep its bytes, and say why."""

from msgspec import Struct

from rcm.x12.elements import check_segment
from rcm.x12.envelope import Unit
from rcm.x12.findings import Finding, Place, Rule, Severity

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
HEADER_LOST = Rule(
    "header-lost",
    2,
    Severity.ERROR,
    "Correct what stands before it in the transaction; without that it was not taken.",
)
WRONG_TRANSACTION = Rule(
    "wrong-transaction",
    1,
    Severity.ERROR,
    "Send here only the transaction that is read here.",
    ("AK9", "2"),
)


class Unreadable(Exception):
    """A segment holds a value without which its unit cannot be understood.

    Raised and caught inside `rcm.x12`.

    Attributes:
        index: Which segment of the unit.
    """

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


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
        """CLP01 or CLM01, if the unit is a claim and has it."""
        return _claim_id(self.unit)


def unreadable(unit: Unit, index: int) -> SetAside:
    """Set a unit aside because one of its segments cannot be read; say what is wrong in it."""
    segment = unit.segments[index]
    place = unit.place(index, claim_id=_claim_id(unit))
    message = f"{segment[0]} holds a value that cannot be read, or lacks one."
    found = Finding(rule=UNREADABLE, place=place, message=message)
    guide, delimiters = unit.transaction.guide, unit.transaction.delimiters
    details = check_segment(guide, segment, delimiters, lambda: place)
    return SetAside(unit, (found, *details))


def faulty_segment(unit: Unit) -> int:
    """Find the first segment with an error in it; the first of all if every one looks right."""
    guide, delimiters = unit.transaction.guide, unit.transaction.delimiters
    for index, segment in enumerate(unit.segments):
        if check_segment(guide, segment, delimiters, Place):
            return index
    return 0


def cut_off(unit: Unit) -> SetAside:
    """Set a unit aside because its end is missing."""
    place = unit.place(len(unit.texts) - 1, claim_id=_claim_id(unit))
    finding = Finding(rule=CUT_OFF, place=place, message="Its end is missing.")
    return SetAside(unit, (finding,))


def headless(unit: Unit) -> SetAside:
    """Set a unit aside because what it belongs to could not be read."""
    place = unit.place(claim_id=_claim_id(unit))
    finding = Finding(rule=HEADER_LOST, place=place, message="What it belongs to was not read.")
    return SetAside(unit, (finding,))


def stranger(unit: Unit, wanted: str) -> SetAside:
    """Set a unit aside because its transaction is not the one that is read."""
    message = f"This transaction is no {wanted} that we read."
    finding = Finding(rule=WRONG_TRANSACTION, place=unit.place(), message=message)
    return SetAside(unit, (finding,))


def _claim_id(unit: Unit) -> str:
    if unit.name not in {"CLP", "CLM"}:
        return ""
    first = unit.segments[0]
    return first[1] if len(first) > 1 else ""
