"""Edits of amounts and units."""

from collections.abc import Iterator
from typing import Final

from claims_svc.model.content import ClaimContent
from claims_svc.rules.edit import Edit, Found, Setting
from rcm.money import CENTS_MAX


def _no_charge(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.billed_cents <= 0:
        yield Found("2300 CLM02")


def _too_much(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.billed_cents > CENTS_MAX:
        yield Found("2300 CLM02")


def _negative_line(content: ClaimContent, _: Setting) -> Iterator[Found]:
    element = "SV102" if content.form == "P" else "SV203"
    for number, line in enumerate(content.lines, start=1):
        if line.billed_cents < 0:
            yield Found(f"2400[{number}] {element}")


def _units(content: ClaimContent, _: Setting) -> Iterator[Found]:
    element = "SV104" if content.form == "P" else "SV205"
    for number, line in enumerate(content.lines, start=1):
        if line.units_milli <= 0:
            yield Found(f"2400[{number}] {element}")


EDITS: Final = (
    Edit("charge-missing", _no_charge, "The claim charges nothing.", "Price the charges."),
    Edit(
        "charge-too-large",
        _too_much,
        "The charge is larger than X12 can state.",
        "Check the price.",
    ),
    Edit(
        "line-charge-negative",
        _negative_line,
        "A line's charge is below zero: a credit that nothing was netted against.",
        "Credit the charge that it belongs to.",
    ),
    Edit("units-missing", _units, "A line has no units.", "Correct the quantity."),
)
