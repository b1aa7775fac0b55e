"""Edits of the service lines."""

import re
from collections.abc import Iterator
from typing import Final

from claims_svc.model.content import ClaimContent, day
from claims_svc.rules.edit import Edit, Found, Setting

_PLACE: Final = re.compile(r"\d{2}", re.ASCII)
_MODIFIERS_MAX: Final = 4
_POINTERS_MAX: Final = 4


def _dates(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        first, last = day(line.service_from), day(line.service_through)
        if first is None or last is None or first > last:
            yield Found(f"2400[{number}] DTP*472")


def _procedure_missing(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        if not line.procedure_code:
            yield Found(f"2400[{number}] SV101-2")


def _place(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        if _PLACE.fullmatch(line.place_of_service_code) is None:
            yield Found(f"2400[{number}] SV105")


def _pointers(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for number, line in enumerate(content.lines, start=1):
        if not 1 <= len(line.diagnosis_pointers) <= _POINTERS_MAX:
            yield Found(f"2400[{number}] SV107")


def _modifiers(content: ClaimContent, _: Setting) -> Iterator[Found]:
    element = "SV101-3" if content.form == "P" else "SV202-3"
    for number, line in enumerate(content.lines, start=1):
        if len(line.modifiers) > _MODIFIERS_MAX:
            yield Found(f"2400[{number}] {element}")


EDITS: Final = (
    Edit(
        "service-date-wrong",
        _dates,
        "A line's dates are no days of the calendar, or in the wrong order.",
        "Correct the date in the EHR.",
        prevents_writing=True,
    ),
    Edit(
        "procedure-missing",
        _procedure_missing,
        "A professional line has no procedure code.",
        "Code the line.",
        form="P",
    ),
    Edit(
        "place-of-service-missing",
        _place,
        "A professional line has no place of service.",
        "Correct the location in the EHR.",
        form="P",
    ),
    Edit(
        "diagnosis-pointer-count",
        _pointers,
        "A professional line points to one to four diagnoses.",
        "Link the line to its diagnoses.",
        form="P",
        prevents_writing=True,
    ),
    Edit(
        "too-many-modifiers",
        _modifiers,
        "A line has room for four modifiers.",
        "Leave out those that only inform.",
        prevents_writing=True,
    ),
)
