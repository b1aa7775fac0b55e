"""The 277CA claim acknowledgment, 005010X214: read, check its counts, write.

reading = x277ca.read(data)
for claim in reading.acknowledgments[0].claims:
    claim.claim_id, claim.is_rejected, claim.payer_claim_control_number
"""

from rcm.money import dollars
from rcm.x12.findings import Finding, Place, Rule, Severity
from rcm.x12.guide_277ca import GUIDE
from rcm.x12.origin import place
from rcm.x12.set_aside import SetAside
from rcm.x12.x277ca_documents import (
    ACCEPTED_CATEGORIES,
    REJECTED_CATEGORIES,
    ClaimAcknowledgment,
    ClaimStatus,
    LineStatus,
    Party,
    ProviderStatus,
    ReceiverStatus,
    Reference,
    Status,
    StatusCode,
)
from rcm.x12.x277ca_read import Reading, read
from rcm.x12.x277ca_write import segments
from rcm.x12.x277ca_write import write_acknowledgments as write

__all__ = [
    "ACCEPTED_CATEGORIES", "GUIDE", "REJECTED_CATEGORIES", "RULES", "ClaimAcknowledgment",
    "ClaimStatus", "LineStatus", "Party", "ProviderStatus", "Reading", "ReceiverStatus",
    "Reference", "SetAside", "Status", "StatusCode", "check", "read", "segments", "write",
]  # fmt: skip

COUNT_DIFFERS = Rule(
    "acknowledged-count-differs",
    3,
    Severity.WARNING,
    "Ask the payer about the claims that it counts and does not name.",
)
AMOUNT_DIFFERS = Rule(
    "acknowledged-amount-differs",
    3,
    Severity.WARNING,
    "Ask the payer about the claims that it sums and does not name.",
)
STATUS_CONTRADICTS = Rule(
    "status-contradicts-action",
    4,
    Severity.WARNING,
    "Treat the claim as rejected, and ask the payer which of the two is meant.",
)
RULES = (COUNT_DIFFERS, AMOUNT_DIFFERS, STATUS_CONTRADICTS)


def check(acknowledgment: ClaimAcknowledgment) -> list[Finding]:
    """Check what a 277CA counts and sums against the claims that it names."""
    found: list[Finding] = []
    for receiver in acknowledgment.receivers:
        for provider in receiver.providers:
            found += _check_provider(provider)
    for claim in acknowledgment.claims:
        found += _check_claim(claim)
    return found


def _check_provider(provider: ProviderStatus) -> list[Finding]:
    found = []
    where = place(provider.claims[0].origin) if provider.claims else Place(loop="2200C")
    for is_rejected, count, amount, told in (
        (False, provider.accepted_count, provider.accepted_cents, "accepted"),
        (True, provider.rejected_count, provider.rejected_cents, "rejected"),
    ):
        claims = [claim for claim in provider.claims if claim.is_rejected is is_rejected]
        if count is not None and count != len(claims):
            message = f"It counts {count} claims {told} and names {len(claims)}."
            found.append(Finding(rule=COUNT_DIFFERS, place=where, message=message))
        billed = sum(claim.statuses[0].billed_cents or 0 for claim in claims if claim.statuses)
        if amount is not None and amount != billed:
            message = f"It sums {dollars(amount)} {told} and names {dollars(billed)}."
            found.append(Finding(rule=AMOUNT_DIFFERS, place=where, message=message))
    return found


def _check_claim(claim: ClaimStatus) -> list[Finding]:
    found = []
    for status in claim.statuses:
        categories = {code.status_category_code for code in status.codes}
        accepts = status.action_code == "WQ" and categories & REJECTED_CATEGORIES
        rejects = status.action_code == "U" and categories <= ACCEPTED_CATEGORIES
        if accepts or rejects:
            where = place(claim.origin, claim_id=claim.claim_id)
            message = "STC03 says one thing and STC01 another."
            found.append(Finding(rule=STATUS_CONTRADICTS, place=where, message=message, element=3))
    return found
