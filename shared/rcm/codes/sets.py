"""The code sets in force on a date: validation, look-up, hierarchy, notes.

`standing` answers from memory (the spans of validity of every code of a system, read once) and is
the fast path; `validate` adds the words a person needs.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from rcm.codes import schema
from rcm.codes.forms import display, has_shape, normalise
from rcm.codes.model import CodeRow, Note, NoteKind, Release, Status, System, Validation
from rcm.codes.sources.tabular import Heading

_DAY = dt.timedelta(days=1)
_OPEN_END = dt.date.max.toordinal()
_Days = tuple[int, ...]
"""First and last day of each span in which a code is in force, as ordinals of dates."""

_NO_FILE = {
    System.CPT: "no CPT file is loaded (`rcm codes load cpt FILE`); only the form was checked",
    System.HCPCS: "no HCPCS file is loaded (`rcm codes load hcpcs FILE`); only the form was "
    "checked",
}


class CodeSets:
    """One opened code file. Cheap to open; safe to share between the threads of a process."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Wrap an open connection; use `CodeSets.open`."""
        self.connection = connection
        self.path = path
        self._days: dict[System, Mapping[str, _Days]] = {}
        self._loaded = frozenset(
            row[0] for row in connection.execute("SELECT DISTINCT system FROM code")
        )

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a built file.

        Raises:
            CodesUnavailableError: Absent or unreadable.
        """
        return cls(schema.open_read_only(path), path)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def has(self, system: System) -> bool:
        """Tell if any release of the system is loaded."""
        return system in self._loaded

    def systems(self) -> list[System]:
        """Return the systems of which some release is loaded."""
        return sorted(System(name) for name in self._loaded)

    def standing(self, text: str, system: System, on: dt.date) -> Status:
        """Tell the standing of a code, in any spelling, on a date.

        `on` is the discharge date of an inpatient claim, else the date of service.
        """
        code = normalise(text)
        if self._is_active(code, system, on):
            return Status.VALID
        if not has_shape(code, system):
            return Status.FORMAT
        if system not in self._loaded:
            return Status.UNVERIFIED
        return self._inactive(code, system, on)[0]

    def validate(self, text: str, system: System, on: dt.date) -> Validation:
        """Tell the standing, why, and what to use instead."""
        code = normalise(text)
        if not has_shape(code, system):
            return Validation(code, system, on, Status.FORMAT, f"not the form of {system.words}")
        if system not in self._loaded:
            reason = _NO_FILE.get(system, f"no {system} list is loaded; only the form was checked")
            return Validation(code, system, on, Status.UNVERIFIED, reason)
        if self._is_active(code, system, on):
            held = next(row for row in self.spans(code, system) if _covers(row, on))
            return self._about(held, system, on, Status.VALID)
        status, row = self._inactive(code, system, on)
        if row is not None:
            return self._about(row, system, on, status)
        if status is Status.HEADER:
            return self._about_header(code, system, on)
        return Validation(code, system, on, status, f"in no {system} release that is loaded")

    def _inactive(self, code: str, system: System, on: dt.date) -> tuple[Status, CodeRow | None]:
        """Return the standing of a well-formed code not in force, and the span nearest to `on`."""
        spans = self.spans(code, system)
        before = [row for row in spans if row.valid_through is not None and row.valid_through < on]
        if before:
            return Status.EXPIRED, before[-1]
        if spans:
            return Status.NOT_YET, spans[0]
        if system is System.ICD10CM and self._is_header(code):
            return Status.HEADER, None
        return Status.UNKNOWN, None

    def _is_header(self, code: str) -> bool:
        """Tell if codes exist below: one row, by the primary key."""
        row = self.connection.execute(
            "SELECT 1 FROM code WHERE system = ? AND code > ? AND code < ? LIMIT 1",
            (System.ICD10CM, code, code + "\x7f"),
        ).fetchone()
        return row is not None

    def _is_active(self, code: str, system: System, on: dt.date) -> bool:
        """Tell if a normalised code is in force on a date."""
        held = self._days.get(system)
        if held is None:
            held = self._days[system] = self._read_days(system)
        days = held.get(code)
        if days is None:
            return False
        day = on.toordinal()
        if len(days) == 2:
            return days[0] <= day <= days[1]
        return any(days[at] <= day <= days[at + 1] for at in range(0, len(days), 2))

    def _read_days(self, system: System) -> Mapping[str, _Days]:
        """Return every code of a system with its days; some 10 MB for ICD-10-CM, for all dates."""
        rows = self.connection.execute(
            "SELECT code, valid_from, valid_through FROM code WHERE system = ? "
            "ORDER BY code, valid_from",
            (system,),
        )
        made: dict[str, _Days] = {}
        same: dict[_Days, _Days] = {}  # a release begins thousands of codes on one day
        ordinals: dict[str | None, int] = {None: _OPEN_END}
        for code, since, until in rows:
            for text in (since, until):
                if text not in ordinals:
                    ordinals[text] = dt.date.fromisoformat(text).toordinal()
            days = (*made.get(code, ()), ordinals[since], ordinals[until])
            made[code] = same.setdefault(days, days)
        return made

    def codes_on(self, system: System, on: dt.date) -> Iterable[str]:
        """Yield every code in force on a date."""
        rows = self.connection.execute(
            "SELECT code FROM code WHERE system = ?1 AND valid_from <= ?2 "
            "AND (valid_through IS NULL OR valid_through >= ?2)",
            (system, on.isoformat()),
        )
        return (row[0] for row in rows)

    def titles(self, system: System) -> dict[str, str | None]:
        """Return the newest title of every code of a system."""
        return dict(
            self.connection.execute(
                "SELECT code, title FROM code WHERE system = ? ORDER BY code, valid_from", (system,)
            )
        )

    def spans(self, code: str, system: System) -> list[CodeRow]:
        """Return the spans of validity of a normalised code, oldest first."""
        rows = self.connection.execute(
            "SELECT code, valid_from, valid_through, title, title_source FROM code "
            "WHERE system = ? AND code = ? ORDER BY valid_from",
            (system, code),
        )
        return [_row(*row) for row in rows]

    def _about(self, row: CodeRow, system: System, on: dt.date, status: Status) -> Validation:
        successors: tuple[str, ...] = ()
        children: tuple[str, ...] = ()
        if status is Status.VALID:
            reason = f"in force since {row.valid_from}"
        elif status is Status.NOT_YET:
            reason = f"in force only from {row.valid_from}"
        else:
            successors = self.successors(row.code, system, on)
            if system is System.ICD10CM:
                children = self.billable_below(row.code, on)
            reason = f"expired after {row.valid_through}"
            if successors:
                use = ", ".join(display(code, system) for code in successors[:8])
                reason += f"; now {use}{', ...' if len(successors) > 8 else ''}"
        release = self.release_on(system, on)
        if release is not None and release.effective_through is not None:
            beyond = on > release.effective_through
            if beyond and status is Status.VALID:
                reason += f"; the newest release loaded speaks through {release.effective_through}"
        return Validation(
            row.code, system, on, status, reason, row.title, row.title_source, row.valid_from,
            row.valid_through, children=children, successors=successors,
            release=release.release_id if release else None,
        )  # fmt: skip

    def _about_header(self, code: str, system: System, on: dt.date) -> Validation:
        children = self.billable_below(code, on)
        heading = self.heading(code)
        release = self.release_on(system, on)
        count = f"{len(children)} billable code{'s' if len(children) != 1 else ''}"
        return Validation(
            code, system, on, Status.HEADER, f"a category, never billed itself; {count} below it",
            heading.title if heading else None, "tabular" if heading else None,
            children=children, release=release.release_id if release else None,
        )  # fmt: skip

    def billable_below(self, code: str, on: dt.date) -> tuple[str, ...]:
        """Return the diagnoses in force on a date that begin with `code`, in order."""
        rows = self.connection.execute(
            "SELECT code FROM code WHERE system = ?1 AND code > ?2 AND code < ?3 "
            "AND valid_from <= ?4 AND (valid_through IS NULL OR valid_through >= ?4) ORDER BY code",
            (System.ICD10CM, code, code + "\x7f", on.isoformat()),
        )
        return tuple(row[0] for row in rows)

    def beginning_with(
        self, prefix: str, system: System, on: dt.date, limit: int
    ) -> tuple[str, ...]:
        """Return the first codes in force on a date that begin with a prefix."""
        rows = self.connection.execute(
            "SELECT code FROM code WHERE system = ?1 AND code >= ?2 AND code < ?3 "
            "AND valid_from <= ?4 AND (valid_through IS NULL OR valid_through >= ?4) "
            "ORDER BY code LIMIT ?5",
            (system, prefix, prefix + "\x7f", on.isoformat(), limit),
        )
        return tuple(row[0] for row in rows)

    def successors(self, code: str, system: System, on: dt.date) -> tuple[str, ...]:
        """Return what an expired code became, following chains, as far as it is in force.

        By the CMS conversion tables from its end onward; where these do not name it yet, by the
        codes below it; else nothing, rather than a guess.
        """
        found: dict[str, None] = {}
        queue, seen = [code], {code}
        while queue:
            old = queue.pop(0)
            ends = [row.valid_through for row in self.spans(old, system) if row.valid_through]
            for (new,) in self.connection.execute(
                "SELECT new FROM successor WHERE system = ? AND old = ? AND effective > ? "
                "AND effective <= ? ORDER BY new",
                (system, old, max(ends).isoformat() if ends else "", on.isoformat()),
            ):
                if self._is_active(new, system, on):
                    found[new] = None
                elif new not in seen:
                    queue.append(new)
                seen.add(new)
        if not found and system is System.ICD10CM:
            return self.billable_below(code, on)
        return tuple(found)

    def heading(self, code: str) -> Heading | None:
        """Return a chapter, section, category or code of the tabular list."""
        row = self.connection.execute(
            "SELECT code, kind, title, parent, billable FROM heading WHERE code = ?", (code,)
        ).fetchone()
        return Heading(row[0], row[1], row[2], row[3], bool(row[4])) if row else None

    def above(self, code: str) -> list[Heading]:
        """Return the headings above a code, nearest first; the path a coder reads upward."""
        found = []
        heading = self.heading(code)
        while heading is not None and heading.parent is not None:
            heading = self.heading(heading.parent)
            if heading is not None:
                found.append(heading)
        return found

    def below(self, code: str | None) -> list[Heading]:
        """Return the headings one step below, in printed order; the chapters for None."""
        rows = self.connection.execute(
            "SELECT code, kind, title, parent, billable FROM heading WHERE parent IS ? "
            "ORDER BY position",
            (code,),
        )
        return [Heading(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]

    def notes(self, code: str) -> list[Note]:
        """Return the notes that govern a diagnosis: its own, then those printed above it."""
        places = [code, *(heading.code for heading in self.above(code))]
        found = []
        for place in places:
            rows = self.connection.execute(
                "SELECT kind, at, text FROM note WHERE at = ? ORDER BY position", (place,)
            )
            for kind, at, text in rows:
                synonym = kind in (NoteKind.INCLUSION_TERM, NoteKind.INCLUDES)
                if not (synonym and at != code):
                    found.append(Note(NoteKind(kind), at, text))
        return found

    def releases(self, set_name: str | None = None) -> list[Release]:
        """Return every release, newest last in each set."""
        rows = self.connection.execute(
            "SELECT release_id, set_name, effective_from, effective_through, source, sha256, "
            "licence, row_count FROM release WHERE ?1 IS NULL OR set_name = ?1 "
            "ORDER BY set_name, effective_from",
            (set_name,),
        )
        return [
            Release(r[0], r[1], dt.date.fromisoformat(r[2]), _maybe(r[3]), *r[4:]) for r in rows
        ]

    def fee_cents(self, code: str, modifiers: Sequence[str], on: dt.date) -> int | None:
        """Return what the fee schedule of a date gives for a unit; None where it gives nothing.

        The first modifier that the schedule prices decides (26, TC), else the bare code.
        """
        rows = dict(
            self.connection.execute(
                "SELECT modifier, cents FROM fee WHERE code = ? AND effective = "
                "(SELECT max(effective) FROM fee_release WHERE effective <= ?)",
                (code, on.isoformat()),
            ).fetchall()
        )
        return next((rows[name] for name in (*modifiers, "") if name in rows), None)

    def release_on(self, system: System, on: dt.date) -> Release | None:
        """Return the release that speaks for a date: the last to begin by then."""
        row = self.connection.execute(
            "SELECT release_id, set_name, effective_from, effective_through, source, sha256, "
            "licence, row_count FROM release WHERE set_name = ? AND effective_from <= ? "
            "ORDER BY effective_from DESC LIMIT 1",
            (system, on.isoformat()),
        ).fetchone()
        if row is None:
            return None
        return Release(row[0], row[1], dt.date.fromisoformat(row[2]), _maybe(row[3]), *row[4:])

    def attributes(self, code: str, system: System, on: dt.date) -> frozenset[str]:
        """Return what the Medicare Code Editor says of a code on a date."""
        rows = self.connection.execute(
            "SELECT name FROM attribute WHERE system = ?1 AND code = ?2 AND valid_from <= ?3 "
            "AND (valid_through IS NULL OR valid_through >= ?3)",
            (system, code, on.isoformat()),
        )
        return frozenset(row[0] for row in rows)

    def age_limits(self, name: str, on: dt.date) -> tuple[int, int] | None:
        """Return the ages, inclusive, that an editor attribute such as `maternity` allows."""
        row = self.connection.execute(
            "SELECT age_min, age_max FROM age_range WHERE name = ?1 AND valid_from <= ?2 "
            "AND (valid_through IS NULL OR valid_through >= ?2) ORDER BY valid_from DESC",
            (name, on.isoformat()),
        ).fetchone()
        return (row[0], row[1]) if row else None


def _covers(row: CodeRow, on: dt.date) -> bool:
    return row.valid_from <= on and (row.valid_through is None or on <= row.valid_through)


def _maybe(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _row(
    code: str, since: str, until: str | None, title: str | None, source: str | None
) -> CodeRow:
    return CodeRow(code, dt.date.fromisoformat(since), _maybe(until), title, source)
