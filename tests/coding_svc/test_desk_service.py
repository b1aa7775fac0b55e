"""The desk and the audit as people use them: by the routes, beside claims-svc, over one log."""

import asyncio
import io
import json
import uuid
import zipfile

import pytest

from coding_desk_cases import desk_settings, open_hospital
from coding_svc.main import MANIFEST
from rcm.platform.evidence import check_pack
from rcm.platform.rebuild import rebuild

BACKENDS = ["embedded", pytest.param("kafka-and-postgres", marks=pytest.mark.connected)]


@pytest.fixture(params=BACKENDS)
def places(request):
    """Where PostgreSQL and Kafka are; both empty for the embedded default."""
    if request.param == "embedded":
        return "", ""
    return request.getfixturevalue("postgres_url"), request.getfixturevalue("kafka_address")


async def both(places, tmp_path):
    admin_url, kafka = places
    # The embedded log is one file; each service has a store of its own in the same folder.
    coding = await desk_settings(admin_url, kafka, tmp_path)
    claims = await desk_settings(admin_url, kafka, tmp_path)
    return coding, claims


@pytest.fixture
async def hospital(tmp_path):
    coding, claims = await both(("", ""), tmp_path)
    async with open_hospital(coding, claims, "northside") as opened:
        yield opened


async def code(hospital, encounter_id, *diagnoses, who="ann"):
    path = f"/v1/encounters/{encounter_id}/codes"
    return await hospital.does(who, "coder", "PUT", path, {"diagnoses": list(diagnoses)})


async def take_next(hospital, who, **wishes):
    return await hospital.asks(who, "coder", "POST", "/v1/desk/takes", wishes)


# -- the queue -------------------------------------------------------------------------------------


async def test_coders_who_ask_at_once_get_an_encounter_each_and_then_nothing(hospital):
    encounters = {await hospital.arrives(f"Q{n}") for n in range(6)}
    coders = [f"coder-{n}" for n in range(8)]
    answers = await asyncio.gather(*(take_next(hospital, who) for who in coders))
    taken = [a.json()["encounter_id"] for a in answers if a.status_code == 201]
    assert sorted(taken) == sorted(encounters), "each encounter once"
    empty = [a.json()["type"] for a in answers if a.status_code != 201]
    assert [kind.rsplit("/", 1)[1] for kind in empty] == ["queue-empty"] * 2


async def test_a_repeated_request_gets_the_encounter_that_it_got(hospital):
    await hospital.arrives("Q1")
    first = await hospital.asks(
        "ann", "coder", "POST", "/v1/desk/takes", {}, **{"Idempotency-Key": "take-the-last-one"}
    )
    again = await hospital.asks(
        "ann", "coder", "POST", "/v1/desk/takes", {}, **{"Idempotency-Key": "take-the-last-one"}
    )
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_totals_open_exactly_what_they_count_on_all_pages(hospital):
    for n in range(7):
        await hospital.arrives(f"Q{n}")
    await take_next(hospital, "ann")
    for by in ("class_code", "specialty_code", "payer_id", "age", "dollars", "hold", "holder"):
        totals = await hospital.data(f"/v1/desk/totals?by={by}")
        assert totals["count"] == 7
        for total in totals["totals"]:
            shown, path = [], total["href"] + "&limit=3"
            cursor = ""
            while True:
                page = (await hospital.get(path + cursor)).json()
                shown += page["data"]
                if not page["has_more"]:
                    break
                cursor = "&cursor=" + page["next_cursor"]
            assert len(shown) == total["count"], (by, total)
            assert sum(one["billed_cents"] for one in shown) == total["billed_cents"]
    ages = (await hospital.data("/v1/desk/ageing"))["totals"]
    assert [one["value"] for one in ages] == ["0-3", "4-7", "8-14", "15-30", "31+"]


