"""The whole service on its embedded store: sending that never repeats itself blindly, and HTTP."""

import asyncio
import io
from contextlib import asynccontextmanager
from dataclasses import replace as replaced
from functools import partial
from types import SimpleNamespace

import httpx
import pytest
import yaml
from msgspec import to_builtins
from msgspec.structs import replace

from claims_cases import (
    PERSON,
    a_directory,
    a_subscriber,
    an_encounter,
    answered,
    remittance,
    ta1,
    two_payers,
    x277ca,
)
from claims_svc import store
from claims_svc.decide.acknowledge import learn
from claims_svc.decide.bill import bill, bill_streams
from claims_svc.handlers import coordination, desk, sending
from claims_svc.handlers.mail import Postman
from claims_svc.handlers.sending import Patience, Sender, Size
from claims_svc.handlers.service import of_job
from claims_svc.main import create_app
from claims_svc.settings import ClaimsSettings
from payer_sim.app import Setup
from payer_sim.app import create_app as create_payer
from payer_sim.book import Timing
from rcm.domain import Command
from rcm.events.envelope import Recorded
from rcm.events.phi import ClearPhi
from rcm.platform.clearinghouse.http import HttpClearinghouse
from rcm.platform.clearinghouse.port import Receipt, Unreachable, Waiting
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.runtime import open_runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log
from store_cases import STORES, admin_url_of, settings_on

NUMBER = "000000001"
REFERENCE = NUMBER * 2
SENT = Receipt("sent", "http-202")
UNKNOWN = Receipt("unknown", "timeout")
REFUSED = Receipt("not-sent", "http-400")
SOON = Patience(0.01, 0.0, 0.0, 0.0)


@pytest.fixture(params=STORES)
def admin_url(request):
    """Give each kind of store."""
    return admin_url_of(request)


class FakePort:
    """A way to a receiver whose answers are written down beforehand."""

    def __init__(self, *receipts, status=UNKNOWN, resubmits_safely=False):
        self.receipts = list(receipts)
        self.answer = status
        self.resubmits_safely = resubmits_safely
        self.parcels = []
        self.asked = 0
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.mail = {}

    async def submit(self, parcel):
        self.parcels.append(parcel)
        await self.hangs.wait()
        return self.receipts.pop(0) if self.receipts else SENT

    async def status(self, _parcel):
        self.asked += 1
        return self.answer

    async def waiting(self, _kinds, limit=100):
        return [Waiting(name, "999") for name in self.mail][:limit]

    async def fetch(self, name):
        if isinstance(self.mail[name], Exception):
            raise self.mail[name]
        return self.mail[name]

    async def acknowledge(self, name):
        del self.mail[name]

    async def close(self):
        pass


class Client:
    """A caller of the service, with its insides at hand."""

    def __init__(self, app, http, settings, log):
        self.app, self.http, self.log = app, http, log
        self.runtime = app.state.runtime
        self.directories, self.wires = app.state.directories, app.state.wires
        self._issuer = DevelopmentIssuer(settings)
        self._count = 0

    async def get(self, path, tenant="northside", roles=("biller",)):
        return await self.http.get(f"/v1{path}", headers=self._headers(tenant, roles))

    async def post(self, path, tenant="northside", roles=("biller",), key="", **body):
        self._count += 1
        headers = self._headers(tenant, roles) | {"Idempotency-Key": key or f"key-{self._count:08}"}
        if "content" in body:
            headers["Content-Type"] = "application/edi-x12"
        return await self.http.post(f"/v1{path}", headers=headers, **body)

    def _headers(self, tenant, roles):
        return {"Authorization": f"Bearer {self._issuer.token(tenant, list(roles))}"}

    async def coded(self, event=None, tenant_id="northside"):
        """Let an encounter be coded, as the reaction would bill it; gives its claims' ids."""
        event = event or an_encounter()
        recorded = Recorded(
            event_id=f"{event.encounter_id}-{event.coded_version}",
            source="coding-svc", tenant_id=tenant_id, stream_id=event.encounter_id,
            stream_version=event.coded_version, recorded_at="2026-11-22T12:00:00.000000Z",
            correlation_id="c", causation_id="c", actor="test", event=event,
        )  # fmt: skip
        await self.runtime.execute(
            Command(
                tenant_id=tenant_id,
                command_id=recorded.event_id,
                streams=bill_streams(recorded),
                decide=lambda loaded, context: bill(loaded, recorded, context, self.directories),
                actor="test",
                key_ids=[event.patient_id],
            )
        )
        async with self.runtime.read(tenant_id) as session:
            row = await store.encounter(session, tenant_id, event.encounter_id)
        return row.claim_ids

    def sender(self, patience=SOON):
        """Give a sending job of our own; the app's sleeps."""
        return Sender(self.runtime, self.directories, self.wires, Size(), patience)

    async def claim(self, claim_id):
        """Show a claim."""
        return (await self.get(f"/claims/{claim_id}")).json()

    async def interchange(self, number=NUMBER):
        """Show an interchange."""
        return (await self.get(f"/interchanges/SIMCLEAR/{number}")).json()


