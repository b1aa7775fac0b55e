"""What a load changed for encounters: the codes and pairs whose standing is another one, and why.

An open encounter that holds one of them is checked again. Where a change cannot be told by codes
(weights, the printed list's notes), or is of more pairs than are worth holding, nothing is told:
then any encounter may be touched.
"""

import datetime as dt
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import permutations
from typing import Final

import msgspec

from rcm.codes import diff, diff_tables
from rcm.codes.forms import display
from rcm.codes.model import Release, System
from rcm.codes.sets import CodeSets

PAIRS_MAX: Final = 100_000
"""Of NCCI pairs that one load changes; a first load brings more than a million."""

_LISTS: Final = (
    System.ICD10CM,
    System.ICD10PCS,
    System.HCPCS,
    System.CPT,
    System.MODIFIER,
)
_PAIRS: Final = ("ptp-practitioner", "ptp-hospital")
_BY_CODE: Final = ("mue-practitioner", "mue-hospital", "mue-dme", "global-days", "poa-exempt")
_NO_EDIT: Final = (
    "fee-schedule",
    "icd10cm-index",
    System.BILL_TYPE,
    System.REVENUE,
    System.PLACE_OF_SERVICE,
    System.CARC,
    System.RARC,
)
"""Sets that no edit reads."""


class Touched(msgspec.Struct, frozen=True):
    """What changed, by what an encounter holds.

    Attributes:
        codes: Normalised code to what became of it, by each set that says something.
        pairs: (column 1, column 2) of NCCI to the same; touches who holds both.
    """

    codes: dict[str, tuple[str, ...]]
    pairs: dict[tuple[str, str], tuple[str, ...]]

    @property
    def count(self) -> int:
        """Return how many codes and pairs changed."""
        return len(self.codes) + len(self.pairs)

    def of(
        self, held: AbstractSet[str], beside: AbstractSet[str] = frozenset()
    ) -> dict[str, tuple[str, ...]]:
        """Return what touches an encounter, each with what changed: a code, or a pair as `A/B`.

        Args:
            held: The encounter's codes.
            beside: Those of the patient's other encounters, with which a pair may be made.
        """
        found = {code: self.codes[code] for code in sorted(held & self.codes.keys())}
        if self.pairs:
            for pair in permutations(sorted(held | beside), 2):
                if pair in self.pairs and not held.isdisjoint(pair):
                    found["/".join(pair)] = self.pairs[pair]
        return found


def between(old: CodeSets, new: CodeSets, on: dt.date) -> Touched | None:
    """Compare two code files; None where it cannot be told which codes a change touches.

    Args:
        old: What was in force.
        new: What is.
        on: Today: standing is compared on this date, a year before it, and on the first day of
            each release that is new.
    """
    added = _added(old, new)
    names = {release.set_name for release in added}
    if not added or not names <= {*_LISTS, *_PAIRS, *_BY_CODE, *_NO_EDIT, "coverage"}:
        return None
    days = {on, on.replace(year=on.year - 1, day=min(on.day, 28))}
    days |= {release.effective_from for release in added}
    codes: dict[str, tuple[str, ...]] = {}
    for system in _LISTS:
        if old.has(system) != new.has(system):
            return None
        if system in names:
            _note(codes, _of_list(old, new, system, sorted(days)))
    for name in (name for name in _BY_CODE if name in names):
        _note(codes, _of_table(old, new, name, sorted(days)))
    if "coverage" in names:
        _note(codes, _of_coverage(old, new))
    pairs: dict[tuple[str, str], tuple[str, ...]] = {}
    for pairs_name in (name for name in _PAIRS if name in names):
        for pair, why in _of_pairs(old, new, pairs_name):
            pairs[pair] = tuple(dict.fromkeys((*pairs.get(pair, ()), why)))
            if len(pairs) > PAIRS_MAX:
                return None
    return Touched(codes, pairs)


def _added(old: CodeSets, new: CodeSets) -> list[Release]:
    """Return the releases that are new, or come from another file; none if any is gone."""
    before = {(one.release_id, one.sha256): one for one in old.releases()}
    after = {(one.release_id, one.sha256): one for one in new.releases()}
    if {one.release_id for one in before.values()} - {one.release_id for one in after.values()}:
        return []
    return [one for key, one in after.items() if key not in before]


def _note(held: dict[str, tuple[str, ...]], told: Iterator[tuple[str, str]]) -> None:
    for code, why in told:
        held[code] = tuple(dict.fromkeys((*held.get(code, ()), why)))


def _of_list(
    old: CodeSets, new: CodeSets, system: System, days: list[dt.date]
) -> Iterator[tuple[str, str]]:
    told: set[str] = set()
    for day in days:
        change = diff.between_files(old, new, system, day)
        for code in change.added:
            if code not in told:
                yield code, f"{system}: in force on {day}, was not"
        for code, became in change.ended:
            now = ", ".join(display(one, system) for one in became)
            if code not in told:
                yield code, f"{system}: not in force on {day}, was{f'; now {now}' if now else ''}"
        told.update(change.added, (code for code, _ in change.ended))


def _of_table(
    old: CodeSets, new: CodeSets, name: str, days: list[dt.date]
) -> Iterator[tuple[str, str]]:
    told: set[str] = set()
    for day in days:
        differing = list(diff_tables.changes(old, day, new, day, name))
        for code, said, says in (row for row in differing if row[0] not in told):
            yield code, f"{name}: {said or 'nothing'} is now {says or 'nothing'} on {day}"
        told.update(row[0] for row in differing)


def _of_pairs(old: CodeSets, new: CodeSets, name: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Compare the whole history of pairs: one may be changed on past days only."""
    for key, said, says in diff_tables.histories(old, new, name):
        column1, column2, since = key.split("/")
        yield (
            (column1, column2),
            f"{name}, since {since}: {said or 'nothing'} is now {says or 'nothing'}",
        )


def _of_coverage(old: CodeSets, new: CodeSets) -> Iterator[tuple[str, str]]:
    """Name the procedures of every policy of which a version is new, gone or another one."""
    before, after = _policies(old), _policies(new)
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        what = f"coverage: policy {key[0]} of {key[1]} {'is new' if was is None else 'changed'}"
        for sets in (old, new):
            for (code,) in sets.connection.execute(
                "SELECT code FROM coverage_procedure WHERE policy = ? AND effective = ?", key
            ).fetchall():
                yield code, what


def _policies(sets: CodeSets) -> dict[tuple[str, str], tuple[str | None, str]]:
    rows = sets.connection.execute("SELECT policy, effective, through, content FROM coverage")
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
