"""What every loader returns, and how one refuses a file."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rcm.codes.model import CodeRow, Release, System
from rcm.codes.sources.tabular import Tabular

FILE_BYTES_MAX = 400_000_000
"""A file longer than this is refused unread: the longest official one is some 150 MB."""


class LoadError(ValueError):
    """The file is not what it was said to be, and why; nothing of it was used."""


class Codes(NamedTuple):
    """Codes of one system.

    Attributes:
        system: Theirs.
        rows: One span each.
        complete: True if the file is the whole set, so that a code it lacks has ended.
    """

    system: System
    rows: Sequence[CodeRow]
    complete: bool


class Table(NamedTuple):
    """Rows of another table of codes.sqlite, in its column order."""

    name: str
    columns: int
    rows: Sequence[tuple[object, ...]]


class Parsed(NamedTuple):
    """One official file, read and checked.

    Attributes:
        release: How it is recorded.
        codes: Codes it defines, or None.
        tables: Rows of other tables.
        tabular: The tabular list, where the file is one.
        index_terms: (term, code) of the Alphabetic Index.
    """

    release: Release
    codes: Codes | None = None
    tables: tuple[Table, ...] = ()
    tabular: Tabular | None = None
    index_terms: Sequence[tuple[str, str]] = ()


class Upload(NamedTuple):
    """A file as the operator gave it.

    Attributes:
        name: Its name, for the record; never a path.
        data: Its bytes.
        sha256: Of the bytes.
        effective_from: First date it speaks for, from the operator or from its release name.
    """

    name: str
    data: bytes
    sha256: str
    effective_from: dt.date


def release(upload: Upload, kind: str, set_name: str, licence: str, row_count: int) -> Release:
    """Describe the release that a file brings."""
    return Release(
        release_id=f"{kind}-{upload.effective_from.isoformat()}",
        set_name=set_name,
        effective_from=upload.effective_from,
        effective_through=None,
        source=upload.name,
        sha256=upload.sha256,
        licence=licence,
        row_count=row_count,
    )


PUBLIC_DOMAIN = "US Government work, public domain (17 USC 105)"
AMA = "CPT codes: (c) American Medical Association, under the operator's licence"


def text_of(upload: Upload) -> str:
    """Decode an official text file: UTF-8, else the Windows code page that CMS often uses.

    Raises:
        LoadError: It is not text.
    """
    if b"\0" in upload.data[:4096]:
        raise LoadError("this is not a text file (unpack the .zip and give the file inside)")
    try:
        return upload.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return upload.data.decode("cp1252", errors="replace")


def csv_rows(text: str, delimiter: str = ",") -> Iterator[list[str]]:
    """Yield the rows of a table.

    Raises:
        LoadError: It is not one.
    """
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as error:
        raise LoadError(f"the file is not a table: {error}") from error


def parse_date(text: str) -> dt.date | None:
    """Read YYYYMMDD or YYYY-MM-DD; None for blank or `*`.

    Raises:
        LoadError: Something else.
    """
    digits = text.strip().replace("-", "")
    if digits in ("", "*"):
        return None
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        raise LoadError("a date is not written YYYYMMDD")
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise LoadError("a date is not in the calendar") from error
