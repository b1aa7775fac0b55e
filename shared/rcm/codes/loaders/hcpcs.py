"""HCPCS Level II: the CMS quarterly ANWEB file (fixed width), or a csv made of one.

1-5     code; of a modifier, in 4-5        6-10    sequence
11      record: 3 code, 4 more words of it, 7 modifier, 8 more words of it
12-91   long description                   92-119  short description
269-276 added on                           277-284 action effective on
285-292 terminated on                      293     action
"""

import datetime as dt
from collections.abc import Iterator

from rcm.codes.forms import has_shape
from rcm.codes.loaders.parsed import (
    PUBLIC_DOMAIN,
    Codes,
    LoadError,
    Parsed,
    Upload,
    csv_rows,
    parse_date,
    release,
    text_of,
)
from rcm.codes.model import CodeRow, System

_CODES_MIN = 5_000
_WIDTH_MIN = 292
_FIRST = dt.date(1996, 1, 1)


def parse_anweb(upload: Upload) -> Parsed:
    """Read HCPCyyyy_MMM_ANWEB.txt; codes only, see `parse_anweb_modifiers`."""
    rows = [row for row in _records(upload, "3", "4") if has_shape(row.code, System.HCPCS)]
    return _parsed(upload, rows, System.HCPCS, "hcpcs", _CODES_MIN)


def parse_anweb_modifiers(upload: Upload) -> Parsed:
    """Read the Level II modifiers of the same file."""
    rows = [row for row in _records(upload, "7", "8") if has_shape(row.code, System.MODIFIER)]
    return _parsed(upload, rows, System.MODIFIER, "modifier-hcpcs", 100)


def _records(upload: Upload, first: str, more: str) -> Iterator[CodeRow]:
    """Yield one row for each first record, with the words of those that continue it."""
    held: CodeRow | None = None
    for number, line in enumerate(text_of(upload).splitlines(), start=1):
        if not line.strip():
            continue
        if len(line) < _WIDTH_MIN:
            raise LoadError(f"line {number} is {len(line)} columns, not the 293 of an ANWEB file")
        record, words = line[10], line[11:91].strip()
        if record == first:
            if held is not None:
                yield held
            held = CodeRow(
                line[:5].strip(),
                parse_date(line[268:276]) or parse_date(line[276:284]) or _FIRST,
                parse_date(line[284:292]),
                words or line[91:119].strip(),
                upload.name,
            )
        elif record == more and held is not None:
            held = CodeRow(
                held.code, held.valid_from, held.valid_through, f"{held.title} {words}", upload.name
            )
    if held is not None:
        yield held


def parse_csv(upload: Upload) -> Parsed:
    """Read a csv with the columns code, long_description, short_description, terminated."""
    reader = csv_rows(text_of(upload))
    names = next(reader, [])
    if not {"code", "long_description", "terminated"} <= set(names):
        raise LoadError("expected the columns code, long_description, terminated")
    rows = []
    for number, fields in enumerate(reader, start=2):
        if len(fields) != len(names):
            raise LoadError(f"line {number} does not have the columns of the first line")
        line = dict(zip(names, fields, strict=True))
        code = line["code"].strip().upper()
        if not has_shape(code, System.HCPCS):
            raise LoadError(f"line {number}: not the form of a HCPCS Level II code")
        title = (line["long_description"] or line.get("short_description", "")).strip()
        rows.append(
            CodeRow(code, _FIRST, parse_date(line["terminated"]), title or None, upload.name)
        )
    return _parsed(upload, rows, System.HCPCS, "hcpcs-csv", _CODES_MIN)


def _parsed(upload: Upload, rows: list[CodeRow], system: System, kind: str, minimum: int) -> Parsed:
    if len(rows) < minimum:
        raise LoadError(
            f"only {len(rows)} rows: at least {minimum} expected, the file is cut short"
        )
    if len({row.code for row in rows}) != len(rows):
        raise LoadError("a code is given twice")
    return Parsed(
        release(upload, kind, system, PUBLIC_DOMAIN, len(rows)),
        Codes(system, rows, complete=system is System.HCPCS),
    )
