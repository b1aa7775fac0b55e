"""coding-svc as it runs: every door, the store behind it, and what never leaves it."""

import asyncio
import contextlib
import io
import json
import socket
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from coding_cases import charges, ft1, in1, message, pid, profiles, pv1, register, segment
from coding_fhir_cases import bundle, resources
from coding_svc.codec.mllp import Frame, framed
from coding_svc.handlers import Way, answer_frame, look_again_at_waiting, take_file, take_message
from coding_svc.main import MANIFEST, ProfileBook, create_app
from coding_svc.settings import CodingSettings
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.rebuild import rebuild
from rcm.platform.runtime import open_runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log
from rcm.problems import Busy
from store_cases import STORES, admin_url_of, settings_on

CANARY = b"QUACKENBUSH"
HL7 = {"Content-Type": "application/hl7-v2"}
FHIR = {"Content-Type": "application/fhir+json"}
OWN_PROFILE = """
name: office
extends: generic
senders: ["EHR|HOSP"]
default_facility_id: HOSP
class_places_of_service: {O: "11"}
"""


@dataclass
class Office:
    """The service behind its doors."""

    client: httpx.AsyncClient
    issuer: DevelopmentIssuer
    runtime: object
    port: int
    data_dir: Path
    log: io.StringIO
    count: int = 0

    def bearer(self, *roles: str, tenant: str = "northside") -> dict[str, str]:
        token = self.issuer.token(tenant, roles or ("coder", "integration"))
        self.count += 1
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": f"test-key-{self.count:04}"}

    async def hl7(self, data: bytes, **more) -> list[dict]:
        answer = await self.client.post("/v1/hl7", content=data, headers=self.bearer(**more) | HL7)
        assert answer.status_code == 202, answer.text
        return answer.json()

    async def get(self, path: str, *roles: str, tenant: str = "northside") -> httpx.Response:
        return await self.client.get(
            path, headers=self.bearer(*(roles or ("viewer",)), tenant=tenant)
        )

    async def mllp(self, *messages: bytes) -> list[bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answers = []
        for data in messages:
            writer.write(framed(data))
            answers.append(await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 10))
        writer.close()
        await writer.wait_closed()
        return answers


@contextlib.asynccontextmanager
async def open_office(data_dir: Path, admin_url: str = ""):
    profiles_dir = data_dir / "profiles"
    (profiles_dir / "northside").mkdir(parents=True, exist_ok=True)
    (profiles_dir / "northside" / "profile.yaml").write_text(OWN_PROFILE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = await settings_on(admin_url, data_dir)
    settings = store.model_copy(update={"allowed_hosts": ("localhost",)})
    own = CodingSettings(
        mllp_ports=f"northside={port}", profiles_dir=profiles_dir, drop_settle_s=0.0
    )
    log = io.StringIO()
    app = create_app(settings, own, log=open_log("coding-svc", to=log))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield Office(client, DevelopmentIssuer(settings), app.state.runtime, port, data_dir, log)


@pytest.fixture(params=STORES)
def admin_url(request):
    return admin_url_of(request)


@pytest.fixture
async def office(tmp_path, admin_url):
    async with open_office(tmp_path, admin_url) as opened:
        yield opened


async def connects(office: Office) -> None:
    for _ in range(100):
        with contextlib.suppress(ConnectionError):
            _, writer = await asyncio.open_connection("127.0.0.1", office.port)
            writer.close()
            return
        await asyncio.sleep(0.02)


# -- the doors -------------------------------------------------------------------------------------


async def test_messages_over_mllp_are_durable_when_they_are_acknowledged(office):
    await connects(office)
    first, second = await office.mllp(register(), charges())
    assert b"MSA|AA|ADT1" in first
    assert b"MSA|AA|DFT1" in second
    (encounter,) = (await office.get("/v1/encounters")).json()["data"]
    assert (encounter["status"], encounter["billed_cents"]) == ("coded", 28_500)


async def test_the_same_message_again_is_acknowledged_and_changes_nothing(office):
    await connects(office)
    await office.mllp(register(), charges())
    (again,) = await office.mllp(charges())
    assert b"MSA|AA|DFT1" in again
    (encounter,) = (await office.get("/v1/encounters")).json()["data"]
    assert encounter["message_count"] == 2


async def test_what_was_acknowledged_outlives_a_restart_and_a_resend_makes_no_second(
    tmp_path,
):
    async with open_office(tmp_path) as office:
        await connects(office)
        await office.mllp(register(), charges())
    async with open_office(tmp_path) as office:
        (result,) = await office.hl7(charges())
        assert (result["repeated"], result["result"]) == (True, "ACCEPTED")
        (encounter,) = (await office.get("/v1/encounters")).json()["data"]
        assert (encounter["coded_version"], encounter["message_count"]) == (1, 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"hello", b"MSA|AR"),
        (b"MSH|||", b"MSA|AR"),
        (message("ORU^R01", pid()), b"MSA|AA|M1"),
        (message("DFT^P03", pid(account=""), pv1(visit="", f44="")), b"MSA|AA|M1"),
        (message("DFT^P03", pid(), pv1(), ft1(amount="1e3"), in1()), b"MSA|AA|M1"),
        (register(sender="OTHER|PLACE"), b"MSA|AR|ADT1"),
        (register(more="|||AL|NE"), b"MSA|CA|ADT1"),
    ],
)
async def test_a_bad_message_never_stalls_the_feed(office, data, code):
    await connects(office)
    first, second = await office.mllp(data, register(number="NEXT"))
    assert code in first
    assert b"MSA|AA|NEXT" in second


