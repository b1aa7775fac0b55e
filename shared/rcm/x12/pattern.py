r"""The quick way to check: a guide's loop as one regular expression.

A claim of thirty segments is matched by one call, ten times faster than by walking it. The pattern
is made from the same table as the walk of `checker.py` and says one of two things: *nothing is
wrong*, or *look closer*. So it may be stricter than the guide wherever that is simpler (leap
days) and never laxer; a test holds the two together over every file and fault that we have. What
no pattern says cheaply is `is_plain`'s: values of blanks alone, periods that end before they begin.

No groups capture, every repeat is possessive, and of two ways on the next character always decides,
so that no input takes more than linear time.
"""

import re
import sys
from functools import cache, lru_cache

from rcm.x12.guide import ElementUse, Guide, LoopUse, SegmentUse
from rcm.x12.lexer import Delimiters

_YEAR = "(?:19|20)[0-9]{2}"
_DATE = (
    f"{_YEAR}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)"
)
_PERIOD = re.compile(r"RD8.([0-9]{8})-([0-9]{8})", re.ASCII)
_TIME = "(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?+)?+"
#: Possessive repeats of a pattern that backtracks were mended in CPython 3.11.5 (gh-106052).
_RE_IS_SOUND = sys.version_info >= (3, 11, 5)
_LAST = 1 << 30
_LONGEST_TABLE = 400_000  # characters of a pattern; beyond it, making it costs more than it saves


Patterns = tuple[tuple[LoopUse, "re.Pattern[str]"], ...]
#: Making a pattern costs as much as walking some hundreds of units the precise way.
UNITS_BEFORE_PATTERN = 200
_Key = tuple[Guide, str, Delimiters]
_made: dict[_Key, Patterns] = {}
_asked: dict[_Key, int] = {}
#: Each delimiter set needs patterns of its own; a sender of ever new ones must not fill the memory.
_MADE_MAX = 64


def ready_pattern(guide: Guide, name: str, delimiters: Delimiters) -> Patterns | None:
    """Give the patterns of a unit, or None while the process has seen too few of its kind.

    So a service that checks one claim at a time pays for them once, and a single file never does.
    """
    key = (guide, name, delimiters)
    made = _made.get(key)
    if made is not None:
        return made
    if len(_asked) >= _MADE_MAX:
        _asked.clear()
    _asked[key] = asked = _asked.get(key, 0) + 1
    return unit_pattern(guide, name, delimiters) if asked > UNITS_BEFORE_PATTERN else None


def unit_pattern(guide: Guide, name: str, delimiters: Delimiters) -> Patterns:
    """Make the patterns of the cut loops that begin with a segment id, or of the head (ST).

    Returns:
        Pairs of loop and pattern; none where no loop begins so.
    """
    key = (guide, name, delimiters)
    if key not in _made:
        if len(_made) >= _MADE_MAX:
            _made.clear()
        _made[key] = _patterns(guide, name, delimiters)
    return _made[key]


def is_plain(text: str, delimiters: Delimiters) -> bool:
    """Tell whether what a pattern takes is right also in what patterns leave out."""
    quick, precise = _blank_values(delimiters)
    if quick.search(text) is not None and precise.search(text) is not None:
        return False
    if "RD8" not in text:
        return True
    return all(first <= last for first, last in _PERIOD.findall(text))


@lru_cache(maxsize=64)
def _blank_values(delimiters: Delimiters) -> tuple["re.Pattern[str]", "re.Pattern[str]"]:
    """Make the search for values of blanks alone: for their ends, of which there are few, first."""
    any_one = f"[{re.escape(''.join(delimiters))}]"
    return re.compile(f" {any_one}"), re.compile(f"{any_one} +{any_one}")


def _patterns(guide: Guide, name: str, delimiters: Delimiters) -> Patterns:
    if not _RE_IS_SOUND or not delimiters.repetition:
        return ()
    loops = {
        loop.loop_id: loop
        for loop in guide.root.walk()
        if loop.is_cut and loop.first.segment_id == name
    }
    if name == "ST" and any(loop.is_cut for loop in guide.root.loops):
        loops = {"": guide.root}  # the head: what stands before the first cut
    writer = _PatternWriter(delimiters)
    made = []
    for loop in loops.values():
        text = writer.loop(loop)
        if len(text) <= _LONGEST_TABLE:
            made.append((loop, re.compile(text, re.ASCII)))
    return tuple(made)


@cache
def first_cut(loop: LoopUse) -> int:
    """Give the rank of the first loop inside that is a unit of its own."""
    return min((one.order for one in loop.loops if one.is_cut), default=_LAST)


