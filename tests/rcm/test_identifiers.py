"""Identifiers that can be checked without asking anybody."""

import pytest

from rcm.identifiers import mbi_is_shaped, npi_is_valid, taxonomy_is_shaped


def luhn_of_80840(number: str) -> bool:
    """The definition, digit by digit: double every second digit from the right."""
    digits = [int(c) for c in "80840" + number]
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def test_the_npi_check_digit_is_luhn_with_prefix_80840():
    for stem in ("123456789", "100000000", "199999999", "287654321"):
        for last in "0123456789":
            assert npi_is_valid(stem + last) == luhn_of_80840(stem + last)


@pytest.mark.parametrize(
    "number", ["", "123456789", "12345678931", "3234567893", "12345６7893", "1234567893 "]
)
def test_what_is_no_npi(number):
    assert not npi_is_valid(number)


def test_shapes():
    assert taxonomy_is_shaped("207Q00000X")
    assert not taxonomy_is_shaped("207Q00000")
    assert not taxonomy_is_shaped("207q00000X")
    assert mbi_is_shaped("1EG4TE5MK73")
    assert not mbi_is_shaped("1SG4TE5MK73")  # S is never used
