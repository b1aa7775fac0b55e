"""From a fault of a typed claim to a Finding: where in the file the fault is, if it was in one.

A rule sees typed values, not segments; it says in which loop and segment the fault lies, and the
segment is looked up only when there is a fault, which is seldom.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from rcm.x12.findings import Finding, Place, Rule
from rcm.x12.origin import Origin
from rcm.x12.x837_read_parties import Rows, at

_STEP: Final = re.compile(r"(\w+)\[(\d+)\]")
_ROLES: Final = {  # NM101 of the 2310, 2330 and 2420 loops, by guide letter and loop
    "P": {"DN": "A", "P3": "A", "82": "B", "77": "C", "DQ": "D", "PW": "E", "45": "F"},
    "I": {"71": "A", "72": "B", "ZZ": "C", "82": "D", "77": "E", "DN": "F"},
    "D": {"DN": "A", "P3": "A", "82": "B", "77": "C", "DD": "D", "DQ": "E"},
}
_LINE_ROLES: Final = {
    "P": {
        "82": "A",
        "QB": "B",
        "77": "C",
        "DQ": "D",
        "DK": "E",
        "DN": "F",
        "P3": "F",
        "PW": "G",
        "45": "H",
    },
    "I": {"72": "A", "ZZ": "B", "82": "C", "DN": "D"},
    "D": {"82": "A", "DD": "B", "DQ": "C", "77": "D"},
}


class Fault(NamedTuple):
    """A broken rule at a place of a claim.

    Attributes:
        rule: The rule.
        message: What is wrong, with no value in it but amounts and codes of lists.
        loop: Loop inside the claim, such as `2400[2]/2430[1]`; empty is 2300. Or, for a fault of
            a level above, `2010AA`, `2010BA`, `2000B`, `2010CA` and so on.
        segment: Segment id, or id and the beginning of an element, such as `REF*F8`; with one
            to look for after it, `NM1*82>PRV`.
        element: Element position.
        component: Component position.
        value: The value.
    """

    rule: Rule
    message: str
    loop: str
    segment: str
    element: int = 0
    component: int = 0
    value: str = ""


#: What takes a fault that a rule found. A call costs a third of what a generator would.
Tell = Callable[[Fault], None]


def provider_loop(letter: str, role_code: str, *, in_line: bool = False) -> str:
    """Name the loop of a provider of a claim (2310) or line (2420)."""
    roles = (_LINE_ROLES if in_line else _ROLES)[letter]
    return f"{'2420' if in_line else '2310'}{roles.get(role_code, '?')}[1]"


def finding(fault: Fault, origin: Origin | None, claim_id: str) -> Finding:
    """Give a fault its place."""
    return Finding(
        rule=fault.rule,
        place=_place(fault, origin, claim_id),
        message=fault.message,
        element=fault.element,
        component=fault.component,
        value=fault.value,
    )


def findings(faults: Iterable[Fault], origin: Origin | None, claim_id: str) -> list[Finding]:
    """Give faults their places."""
    return [finding(fault, origin, claim_id) for fault in faults]


def _place(fault: Fault, origin: Origin | None, claim_id: str) -> Place:
    if origin is None:
        segment_id = fault.segment.rpartition(">")[2].partition("*")[0]
        return Place(loop=fault.loop or "2300", claim_id=claim_id, segment_id=segment_id)
    rows = origin.unit.segments
    index = find(rows, fault.loop, fault.segment)
    loop = f"{origin.loop}/{fault.loop}" if fault.loop else origin.loop
    return origin.unit.place(index, loop=loop, claim_id=claim_id)


def find(rows: Rows, loop: str, segment: str) -> int:
    """Find a segment of a unit; the first of its loop when the segment itself is missing."""
    first, last = 0, len(rows)
    if not loop and rows and rows[0][0] == "CLM":
        last = _next(rows, 1, last, {"NM1", "SBR", "LX"})
    for step in loop.split("/") if loop else ():
        first, last = _span(rows, first, last, step)
    index = first
    for turn, wanted in enumerate(segment.split(">")):
        name, _, qualifier = wanted.partition("*")
        for place in range(index + (turn > 0), last):
            row = rows[place]
            if row[0] == name and (
                not qualifier or any(part.startswith(qualifier) for part in row[1:])
            ):
                index = place
                break
    return index


def _next(rows: Rows, first: int, last: int, names: set[str]) -> int:
    """Find the first segment with one of the ids, or the end."""
    return next((place for place in range(first, last) if rows[place][0] in names), last)


def _span(rows: Rows, first: int, last: int, step: str) -> tuple[int, int]:
    """Find the segments of one loop, such as `2400[2]`, between two places."""
    match = _STEP.fullmatch(step)
    name, ordinal = (match[1], int(match[2])) if match else (step, 1)
    if name in _STARTERS:
        starter, ends = _STARTERS[name]
        count = 0
        for index in range(first, last):
            count += rows[index][0] == starter
            if count == ordinal:
                return index, _next(rows, index + 1, last, ends)
    elif name in _PARTIES:
        for index in range(first, last):
            if rows[index][0] == "NM1" and at(rows[index], 1) == _PARTIES[name]:
                return index, _next(rows, index + 1, last, {"NM1", "LX"})
    elif name.startswith("2310"):
        last = _next(rows, 1, last, {"SBR", "LX"})
    return first, last


_STARTERS: Final[dict[str, tuple[str, set[str]]]] = {
    "2320": ("SBR", {"SBR", "LX"}),
    "2400": ("LX", {"LX"}),
    "2410": ("LIN", {"NM1", "SVD", "LQ"}),
    "2430": ("SVD", {"SVD", "LQ"}),
    "2440": ("LQ", {"LQ"}),
}
_PARTIES: Final = {
    "2010AA": "85",
    "2010AB": "87",
    "2010AC": "PE",
    "2010BA": "IL",
    "2010BB": "PR",
    "2010CA": "QC",
    "2330A": "IL",
    "2330B": "PR",
}
