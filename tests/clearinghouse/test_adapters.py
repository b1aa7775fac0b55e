"""One suite for every way to a clearinghouse: what is handed over arrives, what comes back stays
until it is acknowledged, and only what is proven is said.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from claims_cases import NOW, RECEIVER, a_content, x999
from claims_svc.codec.x837 import write_interchange
from payer_sim.app import Setup, Simulator, create_app
from payer_sim.book import Timing
from rcm.platform.clearinghouse.folder import FolderClearinghouse
from rcm.platform.clearinghouse.http import HttpClearinghouse
from rcm.platform.clearinghouse.port import (
    ACKNOWLEDGEMENTS,
    REMITTANCES,
    Clearinghouse,
    Parcel,
    Receipt,
    Unreachable,
    kind_of,
)
from rcm.platform.clearinghouse.routes import Route, connect, receivers_of


def a_parcel(number: int = 1) -> Parcel:
    """Give an interchange with one claim."""
    numbers = (number, number, [f"{number:09d}"])
    data = write_interchange(RECEIVER, "P", numbers, [[(f"P{number}", a_content())]], NOW)
    return Parcel("NORTHSIDE", "SIMCLEAR", f"{number:09d}", data)


class Rig:
    """An adapter and its other side."""

    def __init__(self, port: Clearinghouse, simulator: Simulator) -> None:
        self.port = port
        self._simulator = simulator

    async def until(self, kinds: tuple[str, ...], count: int) -> list[str]:
        """Wait until so many files are there."""
        for _ in range(400):
            waiting = await self.port.waiting(kinds)
            if len(waiting) >= count:
                return [one.name for one in waiting]
            await asyncio.sleep(0.02)
        raise AssertionError("nothing came back")


@pytest.fixture(params=["http", "folder"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    """Give each adapter with the simulator behind it."""
    folder = tmp_path / "shared" if request.param == "folder" else None
    setup = Setup(timing=Timing(0, 0, 0), folder=folder, tick_s=0.01)
    app = create_app(setup)
    async with app.router.lifespan_context(app):
        if folder is None:
            transport = httpx.ASGITransport(app)
            port: Clearinghouse = HttpClearinghouse("http://sim/northside", transport=transport)
        else:
            port = FolderClearinghouse(folder / "northside", settle_s=0)
        yield Rig(port, app.state.simulator)
        await port.close()


async def test_what_is_handed_over_is_said_to_be_sent_and_answered(rig: Rig):
    assert (await rig.port.submit(a_parcel())).outcome == "sent"
    names = await rig.until(ACKNOWLEDGEMENTS, 4)
    kinds = [kind_of(await rig.port.fetch(name)) for name in names]
    assert sorted(kinds) == ["277CA", "277CA", "999", "TA1"]
    assert kinds[0] == "TA1", "oldest first"


async def test_kinds_are_kept_apart(rig: Rig):
    await rig.port.submit(a_parcel())
    (name,) = await rig.until(REMITTANCES, 1)
    assert kind_of(await rig.port.fetch(name)) == "835"
    assert name not in {one.name for one in await rig.port.waiting(ACKNOWLEDGEMENTS)}


async def test_a_file_stays_until_it_is_acknowledged_and_saying_so_twice_is_harmless(rig: Rig):
    await rig.port.submit(a_parcel())
    first, *_ = await rig.until(ACKNOWLEDGEMENTS, 4)
    data = await rig.port.fetch(first)
    assert await rig.port.fetch(first) == data
    await rig.port.acknowledge(first)
    await rig.port.acknowledge(first)
    assert first not in {one.name for one in await rig.port.waiting(ACKNOWLEDGEMENTS)}
    with pytest.raises(Unreachable):
        await rig.port.fetch(first)


async def test_what_was_never_handed_over_is_proven_absent(rig: Rig):
    assert (await rig.port.status(a_parcel(9))).outcome == "not-sent"


async def test_what_was_handed_over_is_never_called_absent(rig: Rig):
    await rig.port.submit(a_parcel())
    await rig.until(ACKNOWLEDGEMENTS, 4)
    assert (await rig.port.status(a_parcel())).outcome in ("sent", "unknown")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", "", "a/b", "x\0y"])
async def test_a_name_that_leads_elsewhere_is_refused(rig: Rig, name: str):
    with pytest.raises(Unreachable):
        await rig.port.fetch(name)


# HTTP: what each failure proves.


def http(handler) -> HttpClearinghouse:
    """Give the HTTP adapter over a made-up other side."""
    return HttpClearinghouse("http://sim/x", transport=httpx.MockTransport(handler))


def raising(error: type[Exception]):
    """Make a handler that fails."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise error("made up", request=request)

    return handler


def answering(status: int, body: object = None, text: str = ""):
    """Make a handler that answers."""

    def handler(_: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(status, text=text) if body is None else httpx.Response(status, json=body)
        )

    return handler


OURS = {"interchange_control_number": "000000001"}


