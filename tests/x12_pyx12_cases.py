"""pyx12, an independent validator of the 837, and what we and it disagree about."""

import io
import logging
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

params = pytest.importorskip("pyx12.params")
document = pytest.importorskip("pyx12.x12n_document")


class Complaint(NamedTuple):
    """What a 999 of pyx12 says: IK303 loop, segment, its code, then element and its code."""

    segment: str
    segment_code: str
    element: str
    element_code: str


#: Complaint, who is right, and why.
DISAGREEMENTS = {
    Complaint("PWK", "8", "2", "7"): (
        "ours",
        (
            "2400 PWK01 = CT with PWK02 = AD is the certificate of medical necessity of a DME"
            " carrier; published examples (wheelchair, oxygen) carry it."
        ),
    ),
}


def complaints(data: bytes, folder: Path) -> Counter[Complaint]:
    """Let pyx12 validate a file and read its 999."""
    path = folder / "out.837"
    path.write_bytes(data)
    answer = io.StringIO()
    logging.disable(logging.CRITICAL)
    try:
        document.x12n_document(params.params(), str(path), answer, None)
    finally:
        logging.disable(logging.NOTSET)
    found: Counter[Complaint] = Counter()
    rows = [row.split("*") for row in answer.getvalue().replace("\n", "").split("~")]
    segment = ("", "")
    for row, following in zip(rows, [*rows[1:], [""]], strict=True):
        if row[0] == "IK3":
            segment = (row[1], row[4] if len(row) > 4 else "")
            if following[0] != "IK4":
                found[Complaint(*segment, "", "")] += 1
        elif row[0] == "IK4":
            found[Complaint(*segment, row[1], row[3])] += 1
        elif row[0] in {"IK5", "AK9"} and len(row) > 2 and row[0] == "IK5" and row[2] != "5":
            found[Complaint("SE", row[2], "", "")] += 1
    assert any(row[0] == "IK5" for row in rows), "pyx12 gave no answer"
    return found
