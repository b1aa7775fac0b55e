"""lifecycle-svc on a real log and store: what it folds, and who may see what of it."""

import pytest

from lifecycle_cases import CLAIM, History
from lifecycle_world import a_lifecycle
from store_cases import STORES, admin_url_of, settings_on


@pytest.fixture(params=STORES)
def admin_url(request):
    return admin_url_of(request)


@pytest.fixture
async def world(admin_url, tmp_path):
    other = History("lakeview")
    other.prepared("PLAKEVIEW", encounter_id="en_9")
    settings = await settings_on(admin_url, tmp_path)
    async with a_lifecycle(settings, [*History().whole().recorded, *other.recorded]) as world:
        yield world


async def test_a_claim_is_listed_where_it_stands_with_money_that_adds_up(world):
    page = (await world.get("/v1/claims")).json()
    (claim,) = page["data"]
    assert (claim["claim_id"], claim["state"], claim["turn"]) == (CLAIM, "partly-paid", "ours")
    assert claim["denial_deadline_on"] == "2026-08-29"
    money = claim["money"]
    assert money["billed_cents"] == sum(v for k, v in money.items() if k != "billed_cents")


async def test_a_claims_life_is_told_from_every_topic(world):
    life = (await world.get(f"/v1/claims/{CLAIM}")).json()
    assert [step["name"] for step in life["steps"]][:3] == [
        "EncounterCoded",
        "ClaimPrepared",
        "ClaimBatched",
    ]
    assert len(life["steps"]) == 12
    assert all(step["place"].startswith("rcm.") for step in life["steps"])


async def test_states_are_counted_with_their_money(world):
    (total,) = (await world.get("/v1/claim-states")).json()
    assert (total["state"], total["claim_count"]) == ("partly-paid", 1)
    assert total["money"]["denied_cents"] == 5_000


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("state=partly-paid", 1),
        ("state=paid", 0),
        ("turn=ours", 1),
        ("turn=theirs", 0),
        (f"q={CLAIM[:6].lower()}", 1),
        ("q=en_1", 1),
        ("q=acme", 1),
        ("q=000000042", 1),
        ("q=ACME/000000042", 1),
        ("q=00000042", 0),
        ("q=CME/000000042", 0),
        ("q=%25", 0),
        ("q=_", 0),
        ("q='%20OR%201=1--", 0),
    ],
)
async def test_claims_are_found_by_state_turn_and_text(world, query, found):
    answer = await world.get(f"/v1/claims?{query}")
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == found


async def test_events_of_a_claim_come_in_pages_without_gap(world):
    seen, cursor = [], ""
    while cursor is not None:
        page = (await world.get(f"/v1/events?claim_id={CLAIM}&limit=5&cursor={cursor}")).json()
        seen += [step["event_id"] for step in page["data"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 12


async def test_a_foreign_id_and_an_absent_id_get_the_same_answer(world):
    event = (await world.get("/v1/events", "lakeview")).json()["data"][0]["event_id"]
    for foreign, absent in [
        ("/v1/claims/PLAKEVIEW", "/v1/claims/PNONE"),
        (f"/v1/events/{event}", "/v1/events/none"),
        ("/v1/events?claim_id=PLAKEVIEW", "/v1/events?claim_id=PNONE"),
        ("/claims/PLAKEVIEW", "/claims/PNONE"),
        (f"/events/{event}", "/events/none"),
    ]:
        answers = [await world.get(path, "northside") for path in (foreign, absent)]
        assert [answer.status_code for answer in answers] == [404, 404], foreign
        bodies = [answer.json() for answer in answers]
        for body in bodies:
            body.pop("request_id")
        assert bodies[0] == bodies[1]


async def test_an_event_is_read_from_the_log_with_its_phi_sealed(world):
    steps = (await world.get(f"/v1/claims/{CLAIM}")).json()["steps"]
    prepared = next(step for step in steps if step["name"] == "ClaimPrepared")
    event = (await world.get(f"/v1/events/{prepared['event_id']}")).json()
    assert event["type"] == "ClaimPrepared.v1"
    assert event["headers"]["tenant"] == "northside"
    assert event["phi_fields"] == ["content", "x12"]
    assert event["body"]["x12"]["key_id"] == "pt_x"
    assert "QUACKENBUSH" not in str(event).upper()


@pytest.mark.parametrize(("role", "status"), [("biller", 200), ("viewer", 403), ("operator", 403)])
async def test_phi_opens_for_roles_that_see_it_and_each_view_is_audited(world, role, status):
    steps = (await world.get(f"/v1/claims/{CLAIM}")).json()["steps"]
    prepared = next(step for step in steps if step["name"] == "ClaimPrepared")
    answer = await world.get(f"/v1/events/{prepared['event_id']}?open_phi=true", "northside", role)
    assert answer.status_code == status
    (view,) = (await world.get("/v1/phi-views", "northside", "auditor")).json()["data"]
    assert (view["actor"], view["subject_kind"], view["subject_id"], view["key_ids"]) == (
        "developer", "event", prepared["event_id"], ["pt_x"],
    )  # fmt: skip
    assert view["outcome"] == ("shown" if status == 200 else "refused")
    if status == 200:
        assert answer.json()["body"]["x12"].startswith("CLM*")
    else:
        assert "CLM*" not in answer.text
    assert "QUACKENBUSH" not in world.log.getvalue()


async def test_status_tells_that_everything_is_folded(world):
    status = (await world.client.get("/status")).json()
    assert status["service"] == "lifecycle-svc"
    assert status["consumed_count"] == 13
    assert all(p["next_offset"] == p["end_offset"] for p in status["partitions"])
    text = (await world.client.get("/metrics")).text
    assert "rcm_events_consumed 13.0" in text


async def test_pages_ask_who_is_there(world):
    answer = await world.client.get("/claims", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


async def test_signing_in_is_for_the_tenants_of_this_machine(world):
    answer = await world.client.post("/sign-in", data={"tenant": "northside", "role": "viewer"})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (await world.client.get("/claims")).status_code == 200
    for bad in ({"tenant": "evil", "role": "viewer"}, {"tenant": "northside", "role": "root"}):
        assert (await world.client.post("/sign-in", data=bad)).status_code == 404


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_another_site_cannot_sign_anybody_in(world, headers):
    answer = await world.client.post(
        "/sign-in", data={"tenant": "northside", "role": "manager"}, headers=headers
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/claims", f"/claims/{CLAIM}", "/events", "/pipeline", "/claims?state=x&q=%27%25&money=z"],
)
async def test_every_page_answers_whole_and_in_part(world, path):
    whole = await world.get(path)
    part = await world.get(path, headers={"HX-Request": "true"})
    assert whole.status_code == part.status_code == 200
    assert whole.text.startswith("<!doctype html>")
    assert "style=" not in whole.text
    assert "<script>" not in whole.text
    assert "https://" not in whole.text
    if path != f"/claims/{CLAIM}":
        assert "HX-Request" in whole.headers["vary"]
        assert "<html" not in part.text


async def test_x12_is_shown_a_segment_a_line_and_only_to_who_may_see_it(world):
    steps = (await world.get(f"/v1/claims/{CLAIM}")).json()["steps"]
    prepared = next(step for step in steps if step["name"] == "ClaimPrepared")
    page = await world.get(f"/events/{prepared['event_id']}?phi=true")
    assert "CLM*PAAAABBBBCCCCDD*125***11:B:1~\nNM1*QC" in page.text
    refused = await world.get(f"/events/{prepared['event_id']}?phi=true", "northside", "viewer")
    assert refused.status_code == 403
