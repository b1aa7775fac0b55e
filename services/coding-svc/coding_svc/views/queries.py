"""What a fact changes in the table of physician queries. There is no PHI in it."""

from typing import Any

from coding_svc.model.query import Query
from rcm.domain import Row
from rcm.events.envelope import Recorded


def query_row(query: Query, recorded: Recorded[Any]) -> Row:
    """Make the row of a query: who is asked what kind of question, and how far it has come."""
    return Row(
        "query",
        {"query_id": query.query_id},
        {
            "encounter_id": query.encounter_id,
            "patient_id": query.patient_id,
            "status": query.status,
            "is_open": query.is_open,
            "kind": query.kind,
            "reason_code": query.reason_code,
            "shape": query.shape,
            "template_id": query.template_id,
            "template_version": query.template_version,
            "finding_rules": list(query.finding_rules),
            "physician_id": query.first_physician_id,
            "asked_id": query.physician_id,
            "asked_subject": query.physician_subject,
            "coder": query.opened_by,
            "channel_id": query.channel_id,
            "channel_kind": query.channel_kind,
            "control_number": query.control_number,
            "delivery_number": query.delivery_number,
            "delivery": query.delivery,
            "attempt": query.attempt,
            "evidence": query.evidence,
            "next_try_at": query.next_try_at,
            "started_at": query.started_at,
            "level": query.level,
            "response": query.response,
            "option_key": query.option_key,
            "answered_by": query.answered_by,
            "answered_via": query.answered_via,
            "answer_count": query.answer_count,
            "opened_at": query.opened_at,
            "sent_at": query.sent_at,
            "due_at": query.due_at,
            "answered_at": query.answered_at,
            "closed_at": query.closed_at,
            "close_cause": query.close_cause,
            "changed_at": recorded.recorded_at,
        },
    )
