"""What a claim says beyond what every claim says, put into the typed claim of `rcm.x12`."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import asdict, replace

from claims_svc.codec.shapes import address_of, provider_of, thousandths
from claims_svc.model.content import day
from claims_svc.model.supplement import (
    Ambulance,
    Attachment,
    ClaimSupplement,
    Condition,
    Contract,
    LineSupplement,
    Note,
    SpinalManipulation,
)
from rcm.x12 import x837_details as details
from rcm.x12.x837_claims import InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_lines import InstitutionalLine, ProfessionalLine
from rcm.x12.x837_parties import Patient, Provider, Reference, Subscriber


def supplemented_professional(claim: ProfessionalClaim, more: ClaimSupplement) -> ProfessionalClaim:
    """Put a supplement into an 837P claim."""
    dates = {name: day(value) for name, value in asdict(more.dates).items()}
    lines = tuple(
        _professional_line(line, found)
        if (found := more.lines.get(line.line_item_control_number)) is not None
        else line
        for line in claim.lines
    )
    return replace(
        claim,
        **_shared(more),
        **dates,
        **_persons(claim, more),
        lines=lines,
        providers=(*claim.providers, *_professional_providers(more)),
        special_program_code=more.special_program_code,
        patient_paid_cents=more.patient_paid_cents,
        clia_number=more.clia_number or claim.clia_number,
        mammography_certification_number=more.mammography_certification_number or "",
        investigational_device_number=more.investigational_device_number or "",
        demonstration_project_number=more.demonstration_project_number or "",
        care_plan_oversight_number=more.care_plan_oversight_number or "",
        ambulance=_ambulance(more.ambulance),
        spinal_manipulation=_spinal(more.spinal_manipulation),
        conditions=_conditions(more.conditions),
        anaesthesia_procedure_codes=tuple(more.anaesthesia_procedure_codes),
        condition_codes=tuple(more.condition_codes),
    )


def supplemented_institutional(
    claim: InstitutionalClaim, more: ClaimSupplement
) -> InstitutionalClaim:
    """Put a supplement into an 837I claim. Condition codes are the encounter's own."""
    device = more.investigational_device_number
    lines = tuple(
        _institutional_line(line, found)
        if (found := more.lines.get(line.line_item_control_number)) is not None
        else line
        for line in claim.lines
    )
    operating = (provider_of("ZZ", more.other_operating),) if more.other_operating else ()
    return replace(
        claim,
        **_shared(more),
        **_numbered(claim, more),
        lines=lines,
        providers=(*claim.providers, *operating),
        patient_estimated_due_cents=more.patient_paid_cents,
        investigational_device_numbers=(device,) if device else (),
        auto_accident_state_code=more.auto_accident_state_code,
        demonstration_project_number=more.demonstration_project_number or "",
        conditions=_conditions(more.conditions),
        treatment_codes=tuple(more.treatment_codes),
    )


def _shared(more: ClaimSupplement) -> dict[str, Any]:
    return {
        "attachments": _attachments(more.attachments),
        "notes": _notes(more.notes),
        "contract": _contract(more.contract),
        "service_authorization_exception_code": more.service_authorization_exception_code,
    }


def _professional_providers(more: ClaimSupplement) -> tuple[Provider, ...]:
    found = []
    if more.supervising is not None:
        found.append(provider_of("DQ", more.supervising))
    if more.pick_up is not None:
        address = address_of(more.pick_up)
        found.append(Provider(role_code="PW", entity_type_code="2", address=address))
    if more.drop_off is not None:
        address = address_of(more.drop_off.address)
        name = more.drop_off.name
        found.append(Provider(role_code="45", entity_type_code="2", name=name, address=address))
    return tuple(found)


def _numbered(
    claim: ProfessionalClaim | InstitutionalClaim, more: ClaimSupplement
) -> dict[str, Subscriber | Patient]:
    """Put the property and casualty number where the patient stands."""
    number = more.property_casualty_claim_number or ""
    if claim.patient is not None:
        return {"patient": replace(claim.patient, property_casualty_claim_number=number)}
    return {"subscriber": replace(claim.subscriber, property_casualty_claim_number=number)}


def _persons(claim: ProfessionalClaim, more: ClaimSupplement) -> dict[str, Any]:
    """Say of the patient what only an 837P says. PAT of 2000B or 2000C."""
    ((name, person),) = _numbered(claim, more).items()
    weight = more.weight_pounds
    facts = replace(
        person,
        death_on=day(more.died_on),
        weight_pounds=thousandths(weight * 1000) if weight is not None else None,
        is_pregnant=more.is_pregnant,
    )
    return {name: facts}


