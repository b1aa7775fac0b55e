"""Peers that are not ours read what physician queries send: HAPI HL7 v2, and its FHIR validator."""

import asyncio
import subprocess

import msgspec
import pytest
from msgspec import structs

from coding_cases import parsed
from coding_svc.codec.fhir.communication import communication
from coding_svc.codec.hl7v2.documents import query_message
from coding_svc.model.query import Address, Outgoing
from coding_svc.rules.query_policy import Channel
from hapi_cases import PEERS, jars
from query_cases import content, indicator, templates, yes_no
from query_world import receiving

pytestmark = pytest.mark.connected

PLAIN = Outgoing(
    query_id="qry_abcdefgh234567aa",
    control_number="ABCDEFGH234567AAD1",
    sent_at="2026-03-02T12:00:00Z",
    due_at="2026-03-05T12:00:00Z",
    physician_id="1999999901",
    address=Address(
        medical_record_number="R1",
        account_number="A1",
        visit_number="V1",
        last_name="TEST^PATIENT|&",
        first_name="ALPHA\\",  # ASCII: the client of the recipe sends nothing else
        born_on="1980-06-15",
        sex_code="F",
        class_code="I",
        facility="HOSP",
        attending_npi="1999999901",
        attending_last_name="ALPHADOC",
        attending_first_name="ANNA",
    ),
    content=content(question="First line|\nsecond ^ line ~ & \\ end."),
)


def deliveries() -> dict[str, Outgoing]:
    """One of each template, one with every awkward character, one yes or no, one about nobody."""
    made = {
        name: template.made(
            [indicator(slot.slot, "as found") for slot in template.slots],
            [template.established_example or "what is named"],
            "NOTE-1",
        )
        for name, template in templates().items()
    }
    bare = structs.replace(PLAIN, address=Address(), content=yes_no())
    return {
        "awkward": PLAIN,
        "bare": bare,
        **{name: structs.replace(PLAIN, content=asked) for name, asked in made.items()},
    }


def fields(data: bytes) -> list[list[str]]:
    """Every decoded component of a message, without the empty ends."""
    found = []
    for segment in parsed(data).segments[1:]:
        row = [segment.name]
        for number in range(1, len(segment.fields)):
            row += [part for r in segment.repetitions(number) for part in segment.texts(r) if part]
        found.append(row)
    return found


async def test_hapi_takes_each_query_apart_and_puts_the_same_together_again(tmp_path):
    """HAPI parses a message before it sends it, and writes what it has understood."""
    libraries = jars(PEERS / "hl7v2")
    channel = Channel(kind="mdm", port=1)
    written = {name: query_message(one, channel) for name, one in deliveries().items()}
    for name, data in written.items():
        (tmp_path / name).write_bytes(data)
    async with receiving() as ehr:
        client = await asyncio.create_subprocess_exec(
            *("java", "-cp", f"{libraries}/*", PEERS / "hl7v2" / "Send.java"),
            *("127.0.0.1", str(ehr.port), *(tmp_path / name for name in written)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await asyncio.wait_for(client.communicate(), 200)
    codes = [line.rpartition("\t")[2] for line in out.decode().splitlines() if "\t" in line]
    assert codes == ["AA"] * len(written)
    assert [fields(data) for data in ehr.messages] == [fields(data) for data in written.values()]


async def test_the_fhir_validator_finds_no_error_in_a_communication(tmp_path):
    libraries = jars(PEERS / "fhir", timeout_s=900)
    paths = []
    for name, one in deliveries().items():
        for status in ("in-progress", "completed"):
            path = tmp_path / f"{name}-{status}.json"
            path.write_bytes(msgspec.json.encode(communication(one, status)))
            paths.append(path)
    broken = tmp_path / "broken.json"
    broken.write_text('{"resourceType": "Communication", "status": "nonsense"}')
    run = await asyncio.to_thread(
        subprocess.run,
        ["java", "-cp", f"{libraries}/*", PEERS / "fhir" / "Validate.java", *paths, broken],
        capture_output=True,
        timeout=250,
        check=False,
    )
    lines = [line for line in run.stdout.decode().splitlines() if "errors=" in line]
    counts = [int(line.split("errors=")[1].split()[0]) for line in lines]
    assert counts[:-1] == [0] * len(paths), run.stdout.decode()
    assert counts[-1] > 0
