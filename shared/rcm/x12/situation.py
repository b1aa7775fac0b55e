"""What situational checks share: a transaction seen level by level, in constant memory."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from rcm.x12.findings import Finding, Rule, Severity
from rcm.x12.values import day
from rcm.x12.walk import Seen


def situational(
    rule_id: str, remedy: str, severity: Severity = Severity.ERROR, level: int = 4
) -> Rule:
    """Make a rule of SNIP type 4, which no 999 has a code for."""
    return Rule(rule_id, level, severity, remedy)


LATER: Final = situational("birth-in-future", "Correct the date of birth.")


class Situation:
    """Checks of one transaction. Made anew at its ST.

    Attributes:
        created_on: BHT04, BGN03 or BPR16, once it was read.
    """

    def __init__(self) -> None:
        self.created_on: date | None = None

    def begin(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Check the head: everything before the first level."""
        for one in seen:
            position = {"BHT": 4, "BGN": 3, "BPR": 16}.get(one.segment[0])
            if position is not None:
                self.created_on = day_of(one.element(position))
        return iter(())

    def level(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Check one level, or one other unit that can fail alone."""
        del seen
        return iter(())

    def end(self) -> Iterator[Finding]:
        """Check what only the end can tell."""
        return iter(())


def day_of(text: str) -> date | None:
    """Read a date; None for what is none, which the checker has said."""
    try:
        return day(text)
    except ValueError:
        return None
