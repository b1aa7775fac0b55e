"""The 277CA claim acknowledgment, 005010X214: read, check its counts, write.

reading = x277ca.read(data)
for claim in reading.acknowledgments[0].claims:
    claim.claim_id, claim.is_rejected, claim.payer_claim_control_number
"""

from rcm.money import dollars
from rcm.x12.findings import Finding, Place, Rule, Severity
from rcm.x12.guide_277ca import GUIDE
from rcm.x12.origin import place, segment_index
from rcm.x12.set_aside import SetAside
from rcm.x12.x277ca_documents import (
    ACCEPTED_CATEGORIES,
    REJECTED_CATEGORIES,
    ClaimAcknowledgment,
    ClaimStatus,
    LineStatus,
    ProviderStatus,
    ReceiverStatus,
    Status,
    StatusCode,
)
from rcm.x12.x277ca_read import Event, Reading, Stream, read
from rcm.x12.x277ca_write import segments
from rcm.x12.x277ca_write import write_acknowledgments as write
from rcm.x12.x835_documents import Party, Reference

__all__ = [
    "ACCEPTED_CATEGORIES", "GUIDE", "REJECTED_CATEGORIES", "RULES", "ClaimAcknowledgment",
    "ClaimStatus", "Event", "LineStatus", "Party", "ProviderStatus", "Reading", "ReceiverStatus",
    "Reference", "SetAside", "Status", "StatusCode", "Stream", "Totals", "check", "read",
    "segments", "write",
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
    totals = Totals()
    found: list[Finding] = []
    for receiver in acknowledgment.receivers:
        found += totals.take(receiver)
        for provider in receiver.providers:
            found += totals.take(provider)
            for claim in provider.claims:
                found += totals.take(claim)
    return found + totals.close()


class Totals:
    """Counts and sums claims as they come, and compares at the end of each level."""

    def __init__(self) -> None:
        self._receiver = _Total()
        self._provider = _Total()

    def take(self, event: Event) -> list[Finding]:
        """Take what `Stream` gives; say what is wrong with it, and with the level it closes."""
        found: list[Finding] = []
        match event:
            case ClaimStatus():
                self._receiver.add(event)
                self._provider.add(event)
                found = _check_claim(event)
            case ProviderStatus():
                found, self._provider = self._provider.findings(), _Total(event)
            case ReceiverStatus():
                found = self.close()
                self._receiver = _Total(event)
            case ClaimAcknowledgment():
                found = self.close()
            case SetAside():
                self._receiver.is_whole = self._provider.is_whole = False
        return found

    def close(self) -> list[Finding]:
        """Compare what is still open: the transaction ended."""
        found = self._provider.findings() + self._receiver.findings()
        self._provider, self._receiver = _Total(), _Total()
        return found


class _Total:
    """The claims under one receiver or one provider."""

    def __init__(self, level: ReceiverStatus | ProviderStatus | None = None) -> None:
        self._level = level
        self._counts = {False: 0, True: 0}
        self._cents = {False: 0, True: 0}
        self._names_claims = False
        self.is_whole = True

    def add(self, claim: ClaimStatus) -> None:
        self._names_claims = True
        self._counts[claim.is_rejected] += 1
        billed = claim.statuses[0].billed_cents if claim.statuses else 0
        self._cents[claim.is_rejected] += billed or 0

    def findings(self) -> list[Finding]:
        level = self._level
        is_receiver = isinstance(level, ReceiverStatus)
        # A file may be refused as a whole, or by provider, without a claim being named.
        if level is None or not self.is_whole or (is_receiver and not self._names_claims):
            return []
        found = []
        counts = ("90", "AA") if is_receiver else ("QA", "QC")
        for is_rejected, count, amount, told in (
            (False, level.accepted_count, level.accepted_cents, "accepted"),
            (True, level.rejected_count, level.rejected_cents, "rejected"),
        ):
            named, billed = self._counts[is_rejected], self._cents[is_rejected]
            if count is not None and count != named:
                message = f"It counts {count} claims {told} and names {named}."
                where = _at(level, "QTY", counts[is_rejected])
                found.append(Finding(rule=COUNT_DIFFERS, place=where, message=message, element=2))
            if amount is not None and amount != billed:
                message = f"It sums {dollars(amount)} {told} and names {dollars(billed)}."
                where = _at(level, "AMT", "YY" if is_rejected else "YU")
                found.append(Finding(rule=AMOUNT_DIFFERS, place=where, message=message, element=2))
        return found


def _at(level: ReceiverStatus | ProviderStatus, tag: str, qualifier: str) -> Place:
    return place(level.origin, segment_index(level.origin, tag, qualifier))


def _check_claim(claim: ClaimStatus) -> list[Finding]:
    found = []
    at = segment_index(claim.origin, "TRN", claim.claim_id)
    for status in claim.statuses:
        at = segment_index(claim.origin, "STC", status.action_code, at + 1)
        categories = {code.status_category_code for code in status.codes}
        accepts = status.action_code == "WQ" and categories & REJECTED_CATEGORIES
        rejects = status.action_code == "U" and categories <= ACCEPTED_CATEGORIES
        if accepts or rejects:
            where = place(claim.origin, at, claim_id=claim.claim_id)
            message = "STC03 says one thing and STC01 another."
            found.append(Finding(rule=STATUS_CONTRADICTS, place=where, message=message, element=3))
    return found
