"""Serving an app on a port: uvicorn, with the deadlines that it lacks.

Of its own, uvicorn waits for ever for a request whose head arrives a byte at a time. Here a head
has ten seconds, from its first byte or from the opening of the connection.
"""

import asyncio
import logging
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from rcm.platform.http.guard import HEAD_BYTES_MAX
from rcm.platform.settings import Settings
from rcm.platform.telemetry import Log, LogHandler

HEAD_S: Final = 10.0
_KEEP_ALIVE_S: Final = 15
_STOP_S: Final = 8
_CONNECTIONS_MAX: Final = 1_000


class DeadlineProtocol(H11Protocol):
    """HTTP/1.1, with a deadline for the head of each request."""

    head_s: float = HEAD_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Read on; a head that is complete ends its deadline."""
        if self._deadline is None and self._is_idle():
            self._expect_head()
        super().data_received(data)
        if not self._is_idle():
            self._end_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._end_deadline()
        super().connection_lost(exc)

    def _is_idle(self) -> bool:
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn's types say
        return cycle is None or bool(cycle.response_complete)

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_s, self._too_late)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()


def server(app: FastAPI, settings: Settings, port: int, log: Log) -> uvicorn.Server:
    """Make the server of one app; `await server.serve()` runs it until a signal.

    What libraries log is written by our allow-list too.
    """
    handler = LogHandler(log)
    root = logging.getLogger()
    if not any(isinstance(known, LogHandler) for known in root.handlers):
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    options: dict[str, Any] = {
        "http": DeadlineProtocol,
        "ws": "none",
        "loop": "auto",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "date_header": True,
        "proxy_headers": False,
        "timeout_keep_alive": _KEEP_ALIVE_S,
        "timeout_graceful_shutdown": _STOP_S,
        "limit_concurrency": _CONNECTIONS_MAX,
        "h11_max_incomplete_event_size": HEAD_BYTES_MAX,
    }
    return uvicorn.Server(uvicorn.Config(app, host=settings.host, port=port, **options))
