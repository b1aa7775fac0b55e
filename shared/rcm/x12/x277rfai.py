"""The 277 request for additional information: what a payer wants before it decides. 005010X213.

for request in x277rfai.read(data).documents:
    request.claim_id, request.control_number, request.due_on, request.loinc_codes

The answer is a 275 whose TRN02 repeats the request's control number.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from rcm.money import x12_from_cents
from rcm.x12 import documents
from rcm.x12.envelope import Unit
from rcm.x12.guide_277rfai import GUIDE
from rcm.x12.lexer import Delimiters
from rcm.x12.parties import (
    Dated,
    Identifier,
    Named,
    Raw,
    Row,
    Segment,
    at,
    date_segments,
    dates,
    identifier_segments,
    identifiers,
    kept,
    kept_segments,
    named,
    needed,
    number_of,
    party_segments,
    split_at,
)
from rcm.x12.private import Private
from rcm.x12.values import day, day_text, optional_cents, optional_day
from rcm.x12.writer import Composite, Draft, Envelope
from rcm.x12.writer import write as write_drafts

__all__ = ["GUIDE", "Question", "QuestionedLine", "Request", "Stream", "drafts", "read", "write"]

_LEVELS: Final = ("20", "21", "19", "22", "23")
_LOINC: Final = "LOI"


class Question(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is wanted. STC."""

    codes: tuple[tuple[str, ...], ...]  # STC01, STC10, STC11 by components: R4, LOINC, -, LOI
    effective_on: date | None = None  # STC02
    billed_cents: int | None = None  # STC04

    @property
    def loinc_codes(self) -> tuple[str, ...]:
        """The documents that are wanted, by LOINC."""
        return tuple(one[1] for one in self.codes if len(one) > 3 and one[3] == _LOINC)


