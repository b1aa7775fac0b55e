"""Plays the EHR: sends HL7 v2 messages over MLLP and waits for each acknowledgement, on one or
many connections.
"""

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

START, END = b"\x0b", b"\x1c\r"
ANSWER_S = 60.0


def messages_of(path: Path) -> Iterator[bytes]:
    """Read the messages of a feed file: CR between segments, LF after each message."""
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield line.rstrip(b"\n")


def account_of(message: bytes) -> bytes:
    """Return what keeps the order: everything about one account goes over one connection."""
    for segment in message.split(b"\r"):
        if segment.startswith(b"PID|"):
            return segment.split(b"|")[18]
    return b""


async def send(
    host: str,
    port: int,
    messages: Iterable[bytes],
    *,
    connections: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Counter[str]:
    """Send messages and count the acknowledgement codes (MSA-1)."""
    lanes: list[list[bytes]] = [[] for _ in range(connections)]
    for message in messages:
        lanes[zlib.crc32(account_of(message)) % connections].append(message)
    codes: Counter[str] = Counter()
    await asyncio.gather(*(_lane(host, port, lane, codes, progress) for lane in lanes if lane))
    return codes


async def _lane(
    host: str,
    port: int,
    messages: list[bytes],
    codes: Counter[str],
    progress: Callable[[int], None],
) -> None:
    reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    try:
        for message in messages:
            writer.write(START + message + END)
            async with asyncio.timeout(ANSWER_S):
                answer = await reader.readuntil(END)
            codes[_code(answer)] += 1
            progress(1)
    finally:
        writer.close()
        await writer.wait_closed()


def _code(answer: bytes) -> str:
    for segment in answer.strip(START + END).split(b"\r"):
        if segment.startswith(b"MSA|"):
            return segment.split(b"|")[1].decode()
    return "none"
