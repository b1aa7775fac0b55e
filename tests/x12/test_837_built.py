"""What is said of built claims is what is said of the file that they are written to."""

from collections import Counter
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from rcm.x12 import x837
from rcm.x12.pattern import unit_pattern
from rcm.x12.registry import guide
from rcm.x12.writer import STANDARD, NotWritable
from x12_837_cases import (
    DENTAL,
    INSTITUTIONAL,
    PROFESSIONAL,
    SUBMISSION,
    World,
    a_file,
    office_visit,
)

TODAY = date(2026, 6, 30)
SHAPES = [*PROFESSIONAL, *INSTITUTIONAL, *DENTAL]
replace = msgspec.structs.replace


def rules_of_file(claims):
    """Count the rules broken by each claim of a written file, the levels above it included."""
    check = x837.FileCheck(a_file(*claims), as_of=TODAY)
    return [
        Counter(one.rule_id for one in (*event.findings_above, *event.findings))
        for event in check
        if isinstance(event, x837.CheckedClaim)
    ]


def rules_of_built(claims):
    return [
        Counter(one.rule_id for one in found)
        for found in x837.check_built(SUBMISSION, claims, as_of=TODAY)
    ]


def broken(claim):
    """Give a claim with one fault after the other: of structure, situations, balance, codes."""
    person = claim.subscriber
    yield claim
    yield replace(claim, claim_id="C" * 60)
    yield replace(claim, billed_cents=claim.billed_cents + 1)
    yield replace(claim, release_code="Q")
    yield replace(claim, subscriber=replace(person, name="", first_name=""))
    yield replace(claim, subscriber=replace(person, birth_on=date(2030, 1, 1)))
    yield replace(claim, payer=replace(claim.payer, name="P" * 80))
    yield replace(claim, billing_provider=replace(claim.billing_provider, npi="1234567890"))
    yield replace(claim, billing_provider=replace(claim.billing_provider, address=None))
    yield replace(claim, lines=(replace(claim.lines[0], quantity=Decimal(-1)), *claim.lines[1:]))
    yield replace(claim, notes=(x837.Note(code="XYZ", text="?" * 100),))


@pytest.mark.parametrize("with_patterns", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_both_checks_say_the_same(shape, with_patterns):
    claim = shape(World(3))
    if with_patterns:
        for guide_id in ("005010X222A1", "005010X223A2", "005010X224A2"):
            for name in ("ST", "HL", "CLM"):
                unit_pattern(guide(guide_id), name, STANDARD)
    for one in broken(claim):
        assert rules_of_built([one]) == rules_of_file([one])


def test_claims_of_one_transaction_are_told_apart():
    world = World(4)
    one, two, three = (office_visit(world) for _ in range(3))
    claims = [one, replace(two, frequency_code="7"), replace(three, claim_id=one.claim_id)]
    found = rules_of_built(claims)
    assert found == rules_of_file(claims)
    assert [set(each) for each in found] == [
        set(),
        {"frequency-needs-payer-number"},
        {"claim-id-repeated"},
    ]
    assert x837.check_built(SUBMISSION, []) == []


def test_a_separator_in_a_value_is_refused():
    claim = office_visit(World(1))
    spoilt = replace(claim, subscriber=replace(claim.subscriber, name="DOE~CLM*X"))
    with pytest.raises(NotWritable):
        x837.check_built(SUBMISSION, [spoilt])


def test_a_rule_can_be_left_out():
    claim = replace(office_visit(World(1)), frequency_code="7", release_code="Q")
    relax = frozenset({"frequency-needs-payer-number", "code-not-in-guide"})
    assert x837.check_built(SUBMISSION, [claim], relax=relax) == [[]]
