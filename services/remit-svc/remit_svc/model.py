"""What remit-svc keeps of a claim's money, of a payment, of a file, and of money without a claim.

    file-<sha256>       FileKept     an 835 came in once
    payment-<hash>      Payment      what was posted or held under one payer's trace number
    <claim_id>          ClaimAccount charges, answers and accounts of one claim; before it was
                                     submitted Waiting: payments that came ahead of it
    <unmatched_id>      Waiting      a payment under a number that is no claim of ours

A claim has a leg for each payer that answers it, and on every leg, after every event,
billed = paid + adjusted (CO, OA, PI) + patient (PR) + balance. All of it is linear in the answers'
amounts, so that a reversal undoes its payment whatever came between or comes first.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec

from rcm.events.clinical import Adjustment, Day
from rcm.events.envelope import Recorded
from rcm.events.event import Event
from rcm.events.remit import (
    ChargePosted,
    ChargeReversed,
    LedgerEntry,
    PatientResponsibilitySet,
    PaymentPosted,
    Posting,
    RemittanceAccepted,
    RemittanceDismissed,
    RemittanceFileHandled,
    RemittanceFileReceived,
    RemittanceMatched,
    RemittanceQuarantined,
    RemittanceReceived,
    RemittanceUnmatched,
)
from rcm.events.remit_coordination import PatientSharePassedOn
from rcm.events.remit_undo import RemittanceMatchUndone
from rcm.money import Cents

LegCode = Literal["P", "S", "T"]

LEGS: Final[tuple[LegCode, ...]] = ("P", "S", "T")
POSTED_KINDS: Final = frozenset({"payment", "reversal", "correction"})


class FileKept(msgspec.Struct, frozen=True, tag="file"):
    """An 835 file that was taken in.

    Attributes:
        fact: What was recorded of it.
        handled: What became of its advices, once all were handled.
    """

    fact: RemittanceFileReceived
    handled: RemittanceFileHandled | None = None


HeldStatus = Literal["held", "posted", "dismissed", "superseded"]


class Held(msgspec.Struct, frozen=True):
    """A remittance advice in quarantine.

    Attributes:
        fact: What was recorded of it.
        status: `held`, `posted` after all by a person, `dismissed` by one, or `superseded` by a
            posted advice of the same trace.
        note_code: Why it was dismissed.
    """

    fact: RemittanceQuarantined
    status: HeldStatus = "held"
    note_code: str = ""


class Payment(msgspec.Struct, frozen=True, tag="payment"):
    """What came under one trace number of one payer.

    Attributes:
        posted: Remittance id by content hash: posted, once.
        held: What is in quarantine, by content hash.
    """

    posted: dict[str, str] = {}
    held: dict[str, Held] = {}


class Leg(msgspec.Struct, frozen=True):
    """One payer's part of a claim.

    Attributes:
        is_charged: Whether we billed this payer, so that its answers settle a receivable.
        billed_cents: What we charged; without that, what the payer says it was asked (CLP03).
        paid_cents: Sum of CLP04.
        adjusted_cents: Sum of CAS with CO, OA, PI (and CR).
        patient_cents: Sum of CAS with PR.
        answers: Payments less reversals; 0 when nothing stands.
        payments: Payments so far, corrections included.
        reversals: Reversals so far.
        corrections: Answers so far that stand for reversed ones.
        is_forwarded: The last answer named a next payer: 19, 20, 21 or NM1*TT.
        numbers: CLP07 of its answers.
        payer_name: Who answered last.
    """

    is_charged: bool = False
    billed_cents: Cents = 0
    paid_cents: Cents = 0
    adjusted_cents: Cents = 0
    patient_cents: Cents = 0
    answers: int = 0
    payments: int = 0
    reversals: int = 0
    corrections: int = 0
    is_forwarded: bool = False
    numbers: tuple[str, ...] = ()
    payer_name: str = ""

    @property
    def balance_cents(self) -> int:
        """What nobody has accounted for yet."""
        return self.billed_cents - self.paid_cents - self.adjusted_cents - self.patient_cents


class ClaimAccount(msgspec.Struct, frozen=True, kw_only=True, tag="claim"):
    """Everything that is known about the money of one claim.

    Attributes:
        claim_id: CLM01 = CLP01.
        encounter_id: The encounter billed.
        patient_id: Names the PHI key.
        form: P or I.
        payer_id: Who was asked to pay.
        payer_sequence_code: The leg that we billed.
        service_from: First date of service.
        lines: Billed cents by line item control number.
        attempt: Last sending.
        is_reversed: Replaced or voided: nothing more is asked for, and what still comes in settles
            against revenue instead of what is open.
        legs: By sequence code.
        accounts: Balance of each ledger account.
        reason_accounts: Where each adjustment (`CO-45`) was first posted. Later ones follow it, so
            that a reversal undoes exactly what was done even when the table has changed meanwhile.
        patient_responsibility_cents: As last set.
        responsible_leg: The leg that set it.
        awaits_payer: As last set.
        items: Payments that came before the claim, or that nobody could post.
        later_payer_count: Coverages of the patient after the one that we billed.
        passed_to: The claim by which the next payer is asked for the patient's share.
        passed_before: Claims by which it was asked and is no more: what is heard of them late
            changes nothing.
    """

    claim_id: str
    encounter_id: str
    patient_id: str
    form: Literal["P", "I"]
    payer_id: str
    payer_sequence_code: LegCode
    service_from: Day | None
    lines: dict[str, int] = {}
    attempt: int = 1
    is_reversed: bool = False
    legs: dict[LegCode, Leg] = {}
    accounts: dict[str, int] = {}
    reason_accounts: dict[str, str] = {}
    patient_responsibility_cents: Cents = 0
    responsible_leg: LegCode = "P"
    awaits_payer: bool = False
    items: dict[str, "Item"] = {}
    later_payer_count: int = 0
    passed_to: str = ""
    passed_before: list[str] = []

    @property
    def has_payers_to_come(self) -> bool:
        """Whether a payer of this claim is still to be asked, so that nothing is the patient's."""
        asked = LEGS.index(self.final_leg) - LEGS.index(self.payer_sequence_code)
        return asked < self.later_payer_count and not self.passed_to

    @property
    def final_leg(self) -> LegCode:
        """The last payer in turn whose answer stands; else the one that we billed."""
        for code in reversed(LEGS):
            leg = self.legs.get(code)
            if leg is not None and leg.answers > 0:
                return code
        return self.payer_sequence_code

    @property
    def due_from_patient_cents(self) -> int:
        """PR that stands on the final leg; nothing where the next payer is asked for it."""
        return 0 if self.passed_to else self.left_cents

    @property
    def left_cents(self) -> int:
        """PR that stands on the final leg, whoever is asked for it."""
        leg = self.legs.get(self.final_leg)
        return leg.patient_cents if leg is not None else 0

    def leg_of(self, number: str, payer_name: str) -> LegCode:
        """Tell which leg an answer belongs to that does not say so: the one that knows its CLP07,
        else the one of that payer, else the one that we billed.
        """
        for code, leg in self.legs.items():
            if number and number in leg.numbers:
                return code
        for code, leg in self.legs.items():
            if payer_name and leg.payer_name == payer_name:
                return code
        return self.payer_sequence_code


