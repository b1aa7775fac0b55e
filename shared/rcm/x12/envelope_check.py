"""Check the elements of ISA and GS: what a TA1 or AK9 can say of them."""

import re
from collections.abc import Iterator

from rcm.x12.elements import (
    CHARACTER,
    TOO_LONG,
    TOO_SHORT,
    check_segment,
    period_is_valid,
)
from rcm.x12.findings import Finding, Place, Rule, Severity
from rcm.x12.lexer import Delimiters

#: What TA105 says of each element of ISA.
_ISA_NOTES = {
    1: "010", 2: "011", 3: "012", 4: "013", 5: "005", 6: "006", 7: "007", 8: "008", 9: "014",
    10: "015", 11: "016", 12: "017", 13: "018", 14: "019", 15: "020", 16: "027",
}  # fmt: skip
_ISA_RULES = {
    element: Rule(
        "isa-element-invalid",
        1,
        Severity.ERROR,
        "Correct the element of ISA.",
        ("TA1", note),
    )
    for element, note in _ISA_NOTES.items()
}
ISA_ELEMENT = _ISA_RULES[9]
GS_ELEMENT = Rule("gs-element-invalid", 1, Severity.ERROR, "Correct the element of GS.")
GS_NUMBER = Rule(
    "gs06-invalid", 1, Severity.ERROR, "Write one to nine digits in GS06.", ("AK9", "6")
)
_QUALIFIERS = frozenset(("01", "14", "20", "27", "28", "29", "30", "33", "ZZ"))
_ISA_CODES = {
    1: frozenset(("00", "03")),
    3: frozenset(("00", "01")),
    5: _QUALIFIERS,
    7: _QUALIFIERS,
    14: frozenset("01"),
    15: frozenset("PT"),
}
#: Elements whose lists are those of the HIPAA guides; before them partners used the standard's.
_GUIDE_LISTS = frozenset({1, 3, 5, 7})
_GUIDE_VERSION = "00501"
#: Widths of ISA are the lexer's to judge, and its fillers are blanks.
_NOT_OF_ISA = (CHARACTER, TOO_LONG, TOO_SHORT)


#: What is right is told quickly, as a service reads many small files; all else is looked at.
_USUAL_GS = re.compile(
    r"GS\n[A-Z]{2}\n[!-~]{2,15}\n[!-~]{2,15}\n20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|1\d|2[0-8])\n"
    r"(?:[01]\d|2[0-3])[0-5]\d\n\d{1,9}\n[XT]\n[!-~]{1,12}",
    re.ASCII,
)


def _is_usual_isa(elements: list[str]) -> bool:
    return (
        len(elements) == 17
        and "" not in elements
        and period_is_valid("D6", elements[9])
        and period_is_valid("TM", elements[10])
        and elements[13].isascii()
        and elements[13].isdigit()
        and all(elements[place] in codes for place, codes in _ISA_CODES.items())
        and "\0" not in elements[6] + elements[8]
    )


def isa_findings(elements: list[str], delimiters: Delimiters, place: Place) -> Iterator[Finding]:
    """Find what is wrong with the values of ISA01 to ISA15."""
    if _is_usual_isa(elements):
        return
    plain = delimiters._replace(component="\0", repetition="")  # ISA11 and ISA16 hold separators
    for found in check_segment(None, elements, plain, lambda: place):
        if found.rule not in _NOT_OF_ISA and found.element in _ISA_RULES:
            yield _of_isa(found.element, found.message, found.value, place)
    version = elements[12] if len(elements) > 12 else _GUIDE_VERSION
    for element, codes in _ISA_CODES.items():
        value = elements[element] if element < len(elements) else ""
        if element in _GUIDE_LISTS and version < _GUIDE_VERSION and value.strip():
            continue
        if value not in codes:
            allowed = ", ".join(sorted(codes))
            yield _of_isa(element, f"It is none of {allowed}.", value, place)


def _of_isa(element: int, message: str, value: str, place: Place) -> Finding:
    return Finding(
        rule=_ISA_RULES[element], place=place, message=message, element=element, value=value
    )


def gs_findings(elements: list[str], delimiters: Delimiters, place: Place) -> Iterator[Finding]:
    """Find what is wrong with the values of GS."""
    text = "\n".join(elements)
    joints = {delimiters.component, delimiters.repetition}
    if _USUAL_GS.fullmatch(text) is not None and joints.isdisjoint(text):
        return
    for found in check_segment(None, elements, delimiters, lambda: place):
        rule = GS_NUMBER if found.element == 6 else GS_ELEMENT
        yield Finding(
            rule=rule,
            place=place,
            message=found.message,
            element=found.element,
            component=found.component,
            value=found.value,
        )
