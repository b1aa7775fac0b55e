"""What the payer decides about one claim: pure, deterministic, and always in balance by itself.

billed - adjustments = paid       for each line, and for the claim
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec
from msgspec.structs import replace

from payer_sim.scenarios import DENIALS, Rules
from rcm.x12 import x835
from rcm.x12.x837_claims import Claim, InstitutionalClaim, ProfessionalClaim
from rcm.x12.x837_lines import InstitutionalLine

_ALLOWED_PERCENT_MIN: Final = 55
_ALLOWED_PERCENT_SPREAD: Final = 35
_COINSURANCE_PERCENT: Final = 20
_DEDUCTIBLE_CENTS_MAX: Final = 10_000
_PENDING: Final = ("OA", "133")
_BY_PAYERS_BEFORE: Final = ("OA", "23")
_REVERSAL: Final = "22"
_FIRST: Final = {
    "forward-balance": "contractual",
    "reversal-correction": "contractual",
    "crossover": "patient-share",
}
_SECOND: Final = {
    "forward-balance": "taken-back",
    "reversal-correction": "corrected",
    "pending": "contractual",
    "crossover": "contractual",
}
"""What is decided in the second round, by scenario: after a forward balance nothing is covered, so
that the first payment is owed back; after a crossover the next payer answers."""
_FORWARDED: Final = {"1": "19", "2": "20", "3": "21"}
"""CLP02 of a claim that goes on to the next payer by itself."""
_FORWARDED_REMARK: Final = "MA18"

_FILING_CODES: Final = frozenset(
    ("12", "13", "14", "15", "16", "17", "AM", "CH", "DS", "HM", "LM", "MA", "MB", "MC", "OF",
     "TV", "VA", "WC", "ZZ")
)  # fmt: skip
"""What CLP06 may say; other claim filing indicators (SBR09) become 12 or ZZ."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A service line, as far as a payer looks at it."""

    line_item_control_number: str
    procedure_code: str
    modifiers: tuple[str, ...]
    revenue_code: str
    billed_cents: int
    quantity: Decimal | None
    service_from: date | None
    left_cents: int | None = None  # what payers before left to the patient; None for the first


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A claim that the payer took into adjudication: all that it needs later, and no more."""

    claim_id: str
    box: str
    payer_id: str
    payer_name: str
    payee_npi: str
    payee_name: str
    payee_tax_number: str
    receiver_id: str
    submitter_id: str
    payer_number: str
    scenario: str
    frequency_code: str
    replaced_number: str
    sequence_code: str
    filing_code: str
    facility_code: str
    billed_cents: int
    lines: tuple[Line, ...]
    last_name: str
    first_name: str
    member_number: str
    is_duplicate: bool = False
    next_payer_id: str = ""
    next_payer_name: str = ""
    content: str = ""  # what amounts are drawn by; empty in what was taken before there was this


def content_of(claim: Claim) -> str:
    """Tell what a claim asks for, without any number that its sender made up: the same charge of
    the same patient draws the same answer, whatever it is numbered.
    """
    subscriber = claim.subscriber
    person = claim.patient if claim.patient is not None else subscriber
    head = (
        claim.payer.number,
        subscriber.member_number,
        subscriber.responsibility_code,
        person.first_name,
    )
    lines = (
        f"{one.revenue_code}:{one.procedure_code}:{'+'.join(one.modifiers)}:{one.billed_cents}:"
        f"{one.service_from or ''}"
        for one in lines_of(claim)
    )
    return "|".join((*head, *lines))


def lines_of(claim: Claim) -> tuple[Line, ...]:
    """Give the lines of a typed 837 claim."""
    assert isinstance(claim, ProfessionalClaim | InstitutionalClaim), "837P and 837I only"
    found = []
    for line, left_cents in zip(claim.lines, _left(claim), strict=True):
        revenue = line.revenue_code if isinstance(line, InstitutionalLine) else ""
        procedure = line.procedure
        found.append(
            Line(
                line_item_control_number=line.line_item_control_number,
                procedure_code=procedure.code if procedure is not None else "",
                modifiers=procedure.modifiers if procedure is not None else (),
                revenue_code=revenue,
                billed_cents=line.billed_cents,
                quantity=line.quantity,
                service_from=line.service_from,
                left_cents=left_cents,
            )
        )
    return tuple(found)


def _left(claim: ProfessionalClaim | InstitutionalClaim) -> list[int | None]:
    """Tell what the last payer before left to the patient on each line (PR). Of an answer without
    lines (2320 alone) each line takes what it can, the first one first.
    """
    before = [one for one in claim.other_payers if one.paid_cents is not None]
    if not before:
        return [None] * len(claim.lines)
    last = before[-1]
    by_line = [
        [one for one in line.adjudications if one.payer_number == last.number]
        for line in claim.lines
    ]
    if any(by_line):
        return [_patient_cents(adjustment for one in found for adjustment in one.adjustments)
                for found in by_line]  # fmt: skip
    remaining = _patient_cents(last.adjustments)
    shares: list[int | None] = []
    for line in claim.lines:
        share = min(line.billed_cents, remaining)
        remaining -= share
        shares.append(share)
    return shares


def _patient_cents(adjustments: Iterable[x835.Adjustment]) -> int:
    return sum(one.amount_cents for one in adjustments if one.group_code == "PR")


def adjudicate(taken: Taken, rules: Rules) -> list[x835.ClaimPayment]:
    """Decide a claim; a split one gives two payments."""
    scenario = "denied-duplicate" if taken.is_duplicate else _FIRST.get(taken.scenario, "")
    scenario = scenario or taken.scenario
    if scenario == "denied-whole-claim":
        denied = x835.Adjustment("CO", "31", taken.billed_cents)
        return [_payment(taken, (), status_code="4", adjustments=(denied,))]
    if scenario == "split":
        return _split(taken, rules)
    lines = tuple(
        _line(
            line,
            _adjustments(line, place, scenario, taken.content, rules),
            scenario,
        )
        for place, line in enumerate(taken.lines)
    )
    payment = _payment(taken, lines)
    if taken.scenario == "crossover" and taken.next_payer_id and not taken.is_duplicate:
        return [_forwarded(payment, taken)]
    return [payment]


def crossed_over(taken: Taken, rules: Rules) -> Taken:
    """Give a claim that was sent on as the next payer has it: under the same number of ours."""
    (first,) = adjudicate(taken, rules)
    lines = tuple(
        replace(line, left_cents=_patient_cents(answered.adjustments))
        for line, answered in zip(taken.lines, first.lines, strict=True)
    )
    return replace(
        taken,
        payer_id=taken.next_payer_id,
        payer_name=taken.next_payer_name,
        sequence_code="S" if taken.sequence_code == "P" else "T",
        next_payer_id="",
        lines=lines,
    )


def _forwarded(payment: x835.ClaimPayment, taken: Taken) -> x835.ClaimPayment:
    carrier = x835.Party(
        "TT", "2", taken.next_payer_name, qualifier_code="PI", number=taken.next_payer_id
    )
    return replace(
        payment,
        claim_status_code=_FORWARDED[payment.claim_status_code],
        parties=(*payment.parties, carrier),
        outpatient=("", "", _FORWARDED_REMARK),
    )


def correction(taken: Taken, rules: Rules) -> list[x835.ClaimPayment]:
    """Take the first decision back and decide anew: the reversal first, then the correction.

    After a crossover nothing is taken back: the next payer decides (`crossed_over`).
    """
    if taken.scenario == "crossover":
        lines = tuple(
            _line(
                line,
                _adjustments(line, place, "contractual", taken.content, rules),
                "",
            )
            for place, line in enumerate(taken.lines)
        )
        return [_payment(taken, lines)]
    (first,) = adjudicate(taken, rules)
    cut = _SECOND[taken.scenario]
    lines = tuple(
        _line(line, _adjustments(line, place, cut, taken.content, rules), cut)
        for place, line in enumerate(taken.lines)
    )
    return [reversal(first), _payment(taken, lines)]


def reversal(payment: x835.ClaimPayment) -> x835.ClaimPayment:
    """Turn every sign of an earlier payment round; groups, reasons and numbers stay."""
    lines = tuple(
        replace(
            line,
            billed_cents=-line.billed_cents,
            paid_cents=-line.paid_cents,
            adjustments=_turned(line.adjustments),
            amounts=(),
            remarks=(),
        )
        for line in payment.lines
    )
    patient = payment.patient_responsibility_cents
    return replace(
        payment,
        claim_status_code=_REVERSAL,
        billed_cents=-payment.billed_cents,
        paid_cents=-payment.paid_cents,
        patient_responsibility_cents=None if patient is None else -patient,
        adjustments=_turned(payment.adjustments),
        lines=lines,
    )


def _turned(adjustments: tuple[x835.Adjustment, ...]) -> tuple[x835.Adjustment, ...]:
    return tuple(replace(one, amount_cents=-one.amount_cents) for one in adjustments)


def _split(taken: Taken, rules: Rules) -> list[x835.ClaimPayment]:
    """Adjudicate the first line by itself and the others together, under two payer numbers."""
    parts = (taken.lines[:1], taken.lines[1:])
    payments = []
    for place, part in enumerate(part for part in parts if part):
        lines = tuple(
            _line(
                line,
                _adjustments(line, 0, "contractual", taken.content, rules),
                "contractual",
            )
            for line in part
        )
        number = f"{taken.payer_number}{'AB'[place]}"
        billed = sum(line.billed_cents for line in part)
        payments.append(_payment(replace(taken, payer_number=number, billed_cents=billed), lines))
    return payments


def _adjustments(
    line: Line, place: int, scenario: str, content: str, rules: Rules
) -> tuple[x835.Adjustment, ...]:
    """Adjust a line; of a later payer's, only what the payers before have left is decided."""
    if line.left_cents is None:
        return _of_charge(line, place, scenario, content, rules)
    before = line.billed_cents - line.left_cents
    known = (x835.Adjustment(*_BY_PAYERS_BEFORE, before),) if before else ()
    # A later payer takes the contract of the first one as it is.
    own = "paid" if scenario == "contractual" else scenario
    rest = replace(line, billed_cents=line.left_cents, left_cents=None)
    if not line.left_cents:
        return known
    return (*known, *_of_charge(rest, place, own, content, rules))


