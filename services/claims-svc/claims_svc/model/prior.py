"""What the payers before have said of a claim, put together from their answers: for 2320 and 2430.

An answer is one CLP of an 835. A split claim has several, which add up; a reversal takes one back;
what stands after all of them is what the next payer is told.
"""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from rcm.events.claims_coordination import PriorAnswer
from rcm.events.clinical import Adjustment, ChargeLine, Day
from rcm.events.remit import PaidLine
from rcm.money import Cents

SequenceCode = Literal["P", "S", "T"]

SEQUENCE: Final[tuple[SequenceCode, ...]] = ("P", "S", "T")
"""SBR01 in the order in which payers are asked."""


class PriorLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a payer before did with one of our lines, or with a part of it. 2430."""

    line_item_control_number: str  # our 2400 REF*6R
    paid_cents: Cents  # SVD02
    procedure_code: str = ""  # SVD03-2, as adjudicated
    modifiers: list[str] = []  # SVD03-3..6
    revenue_code: str = ""  # SVD04
    units_milli: int = 1000  # SVD05
    adjustments: list[Adjustment] = []  # CAS


class PriorAdjudication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a payer before said of the claim. 2320, 2330B, 2430.

    Attributes:
        adjudicated_on: DTP*573: of the last answer.
        paid_cents: AMT*D.
        adjustments: 2320 CAS; those of the lines stand in `lines`, never in both.
        lines: 2430; empty where the payer adjudicated the claim as a whole.
        remark_codes: MOA or MIA remarks.
        payer_claim_control_number: 2330B REF*F8.
        unknown_lines_count: Lines of the answers that are none of ours.
        open_reversals_count: Reversals of answers that have not come.
    """

    adjudicated_on: Day
    paid_cents: Cents
    adjustments: list[Adjustment] = []
    lines: list[PriorLine] = []
    remark_codes: list[str] = []
    payer_claim_control_number: str = ""
    unknown_lines_count: int = 0
    open_reversals_count: int = 0

    @property
    def all_adjustments(self) -> list[Adjustment]:
        """The adjustments of the claim and of its lines."""
        return [*self.adjustments, *(one for line in self.lines for one in line.adjustments)]

    @property
    def explained_cents(self) -> int:
        """Paid and adjusted: equals what was billed once every line was answered."""
        return self.paid_cents + sum(one.amount_cents for one in self.all_adjustments)

    @property
    def left_cents(self) -> int:
        """AMT*EAF: what it leaves to the patient, the sum of PR."""
        return patient_share(self.all_adjustments)


class Standing(NamedTuple):
    """The answers that stand.

    Attributes:
        answers: Those that nothing took back, oldest first.
        open_reversals: Reversals of what has not come.
    """

    answers: tuple[PriorAnswer, ...]
    open_reversals: tuple[PriorAnswer, ...]

    def of(self, code: SequenceCode) -> list[PriorAnswer]:
        """The answers of one payer."""
        return [one for one in self.answers if one.payer_sequence_code == code]

    def left_cents(self, code: SequenceCode) -> int:
        """What a payer leaves to the patient, on lines that are ours or not."""
        return sum(
            patient_share(one.adjustments)
            + sum(patient_share(line.adjustments) for line in one.lines)
            for one in self.of(code)
        )


def patient_share(adjustments: Sequence[Adjustment]) -> int:
    """Sum what is left to the patient. CAS with group PR."""
    return sum(one.amount_cents for one in adjustments if one.group_code == "PR")


def standing(answers: Sequence[PriorAnswer]) -> Standing:
    """Take reversals and what they reverse out, in whatever order they came."""
    found: list[PriorAnswer] = []
    reversals: list[PriorAnswer] = []
    for one in answers:
        others = found if one.is_reversal else reversals
        match = next((other for other in others if _undoes(one, other)), None)
        if match is not None:
            others.remove(match)
        else:
            (reversals if one.is_reversal else found).append(one)
    return Standing(tuple(found), tuple(reversals))


def _undoes(one: PriorAnswer, other: PriorAnswer) -> bool:
    return (
        one.payer_sequence_code == other.payer_sequence_code
        and one.payer_claim_control_number == other.payer_claim_control_number
        and one.billed_cents == -other.billed_cents
        and one.paid_cents == -other.paid_cents
    )


def adjudications(
    stand: Standing, lines: Sequence[ChargeLine]
) -> dict[SequenceCode, PriorAdjudication]:
    """Put the answers that stand together, payer by payer.

    Args:
        stand: See `standing`.
        lines: The claim's own lines.
    """
    found: dict[SequenceCode, PriorAdjudication] = {}
    for code in SEQUENCE:
        answers = stand.of(code)
        if answers:
            open_count = sum(one.payer_sequence_code == code for one in stand.open_reversals)
            found[code] = _together(answers, lines, open_count)
    return found


def _together(
    answers: Sequence[PriorAnswer], lines: Sequence[ChargeLine], open_reversals_count: int
) -> PriorAdjudication:
    unmatched = {line.line_item_control_number: line for line in lines}
    numbers = frozenset(unmatched)
    prior_lines: list[PriorLine] = []
    unknown = 0
    for answer in answers:
        for line in answer.lines:
            number = _number_of(line, numbers, unmatched)
            unmatched.pop(number, None)
            if number:
                prior_lines.append(_prior_line(line, number))
            else:
                unknown += 1
    remarks = (code for answer in answers for code in answer.remark_codes)
    return PriorAdjudication(
        adjudicated_on=max(one.effective_on for one in answers),
        paid_cents=sum(one.paid_cents for one in answers),
        adjustments=[kept for one in answers for kept in one.adjustments if kept.amount_cents],
        lines=prior_lines,
        remark_codes=list(dict.fromkeys(remarks)),
        payer_claim_control_number=answers[-1].payer_claim_control_number,
        unknown_lines_count=unknown,
        open_reversals_count=open_reversals_count,
    )


def _number_of(line: PaidLine, numbers: frozenset[str], unmatched: dict[str, ChargeLine]) -> str:
    """Tell which of our lines a payer's line is: by REF*6R, else the only one of that code and
    charge that is not answered yet; empty for none.
    """
    if line.line_item_control_number in numbers:
        return line.line_item_control_number
    alike = [
        number
        for number, own in unmatched.items()
        if own.billed_cents == line.billed_cents
        and (
            own.procedure_code == line.procedure_code
            or (not own.procedure_code and own.revenue_code == line.revenue_code)
        )
    ]
    return alike[0] if len(alike) == 1 else ""


def _prior_line(line: PaidLine, number: str) -> PriorLine:
    return PriorLine(
        line_item_control_number=number,
        paid_cents=line.paid_cents,
        procedure_code=line.procedure_code,
        modifiers=line.modifiers,
        revenue_code=line.revenue_code,
        units_milli=line.units_milli,
        adjustments=[one for one in line.adjustments if one.amount_cents],
    )
