"""Every event of the product, and every topic. Adding one here is the whole registration."""

from typing import Final

from rcm.events import (
    claims,
    claims_coordination,
    claims_withdrawal,
    coding,
    coding_audit,
    coding_codes,
    coding_desk,
    coding_query,
    delivery,
    denials,
    remit,
    remit_coordination,
    remit_undo,
)
from rcm.events.event import Catalogue

CODING: Final = "rcm.coding"
CLAIMS: Final = "rcm.claims"
REMIT: Final = "rcm.remit"
DENIALS: Final = "rcm.denials"

EVENTS_BY_TOPIC: Final = {
    CODING: (
        coding.EncounterReceived,
        coding.MessageSetAside,
        coding.EncounterMerged,
        coding.EncounterHeld,
        coding.EncounterCoded,
        coding_desk.EncounterTaken,
        coding_desk.EncounterReturned,
        coding_desk.EncounterAssigned,
        coding_desk.ReleaseWithdrawalRequested,
        coding_desk.ReleaseWithdrawn,
        coding_desk.ReleaseWithdrawalRefused,
        coding_desk.SubmissionNoted,
        coding_desk.CoderCredentialed,
        coding_desk.CoderCredentialEnded,
        coding_desk.CoderRouted,
        coding_desk.CoderQuotaSet,
        coding_desk.EvidencePackIssued,
        coding_audit.AuditDrawn,
        coding_audit.AuditCaseOpened,
        coding_audit.AuditCaseBegun,
        coding_audit.AuditCaseCoded,
        coding_audit.AuditFindingRecorded,
        coding_audit.AuditFindingAnswered,
        coding_audit.AuditFindingAdjudicated,
        coding_audit.AccuracyAlertRaised,
        coding_audit.AccuracyAlertCleared,
        *coding_query.EVENTS,
        *coding_codes.EVENTS,
    ),
    CLAIMS: (
        claims.EncounterBilled,
        claims.ClaimPrepared,
        claims.ClaimHeld,
        claims.ClaimReleased,
        claims.ClaimBatched,
        claims.InterchangePrepared,
        claims.InterchangeSettled,
        claims.ClaimSubmitted,
        claims.AcknowledgementReceived,
        claims.ClaimAcknowledged,
        claims.ClaimRejected,
        claims.ClaimReplaced,
        claims.ClaimCorrectionRequested,
        claims.PayerNumberLearned,
        claims_coordination.PriorAnswerLearned,
        claims_coordination.ClaimCoordinated,
        claims_withdrawal.ReleaseWithdrawalNoted,
        claims_withdrawal.ReleaseWithdrawalSettled,
    ),
    REMIT: (
        remit.RemittanceFileReceived,
        remit.RemittanceFileHandled,
        remit.RemittanceQuarantined,
        remit.RemittanceDismissed,
        remit.RemittanceAccepted,
        remit.RemittanceReceived,
        remit.ChargePosted,
        remit_coordination.PatientSharePassedOn,
        remit.ChargeReversed,
        remit.PaymentPosted,
        remit.RemittanceUnmatched,
        remit.RemittanceMatched,
        remit_undo.RemittanceMatchUndone,
        remit.ProviderAdjustmentPosted,
        remit.PatientResponsibilitySet,
    ),
    DENIALS: (
        denials.AdjudicationAssessed,
        denials.DenialOpened,
        denials.DenialChanged,
        denials.DenialClosed,
        denials.ReplacementNoted,
        denials.DenialAssigned,
        denials.CodingReworkRequested,
        denials.CorrectedClaimRequested,
    ),
}
"""The events of each topic. Every topic may also carry those of `delivery`."""

ON_EVERY_TOPIC: Final = (delivery.EventParked, delivery.EventUnparked)

TOPICS: Final = tuple(EVENTS_BY_TOPIC)

CATALOGUE: Final = Catalogue(
    *(event for events in EVENTS_BY_TOPIC.values() for event in events), *ON_EVERY_TOPIC
)