class UnmatchedPayment(msgspec.Struct, frozen=True):
    """The sealed content of an unmatched item.

    Attributes:
        received: The payment; `claim_id` is the CLP01 that came, and our own part is empty.
        x12: The CLP loop as it came.
    """

    received: RemittanceReceived
    x12: str


class Item(msgspec.Struct, frozen=True):
    """One payment that waits for its claim.

    Attributes:
        fact: What was recorded of it; its content is sealed.
        claim_id: Whom it was matched to; empty while it waits.
        leg_code: The leg that it was posted to there; empty where it was not, or as of old.
        kind: As what it was recorded there.
    """

    fact: RemittanceUnmatched
    claim_id: str = ""
    leg_code: LegCode | Literal[""] = ""
    kind: str = ""


class Waiting(msgspec.Struct, frozen=True, tag="waiting"):
    """Payments under one claim number that is not (yet) ours.

    Attributes:
        items: By unmatched id.
    """

    items: dict[str, Item] = {}


State = FileKept | Payment | ClaimAccount | Waiting


def evolve(state: State | None, recorded: Recorded[Event]) -> State:
    """Fold one fact of remit-svc into the state of its stream."""
    return fold(state, recorded.event)


def fold(state: State | None, event: Event) -> State:
    """Fold one event; decisions use it to see their own earlier facts."""
    match event:
        case RemittanceFileReceived():
            return FileKept(event)
        case RemittanceFileHandled() if isinstance(state, FileKept):
            return FileKept(state.fact, event)
        case RemittanceQuarantined() | RemittanceDismissed() | RemittanceAccepted():
            return _fold_payment(state if isinstance(state, Payment) else Payment(), event)
        case RemittanceUnmatched() | RemittanceMatched() | RemittanceMatchUndone():
            return _fold_items(
                state if isinstance(state, Waiting | ClaimAccount) else Waiting(), event
            )
        case ChargePosted():
            return _charged(state if isinstance(state, Waiting | ClaimAccount) else None, event)
        case _ if isinstance(state, ClaimAccount):
            return _fold_claim(state, event)
        case _:
            # ProviderAdjustmentPosted changes no state; events of later versions change nothing.
            return state if state is not None else Payment()


