"""Check a transaction against its guide: which segments stand where, how often, with what in them.

The precise way walks the guide's loops segment by segment. The quick way (`pattern.py`) matches a
whole unit against one pattern made from the same table: it is tried first once the process has seen
enough units to pay for making it, and it may only say that nothing is wrong. Nothing is changed.
"""

from functools import cache

from msgspec.structs import replace

from rcm.x12.elements import check_elements, check_segment
from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding, Place, Rule, Severity
from rcm.x12.guide import LoopUse, SegmentUse
from rcm.x12.pattern import Patterns, first_cut, is_plain, ready_pattern
from rcm.x12.segments import SEGMENTS


def _rule(rule_id: str, remedy: str, code: str, level: int = 2) -> Rule:
    return Rule(rule_id, level, Severity.ERROR, remedy, ("IK3", code))


SEGMENT_UNKNOWN = _rule("segment-unknown", "Remove it; X12 has no such segment.", "1", 1)
SEGMENT_UNEXPECTED = _rule("segment-unexpected", "Remove it, or put it where it belongs.", "2")
QUALIFIER_UNEXPECTED = _rule(
    "qualifier-unexpected", "Use a qualifier that the guide allows at this place.", "2"
)
SEGMENT_MISSING = _rule("segment-missing", "Add the segment; the guide demands it.", "3")
LOOP_MISSING = _rule("loop-missing", "Add the loop; the guide demands it.", "I7")
LOOP_TOO_OFTEN = _rule("loop-too-often", "Repeat the loop only as often as allowed.", "4")
SEGMENT_TOO_OFTEN = _rule("segment-too-often", "Repeat the segment only as often as allowed.", "5")
SEGMENT_ORDER = _rule("segment-out-of-order", "Put the segment in the guide's order.", "7")
RULES = (
    SEGMENT_UNKNOWN, SEGMENT_UNEXPECTED, QUALIFIER_UNEXPECTED, SEGMENT_MISSING, LOOP_MISSING,
    LOOP_TOO_OFTEN, SEGMENT_TOO_OFTEN, SEGMENT_ORDER,
)  # fmt: skip


#: Greatest lengths of SE01 and SE02.
_COUNT_MAX, _CONTROL_NUMBER_MAX = 10, 9


class _Level:
    """A loop that is open: where we are in it and how often each entry came."""

    __slots__ = ("counts", "is_settled", "loop", "ordinal", "rank")

    def __init__(self, loop: LoopUse, ordinal: int) -> None:
        self.loop = loop
        self.ordinal = ordinal
        self.rank = 0
        self.counts: dict[int, int] = {}
        self.is_settled = False

    def count(self, entry: SegmentUse | LoopUse) -> int:
        number = self.counts.get(id(entry), 0) + 1
        self.counts[id(entry)] = number
        return number


