"""Situational rules of claim status (276, 277), requests for information and the 277CA."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from rcm.x12.findings import Finding, Severity
from rcm.x12.situation import LATER, Situation, day_of, situational
from rcm.x12.walk import Seen

CLAIM_MISSING: Final = situational(
    "claim-missing", "Add TRN and what belongs to it: the last person of a branch has a claim."
)
DEMOGRAPHICS_MISSING: Final = situational(
    "subscriber-demographics-missing", "Add DMG: the subscriber is the patient."
)
SERVICE_DATE_MISSING: Final = situational(
    "service-date-missing", "Add DTP*472 with the date of service."
)
CATEGORY_UNKNOWN: Final = situational(
    "status-category-unknown",
    "Use a claim status category code of the list: A0 to A8, D0, E, F, P or R.",
    Severity.ERROR,
    5,
)
CATEGORY_UNEXPECTED: Final = situational(
    "status-category-unexpected",
    "Use an acknowledgment category (A0 to A8; E in real time) in a 277CA, R in a request.",
    Severity.ERROR,
    5,
)
STATUS_SHAPE: Final = situational(
    "status-code-shape", "Write a claim status code: one to four digits.", Severity.ERROR, 5
)
TRACE_REPEATED: Final = situational(
    "trace-repeated", "Give each question a trace number of its own.", Severity.WARNING
)
PENDING_PAID: Final = situational(
    "pending-with-payment", "Pay nothing on a pending claim, or report it as finalized.",
    Severity.WARNING,
)  # fmt: skip
RULES: Final = (
    CLAIM_MISSING, DEMOGRAPHICS_MISSING, SERVICE_DATE_MISSING, CATEGORY_UNKNOWN,
    CATEGORY_UNEXPECTED, STATUS_SHAPE, TRACE_REPEATED, PENDING_PAID,
)  # fmt: skip

_CATEGORY: Final = re.compile(
    "A[0-8]|D0|DR0[1-8]|E[0-4]|F[0-4]|F3[FN]|P[0-5]|R[0-9]|R1[0-7]|RQ", re.ASCII
)
_STATUS: Final = re.compile(r"\d{1,4}", re.ASCII)
#: What the first letter of STC01-1 may be, where the guide says it.
_LETTERS: Final = {"005010X214": "AE", "005010X213": "R"}
_TRACES_MAX: Final = 1 << 16


class Status(Situation):
    """What a claim status transaction must say of the claims in it."""

    def __init__(self, set_code: str, guide_id: str) -> None:
        super().__init__()
        self._is_request = set_code == "276"
        self._is_claim_status = guide_id == "005010X212"
        self._letters = _LETTERS.get(guide_id, "")
        self._person: Sequence[Seen] = ()
        self._traces: set[str] = set()

    def level(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        """Check one HL level; a subscriber is judged once we know whether a dependent follows."""
        code = seen[0].element(3)
        yield from self._judge(has_dependent=code == "23")
        self._person = seen if code in {"22", "23"} and self._is_claim_status else ()
        for one in seen:
            if one.segment[0] == "STC":
                yield from self._check_status(one)
            elif one.segment[0] == "TRN" and self._is_request:
                yield from self._check_trace(one)
        yield from self._check_birth(seen)

    def end(self) -> Iterator[Finding]:
        """Judge the last person."""
        yield from self._judge(has_dependent=False)

    def _judge(self, *, has_dependent: bool) -> Iterator[Finding]:
        person, self._person = self._person, ()
        if not person:
            return
        tags = [one.segment[0] for one in person]
        is_patient = not has_dependent or "TRN" in tags
        if is_patient and "TRN" not in tags:
            yield person[0].finding(CLAIM_MISSING, "No claim of this person is named.")
        if is_patient and self._is_request and "DMG" not in tags:
            yield person[0].finding(DEMOGRAPHICS_MISSING, "DMG of the patient is missing.")
        if self._is_request:
            yield from _check_service_dates(person)

    def _check_status(self, seen: Seen) -> Iterator[Finding]:
        for position in (1, 10, 11):
            category, status = seen.element(position, 1), seen.element(position, 2)
            if category and _CATEGORY.fullmatch(category) is None:
                yield seen.finding(CATEGORY_UNKNOWN, "It is no category code.", position, 1)
            elif category and self._letters and category[0] not in self._letters:
                yield seen.finding(
                    CATEGORY_UNEXPECTED, "The category belongs to another guide.", position, 1
                )
            is_document = seen.element(position, 4) == "LOI"  # a LOINC code stands there
            if status and not is_document and _STATUS.fullmatch(status) is None:
                yield seen.finding(STATUS_SHAPE, "It is no claim status code.", position, 2)
        paid = seen.element(5).strip("0.")
        if self._is_claim_status and seen.element(1, 1).startswith("P") and paid:
            yield seen.finding(PENDING_PAID, "A pending claim was paid.", 5)

    def _check_trace(self, seen: Seen) -> Iterator[Finding]:
        trace = seen.element(2)
        if trace in self._traces:
            yield seen.finding(TRACE_REPEATED, "The trace number was used before.", 2)
        elif len(self._traces) < _TRACES_MAX:
            self._traces.add(trace)

    def _check_birth(self, seen: Sequence[Seen]) -> Iterator[Finding]:
        for one in seen:
            if one.segment[0] == "DMG" and self.created_on is not None:
                born = day_of(one.element(2))
                if born is not None and born > self.created_on:
                    yield one.finding(LATER, "The person is born after this was written.", 2)


def _check_service_dates(person: Sequence[Seen]) -> Iterator[Finding]:
    """A claim that is asked about has its date of service, on itself or on each line."""
    starts = [at for at, one in enumerate(person) if one.segment[0] == "TRN"]
    for start, end in pairwise([*starts, len(person)]):
        claim = person[start:end]
        if not any(one.segment[:2] == ["DTP", "472"] for one in claim):
            yield person[start].finding(SERVICE_DATE_MISSING, "The claim has no date of service.")
