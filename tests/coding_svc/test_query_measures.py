"""Response, agreement and turnaround of physician queries; due days and business hours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_svc.rules.query_measures import Measured, measure, percentile
from coding_svc.rules.query_policy import MOMENT, BusinessHours, QueryPolicy, moment

POLICY = QueryPolicy.of(
    {"time_zone": "America/New_York", "business_hours": {"holidays": ["2026-07-03"]}}
)
MONDAY = "2026-03-02T15:00:00Z"  # ten o'clock in New York


def asked(**changes) -> Measured:
    plain = Measured(
        physician_id="1",
        template_id="kidney-function",
        coder="ann",
        kind="retrospective",
        reason_code="acuity",
        shape="multiple-choice",
        status="sent",
        response="",
        level=0,
        encounter_id="enc_1",
        sent_at=MONDAY,
        answered_at="",
    )
    return plain._replace(**changes)


def answered(response: str = "agree", hours: int = 1, **changes) -> Measured:
    sent_at = changes.get("sent_at", MONDAY)
    at = (moment(sent_at) + timedelta(hours=hours)).strftime(MOMENT)
    return asked(status="answered", response=response, answered_at=at, **changes)


def test_nothing_measured_has_no_rates():
    (total,) = measure([], POLICY, by=None)
    assert (total.sent_count, total.response_permille, total.median_s) == (0, None, None)


def test_rates_are_of_the_queries_themselves():
    rows = [
        answered("agree"),
        answered("disagree"),
        answered("other"),
        answered("unable"),
        answered("agree", shape="open"),
        asked(level=1),
        asked(status="closed"),
    ]
    (total,) = measure(rows, POLICY, by=None)
    assert (total.sent_count, total.answered_count, total.waiting_count) == (7, 5, 1)
    assert (total.agree_count, total.disagree_count, total.other_count) == (2, 1, 1)
    assert (total.unable_count, total.escalated_count) == (1, 1)
    assert total.response_permille == 714
    # The open question offered nothing that could be agreed with.
    assert total.agreement_permille == 250


def test_an_encounter_that_is_asked_about_twice_counts_once():
    rows = [asked(), asked(), asked(encounter_id="enc_2")]
    (total,) = measure(rows, POLICY, by=None)
    assert (total.sent_count, total.encounter_count) == (3, 2)


def test_turnaround_is_the_median_and_the_ninetieth_of_all():
    rows = [answered(hours=hours) for hours in (1, 2, 3, 4, 5, 6, 7, 8, 9, 100)]
    (total,) = measure(rows, POLICY, by=None)
    assert (total.median_s, total.p90_s) == (5 * 3600 + 1800, 9 * 3600)
    (total,) = measure(rows[:1], POLICY, by=None)
    assert (total.median_s, total.p90_s) == (3600, 3600)


def test_each_group_counts_its_own_and_the_largest_comes_first():
    rows = [answered(physician_id="2"), asked(physician_id="2"), answered(physician_id="1")]
    total, *groups = measure(rows, POLICY, by="physician_id")
    assert [(g.value, g.sent_count, g.response_permille) for g in groups] == [
        ("2", 2, 500),
        ("1", 1, 1000),
    ]
    assert total.sent_count == 3


def test_a_month_is_the_calendars_of_the_tenant():
    rows = [asked(sent_at="2026-03-01T04:59:59Z"), asked(sent_at="2026-03-01T05:00:00Z")]
    _, *groups = measure(rows, POLICY, by="month")
    assert [g.value for g in groups] == ["2026-02", "2026-03"]


def test_business_hours_leave_out_nights_weekends_and_holidays():
    seconds = POLICY.business_seconds
    assert seconds(MONDAY, "2026-03-02T16:00:00Z") == 3600
    assert seconds(MONDAY, "2026-03-03T13:00:00Z") == 7 * 3600
    assert seconds("2026-03-06T21:00:00Z", "2026-03-09T12:30:00Z") == 3600 + 1800
    assert seconds("2026-03-07T12:00:00Z", "2026-03-08T12:00:00Z") == 0
    assert seconds("2026-07-02T21:00:00Z", "2026-07-06T13:00:00Z") == 3600
    (total,) = measure([answered(hours=24)], POLICY, by=None, hours="business")
    assert total.median_s == 9 * 3600


def test_the_clock_changes_between_two_business_days():
    # Sunday 8 March 2026: New York goes to summer time.
    assert POLICY.business_seconds("2026-03-06T21:30:00Z", "2026-03-09T12:30:00Z") == 3600


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.integers(0, 3_000_000),
    st.integers(0, 3_000_000),
)
def test_business_time_adds_up_and_is_never_longer_than_time(start, first, second):
    begin = start.replace(tzinfo=UTC, microsecond=0)
    middle, end = begin + timedelta(seconds=first), begin + timedelta(seconds=first + second)
    a, b, c = (at.strftime(MOMENT) for at in (begin, middle, end))
    whole = POLICY.business_seconds(a, c)
    assert whole == POLICY.business_seconds(a, b) + POLICY.business_seconds(b, c)
    assert 0 <= whole <= first + second


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_that_so_many_stay_within(values, percent):
    ordered = sorted(values)
    found = percentile(ordered, percent)
    assert found in ordered
    assert 100 * sum(value <= found for value in ordered) >= percent * len(ordered)


@given(
    st.lists(
        st.builds(
            answered,
            response=st.sampled_from(["agree", "disagree", "other", "unable"]),
            hours=st.integers(0, 500),
            physician_id=st.sampled_from("123"),
        ),
        max_size=30,
    )
)
def test_groups_add_up_to_the_total(rows):
    total, *groups = measure(rows, POLICY, by="physician_id")
    for name in ("sent_count", "answered_count", "agree_count", "unable_count"):
        assert sum(getattr(g, name) for g in groups) == getattr(total, name)
    counts = (total.agree_count, total.disagree_count, total.other_count, total.unable_count)
    assert sum(counts) == total.answered_count


# -- due days --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "days", "business", "due"),
    [
        ("2026-03-02T15:00:00Z", 3, False, "2026-03-05T15:00:00Z"),
        ("2026-03-06T15:00:00Z", 1, True, "2026-03-09T14:00:00Z"),
        ("2026-03-05T15:00:00Z", 2, True, "2026-03-09T14:00:00Z"),
        ("2026-07-02T15:00:00Z", 1, True, "2026-07-06T15:00:00Z"),
        ("2026-03-07T15:00:00Z", 1, True, "2026-03-09T14:00:00Z"),
    ],
)
def test_an_answer_is_due_after_days_or_business_days(start, days, business, due):
    policy = QueryPolicy.of(
        {"counts_business_days": business, "business_hours": {"holidays": ["2026-07-03"]}}
    )
    assert policy.due(moment(start), days) == due


def test_where_no_day_counts_the_due_day_still_comes():
    never = BusinessHours(weekdays=(1,), holidays=())
    policy = QueryPolicy(counts_business_days=True, business_hours=never)
    assert policy.due(moment(MONDAY), 365) > MONDAY


# -- what a policy may say -------------------------------------------------------------------------

GOOD = {"kind": "mdm", "port": 2575}


@pytest.mark.parametrize(
    ("policy", "fault"),
    [
        ({"unknown": 1}, "unknown"),
        ({"answer_within_days": 0}, "answer_within_days"),
        ({"time_zone": "Mars/Olympus"}, "Mars"),
        ({"default_channel": "none"}, "there is no 'none'"),
        ({"physicians": {"1999999901": {"channel": "none"}}}, "there is no 'none'"),
        ({"physicians": {"alpha": {}}}, "physicians"),
        ({"escalation": [{"physician": "alpha"}]}, "escalation"),
        ({"channels": {"a": {"kind": "mdm"}}}, "port is missing"),
        ({"channels": {"a": {**GOOD, "host": "ehr.test"}}}, "tls is needed"),
        ({"channels": {"a": {"kind": "fhir"}}}, "url is missing"),
        ({"channels": {"a": {"kind": "fhir", "url": "http://ehr.test/fhir"}}}, "https is needed"),
        ({"channels": {"a": {"kind": "fhir", "url": "ftp://ehr.test"}}}, "url is missing"),
        (
            {"channels": {"a": {"kind": "fhir", "url": "https://u:p@ehr.test/x"}}},
            "no user, query or fragment",
        ),
        (
            {"channels": {"a": {"kind": "webhook", "url": "https://x.test/?patient=1"}}},
            "no user, query or fragment",
        ),
        ({"channels": {"a": {"kind": "webhook", "url": "https://x.test/"}}}, "secret_file"),
        ({"channels": {"a": {**GOOD, "sending": "A^B|C"}}}, "sending"),
        ({"business_hours": {"begins": "17:00", "ends": "08:00"}}, "ends must be after"),
        ({"business_hours": {"weekdays": []}}, "ends must be after"),
        ({"business_hours": {"holidays": ["2026-02-30"]}}, "day is out of range"),
        ({"retry_after_s": [0]}, "retry_after_s"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(policy, fault):
    with pytest.raises((ValueError, KeyError), match=fault):
        QueryPolicy.of(policy)


def test_a_policy_off_this_machine_is_encrypted():
    policy = QueryPolicy.of(
        {
            "channels": {
                "a": {**GOOD, "host": "ehr.test", "tls": True},
                "b": {"kind": "fhir", "url": "https://ehr.test/fhir/Communication"},
                "c": {"kind": "webhook", "url": "http://localhost:9/x", "secret_file": "s"},
                "d": {"kind": "fhir-pull"},
            },
            "default_channel": "d",
            "physicians": {"1999999901": {"channel": "a"}},
        }
    )
    assert policy.channel_of("1999999901")[0] == "a"
    assert policy.channel_of("1999999919")[0] == "d"
    assert policy.channel_of("1999999901", "b")[0] == "b"
    assert policy.channel_of("1999999901", "desk")[1].kind == "desk"
    assert policy.channel_of("1999999901", "e") is None
