"""The 278: may this be done, and the answer. 005010X217.

for review in x278.read(data).documents:
    review.subscriber.name, review.event.decision_code, review.event.review_number
    for service in review.services:
        service.procedure, service.decision_code

A level keeps its segments as they stand; what is asked and decided is read from them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from rcm.x12 import documents
from rcm.x12.envelope import Unit
from rcm.x12.guide_278 import GUIDE
from rcm.x12.parties import Element, Raw, Row, Segment, at, kept, kept_segments, needed
from rcm.x12.private import Private
from rcm.x12.values import day, day_text
from rcm.x12.writer import Draft, Envelope
from rcm.x12.writer import write as write_drafts

__all__ = ["GUIDE", "Level", "Review", "Stream", "drafts", "read", "write"]

_ANSWER: Final = "11"
_PARTIES: Final = ("20", "21", "22", "23")
_PROCEDURES: Final = frozenset({"SV1", "SV2", "SV3"})


class Level(Private, frozen=True, omit_defaults=True, gc=False):
    """One HL level: its segments after HL."""

    rows: tuple[Raw, ...]

    @property
    def name(self) -> tuple[str, str]:
        """Last and first name of its first party: NM103, NM104."""
        return self._text("NM1", 3), self._text("NM1", 4)

    @property
    def number(self) -> str:
        """Number of its first party: NM109."""
        return self._text("NM1", 9)

    @property
    def trace_number(self) -> str:
        """TRN02: who asked gets it back."""
        return self._text("TRN", 2)

    @property
    def category_code(self) -> str:
        """UM01: AR admission, HS health services, SC specialty care, IN reservation."""
        return self._text("UM", 1)

    @property
    def certification_code(self) -> str:
        """UM02: I initial, R renewal, S revised, 3 cancel, ..."""
        return self._text("UM", 2)

    @property
    def decision_code(self) -> str:
        """HCR01: A1 certified, A3 not certified, A4 pended, A6 modified, CT contact; or empty."""
        return self._text("HCR", 1)

    @property
    def review_number(self) -> str:
        """HCR02: the authorization's number, for REF*G1 of the claim."""
        return self._text("HCR", 2)

    @property
    def rejection_codes(self) -> tuple[str, ...]:
        """AAA03: why there is no answer."""
        return tuple(_text(row[3]) for row in self.rows if row[0] == "AAA" and len(row) > 3)

    @property
    def diagnoses(self) -> tuple[tuple[str, ...], ...]:
        """HI: each by components, such as ABK and the code."""
        found = (one for row in self.rows if row[0] == "HI" for one in row[1:])
        return tuple((one,) if isinstance(one, str) else one for one in found if one)  # type: ignore[misc]  # a code does not repeat

    @property
    def procedure(self) -> tuple[str, ...]:
        """SV101, SV202 or SV301 by components: qualifier, code, modifiers."""
        for row in self.rows:
            if row[0] in _PROCEDURES:
                one = row[2 if row[0] == "SV2" else 1] if len(row) > 2 or row[0] != "SV2" else ""
                return (one,) if isinstance(one, str) else one  # type: ignore[return-value]  # a procedure does not repeat
        return ()

    def _text(self, tag: str, position: int) -> str:
        for row in self.rows:
            if row[0] == tag:
                return _text(row[position]) if position < len(row) else ""
        return ""


def _text(element: Element) -> str:
    return element if isinstance(element, str) else ""


