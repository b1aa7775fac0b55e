"""The next payer is asked for what the one before left, by a claim built from its answer."""

from itertools import permutations

import pytest
from msgspec.structs import replace

from claims_cases import (
    NOW,
    PAID,
    SECONDARY,
    Case,
    a_coverage,
    a_directory,
    a_line,
    a_secondary,
    a_subscriber,
    an_encounter,
    answered,
    cas,
    remittance,
    turned,
    two_payers,
    x277ca,
)
from claims_svc.model.directory import Payer
from claims_svc.model.prior import standing
from claims_svc.rules import coordination, findings
from claims_svc.rules.edit import Setting
from rcm.events.claims import (
    ClaimHeld,
    ClaimPrepared,
    ClaimReplaced,
    EncounterBilled,
    PayerNumberLearned,
)
from rcm.events.claims_coordination import (
    ClaimCoordinated,
    PriorAnswer,
    PriorAnswerLearned,
)
from rcm.events.phi import ClearPhi
from rcm.events.remit import PaidLine

TWO_LINES = [a_line(1), a_line(2, procedure_code="G0444", billed_cents=2_200)]


def sent(coded=None, directory=None):
    """Send the first payer's claim; give the case and the claim's id."""
    case = Case(directory)
    case.coded(coded or two_payers())
    (claim_id,) = case.claim_ids("ready")
    case.sends(claim_id)
    return case, claim_id


def told(case, *causes):
    """Let answers of one claim come, then tell the next payer; give the events of that."""
    for cause in causes:
        case.happens(cause)
    case.tells_next(causes[0].stream_id)
    return [fact.event for fact in case.story.facts]


def the_reasons(event):
    assert isinstance(event, ClaimHeld), "it was not held"
    return {one.rule_id for one in event.reasons if one.severity == "error"}


def segments(case, claim_id):
    """Send a claim; give its segments."""
    data = case.sends(claim_id).data.decode()
    return [segment.strip() for segment in data.split("~")]


def test_an_answer_makes_the_secondary_claim_with_what_the_first_payer_did():
    case, primary = sent()
    coordinated, made = told(case, answered(primary))
    assert (coordinated.outcome, coordinated.left_cents) == ("billed", 3_000)
    assert isinstance(made, ClaimPrepared)
    assert (made.prior_claim_id, made.payer_id) == (primary, "SKMCD")
    assert made.payer_sequence_code == "S"
    assert made.billed_cents == 17_500, "the whole charge, with what was paid beside it"
    assert made.claim_id != primary
    found = segments(case, made.claim_id)
    assert "SBR*S*18*******MC" in found
    assert "SBR*P*18*GRP001******BL" in found
    for wanted in (
        "AMT*D*100",
        "OI***Y***Y",
        "NM1*PR*2*BLUE PRAIRIE PPO*****PI*54771",
        "REF*F8*PCN7",
        "SVD*54771*100*HC:G0439**1",
        "CAS*CO*45*45",
        "CAS*PR*2*30",
        "DTP*573*D8*20261122",
        "AMT*EAF*30",
    ):
        assert wanted in found
    assert case.row("claim", claim_id=primary)["next_claim_id"] == made.claim_id


def test_the_clock_of_a_secondary_claim_begins_with_the_answer():
    case, primary = sent()
    _, made = told(case, answered(primary))
    assert made.filing_deadline_on == "2027-02-20"  # 90 days from 2026-11-22


def test_an_answer_without_lines_stands_at_the_claim():
    case, primary = sent()
    whole = remittance(
        primary,
        paid_cents=10_000,
        adjustments=cas(("CO", "45", 4_500), ("PR", "2", 3_000)),
        remark_codes=["MA01"],
    )
    _, made = told(case, whole)
    found = segments(case, made.claim_id)
    assert "DTP*573*D8*20261122" in found
    assert "AMT*EAF*30" in found
    assert "MOA***MA01" in found
    assert not any(one.startswith("SVD") for one in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"forwarded_to": "STATE MEDICAID", "claim_status_code": "19"},
        {"forwarded_to": "the next payer", "remark_codes": ["MA18"]},
    ],
)
def test_a_claim_that_the_payer_sent_on_makes_no_second_one_of_ours(changes):
    case, primary = sent()
    (coordinated,) = told(case, answered(primary, **changes))
    assert (coordinated.outcome, coordinated.next_claim_id) == ("crossed-over", "")


