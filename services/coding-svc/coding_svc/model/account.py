"""The encounter account: one encounter, put together from many messages.

    PID PV1 GT1 IN1 DG1 PR1 FT1 ACC UB2 DRG  ──▶  patient, stay, guarantor, coverages, diagnoses,
    or the resources of a FHIR bundle             procedures, charges, accident, facility codes

Each part says where it comes from: `origin` is `message#path` of the segment or resource, and the
field comments give the element inside it. Each part also brings the faults found while it was
read, so that a fault goes when a later message replaces the part that had it.

Stored as JSON arrays, sealed, in every EncounterReceived: a new field goes to the end of its struct
and has a default, and none is ever taken out.
"""

from msgspec import Struct

from coding_svc.model.person import Guarantor, Patient, Person
from rcm.events.clinical import DatedCode, DrugLine, Reason, ValueCode

FORMAT: int = 1
"""Version of the shape below, written into every account that is stored."""


class Practitioner(Struct, frozen=True, array_like=True):
    """A provider as the sender names one. HL7 XCN; FHIR Practitioner.

    Attributes:
        npi: The first number that passes the check digit, else that of the directory, else empty.
        local_number: XCN-1, the sender's own number.
        last_name: XCN-2.
        first_name: XCN-3.
        taxonomy_code: From the directory.
        fault: `npi-missing` or `npi-check-digit` where there is no NPI.
        path: Where the provider stands, for the finding.
    """

    npi: str = ""
    local_number: str = ""
    last_name: str = ""
    first_name: str = ""
    taxonomy_code: str = ""
    fault: str = ""
    path: str = ""

    @property
    def is_somebody(self) -> bool:
        """False for the one that a sender's null leaves: nobody, and said so."""
        return bool(self.npi or self.local_number or self.last_name)


class Coverage(Struct, frozen=True, array_like=True):
    """One insurance of the patient. HL7 IN1, IN2; FHIR Coverage.

    Attributes:
        payer_id: The payer's id at the clearinghouse, by the crosswalk. 837 2010BB NM109.
        payer_name: IN1-4. 837 2010BB NM103.
        sent_payer_number: IN1-3 as sent.
        plan_code: IN1-2.
        filing_indicator_code: By the crosswalk. 837 SBR09.
        order: 1 primary, 2 secondary, 3 tertiary. IN1-22, else IN1-1.
        relationship_code: Patient's relation to the subscriber: 18 self. IN1-17, mapped.
        member_number: By default IN1-36, IN1-49 or IN2-61. 837 2010BA NM109. PHI.
        member_number_path: Which of them it was.
        group_number: IN1-8. 837 SBR03. PHI, with the member number.
        group_name: IN1-9. 837 SBR04.
        subscriber: IN1-16, 18, 19, 43. PHI.
        authorization_number: IN1-14. 837 REF*G1.
        faults: What was wrong with it.
        origin: Message and path.
    """

    payer_id: str = ""
    payer_name: str = ""
    sent_payer_number: str = ""
    plan_code: str = ""
    filing_indicator_code: str = ""
    order: int = 1
    relationship_code: str = ""
    member_number: str = ""
    member_number_path: str = ""
    group_number: str = ""
    group_name: str = ""
    subscriber: Person = Person()
    authorization_number: str = ""
    faults: tuple[Reason, ...] = ()
    origin: str = ""


