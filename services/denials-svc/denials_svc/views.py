"""What a fact changes in the table that is read."""

from collections.abc import Iterable

from denials_svc.model import Denial, State
from rcm.domain import Row
from rcm.events.envelope import Recorded
from rcm.events.event import Event


def project(before: State | None, after: State, recorded: Recorded[Event]) -> Iterable[Row]:
    """Say which rows a fact changes."""
    known = before.denials if before is not None else {}
    for denial_id, denial in after.denials.items():
        if known.get(denial_id) != denial:
            yield _row(denial, recorded)


def _row(denial: Denial, recorded: Recorded[Event]) -> Row:
    fact = denial.fact
    return Row(
        "denial",
        {"denial_id": fact.denial_id},
        {
            "claim_id": fact.claim_id,
            "encounter_id": fact.encounter_id,
            "patient_id": fact.patient_id,
            "payer_id": fact.payer_id,
            "payer_name": fact.payer_name,
            "payer_sequence_code": fact.payer_sequence_code,
            "form": fact.form,
            "line_item_control_number": fact.line_item_control_number,
            "procedure_code": fact.procedure_code,
            "group_code": fact.group_code,
            "reason_code": fact.reason_code,
            "remark_codes": fact.remark_codes,
            "family": fact.family,
            "category": fact.category,
            "denied_cents": fact.denied_cents,
            "paid_cents": fact.paid_cents,
            "recovered_cents": denial.recovered_cents,
            "action_code": fact.action_code,
            "appealable": fact.appealable,
            "deadline_on": fact.deadline_on,
            "deadline_basis": fact.deadline_basis,
            "is_open": denial.is_open,
            "cause": denial.cause,
            "note_code": denial.note_code,
            "owner": denial.owner,
            "is_in_rework": denial.is_in_rework,
            "corrected_frequency_code": denial.corrected_frequency_code,
            "opened_count": denial.opened_count,
            "remittance_id": fact.remittance_id,
            "position": fact.position,
            "table_version": fact.table_version,
            "opened_at": denial.opened_at,
            "changed_at": recorded.recorded_at,
        },
    )
