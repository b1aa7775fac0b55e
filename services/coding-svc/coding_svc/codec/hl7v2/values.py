"""Values of HL7 v2 data types: times, amounts, quantities, and numbers of providers.

Dates of service are calendar dates at the facility. A time with an offset is moved to the
facility's zone; one without is the facility's own wall clock. Nothing passes through UTC.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final

from msgspec import Struct

from rcm.identifiers import npi_is_valid
from rcm.money import NotAnAmount, cents_from_x12

# HL7 TS/DTM: YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ].
_TIME: Final = re.compile(
    r"(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})?(\d{2})?(?:\.\d{1,6})?)?([+-]\d{4})?", re.ASCII
)
_QUANTITY: Final = re.compile(r"([+-]?)(\d{1,9})?(?:\.(\d{0,6}))?", re.ASCII)
_TEN_DIGITS: Final = re.compile(r"(?<!\d)\d{10}(?!\d)", re.ASCII)
_YEARS: Final = range(1850, 2200)

CHARGE_CENTS_MAX: Final = 10**11
"""A thousand million dollars: more is a mistake, and keeps every sum inside 64 bits."""


class Moment(Struct, frozen=True):
    """A date at the facility, and the time of day as far as it was sent.

    Attributes:
        day: `YYYY-MM-DD`.
        time: `HHMM`, or empty.
    """

    day: str
    time: str = ""


@lru_cache(maxsize=8192)
def moment(text: str, zone: tzinfo) -> Moment | None:
    """Read a time to the day or finer; None for anything else, including a bare month or year."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, offset = match.groups()
    if day is None or int(year) not in _YEARS:
        return None
    try:
        if hour is None:
            return Moment(date(int(year), int(month), int(day)).isoformat())
        at = datetime(  # noqa: DTZ001 - the wall clock of the facility, unless an offset follows
            int(year), int(month), int(day), int(hour), int(minute or 0), int(second or 0)
        )
        if offset is not None:
            ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
            sent = timezone(-ahead if offset[0] == "-" else ahead)
            at = at.replace(tzinfo=sent).astimezone(zone)
    except (ValueError, OverflowError):
        return None
    return Moment(at.date().isoformat(), f"{at.hour:02d}{at.minute:02d}")


@lru_cache(maxsize=8192)
def sortable(text: str, zone: tzinfo) -> str:
    """Turn a message time into text that sorts by instant, to the second; empty if unreadable."""
    match = _TIME.fullmatch(text)
    if match is None or match[3] is None or int(match[1]) not in _YEARS:
        return ""
    numbers = [int(part or 0) for part in match.groups()[:6]]
    try:
        at = datetime(*numbers, tzinfo=zone)  # type: ignore[arg-type, misc] # six integers
        if match[7] is not None:
            ahead = timedelta(hours=int(match[7][1:3]), minutes=int(match[7][3:]))
            at = at.replace(tzinfo=timezone(-ahead if match[7][0] == "-" else ahead))
        return at.astimezone(UTC).strftime("%Y%m%d%H%M%S")
    except (ValueError, OverflowError):
        return ""


@lru_cache(maxsize=8192)
def cents(text: str) -> int | None:
    """Read an amount (NM or the first part of CP and MO) as cents; None if it is none.

    A plus sign and zeros beyond the cent are dropped; a fraction of a cent is no amount, nor is
    what no charge ever was.
    """
    text = text.removeprefix("+")
    whole, point, part = text.partition(".")
    if point:
        text = f"{whole}.{part[:2]}{part[2:].rstrip('0')}".rstrip(".")
    try:
        found = cents_from_x12(text)
    except NotAnAmount:
        return None
    return found if abs(found) <= CHARGE_CENTS_MAX else None


@lru_cache(maxsize=1024)
def thousandths(text: str) -> int | None:
    """Read a quantity (NM) as thousandths; None if it is none, or finer than that."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    sign, whole, part = match.groups()
    part = (part or "").rstrip("0")
    if len(part) > 3 or not (whole or part):
        return None
    number = int(whole or "0") * 1000 + int(part.ljust(3, "0"))
    return -number if sign == "-" else number


def find_npi(raw: str) -> tuple[str, bool]:
    """Find a provider's NPI anywhere in a raw XCN field, since senders put it anywhere.

    The type tag is not believed: feeds tag local numbers and e-mail addresses as NPI and hide real
    ones in the subcomponents of the assigning authority.

    Returns:
        The first number that passes the check digit, or empty; and whether some ten-digit number
        failed it.
    """
    failed = False
    for found in _TEN_DIGITS.findall(raw):
        if npi_is_valid(found):
            return found, False
        failed = True
    return "", failed
