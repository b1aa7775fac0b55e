"""Physician queries as a coder, a physician and an EHR meet them: every door, each store.

The story in short: an encounter is held, a coder asks, the EHR gets the question as MDM^T02 on a
real socket and sends the answer as MDM, the coder recodes and closes, and the encounter is coded.
"""

import asyncio
import io
import json
import multiprocessing
import os
import signal
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from codes_cases import built_folder
from coding_cases import charges, ft1, message, pid, pv1, register, segment
from coding_desk_cases import desk_settings
from coding_svc.codec.mllp import framed
from coding_svc.gateway.query_book import QueryBook
from coding_svc.handlers.queries import Courier
from coding_svc.main import MANIFEST
from coding_svc.store import queries as store_queries
from coding_svc.store.queries import QueryFilter
from query_cases import TEMPLATES
from query_world import ADVISOR_NPI, KIDNEY, clinic, configure, mdm, receiving
from rcm.lifecycle.steps import encounter_story, step_of, stories
from rcm.platform.rebuild import rebuild
from rcm.platform.runtime import open_runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log

BACKENDS = ["embedded", pytest.param("kafka-and-postgres", marks=pytest.mark.connected)]
CANARY = "QUACKENBUSH"
QUESTION = {
    **KIDNEY,
    "indicators": [*KIDNEY["indicators"], {"slot": "urine", "value": CANARY, "source": "LAB-3"}],
}
processes = multiprocessing.get_context("forkserver")


@pytest.fixture(params=BACKENDS)
def places(request):
    """Where PostgreSQL and Kafka are; both empty for the embedded default."""
    if request.param == "embedded":
        return "", ""
    return request.getfixturevalue("postgres_url"), request.getfixturevalue("kafka_address")


@pytest.fixture
async def desk(tmp_path):
    """A clinic whose EHR takes every query."""
    async with receiving() as ehr:
        folder = configure(tmp_path / "profiles", **mdm(ehr.port))
        async with clinic(Settings(data_dir=tmp_path / "data"), folder) as opened:
            opened.ehr, opened.folder = ehr, folder
            yield opened


def uncoded(account: str = "A1") -> bytes:
    """Charges without diagnoses: nothing else is missing."""
    text = charges(ft1(f"TX{account}", f19=""), number=f"DFT{account}").decode()
    return text.replace(pid(), pid(f"R{account}", account)).encode()


def arriving(account: str = "A1") -> bytes:
    return register(number=f"ADT{account}").replace(
        pid().encode(), pid(f"R{account}", account).encode()
    )


def answering(
    query_id: str, *observations: str, number: str = "ANS1", account: str = "A1"
) -> bytes:
    who = "1999999901^ALPHADOC^ANNA^^^^^^NPI^^^^NPI"
    txa = segment("TXA", f1="1", f2="CN", f10=who, f12=f"DOC{number}", f13=query_id, f17="AU")
    rows = observations or (
        segment("OBX", f1="1", f2="CWE", f3="RESPONSE^^L", f5="a^Acute^RCMQ", f11="F"),
        segment("OBX", f1="2", f2="TX", f3="COMMENT^^L", f5=f"{CANARY}, prerenal.", f11="F"),
    )
    visit = pv1(visit=f"V{account}")
    return message("MDM^T02", pid(f"R{account}", account), visit, txa, *rows, number=number)


async def held(desk, account: str = "A1") -> str:
    """An encounter that waits for its diagnoses."""
    (encounter_id,) = (await desk.hl7(arriving(account)))["encounter_ids"]
    await desk.hl7(uncoded(account).replace(b"|V1|", f"|V{account}|".encode()))
    return encounter_id


async def sent(desk, encounter_id: str, **changes) -> str:
    query_id = (await desk.open(encounter_id, **changes))["query_id"]
    await desk.ask("POST", f"/v1/queries/{query_id}/deliveries", {}, status=202)
    return query_id


async def over_mllp(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(framed(data))
    answer = await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 20)
    writer.close()
    await writer.wait_closed()
    return answer


async def settled(runtime) -> None:
    async with asyncio.timeout(30):
        while not await runtime.settled():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.02)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# -- the whole story -------------------------------------------------------------------------------


async def seen(desk, query_id: str) -> list:
    """Everything that people see of queries."""
    paths = (
        f"/v1/queries/{query_id}",
        "/v1/queries",
        "/v1/queries?status=open",
        "/v1/queries/measures?by=template_id",
        "/v1/queries/measures?by=month&hours=business",
        "/v1/encounters",
    )
    return [await desk.ask("GET", path, status=200) for path in paths]


@pytest.mark.timeout(280)
async def test_a_query_from_the_hold_to_the_coded_encounter_and_the_same_after_a_rebuild(
    places, tmp_path
):
    settings = await desk_settings(*places, tmp_path)
    tenant, port = f"query-{uuid.uuid4().hex[:8]}", free_port()
    settings = settings.model_copy(update={"tenants": (tenant,)})
    async with receiving() as ehr:
        folder = configure(tmp_path / "profiles", tenant, **mdm(ehr.port))
        own = {"mllp_ports": f"{tenant}={port}"}
        async with clinic(settings, folder, tenant=tenant, **own) as desk:
            query_id = await _asked_and_answered(desk, ehr, port)
            before = await seen(desk, query_id)
            await settled(desk.runtime)
            told = await _story(desk, before[0]["encounter_id"])
        report = await rebuild(MANIFEST, settings)
        assert report.differing == []
        async with clinic(settings, folder, tenant=tenant, **own) as desk:
            assert await seen(desk, query_id) == before
    assert told == [
        "held by a physician query",
        "physician query drafted: clinical significance",
        "physician query sent as MDM^T02",
        "physician query answered",
        "waits for its coder to read an answer",
        "coded, version 1: 1 line",
        "no longer held by a physician query",
        "physician query closed: answered",
    ]


