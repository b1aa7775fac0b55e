"""Where a claim stands, folded from every topic in any order."""

import random
from functools import reduce

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_cases import CLAIM, History, entries_of
from rcm.events.remit import PaymentPosted
from rcm.lifecycle import Money, fold_claim, life_of, patient_disputed, stories
from rcm.lifecycle.steps import claim_story


def folded(history, claim_id=CLAIM, order=None):
    own = [r for r in order or history.recorded if claim_story(claim_id) in stories(r)]
    return reduce(lambda claim, recorded: fold_claim(claim, recorded, claim_id), own, None)


def disputed(claim):
    return patient_disputed(claim.denials, claim.money.patient_cents)


def shuffled_across_topics(history, seed):
    """Mix the topics anew, each in its own order."""
    chance = random.Random(seed)
    topics = {}
    for recorded in history.recorded:
        topics.setdefault(recorded.place.split("/")[0], []).append(recorded)
    order = []
    while topics:
        topic = chance.choice(sorted(topics))
        order.append(topics[topic].pop(0))
        if not topics[topic]:
            del topics[topic]
    return order


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (lambda h: h.held(), "held"),
        (lambda h: h.prepared(), "ready"),
        (lambda h: (h.prepared(), h.batched()), "batched"),
        (lambda h: (h.prepared(), h.batched(), h.submitted()), "sent"),
        (lambda h: (h.submitted(), h.acknowledged("999")), "syntax-accepted"),
        (
            lambda h: (h.submitted(), h.acknowledged("277CA-clearinghouse")),
            "clearinghouse-accepted",
        ),
        (lambda h: (h.submitted(), h.acknowledged("277CA-payer")), "payer-accepted"),
        (
            lambda h: (h.submitted(), h.acknowledged("277CA-payer"), h.acknowledged("999")),
            "payer-accepted",
        ),
        (lambda h: (h.submitted(), h.rejected("TA1")), "interchange-rejected"),
        (lambda h: (h.submitted(), h.rejected("999")), "transaction-rejected"),
        (lambda h: (h.submitted(), h.rejected("277CA-clearinghouse")), "clearinghouse-rejected"),
        (lambda h: (h.submitted(), h.rejected(), h.acknowledged("999")), "payer-rejected"),
        (lambda h: (h.submitted(), h.rejected(), h.prepared()), "ready"),
        (
            lambda h: (h.submitted(), h.rejected(), h.batched(attempt=2), h.submitted(attempt=2)),
            "sent",
        ),
        (lambda h: (h.submitted(), h.charged(), h.answered()), "paid"),
        (lambda h: (h.submitted(), h.charged(), h.answered(), h.denied()), "partly-paid"),
        (
            lambda h: (
                h.submitted(),
                h.charged(),
                h.answered(0, [("CO", "197", 12_500)]),
                h.denied(12_500),
            ),
            "denied",
        ),
        (
            lambda h: (h.submitted(), h.charged(), h.answered(0, [("PR", "1", 12_500)])),
            "zero-paid",
        ),
        (
            lambda h: (h.charged(), h.answered(), h.denied(), h.denial_closed()),
            "paid",
        ),
        (
            lambda h: (
                h.charged(),
                h.answered(),
                h.answered(
                    -4_500,
                    [("CO", "45", -2_000), ("CO", "197", -5_000), ("PR", "1", -1_000)],
                    kind="reversal",
                    billed=-12_500,
                ),
            ),
            "reversed",
        ),
        (lambda h: (h.charged(), h.answered(forwarded_to="Second Mutual")), "forwarded"),
        (lambda h: (h.charged(), h.answered(), h.replaced()), "replaced"),
        (lambda h: (h.submitted(), h.replaced(by="")), "voided"),
        (lambda h: (h.answered(),), "paid"),
    ],
)
def test_a_claim_stands_where_its_events_say(told, state):
    history = History()
    told(history)
    assert folded(history).state == state


def test_a_rejection_is_no_denial_and_leaves_the_money_open():
    history = History()
    history.submitted()
    history.charged()
    history.rejected()
    claim = folded(history)
    assert claim.money == Money(12_500, 0, 0, 0, 0, 12_500)
    assert claim.turn == "ours"
    assert claim.why == "Member unknown"


def test_money_is_told_from_the_ledger_and_adds_up():
    claim = folded(History().whole())
    assert claim.money == Money(12_500, 4_500, 2_000, 1_000, 5_000, 0)