def _professional_line(line: ProfessionalLine, more: LineSupplement) -> ProfessionalLine:
    units = more.obstetric_units_milli
    count = more.ambulance_patient_count
    drug = line.drug
    if drug is not None and more.prescription_number:
        drug = replace(drug, prescription_number=more.prescription_number)
    return replace(
        line,
        attachments=_attachments(more.attachments),
        notes=_notes(more.notes),
        ambulance=_ambulance(more.ambulance),
        conditions=_conditions(more.conditions),
        contract=_contract(more.contract),
        prior_authorizations=_references("G1", more.prior_authorization_number),
        referrals=_references("9F", more.referral_number),
        clia_number=more.clia_number or "",
        referring_clia_number=more.referring_clia_number or "",
        mammography_certification_number=more.mammography_certification_number or "",
        immunization_batch_number=more.immunization_batch_number or "",
        drug=drug,
        is_emergency=more.is_emergency,
        is_epsdt=more.is_epsdt,
        is_family_planning=more.is_family_planning,
        is_copay_exempt=more.is_copay_exempt,
        obstetric_units=thousandths(units) if units is not None else None,
        ambulance_patient_count=thousandths(count * 1000) if count is not None else None,
        measurements=tuple(
            details.Measurement(
                reference_code=one.reference_code,
                qualifier_code=one.qualifier_code,
                value=thousandths(one.value_milli),
            )
            for one in more.measurements
        ),
        prescribed_on=day(more.prescribed_on),
        last_seen_on=day(more.last_seen_on),
        initial_treatment_on=day(more.initial_treatment_on),
        last_x_ray_on=day(more.last_x_ray_on),
        shipped_on=day(more.shipped_on),
        haemoglobin_test_on=day(more.haemoglobin_test_on),
        creatinine_test_on=day(more.creatinine_test_on),
        purchased_from_number=more.purchased_from_npi or "",
        purchased_cents=more.purchased_cents,
        sales_tax_cents=more.sales_tax_cents,
        postage_cents=more.postage_cents,
        providers=(*line.providers, *_line_providers(more)),
    )


def _line_providers(more: LineSupplement) -> tuple[Provider, ...]:
    found = []
    if more.purchased_from_npi:
        found.append(
            Provider(
                role_code="QB",
                entity_type_code="2" if more.purchased_from_is_organization else "1",
                npi=more.purchased_from_npi,
            )
        )
    if more.supervising is not None:
        found.append(provider_of("DQ", more.supervising))
    if more.referring is not None:
        found.append(provider_of("DN", more.referring))
    return tuple(found)


def _institutional_line(line: InstitutionalLine, more: LineSupplement) -> InstitutionalLine:
    roles = (("72", more.operating), ("ZZ", more.other_operating), ("DN", more.referring))
    drug = line.drug
    if drug is not None and more.prescription_number:
        drug = replace(drug, prescription_number=more.prescription_number)
    return replace(
        line,
        attachments=_attachments(more.attachments),
        notes=_notes(more.notes),
        drug=drug,
        non_covered_cents=more.non_covered_cents,
        service_tax_cents=more.sales_tax_cents,
        providers=(
            *line.providers,
            *(provider_of(role, who) for role, who in roles if who is not None),
        ),
    )


def _attachments(found: Sequence[Attachment]) -> tuple[details.Attachment, ...]:
    return tuple(
        details.Attachment(
            report_type_code=one.report_type_code,
            transmission_code=one.transmission_code,
            control_number=one.control_number,
        )
        for one in found
    )


def _notes(found: Sequence[Note]) -> tuple[details.Note, ...]:
    return tuple(details.Note(code=one.code, text=one.text) for one in found)


def _conditions(found: Sequence[Condition]) -> tuple[details.Condition, ...]:
    return tuple(
        details.Condition(
            category_code=one.category_code, applies=one.applies, codes=tuple(one.codes)
        )
        for one in found
    )


def _ambulance(found: Ambulance | None) -> details.Ambulance | None:
    if found is None:
        return None
    weight = found.weight_pounds
    return details.Ambulance(
        reason_code=found.reason_code,
        distance_miles=thousandths(found.distance_miles_milli),
        weight_pounds=thousandths(weight * 1000) if weight is not None else None,
        round_trip_purpose=found.round_trip_purpose,
        stretcher_purpose=found.stretcher_purpose,
    )


def _spinal(found: SpinalManipulation | None) -> details.SpinalManipulation | None:
    if found is None:
        return None
    return details.SpinalManipulation(
        condition_code=found.condition_code, description=found.description
    )


def _contract(found: Contract | None) -> details.Contract | None:
    if found is None:
        return None
    share = found.percentage_milli
    return details.Contract(
        type_code=found.type_code,
        amount_cents=found.amount_cents,
        percentage=thousandths(share) if share is not None else None,
        code=found.code,
        version=found.version,
    )


def _references(qualifier: str, number: str | None) -> tuple[Reference, ...]:
    return (Reference(qualifier_code=qualifier, number=number),) if number else ()