async def _asked_and_answered(desk, ehr, port: int) -> str:
    encounter_id = await held(desk)
    query_id = await sent(desk, encounter_id)
    await desk.until(query_id, delivery="delivered", evidence="AA")
    assert len(ehr.messages) == 1
    assert (await desk.ask("GET", "/v1/desk/queue", status=200))["data"] == []
    assert b"|MDM^T02^MDM_T02|" in ehr.messages[0]
    ack = await over_mllp(port, answering(query_id))
    assert b"MSA|AA|ANS1" in ack
    assert b"MSA|AA|ANS1" in await over_mllp(port, answering(query_id))
    full = await desk.until(query_id, status="answered")
    assert (full["response"], full["option_key"], full["answered_via"]) == ("agree", "a", "mdm")
    assert full["answered_by"] == "1999999901"
    assert full["answer_count"] == 1
    assert full["answer"]["text"] == f"{CANARY}, prerenal."
    path = f"/v1/encounters/{encounter_id}"
    body = {"diagnoses": ["N17.9"]}
    recoded = await desk.ask("PUT", f"{path}/codes", body, status=200)
    assert recoded["status"] == "held"
    assert [r["rule_id"] for r in recoded["reasons"]] == ["query-answered"]
    ready = await desk.ask("GET", "/v1/desk/queue", status=200)
    assert [item["encounter_id"] for item in ready["data"]] == [encounter_id]
    refused = await desk.ask("POST", f"{path}/releases", {})
    assert refused.json()["type"] == "/problems/encounter-incomplete"
    await desk.ask("POST", f"/v1/queries/{query_id}/closures", {"cause": "answered"}, status=201)
    coded = await desk.ask("GET", path, status=200)
    assert (coded["status"], coded["coded_version"]) == ("coded", 1)
    return query_id


NOTE = "Hypertension. Type 2 diabetes with neuropathy. No chest pain. Creatinine rose to 3.2."


@pytest.mark.timeout(280)
async def test_from_a_note_over_suggestions_and_a_query_to_the_coded_encounter(places, tmp_path):
    settings = await desk_settings(*places, tmp_path)
    tenant, port = f"story-{uuid.uuid4().hex[:8]}", free_port()
    settings = settings.model_copy(update={"tenants": (tenant,)})
    own = {"codes_dir": built_folder(), "suggestions_s": 0.05, "mllp_ports": f"{tenant}={port}"}
    async with receiving() as ehr:
        folder = configure(tmp_path / "profiles", tenant, **mdm(ehr.port))
        async with clinic(settings, folder, tenant=tenant, **own) as desk:
            encounter_id = await held(desk)
            path = f"/v1/encounters/{encounter_id}"
            note = await _suggested(desk, path)
            query_id = await sent(desk, encounter_id)
            await desk.until(query_id, delivery="delivered")
            # What the coder accepts meanwhile is coded; only the query holds it then.
            body = {"accepted": [{"code": "I10"}, {"code": "E11.40"}], "rejected": ["R07.9"]}
            after = await desk.ask("POST", f"{path}/notes/{note}/decisions", body)
            assert [r["rule_id"] for r in after.json()["reasons"]] == ["query-open"]
            assert b"MSA|AA|ANS1" in await over_mllp(port, answering(query_id))
            await desk.until(query_id, status="answered")
            header = {"diagnoses": ["N17.9", "E11.4", "I10"]}
            stopped = await desk.ask("PUT", f"{path}/codes", header, status=200)
            assert {"dx-not-in-force", "query-answered"} == {
                reason["rule_id"] for reason in stopped["reasons"]
            }
            await desk.ask("PUT", f"{path}/codes", {"diagnoses": ["N17.9", "E11.40", "I10"]})
            closing = f"/v1/queries/{query_id}/closures"
            await desk.ask("POST", closing, {"cause": "answered"}, status=201)
            coded = await desk.ask("GET", path, status=200)
            assert (coded["status"], coded["coded_version"]) == ("coded", 1)
            edits = await desk.ask("GET", f"{path}/edits", status=200)
            assert edits["code_set_versions"]["icd10cm"] == "icd10cm-fy2026"
            before = await seen(desk, query_id)
            shown = await desk.ask("GET", f"{path}/notes/{note}", status=200)
            await settled(desk.runtime)
        assert (await rebuild(MANIFEST, settings)).differing == []
        async with clinic(settings, folder, tenant=tenant, **own) as desk:
            assert await seen(desk, query_id) == before
            assert await desk.ask("GET", f"{path}/notes/{note}", status=200) == shown