async def test_a_message_of_unknown_charset_and_one_that_is_too_large_are_answered(office):
    await connects(office)
    latin = register().replace(b"TESTPATIENT", "MÜLLER".encode("latin-1"))
    big = register(number="BIG") + b"OBX|1|TX|||" + b"x" * 6_000_000
    answers = await office.mllp(latin, big, register(number="NEXT"))
    assert [answer.split(b"MSA|")[1][:2] for answer in answers] == [b"AA", b"AR", b"AA"]
    listed = (await office.get("/v1/messages?outcome=rejected")).json()["data"]
    assert [r["rule_id"] for m in listed for r in m["reasons"]] == ["too-large"]


async def test_a_batch_file_is_taken_whole_or_not_at_all(office):
    header, one, two = b"BHS|^~\\&|EHR|HOSP\r", register(), charges()
    good = await office.hl7(header + one + two + b"BTS|2\r")
    assert [r["result"] for r in good] == ["ACCEPTED_WITH_ISSUES", "ACCEPTED"]
    (bad,) = await office.hl7(header + one + two + b"BTS|3\r")
    assert (bad["result"], bad["reasons"][0]["rule_id"]) == ("REJECTED", "batch-count")


async def test_a_dropped_file_is_taken(office):
    folder = office.data_dir / "drop" / "charges" / "northside" / "in"
    while not folder.exists():  # noqa: ASYNC110 - the job makes it
        await asyncio.sleep(0.02)
    (folder / "night.tmp").write_bytes(
        b"BHS|^~\\&|EHR|HOSP\r" + register() + charges() + b"BTS|2\r"
    )
    (folder / "night.tmp").rename(folder / "night.hl7")
    for _ in range(400):
        listed = (await office.get("/v1/encounters?status=coded")).json()["data"]
        if listed and not list(folder.iterdir()):
            break
        await asyncio.sleep(0.02)
    assert listed[0]["billed_cents"] == 28_500
    assert not list(folder.iterdir())


async def test_a_fhir_bundle_is_taken(office):
    answer = await office.client.post(
        "/v1/fhir", content=json.dumps(bundle(resources())), headers=office.bearer() | FHIR
    )
    assert answer.status_code == 202
    assert answer.json()["result"] == "ACCEPTED_WITH_ISSUES"
    (encounter,) = (await office.get("/v1/encounters?status=coded")).json()["data"]
    assert encounter["billed_cents"] == 28_500


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"resourceType":"Bundle","resourceType":"Bundle"}', 400),
        (b"[" * 10_000, 400),
        (b'{"a":NaN}', 400),
        (b'{"resourceType":"\xff"}', 400),
        (b"[]", 202),
        (b'{"resourceType":"Patient"}', 202),
    ],
)
async def test_bad_json_is_never_a_failure_of_ours(office, body, status):
    answer = await office.client.post("/v1/fhir", content=body, headers=office.bearer() | FHIR)
    assert answer.status_code == status
    if status == 202:
        assert answer.json()["result"] == "REJECTED"


@pytest.mark.parametrize(
    "data", [b" ", b"\x00" * 100, b"MSH|^~\\&|" + b"|" * 5_000, b"BHS|^~\\&|A\r"]
)
async def test_bad_bytes_are_never_a_failure_of_ours(office, data):
    answer = await office.client.post("/v1/hl7", content=data, headers=office.bearer() | HL7)
    assert answer.status_code == 202
    assert [r["result"] for r in answer.json()] == ["REJECTED"]


