"""The whole service on its embedded store and log: HTTP in, rows and ledger out."""

import asyncio
import base64
import collections
import io
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlmodel import select

from rcm.domain import Command
from rcm.platform.clearinghouse.port import Unreachable, Waiting
from rcm.platform.folders import Archive
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.rebuild import rebuild
from rcm.platform.store.revise import revise
from rcm.platform.telemetry import open_log
from remit_cases import (
    CLAIM,
    OTHER,
    correction_of_paid,
    denied_claim,
    file_of,
    paid_claim,
    reversal_of_paid,
    submitted,
    transaction,
)
from remit_svc import handlers
from remit_svc.decide import claims as claim_decisions
from remit_svc.handlers import Intake
from remit_svc.main import MANIFEST, create_app
from remit_svc.settings import RemitSettings
from remit_svc.store import PostingRow, RemitTable
from store_cases import STORES, admin_url_of, settings_on

CANARIES = ("DOE", "M123", "TYPO-1")


class Client:
    """A caller of the service."""

    def __init__(self, app, http, settings, log):
        self.app, self.http, self.log = app, http, log
        self.runtime = app.state.runtime
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

    async def send(self, *transactions, **more):
        return await self.post("/remittances", content=file_of(*transactions), **more)

    async def submit(self, cause):
        """Put a claim's charge on record as the reaction would."""
        event = cause.event
        from rcm.adjustments.table import BUILT_IN

        await self.runtime.execute(
            Command(
                tenant_id="northside",
                command_id=f"submit-{event.claim_id}",
                streams=[event.claim_id],
                decide=lambda loaded, context: claim_decisions.on_submitted(
                    loaded.get(event.claim_id), event, context, BUILT_IN
                ),
                actor="tester",
            )
        )

    def _headers(self, tenant, roles):
        return {"Authorization": f"Bearer {self._issuer.token(tenant, list(roles))}"}


@asynccontextmanager
async def running(settings):
    log = io.StringIO()
    app = create_app(settings, RemitSettings(drop_settle_s=0.0), log=open_log("remit-svc", to=log))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
    ):
        yield Client(app, http, settings, log)


@pytest.fixture(params=STORES)
def admin_url(request):
    return admin_url_of(request)


@pytest.fixture
async def remit(admin_url, tmp_path):
    async with running(await settings_on(admin_url, tmp_path)) as client:
        yield client


async def test_a_file_is_posted_and_its_money_can_be_followed(remit):
    await remit.submit(submitted())
    answer = await remit.send(transaction(paid_claim(), payment=8_000))
    assert answer.status_code == 201
    (advice,) = answer.json()["advices"]
    assert advice["outcome"] == "posted"
    shown = (await remit.get(f"/remittances/{advice['remittance_id']}")).json()
    assert (shown["status"], shown["payment_cents"], shown["claim_count"]) == ("posted", 8_000, 1)
    (payment,) = (await remit.get(f"/remittances/{advice['remittance_id']}/claims")).json()["data"]
    assert (payment["claim_id"], payment["paid_cents"]) == (CLAIM, 8_000)
    claim = (await remit.get(f"/ledger/claims/{CLAIM}")).json()
    assert claim["legs"]["P"] == {
        "billed_cents": 12_500,
        "paid_cents": 8_000,
        "adjusted_cents": 2_000,
        "patient_cents": 2_500,
        "balance_cents": 0,
    }
    assert all(sum(posting["amounts"].values()) == 0 for posting in claim["postings"])
    trial = (await remit.get("/ledger/trial-balance")).json()
    balances = {one["account"]: one["balance_cents"] for one in trial["accounts"]}
    assert trial["total_cents"] == 0
    assert (balances["clearing"], balances["cash"], balances["patient"]) == (0, 8_000, 2_500)
    patient = (await remit.get("/patients/pt_doe/balance")).json()
    assert patient["due_cents"] == 2_500


