"""The product as processes, asked as a stranger: a canary patient is in no sink in clear, and no
route tells another tenant's id from one that does not exist.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

import httpx
import pytest
from tools.feed import messages_of, send
from tools.make_samples import write
from tools.sampler.cases import BRANCHES
from tools.stack import SERVICES, Stack

US, THEM = "northside", "lakeview"
CANARY = ("QUACKENBUSH", "PHINEASX", "MRN7770001", "CANARY STREET")
ROLES = ("biller", "manager", "coder", "operator", "auditor", "integration")
NOTHING = ([], {"data": [], "has_more": False, "next_cursor": None})
METHODS = ("get", "post", "put", "patch", "delete")
ROWS_WALKED = 30
"""Of a page; a longer listing is walked row by row for two of them."""
MAY_HOLD_PATIENTS = ("directory", "drop", "payer_sim.db")
"""Other people's places: configuration, files not taken in yet, and the payer's own store."""


def with_canary(message: bytes) -> bytes:
    """Make the patient of a message the canary: name, record number, street."""
    segments = message.split(b"\r")
    for at, segment in enumerate(segments):
        if segment.startswith(b"PID|"):
            fields = segment.split(b"|")
            fields[3] = b"MRN7770001^^^NORTHSIDE^MR"
            fields[5] = b"QUACKENBUSH^PHINEASX"
            fields[11] = b"7 CANARY STREET^^SPRINGFIELD^IL^62701"
            segments[at] = b"|".join(fields)
    return b"\r".join(segments)


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("sinks")
    write(folder / "samples", len(BRANCHES), 7, date(2026, 11, 20))
    stack = Stack(folder / "data", folder / "samples", "embedded", RCM_PAYER_REMIT_AFTER_S="0.5")
    stack.up()
    try:
        for tenant, port in stack.mllp_ports.items():
            messages = [*messages_of(folder / "samples" / tenant / "feed.hl7")]
            if tenant == US:
                messages[:3] = map(with_canary, messages[:3])
            asyncio.run(send("127.0.0.1", port, messages))
        stack.wait_until_quiet(4.0, 120.0)
        yield stack
    finally:
        stack.down()


def ask(stack, service, method, path, tenant, **more) -> httpx.Response:
    key = f"{tenant}/all"
    if key not in stack._tokens:
        roles = [word for role in ROLES for word in ("--role", role)]
        stack._tokens[key] = stack.rcm("token", "--tenant", tenant, *roles).stdout.strip()
    headers = {"Authorization": f"Bearer {stack._tokens[key]}", "Idempotency-Key": "stranger-0001"}
    return httpx.request(
        method, stack.url(service) + path, headers=headers, timeout=30, trust_env=False, **more
    )


def described(stack, service) -> Iterator[tuple[str, str, dict]]:
    """Go through the operations that a service serves under /v1."""
    document = httpx.get(stack.url(service) + "/openapi.json", trust_env=False).json()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in METHODS:
                yield method, path, operation


def ids_of(stack) -> dict[str, set[str]]:
    """Gather the tenant's ids from every listing, by the name that they have there."""
    found: dict[str, set[str]] = {}

    def note(value: object) -> None:
        if isinstance(value, dict):
            for name, one in value.items():
                if isinstance(one, str | int) and (
                    name.endswith(("_id", "_number")) or name == "place"
                ):
                    found.setdefault(name, set()).add(str(one))
                note(one)
        elif isinstance(value, list):
            for one in value:
                note(one)

    for service in SERVICES:
        for method, path, _ in described(stack, service):
            if method == "get" and "{" not in path:
                answer = ask(stack, service, "GET", path, US)
                # Without code sets, what needs them says so.
                assert answer.status_code in (200, 422, 503), f"{path}: {answer.status_code}"
                if answer.status_code == 200:
                    note(answer.json())
    return found


def absent_like(value: str) -> str:
    """Make an id that nobody has, of the same length and kind: only its absence can matter."""
    kinds = (digits, ascii_lowercase, ascii_uppercase)
    turned = str.maketrans("".join(kinds), "".join(kind[::-1] for kind in kinds))
    head, mark, rest = value.rpartition("_")
    return head + mark + rest.translate(turned)


def without_request(answer: httpx.Response) -> tuple[int, object]:
    body = answer.json() if "json" in answer.headers.get("content-type", "") else answer.text
    if isinstance(body, dict):
        body.pop("request_id", None)
    return answer.status_code, body


