"""Money: US cents as integers, read from and written to X12 without ever passing through a float.

`Decimal(text)` is not a parser for money: it takes `1_000`, `1e3`, ` 12 `, `NaN` and Arabic-Indic
digits. Amounts go
through an ASCII pattern first.
"""

import re
from typing import Annotated, Final

from msgspec import Meta

Cents = Annotated[int, Meta(ge=-(10**15), le=10**15, description="US cents")]
"""An amount in US cents; negative where money flows back. Bounded, so that sums stay inside 64
bits."""

CENTS_MAX: Final = 10**15 - 1
"""The largest amount that X12 type R with 15 digits and a two-digit fraction can carry."""

# At least one digit on some side of the point; at most 13 before it and 2 after it (X12 type R,
# guides limit to 18 chars).
_AMOUNT: Final = re.compile(r"(-?)(?:(\d{1,13})(?:\.(\d{1,2}))?|\.(\d{1,2}))", re.ASCII)


class NotAnAmount(ValueError):
    """The text is not an X12 monetary amount. The text itself is not repeated: it may be
    anything.
    """


def cents_from_x12(text: str) -> int:
    """Read an X12 monetary amount (type R or N2-like text such as `125`, `125.5`, `-0.75`, `.5`)
    as cents.

    Raises:
        NotAnAmount: Anything but an optional minus, up to 13 digits, and up to 2 decimals, all
            ASCII.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise NotAnAmount("not an amount: optional minus, up to 13 digits, up to 2 decimals")
    sign, whole, part, lone = match.groups()
    part = part or lone or ""
    cents = int(whole or "0") * 100 + int(part.ljust(2, "0") or "0")
    return -cents if sign else cents


def x12_from_cents(cents: int) -> str:
    """Write cents as X12 does: no trailing zeros of the fraction, no plus, `0` for nothing, `-.5`
    never (`-0.5`).
    """
    whole, part = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    if not part:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{part:02d}".rstrip("0")


def dollars(cents: int) -> str:
    """Write cents for a reader: `-1,234.50`."""
    whole, part = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{part:02d}"
