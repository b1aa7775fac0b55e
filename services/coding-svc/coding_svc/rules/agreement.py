"""How far two coders agree: code by code, by Cohen's kappa, in money, and as accuracy.

A *decision* is one thing that either of the two coded: the principal diagnosis, each secondary one
(a set: their order counts only for the principal), the present-on-admission code of each diagnosis
that both have, each line's procedure and modifiers (in order: the first one prices), each
ICD-10-PCS code, the DRG. Decisions are compared over the union of both, so that a missed code
counts like a wrong one; a place where neither has anything is no decision.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple, get_args

from rcm.events.coding_audit import Agreement, AuditedCodes, AuditedLine, Category, Difference

CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)


class Decision(NamedTuple):
    """What each of the two coded at one place; empty for nothing."""

    category: Category
    path: str
    first: str
    second: str


class Delta(NamedTuple):
    """What the difference is worth.

    Attributes:
        charge_cents: Second less first; None where a changed code has no price here.
        drg_cents: Second less first; None where there is no weight or no base rate.
        fee_cents: Second less first by the fee schedule; None where it lacks a code that differs.
        unpriced: Why there is no amount; empty where all that differs has one.
    """

    charge_cents: int | None
    drg_cents: int | None
    fee_cents: int | None
    unpriced: str


Fee = Callable[[str, Sequence[str], str], int | None]
"""Gives the fee of a unit of a procedure, with modifiers, on a day; None where there is none."""


def no_fee(_code: str, _modifiers: Sequence[str], _on: str) -> None:
    """No fee schedule is loaded."""


def decisions(first: AuditedCodes, second: AuditedCodes) -> list[Decision]:
    """List every decision that either of the two made."""
    found = [
        *_diagnoses(first, second),
        *_set("pcs", "procedures", first.pcs_codes, second.pcs_codes),
        *_lines(first.lines, second.lines),
    ]
    if first.drg_code and second.drg_code:
        found.append(Decision("drg", "drg", first.drg_code, second.drg_code))
    return found


def agreements(made: Iterable[Decision]) -> list[Agreement]:
    """Count decisions and agreements by category; only categories that were compared."""
    compared: Counter[Category] = Counter()
    agreed: Counter[Category] = Counter()
    for decision in made:
        compared[decision.category] += 1
        agreed[decision.category] += decision.first == decision.second
    return [
        Agreement(category=one, compared_count=compared[one], agreed_count=agreed[one])
        for one in CATEGORIES
        if compared[one]
    ]


def differences(made: Iterable[Decision]) -> list[Difference]:
    """List the decisions in which the two differ, numbered from 1."""
    differing = [one for one in made if one.first != one.second]
    return [
        Difference(number=n, category=d.category, path=d.path, first=d.first, second=d.second)
        for n, d in enumerate(differing, start=1)
    ]


def kappa(pairs: Sequence[tuple[str, str]]) -> Fraction | None:
    """Return Cohen's kappa of two raters: (po - pe) / (1 - pe).

    Args:
        pairs: The label that each of the two gave, one pair for each thing rated.

    Returns:
        1 for full agreement, 0 for what chance would give, less for worse. None without pairs, and
        where both gave one and the same label throughout: chance alone explains it (pe = 1).
    """
    if not pairs:
        return None
    count = len(pairs)
    firsts = Counter(first for first, _ in pairs)
    seconds = Counter(second for _, second in pairs)
    observed = Fraction(sum(first == second for first, second in pairs), count)
    expected = Fraction(sum(firsts[label] * seconds[label] for label in firsts), count * count)
    return None if expected == 1 else (observed - expected) / (1 - expected)


def accuracy(correct_count: int, decision_count: int) -> Fraction | None:
    """Return the share of decisions that stand; None where there are none."""
    return Fraction(correct_count, decision_count) if decision_count else None


def milli(share: Fraction | None) -> int | None:
    """Write a share in thousandths, rounded half away from zero."""
    return None if share is None else _rounded(share.numerator * 1_000, share.denominator)


def financial_delta(
    first: AuditedCodes, second: AuditedCodes, base_rate_cents: int, fee: Fee = no_fee
) -> Delta:
    """Say what the second coding would change in money.

    Charges: a line that the second coder strikes takes its charge with it; a code that is changed
    has no charge here, and then no amount is given rather than a wrong one. Fees: by the schedule,
    where it has every code that differs. Inpatient: difference of the DRG weights by the base
    rate, where both are known.
    """
    reasons = []
    charge = _charge_delta(first.lines, second.lines)
    fees = _fee_delta(first.lines, second.lines, fee)
    if charge is None and fees is None:
        reasons.append("a procedure or modifier was added or changed, and nothing prices it")
    drg = None
    if first.drg_code or second.drg_code:
        if first.drg_code == second.drg_code:
            drg = 0
        elif first.drg_weight_e4 is None or second.drg_weight_e4 is None:
            reasons.append("no weight of both DRGs is loaded")
        elif not base_rate_cents:
            reasons.append("no base rate is set")
        else:
            weight = second.drg_weight_e4 - first.drg_weight_e4
            drg = _rounded(weight * base_rate_cents, 10_000)
    return Delta(charge, drg, fees, "; ".join(reasons))


def _fee_delta(first: Sequence[AuditedLine], second: Sequence[AuditedLine], fee: Fee) -> int | None:
    """Add up the fees of lines that differ; a line that only one of the two has counts whole."""
    firsts = {line.line_item_control_number: line for line in first}
    seconds = {line.line_item_control_number: line for line in second}
    since = min((line.service_from for line in first if line.service_from), default="")
    delta = 0
    for number in dict.fromkeys([*firsts, *seconds]):
        one, other = firsts.get(number), seconds.get(number)
        if _coded(one) == _coded(other):
            continue
        for line, sign in ((one, -1), (other, 1)):
            if line is None or not line.procedure_code:
                continue
            cents = fee(line.procedure_code, line.modifiers, line.service_from or since)
            if cents is None:
                return None
            delta += sign * _rounded(cents * line.units_milli, 1_000)
    return delta


def _coded(line: AuditedLine | None) -> tuple[object, ...]:
    return (line.procedure_code, line.modifiers) if line is not None else ("", [])


def _charge_delta(first: Sequence[AuditedLine], second: Sequence[AuditedLine]) -> int | None:
    again = {line.line_item_control_number: line for line in second}
    known = {line.line_item_control_number for line in first}
    if any(not _is_struck(line) for number, line in again.items() if number not in known):
        return None
    delta = 0
    for line in first:
        other = again.get(line.line_item_control_number)
        if other is None or _is_struck(other):
            delta -= line.billed_cents
        elif (line.procedure_code, line.modifiers) != (other.procedure_code, other.modifiers):
            return None
    return delta


def _is_struck(line: AuditedLine) -> bool:
    return not line.procedure_code and not line.modifiers and not line.billed_cents


def _diagnoses(first: AuditedCodes, second: AuditedCodes) -> list[Decision]:
    principals = [_at(codes.diagnoses, 0) for codes in (first, second)]
    found = [Decision("principal", "diagnoses[0]", *principals)] if any(principals) else []
    found += _set("secondary", "diagnoses", first.diagnoses[1:], second.diagnoses[1:])
    poa = [
        {code: _at(codes.poa_codes, n) for n, code in enumerate(codes.diagnoses)}
        for codes in (first, second)
    ]
    found += [
        Decision("poa", f"poa[{code}]", poa[0][code], poa[1][code])
        for code in poa[0]
        if code in poa[1] and (poa[0][code] or poa[1][code])
    ]
    return found


def _set(
    category: Category, path: str, first: Sequence[str], second: Sequence[str]
) -> list[Decision]:
    """Compare as sets: what only one of the two has is a decision of that one alone."""
    both, firsts, seconds = dict.fromkeys([*first, *second]), set(first), set(second)
    return [
        Decision(
            category,
            f"{path}[{code}]",
            code if code in firsts else "",
            code if code in seconds else "",
        )
        for code in both
    ]


def _lines(first: Sequence[AuditedLine], second: Sequence[AuditedLine]) -> list[Decision]:
    firsts = {line.line_item_control_number: line for line in first}
    seconds = {line.line_item_control_number: line for line in second}
    found: list[Decision] = []
    for number in dict.fromkeys([*firsts, *seconds]):
        one, other = firsts.get(number), seconds.get(number)
        path = f"lines[{number}]"
        codes = [line.procedure_code if line is not None else "" for line in (one, other)]
        modifiers = [" ".join(line.modifiers) if line is not None else "" for line in (one, other)]
        if any(codes):
            found.append(Decision("procedure", path, *codes))
        if any(modifiers):
            found.append(Decision("modifier", f"{path}.modifiers", *modifiers))
        if one is not None and not one.procedure_code and (other is None or _is_struck(other)):
            # A facility line goes by its revenue code: whether it stands is the decision.
            found.append(Decision("charge", path, "billed", "struck"))
    return found


def _at(values: Sequence[str], place: int) -> str:
    return values[place] if place < len(values) else ""


def _rounded(numerator: int, denominator: int) -> int:
    """Divide, rounding half away from zero."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole
