"""From typed service lines to segments: 2400, 2410, 2420 and 2440."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import astuple

from rcm.x12.writer import NotWritable
from rcm.x12.x837_details import Ambulance, Condition, Drug, Form
from rcm.x12.x837_lines import DentalLine, InstitutionalLine, ProfessionalLine
from rcm.x12.x837_qualifiers import (
    DENTAL_LINE_DAYS,
    DENTAL_LINE_NUMBERS,
    PROFESSIONAL_LINE_DAYS,
    PROFESSIONAL_LINE_NUMBERS,
    REPRICED_LINE_NUMBERS,
    Days,
    Numbers,
)
from rcm.x12.x837_segments import (
    Put,
    Segments,
    amount,
    cents,
    day,
    number,
    put_period,
    put_references,
    quantity,
)
from rcm.x12.x837_write_payers import procedure_composite, put_adjudication

_DAYS: Final = Days(PROFESSIONAL_LINE_DAYS, day)
_NUMBERS: Final = Numbers(PROFESSIONAL_LINE_NUMBERS)
_REPRICED: Final = Numbers(REPRICED_LINE_NUMBERS)
_DENTAL_DAYS: Final = Days(DENTAL_LINE_DAYS, day)
_DENTAL_NUMBERS: Final = Numbers(DENTAL_LINE_NUMBERS)

#: What a plain line leaves empty stands in two runs of its fields; two comparisons spare thirty.
_FIELDS: Final = ProfessionalLine.__struct_fields__
_SELDOM: Final = (
    slice(_FIELDS.index("prior_authorizations"), _FIELDS.index("providers")),
    slice(_FIELDS.index("is_emergency"), _FIELDS.index("forms")),
)
_NOTHING: Final = tuple(astuple(ProfessionalLine(billed_cents=0))[run] for run in _SELDOM)


def put_professional_line(out: Segments, place: int, line: ProfessionalLine) -> None:
    """Write a line of an 837P."""
    put = out.put
    put(("LX", str(place)))
    if line.procedure is None:
        raise NotWritable("a line of this guide has a procedure")
    service: tuple[str, ...] = (
        "SV1",
        procedure_composite(out, line.procedure),
        amount(line.billed_cents),
        line.unit_code,
        quantity(line.quantity),
        line.place_of_service_code,
        "",
        out.pointers(line.diagnosis_pointers),
    )
    facts = astuple(line)
    if (facts[_SELDOM[0]], facts[_SELDOM[1]]) == _NOTHING:
        put(service)
        if line.service_from is not None:
            put_period(put, "472", line.service_from, line.service_through)
        if line.line_item_control_number:
            put(("REF", "6R", line.line_item_control_number))
    else:
        put(service + _flags(line))
        _put_further_facts(out, line)
    if line.providers:
        out.providers(line.providers)
    for one in line.adjudications:
        put_adjudication(out, one)
    for form in line.forms:
        _put_form(out, form)


def _flags(line: ProfessionalLine) -> tuple[str, ...]:
    """Give SV108 to SV115."""
    flags = (
        "",
        "Y" if line.is_emergency else "",
        "",
        "Y" if line.is_epsdt else "",
        "Y" if line.is_family_planning else "",
        "",
        "",
        "0" if line.is_copay_exempt else "",
    )
    return flags if any(flags) else ()


def _put_further_facts(out: Segments, line: ProfessionalLine) -> None:
    """Write what stands between SV1 and 2420, for a line that has more than a plain visit."""
    put = out.put
    if line.rental is not None:
        rental = line.rental
        put(
            (
                "SV5",
                procedure_composite(out, rental.procedure),
                "DA",
                number(rental.days),
                amount(rental.rental_cents),
                amount(rental.purchase_cents),
                rental.frequency_code,
            )
        )
    if line.attachments:
        out.attachments(line.attachments)
    if line.ambulance is not None:
        put(ambulance(line.ambulance))
    if line.equipment is not None:
        need = line.equipment
        put(("CR3", need.certification_type_code, "MO", number(need.duration_months)))
    if line.conditions:
        put_conditions(put, line.conditions)
    _put_professional_line_facts(out, line)
    if line.fixed_format:
        out.fixed_format(line.fixed_format)
    if line.notes:
        out.notes(line.notes)
    if line.purchased_cents is not None:
        put(("PS1", line.purchased_from_number, amount(line.purchased_cents)))
    if line.repricing is not None:
        out.repricing(line.repricing)
    if line.drug is not None:
        _put_drug(out, line.drug)


def _put_professional_line_facts(out: Segments, line: ProfessionalLine) -> None:
    put = out.put
    if line.service_from is not None:
        put_period(put, "472", line.service_from, line.service_through)
    _DAYS.put(put, line)
    if line.ambulance_patient_count is not None:
        put(("QTY", "PT", number(line.ambulance_patient_count)))
    if line.obstetric_units is not None:
        put(("QTY", "FL", number(line.obstetric_units)))
    for one in line.measurements:
        put(("MEA", one.reference_code, one.qualifier_code, number(one.value)))
    if line.contract is not None:
        out.contract(line.contract)
    _REPRICED.put(put, line)
    if line.prior_authorizations:
        out.references(line.prior_authorizations)
    _NUMBERS.put(put, line)
    if line.referrals:
        out.references(line.referrals)
    if line.sales_tax_cents is not None:
        put(("AMT", "T", amount(line.sales_tax_cents)))
    if line.postage_cents is not None:
        put(("AMT", "F4", amount(line.postage_cents)))


def put_institutional_line(out: Segments, place: int, line: InstitutionalLine) -> None:
    """Write a line of an 837I."""
    put = out.put
    put(("LX", str(place)))
    put(
        (
            "SV2",
            line.revenue_code,
            "" if line.procedure is None else procedure_composite(out, line.procedure),
            amount(line.billed_cents),
            line.unit_code,
            quantity(line.quantity),
            "",
            cents(line.non_covered_cents),
        )
    )
    if line.attachments:
        out.attachments(line.attachments)
    if line.service_from is not None:
        put_period(put, "472", line.service_from, line.service_through)
    if line.line_item_control_number:
        put(("REF", "6R", line.line_item_control_number))
    _REPRICED.put(put, line)
    if line.service_tax_cents is not None:
        put(("AMT", "GT", amount(line.service_tax_cents)))
    if line.facility_tax_cents is not None:
        put(("AMT", "N8", amount(line.facility_tax_cents)))
    if line.notes:
        out.notes(line.notes)
    if line.repricing is not None:
        out.repricing(line.repricing)
    if line.drug is not None:
        _put_drug(out, line.drug)
    if line.providers:
        out.providers(line.providers)
    for one in line.adjudications:
        put_adjudication(out, one)


def put_dental_line(out: Segments, place: int, line: DentalLine) -> None:
    """Write a line of an 837D."""
    put = out.put
    put(("LX", str(place)))
    if line.procedure is None:
        raise NotWritable("a line of this guide has a procedure")
    put(
        (
            "SV3",
            procedure_composite(out, line.procedure),
            amount(line.billed_cents),
            line.place_of_service_code,
            out.composite(*line.oral_cavity_codes),
            line.prosthesis_code,
            quantity(line.quantity),
            "",
            "",
            "",
            "",
            out.pointers(line.diagnosis_pointers),
        )
    )
    for tooth in line.teeth:
        put(("TOO", "JP", tooth.code, out.composite(*tooth.surface_codes)))
    if line.service_from is not None:
        put_period(put, "472", line.service_from, line.service_through)
    _DENTAL_DAYS.put(put, line)
    if line.contract is not None:
        out.contract(line.contract)
    out.references(line.predetermination_numbers)
    out.references(line.prior_authorizations)
    _DENTAL_NUMBERS.put(put, line)
    out.references(line.referrals)
    if line.sales_tax_cents is not None:
        put(("AMT", "T", amount(line.sales_tax_cents)))
    if line.fixed_format:
        out.fixed_format(line.fixed_format)
    if line.repricing is not None:
        out.repricing(line.repricing)
    if line.providers:
        out.providers(line.providers)
    for one in line.adjudications:
        put_adjudication(out, one)


def _put_drug(out: Segments, drug: Drug) -> None:
    out.put(("LIN", "", "N4", drug.ndc))
    out.put(("CTP", "", "", "", number(drug.quantity), drug.unit_code))
    put_references(out.put, (("VY", drug.link_sequence_number), ("XZ", drug.prescription_number)))


def _put_form(out: Segments, form: Form) -> None:
    out.put(("LQ", form.list_code, form.form_number))
    for answer in form.answers:
        out.put(
            (
                "FRM",
                answer.question_number,
                answer.yes_no_code,
                answer.text,
                "" if answer.answered_on is None else day(answer.answered_on),
                quantity(answer.percentage),
            )
        )


def put_conditions(put: Put, conditions: Iterable[Condition]) -> None:
    """Write CRC."""
    for one in conditions:
        put(("CRC", one.category_code, "Y" if one.applies else "N", *one.codes))


def ambulance(ride: Ambulance) -> tuple[str, ...]:
    """Give CR1."""
    weight = quantity(ride.weight_pounds)
    return (
        "CR1",
        "LB" if weight else "",
        weight,
        "",
        ride.reason_code,
        "DH",
        number(ride.distance_miles),
        "",
        "",
        ride.round_trip_purpose,
        ride.stretcher_purpose,
    )
