"""Read interchanges, groups and transactions; give their content in units, a claim at a time.

    ISA ┬ GS ┬ ST ─ unit, unit, unit ... ─ SE
        │    └ ST ...                      SE ─ GE
        └ TA1                                       ─ IEA

A unit is what can fail alone: the header of a transaction, a claim (835 CLP, 837 CLM), a level of
HL, a PLB. Every segment of a transaction is in exactly one unit, and every transaction ends with
the unit named SE, which is empty when the file has none. Reading raises for nothing that a file
holds; what is wrong with the envelopes is in `findings`. Only segment *content* is left to
`check.py` and to the typed documents.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import BinaryIO, Protocol

from rcm.x12 import registry
from rcm.x12.envelope import (
    GROUP_COUNT,
    GROUP_NUMBER,
    GROUP_REPEATED,
    GROUP_UNCLOSED,
    INTERCHANGE_COUNT,
    INTERCHANGE_NUMBER,
    INTERCHANGE_REPEATED,
    INTERCHANGE_UNCLOSED,
    OUTSIDE_GROUP,
    OUTSIDE_TRANSACTION,
    TRANSACTION_COUNT,
    TRANSACTION_NUMBER,
    TRANSACTION_REPEATED,
    TRANSACTION_UNCLOSED,
    UNIT_TOO_LONG,
    Group,
    Interchange,
    Standing,
    Transaction,
    Unit,
)
from rcm.x12.envelope_check import gs_findings, isa_findings, version_faults
from rcm.x12.findings import Finding, Place, Rule
from rcm.x12.guide import Guide
from rcm.x12.lexer import Batch, Delimiters, Lexer
from rcm.x12.mask import masked_tag

#: A unit with more segments than this is no claim; what follows becomes further, incomplete units.
UNIT_SEGMENTS_MAX = 100_000
#: Units with nothing under them, which a resumed reading may pass over.
_LEAVES = frozenset({"CLP", "CLM", "PLB"})
_LEVELS = frozenset({"HL"})
_ENVELOPES = ("ISA", "IEA", "GS", "GE", "ST", "SE")
_ENVELOPE = frozenset({*_ENVELOPES, "TA1"})


class Reader:
    """Read a file or bytes once, from its start to its end.

    Attributes:
        interchanges: What was read so far, with groups and transactions, for acknowledging.
        findings: What is wrong with the delimiters and envelopes so far.
    """

    def __init__(
        self,
        source: bytes | BinaryIO,
        *,
        guide_for: Callable[[str], Guide | None] = registry.guide,
    ) -> None:
        self._lexer = Lexer(source)
        self._guide_for = guide_for
        self.interchanges: list[Interchange] = []
        self.findings: list[Finding] = self._lexer.findings
        self._interchange: Interchange | None = None
        self._group: Group | None = None
        self._transaction: Transaction | None = None
        self._unit: Unit | None = None
        self._cuts: Cuts | tuple[()] = ()
        self._interchange_numbers: set[str] = set()

    @property
    def bytes_read(self) -> int:
        """How much of the source was read, for progress."""
        return self._lexer.bytes_read

    def units(self, *, since: int = 0) -> Iterator[Unit]:
        """Give the units of all transactions, in the order of the file.

        Args:
            since: Resume at this byte offset (`unit.offset` of the first one wanted): claims and
                PLBs before it are passed over, what they stand under is given again.
        """
        units = self._units()
        if not since:
            return units
        return (unit for unit in units if unit.offset >= since or unit.name not in _LEAVES)

    def _units(self) -> Iterator[Unit]:
        for batch in self._lexer.batches():
            if batch.starts:
                yield from self._close_interchange(None)
            if batch.starts or not self._cuts:
                self._set_cuts(batch.delimiters, None)
            yield from self._read(batch)
        yield from self._close_interchange(None)

    def _read(self, batch: Batch) -> Iterator[Unit]:
        """Cut a batch where a segment begins a unit or belongs to an envelope."""
        end = batch.delimiters.segment
        # With a terminator before the first segment too, one search finds where segments begin.
        text = end + batch.text
        begin, index, offset = 0, 0, batch.offset  # of the segments that no unit has yet
        since = 0
        while since >= 0:
            assert self._cuts, "an interchange has begun"
            cuts, names = self._cuts
            found, since = cuts.finditer(text, since), -1
            for match in found:
                name = names[match.group()]
                if name == "TA1" and self._group is not None:
                    continue  # no envelope here: a segment of what it stands in, and a fault there
                at = match.start()
                count = text.count(end, begin, at)
                if count:
                    offset += self._extend(batch, text[begin + 1 : at + 1], index, count, offset)
                    begin, index = at, index + count
                if name in _ENVELOPE:
                    since = text.index(end, at + 1)
                    segment = _Segment(text[at + 1 : since], batch, index, offset)
                    yield from self._envelope(name, segment)
                    if name != "ST":
                        begin, index, offset = since, index + 1, offset + segment.width
                    break  # what begins a unit may be other segments now
                yield from self._flush()
                self._start(name, batch, index, offset)
        count = text.count(end, begin) - 1
        if count:
            self._extend(batch, text[begin + 1 :], index, count, offset)

    def _start(self, name: str, batch: Batch, index: int, offset: int) -> None:
        assert self._transaction is not None
        self._unit = Unit(self._transaction, name, batch.number + index, offset, batch.encoding)

    def _extend(self, batch: Batch, text: str, index: int, count: int, offset: int) -> int:
        """Put segments into the open unit; outside a transaction there is none.

        Returns:
            How many bytes they had in the file.
        """
        unit = self._unit
        width = _width(batch, text, index, count)
        if unit is None:
            rule = OUTSIDE_TRANSACTION if self._group else OUTSIDE_GROUP
            at = Standing([], batch.number + index, offset + _blanks(batch, index))
            tag = text[: text.index(batch.delimiters.segment)].split(batch.delimiters.element, 1)[0]
            place = self._place(tag, at)
            self._say(rule, place, f"{count} segments stand outside a transaction.")
            return width
        room = UNIT_SEGMENTS_MAX - unit.count
        if count > room:
            if not unit.is_cut_off:
                place = self._place(unit.name, unit)
                self._say(UNIT_TOO_LONG, place, "More segments than a claim can have.")
            unit.is_cut_off = True
            unit.segments_lost += count - room
            end = batch.delimiters.segment
            text = "".join(one + end for one in text.split(end, room)[:room])
            count = room
        pieces = batch.pieces
        unit.extend(text, count, pieces and pieces[index : index + count], batch.encoding)
        return width

    def _flush(self) -> Iterator[Unit]:
        unit, self._unit = self._unit, None
        if unit is not None and self._transaction is not None:
            self._transaction.segment_count += unit.count + unit.segments_lost
            yield unit

    # The envelopes. Each opening closes what is still open, and says so.

    def _envelope(self, name: str, segment: "_Segment") -> Iterator[Unit]:
        if name == "ISA":
            yield from self._close_interchange(None)
            self._open_interchange(segment)
        elif name == "TA1":
            if self._interchange is not None:
                stood = Standing(segment.elements, segment.number, segment.offset)
                self._interchange.acknowledgements.append(stood)
        elif name == "IEA":
            yield from self._close_interchange(segment)
        elif name == "GS":
            yield from self._close_group(None)
            self._open_group(segment)
        elif name == "GE":
            yield from self._close_group(segment)
        elif name == "ST":
            yield from self._close_transaction(None)
            self._open_transaction(segment)
        else:
            yield from self._close_transaction(segment)

    def _open_interchange(self, segment: "_Segment") -> None:
        batch = segment.batch
        interchange = Interchange(
            segment.elements, batch.delimiters, segment.number, segment.offset, batch.encoding
        )
        self._interchange = interchange
        self.interchanges.append(interchange)
        number = interchange.control_number
        # A place is made when somebody has something to say of it.
        where = partial(self._place, "ISA", segment)
        self.findings += isa_findings(segment.elements, batch.delimiters, where)
        if number in self._interchange_numbers:
            message = "ISA13 was used before in this file."
            self._say(INTERCHANGE_REPEATED, where(), message, 13, number)
        self._interchange_numbers.add(number)

    def _open_group(self, segment: "_Segment") -> None:
        interchange = self._interchange
        if interchange is None:
            return
        group = Group(interchange, segment.elements, segment.number, segment.offset)
        where = partial(self._place, "GS", segment, group=group)
        self.findings += gs_findings(segment.elements, interchange.delimiters, where)
        if not interchange.takes(group.control_number):
            self._say(GROUP_REPEATED, where(), "GS06 was used before in this interchange.", 6)
        interchange.groups.append(group)
        self._group = group

    def _open_transaction(self, segment: "_Segment") -> None:
        group = self._group
        if group is None:
            if self._interchange is None:
                return
            place = self._place("ST", segment)
            self._say(OUTSIDE_GROUP, place, "A transaction stands outside a functional group.")
            group = Group(self._interchange, ["GS"], segment.number, segment.offset)
            self._interchange.groups.append(group)
            self._group = group
        transaction = Transaction(group, segment.elements, segment.number, segment.offset)
        both = f"{transaction.set_code} {transaction.version}"
        guide = self._guide_for(both) or self._guide_for(transaction.version)
        if guide is not None and guide.set_code == transaction.set_code:
            transaction.guide = guide
        where = partial(self._place, "ST", segment, transaction)
        for fault in version_faults(transaction):
            self._say(fault.rule, where(), fault.message, fault.element, fault.value)
        if not group.takes(transaction.control_number):
            message = "ST02 was used before in this functional group."
            self._say(TRANSACTION_REPEATED, where(), message, 2, transaction.control_number)
        group.transactions.append(transaction)
        self._transaction = transaction
        self._set_cuts(segment.batch.delimiters, transaction.guide)
        self._start("ST", segment.batch, segment.index, segment.begin)

    def _close_transaction(self, trailer: "_Segment | None") -> Iterator[Unit]:
        transaction = self._transaction
        if transaction is None:
            if trailer is not None:
                place = self._place("SE", trailer)
                self._say(OUTSIDE_TRANSACTION, place, "An SE stands where no transaction is open.")
                self._unit = None
            return
        if trailer is None:
            if self._unit is not None:
                self._unit.is_cut_off = True
                last = self._unit.place(self._unit.count - 1)
            else:
                last = self._place("ST", transaction)
            self._say(TRANSACTION_UNCLOSED, last, "The transaction has no SE segment.")
            yield from self._flush()
            end = Unit(transaction, "SE", last.segment_number + 1, last.byte_offset, "ascii")
            end.is_cut_off = True
        else:
            yield from self._flush()
            end = Unit(transaction, "SE", trailer.number, trailer.begin, trailer.batch.encoding)
            trailer.extend(end)
            transaction.trailer = trailer.elements
            transaction.segment_count += 1
            self._check_trailer(transaction, trailer)
        self._transaction = None
        self._set_cuts(transaction.delimiters, None)
        yield end

    def _check_trailer(self, transaction: Transaction, trailer: "_Segment") -> None:
        where = partial(self._place, "SE", trailer, transaction)
        count = trailer.element(1)
        if count.lstrip("0") != str(transaction.segment_count):
            message = f"SE01 does not count the {transaction.segment_count} segments of ST to SE."
            self._say(TRANSACTION_COUNT, where(), message, 1, count)
        if trailer.element(2) != transaction.control_number:
            message = "SE02 differs from ST02."
            self._say(TRANSACTION_NUMBER, where(), message, 2, trailer.element(2))

    def _close_group(self, trailer: "_Segment | None") -> Iterator[Unit]:
        yield from self._close_transaction(None)
        self._unit = None
        group, self._group = self._group, None
        if group is None:
            if trailer is not None:
                place = self._place("GE", trailer)
                self._say(OUTSIDE_GROUP, place, "A GE stands where no functional group is open.")
            return
        if trailer is None:
            place = self._place("GS", group, group=group)
            if group.elements != ["GS"]:
                self._say(GROUP_UNCLOSED, place, "The functional group has no GE segment.")
            return
        group.trailer = trailer.elements
        where = partial(self._place, "GE", trailer, group=group)
        count = len(group.transactions)
        if trailer.element(1).lstrip("0") != (str(count) if count else ""):
            message = f"GE01 does not count the {count} transactions of the group."
            self._say(GROUP_COUNT, where(), message, 1, trailer.element(1))
        if trailer.element(2) != group.control_number:
            self._say(GROUP_NUMBER, where(), "GE02 differs from GS06.", 2, trailer.element(2))

    def _close_interchange(self, trailer: "_Segment | None") -> Iterator[Unit]:
        yield from self._close_group(None)
        interchange = self._interchange
        if interchange is None:
            return
        if trailer is None:
            place = self._place("ISA", interchange)
            self._say(INTERCHANGE_UNCLOSED, place, "The interchange has no IEA segment.")
        else:
            interchange.trailer = trailer.elements
            where = partial(self._place, "IEA", trailer)
            count = len(interchange.groups)
            if trailer.element(1).lstrip("0") != (str(count) if count else ""):
                message = f"IEA01 does not count the {count} functional groups."
                self._say(INTERCHANGE_COUNT, where(), message, 1, trailer.element(1))
            if trailer.element(2) != interchange.control_number:
                message = "IEA02 differs from ISA13."
                self._say(INTERCHANGE_NUMBER, where(), message, 2, trailer.element(2))
        self._interchange = None

    def _set_cuts(self, delimiters: Delimiters, guide: Guide | None) -> None:
        """Say which segments are looked for from here on."""
        if self._transaction is None:
            self._cuts = cut_search(delimiters, frozenset({"TA1"}))
        else:
            self._cuts = cut_search(delimiters, guide.cuts if guide is not None else _LEVELS)

    def _place(
        self,
        tag: str,
        stands: "_Stands",
        transaction: Transaction | None = None,
        *,
        group: Group | None = None,
    ) -> Place:
        transaction = transaction or self._transaction
        group = group or self._group
        number = stands.number
        return Place(
            interchange_control_number=self._interchange.control_number
            if self._interchange
            else "",
            group_control_number=group.control_number if group else "",
            transaction_control_number=transaction.control_number if transaction else "",
            transaction_code=transaction.set_code if transaction else "",
            segment_id=masked_tag(tag),
            segment_number=number,
            transaction_segment_number=number - transaction.number + 1 if transaction else 0,
            byte_offset=stands.offset,
        )

    def _say(
        self, rule: Rule, place: Place, message: str, element: int = 0, value: str = ""
    ) -> None:
        self.findings.append(
            Finding(rule=rule, place=place, message=message, element=element, value=value)
        )


class _Stands(Protocol):
    """What has a place in the file."""

    @property
    def number(self) -> int: ...

    @property
    def offset(self) -> int: ...


class _Segment:
    """An envelope segment where it stands; the blanks before its id belong to it."""

    __slots__ = ("_text", "batch", "begin", "elements", "index", "number", "offset")

    def __init__(self, text: str, batch: Batch, index: int, begin: int) -> None:
        self.elements = text.split(batch.delimiters.element)
        self.batch = batch
        self.index = index
        self.number = batch.number + index
        self.begin = begin
        self.offset = begin + _blanks(batch, index)  # of its id
        self._text = text + batch.delimiters.segment

    def element(self, position: int) -> str:
        return self.elements[position] if position < len(self.elements) else ""

    @property
    def width(self) -> int:
        return _width(self.batch, self._text, self.index, 1)

    def extend(self, unit: Unit) -> None:
        """Put it into a unit."""
        pieces = self.batch.pieces
        stood = pieces and pieces[self.index : self.index + 1]
        unit.extend(self._text, 1, stood, self.batch.encoding)


def _width(batch: Batch, text: str, index: int, count: int) -> int:
    """Count the bytes that neighbouring segments of a batch had in the file."""
    if batch.pieces is not None:
        return batch.width(index, index + count)
    return len(text.encode()) if batch.encoding == "utf-8" else len(text)


def _blanks(batch: Batch, index: int) -> int:
    """Count the bytes before a segment's id: line breaks and blanks, which are all of one byte."""
    if batch.pieces is None:
        return 0
    stood = batch.pieces[index]
    return len(stood) - len(stood.lstrip(" \t\r\n\0" + batch.delimiters.segment))


Cuts = tuple["re.Pattern[str]", dict[str, str]]


@lru_cache(maxsize=64)
def cut_search(delimiters: Delimiters, units: frozenset[str]) -> Cuts:
    """Make the search for segments that begin a unit or belong to an envelope.

    Returns:
        A pattern that finds them with the terminator before them, and the id of what it found.
    """
    end, element = re.escape(delimiters.segment), re.escape(delimiters.element)
    ids = [*_ENVELOPES, *sorted(units)]
    longer = [name for name in ids if len(name) > 2]
    shorter = [name for name in ids if len(name) == 2]
    pattern = f"{end}(?:{'|'.join(longer)}|(?:{'|'.join(shorter)})(?=[{element}{end}]))"
    return re.compile(pattern), {delimiters.segment + name: name for name in ids}
