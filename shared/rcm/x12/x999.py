"""The 999 implementation acknowledgment, 005010X231A1: did a functional group pass the guide.

    GroupAcknowledgment                 AK1 .. AK9
    └─ TransactionAcknowledgment        2000  AK2 .. IK5
       └─ SegmentError                  2100  IK3, CTX
          └─ ElementError               2110  IK4, CTX

`read` reads what partners answer; `acknowledge` decides our answer from Findings; `write` writes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from msgspec import Struct

from rcm.x12.checker import Checker
from rcm.x12.envelope import Group, Interchange, Transaction
from rcm.x12.findings import Finding
from rcm.x12.guide_999 import GUIDE
from rcm.x12.reader import Reader
from rcm.x12.set_aside import SetAside, cut_off, stranger, unreadable
from rcm.x12.writer import Composite, Draft, Envelope, Repeated, Segment, writable
from rcm.x12.writer import write as _write

ACCEPTED, ACCEPTED_WITH_ERRORS, PARTLY, REJECTED = "A", "E", "P", "R"
_SEGMENT_HAS_ELEMENT_ERRORS = "8"
_TRANSACTION_HAS_SEGMENT_ERRORS = "5"
_VALUE_MAX = 99  # IK404


class Context(Struct, frozen=True, kw_only=True):
    """What an error belongs to. CTX."""

    name: str  # CTX01-1: CLM01, SITUATIONAL TRIGGER, ...
    reference_number: str = ""  # CTX01-2: the claim's number, ...
    segment_id: str = ""  # CTX02
    segment_position: str = ""  # CTX03
    loop_id: str = ""  # CTX04
    element_position: str = ""  # CTX05, components joined with a colon
    element_reference: str = ""  # CTX06, likewise
    further: tuple[tuple[str, str], ...] = ()  # repetitions of CTX01 after the first


class ElementError(Struct, frozen=True, kw_only=True):
    """An element that is wrong. 2110 IK4."""

    element: int  # IK401-1
    component: int = 0  # IK401-2; 0 when the whole element is meant
    repetition: int = 0  # IK401-3
    element_reference: str = ""  # IK402, data element number
    error_code: str  # IK403: 1 missing, 5 too long, 7 code, 8 date, ...
    value: str = ""  # IK404, a copy of what was wrong
    contexts: tuple[Context, ...] = ()


class SegmentError(Struct, frozen=True, kw_only=True):
    """A segment that is wrong, missing, or out of place. 2100 IK3."""

    segment_id: str  # IK301
    position: int  # IK302, counted in the transaction, ST is 1
    loop_id: str = ""  # IK303
    error_code: str = ""  # IK304: 3 missing, 7 out of order, 8 has element errors, ...
    contexts: tuple[Context, ...] = ()
    elements: tuple[ElementError, ...] = ()


class TransactionAcknowledgment(Struct, frozen=True, kw_only=True):
    """What became of one transaction. 2000 AK2 to IK5."""

    transaction_code: str  # AK201, such as 837
    transaction_control_number: str  # AK202, ST02
    version: str = ""  # AK203, ST03
    segments: tuple[SegmentError, ...] = ()
    status_code: str  # IK501: A accepted, E accepted with errors, R M W X rejected
    error_codes: tuple[str, ...] = ()  # IK502 to IK506

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took it: IK501 is A or E."""
        return self.status_code in {ACCEPTED, ACCEPTED_WITH_ERRORS}


class GroupAcknowledgment(Struct, frozen=True, kw_only=True):
    """What became of one functional group. AK1 to AK9: one 999."""

    transaction_control_number: str = ""  # ST02 of the 999 itself
    group_code: str  # AK101, GS01
    group_control_number: str  # AK102, GS06
    version: str = ""  # AK103, GS08
    transactions: tuple[TransactionAcknowledgment, ...] = ()
    status_code: str  # AK901: A accepted, E with errors, P partly, R M W X rejected
    included_count: int  # AK902, GE01
    received_count: int  # AK903
    accepted_count: int  # AK904
    error_codes: tuple[str, ...] = ()  # AK905 to AK909


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


def acknowledge(
    interchange: Interchange,
    findings: Iterable[Finding],
    *,
    levels: frozenset[int] = frozenset({1, 2}),
    tolerated: frozenset[str] = frozenset(),
    give_values: bool = True,
) -> tuple[GroupAcknowledgment, ...]:
    """Decide what to answer to each functional group of an interchange.

    A transaction is rejected for an error of these levels, accepted with errors when all its
    errors are tolerated, and else accepted. A group is partly accepted when only some of its
    transactions are.

    Args:
        interchange: As a Reader has read it.
        findings: What was found in it.
        levels: SNIP levels whose errors are answered by a 999; later levels are the 277CA's.
        tolerated: Rule ids whose errors are told and do not reject.
        give_values: Whether the sender gets the wrong values back (IK404).
    """
    relevant = [
        finding
        for finding in findings
        if finding.is_error
        and finding.level in levels
        and finding.rule.ack[0] in {"AK9", "IK5", "IK3", "IK4"}
        and finding.place.interchange_control_number == interchange.control_number
    ]
    return tuple(
        _acknowledge_group(group, relevant, tolerated, give_values=give_values)
        for group in interchange.groups
        if group.group_code != "FA"  # an acknowledgment is never acknowledged
    )


