"""Each fate of a claim, as the files that come back say it; and that nothing is forgotten."""

from collections import Counter
from datetime import timedelta

import pytest
from msgspec.structs import replace

from claims_cases import (
    NOW,
    RECEIVER,
    a_content,
    a_facility_line,
    a_line,
    a_stay,
    a_subscriber,
    an_encounter,
)
from claims_svc.codec.answers import read_answers
from claims_svc.codec.x837 import write_interchange
from payer_sim.book import Book, Timing
from payer_sim.scenarios import (
    DENIALS,
    LINE_FAULTS,
    PAYMENTS,
    REJECTIONS,
    SCENARIOS,
    Rules,
    UnknownScenario,
    read_rules,
)
from rcm.x12 import x835

AT_ONCE = Timing(0, 0, 0)
LATER = NOW + timedelta(hours=1)
LINES = [a_line(1), a_line(2, billed_cents=2_200), a_line(3, billed_cents=3_100)]
BILLED = 22_800


class Payer:
    """A book with one claim after the other sent to it."""

    def __init__(self, rules: Rules | None = None, path=None) -> None:
        self.book = Book(path, rules or Rules(), AT_ONCE)
        self.number = 0

    def sends(self, *claims, form="P"):
        """Send an interchange and let everything follow; gives all new files by kind."""
        self.number += 1
        numbers = (self.number, self.number, [f"{self.number:09d}"])
        data = write_interchange(RECEIVER, form, numbers, [list(claims)], NOW)
        assert self.book.take("northside", data) == "taken"
        while self.book.answer_next(NOW):
            pass
        while self.book.remit(LATER):
            pass
        return self.collects()

    def collects(self):
        """Empty the mailbox."""
        files = []
        kinds = ("TA1", "999", "277CA", "835")
        for item in self.book.waiting("northside", kinds, 1_000, LATER + timedelta(hours=1)):
            files.append((item.kind, self.book.fetch("northside", item.name)))
            self.book.remove("northside", item.name)
        return files


def a_claim(claim_id="PA", member="BPX1", lines=None, **changes):
    """Give a claim of a member."""
    content = a_content(an_encounter(lines=lines or LINES))
    content = replace(content, subscriber=a_subscriber(member_number=member), **changes)
    return claim_id, content


def meeting(scenario):
    """Give a payer at which the test's member meets a fate."""
    return Payer(Rules(members={"BPX1": scenario}))


def remittances(files):
    """Read the 835s of some files."""
    found = []
    for kind, data in files:
        if kind == "835":
            reading = x835.read(data)
            assert reading.findings == ()
            found += reading.remittances
    return found


def levels(files):
    """Give what 277CAs say of each claim, in order."""
    return [
        (one.claim_id, one.level, one.is_rejected)
        for kind, data in files
        if kind == "277CA"
        for one in read_answers(data).claims
    ]


@pytest.mark.parametrize("scenario", sorted({*PAYMENTS, *DENIALS} - {"out-of-balance"}))
def test_every_remittance_balances_on_all_three_levels(scenario):
    files = meeting(scenario).sends(a_claim())
    found = remittances(files)
    assert found
    for remittance in found:
        assert x835.check(remittance) == []


@pytest.mark.parametrize("scenario", sorted({*PAYMENTS, *DENIALS}))
def test_every_accepted_claim_is_acknowledged_at_each_level(scenario):
    files = meeting(scenario).sends(a_claim())
    counted = Counter(kind for kind, _ in files)
    assert (counted["TA1"], counted["999"], counted["277CA"]) == (1, 1, 2)
    assert levels(files) == [
        ("PA", "277CA-clearinghouse", False),
        ("PA", "277CA-payer", False),
    ]


def test_paid_is_paid_in_full():
    (one,) = remittances(meeting("paid").sends(a_claim()))
    assert one.payment.amount_cents == BILLED
    assert one.claims[0].claim_id == "PA"
    assert [line.line_item_control_number for line in one.claims[0].lines] == ["L1", "L2", "L3"]


def test_contractual_is_paid_less_an_allowance():
    (one,) = remittances(meeting("contractual").sends(a_claim()))
    adjustments = [adj for line in one.claims[0].lines for adj in line.adjustments]
    assert {(adj.group_code, adj.reason_code) for adj in adjustments} == {("CO", "45")}
    assert 0 < one.payment.amount_cents < BILLED