async def _suggested(desk, path: str) -> str:
    """Bring a note by HL7, and wait until the model has read it."""
    txa = segment("TXA", f1="1", f2="PN", f4="202602271000", f12="DOC1", f17="AU")
    obx = segment("OBX", f1="1", f2="TX", f5=NOTE)
    await desk.hl7(message("MDM^T02", pid("RA1", "A1"), pv1(visit="VA1"), txa, obx, number="N1"))
    for _ in range(600):
        (note,) = (await desk.ask("GET", f"{path}/notes", status=200))["data"]
        if not note["is_waiting"]:
            return note["note_id"]
        await asyncio.sleep(0.05)
    raise AssertionError("the note was never read")


async def _story(desk, encounter_id: str) -> list[str]:
    """What the log tells of the encounter, of queries and their end."""
    from memory_cases import fact_of
    from rcm.events.catalogue import CATALOGUE, CODING

    told = []
    ends = await desk.runtime.log.end_offsets(CODING)
    for partition, end in ends.items():
        for offset in range(end):
            record = await desk.runtime.log.read(CODING, partition, offset)
            if record is None or record.headers["tenant"] != desk.tenant:
                continue
            fact = fact_of(CATALOGUE, record)
            if encounter_story(encounter_id) in stories(fact):
                told.append((fact.recorded_at, step_of(fact).what))
    # What was recorded in one transaction has one time: then by the words.
    return [w for _, w in sorted(told) if "query" in w or w.startswith(("coded", "waits"))]


# -- deliveries ------------------------------------------------------------------------------------


async def test_silence_is_answered_by_the_same_message_again(tmp_path):
    async with receiving("silent") as ehr:
        folder = configure(tmp_path / "p", **mdm(ehr.port))
        async with clinic(Settings(data_dir=tmp_path / "d"), folder) as desk:
            query_id = await sent(desk, await held(desk))
            failed = await desk.until(query_id, evidence="timeout")
            assert failed["delivery"] in ("due", "under-way")
            ehr.behave = "AA"
            done = await desk.until(query_id, delivery="delivered")
    assert done["attempt"] >= 2
    assert len(ehr.messages) == done["attempt"]
    assert set(ehr.messages) == {ehr.messages[0]}


async def test_a_refusal_goes_to_the_advisor_and_a_person_may_send_it_another_way(tmp_path):
    async with receiving("AR") as ehr, receiving() as other:
        ways = mdm(ehr.port, escalation=[{"physician": ADVISOR_NPI}])
        ways["channels"]["second"] = {"kind": "mdm", "port": other.port}
        ways["physicians"][ADVISOR_NPI] = {"subject": "advisor", "channel": "second"}
        folder = configure(tmp_path / "p", **ways)
        async with clinic(Settings(data_dir=tmp_path / "d"), folder) as desk:
            query_id = await sent(desk, await held(desk))
            escalated = await desk.until(query_id, level=1, delivery="delivered")
            assert (escalated["asked_subject"], escalated["delivery_number"]) == ("advisor", 2)
            assert escalated["physician_id"] == "1999999901"
            assert ADVISOR_NPI.encode() in other.messages[0]
            body = {"channel_id": "ehr"}
            path = f"/v1/queries/{query_id}/deliveries"
            again = await desk.ask("POST", path, body, status=202)
            assert (again["delivery_number"], again["channel_id"]) == (3, "ehr")
            body = {"channel_id": "pigeon"}
            refused = await desk.ask("POST", path, body)
            assert refused.json()["type"] == "/problems/channel-unknown"


def _serve_until_killed(folder: str, profiles: str, ready: str) -> None:
    """Send a query to an EHR that never answers; the target of a process that is killed."""

    async def run() -> None:
        async with clinic(Settings(data_dir=Path(folder)), Path(profiles)) as desk:
            query_id = await sent(desk, await held(desk))
            Path(ready).write_text(query_id)  # noqa: ASYNC240 - nothing else runs here
            await asyncio.sleep(60)

    asyncio.run(run())


async def test_killed_between_intent_and_receipt_it_goes_out_again_under_the_same_number(tmp_path):
    async with receiving("silent") as ehr:
        folder = configure(tmp_path / "p", **mdm(ehr.port))
        ready = tmp_path / "ready"
        child = processes.Process(
            target=_serve_until_killed, args=(str(tmp_path / "d"), str(folder), str(ready))
        )
        child.start()
        async with asyncio.timeout(60):
            while not ehr.messages:  # noqa: ASYNC110 - the wire tells
                await asyncio.sleep(0.02)
            while not ready.exists():  # noqa: ASYNC110 - the file tells
                await asyncio.sleep(0.02)
        os.kill(child.pid, signal.SIGKILL)
        await asyncio.to_thread(child.join, 20)
        assert child.exitcode == -signal.SIGKILL
        before, ehr.behave = len(ehr.messages), "AA"
        async with clinic(Settings(data_dir=tmp_path / "d"), folder) as desk:
            query_id = ready.read_text()
            done = await desk.until(query_id, delivery="delivered")
            await settled(desk.runtime)
        assert done["attempt"] == before + 1
        assert len(ehr.messages) == before + 1
        assert set(ehr.messages) == {ehr.messages[0]}
    report = await rebuild(MANIFEST, Settings(data_dir=tmp_path / "d"), swap=False)
    assert report.differing == []


