"""MLLP framing: `0B message 1C 0D`, taken apart byte by byte as the bytes arrive.

A pure machine: `feed` takes whatever the socket gave and returns what is complete, however packets
cut it: several frames in one packet, an end block split over two, a frame in a thousand pieces.
Bytes between frames are dropped and counted. A start block inside a frame means that the sender
gave up on the first: what came before it is handed out as broken, and the new frame begins.
"""

from typing import Final

from msgspec import Struct

START: Final = 0x0B
END: Final = b"\x1c\x0d"
BYTES_MAX: Final = 5_000_000
"""5 MB: a note with an embedded document fits, a disk image does not."""

_HEAD_BYTES: Final = 4096
"""How much of a frame that is too large is kept: the header, so that it can be answered."""


class Frame(Struct, frozen=True):
    """The content of one frame.

    Attributes:
        content: The bytes between start block and end block.
        broken: Why it is no whole frame (`too-large` or `start-inside`); empty when it is one.
    """

    content: bytes
    broken: str = ""


class Framer:
    """Cuts a stream of bytes into frames; one for each connection.

    Attributes:
        dropped_count: Bytes outside of any frame, so far.
    """

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._buffer = bytearray()
        self._open = False
        self._skipping = False
        self._scanned = 0
        self.dropped_count = 0

    @property
    def inside(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._open

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the stream; return the frames that they complete."""
        self._buffer += data
        frames: list[Frame] = []
        while self._step(frames):
            pass
        return frames

    def _step(self, frames: list[Frame]) -> bool:
        """Do one thing with the buffer; tell whether there may be another."""
        buffer = self._buffer
        if not self._open:
            start = buffer.find(START)
            self.dropped_count += len(buffer) if start < 0 else start
            if start < 0:
                buffer.clear()
                return False
            del buffer[: start + 1]
            self._open, self._skipping, self._scanned = True, False, 0
        # One byte back: the first half of an end block may have come with the packet before.
        since = max(self._scanned - 1, 0)
        end, again = buffer.find(END, since), buffer.find(START, since)
        if again >= 0 and (end < 0 or again < end):
            self._close(frames, again, "too-large" if again > self._bytes_max else "start-inside")
            return True
        if end < 0:
            if len(buffer) > self._bytes_max + 1:
                self._overflow(frames)
            self._scanned = len(buffer)
            return False
        broken = "too-large" if end > self._bytes_max else ""
        self._close(frames, end, broken)
        del buffer[:2]
        return True

    def _close(self, frames: list[Frame], end: int, broken: str) -> None:
        """Hand out the frame that ends here, unless it was handed out as too large already."""
        if not self._skipping:
            if broken == "start-inside" and self._buffer[end - 1 : end] == END[:1]:
                # Half an end block, then the next frame: the sender forgets the carriage return.
                frames.append(Frame(bytes(self._buffer[: end - 1])))
            else:
                kept = min(end, _HEAD_BYTES) if broken == "too-large" else end
                frames.append(Frame(bytes(self._buffer[:kept]), broken))
        del self._buffer[:end]
        self._open = self._skipping = False
        self._scanned = 0

    def _overflow(self, frames: list[Frame]) -> None:
        """Say once that the frame is too large, and keep only what may begin its end block."""
        if not self._skipping:
            frames.append(Frame(bytes(self._buffer[:_HEAD_BYTES]), "too-large"))
            self._skipping = True
        self.dropped_count += len(self._buffer) - 1
        del self._buffer[:-1]


def framed(content: bytes) -> bytes:
    """Wrap a message for the wire."""
    return b"\x0b" + content + END
