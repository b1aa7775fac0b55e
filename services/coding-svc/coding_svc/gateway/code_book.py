"""The code sets that this process judges by: found where `rcm codes` keeps them, opened, watched.

Decisions see one `CodeRules` at a time. When a load has put another file in place, the book opens
it beside the old one, so that it can be said which codes changed before the old one is let go.
"""

import os
import threading
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Final

from msgspec import Struct

from coding_svc.rules.code_sets import LoadedRules
from coding_svc.rules.edits import NOT_LOADED, CodeRules
from rcm.codes import registry
from rcm.codes.cac import model_file
from rcm.codes.cac.suggester import Suggester
from rcm.codes.grouping.hcc import HccScorer
from rcm.codes.schema import CodesUnavailableError
from rcm.codes.search import Searcher
from rcm.codes.sets import CodeSets
from rcm.codes.touched import Touched, between


class Change(Struct, frozen=True):
    """Another code file came into force.

    Attributes:
        fingerprint: Of what is in force now.
        previous: Of what was; empty where there was nothing.
        touched: Codes and pairs whose standing changed; None where that cannot be told, or there
            was nothing to compare with: then any may be.
    """

    fingerprint: str
    previous: str
    touched: Touched | None


class Prepared(Struct, frozen=True):
    """A code file that was opened, and is not in force yet.

    Attributes:
        stamp: Tells the file from the next one.
        rules: Opened.
        change: What it changes.
    """

    stamp: tuple[int, int, int]
    rules: LoadedRules
    change: Change


class Reader:
    """What threads beside the event loop read by: searches, suggestions, risk adjustment.

    What takes long to make is made when it is first asked for. The sets are those of the decisions
    (SQLite takes turns). Whoever still reads in an older file reads on; it closes when nobody does.
    """

    def __init__(self, sets: CodeSets, of: str) -> None:
        """Wrap sets that were opened, of a fingerprint."""
        self.sets: Final = sets
        self.fingerprint: Final = of
        self._making: Final = threading.RLock()

    @cached_property
    def searcher(self) -> Searcher:
        """Words to codes."""
        with self._making:
            return Searcher(self.sets)

    @cached_property
    def suggester(self) -> Suggester:
        """Notes to codes, by the model in the package."""
        with self._making:
            return Suggester(self.sets, model_file.shipped())

    @cached_property
    def scorer(self) -> HccScorer:
        """Diagnoses to payment categories: a second and some 80 MB when it is first asked."""
        with self._making:
            return HccScorer()


class CodeBook:
    """The code sets of an installation, shared by its tenants."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open what is there; nothing is built here, and nothing absent is a fault."""
        self.folder: Final = folder or registry.data_folder(os.environ, Path.home())
        self._path: Final = self.folder / registry.FILE_NAME
        self._seen = self._stamp()
        self.why_not = ""
        self.loaded: LoadedRules | None = None
        self._reader: Reader | None = None
        self._reading = threading.Lock()
        try:
            self.loaded = LoadedRules.open(self._path)
        except CodesUnavailableError as error:
            self.why_not = str(error)

    @property
    def rules(self) -> CodeRules:
        """What decisions ask: the sets in force, or that there are none."""
        return self.loaded if self.loaded is not None else NOT_LOADED

    @property
    def fingerprint(self) -> str:
        """Of what is in force; empty for nothing."""
        return self.loaded.fingerprint if self.loaded is not None else ""

    def reader(self) -> "Reader | None":
        """Return what threads beside the event loop read by; None where there are no code sets."""
        with self._reading:
            if self.loaded is None:
                return None
            if self._reader is None or self._reader.fingerprint != self.loaded.fingerprint:
                self._reader = Reader(self.loaded.sets, self.loaded.fingerprint)
            return self._reader

    def suggester(self) -> tuple[Suggester, str] | None:
        """Return the model over the sets in force, and their fingerprint; None without sets."""
        reader = self.reader()
        if reader is None:
            return None
        return reader.suggester, reader.fingerprint

    def close(self) -> None:
        """Let go of file and grouper."""
        if self.loaded is not None:
            self.loaded.close()
            self.loaded = None

    def prepare(self, on: date) -> "Prepared | None":
        """Open a file that was put in place since; None where there is no other, or no good one.

        Takes a second where there is one, and changes nothing: made for a thread.

        Args:
            on: Today.
        """
        stamp = self._stamp()
        if stamp == self._seen:
            return None
        try:
            new = LoadedRules.open(self._path)
        except CodesUnavailableError as error:
            self._seen, self.why_not = stamp, str(error)
            return None
        old = self.loaded
        touched = between(old.sets, new.sets, on) if old is not None else None
        return Prepared(stamp, new, Change(new.fingerprint, self.fingerprint, touched))

    def switch(self, prepared: "Prepared") -> Change | None:
        """Put a prepared file into force; None where it holds the same releases as before.

        In the thread that decides: no decision is under way in the sets that are let go here.
        """
        old, self._seen, self.why_not = self.loaded, prepared.stamp, ""
        self.loaded = prepared.rules
        if old is not None:
            old.let_go()
        change = prepared.change
        return change if change.fingerprint != change.previous else None

    def _stamp(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_mtime_ns, found.st_size)
