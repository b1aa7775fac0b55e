"""What a load changed in a table that is no code list: NCCI pairs, unit limits, weights, fees.

Both sides are read in the order of their keys and merged, so that 2.6 million pairs need no memory.
"""

import datetime as dt
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from rcm.codes.sets import CodeSets

T = TypeVar("T")
SHOWN_MAX = 200
"""Rows of each kind that are kept; the counts are of all."""

_IN_PTP = """
    SELECT column1 || '/' || column2, 'indicator ' || indicator FROM ptp
    WHERE setting = :setting AND effective <= :on
        AND (deleted IS NULL OR (deleted >= :on AND deleted > effective))
    ORDER BY column1, column2, effective
"""
_IN_MUE = """
    SELECT code, units_max || ' units, MAI ' || adjudication_code FROM mue
    WHERE setting = :setting AND effective = (SELECT max(effective) FROM mue_release
        WHERE setting = :setting AND effective <= :on)
    ORDER BY code
"""
_QUERIES = {
    "ptp-practitioner": _IN_PTP,
    "ptp-hospital": _IN_PTP,
    "mue-practitioner": _IN_MUE,
    "mue-hospital": _IN_MUE,
    "mue-dme": _IN_MUE,
    "msdrg-weights": """
        SELECT drg, 'weight ' || weight || ', ' || gmlos || ' days' FROM weight
        WHERE effective = (SELECT max(effective) FROM weight WHERE effective <= :on) ORDER BY drg
    """,
    "global-days": """
        SELECT code, days FROM global_days WHERE effective <= :on ORDER BY code, effective
    """,
    "fee-schedule": """
        SELECT code || CASE modifier WHEN '' THEN '' ELSE '-' || modifier END,
            printf('%d.%02d', cents / 100, cents % 100) FROM fee
        WHERE effective = (SELECT max(effective) FROM fee_release WHERE effective <= :on)
        ORDER BY 1
    """,
    "poa-exempt": """
        SELECT code, 'exempt' FROM poa_exempt
        WHERE effective = (SELECT max(effective) FROM poa_exempt_release WHERE effective <= :on)
        ORDER BY code
    """,
    "coverage": """
        SELECT policy, 'since ' || effective FROM coverage
        WHERE effective <= :on AND (through IS NULL OR through >= :on) ORDER BY policy, effective
    """,
    "icd10cm-index": "SELECT term, code FROM index_term ORDER BY term, code",
    "icd10cm-tabular": "SELECT code, title FROM heading ORDER BY code",
}
_PAIR_HISTORY = """
    SELECT column1 || '/' || column2 || '/' || effective,
        'indicator ' || indicator || coalesce(' until ' || deleted, '') FROM ptp
    WHERE setting = :setting ORDER BY column1, column2, effective
"""
TABLE_SETS = tuple(_QUERIES)
"""Sets by their release's name, as `rcm codes list` writes them."""


class TableDifference(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one set in force on a date, before and after.

    Attributes:
        set_name: Which, such as `ptp-practitioner`.
        added_count: In force after and not before.
        ended_count: In force before and not after.
        changed_count: In force both times, saying something else.
        added: The first of them: (key, what it says).
        ended: The same.
        changed: (key, before, after).
    """

    set_name: str
    added_count: int
    ended_count: int
    changed_count: int
    added: tuple[tuple[str, str], ...]
    ended: tuple[tuple[str, str], ...]
    changed: tuple[tuple[str, str, str], ...]

    @property
    def empty(self) -> bool:
        """True if nothing changed."""
        return not (self.added_count or self.ended_count or self.changed_count)


def changed_sets(old: CodeSets, new: CodeSets) -> list[str]:
    """Name the sets of which another release, or another file, is there."""
    before = {(one.release_id, one.sha256) for one in old.releases()}
    after = [one for one in new.releases() if (one.release_id, one.sha256) not in before]
    return [name for name in TABLE_SETS if any(one.set_name == name for one in after)]


def compare(
    old: CodeSets, before: dt.date, new: CodeSets, after: dt.date, set_name: str
) -> TableDifference:
    """Compare what is in force of a set: two files on one date, or one file on two."""
    added, ended = list[tuple[str, str]](), list[tuple[str, str]]()
    changed = list[tuple[str, str, str]]()
    counts = [0, 0, 0]
    for key, said, says in changes(old, before, new, after, set_name):
        if said is None and says is not None:
            counts[0] += 1
            _keep(added, (key, says))
        elif says is None and said is not None:
            counts[1] += 1
            _keep(ended, (key, said))
        elif said is not None and says is not None:
            counts[2] += 1
            _keep(changed, (key, said, says))
    return TableDifference(
        set_name=set_name, added_count=counts[0], ended_count=counts[1], changed_count=counts[2],
        added=tuple(added), ended=tuple(ended), changed=tuple(changed),
    )  # fmt: skip


def changes(
    old: CodeSets, before: dt.date, new: CodeSets, after: dt.date, set_name: str
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield each row that differs: key, what it said, what it says."""
    query = _QUERIES[set_name]
    was, now = _rows(old, set_name, before, query), _rows(new, set_name, after, query)
    return (row for row in _merged(was, now) if row[1] != row[2])


def histories(
    old: CodeSets, new: CodeSets, set_name: str
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield NCCI pairs that two files tell differently on whatever day: `A/B/since`, as above."""
    any_day = dt.date.max
    was, now = (_rows(sets, set_name, any_day, _PAIR_HISTORY) for sets in (old, new))
    return (row for row in _merged(was, now) if row[1] != row[2])


def _keep(held: list[T], row: T) -> None:
    if len(held) < SHOWN_MAX:
        held.append(row)


def _rows(sets: CodeSets, set_name: str, on: dt.date, query: str) -> Iterator[tuple[str, str]]:
    """Yield (key, what it says) in the order of keys, the last of several for one key."""
    setting = set_name.partition("-")[2]
    held: tuple[str, str] | None = None
    for row in sets.connection.cursor().execute(query, {"setting": setting, "on": on.isoformat()}):
        if held is not None and held[0] != row[0]:
            yield held
        held = row
    if held is not None:
        yield held


def _merged(
    was: Iterator[tuple[str, str]], now: Iterator[tuple[str, str]]
) -> Iterator[tuple[str, str | None, str | None]]:
    """Walk two ordered lists side by side: key, before, after."""
    left, right = next(was, None), next(now, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            assert left is not None
            yield left[0], left[1], None
            left = next(was, None)
        elif left is None or right[0] < left[0]:
            yield right[0], None, right[1]
            right = next(now, None)
        else:
            yield left[0], left[1], right[1]
            left, right = next(was, None), next(now, None)