async def test_two_couriers_of_one_service_send_a_query_once(tmp_path):
    async with receiving() as ehr:
        folder = configure(tmp_path / "p", **mdm(ehr.port))
        settings = Settings(data_dir=tmp_path / "d")
        async with clinic(settings, folder, query_interval_s=900) as desk:
            query_id = await sent(desk, await held(desk))
            log = open_log("x", to=io.StringIO())
            both = [
                Courier(
                    desk.runtime, ["northside"], QueryBook(folder), log, interval_s=1, lease_s=60
                )
                for _ in range(2)
            ]
            await asyncio.gather(*(courier.look() for courier in both))
            await asyncio.gather(*(courier.finish() for courier in both))
            await desk.until(query_id, delivery="delivered")
    assert len(ehr.messages) == 1
    assert sum(courier.attempted_count for courier in both) == 1


async def test_what_nobody_answers_is_escalated_when_its_time_is_over(tmp_path):
    clock = [datetime(2026, 3, 2, 12, tzinfo=UTC)]
    policy = {"answer_within_days": 2, "escalation": [{"physician": ADVISOR_NPI}]}
    folder = configure(tmp_path / "p", **policy)
    settings = Settings(data_dir=tmp_path / "d")
    async with clinic(settings, folder, query_interval_s=900) as desk:
        query_id = await sent(desk, await held(desk))
    async with open_runtime(MANIFEST, settings, now=lambda: clock[0]) as runtime:
        courier = Courier(
            runtime,
            ["northside"],
            QueryBook(folder),
            open_log("x", to=io.StringIO()),
            interval_s=1,
            lease_s=1,
            now=lambda: clock[0],
        )

        async def level() -> int:
            await courier.look()
            async with runtime.read("northside") as session:
                row = await store_queries.query_row(session, "northside", query_id)
            return row.level

        clock[0] = datetime.now(UTC) + timedelta(days=2, minutes=-5)
        assert await level() == 0
        clock[0] += timedelta(minutes=10)
        assert await level() == 1
        clock[0] += timedelta(days=30)
        assert await level() == 1


# -- answers by other doors ------------------------------------------------------------------------


async def test_an_answer_comes_as_a_result(desk):
    encounter_id = await held(desk)
    query_id = await sent(desk, encounter_id)
    obx = segment("OBX", f1="1", f2="ST", f3="RESPONSE^^L", f5="e", f11="F")
    result = message(
        "ORU^R01", pid(), segment("OBR", f1="1", f2=query_id, f4="Q"), obx, number="O1"
    )
    taken = await desk.hl7(result)
    assert (taken["result"], taken["encounter_ids"]) == ("ACCEPTED", [encounter_id])
    full = await desk.query(query_id)
    assert (full["response"], full["answered_via"]) == ("unable", "oru")


async def test_an_ehr_fetches_what_waits_for_it_and_answers_by_a_communication(tmp_path):
    folder = configure(
        tmp_path / "p", channels={"fetch": {"kind": "fhir-pull"}}, default_channel="fetch"
    )
    async with clinic(Settings(data_dir=tmp_path / "d"), folder) as desk:
        encounter_id = await held(desk)
        query_id = await sent(desk, encounter_id)
        assert (await desk.query(query_id))["delivery"] == "due"
        for role in ("coder", "viewer", "physician", "manager"):
            assert (await desk.ask("GET", "/v1/fhir/Communication", None, role)).status_code == 403
        answer = await desk.ask("GET", "/v1/fhir/Communication", None, "integration")
        assert answer.headers["content-type"] == "application/fhir+json"
        bundle = answer.json()
        assert (bundle["type"], bundle["total"]) == ("searchset", 1)
        (entry,) = bundle["entry"]
        assert entry["resource"]["subject"]["identifier"]["value"] == "RA1"
        assert (await desk.query(query_id))["evidence"] == "fetched"
        one = await desk.ask(
            "GET", f"/v1/fhir/Communication/{entry['resource']['id']}", None, "integration"
        )
        assert one.json() == entry["resource"]
        reply = {
            "resourceType": "Communication",
            "status": "completed",
            "inResponseTo": [{"reference": f"Communication/{entry['resource']['id']}"}],
            "payload": [{"contentString": "Volume depletion alone"}],
            "sender": {"identifier": {"value": "1999999901"}},
        }
        taken = await desk.ask(
            "POST", "/v1/fhir", reply, "integration", status=202, kind="application/fhir+json"
        )
        assert (taken["result"], taken["encounter_ids"]) == ("ACCEPTED", [encounter_id])
        full = await desk.query(query_id)
        assert (full["response"], full["option_key"], full["answered_via"]) == (
            "agree",
            "b",
            "fhir",
        )
        empty = (await desk.ask("GET", "/v1/fhir/Communication", None, "integration")).json()
        assert (empty["total"], empty["entry"]) == (0, [])


