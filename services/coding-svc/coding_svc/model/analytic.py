"""One released encounter as research and quality reports may read it, de-identified.

45 CFR 164.514(b)(2), Safe Harbor. Every text here is a pseudonym, a code of a published list or one
of a few words, held to its pattern when a record is made; there is no field that a name, a number
of the hospital, an address, a date or a note could stand in. A new field needs a new version.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

SCHEMA: Final = "claimstream.analytic-encounter"
VERSION: Final = 1

Pseudonym = Annotated[str, Meta(pattern=r"^[ep]_[a-z2-7]{26}$")]
"""Stands for an encounter (`e_`) or a patient (`p_`) within one export; a keyed hash."""
DiagnosisCode = Annotated[str, Meta(pattern=r"^[A-Z][0-9A][0-9A-Z]{1,5}$")]
ProcedureCode = Annotated[str, Meta(pattern=r"^([0-9A-HJ-NP-Z]{7})?$")]
ServiceCode = Annotated[str, Meta(pattern=r"^([0-9A-Z][0-9]{3}[0-9A-Z])?$")]
Modifier = Annotated[str, Meta(pattern=r"^[0-9A-Z]{2}$")]
RevenueCode = Annotated[str, Meta(pattern=r"^([0-9]{4})?$")]
ShortCode = Annotated[str, Meta(pattern=r"^[0-9A-Z]{0,2}$")]
DrgCode = Annotated[str, Meta(pattern=r"^([0-9]{3})?$")]
Ndc = Annotated[str, Meta(pattern=r"^([0-9]{11})?$")]
RuleId = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
Release = Annotated[str, Meta(pattern=r"^(icd10cm-[a-z0-9-]{1,30}|not loaded|)$")]
Number = Annotated[str, Meta(pattern=r"^([0-9]{1,3}\.[0-9]{1,5})?$")]
Age = Annotated[str, Meta(pattern=r"^([0-9]|[1-8][0-9]|90\+)?$")]
Zip3 = Annotated[str, Meta(pattern=r"^([0-9]{3})?$")]
Year = Annotated[int, Meta(ge=1990, le=2100)]
Count = Annotated[int, Meta(ge=0)]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]

PayerClass = Literal[
    "medicare", "medicare-advantage", "medicaid", "tricare", "veterans", "workers-compensation",
    "auto-liability", "commercial", "self-pay", "other",
]  # fmt: skip


class AnalyticDiagnosis(Struct, frozen=True, kw_only=True):
    """A diagnosis as it was billed.

    Attributes:
        code: ICD-10-CM.
        role: Principal, other, admitting, reason for visit, external cause.
        poa: Present on admission; empty where it is not said.
        severity: MCC, CC or NONE, of a grouped stay.
    """

    code: DiagnosisCode
    role: Literal["principal", "other", "admitting", "reason", "external"]
    poa: Literal["Y", "N", "U", "W", "1", ""]
    severity: Literal["MCC", "CC", "NONE", ""]


class AnalyticProcedure(Struct, frozen=True, kw_only=True):
    """A procedure of a stay.

    Attributes:
        code: ICD-10-PCS.
        is_principal: The one that the stay was for.
        day: Days after the first service; before it below zero.
    """

    code: ProcedureCode
    is_principal: bool
    day: int | None


class AnalyticLine(Struct, frozen=True, kw_only=True):
    """A charge line.

    Attributes:
        form: P professional, I institutional.
        code: HCPCS or CPT; empty where only a revenue code is billed.
        modifiers: In order.
        revenue_code: NUBC.
        place_of_service: CMS.
        ndc: Of a drug.
        units_milli: Thousandths of the unit.
        billed_cents: Charged.
        day: Days after the first service.
        pointers: 1-based, into the diagnoses.
    """

    form: Literal["P", "I"]
    code: ServiceCode
    modifiers: list[Modifier]
    revenue_code: RevenueCode
    place_of_service: ShortCode
    ndc: Ndc
    units_milli: int
    billed_cents: int
    day: Count
    pointers: list[Count]


class AnalyticDrg(Struct, frozen=True, kw_only=True):
    """The MS-DRG of a stay; weight empty where that year's table is not loaded."""

    code: DrgCode
    version: Annotated[str, Meta(pattern=r"^(v[0-9]{2}\.[0-9])?$")]
    mdc: Annotated[int, Meta(ge=0, le=99)] | None
    weight: Number


class AnalyticEdit(Struct, frozen=True, kw_only=True):
    """What the edits said of a release that went out all the same.

    Attributes:
        rule: The edit.
        outcome: `warned`: let pass; `overruled`: it held, and a person set it aside.
    """

    rule: RuleId
    outcome: Literal["warned", "overruled"]


class AnalyticEncounter(Struct, frozen=True, kw_only=True):
    """One version of an encounter as it was released to billing.

    Attributes:
        schema_version: Of this layout.
        encounter: Stands for the encounter, the same in all its versions.
        patient: Stands for the patient, the same in all encounters of one export.
        coded_version: 1, 2, 3 ...
        is_latest: No later version was released.
        is_rework: Released again because a denial asked for it.
        year: Of the first service.
        service_from: First service, moved by some days the same for all of a patient; only in a
            limited data set.
        length_of_stay_days: Of an inpatient: discharge less admission.
        age: In whole years at the first service; `90+` above 89, empty if unknown.
        sex: As sent.
        zip3: First three digits of the patient's; `000` where fewer than 20,001 people live.
        class_code: I inpatient, O outpatient, E emergency ... (HL7 table 0004).
        admission_type: NUBC.
        point_of_origin: NUBC.
        discharge_status: NUBC.
        payer_class: Kind of the first payer.
        coverage_count: Payers in all.
        billed_cents: Of all lines.
        diagnoses: In claim order.
        procedures: Of a stay.
        lines: As charged.
        drg: Of a stay.
        edits: What was noticed and went out.
        code_set: Release of ICD-10-CM that it was checked by.
    """

    schema_version: Literal[1]
    encounter: Pseudonym
    patient: Pseudonym
    coded_version: Count
    is_latest: bool
    is_rework: bool
    year: Year | None
    service_from: Day | None
    length_of_stay_days: Count | None
    age: Age
    sex: Literal["M", "F", "U"]
    zip3: Zip3
    class_code: ShortCode
    admission_type: ShortCode
    point_of_origin: ShortCode
    discharge_status: ShortCode
    payer_class: PayerClass
    coverage_count: Count
    billed_cents: int
    diagnoses: list[AnalyticDiagnosis]
    procedures: list[AnalyticProcedure]
    lines: list[AnalyticLine]
    drg: AnalyticDrg | None
    edits: list[AnalyticEdit]
    code_set: Release
