"""From typed service lines to segments: 2400, 2410, 2420 and 2440."""

from collections.abc import Iterable

from rcm.x12.x837_details import Ambulance, Condition, Drug, Form
from rcm.x12.x837_lines import DentalLine, InstitutionalLine, ProfessionalLine
from rcm.x12.x837_segments import (
    Put,
    Segments,
    amount,
    cents,
    day,
    number,
    put_days,
    put_period,
    put_references,
    quantity,
)
from rcm.x12.x837_write_payers import procedure_composite, put_adjudication


def put_professional_line(out: Segments, place: int, line: ProfessionalLine) -> None:
    """Write a line of an 837P."""
    put = out.put
    put(("LX", str(place)))
    assert line.procedure is not None, "a line of this guide has a procedure"
    procedure = procedure_composite(out, line.procedure)
    put(
        (
            "SV1",
            procedure,
            amount(line.billed_cents),
            line.unit_code,
            quantity(line.quantity),
            line.place_of_service_code,
            "",
            out.composite(*map(str, line.diagnosis_pointers)),
            "",
            "Y" if line.is_emergency else "",
            "",
            "Y" if line.is_epsdt else "",
            "Y" if line.is_family_planning else "",
            "",
            "",
            "0" if line.is_copay_exempt else "",
        )
    )
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
    out.attachments(line.attachments)
    if line.ambulance is not None:
        put(ambulance(line.ambulance))
    if line.equipment is not None:
        need = line.equipment
        put(("CR3", need.certification_type_code, "MO", number(need.duration_months)))
    put_conditions(put, line.conditions)
    _put_professional_line_facts(out, line)
    out.fixed_format(line.fixed_format)
    out.notes(line.notes)
    if line.purchased_cents is not None:
        put(("PS1", line.purchased_from_number, amount(line.purchased_cents)))
    out.repricing(line.repricing)
    _put_drug(out, line.drug)
    out.providers(line.providers)
    for one in line.adjudications:
        put_adjudication(out, one)
    for form in line.forms:
        _put_form(out, form)


def _put_professional_line_facts(out: Segments, line: ProfessionalLine) -> None:
    put = out.put
    if line.service_from is not None:
        put_period(put, "472", line.service_from, line.service_through)
    put_days(
        put,
        (
            ("471", line.prescribed_on),
            ("607", line.certification_revised_on),
            ("463", line.therapy_begun_on),
            ("461", line.last_certified_on),
            ("304", line.last_seen_on),
            ("738", line.haemoglobin_test_on),
            ("739", line.creatinine_test_on),
            ("011", line.shipped_on),
            ("455", line.last_x_ray_on),
            ("454", line.initial_treatment_on),
        ),
    )
    if line.ambulance_patient_count is not None:
        put(("QTY", "PT", number(line.ambulance_patient_count)))
    if line.obstetric_units is not None:
        put(("QTY", "FL", number(line.obstetric_units)))
    for one in line.measurements:
        put(("MEA", one.reference_code, one.qualifier_code, number(one.value)))
    out.contract(line.contract)
    put_references(
        put, (("9B", line.repriced_line_number), ("9D", line.adjusted_repriced_line_number))
    )
    out.references(line.prior_authorizations)
    put_references(
        put,
        (
            ("6R", line.line_item_control_number),
            ("EW", line.mammography_certification_number),
            ("X4", line.clia_number),
            ("F4", line.referring_clia_number),
            ("BT", line.immunization_batch_number),
        ),
    )
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
    out.attachments(line.attachments)
    if line.service_from is not None:
        put_period(put, "472", line.service_from, line.service_through)
    put_references(
        put,
        (
            ("6R", line.line_item_control_number),
            ("9B", line.repriced_line_number),
            ("9D", line.adjusted_repriced_line_number),
        ),
    )
    if line.service_tax_cents is not None:
        put(("AMT", "GT", amount(line.service_tax_cents)))
    if line.facility_tax_cents is not None:
        put(("AMT", "N8", amount(line.facility_tax_cents)))
    out.notes(line.notes)
    out.repricing(line.repricing)
    _put_drug(out, line.drug)
    out.providers(line.providers)
    for one in line.adjudications:
        put_adjudication(out, one)


def put_dental_line(out: Segments, place: int, line: DentalLine) -> None:
    """Write a line of an 837D."""
    put = out.put
    put(("LX", str(place)))
    assert line.procedure is not None, "a line of this guide has a procedure"
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
            out.composite(*map(str, line.diagnosis_pointers)),
        )
    )
    for tooth in line.teeth:
        put(("TOO", "JP", tooth.code, out.composite(*tooth.surface_codes)))
    if line.service_from is not None:
        put_period(put, "472", line.service_from, line.service_through)
    put_days(
        put,
        (
            ("441", line.prior_placement_on),
            ("452", line.appliance_placement_on),
            ("446", line.replacement_on),
            ("196", line.treatment_started_on),
            ("198", line.treatment_completed_on),
        ),
    )
    out.contract(line.contract)
    out.references(line.predetermination_numbers)
    out.references(line.prior_authorizations)
    put_references(
        put,
        (
            ("6R", line.line_item_control_number),
            ("9A", line.repriced_line_number),
            ("9C", line.adjusted_repriced_line_number),
        ),
    )
    out.references(line.referrals)
    if line.sales_tax_cents is not None:
        put(("AMT", "T", amount(line.sales_tax_cents)))
    out.fixed_format(line.fixed_format)
    out.repricing(line.repricing)
    out.providers(line.providers)
    for one in line.adjudications:
        put_adjudication(out, one)


def _put_drug(out: Segments, drug: Drug | None) -> None:
    if drug is None:
        return
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