class Stay(Struct, frozen=True, array_like=True):
    """When, where and how the patient was there. HL7 PV1; FHIR Encounter.

    None where nothing was said yet; an empty text where the sender deleted it.

    Attributes:
        class_code: PV1-2, mapped to HL7 table 0004: E I O P R B.
        facility_id: Billing facility, by PV1-3-4 or MSH-4 through the profile.
        location: PV1-3, point of care and facility as sent.
        place_of_service_code: By PV1-3 through the profile.
        admission_type_code: PV1-4, mapped (NUBC). 837I CL101.
        point_of_origin_code: PV1-14, mapped (NUBC). 837I CL102.
        patient_status_code: PV1-36, mapped (NUBC). 837I CL103.
        financial_class: PV1-20 as sent.
        started_on: PV1-44, date at the facility.
        started_time: PV1-44, `HHMM`.
        ended_on: PV1-45.
        ended_time: PV1-45, `HHMM`.
        attending: PV1-7.
        referring: PV1-8.
        is_cancelled: A11; taken back by the next admission.
        is_closed: BAR P06: no more is to come.
        faults: What was wrong with it.
        origin: Message and path.
        as_of: Time of the newest snapshot that this comes from.
    """

    class_code: str | None = None
    facility_id: str | None = None
    location: str | None = None
    place_of_service_code: str | None = None
    admission_type_code: str | None = None
    point_of_origin_code: str | None = None
    patient_status_code: str | None = None
    financial_class: str | None = None
    started_on: str | None = None
    started_time: str | None = None
    ended_on: str | None = None
    ended_time: str | None = None
    attending: Practitioner | None = None
    referring: Practitioner | None = None
    is_cancelled: bool | None = None
    is_closed: bool | None = None
    faults: tuple[Reason, ...] = ()
    origin: str = ""
    as_of: str = ""


class Diagnosis(Struct, frozen=True, array_like=True):
    """One diagnosis of the encounter. HL7 DG1; FHIR Condition.

    Attributes:
        code: ICD-10-CM, undotted; empty where it is of another system.
        kind: DG1-6: A admitting, W working, F final, R reason for visit, E external cause.
        rank: DG1-15: 1 principal; 0 where not said.
        poa_code: DG1-26. 837I HI, POA.
        faults: What was wrong with it.
        origin: Message and path.
    """

    code: str
    kind: str = "F"
    rank: int = 0
    poa_code: str = ""
    faults: tuple[Reason, ...] = ()
    origin: str = ""


class Procedure(Struct, frozen=True, array_like=True):
    """One procedure of the encounter. HL7 PR1; FHIR Procedure. Never a charge of its own.

    Attributes:
        code: ICD-10-PCS, or HCPCS where `is_hcpcs`.
        is_hcpcs: The code says what a charge says too.
        performed_on: PR1-5, date at the facility.
        rank: PR1-14: 1 principal; 0 where not said.
        surgeon: PR1-11, or a PR1-12 that says so.
        faults: What was wrong with it.
        origin: Message and path.
    """

    code: str
    is_hcpcs: bool = False
    performed_on: str = ""
    rank: int = 0
    surgeon: Practitioner | None = None
    faults: tuple[Reason, ...] = ()
    origin: str = ""


class Charge(Struct, frozen=True, array_like=True):
    """One charge or credit as it was posted. HL7 FT1; FHIR ChargeItem.

    Attributes:
        charge_id: FT1-2; made of the message and path where the sender has none.
        is_numbered: Whether the sender numbered it.
        is_credit: FT1-6 CD, or an amount or units below zero. Amount and units are positive here.
        reference: FT1-31 or FT1-30: the charge that a credit takes back.
        service_from: FT1-4, date at the facility.
        service_through: FT1-4, second part of the range, else the same day.
        billed_cents: FT1-11, else the charge master's; None where neither has one.
        units_milli: FT1-10, thousandths.
        unit_code: UN units, MJ minutes, DA days.
        cdm_code: FT1-7, where it is a charge master code.
        procedure_code: FT1-25, else FT1-7 if it says CPT or HCPCS, else the charge master's.
        modifiers: FT1-26, in order.
        revenue_code: FT1-7 of system UB, else the charge master's, else the department's.
        diagnosis_codes: FT1-19 in order, else the DG1 of its FT1 group; undotted.
        rendering: FT1-20.
        ordering: FT1-21.
        department_code: FT1-13.
        place_of_service_code: FT1-16, else the location's.
        drug: FT1-29.
        form: P or I where the feed says which claim it goes to; else decided by its codes.
        faults: What was wrong with it.
        origin: Message and path.
    """

    charge_id: str
    is_numbered: bool = True
    is_credit: bool = False
    reference: str = ""
    service_from: str = ""
    service_through: str = ""
    billed_cents: int | None = None
    units_milli: int = 1000
    unit_code: str = "UN"
    cdm_code: str = ""
    procedure_code: str = ""
    modifiers: tuple[str, ...] = ()
    revenue_code: str = ""
    diagnosis_codes: tuple[str, ...] = ()
    rendering: Practitioner | None = None
    ordering: Practitioner | None = None
    department_code: str = ""
    place_of_service_code: str = ""
    drug: DrugLine | None = None
    form: str = ""
    faults: tuple[Reason, ...] = ()
    origin: str = ""

    @property
    def service(self) -> tuple[object, ...]:
        """What makes two unnumbered lines the same service."""
        return (
            self.service_from,
            self.procedure_code or self.cdm_code or self.revenue_code,
            self.modifiers,
            self.units_milli,
            self.billed_cents,
        )


