"""The coded encounter as the edits see it, and what they say."""

import datetime as dt
import enum
from typing import Final

import msgspec

from rcm.codes.model import System

MEDICARE: Final = "MEDICARE"
"""Jurisdiction of every payer that is Medicare itself (837 SBR09 MA or MB)."""


class Setting(enum.StrEnum):
    """Where the service was, which decides the sets and the edits."""

    PROFESSIONAL = "professional"
    OUTPATIENT = "outpatient"
    """Facility, outpatient."""
    INPATIENT = "inpatient"
    DME = "dme"


class Severity(enum.StrEnum):
    """What a finding does."""

    ERROR = "error"
    """Holds the encounter until corrected or overridden."""
    WARNING = "warning"
    """Shown; does not hold."""
    INFO = "info"


class Override(enum.StrEnum):
    """Who may set a finding aside, with a reason."""

    NOBODY = "nobody"
    CODER = "coder"
    SUPERVISOR = "supervisor"


class Diagnosis(msgspec.Struct, frozen=True):
    """One diagnosis, in the order of the claim; the first is principal or first-listed.

    Attributes:
        code: ICD-10-CM, in any spelling.
        poa_code: Present on admission: Y, N, U, W, or None. 837I HI composite 9.
    """

    code: str
    poa_code: str | None = None


class Drug(msgspec.Struct, frozen=True):
    """A drug of a line. 837 2410 LIN and CTP.

    Attributes:
        ndc: National Drug Code, 11 digits as 5-4-2. LIN03.
        quantity: Text of a positive decimal. CTP04.
        unit_code: F2, GR, ME, ML or UN. CTP05-1.
    """

    ndc: str
    quantity: str
    unit_code: str


class Line(msgspec.Struct, frozen=True):
    """One service line.

    Attributes:
        procedure_code: CPT or HCPCS. SV101-2, SV202-2.
        system: Which of the two.
        on: Date of service. DTP*472.
        modifiers: In order, four at most. SV101-3..6.
        units: SV104, SV205; whole units.
        diagnosis_pointers: 1-based, into the diagnoses. SV107.
        provider: Who rendered it, by an id of ours; the same for one group and specialty.
        drug: Its NDC, if any.
    """

    procedure_code: str
    system: System
    on: dt.date
    modifiers: tuple[str, ...] = ()
    units: int = 1
    diagnosis_pointers: tuple[int, ...] = ()
    provider: str = ""
    drug: Drug | None = None


class PriorSurgery(msgspec.Struct, frozen=True):
    """A procedure of another claim whose global period may still run."""

    procedure_code: str
    on: dt.date
    provider: str


class Encounter(msgspec.Struct, frozen=True, kw_only=True):
    """A coded encounter.

    Attributes:
        setting: Where.
        service_from: First date of service.
        discharge_on: Of an inpatient; decides the code sets.
        age_years: At admission or service; None if unknown.
        sex: "M", "F", or None if unknown or neither.
        diagnoses: In order.
        procedures: ICD-10-PCS codes of an inpatient, principal first.
        lines: In order.
        same_day: Lines of the patient's other claims on these dates, for duplicates and limits.
        prior_surgeries: Of the same patient.
        earlier: Lines of the patient's other claims on or before these dates, for frequencies.
        payer_areas: Whose coverage policies apply: the payer's id, and its jurisdictions.
    """

    setting: Setting
    service_from: dt.date
    discharge_on: dt.date | None = None
    age_years: int | None = None
    sex: str | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    procedures: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    same_day: tuple[Line, ...] = ()
    prior_surgeries: tuple[PriorSurgery, ...] = ()
    earlier: tuple[Line, ...] = ()
    payer_areas: frozenset[str] = frozenset()

    @property
    def coded_on(self) -> dt.date:
        """The date whose code sets apply: discharge of an inpatient, else service."""
        if self.setting is Setting.INPATIENT and self.discharge_on is not None:
            return self.discharge_on
        return self.service_from


class PayerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between payers.

    Attributes:
        warn_of_sex_conflict: Keep warning after CMS ended the sex edits on 2024-10-01.
        ndc_required: A drug line needs its NDC (Medicaid and most commercial payers).
        ncci: Apply NCCI pairs and unit limits.
    """

    warn_of_sex_conflict: bool = False
    ndc_required: bool = True
    ncci: bool = True


class Rule(msgspec.Struct, frozen=True):
    """A named edit.

    Attributes:
        rule_id: Outlives its wording.
        version: Raised when its outcome changes.
        severity: Unless the setting says otherwise.
        override: Who may set it aside.
        source: Where the rule comes from.
    """

    rule_id: str
    version: int
    severity: Severity
    override: Override
    source: str


class Finding(msgspec.Struct, frozen=True):
    """What an edit says.

    Attributes:
        rule_id: The edit.
        version: Of the edit.
        severity: Holds, or not.
        path: Where: `diagnoses[1]`, `lines[0].modifiers`.
        codes: The codes concerned.
        why: What is wrong, for a coder.
        what_to_do: How to put it right.
        may_override: Who may set it aside, with a reason.
    """

    rule_id: str
    version: int
    severity: Severity
    path: str
    codes: tuple[str, ...]
    why: str
    what_to_do: str
    may_override: Override


def found(
    rule: Rule, path: str, codes: tuple[str, ...], why: str, what_to_do: str,
    severity: Severity | None = None,
) -> Finding:  # fmt: skip
    """Make a finding of a rule."""
    return Finding(
        rule.rule_id, rule.version, severity or rule.severity, path, codes, why, what_to_do,
        rule.override,
    )  # fmt: skip


REASON_CHARS_MIN = 10


def refuse_override(finding: Finding, role: Override, reason: str) -> str | None:
    """Return why an override may not stand, or None if it may.

    Args:
        finding: What is to be set aside.
        role: Of the person who asks: coder or supervisor.
        reason: In that person's words.
    """
    if finding.may_override is Override.NOBODY:
        return "this edit cannot be overridden: correct the codes"
    if role is Override.NOBODY:
        return "only a coder or a supervisor overrides"
    if finding.may_override is Override.SUPERVISOR and role is not Override.SUPERVISOR:
        return "only a supervisor overrides this edit"
    if len(reason.strip()) < REASON_CHARS_MIN:
        return f"a reason of {REASON_CHARS_MIN} characters or more is needed"
    return None
