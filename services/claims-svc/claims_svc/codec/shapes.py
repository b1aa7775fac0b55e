"""Small shapes that every part of an 837 is made of: addresses, dates, quantities."""

from datetime import date
from decimal import Decimal
from functools import lru_cache

from claims_svc.model.content import day
from rcm.events import clinical
from rcm.x12.x837_parties import Address


def address_of(address: clinical.Address | None) -> Address | None:
    """Write an address. N3 and N4."""
    if address is None:
        return None
    return Address(
        line_1=address.line1,
        line_2=address.line2,
        city=address.city,
        state_code=address.state_code,
        postal_code=address.postal_code,
    )


@lru_cache(maxsize=4096)
def thousandths(milli: int) -> Decimal:
    """Write thousandths of a unit as a decimal number without trailing zeros."""
    sign, milli = ("-", -milli) if milli < 0 else ("", milli)
    whole, part = divmod(milli, 1000)
    return Decimal(f"{sign}{whole}.{part:03d}".rstrip("0").rstrip("."))


def stamp_day(stamp: str) -> date | None:
    """Read the day of YYYYMMDDHHMM; None for none."""
    return day(f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}") if stamp else None


def known_day(text: str) -> date:
    """Read a day that the edits have looked at."""
    found = day(text)
    assert found is not None, "a date that is none does not pass the edits"
    return found
