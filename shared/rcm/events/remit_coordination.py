"""Events of remit-svc about several payers of one claim, on topic `rcm.remit`."""

from typing import ClassVar

from rcm.events.event import Event
from rcm.events.remit import LedgerEntry
from rcm.money import Cents


class PatientSharePassedOn(Event, frozen=True, kw_only=True):
    """What a payer left to the patient is asked of the next payer, by a claim of its own: until
    that one has answered, the patient owes nothing. Stream: the claim that was answered.

    Attributes:
        claim_id: Which.
        to_claim_id: The next payer's claim; empty where nothing stands for it any more, and the
            share is the patient's again.
        entries: Ledger entries between `patient` and `coordination`; sum to zero.
        due_cents: What the patient owes on this claim now.
    """

    name: ClassVar[str] = "PatientSharePassedOn"

    claim_id: str
    to_claim_id: str
    entries: list[LedgerEntry]
    due_cents: Cents = 0
