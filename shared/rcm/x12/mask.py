"""Hide what may identify a person, and keep what makes a segment readable.

The default is to hide: a segment's elements are shown only when this table says so. Shapes stay
(letters become X, digits 9), so that a wrong length or a stray character can still be seen.
"""

import re

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
#: Data element of free text.
_DESCRIPTION = "352"
_SIGN = re.compile(r"([^\w\s.-])")
_NUMBER = re.compile(r"[-.0-9]*")
_TAG = re.compile(r"[A-Z][A-Z0-9]{1,2}")
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


def masked_elements(elements: list[str]) -> list[str]:
    """Mask the elements of one segment; the first entry is the segment's id and stays.

    Shown are the elements of SHOWN, and whatever the standard makes a code from a list, as long as
    it has the shape of one: a name that slipped into the place of a code is hidden.
    """
    tag, *values = elements
    uses = _uses(tag)
    masked = [masked_tag(tag)]
    for position, value in enumerate(values, start=1):
        use = uses[position - 1] if position <= len(uses) else None
        masked.append(_masked(value, use, is_listed=position in SHOWN.get(tag, ())))
    return masked


def masked_tag(tag: str) -> str:
    """Give a segment's id; what has not the shape of one may be anything, such as a name."""
    return tag if _TAG.fullmatch(tag) is not None else masked_value(tag)


def masked_at(tag: str, position: int, component: int, value: str) -> str:
    """Mask the value of one element or component, as `masked_elements` does."""
    uses = _uses(tag)
    if not 1 <= position <= len(uses):
        return masked_value(value)
    use: ElementUse | None = uses[position - 1]
    if component and use is not None and use.components:
        inner = use.components
        use = inner[component - 1] if component <= len(inner) else None
    return _masked(value, use, is_listed=position in SHOWN.get(tag, ()))


def _uses(tag: str) -> tuple[ElementUse, ...]:
    return standard(tag)[0] if tag in SEGMENTS else ()


def _masked(value: str, use: ElementUse | None, *, is_listed: bool) -> str:
    if use is None:
        return value if is_listed else masked_value(value)
    if not use.components and use.repeat_max == 1:
        return value if _is_shown(value, use, is_listed=is_listed) else masked_value(value)
    # Whatever the separators are: parts stand between signs, and a part too many is hidden.
    parts = _SIGN.split(value)
    for place in range(0, len(parts), 2):
        inner: ElementUse | None = use
        if use.components:
            inner = use.components[place // 2] if place // 2 < len(use.components) else None
        if inner is None or not _is_shown(parts[place], inner, is_listed=is_listed):
            parts[place] = masked_value(parts[place])
    return "".join(parts)


def _is_shown(value: str, use: ElementUse, *, is_listed: bool) -> bool:
    if use.type == "ID":
        is_code = use.reference not in _TELLING_CODES or is_listed
        return is_code and len(value) <= use.length_max
    if not is_listed or use.reference == _DESCRIPTION:
        return False
    return use.type not in {"R", "N0"} or _NUMBER.fullmatch(value) is not None
