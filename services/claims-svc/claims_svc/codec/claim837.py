"""From a claim's content to the typed 837 claim of `rcm.x12`.

Nothing is decided here: what may not be written was found by `claims_svc.rules` before.
"""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from claims_svc.codec.other_payers import line_adjudications, other_payers
from claims_svc.codec.shapes import (
    address_of,
    known_day,
    provider_of,
    stamp_day,
    thousandths,
)
from claims_svc.codec.supplements import (
    supplemented_institutional,
    supplemented_professional,
)
from claims_svc.model import directory
from claims_svc.model.content import ClaimContent, Form, day
from claims_svc.model.directory import Facility
from rcm.events import clinical
from rcm.x12.x837_claims import InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_details import (
    Diagnosis,
    Drug,
    InpatientProcedure,
    Occurrence,
    OccurrenceSpan,
    Procedure,
    ValueCode,
)
from rcm.x12.x837_lines import (
    InstitutionalLine,
    ProfessionalLine,
)
from rcm.x12.x837_parties import (
    BillingProvider,
    Contact,
    ContactNumber,
    Patient,
    Payer,
    PayToPlan,
    Provider,
    Subscriber,
)

Claim837 = ProfessionalClaim | InstitutionalClaim

INPATIENT_BILLS: Final = frozenset({"11", "18", "21", "41", "65", "66", "86"})
"""First two digits of the types of bill of a stay, as `rcm.x12.x837_check_claims` has them."""


def claim_837(claim_id: str, content: ClaimContent) -> Claim837:
    """Give the typed claim of a content that has passed the edits."""
    more = content.supplement
    if content.form == "P":
        office = _professional(claim_id, content)
        return office if more is None else supplemented_professional(office, more)
    bill = _institutional(claim_id, content)
    return bill if more is None else supplemented_institutional(bill, more)


def _professional(claim_id: str, content: ClaimContent) -> ProfessionalClaim:
    accident = content.accident
    stay = content.institutional
    first_place = content.lines[0].place_of_service_code
    billing_npi = content.facility.npi if content.facility is not None else ""
    rendering = content.rendering or _agreed_rendering(content)
    roles = [("DN", content.referring)]
    if rendering is not None and rendering.npi != billing_npi:
        roles.append(("82", rendering))
    return ProfessionalClaim(
        billing_provider=_billing_provider(content.facility, "P"),
        subscriber=_subscriber(content),
        payer=_payer(content),
        patient=_patient(content),
        claim_id=claim_id,
        billed_cents=content.billed_cents,
        frequency_code=content.frequency_code,
        delay_reason_code=content.delay_reason_code,
        prior_authorization_number=content.coverage.prior_authorization_number,
        referral_number=content.coverage.referral_number,
        payer_claim_control_number=content.payer_claim_control_number,
        medical_record_number=content.patient.medical_record_number,
        clia_number=_clia_number(content),
        providers=(*_providers(roles), *_service_facility(content)),
        other_payers=other_payers(content, is_stay=False),
        place_of_service_code=first_place,
        diagnoses=tuple(Diagnosis(code=one.code) for one in content.diagnoses),
        related_cause_codes=tuple(accident.cause_codes) if accident is not None else (),
        accident_state_code=accident.state_code if accident is not None else "",
        accident_on=day(accident.happened_on) if accident is not None else None,
        onset_on=day(content.onset_on),
        admitted_on=stamp_day(stay.admitted_at) if stay is not None else None,
        lines=tuple(
            _professional_line(content, line, first_place, rendering) for line in content.lines
        ),
    )


def _professional_line(
    content: ClaimContent,
    line: clinical.ChargeLine,
    claim_place: str,
    rendering: clinical.Provider | None,
) -> ProfessionalLine:
    roles: list[tuple[str, clinical.Provider | None]] = []
    if line.rendering is not None and line.rendering != rendering:
        roles.append(("82", line.rendering))
    if line.ordering is not None:
        roles.append(("DK", line.ordering))
    place = line.place_of_service_code
    return ProfessionalLine(
        billed_cents=line.billed_cents,
        procedure=_procedure(line),
        quantity=thousandths(line.units_milli),
        unit_code=line.unit_code,
        service_from=day(line.service_from),
        service_through=_range_end(line),
        line_item_control_number=line.line_item_control_number,
        place_of_service_code=place if place != claim_place else "",
        diagnosis_pointers=tuple(line.diagnosis_pointers),
        providers=_providers(roles),
        drug=_drug(line),
        adjudications=line_adjudications(content, line.line_item_control_number),
    )


