"""The usual shape of a level or a service line as one pattern, read by one match.

Nine of ten subscribers and lines look alike: the same segments in the same order. One match gives
their elements, where taking them apart segment by segment costs three times as much. What has
another shape, or anything more, is read the long way (`x837_read_parties`, `x837_read_lines`); a
test holds the two together.

    LX*+~ SV1*+*+*+*+*+**+~ DTP*472*.*+~ [REF*6R*+~]

`+` is an element that is taken, `.` one that is not, brackets hold what may be absent.
"""

import re
from functools import lru_cache
from typing import Final

from rcm.x12.lexer import Delimiters

SUBSCRIBER: Final = (
    "HL*.*.*22*.~ SBR*+*+*+*+*+****+~ NM1*IL*+*+*+*+**+*+*+~ [N3*+[*+]~ N4*+*+*+~] [DMG*D8*+*+~]"
    " NM1*PR*2*+*****+*+~ [N3*+[*+]~ N4*+*+*+~]"
)
"""2000B with 2010BA and 2010BB: SBR01-05 and 09, NM1*IL 02-05, 07-09, N3, N4, DMG02-03, NM1*PR 03,
08, 09, N3, N4."""
PROFESSIONAL_LINE: Final = "LX*+~ SV1*+*+*+*+*+**+~ DTP*472*.*+~ [REF*6R*+~]"
"""837P 2400: LX01, SV101-05 and 07, DTP*472, REF*6R."""
INSTITUTIONAL_LINE: Final = "LX*+~ SV2*+*+*+*+*+~ [DTP*472*.*+~] [REF*6R*+~]"
"""837I 2400: LX01, SV201-05, DTP*472, REF*6R."""
DENTAL_LINE: Final = "LX*+~ SV3*+*+*+*+*+*+~ [TOO*JP*+[*+]~] [DTP*472*.*+~] [REF*6R*+~]"
"""837D 2400: LX01, SV301-06, one TOO, DTP*472, REF*6R."""


@lru_cache(maxsize=64)
def pattern(shape: str, delimiters: Delimiters) -> "re.Pattern[str]":
    """Compile a shape for one set of delimiters; after it comes another line or nothing."""
    element, end = re.escape(delimiters.element), re.escape(delimiters.segment)
    any_one = f"[^{element}{end}]*"
    words = {"*": element, "~": end, "+": f"({any_one})", ".": any_one, "[": "(?:", "]": ")?"}
    text = "".join(words.get(mark, mark) for mark in shape.replace(" ", ""))
    return re.compile(f"{text}(?=LX[{element}{end}]|\\Z)")


@lru_cache(maxsize=64)
def line_start(delimiters: Delimiters) -> "re.Pattern[str]":
    """Make the search for the next LX of a claim, with the terminator before it."""
    element, end = re.escape(delimiters.element), re.escape(delimiters.segment)
    return re.compile(f"{end}LX(?=[{element}{end}])")


def taken_apart(text: str, delimiters: Delimiters) -> list[list[str]]:
    """Give segments, each with its terminator, as lists of elements."""
    return [one.split(delimiters.element) for one in text[:-1].split(delimiters.segment)]