def without_jobs(manifest, settings):
    """Open the service without its own sending and mail, which the tests do step by step."""
    return open_runtime(replaced(manifest, jobs={}), settings)


@asynccontextmanager
async def running(tmp_path, open_port, opener=without_jobs, **own):
    folder = tmp_path / "directory"
    folder.mkdir(exist_ok=True)
    for tenant in ("northside", "lakeview"):
        content = to_builtins(a_directory(tenant_id=tenant))
        content["receivers"][0]["route"] = {"kind": "http", "url": f"http://sim/{tenant}"}
        (folder / f"{tenant}.yaml").write_text(yaml.safe_dump(content))
    settings = own.pop("settings", None) or Settings(data_dir=tmp_path, partition_count=2)
    log = io.StringIO()
    app = create_app(
        settings,
        ClaimsSettings(**own),
        log=open_log("claims-svc", to=log),
        open_port=open_port,
        open_runtime=opener,
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
    ):
        yield Client(app, http, settings, log)


@asynccontextmanager
async def over(tmp_path, port, opener=without_jobs, **own):
    """Run the service over a made-up way to its receiver."""
    async with running(tmp_path, lambda _route, _data_dir: port, opener, **own) as client:
        yield client


async def test_a_claim_goes_all_the_way_to_the_payers_acceptance(tmp_path):
    payer = create_payer(Setup(timing=Timing(0, 0, 0), tick_s=0.01))

    def open_port(route, _data_dir):
        return HttpClearinghouse(route.url, transport=httpx.ASGITransport(payer))

    async with (
        payer.router.lifespan_context(payer),
        running(
            tmp_path, open_port, open_runtime, send_interval_s=0.02, mail_interval_s=0.02
        ) as claims,
    ):
        (claim_id,) = await claims.coded()
        for _ in range(500):
            shown = await claims.claim(claim_id)
            if shown["accepted_level"] == "277CA-payer":
                break
            await asyncio.sleep(0.02)
        assert shown["accepted_level"] == "277CA-payer", claims.log.getvalue()
        assert (shown["status"], shown["attempt"]) == ("sent", 1)
        assert shown["accepted_on"]
        assert shown["payer_number"]
        interchange = await claims.interchange()
        assert (interchange["outcome"], interchange["evidence"]) == ("sent", "http-202")
        files = (await claims.get("/acknowledgements")).json()["data"]
        assert sorted(one["kind"] for one in files) == ["277CA", "277CA", "999", "TA1"]


