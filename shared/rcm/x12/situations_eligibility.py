"""Situational rules of the 270 and the 271 (005010X279A1), level by level."""

from collections.abc import Iterator, Sequence
from typing import Final

from rcm.x12.findings import Finding, Severity
from rcm.x12.situation import LATER, Situation, day_of, situational
from rcm.x12.values import quantity
from rcm.x12.walk import Seen

PERSON_UNKNOWN: Final = situational(
    "person-not-identified",
    "Send the member number, or the last name with the date of birth.",
)
QUESTION_MISSING: Final = situational(
    "question-missing", "Add EQ: what is asked about the last person of a branch."
)
ANSWER_MISSING: Final = situational(
    "answer-missing", "Answer for the person with EB, or say with AAA why there is no answer."
)
SHARE_NOT_DECIMAL: Final = situational(
    "share-not-decimal", "Write a share as a decimal: 20 percent is .2.", Severity.WARNING
)
AMOUNT_MISSING: Final = situational(
    "benefit-amount-missing",
    "Add the amount (EB07), the share (EB08) or the quantity (EB10) of the benefit.",
    Severity.WARNING,
)
LOOP_ID_DIFFERS: Final = situational(
    "loop-identifier-differs", "Repeat LS01 in LE01.", Severity.ERROR, 2
)
TRACE_REPEATED: Final = situational(
    "trace-repeated", "Give each question a trace number of its own.", Severity.WARNING
)
RULES: Final = (
    PERSON_UNKNOWN, QUESTION_MISSING, ANSWER_MISSING, SHARE_NOT_DECIMAL, AMOUNT_MISSING,
    LOOP_ID_DIFFERS, TRACE_REPEATED,
)  # fmt: skip
#: EB01 that say how much the patient pays: coinsurance, copay, deductible, out of pocket.
_HOW_MUCH: Final = frozenset("ABCGJY")
_TRACES_MAX: Final = 1 << 16  # traces remembered, so that a file of any size takes constant memory


class Eligibility(Situation):
    """What a 270 or a 271 must say of the persons in it."""

    def __init__(self, set_code: str) -> None:
        super().__init__()
        self._is_inquiry = set_code == "270"
        self._person: list[Seen] = []  # the person's level that was read last
        self._traces: set[str] = set()

    def level(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Check one HL level; the person before it is judged now that we know what follows."""
        yield from self._judge(is_leaf=seen[0].element(3) != "23" or self._level() != "22")
        self._person = []
        if seen[0].element(3) in {"22", "23"}:
            self._person = list(seen)
            yield from self._check_person(seen)

    def end(self) -> Iterator[Finding]:
        """Judge the last person."""
        yield from self._judge(is_leaf=True)

    def _level(self) -> str:
        return self._person[0].element(3) if self._person else ""

    def _judge(self, *, is_leaf: bool) -> Iterator[Finding]:
        if not (self._person and is_leaf):
            return
        tags = {one.segment[0] for one in self._person}
        head = self._person[0]
        if self._is_inquiry and "EQ" not in tags:
            yield head.finding(QUESTION_MISSING, "Nothing is asked about this person.")
        elif not self._is_inquiry and not tags & {"EB", "AAA"}:
            yield head.finding(ANSWER_MISSING, "Nothing is said of this person.")

    def _check_person(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        name = next((one for one in seen if one.segment[0] == "NM1"), None)
        birth = next((one for one in seen if one.segment[0] == "DMG"), None)
        if birth is not None and self.created_on is not None:
            born = day_of(birth.element(2))
            if born is not None and born > self.created_on:
                yield birth.finding(LATER, "The person is born after the question.", 2)
        if self._is_inquiry and name is not None:
            has_birth = birth is not None and bool(birth.element(2))
            has_number = bool(name.element(9)) or any(one.segment[0] == "REF" for one in seen)
            if not (has_number or (name.element(3) and has_birth)):
                yield name.finding(PERSON_UNKNOWN, "Neither number nor name and birth are told.")
        opened: Seen | None = None
        for one in seen:
            match one.segment[0]:
                case "TRN" if self._is_inquiry:
                    yield from self._check_trace(one)
                case "EB":
                    yield from _check_benefit(one)
                case "LS":
                    opened = one
                case "LE" if opened is not None and one.element(1) != opened.element(1):
                    yield one.finding(LOOP_ID_DIFFERS, "LE01 differs from its LS01.", 1)

    def _check_trace(self, seen: Seen) -> Iterator[Finding]:
        trace = "*".join(seen.segment[2:4])
        if trace in self._traces:
            yield seen.finding(TRACE_REPEATED, "The trace number was used before.", 2)
        elif len(self._traces) < _TRACES_MAX:
            self._traces.add(trace)


def _check_benefit(seen: Seen) -> Iterator[Finding]:
    share = seen.element(8)
    if share and _is_above_one(share):
        yield seen.finding(SHARE_NOT_DECIMAL, "A share is above one.", 8)
    told = any(seen.element(position) for position in (7, 8, 10))
    if seen.element(1) in _HOW_MUCH and not told:
        yield seen.finding(AMOUNT_MISSING, "It does not say how much.", 7)


def _is_above_one(text: str) -> bool:
    try:
        return quantity(text) > 1
    except ValueError:
        return False
