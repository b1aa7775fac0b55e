"""Small shapes that every part of an 837 is made of: addresses, dates, quantities."""

from datetime import date
from decimal import Decimal
from functools import lru_cache

from claims_svc.model.content import day
from rcm.events import clinical
from rcm.x12.x837_parties import Address, Provider


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


@lru_cache(maxsize=8192)
def provider_of(role_code: str, who: clinical.Provider) -> Provider:
    """Write a provider in a role. NM1, PRV."""
    # PRV stands only where the guides have it: rendering and attending.
    taxonomy = who.taxonomy_code if role_code in ("82", "71") else ""
    return Provider(
        role_code=role_code,
        entity_type_code="2" if who.is_organization else "1",
        name=who.last_name,
        first_name=who.first_name,
        npi=who.npi,
        taxonomy_code=taxonomy,
    )
