"""Read 835s: whole, or one claim at a time from a file of any size.

The claim is the unit of failure. One that cannot be read is set aside with its bytes and with
what is wrong; the rest of the file is read. What was taken and what was set aside make up the file.
"""

from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from rcm.x12.checker import Checker
from rcm.x12.elements import check_segment
from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding, Rule, Severity
from rcm.x12.guide_835 import GUIDE
from rcm.x12.origin import Origin
from rcm.x12.reader import Reader
from rcm.x12.x835_claims import Unreadable, read_claim
from rcm.x12.x835_documents import ClaimGroup, ClaimPayment, ProviderAdjustment, Remittance
from rcm.x12.x835_header import read_group, read_header, read_provider_adjustments

UNREADABLE = Rule(
    "unreadable",
    2,
    Severity.ERROR,
    "Nothing of this unit was taken; correct it and send it again, or enter it by hand.",
    ("IK3", "8"),
)
CUT_OFF = Rule(
    "unit-cut-off",
    1,
    Severity.ERROR,
    "The file ends inside it, so nothing of it was taken; ask for the whole file.",
    ("IK5", "2"),
)
HEADER_LOST = Rule(
    "header-lost",
    2,
    Severity.ERROR,
    "Correct the header of the transaction; without a payment no claim of it was taken.",
)
NOT_835 = Rule(
    "not-835", 1, Severity.ERROR, "Send an 835 of version 005010X221A1 here.", ("AK9", "2")
)


class SetAside(Struct, frozen=True):
    """A part of the file that was not taken.

    Attributes:
        unit: Its segments; `unit.content()` gives its bytes.
        findings: Why.
    """

    unit: Unit
    findings: tuple[Finding, ...]

    @property
    def claim_id(self) -> str:
        """CLP01, if the unit is a claim and has it."""
        segments = self.unit.segments
        return segments[0][1] if self.unit.name == "CLP" and len(segments[0]) > 1 else ""


class Header(Struct, frozen=True):
    """The start of a remittance: everything before its first claim."""

    remittance: Remittance


class GroupStart(Struct, frozen=True):
    """An LX with its summaries; the claims that follow belong to it."""

    group: ClaimGroup


class Trailer(Struct, frozen=True):
    """The end of a remittance.

    Attributes:
        transaction: The transaction that ended.
        is_complete: Whether it has its SE.
    """

    transaction: Transaction
    is_complete: bool


Event = Header | GroupStart | ClaimPayment | ProviderAdjustment | SetAside | Trailer