def test_patient_share_is_stated_on_claim_and_lines():
    (one,) = remittances(meeting("patient-share").sends(a_claim()))
    (claim,) = one.claims
    shares = sum(
        adj.amount_cents
        for line in claim.lines
        for adj in line.adjustments
        if adj.group_code == "PR"
    )
    assert claim.patient_responsibility_cents == shares > 0


def test_partial_pays_the_first_line_and_denies_the_others():
    (one,) = remittances(meeting("partial").sends(a_claim()))
    first, *others = one.claims[0].lines
    assert first.paid_cents > 0
    assert {line.paid_cents for line in others} == {0}
    assert {line.adjustments[0].reason_code for line in others} == {"50"}


@pytest.mark.parametrize("scenario", sorted(DENIALS))
def test_a_denial_carries_its_group_reason_and_remarks(scenario):
    (one,) = remittances(meeting(scenario).sends(a_claim()))
    group, reason, remarks = DENIALS[scenario]
    for line in one.claims[0].lines:
        assert [(a.group_code, a.reason_code) for a in line.adjustments] == [(group, reason)]
        assert line.remark_codes == remarks
        assert line.paid_cents == 0
    assert one.claims[0].claim_status_code == "1", "a line denial arrives under 1"
    assert one.payment.method_code == "NON"


def test_a_whole_claim_is_denied_at_its_head():
    (one,) = remittances(meeting("denied-whole-claim").sends(a_claim()))
    assert one.claims[0].claim_status_code == "4"
    assert one.claims[0].lines == ()
    assert one.claims[0].adjustments[0].amount_cents == BILLED


def test_a_split_claim_comes_back_as_two_that_add_up():
    (one,) = remittances(meeting("split").sends(a_claim()))
    first, second = one.claims
    assert first.claim_id == second.claim_id == "PA"
    assert first.payer_claim_control_number != second.payer_claim_control_number
    assert first.billed_cents + second.billed_cents == BILLED


@pytest.mark.parametrize("scenario", ["reversal-correction", "pending", "forward-balance"])
def test_second_thoughts_reverse_exactly_what_was_said_first(scenario):
    first, second = remittances(meeting(scenario).sends(a_claim()))
    (before,) = first.claims
    back, after = second.claims
    assert back.is_reversal
    assert (back.billed_cents, back.paid_cents) == (-BILLED, -before.paid_cents)
    assert [
        (adj.group_code, adj.reason_code, -adj.amount_cents)
        for line in back.lines
        for adj in line.adjustments
    ] == [
        (adj.group_code, adj.reason_code, adj.amount_cents)
        for line in before.lines
        for adj in line.adjustments
    ]
    assert after.claim_status_code == "1"
    numbers = {one.payer_claim_control_number for one in (before, back, after)}
    assert len(numbers) == 1


def test_a_forward_balance_is_carried_under_one_trace_and_taken_from_a_later_payment():
    payer = meeting("forward-balance")
    first, second = remittances(payer.sends(a_claim()))
    (carried,) = second.provider_adjustments
    assert (carried.reason_code, carried.amount_cents) == ("FB", -first.payment.amount_cents)
    assert carried.reference_number == second.payment.trace_number
    assert second.payment.amount_cents == 0
    (small,) = remittances(payer.sends(a_claim("PB", "BPX2", [a_line(billed_cents=100)])))
    assert small.provider_adjustments == (), "it does not cover the balance"
    (large,) = remittances(payer.sends(a_claim("PC", "BPX3", [a_line(billed_cents=900_000)])))
    (taken,) = large.provider_adjustments
    assert (taken.reason_code, taken.amount_cents) == ("FB", first.payment.amount_cents)
    assert taken.reference_number == second.payment.trace_number
    (later,) = remittances(payer.sends(a_claim("PD", "BPX4")))
    assert later.provider_adjustments == (), "it is taken once"


@pytest.mark.parametrize(
    ("scenario", "reason", "sign"), [("recoupment", "WO", 1), ("interest", "L6", -1)]
)
def test_a_provider_adjustment_changes_the_payment_and_no_claim(scenario, reason, sign):
    (one,) = remittances(meeting(scenario).sends(a_claim()))
    (adjustment,) = one.provider_adjustments
    assert adjustment.reason_code == reason
    assert adjustment.amount_cents * sign > 0
    assert one.payment.amount_cents == one.claims[0].paid_cents - adjustment.amount_cents


