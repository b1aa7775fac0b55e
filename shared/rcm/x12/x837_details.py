"""The small values that an 837 claim and its service lines are made of.

Codes, dates and amounts that come in groups: diagnoses, procedures, occurrences, adjustments,
attachments, ambulance and so on. Positions are given as loop and element.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

from rcm.money import Cents
from rcm.x12.private import Private


class Diagnosis(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One diagnosis. A component group of 2300 HI."""

    code: str  # HI..-2, without its dot
    poa_code: str = ""  # HI..-9, present on admission: Y, N, U, W; empty when exempt (837I)
    icd_version: Literal[9, 10] = 10  # 9 only in old files: qualifiers BK, BF, BJ, PR, BN


class InpatientProcedure(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One ICD-10-PCS procedure of an inpatient stay. 837I 2300 HI*BBR, BBQ."""

    code: str  # HI..-2
    performed_on: date | None = None  # HI..-4 under HI..-3 = D8
    icd_version: Literal[9, 10] = 10  # 9 only in old files: qualifiers BR, BQ


class Occurrence(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An event that bears on payment. 837I 2300 HI*BH."""

    code: str  # HI..-2, NUBC
    occurred_on: date  # HI..-4


class OccurrenceSpan(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A period that bears on payment. 837I 2300 HI*BI."""

    code: str  # HI..-2, NUBC
    occurred_from: date  # HI..-4, first half
    occurred_through: date  # HI..-4, second half


class ValueCode(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An amount that bears on payment. 837I 2300 HI*BE."""

    code: str  # HI..-2, NUBC
    amount_cents: Cents  # HI..-5; where the code counts days or measures, hundredths of one


class Attachment(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Paper or file that supports the claim; a 275 cites its control number. PWK."""

    report_type_code: str  # PWK01
    transmission_code: str  # PWK02: AA at the site, BM mail, EL electronic, EM, FT, FX; AD (CMN)
    control_number: str = ""  # PWK06 under PWK05 = AC


class Note(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Free text. NTE."""

    code: str  # NTE01: ADD, CER, DCP, DGN, TPO (837P); ADD, ALG, DCP, DGN, DME, MED, ... (837I)
    text: str  # NTE02


class Condition(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A certification. CRC."""

    category_code: str  # CRC01: 07 ambulance, 70 hospice, 75 homebound, E1-E3, ZZ EPSDT, 09 DME
    applies: bool  # CRC02: Y or N
    codes: tuple[str, ...]  # CRC03..CRC07


class Ambulance(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An ambulance journey. 837P 2300 or 2400 CR1."""

    reason_code: str  # CR104
    distance_miles: Decimal  # CR106 under CR105 = DH
    weight_pounds: Decimal | None = None  # CR102 under CR101 = LB
    round_trip_purpose: str = ""  # CR109
    stretcher_purpose: str = ""  # CR110


class SpinalManipulation(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Chiropractic treatment. 837P 2300 CR2."""

    condition_code: str  # CR208
    description: str = ""  # CR210
    more_description: str = ""  # CR211


class EquipmentCertification(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How long equipment is needed. 837P 2400 CR3."""

    certification_type_code: str  # CR301: I initial, R renewal, S revised
    duration_months: Decimal  # CR303 under CR302 = MO


class Contract(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Terms that the claim is billed under. CN1."""

    type_code: str  # CN101
    amount_cents: Cents | None = None  # CN102
    percentage: Decimal | None = None  # CN103
    code: str = ""  # CN104
    discount_percentage: Decimal | None = None  # CN105
    version: str = ""  # CN106


class Repricing(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a repricer made of the claim or line before the payer saw it. HCP."""

    methodology_code: str  # HCP01
    allowed_cents: Cents | None = None  # HCP02
    saving_cents: Cents | None = None  # HCP03
    organization_number: str = ""  # HCP04
    rate: Decimal | None = None  # HCP05, per day or flat
    group_code: str = ""  # HCP06, DRG or ambulatory patient group
    group_cents: Cents | None = None  # HCP07
    revenue_code: str = ""  # HCP08
    procedure_qualifier_code: str = ""  # HCP09
    procedure_code: str = ""  # HCP10
    unit_code: str = ""  # HCP11
    quantity: Decimal | None = None  # HCP12
    rejection_reason_code: str = ""  # HCP13
    compliance_code: str = ""  # HCP14
    exception_code: str = ""  # HCP15


class Procedure(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was done. SV101, SV202, SV301, SVD03 (composite medical procedure identifier)."""

    code: str  # -2
    modifiers: tuple[str, ...] = ()  # -3..-6
    description: str = ""  # -7, where the code says nothing (unlisted procedures)
    qualifier_code: str = "HC"  # -1: HC HCPCS, HP HIPPS, AD dental, ER, IV, WK


class Drug(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The drug behind a line. 2410 LIN, CTP, REF."""

    ndc: str  # LIN03 under LIN02 = N4: eleven digits, 5-4-2, no hyphens
    quantity: Decimal  # CTP04
    unit_code: str  # CTP05-1: F2 international unit, GR gram, ME milligram, ML millilitre, UN unit
    prescription_number: str = ""  # REF*XZ
    link_sequence_number: str = ""  # REF*VY


class Measurement(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A test result. 837P 2400 MEA."""

    reference_code: str  # MEA01: OG original, TR test results
    qualifier_code: str  # MEA02: HT height, R1 haemoglobin, R2 haematocrit, R3 EPO, R4 creatinine
    value: Decimal  # MEA03


class FormAnswer(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An answer on a form. 837P 2440 FRM."""

    question_number: str  # FRM01
    yes_no_code: str = ""  # FRM02: N, W, Y
    text: str = ""  # FRM03
    answered_on: date | None = None  # FRM04
    percentage: Decimal | None = None  # FRM05


class Form(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A supporting form. 837P 2440 LQ, FRM."""

    list_code: str  # LQ01: AS, UT
    form_number: str  # LQ02
    answers: tuple[FormAnswer, ...]  # FRM, 1 to 99


class Tooth(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A tooth and its surfaces. 837D 2400 TOO."""

    code: str  # TOO02 under TOO01 = JP
    surface_codes: tuple[str, ...] = ()  # TOO03: M, O, I, D, B, F, L


class ToothStatus(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A tooth that is missing or will be extracted. 837D 2300 DN2."""

    tooth_code: str  # DN201, with DN206 = JP
    status_code: str  # DN202: E to be extracted, M missing


class Orthodontics(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An orthodontic treatment plan. 837D 2300 DN1."""

    total_months: Decimal | None = None  # DN101
    remaining_months: Decimal | None = None  # DN102
    is_for_services: bool = False  # DN104 = Y: the claim is for treatment services
