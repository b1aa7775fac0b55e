"""Where one claim stands: three orthogonal things, never squeezed into one.

    sending    held, ready, batched, sent, rejected or accepted: what claims-svc recorded
    answers    what each payer adjudicated, leg by leg: what remit-svc recorded
    denials    what is in dispute: what denials-svc recorded

`state` is derived from the three, so that it comes out the same in whatever order the topics are
read. Money is a projection of the ledger, never a status: a claim that was paid nothing may be
settled.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec

from rcm.events import (
    claims,
    claims_coordination,
    denials,
    remit,
    remit_coordination,
    remit_undo,
)
from rcm.events.envelope import Recorded
from rcm.events.event import Event
from rcm.events.remit import LedgerEntry
from rcm.money import Cents

State = Literal[
    "unknown-to-us", "held", "ready", "batched", "sent", "interchange-rejected",
    "transaction-rejected", "clearinghouse-rejected", "payer-rejected", "syntax-accepted",
    "clearinghouse-accepted", "payer-accepted", "paid", "partly-paid", "zero-paid", "denied",
    "forwarded", "reversed", "replaced", "voided",
]  # fmt: skip
"""State of a claim, as a worklist says it.

`unknown-to-us` only an answer is known so far; `batched` it stands in an interchange that may have
left; `zero-paid` adjudicated, nothing paid and nothing in dispute (contract or patient share).
"""

STATES: Final[tuple[str, ...]] = State.__args__  # type: ignore[attr-defined]  # a Literal has it

WAITING: Final = frozenset({"ready", "batched", "sent", "syntax-accepted", "clearinghouse-accepted",
                            "payer-accepted", "forwarded", "reversed"})  # fmt: skip
"""The next step is somebody else's."""

STUCK: Final = frozenset({"held", "interchange-rejected", "transaction-rejected",
                          "clearinghouse-rejected", "payer-rejected", "denied", "partly-paid",
                          "unknown-to-us"})  # fmt: skip
"""The next step is ours."""

_REJECTED: Final = {
    "TA1": "interchange-rejected",
    "999": "transaction-rejected",
    "277CA-clearinghouse": "clearinghouse-rejected",
    "277CA-payer": "payer-rejected",
}
_ACCEPTED: Final = {
    "999": "syntax-accepted",
    "277CA-clearinghouse": "clearinghouse-accepted",
    "277CA-payer": "payer-accepted",
}
_ON_ITS_WAY: Final = ("unknown-to-us", "batched", "sent", *_ACCEPTED.values())
"""In this order; a rejection is left by a new sending only, not by a late acknowledgement, and one
that is ready again does not move by an answer to an earlier sending."""

_PAID_ACCOUNTS: Final = frozenset({"clearing", "suspense", "cash"})
_PATIENT_ACCOUNTS: Final = frozenset({"patient", "paid_to_patient", "consumer_account"})
_OPEN_ACCOUNTS: Final = frozenset({"receivable", "pending", "review"})


class Money(msgspec.Struct, frozen=True):
    """A claim's money, in US cents: billed = paid + adjusted + patient + denied + open, always.

    Attributes:
        billed_cents: What is asked for: CLM02 while the claim stands, 0 once another replaced it.
            What the next payer is asked for counts there, and here no more, by the same fact
            (PatientSharePassedOn): all claims together are what was charged.
        paid_cents: By all payers, after reversals.
        adjusted_cents: Written off by contract, budget cut, coordination between payers ...
        patient_cents: The patient's share.
        denied_cents: Refused and in dispute.
        open_cents: Not answered yet, or the payer is still deciding.
    """

    billed_cents: Cents = 0
    paid_cents: Cents = 0
    adjusted_cents: Cents = 0
    patient_cents: Cents = 0
    denied_cents: Cents = 0
    open_cents: Cents = 0

    def __add__(self, other: "Money") -> "Money":
        """Add up the money of two claims."""
        return Money(
            self.billed_cents + other.billed_cents,
            self.paid_cents + other.paid_cents,
            self.adjusted_cents + other.adjusted_cents,
            self.patient_cents + other.patient_cents,
            self.denied_cents + other.denied_cents,
            self.open_cents + other.open_cents,
        )


