"""The MLLP listener: HL7 v2 over TCP, one message at a time, answered when it is durable.

    EHR ── 0B message 1C 0D ──▶ framer ──▶ handle (awaits the commit) ──▶ 0B ACK 1C 0D ──▶ EHR

An EHR waits for the answer before it sends the next message, and sends again when none comes. So
the answer follows the commit, never goes before it; and whatever is wrong with one message, the
next one is read. A connection that stalls inside a message is cut; one that is idle between two
messages is not, until others need its place.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from coding_svc.codec.mllp import BYTES_MAX, Frame, Framer, framed
from rcm.platform.telemetry import Log

Handle = Callable[[Frame], Awaitable[Sequence[bytes]]]
"""Takes a frame in; returns the acknowledgements to send, once what was taken is durable."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_READ_BYTES: Final = 65_536
_BACKLOG: Final = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener allows.

    Attributes:
        bytes_max: Largest message.
        connections_max: Connections at once; a new one takes the place of the longest idle.
        frame_s: How long a message may take to arrive once it has begun.
        idle_s: How long a connection may be silent between messages.
        answer_s: How long the sender may take to read an answer.
    """

    bytes_max: int = BYTES_MAX
    connections_max: int = 100
    frame_s: float = 30.0
    idle_s: float = 4 * 60 * 60.0
    answer_s: float = 30.0


@dataclass(slots=True, eq=False)
class _Connection:
    """An open connection."""

    writer: asyncio.StreamWriter
    task: "asyncio.Task[None] | None"
    busy: bool = False
    quiet_since: float = field(default_factory=time.monotonic)


class Listener:
    """Listens on one port for one tenant.

    Attributes:
        connections: Those that are open.
    """

    def __init__(
        self,
        handle: Handle,
        log: Log,
        *,
        limits: Limits | None = None,
        peers: Sequence[Network] = (),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._handle = handle
        self._log = log
        self._limits = limits or Limits()
        self._peers = tuple(peers)
        self._tls = tls
        self.connections: set[_Connection] = set()
        self._stopping = False

    async def run(
        self, host: str, port: int, ready: Callable[[int], None] = lambda _port: None
    ) -> None:
        """Listen until cancelled; then let messages in hand finish.

        Args:
            host: Address to listen on.
            port: TCP port; 0 for a free one.
            ready: Told the port once it listens.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # Made here, so that a stop at any moment of the start closes it.
        with socket.create_server((host, port), family=family, backlog=_BACKLOG) as bound:
            server = await asyncio.start_server(
                self._serve, sock=bound, ssl=self._tls, limit=_READ_BYTES
            )
            try:
                number = bound.getsockname()[1]
                self._log.info("mllp-listening", port=number)
                ready(number)
                await server.serve_forever()
            finally:
                server.close()
                await self._finish()

    async def _finish(self) -> None:
        """Close what is idle at once, and wait for answers that are on their way."""
        self._stopping = True
        for connection in list(self.connections):
            if not connection.busy:
                connection.writer.close()
        tasks = [c.task for c in self.connections if c.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=self._limits.answer_s)
        for task in tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._admitted(writer):
            self._log.warning("mllp-peer-refused")
            await _close(writer)
            return
        self._make_room()
        connection = _Connection(writer, asyncio.current_task())
        self.connections.add(connection)
        try:
            await self._converse(reader, connection)
        except (ConnectionError, TimeoutError, ssl.SSLError) as error:
            self._log.info("mllp-connection-lost", error=type(error).__name__)
        except Exception:  # noqa: BLE001 - one connection's failure leaves the others alone
            self._log.exception("mllp-connection-failed")
        finally:
            self.connections.discard(connection)
            await _close(writer)

    async def _converse(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        framer = Framer(self._limits.bytes_max)
        deadline = 0.0
        while True:
            # A message that has begun must end in time, however slowly its bytes trickle in.
            wait = max(deadline - time.monotonic(), 0) if deadline else self._limits.idle_s
            data = await asyncio.wait_for(reader.read(_READ_BYTES), wait)
            if not data:
                return
            for frame in framer.feed(data):
                deadline = 0.0
                await self._answer(frame, connection)
            if self._stopping:
                return
            if not framer.inside:
                deadline = 0.0
            elif not deadline:
                deadline = time.monotonic() + self._limits.frame_s
            connection.quiet_since = time.monotonic()

    async def _answer(self, frame: Frame, connection: _Connection) -> None:
        if frame.broken == "start-inside":
            # The sender gave that message up; an answer would be taken for the next one's.
            self._log.warning("mllp-frame-broken", bytes_count=len(frame.content))
            return
        connection.busy = True
        try:
            for answer in await self._handle(frame):
                connection.writer.write(framed(answer))
            await asyncio.wait_for(connection.writer.drain(), self._limits.answer_s)
        finally:
            connection.busy = False

    def _admitted(self, writer: asyncio.StreamWriter) -> bool:
        if not self._peers:
            return True
        peer = writer.get_extra_info("peername")
        address = ipaddress.ip_address(peer[0])
        return any(address in network for network in self._peers)

    def _make_room(self) -> None:
        """Close the longest idle connection when all places are taken."""
        while len(self.connections) >= self._limits.connections_max:
            idle = [c for c in self.connections if not c.busy] or list(self.connections)
            oldest = min(idle, key=lambda c: c.quiet_since)
            self._log.warning("mllp-connection-displaced", count=len(self.connections))
            self.connections.discard(oldest)
            oldest.writer.close()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
