"""Write X12: counts, control numbers and fixed widths are computed here and nowhere else.

    envelope = Envelope(sender=("ZZ", "SUBMITTER"), receiver=("ZZ", "PAYER"), ...)
    data = write([Draft(guide, transaction_segments)], envelope)

A transaction's segments come without ST, SE, HL numbers to fill in or LX to count (`hl` and `lx`
of `Segments` number them). Trailing empty elements and components are never written. A delimiter
inside data is refused: it would change the meaning of the file.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from rcm.x12.guide import Guide
from rcm.x12.lexer import Delimiters

STANDARD = Delimiters("*", "~", ":", "^")
_CONTROL = {chr(code) for code in range(0x20)} | {"\x7f"}


class NotWritable(ValueError):
    """A value cannot stand in X12 data. The message tells the segment and the element."""


class Composite(tuple[str, ...]):
    """The components of one element; write `Composite(("HC", "99213", "25"))`."""

    __slots__ = ()


class Repeated(tuple["str | Composite", ...]):
    """The repetitions of one element."""

    __slots__ = ()


Value = str | Composite | Repeated
Segment = Sequence[Value]


class Block(NamedTuple):
    """Many segments whose composites are joined already: the fast way for whole claims.

    Attributes:
        rows: The segments; a composite is one text with the component separators in it.
        joins: How many component separators those composites hold, so that one comparison of
            counts finds every separator that came in with the data.
    """

    rows: Sequence[tuple[str, ...]]
    joins: int


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What surrounds transactions, apart from what the writer counts.

    Attributes:
        sender: ISA05 and ISA06.
        receiver: ISA07 and ISA08.
        group_sender: GS02; ISA06 when empty.
        group_receiver: GS03; ISA08 when empty.
        interchange_control_number: ISA13, 1 to 999999999.
        group_control_number: GS06 of the first group; each group after it counts on.
        at: ISA09, ISA10, GS04 and GS05.
        wants_ta1: ISA14.
        is_test: ISA15.
        delimiters: Separators to write with.
        line_break: Written after each segment; empty in canonical form.
    """

    sender: tuple[str, str]
    receiver: tuple[str, str]
    interchange_control_number: int
    at: datetime
    group_sender: str = ""
    group_receiver: str = ""
    group_control_number: int = 1
    wants_ta1: bool = False
    is_test: bool = False
    delimiters: Delimiters = STANDARD
    line_break: str = ""


class Draft(NamedTuple):
    """One transaction to write.

    Attributes:
        guide: The guide it follows: gives ST01, ST03 and GS08.
        segments: Its content, without ST and SE, as segments or blocks of them.
        control_number: ST02; four digits counted from 0001 when empty.
    """

    guide: Guide
    segments: Iterable[Segment | Block]
    control_number: str = ""


def write(drafts: Iterable[Draft], envelope: Envelope) -> bytes:
    """Write one interchange; drafts of one guide that stand together share a functional group.

    Raises:
        NotWritable: A value holds a delimiter or a control character, or does not fit ISA.
    """
    render = Renderer(envelope.delimiters, envelope.line_break)
    lines: list[str] = []
    open_guide: Guide | None = None
    group_count = transaction_count = 0
    for draft in drafts:
        if open_guide is None or draft.guide.guide_id != open_guide.guide_id:
            if open_guide is not None:
                lines.append(render(_ge(envelope, group_count, transaction_count)))
            group_count, transaction_count, open_guide = group_count + 1, 0, draft.guide
            lines.append(render(_gs(envelope, group_count, draft.guide)))
        transaction_count += 1
        number = draft.control_number or f"{transaction_count:04d}"
        lines.append(transaction_text(draft, number, render))
    if open_guide is not None:
        lines.append(render(_ge(envelope, group_count, transaction_count)))
    return interchange_text(envelope, lines, group_count, render).encode()


def transaction_text(draft: Draft, number: str, render: "Renderer") -> str:
    """Render ST to SE, counted."""
    version = "" if draft.guide.set_code == "835" else draft.guide.guide_id
    body: list[str] = []
    count = 2
    for segment in draft.segments:
        if isinstance(segment, Block):
            body.append(render.block(segment))
            count += len(segment.rows)
        else:
            body.append(render(segment))
            count += 1
    start = render(("ST", draft.guide.set_code, number, version))
    return start + "".join(body) + render(("SE", str(count), number))


def interchange_text(
    envelope: Envelope, groups: Iterable[str], group_count: int, render: "Renderer"
) -> str:
    """Render ISA to IEA around what is rendered already (groups, or TA1 segments)."""
    number = f"{envelope.interchange_control_number:09d}"
    if len(number) != 9 or envelope.interchange_control_number < 0:
        raise NotWritable("ISA13 has nine digits")
    return "".join((_isa(envelope, number), *groups, render(("IEA", str(group_count), number))))


def _isa(envelope: Envelope, number: str) -> str:
    delimiters = envelope.delimiters
    if not delimiters.are_legal:
        raise NotWritable("the four delimiters must differ and be neither letters nor digits")
    for part, width in ((envelope.sender, 15), (envelope.receiver, 15)):
        if len(part[0]) != 2 or not 1 <= len(part[1]) <= width:
            raise NotWritable("ISA05 to ISA08 are a two-letter qualifier and up to 15 characters")
        if any(character in part[1] for character in delimiters):
            raise NotWritable("ISA06 or ISA08 holds a delimiter")
    elements = (
        "ISA",
        "00",
        " " * 10,
        "00",
        " " * 10,
        envelope.sender[0],
        envelope.sender[1].ljust(15),
        envelope.receiver[0],
        envelope.receiver[1].ljust(15),
        f"{envelope.at:%y%m%d}",
        f"{envelope.at:%H%M}",
        delimiters.repetition or "U",
        "00501",
        number,
        "1" if envelope.wants_ta1 else "0",
        "T" if envelope.is_test else "P",
        delimiters.component,
    )
    return delimiters.element.join(elements) + delimiters.segment + envelope.line_break


