"""Where the coding tests find the corpus, and one set of codes built once for them all."""

import csv
import datetime as dt
import functools
import gzip
import hashlib
import pathlib
import tempfile
from collections.abc import Iterator

import pytest

from rcm.codes import registry

CORPUS = pathlib.Path(__file__).parents[2] / "shared" / "corpus" / "codesets"

FY2024, FY2025 = dt.date(2023, 10, 1), dt.date(2024, 10, 1)
FY2026, FY2027 = dt.date(2025, 10, 1), dt.date(2026, 10, 1)
BEFORE_FY2027 = dt.date(2026, 9, 30)
TODAY = dt.date(2026, 11, 21)


def corpus_file(name: str) -> pathlib.Path:
    """Return a file of the corpus, or skip the test where there is none."""
    path = CORPUS / name
    if not path.is_file():
        pytest.skip(f"the corpus file {name} is not here")
    return path


def corpus_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a csv of the corpus."""
    path = corpus_file(name)
    data = path.read_bytes()
    text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
    yield from csv.DictReader(text.splitlines())


@functools.cache
def built_folder() -> pathlib.Path:
    """Return a folder of code sets made by this very code, built once however many runs use it."""
    root = pathlib.Path(__file__).parents[1]
    digest = hashlib.sha256((root / "requirements.lock").read_bytes())
    for source in sorted((root / "shared" / "rcm" / "codes").rglob("*.py")):
        digest.update(source.read_bytes())
    folder = pathlib.Path(tempfile.gettempdir()) / f"rcm-test-codes-{digest.hexdigest()[:16]}"
    registry.open_sets(folder, lambda _: None).close()
    return folder
