"""What happens around every request, whatever route it takes: an id, limits, headers, one log line.

One ASGI middleware, outermost of ours, so that even its own refusals are answered alike. The access
line names the route's template, never the path or the query: those may say who a patient is.
"""

import asyncio
import re
import secrets
import time
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rcm.platform.http.bodies import (
    BodyTooLarge,
    BodyTooSlow,
    UnsupportedContent,
    parse_json,
)
from rcm.platform.http.problems import (
    InternalError,
    MalformedRequest,
    TookTooLong,
    problem_answer,
    route_of,
)
from rcm.platform.settings import Settings
from rcm.platform.telemetry import Log, Metrics
from rcm.problems import Problem

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
    " object-src 'none'"
)
SECURITY_HEADERS: Final = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # not `no-referrer`: it would have browsers send `Origin: null` with our own forms
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
READABLE_TYPES: Final = frozenset(
    {
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/octet-stream",
        "application/edi-x12",
        "application/hl7-v2",
        "application/hl7-v2+er7",
        "x-application/hl7-v2+er7",
        "text/plain",
        "text/csv",
    }
)
_JSON: Final = re.compile(r"application/(?:[a-z0-9.-]+\+)?json", re.ASCII)
_HEADERS_MAX: Final = 100
HEAD_BYTES_MAX: Final = 32 * 1024
_QUIET: Final = ("/health/", "/metrics", "/status", "/static/")
_EVENT_STREAM: Final = "text/event-stream"


class Guard:
    """Gives each request an id and keeps it inside its limits."""

    def __init__(self, app: ASGIApp, *, settings: Settings, log: Log, metrics: Metrics) -> None:
        self._app = app
        self._settings = settings
        self._log = log
        self._metrics = metrics
        self._hosts = frozenset(settings.allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self._settings, self._hosts, scope, receive, send).run(
            self._app, self._log, self._metrics
        )


class _Exchange:
    """One request and its answer."""

    def __init__(
        self,
        settings: Settings,
        hosts: frozenset[str],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        self._settings = settings
        self._hosts = hosts
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = Headers(scope=scope)
        self._request_id = f"req_{secrets.token_hex(12)}"
        self._status = 0
        self._taken = 0
        self._refusing = False
        self._replayed: bytes | None = None
        self._overrun: Problem | None = None
        # Shared by every scope that routing derives from this one.
        scope.setdefault("state", {})["request_id"] = self._request_id

    async def run(self, app: ASGIApp, log: Log, metrics: Metrics) -> None:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._settings.request_s_max) as self._limit:
                self._check_head()
                await self._check_json()
                await app(self._scope, self._body, self._answer)
        except Problem as problem:
            await self._refuse(problem)
        except TimeoutError:
            await self._refuse(TookTooLong())
        except asyncio.CancelledError:
            raise
        except Exception:  # the edge: an unknown failure tells nothing
            log.exception("request-failed", request_id=self._request_id)
            await self._refuse(InternalError())
        else:
            if self._overrun is not None and not self._status:
                await self._refuse(self._overrun)
        seconds = time.perf_counter() - began
        method, route = self._scope["method"], route_of(self._scope)
        method = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "-"
        metrics.answered(method, route, self._status, seconds)
        if not route.startswith(_QUIET) or self._status >= 400:
            log.info(
                "request",
                method=method,
                route=route,
                status=self._status,
                duration_ms=round(seconds * 1_000, 1),
                request_id=self._request_id,
                tenant_id=self._scope["state"].get("tenant_id", ""),
            )

    def _check_head(self) -> None:
        if "\0" in self._scope["path"] or b"%00" in self._scope["query_string"]:
            raise MalformedRequest("A text holds the character NUL.")
        host = self._headers.get("host", "")
        name = host if host.endswith("]") else host.rsplit(":", 1)[0]
        if "*" not in self._hosts and name not in self._hosts:
            raise MalformedRequest("The Host header names no host of this service.")
        raw = self._headers.raw
        if len(raw) > _HEADERS_MAX or sum(len(n) + len(v) for n, v in raw) > HEAD_BYTES_MAX:
            raise MalformedRequest("The head is too large.")
        length = self._headers.get("content-length")
        chunked = "transfer-encoding" in self._headers
        if length is not None and (chunked or not (length.isascii() and length.isdigit())):
            raise MalformedRequest("The body's length is told in two ways or in none.")
        if length is not None and (len(length) > 12 or int(length) > self._settings.body_bytes_max):
            raise BodyTooLarge
        if self._headers.get("content-encoding", "identity") != "identity":
            raise UnsupportedContent("Send the body without a content encoding.")
        kind = self._kind()
        has_body = chunked or (length is not None and int(length) > 0)
        if has_body and not (_JSON.fullmatch(kind) or kind in READABLE_TYPES):
            raise UnsupportedContent("See the API's description for what each route reads.")

    def _kind(self) -> str:
        return self._headers.get("content-type", "").split(";", 1)[0].strip().lower()

    async def _check_json(self) -> None:
        """Read a JSON body whole and strictly; the route then reads the same bytes."""
        if not _JSON.fullmatch(self._kind()):
            return
        data = bytearray()
        more = True
        while more:
            message = await self._body()
            if message["type"] == "http.disconnect":
                return
            data += message.get("body", b"")
            if len(data) > self._settings.json_bytes_max:
                raise BodyTooLarge
            more = message.get("more_body", False)
        if data:
            parse_json(bytes(data))
        self._replayed = bytes(data)

    async def _body(self) -> Message:
        """Receive for the app: bounded in size, and in time while there is more to come."""
        if self._replayed is not None:
            data, self._replayed = self._replayed, None
            return {"type": "http.request", "body": data, "more_body": False}
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > self._settings.body_bytes_max:
            # The framework makes an answer of its own of what is raised here; ours stands.
            self._overrun = BodyTooLarge()
            raise self._overrun
        return message

    async def _answer(self, message: MutableMapping[str, Any]) -> None:
        if self._overrun is not None and not self._refusing:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["Request-Id"] = self._request_id
            for name, value in SECURITY_HEADERS:
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if headers.get("content-type", "").startswith(_EVENT_STREAM):
                self._limit.reschedule(None)
        await self._send(message)

    async def _refuse(self, problem: Problem) -> None:
        if self._status:
            # The answer has begun and cannot be taken back: end the connection instead.
            raise ConnectionAbortedError from problem
        if isinstance(problem, TookTooLong) and not self._came_whole():
            problem = BodyTooSlow()
        self._refusing = True
        answer = problem_answer(problem, route_of(self._scope), self._request_id)
        # What is left of the body is not read: the connection cannot be used again.
        answer.headers["Connection"] = "close"
        await answer(self._scope, self._receive, self._answer)

    def _came_whole(self) -> bool:
        length = self._headers.get("content-length", "0")
        return "transfer-encoding" not in self._headers and self._taken >= int(length)
