"""The server on a real socket: deadlines, limits, and what libraries log."""

import asyncio
import contextlib
import io
import json
import logging
import time
from contextlib import asynccontextmanager

import pytest

from http_cases import CANARY, a_world
from rcm.platform.http import server as server_module
from rcm.platform.http.server import DeadlineProtocol, server
from rcm.platform.telemetry import LogHandler, open_log


@pytest.fixture
async def address(tmp_path, monkeypatch):
    monkeypatch.setattr(DeadlineProtocol, "head_s", 0.4)
    async with a_world(tmp_path) as world, serving(world) as port:
        yield world, port


@asynccontextmanager
async def serving(world):
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    level = root.level
    log = open_log("notes-svc", to=world.log)
    one = server(world.app, world.app.state.settings, 0, log)
    one.config.lifespan = "off"
    one.capture_signals = contextlib.nullcontext
    task = asyncio.create_task(one.serve())
    while not one.started:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(0.01)
    try:
        yield one.servers[0].sockets[0].getsockname()[1]
    finally:
        one.should_exit = True
        await task
        root.handlers[:] = before
        root.setLevel(level)


async def ask(port, data, *, slowly=0.0):
    """Send bytes, perhaps one at a time; returns what came back until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        if slowly:
            for byte in data:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(slowly)
        else:
            writer.write(data)
        return await asyncio.wait_for(reader.read(), 5)
    except (ConnectionResetError, BrokenPipeError):
        return b""
    finally:
        writer.close()


TWO_LENGTHS = (
    b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
)
GET = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def test_a_request_is_answered(address):
    assert (await ask(address[1], GET)).startswith(b"HTTP/1.1 200")


async def test_a_head_that_trickles_in_is_given_up(address):
    began = time.monotonic()
    assert await ask(address[1], GET * 3, slowly=0.02) == b""
    assert time.monotonic() - began < 3


async def test_a_connection_that_says_nothing_is_closed(address):
    began = time.monotonic()
    assert await ask(address[1], b"") == b""
    assert time.monotonic() - began < 3


async def test_a_second_head_on_a_connection_has_its_own_deadline(address):
    kept = GET.replace(b"Connection: close\r\n", b"")
    reader, writer = await asyncio.open_connection("127.0.0.1", address[1])
    writer.write(kept)
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    writer.write(b"GET /health/li")
    assert await asyncio.wait_for(reader.read(), 3) == b""
    writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: 1\r\n" * 10_000 + b"\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        TWO_LENGTHS,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["long-header", "many-headers", "garbage", "negative", "two-lengths", "no-host"],
)
async def test_a_broken_head_is_refused_and_never_a_failure_of_ours(address, data):
    answer = await ask(address[1], data)
    assert answer == b"" or answer.split(b" ", 2)[1] in (b"400", b"422", b"431"), answer[:80]


def _fail():
    raise RuntimeError(CANARY)


async def test_what_libraries_log_goes_by_the_allow_list_too(address):
    world, _ = address
    try:
        _fail()
    except RuntimeError:
        logging.getLogger("aiokafka").exception(
            "failed for %s", CANARY, extra={"topic": "rcm.claims", "patient": CANARY}
        )
    message = f"Task exception was never retrieved\nfuture: {CANARY}"
    logging.getLogger("asyncio").error(message)
    lines = [line for line in world.log_lines() if "logger" in line]
    assert [line["event"] for line in lines] == [
        "failed for %s",
        "Task exception was never retrieved",
    ]
    assert (lines[0]["topic"], lines[0]["error"]) == ("rcm.claims", "RuntimeError")
    assert CANARY not in world.log.getvalue()


def test_a_log_line_keeps_the_allow_list_and_one_line():
    out = io.StringIO()
    log = open_log("claims-svc", to=out).bind(tenant_id="northside")
    log.info(
        "claim-held", claim_id="P1", patient_name=CANARY, path="a\r\nb\u2028c\x1b[31m", count=3
    )
    log.debug("not-written")
    (line,) = map(json.loads, out.getvalue().splitlines())
    assert (line["claim_id"], line["count"], line["tenant_id"]) == ("P1", 3, "northside")
    assert line["dropped"] == 1
    assert CANARY not in out.getvalue()
    assert not set(line["path"]) & set("\r\n\u2028\x1b")


def test_an_exception_is_named_by_class_and_place_only():
    out = io.StringIO()
    try:
        _fail()
    except RuntimeError:
        open_log("claims-svc", to=out).exception("failed")
    line = json.loads(out.getvalue())
    assert line["error"] == "RuntimeError"
    assert CANARY not in out.getvalue()


def test_the_deadline_that_is_shipped_is_ten_seconds():
    assert server_module.HEAD_S == DeadlineProtocol.head_s == 10
    assert issubclass(LogHandler, logging.Handler)