class QuestionedLine(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A service line of which something is wanted. 2220."""

    service: tuple[str, ...]  # SVC01 by components
    billed_cents: int | None = None  # SVC02
    revenue_code: str = ""  # SVC04
    quantity: str = ""  # SVC07
    questions: tuple[Question, ...] = ()  # STC
    identifiers: tuple[Identifier, ...] = ()  # REF*FJ
    dates: tuple[Dated, ...] = ()  # DTP*472


class Request(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A request about one claim, with the levels above it. 2200D, 2200E."""

    reference_number: str  # BHT03
    created_on: date  # BHT04
    created_time: str = ""  # BHT05
    payer: Named  # 2100A
    receiver: Named  # 2100B
    provider: Named  # 2100C
    subscriber: Named  # 2100D
    dependent: Named | None = None  # 2100E
    trace_type_code: str = "1"  # TRN01
    control_number: str  # TRN02: the 275 repeats it
    questions: tuple[Question, ...] = ()  # STC
    identifiers: tuple[Identifier, ...] = ()  # REF
    dates: tuple[Dated, ...] = ()  # DTP*472 service, 106 answer due
    address_rows: tuple[Raw, ...] = ()  # 2210 PWK, PER, N1, N3, N4, as they stand
    lines: tuple[QuestionedLine, ...] = ()  # 2220

    @property
    def claim_id(self) -> str:
        """Our patient control number: REF*EJ."""
        return number_of(self.identifiers, "EJ")

    @property
    def payer_claim_control_number(self) -> str:
        """The payer's number of the claim: REF*1K."""
        return number_of(self.identifiers, "1K")

    @property
    def due_on(self) -> date | None:
        """The last day for an answer: DTP*106."""
        return next((one.first_on for one in self.dates if one.qualifier_code == "106"), None)

    @property
    def loinc_codes(self) -> tuple[str, ...]:
        """Everything that is wanted, of the claim and of its lines."""
        asked = [*self.questions, *(one for line in self.lines for one in line.questions)]
        return tuple(dict.fromkeys(code for one in asked for code in one.loinc_codes))


class Stream(documents.Stream[Request]):
    """A file of requests, read claim by claim."""

    guide = GUIDE

    def taker(self) -> documents.Taker[Request]:
        """Make what reads one transaction."""
        return _Taker()


read = Stream.whole


class _Taker:
    """Reads one transaction."""

    def __init__(self) -> None:
        self._begin: Row = ()
        self._parties: dict[str, Named] = {}

    def take(self, unit: Unit) -> Iterator[Request]:
        if unit.name == "ST":
            self._begin = needed(unit.segments, "BHT")
            day(at(self._begin, 4))
            return
        level = at(unit.segments[0], 3)
        for code in _LEVELS[_LEVELS.index(level) :]:
            self._parties.pop(code, None)
        own, *claims = split_at(unit.segments, frozenset({"TRN"}))
        name = own.index(needed(own, "NM1"))
        self._parties[level] = named(own[name:])
        for claim in claims:
            yield self._request(claim, unit.transaction.delimiters)

    def end(self) -> Iterator[Request]:
        return iter(())

    def _request(self, rows: Sequence[Row], delimiters: Delimiters) -> Request:
        component = delimiters.component
        own, *lines = split_at(rows, frozenset({"SVC"}))
        address = next((place for place, one in enumerate(own) if one[0] == "PWK"), len(own))
        return Request(
            reference_number=at(self._begin, 3),
            created_on=day(at(self._begin, 4)),
            created_time=at(self._begin, 5),
            payer=self._parties["20"],
            receiver=self._parties["21"],
            provider=self._parties["19"],
            subscriber=self._parties["22"],
            dependent=self._parties.get("23"),
            trace_type_code=at(own[0], 1),
            control_number=at(own[0], 2),
            questions=_questions(own, component),
            identifiers=identifiers(own),
            dates=dates(own),
            address_rows=kept(own[address:], delimiters),
            lines=tuple(_line(line, component) for line in lines),
        )


def _questions(rows: Iterable[Row], component: str) -> tuple[Question, ...]:
    return tuple(
        Question(
            codes=tuple(
                tuple(at(one, place).split(component)) for place in (1, 10, 11) if at(one, place)
            ),
            effective_on=optional_day(at(one, 2)),
            billed_cents=optional_cents(at(one, 4)),
        )
        for one in rows
        if one[0] == "STC"
    )


def _line(rows: Sequence[Row], component: str) -> QuestionedLine:
    service = rows[0]
    return QuestionedLine(
        service=tuple(at(service, 1).split(component)),
        billed_cents=optional_cents(at(service, 2)),
        revenue_code=at(service, 4),
        quantity=at(service, 7),
        questions=_questions(rows, component),
        identifiers=identifiers(rows),
        dates=dates(rows),
    )


def drafts(requests: Iterable[Request]) -> list[Draft]:
    """Make transactions to write; requests that share their BHT share one."""
    found: list[tuple[Segment, list[Request]]] = []
    for one in requests:
        begin = (
            "BHT", "0085", "48", one.reference_number, day_text(one.created_on),
            one.created_time, "RQ",
        )  # fmt: skip
        if not found or found[-1][0] != begin:
            found.append((begin, []))
        found[-1][1].append(one)
    return [Draft(GUIDE, [begin, *_levels(ones)]) for begin, ones in found]


def write(requests: Iterable[Request], envelope: Envelope) -> bytes:
    """Write an interchange; requests that share their BHT share a transaction.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write_drafts(drafts(requests), envelope)


def _levels(requests: Iterable[Request]) -> Iterator[Segment]:
    """Write HL levels, a new one where a request's differs from the one before it."""
    levels: list[tuple[int, str, list[Segment]]] = []  # parent's index, HL03, content
    opened: list[tuple[Named, int]] = []
    for one in requests:
        parties = [one.payer, one.receiver, one.provider, one.subscriber]
        parties += [one.dependent] if one.dependent is not None else []
        shared = 0
        while shared < min(len(parties), len(opened)) and opened[shared][0] == parties[shared]:
            shared += 1
        del opened[shared:]
        for depth, party in enumerate(parties[shared:], start=shared):
            parent = opened[-1][1] if opened else -1
            levels.append((parent, _LEVELS[depth], list(party_segments(party))))
            opened.append((party, len(levels) - 1))
        levels[opened[-1][1]][2].extend(_claim(one))
    parents = {parent for parent, _, _ in levels}
    for place, (parent, code, content) in enumerate(levels):
        above = "" if parent < 0 else str(parent + 1)
        below = "1" if place in parents else "" if code == "23" else "0"
        yield ("HL", str(place + 1), above, code, below)
        yield from content


def _claim(one: Request) -> Iterator[Segment]:
    yield ("TRN", one.trace_type_code, one.control_number)
    yield from _asked(one.questions)
    yield from identifier_segments(one.identifiers)
    yield from date_segments(one.dates)
    yield from kept_segments(one.address_rows)
    for line in one.lines:
        billed = "" if line.billed_cents is None else x12_from_cents(line.billed_cents)
        service = Composite(line.service)
        yield ("SVC", service, billed, "", line.revenue_code, "", "", line.quantity)
        yield from _asked(line.questions)
        yield from identifier_segments(line.identifiers)
        yield from date_segments(line.dates)


def _asked(questions: Iterable[Question]) -> Iterator[Segment]:
    for one in questions:
        codes = [Composite(code) for code in (*one.codes, (), ())[:3]]
        billed = "" if one.billed_cents is None else x12_from_cents(one.billed_cents)
        yield (
            "STC", codes[0], day_text(one.effective_on), "", billed, "", "", "", "", "",
            codes[1], codes[2],
        )  # fmt: skip
