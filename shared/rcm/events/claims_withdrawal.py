"""Events of claims-svc about a release that coding asked back. On topic `rcm.claims`."""

from typing import ClassVar, Literal

from rcm.events.event import Event
from rcm.money import Cents


class ReleaseWithdrawalNoted(Event, frozen=True, kw_only=True):
    """Coding asked a released version back; which of its claims are out is looked at next.

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        coded_version: The version that is asked back.
        withdrawal_id: Of the request.
    """

    name: ClassVar[str] = "ReleaseWithdrawalNoted"

    encounter_id: str
    coded_version: int
    withdrawal_id: str


class ReleaseWithdrawalSettled(Event, frozen=True, kw_only=True):
    """Whether a released version was taken back. Withdrawn: none of its claims was in an
    interchange, and none goes into one any more (ClaimReplaced, in the same transaction).

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        coded_version: The version that was asked back.
        withdrawal_id: Of the request.
        outcome: Whether it was.
        cause: `sent` or `superseded` where it was not; else empty.
        claim_ids: The claims withdrawn, or those that are out.
        standing_claim_ids: The claims that stand for the encounter now: of earlier versions.
        standing_cents: Their sum.
    """

    name: ClassVar[str] = "ReleaseWithdrawalSettled"

    encounter_id: str
    coded_version: int
    withdrawal_id: str
    outcome: Literal["withdrawn", "refused"]
    cause: Literal["", "sent", "superseded"] = ""
    claim_ids: list[str]
    standing_claim_ids: list[str] = []
    standing_cents: Cents = 0
