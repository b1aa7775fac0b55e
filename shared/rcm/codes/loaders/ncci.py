"""National Correct Coding Initiative: procedure-to-procedure pairs and unit limits (CMS).

PTP, tab-separated, after some preamble lines: column 1 code, column 2 code, `*` if before 1996,
effective YYYYMMDD, deleted YYYYMMDD or `*`, modifier indicator 0, 1 or 9, rationale. The pair is
ordered: column 1 is paid.

MUE, comma-separated after a quoted notice of several lines: code, units, "2 Date of Service Edit:
Policy" (its first digit is the MUE adjudication indicator, MAI), rationale. By position.

Both files carry CPT codes, so the operator downloads them, after accepting the AMA's terms.
"""

import re
from typing import Final

import msgspec

from rcm.codes.loaders.parsed import (
    AMA,
    LoadError,
    Parsed,
    Table,
    Upload,
    csv_rows,
    parse_date,
    release,
    text_of,
)

_CODE = re.compile(r"[0-9A-Z]{5}")
_PREAMBLE_LINES_MAX = 12
SETTINGS: Final = ("practitioner", "hospital", "dme")
_UNITS_MAX = 100_000


def parse_ptp_practitioner(upload: Upload) -> Parsed:
    """Read a practitioner PTP file."""
    return _parse_ptp(upload, "practitioner")


def parse_ptp_hospital(upload: Upload) -> Parsed:
    """Read an outpatient hospital PTP file."""
    return _parse_ptp(upload, "hospital")


def parse_mue_practitioner(upload: Upload) -> Parsed:
    """Read the practitioner MUE file."""
    return _parse_mue(upload, "practitioner")


def parse_mue_hospital(upload: Upload) -> Parsed:
    """Read the outpatient hospital MUE file."""
    return _parse_mue(upload, "hospital")


def parse_mue_dme(upload: Upload) -> Parsed:
    """Read the DME supplier MUE file."""
    return _parse_mue(upload, "dme")


def _parse_ptp(upload: Upload, setting: str) -> Parsed:
    rows: list[tuple[object, ...]] = []
    for number, line in enumerate(text_of(upload).splitlines(), start=1):
        fields = [field.strip().strip('"') for field in line.split("\t")]
        if len(fields) < 6 or not (_CODE.fullmatch(fields[0]) and _CODE.fullmatch(fields[1])):
            if rows and line.strip():
                raise LoadError(f"line {number} is not a pair of codes")
            if number > _PREAMBLE_LINES_MAX:
                raise LoadError("no pair of codes in the first lines: not a PTP file")
            continue
        effective, deleted = parse_date(fields[3]), parse_date(fields[4])
        if effective is None or fields[5] not in ("0", "1", "9"):
            raise LoadError(f"line {number}: no effective date, or an indicator not 0, 1 or 9")
        rows.append(
            (setting, fields[0], fields[1], effective.isoformat(),
             deleted.isoformat() if deleted else None, fields[5])
        )  # fmt: skip
    if not rows:
        raise LoadError("the file holds no pair of codes")
    # A quarter comes in several files of one date: each is listed as a release of its own.
    part = re.sub(r"[^a-z0-9]+", "-", upload.name.lower().rpartition(".")[0] or upload.name.lower())
    described = release(upload, f"ptp-{setting}", f"ptp-{setting}", AMA, len(rows))
    return Parsed(
        msgspec.structs.replace(described, release_id=f"{described.release_id}-{part.strip('-')}"),
        tables=(Table("ptp", 6, rows),),
    )


def _parse_mue(upload: Upload, setting: str) -> Parsed:
    effective = upload.effective_from.isoformat()
    rows: list[tuple[object, ...]] = []
    for fields in csv_rows(text_of(upload)):
        if len(fields) < 3 or not _CODE.fullmatch(fields[0].strip()):
            continue
        units, indicator = fields[1].strip(), fields[2].strip()[:1]
        if not (units.isascii() and units.isdigit() and int(units) <= _UNITS_MAX):
            raise LoadError("a limit is not a number of units")
        if indicator not in ("1", "2", "3"):
            raise LoadError("an adjudication indicator is not 1, 2 or 3")
        rows.append((setting, fields[0].strip(), effective, int(units), indicator))
    if not rows:
        raise LoadError("the file holds no unit limit")
    return Parsed(
        release(upload, f"mue-{setting}", f"mue-{setting}", AMA, len(rows)),
        tables=(Table("mue", 5, rows), Table("mue_release", 2, [(setting, effective)])),
    )
