"""An 837 cut anywhere, or with any bit flipped: no exception, never a second, nothing lost.

What was taken and what was set aside make up the file: every claim of it is one or the other, a
claim that was taken has every line of its segments, and its charge is the CLM02 that stands there.
In CI a sample; `-m campaign` does every byte of our files and of the public ones.
"""

import random
import time
from datetime import date

import pytest

from rcm.x12 import x837
from rcm.x12.reader import Reader
from rcm.x12.values import cents
from x12_837_cases import (
    World,
    a_file,
    bill_after_medicare,
    braces,
    dental_visit,
    dependent,
    inpatient_stay,
    office_visit,
    outpatient_bill,
    secondary_by_line,
)
from x12_cases import corpus_files

TODAY = date(2026, 6, 30)
SECONDS_MAX = 1.0
WHOLE_BYTES_MAX = 4_000  # of a public file; of a longer one so many places are tried
SHAPES = {
    "837P": (office_visit, dependent, secondary_by_line),
    "837I": (inpatient_stay, outpatient_bill, bill_after_medicare),
    "837D": (dental_visit, braces),
}
PUBLIC = [(kind, path) for kind in SHAPES for path in corpus_files(kind)]
IDS = [f"{kind}-{path.name[-40:]}" for kind, path in PUBLIC]


def our_file(kind):
    world = World(5)
    return a_file(*(shape(world) for shape in SHAPES[kind]))


def survives(data):
    """Read and check everything, see that nothing is lost; give the findings."""
    began = time.process_time()
    check = x837.FileCheck(data, as_of=TODAY)
    taken, aside = {}, {}
    for event in check:
        if isinstance(event, x837.CheckedClaim):
            taken[event.read.origin.unit.offset] = event
        elif isinstance(event, x837.SetAside):
            assert event.findings
            aside[event.unit.offset] = event
    for finding in check.findings[:3]:
        finding.render()
        finding.as_dict()
    assert time.process_time() - began < SECONDS_MAX
    in_file = {unit.offset: unit for unit in Reader(data).units() if unit.name == "CLM"}
    assert taken.keys() | {at for at, one in aside.items() if one.unit.name == "CLM"} == set(
        in_file
    )
    assert taken.keys().isdisjoint(aside)
    for at, one in taken.items():
        segments = in_file[at].segments
        assert one.claim.billed_cents == cents(segments[0][2])
        assert len(one.claim.lines) == sum(segment[0] == "LX" for segment in segments)
    for at, one in aside.items():
        content = one.unit.content()
        assert data[at : at + len(content)] == content or one.unit.is_cut_off
    return check.findings


def cut(data, end):
    findings = survives(data[:end])
    if end < len(data.rstrip()) - 1:
        assert any(one.is_error for one in findings), end


def flipped(data, place, bit):
    broken = bytearray(data)
    broken[place] ^= 1 << bit
    survives(bytes(broken))


@pytest.mark.parametrize("kind", SHAPES)
def test_our_file_cut_anywhere_is_refused_and_nothing_is_lost(kind):
    data = our_file(kind)
    assert survives(data) == []
    for end in range(1, len(data) + 1, 5):
        cut(data, end)


@pytest.mark.parametrize("kind", SHAPES)
def test_our_file_survives_a_flipped_bit(kind):
    data = our_file(kind)
    rng = random.Random(kind)
    for place in range(0, len(data), 5):
        flipped(data, place, rng.randrange(8))


@pytest.mark.parametrize(("kind", "path"), PUBLIC, ids=IDS)
def test_a_public_file_is_cut_and_flipped(kind, path):
    data = path.read_bytes()
    rng = random.Random(len(data))
    survives(data)
    for _ in range(4):
        cut(data, rng.randrange(1, len(data)))
        flipped(data, rng.randrange(len(data)), rng.randrange(8))


@pytest.mark.campaign
@pytest.mark.parametrize("kind", SHAPES)
def test_our_file_is_cut_at_every_byte_and_every_bit_is_flipped(kind):
    data = our_file(kind)
    for place in range(len(data)):
        cut(data, place)
        for bit in range(8):
            flipped(data, place, bit)


@pytest.mark.campaign
@pytest.mark.parametrize(("kind", "path"), PUBLIC, ids=IDS)
def test_a_public_file_is_cut_and_flipped_at_every_byte(kind, path):
    data = path.read_bytes()
    rng = random.Random(len(data))
    places = range(len(data))
    if len(data) > WHOLE_BYTES_MAX:
        tried = WHOLE_BYTES_MAX * WHOLE_BYTES_MAX // len(data)
        places = rng.sample(places, max(tried, 20))
    for place in places:
        cut(data, place)
        flipped(data, place, rng.randrange(8))
