"""Rules about the codes of an 837: shapes that we know, and lists that a caller may have."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from rcm.x12 import x837_rules as rules
from rcm.x12.code_sets import CodeSets
from rcm.x12.x837_details import Diagnosis, Drug, InpatientProcedure, Procedure
from rcm.x12.x837_faults import Fault, Tell

ICD10_FROM: Final = date(2015, 10, 1)
PLACES_OF_SERVICE: Final = frozenset(
    f"{number:02d}"
    for first, last in ((1, 27), (31, 34), (41, 42), (49, 58), (60, 62), (65, 66), (71, 72))
    for number in range(first, last + 1)
) | {"81", "99"}
"""Place of service codes of CMS. CLM05-1 (837P, 837D), SV105, SV303."""

_ICD10: Final = re.compile(r"[A-Z]\d[0-9A-Z][0-9A-Z]{0,4}", re.ASCII)
_ICD9: Final = re.compile(r"\d{3,5}|E\d{3,4}|V\d{2,4}", re.ASCII)
_PCS: Final = re.compile(r"[0-9A-HJ-NP-Z]{7}", re.ASCII)
_ICD9_PROCEDURE: Final = re.compile(r"\d{3,4}", re.ASCII)
_HCPCS: Final = re.compile(r"\d{4}[0-9A-Z]|[A-V]\d{4}", re.ASCII)
_HIPPS: Final = re.compile(r"[0-9A-Z]{5}", re.ASCII)
_CDT: Final = re.compile(r"D\d{4}", re.ASCII)
_MODIFIER: Final = re.compile(r"[0-9A-Z]{2}", re.ASCII)
_NDC: Final = re.compile(r"\d{11}", re.ASCII)
_SHAPES: Final = {"HC": _HCPCS, "HP": _HIPPS, "AD": _CDT}
_ICD_LISTS: Final = {9: "icd-9-cm", 10: "icd-10-cm"}
_LISTS: Final = {"HC": "hcpcs", "AD": "cdt"}


@lru_cache(maxsize=1 << 14)
def diagnosis_is_shaped(code: str, version: int) -> bool:
    """Tell whether a text has the shape of an ICD diagnosis, without its point."""
    return (_ICD10 if version == 10 else _ICD9).fullmatch(code) is not None


@lru_cache(maxsize=1 << 14)
def procedure_is_shaped(qualifier: str, code: str) -> bool:
    """Tell whether a procedure code has the shape of its list; unknown lists take anything."""
    shape = _SHAPES.get(qualifier)
    return shape is None or shape.fullmatch(code) is not None


def diagnosis_faults(
    tell: Tell, one: Diagnosis, at: tuple[str, int], on: date | None, codes: CodeSets
) -> None:
    """Check one diagnosis.

    Args:
        tell: Takes a fault.
        one: The diagnosis.
        at: The HI segment it stands in, such as `HI*ABK`, and its element.
        on: The day that decides which version of ICD and which year's codes hold.
        codes: The lists.
    """
    segment, element = at
    if not diagnosis_is_shaped(one.code, one.icd_version):
        message = f"It has not the shape of an ICD-{one.icd_version}-CM diagnosis."
        tell(Fault(rules.ICD_SHAPE, message, "", segment, element, 2, one.code))
        return
    if on is None:
        return
    if (one.icd_version == 10) is not (on >= ICD10_FROM):
        message = f"It is an ICD-{one.icd_version} diagnosis for a service of another time."
        tell(Fault(rules.ICD_VERSION, message, "", segment, element, 1, one.code))
    elif codes.knows(_ICD_LISTS[one.icd_version], one.code, on) is False:
        message = "No diagnosis with this code may be billed on that day."
        tell(Fault(rules.ICD_UNKNOWN, message, "", segment, element, 2, one.code))


def inpatient_procedure_faults(
    tell: Tell, one: InpatientProcedure, at: tuple[str, int], on: date | None, codes: CodeSets
) -> None:
    """Check one ICD procedure of an 837I; the arguments are those of `diagnosis_faults`."""
    segment, element = at
    shape = _PCS if one.icd_version == 10 else _ICD9_PROCEDURE
    if shape.fullmatch(one.code) is None:
        message = "It has not the shape of an inpatient procedure."
        tell(Fault(rules.PCS_SHAPE, message, "", segment, element, 2, one.code))
    elif (
        on is not None
        and one.icd_version == 10
        and codes.knows("icd-10-pcs", one.code, on) is False
    ):
        message = "There is no such procedure on that day."
        tell(Fault(rules.PCS_UNKNOWN, message, "", segment, element, 2, one.code))
    if one.performed_on is None:
        message = "The procedure has no date."
        tell(Fault(rules.PROCEDURE_DATE, message, "", segment, element, 4))


def procedure_faults(
    tell: Tell, one: Procedure, at: tuple[str, str, int], on: date | None, codes: CodeSets
) -> None:
    """Check a procedure of a line and its modifiers.

    Args:
        tell: Takes a fault.
        one: The procedure.
        at: Loop, segment and element, such as `2400[1]`, `SV1`, 1.
        on: The day of service.
        codes: The lists.
    """
    loop, segment, element = at
    if not procedure_is_shaped(one.qualifier_code, one.code):
        message = "It has not the five characters of its list."
        tell(Fault(rules.PROCEDURE_SHAPE, message, loop, segment, element, 2, one.code))
    elif on is not None:
        name = _LISTS.get(one.qualifier_code)
        if name and codes.knows(name, one.code, on) is False:
            tell(unknown(name, (loop, segment, element, 2), one.code))
        if (
            name == "hcpcs"
            and not one.description
            and codes.knows("hcpcs-unlisted", one.code, on) is True
        ):
            message = "The code is of an unlisted procedure, and nothing describes it."
            tell(Fault(rules.DESCRIPTION_MISSING, message, loop, segment, element, 7))
    modifiers = one.modifiers
    if not modifiers:
        return
    if len(modifiers) > 4:
        message = "A line has at most four modifiers."
        tell(Fault(rules.TOO_MANY, message, loop, segment, element))
    for place, modifier in enumerate(modifiers, 3):
        if _MODIFIER.fullmatch(modifier) is None:
            message = "A modifier has two letters or digits."
            tell(Fault(rules.MODIFIER_SHAPE, message, loop, segment, element, place, modifier))
        elif on is not None and codes.knows("modifier", modifier, on) is False:
            tell(unknown("modifier", (loop, segment, element, place), modifier))
    if len(set(modifiers)) < len(modifiers):
        message = "A modifier stands twice."
        tell(Fault(rules.MODIFIER_REPEATED, message, loop, segment, element))


def drug_faults(tell: Tell, drug: Drug, loop: str) -> None:
    """Check 2410."""
    inside = f"{loop}/2410[1]"
    if _NDC.fullmatch(drug.ndc) is None:
        message = "An NDC has eleven digits."
        tell(Fault(rules.NDC_SHAPE, message, inside, "LIN", 3, 0, drug.ndc))
    if drug.quantity <= 0:
        tell(Fault(rules.QUANTITY, "The quantity is not above nothing.", inside, "CTP", 4))


def listed_faults(
    tell: Tell, name: str, segment: str, values: Iterable[str], on: date | None, codes: CodeSets
) -> None:
    """Look codes of an HI segment up in a list."""
    if on is None:
        return
    for element, code in enumerate(values, 1):
        if codes.knows(name, code, on) is False:
            tell(unknown(name, ("", segment, element, 2), code))


def unknown(name: str, at: tuple[str, str, int, int], value: str) -> Fault:
    """Say that a list does not have a code."""
    loop, segment, element, component = at
    message = f"The list {name} does not have this code on that day."
    return Fault(rules.CODE_UNKNOWN, message, loop, segment, element, component, value)
