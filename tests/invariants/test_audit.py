"""I14: a chain of views in which nothing can be changed, removed, added or cut off unseen."""

import msgspec
import pytest

from rcm.invariants.audit import Head, View, chained, check_chains, hash_of

SERVICE, US, THEM = "claims-svc", "northside", "lakeview"


def a_view(number, tenant_id=US):
    return View(
        tenant_id=tenant_id, actor="ada", subject_kind="claim-x12", subject_id=f"P{number}",
        key_ids=["pt_1"], purpose_code="HPAYMT", outcome="shown", request_id=f"req_{number}",
    )  # fmt: skip


def a_chain(count=5, tenant_id=US):
    head, entries = Head(SERVICE, tenant_id, 0, ""), []
    for number in range(count):
        entry = chained(a_view(number, tenant_id), SERVICE, head, f"2026-03-02T10:00:0{number}Z")
        head = Head(SERVICE, tenant_id, entry.sequence, entry.entry_hash)
        entries.append(entry)
    return entries, head


def texts(entries, heads, anchors=()):
    found = list(check_chains(entries, heads, anchors))
    assert {breach.invariant for breach in found} <= {"I14"}
    return [breach.text for breach in found]


def test_whole_chains_of_two_tenants_hold():
    (ours, head), (theirs, their_head) = a_chain(), a_chain(3, THEM)
    assert texts([*ours, *theirs], [head, their_head], [head]) == []


@pytest.mark.parametrize(
    "changed",
    [{"actor": "eve"}, {"subject_id": "P9"}, {"key_ids": []}, {"outcome": "refused"},
     {"at": "2026-03-02T10:00:09Z"}, {"purpose_code": "TREAT"}, {"request_id": ""}],
    ids=str,
)  # fmt: skip
def test_a_changed_entry_is_found(changed):
    entries, head = a_chain()
    entries[2] = msgspec.structs.replace(entries[2], **changed)
    assert texts(entries, [head]) == ["claims-svc: entry 3 was changed"]


def test_a_changed_entry_that_was_hashed_anew_is_found_by_the_next_one():
    entries, head = a_chain()
    changed = msgspec.structs.replace(entries[2], actor="eve")
    entries[2] = msgspec.structs.replace(changed, entry_hash=hash_of(changed))
    assert texts(entries, [head]) == ["claims-svc: entry 4 was written after another one"]


@pytest.mark.parametrize("at", [0, 2, 3])
def test_a_removed_entry_is_found(at):
    entries, head = a_chain()
    del entries[at]
    assert f"claims-svc: entry {at + 2} follows {at}" in texts(entries, [head])


def test_an_end_that_was_cut_off_is_found_by_the_head():
    entries, head = a_chain()
    assert texts(entries[:-1], [head]) == ["claims-svc: the chain ends at 4, its head says 5"]
    assert texts([], [head]) == ["claims-svc: the chain ends at 0, its head says 5"]


def test_a_head_that_was_taken_away_is_found():
    entries, _ = a_chain()
    assert texts(entries, []) == ["claims-svc: the chain ends at 5, its head says 0"]


def test_a_chain_that_was_written_anew_is_found_by_what_was_anchored_elsewhere():
    entries, head = a_chain()
    forged, forged_head = a_chain(4)
    anchor = Head(SERVICE, US, 5, head.entry_hash)
    assert texts(forged, [forged_head]) == []
    assert texts(forged, [forged_head], [anchor]) == [
        "claims-svc: entry 5 is not the one that was anchored"
    ]
    assert texts(entries, [head], [Head(SERVICE, US, 2, entries[1].entry_hash)]) == []