class Checker:
    """Follows one transaction through its guide.

    Attributes:
        transaction: The transaction that is checked; its guide must be known.
    """

    def __init__(self, transaction: Transaction, *, relax: frozenset[str] = frozenset()) -> None:
        assert transaction.guide is not None, "there is nothing to check it against"
        self.transaction = transaction
        self._relax = relax
        self._delimiters = transaction.delimiters
        self._levels = [_Level(transaction.guide.root, 1)]
        self._findings: list[Finding] = []
        self._patterns: dict[str, Patterns] = {}
        self._ways: dict[tuple[LoopUse, int, LoopUse], tuple[int, LoopUse] | None] = {}
        self._unit: Unit | None = None
        self._head: Unit | None = None  # right in itself, and not yet walked
        self._index = 0
        self._is_silent = False
        self._followed: SegmentUse | LoopUse | None = None

    def feed(self, unit: Unit) -> list[Finding]:
        """Check the next unit of the transaction; the one named SE comes last."""
        loop = self._clean_loop(unit)
        is_clean = loop is not None
        if loop is not None and self._enter_clean(loop, unit):
            return []
        if self._is_clean_end(unit):
            return []
        self._walk_head()
        self._findings = []
        self._unit = unit
        for index, segment in enumerate(unit.segments if loop is None else unit.segments[:1]):
            self._index = index
            self._take(segment, is_clean=is_clean)
        if loop is not None:
            self._finish_clean(unit, loop)
        elif unit.count:
            self._settle()
        found = self._findings
        if self._relax:
            found = [finding for finding in found if finding.rule_id not in self._relax]
        return found

    def follow(self, segment: list[str]) -> SegmentUse | LoopUse | None:
        """Go on to the next segment without checking it.

        Returns:
            Its place in the guide, or the loop that it starts; None when it has no place.
        """
        self._followed = None
        self._is_silent = True
        self._take(segment, is_clean=True)
        self._is_silent = False
        return self._followed

    @property
    def path(self) -> str:
        """The loops that are open, with ordinals."""
        return "/".join(f"{level.loop.loop_id}[{level.ordinal}]" for level in self._levels[1:])

    def _clean_loop(self, unit: Unit) -> LoopUse | None:
        """Try the quick way: the loop that the whole unit is, without a fault; else None."""
        patterns = self._patterns.get(unit.name)
        if patterns is None:
            guide = self.transaction.guide
            assert guide is not None
            patterns = ready_pattern(guide, unit.name, self._delimiters)
            if patterns is None:
                return None
            self._patterns[unit.name] = patterns
        if unit.is_cut_off:
            return None
        text = unit.text
        for loop, pattern in patterns:
            if pattern.fullmatch(text) is not None:
                return loop if is_plain(text, self._delimiters) else None
        return None

    def _is_clean_end(self, unit: Unit) -> bool:
        """Tell whether a unit is an SE whose elements are right, after levels that lack nothing."""
        if unit.name != "SE" or unit.count != 1:
            return False
        if not all(level.is_settled for level in self._levels):
            return False
        _, *values = unit.segments[0]
        return (
            len(values) == 2
            and 4 <= len(values[1]) <= _CONTROL_NUMBER_MAX
            and 1 <= len(values[0]) <= _COUNT_MAX
            and all(value.isascii() and value.isalnum() for value in values)
            and values[0].isdigit()
        )

    def _walk_head(self) -> None:
        """Count what stands in a clean head: only a unit that is not clean asks for it."""
        head, self._head = self._head, None
        if head is None:
            return
        levels, self._levels = self._levels, [_Level(self._levels[0].loop, 1)]
        for segment in head.segments:
            self.follow(segment)
        walked, self._levels = self._levels[0], levels
        levels[0].counts |= walked.counts
        levels[0].rank = max(levels[0].rank, walked.rank)

    def _enter_clean(self, loop: LoopUse, unit: Unit) -> bool:
        """Go on to a loop that is right in itself, if it may stand here; else change nothing."""
        levels = self._levels
        if not loop.loop_id:
            self._head = unit
            levels[0].is_settled = True
            return True
        key = (levels[-1].loop, len(levels), loop)
        if key not in self._ways:
            self._ways[key] = self._way(loop)
        way = self._ways[key]
        if way is None:
            return False
        count, entry = way
        for level in levels[len(levels) - count :]:
            if not level.is_settled:
                return False
        level = levels[-count - 1]
        if entry.order < level.rank or self._is_full(level, entry):
            return False
        del levels[len(levels) - count :]
        level.rank = entry.order
        inside = _Level(entry, level.count(entry))
        levels.append(inside)
        self._end_of_clean(inside)
        return True

    def _way(self, loop: LoopUse) -> tuple[int, LoopUse] | None:
        """Find how many open loops end where a clean one begins, and which one it is there."""
        for count, level in enumerate(reversed(self._levels)):
            entry = _cut_loop(level.loop, loop)
            if entry is not None:
                return None if entry is _UNSURE else (count, entry)
        return None

    def _finish_clean(self, unit: Unit, loop: LoopUse) -> None:
        level = self._levels[-1]
        if level.loop.loop_id != loop.loop_id:
            # The unit is right in itself and wrong where it stands: look at all of it.
            for index, segment in enumerate(unit.segments[1:], start=1):
                self._index = index
                self._take(segment, is_clean=False)
            self._settle()
            return
        self._end_of_clean(level)

    def _end_of_clean(self, level: _Level) -> None:
        """After a clean unit only the cut loops inside it can still come."""
        level.is_settled = True
        level.rank = first_cut(level.loop)

    def _take(self, segment: list[str], *, is_clean: bool) -> None:
        """Find the place of one segment in the guide, innermost loop first."""
        late: tuple[int, SegmentUse | LoopUse] | None = None
        misnamed: tuple[int, LoopUse] | None = None
        for depth in range(len(self._levels) - 1, -1, -1):
            level = self._levels[depth]
            matches = self._matches(level.loop, segment)
            for entry in matches:
                if entry.order >= level.rank and not self._is_full(level, entry):
                    self._accept(depth, entry, segment, is_clean=is_clean)
                    return
            for entry in matches:
                if late is None:
                    late = (depth, entry)
                if entry.order >= level.rank:
                    self._accept(depth, entry, segment, is_clean=is_clean)
                    return
            if misnamed is None and late is None:
                misnamed = self._awaited_loop(depth, segment[0])
        if misnamed is not None:
            self._accept(*misnamed, segment, is_clean=False)
        elif late is not None:
            self._say(SEGMENT_ORDER, f"{segment[0]} stands after what should follow it.")
            outer, entry = late
            if isinstance(entry, SegmentUse):
                self._accept_late(outer, entry, segment)
            else:
                self._accept(outer, entry, segment, is_clean=is_clean)
        elif not self._enter_headless(segment):
            self._say_unexpected(segment)

    def _matches(self, loop: LoopUse, segment: list[str]) -> list[SegmentUse | LoopUse]:
        component = self._delimiters.component
        return [
            entry
            for entry in _entries(loop).get(segment[0], ())
            if (entry if isinstance(entry, SegmentUse) else entry.first).takes(segment, component)
        ]

    def _is_full(self, level: _Level, entry: SegmentUse | LoopUse) -> bool:
        most = entry.uses_max if isinstance(entry, SegmentUse) else entry.repeat_max
        return bool(most) and level.counts.get(id(entry), 0) >= most

    def _accept(
        self, depth: int, entry: SegmentUse | LoopUse, segment: list[str], *, is_clean: bool
    ) -> None:
        self._close_to(depth)
        level = self._levels[-1]
        level.rank = max(level.rank, entry.order)
        count = level.count(entry)
        if isinstance(entry, LoopUse):
            self._levels.append(_Level(entry, count))
            if entry.repeat_max and count > entry.repeat_max:
                message = f"Loop {entry.loop_id} may stand {entry.repeat_max} times at most."
                self._say(LOOP_TOO_OFTEN, message)
            use = entry.first
        else:
            use = entry
            if use.uses_max and count == use.uses_max + 1:
                message = f"{use.label} may stand {use.uses_max} times at most."
                self._say(SEGMENT_TOO_OFTEN, message)
        self._followed = entry
        if not is_clean and not self._is_silent:
            self._findings += check_elements(use, segment, self._delimiters, self._place)

    def _accept_late(self, depth: int, use: SegmentUse, segment: list[str]) -> None:
        """Take a segment of a loop further out, and stay where it stands: the rest is in order."""
        self._followed = use
        if self._levels[depth].count(use) == use.uses_max + 1 and use.uses_max:
            message = f"{use.label} may stand {use.uses_max} times at most."
            self._say(SEGMENT_TOO_OFTEN, message)
        if not self._is_silent:
            self._findings += check_elements(use, segment, self._delimiters, self._place)

    def _awaited_loop(self, depth: int, tag: str) -> tuple[int, LoopUse] | None:
        """Find the one loop that may begin with a segment id here, whatever its qualifier."""
        level = self._levels[depth]
        entries = _entries(level.loop).get(tag, ())
        if len(entries) != 1 or not isinstance(entries[0], LoopUse):
            return None
        loop = entries[0]
        is_next = loop.order >= level.rank and not self._is_full(level, loop)
        return (depth, loop) if is_next and not loop.is_cut else None

    def _comes_later(self, use: SegmentUse) -> bool:
        """Tell whether a segment still stands in the unit."""
        if self._unit is None or self._is_silent:
            return False
        component = self._delimiters.component
        return any(
            row[0] == use.segment_id and use.takes(row, component)
            for row in self._unit.segments[self._index + 1 :]
        )

    def _enter_headless(self, segment: list[str]) -> bool:
        """Accept a loop that lost its first segment: CLP without LX, REF*TJ without N1*PE."""
        for depth in range(len(self._levels) - 1, -1, -1):
            level = self._levels[depth]
            for loop in level.loop.loops:
                if loop.order < level.rank:
                    continue
                for entry in self._matches(loop, segment):
                    is_awaited = loop.usage == "R" and not level.counts.get(id(loop))
                    if not (isinstance(entry, LoopUse) or is_awaited):
                        continue
                    if entry.usage != "R" and self._comes_later(loop.first):
                        continue  # the loop has its head, and this stands before it
                    self._close_to(depth)
                    level.rank = loop.order
                    self._levels.append(_Level(loop, level.count(loop)))
                    message = f"{loop.first.label} that starts loop {loop.loop_id} is missing."
                    self._say(SEGMENT_MISSING, message, use=loop.first)
                    self._accept(len(self._levels) - 1, entry, segment, is_clean=False)
                    return True
        return False

    def _say_unexpected(self, segment: list[str]) -> None:
        tag = segment[0]
        uses = [
            entry
            for level in self._levels
            for entry in _entries(level.loop).get(tag, ())
            if (entry if isinstance(entry, SegmentUse) else entry.first).qualifiers
        ]
        if tag not in SEGMENTS:
            self._say(SEGMENT_UNKNOWN, "X12 has no segment of this name.")
        elif uses:
            entry = uses[-1]
            use = entry if isinstance(entry, SegmentUse) else entry.first
            position = use.qualifiers[0][0]
            value = segment[position] if position < len(segment) else ""
            message = f"The guide has no {tag} with this qualifier here."
            self._say(QUALIFIER_UNEXPECTED, message, position, value)
        else:
            self._say(SEGMENT_UNEXPECTED, f"The guide has no {tag} here.")
        if tag in SEGMENTS and not self._is_silent:
            found = check_segment(None, segment, self._delimiters, self._place)
            self._findings += found

    def _close_to(self, depth: int) -> None:
        while len(self._levels) > depth + 1:
            self._settle_level(self._levels[-1])
            self._levels.pop()

    def _settle(self) -> None:
        """At the end of a unit, say what its loops lack; only cut loops can still follow."""
        while len(self._levels) > 1 and not self._levels[-1].loop.is_cut:
            self._settle_level(self._levels[-1])
            self._levels.pop()
        self._settle_level(self._levels[-1])

    def _settle_level(self, level: _Level) -> None:
        if level.is_settled:
            return
        level.is_settled = True
        loop = level.loop
        # The first segment of a loop is what opened it, and SE is the reader's.
        for use in loop.segments if not loop.loop_id else loop.segments[1:]:
            if use.usage == "R" and use.segment_id != "SE" and not level.counts.get(id(use)):
                self._say(SEGMENT_MISSING, f"{use.label} is missing.", use=use)
        for inner in loop.loops:
            if inner.usage == "R" and not inner.is_cut and not level.counts.get(id(inner)):
                message = f"Loop {inner.loop_id} ({inner.first.label}) is missing."
                self._say(LOOP_MISSING, message, use=inner.first)

    def _place(self) -> Place:
        assert self._unit is not None
        return self._unit.place(self._index, loop=self.path, claim_id=self._claim_id())

    def _claim_id(self) -> str:
        assert self._unit is not None
        first = self._unit.segments[0]
        return first[1] if first[0] in {"CLP", "CLM"} and len(first) > 1 else ""

    def _say(
        self,
        rule: Rule,
        message: str,
        element: int = 0,
        value: str = "",
        *,
        use: SegmentUse | None = None,
    ) -> None:
        if self._is_silent:
            return
        place = self._place()
        if use is not None:
            place = replace(place, segment_id=use.segment_id)
        self._findings.append(
            Finding(rule=rule, place=place, message=message, element=element, value=value)
        )