async def test_every_query_means_the_same_on_both_stores(tmp_path, admin_url):
    """Send, refuse, correct, replace, page and list: all that is asked of the store."""
    settings = await settings_on(admin_url, tmp_path)
    async with over(tmp_path, FakePort(UNKNOWN), settings=settings) as claims:
        ids = [
            one
            for number in range(3)
            for one in await claims.coded(an_encounter(encounter_id=f"enc_{number}"))
        ]
        sender = claims.sender()
        for _ in range(2):
            await sender.look()
            await sender.finish()
        unknown = (await claims.get("/interchanges?outcome=unknown&limit=1")).json()
        assert [one["interchange_control_number"] for one in unknown["data"]] == [NUMBER]
        verdicts = ((ids[0], "A2"), (ids[1], "A7"), (ids[2], "A2"))
        data = x277ca(REFERENCE, *verdicts, payer_number="PCN7")
        assert (await claims.post("/acknowledgements", content=data)).status_code == 201
        sent = (await claims.get("/claims?status=sent&limit=1")).json()
        rest = (
            await claims.get(f"/claims?status=sent&limit=1&cursor={sent['next_cursor']}")
        ).json()
        assert {one["claim_id"] for one in (*sent["data"], *rest["data"])} == {ids[0], ids[2]}
        fixed = await claims.post(f"/claims/{ids[1]}/corrections", json={"member_number": "BPX7"})
        assert fixed.json()["events"] == ["ClaimPrepared"]
        await claims.coded(an_encounter(encounter_id="enc_0", coded_version=2))
        take = partial(desk.bill_waiting, claims.runtime, "northside", claims.directories)
        assert await take() == 1
        assert await desk.make_corrections(claims.runtime, "northside", claims.directories) == 0
        ready = (await claims.get("/claims?status=ready")).json()["data"]
        assert sorted(one["frequency_code"] for one in ready) == ["1", "7"]
        files = (await claims.get("/acknowledgements")).json()["data"]
        assert [one["claim_count"] for one in files] == [3]


async def test_the_next_payer_is_asked_by_the_job_on_both_stores(tmp_path, admin_url):
    """The first payer's claim, its answer, the second's claim out of the job, read by HTTP."""
    settings = await settings_on(admin_url, tmp_path)
    port = FakePort()
    async with over(tmp_path, port, settings=settings) as claims:
        (primary,) = await claims.coded(two_payers())
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        take = partial(
            coordination.tell_next_payers, claims.runtime, "northside", claims.directories
        )
        assert await take() == 0
        cause = answered(primary).event
        await claims.runtime.execute(
            of_job("northside", "test")(
                [primary],
                lambda loaded, context: learn(loaded, SimpleNamespace(event=cause), context),
            )
        )
        assert await take() == 1
        assert await take() == 0
        following = (await claims.claim(primary))["next_claim_id"]
        shown = await claims.claim(following)
        assert (shown["status"], shown["prior_claim_id"]) == ("ready", primary)
        assert shown["payer_id"] == "SKMCD"
        text = (await claims.get(f"/claims/{following}/x12")).json()["x12"]
        assert "SVD*54771*100*HC:G0439**1" in text
        await sender.look()
        await sender.finish()
        assert b"SBR*P*18*GRP001******BL~" in port.parcels[1].data


async def test_a_supplement_is_taken_whole_or_refused_by_its_place(tmp_path):
    async with over(tmp_path, FakePort()) as claims:
        (claim_id,) = await claims.coded()
        path = f"/claims/{claim_id}/corrections"
        for more, place in (
            ({"notes": [{"code": "ADD", "text": "ADA XIONG", "tone": "CANARY"}]}, "$.supplement"),
            ({"ambulance": {"reason_code": "CANARY"}}, "$.supplement.ambulance"),
            ({"weight_pounds": "CANARY"}, "$.supplement.weight_pounds"),
            ({"lines": {"CANARY": {"is_epsdt": 1}}}, "$.supplement.lines"),
            ({"notes": [{"code": "ADD", "text": "x" * 81}]}, "$.supplement.notes"),
        ):
            refused = await claims.post(path, json={"supplement": more})
            assert (refused.status_code, refused.json()["title"]) == (
                400, "Supplement not understood",
            )  # fmt: skip
            assert place in refused.json()["detail"]
            assert "CANARY" not in refused.text
        note = {"notes": [{"code": "ADD", "text": "SECOND OPINION"}]}
        taken = await claims.post(path, json={"supplement": note})
        assert taken.json()["events"] == ["ClaimPrepared"]
        text = (await claims.get(f"/claims/{claim_id}/x12")).json()["x12"]
        assert "NTE*ADD*SECOND OPINION" in text


async def test_the_intent_is_durable_before_the_first_byte_leaves(tmp_path):
    port = FakePort()
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        port.hangs.clear()
        sender = claims.sender()
        await sender.look()
        for _ in range(300):
            if port.parcels:
                break
            await asyncio.sleep(0.01)
        assert (await claims.interchange())["outcome"] == ""
        assert (await claims.claim(claim_id))["status"] == "batched"
        port.hangs.set()
        await sender.finish()
        assert (await claims.claim(claim_id))["status"] == "sent"


