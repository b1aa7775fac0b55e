"""An implementation guide as data: which segments and loops, in which order, with which elements.

A guide's table is text, one line a segment use or a loop, read once on first use:

    loop 2100 R * cut                  # id, usage, most repeats (* = any), starts a unit of reading
      CLP R 1 | 01<38 02=1,2,3 06R     # segment, usage, most uses | what the guide adds
      NM1*QC R 1 | 02=1 08..09S 10N    # a use told from others by its first element

Usage is R required, S situational, N not used. `NM1*QC|IL` is NM1 whose first element is QC or IL;
`HL***22` is HL whose third is 22; an empty place means any. Of an element: `03R`, `10N`, `05..07N`,
`06=HC,AD` (the codes allowed), `01<20` (the guide's own greatest length), `01-2R` (a component).
What a line does not mention stands as in `segments.py`: mandatory there is required here, all else
situational. Neighbouring lines of one segment id, and neighbouring loops that begin with one, may
come in any order, because the standard places them together. `same 2300` repeats a loop that was
described above.
"""

import re
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

from rcm.x12.segments import COMPOSITES, SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY_NUMBER = 0  # a repeat or use without limit


@dataclass(frozen=True, slots=True)
class ElementUse:
    """One element, or one component of a composite, as a guide uses it.

    Attributes:
        reference: Data element number of the standard, such as 782, or composite id, such as C003.
        type: AN text, ID code, R decimal, N0 integer, DT date, TM time, B binary, or "" composite.
        length_min: Fewest characters.
        length_max: Most characters (of R and N0 without sign and point); 0 is without limit.
        usage: R, S or N.
        codes: The codes that the guide allows; empty is any.
        components: Of a composite.
        repeat_max: How often it may repeat.
    """

    reference: str
    type: str
    length_min: int
    length_max: int
    usage: str
    codes: frozenset[str] = frozenset()
    components: "tuple[ElementUse, ...]" = ()
    repeat_max: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class SegmentUse:
    """One place of one segment in a guide.

    Attributes:
        segment_id: CLP, NM1 and so on.
        qualifiers: (element position, codes) pairs that tell this use from others of the same id.
        usage: R or S.
        uses_max: Most uses in its loop; 0 is any number.
        order: Rank among the entries of its loop; equal ranks may come in any order.
        elements: What each element may be; the first is element 01.
        relations: Relations between elements, such as ("P", (3, 4)).
        note: Our own words, from the comment of the table's line.
    """

    segment_id: str
    qualifiers: tuple[tuple[int, frozenset[str]], ...]
    usage: str
    uses_max: int
    order: int
    elements: tuple[ElementUse, ...]
    relations: tuple[tuple[str, tuple[int, ...]], ...]
    note: str

    @property
    def label(self) -> str:
        """The use as it is spoken of: NM1*QC."""
        if not self.qualifiers:
            return self.segment_id
        parts = [self.segment_id]
        for position, codes in self.qualifiers:
            parts += [""] * (position - len(parts)) + ["|".join(sorted(codes))]
        return "*".join(parts)

    def takes(self, elements: list[str], component_separator: str) -> bool:
        """Tell whether a segment with this id is this use of it, by its qualifiers."""
        for position, codes in self.qualifiers:
            value = elements[position] if position < len(elements) else ""
            if value not in codes and value.split(component_separator, 1)[0] not in codes:
                return False
        return True


@dataclass(frozen=True, slots=True, eq=False)
class LoopUse:
    """One loop: its segments and the loops inside it, in the order of the guide.

    Attributes:
        loop_id: 2100 and so on; "" is the transaction itself.
        usage: R or S.
        repeat_max: Most repeats inside its parent; 0 is any number.
        order: Rank among the entries of its parent.
        is_cut: Whether each repeat is read as a unit of its own (a claim, a level of HL).
        segments: The segment uses.
        loops: The loops inside.
        note: Our own words.
    """

    loop_id: str
    usage: str
    repeat_max: int
    order: int
    is_cut: bool
    segments: tuple[SegmentUse, ...]
    loops: "tuple[LoopUse, ...]"
    note: str

    @property
    def first(self) -> SegmentUse:
        """The segment that starts the loop."""
        return self.segments[0]

    def walk(self) -> "Iterator[LoopUse]":
        """Give this loop and all loops inside it."""
        yield self
        for loop in self.loops:
            yield from loop.walk()


@dataclass(frozen=True, eq=False)
class Guide:
    """One implementation guide.

    Attributes:
        guide_id: The version that we write: ST03 and GS08, such as 005010X221A1.
        reads: Other versions that are read with this table.
        set_code: ST01.
        group_code: GS01.
        title: Our own words.
        table: The text described in the module.
        cut_segments: Ids of segments, besides those that start a cut loop, at which a new unit of
            reading begins (PLB of an 835).
    """

    guide_id: str
    set_code: str
    group_code: str
    title: str
    table: str
    reads: tuple[str, ...] = ()
    cut_segments: frozenset[str] = frozenset()

    @cached_property
    def root(self) -> LoopUse:
        """The transaction as a loop: ST to SE."""
        return _TableReader(self.table).root()

    @cached_property
    def cuts(self) -> frozenset[str]:
        """Ids of the segments that begin a unit."""
        starts = {loop.first.segment_id for loop in self.root.walk() if loop.is_cut}
        return frozenset(starts | self.cut_segments)


