"""The layout of codes.sqlite, and how it is opened.

The file is written once, under another name, then renamed into place; whoever has it open keeps
the old one. Nobody writes to it in use, so it is opened immutable: no locks, no journal.
"""

import sqlite3
from pathlib import Path

SCHEMA_VERSION = 5
"""In `PRAGMA user_version`; raised with the layout and with the words that terms are filed under.
A file of another version is built anew."""

TABLES = """
CREATE TABLE release (
    release_id TEXT PRIMARY KEY, set_name TEXT NOT NULL, effective_from TEXT NOT NULL,
    effective_through TEXT, source TEXT NOT NULL, sha256 TEXT NOT NULL, licence TEXT NOT NULL,
    row_count INTEGER NOT NULL
);
CREATE TABLE code (
    system TEXT NOT NULL, code TEXT NOT NULL, valid_from TEXT NOT NULL, valid_through TEXT,
    title TEXT, title_source TEXT,
    PRIMARY KEY (system, code, valid_from)
) WITHOUT ROWID;
CREATE TABLE heading (
    code TEXT PRIMARY KEY, kind TEXT NOT NULL, title TEXT NOT NULL, parent TEXT,
    billable INTEGER NOT NULL, position INTEGER NOT NULL, added TEXT, plainness REAL
) WITHOUT ROWID;
CREATE INDEX heading_parent ON heading (parent, position);
CREATE TABLE note (at TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY (at, position)) WITHOUT ROWID;
CREATE TABLE successor (system TEXT NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL,
    effective TEXT NOT NULL, PRIMARY KEY (system, old, effective, new)) WITHOUT ROWID;
CREATE TABLE attribute (system TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL,
    valid_from TEXT NOT NULL, valid_through TEXT,
    PRIMARY KEY (system, code, name, valid_from)) WITHOUT ROWID;
CREATE TABLE age_range (name TEXT NOT NULL, age_min INTEGER NOT NULL, age_max INTEGER NOT NULL,
    valid_from TEXT NOT NULL, valid_through TEXT);
CREATE TABLE weight (effective TEXT NOT NULL, drg TEXT NOT NULL, title TEXT, mdc TEXT, type TEXT,
    weight TEXT NOT NULL, gmlos TEXT NOT NULL, amlos TEXT NOT NULL, post_acute TEXT,
    PRIMARY KEY (effective, drg)) WITHOUT ROWID;
CREATE TABLE ptp (setting TEXT NOT NULL, column1 TEXT NOT NULL, column2 TEXT NOT NULL,
    effective TEXT NOT NULL, deleted TEXT, indicator TEXT NOT NULL,
    PRIMARY KEY (setting, column1, column2, effective)) WITHOUT ROWID;
CREATE TABLE mue (setting TEXT NOT NULL, code TEXT NOT NULL, effective TEXT NOT NULL,
    units_max INTEGER NOT NULL, adjudication_code TEXT NOT NULL,
    PRIMARY KEY (setting, code, effective)) WITHOUT ROWID;
CREATE TABLE mue_release (setting TEXT NOT NULL, effective TEXT NOT NULL,
    PRIMARY KEY (setting, effective)) WITHOUT ROWID;
CREATE TABLE global_days (code TEXT NOT NULL, effective TEXT NOT NULL, days TEXT NOT NULL,
    PRIMARY KEY (code, effective)) WITHOUT ROWID;
CREATE TABLE coverage (policy TEXT NOT NULL, effective TEXT NOT NULL, through TEXT,
    content TEXT NOT NULL, PRIMARY KEY (policy, effective)) WITHOUT ROWID;
CREATE TABLE coverage_procedure (code TEXT NOT NULL, policy TEXT NOT NULL, effective TEXT NOT NULL,
    PRIMARY KEY (code, policy, effective)) WITHOUT ROWID;
CREATE TABLE fee (code TEXT NOT NULL, modifier TEXT NOT NULL, effective TEXT NOT NULL,
    cents INTEGER NOT NULL, PRIMARY KEY (code, modifier, effective)) WITHOUT ROWID;
CREATE TABLE fee_release (effective TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE poa_exempt (effective TEXT NOT NULL, code TEXT NOT NULL,
    PRIMARY KEY (effective, code)) WITHOUT ROWID;
CREATE TABLE poa_exempt_release (effective TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE index_term (term TEXT NOT NULL, code TEXT NOT NULL);
CREATE TABLE load (position INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,
    sha256 TEXT NOT NULL, effective_from TEXT NOT NULL);
CREATE TABLE term (key TEXT NOT NULL, code TEXT NOT NULL, node TEXT NOT NULL,
    weight REAL NOT NULL, PRIMARY KEY (key, code)) WITHOUT ROWID;
CREATE TABLE stem (stem TEXT PRIMARY KEY, document_count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE node (node INTEGER PRIMARY KEY, system TEXT NOT NULL, code TEXT NOT NULL,
    billable INTEGER NOT NULL, phrases TEXT NOT NULL, above TEXT NOT NULL);
CREATE INDEX node_code ON node (system, code);
CREATE TABLE posting (system TEXT NOT NULL, stem TEXT NOT NULL, own BLOB NOT NULL,
    above BLOB NOT NULL, PRIMARY KEY (system, stem)) WITHOUT ROWID;
"""


class CodesUnavailableError(Exception):
    """There is no readable code file, and the reason; said to the operator as it stands."""


def create(path: Path) -> sqlite3.Connection:
    """Create an empty file with the tables; the caller commits, closes and renames it."""
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + TABLES)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION:d}")
    return connection


def open_to_change(path: Path) -> sqlite3.Connection:
    """Open a private copy to add to; the caller renames it into place."""
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
    return connection


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open the file to read, from any thread of one process.

    Raises:
        CodesUnavailableError: Absent, not SQLite, or of another layout.
    """
    if not path.is_file():
        raise CodesUnavailableError(f"no code file at {path}: run `rcm codes build`")
    uri = path.resolve().as_uri() + "?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise CodesUnavailableError(f"{path} is not a code file: {error}") from error
    if version != SCHEMA_VERSION:
        connection.close()
        raise CodesUnavailableError(
            f"{path} has layout {version}, this program reads {SCHEMA_VERSION}: "
            "run `rcm codes build`"
        )
    return connection
