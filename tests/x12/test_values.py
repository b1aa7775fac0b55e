from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcm.money import cents_from_x12
from rcm.x12.values import cents, day, day_text, number_text, quantity

texts = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"-?[0-9]{0,15}\.?[0-9]{0,4}", fullmatch=True),
    st.sampled_from(["١٢", "1２.00", "²", "1.²³", "12.", ".5", "-.5", "1_0", "1e3", " 1", ""]),
)


@given(texts)
def test_the_short_way_of_reading_an_amount_is_the_long_one(text):
    try:
        wanted = cents_from_x12(text)
    except ValueError:
        with pytest.raises(ValueError):
            cents(text)
    else:
        assert cents(text) == wanted


@given(texts)
def test_a_quantity_is_a_plain_decimal_or_nothing(text):
    try:
        value = quantity(text)
    except ValueError:
        return
    assert text.isascii()
    assert set(text) <= set("-.0123456789")
    assert value == Decimal(text)
    assert quantity(number_text(value)) == value


@pytest.mark.parametrize(
    ("text", "written"),
    [("0.2", ".2"), (".2", ".2"), ("-0.25", "-.25"), ("10.5", "10.5"), ("0", "0"), ("1.0", "1.0")],
)
def test_a_leading_zero_is_not_written(text, written):
    assert number_text(quantity(text)) == written


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_every_day_is_written_and_read_again(on):
    assert day(day_text(on)) == on


@pytest.mark.parametrize(
    "text", ["", "2026023", "202602030", "2026-2-3", "20260230", "２０２６０２０３"]
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError):
        day(text)
