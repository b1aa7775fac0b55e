"""Every public file reads without an exception, with the verdict that we recorded."""

import pytest

from rcm.x12.lexer import Lexer
from rcm.x12.reader import Reader
from x12_cases import CORPUS, corpus_files
from x12_verdicts import rows, verdict

FILES = corpus_files()
pytestmark = pytest.mark.skipif(not FILES, reason=f"the public corpus is not at {CORPUS.name}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name[-50:]}")
def test_a_file_has_the_verdict_that_we_recorded(path):
    told = verdict(path)
    assert told == rows()[told["file"]]


def test_every_file_has_a_row_and_every_row_a_file():
    assert {path.relative_to(CORPUS).as_posix() for path in FILES} == set(rows())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name[-50:]}")
def test_every_byte_of_a_file_is_accounted_for(path):
    """Segments read are the segments that there are, each in one unit or one envelope."""
    data = path.read_bytes()
    in_file = sum(len(batch.texts) for batch in Lexer(data).batches())
    reader = Reader(data)
    in_units = sum(len(unit.texts) for unit in reader.units())
    envelopes = 0
    for interchange in reader.interchanges:
        envelopes += 1 + len(interchange.acknowledgements) + (interchange.trailer is not None)
        for group in interchange.groups:
            envelopes += (group.elements != ["GS"]) + (group.trailer is not None)
    outside = {"segment-outside-transaction", "outside-group"}
    if not any(finding.rule_id in outside for finding in reader.findings):
        assert in_units + envelopes == in_file
