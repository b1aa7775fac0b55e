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
    Element,
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

__all__ = [
    "GUIDE", "Coverage", "CoverageProvider", "Enrollment", "Member", "OtherCoverage", "Stream",
    "drafts", "read", "write",
]  # fmt: skip

#: Segments that begin a part of a member's loop, and of a coverage.
_PERSONS: Final = frozenset({"NM1", "DSB"})
_COVERED_BY: Final = frozenset({"LX", "COB"})
#: Segments of a coverage and of its provider that have fields; all else is kept as it stands.
_TYPED: Final = frozenset({"HD", "DTP", "REF", "LX", "NM1", "N3", "N4", "PER"})


class CoverageProvider(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A provider that a member chose, such as for primary care. 2310."""

    number: str  # LX01
    party: Named  # NM1, N3, N4, PER
    relationship_code: str = ""  # NM110: 25 established, 26 not established patient, 72 unknown
    rows: tuple[Raw, ...] = ()  # PLA: the choice changed; as it stands


class OtherCoverage(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Another plan that covers a member, for coordination of benefits. 2320."""

    responsibility_code: str  # COB01: P primary, S secondary, T tertiary, U unknown
    policy_number: str = ""  # COB02
    coordination_code: str = ""  # COB03: 1 coordination, 5 unknown, 6 none
    further: tuple[Element, ...] = ()  # COB04: service types
    identifiers: tuple[Identifier, ...] = ()  # REF
    dates: tuple[Dated, ...] = ()  # DTP*344 begin, 345 end
    parties: tuple[Named, ...] = ()  # 2330 NM1: IN insurer, 36 employer, GW group


class Coverage(Private, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One coverage of a member. 2300."""

    maintenance_type_code: str  # HD01: 021 addition, 024 cancellation, 001 change, ...
    coverage_code: str  # HD03: HLT health, DEN dental, VIS vision, ...
    plan_description: str = ""  # HD04
    level_code: str = ""  # HD05: EMP, FAM, ...
    further: tuple[str, ...] = ()  # HD06 and on
    dates: tuple[Dated, ...] = ()  # DTP*348 begin, 349 end, ...
    identifiers: tuple[Identifier, ...] = ()  # REF
    rows: tuple[Raw, ...] = ()  # AMT, IDC: as they stand
    providers: tuple[CoverageProvider, ...] = ()  # 2310
    other_coverages: tuple[OtherCoverage, ...] = ()  # 2320


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
            self._head = _head(unit.segments, unit.transaction.delimiters)
            return
        if self._head is None:
            raise ValueError("its head was not read")
        yield _member(unit.segments, self._head, unit.transaction.delimiters)

    def end(self) -> Iterator[Member]:
        return iter(())


def _head(rows: Sequence[Row], delimiters: Delimiters) -> Enrollment:
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
        parties=tuple(_parties(rows, delimiters)),
    )


def _parties(rows: Sequence[Row], delimiters: Delimiters) -> Iterator[Organization]:
    for name, *more in split_at(rows, frozenset({"N1"}))[1:]:
        account = next((one for one in more if one[0] == "ACT"), ())
        yield replace(organization(name), account=kept([account], delimiters)[0])


def _member(rows: Sequence[Row], head: Enrollment, delimiters: Delimiters) -> Member:
    persons, coverages, reporting = _thirds(rows)
    own, *parts = split_at(persons, _PERSONS)
    ins = own[0]
    name: Named | None = None
    demographics: Row = ()
    person: list[Row] = []
    more: list[Row] = []
    for part in parts:
        start = part[0]
        if name is None and start[0] == "NM1" and at(start, 1) in {"IL", "74"}:
            name = named(part)
            demographics = next((one for one in part if one[0] == "DMG"), ())
            # Whatever else stands there is kept, also what the guide has no place for (REF).
            person = [one for one in part[1:] if one[0] not in {"N3", "N4", "PER", "DMG"}]
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
        coverages=tuple(_coverage(one, delimiters) for one in coverages),
        reporting_rows=kept(reporting, delimiters),
    )


def _thirds(rows: Sequence[Row]) -> tuple[Sequence[Row], list[list[Row]], Sequence[Row]]:
    """Cut a member into who it is, each coverage, and what 2700 reports."""
    ids = [one[0] for one in rows]
    last = ids.index("LS") if "LS" in ids else len(rows)
    first = ids.index("HD") if "HD" in ids[:last] else last
    return rows[:first], split_at(rows[first:last], frozenset({"HD"}))[1:], rows[last:]


def _coverage(rows: Sequence[Row], delimiters: Delimiters) -> Coverage:
    own, *loops = split_at(rows, _COVERED_BY)
    head = own[0]
    return Coverage(
        maintenance_type_code=at(head, 1),
        coverage_code=at(head, 3),
        plan_description=at(head, 4),
        level_code=at(head, 5),
        further=tuple(head[6:]),
        dates=dates(own),
        identifiers=identifiers(own),
        rows=kept((one for one in own if one[0] not in _TYPED), delimiters),
        providers=tuple(_provider(one, delimiters) for one in loops if one[0][0] == "LX"),
        other_coverages=tuple(_other(one, delimiters) for one in loops if one[0][0] == "COB"),
    )


def _provider(rows: Sequence[Row], delimiters: Delimiters) -> CoverageProvider:
    name = needed(rows, "NM1")
    return CoverageProvider(
        number=at(rows[0], 1),
        party=named(rows[rows.index(name) :]),
        relationship_code=at(name, 10),
        rows=kept((one for one in rows if one[0] not in _TYPED), delimiters),
    )


def _other(rows: Sequence[Row], delimiters: Delimiters) -> OtherCoverage:
    own, *parties = split_at(rows, frozenset({"NM1"}))
    head = own[0]
    return OtherCoverage(
        responsibility_code=at(head, 1),
        policy_number=at(head, 2),
        coordination_code=at(head, 3),
        further=kept([head[4:]], delimiters)[0],
        identifiers=identifiers(own),
        dates=dates(own),
        parties=tuple(named(one) for one in parties),
    )


def drafts(members: Iterable[Member]) -> list[Draft]:
    """Make transactions to write; members of one enrollment share one."""
    found: list[tuple[Enrollment, list[Segment]]] = []
    for one in members:
        if not found or found[-1][0] != one.enrollment:
            found.append((one.enrollment, list(_begin(one.enrollment))))
        found[-1][1].extend(_segments(one))
    return [Draft(GUIDE, rows) for _, rows in found]


def write(members: Iterable[Member], envelope: Envelope) -> bytes:
    """Write an interchange; members of one enrollment share a transaction.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    return write_drafts(drafts(members), envelope)


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
        yield from kept_segments([party.account] if party.account else [])


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
        yield from _covered(coverage)
    yield from kept_segments(one.reporting_rows)


def _covered(one: Coverage) -> Iterator[Segment]:
    yield (
        "HD", one.maintenance_type_code, "", one.coverage_code, one.plan_description,
        one.level_code, *one.further,
    )  # fmt: skip
    yield from date_segments(one.dates)
    yield from kept_segments(row for row in one.rows if row[0] == "AMT")
    yield from identifier_segments(one.identifiers)
    yield from kept_segments(row for row in one.rows if row[0] != "AMT")
    for provider in one.providers:
        yield ("LX", provider.number)
        yield (*name_segment(provider.party), provider.relationship_code)
        yield from place_segments(provider.party)
        yield from contact_segments(provider.party)
        yield from kept_segments(provider.rows)
    for other in one.other_coverages:
        row = (
            "COB", other.responsibility_code, other.policy_number, other.coordination_code,
            *other.further,
        )  # fmt: skip
        yield from kept_segments([row])
        yield from identifier_segments(other.identifiers)
        yield from date_segments(other.dates)
        for party in other.parties:
            yield name_segment(party)
            yield from place_segments(party)
            yield from contact_segments(party)
