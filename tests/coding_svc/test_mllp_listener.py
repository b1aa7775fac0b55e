"""The MLLP listener over real sockets: twelve ways in which a sender misbehaves, and the next
message is taken all the same."""

import asyncio
import contextlib
import io
import ipaddress
import ssl
import subprocess
import time

import pytest

from coding_svc.codec.mllp import Frame, framed
from coding_svc.gateway.mllp import Limits, Listener
from rcm.platform.telemetry import open_log

ONE, TWO = b"MSH|^~\\&|one\r", b"MSH|^~\\&|two\r"


class Desk:
    """Takes frames and answers them; `slow` and `broken` make it misbehave."""

    def __init__(self) -> None:
        self.taken: list[Frame] = []
        self.committed: list[bytes] = []
        self.began = asyncio.Event()
        self.slow_s = 0.0
        self.fails = False
        self.log = io.StringIO()

    async def handle(self, frame: Frame) -> list[bytes]:
        self.taken.append(frame)
        self.began.set()
        await asyncio.sleep(self.slow_s)
        if self.fails:
            raise RuntimeError("SECRET")
        self.committed.append(frame.content)
        return [b"ACK:" + frame.content[:20]]


@contextlib.asynccontextmanager
async def listening(desk: Desk, limits: Limits | None = None, **more):
    ready = asyncio.get_running_loop().create_future()
    listener = Listener(desk.handle, open_log("coding-svc", to=desk.log), limits=limits, **more)
    task = asyncio.create_task(listener.run("127.0.0.1", 0, ready.set_result))
    try:
        yield listener, await asyncio.wait_for(ready, 5)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def connected(port: int, **more):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **more)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> bytes:
    data = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 5)
    return data.strip(b"\x0b\x1c\r")


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_message_is_answered_after_it_was_taken(desk):
    async with listening(desk) as (_, port), connected(port) as (reader, writer):
        desk.slow_s = 0.1
        writer.write(framed(ONE))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.03)
        assert await answer(reader) == b"ACK:" + ONE.strip()
        assert desk.committed == [ONE]


async def test_1_no_end_block_the_message_is_cut_in_time_and_the_next_connection_works(desk):
    async with listening(desk, Limits(frame_s=0.1)) as (_, port):
        async with connected(port) as (reader, writer):
            writer.write(b"\x0b" + ONE)
            assert await asyncio.wait_for(reader.read(), 5) == b""
        async with connected(port) as (reader, writer):
            writer.write(framed(TWO))
            assert await answer(reader)
    assert [frame.content for frame in desk.taken] == [TWO]


