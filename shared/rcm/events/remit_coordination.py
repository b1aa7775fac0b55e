"""Events of remit-svc about several payers of one claim, on topic `rcm.remit`."""

from typing import ClassVar

from rcm.events.event import Event
from rcm.events.remit import LedgerEntry
from rcm.money import Cents


class PatientSharePassedOn(Event, frozen=True, kw_only=True):
    """What a payer left to the patient is asked of the next payer, by a claim of its own: until
    that one has answered, the patient owes nothing. Recorded again whenever the share changes, so
    that one fact says of both claims what is asked where. Stream: the claim that was answered.

    Attributes:
        claim_id: Which.
        to_claim_id: The next payer's claim; empty where nothing stands for it any more, and the
            share is the patient's again.
        entries: Ledger entries between `patient` and `coordination`; sum to zero. None where the
            answer that changed the share has posted the change.
        due_cents: What the patient owes on this claim now.
        share_cents: What the next payer is asked for by `to_claim_id` now, in all.
        instead_of_claim_id: The claim by which it was asked before, which asks for nothing now.
    """

    name: ClassVar[str] = "PatientSharePassedOn"

    claim_id: str
    to_claim_id: str
    entries: list[LedgerEntry]
    due_cents: Cents = 0
    share_cents: Cents = 0
    instead_of_claim_id: str = ""
