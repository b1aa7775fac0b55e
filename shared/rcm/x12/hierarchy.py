"""The HL hierarchy of 270, 271, 276, 277, 277CA and 278: numbers, parents, and who has children.

    HL*1**20*1 ─ HL*2*1*21*1 ─ HL*3*2*22*1 ─ HL*4*3*23*0
       number ┘   parent ┘  └ level  └ whether a level below follows

The 837 checks its own while it reads. Only the open levels are kept, so a file of any size will do.
"""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from rcm.x12.findings import Finding
from rcm.x12.walk import Seen
from rcm.x12.x837_read import LEVEL_CHILD, LEVEL_NUMBER, LEVEL_PARENT

_ASKED_BY_PROVIDER: Final = {"20": "", "21": "20", "22": "21", "23": "22"}
_BY_PROVIDER_LEVEL: Final = {"20": "", "21": "20", "19": "21", "22": "19", "23": "22", "PT": "19"}
#: HL03 and the levels that it may stand under, by ST01.
PARENTS: Final[dict[str, dict[str, str]]] = {
    "270": _ASKED_BY_PROVIDER,
    "271": _ASKED_BY_PROVIDER,
    "276": _BY_PROVIDER_LEVEL,
    "277": _BY_PROVIDER_LEVEL,
    # A patient event (EV) stands under the subscriber or the dependent, whoever the patient is.
    "278": {**_ASKED_BY_PROVIDER, "EV": "22 23", "SS": "EV"},
}


class _Level(Struct):
    """A level that is open."""

    seen: Seen
    number: str
    code: str
    has_children: bool = False


class Hierarchy:
    """The levels of one transaction, as far as they are open."""

    def __init__(self, set_code: str) -> None:
        self._parents = PARENTS.get(set_code, {})
        self._open: list[_Level] = []
        self._count = 0

    def take(self, seen: Seen) -> Iterator[Finding]:
        """Check an HL segment, and the levels that it closes."""
        code = seen.element(3)
        self._count += 1
        if seen.element(1) != str(self._count):
            message = f"HL01 should be {self._count}."
            yield seen.finding(LEVEL_NUMBER, message, 1)
            number = seen.element(1)
            self._count = int(number) if number.isdecimal() and len(number) < 9 else self._count
        wanted = self._parents.get(code)
        if wanted is None:
            return  # the checker has said that there is no such level
        if not self._is_chained(seen):
            yield from self._close_to(wanted)
            if self._open:
                parent = self._open[-1]
                parent.has_children = True
                if seen.element(2) != parent.number:
                    yield seen.finding(LEVEL_PARENT, f"HL02 should be {parent.number}.", 2)
        self._open.append(_Level(seen, seen.element(1), code))

    def end(self) -> Iterator[Finding]:
        """Check the levels that are still open at the end of the transaction."""
        yield from self._close_to("")

    def _is_chained(self, seen: Seen) -> bool:
        """Tell a service under a service: published 278s have it, and count no child for it."""
        top = self._open[-1] if self._open else None
        return (
            top is not None
            and top.code == seen.element(3) == "SS"
            and (seen.element(2) == top.number)
        )

    def _close_to(self, codes: str) -> Iterator[Finding]:
        """Close the levels that the next one does not stand under."""
        while self._open and self._open[-1].code not in codes.split():
            level = self._open.pop()
            told = level.seen.element(4)
            if told == "1" and not level.has_children:
                yield level.seen.finding(LEVEL_CHILD, "HL04 promises a level below; none is.", 4)
            elif told == "0" and level.has_children:
                yield level.seen.finding(LEVEL_CHILD, "HL04 denies the level below it.", 4)
