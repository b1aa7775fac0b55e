"""Accuracy under the goal: raised once, cleared when it is back; what it counts can be opened."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_desk_cases import desk_settings, open_hospital
from coding_svc.decide.accuracy import Measured, review
from coding_svc.main import MANIFEST
from coding_svc.model.audit import Accuracy, evolve_accuracy
from coding_svc.rules.desk import AccuracyRules
from rcm.events.envelope import Recorded
from rcm.platform.rebuild import rebuild

RULES = AccuracyRules(goal_milli=950, cases_min=3, days=90)


def measured(cases, codes, errors, coder="ann"):
    return Measured(
        coder=coder, case_ids=tuple(f"c{n}" for n in range(cases)), decision_count=codes,
        error_count=errors, reviewed_from="2026-01-01", reviewed_through="2026-03-31",
    )  # fmt: skip


def names(state, what, rules=RULES):
    loaded = {"acc_1": state} if state is not None else {}
    return [fact.event.name for fact in review("acc_1", what, rules, loaded, None)]


def told(state, what, rules=RULES):
    """Decide and fold, as the engine would."""
    loaded = {"acc_1": state} if state is not None else {}
    facts = review("acc_1", what, rules, loaded, None)
    for fact in facts:
        state = evolve_accuracy(state, recorded(fact.event))
    return state, [fact.event.name for fact in facts]


def recorded(event):
    return Recorded(
        event_id="e", source="coding-svc", tenant_id="northside", stream_id="acc_1",
        stream_version=1, recorded_at="2026-03-31T00:00:00.000000Z", correlation_id="c",
        causation_id="c", actor="test", event=event,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cases", "codes", "errors", "expected"),
    [
        (3, 100, 6, ["AccuracyAlertRaised"]),
        (3, 100, 5, []),
        (3, 1_000, 51, ["AccuracyAlertRaised"]),
        (2, 100, 50, []),
        (3, 0, 0, []),
    ],
)
def test_an_alert_is_raised_under_the_goal_with_reviews_enough(cases, codes, errors, expected):
    assert names(None, measured(cases, codes, errors)) == expected


def test_what_is_under_the_goal_is_never_shown_at_it():
    (fact,) = review("acc_1", measured(3, 10_000, 501), RULES, {}, None)
    assert fact.event.accuracy_milli == 949


def test_it_is_raised_once_and_cleared_once_and_a_second_time_is_another_alert():
    state, first = told(None, measured(3, 100, 10))
    state, again = told(state, measured(4, 120, 20))
    state, few = told(state, measured(2, 60, 0))
    state, back = told(state, measured(5, 200, 10))
    state, still = told(state, measured(6, 220, 10))
    state, second = told(state, measured(7, 240, 40))
    assert (first, again, few) == (["AccuracyAlertRaised"], [], [])
    assert (back, still) == (["AccuracyAlertCleared"], [])
    assert second == ["AccuracyAlertRaised"]
    assert (state.number, state.raised.alert_id) == (2, "acc_1-2")


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 60), st.integers(0, 60)), max_size=30))
def test_alerts_alternate_whatever_the_reviews_find(found):
    state, said = None, []
    for cases, right, wrong in found:
        state, more = told(state, measured(cases, right + wrong, wrong))
        said += more
    turns = ["AccuracyAlertRaised", "AccuracyAlertCleared"] * len(found)
    assert said == turns[: len(said)]
    assert state is None or isinstance(state, Accuracy)


# -- over HTTP -------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def hospital_with(tmp_path, rules="accuracy: {cases_min: 2}"):
    coding = await desk_settings("", "", tmp_path)
    claims = await desk_settings("", "", tmp_path)
    folder = coding.data_dir / "profiles" / "northside"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "desk.yaml").write_text(rules)
    async with open_hospital(coding, claims, "northside") as opened:
        yield opened


async def released(hospital, account, who="ann"):
    encounter_id = await hospital.arrives(account)
    path = f"/v1/encounters/{encounter_id}/codes"
    shown = await hospital.does(who, "coder", "PUT", path, {"diagnoses": ["E11.9", "I10"]})
    assert shown["status"] == "coded"


async def sample(hospital, key):
    body = {
        "title_code": key, "seed": key, "size_count": 100,
        "criteria": {"released_from": "2026-01-01", "released_through": "2027-12-31"},
    }  # fmt: skip
    return (await hospital.does("max", "manager", "POST", "/v1/audits", body))["case_ids"]


async def reviewed(hospital, case_id, *, right):
    """Code a case a second time: as it was, or with another diagnosis that is called an error."""
    path = f"/v1/audit-cases/{case_id}"
    await hospital.does("aud", "auditor", "POST", f"{path}/takes")
    record = await hospital.data(f"{path}/record", "aud", "auditor")
    lines = [
        {"line_item_control_number": one["line_item_control_number"], "procedure_code": "99214"}
        for one in record["lines"]
    ]
    codes = ["E11.9", "I10"] if right else ["E11.65", "I10"]
    await hospital.does(
        "aud", "auditor", "POST", f"{path}/second-codings", {"diagnoses": codes, "lines": lines}
    )
    for one in await hospital.data(f"/v1/audit-findings?case_id={case_id}", "aud", "auditor"):
        assert not right, one
        verdict = {
            "verdict": "error",
            "rule_id": "guideline-i-a-15",
            "rationale": "The note says why.",
        }
        where = f"/v1/audit-findings/{case_id}/{one['number']}/verdict"
        await hospital.does("aud", "auditor", "PUT", where, verdict)


async def alerts(hospital, query=""):
    return await hospital.data(f"/v1/accuracy-alerts{query}", "max", "manager")


async def gauge(hospital):
    text = (await hospital.client.get("/metrics")).text
    (line,) = [line for line in text.splitlines() if line.startswith("rcm_coding_accuracy_alerts{")]
    return line


async def test_a_coder_under_the_goal_is_told_with_what_was_counted_and_cleared_when_back(
    tmp_path,
):
    async with hospital_with(tmp_path) as hospital:
        for account in ("A1", "A2"):
            await released(hospital, account)
        first, second = await sample(hospital, "one")
        await reviewed(hospital, first, right=False)
        assert await alerts(hospital) == [], "one review is not enough"
        await reviewed(hospital, second, right=False)
        both = await alerts(hospital, "?status=open")
        assert sorted(one["coder"] for one in both) == ["", "ann"]
        (alert,) = await alerts(hospital, "?coder=ann")
        assert (alert["case_count"], alert["goal_milli"]) == (2, 950)
        assert alert["accuracy_milli"] < 950
        cases = await hospital.data(alert["cases_href"], "max", "manager")
        assert {one["case_id"] for one in cases} == {first, second}
        errors = await hospital.data(alert["errors_href"], "max", "manager")
        assert len(errors) == alert["error_count"] > 0
        assert (await gauge(hospital)).endswith('{tenant="northside"} 2.0')

        for n in range(40):
            await released(hospital, f"B{n}")
        for case_id in set(await sample(hospital, "two")):
            case = await hospital.data(f"/v1/audit-cases/{case_id}", "max", "manager")
            if not case["auditor"]:
                await reviewed(hospital, case_id, right=True)
        (alert,) = await alerts(hospital, "?coder=ann")
        assert (alert["status"], alert["case_count"]) == ("cleared", 2)
        assert alert["cleared_milli"] >= 950
        assert await alerts(hospital, "?status=open") == []
        assert (await gauge(hospital)).endswith(" 0.0")
        before = await alerts(hospital)
        await hospital.settles()
        settings = hospital.settings
    report = await rebuild(MANIFEST, settings)
    assert report.differing == []
    async with hospital_with(tmp_path) as hospital:
        assert await alerts(hospital) == before


async def test_a_difference_that_nobody_has_judged_raises_nothing(tmp_path):
    async with hospital_with(tmp_path, "accuracy: {cases_min: 1}") as hospital:
        await released(hospital, "A1")
        (case_id,) = await sample(hospital, "one")
        path = f"/v1/audit-cases/{case_id}"
        await hospital.does("aud", "auditor", "POST", f"{path}/takes")
        body = {"diagnoses": ["I10"]}
        await hospital.does("aud", "auditor", "POST", f"{path}/second-codings", body)
        assert await alerts(hospital) == []


async def test_alerts_page_and_are_for_managers_and_auditors(tmp_path):
    async with hospital_with(tmp_path, "accuracy: {cases_min: 1}") as hospital:
        await released(hospital, "A1")
        (case_id,) = await sample(hospital, "one")
        await reviewed(hospital, case_id, right=False)
        page = (await hospital.get("/v1/accuracy-alerts?limit=1", "max", "manager")).json()
        rest = await hospital.get(
            f"/v1/accuracy-alerts?limit=1&cursor={page['next_cursor']}", "aud", "auditor"
        )
        assert {page["data"][0]["coder"], rest.json()["data"][0]["coder"]} == {"", "ann"}
        alert_id = page["data"][0]["alert_id"]
        shown = await hospital.data(f"/v1/accuracy-alerts/{alert_id}", "max", "manager")
        assert shown["alert_id"] == alert_id
        assert (await hospital.get("/v1/accuracy-alerts", "ann", "coder")).status_code == 403
        missing = await hospital.get("/v1/accuracy-alerts/none", "max", "manager")
        assert missing.json()["type"] == "/problems/alert-not-found"