_ELEMENT = re.compile(r"(\d\d)(?:\.\.(\d\d))?(?:-(\d+))?([RSN])?(?:<(\d+))?(?:=(\S+))?")


class _TableReader:
    """Turns the text of a table into loops; a fault in a table is our bug and asserts."""

    def __init__(self, table: str) -> None:
        self._lines: list[tuple[int, list[str], str, str]] = []
        for line in table.splitlines():
            rest, _, note = line.partition("#")
            use, _, elements = rest.partition(" | ")
            if use.strip():
                indent = len(use) - len(use.lstrip())
                self._lines.append((indent, use.split(), elements.strip(), note.strip()))
        self._at = 0
        self._known: dict[str, LoopUse] = {}

    def root(self) -> LoopUse:
        head = (0, ["loop", "", "R", "1"], "", "")
        return self._loop(head, -1, 0)

    def _loop(self, head: tuple[int, list[str], str, str], indent: int, order: int) -> LoopUse:
        segments: list[SegmentUse] = []
        loops: list[LoopUse] = []
        rank, before = 0, ""
        while self._at < len(self._lines) and self._lines[self._at][0] > indent:
            line = self._lines[self._at]
            self._at += 1
            words = line[1]
            if words[0] == "loop":
                loop = self._loop(line, line[0], rank)
            elif words[0] == "same":
                loop = self._known[words[1]]
            else:
                rank += words[0].split("*")[0] != before
                before = words[0].split("*")[0]
                segments.append(_segment(line, rank))
                continue
            starts = "loop " + loop.first.segment_id
            rank += starts != before
            before = starts
            loop = replace(loop, order=rank)
            self._known[loop.loop_id] = loop
            loops.append(loop)
        words = head[1]
        return LoopUse(
            loop_id=words[1],
            usage=words[2],
            repeat_max=_count(words[3]),
            order=order,
            is_cut="cut" in words[4:],
            segments=tuple(segments),
            loops=tuple(loops),
            note=head[3],
        )


def _count(word: str) -> int:
    return ANY_NUMBER if word == "*" else int(word)


def _segment(line: tuple[int, list[str], str, str], order: int) -> SegmentUse:
    _, words, specification, note = line
    segment_id, *places = words[0].split("*")
    qualifiers = tuple(
        (position, frozenset(place.split("|")))
        for position, place in enumerate(places, start=1)
        if place
    )
    elements, relations = standard(segment_id)
    changed = list(elements)
    for position, codes in qualifiers:
        changed[position - 1] = _qualified(changed[position - 1], codes)
    for word in specification.split():
        _change(changed, word, segment_id)
    return SegmentUse(
        segment_id=segment_id,
        qualifiers=qualifiers,
        usage=words[1],
        uses_max=_count(words[2]) if len(words) > 2 else 1,
        order=order,
        elements=tuple(changed),
        relations=relations,
        note=note,
    )


def _qualified(use: ElementUse, codes: frozenset[str]) -> ElementUse:
    if use.components:
        first = replace(use.components[0], codes=codes, usage="R")
        return replace(use, components=(first, *use.components[1:]), usage="R")
    return replace(use, codes=codes, usage="R")


def _change(elements: list[ElementUse], word: str, segment_id: str) -> None:
    match = _ELEMENT.fullmatch(word)
    assert match is not None, f"{segment_id}: {word}"
    first, last, component, usage, length, codes = match.groups()
    for position in range(int(first), int(last or first) + 1):
        assert position <= len(elements), f"{segment_id}: {word}"
        use = elements[position - 1]
        if component:
            components = list(use.components)
            at = int(component) - 1
            components[at] = _changed(components[at], usage, length, codes)
            elements[position - 1] = replace(use, components=tuple(components))
        else:
            elements[position - 1] = _changed(use, usage, length, codes)


def _changed(
    use: ElementUse, usage: str | None, length: str | None, codes: str | None
) -> ElementUse:
    return replace(
        use,
        usage=usage or use.usage,
        length_max=int(length) if length else use.length_max,
        codes=frozenset(codes.split(",")) if codes else use.codes,
    )


@cache
def standard(
    segment_id: str,
) -> tuple[tuple[ElementUse, ...], tuple[tuple[str, tuple[int, ...]], ...]]:
    """Give the elements and relations that the standard lays down for a segment."""
    assert segment_id in SEGMENTS, f"segments.py does not know {segment_id}"
    elements, _, relations = SEGMENTS[segment_id].partition("|")
    return (
        tuple(_standard_element(word) for word in elements.split()),
        tuple(
            (word[0], tuple(int(word[at : at + 2]) for at in range(1, len(word), 2)))
            for word in relations.split()
        ),
    )


def _standard_element(word: str) -> ElementUse:
    parts = word.split(":")
    if parts[0] in COMPOSITES:
        rest = parts[1:]
        return ElementUse(
            reference=parts[0],
            type="",
            length_min=0,
            length_max=0,
            usage="R" if rest[:1] == ["M"] else "S",
            components=tuple(_standard_element(inner) for inner in COMPOSITES[parts[0]].split()),
            repeat_max=int(rest[1]) if len(rest) > 1 else 1,
        )
    reference, kind, shortest, longest, *rest = parts
    return ElementUse(
        reference=reference,
        type=kind,
        length_min=int(shortest),
        length_max=int(longest),
        usage="R" if rest[:1] == ["M"] else "S",
        repeat_max=int(rest[1]) if len(rest) > 1 else 1,
    )