def _of_charge(
    line: Line, place: int, scenario: str, content: str, rules: Rules
) -> tuple[x835.Adjustment, ...]:
    if scenario == "paid":
        return ()
    if scenario in DENIALS:
        group, reason, _ = DENIALS[scenario]
        return (x835.Adjustment(group, reason, line.billed_cents),)
    if scenario == "pending":
        return (x835.Adjustment(*_PENDING, line.billed_cents),)
    if scenario == "partial" and place > 0:
        return (x835.Adjustment("CO", "50", line.billed_cents),)
    if scenario == "taken-back":
        return (x835.Adjustment("CO", "50", line.billed_cents),)
    contractual = _contractual(line, content, rules)
    allowed = line.billed_cents - sum(one.amount_cents for one in contractual)
    if scenario == "corrected":
        less = allowed // 10
        return (*contractual, x835.Adjustment("CO", "59", less)) if less else contractual
    if scenario == "patient-share":
        return (*contractual, *_patient_share(allowed, place, content, rules))
    return contractual


def _contractual(line: Line, content: str, rules: Rules) -> tuple[x835.Adjustment, ...]:
    spread = rules.number(
        f"allowed {line.procedure_code} {line.revenue_code} {line.billed_cents}", content, 10_000
    )
    percent = _ALLOWED_PERCENT_MIN + spread % _ALLOWED_PERCENT_SPREAD
    above = line.billed_cents - line.billed_cents * percent // 100
    return (x835.Adjustment("CO", "45", above),) if above else ()