def test_nothing_is_asked_of_the_next_payer_where_nothing_is_left():
    case, primary = sent()
    (coordinated,) = told(case, remittance(primary))
    assert coordinated.outcome == "nothing-left"


def test_without_another_coverage_an_answer_is_not_kept():
    case, primary = sent(an_encounter())
    case.happens(answered(primary)).then(PayerNumberLearned)
    assert case.state(primary).answers == []


def test_an_answer_to_part_of_the_claim_holds_the_next_one_until_the_rest_is_there():
    case, primary = sent(two_payers(lines=TWO_LINES))
    coordinated, held = told(case, answered(primary))
    assert coordinated.outcome == "billed"
    assert the_reasons(held) == {"prior-adjudication-unbalanced"}
    assert "22.00 is unexplained" in held.reasons[0].text
    rest = PaidLine(
        line_item_control_number="L2",
        procedure_code="G0444",
        billed_cents=2_200,
        paid_cents=1_000,
        adjustments=cas(("PR", "3", 1_200)),
    )
    second = answered(primary, rest, position=2, payer_claim_control_number="PCN7B")
    coordinated, made = told(case, second)
    assert isinstance(made, ClaimPrepared)
    assert made.claim_id == held.claim_id, "built anew in place"
    assert coordinated.left_cents == 4_200


def test_a_line_that_nobody_knows_holds_it():
    case, primary = sent()
    strange = PaidLine(
        line_item_control_number="L9",
        procedure_code="G0101",
        billed_cents=17_500,
        paid_cents=14_500,
        adjustments=cas(("PR", "2", 3_000)),
    )
    _, held = told(case, answered(primary, strange))
    assert the_reasons(held) >= {"prior-line-unknown"}


def test_a_line_without_a_number_is_known_by_its_code_and_charge():
    case, primary = sent(two_payers(lines=TWO_LINES))
    bare = [
        PaidLine(procedure_code="G0444", billed_cents=2_200, paid_cents=2_200),
        PaidLine(
            procedure_code="G0439",
            billed_cents=17_500,
            paid_cents=14_500,
            adjustments=cas(("PR", "2", 3_000)),
        ),
    ]
    _, made = told(case, answered(primary, *bare))
    found = segments(case, made.claim_id)
    assert found.index("SVD*54771*145*HC:G0439**1") < found.index("SVD*54771*22*HC:G0444**1")


def test_a_reversal_holds_what_has_not_left_and_the_correction_builds_it_anew():
    case, primary = sent()
    first = answered(primary)
    _, made = told(case, first)
    coordinated, held = told(case, turned(first, remittance_id="rem_2"))
    assert coordinated.outcome == "taken-back"
    assert held.claim_id == made.claim_id
    assert the_reasons(held) == {"prior-adjudication-missing"}
    corrected = PaidLine(
        line_item_control_number="L1",
        procedure_code="G0439",
        billed_cents=17_500,
        paid_cents=12_000,
        adjustments=cas(("CO", "45", 4_500), ("PR", "2", 1_000)),
    )
    again = answered(primary, corrected, kind="correction", remittance_id="rem_2", position=2)
    coordinated, anew = told(case, again)
    assert isinstance(anew, ClaimPrepared)
    assert anew.claim_id == made.claim_id
    assert coordinated.left_cents == 1_000


