"""Until when: by payer and action, at the boundaries of the calendar."""

from datetime import date

import pytest

from denials_svc.rules.deadlines import BUILT_IN, NotALimit, later, parse_limits

ADVISED, SERVED = "2026-03-01", "2026-01-05"


@pytest.mark.parametrize(
    ("filing", "payer", "action", "on"),
    [
        ("MB", "", "APP", "2026-07-04"),  # 120 days and 5 of presumed receipt
        ("MA", "", "DOC", "2026-07-04"),
        ("MB", "", "FIX", "2027-03-01"),
        ("MB", "", "NEW", "2027-01-05"),
        ("12", "87726", "APP", "2027-03-01"),
        ("12", "87726", "FIX", "2026-08-28"),
        ("12", "87726", "NEW", "2026-04-05"),
        ("12", "62308", "APP", "2026-05-30"),
        ("12", "60054", "APP", "2026-08-28"),
        ("16", "61101", "FIX", "2027-01-05"),
        ("MC", "", "NEW", "2026-04-05"),
        ("CH", "", "NEW", "2027-01-05"),
        ("BL", "", "NEW", "2026-07-04"),
        ("12", "", "APP", "2026-04-30"),
        ("12", "", "FIX", "2026-04-30"),
        ("12", "", "CALL", "2026-04-30"),
        ("12", "", "NEW", "2026-04-05"),
        ("", "", "PAT", "2026-04-30"),
    ],
)
def test_the_last_day_of_an_action(filing, payer, action, on):
    found = BUILT_IN.deadline(action, ADVISED, SERVED, filing_code=filing, payer_id=payer)
    assert found.on == on


def test_the_basis_says_how_the_day_was_computed():
    medicare = BUILT_IN.deadline("APP", ADVISED, SERVED, filing_code="MB").basis
    assert "42 CFR 405.942" in medicare
    assert medicare.endswith("120 days from advice of 2026-03-01, received 5 days later")
    unknown = BUILT_IN.deadline("FIX", ADVISED, SERVED).basis
    assert unknown == "payer unknown: 60 days: 60 days from advice of 2026-03-01"


def test_without_a_day_of_service_the_advice_counts():
    assert BUILT_IN.deadline("NEW", ADVISED, "").on == "2026-05-30"


def test_a_tenants_limit_goes_before_ours():
    calendar = BUILT_IN.overlaid("= northside\nid PAYER | * | 30d | advice | 0 | our contract")
    ours = calendar.deadline("APP", ADVISED, SERVED, payer_id="PAYER", tenant_id="northside")
    theirs = calendar.deadline("APP", ADVISED, SERVED, payer_id="PAYER", tenant_id="lakeview")
    assert (ours.on, theirs.on) == ("2026-03-31", "2026-04-30")


@pytest.mark.parametrize(
    ("day", "days", "years", "expected"),
    [
        ("2024-02-29", 0, 1, "2025-02-28"),
        ("2024-02-29", 0, 4, "2028-02-29"),
        ("2026-12-31", 1, 0, "2027-01-01"),
        ("9999-12-31", 1, 0, "9999-12-31"),
        ("9999-01-01", 0, 1, "9999-12-31"),
        ("9999-12-31", 0, 0, "9999-12-31"),
    ],
)
def test_a_span_never_leaves_the_calendar(day, days, years, expected):
    assert later(date.fromisoformat(day), days, years).isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "* | * | 60d | advice | 0",
        "payer X | * | 60d | advice | 0 | b",
        "* | * | 60 | advice | 0 | b",
        "* | * | -1d | advice | 0 | b",
        "* | * | ٦٠d | advice | 0 | b",
        "* | * | 60d | receipt | 0 | b",
        "* | * | 60d | advice | x | b",
    ],
)
def test_rows_that_cannot_be_read_are_refused(text):
    with pytest.raises(NotALimit, match="line 1"):
        parse_limits(text)