async def test_an_account_opens_the_claims_that_it_is_made_of(remit):
    for number in (CLAIM, OTHER):
        await remit.submit(submitted(number))
    await remit.send(transaction(paid_claim(), denied_claim(), payment=8_000))
    trial = (await remit.get("/ledger/trial-balance")).json()
    for one in trial["accounts"]:
        answer = await remit.get(f"/ledger/accounts/{one['account']}/claims")
        total = sum(claim["balance_cents"] for claim in answer.json()["data"])
        if one["account"] not in {"cash", "clearing"}:
            assert total == one["balance_cents"]
    first = (await remit.get("/ledger/accounts/revenue/claims?limit=1")).json()
    path = f"/ledger/accounts/revenue/claims?cursor={first['next_cursor']}"
    assert [c["claim_id"] for c in (await remit.get(path)).json()["data"]] == [OTHER]
    assert (await remit.get("/ledger/accounts/tenant_id/claims")).status_code == 404


async def test_a_patient_owes_nothing_yet_while_a_denial_is_open(remit):
    await remit.submit(submitted())
    await remit.send(transaction(denied_claim(), payment=0, method="NON"))
    patient = (await remit.get("/patients/pt_doe/balance")).json()
    assert patient["claims"][0]["denied_cents"] == 10_500
    assert patient["due_cents"] == 0


async def test_the_same_file_again_posts_nothing(remit):
    await remit.submit(submitted())
    await remit.send(transaction(paid_claim(), payment=8_000), key="first-key")
    again = await remit.send(transaction(paid_claim(), payment=8_000), key="other-key")
    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    trial = (await remit.get("/ledger/trial-balance")).json()
    assert {a["account"]: a["balance_cents"] for a in trial["accounts"]}["cash"] == 8_000


async def test_the_same_advice_in_another_file_is_known(remit):
    await remit.submit(submitted())
    await remit.send(transaction(paid_claim(), payment=8_000))
    again = await remit.send(transaction(paid_claim(), payment=8_000, control="0009"))
    assert [advice["outcome"] for advice in again.json()["advices"]] == ["known"]
    files = (await remit.get("/remittance-files")).json()["data"]
    assert sorted((f["posted_count"], f["known_count"]) for f in files) == [(0, 1), (1, 0)]
    assert all(file["is_handled"] for file in files)


async def test_a_key_used_for_another_file_is_refused_and_nothing_is_posted(remit):
    await remit.submit(submitted())
    await remit.send(transaction(paid_claim(), payment=8_001), key="one-key-only")
    other = await remit.send(transaction(paid_claim(), payment=8_000), key="one-key-only")
    assert other.status_code == 409
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    trial = (await remit.get("/ledger/trial-balance")).json()
    assert {a["account"]: a["balance_cents"] for a in trial["accounts"]}["cash"] == 0


async def test_one_bad_advice_does_not_hold_up_the_rest_of_its_file(remit):
    await remit.submit(submitted())
    answer = await remit.send(
        transaction(paid_claim("SOMEBODYELSE"), payment=7_999, trace="EFT9"),
        transaction(paid_claim(), payment=8_000, control="0002"),
    )
    assert [advice["outcome"] for advice in answer.json()["advices"]] == ["held", "posted"]
    (held,) = (await remit.get("/quarantine")).json()["data"]
    assert (held["level"], held["difference_cents"]) == ("transaction", 1)
    assert "the difference is 0.01" in held["reasons"][0]["text"]


async def test_a_reused_trace_is_released_or_dismissed_by_a_person(remit):
    await remit.submit(submitted())
    await remit.send(transaction(paid_claim(), payment=8_000))
    back = transaction(
        reversal_of_paid(), payment=0, method="NON", plb=[("WO", "X", -8_000)], control="0003"
    )
    (advice,) = (await remit.send(back)).json()["advices"]
    assert advice["outcome"] == "held"
    path = f"/quarantine/{advice['remittance_id']}"
    assert (await remit.post(f"{path}/release", roles=("viewer",))).status_code == 403
    released = await remit.post(f"{path}/release")
    assert released.status_code == 201
    assert released.json()["events"][0] == "RemittanceAccepted"
    again = await remit.post(f"{path}/dismiss", json={"note_code": "payer-sent-correct-one"})
    assert again.json()["type"] == "/problems/remittance-already-settled"