class Leg(msgspec.Struct, frozen=True):
    """What one payer in sequence answered. 835 loop 2100.

    Attributes:
        payer_name: 1000A N102 of the last answer.
        paid_cents: Sum of CLP04.
        adjusted_cents: Sum of CAS with CO, OA, PI.
        patient_cents: Sum of CAS with PR.
        billed_cents: CLP03 of the answers that stand.
        answer_count: Payments less reversals; 0 when nothing stands.
        reversal_count: Reversals so far.
        is_forwarded: The last answer named a next payer.
        claim_status_code: CLP02 of the last answer.
    """

    payer_name: str = ""
    paid_cents: Cents = 0
    adjusted_cents: Cents = 0
    patient_cents: Cents = 0
    billed_cents: Cents = 0
    answer_count: int = 0
    reversal_count: int = 0
    is_forwarded: bool = False
    claim_status_code: str = ""

    @property
    def balance_cents(self) -> int:
        """What the answers leave unexplained; 0 for a payer that balances."""
        return self.billed_cents - self.paid_cents - self.adjusted_cents - self.patient_cents

    @property
    def state(self) -> str:
        """The leg's own state."""
        if self.answer_count <= 0:
            return "reversed" if self.reversal_count else "awaited"
        if self.is_forwarded:
            return "forwarded"
        return "paid" if self.paid_cents > 0 else "zero-paid"