async def test_the_queue_is_sorted_by_age_or_by_dollars_through_its_pages(hospital):
    from coding_cases import ft1

    amounts = {"A": "10.00", "B": "30.00", "C": "20.00"}
    for account, amount in amounts.items():
        await hospital.arrives(account, ft1(f"T{account}", amount, f19=""))
    listed, cursor = [], ""
    while True:
        page = (await hospital.get(f"/v1/desk/queue?sort=dollars&limit=1{cursor}")).json()
        listed += [one["billed_cents"] for one in page["data"]]
        if not page["has_more"]:
            break
        cursor = "&cursor=" + page["next_cursor"]
    assert listed == [3_000, 2_000, 1_000]
    first = await take_next(hospital, "ann", sort="dollars")
    assert first.json()["encounter_id"] == hospital.encounters["B"]


async def test_a_coder_is_given_what_the_routing_says_and_what_is_assigned(hospital):
    own = await hospital.arrives("Q1")
    routing = {"coder": "ann", "class_codes": ["I"], "specialty_codes": [], "payer_ids": []}
    await hospital.does("meg", "manager", "PUT", "/v1/coder-routing", routing)
    assert (await take_next(hospital, "ann")).status_code == 404
    assigned = await hospital.does(
        "meg", "manager", "POST", f"/v1/encounters/{own}/assignments", {"coder": "ann"}
    )
    assert assigned["assigned_to"] == "ann"
    assert (await take_next(hospital, "bob")).status_code == 404
    assert (await take_next(hospital, "ann")).json()["encounter_id"] == own
    back = await hospital.does("ann", "coder", "POST", f"/v1/encounters/{own}/returns")
    assert (back["holder"], back["assigned_to"]) == (None, "ann")


async def test_the_queue_is_filtered_by_specialty_and_by_what_holds(hospital):
    await hospital.arrives("Q1")
    (item,) = await hospital.data("/v1/desk/queue?specialty_code=207R&hold=no-diagnosis")
    assert item["specialty_code"] == "207R00000X"
    assert await hospital.data("/v1/desk/queue?specialty_code=208") == []
    assert await hospital.data("/v1/desk/queue?hold=no-charges") == []
    assert await hospital.data("/v1/desk/queue?work=waiting") == []


async def test_an_inpatient_stay_is_offered_only_to_who_may_code_it(tmp_path):
    coding, claims = await both(("", ""), tmp_path)
    async with open_hospital(coding, claims, "northside", desk_credentials="O=COC") as hospital:
        await hospital.arrives("Q1")
        assert (await take_next(hospital, "ann")).status_code == 404
        refused = await hospital.asks(
            "ann", "coder", "POST", f"/v1/encounters/{hospital.encounters['Q1']}/takes"
        )
        assert (refused.status_code, refused.json()["title"]) == (403, "Credential missing")
        credential = {"coder": "ann", "credential_code": "COC", "valid_from": "2020-01-01"}
        forbidden = await hospital.asks("ann", "coder", "POST", "/v1/coder-credentials", credential)
        assert forbidden.status_code == 403, "nobody gives credentials to themselves"
        entered = await hospital.does("meg", "manager", "POST", "/v1/coder-credentials", credential)
        assert entered["credentials"][0]["code"] == "COC"
        assert (await take_next(hospital, "ann")).status_code == 201


# -- one story, through every part -----------------------------------------------------------------


@pytest.mark.timeout(240)
async def test_from_the_queue_to_the_evidence_and_the_same_after_a_rebuild(places, tmp_path):
    tenant = f"desk-{uuid.uuid4().hex[:8]}"
    coding, claims = await both(places, tmp_path)
    async with open_hospital(coding, claims, tenant) as hospital:
        encounter_id = await _to_the_payer_and_back(hospital)
        audit_id = await _audited(hospital, encounter_id)
        before = await _seen(hospital, audit_id, encounter_id)
        await hospital.settles()
    report = await rebuild(MANIFEST, coding)
    assert report.differing == []
    async with open_hospital(coding, claims, tenant) as hospital:
        assert await _seen(hospital, audit_id, encounter_id) == before


