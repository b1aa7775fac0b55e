"""Rules about other payers: coordination of benefits balanced at the line, the claim, the charge.

    line    billed      = paid (SVD02) + adjustments of the line (2430 CAS)
    claim   paid (AMT*D) = paid lines - adjustments of the claim (2320 CAS)
    charge  CLM02       = paid (AMT*D) + all adjustments of that payer

The second and third say the same when every line was adjudicated; without lines only the third
can be checked. `docs/x12/837.md` has the numbers of an example.
"""

from datetime import date
from typing import Final

from rcm.money import dollars
from rcm.x12 import x837_rules as rules
from rcm.x12.code_sets import CodeSets
from rcm.x12.x835_documents import Adjustment
from rcm.x12.x837_claims import Claim
from rcm.x12.x837_faults import Fault, Tell
from rcm.x12.x837_lines import LineAdjudication, OtherPayer, ServiceLine

_RANKS: Final = "PSTABCDEFGH"


def other_payer_faults(
    tell: Tell, claim: Claim, lines: tuple[ServiceLine, ...], codes: CodeSets
) -> None:
    """Check 2320, 2330 and 2430."""
    ours = claim.subscriber.responsibility_code
    if not claim.other_payers:
        if ours in {"S", "T"}:
            message = f"SBR01 is {ours}, and no earlier payer is named."
            tell(Fault(rules.PRIOR_PAYER_MISSING, message, "", "CLM"))
        _unknown_payers(tell, lines, frozenset())
        return
    sequences = {ours}
    numbers: set[str] = set()
    for place, other in enumerate(claim.other_payers, 1):
        loop = f"2320[{place}]"
        code = other.responsibility_code
        if code in sequences and code != "U":
            message = "Another payer of the claim has this SBR01."
            tell(Fault(rules.SEQUENCE_REPEATED, message, loop, "SBR", 1, 0, code))
        sequences.add(code)
        if other.number in numbers:
            message = "Another payer of the claim has this number."
            where = f"{loop}/2330B[1]"
            tell(Fault(rules.OTHER_PAYER_REPEATED, message, where, "NM1*PR", 9, 0, other.number))
        numbers.add(other.number)
        _payer_faults(tell, claim, lines, other, loop, codes)
    _unknown_payers(tell, lines, frozenset(numbers))


def _unknown_payers(tell: Tell, lines: tuple[ServiceLine, ...], numbers: frozenset[str]) -> None:
    for place, line in enumerate(lines, 1):
        if not line.adjudications:
            continue
        for turn, one in enumerate(line.adjudications, 1):
            if one.payer_number not in numbers:
                message = "No other payer of the claim has this number."
                loop = f"2400[{place}]/2430[{turn}]"
                value = one.payer_number
                tell(Fault(rules.ADJUDICATION_PAYER, message, loop, "SVD", 1, 0, value))


def _payer_faults(
    tell: Tell,
    claim: Claim,
    lines: tuple[ServiceLine, ...],
    other: OtherPayer,
    loop: str,
    codes: CodeSets,
) -> None:
    adjudications = [
        (place, turn, line, one)
        for place, line in enumerate(lines, 1)
        for turn, one in enumerate(line.adjudications, 1)
        if one.payer_number == other.number
    ]
    has_adjudicated = bool(
        adjudications
        or other.adjustments
        or other.paid_cents is not None
        or other.adjudicated_on is not None
    )
    if not has_adjudicated:
        return
    if _comes_later(claim, other):
        message = "This payer comes after the one that the claim goes to."
        tell(Fault(rules.LATER_PAYER, message, loop, "SBR", 1))
    if other.paid_cents is None:
        tell(Fault(rules.PAID_MISSING, "There is no AMT*D.", loop, "SBR"))
    elif other.paid_cents < 0:
        tell(Fault(rules.PAID_NEGATIVE, "AMT*D is negative.", loop, "AMT*D", 2))
    _date_faults(tell, other, adjudications, loop)
    _line_faults(tell, adjudications)
    _balance_faults(tell, claim, lines, other, adjudications, loop)
    on = other.adjudicated_on or next(
        (one.adjudicated_on for *_, one in adjudications if one.adjudicated_on), None
    )
    if on is not None:
        _reason_faults(tell, other.adjustments, loop, on, codes)
        for place, turn, _, one in adjudications:
            inside = f"2400[{place}]/2430[{turn}]"
            _reason_faults(tell, one.adjustments, inside, on, codes)


