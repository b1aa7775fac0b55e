"""Read 835s: whole, or one claim at a time from a file of any size.

The claim is the unit of failure. One that cannot be read is set aside with its bytes and with
what is wrong; the rest of the file is read. What was taken and what was set aside make up the file.
"""

from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct
from msgspec.structs import replace

from rcm.x12.checker import Checker
from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding
from rcm.x12.guide_835 import GUIDE
from rcm.x12.origin import Origin
from rcm.x12.reader import Reader
from rcm.x12.set_aside import SetAside, Unreadable, cut_off, headless, stranger, unreadable
from rcm.x12.x835_claims import read_claim
from rcm.x12.x835_documents import ClaimGroup, ClaimPayment, ProviderAdjustment, Remittance
from rcm.x12.x835_header import read_group, read_header, read_provider_adjustments


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
        since: int = 0,
    ) -> None:
        """Prepare to read.

        Args:
            source: The file's bytes, or a binary file.
            relax: Ids of rules not to apply.
            check: Whether structure and elements are checked as well.
            since: Resume at this byte offset, `claim.origin.unit.offset` of the first one wanted.
        """
        self.reader = Reader(source)
        self._since = since
        self.findings: list[Finding] = self.reader.findings
        self._relax = relax
        self._check = check
        self._group_ordinal = 0
        self._claim_ordinal = 0
        self._header_is_lost = False

    def __iter__(self) -> Iterator[Event]:
        """Give headers, groups, claims, provider adjustments, what is set aside, and trailers."""
        checker: Checker | None = None
        for unit in self.reader.units(since=self._since):
            if unit.name == "ST":
                checker = None
                if unit.transaction.guide is GUIDE and self._check:
                    checker = Checker(unit.transaction, relax=self._relax)
            if unit.transaction.guide is not GUIDE:
                yield self._stranger(unit)
                continue
            if checker is not None:
                found = checker.feed(unit)
                if found:
                    self.findings += found
            if unit.name == "CLP" and not (unit.is_cut_off or self._header_is_lost):
                # What nearly every unit is: read it without another layer of generators.
                try:
                    yield self._read_claim(unit)
                except Unreadable as fault:
                    yield self._aside(unreadable(unit, fault.index))
            else:
                yield from self._events(unit)

    def _read_claim(self, unit: Unit) -> ClaimPayment:
        self._claim_ordinal += 1
        loop = f"2000[{self._group_ordinal}]/2100[{self._claim_ordinal}]"
        return read_claim(Origin(unit, loop))

    def _stranger(self, unit: Unit) -> SetAside:
        """Set aside a transaction that is no 835 of ours."""
        aside = stranger(unit, "835 of 005010X221A1")
        if unit.name == "ST":
            self.findings += aside.findings
        return aside

    def _events(self, unit: Unit) -> Iterator[Event]:
        if unit.name == "SE":
            yield Trailer(unit.transaction, is_complete=not unit.is_cut_off)
            return
        if unit.name == "ST":
            self._header_is_lost = False
        if self._header_is_lost:
            yield headless(unit)
        elif unit.is_cut_off:
            yield self._aside(cut_off(unit))
        else:
            try:
                yield from self._read_unit(unit)
            except Unreadable as fault:
                yield self._aside(unreadable(unit, fault.index))

    def _aside(self, aside: SetAside) -> SetAside:
        self._header_is_lost = aside.unit.name == "ST"
        self.findings.append(aside.findings[0])  # the checker says what else is wrong with it
        return aside

    def _read_unit(self, unit: Unit) -> Iterator[Event]:
        if unit.name == "LX":
            self._group_ordinal += 1
            self._claim_ordinal = 0
            yield GroupStart(read_group(unit))
        elif unit.name == "PLB":
            yield from read_provider_adjustments(unit)
        else:
            self._group_ordinal = self._claim_ordinal = 0
            yield Header(read_header(Origin(unit, "")))


class _Gathered:
    """Puts the events of a stream together into documents."""

    def __init__(self) -> None:
        self.remittances: list[Remittance] = []
        self.set_aside: list[SetAside] = []
        self._header: Remittance | None = None
        self._groups: list[tuple[ClaimGroup, list[ClaimPayment]]] = []
        self._provider_adjustments: list[ProviderAdjustment] = []
        self._is_whole = True

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
                self._is_whole = False
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
                    is_complete=is_complete and self._is_whole,
                )
            )
        self._header = None
        self._groups = []
        self._provider_adjustments = []
        self._is_whole = True
