"""Check the elements of ISA and GS, and the version of ST: what a TA1 or AK9 can say of them."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rcm.x12.elements import (
    CHARACTER,
    TOO_LONG,
    TOO_SHORT,
    check_segment,
)
from rcm.x12.envelope import (
    ACK_997,
    ERRATA_DIFFER,
    GROUP_CODE_MISMATCH,
    GROUP_CODES,
    GUIDES_DIFFER,
    OTHER_REVIEW,
    REPORT_824,
    STANDARD_DIFFERS,
    VERSION_4010,
    VERSION_UNKNOWN,
    Transaction,
)
from rcm.x12.findings import Finding, Place, Rule, Severity
from rcm.x12.lexer import Delimiters
from rcm.x12.parties import at

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
_MONTH_DAY = (
    "(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)"
)
_HOUR_MINUTE = "(?:[01][0-9]|2[0-3])[0-5][0-9]"
_USUAL_GS = re.compile(
    f"GS\n[A-Z]{{2}}\n[!-~]{{2,15}}\n[!-~]{{2,15}}\n20[0-9]{{2}}{_MONTH_DAY}\n{_HOUR_MINUTE}\n"
    "[0-9]{1,9}\n[XT]\n[!-~]{1,12}"
)
_PARTY = f"(?:{'|'.join(sorted(_QUALIFIERS))})\n[^\n\0]+\n"
_USUAL_ISA = re.compile(
    f"ISA\n0[03]\n[^\n]+\n0[01]\n[^\n]+\n{_PARTY}{_PARTY}[0-9]{{2}}{_MONTH_DAY}\n{_HOUR_MINUTE}\n"
    "[^\n]+\n[^\n]+\n[0-9]+\n[01]\n[PT]\n[^\n]+"
)


def isa_findings(
    elements: list[str], delimiters: Delimiters, where: Callable[[], Place]
) -> Iterator[Finding]:
    """Find what is wrong with the values of ISA01 to ISA15."""
    if _USUAL_ISA.fullmatch("\n".join(elements)) is not None:
        return
    place = where()
    plain = delimiters._replace(component="\0", repetition="")  # ISA11 and ISA16 hold separators
    for found in check_segment(None, elements, plain, where):
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


def gs_findings(
    elements: list[str], delimiters: Delimiters, where: Callable[[], Place]
) -> Iterator[Finding]:
    """Find what is wrong with the values of GS."""
    text = "\n".join(elements)
    joints = {delimiters.component, delimiters.repetition}
    if _USUAL_GS.fullmatch(text) is not None and joints.isdisjoint(text):
        return
    for found in check_segment(None, elements, delimiters, where):
        rule = GS_NUMBER if found.element == 6 else GS_ELEMENT
        yield Finding(
            rule=rule,
            place=found.place,
            message=found.message,
            element=found.element,
            component=found.component,
            value=found.value,
        )


#: What a 278 of another guide than the request for review does.
_OTHER_REVIEWS = {
    "005010X215": "inquires after reviews (005010X215)",
    "005010X216": "notifies, and asks for nothing (005010X216)",
}


class VersionFault(NamedTuple):
    """What is wrong with the guide that a transaction says it follows."""

    rule: Rule
    message: str
    element: int
    value: str


def version_faults(transaction: Transaction) -> Iterator[VersionFault]:
    """Say so when we have no table for a transaction, or it stands in another kind's group."""
    code, group_code = transaction.set_code, transaction.group.group_code
    if GROUP_CODES.get(code, group_code) != group_code:
        message = f"GS01 is not {GROUP_CODES[code]}, the group of an {code}."
        yield VersionFault(GROUP_CODE_MISMATCH, message, 0, group_code)
    yield from _differing_versions(transaction)
    group = transaction.group
    standard = at(group.interchange.elements, 12)
    if group.version.startswith("005010X") and standard != "00501" and not group.transactions:
        message = "ISA12 names another version of the standard than GS08."
        yield VersionFault(STANDARD_DIFFERS, message, 0, standard)
    if transaction.guide is not None:
        return
    version = transaction.version
    if code == "997":
        rule, message = ACK_997, "A 997 acknowledges where HIPAA guides use the 999."
    elif version.startswith("004010") and code in GROUP_CODES:
        rule, message = VERSION_4010, "The transaction follows a 004010 guide."
    elif code == "824" and version.startswith("005010"):
        rule, message = REPORT_824, "An 824 tells what became of a transaction in an application."
    elif code == "278" and version[:10] in _OTHER_REVIEWS:
        rule, message = OTHER_REVIEW, f"A 278 that {_OTHER_REVIEWS[version[:10]]}."
    else:
        rule, message = VERSION_UNKNOWN, "No guide of ours reads this transaction and version."
    yield VersionFault(rule, message, 3, version)


def _differing_versions(transaction: Transaction) -> Iterator[VersionFault]:
    """Compare ST03 with GS08; they may not differ, and in errata alone it does little harm."""
    told, meant = at(transaction.elements, 3), transaction.group.version
    if not told or not meant or told == meant:
        return
    # 005010X222A1 and 005010X222 are one guide; so is 005010 where nothing more is told.
    is_same = told[:10] == meant[:10] or told.startswith(meant)
    rule = ERRATA_DIFFER if is_same else GUIDES_DIFFER
    yield VersionFault(rule, "ST03 differs from GS08.", 3, told)