_Found = list[tuple[int, int, ServiceLine, LineAdjudication]]


def _comes_later(claim: Claim, other: OtherPayer) -> bool:
    ours, theirs = claim.subscriber.responsibility_code, other.responsibility_code
    return ours in _RANKS and theirs in _RANKS and _RANKS.index(theirs) > _RANKS.index(ours)


def _date_faults(tell: Tell, other: OtherPayer, adjudications: _Found, loop: str) -> None:
    dated = [found for found in adjudications if found[3].adjudicated_on is not None]
    if other.adjudicated_on is not None and dated:
        message = "The adjudication date stands at the claim and at a line."
        tell(Fault(rules.DATE_TWICE, message, f"{loop}/2330B[1]", "DTP*573", 3))
    elif other.adjudicated_on is None and not adjudications:
        tell(Fault(rules.DATE_MISSING, "There is no adjudication date.", f"{loop}/2330B[1]", "NM1"))
    elif other.adjudicated_on is None:
        for place, turn, _, one in adjudications:
            if one.adjudicated_on is None:
                inside = f"2400[{place}]/2430[{turn}]"
                message = "There is no adjudication date, here or at the claim."
                tell(Fault(rules.DATE_MISSING, message, inside, "SVD"))
    if other.remaining_patient_liability_cents is not None and any(
        found[3].remaining_patient_liability_cents is not None for found in adjudications
    ):
        message = "AMT*EAF stands at the claim and at a line."
        tell(Fault(rules.LIABILITY_TWICE, message, loop, "AMT*EAF", 2))


def _line_faults(tell: Tell, adjudications: _Found) -> None:
    """Balance each line, over all adjudications that this payer gave it."""
    sums: dict[int, tuple[int, int, int]] = {}
    for place, turn, line, one in adjudications:
        if one.paid_cents < 0:
            inside = f"2400[{place}]/2430[{turn}]"
            tell(Fault(rules.PAID_NEGATIVE, "SVD02 is negative.", inside, "SVD", 2))
        explained = one.paid_cents + sum(each.amount_cents for each in one.adjustments)
        _, before, first = sums.get(place, (0, 0, turn))
        sums[place] = (line.billed_cents, before + explained, first)
    for place, (billed, explained, turn) in sums.items():
        if billed != explained:
            message = (
                f"The line bills {dollars(billed)}; paid and adjusted are {dollars(explained)}:"
                f" {dollars(billed - explained)} is unexplained."
            )
            tell(Fault(rules.LINE_BALANCE, message, f"2400[{place}]/2430[{turn}]", "SVD", 2))


def _balance_faults(
    tell: Tell,
    claim: Claim,
    lines: tuple[ServiceLine, ...],
    other: OtherPayer,
    adjudications: _Found,
    loop: str,
) -> None:
    paid = other.paid_cents
    if paid is None:
        return
    at_claim = sum(each.amount_cents for each in other.adjustments)
    lines_paid = sum(one.paid_cents for *_, one in adjudications)
    every_line = len({place for place, *_ in adjudications}) == len(lines)
    if every_line and adjudications and lines_paid - at_claim != paid:
        message = (
            f"The lines were paid {dollars(lines_paid)}, the claim adjusted by"
            f" {dollars(at_claim)}; AMT*D says {dollars(paid)}."
        )
        tell(Fault(rules.CLAIM_BALANCE, message, loop, "AMT*D", 2))
    elif not adjudications and (at_claim or other.adjudicated_on is not None):
        explained = paid + at_claim
        if explained != claim.billed_cents:
            message = (
                f"The claim bills {dollars(claim.billed_cents)}; paid and adjusted are"
                f" {dollars(explained)}."
            )
            tell(Fault(rules.CHARGE_BALANCE, message, loop, "AMT*D", 2))


def _reason_faults(
    tell: Tell, adjustments: tuple[Adjustment, ...], loop: str, on: date, codes: CodeSets
) -> None:
    for one in adjustments:
        if codes.knows("carc", one.reason_code, on) is False:
            message = "The list carc does not have this code on that day."
            tell(Fault(rules.CODE_UNKNOWN, message, loop, "CAS", 2, 0, one.reason_code))
