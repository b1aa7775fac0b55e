"""Two payers, a claim each: both lives tell of the other; together they are what was charged."""

from functools import reduce

import pytest

from lifecycle_cases import CLAIM, History, entries_of
from lifecycle_world import a_lifecycle
from rcm.events.claims_coordination import ClaimCoordinated
from rcm.events.remit import ChargePosted, Posting, RemittanceReceived
from rcm.events.remit_coordination import PatientSharePassedOn
from rcm.lifecycle import Money, fold_claim, life_of, stories
from rcm.lifecycle.steps import claim_story
from rcm.platform.settings import Settings

NEXT = "PZZZZYYYYXXXXWW"


def money(history, claim_id):
    own = [r for r in history.recorded if claim_story(claim_id) in stories(r)]
    return reduce(lambda claim, r: fold_claim(claim, r, claim_id), own, None).money


def first_answered():
    """125.00 billed: 80.00 paid, 20.00 by contract, 25.00 left; the second payer is asked."""
    history = History()
    history.submitted()
    history.charged()
    history.answered(8_000, [("CO", "45", 2_000), ("PR", "2", 2_500)])
    history.add(
        "claims-svc",
        CLAIM,
        ClaimCoordinated(
            claim_id=CLAIM, outcome="billed", next_claim_id=NEXT, payer_id="SKMCD", left_cents=2_500
        ),
    )
    history.prepared(NEXT, prior_claim_id=CLAIM, payer_sequence_code="S")
    return history


def second_sent():
    history = first_answered()
    history.submitted(NEXT, prior_claim_id=CLAIM, payer_sequence_code="S")
    history.add(
        "remit-svc",
        CLAIM,
        PatientSharePassedOn(
            claim_id=CLAIM,
            to_claim_id=NEXT,
            entries=entries_of(patient=-2_500, coordination=2_500),
            share_cents=2_500,
        ),
    )
    history.add(
        "remit-svc",
        NEXT,
        ChargePosted(
            claim_id=NEXT,
            billed_cents=12_500,
            entries=entries_of(receivable=12_500, coordination=-12_500),
            payer_id="SKMCD",
            form="P",
            encounter_id="en_1",
            patient_id="pt_x",
            payer_sequence_code="S",
            prior_claim_id=CLAIM,
        ),
    )
    return history


def second_answered(paid=2_000, left=500):
    history = second_sent()
    before = 12_500 - paid - left
    entries = entries_of(clearing=paid, patient=left, coordination=before, receivable=-12_500)
    history.add(
        "remit-svc",
        NEXT,
        RemittanceReceived(
            claim_id=NEXT,
            remittance_id="rem_2",
            position=1,
            payer_id="SKMCD",
            payer_name="STATE MEDICAID",
            payer_sequence_code="S",
            trace_number="EFT-6",
            effective_on="2026-03-30",
            kind="payment",
            claim_status_code="2",
            billed_cents=12_500,
            paid_cents=paid,
            patient_responsibility_cents=left,
            posting=Posting(entries=entries, balance_cents=0),
        ),
    )
    return history


@pytest.mark.parametrize(
    ("told", "first", "second"),
    [
        (first_answered, Money(12_500, 8_000, 2_000, 2_500, 0, 0), Money()),
        (second_sent, Money(10_000, 8_000, 2_000), Money(2_500, 0, 0, 0, 0, 2_500)),
        (second_answered, Money(10_000, 8_000, 2_000), Money(2_500, 2_000, 0, 500, 0, 0)),
    ],
)
def test_both_claims_together_are_what_was_charged_at_every_step(told, first, second):
    history = told()
    assert (money(history, CLAIM), money(history, NEXT)) == (first, second)
    assert (first + second).billed_cents == 12_500


def test_a_payer_that_pays_more_than_was_left_shows_a_credit_and_balances():
    found = money(second_answered(paid=3_000, left=0), NEXT)
    assert found == Money(2_500, 3_000, -500, 0, 0, 0)


def test_both_lives_tell_of_the_other():
    history = second_answered()
    first = life_of(CLAIM, history.recorded, history.recorded)
    second = life_of(NEXT, history.recorded, history.recorded)
    assert (first.claim.next_claim_id, second.claim.prior_claim_id) == (NEXT, CLAIM)
    told = f"secondary claim {NEXT} made for SKMCD"
    assert told in [step.what for step in first.steps]
    assert told in [step.what for step in second.steps]
    assert f"patient share of 25.00 waits for {NEXT}" in [step.what for step in second.steps]


@pytest.fixture
async def world(tmp_path):
    settings = Settings(data_dir=tmp_path, partition_count=3)
    async with a_lifecycle(settings, second_answered().recorded) as world:
        yield world


async def test_the_page_of_either_claim_shows_both_with_their_payers_and_their_sum(world):
    for claim_id in (CLAIM, NEXT):
        page = (await world.get(f"/claims/{claim_id}")).text
        assert "primary: Acme Health" in page
        assert "secondary: " in page
        assert f'href="/claims/{CLAIM if claim_id == NEXT else NEXT}"' in page
        row = page[page.index("All together") :]
        assert row[: row.index("</tr>")].count("125.00") == 1
    assert '<span class="soft">secondary</span>' in (await world.get("/claims")).text


async def test_an_event_that_is_told_in_both_lives_is_listed_once(world):
    page = (await world.get("/v1/events?limit=100")).json()
    names = [step["name"] for step in page["data"]]
    assert names.count("PatientSharePassedOn") == names.count("ClaimCoordinated") == 1
    assert len({step["event_id"] for step in page["data"]}) == len(names)
