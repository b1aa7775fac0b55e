"""Check one claim: it may leave (ClaimPrepared), or it is held and says why (ClaimHeld)."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from claims_svc.codec.check import trial
from claims_svc.model.content import ClaimContent, day
from claims_svc.model.directory import Directory, filing_deadline
from claims_svc.model.states import ClaimState
from claims_svc.rules import EDITS_VERSION, PREVENTS_WRITING, findings
from claims_svc.rules.edit import Setting
from rcm.domain import Context, Fact
from rcm.events.claims import ClaimHeld, ClaimPrepared
from rcm.events.clinical import Reason
from rcm.events.phi import ClearPhi

FORGOTTEN: Final = Reason(
    rule_id="patient-forgotten",
    path="PHI",
    text="The patient's key was destroyed; what is sealed under it can be read no more.",
    remedy="Nothing: it will not be billed.",
)


class Identity(NamedTuple):
    """Which claim it is that is prepared.

    Attributes:
        claim_id: CLM01.
        encounter_id: The encounter billed.
        coded_version: Version of the coded encounter that it comes from.
        patient_id: Names the PHI key.
        replaces_claim_id: The claim that it replaces or voids, or empty.
        clock_starts_on: Day that its filing limit counts from; None for its dates of service.
        deadline_on: The limit itself, where it was computed before; None to compute it.
        prior_claim_id: The claim for the payer before, whose answer it is made from.
    """

    claim_id: str
    encounter_id: str
    coded_version: int
    patient_id: str
    replaces_claim_id: str = ""
    clock_starts_on: date | None = None
    deadline_on: date | None = None
    prior_claim_id: str = ""


def prepare(
    identity: Identity,
    content: ClaimContent,
    directory: Directory | None,
    context: Context,
    doubts: Sequence[Reason] = (),
) -> Fact:
    """Check a claim and say whether it may leave.

    Args:
        identity: Which claim.
        content: What it is written from; the directory's part is in it.
        directory: For the receiver and the version.
        context: When, and whose.
        doubts: Reasons beyond the edits: a correction still to be made, a person's hold.
    """
    deadline_on = _deadline(identity, content)
    setting = Setting(context.now.date(), deadline_on)
    reasons = [*doubts, *findings(content, setting)]
    text = ""
    receiver = directory.receiver(content.receiver_id) if directory is not None else None
    if receiver is not None and not any(one.rule_id in PREVENTS_WRITING for one in reasons):
        text, found = trial(identity.claim_id, content, receiver, setting.today)
        reasons += found
    event = (
        _held(identity, content, reasons, deadline_on)
        if receiver is None or directory is None or deadline_on is None or _errors(reasons)
        else _prepared(identity, content, reasons, deadline_on, directory, text)
    )
    return Fact(identity.claim_id, event)


def written(claim_id: str, content: ClaimContent, directory: Directory, today: date) -> str:
    """Write a claim for a reader, one segment a line; empty where it cannot be written."""
    receiver = directory.receiver(content.receiver_id)
    reasons = findings(content, Setting(today, None))
    if receiver is None or any(one.rule_id in PREVENTS_WRITING for one in reasons):
        return ""
    text, _ = trial(claim_id, content, receiver, today)
    return text.replace("~", "~\n")


def hold(claim: ClaimState, content: ClaimContent, reasons: list[Reason]) -> Fact:
    """Hold a claim that was ready."""
    identity = Identity(
        claim.claim_id,
        claim.encounter_id,
        claim.coded_version,
        claim.patient_id,
        claim.replaces_claim_id,
        prior_claim_id=claim.prior_claim_id,
    )
    return Fact(claim.claim_id, _held(identity, content, reasons, day(claim.filing_deadline_on)))


def forget(claim: ClaimState) -> Fact:
    """Hold a claim of a patient whose key was destroyed: it can be written no more."""
    event = ClaimHeld(
        claim_id=claim.claim_id,
        encounter_id=claim.encounter_id,
        coded_version=claim.coded_version,
        patient_id=claim.patient_id,
        billed_cents=claim.billed_cents,
        reasons=[FORGOTTEN],
        form=claim.form,
        part=claim.part,
        payer_id=claim.payer_id,
        payer_name=claim.payer_name,
        facility_id=claim.facility_id,
        frequency_code=claim.frequency_code,
        replaces_claim_id=claim.replaces_claim_id,
        prior_claim_id=claim.prior_claim_id,
        service_from=claim.service_from or None,
        filing_deadline_on=claim.filing_deadline_on or None,
    )
    return Fact(claim.claim_id, event)


def _deadline(identity: Identity, content: ClaimContent) -> date | None:
    if identity.deadline_on is not None:
        return identity.deadline_on
    starts_on = identity.clock_starts_on or day(content.clock_starts_on)
    if starts_on is None:
        return None
    return filing_deadline(
        content.payer, content.claim_filing_indicator_code, starts_on, content.frequency_code
    )


def _errors(reasons: Sequence[Reason]) -> bool:
    return any(reason.severity == "error" for reason in reasons)


def _prepared(
    identity: Identity,
    content: ClaimContent,
    warnings: list[Reason],
    deadline_on: date,
    directory: Directory,
    text: str,
) -> ClaimPrepared:
    assert content.facility is not None, "the edits hold a claim without a billing provider"
    return ClaimPrepared(
        claim_id=identity.claim_id,
        encounter_id=identity.encounter_id,
        coded_version=identity.coded_version,
        patient_id=identity.patient_id,
        form=content.form,
        part=content.part,
        payer_id=content.coverage.payer_id,
        payer_name=content.payer_name,
        payer_sequence_code=content.coverage.sequence_code,
        claim_filing_indicator_code=content.claim_filing_indicator_code,
        frequency_code=content.frequency_code,
        payer_claim_control_number=content.payer_claim_control_number,
        billing_npi=content.facility.npi,
        facility_id=content.facility_id,
        receiver_id=content.receiver_id,
        replaces_claim_id=identity.replaces_claim_id,
        prior_claim_id=identity.prior_claim_id,
        later_payer_count=len(content.later_payers),
        left_cents=content.left_cents,
        billed_cents=content.billed_cents,
        service_from=content.service_from,
        service_through=content.service_through,
        filing_deadline_on=deadline_on.isoformat(),
        diagnosis_codes=[one.code for one in content.diagnoses],
        lines=content.claim_lines(),
        content=ClearPhi.of(identity.patient_id, content),
        x12=ClearPhi.of(identity.patient_id, text),
        warnings=warnings,
        rule_versions={"edits": EDITS_VERSION, "directory": directory.version},
    )


def _held(
    identity: Identity, content: ClaimContent, reasons: list[Reason], deadline_on: date | None
) -> ClaimHeld:
    return ClaimHeld(
        claim_id=identity.claim_id,
        encounter_id=identity.encounter_id,
        coded_version=identity.coded_version,
        patient_id=identity.patient_id,
        billed_cents=content.billed_cents,
        reasons=reasons,
        form=content.form,
        part=content.part,
        payer_id=content.coverage.payer_id,
        payer_name=content.payer_name,
        facility_id=content.facility_id,
        frequency_code=content.frequency_code,
        replaces_claim_id=identity.replaces_claim_id,
        prior_claim_id=identity.prior_claim_id,
        service_from=content.service_from if day(content.service_from) is not None else None,
        filing_deadline_on=deadline_on.isoformat() if deadline_on is not None else None,
        content=ClearPhi.of(identity.patient_id, content),
    )
