"""Seeded faults in 837s: each is found, under its rule, at its place, and nothing else is."""

import msgspec
import pytest

from rcm.x12 import x837, x837_check
from rcm.x12.findings import Finding
from x12_837_cases import (
    AS_OF,
    DENTAL,
    INSTITUTIONAL,
    PROFESSIONAL,
    World,
    a_file,
    edited,
    office_visit,
)
from x12_837_faults import (
    FURTHER_FAULTS,
    INSTITUTIONAL_FAULTS,
    PROFESSIONAL_FAULTS,
    Seeded,
)

ALL = (*PROFESSIONAL_FAULTS, *INSTITUTIONAL_FAULTS, *FURTHER_FAULTS)


def findings_of(data: bytes, relax: frozenset[str] = frozenset()) -> list[Finding]:
    check = x837.FileCheck(data, as_of=AS_OF, relax=relax)
    for _ in check:
        pass
    return check.findings


def a_broken_file(seeded: Seeded) -> bytes:
    return seeded.edit(a_file(seeded.shape(World(1))))


def test_there_are_at_least_thirty_kinds_for_each_guide():
    assert len({one.name for one in PROFESSIONAL_FAULTS}) >= 30
    assert len({one.name for one in INSTITUTIONAL_FAULTS}) >= 30


@pytest.mark.parametrize("seeded", ALL, ids=lambda one: f"{one.name}-{one.rule}")
def test_a_seeded_fault_is_found_at_its_place(seeded: Seeded):
    found = findings_of(a_broken_file(seeded))
    mine = next((one for one in found if one.rule_id == seeded.rule), None)
    assert mine is not None, [one.render(mask=False) for one in found]
    assert mine.position == seeded.position
    assert seeded.loop in mine.place.loop
    others = {one.rule_id for one in found if one.is_error} - {seeded.rule}
    assert others <= seeded.companions


@pytest.mark.parametrize("seeded", ALL, ids=lambda one: f"{one.name}-{one.rule}")
def test_a_rule_can_be_relaxed_by_its_name(seeded: Seeded):
    data = a_broken_file(seeded)
    strict = {one.rule_id for one in findings_of(data) if one.level > 1}
    relaxed = {one.rule_id for one in findings_of(data, frozenset({seeded.rule}))}
    if seeded.rule in strict:
        assert seeded.rule not in relaxed


@pytest.mark.parametrize(
    "shape", [*PROFESSIONAL, *INSTITUTIONAL, *DENTAL], ids=lambda one: one.__name__
)
def test_a_valid_claim_raises_nothing(shape):
    for seed in range(5):
        assert findings_of(a_file(shape(World(seed)))) == []
        assert x837.check_claim(shape(World(seed)), as_of=AS_OF) == []


def test_the_number_and_bytes_of_a_claim_stand_in_its_findings():
    data = edited(a_file(office_visit(World(1))), "CLM*C-3*335.32", "CLM*C-3*335.33")
    (found,) = findings_of(data)
    assert found.claim_id == "C-3"
    assert found.place.segment_number == 21
    assert data[found.place.byte_offset :].startswith(b"CLM*C-3")


def test_a_claim_number_may_not_come_twice_in_a_transaction():
    (found,) = findings_of(a_file(office_visit(World(1)), office_visit(World(1))))
    assert (found.rule_id, found.position) == ("claim-id-repeated", "CLM01")
    assert found.place.loop == "2000A[1]/2000B[1]/2300[2]"


def test_claim_numbers_are_compared_in_constant_memory(monkeypatch):
    monkeypatch.setattr(x837_check, "CLAIM_IDS_MAX", 2)
    one, two, three, four, five = (
        msgspec.structs.replace(office_visit(World(seed)), claim_id=f"C-{seed}")
        for seed in range(5)
    )
    rules = [found.rule_id for found in findings_of(a_file(one, two, three, two, four, five))]
    assert rules == ["claim-id-repeated"]
    assert findings_of(a_file(one, two, three, four, five, one)) == []  # too far apart
