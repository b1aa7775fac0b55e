"""What a reader meets: interchanges, functional groups, transactions, and the units inside them."""

from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from rcm.x12.findings import Place, Rule, Severity
from rcm.x12.lexer import Delimiters
from rcm.x12.mask import masked_tag

if TYPE_CHECKING:
    from rcm.x12.guide import Guide


def _error(rule_id: str, remedy: str, segment: str = "", code: str = "") -> Rule:
    return Rule(rule_id, 1, Severity.ERROR, remedy, (segment, code))


INTERCHANGE_UNCLOSED = _error(
    "missing-iea", "Ask for the whole file; it may have been cut.", "TA1", "023"
)
INTERCHANGE_COUNT = _error(
    "iea01-count", "Count the functional groups of the interchange.", "TA1", "021"
)
INTERCHANGE_NUMBER = _error("iea02-mismatch", "Repeat ISA13 in IEA02.", "TA1", "001")
INTERCHANGE_REPEATED = _error(
    "isa13-repeated", "Give every interchange a number of its own.", "TA1", "025"
)
GROUP_UNCLOSED = _error("missing-ge", "Ask for the whole file; it may have been cut.", "AK9", "3")
GROUP_COUNT = _error("ge01-count", "Count the transactions of the group.", "AK9", "5")
GROUP_NUMBER = _error("ge02-mismatch", "Repeat GS06 in GE02.", "AK9", "4")
GROUP_REPEATED = _error(
    "gs06-repeated", "Give every group of an interchange its own number.", "AK9", "6"
)
TRANSACTION_UNCLOSED = _error(
    "missing-se", "Ask for the whole file; what was read may lack its end.", "IK5", "2"
)
TRANSACTION_COUNT = _error(
    "se01-count", "Count the segments from ST to SE; some may be lost.", "IK5", "4"
)
TRANSACTION_NUMBER = _error("se02-mismatch", "Repeat ST02 in SE02.", "IK5", "3")
TRANSACTION_REPEATED = _error(
    "st02-repeated", "Give every transaction of a group its own number.", "IK5", "23"
)
OUTSIDE_TRANSACTION = _error(
    "segment-outside-transaction", "Put the segments between ST and SE; they were not read."
)
OUTSIDE_GROUP = _error("outside-group", "Put transactions between GS and GE.", "TA1", "024")
UNIT_TOO_LONG = _error(
    "unit-too-long", "Split it; a claim never has so many segments, so it was set aside."
)
GROUP_CODE_MISMATCH = _error(
    "gs01-mismatch", "Write the functional group code that belongs to ST01.", "IK5", "1"
)
VERSION_4010 = _error(
    "version-4010",
    "Send version 005010; 004010 has not been allowed for HIPAA since 2012.",
    "AK9",
    "2",
)
VERSION_UNKNOWN = _error(
    "version-unknown",
    "Send a guide that we read, named in ST03 and GS08 (`rcm x12 describe --guides` lists them);"
    " of this transaction nothing was taken, and `rcm x12 describe` shows its segments.",
    "AK9",
    "2",
)
GUIDES_DIFFER = _error(
    "st03-gs08-differ", "Repeat GS08 in ST03: one of the two names another guide.", "IK5", "I6"
)
ERRATA_DIFFER = Rule(
    "st03-gs08-errata-differ", 1, Severity.WARNING, "Repeat GS08 in ST03, errata and all."
)
STANDARD_DIFFERS = Rule(
    "isa12-differs", 1, Severity.WARNING, "Write 00501 in ISA12: a guide of 005010 follows."
)
ACK_997 = Rule(
    "acknowledged-by-997",
    1,
    Severity.WARNING,
    "Ask the sender for a 999 (005010X231A1); a 997 is read to segment level only.",
)
REPORT_824 = Rule(
    "application-report-824",
    1,
    Severity.WARNING,
    "Read its OTI (what it is about, accepted or rejected) and TED (the fault) with `rcm x12"
    " describe`, correct what they name and send that again; an 824 is read to segment level only.",
)
OTHER_REVIEW = Rule(
    "review-not-read",
    1,
    Severity.WARNING,
    "Ask the sender for a review request (005010X217) where a decision is wanted; this one is read"
    " to segment level only, and `rcm x12 describe` shows it.",
)


#: Functional group code (GS01) of each transaction set (ST01) that health care uses.
GROUP_CODES: dict[str, str] = {
    "270": "HS",
    "271": "HB",
    "275": "PI",
    "276": "HR",
    "277": "HN",
    "278": "HI",
    "820": "RA",
    "824": "AG",
    "834": "BE",
    "835": "HP",
    "837": "HC",
    "997": "FA",
    "999": "FA",
}


class Standing(NamedTuple):
    """A segment and where it stands.

    Attributes:
        elements: The segment; `elements[0]` is its id.
        number: Its position in the file; the first segment is 1.
        offset: Byte offset of its id.
    """

    elements: list[str]
    number: int
    offset: int


