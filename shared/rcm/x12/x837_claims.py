"""A claim as the three 837 guides state it: flat, whole, and independent of the file around it.

A claim carries its billing provider, subscriber, payer and patient by value, although a file states
them once for many claims (HL hierarchy). So one claim can be moved, stored, checked and sent by
itself; the reader shares the values and the writer groups by them.

    Submission                      ST, BHT, 1000A submitter, 1000B receiver
      └ Claim                       2300
          ├ billing_provider        2000A, 2010AA, 2010AB, 2010AC
          ├ subscriber, payer       2000B, 2010BA, 2010BB
          ├ patient or None         2000C, 2010CA
          ├ providers               2310
          ├ other_payers            2320, 2330
          └ lines                   2400, 2410, 2420, 2430, 2440
"""

from datetime import date
from typing import Literal

from rcm.money import Cents
from rcm.x12.private import Private
from rcm.x12.x837_details import (
    Ambulance,
    Attachment,
    Condition,
    Contract,
    Diagnosis,
    InpatientProcedure,
    Note,
    Occurrence,
    OccurrenceSpan,
    Orthodontics,
    Repricing,
    SpinalManipulation,
    ToothStatus,
    ValueCode,
)
from rcm.x12.x837_lines import (
    DentalLine,
    InstitutionalLine,
    OtherPayer,
    ProfessionalLine,
)
from rcm.x12.x837_parties import (
    BillingProvider,
    Patient,
    Payer,
    Provider,
    Receiver,
    Submitter,
    Subscriber,
)


