"""Check the elements of one segment against a guide: types, lengths, codes, what must be there.

This is the precise and slow way, which finds and explains; `pattern.py` is the quick way, which
may only say that nothing is wrong. A test holds the two together.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

from rcm.x12.findings import Finding, Place, Rule, Severity
from rcm.x12.guide import ElementUse, Guide, SegmentUse, standard
from rcm.x12.lexer import Delimiters
from rcm.x12.segments import SEGMENTS


def _rule(rule_id: str, remedy: str, code: str, level: int = 1) -> Rule:
    return Rule(rule_id, level, Severity.ERROR, remedy, ("IK4", code))


REQUIRED = _rule("element-required", "Fill the element; the guide demands it.", "1", 2)
RELATED = _rule("element-relation", "Fill in what belongs together, or leave both out.", "2")
EXCLUDED = _rule("element-exclusion", "Leave one of the two out.", "10")
TOO_MANY = _rule("elements-too-many", "Remove what comes after the segment's last element.", "3")
COMPONENTS_TOO_MANY = _rule(
    "components-too-many", "Check the component separator (ISA16) against the data.", "3"
)
REPEATED = _rule("element-repeated", "Write the element once, or as often as allowed.", "12")
TOO_SHORT = _rule("element-too-short", "Write the value in its full length.", "4")
TOO_LONG = _rule("element-too-long", "Shorten the value.", "5")
CHARACTER = _rule(
    "character-not-allowed", "Remove control characters, and values of blanks alone.", "6"
)
NUMBER = _rule(
    "not-a-number", "Write digits, with a minus and a point only where they belong.", "6"
)
CENTS = _rule("amount-below-a-cent", "Write amounts of money with at most two decimals.", "6")
CODE = _rule("code-not-in-guide", "Use a code that the guide allows here.", "7", 2)
DATE = _rule("date-invalid", "Write a day of the calendar in the format named.", "8")
TIME = _rule("time-invalid", "Write hours 00 to 23 and minutes 00 to 59.", "9")
NOT_USED = _rule("element-not-used", "Leave the element empty.", "I10", 2)

#: How a rule about elements is named in `relax`, for documentation and tests.
RULES = (
    REQUIRED, RELATED, EXCLUDED, TOO_MANY, COMPONENTS_TOO_MANY, REPEATED, TOO_SHORT, TOO_LONG,
    CHARACTER, NUMBER, CENTS, CODE, DATE, TIME, NOT_USED,
)  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DECIMAL = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"-?\d+", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
_TIME = re.compile(r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d\d{0,2})?", re.ASCII)
_MONEY = "782"


class _Place:
    """Where the element is, while findings about it are made."""

    __slots__ = ("_place", "_where")

    def __init__(self, where: Callable[[], Place]) -> None:
        self._where = where
        self._place: Place | None = None

    @property
    def place(self) -> Place:
        """The place, made when the first finding asks for it."""
        if self._place is None:
            self._place = self._where()
        return self._place

    def found(
        self, rule: Rule, message: str, at: tuple[int, int], use: ElementUse | None, value: str = ""
    ) -> Finding:
        return Finding(
            rule=rule,
            place=self.place,
            message=message,
            element=at[0],
            component=at[1],
            value=value[:80],
            element_reference=use.reference if use is not None and use.type else "",
        )


def check_elements(
    use: SegmentUse, segment: list[str], delimiters: Delimiters, place: Callable[[], Place]
) -> list[Finding]:
    """Find what is wrong with the elements of a segment."""
    return list(_check(use.elements, use.relations, segment, delimiters, _Place(place)))


def check_segment(
    guide: Guide | None, segment: list[str], delimiters: Delimiters, place: Callable[[], Place]
) -> list[Finding]:
    """Check a segment by the first use in a guide that it can be, or by the standard alone."""
    uses = _uses(guide, segment[0]) if guide is not None else ()
    for use in uses:
        if use.takes(segment, delimiters.component):
            return check_elements(use, segment, delimiters, place)
    if segment[0] not in SEGMENTS:
        return []
    elements, relations = standard(segment[0])
    return list(_check(elements, relations, segment, delimiters, _Place(place)))


@cache
def _uses(guide: Guide, segment_id: str) -> tuple[SegmentUse, ...]:
    return tuple(
        use for loop in guide.root.walk() for use in loop.segments if use.segment_id == segment_id
    )


def _check(
    elements: tuple[ElementUse, ...],
    relations: tuple[tuple[str, tuple[int, ...]], ...],
    segment: list[str],
    delimiters: Delimiters,
    at: _Place,
) -> Iterator[Finding]:
    if len(segment) > len(elements) + 1:
        extra = len(elements) + 1
        message = f"{segment[0]} has no element {extra:02d}."
        yield at.found(TOO_MANY, message, (extra, 0), None, segment[extra])
    for position, use in enumerate(elements, start=1):
        value = segment[position] if position < len(segment) else ""
        if not value:
            if use.usage == "R":
                yield at.found(REQUIRED, "The element is empty.", (position, 0), use)
            continue
        if use.usage == "N":
            yield at.found(NOT_USED, "The guide does not use it.", (position, 0), use, value)
            continue
        if use.type == "B":
            continue  # binary data may hold any character
        yield from _repeated(use, value, delimiters, at, position)
        if use.reference == "1251" and segment[position - 1] != "":
            yield from _period(segment[position - 1], value, at, position, use)
    yield from _relations(relations, segment, elements, at)


def _repeated(
    use: ElementUse, value: str, delimiters: Delimiters, at: _Place, position: int
) -> Iterator[Finding]:
    values = value.split(delimiters.repetition) if delimiters.repetition else [value]
    if len(values) > use.repeat_max:
        message = f"It may stand {use.repeat_max} times at most."
        yield at.found(REPEATED, message, (position, 0), use, value)
        values = values[: use.repeat_max]
    for one in values:
        if use.components:
            yield from _composite(use, one, delimiters, at, position)
        elif delimiters.component in one:
            message = "It has no components."
            yield at.found(COMPONENTS_TOO_MANY, message, (position, 2), use, one)
        else:
            yield from _simple(use, one, at, (position, 0))


def _composite(
    use: ElementUse, value: str, delimiters: Delimiters, at: _Place, position: int
) -> Iterator[Finding]:
    parts = value.split(delimiters.component)
    if len(parts) > len(use.components):
        message = f"It has at most {len(use.components)} components."
        yield at.found(COMPONENTS_TOO_MANY, message, (position, len(parts)), use, value)
    for number, inner in enumerate(use.components, start=1):
        part = parts[number - 1] if number <= len(parts) else ""
        if not part:
            if inner.usage == "R":
                yield at.found(REQUIRED, "The component is empty.", (position, number), inner)
            continue
        if inner.usage == "N":
            message = "The guide does not use it."
            yield at.found(NOT_USED, message, (position, number), inner, part)
            continue
        yield from _simple(inner, part, at, (position, number))
        if inner.reference == "1251" and parts[number - 2]:
            yield from _period(parts[number - 2], part, at, position, inner)


def _simple(use: ElementUse, value: str, at: _Place, where: tuple[int, int]) -> Iterator[Finding]:
    """Check one value: its characters, type, length and code."""
    length = len(value)
    if use.type in {"R", "N0"}:
        if (_DECIMAL if use.type == "R" else _INTEGER).fullmatch(value) is None:
            kind = "decimal number" if use.type == "R" else "whole number"
            yield at.found(NUMBER, f"It is not a {kind}.", where, use, value)
            return
        length = sum(character.isdigit() for character in value)
        if use.reference == _MONEY and len(value.partition(".")[2]) > 2:
            yield at.found(CENTS, "It has more than two decimals.", where, use, value)
    elif use.type in {"DT", "TM"}:
        if use.type == "DT" and not _is_date(value):
            yield at.found(DATE, "It is not a date CCYYMMDD.", where, use, value)
        if use.type == "TM" and _TIME.fullmatch(value) is None:
            yield at.found(TIME, "It is not a time HHMM or HHMMSS.", where, use, value)
        return
    elif use.type != "B" and (_CONTROL.search(value) or not value.strip(" ")):
        message = "It holds a control character, or blanks alone."
        yield at.found(CHARACTER, message, where, use, value)
    if length < use.length_min:
        message = f"It has {length} characters where {use.length_min} are the fewest."
        yield at.found(TOO_SHORT, message, where, use, value)
    elif use.length_max and length > use.length_max:
        message = f"It has {length} characters where {use.length_max} are the most."
        yield at.found(TOO_LONG, message, where, use, value)
    elif use.codes and value not in use.codes:
        allowed = ", ".join(sorted(use.codes)[:12])
        yield at.found(CODE, f"The guide allows {allowed}.", where, use, value)


def _is_date(value: str) -> bool:
    if _DIGITS.fullmatch(value) is None or len(value) not in {6, 8}:
        return False
    if len(value) == 6:
        value = "20" + value  # ISA09 has no century; a leap day of 1900 is nobody's date
    try:
        date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return False
    return True


def _period(form: str, value: str, at: _Place, position: int, use: ElementUse) -> Iterator[Finding]:
    """Check a date or time period (element 1251) by its format qualifier (1250)."""
    if not period_is_valid(form, value):
        message = f"It is not a date or period of format {form[:3]}."
        yield at.found(DATE, message, (position, 0), use, value)


def period_is_valid(form: str, value: str) -> bool:
    """Tell whether a date or period has the form that its qualifier (1250) names.

    D8 CCYYMMDD, D6 YYMMDD, RD8 two D8 with a dash, from before through; DT with HHMM; DTS with
    seconds; TM HHMM. A qualifier that we do not know accepts anything.
    """
    if form == "D8":
        return len(value) == 8 and _is_date(value)
    if form == "D6":
        return len(value) == 6 and _is_date(value)
    if form == "RD8":
        first, dash, last = value.partition("-")
        return (
            bool(dash)
            and all(len(half) == 8 and _is_date(half) for half in (first, last))
            and first <= last
        )
    if form in {"DT", "DTS"}:
        return _is_date(value[:8]) and _TIME.fullmatch(value[8:]) is not None
    if form == "TM":
        return _TIME.fullmatch(value) is not None
    return True


def _relations(
    relations: tuple[tuple[str, tuple[int, ...]], ...],
    segment: list[str],
    elements: tuple[ElementUse, ...],
    at: _Place,
) -> Iterator[Finding]:
    count = len(segment)
    for kind, positions in relations:
        present = [position < count and segment[position] != "" for position in positions]
        first = positions[0]
        rest = ", ".join(f"{position:02d}" for position in positions[1:])
        missing = positions[present.index(False)] if False in present else 0
        if kind == "E":
            if sum(present) > 1:
                message = f"Only one of {first:02d}, {rest} may be there."
                yield at.found(EXCLUDED, message, (positions[1], 0), elements[positions[1] - 1])
            continue
        if kind == "P":
            broken = any(present) and not all(present)
            message = f"Elements {first:02d}, {rest} belong together."
        elif kind == "R":
            broken = not any(present)
            message = f"One of {first:02d}, {rest} must be there."
        elif kind == "C":
            broken = present[0] and not all(present[1:])
            message = f"Element {first:02d} needs {rest}."
        else:
            broken = present[0] and not any(present[1:])
            message = f"Element {first:02d} needs one of {rest}."
        if broken:
            yield at.found(RELATED, message, (missing, 0), elements[missing - 1])
