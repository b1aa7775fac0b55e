"""Check an 835's money and meaning: the three balances, situational rules, code sets. All pure.

    line         SVC02 - sum of its CAS                           = SVC03
    claim        CLP03 - sum of CAS of the claim and of its lines = CLP04
    transaction  sum of CLP04 - sum of PLB                        = BPR02

An adjustment that is positive lowers a payment and one that is negative raises it, in CAS and PLB
alike; a reversal (CLP02 = 22) has the signs of its original turned round and balances the same way.
Nothing is ever made to balance: the difference is reported to the cent.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from rcm.money import dollars
from rcm.x12.code_sets import CodeSets, NoCodeSets
from rcm.x12.findings import Finding, Rule, Severity
from rcm.x12.origin import place, segment_index
from rcm.x12.values import npi_is_sound
from rcm.x12.x835_documents import (
    ClaimPayment,
    ProviderAdjustment,
    Remittance,
    ServiceLine,
)

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
LINE_UNBALANCED = Rule(
    "line-out-of-balance",
    3,
    _ERROR,
    "Post nothing of this claim; ask the payer for a corrected remittance.",
    ("IK3", "8"),
)
CLAIM_UNBALANCED = Rule(
    "claim-out-of-balance",
    3,
    _ERROR,
    "Post nothing of this claim; ask the payer for a corrected remittance.",
    ("IK3", "8"),
)
LINES_BILLED_MISMATCH = Rule(
    "lines-differ-from-claim",
    3,
    _ERROR,
    "Post nothing of this claim; its lines are not the whole of it.",
    ("IK3", "8"),
)
PAYMENT_UNBALANCED = Rule(
    "payment-out-of-balance",
    3,
    _ERROR,
    "Post nothing of this remittance; ask the payer for a corrected one.",
    ("IK3", "8"),
)
PAYMENT_NEGATIVE = Rule(
    "payment-negative",
    4,
    _ERROR,
    "Carry a shortfall forward with PLB FB; a payment is never negative.",
    ("IK4", "6"),
)
RESPONSIBILITY_MISMATCH = Rule(
    "patient-responsibility-differs",
    3,
    _WARNING,
    "Believe the PR adjustments, and ask the payer what CLP05 means.",
)
REVERSAL_POSITIVE = Rule(
    "reversal-not-negative",
    4,
    _ERROR,
    "Turn the signs of the original payment round in a reversal.",
    ("IK3", "8"),
)
REVERSAL_RESPONSIBILITY = Rule(
    "reversal-with-patient-responsibility",
    4,
    _WARNING,
    "Leave CLP05 out of a reversal; the guide does not use it there.",
)
NON_PAYMENT_WITH_MONEY = Rule(
    "non-payment-with-money",
    4,
    _ERROR,
    "Use a payment method other than NON, or pay nothing.",
    ("IK4", "7"),
)
NOTHING_PAID_BY_METHOD = Rule(
    "payment-of-nothing", 4, _WARNING, "Use the payment method NON when nothing is paid."
)
PAYMENT_ACCOUNT_MISSING = Rule(
    "payment-account-missing",
    4,
    _ERROR,
    "Name the accounts that an electronic payment moves between (BPR05 to BPR15).",
    ("IK4", "I9"),
)
PAYER_NUMBER_MISMATCH = Rule(
    "payer-number-differs", 4, _WARNING, "Repeat BPR10 in TRN03, so that the payment can be found."
)
ADJUSTMENT_ZERO = Rule("adjustment-of-nothing", 4, _WARNING, "Leave out adjustments of nothing.")
REMARK_MISSING = Rule(
    "remark-missing",
    4,
    _WARNING,
    "Add the remark code that this reason code demands.",
)
DUPLICATE_LINE_NUMBER = Rule(
    "line-number-repeated",
    4,
    _WARNING,
    "Match the lines by procedure and date; the number is on more than one line.",
)
SERVICE_DATE_MISSING = Rule(
    "paid-service-without-date",
    4,
    _WARNING,
    "Give the date of service on the line or on the claim.",
)
FORWARD_BALANCE_REFERENCE = Rule(
    "forward-balance-reference",
    4,
    _WARNING,
    "Use the trace number of the remittance that started it as the reference of an FB.",
)
CARC_UNKNOWN = Rule(
    "reason-code-unknown", 5, _ERROR, "Use a claim adjustment reason code in force.", ("IK4", "7")
)
RARC_UNKNOWN = Rule(
    "remark-code-unknown", 5, _ERROR, "Use a remittance remark code in force.", ("IK4", "7")
)
PLB_REASON_UNKNOWN = Rule(
    "provider-adjustment-reason-unknown", 5, _ERROR, "Use a reason of the guide.", ("IK4", "7")
)
NPI_INVALID = Rule(
    "npi-invalid", 5, _ERROR, "Correct the NPI; its check digit does not fit.", ("IK4", "7")
)
RULES = (
    LINE_UNBALANCED, CLAIM_UNBALANCED, LINES_BILLED_MISMATCH, PAYMENT_UNBALANCED, PAYMENT_NEGATIVE,
    RESPONSIBILITY_MISMATCH, REVERSAL_POSITIVE, REVERSAL_RESPONSIBILITY, NON_PAYMENT_WITH_MONEY,
    NOTHING_PAID_BY_METHOD, PAYMENT_ACCOUNT_MISSING, PAYER_NUMBER_MISMATCH, ADJUSTMENT_ZERO,
    REMARK_MISSING, DUPLICATE_LINE_NUMBER, SERVICE_DATE_MISSING, FORWARD_BALANCE_REFERENCE,
    CARC_UNKNOWN, RARC_UNKNOWN, PLB_REASON_UNKNOWN, NPI_INVALID,
)  # fmt: skip

#: Reasons of a provider-level adjustment, PLB03-1 (element 426).
PROVIDER_REASONS = frozenset(
    ("50", "51", "72", "90", "AH", "AM", "AP", "B2", "B3", "BD", "BN", "C5", "CR", "CS", "CT",
     "CV", "CW", "DM", "E3", "FB", "FC", "GO", "HM", "IP", "IR", "IS", "J1", "L3", "L6", "LE",
     "LS", "OA", "OB", "PI", "PL", "RA", "RE", "SL", "TL", "WO", "WU")
)  # fmt: skip
#: Reasons that say nothing without a remark that is not an alert.
_NEEDS_REMARK = frozenset(
    ("16", "96", "129", "148", "226", "227", "234", "237", "250", "251", "252", "267", "A1")
)
_NO_CODE_SETS = NoCodeSets()
#: Shapes of codes, for what can be said without a list.
_SHAPES = {
    "carc": re.compile(r"(?:[1-9]\d{0,2}|[A-Z]\d{1,2})", re.ASCII),
    "rarc": re.compile(r"(?:N[1-9]\d{0,2}|MA?\d{1,3})", re.ASCII),
}


def check_claim(
    claim: ClaimPayment, *, code_sets: CodeSets = _NO_CODE_SETS, on_date: date | None = None
) -> list[Finding]:
    """Check one claim: its balances, its situational rules, its codes.

    Args:
        claim: The claim as read or as about to be written.
        code_sets: Who knows CARC and RARC; shapes alone are checked without it.
        on_date: The day that codes must be in force on (BPR16); None is any day.
    """
    found: list[Finding] = []
    carried = responsible = billed = 0
    for adjustment in claim.adjustments:
        carried += adjustment.amount_cents
        if adjustment.group_code == "PR":
            responsible += adjustment.amount_cents
    for line in claim.lines:
        withheld = 0
        for adjustment in line.adjustments:
            withheld += adjustment.amount_cents
            if adjustment.group_code == "PR":
                responsible += adjustment.amount_cents
        if line.billed_cents - withheld != line.paid_cents:
            found.append(_unbalanced_line(claim, line, withheld))
        carried += withheld
        billed += line.billed_cents
    if claim.billed_cents - carried != claim.paid_cents:
        found.append(_unbalanced_claim(claim, carried))
    if billed != claim.billed_cents and claim.lines:
        message = (
            f"Its lines bill {dollars(billed)} where the claim bills"
            f" {dollars(claim.billed_cents)}; the difference is"
            f" {dollars(claim.billed_cents - billed)}."
        )
        found.append(_at(claim, LINES_BILLED_MISMATCH, message, element=3))
    told = claim.patient_responsibility_cents
    if told is not None and told != responsible:
        message = f"CLP05 is not the {dollars(responsible)} of its PR adjustments."
        found.append(_at(claim, RESPONSIBILITY_MISMATCH, message, element=5))
    found += _situations(claim)
    found += _codes(claim, code_sets, on_date)
    return found


def check_payment(
    remittance: Remittance,
    claims_paid_cents: int | None = None,
    provider_adjustments_cents: int | None = None,
    *,
    is_whole: bool | None = None,
) -> list[Finding]:
    """Check what belongs to the whole remittance: its balance and its payment.

    Args:
        remittance: The remittance; its header alone when the sums are given.
        claims_paid_cents: Sum of CLP04 when claims were streamed, set-aside claims included if
            they can be; None to add up the document's own.
        provider_adjustments_cents: Sum of PLB likewise.
        is_whole: Whether all of it was read, so that its sum can be judged; None as the document
            says. Of one that lacks claims, the balance says nothing.
    """
    if is_whole is None:
        is_whole = remittance.is_complete
    if claims_paid_cents is None:
        claims_paid_cents = sum(claim.paid_cents for claim in remittance.claims)
    if provider_adjustments_cents is None:
        provider_adjustments_cents = sum(
            one.amount_cents for one in remittance.provider_adjustments
        )
    return list(
        _payment(remittance, claims_paid_cents, provider_adjustments_cents, is_whole=is_whole)
    )


def check(remittance: Remittance, *, code_sets: CodeSets = _NO_CODE_SETS) -> list[Finding]:
    """Check a whole remittance: each claim, each provider adjustment, and the payment."""
    on_date = remittance.payment.effective_on
    found = [
        finding
        for claim in remittance.claims
        for finding in check_claim(claim, code_sets=code_sets, on_date=on_date)
    ]
    for adjustment in remittance.provider_adjustments:
        found += check_provider_adjustment(adjustment)
    return found + check_payment(remittance)


def check_provider_adjustment(adjustment: ProviderAdjustment) -> list[Finding]:
    """Check one pair of a PLB."""
    reason = adjustment.reason_code
    if reason not in PROVIDER_REASONS:
        message = "The guide has no such reason of a provider adjustment."
        return [_at_pair(adjustment, PLB_REASON_UNKNOWN, message, reason)]
    if reason == "FB" and not adjustment.reference_number:
        message = "A forward balance names no remittance that it comes from."
        return [_at_pair(adjustment, FORWARD_BALANCE_REFERENCE, message)]
    return []


def _at_pair(adjustment: ProviderAdjustment, rule: Rule, message: str, value: str = "") -> Finding:
    element = 3
    if adjustment.origin is not None:
        segment = adjustment.origin.unit.segments[0]
        pairs = range(3, len(segment), 2)
        element = next((at for at in pairs if segment[at].startswith(adjustment.reason_code)), 3)
    where = place(adjustment.origin)
    return Finding(rule=rule, place=where, message=message, element=element, value=value)


def _unbalanced_line(claim: ClaimPayment, line: ServiceLine, withheld: int) -> Finding:
    ordinal = next(count for count, one in enumerate(claim.lines, start=1) if one is line)
    left = line.billed_cents - withheld
    message = (
        f"Billed {dollars(line.billed_cents)} less adjustments {dollars(withheld)} leaves"
        f" {dollars(left)}, but the payer reports {dollars(line.paid_cents)} paid; the difference"
        f" is {dollars(left - line.paid_cents)}."
    )
    where = place(claim.origin, line.at, claim_id=claim.claim_id, loop=f"2110[{ordinal}]")
    return Finding(rule=LINE_UNBALANCED, place=where, message=message, element=3)


def _unbalanced_claim(claim: ClaimPayment, carried: int) -> Finding:
    left = claim.billed_cents - carried
    message = (
        f"Billed {dollars(claim.billed_cents)} less adjustments {dollars(carried)} leaves"
        f" {dollars(left)}, but the payer reports {dollars(claim.paid_cents)} paid; the difference"
        f" is {dollars(left - claim.paid_cents)}."
    )
    return _at(claim, CLAIM_UNBALANCED, message, element=4)


def _payment(
    remittance: Remittance, paid: int, adjusted: int, *, is_whole: bool
) -> Iterator[Finding]:
    payment = remittance.payment
    where = place(remittance.origin, 1)

    def finding(rule: Rule, message: str, element: int) -> Finding:
        return Finding(rule=rule, place=where, message=message, element=element)

    if is_whole and paid - adjusted != payment.amount_cents:
        message = (
            f"Claims paid {dollars(paid)} less provider adjustments {dollars(adjusted)} leaves"
            f" {dollars(paid - adjusted)}, but the payment is {dollars(payment.amount_cents)}; the"
            f" difference is {dollars(paid - adjusted - payment.amount_cents)}."
        )
        yield finding(PAYMENT_UNBALANCED, message, 2)
    if payment.amount_cents < 0:
        yield finding(PAYMENT_NEGATIVE, "BPR02 is below zero.", 2)
    if payment.method_code == "NON" and payment.amount_cents:
        yield finding(NON_PAYMENT_WITH_MONEY, "BPR04 says that nothing is paid.", 4)
    is_electronic = payment.method_code in {"ACH", "BOP", "FWT"}
    if is_electronic and not payment.amount_cents:
        yield finding(NOTHING_PAID_BY_METHOD, "An electronic payment of nothing.", 4)
    if payment.method_code == "ACH" and not (
        payment.format_code
        and payment.payer_account.bank_number
        and payment.payee_account.bank_number
        and payment.effective_on
    ):
        yield finding(PAYMENT_ACCOUNT_MISSING, "An ACH payment lacks an account or a date.", 4)
    if payment.originator_number and payment.payer_number != payment.originator_number:
        yield finding(PAYER_NUMBER_MISMATCH, "TRN03 differs from BPR10.", 10)
    for organization, loop in ((remittance.payer, "1000A[1]"), (remittance.payee, "1000B[1]")):
        number = organization.number
        if organization.qualifier_code == "XX" and not npi_is_sound(number):
            at = segment_index(remittance.origin, "N1", number)
            yield Finding(
                rule=NPI_INVALID,
                place=place(remittance.origin, at, loop=loop),
                message="The NPI is not valid.",
                element=4,
                value=number,
            )


def _situations(claim: ClaimPayment) -> Iterator[Finding]:
    if claim.is_reversal:
        if claim.billed_cents > 0 or claim.paid_cents > 0:
            yield _at(claim, REVERSAL_POSITIVE, "The reversal has a positive amount.", element=3)
        if claim.patient_responsibility_cents:
            message = "The reversal has a patient responsibility."
            yield _at(claim, REVERSAL_RESPONSIBILITY, message, element=5)
    seen: set[str] = set()
    dated = bool(claim.dates)
    for line in claim.lines:
        number = line.line_item_control_number
        if number and number in seen:
            message = "A line item control number stands on two lines."
            yield _at(
                claim,
                DUPLICATE_LINE_NUMBER,
                message,
                at=line.at,
                tag="REF",
                element=2,
                value=number,
            )
        seen.add(number)
        if not dated and not line.dates:
            yield _at(claim, SERVICE_DATE_MISSING, "The line has no date of service.", at=line.at)
        for adjustment in line.adjustments:
            if not adjustment.amount_cents:
                message = "An adjustment is of nothing."
                yield _at(claim, ADJUSTMENT_ZERO, message, at=line.at)
            if adjustment.reason_code in _NEEDS_REMARK and not (line.remarks or claim.remark_codes):
                message = f"Reason {adjustment.reason_code} comes without a remark code."
                yield _at(claim, REMARK_MISSING, message, at=line.at)
    for party in claim.parties:
        if party.qualifier_code == "XX" and not npi_is_sound(party.number):
            yield _at(
                claim,
                NPI_INVALID,
                "The NPI is not valid.",
                tag="NM1",
                element=9,
                value=party.number,
            )


def _codes(claim: ClaimPayment, code_sets: CodeSets, on_date: date | None) -> Iterator[Finding]:
    for adjustment in claim.adjustments:
        if not _is_code("carc", adjustment.reason_code, code_sets, on_date):
            yield _unknown(claim, CARC_UNKNOWN, "CAS", adjustment.reason_code)
    for line in claim.lines:
        for adjustment in line.adjustments:
            if not _is_code("carc", adjustment.reason_code, code_sets, on_date):
                yield _unknown(claim, CARC_UNKNOWN, "CAS", adjustment.reason_code, line.at)
        if line.remarks:
            for code in line.remark_codes:
                if not _is_code("rarc", code, code_sets, on_date):
                    yield _unknown(claim, RARC_UNKNOWN, "LQ", code, line.at)
    if claim.outpatient or claim.inpatient:
        for code in claim.remark_codes:
            if not _is_code("rarc", code, code_sets, on_date):
                tag = "MIA" if code in claim.inpatient else "MOA"
                yield _unknown(claim, RARC_UNKNOWN, tag, code)


def _unknown(claim: ClaimPayment, rule: Rule, tag: str, code: str, at: int = 0) -> Finding:
    message = "It is not a code of the list in force on the day of payment."
    return _at(claim, rule, message, at=at, tag=tag, element=2, value=code)


def _is_code(code_list: str, code: str, code_sets: CodeSets, on_date: date | None) -> bool:
    """Tell whether a code can be one: by its shape, and by the list if there is one."""
    if not _has_shape(code_list, code):
        return False
    if on_date is None or code_sets is _NO_CODE_SETS:
        return True
    return code_sets.knows(code_list, code, on_date) is not False


@lru_cache(maxsize=1 << 12)
def _has_shape(code_list: str, code: str) -> bool:
    return _SHAPES[code_list].fullmatch(code) is not None


def _at(
    claim: ClaimPayment,
    rule: Rule,
    message: str,
    *,
    at: int = 0,
    tag: str = "",
    element: int = 0,
    value: str = "",
) -> Finding:
    """Make a finding about a claim, at a segment or at the first `tag` after it with the value."""
    loop = ""
    if at:
        ordinal = next(
            (count for count, line in enumerate(claim.lines, start=1) if line.at == at), 0
        )
        loop = f"2110[{ordinal}]" if ordinal else ""
    if tag:
        at = segment_index(claim.origin, tag, value, at)
    where = place(claim.origin, at, claim_id=claim.claim_id, loop=loop)
    return Finding(rule=rule, place=where, message=message, element=element, value=value)