def test_an_unbalanced_remittance_comes_in_a_file_of_its_own():
    payer = meeting("out-of-balance")
    bad, good = remittances(payer.sends(a_claim(), a_claim("PB", "BPX2")))
    if bad.claims[0].claim_id == "PB":
        bad, good = good, bad
    assert x835.check(good) == []
    assert [one.rule_id for one in x835.check(bad)] == ["claim-out-of-balance"]


def test_the_835_may_come_before_the_277ca():
    payer = Payer(Rules(members={"BPX1": "835-before-277ca"}))
    payer.book._timing = Timing(remit_after_s=60, rethink_after_s=60, late_277ca_s=5)
    data = write_interchange(RECEIVER, "P", (1, 1, ["0001"]), [[a_claim()]], NOW)
    payer.book.take("northside", data)
    payer.book.answer_next(NOW)
    payer.book.remit(NOW)
    soon = payer.book.waiting("northside", ("277CA", "835"), 10, NOW + timedelta(seconds=4))
    assert [one.kind for one in soon] == ["277CA", "835"], "the clearinghouse's, then the money"
    late = payer.book.waiting("northside", ("277CA",), 10, NOW + timedelta(seconds=6))
    assert len(late) == 2


def test_the_same_835_may_come_twice():
    files = meeting("835-twice").sends(a_claim())
    first, second = [data for kind, data in files if kind == "835"]
    assert first == second


def test_a_ta1_refuses_the_interchange_and_nothing_else_comes():
    payer = meeting("rejected-ta1")
    files = payer.sends(a_claim(), a_claim("PB", "BPX2"))
    assert [kind for kind, _ in files] == ["TA1"]
    assert read_answers(files[0][1]).interchanges[0].is_rejected
    again = payer.sends(a_claim())
    assert levels(again)[-1] == ("PA", "277CA-payer", False), "it happens once"


def test_a_999_refuses_the_transaction_set_and_names_the_claim():
    payer = meeting("rejected-999")
    files = payer.sends(a_claim(), a_claim("PB", "BPX2"))
    assert [kind for kind, _ in files] == ["TA1", "999"]
    (transaction, _) = read_answers(files[1][1]).transactions
    assert transaction.is_rejected
    assert transaction.claim_ids == {"PA"}
    assert levels(payer.sends(a_claim()))[-1] == ("PA", "277CA-payer", False)


@pytest.mark.parametrize(
    ("scenario", "level", "answers"),
    [
        ("rejected-277ca-clearinghouse", "277CA-clearinghouse", 1),
        ("rejected-277ca-payer", "277CA-payer", 2),
    ],
)
def test_a_277ca_refuses_one_claim_and_it_is_never_adjudicated(scenario, level, answers):
    payer = meeting(scenario)
    files = payer.sends(a_claim(), a_claim("PB", "BPX2"))
    said = [one for one in levels(files) if one[0] == "PA"]
    assert len(said) == answers
    assert said[-1] == ("PA", level, True)
    (one,) = remittances(files)
    assert [claim.claim_id for claim in one.claims] == ["PB"]
    assert levels(payer.sends(a_claim()))[-1] == ("PA", "277CA-payer", False)


def test_a_claim_with_a_fault_is_refused_by_the_clearinghouse():
    claim_id, content = a_claim()
    content = replace(content, facility=replace(content.facility, npi="1453100013"))
    files = Payer().sends((claim_id, content))
    assert levels(files) == [("PA", "277CA-clearinghouse", True)]


def test_the_same_claim_again_is_a_duplicate():
    payer = Payer()
    payer.sends(a_claim())
    (one,) = remittances(payer.sends(a_claim()))
    assert one.claims[0].lines[0].adjustments[0].reason_code == "18"


def test_a_replacement_takes_the_first_payment_back():
    payer = Payer()
    (first,) = remittances(payer.sends(a_claim()))
    number = first.claims[0].payer_claim_control_number
    more = a_claim("PB", lines=[a_line(billed_cents=50_000)], frequency_code="7",
                   payer_claim_control_number=number)  # fmt: skip
    (second,) = remittances(payer.sends(more))
    back, instead = second.claims
    assert (back.claim_id, back.paid_cents) == ("PA", -first.claims[0].paid_cents)
    assert (instead.claim_id, instead.frequency_code) == ("PB", "7")


def test_a_void_takes_it_back_and_pays_nothing():
    payer = Payer()
    (first,) = remittances(payer.sends(a_claim()))
    number = first.claims[0].payer_claim_control_number
    void = a_claim("PB", frequency_code="8", payer_claim_control_number=number)
    (second,) = remittances(payer.sends(void))
    (back,) = second.claims
    assert back.is_reversal
    assert second.payment.amount_cents == 0


