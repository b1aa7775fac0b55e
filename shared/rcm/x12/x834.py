"""The 834: who is covered, from when, by what. 005010X220A1.

for member in x834.read(data).documents:
    member.subscriber_number, member.name, [one.coverage_code for one in member.coverages]
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from rcm.x12 import documents
from rcm.x12.envelope import Unit
from rcm.x12.guide_834 import GUIDE
from rcm.x12.lexer import Delimiters
from rcm.x12.parties import (
    Dated,
    Identifier,
    Named,
    Organization,
    Raw,
    Row,
    Segment,
    at,
    contact_segments,
    date_segments,
    dates,
    identifier_segments,
    identifiers,
    kept,
    kept_segments,
    name_segment,
    named,
    needed,
    number_of,
    organization,
    organization_segment,
    place_segments,
    split_at,
)
from rcm.x12.private import Private
from rcm.x12.values import day, day_text, optional_day
from rcm.x12.writer import Draft, Envelope
from rcm.x12.writer import write as write_drafts

__all__ = ["GUIDE", "Coverage", "Enrollment", "Member", "Stream", "read", "write"]

#: Segments that begin a part of a member's loop.
_STARTS: Final = frozenset({"NM1", "DSB", "HD", "LS"})
#: Parts of a coverage that are kept as they stand.
_COVERAGE_MORE: Final = frozenset({"AMT", "IDC", "LX", "COB"})


class Coverage(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One coverage of a member. 2300."""

    maintenance_type_code: str  # HD01: 021 addition, 024 cancellation, 001 change, ...
    coverage_code: str  # HD03: HLT health, DEN dental, VIS vision, ...
    plan_description: str = ""  # HD04
    level_code: str = ""  # HD05: EMP, FAM, ...
    further: tuple[str, ...] = ()  # HD06 and on
    dates: tuple[Dated, ...] = ()  # DTP*348 begin, 349 end, ...
    identifiers: tuple[Identifier, ...] = ()  # REF
    rows: tuple[Raw, ...] = ()  # AMT, IDC, 2310, 2320: as they stand


