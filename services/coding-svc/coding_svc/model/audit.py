"""The audit of coding: a sample is one stream, each case of it another.

AuditCaseOpened ──▶ open ──Begun──▶ begun (the auditor sees no first codes) ──Coded──▶ coded
each difference: open ──Recorded──▶ error | acceptable ──Answered──▶ agreed | disputed
disputed ──Adjudicated──▶ upheld | overturned
"""

from typing import Any, Literal

from msgspec import Struct, structs

from rcm.events.coding_audit import (
    AccuracyAlertRaised,
    AuditCaseBegun,
    AuditCaseCoded,
    AuditCaseOpened,
    AuditDrawn,
    AuditFindingAdjudicated,
    AuditFindingAnswered,
    AuditFindingRecorded,
    Category,
)
from rcm.events.envelope import Recorded
from rcm.events.phi import Phi

CASE_EVENTS = (
    AuditCaseOpened,
    AuditCaseBegun,
    AuditCaseCoded,
    AuditFindingRecorded,
    AuditFindingAnswered,
    AuditFindingAdjudicated,
)

FindingStatus = Literal["open", "error", "acceptable", "agreed", "disputed", "upheld", "overturned"]
"""Where a difference is. All but `acceptable` and `overturned` count as errors: what nobody has
judged yet counts against the first coder, and is counted apart.
"""

NOT_ERRORS = frozenset({"acceptable", "overturned"})


class Audit(Struct, frozen=True, tag="audit"):
    """A sample that was drawn.

    Attributes:
        audit_id: Also the stream's.
        case_count: How many cases it has.
    """

    audit_id: str
    case_count: int


class Finding(Struct, frozen=True, omit_defaults=True):
    """A difference and what people say of it.

    Attributes:
        number: 1 for the first of its case.
        category: What it is about.
        path: Where.
        first: What was released.
        second: What the auditor codes.
        status: See FindingStatus.
        rule_id: The guideline that decides.
        rationale: The auditor's reasons, sealed.
        answer: The coder's, sealed.
        ruling: The manager's, sealed.
    """

    number: int
    category: Category
    path: str
    first: str
    second: str
    status: FindingStatus = "open"
    rule_id: str = ""
    rationale: Phi | None = None
    answer: Phi | None = None
    ruling: Phi | None = None


class AuditCase(Struct, frozen=True, omit_defaults=True, kw_only=True, tag="audit-case"):
    """One release that is coded a second time.

    Attributes:
        case_id: Also the stream's.
        audit_id: The sample.
        encounter_id: What was coded.
        coded_version: Which release.
        patient_id: Names the PHI key.
        coder: Who released it; empty for rules.
        base_rate_cents: Of one DRG weight; 0 for none.
        auditor: Who has it.
        is_coded: The second coding is in.
        findings: In the order of their numbers.
    """

    case_id: str
    audit_id: str
    encounter_id: str
    coded_version: int
    patient_id: str
    coder: str
    base_rate_cents: int = 0
    auditor: str = ""
    is_coded: bool = False
    findings: tuple[Finding, ...] = ()

    def finding(self, number: int) -> Finding | None:
        """Find a finding by its number."""
        return self.findings[number - 1] if 0 < number <= len(self.findings) else None


class Accuracy(Struct, frozen=True, tag="accuracy"):
    """Whether the accuracy of a coder, or of all, is under the goal.

    Attributes:
        number: Of the last alert.
        raised: The alert that is open.
        raised_at: Since when.
    """

    number: int
    raised: AccuracyAlertRaised | None = None
    raised_at: str = ""


def evolve_accuracy(state: Any, recorded: Recorded[Any]) -> Accuracy:
    """Fold one fact into the state of its stream."""
    event = recorded.event
    if isinstance(event, AccuracyAlertRaised):
        return Accuracy(event.number, event, recorded.recorded_at)
    assert isinstance(state, Accuracy), "what is cleared was raised"
    return Accuracy(state.number)


def evolve_audit(event: AuditDrawn) -> Audit:
    """Fold the only fact of a sample."""
    return Audit(event.audit_id, len(event.cases))


def evolve_case(state: AuditCase | None, event: Any) -> AuditCase:
    """Fold one fact into the state of its case."""
    if isinstance(event, AuditCaseOpened):
        return AuditCase(
            case_id=event.case_id,
            audit_id=event.audit_id,
            encounter_id=event.encounter_id,
            coded_version=event.coded_version,
            patient_id=event.patient_id,
            coder=event.coder,
            base_rate_cents=event.base_rate_cents,
        )
    assert state is not None, "a case begins with AuditCaseOpened"
    match event:
        case AuditCaseBegun():
            return structs.replace(state, auditor=event.auditor)
        case AuditCaseCoded():
            found = tuple(
                Finding(d.number, d.category, d.path, d.first, d.second) for d in event.differences
            )
            return structs.replace(state, auditor=event.auditor, is_coded=True, findings=found)
        case AuditFindingRecorded():
            return _changed(
                state, event.number, status=event.verdict, rule_id=event.rule_id,
                rationale=event.rationale,
            )  # fmt: skip
        case AuditFindingAnswered():
            status = "agreed" if event.answer == "agree" else "disputed"
            return _changed(state, event.number, status=status, answer=event.statement)
        case AuditFindingAdjudicated():
            return _changed(state, event.number, status=event.outcome, ruling=event.statement)
        case _:
            return state


def _changed(state: AuditCase, number: int, **changes: Any) -> AuditCase:
    found = [
        structs.replace(finding, **changes) if finding.number == number else finding
        for finding in state.findings
    ]
    return structs.replace(state, findings=tuple(found))
