"""One CLP of an 835 (2100, 2110) in the words of RemittanceReceived."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from rcm.events.clinical import Adjustment
from rcm.events.remit import PaidLine, RemittanceReceived
from rcm.x12 import x835
from remit_svc.codec.advice import Advice, AdvisedClaim

AMOUNT_CENTS_MAX = 10**12
"""Ten billion dollars: no single amount is of that size, and sums stay inside 64 bits."""
TOTAL_CENTS_MAX = 10**14
"""The same for all amounts of an advice together."""
_GROUPS = frozenset({"CO", "PR", "OA", "PI", "CR"})
_MILLI_MAX = 10**15
TEXT_LENGTH_MAX = 100
"""No text that we keep is longer by its guide (N102 60, TRN02 50, CLP01 38 characters)."""


class NotOurs(ValueError):
    """A value that X12 can carry and our events cannot.

    Attributes:
        path: Where it stands.
    """

    def __init__(self, path: str, text: str) -> None:
        super().__init__(text)
        self.path = path


def advised(remittance: x835.Remittance, advice: Advice) -> Iterator[AdvisedClaim]:
    """Give the claims of an advice, in order. Leg and kind are decided when they are posted.

    Raises:
        NotOurs: An unknown adjustment group, or an amount beyond all reason.
    """
    total = sum(abs(claim.billed_cents) + abs(claim.paid_cents) for claim in remittance.claims)
    for one in remittance.provider_adjustments:
        total += abs(_amount(one.amount_cents, "PLB04"))
        short(one.reference_number + one.reason_code, "PLB03")
    if total > TOTAL_CENTS_MAX:
        raise NotOurs("BPR02", "The amounts are beyond a trillion dollars together.")
    for position, claim in enumerate(remittance.claims, start=1):
        carrier = claim.crossover_carrier
        received = RemittanceReceived(
            claim_id=short(claim.claim_id, "CLP01"),
            remittance_id=advice.remittance_id,
            position=position,
            payer_id=advice.payer_id,
            payer_name=advice.payer_name,
            payer_sequence_code="P",
            trace_number=advice.trace_number,
            effective_on=advice.effective_on or "",
            kind="payment",
            claim_status_code=short(claim.claim_status_code, "CLP02"),
            forwarded_to=short(carrier.last_name, "NM1*TT") if carrier is not None else "",
            payer_claim_control_number=short(claim.payer_claim_control_number, "CLP07"),
            filing_indicator_code=short(claim.claim_filing_indicator_code, "CLP06"),
            frequency_code=short(claim.frequency_code, "CLP09"),
            billed_cents=_amount(claim.billed_cents, "CLP03"),
            paid_cents=_amount(claim.paid_cents, "CLP04"),
            patient_responsibility_cents=_amount(_patient_cents(claim), "CLP05"),
            adjustments=_adjustments(claim.adjustments),
            remark_codes=[short(code, "MIA, MOA") for code in claim.remark_codes],
            lines=[_line(line) for line in claim.lines],
        )
        yield AdvisedClaim(received, _text(claim))


def short(text: str, path: str) -> str:
    """Return a text that fits into our events and indexes.

    Raises:
        NotOurs: It is longer than any guide allows.
    """
    if len(text) > TEXT_LENGTH_MAX:
        raise NotOurs(path, "The text is longer than its guide allows.")
    return text


def _patient_cents(claim: x835.ClaimPayment) -> int:
    """Return CLP05; a payer that leaves it out says the same by its PR adjustments."""
    if claim.patient_responsibility_cents is not None:
        return claim.patient_responsibility_cents
    told = [*claim.adjustments, *(one for line in claim.lines for one in line.adjustments)]
    return sum(one.amount_cents for one in told if one.group_code == "PR")


def _line(line: x835.ServiceLine) -> PaidLine:
    is_revenue = line.procedure.qualifier_code == "NU"
    code = short(line.procedure.code, "SVC01")
    service_from = line.service_from
    allowed = line.allowed_cents
    return PaidLine(
        line_item_control_number=short(line.line_item_control_number, "REF*6R"),
        procedure_code="" if is_revenue else code,
        modifiers=[short(modifier, "SVC01") for modifier in line.procedure.modifiers],
        revenue_code=code if is_revenue else short(line.revenue_code, "SVC04"),
        billed_cents=_amount(line.billed_cents, "SVC02"),
        paid_cents=_amount(line.paid_cents, "SVC03"),
        allowed_cents=_amount(allowed, "AMT*B6") if allowed is not None else None,
        units_milli=_milli(line.paid_units, "SVC05") if line.paid_units is not None else 1000,
        adjustments=_adjustments(line.adjustments),
        remark_codes=[short(code, "LQ02") for code in line.remark_codes],
        service_from=service_from.isoformat() if service_from is not None else None,
    )


def _adjustments(adjustments: Iterable[x835.Adjustment]) -> list[Adjustment]:
    made = []
    for one in adjustments:
        if one.group_code not in _GROUPS:
            raise NotOurs("CAS01", "The adjustment group is none of CO, PR, OA, PI.")
        if not 1 <= len(one.reason_code) <= 5:
            raise NotOurs("CAS02", "The adjustment reason has no code of one to five characters.")
        quantity = _milli(one.quantity, "CAS04") if one.quantity is not None else None
        amount = _amount(one.amount_cents, "CAS03")
        made.append(
            Adjustment(
                group_code=one.group_code,
                reason_code=one.reason_code,
                amount_cents=amount,
                quantity_milli=quantity,
            )
        )
    return made


def _amount(cents: int, path: str) -> int:
    if abs(cents) > AMOUNT_CENTS_MAX:
        raise NotOurs(path, "The amount is beyond ten billion dollars.")
    return cents


def _milli(quantity: Decimal, path: str) -> int:
    milli = int(quantity * 1000)
    if abs(milli) > _MILLI_MAX:
        raise NotOurs(path, "The quantity is beyond all reason.")
    return milli


def _text(claim: x835.ClaimPayment) -> str:
    assert claim.origin is not None, "what was read from a file has an origin"
    unit = claim.origin.unit
    terminator = unit.transaction.delimiters.segment
    return terminator.join(unit.texts) + terminator
