"""What a claim says beyond what every claim says: attachments, notes, ambulance, certifications ...

None of it comes with every encounter; most claims have nothing of it. Field comments give loop,
segment and element of the 837P (005010X222A1) and 837I (005010X223A2). It travels sealed with the
claim's content: a note or a pick-up address is PHI.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rcm.events.clinical import Address, Day, Npi, Provider
from rcm.money import Cents

Code = Annotated[str, Meta(pattern=r"^[A-Z0-9]{1,3}$")]
Text = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^[\x20-\x7e]+$")]
Number = Annotated[str, Meta(min_length=1, max_length=50, pattern=r"^[\x20-\x7e]+$")]
Milli = Annotated[int, Meta(ge=1, le=999_999_999)]
"""Thousandths of a unit."""


class Part(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A part of a supplement: a name that is none of its fields is refused."""


class Attachment(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Paper or file that supports the claim; a 275 cites its number. PWK."""

    report_type_code: Annotated[str, Meta(pattern=r"^[A-Z0-9]{2}$")]  # PWK01
    transmission_code: Literal["AA", "AD", "BM", "EL", "EM", "FT", "FX"]  # PWK02
    control_number: Annotated[str, Meta(max_length=50)] = ""  # PWK06


class Note(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Free text. NTE."""

    code: Code  # NTE01: ADD, CER, DCP, DGN, TPO (837P); ADD, ALG, DCP, DGN, DME, MED ... (837I)
    text: Text  # NTE02


class Condition(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A certification. CRC."""

    category_code: Literal["07", "09", "70", "75", "E1", "E2", "E3", "ZZ"]  # CRC01; ZZ EPSDT
    applies: bool  # CRC02
    codes: Annotated[list[Code], Meta(min_length=1, max_length=5)]  # CRC03..CRC07


class Ambulance(Part, frozen=True, kw_only=True, omit_defaults=True):
    """An ambulance journey. CR1."""

    reason_code: Literal["A", "B", "C", "D", "E"]  # CR104
    distance_miles_milli: Annotated[int, Meta(ge=0, le=999_999_999)]  # CR106 under CR105 = DH
    weight_pounds: int | None = None  # CR102 under CR101 = LB
    round_trip_purpose: Annotated[str, Meta(max_length=80)] = ""  # CR109
    stretcher_purpose: Annotated[str, Meta(max_length=80)] = ""  # CR110


class DropOff(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Where an ambulance brought the patient. 2310F NM1*45."""

    address: Address  # N3, N4
    name: Annotated[str, Meta(max_length=60)] = ""  # NM103


class SpinalManipulation(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Chiropractic treatment. CR2."""

    condition_code: Literal["A", "C", "D", "E", "F", "G", "M"]  # CR208
    description: Annotated[str, Meta(max_length=80)] = ""  # CR210


class Contract(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Terms that the claim is billed under. CN1."""

    type_code: Literal["01", "02", "03", "04", "05", "06", "09"]  # CN101
    amount_cents: Cents | None = None  # CN102
    percentage_milli: int | None = None  # CN103
    code: Annotated[str, Meta(max_length=50)] = ""  # CN104
    version: Annotated[str, Meta(max_length=30)] = ""  # CN106


class Dates(Part, frozen=True, kw_only=True, omit_defaults=True):
    """Days that bear on an 837P claim. 2300 DTP."""

    initial_treatment_on: Day | None = None  # DTP*454
    last_seen_on: Day | None = None  # DTP*304
    acute_manifestation_on: Day | None = None  # DTP*453
    last_menstrual_period_on: Day | None = None  # DTP*484
    last_x_ray_on: Day | None = None  # DTP*455
    prescribed_on: Day | None = None  # DTP*471
    disability_from: Day | None = None  # DTP*360, or the first day of DTP*314
    disability_through: Day | None = None  # DTP*361, or the second day of DTP*314
    last_worked_on: Day | None = None  # DTP*297
    return_to_work_on: Day | None = None  # DTP*296
    discharged_on: Day | None = None  # DTP*096
    care_assumed_on: Day | None = None  # DTP*090
    care_relinquished_on: Day | None = None  # DTP*091


class Measurement(Part, frozen=True, kw_only=True, omit_defaults=True):
    """A test result. 2400 MEA."""

    reference_code: Literal["OG", "TR"]  # MEA01
    qualifier_code: Literal["HT", "R1", "R2", "R3", "R4"]  # MEA02
    value_milli: Milli  # MEA03


class LineSupplement(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What one line says beyond what every line says. 2400, 2410, 2420."""

    attachments: list[Attachment] = []  # PWK
    notes: list[Note] = []  # NTE
    ambulance: Ambulance | None = None  # CR1
    conditions: list[Condition] = []  # CRC
    contract: Contract | None = None  # CN1
    prior_authorization_number: Number | None = None  # REF*G1
    referral_number: Number | None = None  # REF*9F
    clia_number: Number | None = None  # REF*X4
    referring_clia_number: Number | None = None  # REF*F4
    mammography_certification_number: Number | None = None  # REF*EW
    immunization_batch_number: Number | None = None  # REF*BT
    prescription_number: Number | None = None  # 2410 REF*XZ; only with a drug
    is_emergency: bool = False  # SV109
    is_epsdt: bool = False  # SV111
    is_family_planning: bool = False  # SV112
    is_copay_exempt: bool = False  # SV115
    obstetric_units_milli: Milli | None = None  # QTY*FL: additional units of obstetric anaesthesia
    ambulance_patient_count: int | None = None  # QTY*PT
    measurements: list[Measurement] = []  # MEA
    prescribed_on: Day | None = None  # DTP*471
    last_seen_on: Day | None = None  # DTP*304
    initial_treatment_on: Day | None = None  # DTP*454
    last_x_ray_on: Day | None = None  # DTP*455
    shipped_on: Day | None = None  # DTP*011
    haemoglobin_test_on: Day | None = None  # DTP*738
    creatinine_test_on: Day | None = None  # DTP*739
    purchased_from_npi: Npi | None = None  # PS101, and 2420B NM1*QB
    purchased_from_is_organization: bool = True  # 2420B NM102
    purchased_cents: Cents | None = None  # PS102
    supervising: Provider | None = None  # 2420D DQ
    referring: Provider | None = None  # 2420F DN
    operating: Provider | None = None  # 837I 2420A 72
    other_operating: Provider | None = None  # 837I 2420B ZZ
    non_covered_cents: Cents | None = None  # 837I SV207
    sales_tax_cents: Cents | None = None  # AMT*T; 837I AMT*GT
    postage_cents: Cents | None = None  # AMT*F4


class ClaimSupplement(Part, frozen=True, kw_only=True, omit_defaults=True):
    """What one claim says beyond what every claim says. 2300, 2310, 2010."""

    attachments: Annotated[list[Attachment], Meta(max_length=10)] = []  # PWK
    notes: Annotated[list[Note], Meta(max_length=10)] = []  # NTE
    contract: Contract | None = None  # CN1
    ambulance: Ambulance | None = None  # CR1
    pick_up: Address | None = None  # 2310E NM1*PW
    drop_off: DropOff | None = None  # 2310F NM1*45
    conditions: list[Condition] = []  # CRC
    spinal_manipulation: SpinalManipulation | None = None  # CR2
    dates: Dates = Dates()
    condition_codes: Annotated[list[Code], Meta(max_length=24)] = []  # 837P HI*BG
    anaesthesia_procedure_codes: Annotated[list[str], Meta(max_length=2)] = []  # HI*BP, HI*BO
    special_program_code: Literal["", "02", "03", "05", "09"] = ""  # CLM12
    clia_number: Number | None = None  # REF*X4
    mammography_certification_number: Number | None = None  # REF*EW
    service_authorization_exception_code: Literal["", "1", "2", "3", "4", "5", "6", "7"] = ""
    # REF*4N
    investigational_device_number: Number | None = None  # REF*LX
    demonstration_project_number: Number | None = None  # REF*P4
    care_plan_oversight_number: Number | None = None  # REF*1J
    auto_accident_state_code: Annotated[str, Meta(pattern=r"^([A-Z]{2})?$")] = ""  # 837I REF*LU
    treatment_codes: Annotated[list[str], Meta(max_length=24)] = []  # 837I HI*TC
    patient_paid_cents: Cents | None = None  # AMT*F5; 837I AMT*F3
    supervising: Provider | None = None  # 2310D DQ
    other_operating: Provider | None = None  # 837I 2310C ZZ
    property_casualty_claim_number: Number | None = None  # 2010BA or 2010CA REF*Y4
    died_on: Day | None = None  # PAT06 (837P)
    weight_pounds: int | None = None  # PAT08 (837P)
    is_pregnant: bool = False  # PAT09 (837P)
    lines: dict[str, LineSupplement] = {}  # by line item control number (REF*6R)


NOTHING = ClaimSupplement()
NOTHING_OF_LINE = LineSupplement()
