"""Inquiries, answers and acknowledgments of any size are read in constant memory."""

import tracemalloc
from io import BytesIO

import pytest

from rcm.x12 import x270, x276, x277ca
from x12_seeded_faults import counted, whole, written

CASES = {"270": x270, "271": x270, "276": x276, "277": x276, "277CA": x277ca}


def repeated(family, times):
    """Repeat the last person of a file; the numbers of the levels are left as they are."""
    segments = whole(family)
    first = max(at for at, one in enumerate(segments) if one.startswith("HL*"))
    last = next(at for at, one in enumerate(segments) if one.startswith("SE*"))
    return written(counted([*segments[:first], *segments[first:last] * times, *segments[last:]]))


@pytest.mark.parametrize("family", CASES)
def test_a_stream_gives_what_reading_gives(family):
    module, data = CASES[family], repeated(family, 3)
    reading = module.read(data)
    stream = module.Stream(data)
    assert len(list(stream)) >= 3
    assert tuple(stream.findings) == reading.findings


@pytest.mark.parametrize("family", ["271", "276", "277CA"])
def test_memory_does_not_grow_with_the_file(family):
    peaks = []
    for times in (500, 4000):
        data = repeated(family, times)
        stream = CASES[family].Stream(BytesIO(data))
        tracemalloc.start()
        for _ in stream:
            stream.findings.clear()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + (4 << 20)
