"""The targets of `make fuzz` hold for our own samples, whole and scrambled; and each can fail."""

import random

import pytest
from tools.fuzz_x12 import TARGETS as NAMES
from tools.fuzz_x12 import by_segment

from rcm.x12.reader import Reader
from rcm.x12.writer import write
from x12_fuzz_targets import TARGETS, seeds

SAMPLES = list(seeds())
CHANGES = 12


def test_the_command_knows_every_target():
    assert tuple(TARGETS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_target_holds_for_our_samples(name):
    for sample in SAMPLES:
        TARGETS[name](sample)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_holds_for_scrambled_samples(name):
    rng = random.Random(name)
    for sample in SAMPLES:
        for _ in range(CHANGES):
            sample = by_segment(sample, rng, SAMPLES)  # noqa: PLW2901 - ever more so
            TARGETS[name](sample)


@pytest.mark.parametrize("name", ["reader", "835", "837", "json", "round-trip"])
def test_a_target_fails_where_something_is_lost(name, monkeypatch):
    """Sabotage what the target looks at."""
    units = Reader.units
    if name in {"835", "837"}:
        found = {"835": "x835.Stream", "837": "x837.FileCheck"}[name]
        monkeypatch.setattr(f"x12_fuzz_targets.{found}", lambda *_, **__: iter(()))
    elif name == "reader":
        monkeypatch.setattr(Reader, "units", lambda self: list(units(self))[:-2])
    elif name == "json":
        monkeypatch.setattr("x12_fuzz_targets.from_typed_json", lambda _: [b"ISA"])
    else:
        monkeypatch.setattr(
            "x12_fuzz_targets.write", lambda *given: write(*given).replace(b"125", b"124")
        )
    with pytest.raises(AssertionError):
        any(TARGETS[name](sample) for sample in SAMPLES)
