"""What a claim status of an 835 (CLP02) means for leg and ledger. It never tells a denial."""

from typing import Final, Literal, NamedTuple

from rcm.events.remit import RemittanceReceived
from remit_svc.model import LegCode

Effect = Literal["answer", "reversal", "forwarded", "information"]


class Status(NamedTuple):
    """One CLP02.

    Attributes:
        effect: `answer` and `reversal` are posted; the others change no account.
        leg_code: Which payer answers, where the status says so.
        is_forwarded: The claim went on to the next payer, whose own advice is awaited.
    """

    effect: Effect
    leg_code: LegCode | None = None
    is_forwarded: bool = False


STATUSES: Final = {
    "1": Status("answer", "P"),
    "2": Status("answer", "S"),
    "3": Status("answer", "T"),
    "4": Status("answer"),
    "19": Status("answer", "P", True),
    "20": Status("answer", "S", True),
    "21": Status("answer", "T", True),
    "22": Status("reversal"),
    "23": Status("forwarded"),
    "25": Status("information"),
}
"""1, 2, 3 processed as primary, secondary, tertiary; 4 denied; 19, 20, 21 processed and forwarded;
22 reversal; 23 not ours, forwarded; 25 predetermination."""

OTHER: Final = Status("information")
"""Older codes (5, 10, 13, 15, 16, 17, 27 ...) are kept as a status and change no account."""


def status_of(claim_status_code: str) -> Status:
    """Return what a CLP02 means."""
    return STATUSES.get(claim_status_code, OTHER)


_FORWARDED_REMARKS: Final = frozenset({"MA07", "MA18", "N89"})
"""Remarks by which a payer says that it sent the claim on by itself (crossover): to Medicaid, to a
supplemental insurer, to more than one other payer."""


def names_next_payer(received: RemittanceReceived) -> bool:
    """Tell whether a remark says that the claim went on to another payer."""
    return not _FORWARDED_REMARKS.isdisjoint(received.remark_codes) or any(
        not _FORWARDED_REMARKS.isdisjoint(line.remark_codes) for line in received.lines
    )
