"""What the routes of the audit take and show."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from coding_svc.rules.sampling import CASES_MAX
from coding_svc.store.audit import AuditRow, Case, FindingRow

Rule = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$", examples=["ocg-i-b-4"])]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9.]{1,10}$")]
Words = Annotated[str, Field(max_length=2_000)]
_TELLING: Final = frozenset({"code", "drg_code", "rule_id"})
"""Criteria that tell of the codes."""


class CriteriaIn(BaseModel, extra="forbid"):
    """Which releases a sample is drawn from; what is left out limits nothing."""

    released_from: date
    released_through: date
    coder: str = Field("", max_length=200)
    code: str = Field("", pattern=r"^[A-Za-z0-9.]{0,10}$", description="Any code of the release.")
    drg_code: str = Field("", pattern=r"^(\d{3})?$")
    payer_id: str = Field("", max_length=80)
    class_code: str = Field("", pattern=r"^[A-Z]?$")
    rule_id: str = Field("", pattern=r"^[a-z0-9-]{0,60}$", description="A warning let pass.")
    billed_cents_min: int = Field(0, ge=0)


class SampleIn(BaseModel, extra="forbid"):
    """Draw a sample: a number of releases, or a rate of them."""

    title_code: str = Field(pattern=r"^[a-z0-9-]{1,60}$", examples=["2026-q4-inpatient"])
    criteria: CriteriaIn
    seed: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")
    size_count: int = Field(0, ge=0, le=CASES_MAX)
    rate_milli: int = Field(0, ge=0, le=1_000, description="Of a thousand; rounded up.")
    base_rate_cents: int = Field(0, ge=0, description="Of one DRG weight; 0 for none.")
    accuracy_goal_milli: int = Field(950, ge=0, le=1_000)


class AuditOut(BaseModel):
    """A sample."""

    model_config = ConfigDict(from_attributes=True)

    audit_id: str
    title_code: str
    kind: Literal["random", "targeted"]
    criteria: dict[str, Any]
    seed: str
    size_count: int
    rate_milli: int
    population_count: int = Field(description="Releases that met the criteria.")
    case_count: int
    case_ids: list[str] = Field(description="In the order of drawing.")
    base_rate_cents: int
    accuracy_goal_milli: int
    drawn_by: str
    drawn_at: str

    @classmethod
    def of(cls, row: AuditRow, *, is_closed: bool) -> "AuditOut":
        """Show a sample; to whoever may yet code its cases, not the codes that it was drawn by."""
        shown = cls.model_validate(row)
        if not is_closed:
            return shown
        told = {k: "(closed)" if k in _TELLING else v for k, v in shown.criteria.items()}
        return shown.model_copy(update={"criteria": told})


class CaseOut(BaseModel):
    """A release that is coded a second time; the first codes come with the second ones."""

    case_id: str
    audit_id: str
    encounter_id: str
    coded_version: int
    coder: str = Field(description="Who released it; empty for rules.")
    class_code: str
    payer_id: str
    status: Literal["open", "begun", "coded"]
    auditor: str
    opened_at: str
    begun_at: str
    coded_at: str
    first: dict[str, Any] | None = Field(description="Null until the second coding is in.")
    second: dict[str, Any] | None
    agreements: list[dict[str, Any]]
    charge_delta_cents: int | None
    drg_delta_cents: int | None
    fee_delta_cents: int | None = Field(description="By the fee schedule, once one is loaded.")
    unpriced: str = Field(description="Why there is no amount.")

    @classmethod
    def of(cls, case: Case, blind: frozenset[str] = frozenset()) -> "CaseOut":
        """Show a case; before it is coded, nothing of the first codes.

        Args:
            case: Which.
            blind: Encounters that the caller is coding: another audit may have compared them.
        """
        row, begun, coding = case.row, case.begun, case.coding
        status = "coded" if coding else "begun" if begun else "open"
        if row.encounter_id in blind:
            coding = None
        return cls(
            case_id=row.case_id,
            audit_id=row.audit_id,
            encounter_id=row.encounter_id,
            coded_version=row.coded_version,
            coder=row.coder,
            class_code=row.class_code,
            payer_id=row.payer_id,
            status=status,
            auditor=begun.auditor if begun else "",
            opened_at=row.opened_at,
            begun_at=begun.begun_at if begun else "",
            coded_at=coding.coded_at if coding else "",
            first=coding.first if coding else None,
            second=coding.second if coding else None,
            agreements=coding.agreements if coding else [],
            charge_delta_cents=coding.charge_delta_cents if coding else None,
            drg_delta_cents=coding.drg_delta_cents if coding else None,
            fee_delta_cents=coding.fee_delta_cents if coding else None,
            unpriced=coding.unpriced if coding else "",
        )


class LineIn(BaseModel, extra="forbid"):
    """A line as the auditor codes it; a line that is left out, or without a code, is struck."""

    line_item_control_number: str = Field(min_length=1, max_length=30)
    procedure_code: str = Field("", max_length=10)
    modifiers: list[str] = Field([], max_length=4)
    is_billed: bool = Field(True, description="False strikes it with its charge.")


class SecondCodingIn(BaseModel, extra="forbid"):
    """What the auditor codes, without having seen the first codes."""

    diagnoses: list[Code] = Field(min_length=1, max_length=50, description="The principal first.")
    poa_codes: list[Literal["Y", "N", "U", "W", "1", ""]] = Field([], max_length=50)
    pcs_codes: list[Code] = Field([], max_length=25, description="ICD-10-PCS, inpatient.")
    lines: list[LineIn] = Field([], max_length=999)


class FindingIn(BaseModel, extra="forbid"):
    """What a difference means."""

    verdict: Literal["error", "acceptable"]
    rule_id: Rule
    rationale: str = Field(min_length=1, max_length=2_000, description="Kept sealed.")


class AnswerIn(BaseModel, extra="forbid"):
    """The first coder's answer."""

    answer: Literal["agree", "dispute"]
    statement: Words = ""