class Denial(msgspec.Struct, frozen=True):
    """A denial of this claim."""

    denied_cents: Cents
    category: str
    reason: str  # CAS01-CAS02, such as CO-197
    deadline_on: str
    is_open: bool = True


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of one claim, from every topic.

    Attributes:
        claim_id: CLM01 = CLP01.
        encounter_id: The encounter billed.
        patient_id: Names the PHI key.
        form: P or I.
        frequency_code: CLM05-3.
        payer_id: 2010BB NM109.
        payer_name: 2010BB NM103.
        payer_sequence_code: The leg that we billed.
        facility_id: Key into the tenant's directory.
        service_from: First date of service.
        filing_deadline_on: Last day on which the payer must have received it.
        prepared_cents: CLM02 as last prepared or held; billed once it is submitted.
        sending: Where it stands on its way to the payer.
        why: Why it stands there, where somebody said so.
        attempt: Sendings so far.
        interchanges: `receiver/ISA13` that it travelled in, the last one last.
        is_received: The payer has it: the filing clock has stopped.
        is_charged: Its charge is in the ledger.
        charged_cents: What the ledger asks for.
        accounts: Balance of each ledger account.
        legs: What each payer answered.
        remittance_ids: The advices that answered.
        denials: By denial id.
        replaced_by: The claim that stands for it; `-` when it was voided.
        replaces_claim_id: The claim that it replaces or voids.
        prior_claim_id: The claim for the payer before, whose answer it is made from.
        next_claim_id: The claim for the next payer.
        taken_cents: Of a later payer's claim, the patient's share that it asks for now.
        passed_cents: The patient's share that the next payer's claim asks for now.
        first_at: Instant of its first event.
        changed_at: Instant of its latest event.
    """

    claim_id: str
    encounter_id: str = ""
    patient_id: str = ""
    form: str = ""
    frequency_code: str = "1"
    payer_id: str = ""
    payer_name: str = ""
    payer_sequence_code: str = "P"
    facility_id: str = ""
    service_from: str = ""
    filing_deadline_on: str = ""
    prepared_cents: Cents = 0
    sending: str = "unknown-to-us"
    why: str = ""
    attempt: int = 0
    interchanges: list[str] = []
    is_received: bool = False
    is_charged: bool = False
    charged_cents: Cents = 0
    accounts: dict[str, int] = {}
    legs: dict[str, Leg] = {}
    remittance_ids: list[str] = []
    denials: dict[str, Denial] = {}
    replaced_by: str = ""
    replaces_claim_id: str = ""
    prior_claim_id: str = ""
    next_claim_id: str = ""
    taken_cents: Cents = 0
    passed_cents: Cents = 0
    first_at: str = ""
    changed_at: str = ""

    @property
    def money(self) -> Money:
        """Where the money is. Before the charge is in the ledger, all of it is open; a claim that
        is to replace another, or to ask the next payer, asks for nothing until it is sent, for the
        other one still does.
        """
        if not self.is_charged and not self.legs:
            is_second = (
                self.replaced_by
                or self.replaces_claim_id
                or self.prior_claim_id
                or self.frequency_code != "1"
            )
            cents = self.taken_cents if is_second else self.prepared_cents
            return Money(billed_cents=cents, open_cents=cents)
        paid = self._sum(_PAID_ACCOUNTS)
        patient = self._sum(_PATIENT_ACCOUNTS)
        denied = self.accounts.get("denied", 0)
        remaining = self._sum(_OPEN_ACCOUNTS)
        billed = self.charged_cents - self.passed_cents
        adjusted = billed - paid - patient - denied - remaining
        if not self.prior_claim_id:
            return Money(billed, paid, adjusted, patient, denied, remaining)
        # A later payer's claim states the whole charge; the payers before dealt with most of it.
        before = self.charged_cents - self.taken_cents
        out_of_open = min(before, max(before - max(adjusted, 0), 0), remaining)
        adjusted -= before - out_of_open
        return Money(billed - before, paid, adjusted, patient, denied, remaining - out_of_open)

    @property
    def open_denials(self) -> list[Denial]:
        """The denials that somebody must work on."""
        return [denial for denial in self.denials.values() if denial.is_open]

    @property
    def state(self) -> str:
        """Where it stands, for a worklist: see `State`."""
        if self.replaced_by:
            return "voided" if self.replaced_by == "-" else "replaced"
        answered = [leg for leg in self.legs.values() if leg.answer_count > 0]
        if not answered:
            reversed_legs = any(leg.reversal_count for leg in self.legs.values())
            return "reversed" if reversed_legs else self.sending
        last = self.legs[max(code for code, leg in self.legs.items() if leg.answer_count > 0)]
        if last.is_forwarded:
            return "forwarded"
        is_paid = sum(leg.paid_cents for leg in answered) > 0
        if self.open_denials:
            return "partly-paid" if is_paid else "denied"
        return "paid" if is_paid else "zero-paid"

    @property
    def turn(self) -> str:
        """Whose turn it is: `ours`, `theirs` or `nobody`."""
        state = self.state
        return "ours" if state in STUCK else "theirs" if state in WAITING else "nobody"

    def _sum(self, accounts: Iterable[str]) -> int:
        return sum(self.accounts.get(account, 0) for account in accounts)


def fold_claim(claim: Claim | None, recorded: Recorded[Any], claim_id: str) -> Claim:
    """Fold one event into a claim. Events that say nothing of it change its dates only."""
    claim = claim or Claim(claim_id=claim_id, first_at=recorded.recorded_at)
    changes = _changes(claim, recorded.event)
    return msgspec.structs.replace(
        claim,
        first_at=min(claim.first_at, recorded.recorded_at),
        changed_at=max(claim.changed_at, recorded.recorded_at),
        **changes,
    )


def _changes(claim: Claim, event: Event) -> Mapping[str, Any]:
    match event:
        case claims_coordination.ClaimCoordinated():
            is_answered = event.claim_id == claim.claim_id and event.next_claim_id
            return {"next_claim_id": event.next_claim_id} if is_answered else {}
        case remit_coordination.PatientSharePassedOn():
            return _passed_on(claim, event)
        case claims.ClaimPrepared() | claims.ClaimHeld() | claims.ClaimSubmitted():
            return _described(claim, event)
        case (
            claims.ClaimBatched()
            | claims.ClaimReleased()
            | claims.ClaimAcknowledged()
            | claims.ClaimRejected()
            | claims.ClaimReplaced()
        ):
            return _moved(claim, event)
        case (
            remit.ChargePosted()
            | remit.ChargeReversed()
            | remit.PaymentPosted()
            | remit.RemittanceMatched()
            | remit_undo.RemittanceMatchUndone()
        ):
            return _posted(claim, event)
        case remit.RemittanceReceived():
            changes = _answered(claim, event)
            return changes if event.posting is None else {**changes, **_posted(claim, event)}
        case denials.DenialOpened() | denials.DenialChanged() | denials.DenialClosed():
            return _denied(claim, event)
        case _:
            return {}


def _described(
    claim: Claim, event: claims.ClaimPrepared | claims.ClaimHeld | claims.ClaimSubmitted
) -> Mapping[str, Any]:
    """Take over what the claim is, and that it was made, held or sent."""
    changes: dict[str, Any] = {
        "encounter_id": event.encounter_id,
        "patient_id": event.patient_id,
        "form": event.form or claim.form,
        "frequency_code": event.frequency_code,
        "payer_id": event.payer_id or claim.payer_id,
        "payer_name": event.payer_name or claim.payer_name,
        "service_from": event.service_from or claim.service_from,
        "filing_deadline_on": event.filing_deadline_on or claim.filing_deadline_on,
        "prepared_cents": event.billed_cents,
        "prior_claim_id": event.prior_claim_id or claim.prior_claim_id,
    }
    if not isinstance(event, claims.ClaimHeld):
        changes["payer_sequence_code"] = event.payer_sequence_code
    if isinstance(event, claims.ClaimSubmitted):
        # An acknowledgement of this very sending may be on the stream already.
        is_first_sight = event.attempt > claim.attempt
        return changes | {
            "sending": "sent" if is_first_sight or claim.sending == "batched" else claim.sending,
            "why": "" if is_first_sight else claim.why,
            "attempt": max(event.attempt, claim.attempt),
        }
    reasons = event.reasons if isinstance(event, claims.ClaimHeld) else []
    return changes | {
        "facility_id": event.facility_id or claim.facility_id,
        "replaces_claim_id": event.replaces_claim_id or claim.replaces_claim_id,
        "sending": "held" if isinstance(event, claims.ClaimHeld) else "ready",
        "why": "; ".join(reason.text for reason in reasons[:3]),
    }


def _moved(
    claim: Claim,
    event: claims.ClaimBatched
    | claims.ClaimReleased
    | claims.ClaimAcknowledged
    | claims.ClaimRejected
    | claims.ClaimReplaced,
) -> Mapping[str, Any]:
    """Follow the claim on its way."""
    match event:
        case claims.ClaimBatched():
            place = f"{event.receiver_id}/{event.interchange_control_number}"
            return {
                "sending": "batched",
                "why": "",
                "attempt": event.attempt,
                "interchanges": [*(i for i in claim.interchanges if i != place), place],
            }
        case claims.ClaimReleased():
            return {"sending": "ready", "why": ""}
        case claims.ClaimAcknowledged():
            now, then = _ACCEPTED[event.level], claim.sending
            later = then in _ON_ITS_WAY and _ON_ITS_WAY.index(now) > _ON_ITS_WAY.index(then)
            return {
                "sending": now if later else then,
                "why": "" if later else claim.why,
                "is_received": claim.is_received or event.level == "277CA-payer",
            }
        case claims.ClaimRejected():
            if claim.sending in ("held", "ready"):
                return {}
            return {
                "sending": _REJECTED[event.level],
                "why": "; ".join(reason.text for reason in event.reasons[:3]),
            }
        case claims.ClaimReplaced():
            return {"replaced_by": event.replaced_by or "-"}


def _posted(
    claim: Claim,
    event: remit.ChargePosted
    | remit.ChargeReversed
    | remit.PaymentPosted
    | remit.RemittanceMatched
    | remit_undo.RemittanceMatchUndone
    | remit.RemittanceReceived,
) -> Mapping[str, Any]:
    """Add entries to the accounts; a charge's counterpart is what is asked for."""
    is_charge = isinstance(event, remit.ChargePosted | remit.ChargeReversed)
    # Revenue is what is asked for wherever it moves: an answer to a replaced claim moves it,
    # too. For a later payer's claim that is `coordination`, which answers use for their own ends.
    asked_accounts = ("revenue", "coordination") if is_charge else ("revenue",)
    asked = [entry for entry in event.entries if entry.account in asked_accounts]
    others = [entry for entry in event.entries if entry.account not in asked_accounts]
    accounts = _added(claim.accounts, others)
    return {
        "accounts": {name: cents for name, cents in accounts.items() if cents},
        "charged_cents": claim.charged_cents - sum(entry.amount_cents for entry in asked),
        "is_charged": claim.is_charged or is_charge,
    }


