"""ICD-10-CM and ICD-10-PCS order files (CMS), fixed width.

00001 A00     0 Cholera                                      Cholera
1-5   order number          7-13  code, no dot       15  0 header, 1 billable
17-76 short title           78-   long title
"""

import re
from typing import Final

from rcm.codes.forms import has_shape
from rcm.codes.loaders.parsed import (
    PUBLIC_DOMAIN,
    Codes,
    LoadError,
    Parsed,
    Upload,
    release,
    text_of,
)
from rcm.codes.model import CodeRow, System

_LINE = re.compile(r"(\d{5,6}) +([0-9A-Z]{3,7}) +([01]) (.*)")
_BILLABLE_MIN: Final = {System.ICD10CM: 60_000, System.ICD10PCS: 60_000}


def parse_diagnoses(upload: Upload) -> Parsed:
    """Read icd10cm_order_YYYY.txt."""
    return _parse(upload, System.ICD10CM, "icd10cm-order")


def parse_procedures(upload: Upload) -> Parsed:
    """Read icd10pcs_order_YYYY.txt."""
    return _parse(upload, System.ICD10PCS, "icd10pcs-order")


def _parse(upload: Upload, system: System, kind: str) -> Parsed:
    rows: list[CodeRow] = []
    seen: set[str] = set()
    for number, line in enumerate(text_of(upload).splitlines(), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.rstrip())
        if match is None:
            raise LoadError(f"line {number} is not laid out as an order file")
        code, billable, titles = match[2], match[3] == "1", match[4]
        if system is System.ICD10CM and not has_shape(code, system):
            raise LoadError(f"line {number}: not the form of a {system} code")
        if not billable:
            continue
        if not has_shape(code, system) or code in seen:
            raise LoadError(f"line {number}: a code is malformed or given twice")
        seen.add(code)
        # The short title is padded to 60 columns; the long one follows after a space.
        title = titles[61:].strip() or titles[:60].strip()
        if not title:
            raise LoadError(f"line {number}: a code has no title")
        rows.append(CodeRow(code, upload.effective_from, None, title, upload.name))
    if len(rows) < _BILLABLE_MIN[system]:
        raise LoadError(
            f"only {len(rows)} billable codes: at least {_BILLABLE_MIN[system]} expected, "
            "the file is cut short"
        )
    return Parsed(
        release(upload, kind, system, PUBLIC_DOMAIN, len(rows)), Codes(system, rows, complete=True)
    )