class RulingIn(BaseModel, extra="forbid"):
    """A manager's decision of a dispute."""

    outcome: Literal["upheld", "overturned"]
    statement: Words = ""


class FindingOut(BaseModel):
    """A difference and where it stands. What people wrote of it is PHI and read one by one."""

    model_config = ConfigDict(from_attributes=True)

    case_id: str
    number: int
    audit_id: str
    encounter_id: str
    coder: str
    auditor: str
    category: str
    path: str
    first: str
    second: str
    status: str
    rule_id: str
    changed_at: str

    @classmethod
    def of(cls, row: FindingRow, blind: frozenset[str]) -> "FindingOut":
        """Show a finding; of an encounter that the caller is coding, nothing of the codes."""
        shown = cls.model_validate(row)
        if row.encounter_id in blind:
            return shown.model_copy(update={"path": "", "first": "", "second": ""})
        return shown


class FindingWords(FindingOut):
    """A finding with what people wrote of it. PHI."""

    rationale: str | None
    answer: str | None
    ruling: str | None


class ScoreOut(BaseModel):
    """How far some decisions stand."""

    model_config = ConfigDict(from_attributes=True)

    value: str = Field(description="The coder (`-` for rules), category or rule.")
    case_count: int
    decision_count: int
    agreed_count: int
    error_count: int = Field(description="Differences, less acceptable and overturned ones.")
    unjudged_count: int = Field(description="Of those, what the auditor has not judged yet.")
    agreement_milli: int | None
    accuracy_milli: int | None
    meets_goal: bool | None


class KappaOut(BaseModel):
    """Cohen's kappa of one category."""

    model_config = ConfigDict(from_attributes=True)

    category: str
    pair_count: int
    kappa_milli: int | None = Field(description="Null where chance alone explains it.")


class ResultsOut(BaseModel):
    """What an audit found so far."""

    model_config = ConfigDict(from_attributes=True)

    audit_id: str
    case_count: int
    coded_count: int
    goal_milli: int
    total: ScoreOut
    by_coder: list[ScoreOut]
    by_category: list[ScoreOut]
    by_rule: list[ScoreOut] = Field(description="Cases in which a warning of it was let pass.")
    findings_by_rule: dict[str, int] = Field(description="Errors by the guideline named.")
    kappas: list[KappaOut]
    charge_delta_cents: int
    drg_delta_cents: int
    fee_delta_cents: int
    unpriced_count: int = Field(description="Cases of which a part has no amount.")


class RecordLine(BaseModel):
    """A released line without its codes."""

    line_item_control_number: str
    form: str
    service_from: str
    service_through: str
    billed_cents: int
    units_milli: int
    unit_code: str
    revenue_code: str
    place_of_service_code: str


class RecordNote(BaseModel):
    """A note of the record, without what a model suggests from it. PHI."""

    note_id: str
    kind: str
    is_final: bool
    written_on: str
    text: str


class RecordOut(BaseModel):
    """The record as a second coder sees it. PHI."""

    case_id: str
    encounter_id: str
    account: dict[str, Any] = Field(description="Everything known but the codes.")
    lines: list[RecordLine]
    notes: list[RecordNote]
