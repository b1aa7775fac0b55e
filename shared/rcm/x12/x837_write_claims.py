"""From a typed claim to its segments, 2300 and 2310: professional, institutional, dental.

Segments leave in the order of the guides, so that a claim has one written form.
"""

from collections.abc import Iterable
from typing import Final

from rcm.x12.x837_claims import Claim, DentalClaim, InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_details import Diagnosis, InpatientProcedure
from rcm.x12.x837_qualifiers import (
    DENTAL_NUMBERS,
    INSTITUTIONAL_NUMBERS,
    PROFESSIONAL_DAYS,
    PROFESSIONAL_NUMBERS,
    Days,
    Numbers,
)
from rcm.x12.x837_segments import (
    Put,
    Segments,
    amount,
    day,
    put_days,
    put_period,
    quantity,
)
from rcm.x12.x837_write_lines import (
    ambulance,
    put_conditions,
    put_dental_line,
    put_institutional_line,
    put_professional_line,
)
from rcm.x12.x837_write_payers import put_other_payer

_DAYS: Final = Days(PROFESSIONAL_DAYS, day)
# DTP*314 stands where 360 and 361 would, when both days of a disability are known.
_DAYS_BEFORE: Final = Days(dict(list(PROFESSIONAL_DAYS.items())[:8]), day)
_DAYS_AFTER: Final = Days(dict(list(PROFESSIONAL_DAYS.items())[10:]), day)
_NUMBERS: Final = Numbers(PROFESSIONAL_NUMBERS)
_BILL_NUMBERS_BEFORE: Final = Numbers(dict(list(INSTITUTIONAL_NUMBERS.items())[:6]))
_BILL_NUMBERS_AFTER: Final = Numbers(dict(list(INSTITUTIONAL_NUMBERS.items())[6:]))
_DENTAL_NUMBERS: Final = Numbers(DENTAL_NUMBERS)


def put_professional(out: Segments, claim: ProfessionalClaim) -> None:
    """Write a claim of an 837P."""
    put = out.put
    _put_head(
        out,
        claim,
        (claim.place_of_service_code, "B"),
        ("Y" if claim.has_provider_signature else "N", claim.patient_signature_source_code),
        (_related_causes(out, claim), claim.special_program_code),
    )
    _put_professional_days(put, claim)
    if claim.attachments:
        out.attachments(claim.attachments)
    out.contract(claim.contract)
    if claim.patient_paid_cents is not None:
        put(("AMT", "F5", amount(claim.patient_paid_cents)))
    _NUMBERS.put(put, claim)
    if claim.fixed_format:
        out.fixed_format(claim.fixed_format)
    if claim.notes:
        out.notes(claim.notes)
    if claim.ambulance is not None:
        put(ambulance(claim.ambulance))
    if claim.spinal_manipulation is not None:
        spine = claim.spinal_manipulation
        put(
            ("CR2", "", "", "", "", "", "", "", spine.condition_code, "", spine.description)
            + ((spine.more_description,) if spine.more_description else ())
        )
    if claim.conditions:
        put_conditions(put, claim.conditions)
    _put_diagnoses(out, claim.diagnoses)
    if claim.anaesthesia_procedure_codes:
        first, *others = claim.anaesthesia_procedure_codes
        out.codes([out.composite("BP", first), *(out.composite("BO", code) for code in others)])
    if claim.condition_codes:
        out.codes([out.pair("BG", code) for code in claim.condition_codes])
    out.repricing(claim.repricing)
    _put_providers_and_payers(out, claim)
    for place, line in enumerate(claim.lines, 1):
        put_professional_line(out, place, line)


