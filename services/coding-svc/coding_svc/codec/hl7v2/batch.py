"""Batch files: many messages in one, counted by their trailers.

    FHS  BHS  MSH ... MSH ...  BTS|2  BHS ...  BTS|5  FTS|2

The counts are the only thing that tells a whole file from a half one, so a file whose counts do not
hold, or whose headers and trailers do not pair, is refused whole: half a day's charges taken
silently are worse than none. Files without any batch header are a row of messages.
"""

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from coding_svc.codec.hl7v2.message import delimiters_of
from coding_svc.model.reasons import reason
from rcm.events.clinical import Reason

_HEADER: Final = re.compile(rb"(?:\A|(?<=[\r\n]))(FHS|BHS|MSH|BTS|FTS)(?=[^A-Za-z0-9\s]|[\r\n]|\Z)")
_LEADING_NOISE: Final = b"\xef\xbb\xbf \t\r\n\x0b"


class Batch(Struct, frozen=True):
    """What a file holds.

    Attributes:
        messages: The bytes of each message, in order; none when the file is refused.
        reasons: Why it is refused.
    """

    messages: tuple[bytes, ...]
    reasons: tuple[Reason, ...] = ()


def is_batch(data: bytes) -> bool:
    """Tell whether the bytes begin with a file or batch header."""
    return data[:64].lstrip(_LEADING_NOISE)[:3] in (b"FHS", b"BHS")


def split(data: bytes) -> Batch:
    """Take a file apart, and check that it is whole."""
    start = len(data) - len(data.lstrip(_LEADING_NOISE))
    envelope = _Envelope()
    messages: list[bytes] = []
    pieces = list(_pieces(data, start))
    if not pieces:
        return Batch((), (reason("not-hl7", "MSH[1]"),))
    for name, piece in pieces:
        if name == "MSH":
            messages.append(piece)
        envelope.take(name, piece)
    envelope.end()
    if envelope.reasons:
        return Batch((), tuple(envelope.reasons))
    return Batch(tuple(messages))


class _Envelope:
    """Counts what the trailers count, and notices what does not pair."""

    def __init__(self) -> None:
        self.reasons: list[Reason] = []
        self._in_file = self._in_batch = self._file_ended = False
        self._batches = self._messages = 0

    def take(self, name: str, piece: bytes) -> None:
        """Account for the next segment of the envelope, or the next message."""
        if name == "FHS":
            if self._in_file or self._batches or self._messages:
                self._incomplete("FHS[2]")
            self._in_file = True
        elif name == "BHS":
            if self._in_batch or self._file_ended:
                self._incomplete(f"BHS[{self._batches + 1}]")
            self._in_batch, self._messages = True, 0
            self._batches += 1
        elif name == "MSH":
            if self._file_ended:
                self._incomplete("FTS[1]")
            self._messages += 1
        elif name == "BTS":
            if not self._in_batch:
                self._incomplete(f"BTS[{self._batches + 1}]")
            self._compare(piece, self._messages, f"BTS[{self._batches}]-1")
            self._in_batch = False
        else:
            if not self._in_file or self._in_batch:
                self._incomplete("FTS[1]")
            if self._batches:
                self._compare(piece, self._batches, "FTS[1]-1")
            self._in_file, self._file_ended = False, True

    def end(self) -> None:
        """The file is over: what began must have ended."""
        if self._in_batch:
            self._incomplete(f"BHS[{self._batches}]")
        if self._in_file:
            self._incomplete("FHS[1]")

    def _incomplete(self, path: str) -> None:
        self.reasons.append(reason("batch-incomplete", path))

    def _compare(self, trailer: bytes, count: int, path: str) -> None:
        """Compare a count with the trailer's first field; an empty one counts nothing."""
        fields = trailer.strip().split(trailer[3:4]) if len(trailer) > 3 else []
        said = fields[1].strip() if len(fields) > 1 else b""
        if said and not (said.isdigit() and len(said) <= 9 and int(said) == count):
            self.reasons.append(reason("batch-count", path))


def _pieces(data: bytes, start: int) -> Iterator[tuple[str, bytes]]:
    """Cut at each header; what a header does not introduce belongs to the piece before."""
    marks = list(_HEADER.finditer(data, start))
    if not marks or marks[0].start() != start:
        return
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        end = len(data) if following is None else following.start()
        yield mark[1].decode(), data[mark.start() : end]


def control_number(data: bytes) -> str:
    """Read the batch control number (BHS-11) of the first header, for the record of the file."""
    text = data[:2000].lstrip(_LEADING_NOISE).decode("latin-1")
    for line in re.split(r"[\r\n]+", text):
        if line.startswith("BHS") and not isinstance(delimiters_of(line), Reason):
            fields = line.split(line[3])
            return fields[10].strip() if len(fields) > 10 else ""
    return ""