async def test_an_answer_to_a_query_that_is_not_there_is_kept_and_said(desk):
    encounter_id = await held(desk)
    query_id = await sent(desk, encounter_id)
    taken = await desk.hl7(answering("qry_aaaaaaaaaaaaaaaa", number="X1"))
    assert taken["result"] == "ACCEPTED_WITH_ISSUES"
    assert [r["rule_id"] for r in taken["reasons"]] == ["query-unknown"]
    empty = segment("OBX", f1="1", f2="ST", f3="RESPONSE^^L", f5="", f11="F")
    taken = await desk.hl7(answering(query_id, empty, number="X2"))
    assert "answer-unclear" in [r["rule_id"] for r in taken["reasons"]]
    await desk.ask("POST", f"/v1/queries/{query_id}/closures", {"cause": "withdrawn"}, status=201)
    late = message(
        "ORU^R01",
        pid(),
        segment("OBR", f1="1", f2=query_id),
        segment("OBX", f1="1", f2="ST", f3="RESPONSE^^L", f5="a", f11="F"),
        number="X3",
    )
    taken = await desk.hl7(late)
    assert taken["result"] == "REJECTED"
    assert "query-closed" in [r["rule_id"] for r in taken["reasons"]]
    listed = await desk.ask("GET", "/v1/messages?outcome=rejected", status=200)
    assert [m["control_number"] for m in listed["data"]] == ["X3"]
    assert (await desk.query(query_id))["answer_count"] == 0


async def test_an_answer_of_a_sender_that_is_not_expected_counts_for_nothing(desk):
    query_id = await sent(desk, await held(desk))
    stranger = answering(query_id).replace(b"EHR|HOSP", b"WHO|KNOWS", 1)
    assert (await desk.hl7(stranger))["result"] == "REJECTED"
    test = answering(query_id).replace(b"|ANS1|P|", b"|ANS1|T|", 1)
    assert (await desk.hl7(test))["result"] == "IGNORED"
    obx = segment("OBX", f1="1", f2="ST", f3="RESPONSE^^L", f5="a", f11="F")
    result = message(
        "ORU^R01", pid(), segment("OBR", f1="1", f2=query_id), obx, number="T2", processing="T"
    )
    assert (await desk.hl7(result))["result"] == "IGNORED"
    assert (await desk.query(query_id))["status"] == "sent"


async def test_an_answer_finds_the_account_that_took_over_the_encounter(desk):
    gone, stays = await held(desk, "A0"), await held(desk, "A1")
    query_id = await sent(desk, gone)
    mrg = segment("MRG", f1="RA0^^^HOSP^MR", f3="A0")
    merge = message("ADT^A40", pid("RA1", "A1"), mrg, number="40", sent="20260309")
    assert (await desk.hl7(merge))["result"].startswith("ACCEPTED")
    await desk.hl7(answering(query_id, account="A0"))
    reasons = (await desk.ask("GET", f"/v1/encounters/{stays}", status=200))["reasons"]
    assert {"rule_id": "query-answered", "path": f"queries/{query_id}"}.items() <= {
        (name, value) for reason in reasons for name, value in reason.items()
    }
    cause = {"cause": "answered"}
    await desk.ask("POST", f"/v1/queries/{query_id}/closures", cause, status=201)
    reasons = (await desk.ask("GET", f"/v1/encounters/{stays}", status=200))["reasons"]
    assert not [reason for reason in reasons if reason["rule_id"].startswith("query")]


# -- people ----------------------------------------------------------------------------------------


async def test_a_wording_that_leads_is_shown_with_its_places_and_never_sent(desk):
    encounter_id = await held(desk)
    body = {"encounter_id": encounter_id, **KIDNEY, "question": "Please document AKI (N17.9)."}
    opened = await desk.ask("POST", "/v1/queries", body, status=201)
    rules = {finding["rule_id"] for finding in opened["findings"]}
    assert {"leading-phrase", "code-in-query", "unsupported-diagnosis"} <= rules
    path = f"/v1/queries/{opened['query']['query_id']}"
    refused = await desk.ask("POST", f"{path}/deliveries", {})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/query-leads")
    mended = await desk.ask("PUT", f"{path}/draft", KIDNEY, status=200)
    assert mended["findings"] == []
    await desk.ask("POST", f"{path}/deliveries", {}, status=202)
    again = await desk.ask("PUT", f"{path}/draft", KIDNEY)
    assert again.json()["type"] == "/problems/query-was-sent"


async def test_a_draft_can_be_checked_without_keeping_it(desk):
    checked = await desk.ask("POST", "/v1/queries/lint", KIDNEY, status=200)
    assert (checked["may_be_sent"], checked["findings"]) == (True, [])
    assert [o["stands_for"] for o in checked["content"]["options"]][-2:] == ["other", "unable"]
    bare = {"template_id": "kidney-function"}
    checked = await desk.ask("POST", "/v1/queries/lint", bare, status=200)
    assert not checked["may_be_sent"]
    unknown = await desk.ask("POST", "/v1/queries/lint", {"template_id": "none"})
    assert unknown.json()["type"] == "/problems/query-template-not-found"
    listed = await desk.ask("GET", "/v1/queries/templates", status=200)
    assert {"kidney-function", "sepsis-indicators"} <= {t["template_id"] for t in listed}
    assert (await desk.ask("GET", "/v1/queries", status=200))["data"] == []


