"""Files of one code and a few columns: CPT, Table 5, global days, and plain code lists."""

import re
from collections.abc import Callable

from rcm.codes.forms import has_shape, normalise
from rcm.codes.loaders.parsed import (
    AMA,
    PUBLIC_DOMAIN,
    Codes,
    LoadError,
    Parsed,
    Table,
    Upload,
    csv_rows,
    parse_date,
    release,
    text_of,
)
from rcm.codes.model import CodeRow, System
from rcm.money import NotAnAmount, cents_from_x12

_CPT_LINE = re.compile(r"([0-9]{4}[0-9FTUM])[\t ]+(\S.*)")
_NUMBER = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,5})?")
_UNPAID = ("998", "999")
"""Principal diagnosis invalid as discharge diagnosis, and ungroupable: never given a weight."""
_EXEMPT_MIN = 30_000
"""CMS lists some 37,000 codes a year."""
_GLOBAL_DAYS = ("000", "010", "090", "MMM", "XXX", "YYY", "ZZZ")


def parse_cpt(upload: Upload) -> Parsed:
    """Read a text file of the AMA's CPT data files: a code, a tab or spaces, its descriptor."""
    rows: dict[str, CodeRow] = {}
    for line in text_of(upload).splitlines():
        match = _CPT_LINE.fullmatch(line.rstrip())
        if match is not None:
            rows[match[1]] = CodeRow(
                match[1], upload.effective_from, None, match[2].strip(), upload.name
            )
    if not rows:
        raise LoadError("no line begins with a CPT code")
    return Parsed(
        release(upload, "cpt", System.CPT, AMA, len(rows)),
        Codes(System.CPT, list(rows.values()), complete=True),
    )


def parse_table5(upload: Upload) -> Parsed:
    """Read Table 5 of the IPPS rule: ten columns, tabs or commas, after some preamble lines.

    MS-DRG, post-acute, special pay, MDC, type, title, weight before cap, weight, GMLOS, AMLOS;
    the last three are taken from the end, as older tables lack the capped weight.
    """
    text = text_of(upload)
    delimiter = "\t" if text.count("\t") > text.count(",") else ","
    effective = upload.effective_from.isoformat()
    rows: list[tuple[object, ...]] = []
    for fields in csv_rows(text, delimiter):
        cells = [field.strip() for field in fields]
        if not cells or not has_shape(cells[0].zfill(3), System.MSDRG) or cells[0] in _UNPAID:
            continue
        if len(cells) < 4 or not all(_NUMBER.fullmatch(cell) for cell in cells[-3:]):
            raise LoadError(f"MS-DRG {cells[0][:3]}: a weight or a stay is not a number")
        long = len(cells) >= 9
        rows.append(
            (effective, cells[0].zfill(3), cells[5] if long else None, cells[3] if long else None,
             cells[4] if long else None, cells[-3], cells[-2], cells[-1],
             cells[1] if long else None)
        )  # fmt: skip
    if not rows:
        raise LoadError("no line begins with an MS-DRG")
    return Parsed(
        release(upload, "table5", "msdrg-weights", PUBLIC_DOMAIN, len(rows)),
        tables=(Table("weight", 9, rows),),
    )


def parse_global_days(upload: Upload) -> Parsed:
    """Read the global period of each procedure from the physician fee schedule (PPRRVU csv).

    Column 1 is the code, 2 the modifier, 15 the global days; the short descriptor is dropped, it
    is the AMA's. A csv of two columns, code and days, is read as well.
    """
    effective = upload.effective_from.isoformat()
    rows: list[tuple[object, ...]] = []
    for fields in csv_rows(text_of(upload)):
        days = fields[14] if len(fields) > 14 else fields[1] if len(fields) == 2 else ""
        whole = len(fields) == 2 or (len(fields) > 14 and not fields[1].strip())
        if whole and re.fullmatch(r"[0-9A-Z]{5}", fields[0].strip()) and days in _GLOBAL_DAYS:
            rows.append((fields[0].strip(), effective, days))
    if not rows:
        raise LoadError("no line gives the global days of a code")
    return Parsed(
        release(upload, "global-days", "global-days", AMA, len(rows)),
        tables=(Table("global_days", 3, rows),),
    )


