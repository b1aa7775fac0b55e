"""Patients with two payers, from the EHR's message to what the patient owes, through every service.

HL7 IN1 and FHIR Coverage.order bring both coverages; the payer simulator answers as the first
payer, as the second, and by crossover; the lives of both claims are told.
"""

import asyncio

import pytest
from msgspec.structs import replace
from tools.sampler.cases import BRANCHES

from rcm.cli.log_reading import read_all
from rcm.invariants import check
from rcm.lifecycle import Money, life_of
from simulation_cases import World

SEED = 5


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """Let every branch of the samples happen once, with faults, and come to rest."""

    async def told():
        world = World(tmp_path_factory.mktemp("world"), SEED, faults=0.01)
        await world.open()
        try:
            await world.run(len(BRANCHES), SEED)
            return await read_all(world.settings, lambda _: True, lambda *_: None)
        finally:
            await world.close()

    return asyncio.run(told())


def of(events, name):
    return [one.event for one in events if one.event.name == name]


def test_every_outcome_of_coordination_was_met_and_nothing_is_breached(events):
    outcomes = {one.outcome for one in of(events, "ClaimCoordinated")}
    assert outcomes >= {"billed", "crossed-over", "nothing-left", "last-payer"}
    assert [str(one) for one in check(events, at_rest=True)] == []


def test_a_secondary_claim_that_asks_for_another_amount_breaches_i18(events):
    first = next(one for one in events
                 if one.event.name == "ClaimPrepared" and one.event.prior_claim_id)  # fmt: skip
    off = replace(first, event=replace(first.event, left_cents=first.event.left_cents + 1))
    found = check([off if one is first else one for one in events], at_rest=True)
    assert {one.invariant for one in found} == {"I18"}


def test_both_forms_and_both_ways_in_made_a_secondary_claim_that_was_answered(events):
    made = [one for one in of(events, "ClaimSubmitted") if one.prior_claim_id]
    assert {one.form for one in made} == {"P", "I"}
    answers = {one.claim_id: one for one in of(events, "RemittanceReceived")}
    for claim in made:
        answer = answers[claim.claim_id]
        assert (answer.claim_status_code, answer.payer_sequence_code) == ("2", "S")
        assert answer.paid_cents + answer.patient_responsibility_cents <= claim.left_cents
    ways = {one.event.message_kind for one in events
            if one.event.name == "EncounterReceived"
            and one.event.encounter_id in {claim.encounter_id for claim in made}}  # fmt: skip
    assert "FHIR" in ways
    assert ways & {"DFT^P03", "ADT^A04"}


def test_the_patient_owes_what_the_last_payer_left_and_nothing_before(events):
    made = [one for one in of(events, "ClaimSubmitted") if one.prior_claim_id]
    for claim in made:
        first = life_of(claim.prior_claim_id, events, events)
        second = life_of(claim.claim_id, events, events)
        answer = next(
            one for one in of(events, "RemittanceReceived") if one.claim_id == claim.claim_id
        )
        assert first.money.patient_cents == 0
        assert second.money.patient_cents == answer.patient_responsibility_cents
        together = first.money + second.money
        assert together.billed_cents == claim.billed_cents
        assert together == Money(
            claim.billed_cents,
            first.money.paid_cents + answer.paid_cents,
            together.adjusted_cents,
            answer.patient_responsibility_cents,
            together.denied_cents,
            0,
        )


def test_until_the_second_payer_answers_the_share_is_not_the_patients(events):
    first = {one.prior_claim_id for one in of(events, "ClaimSubmitted") if one.prior_claim_id}
    shares = [
        one.posting.patient
        for one in of(events, "RemittanceReceived")
        if one.claim_id in first and one.posting is not None and one.posting.patient is not None
    ]
    assert shares
    assert all(share.awaits_payer for share in shares)


def test_a_crossover_makes_no_claim_of_ours_and_its_answer_ends_the_wait(events):
    (crossed,) = [one for one in of(events, "ClaimCoordinated") if one.outcome == "crossed-over"]
    answers = [one for one in of(events, "RemittanceReceived") if one.claim_id == crossed.claim_id]
    assert [one.claim_status_code for one in answers] == ["19", "2"]
    assert not any(one.prior_claim_id == crossed.claim_id for one in of(events, "ClaimSubmitted"))
    assert not answers[1].posting.patient.awaits_payer