def test_a_reversal_takes_back_all_of_it():
    history = History()
    history.charged()
    history.answered()
    history.answered(
        -4_500,
        [("CO", "45", -2_000), ("CO", "197", -5_000), ("PR", "1", -1_000)],
        kind="reversal",
        billed=-12_500,
    )
    assert folded(history).money == Money(12_500, 0, 0, 0, 0, 12_500)


def test_a_patients_share_in_dispute_stays_the_patients_and_its_denial_has_the_amount():
    history = History()
    history.charged()
    history.answered(4_500, [("CO", "45", 2_000), ("PR", "27", 5_000), ("PR", "1", 1_000)])
    history.denied(5_000, group_code="PR", reason_code="27")
    claim = folded(history)
    assert claim.money == Money(12_500, 4_500, 2_000, 6_000, 0, 0)
    assert [denial.denied_cents for denial in claim.open_denials] == [5_000]
    # The worklist's 50.00 are found again: none in denied, all in the patient's share.
    assert disputed(claim) == 5_000
    shut = msgspec.structs.replace(claim.open_denials[0], is_open=False)
    settled = msgspec.structs.replace(claim, denials={"d": shut})
    assert disputed(settled) == 0
    assert patient_disputed(claim.denials, 1_000) == 1_000, "never more than the patient's share"


def test_what_is_denied_to_us_is_no_dispute_of_the_patients_share():
    history = History()
    history.charged()
    history.answered()
    history.denied(5_000)
    assert disputed(folded(history)) == 0


def test_a_posting_of_old_was_a_fact_of_its_own_and_tells_the_same():
    lives = []
    for posted_apart in (True, False):
        history = History()
        history.charged()
        history.answered(posted_apart=posted_apart)
        lives.append(folded(history))
    assert lives[0].money == lives[1].money == Money(12_500, 4_500, 2_000, 1_000, 5_000, 0)
    assert lives[0].legs == lives[1].legs


def test_a_replaced_claim_that_the_payer_reverses_asks_for_nothing():
    history = History()
    history.charged()
    history.answered(4_500, [("CO", "45", 8_000)])
    history.replaced()
    history.add(
        "remit-svc",
        CLAIM,
        PaymentPosted(
            claim_id=CLAIM,
            remittance_id="rem_2",
            position=1,
            entries=entries_of(clearing=-4_500, contractual=-8_000, revenue=12_500),
            balance_cents=12_500,
        ),
    )
    assert folded(history).money == Money()


def test_a_replacement_that_is_not_sent_asks_for_nothing_yet():
    history = History()
    history.prepared("PZZZZ", replaces_claim_id=CLAIM, frequency_code="7")
    assert folded(history, "PZZZZ").money == Money()
    history.charged("PZZZZ")
    assert folded(history, "PZZZZ").money.billed_cents == 12_500


@given(seed=st.integers(0, 10_000))
def test_the_order_between_topics_changes_nothing(seed):
    history = History().whole()
    history.denial_closed()
    expected = folded(history)
    got = folded(history, order=shuffled_across_topics(history, seed))
    assert (got.state, got.money, got.why, got.legs) == (
        expected.state,
        expected.money,
        expected.why,
        expected.legs,
    )
    assert got == expected


def test_a_life_is_told_with_its_encounter_interchange_and_advice():
    history = History().whole()
    other = History()
    other.prepared("POTHER", encounter_id="en_2")
    life = life_of(CLAIM, history.recorded, [*history.recorded, *other.recorded])
    assert [step.name for step in life.steps] == [
        "EncounterCoded",
        "ClaimPrepared",
        "ClaimBatched",
        "InterchangeSettled",
        "ClaimSubmitted",
        "ChargePosted",
        "ClaimAcknowledged",
        "ClaimAcknowledged",
        "ClaimAcknowledged",
        "RemittanceAccepted",
        "RemittanceReceived",
        "DenialOpened",
    ]
    assert life.state == "partly-paid"
    answer = next(step for step in life.steps if step.name == "RemittanceReceived")
    assert answer.why == "CO-197 50.00, CO-45 20.00, PR-1 10.00"
    assert life.legs == {"P": "paid"}


def test_a_claim_that_no_event_speaks_of_has_no_life():
    assert life_of("PNONE", History().whole().recorded, []) is None


def test_every_event_of_the_catalogue_has_words_and_a_story():
    from rcm.events.catalogue import CATALOGUE
    from rcm.lifecycle.steps import _WORDS

    assert {event.name for event in set(CATALOGUE.events.values()) - set(_WORDS)} == set()
    for recorded in History().whole().recorded:
        assert stories(recorded)