def put_institutional(out: Segments, claim: InstitutionalClaim) -> None:
    """Write a claim of an 837I."""
    put = out.put
    _put_head(out, claim, (claim.bill_type_code, "A"), ("", ""), ("", ""))
    if claim.discharge_time:
        put(("DTP", "096", "TM", claim.discharge_time))
    if claim.statement_from is not None:
        last = claim.statement_through or claim.statement_from
        put_period(put, "434", claim.statement_from, last)
    if claim.admitted_on is not None:
        admitted = day(claim.admitted_on) + claim.admission_time
        put(("DTP", "435", "DT" if claim.admission_time else "D8", admitted))
    put_days(put, (("050", claim.repricer_received_on),))
    put(
        (
            "CL1",
            claim.admission_type_code,
            claim.point_of_origin_code,
            claim.patient_status_code,
        )
    )
    if claim.attachments:
        out.attachments(claim.attachments)
    out.contract(claim.contract)
    if claim.patient_estimated_due_cents is not None:
        put(("AMT", "F3", amount(claim.patient_estimated_due_cents)))
    _put_institutional_references(put, claim)
    if claim.fixed_format:
        out.fixed_format(claim.fixed_format)
    if claim.notes:
        out.notes(claim.notes)
    put_conditions(put, claim.conditions)
    _put_institutional_codes(out, claim)
    out.repricing(claim.repricing)
    _put_providers_and_payers(out, claim)
    for place, line in enumerate(claim.lines, 1):
        put_institutional_line(out, place, line)


def put_dental(out: Segments, claim: DentalClaim) -> None:
    """Write a claim of an 837D."""
    put = out.put
    _put_head(
        out,
        claim,
        (claim.place_of_service_code, "B"),
        ("Y" if claim.has_provider_signature else "N", ""),
        (_related_causes(out, claim), claim.special_program_code),
    )
    put_days(put, (("439", claim.accident_on), ("452", claim.appliance_placement_on)))
    if claim.service_from is not None:
        put_period(put, "472", claim.service_from, claim.service_through)
    put_days(put, (("050", claim.repricer_received_on),))
    if claim.orthodontics is not None:
        plan = claim.orthodontics
        put(
            (
                "DN1",
                quantity(plan.total_months),
                quantity(plan.remaining_months),
                "",
                "Y" if plan.is_for_services else "",
            )
        )
    for tooth in claim.tooth_statuses:
        put(("DN2", tooth.tooth_code, tooth.status_code, "", "", "", "JP"))
    if claim.attachments:
        out.attachments(claim.attachments)
    out.contract(claim.contract)
    if claim.patient_paid_cents is not None:
        put(("AMT", "F5", amount(claim.patient_paid_cents)))
    _DENTAL_NUMBERS.put(put, claim)
    if claim.fixed_format:
        out.fixed_format(claim.fixed_format)
    if claim.notes:
        out.notes(claim.notes)
    _put_diagnoses(out, claim.diagnoses)
    out.repricing(claim.repricing)
    _put_providers_and_payers(out, claim)
    for place, line in enumerate(claim.lines, 1):
        put_dental_line(out, place, line)


def _put_head(
    out: Segments,
    claim: Claim,
    facility: tuple[str, str],
    signature: tuple[str, str],
    circumstances: tuple[str, str],
) -> None:
    """Write CLM.

    Args:
        out: Where to.
        claim: The claim.
        facility: CLM05-1 and CLM05-2.
        signature: CLM06 and CLM10, the provider's and the source of the patient's.
        circumstances: CLM11 related causes and CLM12 special programme.
    """
    causes, programme = circumstances
    provider_signature, patient_signature = signature
    head: tuple[str, ...] = (
        "CLM",
        claim.claim_id,
        amount(claim.billed_cents),
        "",
        "",
        out.composite(*facility, claim.frequency_code),
        provider_signature,
        claim.assignment_code,
        claim.benefits_assignment_code,
        claim.release_code,
    )
    if claim.predetermination_code or claim.delay_reason_code:
        head += (patient_signature, causes, programme, "", "", "", "", "", "")
        head += (claim.predetermination_code, claim.delay_reason_code)
    elif patient_signature or causes or programme:
        head += (patient_signature, causes, programme)
    out.put(head)