def _gs(envelope: Envelope, count: int, guide: Guide) -> Segment:
    return (
        "GS",
        guide.group_code,
        envelope.group_sender or envelope.sender[1],
        envelope.group_receiver or envelope.receiver[1],
        f"{envelope.at:%Y%m%d}",
        f"{envelope.at:%H%M}",
        str(envelope.group_control_number + count - 1),
        "X",
        guide.guide_id,
    )


def _ge(envelope: Envelope, count: int, transaction_count: int) -> Segment:
    return ("GE", str(transaction_count), str(envelope.group_control_number + count - 1))


def writable(text: str, most: int, *, instead: str = "") -> str:
    """Take out of somebody's text what cannot be written with the usual delimiters.

    For echoing what was received; what is ours is refused instead of changed.

    Args:
        text: Anything.
        most: Greatest length.
        instead: What to write when nothing is left.
    """
    kept = "".join(
        character for character in text if character not in STANDARD and character.isprintable()
    )
    return kept.strip()[:most] or instead


class Renderer:
    """Turns a segment's values into text with one set of delimiters."""

    def __init__(self, delimiters: Delimiters = STANDARD, line_break: str = "") -> None:
        self._element = delimiters.element
        self._component = delimiters.component
        self._repetition = delimiters.repetition
        self._segment = delimiters.segment
        self._end = delimiters.segment + line_break
        self._forbidden = {character for character in delimiters if character} | _CONTROL
        self._plain = frozenset(
            chr(code) for code in range(0x20, 0x7F) if chr(code) not in self._forbidden
        )

    def __call__(self, segment: Segment, *, trim: bool = True) -> str:
        """Render one segment with its terminator; `trim` drops empty elements at its end.

        Raises:
            NotWritable: A value holds a delimiter or a control character.
        """
        parts: list[str] = []
        for value in segment:
            if value.__class__ is str:
                parts.append(value)
            else:
                parts.append(self._compound(value, segment))
        text = self._element.join(parts)
        # One test of the whole segment: as many separators as we joined with, and no other.
        if self._is_suspect(text, len(parts), segment):
            self._refuse(segment)
        if trim and text[-1:] == self._element:
            text = text.rstrip(self._element)
        return text + self._end

    def block(self, block: Block) -> str:
        """Render many segments at once.

        Raises:
            NotWritable: A value holds a delimiter or a control character.
        """
        rows = block.rows
        element, segment = self._element, self._segment
        text = segment.join(map(element.join, rows)) + segment
        if (
            text.count(element) != sum(map(len, rows)) - len(rows)
            or text.count(segment) != len(rows)
            or text.count(self._component) != block.joins
            or (self._repetition and self._repetition in text)
            or not (text.isprintable() or text.replace(segment, "").isprintable())
        ):
            self._refuse_block(block)
        if [row for row in rows if not row[-1]]:  # a search of the text would cost more
            empty = element + segment
            while empty in text:
                text = text.replace(empty, segment)
        return text if segment == self._end else text.replace(segment, self._end)

    def _refuse_block(self, block: Block) -> None:
        banned = self._forbidden - {self._component}
        for row in block.rows:
            for position, value in enumerate(row):
                if not banned.isdisjoint(value) or (value and not value.isprintable()):
                    where = f"{row[0]}{position:02d}"
                    raise NotWritable(f"{where} holds a delimiter or a control character")
        names = ", ".join(dict.fromkeys(row[0] for row in block.rows))
        raise NotWritable(f"one of {names} holds the component separator")

    def _is_suspect(self, text: str, count: int, segment: Segment) -> bool:
        if text.count(self._element) != count - 1:
            return True
        found = self._forbidden.intersection(text)
        found.discard(self._element)
        if not found:
            return False
        # Component and repetition separators are right inside a compound and nowhere else.
        compounds = {self._component, self._repetition}
        if found - compounds:
            return True
        return any(isinstance(value, str) and not compounds.isdisjoint(value) for value in segment)

    def _compound(self, value: Value, segment: Segment) -> str:
        if isinstance(value, Composite):
            for component in value:
                if not self._forbidden.isdisjoint(component):
                    self._refuse(segment)
            return self._component.join(value).rstrip(self._component)
        if isinstance(value, Repeated):
            if not self._repetition:
                raise NotWritable(f"{segment[0]} repeats an element without a separator for it")
            for one in value:
                if isinstance(one, str) and not self._forbidden.isdisjoint(one):
                    self._refuse(segment)
            return self._repetition.join(
                one if isinstance(one, str) else self._compound(one, segment) for one in value
            )
        return value

    def _refuse(self, segment: Segment) -> None:
        for position, value in enumerate(segment):
            inner = value if isinstance(value, tuple) else (value,)
            for part in inner:
                texts = part if isinstance(part, tuple) else (part,)
                if any(not self._forbidden.isdisjoint(text) for text in texts):
                    where = f"{segment[0]}{position:02d}"
                    raise NotWritable(f"{where} holds a delimiter or a control character")
        raise NotWritable(f"{segment[0]} holds a delimiter")