class Interchange:
    """One ISA to IEA.

    Attributes:
        elements: ISA as a raw segment; `elements[13]` is ISA13.
        delimiters: Its four separators.
        number: Position of ISA in the file; the first segment is 1.
        offset: Byte offset of ISA.
        encoding: Encoding its first segments were read with.
        groups: Functional groups read so far.
        acknowledgements: TA1 segments, and where they stand.
        trailer: IEA, raw; None when it is missing.
    """

    __slots__ = (
        "_group_numbers",
        "acknowledgements",
        "delimiters",
        "elements",
        "encoding",
        "groups",
        "number",
        "offset",
        "trailer",
    )

    def __init__(
        self, elements: list[str], delimiters: Delimiters, number: int, offset: int, encoding: str
    ) -> None:
        self.elements = elements
        self.delimiters = delimiters
        self.number = number
        self.offset = offset
        self.encoding = encoding
        self.groups: list[Group] = []
        self.acknowledgements: list[Standing] = []
        self.trailer: list[str] | None = None
        self._group_numbers: set[str] = set()

    def takes(self, group_control_number: str) -> bool:
        """Note a GS06; False when the interchange has it already."""
        if group_control_number in self._group_numbers:
            return False
        self._group_numbers.add(group_control_number)
        return True

    @property
    def control_number(self) -> str:
        """ISA13."""
        return _element(self.elements, 13)

    @property
    def sender(self) -> tuple[str, str]:
        """ISA05 and ISA06, the blanks that fill it removed."""
        return _element(self.elements, 5), _element(self.elements, 6).rstrip()

    @property
    def receiver(self) -> tuple[str, str]:
        """ISA07 and ISA08, the blanks that fill it removed."""
        return _element(self.elements, 7), _element(self.elements, 8).rstrip()

    @property
    def wants_ta1(self) -> bool:
        """Whether the sender asks for a TA1: ISA14 is 1."""
        return _element(self.elements, 14) == "1"

    @property
    def is_test(self) -> bool:
        """Whether the data is for testing: ISA15 is T."""
        return _element(self.elements, 15) == "T"


class Group:
    """One GS to GE.

    Attributes:
        interchange: The interchange it stands in.
        elements: GS as a raw segment; `elements[8]` is GS08.
        number: Position of GS in the file.
        offset: Byte offset of GS.
        transactions: Transactions read so far.
        trailer: GE, raw; None when it is missing.
    """

    __slots__ = (
        "_control_numbers",
        "elements",
        "interchange",
        "number",
        "offset",
        "trailer",
        "transactions",
    )

    def __init__(
        self, interchange: Interchange, elements: list[str], number: int, offset: int
    ) -> None:
        self.interchange = interchange
        self.elements = elements
        self.number = number
        self.offset = offset
        self.transactions: list[Transaction] = []
        self.trailer: list[str] | None = None
        self._control_numbers: set[str] = set()

    @property
    def control_number(self) -> str:
        """GS06."""
        return _element(self.elements, 6)

    @property
    def group_code(self) -> str:
        """GS01, such as HP for 835."""
        return _element(self.elements, 1)

    @property
    def version(self) -> str:
        """GS08."""
        return _element(self.elements, 8)

    def takes(self, control_number: str) -> bool:
        """Note an ST02; False when the group has it already."""
        if control_number in self._control_numbers:
            return False
        self._control_numbers.add(control_number)
        return True


class Transaction:
    """One ST to SE.

    Attributes:
        group: The functional group it stands in.
        elements: ST as a raw segment.
        number: Position of ST in the file.
        offset: Byte offset of ST.
        guide: The table that reads it; None when we have none for its version.
        segment_count: Segments read so far, ST and SE included.
        trailer: SE, raw; None when it is missing.
    """

    __slots__ = ("elements", "group", "guide", "number", "offset", "segment_count", "trailer")

    def __init__(self, group: Group, elements: list[str], number: int, offset: int) -> None:
        self.group = group
        self.elements = elements
        self.number = number
        self.offset = offset
        self.guide: Guide | None = None
        self.segment_count = 0
        self.trailer: list[str] | None = None

    @property
    def interchange(self) -> Interchange:
        """The interchange it stands in."""
        return self.group.interchange

    @property
    def delimiters(self) -> Delimiters:
        """The separators of its interchange."""
        return self.group.interchange.delimiters

    @property
    def set_code(self) -> str:
        """ST01, such as 835."""
        return _element(self.elements, 1)

    @property
    def control_number(self) -> str:
        """ST02."""
        return _element(self.elements, 2)

    @property
    def version(self) -> str:
        """The guide that it says it follows: ST03, or GS08 where ST03 is not used (835)."""
        return _element(self.elements, 3) or self.group.version


