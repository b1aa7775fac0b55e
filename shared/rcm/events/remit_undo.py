"""Events of remit-svc by which a payment is taken back from a claim that it was matched to."""

from typing import ClassVar

from rcm.events.event import Event
from rcm.events.remit import LedgerEntry


class RemittanceMatchUndone(Event, frozen=True, kw_only=True):
    """A person took a payment back from the claim that it was matched to: it waits again. A
    RemittanceReceived that undoes it follows on the claim in the same transaction.

    Stream: the item, as of RemittanceUnmatched.

    Attributes:
        unmatched_id: The item.
        claim_id: The claim that it does not belong to.
        entries: Ledger entries that put it back into suspense; sum to zero.
    """

    name: ClassVar[str] = "RemittanceMatchUndone"

    unmatched_id: str
    claim_id: str
    entries: list[LedgerEntry]