async def test_a_physician_sees_and_answers_what_is_addressed_to_them_and_nothing_else(desk):
    encounter_id = await held(desk)
    mine = await sent(desk, encounter_id)
    theirs = await sent(desk, encounter_id, physician_id="1999999935")
    draft = (await desk.open(encounter_id))["query_id"]

    async def alpha(method: str, path: str, body=None, **more):
        return await desk.ask(method, path, body, "physician", subject="dr-alpha", **more)

    for query in ("", "?status=open", "?status=sent"):
        listed = await alpha("GET", f"/v1/queries{query}", status=200)
        assert [row["query_id"] for row in listed["data"]] == [mine], query
    assert (await alpha("GET", "/v1/queries?status=draft", status=200))["data"] == []
    assert (await alpha("GET", f"/v1/queries/{mine}", status=200))["content"]["question"]
    for path in (f"/v1/queries/{theirs}", f"/v1/queries/{draft}"):
        assert (await alpha("GET", path)).status_code == 404
        refused = await alpha("POST", f"{path}/answers", {"option_key": "a"})
        assert refused.status_code == 404
    for method, path in (
        ("GET", "/v1/encounters"),
        ("GET", f"/v1/encounters/{encounter_id}/account"),
        ("GET", "/v1/messages"),
        ("GET", "/v1/queries/measures"),
        ("POST", f"/v1/queries/{mine}/closures"),
        ("POST", f"/v1/queries/{mine}/deliveries"),
        ("GET", "/v1/fhir/Communication"),
        ("GET", "/v1/phi-views"),
    ):
        assert (await alpha(method, path, {} if method == "POST" else None)).status_code == 403, (
            path
        )
    answered = await alpha("POST", f"/v1/queries/{mine}/answers", {"option_key": "c"}, status=201)
    assert (answered["response"], answered["answered_by"]) == ("disagree", "dr-alpha")
    unclear = await alpha("POST", f"/v1/queries/{mine}/answers", {})
    assert unclear.json()["type"] == "/problems/answer-unclear"


async def test_a_query_that_a_physician_reads_at_the_desk_is_delivered(tmp_path):
    policy = {"physicians": {"1999999901": {"subject": "dr-alpha"}}}
    folder = configure(tmp_path / "p", **policy)
    async with clinic(Settings(data_dir=tmp_path / "d"), folder) as desk:
        query_id = await sent(desk, await held(desk))
        assert (await desk.query(query_id))["delivery"] == "due"
        path = f"/v1/queries/{query_id}"
        read = await desk.ask("GET", path, None, "physician", subject="dr-alpha", status=200)
        assert (read["delivery"], read["evidence"]) == ("delivered", "fetched")


async def test_every_look_at_a_querys_words_is_recorded(desk):
    query_id = await sent(desk, await held(desk))
    await desk.ask("GET", f"/v1/queries/{query_id}", None, "physician", subject="dr-alpha")
    listed = await desk.ask("GET", "/v1/phi-views", None, "auditor", status=200)
    rows = listed["data"] if isinstance(listed, dict) else listed
    kinds = {(row["actor"], row["subject_kind"], row["subject_id"]) for row in rows}
    assert ("dr-alpha", "coding-query", query_id) in kinds


@pytest.mark.parametrize("tenant", ["lakeview"])
async def test_a_foreign_query_is_not_there(desk, tenant):
    query_id = await sent(desk, await held(desk))
    absent = "qry_aaaaaaaaaaaaaaaa"
    for method, path, body in (
        ("GET", "/v1/queries/{}", None),
        ("PUT", "/v1/queries/{}/draft", KIDNEY),
        ("POST", "/v1/queries/{}/deliveries", {}),
        ("POST", "/v1/queries/{}/answers", {"option_key": "a"}),
        ("POST", "/v1/queries/{}/escalations", None),
        ("POST", "/v1/queries/{}/closures", {"cause": "withdrawn"}),
    ):
        foreign, missing = [
            await desk.ask(method, path.format(one), body, tenant=tenant)
            for one in (query_id, absent)
        ]
        assert foreign.status_code == missing.status_code == 404, path
        assert {**foreign.json(), "request_id": ""} == {**missing.json(), "request_id": ""}
    assert (await desk.ask("GET", "/v1/queries", tenant=tenant, status=200))["data"] == []
    pulled = await desk.ask(
        "GET", f"/v1/fhir/Communication/{query_id}", None, "integration", tenant=tenant
    )
    assert pulled.status_code == 404


async def test_a_request_that_is_repeated_opens_one_query(desk):
    encounter_id = await held(desk)
    body = {"encounter_id": encounter_id, **KIDNEY}
    first = await desk.ask("POST", "/v1/queries", body)
    desk.count -= 1
    second = await desk.ask("POST", "/v1/queries", body)
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json()["query"]["query_id"] == first.json()["query"]["query_id"]
    assert len((await desk.ask("GET", "/v1/queries", status=200))["data"]) == 1


async def test_no_word_of_a_query_is_in_a_log_a_list_or_a_metric(tmp_path):
    log = io.StringIO()
    async with receiving() as ehr:
        folder = configure(tmp_path / "p", **mdm(ehr.port))
        async with clinic(Settings(data_dir=tmp_path / "d"), folder, log=log) as desk:
            encounter_id = await held(desk)
            query_id = await sent(desk, encounter_id, **QUESTION)
            await desk.until(query_id, delivery="delivered")
            await desk.hl7(answering(query_id))
            shown = [
                (await desk.ask("GET", path)).text
                for path in ("/v1/queries", "/v1/queries/measures", "/metrics", "/status")
            ]
            shown.append((await desk.ask("GET", "/v1/encounters")).text)
    assert CANARY.encode() in ehr.messages[0]
    for text in (*shown, log.getvalue()):
        assert CANARY not in text
        assert "TESTPATIENT" not in text
    for path in (tmp_path / "d").rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path.name