@pytest.mark.parametrize(
    ("handler", "receipt"),
    [
        (answering(202, OURS), Receipt("sent", "http-202")),
        (answering(200, OURS), Receipt("sent", "http-200")),
        (
            answering(200, text="<html>Sign in</html>"),
            Receipt("unknown", "http-200-not-understood"),
        ),
        (
            answering(202, {"interchange_control_number": "000000002"}),
            Receipt("unknown", "http-202-not-understood"),
        ),
        (answering(400, {}), Receipt("not-sent", "http-400")),
        (answering(401, {}), Receipt("not-sent", "http-401")),
        (answering(409, {}), Receipt("not-sent", "http-409")),
        (answering(429, {}), Receipt("not-sent", "http-429")),
        (answering(408, {}), Receipt("unknown", "http-408")),
        (answering(302, {}), Receipt("unknown", "http-302")),
        (answering(500, {}), Receipt("unknown", "http-500")),
        (answering(503, {}), Receipt("unknown", "http-503")),
        (raising(httpx.ConnectError), Receipt("not-sent", "no-connection")),
        (raising(httpx.ConnectTimeout), Receipt("not-sent", "no-connection")),
        (raising(httpx.ReadTimeout), Receipt("unknown", "timeout")),
        (raising(httpx.WriteTimeout), Receipt("unknown", "timeout")),
        (raising(httpx.ReadError), Receipt("unknown", "connection-cut")),
        (raising(httpx.RemoteProtocolError), Receipt("unknown", "connection-cut")),
    ],
)
async def test_http_says_only_what_is_proven(handler, receipt: Receipt):
    assert await http(handler).submit(a_parcel()) == receipt


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        (answering(200, OURS), "sent"),
        (answering(404, OURS), "not-sent"),
        (answering(404, text="not found"), "unknown"),
        (answering(200, text="hello"), "unknown"),
        (answering(500, {}), "unknown"),
        (raising(httpx.ConnectError), "unknown"),
    ],
)
async def test_a_404_that_does_not_name_the_interchange_proves_nothing(handler, outcome: str):
    assert (await http(handler).status(a_parcel())).outcome == outcome


@pytest.mark.parametrize(
    "handler",
    [
        answering(500, {}),
        answering(200, text="<html>"),
        answering(200, {"items": [{"name": 1}]}),
        raising(httpx.ConnectError),
        raising(httpx.ReadTimeout),
    ],
)
async def test_a_mailbox_that_does_not_answer_as_agreed_is_unreachable(handler):
    with pytest.raises(Unreachable):
        await http(handler).waiting(ACKNOWLEDGEMENTS)


async def test_an_answer_without_end_is_given_up():
    with pytest.raises(Unreachable):
        await http(answering(200, text="x" * 5_000_000)).waiting(ACKNOWLEDGEMENTS)


# The folder: what a crash at each step proves.


async def test_an_interchange_whose_file_was_not_finished_was_never_there(tmp_path: Path):
    port = FolderClearinghouse(tmp_path)
    (tmp_path / "to" / "NORTHSIDE.SIMCLEAR.000000001.837.tmp").write_bytes(b"ISA*00")
    assert (await port.status(a_parcel())).outcome == "not-sent"
    (tmp_path / "handed-over" / "NORTHSIDE.SIMCLEAR.000000001.837").touch()
    assert (await port.status(a_parcel())).outcome == "not-sent"


async def test_an_interchange_that_was_taken_away_is_of_unknown_fate(tmp_path: Path):
    port = FolderClearinghouse(tmp_path)
    await port.submit(a_parcel())
    (file,) = (tmp_path / "to").iterdir()
    assert file.name == "NORTHSIDE.SIMCLEAR.000000001.837"
    assert (await port.status(a_parcel())).outcome == "sent"
    file.unlink()
    assert (await port.status(a_parcel())).outcome == "unknown"


async def test_a_folder_that_cannot_be_written_to_proves_that_nothing_left(tmp_path: Path):
    port = FolderClearinghouse(tmp_path)
    (tmp_path / "to").rmdir()
    assert (await port.submit(a_parcel())).outcome == "not-sent"


async def test_only_finished_files_that_are_files_are_offered(tmp_path: Path):
    port = FolderClearinghouse(tmp_path, settle_s=0)
    inbox = tmp_path / "from"
    (inbox / "one.999").write_bytes(x999("1"))
    (inbox / "two.999.tmp").write_bytes(x999("1"))
    (inbox / ".three.999").write_bytes(x999("1"))
    (inbox / "four").mkdir()
    (inbox / "five.999").symlink_to(inbox / "one.999")
    os.mkfifo(inbox / "six.999")
    assert [one.name for one in await port.waiting(ACKNOWLEDGEMENTS)] == ["one.999"]
    with pytest.raises(Unreachable):
        await port.fetch("five.999")


async def test_a_file_that_may_still_be_written_to_is_left_alone(tmp_path: Path):
    port = FolderClearinghouse(tmp_path, settle_s=60)
    (tmp_path / "from" / "one.999").write_bytes(x999("1"))
    assert await port.waiting(ACKNOWLEDGEMENTS) == []


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "other"),
        (b"ISA", "other"),
        (b"hello" * 100, "other"),
        (x999("1"), "999"),
        (b"\xef\xbb\xbf" + x999("1"), "999"),
        (a_parcel().data, "other"),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_first_transaction(data: bytes, kind: str):
    assert kind_of(data) == kind


def test_routes_are_read_from_the_tenants_directories(tmp_path: Path):
    (tmp_path / "northside.yaml").write_text(
        "tenant_id: northside\nreceivers:\n"
        "  - {receiver_id: A, submitter_id: N, route: {kind: folder, path: ch}}\n"
        "  - {receiver_id: B, submitter_id: N}\n"
    )
    one, two = receivers_of(tmp_path)["northside"]
    assert isinstance(connect(one.route, tmp_path), FolderClearinghouse)
    assert (tmp_path / "ch" / "to").is_dir()
    assert connect(two.route, tmp_path) is None
    assert connect(Route(kind="http", url="http://127.0.0.1:1"), tmp_path) is not None
