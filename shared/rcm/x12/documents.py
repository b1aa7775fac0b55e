"""How the transactions with few rules are read: a document for each unit that can fail alone.

`x275`, `x277rfai`, `x278`, `x820` and `x834` each give a class that takes units and gives
documents; this is the loop around them, and what cannot be read is set aside here.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO, ClassVar, Generic, Protocol, TypeVar

from msgspec import Struct

from rcm.x12.checker import Checker
from rcm.x12.envelope import Unit
from rcm.x12.findings import Finding
from rcm.x12.guide import Guide
from rcm.x12.reader import Reader
from rcm.x12.set_aside import SetAside, cut_off, faulty_segment, stranger, unreadable

Made_co = TypeVar("Made_co", covariant=True)
Document = TypeVar("Document")


class Taker(Protocol[Made_co]):
    """Reads the units of one transaction."""

    def take(self, unit: Unit) -> Iterator[Made_co]:
        """Read a unit, SE excepted; give the documents that it completes.

        Raises:
            ValueError: A value of it cannot be read.
        """
        ...

    def end(self) -> Iterator[Made_co]:
        """Give what only the end completes."""
        ...


class Reading(Struct, Generic[Document], frozen=True):
    """A file, read whole.

    Attributes:
        documents: In the order of the file.
        set_aside: What could not be read, with its bytes and reasons.
        findings: Everything that is wrong.
        reader: The interchanges, for acknowledging.
    """

    documents: tuple[Document, ...]
    set_aside: tuple[SetAside, ...]
    findings: tuple[Finding, ...]
    reader: Reader


class Stream(ABC, Generic[Document]):
    """A file, read document by document.

    Attributes:
        guide: Of the transactions that are read; a transaction of another is set aside.
        reader: The interchanges, for acknowledging.
        findings: What is wrong so far. May be cleared while reading.
    """

    guide: ClassVar[Guide]

    def __init__(self, source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()) -> None:
        self.reader = Reader(source)
        self.findings: list[Finding] = self.reader.findings
        self._relax = relax

    @abstractmethod
    def taker(self) -> Taker[Document]:
        """Make what reads one transaction."""

    @classmethod
    def whole(
        cls, source: bytes | BinaryIO, *, relax: frozenset[str] = frozenset()
    ) -> Reading[Document]:
        """Read a whole file.

        Args:
            source: The file's bytes, or a binary file.
            relax: Ids of rules not to apply.
        """
        stream = cls(source, relax=relax)
        documents: list[Document] = []
        aside: list[SetAside] = []
        for one in stream:
            if isinstance(one, SetAside):
                aside.append(one)
            else:
                documents.append(one)
        return Reading(tuple(documents), tuple(aside), tuple(stream.findings), stream.reader)

    def __iter__(self) -> Iterator[Document | SetAside]:
        """Give each document, and what could not be read."""
        checker: Checker | None = None
        taker: Taker[Document] | None = None
        for unit in self.reader.units():
            if unit.name == "ST":
                is_ours = unit.transaction.guide is self.guide
                checker = Checker(unit.transaction, relax=self._relax) if is_ours else None
                taker = self.taker() if is_ours else None
            if checker is not None:
                self.findings += checker.feed(unit)
            yield from self._given(unit, taker)

    def _given(self, unit: Unit, taker: Taker[Document] | None) -> Iterator[Document | SetAside]:
        if unit.name == "SE":
            if taker is not None:
                yield from taker.end()
            return
        if taker is None:
            aside = stranger(unit, f"{self.guide.set_code} of {self.guide.guide_id}")
        elif unit.is_cut_off:
            aside = cut_off(unit)
        else:
            try:
                # A list, so that what fails in the middle gives nothing.
                yield from list(taker.take(unit))
            except (ValueError, IndexError, KeyError):
                aside = unreadable(unit, faulty_segment(unit))
            else:
                return
        self.findings.append(aside.findings[0])
        yield aside
