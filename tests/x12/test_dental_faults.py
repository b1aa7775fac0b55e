"""Seeded faults in 837Ds: each is found, under its rule, at its place, and nothing else is."""

import pytest

from rcm.x12 import x837
from x12_837_cases import AS_OF, World, a_file
from x12_dental_faults import DENTAL_FAULTS


def test_there_are_at_least_thirty_kinds():
    assert len(DENTAL_FAULTS) >= 30


@pytest.mark.parametrize("seeded", DENTAL_FAULTS, ids=lambda one: f"{one.name}-{one.rule}")
def test_a_seeded_fault_is_found_at_its_place(seeded):
    data = seeded.edit(a_file(seeded.shape(World(1))))
    check = x837.FileCheck(data, as_of=AS_OF)
    for _ in check:
        pass
    mine = next((one for one in check.findings if one.rule_id == seeded.rule), None)
    assert mine is not None, [one.render(mask=False) for one in check.findings]
    assert mine.position == seeded.position
    assert seeded.loop in mine.place.loop
    others = {one.rule_id for one in check.findings if one.is_error} - {seeded.rule}
    assert others <= seeded.companions