async def test_an_unbalanced_advice_can_be_dismissed_and_never_released(remit):
    (advice,) = (await remit.send(transaction(paid_claim(), payment=1))).json()["advices"]
    path = f"/quarantine/{advice['remittance_id']}"
    refused = await remit.post(f"{path}/release")
    assert (refused.status_code, refused.json()["title"]) == (
        409,
        "Remittance advice cannot be posted",
    )
    done = await remit.post(f"{path}/dismiss", json={"note_code": "payer-sent-correct-one"})
    assert done.json() == {"events": ["RemittanceDismissed"]}
    assert (await remit.get("/quarantine")).json()["data"] == []
    (row,) = (await remit.get("/remittances?status=dismissed")).json()["data"]
    assert row["note_code"] == "payer-sent-correct-one"


async def test_an_unmatched_payment_shows_its_patient_only_to_those_who_may_see(remit):
    await remit.send(transaction(paid_claim("TYPO-1"), payment=8_000))
    (item,) = (await remit.get("/unmatched")).json()["data"]
    path = f"/unmatched/{item['unmatched_id']}"
    assert "DOE" not in (await remit.get(path, roles=("viewer",))).text
    assert (await remit.get(path)).json()["claim_number"] == "TYPO-1"
    await remit.submit(submitted())
    done = await remit.post(f"{path}/match", json={"claim_id": CLAIM})
    assert done.json()["events"][0] == "RemittanceMatched"
    (matched,) = (await remit.get("/unmatched?status=matched")).json()["data"]
    assert matched["claim_id"] == CLAIM


