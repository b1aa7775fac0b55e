"""Money: integer cents in, the same cents out, and nothing that only looks like an amount."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcm.money import CENTS_MAX, NotAnAmount, cents_from_x12, dollars, x12_from_cents


@given(st.integers(-CENTS_MAX, CENTS_MAX))
def test_every_amount_survives_x12(cents):
    assert cents_from_x12(x12_from_cents(cents)) == cents


@given(st.integers(-CENTS_MAX, CENTS_MAX))
def test_two_written_decimals_read_the_same(cents):
    whole, part = divmod(abs(cents), 100)
    assert cents_from_x12(f"{'-' * (cents < 0)}{whole}.{part:02d}") == cents


@pytest.mark.parametrize(
    ("text", "cents"),
    [("0", 0), ("-0.00", 0), ("5.", None), (".5", 50), ("-.75", -75), ("12.5", 1250), ("007", 700)],
)
def test_spellings_of_type_r(text, cents):
    if cents is None:
        with pytest.raises(NotAnAmount):
            cents_from_x12(text)
    else:
        assert cents_from_x12(text) == cents


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "+5", "1e3", "1E+999999", "NaN", "Infinity", "1_000", "1,000", "--1", "1.234",
     "٣", "１２", "1" * 14, "0x10", "1.2.3", "-", ".", "-.", "1\n"],
)  # fmt: skip
def test_what_is_not_an_amount_is_refused(text):
    with pytest.raises(NotAnAmount):
        cents_from_x12(text)


def test_the_refusal_does_not_repeat_the_text():
    with pytest.raises(NotAnAmount) as refused:
        cents_from_x12("DOE^JANE")
    assert "DOE" not in str(refused.value)


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0.00"), (-5, "-0.05"), (123456789, "1,234,567.89")]
)
def test_dollars_are_written_for_readers(cents, text):
    assert dollars(cents) == text
