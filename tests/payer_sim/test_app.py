"""The simulator over HTTP: faults of the line before and after the file is taken, as the sender's
adapter understands them; and the shared folder.
"""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from msgspec.structs import replace

from claims_cases import NOW, RECEIVER, a_content, a_subscriber, an_encounter
from claims_svc.codec.x837 import write_interchange
from payer_sim.app import Setup, create_app
from payer_sim.book import Timing
from payer_sim.main import PayerSettings, setup_of
from payer_sim.scenarios import LINE_FAULTS, Rules
from rcm.platform.clearinghouse.http import HttpClearinghouse
from rcm.platform.clearinghouse.port import Parcel


def a_parcel(number=1, member="BPX1"):
    """Give an interchange with one claim of a member."""
    content = a_content(an_encounter())
    content = replace(content, subscriber=a_subscriber(member_number=member))
    numbers = (number, number, [f"{number:09d}"])
    data = write_interchange(RECEIVER, "P", numbers, [[("PA", content)]], NOW)
    return Parcel("NORTHSIDE", "SIMCLEAR", f"{number:09d}", data)


@asynccontextmanager
async def simulating(**changes):
    setup = Setup(timing=Timing(0, 0, 0), hang_s=0.05, tick_s=0.01, **changes)
    app = create_app(setup)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
            port = HttpClearinghouse(
                "http://sim/northside", transport=transport, resubmits_safely=True
            )
            yield port, client
            await port.close()


@pytest.mark.parametrize(
    ("fault", "outcome", "was_taken"),
    [
        ("refused-400", "not-sent", False),
        ("error-before", "unknown", False),
        ("error-after", "unknown", True),
        ("hang-before", "unknown", False),
        ("hang-after", "unknown", True),
        ("html-after", "unknown", True),
    ],
)
async def test_a_fault_of_the_line_leaves_the_truth_to_be_asked_for(fault, outcome, was_taken):
    async with simulating(rules=Rules(members={"BPX1": fault})) as (port, _):
        assert (await port.submit(a_parcel())).outcome == outcome
        status = await port.status(a_parcel())
        assert status.outcome == ("sent" if was_taken else "not-sent")
        again = await port.submit(a_parcel())
        assert again.outcome == "sent", "it happens once, and the same bytes are taken once"


def test_every_fault_of_the_line_is_tested():
    (marked,) = (
        mark for mark in test_a_fault_of_the_line_leaves_the_truth_to_be_asked_for.pytestmark
    )
    assert {case[0] for case in marked.args[1]} == set(LINE_FAULTS)


async def test_a_number_used_for_other_bytes_is_refused():
    async with simulating() as (port, _):
        assert (await port.submit(a_parcel())).outcome == "sent"
        assert await port.submit(a_parcel(member="BPX2")) == ("not-sent", "http-409")


@pytest.mark.parametrize("data", [b"", b"hello", b"ISA*00*", b"\x00" * 500])
async def test_what_is_no_interchange_is_refused(data):
    async with simulating() as (_, client):
        answer = await client.post(
            "/northside/interchanges",
            content=data,
            headers={"Content-Type": "application/edi-x12"},
        )
        assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "path",
    ["/NORTH/mailbox?kind=999", "/northside/mailbox/..%2fx", "/northside/mailbox/1.999"],
)
async def test_a_name_that_is_none_is_refused(path):
    async with simulating() as (_, client):
        assert (await client.get(path)).status_code in (404, 422)


async def test_answers_come_through_a_shared_folder(tmp_path):
    box = tmp_path / "northside"
    (box / "to").mkdir(parents=True)
    async with simulating(folder=tmp_path):
        unfinished = box / "to" / "one.tmp"
        unfinished.write_bytes(a_parcel().data)
        unfinished.rename(box / "to" / "one.837")
        for _ in range(300):
            found = sorted(path.suffix for path in (box / "from").glob("*.*"))
            if found == [".277CA", ".277CA", ".835", ".999", ".TA1"]:
                break
            await asyncio.sleep(0.02)
        assert found == [".277CA", ".277CA", ".835", ".999", ".TA1"]
        assert list((box / "to").iterdir()) == []


def test_settings_name_the_rules(tmp_path):
    rules = tmp_path / "scenarios.json"
    rules.write_text('{"BPX1": "denied-coding"}')
    setup = setup_of(PayerSettings(rules=rules, remit_after_s=2))
    assert setup.rules.members == {"BPX1": "denied-coding"}
    assert setup.timing.remit_after_s == 2
