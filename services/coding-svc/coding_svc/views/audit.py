"""What a fact changes in the tables of the audit: samples, cases, findings."""

from collections.abc import Iterable
from typing import Any

from msgspec import to_builtins

from coding_svc.model.audit import Accuracy, AuditCase, Finding
from rcm.domain import Row
from rcm.events.coding_audit import (
    AccuracyAlertCleared,
    AccuracyAlertRaised,
    AuditCaseBegun,
    AuditCaseCoded,
    AuditCaseOpened,
    AuditDrawn,
    AuditFindingAdjudicated,
    AuditFindingAnswered,
    AuditFindingRecorded,
)
from rcm.events.envelope import Recorded


def project_audit(before: Any, after: Any, recorded: Recorded[Any]) -> Iterable[Row]:
    """Say which rows of the audit a fact changes."""
    event = recorded.event
    match event:
        case AuditDrawn():
            yield _audit(event, recorded)
        case AuditCaseOpened():
            yield _opened(event, recorded)
        case AuditCaseBegun():
            yield Row("audit_begun", _key(event.case_id), _begun(event, recorded))
        case AuditCaseCoded():
            yield Row("audit_coding", _key(event.case_id), _coded(event, recorded))
            for finding in after.findings:
                yield _finding(after, finding, recorded)
        case AuditFindingRecorded() | AuditFindingAnswered() | AuditFindingAdjudicated():
            assert isinstance(after, AuditCase)
            finding = after.finding(event.number)
            assert finding is not None, "what is judged was found"
            yield _finding(after, finding, recorded)
        case AccuracyAlertRaised():
            yield _alert(event, recorded.recorded_at, None, "")
        case AccuracyAlertCleared():
            assert isinstance(before, Accuracy), "what is cleared was raised"
            assert before.raised is not None, "what is cleared was raised"
            yield _alert(before.raised, before.raised_at, event, recorded.recorded_at)
        case _:
            return


def _alert(
    raised: AccuracyAlertRaised,
    raised_at: str,
    cleared: AccuracyAlertCleared | None,
    cleared_at: str,
) -> Row:
    values = to_builtins(raised)
    key = {"alert_id": values.pop("alert_id")}
    told = {
        "status": "cleared" if cleared is not None else "open",
        "raised_at": raised_at,
        "cleared_at": cleared_at,
        "cleared_milli": cleared.accuracy_milli if cleared is not None else None,
    }
    return Row("accuracy_alert", key, {**values, **told})


def _key(case_id: str) -> dict[str, Any]:
    return {"case_id": case_id}


def _audit(event: AuditDrawn, recorded: Recorded[Any]) -> Row:
    return Row(
        "audit",
        {"audit_id": event.audit_id},
        {
            "title_code": event.title_code,
            "kind": event.kind,
            "criteria": to_builtins(event.criteria),
            "seed": event.seed,
            "size_count": event.size_count,
            "rate_milli": event.rate_milli,
            "population_count": event.population_count,
            "case_count": len(event.cases),
            "case_ids": [case.case_id for case in event.cases],
            "base_rate_cents": event.base_rate_cents,
            "accuracy_goal_milli": event.accuracy_goal_milli,
            "drawn_by": recorded.actor,
            "drawn_at": recorded.recorded_at,
        },
    )


def _opened(event: AuditCaseOpened, recorded: Recorded[Any]) -> Row:
    return Row(
        "audit_case",
        _key(event.case_id),
        {
            "audit_id": event.audit_id,
            "encounter_id": event.encounter_id,
            "coded_version": event.coded_version,
            "patient_id": event.patient_id,
            "coder": event.coder,
            "class_code": event.class_code,
            "payer_id": event.payer_id,
            "rule_ids": event.rule_ids,
            "opened_at": recorded.recorded_at,
        },
    )


def _begun(event: AuditCaseBegun, recorded: Recorded[Any]) -> dict[str, Any]:
    return {
        "encounter_id": event.encounter_id,
        "auditor": event.auditor,
        "begun_at": recorded.recorded_at,
    }


def _coded(event: AuditCaseCoded, recorded: Recorded[Any]) -> dict[str, Any]:
    return {
        "encounter_id": event.encounter_id,
        "auditor": event.auditor,
        "first": to_builtins(event.first),
        "second": to_builtins(event.second),
        "agreements": to_builtins(event.agreements),
        "charge_delta_cents": event.charge_delta_cents,
        "drg_delta_cents": event.drg_delta_cents,
        "fee_delta_cents": event.fee_delta_cents,
        "unpriced": event.unpriced,
        "coded_at": recorded.recorded_at,
    }


def _finding(case: AuditCase, finding: Finding, recorded: Recorded[Any]) -> Row:
    sealed = {
        name: to_builtins(box) if (box := getattr(finding, name)) is not None else None
        for name in ("rationale", "answer", "ruling")
    }
    return Row(
        "audit_finding",
        {"case_id": case.case_id, "number": finding.number},
        {
            "audit_id": case.audit_id,
            "encounter_id": case.encounter_id,
            "patient_id": case.patient_id,
            "coder": case.coder,
            "auditor": case.auditor,
            "category": finding.category,
            "path": finding.path,
            "first": finding.first,
            "second": finding.second,
            "status": finding.status,
            "rule_id": finding.rule_id,
            **sealed,
            "changed_at": recorded.recorded_at,
        },
    )
