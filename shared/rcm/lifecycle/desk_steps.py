"""The coder's desk and the audit of coding, in words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rcm.events import claims_withdrawal, coding_audit, coding_desk
from rcm.events.event import Event
from rcm.lifecycle.said import Said

OF_ENCOUNTER: Final[tuple[type[Event], ...]] = (
    coding_desk.EncounterTaken,
    coding_desk.EncounterReturned,
    coding_desk.EncounterAssigned,
    coding_desk.ReleaseWithdrawalRequested,
    coding_desk.ReleaseWithdrawn,
    coding_desk.ReleaseWithdrawalRefused,
    coding_desk.EvidencePackIssued,
    coding_audit.AuditCaseOpened,
    coding_audit.AuditCaseBegun,
    coding_audit.AuditCaseCoded,
    claims_withdrawal.ReleaseWithdrawalNoted,
    claims_withdrawal.ReleaseWithdrawalSettled,
)
"""Events of an encounter's story, and of no claim's alone."""

_REFUSED: Final = {
    "sent": "its claim is out: release the mended version, a replacement (7) or void (8) follows",
    "superseded": "a later version was billed",
    "": "",
}


def _settled(event: claims_withdrawal.ReleaseWithdrawalSettled) -> Said:
    if event.outcome == "withdrawn":
        return Said(f"version {event.coded_version} taken back: it will not be sent")
    what = f"version {event.coded_version} stands"
    return Said(what, _REFUSED[event.cause], is_detail=True)


def _drawn(event: coding_audit.AuditDrawn) -> Said:
    what = f"audit {event.title_code}: {len(event.cases)} of {event.population_count} drawn"
    return Said(what, f"{event.kind}, seed {event.seed}")


def _percent(milli: int) -> str:
    return f"{milli // 10}.{milli % 10} %"


def _second_coding(event: coding_audit.AuditCaseCoded) -> Said:
    agreed = sum(one.agreed_count for one in event.agreements)
    compared = sum(one.compared_count for one in event.agreements)
    return Said(f"coded a second time: {agreed} of {compared} codes agree", event.unpriced)


WORDS: Final[Mapping[type[Event], Callable[[Any], Said]]] = {
    coding_desk.EncounterTaken: lambda e: Said(f"taken by {e.coder}", is_detail=True),
    coding_desk.EncounterReturned: lambda e: Said(
        f"back in the queue, from {e.coder}", e.cause.replace("-", " "), is_detail=True
    ),
    coding_desk.EncounterAssigned: lambda e: Said(
        f"to be coded by {e.coder or 'whoever is next'}", is_detail=True
    ),
    coding_desk.ReleaseWithdrawalRequested: lambda e: Said(f"version {e.coded_version} asked back"),
    coding_desk.ReleaseWithdrawn: lambda e: Said(f"version {e.coded_version} taken back by coding"),
    coding_desk.ReleaseWithdrawalRefused: lambda e: Said(
        f"version {e.coded_version} could not be taken back", _REFUSED[e.cause]
    ),
    coding_desk.SubmissionNoted: lambda _: Said("submission noted by coding", is_detail=True),
    coding_desk.CoderCredentialed: lambda e: Said(
        f"{e.coder} holds {e.credential_code}",
        f"from {e.valid_from}" + (f" through {e.valid_through}" if e.valid_through else ""),
    ),
    coding_desk.CoderCredentialEnded: lambda e: Said(
        f"{e.coder} no longer holds {e.credential_code}"
    ),
    coding_desk.CoderRouted: lambda e: Said(f"what {e.coder} is given was set"),
    coding_desk.CoderQuotaSet: lambda e: Said(f"quota of {e.coder} was set"),
    coding_desk.EvidencePackIssued: lambda e: Said(
        f"evidence given to {e.given_to}", "with PHI" if e.holds_phi else "masked"
    ),
    coding_audit.AuditDrawn: _drawn,
    coding_audit.AuditCaseOpened: lambda _: Said("drawn for audit", is_detail=True),
    coding_audit.AuditCaseBegun: lambda e: Said(f"audited by {e.auditor}", is_detail=True),
    coding_audit.AuditCaseCoded: _second_coding,
    coding_audit.AuditFindingRecorded: lambda e: Said(
        f"finding {e.number}: {e.verdict}", e.rule_id
    ),
    coding_audit.AuditFindingAnswered: lambda e: Said(
        f"finding {e.number}: the coder does {'' if e.answer == 'agree' else 'not '}agree"
    ),
    coding_audit.AuditFindingAdjudicated: lambda e: Said(f"finding {e.number}: {e.outcome}"),
    coding_audit.AccuracyAlertRaised: lambda e: Said(
        f"accuracy of {e.coder or 'all coders'} under the goal: {_percent(e.accuracy_milli)}",
        f"goal {_percent(e.goal_milli)}, {e.error_count} errors in {e.decision_count} codes",
    ),
    coding_audit.AccuracyAlertCleared: lambda e: Said(
        f"accuracy of {e.coder or 'all coders'} back at {_percent(e.accuracy_milli)}"
    ),
    claims_withdrawal.ReleaseWithdrawalNoted: lambda _: Said("release asked back", is_detail=True),
    claims_withdrawal.ReleaseWithdrawalSettled: _settled,
}
