"""What an earlier build recorded folds to the same lives for ever."""

import json
from pathlib import Path

import pytest
from tools.record_history import lives, read_history

from rcm.events.event import UnknownEvent
from rcm.invariants import check

HISTORIES = sorted(path.parent for path in Path(__file__).parent.glob("*/events.jsonl.gz"))


def test_there_is_a_history():
    assert HISTORIES


@pytest.mark.parametrize("folder", HISTORIES, ids=lambda path: path.name)
def test_a_recorded_history_folds_to_the_lives_it_had(folder):
    events = read_history(folder / "events.jsonl.gz")
    assert len(events) > 1_000
    assert not [one for one in events if isinstance(one.event, UnknownEvent)]
    assert lives(events) == json.loads((folder / "lives.json").read_text())


@pytest.mark.parametrize("folder", HISTORIES, ids=lambda path: path.name)
def test_the_invariants_hold_in_a_recorded_history(folder):
    events = read_history(folder / "events.jsonl.gz")
    assert [str(one) for one in check(events, at_rest=True)] == []