async def test_a_query_in_free_text_is_asked_by_the_same_rules(desk):
    encounter_id = await held(desk)
    slot = {"slot": "finding", "label": "Finding", "value": "Na 121 mmol/L", "source": "LAB-4"}
    free = {
        "encounter_id": encounter_id,
        "title": "Clarification of a laboratory value",
        "question": "Based on your clinical judgment, please clarify its meaning, if any.",
        "indicators": [slot],
        "options": [
            {"key": "a", "text": "Hyponatremia", "stands_for": "diagnosis",
             "supported_by": ["finding"]},
            {"key": "b", "text": "Without clinical significance", "stands_for": "not-significant"},
            {"key": "c", "text": "Other (please specify)", "stands_for": "other"},
            {"key": "d", "text": "Unable to determine", "stands_for": "unable"},
        ],
    }  # fmt: skip
    opened = await desk.ask("POST", "/v1/queries", free, status=201)
    assert opened["findings"] == []
    assert (opened["query"]["template_id"], opened["query"]["reason_code"]) == ("", "free-text")
    query_id = opened["query"]["query_id"]
    await desk.ask("POST", f"/v1/queries/{query_id}/deliveries", {}, status=202)
    answer = {"option_key": "c", "text": "SIADH", "answered_by": "1999999901"}
    told = await desk.ask("POST", f"/v1/queries/{query_id}/answers", answer, status=201)
    assert (told["response"], told["answered_by"]) == ("other", "1999999901")
    listed = await desk.ask("GET", "/v1/queries?template_id=-", status=200)
    assert [row["query_id"] for row in listed["data"]] == [query_id]


async def test_a_person_escalates_where_the_policy_names_somebody(tmp_path):
    folder = configure(tmp_path / "p", escalation=[{"physician": ADVISOR_NPI}])
    async with clinic(Settings(data_dir=tmp_path / "d"), folder) as desk:
        query_id = await sent(desk, await held(desk))
        path = f"/v1/queries/{query_id}/escalations"
        assert (await desk.ask("POST", path, status=201))["asked_id"] == ADVISOR_NPI
        refused = await desk.ask("POST", path)
        assert refused.json()["type"] == "/problems/nothing-to-escalate-to"


async def test_about_a_forgotten_patient_nothing_is_sent_shown_or_answered(desk):
    encounter_id = await held(desk)
    asked = await desk.ask("GET", f"/v1/encounters/{encounter_id}", status=200)
    desk.ehr.behave = "AE"
    query_id = await sent(desk, encounter_id)
    await desk.until(query_id, evidence="AE")
    await desk.runtime.keys.destroy("northside", asked["patient_id"])
    gone = await desk.until(query_id, delivery="refused", evidence="patient-forgotten")
    assert (gone["content"], gone["answer"]) == (None, None)
    refused = await desk.ask("POST", f"/v1/queries/{query_id}/answers", {"option_key": "a"})
    assert refused.json()["type"] == "/problems/patient-forgotten"
    taken = await desk.hl7(answering(query_id))
    assert taken["result"] == "REJECTED"
    cause = {"cause": "unanswered"}
    await desk.ask("POST", f"/v1/queries/{query_id}/closures", cause, status=201)


# -- lists and measures ----------------------------------------------------------------------------


async def test_each_number_opens_the_queries_that_it_counts(desk):
    ids = []
    for n, changes in enumerate(
        [{}, {"physician_id": "1999999935"}, {"template_id": "body-mass-index"}]
    ):
        encounter_id = await held(desk, f"A{n}")
        if changes.get("template_id"):
            changes["indicators"] = [
                {"slot": "body_mass_index", "value": "41", "source": "VS-1"},
                {"slot": "treatment", "value": "Dietitian", "source": "NOTE-1"},
            ]
        ids.append(await sent(desk, encounter_id, **changes))
    await desk.open(await held(desk, "A9"))
    await desk.ask("POST", f"/v1/queries/{ids[0]}/answers", {"option_key": "a"}, status=201)
    await desk.ask("POST", f"/v1/queries/{ids[1]}/answers", {"option_key": "e"}, status=201)
    for by in ("physician_id", "template_id", "coder", "kind", "reason_code", "month"):
        measured = await desk.ask("GET", f"/v1/queries/measures?by={by}", status=200)
        assert sum(g["sent_count"] for g in measured["groups"]) == 3
        for group in (measured["total"], *measured["groups"]):
            opened = await desk.ask("GET", group["href"], status=200)
            assert len(opened["data"]) == group["sent_count"], (by, group["href"])
    total = measured["total"]
    assert (measured["coded_count"], measured["query_permille"]) == (0, None), "none was released"
    assert (total["answered_count"], total["response_permille"]) == (2, 667)
    assert (total["agree_count"], total["unable_count"]) == (1, 1)
    assert total["agreement_permille"] == 500
    assert total["median_s"] is not None


