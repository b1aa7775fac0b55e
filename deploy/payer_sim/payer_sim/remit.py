"""From decisions to remittance files: pure. One 835 for each payer and payee, always in balance,
except where the scenario is that it is not.

    sum(CLP04) - sum(PLB) = BPR02, which is never negative: a shortfall is carried forward (PLB FB)
    under this payment's trace number, and taken from a later payment under the same number.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final, Literal, NamedTuple

from msgspec.structs import replace

from payer_sim.adjudicate import Taken, adjudicate, correction, reversal
from payer_sim.scenarios import Rules, drawn
from rcm.x12 import x835
from rcm.x12.writer import Envelope

ALONE: Final = frozenset({"out-of-balance", "835-twice"})
"""Scenarios that concern a whole file, and so get one of their own."""

INTEREST_CENTS: Final = 125
RECOUPED_CENTS_MAX: Final = 500
OUT_OF_BALANCE_CENTS: Final = 100


class Due(NamedTuple):
    """A claim that is to be answered by an 835.

    Attributes:
        taken: The claim.
        stage: `first` decision, or `second` thoughts.
        earlier: The payments that a replacement or void takes back.
    """

    taken: Taken
    stage: Literal["first", "second"]
    earlier: tuple[x835.ClaimPayment, ...] = ()


class Forward(NamedTuple):
    """A balance that a payee owes from an earlier payment.

    Attributes:
        box: Whose mailbox.
        payer_id: Who carries it.
        payee_npi: Who owes it.
        trace_number: TRN02 of the payment that it arose in.
        amount_cents: How much.
    """

    box: str
    payer_id: str
    payee_npi: str
    trace_number: str
    amount_cents: int


class RemittanceFile(NamedTuple):
    """An 835 to put into a mailbox.

    Attributes:
        box: Whose mailbox.
        data: The file.
        copies: How often it is sent.
        opened: A balance that it carries forward, or None.
        closed: The balance that it takes back, or None.
    """

    box: str
    data: bytes
    copies: int
    opened: Forward | None
    closed: Forward | None


def remittance_files(
    due: Sequence[Due],
    forwards: Sequence[Forward],
    rules: Rules,
    now: datetime,
    next_number: Callable[[], int],
) -> list[RemittanceFile]:
    """Answer what is due, payer by payer and payee by payee.

    Args:
        due: The claims.
        forwards: Open balances.
        rules: For what is drawn.
        now: When.
        next_number: Gives control numbers and trace numbers, each once.
    """
    groups: dict[tuple[str, str, str, str, str], list[Due]] = {}
    for one in due:
        taken = one.taken
        own = taken.claim_id if taken.scenario in ALONE else ""
        key = (taken.box, taken.payer_id, taken.payee_npi, taken.receiver_id, own)
        groups.setdefault(key, []).append(one)
    open_by_payee: dict[tuple[str, ...], Forward] = {one[:3]: one for one in forwards}
    files = []
    for key, group in groups.items():
        forward = open_by_payee.get(key[:3]) if not key[4] else None
        made = _file(group, forward, rules, now, next_number())
        if made.closed is not None:
            del open_by_payee[key[:3]]
        files.append(made)
    return files


def payments_of(one: Due, rules: Rules) -> list[x835.ClaimPayment]:
    """Give the CLP loops that answer a claim, in order."""
    back = [reversal(payment) for payment in one.earlier]
    if one.taken.frequency_code == "8":
        return back
    if one.stage == "second":
        return correction(one.taken, rules)
    return [*back, *adjudicate(one.taken, rules)]


def _file(
    group: Sequence[Due], forward: Forward | None, rules: Rules, now: datetime, number: int
) -> RemittanceFile:
    taken = group[0].taken
    trace = f"EFT{number:09d}"
    payments = [payment for one in group for payment in payments_of(one, rules)]
    if taken.scenario == "out-of-balance":
        payments[0] = replace(payments[0], paid_cents=payments[0].paid_cents + OUT_OF_BALANCE_CENTS)
    adjustments = list(_provider_adjustments(group, payments, now.date()))
    total = sum(payment.paid_cents for payment in payments) - sum(
        one.amount_cents for one in adjustments
    )
    closed = opened = None
    if forward is not None and total >= forward.amount_cents:
        closed = forward
        total -= forward.amount_cents
        adjustments.append(
            _adjustment(taken, now.date(), "FB", forward.trace_number, forward.amount_cents)
        )
    if total < 0:
        opened = Forward(taken.box, taken.payer_id, taken.payee_npi, trace, -total)
        adjustments.append(_adjustment(taken, now.date(), "FB", trace, total))
        total = 0
    remittance = _remittance(taken, payments, adjustments, trace, total, now)
    envelope = Envelope(
        sender=("ZZ", taken.receiver_id),
        receiver=("ZZ", taken.submitter_id),
        interchange_control_number=number,
        group_control_number=number,
        at=now.astimezone(UTC),
    )
    data = x835.write([remittance], envelope)
    copies = 2 if taken.scenario == "835-twice" else 1
    return RemittanceFile(taken.box, data, copies, opened, closed)


def _provider_adjustments(
    group: Iterable[Due], payments: Iterable[x835.ClaimPayment], today: date
) -> Iterable[x835.ProviderAdjustment]:
    paid = {payment.claim_id: payment.paid_cents for payment in payments}
    for one in group:
        taken = one.taken
        if one.stage == "first" and taken.scenario == "interest":
            yield _adjustment(taken, today, "L6", taken.payer_number, -INTEREST_CENTS)
        if one.stage == "first" and taken.scenario == "recoupment":
            cents = max(0, min(RECOUPED_CENTS_MAX, paid[taken.claim_id]))
            yield _adjustment(taken, today, "WO", taken.payer_number, cents)


def _adjustment(
    taken: Taken, today: date, reason: str, reference: str, amount_cents: int
) -> x835.ProviderAdjustment:
    return x835.ProviderAdjustment(
        provider_number=taken.payee_npi,
        fiscal_period_on=date(today.year, 12, 31),
        reason_code=reason,
        reference_number=reference,
        amount_cents=amount_cents,
    )


def _remittance(
    taken: Taken,
    payments: Sequence[x835.ClaimPayment],
    adjustments: Sequence[x835.ProviderAdjustment],
    trace: str,
    total_cents: int,
    now: datetime,
) -> x835.Remittance:
    payer_number = f"1{100_000_000 + drawn('payer', 'tax', taken.payer_id, 899_999_999)}"
    is_paid = total_cents > 0
    bank = x835.Account("01", "044000037", "DA", "0123456789")
    payment = x835.Payment(
        handling_code="I" if is_paid else "H",
        amount_cents=total_cents,
        method_code="ACH" if is_paid else "NON",
        format_code="CCP" if is_paid else "",
        payer_account=bank if is_paid else x835.Account(),
        originator_number=payer_number if is_paid else "",
        payee_account=bank if is_paid else x835.Account(),
        effective_on=now.date(),
        trace_number=trace,
        payer_number=payer_number,
    )
    technical = x835.Contact("BL", "EDI SUPPORT", (x835.ContactNumber("TE", "8005550100"),))
    return x835.Remittance(
        transaction_control_number="0001",
        payment=payment,
        production_on=now.date(),
        payer=x835.Organization(
            name=taken.payer_name,
            address=x835.Address("1 SIMULATED PLAZA", "", "COLUMBUS", "OH", "432151234"),
            references=(x835.Reference("2U", taken.payer_id),),
            contacts=(technical,),
        ),
        payee=x835.Organization(
            name=taken.payee_name,
            qualifier_code="XX",
            number=taken.payee_npi,
            references=(x835.Reference("TJ", taken.payee_tax_number),)
            if taken.payee_tax_number
            else (),
        ),
        groups=(x835.ClaimGroup(number="1", claims=tuple(payments)),),
        provider_adjustments=tuple(adjustments),
    )