async def test_when_nothing_can_be_stored_the_sender_is_told_to_send_again():
    class Full:
        def opaque_id(self, *_parts: str) -> str:
            return "msg_aaaaaaaaaaaaaaaa"

        async def execute(self, _command: object) -> None:
            raise self.error

    full, log = Full(), io.StringIO()
    way = Way(full, "northside", profiles(), "mllp")
    for full.error in (Busy(), OSError("SECRET disk")):
        (answer,) = await answer_frame(way, Frame(register()), _noon, open_log("x", to=log))
        assert b"MSA|AE|ADT1" in answer
        assert b"|not-stored|" in answer
    assert "SECRET" not in log.getvalue()


def _noon():
    from datetime import UTC, datetime

    return datetime(2026, 3, 2, 12, tzinfo=UTC)


# -- the worklists ---------------------------------------------------------------------------------


async def test_held_encounters_are_listed_with_their_reasons_page_by_page(office):
    for n in range(3):
        await office.hl7(message("ADT^A04", pid(f"R{n}", f"A{n}"), pv1(visit=f"V{n}"), in1()))
    first = (await office.get("/v1/encounters?status=held&limit=2")).json()
    assert (len(first["data"]), first["has_more"]) == (2, True)
    rest = (await office.get(f"/v1/encounters?status=held&cursor={first['next_cursor']}")).json()
    assert len(rest["data"]) == 1
    assert {r["rule_id"] for r in first["data"][0]["reasons"]} == {"no-diagnosis", "no-charges"}


async def test_a_coder_finishes_an_encounter(office):
    (result,) = await office.hl7(
        message("DFT^P03", pid(), pv1(), ft1("T1", code="", f19=""), in1(), number="2")
    )
    (encounter_id,) = result["encounter_ids"]
    path = f"/v1/encounters/{encounter_id}"
    refused = await office.client.post(f"{path}/releases", json={}, headers=office.bearer())
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/encounter-incomplete")
    codes = {"diagnoses": ["E11.9"], "lines": [{"charge_id": "T1", "procedure_code": "99214"}]}
    done = await office.client.put(f"{path}/codes", json=codes, headers=office.bearer())
    assert (done.status_code, done.json()["status"]) == (200, "coded")
    account = (await office.get(f"{path}/account", "coder")).json()
    assert account["diagnoses"][0]["code"] == "E119"
    assert account["patient"]["person"]["name"]["last"] == "TESTPATIENT"
    assert account["charges"][0]["origin"].endswith("#API")


async def test_a_rejected_message_is_taken_again_once_its_profile_is_mended(office):
    (result,) = await office.hl7(register(sender="NEW|HOSP"))
    assert result["result"] == "REJECTED"
    listed = (await office.get("/v1/messages?outcome=rejected")).json()["data"]
    assert listed[0]["encounter_id"] is None
    book: ProfileBook = ProfileBook(office.data_dir / "profiles")
    (office.data_dir / "profiles" / "northside" / "profiles").mkdir()
    (office.data_dir / "profiles" / "northside" / "profiles" / "new.yaml").write_text(
        OWN_PROFILE.replace("office", "new").replace("EHR|", "NEW|")
    )
    office.client._transport.app.state.profiles_of = book.of_tenant
    path = f"/v1/messages/{result['message_id']}/replays"
    again = await office.client.post(path, headers=office.bearer())
    assert again.json()["result"] == "ACCEPTED_WITH_ISSUES"
    assert len((await office.get(f"/v1/messages/{result['message_id']}")).json()) == 2


async def test_an_encounter_is_read_again_once_its_profile_is_mended(office):
    line = ft1("T1", "10.00", "", f7="L4^LEVEL 4^CDM")
    latin = message("DFT^P03", pid(f5="M\xfcLLER^ALPHA"), pv1(), line, in1(), more="||||||8859/1")
    (result,) = await office.hl7(latin.decode().encode("latin-1"))
    path = f"/v1/encounters/{result['encounter_ids'][0]}"
    assert (await office.get(path)).json()["status"] == "held"
    profile = office.data_dir / "profiles" / "northside" / "profile.yaml"
    profile.write_text(OWN_PROFILE + "charge_master: {L4: {procedure_code: '99214'}}\n")
    office.client._transport.app.state.profiles_of = ProfileBook(
        office.data_dir / "profiles"
    ).of_tenant
    done = await office.client.post(f"{path}/replays", headers=office.bearer())
    assert (done.status_code, done.json()["status"], done.json()["billed_cents"]) == (
        201,
        "coded",
        1_000,
    )
    assert len((await office.get(f"{path}/messages")).json()["data"]) == 1
    account = (await office.get(f"{path}/account", "coder")).json()
    assert account["patient"]["person"]["name"]["last"] == "MüLLER"


