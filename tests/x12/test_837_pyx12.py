"""What we write, read by an independent validator: pyx12 finds nothing that we cannot explain.

`DISAGREEMENTS` lists every complaint that pyx12 has about a valid claim of ours, with who is right
and why. A complaint that is not on the list fails the test, and so does a row that no longer
occurs.
"""

import io
import logging
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from rcm.x12 import x837
from x12_837_cases import (
    ENVELOPE,
    SUBMISSION,
    institutional_claims,
    professional_claims,
)

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


@pytest.mark.parametrize(
    ("letter", "count"),
    [
        ("P", 140),
        ("I", 90),
        pytest.param("P", 7_000, marks=pytest.mark.campaign),
        pytest.param("I", 3_000, marks=pytest.mark.campaign),
    ],
)
def test_pyx12_agrees_but_for_what_is_listed(letter: str, count: int, tmp_path: Path):
    if letter == "P":
        data = x837.write_837p(SUBMISSION, professional_claims(count), ENVELOPE)
    else:
        data = x837.write_837i(SUBMISSION, institutional_claims(count), ENVELOPE)
    found = complaints(data, tmp_path)
    assert set(found) - set(DISAGREEMENTS) == set()
    if letter == "P":
        assert set(DISAGREEMENTS) - set(found) == set()