def _fold_payment(
    state: Payment, event: RemittanceQuarantined | RemittanceDismissed | RemittanceAccepted
) -> Payment:
    match event:
        case RemittanceQuarantined():
            return Payment(state.posted, {**state.held, event.content_sha256: Held(event)})
        case RemittanceDismissed():
            held = {
                content: Held(item.fact, "dismissed", event.note_code)
                if item.fact.remittance_id == event.remittance_id
                else item
                for content, item in state.held.items()
            }
            return Payment(state.posted, held)
        case RemittanceAccepted():
            posted = {**state.posted, event.content_sha256: event.remittance_id}
            held = {
                content: Held(item.fact, _after_posting(item, event), item.note_code)
                for content, item in state.held.items()
            }
            return Payment(posted, held)


def _after_posting(item: Held, event: RemittanceAccepted) -> HeldStatus:
    if item.fact.remittance_id == event.remittance_id:
        return "posted"
    # A correct advice of the same payment takes the place of one that was wrong.
    is_wrong = item.fact.cause != "same-trace-other-content"
    return "superseded" if is_wrong and item.status == "held" else item.status


def _fold_items(
    state: Waiting | ClaimAccount,
    event: RemittanceUnmatched | RemittanceMatched | RemittanceMatchUndone,
) -> Waiting | ClaimAccount:
    match event:
        case RemittanceUnmatched():
            item = Item(event)
        case RemittanceMatched(claim_id=claim_id, payer_sequence_code=leg_code, kind=kind):
            item = Item(state.items[event.unmatched_id].fact, claim_id, leg_code, kind)
        case _:
            item = Item(state.items[event.unmatched_id].fact)
    return msgspec.structs.replace(state, items={**state.items, event.unmatched_id: item})


def _charged(before: Waiting | ClaimAccount | None, event: ChargePosted) -> ClaimAccount:
    state = before if isinstance(before, ClaimAccount) else None
    legs = dict(state.legs) if state is not None else {}
    legs[event.payer_sequence_code] = msgspec.structs.replace(
        legs.get(event.payer_sequence_code, Leg()), is_charged=True, billed_cents=event.billed_cents
    )
    charged = ClaimAccount(
        claim_id=event.claim_id,
        encounter_id=event.encounter_id,
        patient_id=event.patient_id,
        form=event.form,
        payer_id=event.payer_id,
        payer_sequence_code=event.payer_sequence_code,
        service_from=event.service_from,
        lines=event.lines,
        attempt=event.attempt,
        legs=legs,
        accounts=_added(state.accounts if state is not None else {}, event.entries),
        responsible_leg=event.payer_sequence_code,
        items=before.items if before is not None else {},
        later_payer_count=event.later_payer_count,
    )
    if state is None:
        return charged
    return msgspec.structs.replace(
        charged,
        reason_accounts=state.reason_accounts,
        patient_responsibility_cents=state.patient_responsibility_cents,
        responsible_leg=state.responsible_leg,
        awaits_payer=state.awaits_payer,
        passed_to=state.passed_to,
        passed_before=state.passed_before,
    )


def _fold_claim(state: ClaimAccount, event: Event) -> ClaimAccount:
    match event:
        case RemittanceReceived():
            after = answered(state, event)
            return after if event.posting is None else _posted(after, event.posting)
        case PaymentPosted():
            return msgspec.structs.replace(state, **_accounts(state, event.entries))
        case PatientResponsibilitySet():
            return msgspec.structs.replace(
                state,
                patient_responsibility_cents=event.patient_responsibility_cents,
                responsible_leg=event.payer_sequence_code,
                awaits_payer=event.awaits_payer,
            )
        case PatientSharePassedOn():
            # What was given back is the patient's: nobody is asked any more.
            is_back = not event.to_claim_id
            gone = [event.instead_of_claim_id] if event.instead_of_claim_id else []
            return msgspec.structs.replace(
                state,
                accounts=_added(state.accounts, event.entries),
                passed_to=event.to_claim_id,
                passed_before=[*state.passed_before, *gone],
                later_payer_count=0 if is_back and event.due_cents else state.later_payer_count,
                patient_responsibility_cents=event.due_cents,
                awaits_payer=is_back and state.legs.get(state.final_leg, Leg()).is_forwarded,
            )
        case ChargeReversed():
            accounts = _added(state.accounts, event.entries)
            return msgspec.structs.replace(state, is_reversed=True, accounts=accounts)
        case _:
            return state