class Enrollment(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The head of a file of members. BGN, 1000."""

    purpose_code: str  # BGN01: 00 original, 15 resubmission, 22 copy
    reference_number: str  # BGN02
    created_on: date  # BGN03
    created_time: str = ""  # BGN04
    further: tuple[str, ...] = ()  # BGN05 to BGN07
    action_code: str  # BGN08: 2 change, 4 verify, RX replace
    identifiers: tuple[Identifier, ...] = ()  # REF*38
    dates: tuple[Dated, ...] = ()  # DTP
    counts: tuple[tuple[str, str], ...] = ()  # QTY01 and QTY02: TO all, ET subscribers, DT others
    parties: tuple[Organization, ...] = ()  # N1*P5 sponsor, N1*IN payer, N1*BO broker
    # ACT of a broker is not kept.


class Member(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One member, with the head of the file. 2000."""

    enrollment: Enrollment
    is_subscriber: bool  # INS01
    relationship_code: str  # INS02: 18 self, 01 spouse, 19 child, ...
    maintenance_type_code: str = ""  # INS03
    maintenance_reason_code: str = ""  # INS04
    further: tuple[str, ...] = ()  # INS05 and on
    identifiers: tuple[Identifier, ...] = ()  # REF
    dates: tuple[Dated, ...] = ()  # DTP
    name: Named | None = None  # 2100A
    birth_on: date | None = None  # DMG02
    sex_code: str = ""  # DMG03
    demographics: Raw = ()  # DMG04 and on
    person_rows: tuple[Raw, ...] = ()  # EC, ICM, AMT, HLH, LUI of 2100A
    rows: tuple[Raw, ...] = ()  # 2100B to 2200, as they stand
    coverages: tuple[Coverage, ...] = ()  # 2300
    reporting_rows: tuple[Raw, ...] = ()  # 2700, as they stand

    @property
    def subscriber_number(self) -> str:
        """The subscriber's number, the dependents' too: REF*0F."""
        return number_of(self.identifiers, "0F")


class Stream(documents.Stream[Member]):
    """A file of members, read one by one."""

    guide = GUIDE

    def taker(self) -> documents.Taker[Member]:
        """Make what reads one transaction."""
        return _Taker()


read = Stream.whole


class _Taker:
    """Reads one 834."""

    def __init__(self) -> None:
        self._head: Enrollment | None = None

    def take(self, unit: Unit) -> Iterator[Member]:
        if unit.name == "ST":
            self._head = _head(unit.segments)
            return
        if self._head is None:
            raise ValueError("its head was not read")
        yield _member(unit.segments, self._head, unit.transaction.delimiters)

    def end(self) -> Iterator[Member]:
        return iter(())


def _head(rows: Sequence[Row]) -> Enrollment:
    begin = needed(rows, "BGN")
    return Enrollment(
        purpose_code=at(begin, 1),
        reference_number=at(begin, 2),
        created_on=day(at(begin, 3)),
        created_time=at(begin, 4),
        further=tuple(begin[5:8]),
        action_code=at(begin, 8),
        identifiers=identifiers(rows),
        dates=dates(rows),
        counts=tuple((at(one, 1), at(one, 2)) for one in rows if one[0] == "QTY"),
        parties=tuple(organization(one) for one in rows if one[0] == "N1"),
    )


def _member(rows: Sequence[Row], head: Enrollment, delimiters: Delimiters) -> Member:
    own, *parts = split_at(rows, _STARTS)
    ins = own[0]
    name: Named | None = None
    demographics: Row = ()
    person: list[Row] = []
    more: list[Row] = []
    coverages: list[Coverage] = []
    reporting: list[Row] = []
    for part in parts:
        start = part[0]
        if reporting or start[0] == "LS":
            reporting += part
        elif start[0] == "HD":
            coverages.append(_coverage(part, delimiters))
        elif coverages:
            coverages[-1] = replace(
                coverages[-1], rows=(*coverages[-1].rows, *kept(part, delimiters))
            )
        elif name is None and start[0] == "NM1" and at(start, 1) in {"IL", "74"}:
            name = named(part)
            demographics = next((one for one in part if one[0] == "DMG"), ())
            person = [one for one in part if one[0] in {"EC", "ICM", "AMT", "HLH", "LUI"}]
        else:
            more += part
    return Member(
        enrollment=head,
        is_subscriber=at(ins, 1) == "Y",
        relationship_code=at(ins, 2),
        maintenance_type_code=at(ins, 3),
        maintenance_reason_code=at(ins, 4),
        further=tuple(ins[5:]),
        identifiers=identifiers(own),
        dates=dates(own),
        name=name,
        birth_on=optional_day(at(demographics, 2)),
        sex_code=at(demographics, 3),
        demographics=kept([demographics[4:]], delimiters)[0],
        person_rows=kept(person, delimiters),
        rows=kept(more, delimiters),
        coverages=tuple(coverages),
        reporting_rows=kept(reporting, delimiters),
    )


def _coverage(rows: Sequence[Row], delimiters: Delimiters) -> Coverage:
    first = next((place for place, one in enumerate(rows) if one[0] in _COVERAGE_MORE), len(rows))
    # AMT stands between DTP and REF, so REF after it still is the coverage's own.
    own = [one for one in rows if one[0] == "REF"] if _has_no_loops(rows) else rows[:first]
    head = rows[0]
    return Coverage(
        maintenance_type_code=at(head, 1),
        coverage_code=at(head, 3),
        plan_description=at(head, 4),
        level_code=at(head, 5),
        further=tuple(head[6:]),
        dates=dates(rows[:first]),
        identifiers=identifiers(own),
        rows=kept((one for one in rows[first:] if one not in own), delimiters),
    )


def _has_no_loops(rows: Sequence[Row]) -> bool:
    return not any(one[0] in {"LX", "COB"} for one in rows)


def write(members: Iterable[Member], envelope: Envelope) -> bytes:
    """Write an interchange; members of one enrollment share a transaction.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    drafts: list[tuple[Enrollment, list[Segment]]] = []
    for one in members:
        if not drafts or drafts[-1][0] != one.enrollment:
            drafts.append((one.enrollment, list(_begin(one.enrollment))))
        drafts[-1][1].extend(_segments(one))
    return write_drafts([Draft(GUIDE, rows) for _, rows in drafts], envelope)


def _begin(head: Enrollment) -> Iterator[Segment]:
    further = (*head.further, "", "", "")[:3]
    yield (
        "BGN", head.purpose_code, head.reference_number, day_text(head.created_on),
        head.created_time, *further, head.action_code,
    )  # fmt: skip
    yield from identifier_segments(head.identifiers)
    yield from date_segments(head.dates)
    for code, count in head.counts:
        yield ("QTY", code, count)
    for party in head.parties:
        yield organization_segment(party)


def _segments(one: Member) -> Iterator[Segment]:
    yield (
        "INS", "Y" if one.is_subscriber else "N", one.relationship_code,
        one.maintenance_type_code, one.maintenance_reason_code, *one.further,
    )  # fmt: skip
    yield from identifier_segments(one.identifiers)
    yield from date_segments(one.dates)
    if one.name is not None:
        yield name_segment(one.name)
        yield from contact_segments(one.name)
        yield from place_segments(one.name)
    if one.birth_on is not None or one.sex_code or one.demographics:
        kind = "D8" if one.birth_on is not None else ""
        row = ("DMG", kind, day_text(one.birth_on), one.sex_code, *one.demographics)
        yield from kept_segments([row])
    yield from kept_segments((*one.person_rows, *one.rows))
    for coverage in one.coverages:
        yield (
            "HD", coverage.maintenance_type_code, "", coverage.coverage_code,
            coverage.plan_description, coverage.level_code, *coverage.further,
        )  # fmt: skip
        yield from date_segments(coverage.dates)
        yield from kept_segments(row for row in coverage.rows if row[0] == "AMT")
        yield from identifier_segments(coverage.identifiers)
        yield from kept_segments(row for row in coverage.rows if row[0] != "AMT")
    yield from kept_segments(one.reporting_rows)
