"""From the elements of a plain line (`x837_shapes.py`) to a service line, and values of lines."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rcm.x12 import values
from rcm.x12.x837_details import Tooth
from rcm.x12.x837_lines import DentalLine, InstitutionalLine, ProfessionalLine
from rcm.x12.x837_read_payers import procedure

Elements = Sequence[Any]  # texts; None for what a shape leaves out


def plain_professional(elements: Elements, component: str) -> ProfessionalLine:
    """Make a plain line of an 837P.

    Raises:
        ValueError: An amount, quantity, pointer or date cannot be read.
    """
    code, billed, unit, count, place, pointed, days, control = elements
    first, last = period(days)
    return ProfessionalLine(
        billed_cents=values.cents(billed),
        procedure=procedure(code, component),
        quantity=values.quantity(count) if count else None,
        service_from=first,
        service_through=last,
        line_item_control_number=control or "",
        unit_code=unit,
        place_of_service_code=place,
        diagnosis_pointers=pointers(pointed, component) if pointed else (),
    )


def plain_institutional(elements: Elements, component: str) -> InstitutionalLine:
    """Make a plain line of an 837I.

    Raises:
        ValueError: An amount, quantity, pointer or date cannot be read.
    """
    revenue, code, billed, unit, count, days, control = elements
    first, last = period(days) if days is not None else (None, None)
    return InstitutionalLine(
        billed_cents=values.cents(billed),
        procedure=procedure(code, component),
        quantity=values.quantity(count) if count else None,
        service_from=first,
        service_through=last,
        line_item_control_number=control or "",
        revenue_code=revenue,
        unit_code=unit,
    )


def plain_dental(elements: Elements, component: str) -> DentalLine:
    """Make a plain line of an 837D.

    Raises:
        ValueError: An amount, quantity, pointer or date cannot be read.
    """
    code, billed, place, cavity, prosthesis, count, number, surfaces, days, control = elements
    first, last = period(days) if days is not None else (None, None)
    return DentalLine(
        billed_cents=values.cents(billed),
        procedure=procedure(code, component),
        quantity=values.quantity(count) if count else None,
        service_from=first,
        service_through=last,
        line_item_control_number=control or "",
        place_of_service_code=place,
        oral_cavity_codes=tuple(cavity.split(component)) if cavity else (),
        prosthesis_code=prosthesis,
        teeth=() if number is None else (tooth(number, surfaces or "", component),),
    )


@lru_cache(maxsize=1 << 14)
def period(text: str) -> tuple[Any, Any]:
    """Read a day, or a range of days.

    Raises:
        ValueError: It is neither.
    """
    if len(text) == 17 and text[8] == "-":
        return values.day(text[:8]), values.day(text[9:])
    return values.day(text), None


@lru_cache(maxsize=1 << 12)
def pointers(text: str, component: str) -> tuple[int, ...]:
    """Read diagnosis code pointers.

    Raises:
        ValueError: One is not a small number.
    """
    parts = text.split(component)
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
        raise ValueError("not a diagnosis pointer")
    return tuple(map(int, parts))


def tooth(code: str, surfaces: str, component: str) -> Tooth:
    """Read TOO02 and TOO03."""
    return Tooth(code=code, surface_codes=tuple(surfaces.split(component)) if surfaces else ())