async def test_a_merge_over_the_wire_sends_later_messages_on(office):
    await office.hl7(register())
    await office.hl7(message("DFT^P03", pid("R0", "A0"), pv1(visit="V0"), ft1("T0", "50.00")))
    merge = message("ADT^A40", pid(), segment("MRG", f1="R0^^^HOSP^MR", f3="A0"), sent="20260305")
    await office.hl7(merge)
    (late,) = await office.hl7(
        message(
            "DFT^P03", pid("R0", "A0"), pv1(visit="V0"), ft1("T9", "5.00", "93000^^C4"), number="9"
        )
    )
    assert "merged-away" in [r["rule_id"] for r in late["reasons"]]
    listed = (await office.get("/v1/encounters")).json()["data"]
    assert sorted((e["status"], e["billed_cents"]) for e in listed) == [
        ("coded", 5_500),
        ("merged", 0),
    ]


async def test_accounts_merged_into_each_other_stay_one_account(office):
    def merge(stays: str, goes: str, number: str) -> bytes:
        mrg = segment("MRG", f1=f"{goes}^^^HOSP^MR", f3=goes)
        return message("ADT^A40", pid(stays, stays), mrg, number=number, sent="20260305")

    await office.hl7(merge("A", "B", "1"))
    await office.hl7(merge("B", "A", "2"))
    for number, account in (("3", "A"), ("4", "B")):
        line = ft1(f"T{number}", "5.00")
        await office.hl7(message("DFT^P03", pid(account, account), pv1(), line, number=number))
    listed = (await office.get("/v1/encounters")).json()["data"]
    assert sorted((e["status"], e["billed_cents"]) for e in listed) == [
        ("held", 1_000),
        ("merged", 0),
    ]


async def test_nothing_more_is_taken_about_a_forgotten_patient(office):
    (result,) = await office.hl7(register())
    encounter = (await office.get(f"/v1/encounters/{result['encounter_ids'][0]}")).json()
    await office.runtime.keys.destroy("northside", encounter["patient_id"])
    (after,) = await office.hl7(charges())
    assert (after["result"], after["reasons"][0]["rule_id"]) == ("REJECTED", "patient-forgotten")
    path = f"/v1/encounters/{encounter['encounter_id']}/account"
    assert (await office.get(path, "coder")).status_code == 410


async def test_a_change_of_the_patient_reaches_every_encounter(office):
    for n in (1, 2):
        await office.hl7(
            message("ADT^A04", pid(account=f"A{n}"), pv1(visit=f"V{n}"), in1(), number=str(n))
        )
    change = message("ADT^A31", pid(account="", f5="NEWNAME^X"), number="31", sent="20260309")
    (result,) = await office.hl7(change)
    assert len(result["encounter_ids"]) == 2
    for encounter_id in result["encounter_ids"]:
        account = (await office.get(f"/v1/encounters/{encounter_id}/account", "coder")).json()
        assert account["patient"]["person"]["name"]["last"] == "NEWNAME"
    (unknown,) = await office.hl7(message("ADT^A31", pid("R9", ""), number="32"))
    assert (unknown["result"], unknown["reasons"][-1]["rule_id"]) == ("IGNORED", "patient-unknown")


# -- who may see what ------------------------------------------------------------------------------


