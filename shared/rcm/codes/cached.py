"""Code sets that remember what they answered, for a service that asks the same codes all day.

The file never changes while it is open, so an answer holds for as long as the object does.
"""

import datetime as dt
import hashlib
import sqlite3
from functools import lru_cache
from pathlib import Path

from rcm.codes.model import CodeRow, Note, Release, System, Validation
from rcm.codes.sets import CodeSets

_KEPT = 20_000
"""Answers of each kind in memory, the least lately used going first: some 10 MB in all."""


class CachedSets(CodeSets):
    """An opened code file whose answers are read once."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Wrap an open connection; use `CachedSets.open`."""
        super().__init__(connection, path)
        keep = lru_cache(maxsize=_KEPT)
        self._validated = keep(super().validate)
        self._spans = keep(super().spans)
        self._notes = keep(super().notes)
        self._attributes = keep(super().attributes)
        self._limits = keep(super().age_limits)
        self._release = keep(super().release_on)

    def validate(self, text: str, system: System, on: dt.date) -> Validation:
        """Tell the standing, why, and what to use instead."""
        return self._validated(text, system, on)

    def spans(self, code: str, system: System) -> list[CodeRow]:
        """Return the spans of validity of a normalised code, oldest first."""
        return self._spans(code, system)

    def notes(self, code: str) -> list[Note]:
        """Return the notes that govern a diagnosis: its own, then those printed above it."""
        return self._notes(code)

    def attributes(self, code: str, system: System, on: dt.date) -> frozenset[str]:
        """Return what the Medicare Code Editor says of a code on a date."""
        return self._attributes(code, system, on)

    def age_limits(self, name: str, on: dt.date) -> tuple[int, int] | None:
        """Return the ages, inclusive, that an editor attribute such as `maternity` allows."""
        return self._limits(name, on)

    def release_on(self, system: System, on: dt.date) -> Release | None:
        """Return the release that speaks for a date: the last to begin by then."""
        return self._release(system, on)


def fingerprint(sets: CodeSets) -> str:
    """Name what is in force: the same for the same releases of the same files, else another."""
    digest = hashlib.sha256()
    for release in sets.releases():
        digest.update(f"{release.release_id} {release.sha256} {release.row_count}\n".encode())
    return digest.hexdigest()[:16]


def is_empty(sets: CodeSets, table: str) -> bool:
    """Tell whether nothing was loaded into a table, so that nobody need look there."""
    row = sets.connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608 - our own table names
    return row is None


def starts_of_diagnoses(sets: CodeSets) -> list[str]:
    """Return the days on which anything changed that edits on diagnoses depend on, in order.

    Between two of them every edit says the same of the same diagnoses.
    """
    rows = sets.connection.execute(
        "SELECT valid_from FROM code WHERE system = ?1 UNION "
        "SELECT date(valid_through, '+1 day') FROM code WHERE system = ?1 UNION "
        "SELECT valid_from FROM attribute UNION "
        "SELECT date(valid_through, '+1 day') FROM attribute UNION "
        "SELECT valid_from FROM age_range UNION "
        "SELECT date(valid_through, '+1 day') FROM age_range UNION "
        "SELECT effective FROM successor UNION SELECT effective FROM poa_exempt_release "
        "ORDER BY 1",
        (System.ICD10CM,),
    )
    return [row[0] for row in rows if row[0] is not None]


def starts_of_ages(sets: CodeSets) -> list[int]:
    """Return the ages at which some age edit begins or ends, in order."""
    rows = sets.connection.execute(
        "SELECT age_min FROM age_range UNION SELECT age_max + 1 FROM age_range ORDER BY 1"
    )
    return [row[0] for row in rows]
