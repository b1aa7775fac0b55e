"""Situational rules of every transaction that is neither an 835 nor an 837, as it streams by.

situations = Situations(transaction)  # at its ST
for unit in ...:
    findings += situations.feed(unit)

The hierarchy and the NPIs are checked everywhere; the rest is each guide's own.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding, Severity
from rcm.x12.hierarchy import Hierarchy
from rcm.x12.situation import Situation, situational
from rcm.x12.situations_acknowledgment import Implementation
from rcm.x12.situations_eligibility import Eligibility
from rcm.x12.situations_other import Enrollment, Premium, Review
from rcm.x12.situations_status import Status
from rcm.x12.values import npi_is_sound
from rcm.x12.walk import Seen, Walk

#: A claim or a payment with a wrong NPI is refused; a question or an answer is still understood.
NPI_CHECK_DIGIT: Final = situational(
    "npi-check-digit", "Correct the NPI; its check digit does not fit.", Severity.WARNING, 5
)
BINARY_LENGTH: Final = situational(
    "binary-length-differs",
    "Write how many bytes the data has in BIN01 or BDS02; without that its end cannot be told.",
    Severity.ERROR,
    1,
)
#: Where the length of binary data stands, then the data.
_DATA_AT: Final = {"BIN": (1, 2), "BDS": (2, 3)}
#: Where an NPI stands, by segment: its qualifier's place, then its own.
_NPI_AT: Final = {"NM1": (8, 9), "N1": (3, 4)}
_MADE: Final[dict[str, Callable[[], Situation]]] = {
    "270 005010X279A1": lambda: Eligibility("270"),
    "271 005010X279A1": lambda: Eligibility("271"),
    "276 005010X212": lambda: Status("276", "005010X212"),
    "277 005010X212": lambda: Status("277", "005010X212"),
    "277 005010X213": lambda: Status("277", "005010X213"),
    "277 005010X214": lambda: Status("277", "005010X214"),
    "278 005010X217": Review,
    "820 005010X218": Premium,
    "834 005010X220A1": Enrollment,
    "999 005010X231A1": Implementation,
}
#: Their typed checks have all this and more.
_CHECKED_ELSEWHERE: Final = frozenset({"835", "837"})


class Situations:
    """Checks one transaction; feed it every unit, in order, SE last.

    Args:
        transaction: The transaction.
        has_hierarchy: Check HL as well; readers that check it themselves need not.
    """

    def __init__(self, transaction: Transaction, *, has_hierarchy: bool = True) -> None:
        guide = transaction.guide
        key = f"{guide.set_code} {guide.guide_id}" if guide is not None else ""
        self._walk = None
        if guide is not None and guide.set_code not in _CHECKED_ELSEWHERE:
            self._walk = Walk(transaction)
        # The 820 of the exchanges (005010X306) reads by the same table and balances otherwise.
        made = Situation if transaction.version == "005010X306" else _MADE.get(key, Situation)
        self._situation = made()
        self._hierarchy = Hierarchy(transaction.set_code) if has_hierarchy else None

    def feed(self, unit: Unit) -> list[Finding]:
        """Check the next unit."""
        if self._walk is None:
            return []
        if unit.name == "SE":
            # What was cut off says nothing of what is missing.
            if unit.is_cut_off:
                return []
            levels = self._hierarchy.end() if self._hierarchy is not None else ()
            return [*levels, *self._situation.end()]
        return list(self._check(self._walk.see(unit), unit.name))

    def _check(self, seen: Sequence[Seen], name: str) -> Iterator[Finding]:
        for one in seen:
            if one.segment[0] == "HL":
                if self._hierarchy is not None:
                    yield from self._hierarchy.take(one)
            elif one.segment[0] in _NPI_AT:
                yield from _check_npi(one)
            elif one.segment[0] in _DATA_AT:
                yield from _check_length(one)
        check = self._situation.begin if name == "ST" else self._situation.level
        yield from check(seen)


def _check_npi(seen: Seen) -> Iterator[Finding]:
    qualifier, number = _NPI_AT[seen.segment[0]]
    value = seen.element(number)
    if seen.element(qualifier) == "XX" and value and not npi_is_sound(value):
        yield seen.finding(NPI_CHECK_DIGIT, "The NPI is not valid.", number)


def _check_length(seen: Seen) -> Iterator[Finding]:
    length, data = _DATA_AT[seen.segment[0]]
    told = seen.element(length)
    separator = seen.unit.transaction.delimiters.element
    count = len(separator.join(seen.segment[data:]).encode())
    if told.isdecimal() and told.isascii() and int(told[:12]) != count:
        yield seen.finding(BINARY_LENGTH, f"The data has {count} bytes.", length)