def test_a_correction_replaces_a_secondary_claim_that_the_payer_has():
    case, primary = sent()
    first = answered(primary)
    _, made = told(case, first)
    case.sends(made.claim_id)
    (coordinated,) = told(case, turned(first, remittance_id="rem_2"))
    assert coordinated.outcome == "taken-back"
    corrected = replace(
        first.event.lines[0],
        paid_cents=12_000,
        adjustments=cas(("CO", "45", 4_500), ("PR", "2", 1_000)),
    )
    again = answered(primary, corrected, kind="correction", remittance_id="rem_2", position=2)
    assert told(case, again) == [], "its number at the payer is not known yet"
    case.happens(
        remittance(made.claim_id, payer_sequence_code="S", payer_claim_control_number="S1")
    )
    case.tells_next(primary)
    replacement = case.story.facts[-1].event
    assert (replacement.frequency_code, replacement.replaces_claim_id) == ("7", made.claim_id)
    assert replacement.payer_claim_control_number == "S1"
    assert replacement.prior_claim_id == primary


def test_a_secondary_that_is_not_needed_any_more_is_taken_back():
    case, primary = sent()
    first = answered(primary)
    _, made = told(case, first)
    case.happens(turned(first, remittance_id="rem_2"))
    full = replace(first.event.lines[0], paid_cents=17_500, adjustments=[])
    events = told(
        case, answered(primary, full, kind="correction", remittance_id="rem_2", position=2)
    )
    assert [type(one) for one in events] == [ClaimCoordinated, ClaimReplaced]
    assert (events[1].claim_id, events[1].prior_claim_id) == (made.claim_id, primary)


def test_a_third_payer_is_told_what_both_before_said():
    third = a_coverage(**(SECONDARY | {"sequence_code": "T", "payer_id": "87726"}))
    subscribers = [a_subscriber(member_number=f"M0000{n}") for n in range(3)]
    coded = an_encounter(
        coverages=[a_coverage(), a_coverage(**SECONDARY), third],
        subscribers=ClearPhi.of("pt_1", subscribers),
    )
    case, primary = sent(coded)
    _, second = told(case, answered(primary))
    case.sends(second.claim_id)
    line = PaidLine(
        line_item_control_number="L1",
        procedure_code="G0439",
        billed_cents=17_500,
        paid_cents=2_000,
        adjustments=cas(("OA", "23", 14_500), ("PR", "3", 1_000)),
    )
    coordinated, made = told(
        case,
        answered(second.claim_id, line, payer_sequence_code="S", payer_claim_control_number="S1"),
    )
    assert (coordinated.payer_sequence_code, coordinated.left_cents) == ("T", 1_000)
    assert isinstance(made, ClaimPrepared)
    found = segments(case, made.claim_id)
    assert {"SVD*54771*100*HC:G0439**1", "SVD*SKMCD*20*HC:G0439**1"} <= set(found)
    assert "CAS*OA*23*145" in found


def test_a_claim_to_a_second_payer_alone_is_held_until_the_first_is_said_not_to_cover_it():
    coded = two_payers()
    first, second = coded.coverages
    (case := Case()).coded(replace(coded, coverages=[second, first]))
    held = case.story.facts[-1].event
    assert the_reasons(held) == {"prior-adjudication-missing"}
    case.corrects(held.claim_id, is_non_covered_before=True).then(ClaimPrepared)
    assert "AMT*A8*175" in segments(case, held.claim_id)


def test_medicare_as_second_payer_has_to_say_why():
    coded = two_payers()
    medicare = a_coverage(
        payer_id="00831",
        payer_name="MEDICARE B",
        sequence_code="S",
        claim_filing_indicator_code="MB",
    )
    subscribers = [a_subscriber(), a_subscriber(member_number="1EG4TE5MK73", group_number="")]
    coded = replace(
        coded,
        coverages=[coded.coverages[0], medicare],
        subscribers=ClearPhi.of("pt_1", subscribers),
    )
    case, primary = sent(coded)
    _, held = told(case, answered(primary))
    assert the_reasons(held) == {"medicare-secondary-reason-missing"}
    assert held.filing_deadline_on == "2027-11-02", "Medicare's year begins with the service"
    case.corrects(held.claim_id, insurance_type_code="12").then(ClaimPrepared)
    assert "SBR*S*18***12****MB" in segments(case, held.claim_id)


