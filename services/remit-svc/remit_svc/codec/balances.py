"""Whether an advice may be posted, by the findings of `rcm.x12.x835`; and by how much it is off."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from rcm.events.clinical import Reason
from rcm.x12 import x835
from rcm.x12.findings import Finding
from remit_svc.codec.advice import Fault

Level = Literal["line", "claim", "transaction"]

BALANCES: Final[dict[str, Level]] = {
    "line-out-of-balance": "line",
    "claim-out-of-balance": "claim",
    "payment-out-of-balance": "transaction",
}
"""The three equations: SVC02 - CAS = SVC03; CLP03 - CAS = CLP04; sum CLP04 - PLB = BPR02."""

SIGNS: Final = frozenset({"payment-negative", "reversal-not-negative"})
"""Balanced, and still not what it says: posting it would turn money round."""

NOT_DOLLARS: Final = Reason(
    rule_id="currency-not-usd",
    path="CUR02",
    text="The amounts are not in US dollars.",
    remedy="Post it by hand in its own currency.",
)
DEBIT: Final = Reason(
    rule_id="payment-is-a-debit",
    path="BPR03",
    text="The payment takes money from us.",
    remedy="Ask the payer for an advice that carries the debt in PLB.",
)


class Difference(NamedTuple):
    """By how much one equation is off."""

    level: Level
    cents: int


def fault_of(
    remittance: x835.Remittance,
    findings: Sequence[Finding],
    reason_of: Callable[[Finding], Reason],
) -> Fault | None:
    """Say why an advice may not be posted, or None when it may.

    Args:
        remittance: All of it.
        findings: What `x835.check` found.
        reason_of: How a finding is told.
    """
    unbalanced = [finding for finding in findings if finding.rule_id in BALANCES]
    if unbalanced:
        # Of equal differences the most specific place tells where the fault is.
        worst = max(differences(remittance), key=lambda difference: abs(difference.cents))
        reasons = tuple(reason_of(finding) for finding in unbalanced[:100])
        return Fault("out-of-balance", reasons, worst.level, worst.cents)
    turned = [finding for finding in findings if finding.rule_id in SIGNS]
    if turned:
        return Fault("unreadable", tuple(reason_of(finding) for finding in turned[:100]))
    if remittance.currency_code not in {"", "USD"}:
        return Fault("unreadable", (NOT_DOLLARS,))
    if remittance.payment.credit_debit_code == "D" and remittance.payment.amount_cents:
        return Fault("unreadable", (DEBIT,))
    return None


def doubts_of(remittance: x835.Remittance) -> Iterator[Reason]:
    """Give what balances, is posted, and should be looked at all the same: a contract never takes
    the whole charge, so that CO 45 of all of it hides a denial.
    """
    for position, claim in enumerate(remittance.claims, start=1):
        parts = [(claim.billed_cents, claim.paid_cents, claim.adjustments, "CAS")]
        parts += [
            (line.billed_cents, line.paid_cents, line.adjustments, f"2110[{number}] CAS")
            for number, line in enumerate(claim.lines, start=1)
        ]
        for billed_cents, paid_cents, adjustments, path in parts:
            if billed_cents <= 0 or paid_cents != 0:
                continue
            if any(_is_contractual(one, billed_cents) for one in adjustments):
                yield Reason(
                    rule_id="contractual-equals-charge",
                    path=f"2100[{position}] {path}",
                    text="CO 45 takes the whole charge.",
                    remedy="Compare with the contract; ask the payer for the true reason.",
                    severity="warning",
                )


def _is_contractual(adjustment: x835.Adjustment, billed_cents: int) -> bool:
    pair = (adjustment.group_code, adjustment.reason_code)
    return pair == ("CO", "45") and adjustment.amount_cents == billed_cents


def differences(remittance: x835.Remittance) -> Iterator[Difference]:
    """Give what is left of each equation, lines first; 0 where it balances."""
    paid_cents = 0
    for claim in remittance.claims:
        carried = _sum(claim.adjustments)
        for line in claim.lines:
            withheld = _sum(line.adjustments)
            yield Difference("line", line.billed_cents - withheld - line.paid_cents)
            carried += withheld
        paid_cents += claim.paid_cents
        yield Difference("claim", claim.billed_cents - carried - claim.paid_cents)
    taken = sum(one.amount_cents for one in remittance.provider_adjustments)
    yield Difference("transaction", paid_cents - taken - remittance.payment.amount_cents)


def _sum(adjustments: Sequence[x835.Adjustment]) -> int:
    return sum(one.amount_cents for one in adjustments)
