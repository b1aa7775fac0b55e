"""Find terms of the code set in a note: titles and inclusion terms, order-free, by stems."""

import functools
import re
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from rcm.codes.terms import Token

_WINDOW_MAX = 7
"""Longest run of words tried; longer titles are never written out in a note."""
_TERMS_KEPT = 10_000
"""Terms whose meaning stays in memory; the least lately used go first."""
_BREAK = re.compile(r"[.;:\n!?]")


class Target(NamedTuple):
    """A code that a term means, and the trust in the term."""

    code: str
    weight: float


class Match(NamedTuple):
    """A term found: its key, and the first and last token it covers."""

    key: str
    first: int
    last: int


class TermDictionary:
    """Every term of a code file; read-only, safe to share.

    In memory stand only the hashes of the terms, in order, and the stems that occur in any: 2 MB
    where the terms themselves would be 30. What a term means is read when a note has it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read the terms."""
        self._connection = connection
        stems: set[str] = set()
        hashes: set[int] = set()
        for (key,) in connection.execute("SELECT DISTINCT key FROM term"):
            hashes.add(hash(key))
            stems.update(key.split())
        self._stems = frozenset(stems)
        self._hashes = array("q", sorted(hashes))
        self._read = functools.lru_cache(maxsize=_TERMS_KEPT)(self._read_targets)

    def targets(self, key: str) -> tuple[Target, ...]:
        """Return the codes that a term means."""
        at = bisect_left(self._hashes, hash(key))
        if at == len(self._hashes) or self._hashes[at] != hash(key):
            return ()
        return self._read(key)

    def _read_targets(self, key: str) -> tuple[Target, ...]:
        rows = self._connection.execute(
            "SELECT code, weight FROM term WHERE key = ? ORDER BY code", (key,)
        )
        return tuple(Target(code, weight) for code, weight in rows)

    def find(self, text: str, tokens: Sequence[Token]) -> list[Match]:
        """Return the terms in a note; one inside a longer one is left out."""
        found: list[Match] = []
        for first in range(len(tokens)):
            seen: list[str] = []
            longest: Match | None = None
            for last in range(first, min(len(tokens), first + _WINDOW_MAX)):
                if last > first and _BREAK.search(
                    text, tokens[last - 1].end, max(tokens[last - 1].end, tokens[last].start)
                ):
                    break
                stem = tokens[last].stem
                if stem not in self._stems:
                    break
                if stem not in seen:
                    seen.append(stem)
                key = " ".join(sorted(seen))
                if self.targets(key):
                    longest = Match(key, first, last)
            if longest is not None and not (found and found[-1].last >= longest.last):
                found.append(longest)
        return found
