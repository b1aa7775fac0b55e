"""What other payers did, and the service lines of an 837. 2320, 2330, 2430 and 2400 with its loops.

A line of each guide is a type of its own, because SV1, SV2 and SV3 have little in common; what
they do share is in `ServiceLine`. Positions are given as loop and element.
"""

from datetime import date
from decimal import Decimal

from rcm.money import Cents
from rcm.x12.private import Private
from rcm.x12.x835_documents import Adjustment
from rcm.x12.x837_details import (
    Ambulance,
    Attachment,
    Condition,
    Contract,
    Drug,
    EquipmentCertification,
    Form,
    Measurement,
    Note,
    Procedure,
    Repricing,
    Tooth,
)
from rcm.x12.x837_parties import (
    Address,
    EntityType,
    Provider,
    Reference,
)


class OutpatientAdjudication(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What Medicare said of an outpatient claim. 2320 MOA."""

    reimbursement_rate: Decimal | None = None  # MOA01
    hcpcs_payable_cents: Cents | None = None  # MOA02
    remark_codes: tuple[str, ...] = ()  # MOA03..MOA07
    esrd_cents: Cents | None = None  # MOA08
    nonpayable_professional_cents: Cents | None = None  # MOA09


class InpatientAdjudication(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What Medicare said of an inpatient claim. 837I 2320 MIA."""

    covered_days: Decimal | None = None  # MIA01
    operating_outlier_cents: Cents | None = None  # MIA02
    lifetime_psychiatric_days: Decimal | None = None  # MIA03
    drg_cents: Cents | None = None  # MIA04
    remark_codes: tuple[str, ...] = ()  # MIA05, then MIA20..MIA23
    disproportionate_share_cents: Cents | None = None  # MIA06
    msp_pass_through_cents: Cents | None = None  # MIA07
    pps_capital_cents: Cents | None = None  # MIA08
    capital_federal_drg_cents: Cents | None = None  # MIA09
    capital_hospital_drg_cents: Cents | None = None  # MIA10
    capital_disproportionate_cents: Cents | None = None  # MIA11
    old_capital_cents: Cents | None = None  # MIA12
    capital_teaching_cents: Cents | None = None  # MIA13
    operating_hospital_drg_cents: Cents | None = None  # MIA14
    cost_report_days: Decimal | None = None  # MIA15
    operating_federal_drg_cents: Cents | None = None  # MIA16
    capital_outlier_cents: Cents | None = None  # MIA17
    indirect_teaching_cents: Cents | None = None  # MIA18
    nonpayable_professional_cents: Cents | None = None  # MIA19
    capital_exception_cents: Cents | None = None  # MIA24


class OtherSubscriber(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who holds the policy with the other payer. 2330A."""

    name: str  # NM103
    entity_type_code: EntityType = "1"  # NM102
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    suffix: str = ""  # NM107
    member_number: str = ""  # NM109
    member_number_qualifier_code: str = "MI"  # NM108
    address: Address | None = None  # N3, N4
    social_security_number: str = ""  # REF*SY


class OtherPayer(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Another payer of the same claim: before us with its adjudication, or after us. 2320, 2330.

    Adjustments stand either here (CAS at claim level) or in the lines' `LineAdjudication`, never
    the same amounts in both; so does the adjudication date.
    """

    responsibility_code: str  # 2320 SBR01: P, S, T, A..H, U; unlike every other payer of the claim
    relationship_code: str  # SBR02: 18 self, 01 spouse, 19 child, ...
    subscriber: OtherSubscriber  # 2330A
    name: str  # 2330B NM103
    number: str  # 2330B NM109; 2430 SVD01 repeats it
    number_qualifier_code: str = "PI"  # 2330B NM108: PI, XV
    group_number: str = ""  # SBR03
    group_name: str = ""  # SBR04
    insurance_type_code: str = ""  # SBR05
    claim_filing_indicator_code: str = ""  # SBR09
    adjustments: tuple[Adjustment, ...] = ()  # CAS
    paid_cents: Cents | None = None  # AMT*D
    non_covered_cents: Cents | None = None  # AMT*A8
    remaining_patient_liability_cents: Cents | None = None  # AMT*EAF
    benefits_assignment_code: str = "Y"  # OI03: Y, N, W
    patient_signature_source_code: str = ""  # OI04: P (837P)
    release_code: str = "Y"  # OI06: I, Y
    inpatient: InpatientAdjudication | None = None  # MIA (837I)
    outpatient: OutpatientAdjudication | None = None  # MOA
    address: Address | None = None  # 2330B N3, N4
    adjudicated_on: date | None = None  # 2330B DTP*573
    secondary_identifiers: tuple[Reference, ...] = ()  # 2330B REF*2U, EI, FY, NF
    prior_authorization_number: str = ""  # 2330B REF*G1
    referral_number: str = ""  # 2330B REF*9F
    claim_adjustment_indicator: str = ""  # 2330B REF*T4
    predetermination_number: str = ""  # 2330B REF*G3 (837D)
    payer_claim_control_number: str = ""  # 2330B REF*F8
    providers: tuple[Provider, ...] = ()  # 2330C.., role and secondary identifiers


class LineAdjudication(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one other payer did with a line: billed = paid + adjustments. 2430."""

    payer_number: str  # SVD01 = 2330B NM109
    paid_cents: Cents  # SVD02, never negative
    procedure: Procedure | None = None  # SVD03, as adjudicated
    revenue_code: str = ""  # SVD04 (837I)
    quantity: Decimal | None = None  # SVD05, units paid
    bundled_line_number: str = ""  # SVD06: LX01 of the line it was bundled into
    adjustments: tuple[Adjustment, ...] = ()  # CAS
    adjudicated_on: date | None = None  # DTP*573
    remaining_patient_liability_cents: Cents | None = None  # AMT*EAF


class ServiceLine(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the lines of the three guides share. 2400; LX01 is its place among the claim's lines."""

    billed_cents: Cents  # SV102, SV203, SV302
    procedure: Procedure | None = None  # SV101, SV202, SV301; None only on an 837I
    quantity: Decimal | None = None  # SV104, SV205, SV306
    service_from: date | None = None  # DTP*472
    service_through: date | None = None  # DTP*472 in its RD8 form; None means D8
    line_item_control_number: str = ""  # REF*6R, unique inside the claim, echoed by the 835
    prior_authorizations: tuple[Reference, ...] = ()  # REF*G1 (837P, 837D)
    referrals: tuple[Reference, ...] = ()  # REF*9F (837P, 837D)
    repriced_line_number: str = ""  # REF*9B (837P, 837I), REF*9A (837D)
    adjusted_repriced_line_number: str = ""  # REF*9D (837P, 837I), REF*9C (837D)
    fixed_format: tuple[str, ...] = ()  # K301
    repricing: Repricing | None = None  # HCP
    providers: tuple[Provider, ...] = ()  # 2420
    adjudications: tuple[LineAdjudication, ...] = ()  # 2430


class EquipmentRental(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Durable medical equipment rented or bought. 837P 2400 SV5."""

    procedure: Procedure  # SV501, the same code as SV101
    days: Decimal  # SV503 under SV502 = DA
    rental_cents: Cents  # SV504
    purchase_cents: Cents  # SV505
    frequency_code: str  # SV506: 1 weekly, 4 monthly, 6 daily


class ProfessionalLine(ServiceLine, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A service line of an 837P. 2400 with SV1."""

    unit_code: str = "UN"  # SV103: UN units, MJ minutes (anaesthesia)
    place_of_service_code: str = ""  # SV105, where it differs from CLM05-1
    diagnosis_pointers: tuple[int, ...] = ()  # SV107: 1 to 4 places in the claim's diagnoses
    is_emergency: bool = False  # SV109 = Y
    is_epsdt: bool = False  # SV111 = Y
    is_family_planning: bool = False  # SV112 = Y
    is_copay_exempt: bool = False  # SV115 = 0
    rental: EquipmentRental | None = None  # SV5
    attachments: tuple[Attachment, ...] = ()  # PWK; the CMN indicator is CT with AD
    ambulance: Ambulance | None = None  # CR1
    equipment: EquipmentCertification | None = None  # CR3
    conditions: tuple[Condition, ...] = ()  # CRC*07, 70, 09
    prescribed_on: date | None = None  # DTP*471
    certification_revised_on: date | None = None  # DTP*607
    therapy_begun_on: date | None = None  # DTP*463
    last_certified_on: date | None = None  # DTP*461
    last_seen_on: date | None = None  # DTP*304
    haemoglobin_test_on: date | None = None  # DTP*738
    creatinine_test_on: date | None = None  # DTP*739
    shipped_on: date | None = None  # DTP*011
    last_x_ray_on: date | None = None  # DTP*455
    initial_treatment_on: date | None = None  # DTP*454
    ambulance_patient_count: Decimal | None = None  # QTY*PT
    obstetric_units: Decimal | None = None  # QTY*FL, additional anaesthesia units
    measurements: tuple[Measurement, ...] = ()  # MEA
    contract: Contract | None = None  # CN1
    mammography_certification_number: str = ""  # REF*EW
    clia_number: str = ""  # REF*X4
    referring_clia_number: str = ""  # REF*F4
    immunization_batch_number: str = ""  # REF*BT
    sales_tax_cents: Cents | None = None  # AMT*T
    postage_cents: Cents | None = None  # AMT*F4
    notes: tuple[Note, ...] = ()  # NTE*ADD, DCP, TPO
    purchased_from_number: str = ""  # PS101
    purchased_cents: Cents | None = None  # PS102
    drug: Drug | None = None  # 2410
    forms: tuple[Form, ...] = ()  # 2440


class InstitutionalLine(ServiceLine, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A service line of an 837I. 2400 with SV2."""

    revenue_code: str  # SV201, NUBC, four digits
    unit_code: str = "UN"  # SV204: UN units, DA days
    non_covered_cents: Cents | None = None  # SV207
    attachments: tuple[Attachment, ...] = ()  # PWK
    service_tax_cents: Cents | None = None  # AMT*GT
    facility_tax_cents: Cents | None = None  # AMT*N8
    notes: tuple[Note, ...] = ()  # NTE*TPO
    drug: Drug | None = None  # 2410


class DentalLine(ServiceLine, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A service line of an 837D. 2400 with SV3."""

    place_of_service_code: str = ""  # SV303
    oral_cavity_codes: tuple[str, ...] = ()  # SV304: 00 whole, 01, 02, 10, 20, 30, 40
    prosthesis_code: str = ""  # SV305: I initial, R replacement
    diagnosis_pointers: tuple[int, ...] = ()  # SV311
    teeth: tuple[Tooth, ...] = ()  # TOO
    prior_placement_on: date | None = None  # DTP*441
    appliance_placement_on: date | None = None  # DTP*452
    replacement_on: date | None = None  # DTP*446
    treatment_started_on: date | None = None  # DTP*196
    treatment_completed_on: date | None = None  # DTP*198
    contract: Contract | None = None  # CN1
    predetermination_numbers: tuple[Reference, ...] = ()  # REF*G3
    sales_tax_cents: Cents | None = None  # AMT*T