def parse_fees(upload: Upload) -> Parsed:
    """Read a fee schedule: code, modifier (or nothing) and dollars, after a line of names.

    The whole schedule from its first day on: a code that it lacks has no price from then.
    """
    effective = upload.effective_from.isoformat()
    reader = csv_rows(text_of(upload))
    names = [name.strip().lower() for name in next(reader, [])]
    if names != ["code", "modifier", "amount"]:
        raise LoadError("the first line does not say code, modifier, amount")
    rows: dict[tuple[str, str], tuple[object, ...]] = {}
    for number, fields in enumerate(reader, start=2):
        if len(fields) != len(names):
            raise LoadError(f"line {number} does not have the columns of the first line")
        code, modifier, amount = (field.strip().upper() for field in fields)
        if not (has_shape(code, System.HCPCS) or has_shape(code, System.CPT)):
            raise LoadError(f"line {number}: not the form of a HCPCS or CPT code")
        if modifier and not has_shape(modifier, System.MODIFIER):
            raise LoadError(f"line {number}: not the form of a modifier")
        if (code, modifier) in rows:
            raise LoadError(f"line {number}: the same code and modifier stand there before")
        try:
            cents = cents_from_x12(amount)
        except NotAnAmount as error:
            raise LoadError(f"line {number}: not an amount such as 123.45") from error
        if cents < 0:
            raise LoadError(f"line {number}: an amount below zero")
        rows[code, modifier] = (code, modifier, effective, cents)
    if not rows:
        raise LoadError("the schedule is empty")
    return Parsed(
        release(upload, "fee-schedule", "fee-schedule", AMA, len(rows)),
        tables=(
            Table("fee", 4, list(rows.values())),
            Table("fee_release", 1, [(effective,)]),
        ),
    )


def parse_poa_exempt(upload: Upload) -> Parsed:
    """Read POAexemptCodesYYYY.txt: order, code and title, tab-delimited, after a line of names."""
    effective = upload.effective_from.isoformat()
    rows: dict[str, tuple[object, ...]] = {}
    for number, line in enumerate(text_of(upload).splitlines()[1:], start=2):
        if not line.strip():
            continue
        cells = line.split("\t")
        code = normalise(cells[1]) if len(cells) >= 2 else ""
        if not has_shape(code, System.ICD10CM):
            raise LoadError(f"line {number}: the second column is no ICD-10-CM code")
        rows[code] = (effective, code)
    if len(rows) < _EXEMPT_MIN:
        raise LoadError(f"only {len(rows)} codes: at least {_EXEMPT_MIN} expected, it is cut short")
    return Parsed(
        release(upload, "poa-exempt", "poa-exempt", PUBLIC_DOMAIN, len(rows)),
        tables=(
            Table("poa_exempt", 2, list(rows.values())),
            Table("poa_exempt_release", 1, [(effective,)]),
        ),
    )


def list_parser(system: System, licence: str) -> Callable[[Upload], Parsed]:
    """Return a parser of a csv whose first column is a code of `system`, the second its words.

    The columns `effective` and `terminated` are used where present. A row whose words say
    UNASSIGNED is not a code.
    """

    def parse(upload: Upload) -> Parsed:
        reader = csv_rows(text_of(upload))
        names = [name.strip().lower() for name in next(reader, [])]
        rows: dict[str, CodeRow] = {}
        for number, fields in enumerate(reader, start=2):
            if len(fields) != len(names) or len(fields) < 2:
                raise LoadError(f"line {number} does not have the columns of the first line")
            line = dict(zip(names, fields, strict=True))
            code = fields[0].strip().upper()
            if not has_shape(code, system):
                raise LoadError(f"line {number}: not the form of a {system} code")
            if "UNASSIGNED" in fields[1].upper():
                continue
            rows[code] = CodeRow(
                code,
                parse_date(line.get("effective", "")) or upload.effective_from,
                parse_date(line.get("terminated", "")),
                fields[1].strip() or None,
                upload.name,
            )
        if not rows:
            raise LoadError("the list is empty")
        return Parsed(
            release(upload, f"{system}-list", system, licence, len(rows)),
            # Modifiers come from two publishers, so no one file is the whole set.
            Codes(system, list(rows.values()), complete=system is not System.MODIFIER),
        )

    return parse
