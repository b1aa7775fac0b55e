"""Roles in one hand, and duties kept apart: who codes, who releases, who audits."""

import asyncio
import contextlib

import pytest

from codes_cases import built_folder
from coding_desk_cases import desk_settings, open_hospital
from coding_svc.gateway.desk_book import DeskBook
from coding_svc.main import MANIFEST
from coding_svc.rules.desk import AccuracyRules, DeskRules
from rcm.platform.rebuild import rebuild
from rcm.platform.telemetry import open_log

ALL = ("coder", "biller", "manager", "auditor")


@contextlib.asynccontextmanager
async def hospital_with(tmp_path, rules="", **own):
    coding = await desk_settings("", "", tmp_path)
    claims = await desk_settings("", "", tmp_path)
    folder = coding.data_dir / "profiles" / "northside"
    folder.mkdir(parents=True)
    (folder / "desk.yaml").write_text(rules or "{}")
    async with open_hospital(coding, claims, "northside", **own) as opened:
        yield opened


async def code(hospital, encounter_id, who="ann", *diagnoses):
    path = f"/v1/encounters/{encounter_id}/codes"
    body = {"diagnoses": list(diagnoses or ("E11.9", "I10"))}
    return await hospital.does(who, "coder", "PUT", path, body)


async def release(hospital, encounter_id, who, role="coder"):
    return await hospital.asks(who, role, "POST", f"/v1/encounters/{encounter_id}/releases", {})


async def test_by_default_one_person_with_every_role_does_everything(tmp_path):
    async with hospital_with(tmp_path) as hospital:
        one = await hospital.arrives("A1")
        headers = hospital.token("sam", *ALL)
        path = f"/v1/encounters/{one}/codes"
        answer = await hospital.client.put(path, json={"diagnoses": ["E11.9"]}, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (200, "coded")


async def test_kept_apart_what_one_codes_another_releases(tmp_path):
    async with hospital_with(tmp_path, "separate_release: true") as hospital:
        one = await hospital.arrives("A1")
        shown = await code(hospital, one, "ann")
        assert (shown["status"], [r["rule_id"] for r in shown["reasons"]]) == (
            "held",
            ["release-by-another"],
        )
        own = await release(hospital, one, "ann")
        assert (own.status_code, own.json()["type"]) == (403, "/problems/coded-by-you")
        as_manager = await release(hospital, one, "ann", "manager")
        assert as_manager.json()["type"] == "/problems/coded-by-you"
        other = await release(hospital, one, "ben")
        assert (other.status_code, other.json()["status"]) == (201, "coded")


async def test_whoever_corrects_the_codes_before_the_release_has_coded_too(tmp_path):
    async with hospital_with(tmp_path, "separate_release: true") as hospital:
        one = await hospital.arrives("A1")
        await code(hospital, one, "ann")
        await code(hospital, one, "ben", "E11.9")
        assert (await release(hospital, one, "ben")).status_code == 403
        assert (await release(hospital, one, "cyd")).status_code == 201


async def test_a_message_does_not_release_what_waits_for_another_person(tmp_path):
    async with hospital_with(tmp_path, "separate_release: true") as hospital:
        one = await hospital.arrives("A1")
        await code(hospital, one, "ann")
        await hospital.arrives("A1")
        shown = await hospital.data(f"/v1/encounters/{one}")
        assert shown["status"] == "held"
        assert "release-by-another" in [r["rule_id"] for r in shown["reasons"]]


async def test_after_a_release_the_next_version_begins_with_nobody(tmp_path):
    async with hospital_with(tmp_path, "separate_release: true") as hospital:
        one = await hospital.arrives("A1")
        await code(hospital, one, "ann")
        assert (await release(hospital, one, "ben")).status_code == 201
        await code(hospital, one, "ben", "I10")
        assert (await release(hospital, one, "ben")).status_code == 403
        assert (await release(hospital, one, "ann")).status_code == 201


async def test_what_came_coded_anybody_releases(tmp_path):
    async with hospital_with(tmp_path, "separate_release: true") as hospital:
        one = await hospital.arrives("A1", coded=True)
        assert (await hospital.data(f"/v1/encounters/{one}"))["status"] == "coded"


async def test_who_coded_does_not_audit_it_though_another_released_it(tmp_path):
    async with hospital_with(tmp_path, "separate_release: true") as hospital:
        one = await hospital.arrives("A1")
        await code(hospital, one, "ann")
        await release(hospital, one, "ben")
        drawn = await hospital.does(
            "max", "manager", "POST", "/v1/audits",
            {"title_code": "q", "seed": "s", "size_count": 1,
             "criteria": {"released_from": "2026-01-01", "released_through": "2027-12-31"}},
        )  # fmt: skip
        (case_id,) = drawn["case_ids"]
        for who, status in (("ann", 403), ("ben", 403), ("aud", 201)):
            path = f"/v1/audit-cases/{case_id}/takes"
            answer = await hospital.asks(who, "auditor", "POST", path)
            assert answer.status_code == status, who


async def test_after_a_rebuild_it_still_waits_for_another_person(tmp_path):
    async with hospital_with(tmp_path, "separate_release: true") as hospital:
        one = await hospital.arrives("A1")
        await code(hospital, one, "ann")
        await hospital.settles()
        settings = hospital.settings
    report = await rebuild(MANIFEST, settings)
    assert report.differing == []
    coding, claims = settings, await desk_settings("", "", tmp_path)
    async with open_hospital(coding, claims, "northside") as again:
        assert (await release(again, one, "ann")).status_code == 403
        assert (await release(again, one, "ben")).status_code == 201


async def test_to_accept_a_suggestion_is_to_code_by_the_rules_of_the_desk(tmp_path):
    rules = "{must_take: true, separate_release: true}"
    more = {"codes_dir": built_folder(), "suggestions_s": 0.05}
    async with hospital_with(tmp_path, rules, **more) as hospital:
        one = await hospital.arrives("A1")
        text = {
            "text": "Type 2 diabetes mellitus. Hypertension.",
            "kind": "PN",
            "document_number": "N1",
        }
        note = await hospital.does("ann", "coder", "POST", f"/v1/encounters/{one}/notes", text)
        path = f"/v1/encounters/{one}/notes/{note['note_id']}"
        async with asyncio.timeout(60):
            while not (shown := await hospital.data(path, "ann", "coder"))["suggestions"]:  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.05)
        (code, *_) = [s["code"] for s in shown["suggestions"]]
        body = {"accepted": [{"code": code}], "rejected": []}
        untaken = await hospital.asks("ann", "coder", "POST", f"{path}/decisions", body)
        assert untaken.json()["type"] == "/problems/encounter-not-taken"
        await hospital.does("ann", "coder", "POST", f"/v1/encounters/{one}/takes")
        shown = await hospital.does("ann", "coder", "POST", f"{path}/decisions", body)
        assert "release-by-another" in [r["rule_id"] for r in shown["reasons"]]
        assert (await release(hospital, one, "ann")).status_code == 403


