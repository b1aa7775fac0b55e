"""The simulation: one seed, one story; whatever goes wrong, the invariants hold at the end."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from rcm.cli.log_reading import read_all
from rcm.invariants import check
from rcm.lifecycle import life_of
from rcm.platform.rebuild import rebuild
from simulation_cases import World

EVENTS_WANTED = int(os.environ.get("SIMULATION_EVENTS", "40000"))
ENCOUNTERS = 900
MEMORY = Path("/dev/shm")

RARE = {
    "acknowledgement-lost", "killed-poll", "killed-begin", "killed-state", "killed-rows",
    "killed-before-commit", "killed-after-commit", "killed-produce-sent", "killed-produce-acked",
    "killed-mark-sent", "line-broke-before", "line-broke-after", "log-refused", "log-silent",
    "mail-offered-again", "published-twice",
}  # fmt: skip
"""What must have happened at least once, or the simulation proves less than it says."""


@pytest.fixture
def folder():
    path = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield path
    shutil.rmtree(path)


async def story(folder: Path, seed: int, encounters: int, faults: float = 0.05) -> World:
    world = World(folder, seed, faults=faults)
    await world.open()
    try:
        await world.run(encounters, seed)
        return world
    finally:
        await world.close()


async def judge(world: World, seed: int) -> int:
    """Hold the end of a story to everything that must be true. Returns how many events it has."""
    events = await read_all(world.settings, lambda _: True, lambda *_: None)
    assert [str(one) for one in check(events, at_rest=True)] == [], f"seed {seed}"
    for name, node in world.nodes.items():
        rebuilt = await rebuild(node.manifest, world.settings, swap=False)
        assert rebuilt.differing == [], f"seed {seed}: {name}"
        assert rebuilt.foreign_count == 0
    claims = {one.event.claim_id for one in events if one.event.name == "ClaimSubmitted"}
    for claim_id in sorted(claims)[:50]:
        money = life_of(claim_id, events, events).money
        parts = money.paid_cents + money.adjusted_cents + money.patient_cents
        assert money.billed_cents == parts + money.denied_cents + money.open_cents
    return len(events)


@pytest.mark.timeout(600)
def test_whatever_goes_wrong_the_invariants_hold_and_every_store_is_its_log(folder):
    total, seed, seen = 0, 1, set()
    while total < EVENTS_WANTED:
        place = folder / str(seed)
        place.mkdir()
        world = asyncio.run(story(place, seed, ENCOUNTERS))
        total += asyncio.run(judge(world, seed))
        seen |= set(world.seen)
        shutil.rmtree(place)
        seed += 1
    assert seen >= RARE, RARE - seen


def test_the_same_seed_gives_the_same_story(folder):
    hashes = []
    for name in ("first", "second"):
        place = folder / name
        place.mkdir()
        world = asyncio.run(story(place, 77, 30))
        events = asyncio.run(read_all(world.settings, lambda _: True, lambda *_: None))
        hashes.append([(e.event_id, e.recorded_at, e.place) for e in events])
    assert hashes[0] == hashes[1]
