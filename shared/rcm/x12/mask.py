"""Hide what may identify a person, and keep what makes a segment readable.

The default is to hide: a segment's elements are shown only when this table says so. Shapes stay
(letters become X, digits 9), so that a wrong length or a stray character can still be seen.
"""

import re
from itertools import zip_longest

from rcm.x12.guide import ElementUse, standard
from rcm.x12.segments import SEGMENTS

#: Elements that carry no personal data, by segment: amounts, codes, counts, control numbers.
SHOWN: dict[str, frozenset[int]] = {
    "ISA": frozenset({1, 3, 5, 7, *range(9, 17)}),
    "GS": frozenset({1, 4, 5, 6, 7, 8}),
    "ST": frozenset(range(1, 4)),
    "SE": frozenset({1, 2}),
    "GE": frozenset({1, 2}),
    "IEA": frozenset({1, 2}),
    "TA1": frozenset(range(1, 6)),
    "BHT": frozenset({1, 2, 4, 5, 6}),
    "HL": frozenset(range(1, 5)),
    "TRN": frozenset({1}),
    "BPR": frozenset({1, 2, 3, 4, 5, 6, 8, 12, 14, 16}),
    "CLP": frozenset({1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13}),
    "CAS": frozenset(range(1, 20)),
    "SVC": frozenset(range(1, 8)),
    "CLM": frozenset({1, 2, *range(5, 21)}),
    "SV1": frozenset(range(1, 22)),
    "SV2": frozenset(range(1, 11)),
    "SV3": frozenset(range(1, 12)),
    "SVD": frozenset({2, 3, 4, 5, 6}),
    "AMT": frozenset({1, 2}),
    "QTY": frozenset({1, 2}),
    "LX": frozenset({1}),
    "LQ": frozenset({1, 2}),
    "MOA": frozenset(range(1, 10)),
    "MIA": frozenset(range(1, 25)),
    "PLB": frozenset({2, 4, 6, 8, 10, 12, 14}),
    "TS2": frozenset(range(1, 20)),
    "TS3": frozenset(range(2, 25)),
    "STC": frozenset({1, 2, 3, 4, 5, 10, 11}),
    "AK1": frozenset({1, 2, 3}),
    "AK2": frozenset({1, 2, 3}),
    "AK9": frozenset(range(1, 10)),
    "IK3": frozenset({1, 2, 3, 4}),
    "IK4": frozenset({1, 2, 3}),
    "IK5": frozenset(range(1, 7)),
    "EB": frozenset(range(1, 14)),
    "EQ": frozenset({1, 2, 3, 4}),
    "AAA": frozenset({1, 3, 4}),
}
#: Codes by type that may still help to tell who somebody is: postal code, sex, marital state.
_TELLING_CODES = frozenset({"116", "1068", "1067", "26"})
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")


def masked_value(value: str) -> str:
    """Keep the shape of a value and nothing else: letters become X, digits 9."""
    return _DIGIT.sub("9", _LETTER.sub("X", value))


def masked_segment(text: str, separator: str | None = None) -> str:
    """Mask the elements of one segment that may identify a person.

    Args:
        text: The segment without its terminator.
        separator: Element separator; found from the text (the first character that is neither a
            letter nor a digit) when not given.
    """
    if separator is None:
        separator = next((character for character in text if not character.isalnum()), "*")
    elements = text.split(separator)
    return separator.join(masked_elements(elements))


def masked_elements(elements: list[str], component: str = ":") -> list[str]:
    """Mask the elements of one segment; the first entry is the segment's id and stays.

    Shown are the elements of SHOWN, and whatever the standard makes a code from a list.
    """
    tag = elements[0]
    shown = SHOWN.get(tag, frozenset())
    uses = standard(tag)[0] if tag in SEGMENTS else ()
    masked = [tag]
    for position, value in enumerate(elements[1:], start=1):
        use = uses[position - 1] if position <= len(uses) else None
        if position in shown or _is_plain_code(use):
            masked.append(value)
        elif use is not None and use.components:
            parts = value.split(component)
            masked.append(
                component.join(
                    part if _is_plain_code(inner) else masked_value(part)
                    for part, inner in zip_longest(parts, use.components[: len(parts)])
                )
            )
        else:
            masked.append(masked_value(value))
    return masked


def _is_plain_code(use: ElementUse | None) -> bool:
    return use is not None and use.type == "ID" and use.reference not in _TELLING_CODES