async def test_2_an_end_block_split_over_packets(desk):
    async with listening(desk) as (_, port), connected(port) as (reader, writer):
        data = framed(ONE)
        for part in (data[:5], data[5:-1], data[-1:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)
        assert await answer(reader)


async def test_3_a_start_block_inside_gives_up_the_first_and_answers_the_second_only(desk):
    async with listening(desk) as (_, port), connected(port) as (reader, writer):
        writer.write(b"\x0bMSH|half" + framed(TWO))
        assert await answer(reader) == b"ACK:" + TWO.strip()
    assert [frame.content for frame in desk.taken] == [TWO]


async def test_4_two_messages_in_one_packet_are_answered_in_order(desk):
    async with listening(desk) as (_, port), connected(port) as (reader, writer):
        writer.write(framed(ONE) + framed(TWO))
        assert [await answer(reader), await answer(reader)] == [
            b"ACK:" + ONE.strip(),
            b"ACK:" + TWO.strip(),
        ]


async def test_5_bytes_that_trickle_are_cut_though_each_came_in_time(desk):
    async with (
        listening(desk, Limits(frame_s=0.15)) as (_, port),
        connected(port) as (reader, writer),
    ):
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            writer.write(b"\x0b")
            for _ in range(100):
                writer.write(b"M")
                await writer.drain()
                if await _closed(reader, 0.02):
                    break
        assert time.monotonic() - began < 1.5
    assert desk.taken == []


async def test_6_a_giant_message_is_refused_and_the_next_one_taken(desk):
    async with (
        listening(desk, Limits(bytes_max=100_000)) as (_, port),
        connected(port) as (r, writer),
    ):
        writer.write(b"\x0bMSH|^~\\&|big")
        for _ in range(200):
            writer.write(b"y" * 50_000)
            await writer.drain()
        writer.write(b"\x1c\r" + framed(TWO))
        assert (await answer(r)).startswith(b"ACK:MSH|^~\\&|big")
        assert await answer(r) == b"ACK:" + TWO.strip()
    assert [frame.broken for frame in desk.taken] == ["too-large", ""]


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00\xff", b"MSH", b"MSH|||"])
async def test_7_and_8_what_is_no_message_is_handed_on_and_the_next_one_taken(desk, content):
    async with listening(desk) as (_, port), connected(port) as (reader, writer):
        writer.write(framed(content) + framed(TWO))
        await answer(reader)
        assert await answer(reader) == b"ACK:" + TWO.strip()


async def test_9_a_failure_of_ours_ends_the_connection_without_an_answer(desk):
    desk.fails = True
    async with listening(desk) as (_, port):
        async with connected(port) as (reader, writer):
            writer.write(framed(ONE))
            assert await asyncio.wait_for(reader.read(), 5) == b""
        desk.fails = False
        async with connected(port) as (reader, writer):
            writer.write(framed(ONE))
            assert await answer(reader)
    assert "SECRET" not in desk.log.getvalue()


async def test_10_a_sender_that_hangs_up_does_not_undo_what_was_taken(desk):
    desk.slow_s = 0.05
    async with listening(desk) as (listener, port):
        async with connected(port) as (_, writer):
            writer.write(framed(ONE))
            await writer.drain()
        await asyncio.sleep(0.3)
        assert desk.committed == [ONE]
        assert not listener.connections


async def test_11_a_thousand_idle_connections_do_not_keep_a_sender_out(desk):
    async with (
        listening(desk, Limits(connections_max=20)) as (listener, port),
        contextlib.AsyncExitStack() as stack,
    ):
        for _ in range(1_000):
            await stack.enter_async_context(connected(port))
        await asyncio.sleep(0.1)
        assert len(listener.connections) <= 20
        reader, writer = await stack.enter_async_context(connected(port))
        writer.write(framed(ONE))
        assert await answer(reader)


async def test_12_noise_between_messages_is_passed_over(desk):
    async with listening(desk) as (_, port), connected(port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n\r\n" + framed(ONE) + b"\r\n\x00" + framed(TWO))
        assert await answer(reader)
        assert await answer(reader)
    assert [frame.content for frame in desk.taken] == [ONE, TWO]


async def test_a_peer_that_is_not_on_the_list_is_not_heard(desk):
    elsewhere = [ipaddress.ip_network("10.0.0.0/8")]
    async with listening(desk, peers=elsewhere) as (_, port), connected(port) as (reader, writer):
        writer.write(framed(ONE))
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
    assert desk.taken == []
    async with (
        listening(desk, peers=[ipaddress.ip_network("127.0.0.0/8")]) as (_, port),
        connected(port) as (reader, writer),
    ):
        writer.write(framed(ONE))
        assert await answer(reader)


async def test_stopping_lets_the_message_in_hand_finish(desk):
    desk.slow_s = 0.2
    async with listening(desk) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(ONE))
        await desk.began.wait()
    assert desk.committed == [ONE]
    assert await answer(reader)
    writer.close()


async def test_one_connection_waits_for_nobody_elses_message(desk):
    desk.slow_s = 0.2
    async with listening(desk) as (_, port), connected(port) as slow, connected(port) as quick:
        slow[1].write(framed(ONE))
        await desk.began.wait()
        desk.slow_s = 0.0
        quick[1].write(framed(TWO))
        assert await answer(quick[0])
        assert desk.committed == [TWO]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem"
        " -out cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    made = subprocess.run(command.split(), cwd=folder, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no openssl here")
    return folder


async def test_with_tls_a_sender_without_a_certificate_is_not_heard(desk, certificates):
    cert, key = certificates / "cert.pem", certificates / "key.pem"
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(cert, key)
    server.load_verify_locations(cert)
    server.verify_mode = ssl.CERT_REQUIRED
    client = ssl.create_default_context(cafile=cert)
    async with listening(desk, tls=server) as (_, port):
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            async with connected(port, ssl=client, server_hostname="localhost") as (reader, writer):
                writer.write(framed(ONE))
                assert await asyncio.wait_for(reader.read(), 5) == b""
        assert desk.taken == []
        client.load_cert_chain(cert, key)
        async with connected(port, ssl=client, server_hostname="localhost") as (reader, writer):
            writer.write(framed(ONE))
            assert await answer(reader)


async def _closed(reader: asyncio.StreamReader, within_s: float) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), within_s) == b""
    except TimeoutError:
        return False
