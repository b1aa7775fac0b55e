"""What a charge, an answer or a PLB writes to the ledger. Every posting sums to zero."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from rcm.adjustments.table import Table, treatment
from rcm.events.remit import LedgerEntry, RemittanceReceived
from remit_svc.model import ClaimAccount, LegCode, adjustments
from remit_svc.rules.accounts import ACCOUNTS, OPEN_ACCOUNTS, provider_account


def charge(state: ClaimAccount | None, leg_code: LegCode, billed_cents: int) -> list[LedgerEntry]:
    """Post what a submission changes of a claim's charge.

    The first payer's claim is revenue. A later payer is asked for what the first one left, so its
    charge is no new revenue and stands against `coordination`.
    """
    leg = state.legs.get(leg_code) if state is not None and not state.is_reversed else None
    delta = billed_cents - (leg.billed_cents if leg is not None and leg.is_charged else 0)
    return entries({"receivable": delta, _counterpart(leg_code): -delta})


def charge_reversal(state: ClaimAccount) -> list[LedgerEntry]:
    """Take back what is still asked for on a claim that another one stands for now."""
    open_cents = {name: -state.accounts.get(name, 0) for name in OPEN_ACCOUNTS}
    counterpart = _counterpart(state.payer_sequence_code)
    return entries({**open_cents, counterpart: -sum(open_cents.values())})


def passed_on(cents: int) -> list[LedgerEntry]:
    """Move a patient's share between payers: the next one is asked for it, or, negated, no more."""
    return entries({"patient": -cents, "coordination": cents})


def claim_payment(
    state: ClaimAccount,
    after: ClaimAccount,
    received: RemittanceReceived,
    table: Table,
    tenant_id: str,
) -> list[LedgerEntry]:
    """Post one claim payment (CLP) of a balanced advice.

    Each adjustment goes to the account of its group and reason. The patient's share goes to
    `patient` only as far as it changes what the patient owes on the last payer's answer; what an
    earlier payer left for a later one stands in `coordination`.

    Args:
        state: The claim.
        after: The claim with the answer added.
        received: The answer.
        table: Reasons in force.
        tenant_id: Whose rows of it count.
    """
    leg_code = received.payer_sequence_code
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    amounts["clearing", ""] += received.paid_cents
    patient_cents = 0
    for adjustment in adjustments(received):
        if adjustment.group_code == "PR":
            patient_cents += adjustment.amount_cents
            continue
        reason = f"{adjustment.group_code}-{adjustment.reason_code}"
        account = state.reason_accounts.get(reason)
        if account is None:
            row = table.find(
                adjustment.reason_code,
                received.effective_on,
                tenant_id=tenant_id,
                payer_id=received.payer_id,
            )
            account = treatment(adjustment.group_code, row).account
        amounts[account, reason] += adjustment.amount_cents
    due_cents = after.due_from_patient_cents - state.accounts.get("patient", 0)
    amounts["patient", ""] += due_cents
    amounts["coordination", ""] += patient_cents - due_cents
    settled = "receivable" if after.legs[leg_code].is_charged else "coordination"
    amounts[settled, ""] -= received.billed_cents
    if state.is_reversed:
        amounts = _settled_against(_counterpart(state.payer_sequence_code), amounts)
    posted = [
        LedgerEntry(account=account, amount_cents=cents, reason=reason)
        for (account, reason), cents in amounts.items()
        if cents or reason
    ]
    return balanced(posted) or [LedgerEntry(account="clearing", amount_cents=0)]


def advice(payment_cents: int) -> list[LedgerEntry]:
    """Post the payment that an advice explains (BPR02)."""
    return entries({"cash": payment_cents, "clearing": -payment_cents})


def provider_adjustment(reason_code: str, amount_cents: int) -> list[LedgerEntry]:
    """Post a PLB amount with its sign: positive lowers this payment and pays what the account owes;
    negative raises it, or puts off to a later one.
    """
    return entries({provider_account(reason_code): amount_cents, "clearing": -amount_cents})


def suspense(paid_cents: int) -> list[LedgerEntry]:
    """Put the money of a payment without a claim (CLP04) aside; negated, take it out again."""
    return entries({"clearing": paid_cents, "suspense": -paid_cents})


def entries(amounts: Mapping[str, int]) -> list[LedgerEntry]:
    """Make entries of the amounts that are not zero."""
    return balanced(
        [LedgerEntry(account=name, amount_cents=cents) for name, cents in amounts.items() if cents]
    )


def balanced(posted: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return the entries; that they sum to zero is ours to guarantee, not the file's."""
    assert sum(entry.amount_cents for entry in posted) == 0, "a posting does not sum to zero"
    assert ACCOUNTS.keys() >= {entry.account for entry in posted}, "an account is not in the chart"
    return list(posted)


def _settled_against(
    counterpart: str, amounts: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], int]:
    settled: dict[tuple[str, str], int] = defaultdict(int)
    for (account, reason), cents in amounts.items():
        settled[counterpart if account in OPEN_ACCOUNTS else account, reason] += cents
    return settled


def _counterpart(leg_code: LegCode) -> str:
    return "revenue" if leg_code == "P" else "coordination"
