"""Value types that several contracts share: who, what was found, what was done, what it costs.

Field comments give the X12 005010 loop, segment and element that a value ends up in. Types whose
name ends in `Phi`
identify a person and travel only inside a sealed `Phi` field.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from rcm.money import Cents

Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""A calendar date at the facility, `YYYY-MM-DD`; a date of service never passes through UTC."""

Npi = Annotated[str, Meta(pattern=r"^\d{10}$")]


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A US postal address. N301, N302, N401, N402, N403."""

    line1: str
    line2: str = ""
    city: str = ""
    state_code: str = ""
    postal_code: str = ""  # five or nine digits, no dash


class PersonPhi(msgspec.Struct, frozen=True, kw_only=True):
    """A patient or a subscriber. 2010BA / 2010CA NM1, N3, N4, DMG."""

    last_name: str  # NM103
    first_name: str = ""  # NM104
    middle_name: str = ""  # NM105
    name_suffix: str = ""  # NM107
    born_on: Day | None = None  # DMG02
    sex_code: Literal["M", "F", "U"] = "U"  # DMG03
    address: Address | None = None
    phone_number: str = ""


class PatientPhi(msgspec.Struct, frozen=True, kw_only=True):
    """Who was treated, and the numbers that the hospital knows them by."""

    person: PersonPhi
    medical_record_number: str  # 2300 REF*EA
    visit_number: str = ""  # HL7 PV1-19
    account_number: str = ""  # HL7 PID-18


class SubscriberPhi(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds one coverage, in the order of the event's coverages."""

    person: PersonPhi
    member_number: str  # 2010BA NM109 (MI)
    group_number: str = ""  # 2000B SBR03
    group_name: str = ""  # 2000B SBR04


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """One coverage, without the person: that is in the sealed part."""

    payer_id: str  # 2010BB NM109 (PI)
    payer_name: str  # 2010BB NM103
    sequence_code: Literal["P", "S", "T"]  # SBR01
    relationship_code: str  # 18 self: SBR02; else 2000C PAT01
    claim_filing_indicator_code: str = "CI"  # SBR09
    prior_authorization_number: str = ""  # 2300 REF*G1
    referral_number: str = ""  # 2300 REF*9F
    insurance_type_code: str = ""  # SBR05, Medicare secondary only


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A person or organisation that gives care; not PHI."""

    npi: Npi  # NM109 (XX)
    last_name: str  # NM103; the whole name of an organisation
    first_name: str = ""
    is_organization: bool = False
    taxonomy_code: str = ""  # PRV03


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """One ICD-10-CM code, undotted and upper case, in the order of the claim's HI segments."""

    code: str
    role: Literal["principal", "other", "admitting", "reason", "external"]
    # HI qualifiers ABK, ABF, ABJ, APR, ABN; POA is HI0x-9: Y, N, U, W, 1 or empty.
    present_on_admission_code: str = ""


class Procedure(msgspec.Struct, frozen=True, kw_only=True):
    """One ICD-10-PCS code of an inpatient stay. 2300 HI*BBR, BBQ."""

    code: str
    performed_on: Day
    is_principal: bool = False


class DrugLine(msgspec.Struct, frozen=True, kw_only=True):
    """The drug on a line. 2410 LIN*N4, CTP."""

    ndc: str  # eleven digits, 5-4-2, no dashes
    quantity_milli: int  # thousandths of the unit
    unit_code: Literal["F2", "GR", "ME", "ML", "UN"]  # CTP05-1


class ChargeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One billable line, credits already netted."""

    line_item_control_number: Annotated[str, Meta(min_length=1, max_length=30)]  # 2400 REF*6R
    form: Literal["P", "I"]  # 837P or 837I
    service_from: Day  # 2400 DTP*472
    service_through: Day
    billed_cents: Cents  # SV102 / SV203
    units_milli: int = 1000  # SV104 / SV205, thousandths of the unit
    unit_code: Literal["UN", "MJ", "DA"] = "UN"  # SV103 / SV204
    procedure_code: str = ""  # HCPCS or CPT: SV101-2 / SV202-2
    modifiers: list[str] = []  # SV101-3..6 / SV202-3..6
    revenue_code: str = ""  # SV201
    place_of_service_code: str = ""  # SV105
    diagnosis_pointers: list[int] = []  # SV107; 1-based, into the diagnoses
    description: str = ""  # SV101-7, for codes that ask for one; never free text about a patient
    rendering: Provider | None = None  # 2310B / 2420A
    ordering: Provider | None = None  # 2420E
    drug: DrugLine | None = None


class DatedCode(msgspec.Struct, frozen=True, kw_only=True):
    """An occurrence code and its date, or an occurrence span. 2300 HI*BH, HI*BI."""

    code: str
    from_on: Day
    through_on: Day | None = None


class ValueCode(msgspec.Struct, frozen=True, kw_only=True):
    """A value code and its amount. 2300 HI*BE."""

    code: str
    amount_cents: Cents


class Institutional(msgspec.Struct, frozen=True, kw_only=True):
    """What a facility claim (837I) says beyond its lines."""

    bill_type_code: Annotated[
        str, Meta(pattern=r"^\d{2}$")
    ]  # CLM05-1: first two digits after the 0
    statement_from: Day  # DTP*434
    statement_through: Day
    admission_type_code: str  # CL101
    point_of_origin_code: str  # CL102
    patient_status_code: str  # CL103
    admitted_at: str = ""  # DTP*435: YYYYMMDDHHMM, facility time
    discharged_time: str = ""  # DTP*096: HHMM
    drg_code: str = ""  # HI*DR
    occurrences: list[DatedCode] = []
    spans: list[DatedCode] = []
    values: list[ValueCode] = []
    condition_codes: list[str] = []  # HI*BG
    procedures: list[Procedure] = []


class DiagnosisSeverity(msgspec.Struct, frozen=True, kw_only=True):
    """What a diagnosis does for the DRG."""

    code: str
    severity: str  # MCC, CC or NONE, after exclusions by the principal diagnosis
    counts: bool = False  # it bears on the DRG
    hac: int | None = None  # number of the hospital-acquired condition that it is here


class DrgGrouping(msgspec.Struct, frozen=True, kw_only=True):
    """The MS-DRG of a stay, by the grouper of its discharge date. 2300 HI*DR."""

    drg_code: str  # three digits, after HAC; empty where no grouper speaks for the date
    version: str  # `v44.0`
    engine: str = ""  # program that grouped
    mdc: int | None = None  # major diagnostic category
    title: str = ""
    weight: str = ""  # relative weight of that year's Table 5; empty where `unpriced` says why
    gmlos: str = ""  # geometric mean length of stay, days
    unpriced: str = ""
    severities: list[DiagnosisSeverity] = []


class Accident(msgspec.Struct, frozen=True, kw_only=True):
    """Why the visit happened, where somebody else may be liable. CLM11, DTP*439."""

    cause_codes: list[Literal["AA", "EM", "OA"]]
    state_code: str = ""
    happened_on: Day | None = None


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why a payer paid less (positive) or more (negative). CAS: one of six triples."""

    group_code: Annotated[str, Meta(pattern=r"^(CO|PR|OA|PI|CR)$")]  # CAS01
    reason_code: Annotated[str, Meta(min_length=1, max_length=5)]  # CARC: CAS02, 05, 08 ...
    amount_cents: Cents
    quantity_milli: int | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why something waits or was refused, as a person reads it. Holds no PHI.

    Attributes:
        rule_id: Name of the rule, stable: `npi-missing`.
        path: Where: an X12 loop path, or message and field.
        text: What is wrong.
        remedy: What to do about it.
        severity: `error` stops, `warning` does not.
    """

    rule_id: str
    path: str
    text: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"
