"""Given what payers answered before, when an answer comes, then these denials."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from denials_cases import (
    answer,
    asks,
    cas,
    denials,
    id_of,
    line,
    open_denials,
    replaced,
    turned,
)
from denials_svc.decide import work
from denials_svc.problems import (
    AlreadyAskedFor,
    DenialIsClosed,
    NewClaimNeeded,
    PayerNumberUnknown,
)
from rcm.events.denials import (
    AdjudicationAssessed,
    CodingReworkRequested,
    CorrectedClaimRequested,
    DenialAssigned,
    DenialChanged,
    DenialClosed,
    DenialOpened,
    ReplacementNoted,
)
from rcm.problems import NotFound

DENIED = answer(line(cas("CO", "45", 2_000), cas("CO", "197", 10_500), remarks=("N54",)))
PAID = answer(
    line(cas("CO", "45", 2_000), paid=10_500), kind="correction", remittance="rem_3", position=2
)
DENIED_AGAIN = answer(
    line(cas("CO", "45", 2_000), cas("CO", "197", 4_000), paid=6_500),
    kind="correction",
    remittance="rem_3",
    position=2,
    on="2026-04-01",
)
AUTH = id_of("authorization")


def test_a_clean_claim_leaves_no_trace():
    story = denials.when(answer(line(cas("CO", "45", 2_000), cas("PR", "1", 500), paid=10_000)))
    story.then()
    assert story.service.streams == {}


def test_a_denied_line_opens_a_denial():
    story = denials.when(DENIED).then(AdjudicationAssessed, DenialOpened)
    opened = story.facts[1].event
    assert (opened.denied_cents, opened.family, opened.remark_codes) == (
        10_500,
        "authorization",
        ["N54"],
    )


@pytest.mark.parametrize("kind", ["forwarded", "information"])
def test_a_status_without_adjudication_denies_nothing(kind):
    denials.when(answer(line(cas("CO", "197", 10_500)), kind=kind)).then()


def test_a_denial_is_found_under_a_status_of_processed_and_not_by_the_amount_paid():
    denials.when(answer(line(cas("CO", "97", 1), paid=12_499), status="1")).then(
        AdjudicationAssessed, DenialOpened
    )
    denials.when(answer(line(cas("CO", "45", 12_500)), status="4")).then()


def test_a_reversal_closes_what_it_reverses():
    story = denials.given(DENIED).when(turned(DENIED)).then(AdjudicationAssessed, DenialClosed)
    assert story.facts[1].event.cause == "reversed"


def test_a_correction_that_pays_says_what_was_recovered():
    story = denials.given(DENIED, turned(DENIED)).when(PAID)
    story.then(AdjudicationAssessed, DenialClosed)
    closed = story.facts[1].event
    assert (closed.cause, closed.recovered_cents) == ("overturned", 10_500)


def test_a_correction_before_its_reversal_ends_the_same():
    story = denials.given(DENIED, PAID).when(turned(DENIED))
    story.then(AdjudicationAssessed, DenialClosed)
    closed = story.facts[1].event
    assert (closed.cause, closed.recovered_cents) == ("overturned", 10_500)


def test_a_correction_that_denies_again_opens_the_same_denial_again():
    given = denials.given(DENIED, asks(work.assign, AUTH, "user-7"), turned(DENIED))
    story = given.when(DENIED_AGAIN).then(AdjudicationAssessed, DenialOpened)
    opened = story.facts[1].event
    assert (opened.denial_id, opened.denied_cents, opened.paid_cents) == (AUTH, 4_000, 6_500)
    (row,) = story.service.table("denial")
    assert (row["opened_count"], row["owner"], row["is_open"]) == (2, "user-7", True)


def test_a_correction_before_its_reversal_changes_the_denial_and_opens_no_second():
    story = denials.given(DENIED, DENIED_AGAIN).when(turned(DENIED))
    story.then(AdjudicationAssessed, DenialChanged)
    changed = story.facts[1].event
    assert (changed.denied_cents, changed.deadline_on) == (4_000, "2026-05-31")


def test_a_later_payment_closes_a_denial_as_paid():
    more = answer(line(cas("CO", "197", -10_500), paid=10_500), remittance="rem_5")
    story = denials.given(DENIED).when(more).then(AdjudicationAssessed, DenialClosed)
    assert (story.facts[1].event.cause, story.facts[1].event.recovered_cents) == ("paid", 10_500)


def test_a_later_partial_payment_changes_a_denial():
    more = answer(line(cas("CO", "197", -4_000), paid=4_000), remittance="rem_5")
    story = denials.given(DENIED).when(more).then(AdjudicationAssessed, DenialChanged)
    assert story.facts[1].event.denied_cents == 6_500


def test_a_reversal_before_its_payment_opens_nothing():
    story = denials.when(turned(DENIED)).then(AdjudicationAssessed)
    story.when(DENIED).then(AdjudicationAssessed)
    assert open_denials(story) == {}


def test_an_answer_of_another_leg_leaves_a_denial_alone():
    second = answer(line(cas("OA", "23", 12_500)), leg="S", status="2", remittance="rem_4")
    story = denials.given(DENIED).when(second).then()
    assert open_denials(story) == {("P", "L1", "authorization"): 10_500}


def test_each_leg_has_denials_of_its_own():
    second = answer(line(cas("CO", "197", 500)), leg="S", status="2", remittance="rem_4")
    story = denials.given(DENIED).when(second)
    assert len(open_denials(story)) == 2


def test_a_replaced_claim_has_no_open_denials():
    story = denials.given(DENIED).when(replaced()).then(ReplacementNoted, DenialClosed)
    assert story.facts[1].event.cause == "replaced"
    story.when(replaced()).then()


def test_nothing_opens_on_a_claim_that_was_replaced_before_it_was_answered():
    story = denials.given(replaced()).when(DENIED).then(AdjudicationAssessed)
    assert open_denials(story) == {}


def test_lines_without_our_number_are_told_by_procedure_and_turn():
    first = line(cas("CO", "97", 100), number="")
    second = line(cas("CO", "97", 200), number="")
    story = denials.when(answer(first, second))
    assert open_denials(story) == {
        ("P", "#99213.1", "bundling"): 100,
        ("P", "#99213.2", "bundling"): 200,
    }
    story.when(turned(answer(first, second)))
    assert open_denials(story) == {}


def test_parts_of_a_split_line_are_added_up():
    story = denials.when(answer(line(cas("CO", "97", 100)), line(cas("CO", "97", 200))))
    assert open_denials(story) == {("P", "L1", "bundling"): 300}


def test_a_write_off_stands_until_the_payer_denies_anew():
    given = denials.given(DENIED, asks(work.write_off, AUTH, "efforts-exhausted"))
    other_line = answer(line(cas("CO", "45", 10), paid=90), remittance="rem_8")
    given.when(other_line).then(AdjudicationAssessed)
    assert open_denials(given) == {}
    given.when(turned(DENIED)).then(AdjudicationAssessed)
    given.when(DENIED_AGAIN).then(AdjudicationAssessed, DenialOpened)


def test_the_family_of_a_reason_is_that_of_its_first_sight():
    from denials_svc.decide.assess import on_received
    from denials_svc.handlers import service
    from denials_svc.rules import deadlines
    from rcm.adjustments.table import BUILT_IN

    story = denials.given(DENIED)
    changed = BUILT_IN.overlaid("197 | CO | D | other | other | CALL | | moved")
    state = story.service.state(DENIED.stream_id)

    class Context:
        tenant_id = "northside"

    facts = on_received(state, turned(DENIED).event, Context, changed, deadlines.BUILT_IN)
    assert [fact.event.name for fact in facts] == ["AdjudicationAssessed", "DenialClosed"]
    assert service(changed).name == "denials-svc"


def test_a_denial_is_given_to_somebody_once():
    given = denials.given(DENIED)
    given.when(asks(work.assign, AUTH, "user-7")).then(DenialAssigned)
    given.when(asks(work.assign, AUTH, "user-7", command_id="again")).then()
    given.when(asks(work.assign, AUTH, "")).then(DenialAssigned)


def test_nothing_is_asked_for_on_a_closed_denial():
    given = denials.given(DENIED, turned(DENIED))
    for command in (
        asks(work.assign, AUTH, "user-7"),
        asks(work.write_off, AUTH, "x"),
        asks(work.request_rework, AUTH),
        asks(work.request_corrected_claim, AUTH, None),
    ):
        given.when(command).refused(DenialIsClosed, "reversed")


def test_nothing_is_asked_for_on_a_denial_that_does_not_exist():
    denials.given(DENIED).when(asks(work.assign, "dnl_none", "user-7")).refused(NotFound)
    denials.when(asks(work.assign, AUTH, "user-7")).refused(NotFound)


def test_a_denial_goes_back_to_the_coder_once():
    given = denials.given(DENIED)
    given.when(asks(work.request_rework, AUTH)).then(CodingReworkRequested)
    assert given.facts[0].event.encounter_id == "enc_1"
    given.when(asks(work.request_rework, AUTH, command_id="2")).refused(AlreadyAskedFor)


def test_a_corrected_claim_cites_the_payers_number():
    given = denials.given(DENIED)
    given.when(asks(work.request_corrected_claim, AUTH, None)).then(CorrectedClaimRequested)
    event = given.facts[0].event
    assert (event.frequency_code, event.payer_claim_control_number) == ("7", "PCN1")
    again = asks(work.request_corrected_claim, AUTH, "1", command_id="2")
    given.when(again).refused(AlreadyAskedFor)


def test_a_replacement_waits_for_the_payers_number():
    given = denials.given(answer(line(cas("CO", "197", 10_500)), number=""))
    given.when(asks(work.request_corrected_claim, AUTH, None)).refused(PayerNumberUnknown)
    given.when(asks(work.request_corrected_claim, AUTH, "1")).then(CorrectedClaimRequested)


def test_an_unprocessable_claim_is_sent_anew():
    given = denials.given(answer(line(cas("CO", "16", 12_500), remarks=("MA130",)), filing="MB"))
    technical = id_of("technical")
    given.when(asks(work.request_corrected_claim, technical, "7")).refused(NewClaimNeeded)
    given.when(asks(work.request_corrected_claim, technical, None)).then(CorrectedClaimRequested)
    assert given.facts[0].event.frequency_code == "1"


def test_medicare_part_b_takes_no_replacement():
    given = denials.given(answer(line(cas("CO", "197", 10_500)), filing="MB"))
    given.when(asks(work.request_corrected_claim, AUTH, "7")).refused(NewClaimNeeded)


REASONS = st.sampled_from(
    [("CO", "45"), ("CO", "197"), ("CO", "198"), ("CO", "50"), ("CO", "16"), ("PR", "27")]
)
LINES = st.lists(
    st.tuples(st.sampled_from(["L1", "L2", ""]), REASONS, st.integers(1, 500), st.integers(0, 500)),
    min_size=1,
    max_size=3,
)


@st.composite
def histories(draw):
    """Payments, some of them reversed, some of those answered anew; each with its own number."""
    history = []
    for number in range(draw(st.integers(1, 3))):
        told = [
            line(cas(*pair, cents), paid=paid, number=name, code=f"9921{at}")
            for at, (name, pair, cents, paid) in enumerate(draw(LINES))
        ]
        first = answer(*told, remittance=f"rem_{number}a")
        history.append(first)
        if draw(st.booleans()):
            history.append(turned(first, remittance=f"rem_{number}b"))
            if draw(st.booleans()):
                (name, pair, cents, paid) = draw(LINES)[0]
                anew = line(cas(*pair, cents), paid=paid, number=name, code="99210")
                history.append(answer(anew, kind="correction", remittance=f"rem_{number}c"))
    return history


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_open_denials_do_not_depend_on_the_order_of_the_answers(history, random):
    straight = denials.given(*history)
    shuffled = list(history)
    random.shuffle(shuffled)
    other = denials.given(*shuffled)
    assert open_denials(straight) == open_denials(other)
    assert all(cents > 0 for cents in open_denials(straight).values())


def test_every_order_of_payment_reversal_and_correction_leaves_the_same():
    for correction, left in ((PAID, {}), (DENIED_AGAIN, {("P", "L1", "authorization"): 4_000})):
        for order in itertools.permutations([DENIED, turned(DENIED), correction]):
            assert open_denials(denials.given(*order)) == left


def test_the_same_answer_delivered_twice_has_one_effect():
    story = denials.given()
    record = story.arriving(DENIED)
    story.service.deliver(record, record)
    story.service.deliver(record)
    assert open_denials(story) == {("P", "L1", "authorization"): 10_500}
    assert story.service.table("denial")[0]["opened_count"] == 1