def _passed_on(claim: Claim, event: remit_coordination.PatientSharePassedOn) -> Mapping[str, Any]:
    """Move the patient's share between two claims, or tell what it is now: at once on both."""
    if event.claim_id == claim.claim_id:
        accounts = _added(claim.accounts, event.entries)
        return {
            "accounts": {name: cents for name, cents in accounts.items() if cents},
            "passed_cents": event.share_cents,
        }
    taken_cents = event.share_cents if event.to_claim_id == claim.claim_id else 0
    return {"taken_cents": taken_cents, "prior_claim_id": event.claim_id}


def _added(accounts: Mapping[str, int], entries: Iterable[LedgerEntry]) -> dict[str, int]:
    total = dict(accounts)
    for entry in entries:
        total[entry.account] = total.get(entry.account, 0) + entry.amount_cents
    return total


def _answered(claim: Claim, event: remit.RemittanceReceived) -> Mapping[str, Any]:
    """Add an answer to its leg. Statuses without adjudication are only noted."""
    changes: dict[str, Any] = {
        "encounter_id": claim.encounter_id or event.encounter_id,
        "patient_id": claim.patient_id or event.patient_id,
        "form": claim.form or event.form,
        "payer_name": claim.payer_name or event.payer_name,
        "remittance_ids": [
            *(known for known in claim.remittance_ids if known != event.remittance_id),
            event.remittance_id,
        ],
    }
    if event.kind in ("forwarded", "information"):
        return changes
    leg = claim.legs.get(event.payer_sequence_code, Leg())
    adjustments = [*event.adjustments, *(a for line in event.lines for a in line.adjustments)]
    patient = sum(a.amount_cents for a in adjustments if a.group_code == "PR")
    other = sum(a.amount_cents for a in adjustments if a.group_code != "PR")
    is_reversal = event.kind == "reversal"
    reversals = int(is_reversal) if event.undone is None else -(event.undone.kind == "reversal")
    leg = Leg(
        payer_name=event.payer_name,
        paid_cents=leg.paid_cents + event.paid_cents,
        adjusted_cents=leg.adjusted_cents + other,
        patient_cents=leg.patient_cents + patient,
        billed_cents=leg.billed_cents + event.billed_cents,
        answer_count=leg.answer_count + (-1 if is_reversal else 1),
        reversal_count=leg.reversal_count + reversals,
        is_forwarded=leg.is_forwarded if is_reversal else bool(event.forwarded_to),
        claim_status_code=event.claim_status_code,
    )
    return changes | {"legs": {**claim.legs, event.payer_sequence_code: leg}}


def _denied(
    claim: Claim, event: denials.DenialOpened | denials.DenialChanged | denials.DenialClosed
) -> Mapping[str, Any]:
    known = claim.denials.get(event.denial_id, Denial(0, "", "", ""))
    if isinstance(event, denials.DenialClosed):
        denial = msgspec.structs.replace(known, is_open=False)
    else:
        denial = Denial(
            denied_cents=event.denied_cents,
            category=event.category if isinstance(event, denials.DenialOpened) else known.category,
            reason=f"{event.group_code}-{event.reason_code}",
            deadline_on=event.deadline_on,
        )
    return {"denials": {**claim.denials, event.denial_id: denial}}
