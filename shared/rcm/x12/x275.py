"""The 275: documents that support a claim, with the bytes of each. 005010X210, 006020X314.

data = x275.write([attachment], envelope)
for attachment in x275.read(data).documents:
    attachment.control_number, attachment.contents[0].data

The control number (TRN02) is PWK06 of the claim, or the trace of the payer's request (277RFAI).
Data may hold any byte: its length, not a separator, says where it ends.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from rcm.x12 import documents
from rcm.x12.binary import FILLER, payload
from rcm.x12.envelope import Unit
from rcm.x12.guide_275 import GUIDE
from rcm.x12.parties import (
    Dated,
    Identifier,
    Named,
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
    place_segments,
    split_at,
)
from rcm.x12.private import Private
from rcm.x12.values import day, day_text
from rcm.x12.writer import Composite, Draft, Envelope
from rcm.x12.writer import write as write_drafts

__all__ = ["GUIDE", "Attachment", "Content", "Stream", "contents", "drafts", "read", "write"]

_MARK: Final = FILLER
_PARTS: Final = frozenset({"CAT"})
_HEAD: Final = frozenset({"NM1"})


class Content(Private, frozen=True, kw_only=True, omit_defaults=True):
    """One document of an attachment. 2100B, 2110B."""

    report_type_code: str  # CAT01, such as AE attachment
    format_code: str = ""  # CAT02: TX text, HL HL7, IA image, MB ...
    version: str = ""  # CAT03
    security_code: str = "05"  # EFI01
    filter_code: str = ""  # BDS01: ASC, B64; empty for BIN
    data: bytes = b""  # BIN02 or BDS03, filtered as it is
    object_rows: tuple[Raw, ...] = ()  # OOI, as they stand
    format_further: tuple[str, ...] = ()  # EFI02 and on


class Attachment(Private, frozen=True, kw_only=True, omit_defaults=True):
    """One attachment, with the parties of its transaction. 2000A."""

    purpose_code: str  # BGN01: 02 unsolicited, 11 answer to a request
    reference_number: str  # BGN02
    created_on: date  # BGN03
    created_time: str = ""  # BGN04
    payer: Named  # 1000A
    submitter: Named  # 1000B
    provider: Named  # 1000C
    patient: Named  # 1000D, with its REF
    claim_dates: tuple[Dated, ...] = ()  # 1000D DTP
    control_number: str = ""  # TRN02; PWK06 of the claim, or TRN02 of the request
    trace_type_code: str = "2"  # TRN01: 1 ours, 2 the payer's
    request_codes: tuple[tuple[str, ...], ...] = ()  # STC01 by components: category, status, ...
    identifiers: tuple[Identifier, ...] = ()  # REF*6R, FJ
    dates: tuple[Dated, ...] = ()  # DTP
    service_rows: tuple[Raw, ...] = ()  # 2100A SVC, REF, DTP, as they stand
    contents: tuple[Content, ...] = ()  # 2100B

    @property
    def claim_id(self) -> str:
        """Our patient control number: REF*EJ of the patient."""
        return number_of(self.patient.identifiers, "EJ")


class Stream(documents.Stream[Attachment]):
    """A file of 275s, read attachment by attachment."""

    guide = GUIDE

    def taker(self) -> documents.Taker[Attachment]:
        """Make what reads one transaction."""
        return _Taker()


read = Stream.whole


class _Taker:
    """Reads one 275."""

    def __init__(self) -> None:
        self._head: Sequence[Row] = ()

    def take(self, unit: Unit) -> Iterator[Attachment]:
        if unit.name == "ST":
            self._head = unit.segments
            _shared(self._head)
            return
        rows = unit.segments
        own, *parts = split_at(rows, _PARTS)
        trace = next((one for one in own if one[0] == "TRN"), ())
        component = unit.transaction.delimiters.component
        service = next((place for place, one in enumerate(own) if one[0] == "SVC"), len(own))
        place = len(own)
        contents = []
        for part in parts:
            contents.append(_content(unit, part, place))
            place += len(part)
        head = _shared(self._head)
        yield Attachment(
            **head,
            control_number=at(trace, 2),
            trace_type_code=at(trace, 1),
            request_codes=tuple(
                tuple(at(one, 1).split(component)) for one in own[:service] if one[0] == "STC"
            ),
            identifiers=identifiers(own[:service]),
            dates=dates(own[:service]),
            service_rows=kept(own[service:], unit.transaction.delimiters),
            contents=tuple(contents),
        )

    def end(self) -> Iterator[Attachment]:
        return iter(())


def _shared(head: Sequence[Row]) -> dict[str, Any]:
    begin = needed(head, "BGN")
    groups = {part[0][1]: part for part in split_at(head, _HEAD)[1:]}
    provider = groups.get("1P") or groups["85"]
    patient = groups["QC"]
    return {
        "purpose_code": at(begin, 1),
        "reference_number": at(begin, 2),
        "created_on": day(at(begin, 3)),
        "created_time": at(begin, 4),
        "payer": named(groups["PR"]),
        "submitter": named(groups["41"]),
        "provider": named(provider),
        "patient": named(patient),
        "claim_dates": dates(patient),
    }


def _content(unit: Unit, rows: Sequence[Row], first: int) -> Content:
    category = rows[0]
    format_row = next((one for one in rows if one[0] == "EFI"), ("EFI",))
    place = next((place for place, one in enumerate(rows) if one[0] in {"BIN", "BDS"}), -1)
    return Content(
        report_type_code=at(category, 1),
        format_code=at(category, 2),
        version=at(category, 3),
        security_code=at(format_row, 1),
        filter_code=at(rows[place], 1) if place >= 0 and rows[place][0] == "BDS" else "",
        data=payload(unit, first + place) if place >= 0 else b"",
        object_rows=kept((one for one in rows if one[0] == "OOI"), unit.transaction.delimiters),
        format_further=tuple(format_row[2:]),
    )


def drafts(attachments: Sequence[Attachment]) -> list[Draft]:
    """Make transactions to write; attachments that share their head share one.

    Fillers stand for data, which may hold what no other value may: `contents` are put in after.
    """
    found: list[tuple[list[Segment], int]] = []
    before: tuple[Segment, ...] = ()
    for one in attachments:
        head = tuple(_head(one))
        if head != before:
            found.append(([*head], 0))
        before = head
        rows, count = found[-1]
        rows += _attachment(one, count + 1)
        found[-1] = (rows, count + 1)
    return [Draft(GUIDE, rows) for rows, _ in found]


def write(attachments: Sequence[Attachment], envelope: Envelope) -> bytes:
    """Write an interchange; attachments that share their head share a transaction.

    Raises:
        NotWritable: A value other than data holds a separator or a control character.
    """
    data = write_drafts(drafts(attachments), envelope)
    return _filled(data, contents(attachments), envelope)


def contents(attachments: Iterable[Attachment]) -> list[Content]:
    """Give what is written as BIN or BDS, in order."""
    return [content for one in attachments for content in one.contents if content.data]


def _head(one: Attachment) -> Iterator[Segment]:
    yield (
        "BGN", one.purpose_code, one.reference_number, day_text(one.created_on), one.created_time,
    )  # fmt: skip
    for party in (one.payer, one.submitter, one.provider, one.patient):
        yield name_segment(party)
        if party is one.provider:
            yield from place_segments(party)
        yield from identifier_segments(party.identifiers)
        yield from contact_segments(party)
    yield from date_segments(one.claim_dates)


def _attachment(one: Attachment, number: int) -> Iterator[Segment]:
    yield ("LX", str(number))
    if one.control_number:
        yield ("TRN", one.trace_type_code, one.control_number)
    for codes in one.request_codes:
        yield ("STC", Composite(codes))
    yield from identifier_segments(one.identifiers)
    yield from date_segments(one.dates)
    yield from kept_segments(one.service_rows)
    for content in one.contents:
        yield ("CAT", content.report_type_code, content.format_code, content.version)
        yield from kept_segments(content.object_rows)
        yield ("EFI", content.security_code, *content.format_further)
        count = str(len(content.data))
        filler = _MARK * len(content.data)
        if not content.data:
            continue
        if content.filter_code:
            yield ("BDS", content.filter_code, count, filler)
        else:
            yield ("BIN", count, filler)


def _filled(data: bytes, contents: Iterable[Content], envelope: Envelope) -> bytes:
    """Put each content's data where its filler stands."""
    element = envelope.delimiters.element
    end = envelope.delimiters.segment + envelope.line_break
    parts, rest = [], data
    for content in contents:
        count = len(content.data)
        start = f"BDS{element}{content.filter_code}" if content.filter_code else "BIN"
        wanted = f"{end}{start}{element}{count}{element}".encode()
        place = rest.index(wanted) + len(wanted)
        parts += [rest[:place], content.data]
        rest = rest[place + count :]
    return b"".join([*parts, rest])
