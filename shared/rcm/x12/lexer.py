"""From bytes to segments: any legal delimiters, any number of interchanges, constant memory.

    bytes ── chunks of 1 MiB ──► interchange (delimiters from its ISA) ──► Batch of segments

The lexer knows ISA and IEA and nothing else. What it cannot read becomes a Finding; it raises for
nothing that a file can hold. It departs from the standard to be useful: blanks and line breaks
between segments, a byte order mark, and text that is not UTF-8 are read, and said.
"""

import re
import zlib
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import BinaryIO, NamedTuple

from rcm.x12.binary import HiddenData, restored
from rcm.x12.findings import Finding, Place, Rule, Severity

CHUNK_BYTES = 1 << 18
#: A segment longer than this is no X12 segment of ours; it is skipped, so memory stays constant.
SEGMENT_BYTES_MAX = 1 << 20
#: Compressed X12 seldom shrinks more than fortyfold; a bomb shrinks a thousandfold.
GZIP_RATIO_MAX = 100
_GZIP_FREE_BYTES = 4 << 20  # small files may shrink as they like
_BLANKS = " \t\r\n\x00"
_BLANK_BYTES = frozenset({b" ", b"\t", b"\r", b"\n", b"\x00"})
_ISA_BYTES = 106
_ISA_WIDTHS = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)

NOT_X12 = Rule(
    "not-x12",
    1,
    Severity.ERROR,
    "Send an X12 interchange: it begins with the letters ISA.",
)
ISA_MALFORMED = Rule(
    "isa-malformed",
    1,
    Severity.ERROR,
    "Write ISA with its fixed widths: 106 characters with the segment terminator.",
)
DELIMITERS_CLASH = Rule(
    "delimiters-clash",
    1,
    Severity.ERROR,
    "Choose four different separators that are neither letters, digits nor blanks.",
    ("TA1", "027"),
)
SEGMENT_TOO_LONG = Rule(
    "segment-too-long",
    1,
    Severity.ERROR,
    "Check the segment terminator; the bytes up to the next one were skipped.",
)
INPUT_CUT = Rule(
    "input-cut",
    1,
    Severity.ERROR,
    "Ask for the whole file: it ends in the middle of a segment.",
    ("TA1", "023"),
)
LAST_TERMINATOR = Rule(
    "last-terminator-missing", 1, Severity.WARNING, "End IEA with a segment terminator as well."
)
TEXT_AFTER_INTERCHANGE = Rule(
    "text-after-interchange",
    1,
    Severity.ERROR,
    "Remove what stands between or after the interchanges; it was not read.",
)
NOT_UTF8 = Rule(
    "not-utf8", 1, Severity.WARNING, "Send UTF-8 or plain ASCII; the text was read as cp1252."
)
BYTE_ORDER_MARK = Rule(
    "byte-order-mark", 1, Severity.INFO, "Leave the byte order mark out; it was skipped."
)
BLANKS_BEFORE_SEGMENT = Rule(
    "blanks-before-segment", 1, Severity.WARNING, "Leave blanks out between segments."
)
EMPTY_SEGMENT = Rule("empty-segment", 1, Severity.WARNING, "Leave empty segments out.")
COMPRESSED_BOMB = Rule(
    "compressed-too-far",
    1,
    Severity.ERROR,
    "Send the file uncompressed; it unpacks to far more than its size and was refused.",
)
COMPRESSED_BROKEN = Rule(
    "compressed-broken", 1, Severity.ERROR, "Compress the file again; its gzip data is damaged."
)


class Delimiters(NamedTuple):
    """The four separators of an interchange."""

    element: str = "*"
    segment: str = "~"
    component: str = ":"
    repetition: str = "^"

    @property
    def are_legal(self) -> bool:
        """Tell whether the four differ and none can be confused with data."""
        used = [character for character in self if character]
        return len(set(used)) == len(used) and not any(
            character.isalnum() or character == " " for character in used
        )


class Batch:
    """Neighbouring segments of one interchange, as text.

    Attributes:
        delimiters: The separators of the interchange.
        text: The segments, each with its terminator, without blanks or line breaks before them.
        pieces: The same as they stood in the file, without terminators; None where nothing was
            removed.
        number: Position of the first segment in the file; the first of all is 1.
        offset: Byte offset of the first piece.
        encoding: Encoding that the bytes were read with.
        starts: Whether the first segment is the ISA of an interchange.
    """

    __slots__ = ("delimiters", "encoding", "number", "offset", "pieces", "starts", "text")

    def __init__(
        self, delimiters: Delimiters, text: str, number: int, offset: int, encoding: str
    ) -> None:
        self.delimiters = delimiters
        self.text = text
        self.pieces: list[str] | None = None
        self.number = number
        self.offset = offset
        self.encoding = encoding
        self.starts = False

    @property
    def texts(self) -> list[str]:
        """The segments one by one, without terminators."""
        return self.text[:-1].split(self.delimiters.segment) if self.text else []

    def width(self, first: int, last: int) -> int:
        """Count the bytes of the pieces from `first` up to `last`, terminators included."""
        pieces = (self.texts if self.pieces is None else self.pieces)[first:last]
        if self.encoding == "utf-8":
            return sum(len(piece.encode()) for piece in pieces) + len(pieces)
        return sum(map(len, pieces)) + len(pieces)