@cache
def _entries(loop: LoopUse) -> dict[str, list[SegmentUse | LoopUse]]:
    """List what may stand in a loop, by segment id, in the order of the table."""
    found: dict[str, list[SegmentUse | LoopUse]] = {}
    # The first segment again is not a second use of it but the next repeat of the loop.
    for use in loop.segments if not loop.loop_id else loop.segments[1:]:
        found.setdefault(use.segment_id, []).append(use)
    for inner in loop.loops:
        found.setdefault(inner.first.segment_id, []).append(inner)
    return found


#: Stands for a loop that only the precise way can choose.
_UNSURE = LoopUse("?", "N", 1, -1, False, (), (), "")


@cache
def _cut_loop(outer: LoopUse, loop: LoopUse) -> LoopUse | None:
    """Find the cut loop of another's id directly inside a loop.

    Returns:
        The loop; None if there is none and nothing else there can take its first segment.
    """
    rivals = _entries(outer).get(loop.first.segment_id, [])
    exact = [
        one for one in outer.loops if one.is_cut and one.loop_id == loop.loop_id and one in rivals
    ]
    qualifiers = dict(loop.first.qualifiers)
    for rival in rivals:
        use = rival if isinstance(rival, SegmentUse) else rival.first
        excluded = any(
            codes.isdisjoint(qualifiers.get(position, codes)) for position, codes in use.qualifiers
        )
        if rival not in exact and not excluded:
            return _UNSURE
    return exact[0] if exact else None