async def _to_the_payer_and_back(hospital) -> str:
    """Code, release, undo before send, send, fail to undo, rework from a denial."""
    encounter_id = await hospital.arrives("S1")
    await hospital.arrives("S2")
    quota = {"coder": "ann", "class_code": "O", "per_hour_milli": 4_000}
    await hospital.does("meg", "manager", "PUT", "/v1/coder-quotas", quota)
    taken = (await take_next(hospital, "ann")).json()["encounter_id"]
    other = await hospital.asks(
        "bob", "coder", "PUT", f"/v1/encounters/{taken}/codes", {"diagnoses": ["E119"]}
    )
    assert (other.status_code, other.json()["title"]) == (409, "Taken by another coder")
    assert (await code(hospital, taken, "E11.9", "I10"))["status"] == "coded"
    await hospital.settles()

    path = f"/v1/encounters/{taken}/withdrawals"
    undone = await hospital.asks("ann", "coder", "POST", path)
    assert (undone.status_code, undone.json()["outcome"]) == (201, "withdrawn"), undone.text
    assert await hospital.sends() == 0, "what was taken back is never sent"
    held = (await hospital.get(f"/v1/encounters/{taken}")).json()
    assert [r["rule_id"] for r in held["reasons"]] == ["release-withdrawn"]

    sequence = {"diagnoses": ["I10", "E119"]}
    await hospital.does("ann", "coder", "PUT", f"/v1/encounters/{taken}/sequence", sequence)
    released = await hospital.does(
        "ann", "coder", "POST", f"/v1/encounters/{taken}/releases", {"overruled": []}
    )
    assert released["coded_version"] == 2
    await hospital.settles()
    assert await hospital.sends() == 1
    late = await hospital.asks("ann", "coder", "POST", path)
    assert (late.status_code, late.json()["title"]) == (409, "Release already sent"), late.text
    assert "frequency 7" in (await hospital.get("/problems/release-is-out")).text
    outcomes = [one["outcome"] for one in await hospital.data(path)]
    assert outcomes == ["withdrawn", "refused"]
    await hospital.settles()

    await hospital.sends_back(taken, "dnl_1")
    await hospital.settles()
    (item,) = await hospital.data("/v1/desk/queue?rework=true")
    assert item["rework_of"] == "dnl_1"
    assert (await take_next(hospital, "ann")).json()["encounter_id"] == taken, "rework comes first"
    await code(hospital, taken, "I10", "E1165")
    again = await hospital.does(
        "ann", "coder", "POST", f"/v1/encounters/{taken}/releases", {"overruled": []}
    )
    assert again["coded_version"] == 3
    versions = await hospital.data(f"/v1/encounters/{taken}/coded-versions", "ann", "coder")
    assert [v["rework_of"] for v in versions] == [None, None, "dnl_1"]
    assert [v["diagnoses"][0]["code"] for v in versions] == ["E119", "I10", "I10"]
    assert encounter_id in hospital.encounters.values()
    await hospital.settles()
    return taken


