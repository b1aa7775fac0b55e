"""Events of claims-svc about several payers of one claim, on topic `rcm.claims`."""

from typing import ClassVar, Literal

import msgspec

from rcm.events.claims import ClaimId
from rcm.events.clinical import Adjustment, Day
from rcm.events.event import Event
from rcm.events.remit import PaidLine
from rcm.money import Cents


class PriorAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer of a payer, as far as the next payer is told of it. 835 loop 2100, posted.

    Attributes:
        remittance_id: The advice.
        position: 1-based place of the CLP in it.
        payer_sequence_code: Which payer in turn answered.
        is_reversal: It takes an earlier answer back, amounts turned.
        is_forwarded: The payer says that it sent the claim on by itself: CLP02 19, 20 or 21,
            NM1*TT, or one of the remarks MA07, MA18, N89.
        effective_on: BPR16.
        payer_claim_control_number: CLP07.
        billed_cents: CLP03.
        paid_cents: CLP04.
        adjustments: CAS of the claim.
        remark_codes: MIA and MOA remarks.
        lines: 2110; empty where the payer adjudicated the claim as a whole.
    """

    remittance_id: str
    position: int
    payer_sequence_code: Literal["P", "S", "T"]
    is_reversal: bool = False
    is_forwarded: bool = False
    effective_on: Day
    payer_claim_control_number: str = ""
    billed_cents: Cents
    paid_cents: Cents
    adjustments: list[Adjustment] = []
    remark_codes: list[str] = []
    lines: list[PaidLine] = []


class PriorAnswerLearned(Event, frozen=True, kw_only=True):
    """A payer answered a claim of a patient who has another coverage after it.

    Stream: the claim that was answered.

    Attributes:
        claim_id: Which.
        answer: What the payer said.
    """

    name: ClassVar[str] = "PriorAnswerLearned"

    claim_id: ClaimId
    answer: PriorAnswer


class ClaimCoordinated(Event, frozen=True, kw_only=True):
    """What follows for the next payer from the answers to a claim. Stream: the claim answered.

    Attributes:
        claim_id: Which.
        outcome: `billed` a claim for the next payer was made or made anew, ready or held;
            `crossed-over` the payer sent it on by itself: no claim of ours; `nothing-left` nothing
            is left to the patient, so nothing is asked of the next payer; `taken-back` no answer
            stands at the moment; `last-payer` there is nobody to ask after the one who answered;
            `voided` the claim itself was, and what was asked of the next payer with it.
        next_claim_id: The claim for the next payer, where one is made: one that takes another back
            there (frequency 8), too.
        payer_id: The next payer; empty where none is asked.
        payer_sequence_code: Its SBR01.
        left_cents: What the payers so far leave to the patient (PR).
    """

    name: ClassVar[str] = "ClaimCoordinated"

    claim_id: ClaimId
    outcome: Literal["billed", "crossed-over", "nothing-left", "taken-back", "last-payer", "voided"]
    next_claim_id: str = ""
    payer_id: str = ""
    payer_sequence_code: Literal["P", "S", "T"] = "S"
    left_cents: Cents = 0