async def test_an_unknown_outcome_is_asked_about_and_never_handed_over_again(tmp_path):
    port = FakePort(UNKNOWN)
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        for _ in range(5):
            await sender.look()
            await sender.finish()
        assert port.asked >= 3
        assert len(port.parcels) == 1
        assert (await claims.interchange())["outcome"] == "unknown"
        listed = (await claims.get("/interchanges?outcome=unknown")).json()["data"]
        assert [one["interchange_control_number"] for one in listed] == [NUMBER]
        assert (await claims.claim(claim_id))["status"] == "batched"


@pytest.mark.parametrize(
    ("answer", "status"),
    [(Receipt("sent", "status-found"), "sent"), (Receipt("not-sent", "status-absent"), "ready")],
)
async def test_a_status_settles_what_was_unknown(tmp_path, answer, status):
    port = FakePort(UNKNOWN, status=answer)
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        (wire,) = [one for one in claims.wires.all() if one.tenant_id == "northside"]
        await sender.settle_open(wire)
        assert (await claims.interchange())["evidence"] == answer.evidence
        assert (await claims.claim(claim_id))["status"] == status


async def test_an_absence_is_not_believed_before_its_time(tmp_path):
    port = FakePort(UNKNOWN, status=Receipt("not-sent", "status-absent"))
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender(Patience(0.01, 0.0, 90.0, 0.0))
        for _ in range(3):
            await sender.look()
            await sender.finish()
        assert port.asked >= 1
        assert (await claims.claim(claim_id))["status"] == "batched"


async def test_the_very_same_bytes_go_again_only_where_that_is_declared_safe(tmp_path):
    port = FakePort(UNKNOWN, SENT, resubmits_safely=True)
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        for _ in range(3):
            await sender.look()
            await sender.finish()
        first, second = port.parcels
        assert first == second
        assert (await claims.claim(claim_id))["status"] == "sent"


async def test_a_process_that_ended_on_the_wire_leaves_an_unknown_and_no_second_sending(tmp_path):
    async with over(tmp_path, FakePort()) as claims:
        (claim_id,) = await claims.coded()
        receiver = claims.directories("northside").receiver("SIMCLEAR")
        written = await sending.write_next(claims.runtime, "northside", receiver, "P", Size())
        assert written.interchange_control_number == NUMBER
    port = FakePort()
    async with over(tmp_path, port) as claims:
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        assert (await claims.interchange())["outcome"] == "unknown"
        assert (await claims.interchange())["evidence"] == "interrupted"
        assert port.parcels == []
        # The numbers went on: the next interchange is another one.
        await claims.coded(an_encounter(encounter_id="enc_2"))
        await sender.look()
        await sender.finish()
        assert port.parcels[0].interchange_control_number == "000000002"
        assert (await claims.claim(claim_id))["status"] == "batched"


async def test_an_answer_settles_an_unknown_interchange(tmp_path):
    port = FakePort(UNKNOWN)
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        data = x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN7")
        answer = await claims.post("/acknowledgements", content=data)
        assert answer.status_code == 201
        assert answer.json()["events"] == [
            "AcknowledgementReceived", "InterchangeSettled", "ClaimSubmitted", "ClaimAcknowledged",
        ]  # fmt: skip
        assert (await claims.interchange())["evidence"] == "277CA"


async def test_an_835_settles_an_unknown_interchange(tmp_path):
    port = FakePort(UNKNOWN)
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        cause = remittance(claim_id).event
        await claims.runtime.execute(
            of_job("northside", "test")(
                [claim_id],
                lambda loaded, context: learn(loaded, SimpleNamespace(event=cause), context),
            )
        )
        (wire,) = [one for one in claims.wires.all() if one.tenant_id == "northside"]
        await sender.settle_open(wire)
        assert (await claims.interchange())["evidence"] == "835"
        assert (await claims.claim(claim_id))["status"] == "sent"


