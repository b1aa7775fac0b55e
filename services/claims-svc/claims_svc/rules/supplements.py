"""Edits of what a claim says beyond what every claim says: `claims_svc.model.supplement`."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import fields

from claims_svc.model.content import ClaimContent, Form, day
from claims_svc.rules.edit import Edit, Found, Setting

_OFFICE: Final = frozenset(
    ("ambulance", "pick_up", "drop_off", "spinal_manipulation", "dates", "condition_codes",
     "anaesthesia_procedure_codes", "special_program_code", "clia_number",
     "mammography_certification_number", "care_plan_oversight_number", "supervising", "died_on",
     "weight_pounds", "is_pregnant")
)  # fmt: skip
_BILL: Final = frozenset(("auto_accident_state_code", "treatment_codes", "other_operating"))
_BILL_LINE: Final = frozenset(("operating", "other_operating", "non_covered_cents"))
_EITHER_LINE: Final = frozenset(
    ("attachments", "notes", "prescription_number", "sales_tax_cents", "referring")
)


def _lines_unknown(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.supplement is None:
        return
    known = {line.line_item_control_number for line in content.lines}
    if not set(content.supplement.lines) <= known:
        yield Found("2400 REF*6R")


def _not_on_form(content: ClaimContent, _: Setting) -> Iterator[Found]:
    more = content.supplement
    if more is None:
        return
    strange = _BILL if content.form == "P" else _OFFICE
    for name in _given(more):
        if name in strange:
            yield Found(f"2300 {name}")
    for number, line in enumerate(content.lines, start=1):
        found = more.lines.get(line.line_item_control_number)
        for name in _given(found) if found is not None else ():
            if not _is_of_line(name, content.form):
                yield Found(f"2400[{number}] {name}")


def _is_of_line(name: str, form: Form) -> bool:
    if form == "P":
        return name not in _BILL_LINE
    return name in _BILL_LINE or name in _EITHER_LINE


def _given(part: Struct) -> list[str]:
    """Name the fields of a part that say something."""
    return [one.name for one in fields(part) if getattr(part, one.name) != one.default
            and getattr(part, one.name) not in ([], {}, None)]  # fmt: skip


def _dates(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.supplement is None:
        return
    yield from (Found(f"2300 {name}") for name in _no_days(content.supplement))
    yield from (Found(f"2300 {name}") for name in _no_days(content.supplement.dates))
    for number, line in enumerate(content.lines, start=1):
        found = content.supplement.lines.get(line.line_item_control_number)
        if found is not None:
            yield from (Found(f"2400[{number}] {name}") for name in _no_days(found))


def _no_days(part: Struct) -> Iterator[str]:
    for one in fields(part):
        value = getattr(part, one.name)
        is_date = one.name.endswith(("_on", "_from", "_through"))
        if is_date and value is not None and day(value) is None:
            yield one.name


def _prescription(content: ClaimContent, _: Setting) -> Iterator[Found]:
    if content.supplement is None:
        return
    for number, line in enumerate(content.lines, start=1):
        found = content.supplement.lines.get(line.line_item_control_number)
        if found is not None and found.prescription_number and line.drug is None:
            yield Found(f"2400[{number}] 2410 REF*XZ")


EDITS: Final = (
    Edit(
        "supplement-line-unknown",
        _lines_unknown,
        "Something is said of a line that is none of this claim's.",
        "Name the line by its line item control number.",
    ),
    Edit(
        "supplement-not-on-form",
        _not_on_form,
        "Something is said that this form has no place for.",
        "Leave it out, or say it on the claim of the other form.",
    ),
    Edit(
        "supplement-date-malformed",
        _dates,
        "A date is no day of the calendar.",
        "Correct the date.",
        prevents_writing=True,
    ),
    Edit(
        "prescription-without-drug",
        _prescription,
        "A prescription number stands on a line without a drug.",
        "Give the drug (NDC) with the charge, or leave the number out.",
    ),
)