class Review(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One event of a patient, with the levels above it and the services under it. 2000E.

    A level that is None does not stand in the file: an answer may end at any of them.
    """

    purpose_code: str  # BHT02: 13 request, 01 cancel, 36 reservation, 11 answer
    reference_number: str  # BHT03
    created_on: date  # BHT04
    created_time: str = ""  # BHT05
    type_code: str = ""  # BHT06
    reviewer: Level  # 2000A
    requester: Level | None = None  # 2000B
    subscriber: Level | None = None  # 2000C
    dependent: Level | None = None  # 2000D
    event: Level | None = None  # 2000E
    services: tuple[Level, ...] = ()  # 2000F

    @property
    def is_answer(self) -> bool:
        """Whether it answers a request."""
        return self.purpose_code == _ANSWER


class Stream(documents.Stream[Review]):
    """A file of reviews, read event by event."""

    guide = GUIDE

    def taker(self) -> documents.Taker[Review]:
        """Make what reads one transaction."""
        return _Taker()


read = Stream.whole


class _Taker:
    """Reads one 278; a review is whole when the next event begins."""

    def __init__(self) -> None:
        self._begin: Row = ()
        self._levels: dict[str, Level] = {}
        self._open: Review | None = None

    def take(self, unit: Unit) -> Iterator[Review]:
        if unit.name == "ST":
            self._begin = needed(unit.segments, "BHT")
            day(at(self._begin, 4))
            return
        code = at(unit.segments[0], 3)
        level = Level(kept(unit.segments[1:], unit.transaction.delimiters))
        if code == "SS":
            if self._open is None or self._open.event is None:
                raise ValueError("a service stands under an event")
            self._open = replace(self._open, services=(*self._open.services, level))
            return
        if code in _PARTIES:
            # A level alone is an answer only if nothing stands under it.
            if self._open is not None and self._open.event is not None:
                yield from self.end()
            for below in _PARTIES[_PARTIES.index(code) :]:
                self._levels.pop(below, None)
            self._levels[code] = level
            self._open = self._review(None)
            return
        if code != "EV":
            raise ValueError("no level of a 278")
        if self._open is not None and self._open.event is not None:
            yield from self.end()
        self._open = self._review(level)

    def end(self) -> Iterator[Review]:
        if self._open is not None:
            yield self._open
        self._open = None

    def _review(self, event: Level | None) -> Review:
        begin = self._begin
        return Review(
            purpose_code=at(begin, 2),
            reference_number=at(begin, 3),
            created_on=day(at(begin, 4)),
            created_time=at(begin, 5),
            type_code=at(begin, 6),
            reviewer=self._levels["20"],
            requester=self._levels.get("21"),
            subscriber=self._levels.get("22"),
            dependent=self._levels.get("23"),
            event=event,
        )


def drafts(reviews: Iterable[Review]) -> list[Draft]:
    """Make transactions to write; reviews that share their BHT share one."""
    found: list[tuple[Segment, list[Review]]] = []
    for one in reviews:
        begin = (
            "BHT", "0007", one.purpose_code, one.reference_number, day_text(one.created_on),
            one.created_time, one.type_code,
        )  # fmt: skip
        if not found or found[-1][0] != begin:
            found.append((begin, []))
        found[-1][1].append(one)
    return [Draft(GUIDE, [begin, *_levels(ones)]) for begin, ones in found]


def write(reviews: Iterable[Review], envelope: Envelope) -> bytes:
    """Write an interchange; reviews that share their BHT share a transaction.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write_drafts(drafts(reviews), envelope)


def _levels(reviews: Sequence[Review]) -> Iterator[Segment]:
    """Write HL levels, a new one where a review's differs from the one before it."""
    levels: list[tuple[int, str, Level]] = []  # parent's index, HL03, content
    opened: list[tuple[Level, int]] = []
    for one in reviews:
        parties = [
            (code, level)
            for code, level in zip(
                _PARTIES,
                (one.reviewer, one.requester, one.subscriber, one.dependent),
                strict=True,
            )
            if level is not None
        ]
        shared = 0
        while shared < min(len(parties), len(opened)) and opened[shared][0] == parties[shared][1]:
            shared += 1
        del opened[shared:]
        for code, level in parties[shared:]:
            levels.append((opened[-1][1] if opened else -1, code, level))
            opened.append((level, len(levels) - 1))
        if one.event is not None:
            levels.append((opened[-1][1], "EV", one.event))
            event = len(levels) - 1
            levels += [(event, "SS", service) for service in one.services]
    parents = {parent for parent, _, _ in levels}
    for place, (parent, code, level) in enumerate(levels):
        above = "" if parent < 0 else str(parent + 1)
        yield ("HL", str(place + 1), above, code, "1" if place in parents else "0")
        yield from kept_segments(level.rows)
