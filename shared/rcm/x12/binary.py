"""Binary data in BIN and BDS: it may hold the segment terminator, so its length says where it ends.

    BIN*5*a~b~c~        BDS*B64*8*YX5iCg==~
        └ five bytes          └ eight

The lexer asks `HiddenData` to put a filler of the same length in place of the data, so that nothing
behind it mistakes data for structure; what stood there comes back in `Batch.pieces`.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from rcm.x12.envelope import Unit

#: Data longer than this is not held; the segment is treated as any other.
BINARY_BYTES_MAX: Final = 64 << 20
FILLER: Final = "."


class _Separators(Protocol):
    @property
    def element(self) -> str: ...

    @property
    def segment(self) -> str: ...


class _Hidden(NamedTuple):
    """Data that was hidden: where it stood in the file, and what it was."""

    offset: int
    data: bytes


class HiddenData:
    """The binary data of one interchange, as far as its batches were not given yet."""

    def __init__(self, separators: _Separators) -> None:
        element, end = (re.escape(one.encode()) for one in (separators.element, separators.segment))
        self._header = re.compile(
            b"(?:^|" + end + b")[ \\t\\r\\n]*(?:BIN|BDS" + element + b"[A-Z0-9]{1,3})"
            + element + b"([0-9]{1,9})" + element
        )  # fmt: skip
        self._end = separators.segment.encode()
        used = {separators.element, separators.segment}
        self._filler = next(one for one in (FILLER, "_", "-") if one not in used).encode()
        self._hidden: list[_Hidden] = []
        self._plain: set[int] = set()  # offsets of segments whose length is wrong

    def hide(self, buffer: bytes, offset: int, *, is_all: bool) -> tuple[bytes, int]:
        """Put fillers in place of data.

        Args:
            buffer: What was read and not yet given.
            offset: Where it begins in the file.
            is_all: Nothing more will come.

        Returns:
            The buffer, and how much of it may be given: not the data whose end has not come.
        """
        if b"BIN" not in buffer and b"BDS" not in buffer:
            return buffer, len(buffer)
        at = 0
        while (match := self._header.search(buffer, at)) is not None:
            start, count = match.end(), int(match[1])
            at = start
            if offset + start in self._plain or count > BINARY_BYTES_MAX:
                continue
            if start + count >= len(buffer) and not is_all:
                return buffer, match.start() + (match[0][:1] == self._end)
            if buffer[start + count : start + count + 1] != self._end:
                self._plain.add(offset + start)
                continue
            if not any(one.offset == offset + start for one in self._hidden):
                self._hidden.append(_Hidden(offset + start, buffer[start : start + count]))
                filler = self._filler * count
                buffer = buffer[:start] + filler + buffer[start + count :]
            at = start + count
        return buffer, len(buffer)

    def shown(self, buffer: bytes, offset: int) -> bytes:
        """Put the data back into what is not given."""
        return self.original(buffer, offset) or buffer

    def original(self, data: bytes, offset: int) -> bytes | None:
        """Give what stood in the file where `data` stands now; None if that is the same."""
        last = offset + len(data)
        mine = [one for one in self._hidden if one.offset < last]
        if not mine:
            return None
        self._hidden = [one for one in self._hidden if one.offset >= last]
        whole = bytearray(data)
        for one in mine:
            start = one.offset - offset
            whole[start : start + len(one.data)] = one.data
        return bytes(whole)


def restored(pieces: Sequence[str], encoding: str, original: bytes) -> list[str]:
    """Cut the original bytes as the pieces are cut, a character a byte."""
    found, at = [], 0
    for piece in pieces:
        size = len(piece.encode()) if encoding == "utf-8" else len(piece)
        found.append(original[at : at + size].decode("latin-1"))
        at += size + 1
    return found


def payload(unit: "Unit", index: int) -> bytes:
    """Give the data of a BIN or BDS segment as it stood in the file."""
    separator = unit.transaction.delimiters.element
    tag, *rest = unit.texts[index].split(separator, 3)
    head = separator.join([tag, *rest[: 1 if tag == "BIN" else 2], ""])
    start = unit.offset_of(index) - unit.offset + len(head.encode())
    count = len(separator.join(rest[1 if tag == "BIN" else 2 :]).encode())
    return unit.content()[start : start + count]