def _acknowledge_group(
    group: Group, findings: list[Finding], tolerated: frozenset[str], *, give_values: bool
) -> GroupAcknowledgment:
    own = [
        finding
        for finding in findings
        if finding.rule.ack[0] == "AK9"
        and finding.place.group_control_number == group.control_number
    ]
    refused = [finding for finding in own if finding.rule_id not in tolerated]
    transactions = tuple(
        _acknowledge_transaction(transaction, findings, tolerated, give_values=give_values)
        for transaction in group.transactions
    )
    if refused:
        transactions = ()
    accepted = sum(one.is_accepted for one in transactions)
    if refused or (transactions and not accepted):
        status = REJECTED
    elif accepted < len(transactions):
        status = PARTLY
    elif own or any(one.status_code == ACCEPTED_WITH_ERRORS for one in transactions):
        status = ACCEPTED_WITH_ERRORS
    else:
        status = ACCEPTED
    included = group.trailer[1] if group.trailer and len(group.trailer) > 1 else ""
    return GroupAcknowledgment(
        group_code=writable(group.group_code, 2, instead="ZZ"),
        group_control_number=writable(group.control_number, 9, instead="0"),
        version=writable(group.version, 12),
        transactions=transactions,
        status_code=status,
        included_count=_count(included) if included else len(group.transactions),
        received_count=len(group.transactions),
        accepted_count=accepted,
        error_codes=_unique(finding.rule.ack[1] for finding in own),
    )


def _acknowledge_transaction(
    transaction: Transaction,
    findings: list[Finding],
    tolerated: frozenset[str],
    *,
    give_values: bool,
) -> TransactionAcknowledgment:
    own = [
        finding
        for finding in findings
        if finding.rule.ack[0] in {"IK5", "IK3", "IK4"}
        and finding.place.segment_number - finding.place.transaction_segment_number + 1
        == transaction.number
        and finding.place.transaction_control_number == transaction.control_number
    ]
    segments = tuple(_segment_errors(own, give_values=give_values))
    codes = [finding.rule.ack[1] for finding in own if finding.rule.ack[0] == "IK5"]
    if segments:
        codes.append(_TRANSACTION_HAS_SEGMENT_ERRORS)
    status = ACCEPTED
    if own:
        is_tolerable = all(finding.rule_id in tolerated for finding in own)
        status = ACCEPTED_WITH_ERRORS if is_tolerable else REJECTED
    st = transaction.elements
    return TransactionAcknowledgment(
        transaction_code=writable(transaction.set_code, 3, instead="000"),
        transaction_control_number=writable(transaction.control_number, 9, instead="0000"),
        version=writable(st[3] if len(st) > 3 else "", 35),
        segments=segments,
        status_code=status,
        error_codes=_unique(codes),
    )


def _segment_errors(findings: list[Finding], *, give_values: bool) -> Iterator[SegmentError]:
    """Gather the findings of one segment: each of its own faults, then those of its elements."""
    by_segment: dict[tuple[int, str], list[Finding]] = {}
    for finding in findings:
        if finding.rule.ack[0] in {"IK3", "IK4"}:
            place = finding.place
            key = (place.transaction_segment_number, place.segment_id)
            by_segment.setdefault(key, []).append(finding)
    for (position, segment_id), found in sorted(by_segment.items()):
        elements = tuple(
            _element_error(finding, give_values=give_values)
            for finding in found
            if finding.rule.ack[0] == "IK4" and finding.element
        )
        codes = _unique(finding.rule.ack[1] for finding in found if finding.rule.ack[0] == "IK3")
        if elements:
            codes = (
                *(code for code in codes if code != _SEGMENT_HAS_ELEMENT_ERRORS),
                _SEGMENT_HAS_ELEMENT_ERRORS,
            )
        place = found[0].place
        contexts: tuple[Context, ...] = ()
        if place.claim_id:
            name = "CLP01" if place.transaction_code == "835" else "CLM01"
            contexts = (Context(name=name, reference_number=writable(place.claim_id, 50)),)
        for code in codes or (_SEGMENT_HAS_ELEMENT_ERRORS,):
            yield SegmentError(
                segment_id=writable(segment_id, 3, instead="???"),
                position=position,
                loop_id=place.loop.rsplit("/", 1)[-1].partition("[")[0],
                error_code=code,
                contexts=contexts,
                elements=elements if code == _SEGMENT_HAS_ELEMENT_ERRORS else (),
            )


def _element_error(finding: Finding, *, give_values: bool) -> ElementError:
    value = finding.value[:_VALUE_MAX]
    is_clean = writable(value, _VALUE_MAX) == value
    return ElementError(
        element=finding.element,
        component=finding.component,
        element_reference=finding.element_reference,
        error_code=finding.rule.ack[1],
        value=value if give_values and is_clean else "",
    )


def _unique(codes: Iterable[str]) -> tuple[str, ...]:
    """Keep each code once, in order, and five at most: that is how many AK9 and IK5 hold."""
    return tuple(dict.fromkeys(codes))[:5]


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