async def test_a_match_is_undone_once_however_often_it_is_asked_for(remit):
    await remit.submit(submitted())
    before = (await remit.get(f"/ledger/claims/{CLAIM}")).json()
    await remit.send(transaction(paid_claim("TYPO"), payment=8_000))
    (item,) = (await remit.get("/unmatched")).json()["data"]
    path = f"/unmatched/{item['unmatched_id']}"
    early = await remit.post(f"{path}/unmatch")
    assert (early.status_code, early.json()["type"]) == (409, "/problems/payment-not-matched")
    await remit.post(f"{path}/match", json={"claim_id": CLAIM})
    assert (await remit.get("/unmatched")).json()["data"] == []
    done = await remit.post(f"{path}/unmatch", key="undo-0001")
    assert done.status_code == 201
    assert done.json()["events"] == ["RemittanceMatchUndone", "RemittanceReceived"]
    again = await remit.post(f"{path}/unmatch", key="undo-0001")
    assert (again.status_code, again.json()) == (201, done.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    late = await remit.post(f"{path}/unmatch")
    assert late.json()["type"] == "/problems/payment-not-matched"
    (waiting,) = (await remit.get("/unmatched")).json()["data"]
    assert (waiting["unmatched_id"], waiting["claim_id"]) == (item["unmatched_id"], "")
    after = (await remit.get(f"/ledger/claims/{CLAIM}")).json()
    assert {name: after["legs"]["P"][name] for name in after["legs"]["P"]} == before["legs"]["P"]
    assert after["accounts"] == before["accounts"]
    assert after["payments"] == []
    assert [p["kind"] for p in after["postings"]] == [
        "ChargePosted", "RemittanceMatched", "RemittanceReceived",
        "RemittanceMatchUndone", "RemittanceReceived",
    ]  # fmt: skip
    trial = (await remit.get("/ledger/trial-balance")).json()
    balances = {one["account"]: one["balance_cents"] for one in trial["accounts"]}
    assert (balances["suspense"], balances["cash"], trial["total_cents"]) == (-8_000, 8_000, 0)
    foreign = await remit.post(f"{path}/unmatch", tenant="lakeview")
    assert foreign.status_code == 404


async def test_a_payment_is_not_matched_to_what_was_never_submitted(remit):
    await remit.send(transaction(paid_claim("TYPO1"), payment=8_000))
    (item,) = (await remit.get("/unmatched")).json()["data"]
    path = f"/unmatched/{item['unmatched_id']}/match"
    assert (await remit.post(path, json={"claim_id": CLAIM})).status_code == 409
    assert (await remit.post(path, json={"claim_id": "no claim"})).status_code == 422


async def test_a_foreign_tenants_things_look_like_nothing(remit):
    await remit.submit(submitted())
    (advice,) = (await remit.send(transaction(paid_claim(), payment=1))).json()["advices"]
    for own, absent in (
        (f"/remittances/{advice['remittance_id']}", "/remittances/rem_0"),
        (f"/remittances/{advice['remittance_id']}/claims", "/remittances/rem_0/claims"),
        (f"/ledger/claims/{CLAIM}", "/ledger/claims/PNONE"),
        ("/patients/pt_doe/balance", "/patients/pt_none/balance"),
    ):
        assert (await remit.get(own)).status_code == 200
        foreign, nothing = await remit.get(own, tenant="lakeview"), await remit.get(absent)
        assert foreign.status_code == nothing.status_code == 404
        same = ("type", "title", "detail", "instance")
        assert [foreign.json()[key] for key in same] == [nothing.json()[key] for key in same]
    for path in ("release", "dismiss"):
        foreign = await remit.post(
            f"/quarantine/{advice['remittance_id']}/{path}",
            tenant="lakeview",
            json={"note_code": "x"},
        )
        assert foreign.status_code == 404
    assert (await remit.get("/remittances", tenant="lakeview")).json()["data"] == []


async def test_an_empty_file_is_refused(remit):
    answer = await remit.post("/remittances", content=b"")
    assert answer.status_code in {400, 422}


async def test_what_is_no_835_becomes_a_work_item(remit):
    answer = await remit.post("/remittances", content=b"hello, this is no X12")
    assert [advice["outcome"] for advice in answer.json()["advices"]] == ["held"]
    (held,) = (await remit.get("/quarantine")).json()["data"]
    assert held["cause"] == "unreadable"
    assert held["reasons"]


@pytest.mark.parametrize("character", [b"\x00", b"\xff", "\u202e".encode(), b"\xed\xa0\x80", b"\n"])
async def test_a_strange_character_is_no_failure_on_any_store(remit, character):
    await remit.submit(submitted())
    data = file_of(transaction(paid_claim(), paid_claim("TYPO1"), payment=16_000))
    for place in (b"HEALTH", b"PCN1", b"DOE", b"EFT1", b"TYPO1", b"REF*6R*L1"):
        answer = await remit.post("/remittances", content=data.replace(place, place + character))
        assert answer.status_code == 201, (place, answer.text)


async def test_a_dropped_file_is_taken_in(remit, tmp_path):
    await remit.submit(submitted())
    folder = tmp_path / "drop" / "remits" / "northside" / "in"
    for _ in range(100):
        if folder.is_dir():
            break
        await asyncio.sleep(0.02)
    (folder / "DOE-JANE.835").write_bytes(file_of(transaction(paid_claim(), payment=8_000)))
    for _ in range(300):
        if (files := (await remit.get("/remittance-files")).json()["data"]) and files[0][
            "is_handled"
        ]:
            break
        await asyncio.sleep(0.02)
    assert (files[0]["source"], files[0]["posted_count"]) == ("folder", 1)
    assert "DOE" not in remit.log.getvalue()


async def test_a_file_that_was_cut_short_is_taken_up_from_the_archive(remit, tmp_path):
    await remit.submit(submitted())
    data = file_of(transaction(paid_claim(), payment=8_000))
    intake = Intake(
        remit.runtime, Archive(tmp_path / "archive", remit.runtime.keys), handlers.BUILT_IN
    )
    read = handlers.read_file(data, "northside")
    await intake.archive.keep("northside", data)
    await remit.runtime.execute(
        Command(
            tenant_id="northside",
            command_id="crashed-after-receipt",
            streams=[f"file-{read.sha256}"],
            decide=lambda loaded, _: handlers.advices.receive_file(loaded, read, "http"),
            actor="tester",
        )
    )
    elsewhere = Intake(
        remit.runtime, Archive(tmp_path / "lost", remit.runtime.keys), handlers.BUILT_IN
    )
    assert await elsewhere.take_up(["northside", "lakeview"], 0.0) == (0, 1)
    assert await intake.take_up(["northside", "lakeview"], 0.0) == (1, 0)
    assert await intake.take_up(["northside", "lakeview"], 0.0) == (0, 0)
    (row,) = (await remit.get("/remittances")).json()["data"]
    assert row["status"] == "posted"


async def test_no_patient_stands_in_clear_on_the_log_or_in_the_store(remit, tmp_path):
    await remit.submit(submitted())
    await remit.send(transaction(paid_claim(), paid_claim("TYPO-1"), payment=16_000))
    for _ in range(300):
        if await remit.runtime.settled():
            break
        await asyncio.sleep(0.02)
    async with remit.runtime.read("northside") as session:
        for table in RemitTable.metadata.sorted_tables:
            rows = (await session.exec(select(table))).all()
            assert rows or table.name == "provider_adjustment"
            assert not any(canary in repr(rows) for canary in CANARIES)
    for path in (tmp_path / "log.db", tmp_path / "stores" / "remit-svc.db"):
        for part in (path, path.with_name(path.name + "-wal")):
            content = part.read_bytes() if part.exists() else b""
            for canary in (*CANARIES, base64.b64encode(b"DOE").decode()):
                assert canary.encode() not in content, (part, canary)
    assert "DOE" not in remit.log.getvalue()


async def test_the_revisions_make_the_tables_that_the_code_reads():
    assert revise(MANIFEST, "nothing") is None


async def test_two_advices_of_one_trace_racing_each_other_post_one(remit):
    await remit.submit(submitted())
    one = transaction(paid_claim(), payment=8_000)
    other = transaction(correction_of_paid(), payment=9_000, control="0002")
    answers = await asyncio.gather(*(remit.send(part) for part in (one, other, one, other)))
    outcomes = {
        advice["remittance_id"]: advice["outcome"]
        for answer in answers
        for advice in answer.json()["advices"]
    }
    assert sorted(outcomes.values()) == ["held", "posted"]
    trial = (await remit.get("/ledger/trial-balance")).json()
    balances = {one["account"]: one["balance_cents"] for one in trial["accounts"]}
    assert (balances["clearing"], balances["cash"] in {8_000, 9_000}) == (0, True)


async def test_a_thousand_claims_are_posted_in_one_transaction(remit):
    numbers = [f"P{base64.b32encode(b'%05d' % at).decode()}ABCDEF"[:15] for at in range(1_000)]
    await asyncio.gather(*(remit.submit(submitted(number)) for number in numbers[::2]))
    claims = [paid_claim(number) for number in numbers]
    (advice,) = (await remit.send(transaction(*claims, payment=8_000_000))).json()["advices"]
    shown = (await remit.get(f"/remittances/{advice['remittance_id']}")).json()
    assert (shown["status"], shown["claim_count"]) == ("posted", 1_000)
    async with remit.runtime.read("northside") as session:
        query = select(PostingRow.recorded_at, PostingRow.kind).where(
            PostingRow.remittance_id == advice["remittance_id"]
        )
        rows = (await session.exec(query)).all()
    assert len({recorded_at for recorded_at, _ in rows}) == 1
    kinds = collections.Counter(kind for _, kind in rows)
    halves = {"RemittanceReceived": 500, "RemittanceUnmatched": 500}
    assert kinds == {"RemittanceAccepted": 1, **halves}


class Mailbox:
    """A clearinghouse whose mailbox is a dictionary."""

    resubmits_safely = False

    def __init__(self, **files):
        self.files, self.is_open = files, True

    async def waiting(self, kinds, limit=100):  # noqa: ARG002 - the port has it
        assert set(kinds) == {"835"}
        return [Waiting(name, "835") for name in sorted(self.files)]

    async def fetch(self, name):
        if not self.is_open:
            raise Unreachable("closed")
        return self.files[name]

    async def acknowledge(self, name):
        del self.files[name]


async def test_a_mailbox_is_emptied_once_its_files_are_durable(remit, tmp_path):
    await remit.submit(submitted())
    intake = Intake(
        remit.runtime, Archive(tmp_path / "archive", remit.runtime.keys), handlers.BUILT_IN
    )
    log = open_log("remit-svc", to=remit.log)
    good = file_of(transaction(paid_claim(), payment=8_000))
    mailbox = Mailbox(a=good, b=b"", c=b"no X12 at all", d=good)
    assert await handlers.collect(intake, "northside", mailbox, log) == 4
    assert mailbox.files == {}
    files = (await remit.get("/remittance-files")).json()["data"]
    assert sorted((f["source"], f["posted_count"], f["held_count"]) for f in files) == [
        ("clearinghouse", 0, 1),
        ("clearinghouse", 1, 0),
    ]


async def test_a_file_that_fails_stays_and_holds_up_no_other(remit, tmp_path, monkeypatch):
    def fails_once(data, tenant_id):
        if data == b"poison":
            raise LookupError(data)
        return read_file(data, tenant_id)

    read_file = handlers.read_file
    monkeypatch.setattr(handlers, "read_file", fails_once)
    intake = Intake(
        remit.runtime, Archive(tmp_path / "archive", remit.runtime.keys), handlers.BUILT_IN
    )
    mailbox = Mailbox(a=b"poison", b=file_of(transaction(paid_claim(), payment=8_000)))
    log = open_log("remit-svc", to=remit.log)
    assert await handlers.collect(intake, "northside", mailbox, log) == 1
    assert list(mailbox.files) == ["a"]


async def test_what_cannot_be_fetched_stays_in_the_mailbox(remit, tmp_path):
    intake = Intake(
        remit.runtime, Archive(tmp_path / "archive", remit.runtime.keys), handlers.BUILT_IN
    )
    mailbox = Mailbox(a=b"x")
    mailbox.is_open = False
    log = open_log("remit-svc", to=remit.log)
    assert await handlers.collect(intake, "northside", mailbox, log) == 0
    assert list(mailbox.files) == ["a"]
    assert "mailbox-unreachable" in remit.log.getvalue()


async def test_an_835_that_is_faster_than_our_record_of_the_sending_waits_a_moment(remit, tmp_path):
    intake = Intake(
        remit.runtime, Archive(tmp_path / "archive", remit.runtime.keys), handlers.BUILT_IN
    )
    log, early = open_log("remit-svc", to=remit.log), handlers.Early(remit.runtime, 60)
    own = file_of(transaction(paid_claim(), payment=8_000))
    foreign = file_of(transaction(paid_claim("TYPO"), payment=8_000, trace="EFT2"))
    mailbox = Mailbox(a=own, b=foreign)
    assert await handlers.collect(intake, "northside", mailbox, log, early) == 1
    assert list(mailbox.files) == ["a"]
    await remit.submit(submitted())
    assert await handlers.collect(intake, "northside", mailbox, log, early) == 1
    assert mailbox.files == {}
    waiting = (await remit.get("/unmatched")).json()["data"]
    assert [item["trace_number"] for item in waiting] == ["EFT2"]


async def test_an_835_of_claims_that_nobody_sent_does_not_wait_for_ever(remit, tmp_path):
    intake = Intake(
        remit.runtime, Archive(tmp_path / "archive", remit.runtime.keys), handlers.BUILT_IN
    )
    log, early = open_log("remit-svc", to=remit.log), handlers.Early(remit.runtime, 0.02)
    mailbox = Mailbox(a=file_of(transaction(paid_claim(), payment=8_000)))
    assert await handlers.collect(intake, "northside", mailbox, log, early) == 0
    await asyncio.sleep(0.03)
    assert await handlers.collect(intake, "northside", mailbox, log, early) == 1
    (item,) = (await remit.get("/unmatched")).json()["data"]
    assert item["status"] == "waiting"


async def test_the_store_is_what_the_log_says(admin_url, tmp_path):
    settings = await settings_on(admin_url, tmp_path)
    async with running(settings) as remit:
        await remit.submit(submitted())
        await remit.send(transaction(paid_claim(), payment=8_000))
        await remit.send(transaction(paid_claim(), payment=7_000, control="0002"))
        await remit.send(transaction(paid_claim("TYPO"), payment=8_000, trace="EFT2"))
        (item,) = (await remit.get("/unmatched")).json()["data"]
        path = f"/unmatched/{item['unmatched_id']}"
        await remit.submit(submitted(OTHER))
        await remit.post(f"{path}/match", json={"claim_id": OTHER})
        await remit.post(f"{path}/unmatch")
        await remit.post(f"{path}/match", json={"claim_id": CLAIM})
        for _ in range(300):
            if await remit.runtime.settled():
                break
            await asyncio.sleep(0.02)
    rebuilt = await rebuild(MANIFEST, settings)
    assert rebuilt.fact_count > 10
    assert rebuilt.differing == []