async def test_an_operator_settles_what_nothing_else_could(tmp_path):
    port = FakePort(UNKNOWN)
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        path = f"/interchanges/SIMCLEAR/{NUMBER}/settlement"
        body = {"outcome": "not-sent"}
        assert (await claims.post(path, json=body)).status_code == 403, "a biller may not"
        told = await claims.post(path, roles=("operator",), json=body)
        assert told.json()["events"] == ["InterchangeSettled", "ClaimReleased"]
        assert (await claims.claim(claim_id))["status"] == "ready"
        again = await claims.post(path, roles=("operator",), json={"outcome": "sent"})
        assert (again.status_code, again.json()["type"].split("/")[-1]) == (
            409, "interchange-settled",
        )  # fmt: skip


async def test_a_receiver_that_refuses_is_left_alone_for_a_while(tmp_path):
    port = FakePort(*[REFUSED] * 9)
    async with over(tmp_path, port) as claims:
        await claims.coded()
        sender = claims.sender(Patience(0.01, 0.0, 0.0, 60.0))
        for _ in range(4):
            await sender.look()
            await sender.finish()
        assert len(port.parcels) == 1
        assert (await claims.interchange())["outcome"] == "not-sent"


async def test_a_receiver_that_hangs_stops_only_itself(tmp_path):
    ports = {}

    def open_port(_route, _data_dir):
        ports[len(ports)] = FakePort()
        return ports[len(ports) - 1]

    async with running(tmp_path, open_port) as claims:
        await claims.coded(tenant_id="northside")
        await claims.coded(tenant_id="lakeview")
        wires = claims.wires.all()
        stuck = next(one for one in wires if one.tenant_id == "lakeview")
        stuck.port.hangs.clear()
        sender = claims.sender()
        await sender.look()
        for _ in range(200):
            rows = (await claims.get("/claims?status=sent")).json()["data"]
            if rows:
                break
            await asyncio.sleep(0.01)
        assert len(rows) == 1
        await sender.stop()


async def test_claims_gather_as_long_as_more_become_ready(tmp_path):
    port = FakePort()
    async with over(tmp_path, port) as claims:
        sender = claims.sender(Patience(0.01, 0.0, 0.0, 0.0, 60.0))
        for number in range(3):
            await claims.coded(an_encounter(encounter_id=f"enc_{number}"))
            assert await sender.look(gathers=True)
            await sender.finish()
        assert port.parcels == []
        await sender.look(gathers=True)
        await sender.finish()
        (parcel,) = port.parcels
        assert parcel.data.count(b"~CLM*") == 3


async def test_claims_do_not_gather_for_ever_nor_when_somebody_asks(tmp_path):
    port = FakePort()
    async with over(tmp_path, port) as claims:
        sender = claims.sender(Patience(0.01, 0.0, 0.0, 0.0, 0.0))
        await claims.coded(an_encounter(encounter_id="enc_1"))
        await sender.look(gathers=True)
        await sender.finish()
        assert len(port.parcels) == 1
        patient = claims.sender(Patience(0.01, 0.0, 0.0, 0.0, 60.0))
        await claims.coded(an_encounter(encounter_id="enc_2"))
        await patient.look(gathers=True)
        assert len(port.parcels) == 1
        await patient.look()
        await patient.finish()
        assert len(port.parcels) == 2


async def test_a_mailbox_that_fails_is_read_again_and_loses_nothing(tmp_path):
    port = FakePort()
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        (wire,) = [one for one in claims.wires.all() if one.tenant_id == "northside"]
        postman = Postman(claims.runtime, claims.wires, open_log("x", to=io.StringIO()), 1.0)
        port.mail = {"a": Unreachable("gone"), "b": RuntimeError("poison"), "c": b"hello"}
        assert await postman.round(wire) == 1
        assert list(port.mail) == ["a", "b"], "what failed is still there"
        port.mail = {"a": ta1(NUMBER, "R", "024")}
        assert await postman.round(wire) == 1
        assert port.mail == {}
        assert (await claims.claim(claim_id))["rejected_level"] == "TA1"
        kinds = [one["kind"] for one in (await claims.get("/acknowledgements")).json()["data"]]
        assert sorted(kinds) == ["TA1", "unreadable"]


