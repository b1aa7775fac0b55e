"""Situational rules of the 278, the 834 and the 820."""

from collections.abc import Iterator, Sequence
from typing import Final

from rcm.money import dollars
from rcm.x12.findings import Finding, Severity
from rcm.x12.situation import LATER, Situation, day_of, situational
from rcm.x12.values import cents
from rcm.x12.walk import Seen

DECISION_IN_REQUEST: Final = situational(
    "decision-in-request", "Leave HCR out of a request; the answer decides.", Severity.ERROR, 2
)
DECISION_MISSING: Final = situational(
    "decision-missing", "Answer with HCR, or say with AAA why there is no answer."
)
MEMBER_CONTRADICTS: Final = situational(
    "member-contradicts", "Write 18 in INS02 for a subscriber (INS01 Y) and for nobody else.",
    Severity.WARNING,
)  # fmt: skip
MEMBER_COUNT: Final = situational(
    "member-count-differs", "Count the members again (QTY of the 834's head).", Severity.ERROR, 3
)
PREMIUM_BALANCE: Final = situational(
    "premium-out-of-balance",
    "Make BPR02 the sum of the remitted amounts (RMR04).",
    Severity.WARNING,
    3,
)
RULES: Final = (
    DECISION_IN_REQUEST, DECISION_MISSING, MEMBER_CONTRADICTS, MEMBER_COUNT, PREMIUM_BALANCE,
)  # fmt: skip
#: BHT02 of a 278 that asks, and of one that answers.
_REQUESTS: Final = frozenset({"01", "13", "36"})
_ANSWER: Final = "11"


class Review(Situation):
    """A 278: a request decides nothing, an answer decides or says why not."""

    def __init__(self) -> None:
        super().__init__()
        self._purpose = ""
        self._event: Seen | None = None
        self._is_decided = False

    def begin(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Note whether it asks or answers."""
        yield from super().begin(seen)
        self._purpose = next((one.element(2) for one in seen if one.segment[0] == "BHT"), "")

    def level(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Check one HL level."""
        code = seen[0].element(3)
        if code != "SS":
            yield from self.end()
        if code == "EV":
            self._event = seen[0]
        for one in seen:
            if one.segment[0] == "HCR" and self._purpose in _REQUESTS:
                yield one.finding(DECISION_IN_REQUEST, "A request holds a decision.")
            self._is_decided = self._is_decided or one.segment[0] in {"HCR", "AAA"}

    def end(self) -> Iterator[Finding]:
        """Judge the last event."""
        event, self._event = self._event, None
        if event is not None and self._purpose == _ANSWER and not self._is_decided:
            yield event.finding(DECISION_MISSING, "Nothing is decided about this event.")
        if event is not None:
            self._is_decided = False


class Enrollment(Situation):
    """An 834: who is a subscriber, and how many members there are."""

    def __init__(self) -> None:
        super().__init__()
        self._totals: dict[str, Seen] = {}
        self._counts = {"TO": 0, "ET": 0, "DT": 0}

    def begin(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Note the totals of the head, which may hold the members as well."""
        yield from super().begin(seen)
        for one in seen:
            if one.segment[0] == "QTY" and not one.loop:
                self._totals.setdefault(one.element(1), one)
        yield from self.level(seen)

    def level(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Check members."""
        for one in seen:
            if one.segment[0] == "INS":
                is_subscriber = one.element(1) == "Y"
                self._counts["TO"] += 1
                self._counts["ET" if is_subscriber else "DT"] += 1
                if is_subscriber != (one.element(2) == "18"):
                    yield one.finding(MEMBER_CONTRADICTS, "INS01 and INS02 contradict.", 2)
            elif one.segment[0] == "DMG" and self.created_on is not None:
                born = day_of(one.element(2))
                if born is not None and born > self.created_on:
                    yield one.finding(LATER, "The member is born after this was written.", 2)

    def end(self) -> Iterator[Finding]:
        """Compare the totals with what came."""
        for code, count in self._counts.items():
            total = self._totals.get(code)
            told = total.element(2) if total is not None else ""
            if total is not None and told.isdecimal() and int(told[:9]) != count:
                message = f"It counts others than the {count} that came."
                yield total.finding(MEMBER_COUNT, message, 2)


class Premium(Situation):
    """An 820 of 005010X218: what is remitted is what is paid."""

    def __init__(self) -> None:
        super().__init__()
        self._payment: Seen | None = None
        self._cents = 0
        self._is_readable = True
        self._has_remittance = False

    def begin(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Sum what the head and its details hold."""
        yield from super().begin(seen)
        yield from self.level(seen)

    def level(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Sum remitted amounts."""
        for one in seen:
            if one.segment[0] == "BPR":
                self._payment = one
            elif one.segment[0] == "RMR":
                self._has_remittance = True
                try:
                    self._cents += cents(one.element(4)) if one.element(4) else 0
                except ValueError:
                    self._is_readable = False
        return iter(())

    def end(self) -> Iterator[Finding]:
        """Compare the sum with the payment."""
        payment = self._payment
        if payment is None or not (self._is_readable and self._has_remittance):
            return
        try:
            paid = cents(payment.element(2))
        except ValueError:
            return
        if paid != self._cents:
            message = f"{dollars(paid)} is paid and {dollars(self._cents)} remitted."
            yield payment.finding(PREMIUM_BALANCE, message, 2)
