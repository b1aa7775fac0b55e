"""Edits of the service lines."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from claims_svc.model.content import LINES_MAX, ClaimContent, day
from claims_svc.rules.edit import Edit, Found, Setting

_PROCEDURE: Final = re.compile(r"[0-9A-Z][0-9]{3}[0-9A-Z]", re.ASCII)
_MODIFIER: Final = re.compile(r"[0-9A-Z]{2}", re.ASCII)
_REVENUE: Final = re.compile(r"\d{4}", re.ASCII)
_PLACE: Final = re.compile(r"\d{2}", re.ASCII)
_NDC: Final = re.compile(r"\d{11}", re.ASCII)
_MODIFIERS_MAX: Final = 4
_POINTERS_MAX: Final = 4


def _too_many(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if len(content.lines) > LINES_MAX[content.form]:
        yield Found("2400 LX01")


def _numbers(content: ClaimContent, _: Setting) -> Iterator[Found]:
    counted = Counter(line.line_item_control_number for line in content.lines)
    for number, line in enumerate(content.lines, start=1):
        if counted[line.line_item_control_number] > 1:
            yield Found(f"2400[{number}] REF*6R")


def _dates(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        first, last = day(line.service_from), day(line.service_through)
        if first is None or last is None or first > last:
            yield Found(f"2400[{number}] DTP*472")


def _procedure_missing(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        if not line.procedure_code:
            yield Found(f"2400[{number}] SV101-2")


def _procedure_shape(content: ClaimContent, _: Setting) -> Iterator[Found]:
    element = "SV101-2" if content.form == "P" else "SV202-2"
    for number, line in enumerate(content.lines, start=1):
        if line.procedure_code and _PROCEDURE.fullmatch(line.procedure_code) is None:
            yield Found(f"2400[{number}] {element}")


def _modifiers(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        if len(line.modifiers) > _MODIFIERS_MAX:
            yield Found(f"2400[{number}] SV101-3", "A line has room for four modifiers.")
        if len(set(line.modifiers)) < len(line.modifiers):
            yield Found(f"2400[{number}] SV101-3", "A modifier stands twice.")
        if any(_MODIFIER.fullmatch(modifier) is None for modifier in line.modifiers):
            yield Found(f"2400[{number}] SV101-3", "A modifier is not two letters or digits.")


def _revenue(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        if _REVENUE.fullmatch(line.revenue_code) is None:
            yield Found(f"2400[{number}] SV201")


def _place(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        if _PLACE.fullmatch(line.place_of_service_code) is None:
            yield Found(f"2400[{number}] SV105")


def _pointers(content: ClaimContent, _: Setting) -> Iterator[Found]:
    last = len(content.diagnoses)
    for number, line in enumerate(content.lines, start=1):
        pointers = line.diagnosis_pointers
        if not 1 <= len(pointers) <= _POINTERS_MAX:
            yield Found(f"2400[{number}] SV107", "A line points to one to four diagnoses.")
        elif any(not 1 <= pointer <= last for pointer in pointers):
            yield Found(f"2400[{number}] SV107", "A line points to a diagnosis that is not there.")


def _drug(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        drug = line.drug
        if drug is None:
            continue
        if _NDC.fullmatch(drug.ndc) is None:
            yield Found(f"2400[{number}]/2410 LIN03", "A drug's NDC has not eleven digits.")
        if drug.quantity_milli <= 0:
            yield Found(f"2400[{number}]/2410 CTP04", "A drug has no quantity.")


EDITS: Final = (
    Edit(
        "too-many-lines",
        _too_many,
        "There are more lines than the claim has room for.",
        "Nothing: an encounter is split before; tell us.",
    ),
    Edit(
        "line-number-repeated",
        _numbers,
        "Two lines of the claim have the same line item control number.",
        "Send the charges again with numbers of their own.",
    ),
    Edit(
        "service-date-wrong",
        _dates,
        "A line's dates are no days of the calendar, or in the wrong order.",
        "Correct the date in the EHR.",
    ),
    Edit(
        "procedure-missing",
        _procedure_missing,
        "A professional line has no procedure code.",
        "Code the line.",
        form="P",
    ),
    Edit(
        "procedure-malformed",
        _procedure_shape,
        "A procedure code has not the shape of a HCPCS code.",
        "Correct the code.",
    ),
    Edit("modifier-malformed", _modifiers, "A line's modifiers are wrong.", "Correct them."),
    Edit(
        "revenue-code-malformed",
        _revenue,
        "A facility line has no revenue code of four digits.",
        "Correct the charge master.",
        form="I",
    ),
    Edit(
        "place-of-service-missing",
        _place,
        "A professional line has no place of service.",
        "Correct the location in the EHR.",
        form="P",
    ),
    Edit(
        "diagnosis-pointer-wrong",
        _pointers,
        "A professional line's diagnosis pointers are wrong.",
        "Link the line to its diagnoses.",
        form="P",
    ),
    Edit("drug-incomplete", _drug, "Something of a drug is missing.", "Complete the drug."),
)