async def test_a_dropped_acknowledgement_is_taken_in(tmp_path):
    async with over(tmp_path, FakePort(), open_runtime, drop_settle_s=0) as claims:
        (claim_id,) = await claims.coded()
        for _ in range(300):
            if (await claims.claim(claim_id))["status"] == "sent":
                break
            await asyncio.sleep(0.02)
        inbox = tmp_path / "drop" / "acknowledgements" / "northside" / "in"
        (inbox / "answer.277").write_bytes(x277ca(REFERENCE, (claim_id, "A7")))
        for _ in range(300):
            shown = await claims.claim(claim_id)
            if shown["status"] == "rejected":
                break
            await asyncio.sleep(0.02)
        assert shown["reasons"][0]["rule_id"] == "277ca-a7-20"


async def test_a_rejected_claim_is_fixed_and_sent_again_over_http(tmp_path):
    port = FakePort()
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        await claims.post("/acknowledgements", content=x277ca(REFERENCE, (claim_id, "A7")))
        worklist = (await claims.get("/claims?status=held&status=rejected")).json()["data"]
        assert [one["claim_id"] for one in worklist] == [claim_id]
        fixed = await claims.post(
            f"/claims/{claim_id}/corrections", key="fix-it-once", json={"member_number": "BPX7"}
        )
        assert (fixed.status_code, fixed.json()["events"]) == (201, ["ClaimPrepared"])
        again = await claims.post(
            f"/claims/{claim_id}/corrections", key="fix-it-once", json={"member_number": "BPX7"}
        )
        assert again.json() == {"events": ["ClaimPrepared"], "repeated": True}
        other = await claims.post(
            f"/claims/{claim_id}/corrections", key="fix-it-once", json={"member_number": "BPX8"}
        )
        assert other.status_code == 409
        await sender.look()
        await sender.finish()
        assert b"BPX7" in port.parcels[1].data
        shown = await claims.claim(claim_id)
        assert (shown["status"], shown["attempt"]) == ("sent", 2)


async def test_later_versions_and_denials_are_taken_up_by_the_job(tmp_path):
    port = FakePort()
    async with over(tmp_path, port) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        await claims.coded(an_encounter(coded_version=2))
        take = partial(desk.bill_waiting, claims.runtime, "northside", claims.directories)
        assert await take() == 0
        waiting = (await claims.get("/encounters")).json()["data"]
        assert [one["outcome"] for one in waiting] == ["waiting"]
        data = x277ca(REFERENCE, (claim_id, "A2"), payer_number="PCN7")
        await claims.post("/acknowledgements", content=data)
        assert await take() == 1
        assert await take() == 0
        ready = (await claims.get("/claims?status=ready")).json()["data"]
        assert [one["frequency_code"] for one in ready] == ["7"]


async def test_x12_is_shown_to_those_who_may_see_phi_and_to_nobody_else(tmp_path):
    async with over(tmp_path, FakePort()) as claims:
        (claim_id,) = await claims.coded()
        path = f"/claims/{claim_id}/x12"
        shown = (await claims.get(path)).json()["x12"]
        assert shown.startswith("ST*837*0001*005010X222A1~\n")
        assert "XIONG" in shown
        for role in ("viewer", "operator", "integration"):
            assert (await claims.get(path, roles=(role,))).status_code == 403
        await claims.runtime.keys.destroy("northside", "pt_1")
        gone = await claims.get(path)
        assert (gone.status_code, gone.json()["type"].split("/")[-1]) == (409, "patient-forgotten")