def _patient_share(
    allowed: int, place: int, content: str, rules: Rules
) -> tuple[x835.Adjustment, ...]:
    """Take deductible and coinsurance on the first line, a copay on the others."""
    if place:
        copay = min(allowed, 2_000)
        return (x835.Adjustment("PR", "3", copay),) if copay else ()
    deductible = min(allowed, rules.number("deductible", content, _DEDUCTIBLE_CENTS_MAX))
    coinsurance = (allowed - deductible) * _COINSURANCE_PERCENT // 100
    shares = (("1", deductible), ("2", coinsurance))
    return tuple(x835.Adjustment("PR", reason, cents) for reason, cents in shares if cents)


def _line(line: Line, adjustments: tuple[x835.Adjustment, ...], scenario: str) -> x835.ServiceLine:
    paid = line.billed_cents - sum(one.amount_cents for one in adjustments)
    contractual = sum(one.amount_cents for one in adjustments if one.reason_code == "45")
    if line.procedure_code:
        procedure = x835.Procedure("HC", line.procedure_code, line.modifiers)
    else:
        procedure = x835.Procedure("NU", line.revenue_code)
    remarks = DENIALS[scenario][2] if scenario in DENIALS else ()
    if scenario == "partial" and any(one.reason_code == "50" for one in adjustments):
        remarks = ("N115",)
    number = line.line_item_control_number
    return x835.ServiceLine(
        procedure=procedure,
        billed_cents=line.billed_cents,
        paid_cents=paid,
        revenue_code=line.revenue_code if line.procedure_code else "",
        paid_units=line.quantity,
        dates=(x835.DatedOn("472", line.service_from),) if line.service_from else (),
        adjustments=adjustments,
        references=(x835.Reference("6R", number),) if number else (),
        amounts=(x835.Amount("B6", line.billed_cents - contractual),) if paid else (),
        remarks=tuple(x835.Remark("HE", code) for code in remarks),
    )


def _payment(
    taken: Taken,
    lines: tuple[x835.ServiceLine, ...],
    *,
    status_code: str = "",
    adjustments: tuple[x835.Adjustment, ...] = (),
) -> x835.ClaimPayment:
    every = [*adjustments, *(one for line in lines for one in line.adjustments)]
    patient = sum(one.amount_cents for one in every if one.group_code == "PR")
    return x835.ClaimPayment(
        claim_id=taken.claim_id,
        claim_status_code=status_code or {"P": "1", "S": "2"}.get(taken.sequence_code, "3"),
        billed_cents=taken.billed_cents,
        paid_cents=taken.billed_cents - sum(one.amount_cents for one in every),
        patient_responsibility_cents=patient or None,
        claim_filing_indicator_code=_filing_code(taken.filing_code),
        payer_claim_control_number=taken.payer_number,
        facility_code=taken.facility_code,
        frequency_code=taken.frequency_code,
        adjustments=adjustments,
        parties=(
            x835.Party(
                "QC", "1", taken.last_name, taken.first_name, "", "", "MI", taken.member_number
            ),
        ),
        lines=lines,
    )


def has_second_round(taken: Taken) -> bool:
    """Tell whether the payer thinks again about a claim."""
    if taken.scenario == "crossover" and not taken.next_payer_id:
        return False
    return taken.scenario in _SECOND and not taken.is_duplicate


def _filing_code(code: str) -> str:
    if code in _FILING_CODES:
        return code
    return "12" if code == "BL" else "ZZ"