async def test_the_rate_of_queries_is_of_the_encounters_released_in_the_period(desk):
    await sent(desk, await held(desk, "A1"))
    for n in range(4):
        account = f"B{n}"
        await desk.hl7(arriving(account))
        coded = uncoded(account).replace(b"|V1|", f"|V{account}|".encode())
        await desk.hl7(coded.replace(b"HOSP^^^11||||", b"HOSP^^^11|||E11.9^^I10|"))
    path = "/v1/queries/measures"
    measured = await desk.ask("GET", path, status=200)
    assert (measured["coded_count"], measured["query_permille"]) == (4, 250)
    before = await desk.ask("GET", f"{path}?sent_through=2020-01-01", status=200)
    assert (before["coded_count"], before["query_permille"]) == (0, None)


async def test_queries_are_listed_page_by_page_and_by_every_filter(desk):
    ids = [await sent(desk, await held(desk, f"A{n}")) for n in range(3)]
    draft = (await desk.open(await held(desk, "A8")))["query_id"]
    await desk.ask("POST", f"/v1/queries/{ids[0]}/answers", {"option_key": "a"}, status=201)
    cause = {"cause": "unanswered", "note_code": "physician-left"}
    await desk.ask("POST", f"/v1/queries/{ids[1]}/closures", cause, status=201)

    async def found(query: str) -> list[str]:
        listed = await desk.ask("GET", f"/v1/queries?{query}", status=200)
        return [row["query_id"] for row in listed["data"]]

    first = await desk.ask("GET", "/v1/queries?limit=3", status=200)
    rest = await found(f"limit=3&cursor={first['next_cursor']}")
    assert sorted([row["query_id"] for row in first["data"]] + rest) == sorted([*ids, draft])
    elsewhere = await desk.ask("GET", f"/v1/queries?status=sent&cursor={first['next_cursor']}")
    assert elsewhere.json()["type"] == "/problems/invalid-cursor"
    assert set(await found("status=open")) == {ids[0], ids[2], draft}
    assert await found("status=draft") == [draft]
    assert await found("status=closed") == [ids[1]]
    assert await found("response=agree") == [ids[0]]
    assert await found("response=-&status=sent") == [ids[2]]
    assert await found("is_overdue=true") == []
    assert await found("age_days=1") == []
    assert set(await found("template_id=kidney-function")) == {*ids, draft}
    assert await found("template_id=-") == []
    assert await found("physician_id=1999999935") == []
    assert await found("sent_from=2031-01-01") == []
    assert await found("sent_through=2020-01-01") == []
    assert len(await found("sent_from=2020-01-01&sent_through=2099-01-01")) == 3
    assert (await desk.ask("GET", "/v1/queries?sent_from=2026-13-01")).status_code == 422
    async with desk.runtime.read("northside") as session:
        assert await store_queries.count(session, "northside", QueryFilter(status="open")) == 3


# -- configuration ---------------------------------------------------------------------------------


def test_a_tenants_template_stands_in_for_ours_and_one_that_leads_is_refused(tmp_path):
    folder = configure(tmp_path, **mdm(2575))
    book = QueryBook(folder)
    own = folder / "northside" / "query-templates"
    own.mkdir()
    good = (TEMPLATES / "kidney-function.yaml").read_text().replace("version: 1", "version: 7")
    (own / "kidney.yaml").write_text(good)
    assert book.of_tenant("northside").templates["kidney-function"].version == 7
    assert book.of_tenant("lakeview").templates["kidney-function"].version == 1
    (own / "kidney.yaml").write_text(good.replace("The values above", "This raises the DRG: they"))
    os.utime(own / "kidney.yaml", ns=(1, 1))
    assert book.of_tenant("northside").templates["kidney-function"].version == 1
    assert "payment-or-quality at question" in book.faults["northside/kidney.yaml"]


def test_a_policy_that_cannot_be_used_leaves_the_one_before_and_is_said(tmp_path):
    folder = configure(tmp_path, **mdm(2575))
    book = QueryBook(folder)
    assert book.of_tenant("northside").policy.version == 2
    path = folder / "northside" / "queries.yaml"
    for number, bad in enumerate(("channels: [", "{}[", "nothing: 1", "- a", "version: x"), 1):
        path.write_text(bad)
        os.utime(path, ns=(number, number))
        assert book.of_tenant("northside").policy.version == 2
        assert book.faults["northside/queries.yaml"]
    path.write_text("version: 3\n")
    assert book.of_tenant("northside").policy.version == 3
    assert book.faults == {}


async def test_what_is_wrong_with_the_configuration_is_told_once(tmp_path):
    folder = configure(tmp_path / "p")
    (folder / "northside" / "queries.yaml").write_text("version: none\n")
    log = io.StringIO()
    async with clinic(Settings(data_dir=tmp_path / "d"), folder, log=log):
        await asyncio.sleep(0.3)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = [line for line in lines if line["event"] == "query-configuration-unusable"]
    assert [line["path"] for line in told] == ["northside/queries.yaml"]


async def test_a_channel_that_is_gone_is_waited_for(tmp_path):
    async with receiving("AE") as ehr:
        folder = configure(tmp_path / "p", **mdm(ehr.port))
        async with clinic(Settings(data_dir=tmp_path / "d"), folder) as desk:
            query_id = await sent(desk, await held(desk))
            await desk.until(query_id, evidence="AE")
            configure(folder, **mdm(ehr.port, channels={}, default_channel=""))
            waiting = await desk.until(query_id, evidence="channel-gone", delivery="due")
            assert waiting["next_try_at"]
