"""The short way of reading (one match for a plain line or subscriber) and the long way agree."""

import random
import re

import pytest

from rcm.x12 import x837, x837_read_lines, x837_read_parties
from x12_837_cases import DENTAL, INSTITUTIONAL, PROFESSIONAL, World, a_file
from x12_cases import corpus_files

SHAPES = [*PROFESSIONAL, *INSTITUTIONAL, *DENTAL]
PATHS = [path for kind in ("837P", "837I", "837D") for path in corpus_files(kind)]


def both_ways(data, monkeypatch):
    """Read a file as it is read, and with every shape denied."""
    short = x837.read(data)
    with monkeypatch.context() as patch:
        for module in (x837_read_lines, x837_read_parties):
            patch.setattr(module, "pattern", lambda *_: re.compile("(?!)"))
        long = x837.read(data)
    return short, long


def told(reading):
    return (
        [one.claim for one in reading.claims],
        [one.line_numbers for one in reading.claims],
        [(one.rule_id, one.place) for one in reading.findings],
        [one.unit.offset for one in reading.set_aside],
    )


def agree(data, monkeypatch):
    short, long = both_ways(data, monkeypatch)
    assert told(short) == told(long)


@pytest.mark.parametrize("shape", SHAPES)
def test_both_ways_read_the_same_of_our_claims(shape, monkeypatch):
    for seed in range(5):
        agree(a_file(shape(World(seed))), monkeypatch)


@pytest.mark.parametrize("shape", SHAPES)
def test_both_ways_read_the_same_of_broken_files(shape, monkeypatch):
    data = a_file(shape(World(1)))
    rng = random.Random(shape.__name__)
    for _ in range(60):
        broken = bytearray(data)
        broken[rng.randrange(110, len(data))] = rng.choice(b"*~:^ 0A\n")
        agree(bytes(broken), monkeypatch)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name[-60:])
def test_both_ways_read_the_same_of_public_files(path, monkeypatch):
    agree(path.read_bytes(), monkeypatch)


def test_the_short_way_is_taken(monkeypatch):
    def denied(*_):
        raise AssertionError("the long way")

    monkeypatch.setattr(x837_read_lines, "_line", denied)
    monkeypatch.setattr(x837_read_parties, "_subscriber", denied)
    for shape in (PROFESSIONAL[0], INSTITUTIONAL[0], DENTAL[0]):
        assert x837.read(a_file(shape(World(1)))).claims