def _put_institutional_references(put: Put, claim: InstitutionalClaim) -> None:
    _BILL_NUMBERS_BEFORE.put(put, claim)
    for device in claim.investigational_device_numbers:
        put(("REF", "LX", device))
    _BILL_NUMBERS_AFTER.put(put, claim)


def _related_causes(out: Segments, claim: ProfessionalClaim | DentalClaim) -> str:
    causes = claim.related_cause_codes
    if not causes:
        return ""
    return out.composite(
        causes[0],
        causes[1] if len(causes) > 1 else "",
        "",
        claim.accident_state_code,
        claim.accident_country_code,
    )


def _put_professional_days(put: Put, claim: ProfessionalClaim) -> None:
    first, last = claim.disability_from, claim.disability_through
    if first is None or last is None:
        _DAYS.put(put, claim)
        return
    _DAYS_BEFORE.put(put, claim)
    put_period(put, "314", first, last)
    _DAYS_AFTER.put(put, claim)


def _put_diagnoses(out: Segments, diagnoses: Iterable[Diagnosis]) -> None:
    composites: list[str] = []
    for one in diagnoses:
        if one.icd_version == 10:
            composites.append(out.pair("ABF" if composites else "ABK", one.code))
        else:
            composites.append(out.pair("BF" if composites else "BK", one.code))
    out.codes(composites)


def _diagnosis(out: Segments, rank: str, one: Diagnosis) -> str:
    """Join a diagnosis of an 837I: `rank` is K, J, F for AB.., or PR, BN for A.. and ICD-9."""
    if len(rank) == 1:
        qualifier = f"AB{rank}" if one.icd_version == 10 else f"B{rank}"
    else:
        qualifier = {"PR": "APR", "BN": "ABN"}[rank] if one.icd_version == 10 else rank
    return out.composite(qualifier, one.code, "", "", "", "", "", "", one.poa_code)


def _procedure(out: Segments, rank: str, one: InpatientProcedure) -> str:
    qualifier = f"BB{rank}" if one.icd_version == 10 else f"B{rank}"
    when = one.performed_on
    if when is None:
        return out.composite(qualifier, one.code)
    return out.composite(qualifier, one.code, "D8", day(when))


def _put_institutional_codes(out: Segments, claim: InstitutionalClaim) -> None:
    join = out.composite
    out.codes([_diagnosis(out, "K", claim.principal_diagnosis)])
    if claim.admitting_diagnosis is not None:
        out.codes([_diagnosis(out, "J", claim.admitting_diagnosis)])
    out.codes([_diagnosis(out, "PR", one) for one in claim.reasons_for_visit])
    out.codes([_diagnosis(out, "BN", one) for one in claim.external_causes])
    if claim.drg_code:
        out.codes([join("DR", claim.drg_code)])
    out.codes([_diagnosis(out, "F", one) for one in claim.other_diagnoses])
    if claim.principal_procedure is not None:
        out.codes([_procedure(out, "R", claim.principal_procedure)])
    out.codes([_procedure(out, "Q", one) for one in claim.other_procedures])
    out.codes(
        [
            join("BI", one.code, "RD8", f"{day(one.occurred_from)}-{day(one.occurred_through)}")
            for one in claim.occurrence_spans
        ]
    )
    out.codes([join("BH", one.code, "D8", day(one.occurred_on)) for one in claim.occurrences])
    out.codes([join("BE", one.code, "", "", amount(one.amount_cents)) for one in claim.value_codes])
    out.codes([join("BG", code) for code in claim.condition_codes])
    out.codes([join("TC", code) for code in claim.treatment_codes])


def _put_providers_and_payers(out: Segments, claim: Claim) -> None:
    out.providers(claim.providers)
    for other in claim.other_payers:
        put_other_payer(out, other)
