"""What a fact changes in the tables that are read: claims, encounters, interchanges, files."""

from collections.abc import Iterable
from typing import Any

from msgspec import to_builtins

from claims_svc.model.states import (
    ClaimState,
    EncounterState,
    SequenceState,
    State,
    Withdrawal,
)
from rcm.domain import Row
from rcm.events.claims import (
    AcknowledgementReceived,
    ClaimHeld,
    ClaimPrepared,
    InterchangePrepared,
    InterchangeSettled,
)
from rcm.events.clinical import Reason
from rcm.events.envelope import Recorded


def project(before: State | None, after: State, recorded: Recorded[Any]) -> Iterable[Row]:
    """Say which rows a fact changes."""
    event = recorded.event
    match after:
        case ClaimState():
            yield _claim(after, recorded)
            if isinstance(event, ClaimPrepared | ClaimHeld) and event.content is not None:
                box = event.content
                values = {"key_id": box.key_id, "bound_to": box.bound_to, "box": box.box}
                yield Row("claim_content", {"claim_id": after.claim_id}, values)
            if after.is_to_be_coordinated or _is_to_be_coordinated(before):
                asked = {"answer_count": len(after.answers)}
                is_due = after.is_to_be_coordinated
                yield Row("coordination", {"claim_id": after.claim_id}, asked if is_due else None)
        case EncounterState():
            yield _encounter(after, getattr(event, "reasons", []), recorded)
            pending = after.withdrawal
            if pending is not None or _withdrawal_of(before) is not None:
                wanted = to_builtins(pending) if pending is not None else None
                yield Row("withdrawal", {"encounter_id": after.encounter_id}, wanted)
        case SequenceState():
            yield _interchange(before, after, event, recorded)
        case _:
            yield _acknowledgement(event, recorded)


def _claim(after: ClaimState, recorded: Recorded[Any]) -> Row:
    wanted = after.correction
    return Row(
        "claim",
        {"claim_id": after.claim_id},
        {
            "encounter_id": after.encounter_id,
            "patient_id": after.patient_id,
            "coded_version": after.coded_version,
            "form": after.form,
            "status": after.status,
            "accepted_level": after.accepted_level,
            "rejected_level": after.rejected_level,
            "contradicted": after.contradicted,
            "reasons": to_builtins(after.reasons),
            "payer_id": after.payer_id,
            "payer_name": after.payer_name,
            "facility_id": after.facility_id,
            "receiver_id": after.receiver_id,
            "frequency_code": after.frequency_code,
            "payer_number": after.payer_number,
            "billed_cents": after.billed_cents,
            "service_from": after.service_from,
            "filing_deadline_on": after.filing_deadline_on,
            "accepted_on": after.accepted_on,
            "attempt": after.attempt,
            "interchange_receiver_id": after.interchange_receiver_id,
            "interchange_control_number": after.interchange_control_number,
            "transaction_control_number": after.transaction_control_number,
            "replaces_claim_id": after.replaces_claim_id,
            "replaced_by": after.replaced_by,
            "prior_claim_id": after.prior_claim_id,
            "next_claim_id": after.next_claim_id,
            "denial_id": wanted.denial_id if wanted is not None else "",
            "changed_at": recorded.recorded_at,
        },
    )


def _is_to_be_coordinated(state: State | None) -> bool:
    return isinstance(state, ClaimState) and state.is_to_be_coordinated


def _withdrawal_of(state: State | None) -> Withdrawal | None:
    return state.withdrawal if isinstance(state, EncounterState) else None


def _encounter(after: EncounterState, reasons: list[Reason], recorded: Recorded[Any]) -> Row:
    return Row(
        "encounter",
        {"encounter_id": after.encounter_id},
        {
            "patient_id": after.patient_id,
            "coded_version": after.coded_version,
            "outcome": after.outcome,
            "billed_cents": after.billed_cents,
            "claim_ids": after.claim_ids,
            "next_claim_ids": after.next_claim_ids,
            "reasons": to_builtins(reasons),
            "changed_at": recorded.recorded_at,
        },
    )


def _interchange(
    before: State | None,
    after: SequenceState,
    event: InterchangePrepared | InterchangeSettled,
    recorded: Recorded[Any],
) -> Row:
    number = event.interchange_control_number
    if isinstance(event, InterchangePrepared):
        outcome, evidence, opened = "", "", after.open[number]
    else:
        assert isinstance(before, SequenceState), "what is settled was prepared"
        outcome, evidence, opened = event.outcome, event.evidence, before.open[number]
    return Row(
        "interchange",
        {"receiver_id": after.receiver_id, "interchange_control_number": number},
        {
            "submitter_id": after.submitter_id,
            "group_control_number": opened.group_control_number,
            "form": opened.form,
            "transaction_control_numbers": opened.transaction_control_numbers,
            "claim_counts": opened.claim_counts,
            "claim_ids": opened.claim_ids,
            "billed_cents": opened.billed_cents,
            "sha256": opened.sha256,
            "bytes_count": opened.bytes_count,
            "written_at": opened.written_at,
            "outcome": outcome,
            "evidence": evidence,
            "settled_at": recorded.recorded_at if outcome else "",
        },
    )


def _acknowledgement(event: AcknowledgementReceived, recorded: Recorded[Any]) -> Row:
    return Row(
        "acknowledgement",
        {"acknowledgement_id": event.acknowledgement_id},
        {
            "kind": event.kind,
            "sha256": event.sha256,
            "receiver_id": event.receiver_id,
            "interchange_control_number": event.interchange_control_number,
            "claim_count": len(event.claim_ids),
            "unknown_references": event.unknown_references,
            "reasons": to_builtins(event.reasons),
            "received_at": recorded.recorded_at,
        },
    )