ROUTES = [
    ("get", "/claims/{claim}"),
    ("get", "/claims/{claim}/x12"),
    ("post", "/claims/{claim}/release"),
    ("post", "/claims/{claim}/hold"),
    ("post", "/claims/{claim}/corrections"),
    ("get", "/interchanges/SIMCLEAR/{number}"),
    ("post", "/interchanges/SIMCLEAR/{number}/settlement"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_a_foreign_id_and_an_absent_one_get_the_same_answer(tmp_path, method, path):
    async with over(tmp_path, FakePort(UNKNOWN)) as claims:
        (claim_id,) = await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        body = {"outcome": "sent"} if "settlement" in path else {"member_number": "X1"}
        answers = []
        for claim, number in ((claim_id, NUMBER), ("PABSENT", "000000099")):
            call = partial(claims.post, json=body) if method == "post" else claims.get
            found = await call(
                path.format(claim=claim, number=number), tenant="lakeview", roles=("manager",)
            )
            answers.append((found.status_code, found.json()["title"]))
        assert answers[0] == answers[1] == (404, "Not found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/claims/PX/corrections", {"member_number": 5}),
        ("/claims/PX/corrections", {"patient_name": "x"}),
        ("/claims/PX/corrections", {"born_on": "1980-2-3"}),
        ("/claims/px/release", {}),
        (f"/interchanges/SIMCLEAR/{NUMBER}/settlement", {"outcome": "unknown"}),
        ("/interchanges/SIMCLEAR/1/settlement", {"outcome": "sent"}),
    ],
)
async def test_a_malformed_request_is_refused_as_such(tmp_path, path, body):
    async with over(tmp_path, FakePort()) as claims:
        answer = await claims.post(path, roles=("manager",), json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("data", [b"", b"hello", b"ISA*00*", b"\xff" * 2_000])
async def test_what_is_no_acknowledgement_is_refused_over_http(tmp_path, data):
    async with over(tmp_path, FakePort()) as claims:
        answer = await claims.post("/acknowledgements", content=data)
        assert answer.status_code in (400, 422)
        assert (await claims.get("/acknowledgements")).json()["data"] == []


async def test_an_unauthenticated_caller_learns_nothing(tmp_path):
    async with over(tmp_path, FakePort()) as claims:
        for path in ("/v1/claims", "/v1/interchanges", "/v1/acknowledgements", "/v1/encounters"):
            assert (await claims.http.get(path)).status_code == 401


async def test_listings_have_pages(tmp_path):
    async with over(tmp_path, FakePort()) as claims:
        for number in range(5):
            await claims.coded(an_encounter(encounter_id=f"enc_{number}"))
        seen, cursor = [], ""
        while True:
            page = (await claims.get(f"/claims?limit=2&cursor={cursor}")).json()
            seen += [one["claim_id"] for one in page["data"]]
            if not page["has_more"]:
                break
            cursor = page["next_cursor"]
        assert len(seen) == len(set(seen)) == 5
        foreign = await claims.get(f"/claims?limit=2&cursor={cursor}", tenant="lakeview")
        assert foreign.status_code == 400


async def test_the_patient_stands_in_no_row_no_log_and_no_answer(tmp_path):
    port = FakePort()
    async with over(tmp_path, port) as claims:
        person = replace(PERSON, last_name="CANARYNAME", first_name="CANARYFIRST")
        subscriber = a_subscriber(person=person, member_number="CANARYMEMBER")
        event = an_encounter(subscribers=ClearPhi.of("pt_1", [subscriber]))
        (claim_id,) = await claims.coded(event)
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        assert b"CANARYNAME" in port.parcels[0].data, "the payer is told"
        data = x277ca(REFERENCE, (claim_id, "A7"), text="CANARYNAME")
        await claims.post("/acknowledgements", content=data)
        texts = [
            (await claims.get(path)).text
            for path in ("/claims", "/interchanges", "/acknowledgements", "/encounters")
        ]
        assert "CANARY" not in "".join([*texts, claims.log.getvalue()])
    for path in [*tmp_path.glob("stores/*"), tmp_path / "log.db"]:
        assert b"CANARY" not in path.read_bytes(), path.name


async def test_a_directory_is_read_again_when_it_changes_and_kept_when_it_breaks(tmp_path):
    async with over(tmp_path, FakePort()) as claims:
        path = tmp_path / "directory" / "northside.yaml"
        path.write_text(yaml.safe_dump(to_builtins(a_directory(version="test-2"))))
        claims.directories.refresh()
        assert claims.directories("northside").version == "test-2"
        path.write_text("version: [")
        claims.directories.refresh()
        assert claims.directories("northside").version == "test-2"
        assert "northside.yaml" in claims.directories.faults


async def test_a_job_of_another_tenant_cannot_settle(tmp_path):
    async with over(tmp_path, FakePort(UNKNOWN)) as claims:
        await claims.coded()
        sender = claims.sender()
        await sender.look()
        await sender.finish()
        from rcm.problems import NotFound

        with pytest.raises(NotFound):
            await sending.settle_interchange(
                claims.runtime, "lakeview", "SIMCLEAR", NUMBER, SENT, of_job("lakeview", "x")
            )