def test_a_corrected_secondary_keeps_its_clock():
    directory = a_directory(payers=[Payer(payer_id="54771", receiver_id="SIMCLEAR")])
    case, primary = sent(directory=directory)
    _, made = told(case, answered(primary))
    case.corrects(made.claim_id, referral_number="R1")
    assert case.story.facts[-1].event.filing_deadline_on == made.filing_deadline_on
    assert case.story.facts[-1].event.prior_claim_id == primary


def test_a_rejected_secondary_goes_again_with_the_same_answers():
    case, primary = sent()
    _, made = told(case, answered(primary))
    case.sends(made.claim_id)
    number = case.written[-1]
    reference = (
        f"{number.interchange_control_number}{case.state(made.claim_id).transaction_control_number}"
    )
    case.is_told(x277ca(reference, (made.claim_id, "A7")))
    assert case.state(made.claim_id).status == "rejected"
    case.releases(made.claim_id)
    assert "SVD*54771*100*HC:G0439**1" in segments(case, made.claim_id)


def test_the_encounter_is_billed_by_the_first_payers_claim_alone():
    case, primary = sent()
    told(case, answered(primary))
    assert case.row("encounter", encounter_id="enc_1")["claim_ids"] == [primary]
    assert EncounterBilled not in [type(fact.event) for fact in case.story.facts]


def test_an_answer_is_learned_once():
    case, primary = sent()
    cause = answered(primary)
    case.happens(cause).then(PayerNumberLearned, PriorAnswerLearned)
    assert len(case.state(primary).answers) == 1


BELOW_ZERO = replace(PAID.lines[0], paid_cents=-100, adjustments=cas(("PR", "2", 17_600)))


BROKEN = [
    ("prior-adjudication-missing", a_secondary(None)),
    ("prior-adjudication-missing", replace(a_secondary(PAID), others=[])),
    ("prior-adjudication-unbalanced", a_secondary(replace(PAID, paid_cents=14_499))),
    ("prior-line-unknown", a_secondary(replace(PAID, unknown_lines_count=1))),
    ("prior-reversal-open", a_secondary(replace(PAID, open_reversals_count=1))),
    (
        "prior-payment-negative",
        a_secondary(replace(PAID, paid_cents=-100, lines=[BELOW_ZERO])),
    ),
    (
        "medicare-secondary-reason-missing",
        a_secondary(PAID, claim_filing_indicator_code="MA", payer_id="00831"),
    ),
]


def ids_of(content):
    """Run the edits of coordination over a content."""
    setting = Setting(NOW.date(), NOW.date())
    return {one.rule_id for one in findings(content, setting)} & NAMES


NAMES = {edit.rule_id for edit in coordination.EDITS}


@pytest.mark.parametrize(("rule_id", "content"), BROKEN)
def test_an_edit_of_coordination_holds_what_it_is_for(rule_id, content):
    assert ids_of(content) == {rule_id}


def test_every_edit_of_coordination_has_a_case_that_breaks_it():
    assert {rule_id for rule_id, _ in BROKEN} == NAMES
    assert ids_of(a_secondary(PAID)) == set()


def test_a_reversal_may_come_before_what_it_takes_back():
    first = learned_of(answered("P1"))
    back = learned_of(turned(answered("P1")))
    correction = replace(first, paid_cents=12_000)
    for order in permutations([first, back, correction]):
        stand = standing(order)
        assert stand.answers == (correction,)
        assert stand.open_reversals == ()
    assert standing([back]).open_reversals == (back,)


def learned_of(cause):
    """Give what is kept of an answer."""
    event = cause.event
    return PriorAnswer(
        remittance_id=event.remittance_id,
        position=event.position,
        payer_sequence_code=event.payer_sequence_code,
        is_reversal=event.kind == "reversal",
        effective_on=event.effective_on,
        payer_claim_control_number=event.payer_claim_control_number,
        billed_cents=event.billed_cents,
        paid_cents=event.paid_cents,
        lines=event.lines,
    )
