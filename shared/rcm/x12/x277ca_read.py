"""Read 277CAs. A patient's level (2000D) is the unit of failure; levels above it are a header."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from rcm.x12.checker import Checker
from rcm.x12.envelope import Unit
from rcm.x12.findings import Finding
from rcm.x12.guide_277ca import GUIDE
from rcm.x12.hierarchy import Hierarchy
from rcm.x12.origin import Origin
from rcm.x12.reader import Reader
from rcm.x12.set_aside import SetAside, cut_off, faulty_segment, headless, stranger, unreadable
from rcm.x12.values import cents, day, optional_cents, optional_day, optional_quantity
from rcm.x12.walk import Seen
from rcm.x12.x277ca_documents import (
    ClaimAcknowledgment,
    ClaimStatus,
    LineStatus,
    ProviderStatus,
    ReceiverStatus,
    Status,
    StatusCode,
)
from rcm.x12.x835_documents import Party, Reference

_LEVEL = re.compile(r"2000[A-D]\[\d+\](?:/2000[A-D]\[\d+\])*")
_PATIENT = "PT"
_HL_PARENTS = {"21": "20", "19": "21", _PATIENT: "19"}


class Reading(Struct, frozen=True):
    """A file of 277CAs, read whole.

    Attributes:
        acknowledgments: The documents, without what was set aside.
        set_aside: What was not taken.
        findings: Everything that is wrong.
        reader: The interchanges, for acknowledging.
    """

    acknowledgments: tuple[ClaimAcknowledgment, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    reader: Reader


#: What a 277CA gives as it is read: its head, then its levels, then each claim.
Event = ClaimAcknowledgment | ReceiverStatus | ProviderStatus | ClaimStatus | SetAside


class Stream:
    """A file of 277CAs, read level by level in constant memory.

    A head comes without receivers, a receiver without providers, a provider without claims: what
    belongs to it comes after it.

    Attributes:
        reader: The interchanges, for acknowledging.
        findings: What is wrong so far. May be cleared while reading.
    """

    def __init__(self, source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> None:
        self.reader = Reader(source)
        self.findings: list[Finding] = self.reader.findings
        self._relax = relax

    def __iter__(self) -> Iterator[Event]:
        """Give the events of all transactions."""
        for _, events in self.units():
            yield from events

    def units(self) -> Iterator[tuple[Unit, list[Event]]]:
        """Give each unit with the events in it; SE comes last and has none."""
        levels = _Levels()
        hierarchy = Hierarchy("277")
        checker: Checker | None = None
        for unit in self.reader.units():
            if unit.transaction.guide is not GUIDE:
                aside = stranger(unit, "277CA of 005010X214")
                if unit.name == "ST":
                    self.findings += aside.findings
                yield unit, [aside]
                continue
            if unit.name == "ST":
                checker = Checker(unit.transaction, relax=self._relax)
                levels, hierarchy = _Levels(), Hierarchy("277")
            assert checker is not None
            self.findings += checker.feed(unit)
            if unit.name == "HL":
                # The level's own loop; what it holds has been walked through by now.
                loop = _LEVEL.match(checker.path)
                seen = Seen(unit, 0, unit.segments[0], loop[0] if loop is not None else "")
                self.findings += hierarchy.take(seen)
            elif unit.name == "SE" and not unit.is_cut_off:
                self.findings += hierarchy.end()
            events = [] if unit.name == "SE" else levels.take(unit)
            self.findings += [one.findings[0] for one in events if isinstance(one, SetAside)]
            yield unit, events


def read(source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> Reading:
    """Read a whole file of 277CAs.

    Args:
        source: The file's bytes, or a binary file.
        relax: Ids of rules not to apply.
    """
    stream = Stream(source, relax=relax)
    documents: list[ClaimAcknowledgment] = []
    set_aside: list[SetAside] = []
    gathered = _Gathered()
    for unit, events in stream.units():
        for event in events:
            gathered.take(event)
            set_aside += [event] if isinstance(event, SetAside) else []
        if unit.name == "SE":
            documents += gathered.finish(is_complete=not unit.is_cut_off)
            gathered = _Gathered()
    return Reading(tuple(documents), tuple(set_aside), tuple(stream.findings), stream.reader)


class _Gathered:
    """Puts the events of one transaction together."""

    def __init__(self) -> None:
        self._head: ClaimAcknowledgment | None = None
        self._receivers: list[tuple[ReceiverStatus, list[ProviderStatus]]] = []
        self._claims: list[ClaimStatus] = []

    def take(self, event: Event) -> None:
        """Add what was read."""
        match event:
            case ClaimAcknowledgment():
                self._head = event
            case ReceiverStatus():
                self._close_provider()
                self._receivers.append((event, []))
            case ProviderStatus():
                self._close_provider()
                self._receivers[-1][1].append(event)
            case ClaimStatus():
                self._claims.append(event)
            case SetAside():
                pass  # it is kept by the caller

    def finish(self, *, is_complete: bool) -> list[ClaimAcknowledgment]:
        """Give the document, if its head could be read."""
        self._close_provider()
        if self._head is None:
            return []
        receivers = tuple(
            replace(receiver, providers=tuple(providers)) for receiver, providers in self._receivers
        )
        return [replace(self._head, receivers=receivers, is_complete=is_complete)]

    def _close_provider(self) -> None:
        if self._claims:
            providers = self._receivers[-1][1]
            providers[-1] = replace(providers[-1], claims=tuple(self._claims))
        self._claims = []


class _Levels:
    """Reads the levels of one transaction, and knows which of them were lost."""

    def __init__(self) -> None:
        self._begin: list[str] = []
        self._is_open = {"20": False, "21": False, "19": False}
        self._lost: set[str] = set()  # HL03 of levels whose last one could not be read

    def take(self, unit: Unit) -> list[Event]:
        """Take the header (ST, BHT) or one HL."""
        segments = unit.segments
        level = segments[0][3] if unit.name == "HL" and len(segments[0]) > 3 else ""
        parent = _HL_PARENTS.get(level, "")
        if unit.is_cut_off:
            return [self._refuse(cut_off(unit), level)]
        if parent in self._lost or (level and level != "20" and not self._is_open["20"]):
            return [self._refuse(headless(unit), level)]
        try:
            events = self._read(unit, level)
        except (ValueError, IndexError):
            return [self._refuse(unreadable(unit, faulty_segment(unit)), level)]
        self._lost.discard(level)
        return events

    def _refuse(self, aside: SetAside, level: str) -> SetAside:
        if level != _PATIENT:
            self._lost.add(level)
        return aside

    def _read(self, unit: Unit, level: str) -> list[Event]:
        if unit.name == "ST":
            self._begin = next((one for one in unit.segments if one[0] == "BHT"), [])
            return []
        values = _Level(unit)
        parent = _HL_PARENTS.get(level)
        if level != "20" and (parent is None or not self._is_open[parent]):
            raise ValueError("it stands under no level that it can belong to")
        events: list[Event]
        if level == "20":
            events = [values.head(self._begin, unit.transaction.control_number)]
            self._is_open["21"] = self._is_open["19"] = False
        elif level == "21":
            events = [values.receiver()]
            self._is_open["19"] = False
        elif level == "19":
            events = [values.provider()]
        else:
            events = [*values.claims()]
        if level in self._is_open:
            self._is_open[level] = True
        return events


class _Level:
    """The segments of one HL, by what they say."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._component = unit.transaction.delimiters.component

    def head(self, begin: list[str], control_number: str) -> ClaimAcknowledgment:
        begin = _padded(begin, 7)
        return ClaimAcknowledgment(
            transaction_control_number=control_number,
            reference_number=begin[3],
            created_on=day(begin[4]),
            created_time=begin[5],
            source=self._party(),
            source_trace_number=self._first("TRN", 2),
            received_on=optional_day(self._qualified("DTP", "050", 3)),
            processed_on=optional_day(self._qualified("DTP", "009", 3)),
        )

    def receiver(self) -> ReceiverStatus:
        return ReceiverStatus(
            receiver=self._party(),
            originator_reference_number=self._first("TRN", 2),
            statuses=self._statuses(self._unit.segments),
            accepted_count=_optional_count(self._qualified("QTY", "90", 2)),
            rejected_count=_optional_count(self._qualified("QTY", "AA", 2)),
            accepted_cents=optional_cents(self._qualified("AMT", "YU", 2)),
            rejected_cents=optional_cents(self._qualified("AMT", "YY", 2)),
            origin=Origin(self._unit, "2200B"),
        )

    def provider(self) -> ProviderStatus:
        segments = self._unit.segments
        return ProviderStatus(
            provider=self._party(),
            trace_number=self._first("TRN", 2),
            statuses=self._statuses(segments),
            references=tuple(Reference(one[1], one[2]) for one in segments if one[0] == "REF"),
            accepted_count=_optional_count(self._qualified("QTY", "QA", 2)),
            rejected_count=_optional_count(self._qualified("QTY", "QC", 2)),
            accepted_cents=optional_cents(self._qualified("AMT", "YU", 2)),
            rejected_cents=optional_cents(self._qualified("AMT", "YY", 2)),
            origin=Origin(self._unit, "2200C"),
        )

    def claims(self) -> list[ClaimStatus]:
        patient = self._party()
        segments = self._unit.segments
        starts = [at for at, segment in enumerate(segments) if segment[0] == "TRN"]
        if not starts:
            raise ValueError("no claim")
        ends = [*starts[1:], len(segments)]
        return [
            self._claim(segments[start:end], patient)
            for start, end in zip(starts, ends, strict=True)
        ]

    def _claim(self, segments: list[list[str]], patient: Party) -> ClaimStatus:
        lines_at = [at for at, one in enumerate(segments) if one[0] == "SVC"] + [len(segments)]
        own = segments[: lines_at[0]]
        claim_id = own[0][2]
        if not claim_id:
            raise ValueError("TRN02 says which claim")
        first, last = _period(own)
        return ClaimStatus(
            claim_id=claim_id,
            patient=patient,
            statuses=self._statuses(own),
            payer_claim_control_number=_reference(own, "1K"),
            clearinghouse_trace_number=_reference(own, "D9"),
            bill_type_code=_reference(own, "BLT"),
            service_from=first,
            service_through=last,
            lines=tuple(self._line(segments[start:end]) for start, end in pairwise(lines_at)),
            origin=Origin(self._unit, "2200D"),
        )

    def _line(self, segments: list[list[str]]) -> LineStatus:
        service = _padded(segments[0], 8)
        first, last = _period(segments)
        return LineStatus(
            procedure=tuple(service[1].split(self._component)),
            billed_cents=cents(service[2]),
            revenue_code=service[4],
            units=optional_quantity(service[7]),
            statuses=self._statuses(segments),
            line_item_control_number=_reference(segments, "FJ"),
            prescription_number=_reference(segments, "XZ"),
            service_from=first,
            service_through=last,
        )

    def _statuses(self, segments: list[list[str]]) -> tuple[Status, ...]:
        found = []
        for raw in segments:
            if raw[0] != "STC":
                continue
            segment = _padded(raw, 13)
            codes = tuple(self._code(segment[at]) for at in (1, 10, 11) if segment[at])
            if not codes:
                raise ValueError("STC01 says what")
            found.append(
                Status(
                    codes=codes,
                    effective_on=optional_day(segment[2]),
                    action_code=segment[3],
                    billed_cents=optional_cents(segment[4]),
                    text=segment[12],
                )
            )
        return tuple(found)

    def _code(self, text: str) -> StatusCode:
        return StatusCode(*[*text.split(self._component), "", "", "", ""][:4])

    def _party(self) -> Party:
        for segment in self._unit.segments:
            if segment[0] == "NM1":
                _, entity, kind, last, first, middle, _, suffix, qualifier, number = _padded(
                    segment, 10
                )[:10]
                return Party(entity, kind, last, first, middle, suffix, qualifier, number)
        raise ValueError("NM1 says who")

    def _first(self, tag: str, position: int) -> str:
        for segment in self._unit.segments:
            if segment[0] == tag:
                return segment[position] if position < len(segment) else ""
        return ""

    def _qualified(self, tag: str, qualifier: str, position: int) -> str:
        for segment in self._unit.segments:
            if segment[0] == tag and segment[1:2] == [qualifier]:
                return segment[position] if position < len(segment) else ""
        return ""


def _padded(segment: list[str], count: int) -> list[str]:
    return segment + [""] * (count - len(segment))


def _optional_count(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError("not a count")
    return int(text)


def _reference(segments: list[list[str]], qualifier: str) -> str:
    for segment in segments:
        if segment[0] == "REF" and segment[1:2] == [qualifier]:
            return segment[2] if len(segment) > 2 else ""
    return ""


def _period(segments: list[list[str]]) -> tuple[date | None, date | None]:
    """Read DTP*472: one day (D8) gives both ends, a period (RD8) its two."""
    for segment in segments:
        if segment[0] == "DTP" and segment[1:2] == ["472"] and len(segment) > 3:
            first, dash, last = segment[3].partition("-")
            return day(first), day(last) if dash else day(first)
    return None, None