async def test_a_foreign_encounter_and_an_absent_one_get_the_same_answer(office):
    (result,) = await office.hl7(register())
    encounter_id, message_id = result["encounter_ids"][0], result["message_id"]
    for path in (
        "/v1/encounters/{}", "/v1/encounters/{}/messages", "/v1/encounters/{}/account",
        "/v1/messages/{}",
    ):  # fmt: skip
        own = message_id if "messages/{}" in path else encounter_id
        foreign = await office.get(path.format(own), "coder", tenant="lakeview")
        absent = await office.get(path.format("enc_aaaaaaaaaaaaaaaa"), "coder", tenant="lakeview")
        assert foreign.status_code == absent.status_code == 404
        assert {**foreign.json(), "request_id": ""} == {**absent.json(), "request_id": ""}
    assert (await office.get("/v1/encounters", tenant="lakeview")).json()["data"] == []
    path = f"/v1/encounters/{encounter_id}/releases"
    refused = await office.client.post(path, json={}, headers=office.bearer(tenant="lakeview"))
    assert refused.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", "/v1/encounters/x/account", ("viewer", "operator", "integration")),
        ("POST", "/v1/encounters/x/releases", ("viewer", "operator", "integration", "biller")),
        ("PUT", "/v1/encounters/x/codes", ("viewer", "biller")),
        ("POST", "/v1/hl7", ("viewer", "operator", "biller")),
        ("POST", "/v1/fhir", ("viewer", "operator", "biller")),
        ("POST", "/v1/messages/x/replays", ("viewer", "integration")),
    ],
)
async def test_a_role_that_may_not_is_refused(office, method, path, roles):
    for role in roles:
        body = {"content": b"{}", "headers": office.bearer(role) | FHIR}
        assert (await office.client.request(method, path, **body)).status_code == 403, role


async def test_the_canary_patient_is_in_no_answer_log_or_file(office):
    await connects(office)
    parts = [
        m.replace(b"TESTPATIENT", CANARY).replace(b"W123456789", CANARY)
        for m in (register(), charges())
    ]
    await office.mllp(*parts)
    await office.hl7(parts[1].replace(b"285.00", b"QUACKENBUSH").replace(b"DFT1", b"D2"))
    await office.hl7(b"MSH|^~\\&|EHR|QUACKENBUSH\rPID|||QUACKENBUSH\r")
    answers = [
        (await office.get(path)).content
        for path in ("/v1/encounters", "/v1/messages", "/metrics", "/status", "/openapi.json")
    ]
    sent = [m for m in json.loads(answers[1])["data"] if "QUACKENBUSH" in m["sender"]]
    assert sent, "MSH-4 names a facility, and is shown as one"
    answers[1] = answers[1].replace(b'"sender":"EHR|QUACKENBUSH"', b"")
    for answer in answers:
        assert CANARY not in answer
    assert "QUACKENBUSH" not in office.log.getvalue()


async def test_the_store_equals_what_its_log_says(tmp_path):
    async with open_office(tmp_path) as office:
        await office.hl7(register())
        await office.hl7(charges())
        await office.hl7(message("DFT^P03", pid("R0", "A0"), pv1(visit="V0"), ft1("T0", "50.00")))
        merge = message(
            "ADT^A40", pid(), segment("MRG", f1="R0^^^HOSP^MR", f3="A0"), sent="20260305"
        )
        await office.hl7(merge)
        await office.hl7(b"hello")
        while not await office.runtime.settled():  # noqa: ASYNC110 - the relay's own pace
            await asyncio.sleep(0.02)
    report = await rebuild(MANIFEST, await settings_on("", tmp_path), swap=False)
    assert report.fact_count >= 8
    assert report.differing == []


async def test_days_of_waiting_end_by_themselves(tmp_path):
    (tmp_path / "p" / "northside").mkdir(parents=True)
    (tmp_path / "p" / "northside" / "profile.yaml").write_text(OWN_PROFILE + "hold_days: 2\n")
    book = ProfileBook(tmp_path / "p")
    clock = [_noon()]
    settings = Settings(data_dir=tmp_path / "data")
    async with open_runtime(MANIFEST, settings, now=lambda: clock[0]) as runtime:
        way = Way(runtime, "northside", book.of_tenant("northside"), "waiting")
        await take_message(way, register())
        await take_message(way, charges(ft1(f4="20260301")))
        assert await look_again_at_waiting(way, "2026-03-02") == 0
        clock[0] = clock[0].replace(day=3)
        assert await look_again_at_waiting(way, "2026-03-03") == 1
        assert await look_again_at_waiting(way, "2026-03-03") == 0


async def test_a_file_of_many_messages_keeps_their_order(tmp_path):
    book = ProfileBook(None)
    async with open_runtime(MANIFEST, Settings(data_dir=tmp_path)) as runtime:
        way = Way(runtime, "northside", book.of_tenant("northside"), "folder")
        lines = [charges(ft1(f"T{n % 10}", f"{n}.00"), number=f"D{n}") for n in range(60)]
        taken = await take_file(way, b"".join([register(), *lines]))
        assert len(taken) == 61
        from coding_svc.store import encounters as store

        async with runtime.read("northside") as session:
            (row,) = await store.encounters(session, "northside", "", None, 5)
        assert row.billed_cents == sum(range(50, 60)) * 100