async def _audited(hospital, encounter_id) -> str:
    sample = {
        "title_code": "first", "seed": "2026", "size_count": 10,
        "criteria": {"released_from": "2020-01-01", "released_through": "2099-12-31",
                     "coder": "ann", "code": "E11.65"},
    }  # fmt: skip
    audit = await hospital.does("meg", "manager", "POST", "/v1/audits", sample)
    assert (audit["kind"], audit["population_count"], audit["case_count"]) == ("targeted", 1, 1)
    (case_id,) = audit["case_ids"]
    begun = await hospital.does("ada", "auditor", "POST", f"/v1/audit-cases/{case_id}/takes")
    assert (begun["status"], begun["first"]) == ("begun", None)

    for closed in ("account", "coded-versions", "evidence"):
        answer = await hospital.get(f"/v1/encounters/{encounter_id}/{closed}", "ada", "auditor")
        assert answer.json()["title"] == "First codes are closed", closed
    record = await hospital.get(f"/v1/audit-cases/{case_id}/record", "ada", "auditor")
    assert record.status_code == 200, record.text
    for code_of_the_first in ("E119", "E1165", "I10", "99214"):
        assert code_of_the_first not in record.text
    assert "TESTPATIENT" in record.text, "the record itself is there"
    (line,) = record.json()["lines"]

    seen = await hospital.data(f"/v1/audits/{audit['audit_id']}", "ada", "auditor")
    assert seen["criteria"]["code"] == "(closed)", "what it was drawn by would tell a code"
    second = {
        "diagnoses": ["I10", "E11.9"],
        "lines": [{"line_item_control_number": line["line_item_control_number"],
                   "procedure_code": "99214"}],
    }  # fmt: skip
    coded = await hospital.does(
        "ada", "auditor", "POST", f"/v1/audit-cases/{case_id}/second-codings", second
    )
    assert coded["charge_delta_cents"] == 0
    assert coded["first"]["diagnoses"] == ["I10", "E1165"]
    told = await hospital.data(f"/v1/audits/{audit['audit_id']}", "ada", "auditor")
    assert told["criteria"]["code"] == "E1165"
    await _another_audit_shows_nothing(hospital, sample, case_id)
    found = await hospital.data(f"/v1/audit-findings?audit_id={audit['audit_id']}")
    assert [(f["first"], f["second"]) for f in found] == [("E1165", ""), ("", "E119")]

    finding = f"/v1/audit-findings/{case_id}/1"
    verdict = {"verdict": "error", "rule_id": "ocg-i-c-4", "rationale": "no hyperglycemia noted"}
    await hospital.does("ada", "auditor", "PUT", f"{finding}/verdict", verdict)
    other = {**verdict, "verdict": "acceptable"}
    await hospital.does("ada", "auditor", "PUT", f"/v1/audit-findings/{case_id}/2/verdict", other)
    dispute = {"answer": "dispute", "statement": "it is in the nursing note"}
    await hospital.does("ann", "coder", "POST", f"{finding}/answers", dispute)
    (waiting,) = await hospital.data("/v1/audit-findings?status=disputed")
    assert waiting["number"] == 1
    results = await hospital.data(f"/v1/audits/{audit['audit_id']}/results", "ada", "auditor")
    # principal, three secondaries that either has, one procedure
    assert results["total"]["decision_count"] == 4
    assert (results["total"]["error_count"], results["total"]["accuracy_milli"]) == (1, 750)
    assert results["by_coder"][0]["meets_goal"] is False
    await hospital.does("meg", "manager", "POST", f"{finding}/rulings", {"outcome": "overturned"})
    words = (await hospital.get(finding, "meg", "manager")).json()
    assert words["rationale"] == "no hyperglycemia noted"
    return audit["audit_id"]


async def _another_audit_shows_nothing(hospital, sample, coded_id) -> None:
    """Whoever codes a release that an earlier audit compared is not told by that audit."""
    again = await hospital.does("meg", "manager", "POST", "/v1/audits", {**sample, "seed": "2"})
    (case_id,) = again["case_ids"]
    await hospital.does("bea", "auditor", "POST", f"/v1/audit-cases/{case_id}/takes")
    assert (await hospital.data(f"/v1/audit-cases/{coded_id}"))["first"] is not None
    assert (await hospital.data(f"/v1/audit-cases/{coded_id}", "bea", "auditor"))["first"] is None
    listed = await hospital.data("/v1/audit-cases", "bea", "auditor")
    assert [one["first"] for one in listed] == [None, None]
    findings = await hospital.data("/v1/audit-findings", "bea", "auditor")
    assert {one["first"] + one["second"] for one in findings} == {""}
    closed = await hospital.get(f"/v1/audit-findings/{coded_id}/1", "bea", "auditor")
    assert closed.json()["title"] == "First codes are closed"