class Lexer:
    """Read segments from bytes or from a binary file, an interchange at a time.

    Attributes:
        findings: What was wrong so far.
        bytes_read: How far the source was read, for progress.
    """

    def __init__(self, source: bytes | BinaryIO) -> None:
        self.findings: list[Finding] = []
        self.bytes_read = 0
        self._chunks = self._read(BytesIO(source) if isinstance(source, bytes) else source)
        self._buffer = b""
        self._offset = 0
        self._number = 1
        self._ended = False
        self._said: set[str] = set()

    def batches(self) -> Iterator[Batch]:
        """Give the segments of all interchanges, in order."""
        while self._find_isa():
            delimiters = self._open()
            if delimiters is not None:
                yield from self._segments(delimiters)

    def _read(self, source: BinaryIO) -> Iterator[bytes]:
        head = source.read(CHUNK_BYTES)
        if head[:2] == b"\x1f\x8b":
            yield from self._inflate(head, source)
            return
        while head:
            self.bytes_read += len(head)
            yield head
            head = source.read(CHUNK_BYTES)

    def _inflate(self, packed: bytes, source: BinaryIO) -> Iterator[bytes]:
        inflater = zlib.decompressobj(31)
        bytes_out = 0
        try:
            while packed:
                self.bytes_read += len(packed)
                while packed:
                    plain = inflater.decompress(packed, CHUNK_BYTES)
                    packed = inflater.unconsumed_tail
                    bytes_out += len(plain)
                    if bytes_out > _GZIP_FREE_BYTES + GZIP_RATIO_MAX * self.bytes_read:
                        self._say(COMPRESSED_BOMB, "The compressed file unpacks without end.")
                        return
                    if plain:
                        yield plain
                    elif not packed:
                        break
                packed = source.read(CHUNK_BYTES)
        except zlib.error:
            self._say(COMPRESSED_BROKEN, "The compressed file cannot be unpacked further.")
            return
        if not inflater.eof:
            self._say(COMPRESSED_BROKEN, "The compressed file ends before its end.")

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            self._ended = True
            return False
        self._buffer = self._buffer + chunk if self._buffer else chunk
        return True

    def _drop(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._offset += count

    def _say(self, rule: Rule, message: str, *, once: bool = False, offset: int = -1) -> None:
        if once and rule.rule_id in self._said:
            return
        self._said.add(rule.rule_id)
        place = Place(
            segment_number=self._number,
            byte_offset=self._offset if offset < 0 else offset,
        )
        self.findings.append(Finding(rule=rule, place=place, message=message))

    def _find_isa(self) -> bool:
        """Move to the next ISA; say what stands before it."""
        stray = 0
        while True:
            if len(self._buffer) < _ISA_BYTES and not self._ended and self._more():
                continue
            if self._buffer.startswith(b"\xef\xbb\xbf"):
                self._drop(3)
                self._say(BYTE_ORDER_MARK, "The file begins with a byte order mark.")
            blank = len(self._buffer) - len(self._buffer.lstrip(_BLANKS.encode() + b"\x1a"))
            self._drop(blank)
            if self._buffer.startswith(b"ISA"):
                break
            if not self._buffer and self._ended:
                break
            found = self._buffer.find(b"ISA")
            count = found if found >= 0 else max(len(self._buffer) - 2, 0)
            if self._ended and found < 0:
                count = len(self._buffer)
            if not stray:
                self._say_stray()
            stray += count
            self._drop(count)
            if found < 0 and not self._ended:
                self._more()
        if not (self._buffer or self._number > 1 or any(one.is_error for one in self.findings)):
            self._say(NOT_X12, "The file is empty.")
        return bool(self._buffer)

    def _say_stray(self) -> None:
        if self._number > 1:
            self._say(TEXT_AFTER_INTERCHANGE, "There is text outside an interchange.")
        elif self._buffer[:3] == b"\xc9\xe2\xc1":
            self._say(NOT_X12, "The file is EBCDIC; convert it to ASCII before sending.")
        elif self._buffer[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            self._say(NOT_X12, "The file is UTF-16; convert it to UTF-8 before sending.")
        else:
            self._say(NOT_X12, "The file does not begin with an ISA segment.")

    def _open(self) -> Delimiters | None:
        """Read the delimiters from the ISA at the start of the buffer."""
        while len(self._buffer) < 4 * _ISA_BYTES and not self._ended and self._more():
            pass
        head = self._buffer[: 4 * _ISA_BYTES].decode("latin-1")
        self._said.clear()
        if len(head) < 4:
            self._refuse_isa(len(head))
            return None
        separator = head[3]
        parts = head.split(separator, 16)
        if len(parts) < 17 or len(parts[16]) < 2 or "\n" in "".join(parts[:12]).strip("\r\n"):
            self._refuse_isa(3)
            return None
        widths = tuple(map(len, parts[:16]))
        if widths != _ISA_WIDTHS[:16]:
            self._say(ISA_MALFORMED, "An element of ISA does not have its fixed width.")
        component, segment = parts[16][0], parts[16][1]
        version = parts[12]
        # ISA11 is a repetition separator from version 00402 on; before it, the letter U.
        repetition = parts[11][:1] if version >= "00402" else ""
        if repetition.isalnum() or repetition == " ":
            repetition = ""
        delimiters = Delimiters(separator, segment, component, repetition)
        if not delimiters.are_legal or not segment.isascii() or not component.isascii():
            self._say(DELIMITERS_CLASH, "The separators of the interchange cannot be told apart.")
            # Few segments repeat an element: the rest is read where only that cannot be told.
            delimiters = delimiters._replace(repetition="")
            if not delimiters.are_legal or not segment.isascii() or not component.isascii():
                self._drop(3)
                return None
        return delimiters

    def _refuse_isa(self, count: int) -> None:
        self._say(ISA_MALFORMED, "The ISA segment does not have its sixteen elements.")
        self._number += 1
        self._drop(count)

    def _segments(self, delimiters: Delimiters) -> Iterator[Batch]:
        """Give the batches of one interchange; stop after its IEA or before the next ISA."""
        terminator = delimiters.segment.encode()
        starts = True
        hidden = HiddenData(delimiters)
        while True:
            self._buffer, limit = hidden.hide(self._buffer, self._offset, is_all=self._ended)
            end = _interchange_end(self._buffer[:limit], delimiters, starts=starts)
            if end == 0:
                self._buffer = hidden.shown(self._buffer, self._offset)
                return
            cut = self._buffer.rfind(terminator, 0, limit) + 1 if end < 0 else end
            if cut == 0:
                if self._ended:
                    break
                if len(self._buffer) > SEGMENT_BYTES_MAX and limit == len(self._buffer):
                    self._skip_segment(terminator)
                self._more()
                continue
            batch = self._batch(self._buffer[:cut], delimiters, hidden)
            if batch.text:
                batch.starts = starts
                yield batch
                starts = False
            self._offset += cut
            self._number += batch.text.count(delimiters.segment)
            self._buffer = self._buffer[cut:]
            if end >= 0:
                # The next interchange hides its data itself, with its own separators.
                self._buffer = hidden.shown(self._buffer, self._offset)
                return
            if not self._ended:
                self._more()
        rest = self._buffer.strip(_BLANKS.encode() + b"\x1a")
        if _is_whole_iea(rest, delimiters):
            self._say(LAST_TERMINATOR, "The last segment has no terminator.")
            text = rest.decode("ascii") + delimiters.segment
            start = self._offset + self._buffer.index(rest)
            yield Batch(delimiters, text, self._number, start, "ascii")
            self._number += 1
        elif rest:
            self._say(INPUT_CUT, "The file ends inside a segment.")
        self._drop(len(self._buffer))

    def _skip_segment(self, terminator: bytes) -> None:
        """Drop a segment too long to be one, in constant memory."""
        self._say(SEGMENT_TOO_LONG, "A segment is longer than any segment may be.")
        while terminator not in self._buffer:
            self._drop(len(self._buffer))
            if not self._more():
                return
        self._drop(self._buffer.index(terminator) + 1)

    def _batch(self, data: bytes, delimiters: Delimiters, hidden: HiddenData) -> Batch:
        """Read complete segments."""
        text, encoding = self._decode(data)
        terminator = delimiters.segment
        batch = Batch(delimiters, text, self._number, self._offset, encoding)
        untidy = "\n" in text or "\r" in text or text[:1] in _BLANKS
        if untidy or _gap(terminator).search(text) is not None:
            self._tidy(batch)
        original = hidden.original(data, self._offset)
        if original is not None:
            pieces = batch.texts if batch.pieces is None else batch.pieces
            batch.pieces = restored(pieces, encoding, original)
            # A character a byte from here on, whatever the text was read with.
            batch.encoding = "cp1252"
        return batch

    def _decode(self, data: bytes) -> tuple[str, str]:
        if data.isascii():
            return data.decode("ascii"), "ascii"
        try:
            return data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            self._say(NOT_UTF8, "The text is not UTF-8.", once=True)
            # latin-1 maps every byte; cp1252 adds the typographic characters in 0x80-0x9F.
            table = data.decode("latin-1").translate(_CP1252)
            return table, "cp1252"

    def _tidy(self, batch: Batch) -> None:
        """Take blanks and line breaks off the start of segments, and empty segments out."""
        terminator = batch.delimiters.segment
        pieces = batch.text.split(terminator)
        if not pieces[-1].strip(_BLANKS):
            pieces.pop()  # what follows the last terminator
        texts = [piece.lstrip(_BLANKS) for piece in pieces]
        if terminator == "\n":
            texts = [text.rstrip("\r") for text in texts]
        if "" in texts:
            # A blank line where lines end segments is only a blank line.
            if terminator not in "\r\n":
                self._say(EMPTY_SEGMENT, "There is an empty segment.", once=True)
            pieces, texts = _without_empty(pieces, texts, terminator)
        if any(piece[:1] in " \t" for piece in _line_starts(pieces) if piece):
            self._say(BLANKS_BEFORE_SEGMENT, "There are blanks before a segment.", once=True)
        batch.pieces = pieces
        batch.text = terminator.join(texts) + terminator if texts else ""


def _without_empty(
    pieces: list[str], texts: list[str], terminator: str
) -> tuple[list[str], list[str]]:
    """Leave empty segments out; what stood there belongs to the piece after it."""
    joined: list[str] = []
    kept: list[str] = []
    carried = ""
    for piece, text in zip(pieces, texts, strict=True):
        carried += piece
        if text:
            joined.append(carried)
            kept.append(text)
            carried = ""
        else:
            carried += terminator
    return joined, kept


@lru_cache(maxsize=64)
def _gap(terminator: str) -> "re.Pattern[str]":
    """Make the search for a blank or another terminator after a terminator."""
    end = re.escape(terminator)
    return re.compile(f"{end}[ \\t\\x00{end}]")


def _line_starts(pieces: list[str]) -> Iterator[str]:
    return (piece.lstrip("\r\n") for piece in pieces)


def _interchange_end(data: bytes, delimiters: Delimiters, *, starts: bool) -> int:
    """Find where an interchange ends: after its IEA, or before an ISA that comes without one.

    Returns:
        The count of bytes that belong to the interchange; -1 when its end is not in `data`.
    """
    terminator = delimiters.segment.encode()
    ends = (
        data.find(terminator, at)
        for at in _segment_starts(data, b"IEA", terminator, 0)
        if data[at + 3 : at + 4] in {delimiters.element.encode(), terminator}
    )
    end = next((end for end in ends if end >= 0), -1)
    limit = end + 1 if end >= 0 else len(data)
    for at in _segment_starts(data[:limit], b"ISA", terminator, 3 if starts else 0):
        if _looks_like_isa(data[at : at + 4 * _ISA_BYTES]):
            return at
    return limit if end >= 0 else -1


def _segment_starts(data: bytes, tag: bytes, terminator: bytes, since: int) -> Iterator[int]:
    """Give the places where a segment with this id begins, the first of them if it is found."""
    at = data.find(tag, since)
    while at >= 0:
        before = at
        while before and data[before - 1 : before] in _BLANK_BYTES - {terminator}:
            before -= 1
        if before == 0 or data[before - 1 : before] == terminator:
            yield at
        at = data.find(tag, at + 3)


def _is_whole_iea(rest: bytes, delimiters: Delimiters) -> bool:
    """Tell whether what is left is an IEA with all its nine digits, so that nothing is lost."""
    tag, *numbers = rest.split(delimiters.element.encode())
    if tag != b"IEA" or len(numbers) != 2 or not rest.isascii():
        return False
    return len(numbers[1]) == 9 and numbers[1].isdigit()


def _looks_like_isa(head: bytes) -> bool:
    """Tell an ISA, with whatever separators of its own, from a segment that only begins so."""
    separator = head[3:4]
    return head.count(separator) >= 16 and not separator.isalnum() and separator != b" "


_CP1252 = {
    code: bytes([code]).decode("cp1252", errors="replace")
    for code in range(0x80, 0xA0)
    if bytes([code]).decode("cp1252", errors="replace") != "�"
}
