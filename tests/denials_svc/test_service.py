"""The worklist over HTTP, on the embedded store."""

import io
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from denials_cases import answer, cas, line, turned
from denials_svc.decide.assess import on_received
from denials_svc.main import MANIFEST, create_app, service_in_force
from denials_svc.rules import deadlines
from denials_svc.settings import DenialsSettings
from rcm.adjustments.table import BUILT_IN
from rcm.domain import Command
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.store.revise import revise
from rcm.platform.telemetry import open_log
from store_cases import STORES, admin_url_of, settings_on


class Client:
    """A caller of the service."""

    def __init__(self, app, http, settings):
        self.http, self.runtime = http, app.state.runtime
        self._issuer = DevelopmentIssuer(settings)
        self._count = 0

    async def get(self, path, tenant="northside", roles=("biller",)):
        return await self.http.get(path, headers=self._headers(tenant, roles))

    async def post(self, path, tenant="northside", roles=("biller",), key="", **body):
        self._count += 1
        headers = self._headers(tenant, roles) | {"Idempotency-Key": key or f"key-{self._count:08}"}
        return await self.http.post(path, headers=headers, json=body)

    async def hear(self, cause):
        """Assess an answer as the reaction would."""
        event, context = cause.event, SimpleNamespace(tenant_id=cause.tenant_id)
        await self.runtime.execute(
            Command(
                tenant_id=cause.tenant_id,
                command_id=f"{event.remittance_id}/{event.position}/{event.claim_id}",
                streams=[event.claim_id],
                decide=lambda loaded, _: on_received(
                    loaded.get(event.claim_id), event, context, BUILT_IN, deadlines.BUILT_IN
                ),
                actor="tester",
            )
        )

    def _headers(self, tenant, roles):
        return {"Authorization": f"Bearer {self._issuer.token(tenant, list(roles))}"}


@asynccontextmanager
async def running(settings, **own):
    log = open_log("denials-svc", to=io.StringIO())
    app = create_app(settings, DenialsSettings(**own), log=log)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as http,
    ):
        yield Client(app, http, settings)


@pytest.fixture(params=STORES)
def admin_url(request):
    return admin_url_of(request)


@pytest.fixture
async def worklist(admin_url, tmp_path):
    async with running(await settings_on(admin_url, tmp_path)) as client:
        yield client


def ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


def denied(claim_id: str, cents: int, days_ago: int = 1, reason: str = "197", **more):
    """A line denied some days ago; its deadline is 60 days after that."""
    told = line(cas("CO", reason, cents))
    return answer(told, claim_id=claim_id, on=ago(days_ago), remittance=f"rem_{claim_id}", **more)


async def claims_of(worklist, path="/v1/denials"):
    answered = await worklist.get(path)
    assert answered.status_code == 200, answered.text
    return [row["claim_id"] for row in answered.json()["data"]]


