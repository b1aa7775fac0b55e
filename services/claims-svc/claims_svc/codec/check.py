"""Write a claim as it would leave and let `rcm.x12` say what is wrong with it."""

from datetime import UTC, datetime
from typing import Final

from claims_svc.codec.x837 import write_interchange
from claims_svc.model.content import ClaimContent
from claims_svc.model.directory import Receiver
from rcm.events.clinical import Reason
from rcm.x12.findings import Finding, errors
from rcm.x12.writer import NotWritable
from rcm.x12.x837_read import read

_TRIAL_NUMBER: Final = 1
_TRIAL_TRANSACTION: Final = "0001"
_TRIAL_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)


def trial(claim_id: str, content: ClaimContent, receiver: Receiver) -> tuple[str, list[Reason]]:
    """Write one ST..SE with this claim alone and check it.

    Returns:
        The transaction set's text, and what is wrong with it.
    """
    try:
        data = write_interchange(
            receiver,
            content.form,
            (_TRIAL_NUMBER, _TRIAL_NUMBER, [_TRIAL_TRANSACTION]),
            [[(claim_id, content)]],
            _TRIAL_MOMENT,
        )
    except NotWritable as error:
        return "", [
            Reason(
                rule_id="value-not-writable",
                path=str(error)[:80],
                text="A value holds a character that X12 uses to separate elements.",
                remedy="Remove the character where the value comes from.",
            )
        ]
    found = read(data)
    text = data.decode()
    start, end = text.index("ST*837"), text.index("GE*1*")
    return text[start:end], [reason_of(finding) for finding in found.findings]


def faults_by_claim(data: bytes) -> dict[str, list[Reason]]:
    """Check an interchange that is about to leave.

    Returns:
        The errors, by the claim that has them; under an empty claim id those of no claim.
    """
    faults: dict[str, list[Reason]] = {}
    for finding in errors(read(data).findings):
        faults.setdefault(finding.claim_id, []).append(reason_of(finding))
    return faults


def reason_of(finding: Finding) -> Reason:
    """Say a finding as a reason: where and what, never the value."""
    place = " ".join(filter(None, (finding.place.loop, finding.position)))
    return Reason(
        rule_id=finding.rule_id,
        path=place,
        text=finding.message,
        remedy=finding.rule.remedy,
        severity="error" if finding.is_error else "warning",
    )
