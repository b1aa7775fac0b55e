"""Ours beside oxedi 0.6 (MIT), the best other reader of 835s: where the two differ, and why.

The table oxedi_disagreements.csv says for each kind of difference who is right. A difference that
is not in the table fails here: then one of the two has to change its mind, or the table grows.
"""

import csv
from io import BytesIO
from pathlib import Path

import oxedi
import pytest

from rcm.x12.examine import Examination
from x12_cases import changed, corpus_files, interchange, mutations
from x835_cases import a_big_remittance, written
from x835_faults import FAULTS

BALANCES = {"line-out-of-balance", "claim-out-of-balance", "payment-out-of-balance"}
with (Path(__file__).parent / "oxedi_disagreements.csv").open(newline="") as source:
    EXPLAINED = {(row["who_says"], row["what"]) for row in csv.DictReader(source)}


def compare(data):
    """Give what only one of the two says, as (who, what) pairs that are not in the table."""
    ours = [f for f in Examination(BytesIO(data)).findings() if f.is_error]
    theirs = list(oxedi.parse(data).diagnostics)
    our_balances = {f.place.segment_number for f in ours if f.rule_id in BALANCES}
    their_balances = {d.segment + 1 for d in theirs if d.kind == "BalanceMismatch"}
    our_rest = [f for f in ours if f.rule_id not in BALANCES]
    their_rest = [d for d in theirs if d.kind != "BalanceMismatch"]
    differences = set()
    if our_balances - their_balances and not their_rest:
        differences.add(("ours", "balance"))
    if their_balances - our_balances:
        differences.add(("theirs", "BalanceMismatch"))
    if our_rest and not their_rest:
        differences |= {("ours", f.rule_id) for f in our_rest}
    if their_rest and not our_rest:
        differences |= {("theirs", d.kind) for d in their_rest}
    return differences - EXPLAINED


@pytest.mark.parametrize("path", corpus_files("835"), ids=lambda path: path.name[-50:])
def test_every_difference_on_the_corpus_is_explained(path):
    assert compare(path.read_bytes()) == set()


@pytest.mark.parametrize("name", FAULTS)
def test_every_difference_on_a_seeded_fault_is_explained(name):
    old, new, _ = FAULTS[name]
    assert compare(interchange(changed(old, new))) == set()


@pytest.mark.parametrize("seed", range(200, 212))
def test_every_difference_on_a_broken_file_is_explained(seed):
    for body in mutations(seed, 40):
        assert compare(interchange(body)) == set(), body


def test_both_find_nothing_in_a_thousand_generated_claims():
    data = written(a_big_remittance(1_000))
    assert list(Examination(BytesIO(data)).findings()) == []
    assert list(oxedi.parse(data).diagnostics) == []


def test_both_count_the_same_money():
    data = written(a_big_remittance(200))
    result = oxedi.parse(data)
    from rcm.x12 import x835

    (remittance,) = x835.read(data).remittances
    assert result.count_claims() == len(remittance.claims) == 200
