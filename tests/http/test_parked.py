"""Parked events over HTTP, on both kinds of log and store: of a tenant, and of nobody."""

import contextlib
from types import SimpleNamespace

import httpx
import pytest

from rcm.platform.http import create_app
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.log.port import Draft, pack_headers
from toy_bench import US, at_rest, table
from toy_cases import Echo, broken, note_command

GOOD = {
    "ce_id": "1", "ce_source": "alpha-svc", "ce_type": "Noted.v1", "ce_subject": "s",
    "ce_time": "2026-03-02T10:00:00Z", "tenant": US, "streamversion": "1",
}  # fmt: skip
UNREADABLE = {
    "garbage": Draft(0, b"\xff", pack_headers({"ce_id": "x"}), b"\x00Quackenbush"),
    "a tenant that is no name": Draft(
        1, b"north side,*:s", pack_headers(GOOD | {"tenant": "north side,*"}), b"{}"
    ),
    "nobody by name": Draft(2, b"-:s", pack_headers(GOOD | {"tenant": "-"}), b"{}"),
    "NUL": Draft(
        3, b"northside:s\0", pack_headers(GOOD | {"ce_subject": "s\0"}),
        b'{"word":"Quackenbush","Quackenbush":1}',
    ),
    "another's key": Draft(3, b"lakeview:s", pack_headers(GOOD), b"[]"),
}  # fmt: skip


@contextlib.asynccontextmanager
async def served(bench, runtime):
    """The routes of a running toy service."""

    @contextlib.asynccontextmanager
    async def opened(_manifest, _settings):
        yield runtime

    service = SimpleNamespace(name=runtime.manifest.service.name)
    app = create_app(
        SimpleNamespace(service=service, routers=[]), bench.settings, open_runtime=opened
    )
    issuer = DevelopmentIssuer(bench.settings)
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):

        async def ask(method, path, tenant=US, role="operator", **more):
            headers = {"Authorization": f"Bearer {issuer.token(tenant, [role])}"}
            return await client.request(method, path, headers=headers, **more)

        yield ask


async def test_records_of_nobody_are_listed_shown_masked_and_skipped(bench):
    async with bench.run("alpha") as alpha, bench.run("beta") as beta, served(bench, beta) as ask:
        await alpha.log.publish(alpha.manifest.service.topic, list(UNREADABLE.values()))
        await alpha.execute(note_command("s", "fine", "c1"))
        await at_rest(alpha, beta)
        assert (await table(beta, Echo))["echo-s"].word_count == 1, "the others go on"
        assert (await ask("GET", "/v1/parked")).json()["data"] == []
        query = {"unreadable": True, "limit": 2}
        page = (await ask("GET", "/v1/parked", params=query)).json()
        found = page["data"]
        while page["has_more"]:
            query["cursor"] = page["next_cursor"]
            page = (await ask("GET", "/v1/parked", params=query)).json()
            found += page["data"]
        assert len(found) == len(UNREADABLE)
        assert {event["cause"] for event in found} == {"not-an-event"}
        shown = [
            await ask("GET", "/v1/parked/record", params={"place": e["place"], "unreadable": True})
            for e in found
        ]
        assert all(answer.status_code == 200 for answer in shown)
        assert not any("Quackenbush" in answer.text for answer in shown)
        assert {answer.json()["json_kind"] for answer in shown} == {"object", "array", "not-json"}
        for event in reversed(found):
            body = {"place": event["place"], "unreadable": True}
            again = await ask("POST", "/v1/parked/retries", json=body)
            assert again.status_code == 409
            assert again.json()["title"] == "Event still cannot be handled"
            assert (await ask("POST", "/v1/parked/skips", json=body)).status_code == 200
            assert (await ask("POST", "/v1/parked/skips", json=body)).status_code == 404
        assert await beta.parked("-") == []
    for name in ("alpha", "beta"):
        done = await bench.rebuild(name, swap=False)
        assert done.hashes == done.live_hashes


async def test_only_an_operator_deals_with_records_of_nobody(bench):
    async with bench.run("beta") as beta, served(bench, beta) as ask:
        for role in ("viewer", "biller", "manager", "integration"):
            answer = await ask("GET", "/v1/parked", role=role, params={"unreadable": True})
            assert answer.status_code == 403


async def test_a_tenants_parked_event_is_shown_and_retried_by_its_operator_only(bench):
    async with bench.run("alpha") as alpha, bench.run("beta") as beta, served(bench, beta) as ask:
        broken.add("poison")
        await alpha.execute(note_command("s", "poison", "c1"))
        await at_rest(alpha, beta)
        (event,) = (await ask("GET", "/v1/parked")).json()["data"]
        place = {"place": event["place"]}
        for foreign in ("lakeview", "nobody"):
            assert (await ask("GET", "/v1/parked", tenant=foreign)).json()["data"] == []
            answer = await ask("GET", "/v1/parked/record", tenant=foreign, params=place)
            assert answer.status_code == 404
            answer = await ask("POST", "/v1/parked/skips", tenant=foreign, json=place)
            assert answer.status_code == 404
        hidden = await ask("GET", "/v1/parked/record", params=place | {"unreadable": True})
        assert hidden.status_code == 404, "it is somebody's"
        shown = (await ask("GET", "/v1/parked/record", params=place)).json()
        assert (shown["reason"], shown["json_kind"]) == ("LookupError", "object")
        assert "poison" not in str(shown)
        broken.clear()
        done = await ask("POST", "/v1/parked/retries", json=place)
        assert done.json() == {"recorded_count": 1}


@pytest.mark.parametrize("place", ["x", "rcm.coding/1", "../x/1/2", "rcm.coding/1/2/3", "A/1/2"])
async def test_something_else_than_a_place_is_malformed(bench, place):
    async with bench.run("beta") as beta, served(bench, beta) as ask:
        assert (await ask("POST", "/v1/parked/skips", json={"place": place})).status_code == 422
