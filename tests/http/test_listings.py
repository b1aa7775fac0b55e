"""Every listing of every service has pages, and says so in the same words."""

import pytest

from http_matrix import apps, client_of, operations, path_of
from rcm.platform.http.paging import LIMIT_DEFAULT, LIMIT_MAX

BOUNDED = {
    "/v1/messages/{message_id}": "one row for each encounter that one message changed",
    "/v1/queries/templates": "comes with the build",
    "/v1/encounters/{encounter_id}/withdrawals": "what people asked back of one encounter",
    "/v1/encounters/{encounter_id}/coded-versions": "what people released of one encounter",
    "/v1/encounters/{encounter_id}/evidence-packs": "what auditors took of one encounter",
    "/v1/coding-productivity": "a report: a row a coder and patient class",
    "/v1/claim-states": "a row a state",
}
"""Bare arrays: each is bounded by what it is, not by how long a tenant has been with us."""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return list(apps(tmp_path_factory.mktemp("services")))


def shape_of(app, described) -> str:
    """Tell what a GET answers: an array, a page, or something else."""
    content = described["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    fields = app.openapi()["components"]["schemas"].get(name, {}).get("properties", {})
    if schema.get("type") == "array":
        return "array"
    return "page" if set(fields) == {"data", "has_more", "next_cursor"} else "other"


def listings(served, wanted="page"):
    for name, app, issuer in served:
        for method, template, described in operations(app):
            if method == "GET" and shape_of(app, described) == wanted:
                yield name, app, issuer, template, described


def test_a_list_has_pages_unless_it_cannot_grow(served):
    bare = {template for _, _, _, template, _ in listings(served, "array")}
    assert bare == set(BOUNDED)
    assert len(list(listings(served))) >= 30


def test_every_listing_says_how_its_pages_are_asked_for(served):
    for name, _, _, template, described in listings(served):
        given = {p["name"]: p["schema"] for p in described["parameters"] if p["in"] == "query"}
        limit = given["limit"]
        found = limit["minimum"], limit["maximum"], limit["default"]
        assert found == (1, LIMIT_MAX, LIMIT_DEFAULT), f"{name}: {template}"
        assert given["cursor"]["type"] == "string", f"{name}: {template}"
        examples = described["responses"]["400"]["content"]["application/problem+json"]["examples"]
        assert "invalid-cursor" in examples, f"{name}: {template}"


@pytest.mark.parametrize("limit", ["0", "-1", str(LIMIT_MAX + 1), "1e1", "٣", "ten", ""])
async def test_a_limit_out_of_bounds_is_refused_by_every_listing(served, limit):
    roles = ["biller", "manager", "coder", "operator", "auditor", "integration"]
    for name, app, issuer, template, _ in listings(served):
        if template == "/v1/codes":
            continue  # It says first that no code sets are loaded.
        app.state.runtime = object()
        headers = {"Authorization": "Bearer " + issuer.token("northside", roles)}
        async with client_of(app) as client:
            answer = await client.get(path_of(template), params={"limit": limit}, headers=headers)
        assert answer.status_code == 422, f"{name}: {template}"
        assert answer.json()["type"] == "/problems/malformed-request", f"{name}: {template}"
        assert "query.limit" in [e["path"] for e in answer.json()["errors"]], answer.text
