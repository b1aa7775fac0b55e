"""Events of coding-svc about the audit of coding: samples, second coding, findings. On topic
`rcm.coding`.
"""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from rcm.events.clinical import Day
from rcm.events.event import Event
from rcm.events.phi import Phi
from rcm.money import Cents

Category = Literal["principal", "secondary", "poa", "procedure", "modifier", "pcs", "drg", "charge"]
"""What two coders may differ in."""


class Criteria(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which releases a sample is drawn from; an empty value means all."""

    released_from: Day  # at the facility
    released_through: Day
    coder: str = ""
    code: str = ""  # diagnosis, procedure or PCS code, undotted
    drg_code: str = ""
    payer_id: str = ""
    class_code: str = ""  # HL7 table 0004
    rule_id: str = ""  # a warning that was let pass, or a doubt that was overruled
    billed_cents_min: Cents = 0


class SampledCase(msgspec.Struct, frozen=True, kw_only=True):
    """One release of a sample."""

    case_id: str
    encounter_id: str
    coded_version: int
    coder: str  # who released it; empty for rules


class AuditDrawn(Event, frozen=True, kw_only=True):
    """A sample was drawn. The same log, criteria, size and seed give the same list.

    Stream: the audit.

    Attributes:
        audit_id: Ours.
        title_code: What it is called: small letters, digits and hyphens; no free text.
        kind: `random` where only dates limit it, else `targeted`.
        criteria: What it was drawn from.
        seed: What the order of drawing derives from.
        size_count: How many were asked for; 0 where a rate was.
        rate_milli: How many of a thousand were asked for; 0 where a number was.
        population_count: Releases that met the criteria.
        cases: What was drawn, in the order of drawing.
        base_rate_cents: Of one DRG weight, for the financial difference; 0 for none.
        accuracy_goal_milli: Correct codes of a thousand that are asked for.
    """

    name: ClassVar[str] = "AuditDrawn"

    audit_id: str
    title_code: Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,60}$")]
    kind: Literal["random", "targeted"]
    criteria: Criteria
    seed: str
    size_count: int
    rate_milli: int
    population_count: int
    cases: list[SampledCase]
    base_rate_cents: Cents = 0
    accuracy_goal_milli: int = 950


class AuditCaseOpened(Event, frozen=True, kw_only=True):
    """A release is to be coded a second time by somebody who has not seen the first codes.

    Stream: the case.

    Attributes:
        case_id: Ours.
        audit_id: The sample.
        encounter_id: What was coded.
        coded_version: Which release.
        patient_id: Names the PHI key.
        coder: Who released it; empty for rules.
        class_code: Patient class.
        payer_id: First payer.
        rule_ids: Warnings that were let pass.
        base_rate_cents: Of one DRG weight; 0 for none.
    """

    name: ClassVar[str] = "AuditCaseOpened"

    case_id: str
    audit_id: str
    encounter_id: str
    coded_version: int
    patient_id: str
    coder: str
    class_code: str
    payer_id: str
    rule_ids: list[str] = []
    base_rate_cents: Cents = 0


class AuditCaseBegun(Event, frozen=True, kw_only=True):
    """An auditor took a case. From here until the second coding the first codes are closed to
    that auditor.

    Stream: the case.

    Attributes:
        case_id: Which.
        encounter_id: What was coded.
        auditor: Who.
    """

    name: ClassVar[str] = "AuditCaseBegun"

    case_id: str
    encounter_id: str
    auditor: str


class AuditedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as one of the two coded it."""

    line_item_control_number: str
    procedure_code: str = ""
    modifiers: list[str] = []
    billed_cents: Cents = 0  # 0 where the second coder strikes the line
    units_milli: int = 1_000  # thousandths, as released
    service_from: str = ""  # as released; empty for a line that only the second coder has


class AuditedCodes(msgspec.Struct, frozen=True, kw_only=True):
    """The codes of one encounter as one of the two coded it."""

    diagnoses: list[str]  # the principal one first, undotted
    poa_codes: list[str] = []  # in the order of the diagnoses
    pcs_codes: list[str] = []  # ICD-10-PCS, the principal one first
    lines: list[AuditedLine] = []
    drg_code: str = ""
    drg_weight_e4: int | None = None  # ten-thousandths, as Table 5 has it; None for no table
    drg_basis: str = ""  # what grouped it, or why it was not


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One place where the two differ."""

    number: int  # 1 for the first of its case
    category: Category
    path: str  # `diagnoses[0]`, `lines[L1].modifiers`
    first: str  # empty where only the second has something
    second: str


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """How many decisions of one category were compared, and how many were the same."""

    category: Category
    compared_count: int
    agreed_count: int


class AuditCaseCoded(Event, frozen=True, kw_only=True):
    """An auditor coded a case without seeing the first codes; the two were compared.

    Stream: the case.

    Attributes:
        case_id: Which.
        encounter_id: What was coded.
        auditor: Who coded it the second time.
        first: What was released.
        second: What the auditor codes.
        agreements: By category.
        differences: Every place where they differ.
        charge_delta_cents: Lines struck, negative; None where a changed code has no price.
        drg_delta_cents: Difference of weight by base rate; None where there is no weight or rate.
        fee_delta_cents: By the fee schedule of the date of service; None where it lacks a code.
        unpriced: Why there is no amount, in words; empty where both are known.
    """

    name: ClassVar[str] = "AuditCaseCoded"

    case_id: str
    encounter_id: str
    auditor: str
    first: AuditedCodes
    second: AuditedCodes
    agreements: list[Agreement]
    differences: list[Difference]
    charge_delta_cents: Cents | None
    drg_delta_cents: Cents | None
    unpriced: str = ""
    fee_delta_cents: Cents | None = None


class AuditFindingRecorded(Event, frozen=True, kw_only=True):
    """An auditor said what a difference means.

    Stream: the case.

    Attributes:
        case_id: Which.
        number: The difference.
        auditor: Who says so.
        verdict: `error`, or `acceptable` where the guidelines allow both.
        rule_id: The guideline or rule that decides, in our own short name.
        rationale: Why, in words: text; it may speak of the record.
    """

    name: ClassVar[str] = "AuditFindingRecorded"

    case_id: str
    number: int
    auditor: str
    verdict: Literal["error", "acceptable"]
    rule_id: str
    rationale: Phi


class AuditFindingAnswered(Event, frozen=True, kw_only=True):
    """The first coder answered a finding.

    Stream: the case.

    Attributes:
        case_id: Which.
        number: The difference.
        coder: Who answers.
        answer: Whether the coder agrees.
        statement: Why, in words: text.
    """

    name: ClassVar[str] = "AuditFindingAnswered"

    case_id: str
    number: int
    coder: str
    answer: Literal["agree", "dispute"]
    statement: Phi | None = None


class AuditFindingAdjudicated(Event, frozen=True, kw_only=True):
    """A manager decided a disputed finding.

    Stream: the case.

    Attributes:
        case_id: Which.
        number: The difference.
        manager: Who decided.
        outcome: `upheld`: it counts as an error; `overturned`: it does not.
        statement: Why, in words: text.
    """

    name: ClassVar[str] = "AuditFindingAdjudicated"

    case_id: str
    number: int
    manager: str
    outcome: Literal["upheld", "overturned"]
    statement: Phi | None = None


class AccuracyAlertRaised(Event, frozen=True, kw_only=True):
    """The accuracy of what was reviewed in some days is under the goal. Raised once, until cleared.

    Stream: the coder's accuracy, or that of all together.

    Attributes:
        alert_id: Ours.
        number: 1 for the first of its stream.
        coder: Whose; empty for all together.
        goal_milli: Correct codes of a thousand that are asked for.
        accuracy_milli: Correct ones, rounded down.
        case_count: Encounters reviewed and judged.
        decision_count: Codes compared in them.
        error_count: Differences that count as errors.
        reviewed_from: First day of the reviews (UTC).
        reviewed_through: Last day.
        case_ids: What was counted.
    """

    name: ClassVar[str] = "AccuracyAlertRaised"

    alert_id: str
    number: int
    coder: str
    goal_milli: int
    accuracy_milli: int
    case_count: int
    decision_count: int
    error_count: int
    reviewed_from: Day
    reviewed_through: Day
    case_ids: list[str]


class AccuracyAlertCleared(Event, frozen=True, kw_only=True):
    """Accuracy reached the goal again, with reviews enough to tell.

    Stream: the coder's accuracy, or that of all together.

    Attributes:
        alert_id: Which.
        coder: Whose; empty for all together.
        goal_milli: Correct codes of a thousand that are asked for.
        accuracy_milli: Correct ones, rounded down.
        case_count: Encounters reviewed and judged.
    """

    name: ClassVar[str] = "AccuracyAlertCleared"

    alert_id: str
    coder: str
    goal_milli: int
    accuracy_milli: int
    case_count: int