class Submission(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The head of one transaction set: ST, BHT, 1000A, 1000B."""

    submitter: Submitter
    receiver: Receiver
    originator_reference_number: str  # BHT03, returned in a 277CA 2200B TRN02
    created_on: date  # BHT04
    created_time: str  # BHT05: HHMM, HHMMSS or with hundredths
    purpose_code: Literal["00", "18"] = "00"  # BHT02: 00 original, 18 reissue
    transaction_type_code: Literal["CH", "RP", "31"] = "CH"  # BHT06: chargeable, reporting


class Claim(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the claims of the three guides share. 2300."""

    billing_provider: BillingProvider
    subscriber: Subscriber
    payer: Payer
    claim_id: str  # CLM01, our patient control number
    billed_cents: Cents  # CLM02, the sum of the lines
    patient: Patient | None = None  # 2000C; None when the subscriber is the patient
    frequency_code: str = "1"  # CLM05-3: 1 original, 7 replacement, 8 void; more on an 837I
    assignment_code: str = "A"  # CLM07: A assigned, B for laboratory only, C not assigned
    benefits_assignment_code: str = "Y"  # CLM08: Y, N, W
    release_code: str = "Y"  # CLM09: Y signed release, I informed consent
    predetermination_code: str = ""  # CLM19: PB dental, 08 in the guides X291 and X292
    delay_reason_code: str = ""  # CLM20
    repricer_received_on: date | None = None  # DTP*050
    attachments: tuple[Attachment, ...] = ()  # PWK
    contract: Contract | None = None  # CN1
    prior_authorization_number: str = ""  # REF*G1
    referral_number: str = ""  # REF*9F
    payer_claim_control_number: str = ""  # REF*F8: the payer's number for the claim replaced
    service_authorization_exception_code: str = ""  # REF*4N
    repriced_claim_number: str = ""  # REF*9A
    adjusted_repriced_claim_number: str = ""  # REF*9C
    clearinghouse_trace_number: str = ""  # REF*D9
    fixed_format: tuple[str, ...] = ()  # K301
    notes: tuple[Note, ...] = ()  # NTE
    repricing: Repricing | None = None  # HCP
    providers: tuple[Provider, ...] = ()  # 2310
    other_payers: tuple[OtherPayer, ...] = ()  # 2320

    def provider(self, role_code: str) -> Provider | None:
        """Find the first 2310 provider of a role, such as 82 rendering, or None."""
        return next((one for one in self.providers if one.role_code == role_code), None)


class ProfessionalClaim(Claim, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A claim of an 837P (005010X222A1). 2300."""

    place_of_service_code: str  # CLM05-1 with CLM05-2 = B
    lines: tuple[ProfessionalLine, ...]  # 2400, at most 50
    diagnoses: tuple[Diagnosis, ...]  # HI*ABK then ABF, at most 12; the first is principal
    has_provider_signature: bool = True  # CLM06: Y or N
    patient_signature_source_code: str = ""  # CLM10: P signed by the provider for the patient
    related_cause_codes: tuple[str, ...] = ()  # CLM11-1..2: AA auto, EM employment, OA other
    accident_state_code: str = ""  # CLM11-4, required with AA
    accident_country_code: str = ""  # CLM11-5
    special_program_code: str = ""  # CLM12
    onset_on: date | None = None  # DTP*431
    initial_treatment_on: date | None = None  # DTP*454
    last_seen_on: date | None = None  # DTP*304
    acute_manifestation_on: date | None = None  # DTP*453
    accident_on: date | None = None  # DTP*439
    last_menstrual_period_on: date | None = None  # DTP*484
    last_x_ray_on: date | None = None  # DTP*455
    prescribed_on: date | None = None  # DTP*471
    disability_from: date | None = None  # DTP*360, or the first date of DTP*314
    disability_through: date | None = None  # DTP*361, or the second date of DTP*314
    last_worked_on: date | None = None  # DTP*297
    return_to_work_on: date | None = None  # DTP*296
    admitted_on: date | None = None  # DTP*435
    discharged_on: date | None = None  # DTP*096
    care_assumed_on: date | None = None  # DTP*090
    care_relinquished_on: date | None = None  # DTP*091
    first_contact_on: date | None = None  # DTP*444 (property and casualty)
    patient_paid_cents: Cents | None = None  # AMT*F5
    medicare_crossover_code: str = ""  # REF*F5
    mammography_certification_number: str = ""  # REF*EW
    clia_number: str = ""  # REF*X4
    investigational_device_number: str = ""  # REF*LX
    medical_record_number: str = ""  # REF*EA
    demonstration_project_number: str = ""  # REF*P4
    care_plan_oversight_number: str = ""  # REF*1J
    ambulance: Ambulance | None = None  # CR1
    spinal_manipulation: SpinalManipulation | None = None  # CR2
    conditions: tuple[Condition, ...] = ()  # CRC*07, E1, E2, E3, 75, ZZ
    anaesthesia_procedure_codes: tuple[str, ...] = ()  # HI*BP then BO, at most two
    condition_codes: tuple[str, ...] = ()  # HI*BG


class InstitutionalClaim(Claim, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A claim of an 837I (005010X223A2). 2300."""

    bill_type_code: str  # CLM05-1 with CLM05-2 = A: the type of bill without its frequency digit
    admission_type_code: str  # CL101, NUBC
    patient_status_code: str  # CL103, NUBC, two digits
    lines: tuple[InstitutionalLine, ...]  # 2400, at most 999
    principal_diagnosis: Diagnosis  # HI*ABK
    statement_from: date | None = None  # DTP*434, RD8; None only in a predetermination
    statement_through: date | None = None  # DTP*434, RD8
    point_of_origin_code: str = ""  # CL102, NUBC
    admitted_on: date | None = None  # DTP*435
    admission_time: str = ""  # DTP*435 in its DT form: HHMM; empty means D8
    discharge_time: str = ""  # DTP*096: HHMM, only on a final bill
    patient_estimated_due_cents: Cents | None = None  # AMT*F3
    investigational_device_numbers: tuple[str, ...] = ()  # REF*LX, at most five
    auto_accident_state_code: str = ""  # REF*LU
    medical_record_number: str = ""  # REF*EA
    demonstration_project_number: str = ""  # REF*P4
    peer_review_number: str = ""  # REF*G4
    conditions: tuple[Condition, ...] = ()  # CRC*ZZ
    admitting_diagnosis: Diagnosis | None = None  # HI*ABJ (inpatient)
    reasons_for_visit: tuple[Diagnosis, ...] = ()  # HI*APR (outpatient), at most three
    external_causes: tuple[Diagnosis, ...] = ()  # HI*ABN, at most twelve
    drg_code: str = ""  # HI*DR
    other_diagnoses: tuple[Diagnosis, ...] = ()  # HI*ABF, at most 24
    principal_procedure: InpatientProcedure | None = None  # HI*BBR
    other_procedures: tuple[InpatientProcedure, ...] = ()  # HI*BBQ, at most 24
    occurrence_spans: tuple[OccurrenceSpan, ...] = ()  # HI*BI, at most 24
    occurrences: tuple[Occurrence, ...] = ()  # HI*BH, at most 24
    value_codes: tuple[ValueCode, ...] = ()  # HI*BE, at most 24
    condition_codes: tuple[str, ...] = ()  # HI*BG, at most 24
    treatment_codes: tuple[str, ...] = ()  # HI*TC (home health), at most 24


class DentalClaim(Claim, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A claim or predetermination of an 837D (005010X224A2). 2300."""

    place_of_service_code: str  # CLM05-1 with CLM05-2 = B
    lines: tuple[DentalLine, ...]  # 2400, at most 50
    has_provider_signature: bool = True  # CLM06: Y or N
    related_cause_codes: tuple[str, ...] = ()  # CLM11-1..2
    accident_state_code: str = ""  # CLM11-4
    accident_country_code: str = ""  # CLM11-5
    special_program_code: str = ""  # CLM12
    accident_on: date | None = None  # DTP*439
    appliance_placement_on: date | None = None  # DTP*452
    service_from: date | None = None  # DTP*472
    service_through: date | None = None  # DTP*472 in its RD8 form; None means D8
    orthodontics: Orthodontics | None = None  # DN1
    tooth_statuses: tuple[ToothStatus, ...] = ()  # DN2, at most 35
    patient_paid_cents: Cents | None = None  # AMT*F5
    predetermination_number: str = ""  # REF*G3
    diagnoses: tuple[Diagnosis, ...] = ()  # HI*ABK then ABF, at most four
