"""What changed in a code set between two dates, or between two code files."""

import datetime as dt

import msgspec

from rcm.codes.model import System
from rcm.codes.sets import CodeSets


class Difference(msgspec.Struct, frozen=True):
    """Codes of one system, before and after.

    Attributes:
        system: Theirs.
        added: In force after and not before.
        ended: In force before and not after, each with what it became.
        retitled: In force both times, under another title (code, before, after).
    """

    system: System
    added: tuple[str, ...]
    ended: tuple[tuple[str, tuple[str, ...]], ...]
    retitled: tuple[tuple[str, str, str], ...]

    @property
    def empty(self) -> bool:
        """True if nothing changed."""
        return not (self.added or self.ended or self.retitled)


def between_dates(sets: CodeSets, system: System, before: dt.date, after: dt.date) -> Difference:
    """Compare one file with itself on two dates."""
    return _compare(sets, before, sets, after, system)


def between_files(old: CodeSets, new: CodeSets, system: System, on: dt.date) -> Difference:
    """Compare two files on one date: what a load would change."""
    return _compare(old, on, new, on, system)


def _compare(
    old: CodeSets, before: dt.date, new: CodeSets, after: dt.date, system: System
) -> Difference:
    was, now = set(old.codes_on(system, before)), set(new.codes_on(system, after))
    retitled: tuple[tuple[str, str, str], ...] = ()
    if old is not new:
        titles = old.titles(system), new.titles(system)
        retitled = tuple(
            (code, titles[0].get(code) or "", titles[1].get(code) or "")
            for code in sorted(was & now)
            if titles[0].get(code) != titles[1].get(code)
        )
    return Difference(
        system,
        tuple(sorted(now - was)),
        tuple((code, new.successors(code, system, after)) for code in sorted(was - now)),
        retitled,
    )
