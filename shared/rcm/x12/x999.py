"""The 999 implementation acknowledgment, 005010X231A1: did a functional group pass the guide.

`read` reads what partners answer; `acknowledge` decides our answer from Findings; `write` writes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from msgspec import Struct

from rcm.x12.checker import Checker
from rcm.x12.envelope import Transaction
from rcm.x12.findings import Finding
from rcm.x12.guide_999 import GUIDE
from rcm.x12.reader import Reader
from rcm.x12.set_aside import SetAside, cut_off, stranger, unreadable
from rcm.x12.writer import Composite, Draft, Envelope, Repeated, Segment
from rcm.x12.writer import write as _write
from rcm.x12.x999_acknowledge import acknowledge
from rcm.x12.x999_documents import (
    ACCEPTED,
    ACCEPTED_WITH_ERRORS,
    PARTLY,
    REJECTED,
    Context,
    ElementError,
    GroupAcknowledgment,
    SegmentError,
    TransactionAcknowledgment,
)

__all__ = [
    "ACCEPTED", "ACCEPTED_WITH_ERRORS", "GUIDE", "PARTLY", "REJECTED", "Context", "ElementError",
    "GroupAcknowledgment", "Reading", "SegmentError", "TransactionAcknowledgment", "acknowledge",
    "read", "segments", "write",
]  # fmt: skip


class Reading(Struct, frozen=True):
    """A file of 999s, read.

    Attributes:
        acknowledgments: The documents.
        set_aside: Transactions that were not taken.
        findings: Everything that is wrong.
        reader: The interchanges; a file may also bring TA1 segments.
    """

    acknowledgments: tuple[GroupAcknowledgment, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    reader: Reader


def read(source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> Reading:
    """Read a file of 999s.

    Args:
        source: The file's bytes, or a binary file.
        relax: Ids of rules not to apply.
    """
    reader = Reader(source)
    documents: list[GroupAcknowledgment] = []
    set_aside: list[SetAside] = []
    checker: Checker | None = None
    for unit in reader.units():
        aside = None
        if unit.transaction.guide is not GUIDE:
            if unit.name == "ST":
                aside = stranger(unit, "999 of 005010X231A1")
        else:
            if unit.name == "ST":
                checker = Checker(unit.transaction, relax=relax)
            assert checker is not None, "ST comes first"
            reader.findings += checker.feed(unit)
            if unit.name == "ST":
                if unit.is_cut_off:
                    aside = cut_off(unit)
                else:
                    document = _Builder(unit.transaction, unit.segments).document
                    if document is None:
                        aside = unreadable(unit, 0)
                    else:
                        documents.append(document)
        if aside is not None:
            set_aside.append(aside)
            reader.findings.append(aside.findings[0])
    return Reading(tuple(documents), tuple(set_aside), tuple(reader.findings), reader)


class _Builder:
    """Puts the segments of one 999 together, from the inside out."""

    def __init__(self, transaction: Transaction, segments: Sequence[list[str]]) -> None:
        self._component = transaction.delimiters.component
        self._repetition = transaction.delimiters.repetition
        self._number = transaction.control_number
        self._head: list[str] = []
        self._transactions: list[TransactionAcknowledgment] = []
        self._opened: list[str] | None = None
        self._segments: list[SegmentError] = []
        self._segment: tuple[list[str], list[Context], list[ElementError]] | None = None
        self._element: tuple[list[str], list[Context]] | None = None
        self.document: GroupAcknowledgment | None = None
        for raw in segments:
            self._take(raw + [""] * (11 - len(raw)))

    def _take(self, segment: list[str]) -> None:
        match segment[0]:
            case "AK1":
                self._head = segment
            case "AK2":
                self._opened = segment
                self._segments = []
            case "IK3":
                self._close_segment()
                self._segment = (segment, [], [])
            case "IK4":
                self._close_element()
                self._element = (segment, [])
            case "CTX":
                if self._element is not None:
                    self._element[1].append(self._context(segment))
                elif self._segment is not None:
                    self._segment[1].append(self._context(segment))
            case "IK5":
                self._close_transaction(segment)
            case "AK9":
                self._close(segment)
            case _:
                pass  # the checker has said so

    def _close_element(self) -> None:
        if self._element is None or self._segment is None:
            return
        segment, contexts = self._element
        position = (*segment[1].split(self._component), "", "", "")
        self._segment[2].append(
            ElementError(
                element=_count(position[0]),
                component=_count(position[1]),
                repetition=_count(position[2]),
                element_reference=segment[2],
                error_code=segment[3],
                value=segment[4],
                contexts=tuple(contexts),
            )
        )
        self._element = None

    def _close_segment(self) -> None:
        self._close_element()
        if self._segment is None:
            return
        segment, contexts, elements = self._segment
        self._segments.append(
            SegmentError(
                segment_id=segment[1],
                position=_count(segment[2]),
                loop_id=segment[3],
                error_code=segment[4],
                contexts=tuple(contexts),
                elements=tuple(elements),
            )
        )
        self._segment = None

    def _close_transaction(self, segment: list[str]) -> None:
        self._close_segment()
        if self._opened is None:
            return
        self._transactions.append(
            TransactionAcknowledgment(
                transaction_code=self._opened[1],
                transaction_control_number=self._opened[2],
                version=self._opened[3],
                segments=tuple(self._segments),
                status_code=segment[1],
                error_codes=tuple(filter(None, segment[2:7])),
            )
        )
        self._opened = None

    def _close(self, segment: list[str]) -> None:
        if not self._head:
            return
        self.document = GroupAcknowledgment(
            transaction_control_number=self._number,
            group_code=self._head[1],
            group_control_number=self._head[2],
            version=self._head[3],
            transactions=tuple(self._transactions),
            status_code=segment[1],
            included_count=_count(segment[2]),
            received_count=_count(segment[3]),
            accepted_count=_count(segment[4]),
            error_codes=tuple(filter(None, segment[5:10])),
        )

    def _context(self, segment: list[str]) -> Context:
        repetitions = segment[1].split(self._repetition) if self._repetition else [segment[1]]
        names = [one.partition(self._component)[::2] for one in repetitions]
        return Context(
            name=names[0][0],
            reference_number=names[0][1],
            further=tuple(names[1:]),
            segment_id=segment[2],
            segment_position=segment[3],
            loop_id=segment[4],
            element_position=segment[5].replace(self._component, ":"),
            element_reference=segment[6].replace(self._component, ":"),
        )


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def write(acknowledgments: Iterable[GroupAcknowledgment], envelope: Envelope) -> bytes:
    """Write one interchange of 999s, one for each functional group acknowledged.

    Raises:
        NotWritable: A value holds a delimiter or a control character.
    """
    drafts = (
        Draft(GUIDE, segments(one), one.transaction_control_number) for one in acknowledgments
    )
    return _write(drafts, envelope)


def segments(acknowledgment: GroupAcknowledgment) -> Iterator[Segment]:
    """Give the segments of a 999 between ST and SE."""
    yield (
        "AK1",
        acknowledgment.group_code,
        acknowledgment.group_control_number,
        acknowledgment.version,
    )
    for transaction in acknowledgment.transactions:
        yield (
            "AK2",
            transaction.transaction_code,
            transaction.transaction_control_number,
            transaction.version,
        )
        for segment in transaction.segments:
            yield (
                "IK3",
                segment.segment_id,
                str(segment.position),
                segment.loop_id,
                segment.error_code,
            )
            yield from map(_ctx, segment.contexts)
            for element in segment.elements:
                yield _ik4(element)
                yield from map(_ctx, element.contexts)
        yield ("IK5", transaction.status_code, *transaction.error_codes)
    yield (
        "AK9",
        acknowledgment.status_code,
        str(acknowledgment.included_count),
        str(acknowledgment.received_count),
        str(acknowledgment.accepted_count),
        *acknowledgment.error_codes,
    )


def _ik4(element: ElementError) -> Segment:
    numbers = (element.element, element.component, element.repetition)
    position = Composite(str(number) if number else "" for number in numbers)
    return ("IK4", position, element.element_reference, element.error_code, element.value)


def _ctx(context: Context) -> Segment:
    return (
        "CTX",
        Repeated(map(Composite, ((context.name, context.reference_number), *context.further))),
        context.segment_id,
        context.segment_position,
        context.loop_id,
        Composite(context.element_position.split(":")),
        Composite(context.element_reference.split(":")),
    )