@pytest.mark.timeout(600)
def test_no_route_tells_a_foreign_id_from_an_absent_one(stack):
    known, asked = ids_of(stack), set()
    for service in SERVICES:
        for method, template, operation in described(stack, service):
            names = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
            if not names or not all(known.get(name) for name in names):
                continue
            body = {"json": {}} if "requestBody" in operation else {}
            for pick in (min, max):
                foreign, absent = template, template
                for name in names:
                    value = pick(known[name])
                    other = absent_like(value)
                    foreign = foreign.replace(f"{{{name}}}", value)
                    absent = absent.replace(f"{{{name}}}", other)
                first = ask(stack, service, method.upper(), foreign, THEM, **body)
                second = ask(stack, service, method.upper(), absent, THEM, **body)
                told = f"{service}: {method} {template} with {names}"
                assert first.status_code < 500, told
                if first.status_code < 300:
                    assert first.json() in (
                        [],
                        {"data": [], "has_more": False, "next_cursor": None},
                    )
                assert without_request(first) == without_request(second), told
                asked.add((service, method, template))
    assert len(asked) >= 25, sorted(asked)


def paged(stack, service) -> Iterator[str]:
    """Go through the listings of a service that can be asked without a value of one's own."""
    for method, template, operation in described(stack, service):
        given = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
        asked_for = [p for p in given.values() if p["in"] == "query" and p.get("required")]
        if method == "get" and {"limit", "cursor"} <= set(given) and not asked_for:
            yield template


def walk(stack, service, path, limit) -> list:
    """Read a listing to its end, by its own cursors."""
    rows, cursor = [], ""
    while cursor is not None:
        asked = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = ask(stack, service, "GET", path, US, params=asked)
        assert answer.status_code == 200, f"{service}: {path}: {answer.text}"
        page = answer.json()
        assert len(page["data"]) <= limit, f"{service}: {path}"
        cursor = page["next_cursor"]
        assert page["has_more"] == (cursor is not None), f"{service}: {path}"
        assert len(page["data"]) == limit or cursor is None, f"{service}: {path}"
        rows += page["data"]
        if len(rows) >= 2 * ROWS_WALKED and limit < ROWS_WALKED:
            break
    return rows


@pytest.mark.timeout(600)
def test_every_listing_is_read_to_its_end_row_by_row(stack):
    known, many = ids_of(stack), set()
    for service in SERVICES:
        for template in paged(stack, service):
            if template.startswith(("/v1/phi-views", "/v1/fhir", "/v1/codes")):
                continue  # Reading changes the first two; the last needs a question and code sets.
            path = template
            for name in re.findall(r"{(\w+)}", template):
                path = path.replace(f"{{{name}}}", min(known.get(name, {"cash"})))
            whole = walk(stack, service, path, ROWS_WALKED)
            single = walk(stack, service, path, 1)
            assert single == whole[: len(single)], f"{service}: {template}"
            assert len(single) == min(len(whole), 2 * ROWS_WALKED), f"{service}: {template}"
            if len(whole) > 1:
                many.add((service, template))
            for cursor in ("x", "W10", "é"):
                answer = ask(stack, service, "GET", path, US, params={"cursor": cursor})
                assert answer.status_code == 400, f"{service}: {template}"
                assert answer.json()["type"] == "/problems/invalid-cursor", template
    assert len(many) >= 13, sorted(many)


def holds_canary(data: bytes) -> str:
    upper = data.upper()
    return next((word for word in CANARY if word.encode() in upper), "")


@pytest.mark.timeout(300)
def test_the_canary_patient_is_in_no_sink(stack):
    # Somebody looks, so that trail and access logs have had their chance.
    for event in ask(stack, "lifecycle-svc", "GET", "/v1/events?limit=100", US).json()["data"]:
        ask(stack, "lifecycle-svc", "GET", f"/v1/events/{event['event_id']}?open_phi=true", US)
    ask(stack, "claims-svc", "GET", "/v1/claims?q=Quackenbush&patient=PHINEASX", US)
    ask(stack, "coding-svc", "POST", "/v1/fhir", US, json={"resourceType": "Quackenbush"})
    for service in (*SERVICES, "payer-sim"):
        for path in ("/metrics", "/status", "/openapi.json"):
            answer = httpx.get(stack.url(service) + path, trust_env=False)
            assert not holds_canary(answer.content), f"{service}{path}"
    stack.rcm("down")
    searched = 0
    for path in sorted(stack.data.rglob("*")):
        if not path.is_file() or path.relative_to(stack.data).parts[0] in MAY_HOLD_PATIENTS:
            continue
        searched += 1
        assert not holds_canary(path.read_bytes()), path.relative_to(stack.data)
    assert searched >= 15, "stores, log, keys, trails and logs were there to be searched"


def test_the_search_would_find_a_leak(tmp_path):
    (tmp_path / "log").write_text(json.dumps({"patient": "Quackenbush"}))
    assert holds_canary((tmp_path / "log").read_bytes()) == "QUACKENBUSH"
    assert b"QUACKENBUSH" in with_canary(b"MSH|^~\\&\rPID|1||M1||A^B|||||||x\r")


def test_the_places_that_are_left_out_are_those_of_others():
    assert {Path(name).parts[0] for name in MAY_HOLD_PATIENTS} == set(MAY_HOLD_PATIENTS)
