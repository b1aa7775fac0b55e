"""What we write, read by an independent validator: pyx12 finds nothing that we cannot explain.

`DISAGREEMENTS` lists every complaint that pyx12 has about a valid claim of ours, with who is right
and why. A complaint that is not on the list fails the test, and so does a row that no longer
occurs.
"""

from pathlib import Path

import pytest

from rcm.x12 import x837
from x12_837_cases import (
    ENVELOPE,
    SUBMISSION,
    institutional_claims,
    professional_claims,
)
from x12_pyx12_cases import DISAGREEMENTS, complaints


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
