"""Where a part of an account comes from (`message#path`), and what its elements are called."""

import re
from typing import Final

_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}\[", re.ASCII)


def path_of(origin: str) -> str:
    """Return the path inside the message of an origin such as `msg_1f..#FT1[2]`."""
    return origin.partition("#")[2] or origin


def element(path: str, hl7_field: int, fhir_element: str) -> str:
    """Name an element of a part in the words of the format that it came in.

    `FT1[2]` and 16 is `FT1[2]-16`; `ChargeItem[1]` and `code` is `ChargeItem[1].code`.
    """
    if _SEGMENT.match(path):
        return f"{path}-{hl7_field}"
    return f"{path}.{fhir_element}"