def test_institutional_claims_are_answered_too():
    content = a_content(a_stay(lines=[a_facility_line()]))
    files = Payer().sends(("IA", content), form="I")
    (one,) = remittances(files)
    assert one.claims[0].lines[0].procedure.qualifier_code == "NU"
    assert one.claims[0].facility_code == "11"


def test_an_interchange_is_taken_once_and_its_number_never_for_other_bytes():
    payer = Payer()
    data = write_interchange(RECEIVER, "P", (1, 1, ["0001"]), [[a_claim()]], NOW)
    other = write_interchange(RECEIVER, "P", (1, 1, ["0001"]), [[a_claim("PB")]], NOW)
    assert payer.book.take("northside", data) == "taken"
    assert payer.book.take("northside", data) == "again"
    assert payer.book.take("northside", other) == "number-reused"
    assert payer.book.take("lakeview", other) == "taken", "each mailbox has its own numbers"
    assert payer.book.take("northside", b"hello") == "not-x12"


def test_a_restart_forgets_nothing(tmp_path):
    path = tmp_path / "payer.db"
    first = Book(path, Rules(), AT_ONCE)
    data = write_interchange(RECEIVER, "P", (1, 1, ["0001"]), [[a_claim()]], NOW)
    first.take("northside", data)
    first.close()
    second = Book(path, Rules(), AT_ONCE)
    assert second.has("northside", "NORTHSIDE", "SIMCLEAR", "000000001")
    assert second.answer_next(NOW), "what was taken is answered"
    second.close()
    third = Book(path, Rules(), AT_ONCE)
    assert not third.answer_next(NOW)
    assert third.remit(LATER) == 1
    names = [one.name for one in third.waiting("northside", ("999", "277CA", "835"), 10, LATER)]
    assert len(set(names)) == 4


def test_the_same_claims_meet_the_same_fate_whatever_the_order():
    rules = Rules(seed="7", mix={"contractual": 5, "denied-coding": 3, "patient-share": 2})
    claims = [a_claim(f"P{n}", f"BPX{n}") for n in range(20)]

    def paid(order):
        found = remittances(Payer(rules).sends(*order))
        return {claim.claim_id: claim.paid_cents for one in found for claim in one.claims}

    assert paid(claims) == paid(claims[::-1])
    assert paid(claims) != {
        claim.claim_id: claim.paid_cents
        for one in remittances(Payer(replace(rules, seed="8")).sends(*claims))
        for claim in one.claims
    }


def test_the_same_charge_is_answered_alike_whatever_its_sender_numbers_it():
    """Our own numbers come from a key that every installation draws for itself."""
    rules = Rules(seed="7", mix={"contractual": 5, "denied-coding": 3, "patient-share": 2})

    def money(prefix):
        found = remittances(
            Payer(rules).sends(*(a_claim(f"{prefix}{n}", f"BPX{n}") for n in range(20)))
        )
        claims = sorted((c for one in found for c in one.claims), key=lambda c: int(c.claim_id[1:]))
        return [
            (c.paid_cents, [(a.group_code, a.amount_cents) for s in c.lines for a in s.adjustments])
            for c in claims
        ]

    assert money("P") == money("Q")
    assert len({paid for paid, _ in money("P")}) > 5


def test_rules_are_read_and_unknown_scenarios_refused():
    assert read_rules(b'{"BPX1": "paid"}').members == {"BPX1": "paid"}
    assert read_rules(b'{"seed": "3", "payers": {"X": "paid"}}').payers == {"X": "paid"}
    with pytest.raises(UnknownScenario):
        read_rules(b'{"mix": {"paid-twice": 1}}')


@pytest.mark.parametrize(
    "rules",
    [
        Rules(claims={"PA": "paid"}, members={"BPX1": "split"}),
        Rules(members={"BPX1": "paid"}, payers={"54771": "split"}),
        Rules(payers={"54771": "paid"}, groups={"GRP001": "split"}),
        Rules(groups={"GRP001": "paid"}, mix={"split": 1}),
    ],
)
def test_what_is_nearer_to_the_claim_decides(rules):
    assert rules.scenario("PA", "BPX1", "54771", "GRP001", "") == "paid"


def test_every_scenario_is_told_apart():
    assert {*DENIALS, *PAYMENTS, *REJECTIONS, *LINE_FAULTS} == SCENARIOS