def _institutional(claim_id: str, content: ClaimContent) -> InstitutionalClaim:
    facts = content.institutional
    assert facts is not None, "an 837I without facility data does not pass the edits"
    is_stay = facts.bill_type_code in INPATIENT_BILLS
    by_role: dict[str, list[Diagnosis]] = {}
    for one in content.diagnoses:
        # Whether it was present on admission is asked of a stay's diagnoses, and of these three.
        asked = is_stay and one.role in ("principal", "other", "external")
        poa = one.present_on_admission_code if asked else ""
        by_role.setdefault(one.role, []).append(Diagnosis(code=one.code, poa_code=poa))
    from_on, through_on = day(facts.statement_from), day(facts.statement_through)
    assert from_on is not None
    assert through_on is not None
    return InstitutionalClaim(
        billing_provider=_billing_provider(content.facility, "I"),
        subscriber=_subscriber(content),
        payer=_payer(content),
        patient=_patient(content),
        claim_id=claim_id,
        billed_cents=content.billed_cents,
        frequency_code=content.frequency_code,
        delay_reason_code=content.delay_reason_code,
        prior_authorization_number=content.coverage.prior_authorization_number,
        referral_number=content.coverage.referral_number,
        payer_claim_control_number=content.payer_claim_control_number,
        medical_record_number=content.patient.medical_record_number,
        providers=(*_facility_providers(content), *_service_facility(content)),
        other_payers=other_payers(content, is_stay=is_stay),
        bill_type_code=facts.bill_type_code,
        statement_from=from_on,
        statement_through=through_on,
        admission_type_code=facts.admission_type_code,
        point_of_origin_code=facts.point_of_origin_code,
        patient_status_code=facts.patient_status_code,
        admitted_on=stamp_day(facts.admitted_at),
        admission_time=facts.admitted_at[8:12],
        discharge_time=facts.discharged_time,
        principal_diagnosis=by_role["principal"][0],
        admitting_diagnosis=by_role.get("admitting", [None])[0],
        reasons_for_visit=tuple(by_role.get("reason", ())),
        external_causes=tuple(by_role.get("external", ())),
        other_diagnoses=tuple(by_role.get("other", ())),
        drg_code=facts.drg_code,
        principal_procedure=next(iter(_procedures(facts, is_principal=True)), None),
        other_procedures=_procedures(facts, is_principal=False),
        occurrences=tuple(
            Occurrence(code=one.code, occurred_on=known_day(one.from_on))
            for one in facts.occurrences
        ),
        occurrence_spans=tuple(
            OccurrenceSpan(
                code=one.code,
                occurred_from=known_day(one.from_on),
                occurred_through=known_day(one.through_on or one.from_on),
            )
            for one in facts.spans
        ),
        value_codes=tuple(
            ValueCode(code=one.code, amount_cents=one.amount_cents) for one in facts.values
        ),
        condition_codes=tuple(facts.condition_codes),
        lines=tuple(_institutional_line(content, line) for line in content.lines),
    )


def _clia_number(content: ClaimContent) -> str:
    """State the laboratory's licence where a laboratory test is billed. REF*X4."""
    number = content.facility.clia_number if content.facility is not None else ""
    return number if number and any(_is_laboratory(line) for line in content.lines) else ""


def _is_laboratory(line: clinical.ChargeLine) -> bool:
    # Codes 80000 to 89999, and QW for tests that are waived from most of the rules.
    is_test = line.procedure_code.isdigit() and "80000" <= line.procedure_code <= "89999"
    return is_test or "QW" in line.modifiers


def _procedures(
    facts: clinical.Institutional, *, is_principal: bool
) -> tuple[InpatientProcedure, ...]:
    return tuple(
        InpatientProcedure(code=one.code, performed_on=day(one.performed_on))
        for one in facts.procedures
        if one.is_principal is is_principal
    )


def _facility_providers(content: ClaimContent) -> tuple[Provider, ...]:
    roles = [("71", content.attending), ("72", content.operating), ("DN", content.referring)]
    # 2310D: only where it is not the attending.
    if content.rendering is not None and content.rendering != content.attending:
        roles.append(("82", content.rendering))
    return _providers(roles)