async def test_the_nearest_deadline_comes_first_then_the_most_dollars_past_ones_last(worklist):
    for claim_id, cents, days_ago in (
        ("PLATE", 900, 1),
        ("PSOON", 100, 50),
        ("PSOONBIG", 200, 50),
        ("PPAST", 999, 70),
        ("PTODAY", 1, 60),
    ):
        await worklist.hear(denied(claim_id, cents, days_ago))
    assert await claims_of(worklist) == ["PTODAY", "PSOONBIG", "PSOON", "PLATE", "PPAST"]


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(worklist):
    for number in range(11):
        await worklist.hear(denied(f"P{number:02}", 100 + number // 3, number % 4 * 30))
    whole = await claims_of(worklist)
    seen, cursor = [], ""
    while True:
        page = (await worklist.get(f"/v1/denials?limit=3&cursor={cursor}")).json()
        seen += [row["claim_id"] for row in page["data"]]
        if not page["has_more"]:
            break
        cursor = page["next_cursor"]
    assert seen == whole
    assert len(set(seen)) == 11


async def test_a_cursor_is_good_for_its_filter_only(worklist):
    for number in range(3):
        await worklist.hear(denied(f"P{number}", 100))
    cursor = (await worklist.get("/v1/denials?limit=1")).json()["next_cursor"]
    other = await worklist.get(f"/v1/denials?category=authorization&limit=1&cursor={cursor}")
    foreign = await worklist.get(f"/v1/denials?limit=1&cursor={cursor}", tenant="lakeview")
    assert other.status_code == foreign.status_code == 400


@pytest.mark.parametrize("by", ["category", "family", "payer_id", "action_code", "owner", "due"])
async def test_a_total_opens_exactly_what_it_counts(worklist, by):
    for claim_id, cents, days_ago, reason, payer in (
        ("P1", 500, 1, "197", "A"),
        ("P2", 300, 55, "50", "A"),
        ("P3", 200, 40, "16", "B"),
        ("P4", 100, 99, "97", "B & C"),
    ):
        await worklist.hear(denied(claim_id, cents, days_ago, reason, payer_id=payer))
    (first, *_) = (await worklist.get("/v1/denials")).json()["data"]
    await worklist.post(f"/v1/denials/{first['denial_id']}/assignment", owner="user-7")
    found = (await worklist.get(f"/v1/denials/totals?by={by}")).json()
    assert (found["count"], found["denied_cents"]) == (4, 1_100)
    for total in found["totals"]:
        rows = (await worklist.get(total["href"])).json()["data"]
        assert len(rows) == total["count"]
        assert sum(row["denied_cents"] for row in rows) == total["denied_cents"]


async def test_a_denial_is_explained_in_our_words(worklist):
    told = answer(line(cas("CO", "16", 100), remarks=("MA130",)), on=ago(1), filing="MB")
    await worklist.hear(told)
    (row,) = (await worklist.get("/v1/denials")).json()["data"]
    shown = (await worklist.get(f"/v1/denials/{row['denial_id']}")).json()
    assert shown["reason_wording"] == "information missing or wrong on the claim"
    assert "MA130" in shown["remark_wordings"]
    assert (shown["action_code"], shown["appealable"]) == ("NEW", False)
    assert "42 CFR 424.44" in shown["deadline_basis"]


async def test_who_codes_does_not_write_off_where_the_two_are_kept_apart(admin_url, tmp_path):
    settings = await settings_on(admin_url, tmp_path)
    for apart, status in (((), 201), (("northside",), 403)):
        async with running(settings, separate_write_off=apart) as worklist:
            await worklist.hear(denied(f"P{status}", 500))
            (row,) = (await worklist.get(f"/v1/denials?claim_id=P{status}")).json()["data"]
            path, both = f"/v1/denials/{row['denial_id']}/write-off", ("biller", "coder")
            asked = await worklist.post(path, roles=both, note_code="no-proof")
            assert asked.status_code == status, asked.text
    assert asked.json()["type"] == "/problems/coders-do-not-write-off"
    async with running(settings, separate_write_off=("northside",)) as worklist:
        done = await worklist.post(path, key="somebody-else", note_code="no-proof")
        assert done.status_code == 201


async def test_what_people_ask_for_is_recorded_once(worklist):
    await worklist.hear(denied("P1", 500))
    (row,) = (await worklist.get("/v1/denials")).json()["data"]
    path = f"/v1/denials/{row['denial_id']}"
    first = await worklist.post(f"{path}/corrected-claim", key="the-same-key")
    again = await worklist.post(f"{path}/corrected-claim", key="the-same-key")
    assert first.json() == again.json() == {"events": ["CorrectedClaimRequested"]}
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await worklist.post(f"{path}/corrected-claim", key="another-key")
    assert other.json()["type"] == "/problems/already-asked-for"
    assert (await worklist.post(f"{path}/coding-rework")).status_code == 201
    assert (await worklist.post(f"{path}/write-off", note_code="no-proof")).status_code == 201
    refused = await worklist.post(f"{path}/assignment", owner="user-7")
    assert refused.json()["type"] == "/problems/denial-is-closed"
    assert await claims_of(worklist) == []
    (closed,) = (await worklist.get("/v1/denials?status=closed")).json()["data"]
    assert (closed["cause"], closed["note_code"], closed["is_in_rework"]) == (
        "written-off",
        "no-proof",
        True,
    )


async def test_a_reversed_denial_leaves_the_worklist(worklist):
    first = denied("P1", 500)
    await worklist.hear(first)
    await worklist.hear(turned(first, claim_id="P1", on=ago(0)))
    assert await claims_of(worklist) == []


async def test_a_viewer_reads_and_changes_nothing(worklist):
    await worklist.hear(denied("P1", 500))
    (row,) = (await worklist.get("/v1/denials", roles=("viewer",))).json()["data"]
    path = f"/v1/denials/{row['denial_id']}/assignment"
    assert (await worklist.post(path, roles=("viewer",), owner="me")).status_code == 403


async def test_a_foreign_tenants_denial_looks_like_none(worklist):
    await worklist.hear(denied("P1", 500))
    (row,) = (await worklist.get("/v1/denials")).json()["data"]
    own = f"/v1/denials/{row['denial_id']}"
    foreign = await worklist.get(own, tenant="lakeview")
    absent = await worklist.get("/v1/denials/dnl_none", tenant="lakeview")
    assert foreign.status_code == absent.status_code == 404
    for key in ("type", "title", "detail", "instance"):
        assert foreign.json()[key] == absent.json()[key]
    for action, body in (
        ("assignment", {"owner": "x"}),
        ("write-off", {"note_code": "x"}),
        ("coding-rework", {}),
        ("corrected-claim", {}),
    ):
        refused = await worklist.post(f"{own}/{action}", tenant="lakeview", **body)
        assert refused.status_code == 404
    assert (await worklist.get("/v1/denials/totals", tenant="lakeview")).json()["count"] == 0


async def test_the_operators_rows_are_laid_over_the_tables(tmp_path):
    reasons, limits = tmp_path / "reasons.txt", tmp_path / "deadlines.txt"
    reasons.write_text("= northside -\n97 | CO | C | contract | agreed | CALL | contractual | ok\n")
    limits.write_text("* | * | 10d | advice | 0 | our contracts\n")
    own = DenialsSettings(reasons=reasons, deadlines=limits)
    reaction = service_in_force(own).reactions["rcm.remit"]["RemittanceReceived"]
    context = SimpleNamespace(tenant_id="northside")
    told = SimpleNamespace(event=answer(line(cas("CO", "97", 5), cas("CO", "50", 6))).event)
    (assessed, opened) = reaction.decide({}, told, context)
    assert assessed.event.table_version.startswith(BUILT_IN.version + "+")
    assert (opened.event.reason_code, opened.event.deadline_on) == ("50", "2026-03-11")


async def test_the_revisions_make_the_tables_that_the_code_reads():
    assert revise(MANIFEST, "nothing") is None