class _PatternWriter:
    """Writes patterns for one set of delimiters."""

    def __init__(self, delimiters: Delimiters) -> None:
        element, segment, component, repetition = map(re.escape, delimiters)
        self._sep = element
        self._end = segment
        self._component = component
        self._repetition = repetition
        inner = f"{element}{segment}{component}{repetition}"
        self._text = f"[^{inner}\\x00-\\x1f\\x7f]"
        self._in_element = f"[^{element}{segment}]"
        self._in_segment = f"[^{segment}]"

    def loop(self, loop: LoopUse) -> str:
        """Write a loop without the cut loops inside it; of a transaction, its head."""
        ranks: dict[int, list[SegmentUse | LoopUse]] = {}
        inner = (one for one in loop.loops if not one.is_cut)
        entries: list[SegmentUse | LoopUse] = [*loop.segments[1:], *inner]
        last = _LAST if loop.loop_id else first_cut(loop)
        for entry in entries:
            if entry.order < last:
                ranks.setdefault(entry.order, []).append(entry)
        parts = [self._segment(loop.first)]
        parts += [self._rank(ranks[rank]) for rank in sorted(ranks)]
        return "".join(parts)

    def _rank(self, entries: list[SegmentUse | LoopUse]) -> str:
        """Write the entries of one rank: in any order where there are several."""
        segments = [entry for entry in entries if isinstance(entry, SegmentUse)]
        loops = [entry for entry in entries if isinstance(entry, LoopUse)]
        parts = []
        if len(segments) == 1:
            use = segments[0]
            parts.append(f"(?:{self._segment(use)}){_repeats(use.usage, use.uses_max)}")
        elif segments:
            parts += [self._is_there(use) for use in segments if use.usage == "R"]
            choices = "|".join(self._segment(use) + self._not_too_often(use) for use in segments)
            parts.append(f"(?:{choices})*+")
        if len(loops) > 1:
            parts.append(self._loops_in_any_order(loops))
        else:
            parts += [f"(?:{self.loop(one)}){_repeats(one.usage, one.repeat_max)}" for one in loops]
        return "".join(parts)

    def _loops_in_any_order(self, loops: list[LoopUse]) -> str:
        """Write loops of one rank (the NM1 loops of a claim), each as often as it may come.

        How often is counted over the run of segments that can belong to them; a run that goes on
        into the next rank only makes this stricter.
        """
        ids = sorted(
            {use.segment_id for loop in loops for one in loop.walk() for use in one.segments}
        )
        any_one = f"(?:{'|'.join(ids)}){self._sep}{self._in_segment}*+{self._end}"
        needed, choices = [], []
        for loop in loops:
            start = self._start(loop.first)
            others = f"(?:(?!{start}){any_one})*+"
            if loop.usage == "R":
                needed.append(f"(?={others}{start})")
            too_often = ""
            if loop.repeat_max:
                once = f"{others}{start}{self._in_segment}*+{self._end}"
                too_often = f"(?!(?:{once}){{{loop.repeat_max}}})"
            choices.append(self.loop(loop) + too_often)
        return "".join(needed) + f"(?:{'|'.join(choices)})*+"

    def _start(self, use: SegmentUse) -> str:
        """Write the start of a segment up to its last qualifier."""
        parts = [use.segment_id]
        codes = dict(use.qualifiers)
        for position in range(1, max(codes, default=0) + 1):
            if position in codes:
                after = f"(?={self._sep}|{self._end}|{self._component})"
                parts.append(f"{self._sep}{_codes(codes[position])}{after}")
            else:
                parts.append(f"{self._sep}{self._in_element}*+")
        return "".join(parts) + ("" if codes else self._sep)

    def _others(self, use: SegmentUse) -> str:
        """Write a run of segments of the same id that are not this use."""
        whole = f"{use.segment_id}{self._sep}{self._in_segment}*+{self._end}"
        return f"(?:(?!{self._start(use)}){whole})*+"

    def _is_there(self, use: SegmentUse) -> str:
        return f"(?={self._others(use)}{self._start(use)})"

    def _not_too_often(self, use: SegmentUse) -> str:
        if not use.uses_max:
            return ""
        one = f"{self._others(use)}{self._start(use)}{self._in_segment}*+{self._end}"
        return f"(?!(?:{one}){{{use.uses_max}}})"

    def _segment(self, use: SegmentUse) -> str:
        """Write one segment with its terminator."""
        asks_any = [positions for kind, positions in use.relations if kind == "R"]
        any_of = "".join(
            f"(?={use.segment_id}(?:{'|'.join(self._present(0, at) for at in positions)}))"
            for positions in asks_any
        )
        rest = self._end
        later_required = False
        for position in range(len(use.elements), 0, -1):
            element = use.elements[position - 1]
            relations = "".join(
                self._relation(kind, positions, position)
                for kind, positions in use.relations
                if kind != "R" and min(positions) == position
            )
            before = use.elements[position - 2] if position > 1 else None
            rest = f"{relations}{self._sep}{self._element(element, before)}{rest}"
            later_required = later_required or element.usage == "R"
            if not later_required:
                # The terminator or a separator: the first character decides, so nothing is retried.
                rest = f"(?:{self._end}|{rest})"
        return f"{any_of}{use.segment_id}{rest}"

    def _present(self, since: int, position: int) -> str:
        """Write that an element is not empty, seen from the separator of element since + 1."""
        skipped = position - since - 1
        between = f"(?:{self._sep}{self._in_element}*+){{{skipped}}}" if skipped else ""
        return f"{between}{self._sep}{self._in_element}"

    def _relation(self, kind: str, positions: tuple[int, ...], at: int) -> str:
        present = [self._present(at - 1, position) for position in positions]
        first, rest = present[0], present[1:]
        if kind == "P":
            some = "".join(f"(?={one})" for one in present)
            none = "".join(f"(?!{one})" for one in present)
            return f"(?:{some}|{none})"
        if kind == "C":
            return f"(?:(?!{first})|{''.join(f'(?={one})' for one in rest)})"
        if kind == "L":
            return f"(?:(?!{first})|(?={'|'.join(rest)}))"
        return "".join(
            f"(?!(?={one})(?={other}))"
            for index, one in enumerate(present)
            for other in present[index + 1 :]
        )

    def _element(self, use: ElementUse, before: ElementUse | None) -> str:
        """Write one element, which may be empty unless the guide demands it."""
        needed = use.usage == "R"
        if use.usage == "N":
            return ""
        if not use.components and use.repeat_max == 1:
            return self._value(use, before, self._sep, needed=needed)
        if use.components:
            one = self._composite(use)
        else:
            one = self._value(use, before, self._sep, needed=True)
        if use.repeat_max > 1:
            one = f"{one}(?:{self._repetition}{one}){{0,{use.repeat_max - 1}}}+"
        return one if needed else f"(?:{one})?+"

    def _composite(self, use: ElementUse) -> str:
        tail = ""
        later_required = False
        for position in range(len(use.components), 1, -1):
            inner = use.components[position - 1]
            needed = inner.usage == "R"
            value = ""
            if inner.usage != "N":
                before = use.components[position - 2]
                value = self._value(inner, before, self._component, needed=needed)
            tail = f"{self._component}{value}{tail}"
            later_required = later_required or needed
            if not later_required:
                tail = f"(?:{tail})?+"
        return self._value(use.components[0], None, self._component, needed=True) + tail

    def _value(
        self, use: ElementUse, before: ElementUse | None, separator: str, *, needed: bool
    ) -> str:
        """Write a value, which may be empty unless it is needed."""
        if use.codes:
            return _codes(use.codes, or_none=not needed)
        longest = use.length_max or ""
        if use.type in {"R", "N0", "DT", "TM"} or (use.reference == "1251" and before is not None):
            one = self._shaped(use, before, separator)
        elif needed or use.length_min > 1:
            one = f"{self._text}{{{max(use.length_min, 1)},{longest}}}+"
        else:
            return f"{self._text}{{0,{longest}}}+"
        return one if needed else f"(?:{one})?+"

    def _shaped(self, use: ElementUse, before: ElementUse | None, separator: str) -> str:
        """Write a number, date, time or period."""
        longest = use.length_max
        if use.reference == "1251" and before is not None:
            return self._period(before, separator)
        if use.type == "R":
            decimals = 2 if use.reference == "782" else longest // 2
            whole = longest - decimals
            fraction = f"[0-9]{{0,{decimals}}}+"
            return f"-?+(?:[0-9]{{1,{whole}}}+(?:\\.{fraction})?+|\\.(?=[0-9]){fraction})"
        if use.type == "N0":
            return f"-?+[0-9]{{{use.length_min},{longest}}}+"
        return _DATE if use.type == "DT" else _TIME

    def _period(self, form: ElementUse, separator: str) -> str:
        """Write a date or period after its format qualifier; RD8's order is looked at apart."""
        at = f"{_DATE}{_TIME}"
        forms = {"D8": _DATE, "RD8": f"{_DATE}-{_DATE}", "TM": _TIME, "DT": at, "DTS": at}
        choices = [
            f"(?<={separator}{code}{separator}){pattern}"
            for code, pattern in forms.items()
            if not form.codes or code in form.codes
        ]
        return f"(?:{'|'.join(choices)})" if choices else "(?!)"


def _codes(codes: frozenset[str], *, or_none: bool = False) -> str:
    """Write a choice of codes, the longest first, so that the first that fits is right."""
    ordered = sorted(codes, key=lambda code: (-len(code), code))
    return f"(?:{'|'.join(map(re.escape, ordered))}{'|' if or_none else ''})"


def _repeats(usage: str, most: int) -> str:
    least = 1 if usage == "R" else 0
    if not most:
        return "++" if least else "*+"
    return "?+" if (least, most) == (0, 1) else f"{{{least},{most}}}+" if most > 1 else ""
