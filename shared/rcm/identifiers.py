"""Identifiers that others assign, and how far their shape can be checked without asking anybody."""

import re
from typing import Final

_NPI: Final = re.compile(r"[12]\d{9}", re.ASCII)
_DOUBLED: Final = tuple(sum(divmod(2 * digit, 10)) for digit in range(10))
# 80840 is the card-issuer prefix of US health applications; its Luhn sum is the constant 24 (45
# CFR 162.406).
_NPI_PREFIX_SUM: Final = 24
_TAXONOMY: Final = re.compile(r"[0-9A-Z]{9}X", re.ASCII)
_MBI: Final = re.compile(
    r"[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d[AC-HJKMNP-RT-Y]{2}\d{2}",
    re.ASCII,
)


def npi_is_valid(number: str) -> bool:
    """Tell whether ten digits are a National Provider Identifier: first digit 1 or 2, Luhn sum
    with prefix 80840.
    """
    if _NPI.fullmatch(number) is None:
        return False
    total = _NPI_PREFIX_SUM
    for position, character in enumerate(number):
        digit = ord(character) - 48
        total += digit if position % 2 else _DOUBLED[digit]
    return total % 10 == 0


def taxonomy_is_shaped(code: str) -> bool:
    """Tell whether a text has the shape of a provider taxonomy code (ten characters, the last an
    X).
    """
    return _TAXONOMY.fullmatch(code) is not None


def mbi_is_shaped(number: str) -> bool:
    """Tell whether a text has the shape of a Medicare Beneficiary Identifier (CMS MBI format, no
    dashes).
    """
    return _MBI.fullmatch(number) is not None