def book(folder, text):
    (folder / "northside").mkdir(exist_ok=True)
    (folder / "northside" / "desk.yaml").write_text(text)
    return DeskBook(folder, DeskRules(lease_s=60), open_log("test"))


def test_a_tenants_rules_lie_over_the_operators(tmp_path):
    desks = book(tmp_path, "must_take: true\naccuracy: {goal_milli: 900}\n")
    desks.check()
    wanted = AccuracyRules(goal_milli=900)
    assert desks.of_tenant("northside") == DeskRules(lease_s=60, must_take=True, accuracy=wanted)
    assert desks.of_tenant("lakeview") == DeskRules(lease_s=60)


@pytest.mark.parametrize(
    "text",
    ["seperate_release: true", "[]", "lease_s: 0", "accuracy: {goal_milli: 1001}", "a: [", ""],
)
def test_rules_that_cannot_be_used_stop_the_start_and_name_the_tenant(tmp_path, text):
    with pytest.raises(ValueError, match=r"northside/desk\.yaml"):
        book(tmp_path, text).check()


def test_rules_that_are_damaged_later_leave_what_was_there(tmp_path):
    desks = book(tmp_path, "separate_release: true")
    desks.check()
    (tmp_path / "northside" / "desk.yaml").write_text("separate_release: [")
    assert desks.of_tenant("northside").separate_release
    (tmp_path / "northside" / "desk.yaml").write_text("separate_release: false  # said")
    assert not desks.of_tenant("northside").separate_release
