"""What every service's HTTP side does alike."""

import json

import pytest

from http_cases import CANARY, a_world


@pytest.fixture
async def world(tmp_path):
    async with a_world(tmp_path) as world:
        yield world


def key(n=1):
    return {"Idempotency-Key": f"key-{n:08d}"}


async def test_a_note_is_kept_for_the_tokens_tenant_and_actor(world):
    answer = await world.client.post(
        "/v1/notes", json={"text": "a"}, headers=world.bearer("northside") | key()
    )
    assert answer.status_code == 201
    assert answer.json() == {"tenant_id": "northside", "actor": "developer", "text": "a"}
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


async def test_every_route_under_v1_asks_for_a_token(world):
    for method, path in [("GET", "/v1/notes"), ("POST", "/v1/files"), ("GET", "/v1/notes/1")]:
        answer = await world.client.request(method, path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_problem_names_its_page_and_request(world):
    answer = await world.client.get("/v1/notes/7", headers=world.bearer())
    body = answer.json()
    assert answer.status_code == 404
    assert body == {
        "type": "/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": body["detail"],
        "instance": "/v1/notes/{note_id}",
        "request_id": answer.headers["request-id"],
    }
    page = await world.client.get(body["type"])
    assert page.status_code == 200
    assert "a foreign id and an absent id get this same answer" in page.text


async def test_a_malformed_request_is_told_where_and_never_repeated(world):
    answer = await world.client.post(
        "/v1/notes",
        json={"text": 5, CANARY: "x", "cents": CANARY},
        headers=world.bearer() | key(),
    )
    assert answer.status_code == 422
    assert {e["path"] for e in answer.json()["errors"]} == {"body.text", "body.*", "body.cents"}
    assert CANARY not in answer.text


async def test_an_unknown_failure_tells_nothing(world):
    answer = await world.client.post("/v1/explode", headers=world.bearer())
    assert answer.status_code == 500
    assert answer.json()["title"] == "Internal error"
    assert CANARY not in answer.text + world.log.getvalue()
    failed = next(line for line in world.log_lines() if line["event"] == "request-failed")
    assert failed["error"] == "RuntimeError"
    assert failed["request_id"] == answer.headers["request-id"]


async def test_the_access_line_holds_neither_path_nor_query(world):
    await world.client.get(f"/v1/notes/{CANARY}?name={CANARY}", headers=world.bearer())
    await world.client.get(f"/{CANARY}%0a%0dINFO:")
    assert CANARY not in world.log.getvalue()
    assert [line["route"] for line in world.log_lines() if line["event"] == "request"] == [
        "/v1/notes/{note_id}",
        "-",
    ]


async def test_a_repeat_with_the_same_key_is_marked(world):
    first = await world.client.post("/v1/notes", json={"text": "a"}, headers=world.bearer() | key())
    again = await world.client.post("/v1/notes", json={"text": "a"}, headers=world.bearer() | key())
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(world.runtime.commands) == 1


async def test_a_key_with_another_body_is_refused(world):
    for text, status in [("a", 201), ("b", 409)]:
        answer = await world.client.post(
            "/v1/notes", json={"text": text}, headers=world.bearer() | key()
        )
        assert answer.status_code == status


async def test_one_tenants_key_means_nothing_to_another(world):
    for tenant in ("northside", "lakeview"):
        answer = await world.client.post(
            "/v1/notes", json={"text": "a"}, headers=world.bearer(tenant) | key()
        )
        assert "idempotent-replayed" not in answer.headers
    assert len({command.command_id for command in world.runtime.commands}) == 2


@pytest.mark.parametrize(
    "given", [{}, {"Idempotency-Key": "short"}, {"Idempotency-Key": "a|b" * 5}]
)
async def test_a_change_without_a_proper_key_is_refused(world, given):
    answer = await world.client.post(
        "/v1/notes", json={"text": "a"}, headers=world.bearer() | given
    )
    assert answer.status_code in (400, 422)
    assert not world.runtime.commands


async def test_pages_follow_one_another_without_gap_or_repeat(world):
    seen, cursor = [], ""
    while cursor is not None:
        answer = await world.client.get(
            "/v1/notes", params={"limit": 50, "cursor": cursor}, headers=world.bearer()
        )
        page = answer.json()
        seen += page["data"]
        cursor = page["next_cursor"]
        assert page["has_more"] == (cursor is not None)
    assert seen == list(range(120))


async def test_a_cursor_of_another_tenant_is_refused(world):
    page = (await world.client.get("/v1/notes", headers=world.bearer("northside"))).json()
    answer = await world.client.get(
        "/v1/notes", params={"cursor": page["next_cursor"]}, headers=world.bearer("lakeview")
    )
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/invalid-cursor"


@pytest.mark.parametrize("cursor", ["x", "AAAA", "W10", "é", "bnVsbA", "W" * 1000])
async def test_a_made_up_cursor_is_refused(world, cursor):
    answer = await world.client.get("/v1/notes", params={"cursor": cursor}, headers=world.bearer())
    assert answer.status_code == 400


@pytest.mark.parametrize("limit", ["0", "101", "-1", "1e3", "x"])
async def test_a_page_has_one_to_a_hundred_rows(world, limit):
    answer = await world.client.get("/v1/notes", params={"limit": limit}, headers=world.bearer())
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "a", "text": "b"}',
        b'{"text": "a", "cents": NaN}',
        b'{"text": "a", "cents": Infinity}',
        b'{"text": "a", "cents": 1e999}',
        b'{"text": "a", "cents": ' + b"9" * 1_000_000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"text": "\xff"}',
        b"{",
        b'"' + b'\\"' * 500_000,
        b'{"text": "a\\u0000"}',
    ],
    ids=[
        "twice",
        "nan",
        "infinity",
        "huge",
        "digits",
        "open",
        "deep",
        "latin1",
        "cut",
        "quotes",
        "nul",
    ],
)
async def test_json_that_could_be_read_in_two_ways_is_refused(world, body):
    answer = await world.client.post(
        "/v1/notes",
        content=body,
        headers=world.bearer() | key() | {"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/malformed-json"
    assert not world.runtime.commands


async def test_a_body_larger_than_allowed_is_refused(tmp_path):
    async with a_world(tmp_path, body_bytes_max=5_000, json_bytes_max=2_000) as world:
        fits = await world.client.post(
            "/v1/files",
            content=b"x" * 5_000,
            headers=world.bearer() | {"Content-Type": "application/edi-x12"},
        )
        assert fits.status_code == 202
        for content in (b"x" * 5_001, _chunks(5_001)):
            answer = await world.client.post(
                "/v1/files",
                content=content,
                headers=world.bearer() | {"Content-Type": "application/edi-x12"},
            )
            assert answer.status_code == 413
        answer = await world.client.post(
            "/v1/notes", json={"text": "x" * 2_000}, headers=world.bearer() | key()
        )
        assert answer.status_code == 413


async def _chunks(count):
    for _ in range(count):
        yield b"x"


async def test_a_body_that_trickles_in_is_given_up(tmp_path):
    import asyncio

    async def slowly():
        yield b"{"
        await asyncio.sleep(5)

    async with a_world(tmp_path, request_s_max=0.2) as world:
        answer = await world.client.post(
            "/v1/notes",
            content=slowly(),
            headers=world.bearer() | {"Content-Type": "application/json"},
        )
        assert answer.status_code == 408


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/pdf"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "text/plain"}, 422),
        ({"Host": "evil.example"}, 422),
        ({"Host": "localhost.evil.example:80"}, 422),
        ({f"X-{n}": "1" for n in range(120)}, 422),
    ],
)
async def test_a_head_that_we_do_not_take_is_refused(world, headers, status):
    answer = await world.client.post(
        "/v1/notes", content=b"{}", headers=world.bearer() | key() | headers
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/notes/%00", "/v1/notes?cursor=%00", "/v1/notes/a%00b"])
async def test_nul_is_no_text(world, path):
    answer = await world.client.get(path, headers=world.bearer())
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/v2/notes", "//v1/notes", "/v1/notes/", "/v1/%2e%2e/notes"])
async def test_a_path_beside_the_routes_is_no_route(world, path):
    answer = await world.client.get(path, headers=world.bearer())
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_another_method_is_told_which_are_allowed(world):
    answer = await world.client.delete("/v1/notes/1", headers=world.bearer())
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


async def test_health_tells_live_from_ready(world):
    world.runtime.waiting_for = ["rebuild"]
    assert (await world.client.get("/health/live")).status_code == 200
    answer = await world.client.get("/health/ready")
    assert (answer.status_code, answer.json()["for"]) == (503, ["rebuild"])
    world.runtime.waiting_for = []
    assert (await world.client.get("/health/ready")).status_code == 200


async def test_metrics_show_lag_and_outbox_and_name_no_path(world):
    await world.client.get(f"/v1/notes/{CANARY}", headers=world.bearer())
    text = (await world.client.get("/metrics")).text
    assert 'rcm_lag_records{partition="0",topic="rcm.claims"} 7.0' in text
    assert 'rcm_lag_seconds{partition="0",topic="rcm.claims"} 2.5' in text
    assert "rcm_outbox_pending 4.0" in text
    assert 'route="/v1/notes/{note_id}",status="404"} 1.0' in text
    assert CANARY not in text


async def test_two_apps_in_one_process_share_nothing(tmp_path):
    async with a_world(tmp_path / "a") as one, a_world(tmp_path / "b") as other:
        await one.client.get("/v1/notes", headers=one.bearer())
        assert "rcm_http_requests_total{" not in (await other.client.get("/metrics")).text
        assert (await other.client.get("/v1/notes", headers=one.bearer())).status_code == 401, (
            "another data folder is another issuer"
        )


async def test_the_description_has_problems_as_problem_json_and_no_foreign_shapes(world):
    described = (await world.client.get("/openapi.json")).json()
    answers = described["paths"]["/v1/notes"]["post"]["responses"]
    assert set(answers) == {"201", "400", "401", "403", "409", "422"}
    assert list(answers["409"]["content"]) == ["application/problem+json"]
    assert (
        "idempotency-key-reused"
        in answers["409"]["content"]["application/problem+json"]["examples"]
    )
    assert "HTTPValidationError" not in json.dumps(described)


async def test_the_description_is_a_page_of_our_own(world):
    answer = await world.client.get("/docs")
    assert answer.status_code == 200
    assert "/v1/notes/{note_id}" in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert "<script" not in answer.text


async def test_a_static_file_is_kept_by_its_content(world):
    page = (await world.client.get("/docs")).text
    address = page.split('rel="stylesheet" href="', 1)[1].split('"', 1)[0]
    answer = await world.client.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/none.css"):
        assert (await world.client.get(path)).status_code == 404


async def test_a_role_that_may_not_is_forbidden(world):
    assert (
        await world.client.get("/v1/managers", headers=world.bearer("northside", "viewer"))
    ).status_code == 403
    assert (
        await world.client.get("/v1/managers", headers=world.bearer("northside", "manager"))
    ).status_code == 200
