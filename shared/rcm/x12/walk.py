"""Follow a transaction through its guide: which loop each of its segments stands in.

The checker finds faults; a walk only tells places. Situational rules and payer rules ask it.
"""

from typing import NamedTuple

from rcm.x12.checker import Checker
from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding, Rule


class Seen(NamedTuple):
    """One segment and its loop.

    Attributes:
        unit: The unit that it stands in.
        at: Which of the unit's segments it is.
        segment: Its elements; `segment[0]` is its id.
        loop: Loop path with ordinals, such as `2000A[1]/2000B[2]`; empty in the header.
    """

    unit: Unit
    at: int
    segment: list[str]
    loop: str

    @property
    def loop_id(self) -> str:
        """Id of the innermost loop, such as 2110C."""
        return self.loop.rpartition("/")[2].partition("[")[0]

    def element(self, position: int, component: int = 0) -> str:
        """Give an element, or a component of it; empty where the segment has none."""
        value = self.segment[position] if position < len(self.segment) else ""
        if not component:
            return value
        parts = value.split(self.unit.transaction.delimiters.component)
        return parts[component - 1] if component <= len(parts) else ""

    def finding(self, rule: Rule, message: str, element: int = 0, component: int = 0) -> Finding:
        """Say what is wrong here; the value is taken from the segment."""
        return Finding(
            rule=rule,
            place=self.unit.place(self.at, loop=self.loop, claim_id=self._claim_id()),
            message=message,
            element=element,
            component=component,
            value=self.element(element, component)[:80] if element else "",
        )

    def _claim_id(self) -> str:
        first = self.unit.segments[0]
        return first[1] if first[0] in {"CLP", "CLM"} and len(first) > 1 else ""


class Walk:
    """Where we are in one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._checker = Checker(transaction)

    def see(self, unit: Unit) -> list[Seen]:
        """Follow the next unit of the transaction."""
        seen = []
        for index, segment in enumerate(unit.segments):
            self._checker.follow(segment)
            seen.append(Seen(unit, index, segment, self._checker.path))
        return seen
