"""Batch files: whole or not at all."""

import pytest

from coding_cases import CORPUS, message, pid, rules
from coding_svc.codec.hl7v2 import batch

ONE, TWO = message("ADT^A04", pid(), number="1"), message("ADT^A04", pid(), number="2")
FHS, BHS = b"FHS|^~\\&|EHR|HOSP\r", b"BHS|^~\\&|EHR|HOSP|||||||B0001\r"


def of(*pieces: bytes) -> batch.Batch:
    return batch.split(b"".join(pieces))


@pytest.mark.parametrize(
    "pieces",
    [
        (ONE, TWO),
        (BHS, ONE, TWO, b"BTS|2\r"),
        (BHS, ONE, TWO, b"BTS\r"),
        (BHS, ONE, TWO, b"BTS|\r"),
        (FHS, BHS, ONE, TWO, b"BTS|2\r", b"FTS|1\r"),
        (FHS, BHS, ONE, b"BTS|1\r", BHS, TWO, b"BTS|1|x\r", b"FTS|2\r"),
        (FHS, ONE, TWO, b"FTS\r"),
        (b"\xef\xbb\xbf\r\n", BHS, ONE, TWO, b"BTS|2\r\n"),
    ],
)
def test_a_whole_file_gives_its_messages_byte_for_byte(pieces):
    found = of(*pieces)
    assert found.reasons == ()
    assert found.messages == (ONE, TWO)


@pytest.mark.parametrize(
    ("pieces", "rule", "path"),
    [
        ((BHS, ONE, TWO, b"BTS|3\r"), "batch-count", "BTS[1]-1"),
        ((BHS, ONE, TWO, b"BTS|1\r"), "batch-count", "BTS[1]-1"),
        ((BHS, ONE, b"BTS|one\r"), "batch-count", "BTS[1]-1"),
        ((BHS, ONE, b"BTS|-1\r"), "batch-count", "BTS[1]-1"),
        ((BHS, ONE, "BTS|\u0661\r".encode()), "batch-count", "BTS[1]-1"),
        ((FHS, BHS, ONE, b"BTS|1\r", b"FTS|2\r"), "batch-count", "FTS[1]-1"),
        ((FHS, BHS, ONE, b"BTS|1\r", BHS, TWO, b"BTS|2\r", b"FTS|2\r"), "batch-count", "BTS[2]-1"),
        ((BHS, ONE, TWO), "batch-incomplete", "BHS[1]"),
        ((FHS, BHS, ONE, TWO, b"BTS|2\r"), "batch-incomplete", "FHS[1]"),
        ((ONE, b"BTS|1\r"), "batch-incomplete", "BTS[1]"),
        ((ONE, b"FTS|1\r"), "batch-incomplete", "FTS[1]"),
        ((BHS, ONE, BHS, TWO, b"BTS|1\r"), "batch-incomplete", "BHS[2]"),
        ((FHS, ONE, b"FTS\r", TWO), "batch-incomplete", "FTS[1]"),
        ((BHS, ONE, b"BTS|1\r", FHS, b"FTS\r"), "batch-incomplete", "FHS[2]"),
    ],
)
def test_one_that_is_not_whole_is_refused_whole(pieces, rule, path):
    found = of(*pieces)
    assert found.messages == ()
    assert (rule, path) in {(r.rule_id, r.path) for r in found.reasons}


@pytest.mark.parametrize("data", [b"", b"PID|1\r", b"hello", b"\x00\x01"])
def test_what_begins_no_batch_is_no_file(data):
    assert rules(batch.split(data).reasons) == ["not-hl7"]


def test_a_file_cut_at_any_byte_gives_all_messages_or_none():
    whole = b"".join((FHS, BHS, ONE, TWO, b"BTS|2\r", b"FTS|1\r"))
    for length in range(len(whole) - len(b"FTS|1\r")):
        assert batch.split(whole[:length]).messages == (), length


def test_the_good_batch_of_the_corpus_is_taken_and_the_bad_one_refused():
    folder = CORPUS / "hl7v2" / "ours_synthetic"
    if not folder.exists():
        pytest.skip("the public corpus is not here")
    good = batch.split((folder / "batch_fhs_bhs_3_dft.hl7").read_bytes())
    bad = batch.split((folder / "bad_batch_count_mismatch.hl7").read_bytes())
    assert len(good.messages) == 3
    assert bad.messages == ()
    assert rules(bad.reasons) == ["batch-count"]


def test_the_batchs_number_is_read_for_the_record():
    assert batch.control_number(FHS + BHS + ONE) == "B0001"
    assert batch.control_number(ONE) == ""
    assert batch.is_batch(FHS)
    assert not batch.is_batch(ONE)
