"""From segments to service lines: 2400 with its loops, for the three guides."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from rcm.x12 import values
from rcm.x12.lexer import Delimiters
from rcm.x12.set_aside import Unreadable
from rcm.x12.x837_details import (
    Ambulance,
    Attachment,
    Condition,
    Contract,
    Drug,
    EquipmentCertification,
    Form,
    FormAnswer,
    Measurement,
    Note,
    Repricing,
)
from rcm.x12.x837_lines import (
    DentalLine,
    EquipmentRental,
    InstitutionalLine,
    ProfessionalLine,
    ServiceLine,
)
from rcm.x12.x837_qualifiers import (
    DENTAL_LINE_DAYS,
    DENTAL_LINE_NUMBERS,
    PROFESSIONAL_LINE_DAYS,
    PROFESSIONAL_LINE_NUMBERS,
    REPRICED_LINE_NUMBERS,
)
from rcm.x12.x837_read_parties import Row, Rows, at, name_group, reference
from rcm.x12.x837_read_payers import line_adjudication, procedure
from rcm.x12.x837_read_plain import (
    Elements,
    period,
    plain_dental,
    plain_institutional,
    plain_professional,
    pointers,
    tooth,
)
from rcm.x12.x837_shapes import (
    DENTAL_LINE,
    INSTITUTIONAL_LINE,
    PROFESSIONAL_LINE,
    line_start,
    pattern,
    taken_apart,
)

_LINES_MAX: Final = 999  # of an 837I
_NUMBERS: Final = [str(number) for number in range(1, _LINES_MAX + 1)]
Facts = dict[str, Any]
Handler = Callable[[Facts, Row, str], None]


class LineTable(NamedTuple):
    """What tells the lines of one guide from those of another.

    Attributes:
        make: The type to make.
        shape: What a plain line looks like.
        plain: Makes a plain line of the elements that its shape takes.
        days: Field of each DTP qualifier that is one day.
        numbers: Field of each REF qualifier that occurs once.
        lists: Field of each REF qualifier that repeats.
        amounts: Field of each AMT qualifier.
        handlers: Readers of further segments.
    """

    make: Callable[..., ServiceLine]
    shape: str
    plain: Callable[[Elements, str], ServiceLine]
    days: dict[str, str]
    numbers: dict[str, str]
    lists: dict[str, str]
    amounts: dict[str, str]
    handlers: dict[str, Handler]


def lines(
    text: str, start: int, delimiters: Delimiters, table: LineTable
) -> tuple[list[ServiceLine], tuple[str, ...]]:
    """Read the 2400 loops of a claim: its text from `start` on.

    Returns:
        The lines; and LX01 of each, but nothing when they count 1, 2, 3 as they should.

    Raises:
        Unreadable: An amount, quantity or date cannot be read; it names the LX.
    """
    component = delimiters.component
    plain = pattern(table.shape, delimiters)
    made: list[ServiceLine] = []
    numbers: list[str] = []
    last = len(text)
    try:
        while start < last:
            match = plain.match(text, start)
            if match is not None:
                number, *elements = match.groups()
                made.append(table.plain(elements, component))
                start = match.end()
            else:
                after = line_start(delimiters).search(text, start)
                end = last if after is None else after.start() + 1
                rows = taken_apart(text[start:end], delimiters)
                number = at(rows[0], 1)
                made.append(_line(rows, component, table))
                start = end
            numbers.append(number)
    except (ValueError, TypeError, IndexError) as error:
        raise Unreadable(text.count(delimiters.segment, 0, start)) from error
    return made, () if numbers == _NUMBERS[: len(numbers)] else tuple(numbers)


def _line(rows: Rows, component: str, table: LineTable) -> ServiceLine:
    """Read a line segment by segment, in whatever order they come."""
    facts: Facts = {"billed_cents": 0}
    place = 1
    count = len(rows)
    while place < count:
        row = rows[place]
        segment_id = row[0]
        handler = table.handlers.get(segment_id)
        if handler is not None:
            handler(facts, row, component)
        elif segment_id == "DTP":
            take_day(facts, row, table.days)
        elif segment_id == "REF":
            _take_reference(facts, row, component, table)
        elif segment_id == "NM1":
            group, place = name_group(rows, place)
            append(facts, "providers", group.provider(component))
            continue
        elif segment_id == "SVD":
            one, place = line_adjudication(rows, place, component)
            append(facts, "adjudications", one)
            continue
        elif segment_id == "AMT":
            name = table.amounts.get(at(row, 1))
            if name:
                facts[name] = values.cents(at(row, 2))
        place += 1
    return table.make(**facts)


def append(facts: Facts, name: str, value: object) -> None:
    """Add to a field that is a tuple."""
    facts[name] = (*facts.get(name, ()), value)


def take_day(facts: Facts, row: Row, days: dict[str, str]) -> None:
    """Read DTP.

    Raises:
        ValueError: It is no date, or no range of dates.
    """
    name = days.get(at(row, 1))
    if name == "service_from":
        facts["service_from"], facts["service_through"] = period(at(row, 3))
    elif name is not None and name not in facts:
        facts[name] = values.day(at(row, 3))


def _take_reference(facts: Facts, row: Row, component: str, table: LineTable) -> None:
    qualifier = row[1] if len(row) > 1 else ""
    name = table.numbers.get(qualifier)
    if name is not None:
        if name not in facts:
            facts[name] = at(row, 2)
        return
    name = table.lists.get(qualifier)
    if name is not None:
        append(facts, name, reference(row, component))
    elif qualifier in {"XZ", "VY"} and "drug" in facts:
        drug: Drug = facts["drug"]
        facts["drug"] = Drug(
            ndc=drug.ndc,
            quantity=drug.quantity,
            unit_code=drug.unit_code,
            prescription_number=at(row, 2) if qualifier == "XZ" else drug.prescription_number,
            link_sequence_number=at(row, 2) if qualifier == "VY" else drug.link_sequence_number,
        )


def _sv1(facts: Facts, row: Row, component: str) -> None:
    count = len(row)
    if count < 8:
        row = (*row, *("",) * (8 - count))
    facts["procedure"] = procedure(row[1], component)
    facts["billed_cents"] = values.cents(row[2])
    facts["unit_code"] = row[3]
    if row[4]:
        facts["quantity"] = values.quantity(row[4])
    if row[5]:
        facts["place_of_service_code"] = row[5]
    if row[7]:
        facts["diagnosis_pointers"] = pointers(row[7], component)
    if count > 9:
        facts["is_emergency"] = row[9] == "Y"
        facts["is_epsdt"] = at(row, 11) == "Y"
        facts["is_family_planning"] = at(row, 12) == "Y"
        facts["is_copay_exempt"] = at(row, 15) == "0"


def _sv2(facts: Facts, row: Row, component: str) -> None:
    facts["revenue_code"] = at(row, 1)
    facts["procedure"] = procedure(at(row, 2), component)
    facts["billed_cents"] = values.cents(at(row, 3))
    facts["unit_code"] = at(row, 4)
    facts["quantity"] = values.optional_quantity(at(row, 5))
    if len(row) > 7:
        facts["non_covered_cents"] = values.optional_cents(row[7])


def _sv3(facts: Facts, row: Row, component: str) -> None:
    facts["procedure"] = procedure(at(row, 1), component)
    facts["billed_cents"] = values.cents(at(row, 2))
    facts["place_of_service_code"] = at(row, 3)
    cavity = at(row, 4)
    if cavity:
        facts["oral_cavity_codes"] = tuple(cavity.split(component))
    facts["prosthesis_code"] = at(row, 5)
    facts["quantity"] = values.optional_quantity(at(row, 6))
    if at(row, 11):
        facts["diagnosis_pointers"] = pointers(row[11], component)


def _sv5(facts: Facts, row: Row, component: str) -> None:
    rented = procedure(at(row, 1), component)
    if rented is None:
        raise ValueError("no procedure")
    facts["rental"] = EquipmentRental(
        procedure=rented,
        days=values.quantity(at(row, 3)),
        rental_cents=values.cents(at(row, 4)),
        purchase_cents=values.cents(at(row, 5)),
        frequency_code=at(row, 6),
    )


def take_attachment(facts: Facts, row: Row, component: str) -> None:
    """Read PWK."""
    del component
    made = Attachment(
        report_type_code=at(row, 1), transmission_code=at(row, 2), control_number=at(row, 6)
    )
    append(facts, "attachments", made)


def take_ambulance(facts: Facts, row: Row, component: str) -> None:
    """Read CR1.

    Raises:
        ValueError: The distance or the weight is no number.
    """
    del component
    facts["ambulance"] = Ambulance(
        reason_code=at(row, 4),
        distance_miles=values.quantity(at(row, 6)),
        weight_pounds=values.optional_quantity(at(row, 2)),
        round_trip_purpose=at(row, 9),
        stretcher_purpose=at(row, 10),
    )


def take_condition(facts: Facts, row: Row, component: str) -> None:
    """Read CRC."""
    del component
    made = Condition(
        category_code=at(row, 1),
        applies=at(row, 2) == "Y",
        codes=tuple(row[3:8]),
    )
    append(facts, "conditions", made)


def _cr3(facts: Facts, row: Row, component: str) -> None:
    del component
    facts["equipment"] = EquipmentCertification(
        certification_type_code=at(row, 1), duration_months=values.quantity(at(row, 3))
    )


def _qty(facts: Facts, row: Row, component: str) -> None:
    del component
    name = {"PT": "ambulance_patient_count", "FL": "obstetric_units"}.get(at(row, 1))
    if name:
        facts[name] = values.quantity(at(row, 2))


def _mea(facts: Facts, row: Row, component: str) -> None:
    del component
    made = Measurement(
        reference_code=at(row, 1),
        qualifier_code=at(row, 2),
        value=values.quantity(at(row, 3)),
    )
    append(facts, "measurements", made)


def take_contract(facts: Facts, row: Row, component: str) -> None:
    """Read CN1.

    Raises:
        ValueError: An amount or a percentage cannot be read.
    """
    del component
    facts["contract"] = Contract(
        type_code=at(row, 1),
        amount_cents=values.optional_cents(at(row, 2)),
        percentage=values.optional_quantity(at(row, 3)),
        code=at(row, 4),
        discount_percentage=values.optional_quantity(at(row, 5)),
        version=at(row, 6),
    )


def take_fixed_format(facts: Facts, row: Row, component: str) -> None:
    """Read K3."""
    del component
    append(facts, "fixed_format", at(row, 1))


def take_note(facts: Facts, row: Row, component: str) -> None:
    """Read NTE."""
    del component
    append(facts, "notes", Note(code=at(row, 1), text=at(row, 2)))


def _ps1(facts: Facts, row: Row, component: str) -> None:
    del component
    facts["purchased_from_number"] = at(row, 1)
    facts["purchased_cents"] = values.cents(at(row, 2))


def take_repricing(facts: Facts, row: Row, component: str) -> None:
    """Read HCP.

    Raises:
        ValueError: An amount or a quantity cannot be read.
    """
    del component
    facts["repricing"] = Repricing(
        methodology_code=at(row, 1),
        allowed_cents=values.optional_cents(at(row, 2)),
        saving_cents=values.optional_cents(at(row, 3)),
        organization_number=at(row, 4),
        rate=values.optional_quantity(at(row, 5)),
        group_code=at(row, 6),
        group_cents=values.optional_cents(at(row, 7)),
        revenue_code=at(row, 8),
        procedure_qualifier_code=at(row, 9),
        procedure_code=at(row, 10),
        unit_code=at(row, 11),
        quantity=values.optional_quantity(at(row, 12)),
        rejection_reason_code=at(row, 13),
        compliance_code=at(row, 14),
        exception_code=at(row, 15),
    )


def _lin(facts: Facts, row: Row, component: str) -> None:
    del component
    zero = values.quantity("0")
    facts["drug"] = Drug(ndc=at(row, 3), quantity=zero, unit_code="")


def _ctp(facts: Facts, row: Row, component: str) -> None:
    drug: Drug | None = facts.get("drug")
    if drug is not None:
        facts["drug"] = Drug(
            ndc=drug.ndc,
            quantity=values.quantity(at(row, 4)),
            unit_code=at(row, 5).split(component)[0],
            prescription_number=drug.prescription_number,
            link_sequence_number=drug.link_sequence_number,
        )


def _lq(facts: Facts, row: Row, component: str) -> None:
    del component
    append(facts, "forms", Form(list_code=at(row, 1), form_number=at(row, 2), answers=()))


def _frm(facts: Facts, row: Row, component: str) -> None:
    del component
    forms: tuple[Form, ...] = facts.get("forms", ())
    if not forms:
        return
    last = forms[-1]
    answer = FormAnswer(
        question_number=at(row, 1),
        yes_no_code=at(row, 2),
        text=at(row, 3),
        answered_on=values.optional_day(at(row, 4)),
        percentage=values.optional_quantity(at(row, 5)),
    )
    made = Form(
        list_code=last.list_code, form_number=last.form_number, answers=(*last.answers, answer)
    )
    facts["forms"] = (*forms[:-1], made)


def _too(facts: Facts, row: Row, component: str) -> None:
    append(facts, "teeth", tooth(at(row, 2), at(row, 3), component))


_SHARED: Final[dict[str, Handler]] = {
    "CN1": take_contract,
    "HCP": take_repricing,
    "K3": take_fixed_format,
    "NTE": take_note,
    "PWK": take_attachment,
}
_DRUG: Final[dict[str, Handler]] = {"LIN": _lin, "CTP": _ctp}
PROFESSIONAL: Final = LineTable(
    make=ProfessionalLine,
    shape=PROFESSIONAL_LINE,
    plain=plain_professional,
    days={"472": "service_from"} | PROFESSIONAL_LINE_DAYS,
    numbers=REPRICED_LINE_NUMBERS | PROFESSIONAL_LINE_NUMBERS,
    lists={"G1": "prior_authorizations", "9F": "referrals"},
    amounts={"T": "sales_tax_cents", "F4": "postage_cents"},
    handlers=_SHARED
    | _DRUG
    | {
        "SV1": _sv1,
        "SV5": _sv5,
        "CR1": take_ambulance,
        "CR3": _cr3,
        "CRC": take_condition,
        "QTY": _qty,
        "MEA": _mea,
        "PS1": _ps1,
        "LQ": _lq,
        "FRM": _frm,
    },
)
INSTITUTIONAL: Final = LineTable(
    make=InstitutionalLine,
    shape=INSTITUTIONAL_LINE,
    plain=plain_institutional,
    days={"472": "service_from"},
    numbers={"6R": "line_item_control_number"} | REPRICED_LINE_NUMBERS,
    lists={},
    amounts={"GT": "service_tax_cents", "N8": "facility_tax_cents"},
    handlers=_SHARED | _DRUG | {"SV2": _sv2},
)
DENTAL: Final = LineTable(
    make=DentalLine,
    shape=DENTAL_LINE,
    plain=plain_dental,
    days={"472": "service_from"} | DENTAL_LINE_DAYS,
    numbers=DENTAL_LINE_NUMBERS,
    lists={"G3": "predetermination_numbers", "G1": "prior_authorizations", "9F": "referrals"},
    amounts={"T": "sales_tax_cents"},
    handlers=_SHARED | {"SV3": _sv3, "TOO": _too},
)