def _posted(state: ClaimAccount, posting: Posting) -> ClaimAccount:
    changes = _accounts(state, posting.entries)
    if posting.patient is not None:
        changes |= {
            "patient_responsibility_cents": posting.patient.due_cents,
            "responsible_leg": posting.patient.payer_sequence_code,
            "awaits_payer": posting.patient.awaits_payer,
        }
    return msgspec.structs.replace(state, **changes)


def _accounts(state: ClaimAccount, entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    reasons = {entry.reason: entry.account for entry in entries if entry.reason}
    return {
        "accounts": _added(state.accounts, entries),
        "reason_accounts": {**reasons, **state.reason_accounts},
    }


def answered(state: ClaimAccount, event: RemittanceReceived) -> ClaimAccount:
    """Add a payer's answer to its leg, or take one back that was matched wrongly, as if it had
    never come. Statuses without adjudication change nothing.
    """
    if event.kind not in POSTED_KINDS:
        return state
    leg = state.legs.get(event.payer_sequence_code, Leg())
    kind, step = (event.kind, 1) if event.undone is None else (event.undone.kind, -1)
    is_reversal = kind == "reversal"
    answers = leg.answers + (-step if is_reversal else step)
    patient, adjusted = shares(event)
    leg = msgspec.structs.replace(
        leg,
        billed_cents=leg.billed_cents + (0 if leg.is_charged else event.billed_cents),
        paid_cents=leg.paid_cents + event.paid_cents,
        adjusted_cents=leg.adjusted_cents + adjusted,
        patient_cents=leg.patient_cents + patient,
        answers=answers,
        payments=leg.payments + step * (not is_reversal),
        reversals=leg.reversals + step * is_reversal,
        corrections=leg.corrections + step * (kind == "correction"),
    )
    number = event.payer_claim_control_number
    if event.undone is None:
        leg = msgspec.structs.replace(
            leg,
            is_forwarded=leg.is_forwarded if is_reversal else bool(event.forwarded_to),
            numbers=leg.numbers if number in leg.numbers else (*leg.numbers, number),
            payer_name=event.payer_name,
        )
    elif not answers:
        left = tuple(one for one in leg.numbers if one != number)
        leg = msgspec.structs.replace(leg, is_forwarded=False, numbers=left, payer_name="")
    return msgspec.structs.replace(state, legs={**state.legs, event.payer_sequence_code: leg})


def adjustments(event: RemittanceReceived) -> list[Adjustment]:
    """Return the adjustments of a claim payment: the claim's own and those of its lines."""
    return [*event.adjustments, *(one for line in event.lines for one in line.adjustments)]


def shares(event: RemittanceReceived) -> tuple[int, int]:
    """Return what a claim payment leaves to the patient (PR), and what it adjusts otherwise."""
    found = adjustments(event)
    patient = sum(one.amount_cents for one in found if one.group_code == "PR")
    return patient, sum(one.amount_cents for one in found) - patient


def _added(accounts: dict[str, int], entries: Sequence[LedgerEntry]) -> dict[str, int]:
    total = dict(accounts)
    for entry in entries:
        total[entry.account] = total.get(entry.account, 0) + entry.amount_cents
    return total


OWN_NUMBER: Final = re.compile(r"[PI][A-Z2-7]{14}", re.ASCII)
"""The numbers that claims-svc gives (CLM01). Anything else in CLP01 may be a name or a member's
number, and never becomes the name of a stream."""
_CLAIM_ID: Final = re.compile(r"[A-Z0-9]{1,17}", re.ASCII)


def may_be_ours(claim_number: str) -> bool:
    """Tell whether a CLP01 is worth looking up: it could be a claim id."""
    return _CLAIM_ID.fullmatch(claim_number) is not None


def waiting_stream(claim_number: str, unmatched_id: str) -> str:
    """Name the stream in which a payment waits: the claim's own when the number has our shape."""
    return claim_number if OWN_NUMBER.fullmatch(claim_number) else unmatched_id


def payment_stream(payer_identifier: str, trace_number: str) -> str:
    """Name the stream of a payment; the trace number itself may be anything that a file holds."""
    digest = sha256(f"{len(payer_identifier)}:{payer_identifier}{trace_number}".encode())
    return f"payment-{digest.hexdigest()[:40]}"


def file_stream(content_sha256: str) -> str:
    """Name the stream of a file."""
    return f"file-{content_sha256}"