def _institutional_line(content: ClaimContent, line: clinical.ChargeLine) -> InstitutionalLine:
    return InstitutionalLine(
        billed_cents=line.billed_cents,
        revenue_code=line.revenue_code,
        procedure=_procedure(line) if line.procedure_code else None,
        quantity=thousandths(line.units_milli),
        unit_code=line.unit_code,
        service_from=day(line.service_from),
        service_through=_range_end(line),
        line_item_control_number=line.line_item_control_number,
        drug=_drug(line),
        adjudications=line_adjudications(content, line.line_item_control_number),
    )


def _agreed_rendering(content: ClaimContent) -> clinical.Provider | None:
    """Give the provider that all lines name: it is stated once, at the claim."""
    named = {line.rendering for line in content.lines if line.rendering is not None}
    if len(named) == 1 and all(line.rendering is not None for line in content.lines):
        return named.pop()
    return None


@lru_cache(maxsize=1024)
def _billing_provider(facility: Facility | None, form: Form) -> BillingProvider:
    assert facility is not None, "a claim without a billing provider does not pass the edits"
    contacts: tuple[Contact, ...] = ()
    if facility.phone_number and form == "P":
        number = ContactNumber(qualifier_code="TE", number=facility.phone_number)
        contacts = (Contact(name=facility.name, numbers=(number,)),)
    return BillingProvider(
        name=facility.name,
        npi=facility.npi,
        taxonomy_code=facility.taxonomy_code,
        address=address_of(facility.address),
        employer_id_number=facility.employer_id_number,
        contacts=contacts,
        pay_to_address=address_of(facility.pay_to_address),
        pay_to_plan=_pay_to_plan(facility.pay_to_plan),
    )


def _pay_to_plan(plan: directory.PayToPlan | None) -> PayToPlan | None:
    if plan is None:
        return None
    return PayToPlan(
        name=plan.name,
        number=plan.number,
        address=address_of(plan.address),
        employer_id_number=plan.employer_id_number,
    )


def _subscriber(content: ClaimContent) -> Subscriber:
    person, coverage = content.subscriber.person, content.coverage
    is_patient = content.patient_is_subscriber
    return Subscriber(
        responsibility_code=coverage.sequence_code,
        relationship_code="18" if is_patient else "",
        group_number=content.subscriber.group_number,
        # 2000B SBR04 is for a group without a number.
        group_name="" if content.subscriber.group_number else content.subscriber.group_name,
        insurance_type_code=coverage.insurance_type_code,
        claim_filing_indicator_code=content.claim_filing_indicator_code,
        name=person.last_name,
        first_name=person.first_name,
        middle_name=person.middle_name,
        suffix=person.name_suffix,
        member_number=content.subscriber.member_number,
        address=address_of(person.address) if is_patient else None,
        birth_on=day(person.born_on) if is_patient else None,
        sex_code=person.sex_code if is_patient else "",
    )


def _patient(content: ClaimContent) -> Patient | None:
    if content.patient_is_subscriber:
        return None
    person = content.patient.person
    return Patient(
        relationship_code=content.coverage.relationship_code,
        name=person.last_name,
        first_name=person.first_name,
        middle_name=person.middle_name,
        suffix=person.name_suffix,
        address=address_of(person.address),
        birth_on=day(person.born_on),
        sex_code=person.sex_code,
    )


def _payer(content: ClaimContent) -> Payer:
    return Payer(
        name=content.payer_name,
        number=content.coverage.payer_id,
        address=address_of(content.payer.address),
    )


def _service_facility(content: ClaimContent) -> tuple[Provider, ...]:
    place = content.place
    if place is None:
        return ()
    return (
        Provider(
            role_code="77",
            entity_type_code="2",
            name=place.name,
            npi=place.npi,
            address=address_of(place.address),
        ),
    )


def _providers(
    roles: Sequence[tuple[str, clinical.Provider | None]],
) -> tuple[Provider, ...]:
    return tuple(provider_of(role, who) for role, who in roles if who is not None)


def _procedure(line: clinical.ChargeLine) -> Procedure:
    return Procedure(
        code=line.procedure_code,
        modifiers=tuple(line.modifiers),
        description=line.description,
    )


def _drug(line: clinical.ChargeLine) -> Drug | None:
    drug = line.drug
    if drug is None:
        return None
    return Drug(ndc=drug.ndc, quantity=thousandths(drug.quantity_milli), unit_code=drug.unit_code)


def _range_end(line: clinical.ChargeLine) -> date | None:
    return day(line.service_through) if line.service_through != line.service_from else None
