"""What holds for every route of every service that is installed."""

import logging

import pytest

from http_matrix import MATRIX, apps, client_of, matrix_text, operations, path_of, role_matrix


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return list(apps(tmp_path_factory.mktemp("services")))


async def test_every_route_under_v1_asks_for_a_token(served):
    for name, app, _ in served:
        async with client_of(app) as client:
            for method, template, _ in operations(app):
                answer = await client.request(method, path_of(template))
                assert answer.status_code == 401, f"{name}: {method} {template}"
                assert answer.headers["content-type"] == "application/problem+json"


async def test_who_may_use_which_route_is_what_was_agreed():
    matrix = await role_matrix()
    assert matrix_text(matrix) == MATRIX.read_bytes(), (
        "a route has other roles than agreed, or is new: make golden, and read git diff"
    )


def test_every_route_documents_its_refusals_as_problems(served):
    for name, app, _ in served:
        for method, template, described in operations(app):
            refusals = {s: a for s, a in described["responses"].items() if s >= "400"}
            assert {"401", "422"} <= set(refusals), f"{name}: {method} {template}"
            for status, answer in refusals.items():
                assert list(answer["content"]) == ["application/problem+json"], (
                    f"{name}: {method} {template} {status}"
                )


def test_every_route_is_described_in_a_sentence(served):
    for name, app, _ in served:
        for method, template, described in operations(app):
            assert described.get("description"), f"{name}: {method} {template}"


async def test_no_answer_of_a_failing_service_tells_why(served):
    logging.getLogger().setLevel(logging.ERROR)
    for name, app, issuer in served:
        async with client_of(app) as client:
            answer = await client.get(
                path_of(next(t for m, t, _ in operations(app) if m == "GET")),
                headers={"Authorization": "Bearer " + issuer.token("northside", ["operator"])},
            )
            assert answer.status_code in (403, 500), name
            assert "runtime" not in answer.text
