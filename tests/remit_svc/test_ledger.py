"""The ledger as a whole: whatever payers send in whatever order, the money adds up."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denials_svc.handlers import SERVICE as DENIALS_SERVICE
from denials_svc.store import DenialsTable
from memory_cases import MemoryKeys, MemoryService, World
from rcm.adjustments.table import BUILT_IN, treatment
from rcm.events.denials import DenialClosed, DenialOpened
from rcm.events.remit import RemittanceReceived
from rcm.invariants import check
from remit_cases import (
    CLAIM,
    cas,
    clp,
    correction_of_paid,
    ledger,
    paid_claim,
    remit,
    replaced,
    reversal_of_paid,
    submitted,
    svc,
    taking,
)
from remit_svc.handlers import SERVICE
from remit_svc.model import adjustments
from remit_svc.rules.accounts import ACCOUNTS, PROVIDER_ACCOUNTS
from remit_svc.store import ACCOUNT_NAMES, PostingRow, RemitTable
from service_cases import ServiceCase

PAIRS = st.sampled_from(
    [
        ("CO", "45"), ("CO", "253"), ("CO", "197"), ("CO", "50"), ("CO", "1"), ("PI", "45"),
        ("OA", "23"), ("OA", "133"), ("OA", "18"), ("PR", "1"), ("PR", "2"), ("PR", "27"),
        ("CO", "ZZ9"),
    ]
)  # fmt: skip


@st.composite
def answers(draw, status="1"):
    """A balanced claim payment: paid, and adjusted by any reasons on one or two lines."""
    lines, billed, paid = [], 0, 0
    for number in range(draw(st.integers(1, 2))):
        told = draw(st.lists(st.tuples(PAIRS, st.integers(0, 5_000)), max_size=3))
        line_paid = draw(st.integers(0, 9_000))
        line_billed = line_paid + sum(cents for _, cents in told)
        texts = [cas(*pair, cents) for pair, cents in told]
        lines.append(svc(f"9921{number}", line_billed, line_paid, *texts, line=f"L{number}"))
        billed, paid = billed + line_billed, paid + line_paid
    return status, billed, paid, lines


def claim_of(told, number="PCN1"):
    status, billed, paid, lines = told
    return clp(CLAIM, status, billed, paid, *lines, number=number)


def turned(told, number="PCN1"):
    """The reversal: every amount of CLP, SVC and CAS with its sign turned round."""

    def turn(text):
        cells = text.split("*")
        places = {"SVC": (2, 3), "CAS": (3,)}.get(cells[0], ())
        for at in places:
            cells[at] = cells[at][1:] if cells[at].startswith("-") else f"-{cells[at]}"
        return "*".join(cells)

    _, billed, paid, lines = told
    return clp(
        CLAIM, "22", -billed, -paid, *([turn(t) for t in line] for line in lines), number=number
    )


def advice(claim, paid, trace):
    """An advice of one claim; what it takes back is put off by a PLB: BPR02 is never negative."""
    if paid < 0:
        return taking(claim, payment=0, trace=trace, plb=[("WO", "R", paid)], method="NON")
    return taking(claim, payment=paid, trace=trace)


def accounts(story):
    state = story.service.state(CLAIM)
    return {name: cents for name, cents in state.accounts.items() if cents}


def assert_conserved(story):
    """I1 for every leg, from the events alone; every posting and the ledger sum to zero."""
    sums = {}
    for fact in story.facts:
        assert sum(e.amount_cents for e in getattr(fact.event, "entries", ())) == 0
    state = story.service.state(CLAIM)
    for code, leg in state.legs.items():
        parts = leg.paid_cents + leg.adjusted_cents + leg.patient_cents + leg.balance_cents
        sums[code] = leg.billed_cents - parts
    assert set(sums.values()) <= {0}
    assert sum(state.accounts.values()) == 0
    assert state.accounts.get("patient", 0) == state.patient_responsibility_cents
    total = ledger(story)
    assert sum(total.values()) == 0
    assert "clearing" not in total


@given(st.lists(answers(), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_money_is_conserved_after_every_answer(told):
    story = remit.given(submitted(billed=10_000))
    everything = []
    billed = {"P": 10_000}
    paid = adjusted = patient = 0
    for number, one in enumerate(told):
        story.when(advice(claim_of(one), one[2], f"EFT{number}"))
        received = next(f.event for f in story.facts if isinstance(f.event, RemittanceReceived))
        paid += received.paid_cents
        for a in adjustments(received):
            patient += a.amount_cents if a.group_code == "PR" else 0
            adjusted += a.amount_cents if a.group_code != "PR" else 0
        assert received.posting.balance_cents == billed["P"] - paid - adjusted - patient
        assert_conserved(story)
        everything += story.facts
    assert [b for b in check(everything) if b.invariant in {"I2", "I3", "I4", "I5"}] == []


@given(answers(), answers(), st.permutations(range(3)))
@settings(max_examples=60, deadline=None)
def test_reversal_and_correction_leave_the_correction_in_any_order_and_file(first, second, order):
    parts = [
        advice(claim_of(first), first[2], "EFT0"),
        advice(turned(first), -first[2], "EFT1"),
        advice(claim_of(second), second[2], "EFT2"),
    ]
    story = remit.given(submitted(), *(parts[at] for at in order))
    straight = remit.given(submitted(), advice(claim_of(second), second[2], "EFT2"))
    with_money = accounts(story)
    assert with_money == accounts(straight)
    assert_conserved(story)


@given(answers())
@settings(max_examples=60, deadline=None)
def test_a_reversal_restores_exactly(told):
    before = remit.given(submitted())
    owed = accounts(before)
    story = remit.given(
        submitted(),
        advice(claim_of(told), told[2], "EFT0"),
        advice(turned(told), -told[2], "EFT1"),
    )
    assert accounts(story) == owed
    assert story.service.state(CLAIM).patient_responsibility_cents == 0


def test_reversal_and_correction_are_told_apart_in_any_order():
    both = {
        "paid": taking(paid_claim(), payment=8_000, trace="EFT0"),
        "reversal": taking(
            reversal_of_paid(), payment=0, trace="EFT1", plb=[("WO", "R", -8_000)], method="NON"
        ),
        "correction": taking(correction_of_paid(), payment=9_000, trace="EFT2"),
    }
    for order in itertools.permutations(both):
        story = remit.given(submitted(), *(both[name] for name in order))
        assert accounts(story) == {
            "clearing": 9_000,
            "contractual": 2_000,
            "patient": 1_500,
            "revenue": -12_500,
        }


def test_the_accounts_the_columns_and_the_table_name_the_same():
    assert set(PROVIDER_ACCOUNTS.values()) <= set(ACCOUNTS)
    assert {row.account for row in BUILT_IN.rows} <= set(ACCOUNTS)
    columns = set(PostingRow.__table__.columns.keys())
    assert set(ACCOUNT_NAMES) <= columns


@pytest.mark.parametrize("group", ["CO", "PR", "OA", "PI", "CR"])
def test_every_reason_has_an_account_under_every_group(group):
    for row in BUILT_IN.rows:
        assert treatment(group, row).account in ACCOUNTS


def test_our_claim_numbers_have_the_shape_that_is_looked_for():
    from claims_svc.model.content import claim_id_for
    from remit_svc.model import OWN_NUMBER, may_be_ours

    for form in ("P", "I"):
        for number in range(200):
            claim_id = claim_id_for("northside", f"enc_{number}", form, 1)
            assert OWN_NUMBER.fullmatch(claim_id)
            assert may_be_ours(claim_id)


@pytest.mark.parametrize("seed", range(8))
def test_two_services_agree_whatever_the_order_of_their_topics(seed):
    """Submissions, advices and replacements in any order, delivered twice, with crashes between."""
    chance = random.Random(seed)
    keys = MemoryKeys()
    remits = MemoryService(SERVICE, RemitTable.metadata, keys=keys)
    denials = MemoryService(DENIALS_SERVICE, DenialsTable.metadata, keys=keys)
    world = World([remits, denials], seed=seed, fault_share=0.2)
    upstream = ServiceCase(SERVICE, RemitTable.metadata).given()
    claim_ids = [f"P{name * 14}" for name in "ABCDEFGHIJ"]
    commands = []
    for at, claim_id in enumerate(claim_ids):
        record = upstream.arriving(submitted(claim_id))
        part = world.log.setdefault((record.topic, record.partition), [])
        part.append(record._replace(offset=len(part)))
        denied = clp(
            claim_id,
            "1",
            12_500,
            0,
            svc("99213", 12_500, 0, cas("CO", "45", 2_000), cas("CO", "197", 10_500), line="L1"),
        )
        commands.append((remits, taking(denied, payment=0, trace=f"A{at}", method="NON")))
        if chance.random() < 0.5:
            back = svc(
                "99213", -12_500, 0, cas("CO", "45", -2_000), cas("CO", "197", -10_500), line="L1"
            )
            pair = [clp(claim_id, "22", -12_500, 0, back), paid_claim(claim_id)]
            chance.shuffle(pair)
            commands.append((remits, taking(*pair, payment=8_000, trace=f"B{at}")))
    for claim_id in claim_ids[:4]:
        record = upstream.arriving(replaced(claim_id))
        part = world.log.setdefault((record.topic, record.partition), [])
        part.append(record._replace(offset=len(part)))
    chance.shuffle(commands)
    world.run(commands)
    assert not remits.parked
    assert not denials.parked
    total = {name: sum(row[name] for row in remits.table("posting")) for name in ACCOUNTS}
    assert sum(total.values()) == 0
    assert total["clearing"] == total["suspense"] == total["receivable"] == 0
    assert -12_500 * 10 <= total["revenue"] <= -12_500 * 6
    # What the ledger holds in dispute is what the worklist holds open, claim by claim.
    disputed = {
        row["claim_id"]: row["denied_cents"]
        for row in remits.table("claim_account")
        if row["denied_cents"]
    }
    open_ = {
        row["claim_id"]: row["denied_cents"] for row in denials.table("denial") if row["is_open"]
    }
    assert disputed == open_
    opened = [f for f in world.facts("rcm.denials") if isinstance(f.event, DenialOpened)]
    closed = [f for f in world.facts("rcm.denials") if isinstance(f.event, DenialClosed)]
    assert len({f.event.denial_id for f in opened}) == len(opened)
    # The encounters are not part of this world; all else that events can tell holds.
    found = check([*world.facts("rcm.remit"), *world.facts("rcm.denials")])
    assert [breach for breach in found if breach.invariant not in {"I6", "I13"}] == []
    assert len(opened) - len({f.event.denial_id for f in closed}) == len(open_)


def test_a_replaced_claim_settles_against_revenue_to_the_cent():
    story = remit.given(submitted(), taking(paid_claim(), payment=8_000)).when(replaced())
    assert accounts(story)["revenue"] == -12_500
    assert_conserved(story)
