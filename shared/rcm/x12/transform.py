"""Files made from files: split by transaction, masked, as JSON and back."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any, Final

from rcm.x12.envelope import Transaction, Unit
from rcm.x12.lexer import Batch, Delimiters, Lexer
from rcm.x12.mask import masked_elements
from rcm.x12.reader import Reader
from rcm.x12.writer import NotWritable

#: Where the data of a segment stands that may hold any byte.
BINARY: Final = {"BIN": 2, "BDS": 3}
_DATE_SEGMENTS = {"DTM": 2, "DTP": 3, "DMG": 2}


def split(reader: Reader) -> Iterator[tuple[Transaction, bytes]]:
    """Give each transaction as an interchange of its own, with its own ISA, GS, GE and IEA.

    A transaction that lost its SE is given without one: nothing is made up.
    """
    units: list[Unit] = []
    for unit in reader.units():
        units.append(unit)
        if unit.name == "SE":
            yield unit.transaction, _interchange(unit.transaction, units)
            units = []


def _interchange(transaction: Transaction, units: list[Unit]) -> bytes:
    delimiters = transaction.delimiters
    element, end = delimiters.element, delimiters.segment
    group, interchange = transaction.group, transaction.interchange
    isa = element.join(interchange.elements) + end
    gs = element.join(group.elements) + end
    ge = element.join(("GE", "1", group.control_number)) + end
    iea = element.join(("IEA", "1", interchange.control_number)) + end
    content = b"".join(unit.content() for unit in units)
    return isa.encode() + gs.encode() + content + ge.encode() + iea.encode()


def masked(lexer: Lexer) -> Iterator[bytes]:
    """Give the file with everything masked that may identify a person.

    Shapes stay, so that what was wrong stays wrong; days become the first of their year.
    """
    for batch in lexer.batches():
        delimiters = batch.delimiters
        for text in batch.texts:
            elements = text.split(delimiters.element)
            if elements[0] == "ISA":
                hidden = elements
            else:
                hidden = _with_days(masked_elements(elements), elements)
            yield (delimiters.element.join(hidden) + delimiters.segment + "\n").encode()


def _with_days(hidden: list[str], elements: list[str]) -> list[str]:
    """Put the first of January where a masked date stood, so that it still is a date."""
    at = _DATE_SEGMENTS.get(elements[0])
    if at is None or at >= len(elements):
        return hidden
    days = [
        f"{day[:4]}0101" if len(day) == 8 and day.isdigit() else hidden[at]
        for day in elements[at].split("-")
    ]
    hidden[at] = "-".join(days)
    return hidden


def as_json(lexer: Lexer, *, mask: bool = True) -> Iterator[dict[str, object]]:
    """Give each interchange as JSON-ready values: its delimiters, and its segments as lists.

    `line_break` is there where the file puts one after each segment.
    """
    open_one: dict[str, object] | None = None
    segments: list[list[Any]] = []
    for batch in lexer.batches():
        if batch.starts:
            if open_one is not None:
                yield open_one
            segments = []
            open_one = {"delimiters": list(batch.delimiters)}
            if line_break := _line_break(batch):
                open_one["line_break"] = line_break
            open_one["segments"] = segments
        for index, text in enumerate(batch.texts):
            elements = text.split(batch.delimiters.element)
            is_shown = not mask or elements[0] == "ISA"
            if is_shown and elements[0] in BINARY:
                elements = _with_data(elements, batch, index)
            segments.append(
                elements if is_shown else _with_days(masked_elements(elements), elements)
            )
    if open_one is not None:
        yield open_one


def _with_data(elements: list[Any], batch: Batch, index: int) -> list[Any]:
    """Put the bytes of BIN or BDS, which may be any, as base64 where the lexer hid them."""
    place = BINARY[elements[0]]
    if batch.pieces is None or place >= len(elements):
        return elements
    head = len(batch.delimiters.element.join([*elements[:place], ""]))
    data = batch.pieces[index].lstrip(" \t\r\n")[head:]
    if data == elements[place]:
        return elements
    return [*elements[:place], {"base64": b64encode(data.encode("latin-1")).decode()}]


def _line_break(batch: Batch) -> str:
    """Tell whether a line break stands between the first two segments of an interchange."""
    pieces = batch.pieces
    if pieces is None or len(pieces) < 2:
        return ""
    blank = pieces[1][: len(pieces[1]) - len(batch.texts[1])]
    return blank if blank in {"\n", "\r\n"} else ""


class NotOurJson(ValueError):
    """The JSON is not what `as_json` gives."""


def from_json(interchanges: object) -> Iterator[bytes]:
    """Write interchanges from the values that `as_json` gives, byte for byte as they were.

    Raises:
        NotOurJson: They have another shape.
        NotWritable: A value holds the segment terminator or the element separator.
    """
    if not isinstance(interchanges, list):
        raise NotOurJson("a list of interchanges is wanted")
    for one in interchanges:
        yield interchange_bytes(one)


def interchange_bytes(one: object) -> bytes:
    """Write one interchange from its delimiters and segments.

    Raises:
        NotOurJson: It has another shape.
        NotWritable: A value holds the segment terminator or the element separator.
    """
    match one:
        case {"delimiters": [*marks], "segments": [*segments], **rest} if len(marks) == 4:
            delimiters = Delimiters(*map(str, marks))
            line_break = rest.get("line_break", "")
        case _:
            raise NotOurJson("an interchange has delimiters and segments")
    if line_break not in {"", "\n", "\r\n"}:
        raise NotOurJson("a line_break is one, or is not there")
    return b"".join(_segment_bytes(one, delimiters) + line_break.encode() for one in segments)


def _segment_bytes(segment: object, delimiters: Delimiters) -> bytes:
    data = b""
    texts: list[Any] = []
    match segment:
        case [*head, {"base64": str(text)}] if head and head[0] in BINARY:
            data = b64decode(text, validate=True)
            texts = [*head, ""]
        case [*head]:
            texts = head
        case _:
            pass
    if not texts or not all(isinstance(one, str) for one in texts):
        raise NotOurJson("a segment is a list of texts")
    line = delimiters.element.join(texts)
    is_split = line.count(delimiters.element) != len(texts) - 1
    if is_split or delimiters.segment in line:
        raise NotWritable(f"{texts[0]} holds a separator")
    return line.encode() + data + delimiters.segment.encode()