class Reading(Struct, frozen=True):
    """An 835 file, read whole.

    Attributes:
        remittances: The documents, claims that were set aside left out.
        set_aside: What was not taken.
        findings: Everything that is wrong: envelopes, structure, elements, and the reasons of
            what was set aside. Balances are another question: `x835.check`.
        reader: The interchanges, for acknowledging.
    """

    remittances: tuple[Remittance, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    reader: Reader


def read(source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> Reading:
    """Read a whole file of 835s.

    Args:
        source: The file's bytes, or a binary file.
        relax: Ids of rules not to apply.
    """
    stream = Stream(source, relax=relax)
    gathered = _Gathered()
    for event in stream:
        gathered.take(event)
    return Reading(
        tuple(gathered.remittances),
        tuple(gathered.set_aside),
        tuple(stream.findings),
        stream.reader,
    )


class Stream:
    """Read a file of 835s event by event, in constant memory.

    Attributes:
        reader: The reader underneath.
        findings: What was found so far; a caller may take them out as it goes.
    """

    def __init__(
        self,
        source: bytes | BinaryIO,
        *,
        relax: frozenset[str] = frozenset(),
        check: bool = True,
    ) -> None:
        self.reader = Reader(source)
        self.findings: list[Finding] = self.reader.findings
        self._relax = relax
        self._check = check
        self._group_ordinal = 0
        self._claim_ordinal = 0
        self._header_is_lost = False

    def __iter__(self) -> Iterator[Event]:
        """Give headers, groups, claims, provider adjustments, what is set aside, and trailers."""
        checker: Checker | None = None
        for unit in self.reader.units():
            if unit.name == "ST":
                checker = None
                if unit.transaction.guide is GUIDE and self._check:
                    checker = Checker(unit.transaction, relax=self._relax)
            if unit.transaction.guide is not GUIDE:
                yield from self._stranger(unit)
                continue
            if checker is not None:
                self.findings += checker.feed(unit)
            yield from self._events(unit)

    def _stranger(self, unit: Unit) -> Iterator[SetAside]:
        """Set aside a transaction that is no 835 of ours."""
        finding = Finding(rule=NOT_835, place=unit.place(), message="This is not an 835 of 005010.")
        if unit.name == "ST":
            self.findings.append(finding)
        yield SetAside(unit, (finding,))

    def _events(self, unit: Unit) -> Iterator[Event]:
        if unit.name == "SE":
            if len(unit.texts) > 1:
                yield self._set_aside(unit, 1)
            yield Trailer(unit.transaction, is_complete=not unit.is_cut_off)
            return
        if unit.is_cut_off:
            place = unit.place(len(unit.texts) - 1)
            finding = Finding(rule=CUT_OFF, place=place, message="Its end is missing.")
            self.findings.append(finding)
            yield SetAside(unit, (finding,))
            return
        if unit.name == "ST":
            self._header_is_lost = False
        elif self._header_is_lost:
            finding = Finding(rule=HEADER_LOST, place=unit.place(), message="It has no header.")
            yield SetAside(unit, (finding,))
            return
        try:
            yield from self._read_unit(unit)
        except Unreadable as unreadable:
            yield self._set_aside(unit, unreadable.index)

    def _read_unit(self, unit: Unit) -> Iterator[Event]:
        if unit.name == "CLP":
            self._claim_ordinal += 1
            loop = f"2000[{self._group_ordinal}]/2100[{self._claim_ordinal}]"
            yield read_claim(Origin(unit, loop))
        elif unit.name == "LX":
            self._group_ordinal += 1
            self._claim_ordinal = 0
            yield GroupStart(read_group(unit))
        elif unit.name == "PLB":
            yield from read_provider_adjustments(unit)
        else:
            self._group_ordinal = self._claim_ordinal = 0
            yield Header(read_header(Origin(unit, "")))

    def _set_aside(self, unit: Unit, index: int) -> SetAside:
        self._header_is_lost = self._header_is_lost or unit.name == "ST"
        segment = unit.segments[index]
        claim_id = unit.segments[0][1] if unit.name == "CLP" and len(unit.segments[0]) > 1 else ""
        place = unit.place(index, claim_id=claim_id)
        message = f"{segment[0]} holds a value that cannot be read."
        found = Finding(rule=UNREADABLE, place=place, message=message)
        self.findings.append(found)
        delimiters = unit.transaction.delimiters
        details = check_segment(GUIDE, segment, delimiters, lambda: place)
        return SetAside(unit, (found, *details))


class _Gathered:
    """Puts the events of a stream together into documents."""

    def __init__(self) -> None:
        self.remittances: list[Remittance] = []
        self.set_aside: list[SetAside] = []
        self._header: Remittance | None = None
        self._groups: list[tuple[ClaimGroup, list[ClaimPayment]]] = []
        self._provider_adjustments: list[ProviderAdjustment] = []

    def take(self, event: Event) -> None:
        match event:
            case ClaimPayment():
                if not self._groups:
                    self._groups.append((ClaimGroup(), []))
                self._groups[-1][1].append(event)
            case GroupStart(group):
                self._groups.append((group, []))
            case ProviderAdjustment():
                self._provider_adjustments.append(event)
            case SetAside():
                self.set_aside.append(event)
            case Header(remittance):
                self._header = remittance
            case Trailer(_, is_complete):
                self._finish(is_complete=is_complete)

    def _finish(self, *, is_complete: bool) -> None:
        header = self._header
        if header is not None:
            groups = tuple(replace(group, claims=tuple(claims)) for group, claims in self._groups)
            self.remittances.append(
                replace(
                    header,
                    groups=groups,
                    provider_adjustments=tuple(self._provider_adjustments),
                    is_complete=is_complete,
                )
            )
        self._header = None
        self._groups = []
        self._provider_adjustments = []