async def _seen(hospital, audit_id, encounter_id):
    """Everything that people read of the desk, the audit and the evidence."""
    results = await hospital.data(f"/v1/audits/{audit_id}/results", "ada", "auditor")
    assert results["total"]["accuracy_milli"] == 1_000, "what was overturned is no error"
    (work,) = await hospital.data(
        "/v1/coding-productivity?from=2020-01-01&through=2099-12-31", "meg", "manager"
    )
    assert (work["coder"], work["released_count"], work["rework_count"]) == ("ann", 3, 1)
    assert work["quota_milli"] == 4_000
    assert work["per_hour_milli"] > 0
    masked = await hospital.get(f"/v1/encounters/{encounter_id}/evidence", "ada", "auditor")
    again = await hospital.get(f"/v1/encounters/{encounter_id}/evidence", "meg", "manager")
    assert masked.content == again.content, "the same log gives the same bytes"
    checked = check_pack(masked.content)
    assert checked.faults == []
    assert masked.headers["Content-Sha256"] == checked.sha256
    assert b"TESTPATIENT" not in masked.content
    assert b"hyperglycemia" not in masked.content
    opened = await hospital.get(
        f"/v1/encounters/{encounter_id}/evidence?open_phi=true", "ada", "auditor"
    )
    assert check_pack(opened.content).faults == []
    with zipfile.ZipFile(io.BytesIO(opened.content)) as archive:
        assert "TESTPATIENT" in archive.read("account.json").decode()
        audits = json.loads(archive.read("audits.json"))
        assert audits["findings"][0]["rationale"] == "no hyperglycemia noted"
        claims = json.loads(archive.read("claims.json"))
        assert [one["frequency_code"] for one in claims] == ["1"]
        withdrawals = json.loads(archive.read("desk.json"))["withdrawals"]
        assert [one["outcome"] for one in withdrawals] == ["withdrawn", "refused"]
    return (
        results,
        work,
        masked.content,
        opened.content,
        await hospital.data("/v1/desk/queue?work=all"),
        await hospital.data(f"/v1/audits/{audit_id}"),
        await hospital.data("/v1/audit-cases"),
        await hospital.data("/v1/audit-findings"),
        await hospital.data("/v1/coders"),
        await hospital.data(f"/v1/encounters/{encounter_id}/withdrawals"),
    )


# -- the auditor, and who saw what -----------------------------------------------------------------


async def test_another_tenant_sees_nothing_of_it(hospital):
    encounter_id = await hospital.arrives("Q1")
    foreign = hospital.token("eve", "coder", "manager", "auditor", tenant="lakeview")
    for path in (
        "/v1/desk/queue", "/v1/audits", "/v1/audit-cases", "/v1/audit-findings", "/v1/coders",
    ):  # fmt: skip
        answer = await hospital.client.get(path, headers=foreign)
        assert answer.json()["data"] == [], path
    for path in ("evidence", "coded-versions", "account"):
        answer = await hospital.client.get(f"/v1/encounters/{encounter_id}/{path}", headers=foreign)
        assert answer.status_code == 404, path


async def test_each_view_and_each_pack_leaves_a_trace(hospital):
    encounter_id = await hospital.arrives("Q1", coded=True)
    await hospital.settles()
    await hospital.get(f"/v1/encounters/{encounter_id}/evidence?open_phi=true", "ada", "auditor")
    await hospital.get(f"/v1/encounters/{encounter_id}/evidence", "meg", "manager")
    refused = await hospital.get(f"/v1/encounters/{encounter_id}/evidence", "vic", "viewer")
    assert refused.status_code == 403
    (view,) = await hospital.data("/v1/phi-views", "ada", "auditor")
    assert (view["actor"], view["subject_kind"], view["outcome"]) == ("ada", "evidence", "shown")
    issued = await hospital.data(f"/v1/encounters/{encounter_id}/evidence-packs", "ada", "auditor")
    assert [(one["given_to"], one["holds_phi"]) for one in issued] == [
        ("ada", True),
        ("meg", False),
    ]


async def test_a_request_that_billing_does_not_answer_in_time_is_told_so(tmp_path):
    coding, claims = await both(("", ""), tmp_path)
    own = {"withdrawal_wait_s": 0}
    async with open_hospital(coding, claims, "northside", **own) as hospital:
        encounter_id = await hospital.arrives("Q1", coded=True)
        path = f"/v1/encounters/{encounter_id}/withdrawals"
        asked = await hospital.asks("ann", "coder", "POST", path)
        assert (asked.status_code, asked.json()["outcome"]) == (202, "asked")
        async with asyncio.timeout(20):
            while (await hospital.data(path))[0]["outcome"] == "asked":  # noqa: ASYNC110 - asked
                await asyncio.sleep(0.05)
        assert (await hospital.data(path))[0]["outcome"] == "withdrawn"