class FacilityCodes(Struct, frozen=True, array_like=True):
    """What only a facility claim says. HL7 UB1, UB2, DRG.

    Attributes:
        drg_code: DRG-1. 837I HI*DR.
        occurrences: UB2-7. 837I HI*BH.
        spans: UB2-8. 837I HI*BI.
        values: UB2-6. 837I HI*BE.
        condition_codes: UB2-3. 837I HI*BG.
        origin: Message and path.
    """

    drg_code: str = ""
    occurrences: tuple[DatedCode, ...] = ()
    spans: tuple[DatedCode, ...] = ()
    values: tuple[ValueCode, ...] = ()
    condition_codes: tuple[str, ...] = ()
    origin: str = ""


class Injury(Struct, frozen=True, array_like=True):
    """An accident that caused the visit. HL7 ACC.

    Attributes:
        happened_on: ACC-1, date at the facility.
        cause_code: ACC-2, mapped to AA auto, EM employment, OA other.
        state_code: ACC-4.
        origin: Message and path.
    """

    happened_on: str = ""
    cause_code: str = "OA"
    state_code: str = ""
    origin: str = ""


class Document(Struct, frozen=True, array_like=True):
    """A note that supports the coding; its text stays in the message. HL7 TXA; DocumentReference.

    Attributes:
        document_number: TXA-12.
        kind: TXA-2.
        is_final: TXA-17 says authenticated or legally so.
        origin: Message and path; the sealed message holds the text.
    """

    document_number: str
    kind: str = ""
    is_final: bool = False
    origin: str = ""


class Overrule(Struct, frozen=True, array_like=True):
    """A finding of the edits that a person set aside, for these codes and no others.

    Attributes:
        rule_id: The edit.
        codes: What it was about; the same edit on other codes holds again.
        reason: In the person's words. PHI may be in them.
        by: Who.
        role: As what: coder or supervisor.
    """

    rule_id: str
    codes: tuple[str, ...] = ()
    reason: str = ""
    by: str = ""
    role: str = ""


class Account(Struct, frozen=True, array_like=True):
    """Everything known of one encounter.

    Attributes:
        format: Version of this shape.
        patient: PHI.
        guarantor: PHI.
        coverages: In order of payment; member numbers and subscribers are PHI.
        coverages_as_of: Time of the newest snapshot of them.
        stay: When, where, how.
        diagnoses: In the order sent.
        diagnoses_as_of: Time of the newest list of them.
        procedures: In the order sent.
        charges: Every charge and credit, in the order posted.
        injury: The accident, if one was reported.
        facility_codes: What only a facility claim says.
        documents: Notes that support the coding.
        message_numbers: MSH-10 of the messages taken, oldest first, to notice one used twice.
        coded_sha256: Of the content last released to billing, so that a change is noticed.
        overruled: Rule ids that a user decided to pass for this encounter.
        sender: Who sent the newest message; its profile says how the encounter is billed.
        overrules: Findings of the edits that were set aside, each with its reason and person.
    """

    format: int = FORMAT
    patient: Patient | None = None
    guarantor: Guarantor | None = None
    coverages: tuple[Coverage, ...] = ()
    coverages_as_of: str = ""
    stay: Stay = Stay()
    diagnoses: tuple[Diagnosis, ...] = ()
    diagnoses_as_of: str = ""
    procedures: tuple[Procedure, ...] = ()
    charges: tuple[Charge, ...] = ()
    injury: Injury | None = None
    facility_codes: FacilityCodes = FacilityCodes()
    documents: tuple[Document, ...] = ()
    message_numbers: tuple[str, ...] = ()
    coded_sha256: str = ""
    overruled: tuple[str, ...] = ()
    sender: str = ""
    overrules: tuple[Overrule, ...] = ()