class Unit:
    """Neighbouring segments of a transaction that can fail alone; see `reader.py`.

    Attributes:
        transaction: Where it stands.
        name: Id of the segment that begins it: ST, LX, CLP, CLM, HL, PLB, SE.
        number: Position in the file of its first segment.
        offset: Byte offset of its first byte, blanks before the segment included.
        text: Its segments, each with its terminator.
        count: How many they are.
        is_cut_off: Whether its end is missing or unknown: set it aside.
        segments_lost: How many segments were not kept because there were too many.
    """

    __slots__ = (
        "_encoding",
        "_ends",
        "_pieces",
        "_segments",
        "_texts",
        "count",
        "is_cut_off",
        "name",
        "number",
        "offset",
        "segments_lost",
        "text",
        "transaction",
    )

    def __init__(
        self, transaction: Transaction, name: str, number: int, offset: int, encoding: str
    ) -> None:
        self.transaction = transaction
        self.name = name
        self.number = number
        self.offset = offset
        self.text = ""
        self.count = 0
        self.is_cut_off = False
        self.segments_lost = 0
        self._encoding = encoding
        self._pieces: list[str] | None = None  # as they stood, where that differs from `text`
        self._texts: list[str] | None = None
        self._segments: list[list[str]] | None = None
        self._ends: list[int] | None = None  # where each piece ends, once somebody asks

    @property
    def texts(self) -> list[str]:
        """Its segments as text, without terminators."""
        if self._texts is None:
            self._texts = self._split(self.text)
        return self._texts

    @property
    def segments(self) -> list[list[str]]:
        """Its segments as lists of elements; `segments[0][0]` is the id of the first."""
        if self._segments is None:
            separator = self.transaction.delimiters.element
            self._segments = [text.split(separator) for text in self._split(self.text)]
        return self._segments

    @property
    def first(self) -> list[str]:
        """Its first segment as elements; what it is, without taking the others apart."""
        delimiters = self.transaction.delimiters
        return self.text[: self.text.find(delimiters.segment)].split(delimiters.element)

    def extend(self, text: str, count: int, pieces: list[str] | None, encoding: str) -> None:
        """Add segments.

        Args:
            text: The segments, each with its terminator.
            count: How many they are.
            pieces: The same as they stood in the file; None where that is the same.
            encoding: What their bytes were read with.
        """
        if pieces is not None or self._pieces is not None:
            before = self.texts if self._pieces is None else self._pieces
            self._pieces = before + (self._split(text) if pieces is None else pieces)
        self.text = self.text + text if self.text else text
        self.count += count
        if encoding != "ascii":
            self._encoding = encoding
        self._texts = self._segments = None

    def _split(self, text: str) -> list[str]:
        return text[:-1].split(self.transaction.delimiters.segment) if text else []

    def content(self) -> bytes:
        """Give its bytes exactly as they stood in the file."""
        text = self.text
        if self._pieces is not None:
            terminator = self.transaction.delimiters.segment
            text = "".join(piece + terminator for piece in self._pieces)
        if self._encoding != "cp1252":
            return text.encode()
        return b"".join(
            character.encode("latin-1" if ord(character) < 0x100 else "cp1252")
            for character in text
        )

    def offset_of(self, index: int) -> int:
        """Give the byte offset of a segment's id."""
        texts = self.texts
        if self._ends is None or len(self._ends) != self.count:
            pieces = texts if self._pieces is None else self._pieces
            sizes = (self._size(piece) + 1 for piece in pieces)
            self._ends = list(accumulate(sizes, initial=self.offset))[1:]
        return self._ends[index] - 1 - self._size(texts[index])

    def _size(self, text: str) -> int:
        return len(text.encode()) if self._encoding == "utf-8" else len(text)

    def place(self, index: int = 0, *, loop: str = "", claim_id: str = "") -> Place:
        """Tell where one of its segments is, for a Finding."""
        transaction = self.transaction
        index = min(index, self.count - 1)
        if index < 0:
            return self._empty_place()
        number = self.number + index
        texts = self.texts
        text = texts[index]
        separator = transaction.delimiters.element
        first = max(index - 1, 0)
        return Place(
            interchange_control_number=transaction.interchange.control_number,
            group_control_number=transaction.group.control_number,
            transaction_control_number=transaction.control_number,
            transaction_code=transaction.set_code,
            loop=loop,
            claim_id=claim_id,
            segment_id=masked_tag(text.split(separator, 1)[0]),
            segment_number=number,
            transaction_segment_number=number - transaction.number + 1,
            byte_offset=self.offset_of(index),
            lines=tuple((self.number + at, texts[at][:200]) for at in range(first, index + 1)),
        )

    def _empty_place(self) -> Place:
        transaction = self.transaction
        return Place(
            interchange_control_number=transaction.interchange.control_number,
            group_control_number=transaction.group.control_number,
            transaction_control_number=transaction.control_number,
            transaction_code=transaction.set_code,
            segment_number=self.number,
            transaction_segment_number=self.number - transaction.number + 1,
            byte_offset=self.offset,
        )


def _element(elements: list[str], position: int) -> str:
    return elements[position] if position < len(elements) else ""
