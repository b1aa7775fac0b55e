"""From other payers' adjudications to segments: 2320, 2330 and 2430."""

from rcm.x12.x837_details import Procedure
from rcm.x12.x837_lines import (
    InpatientAdjudication,
    LineAdjudication,
    OtherPayer,
    OutpatientAdjudication,
)
from rcm.x12.x837_segments import (
    Segments,
    amount,
    cents,
    put_days,
    put_references,
    quantity,
)


def put_other_payer(out: Segments, other: OtherPayer) -> None:
    """Write 2320 and its 2330 loops."""
    put = out.put
    put(
        (
            "SBR",
            other.responsibility_code,
            other.relationship_code,
            other.group_number,
            other.group_name,
            other.insurance_type_code,
            "",
            "",
            "",
            other.claim_filing_indicator_code,
        )
    )
    out.adjustments(other.adjustments)
    for qualifier, value in (
        ("D", other.paid_cents),
        ("A8", other.non_covered_cents),
        ("EAF", other.remaining_patient_liability_cents),
    ):
        if value is not None:
            put(("AMT", qualifier, amount(value)))
    put(
        (
            "OI",
            "",
            "",
            other.benefits_assignment_code,
            other.patient_signature_source_code,
            "",
            other.release_code,
        )
    )
    if other.inpatient is not None:
        put(_inpatient(other.inpatient))
    if other.outpatient is not None:
        put(_outpatient(other.outpatient))
    holder = other.subscriber
    out.name(
        "IL",
        holder.entity_type_code,
        (holder.name, holder.first_name, holder.middle_name, holder.suffix),
        (holder.member_number_qualifier_code, holder.member_number),
    )
    out.address(holder.address)
    put_references(put, (("SY", holder.social_security_number),))
    out.name("PR", "2", (other.name, "", "", ""), (other.number_qualifier_code, other.number))
    out.address(other.address)
    put_days(put, (("573", other.adjudicated_on),))
    out.references(other.secondary_identifiers)
    put_references(
        put,
        (
            ("G1", other.prior_authorization_number),
            ("9F", other.referral_number),
            ("T4", other.claim_adjustment_indicator),
            ("G3", other.predetermination_number),
            ("F8", other.payer_claim_control_number),
        ),
    )
    out.providers(other.providers)


def _outpatient(one: OutpatientAdjudication) -> tuple[str, ...]:
    remarks = (*one.remark_codes, "", "", "", "", "")[:5]
    return (
        "MOA",
        quantity(one.reimbursement_rate),
        cents(one.hcpcs_payable_cents),
        *remarks,
        cents(one.esrd_cents),
        cents(one.nonpayable_professional_cents),
    )


def _inpatient(one: InpatientAdjudication) -> tuple[str, ...]:
    remarks = (*one.remark_codes, "", "", "", "", "")[:5]
    return (
        "MIA",
        quantity(one.covered_days),
        cents(one.operating_outlier_cents),
        quantity(one.lifetime_psychiatric_days),
        cents(one.drg_cents),
        remarks[0],
        cents(one.disproportionate_share_cents),
        cents(one.msp_pass_through_cents),
        cents(one.pps_capital_cents),
        cents(one.capital_federal_drg_cents),
        cents(one.capital_hospital_drg_cents),
        cents(one.capital_disproportionate_cents),
        cents(one.old_capital_cents),
        cents(one.capital_teaching_cents),
        cents(one.operating_hospital_drg_cents),
        quantity(one.cost_report_days),
        cents(one.operating_federal_drg_cents),
        cents(one.capital_outlier_cents),
        cents(one.indirect_teaching_cents),
        cents(one.nonpayable_professional_cents),
        *remarks[1:],
        cents(one.capital_exception_cents),
    )


def put_adjudication(out: Segments, one: LineAdjudication) -> None:
    """Write 2430."""
    put = out.put
    row: tuple[str, ...] = (
        "SVD",
        one.payer_number,
        amount(one.paid_cents),
        "" if one.procedure is None else procedure_composite(out, one.procedure),
        one.revenue_code,
        quantity(one.quantity),
    )
    put((*row, one.bundled_line_number) if one.bundled_line_number else row)
    out.adjustments(one.adjustments)
    put_days(put, (("573", one.adjudicated_on),))
    if one.remaining_patient_liability_cents is not None:
        put(("AMT", "EAF", amount(one.remaining_patient_liability_cents)))


def procedure_composite(out: Segments, one: Procedure) -> str:
    """Join the composite medical procedure identifier."""
    if one.description:
        modifiers = (*one.modifiers, "", "", "", "")[:4]
        return out.composite(one.qualifier_code, one.code, *modifiers, one.description)
    if not one.modifiers:
        return out.pair(one.qualifier_code, one.code)
    return out.composite(one.qualifier_code, one.code, *one.modifiers)
