"""Read the values of elements: amounts, quantities, dates. Each refuses what X12 does not allow.

Dates and quantities are cached: a file repeats them over and over, and a cached reading costs a
tenth of a fresh one. Their ValueErrors never leave `rcm.x12`; they become Findings.
"""

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache

from rcm.identifiers import npi_is_valid
from rcm.money import cents_from_x12

_NUMBER = re.compile(r"-?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})", re.ASCII)
_DATE = re.compile(r"\d{8}", re.ASCII)

_WHOLE_DIGITS_MAX = 13


def cents(text: str) -> int:
    """Read an amount (type R) in cents, as `rcm.money` does; plain amounts take a shorter way.

    Not cached: amounts differ too much for that to pay, which was measured.

    Raises:
        ValueError: It is no amount, or has more than two decimals.
    """
    whole, point, part = text.partition(".")
    digits = whole + part
    if whole and digits.isdigit() and digits.isascii() and len(whole) <= _WHOLE_DIGITS_MAX:
        if not point:
            return int(digits) * 100
        if len(part) == 2:
            return int(digits)
        if len(part) == 1:
            return int(digits) * 10
    return cents_from_x12(text)


#: Whether an NPI's check digit fits.
npi_is_sound = lru_cache(maxsize=1 << 12)(npi_is_valid)


@lru_cache(maxsize=1 << 14)
def quantity(text: str) -> Decimal:
    """Read a decimal number (type R), such as units.

    Raises:
        ValueError: It is not one: blanks, exponents, signs other than a leading minus.
    """
    if _NUMBER.fullmatch(text) is None:
        raise ValueError("not a number")
    return Decimal(text)


@lru_cache(maxsize=1 << 14)
def day(text: str) -> date:
    """Read a date, CCYYMMDD.

    Raises:
        ValueError: It is not eight ASCII digits, or no day of the calendar.
    """
    if _DATE.fullmatch(text) is None:
        raise ValueError("not a date")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def optional_cents(text: str) -> int | None:
    """Read an amount that may be absent."""
    return cents(text) if text else None


def optional_quantity(text: str) -> Decimal | None:
    """Read a number that may be absent."""
    return quantity(text) if text else None


def optional_day(text: str) -> date | None:
    """Read a date that may be absent."""
    return day(text) if text else None


def number_text(value: Decimal | None) -> str:
    """Write a decimal number without an exponent and leading zeros; empty for None."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.replace("0.", ".", 1) if value and -1 < value < 1 else text


def day_text(on: date | None) -> str:
    """Write a date as CCYYMMDD; empty for None."""
    return "" if on is None else on.isoformat().replace("-", "")
