"""Find terms of the code set in a note: titles and inclusion terms, order-free, by stems."""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from rcm.codes.terms import Token

_WINDOW_MAX = 7
"""Longest run of words tried; longer titles are never written out in a note."""
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
    """Every term of a code file, in memory (some 30 MB); read-only, safe to share."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read the terms."""
        terms: defaultdict[str, list[Target]] = defaultdict(list)
        for key, code, weight in connection.execute("SELECT key, code, weight FROM term"):
            terms[key].append(Target(code, weight))
        self._terms = {key: tuple(targets) for key, targets in terms.items()}
        self._stems = frozenset(stem for key in terms for stem in key.split())

    def targets(self, key: str) -> tuple[Target, ...]:
        """Return the codes that a term means."""
        return self._terms.get(key, ())

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
                if key in self._terms:
                    longest = Match(key, first, last)
            if longest is not None and not (found and found[-1].last >= longest.last):
                found.append(longest)
        return found
