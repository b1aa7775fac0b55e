"""Fold a fact into the state of its stream. Total: every fact fits every state it may meet."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from claims_svc.model.states import (
    LEVELS,
    AcknowledgementState,
    ClaimState,
    Correction,
    EncounterState,
    OpenInterchange,
    SequenceState,
    State,
    Withdrawal,
)
from rcm.events.claims import (
    AcknowledgementReceived,
    ClaimAcknowledged,
    ClaimBatched,
    ClaimCorrectionRequested,
    ClaimHeld,
    ClaimPrepared,
    ClaimRejected,
    ClaimReleased,
    ClaimReplaced,
    ClaimSubmitted,
    EncounterBilled,
    InterchangePrepared,
    InterchangeSettled,
    PayerNumberLearned,
)
from rcm.events.claims_coordination import ClaimCoordinated, PriorAnswerLearned
from rcm.events.claims_withdrawal import ReleaseWithdrawalNoted, ReleaseWithdrawalSettled
from rcm.events.envelope import Recorded

_replace = msgspec.structs.replace


def evolve(state: State | None, recorded: Recorded[Any]) -> State:
    """Return the state after a fact."""
    return _STEPS[type(recorded.event)](state, recorded.event)


def _prepared(state: State | None, event: ClaimPrepared) -> ClaimState:
    before = state if isinstance(state, ClaimState) else None
    return ClaimState(
        claim_id=event.claim_id,
        status="ready",
        encounter_id=event.encounter_id,
        coded_version=event.coded_version,
        patient_id=event.patient_id,
        form=event.form,
        part=event.part,
        payer_id=event.payer_id,
        payer_name=event.payer_name,
        payer_sequence_code=event.payer_sequence_code,
        claim_filing_indicator_code=event.claim_filing_indicator_code,
        frequency_code=event.frequency_code,
        payer_claim_control_number=event.payer_claim_control_number,
        billing_npi=event.billing_npi,
        facility_id=event.facility_id,
        receiver_id=event.receiver_id,
        billed_cents=event.billed_cents,
        service_from=event.service_from,
        service_through=event.service_through,
        filing_deadline_on=event.filing_deadline_on,
        diagnosis_codes=event.diagnosis_codes,
        lines=event.lines,
        content_bound_to=event.content.bound_to,
        attempt=before.attempt if before is not None else 0,
        replaces_claim_id=event.replaces_claim_id,
        correction=before.correction if before is not None else None,
        reasons=event.warnings,
        prior_claim_id=event.prior_claim_id,
        later_payer_count=event.later_payer_count,
        left_cents=event.left_cents,
    )


def _held(state: State | None, event: ClaimHeld) -> ClaimState:
    before = state if isinstance(state, ClaimState) else None
    return ClaimState(
        claim_id=event.claim_id,
        status="held",
        encounter_id=event.encounter_id,
        coded_version=event.coded_version,
        patient_id=event.patient_id,
        form=event.form or "P",
        part=event.part,
        payer_id=event.payer_id,
        payer_name=event.payer_name,
        facility_id=event.facility_id,
        frequency_code=event.frequency_code,
        billed_cents=event.billed_cents,
        service_from=event.service_from or "",
        filing_deadline_on=event.filing_deadline_on or "",
        content_bound_to=event.content.bound_to if event.content is not None else "",
        attempt=before.attempt if before is not None else 0,
        replaces_claim_id=event.replaces_claim_id,
        correction=before.correction if before is not None else None,
        reasons=event.reasons,
        prior_claim_id=event.prior_claim_id,
    )


def _released(state: State | None, event: ClaimReleased) -> ClaimState:
    claim = _claim(state)
    # An interchange that never arrived was no sending.
    attempt = claim.attempt - 1 if event.cause == "not-sent" else claim.attempt
    return _replace(
        claim, status="ready", attempt=attempt, rejected_level="", contradicted=False, reasons=[]
    )


def _batched(state: State | None, event: ClaimBatched) -> ClaimState:
    return _replace(
        _claim(state),
        status="batched",
        attempt=event.attempt,
        interchange_receiver_id=event.receiver_id,
        interchange_control_number=event.interchange_control_number,
        transaction_control_number=event.transaction_control_number,
        accepted_level="",
        accepted_on="",
        rejected_level="",
        contradicted=False,
    )


def _submitted(state: State | None, _: ClaimSubmitted) -> ClaimState:
    return _replace(_claim(state), status="sent")


def _acknowledged(state: State | None, event: ClaimAcknowledged) -> ClaimState:
    claim = _claim(state)
    further = LEVELS.index(event.level) > LEVELS.index(claim.accepted_level)
    overrules = claim.status == "rejected" and LEVELS.index(event.level) > LEVELS.index(
        claim.rejected_level
    )
    return _replace(
        claim,
        # Somebody further down the way has it: the refusal before did not stop it.
        status="sent" if overrules else claim.status,
        contradicted=claim.contradicted or overrules,
        accepted_level=event.level if further else claim.accepted_level,
        accepted_on=(event.received_on or "") if event.level == LEVELS[-1] else claim.accepted_on,
        payer_number=event.payer_claim_control_number or claim.payer_number,
    )


def _rejected(state: State | None, event: ClaimRejected) -> ClaimState:
    claim = _claim(state)
    if LEVELS.index(event.level) < LEVELS.index(claim.accepted_level):
        return _replace(claim, contradicted=True)
    return _replace(claim, status="rejected", rejected_level=event.level, reasons=event.reasons)


def _replaced(state: State | None, event: ClaimReplaced) -> ClaimState:
    claim = _claim(state)
    # Where nothing stands for it, nothing may be asked of the next payer either.
    is_void = not event.replaced_by and bool(claim.next_claim_id)
    return _replace(
        claim,
        status="replaced",
        replaced_by=event.replaced_by,
        is_to_be_coordinated=claim.is_to_be_coordinated or is_void,
    )


def _correction_requested(state: State | None, event: ClaimCorrectionRequested) -> ClaimState:
    wanted = Correction(
        denial_id=event.denial_id,
        frequency_code=event.frequency_code,
        payer_claim_control_number=event.payer_claim_control_number,
    )
    claim = _claim(state)
    number = event.payer_claim_control_number or claim.payer_number
    return _replace(claim, correction=wanted, payer_number=number)


def _number_learned(state: State | None, event: PayerNumberLearned) -> ClaimState:
    claim = _claim(state)
    # An 835 proves that the payer has it.
    return _replace(
        claim,
        accepted_level=LEVELS[-1],
        payer_number=event.payer_claim_control_number or claim.payer_number,
    )


def _answer_learned(state: State | None, event: PriorAnswerLearned) -> ClaimState:
    claim = _claim(state)
    return _replace(claim, answers=[*claim.answers, event.answer], is_to_be_coordinated=True)


def _coordinated(state: State | None, event: ClaimCoordinated) -> ClaimState:
    claim = _claim(state)
    return _replace(
        claim,
        is_to_be_coordinated=False,
        next_claim_id=event.next_claim_id or claim.next_claim_id,
    )


def _billed(state: State | None, event: EncounterBilled) -> EncounterState:
    return EncounterState(
        encounter_id=event.encounter_id,
        patient_id=event.patient_id,
        coded_version=event.coded_version,
        outcome=event.outcome,
        billed_cents=event.billed_cents,
        claim_ids=event.claim_ids,
        next_claim_ids=event.next_claim_ids,
        coded=event.coded,
        withdrawal=state.withdrawal if isinstance(state, EncounterState) else None,
    )


def _withdrawal_noted(state: State | None, event: ReleaseWithdrawalNoted) -> EncounterState:
    assert isinstance(state, EncounterState), "what is asked back was billed"
    wanted = Withdrawal(coded_version=event.coded_version, withdrawal_id=event.withdrawal_id)
    return _replace(state, withdrawal=wanted)


def _withdrawal_settled(state: State | None, event: ReleaseWithdrawalSettled) -> EncounterState:
    before = state if isinstance(state, EncounterState) else None
    if before is not None and event.outcome == "refused":
        return _replace(before, withdrawal=None)
    # The next version meets the withdrawn ones too, and makes claims of new ids beside them.
    return EncounterState(
        encounter_id=event.encounter_id,
        patient_id=before.patient_id if before is not None else "",
        coded_version=event.coded_version,
        outcome="claims",
        billed_cents=event.standing_cents,
        claim_ids=[*event.claim_ids, *event.standing_claim_ids],
    )


def _interchange_prepared(state: State | None, event: InterchangePrepared) -> SequenceState:
    before = (
        state
        if isinstance(state, SequenceState)
        else SequenceState(receiver_id=event.receiver_id, submitter_id=event.submitter_id)
    )
    opened = OpenInterchange(
        form=event.form,
        group_control_number=event.group_control_number,
        transaction_control_numbers=event.transaction_control_numbers,
        claim_ids=event.claim_ids,
        claim_counts=event.claim_counts,
        billed_cents=event.billed_cents,
        sha256=event.sha256,
        bytes_count=event.bytes_count,
        written_at=event.written_at,
    )
    return _replace(
        before,
        interchange=int(event.interchange_control_number),
        group=int(event.group_control_number),
        transaction=int(event.transaction_control_numbers[-1]),
        open={**before.open, event.interchange_control_number: opened},
    )


def _interchange_settled(state: State | None, event: InterchangeSettled) -> SequenceState:
    assert isinstance(state, SequenceState)
    number = event.interchange_control_number
    rest = {key: value for key, value in state.open.items() if key != number}
    if event.outcome == "unknown":
        rest[number] = _replace(state.open[number], outcome="unknown")
    return _replace(state, open=rest)


def _acknowledgement(_: State | None, event: AcknowledgementReceived) -> AcknowledgementState:
    return AcknowledgementState(acknowledgement_id=event.acknowledgement_id, kind=event.kind)


def _claim(state: State | None) -> ClaimState:
    assert isinstance(state, ClaimState), "a claim begins with ClaimPrepared or ClaimHeld"
    return state


_STEPS: Final[dict[type, Callable[[State | None, Any], State]]] = {
    AcknowledgementReceived: _acknowledgement,
    ClaimAcknowledged: _acknowledged,
    ClaimBatched: _batched,
    ClaimCoordinated: _coordinated,
    ClaimCorrectionRequested: _correction_requested,
    ClaimHeld: _held,
    ClaimPrepared: _prepared,
    ClaimRejected: _rejected,
    ClaimReleased: _released,
    ClaimReplaced: _replaced,
    ClaimSubmitted: _submitted,
    EncounterBilled: _billed,
    InterchangePrepared: _interchange_prepared,
    InterchangeSettled: _interchange_settled,
    PayerNumberLearned: _number_learned,
    PriorAnswerLearned: _answer_learned,
    ReleaseWithdrawalNoted: _withdrawal_noted,
    ReleaseWithdrawalSettled: _withdrawal_settled,
}
