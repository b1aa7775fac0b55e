"""A release that coding asks back: taken back before it is sent, refused after, never both."""

from functools import partial

import pytest

from claims_cases import Case, a_coverage, a_stay, an_encounter
from claims_svc.decide.withdraw import settle_withdrawal
from claims_svc.model.states import encounter_stream
from rcm.events.claims import ClaimPrepared, ClaimReplaced, EncounterBilled
from rcm.events.claims_withdrawal import ReleaseWithdrawalNoted, ReleaseWithdrawalSettled
from rcm.events.coding_desk import ReleaseWithdrawalRequested
from service_cases import Cause


def asks_back(case, version=1):
    event = ReleaseWithdrawalRequested(
        encounter_id="enc_1", coded_version=version, withdrawal_id=f"wdr_{version}"
    )
    return case.happens(Cause("enc_1", event))


def settles(case):
    """As the job does: look the claims up, then decide."""
    claim_ids = [r["claim_id"] for r in case.rows("claim") if r["encounter_id"] == "enc_1"]
    decide = partial(
        settle_withdrawal,
        encounter_id="enc_1",
        outcome=case.row("encounter")["outcome"],
        claim_ids=claim_ids,
    )
    return case.happens(case.command([encounter_stream("enc_1"), *claim_ids], decide))


def answer(case):
    (settled,) = [
        f.event for f in case.story.facts if isinstance(f.event, ReleaseWithdrawalSettled)
    ]
    return settled


def test_a_release_that_was_not_sent_is_taken_back_and_is_never_sent():
    case = Case()
    case.coded()
    asks_back(case).then(ReleaseWithdrawalNoted)
    assert case.rows("withdrawal") == [
        {"tenant_id": "northside", "encounter_id": "enc_1", "coded_version": 1,
         "withdrawal_id": "wdr_1"}
    ]  # fmt: skip
    settles(case).then(ReleaseWithdrawalSettled, ClaimReplaced)
    assert (answer(case).outcome, answer(case).cause) == ("withdrawn", "")
    assert case.rows("withdrawal") == []
    case.batches(*case.claim_ids()).then()
    assert case.written == []
    settles(case).then()


def test_both_claims_of_a_stay_with_professional_lines_are_taken_back():
    from claims_cases import a_facility_line, a_line

    case = Case()
    case.coded(a_stay(lines=[a_facility_line(), a_line()]))
    asks_back(case)
    settles(case).then(ReleaseWithdrawalSettled, ClaimReplaced, ClaimReplaced)


@pytest.mark.parametrize("outcome", ["", "unknown", "sent"])
def test_a_release_that_is_in_an_interchange_stands(outcome):
    case = Case()
    case.coded()
    case.batches()
    if outcome:
        case.settles(outcome)
    asks_back(case)
    settles(case).then(ReleaseWithdrawalSettled)
    assert (answer(case).outcome, answer(case).cause) == ("refused", "sent")
    assert answer(case).claim_ids == case.claim_ids()
    assert case.rows("withdrawal") == []


def test_the_one_who_comes_first_wins_the_race_with_the_sending_job():
    first = Case()
    first.coded()
    asks_back(first)
    first.batches()
    settles(first)
    assert answer(first).outcome == "refused"

    second = Case()
    second.coded()
    (claim_id,) = second.claim_ids()
    asks_back(second)
    settles(second)
    second.batches(claim_id).then()
    assert second.state(claim_id).status == "replaced"


def test_an_interchange_that_was_proven_not_sent_lets_its_release_be_taken_back():
    case = Case()
    case.coded()
    case.batches()
    case.settles("not-sent")
    asks_back(case)
    settles(case)
    assert answer(case).outcome == "withdrawn"


def test_the_next_version_after_a_withdrawal_is_an_original_of_its_own():
    case = Case()
    case.coded()
    (old,) = case.claim_ids()
    asks_back(case)
    settles(case)
    case.coded(an_encounter(coded_version=2)).then(EncounterBilled)
    case.catches_up().then(EncounterBilled, ClaimPrepared)
    prepared = case.story.facts[1].event
    assert prepared.claim_id != old
    assert (prepared.frequency_code, prepared.coded_version) == ("1", 2)
    assert case.row("encounter")["claim_ids"] == [prepared.claim_id]


def test_a_replacement_that_was_not_sent_is_taken_back_and_the_first_claim_stands():
    case = Case()
    case.coded()
    (first,) = case.claim_ids()
    case.sends()
    case.happens(Cause("enc_1", an_encounter(coded_version=2)))
    asks_back(case, 2)
    settles(case)
    assert (answer(case).outcome, answer(case).claim_ids) == ("withdrawn", [])
    assert answer(case).standing_claim_ids == [first]
    assert answer(case).standing_cents == 17_500
    assert case.row("encounter")["outcome"] == "claims"
    case.catches_up().then()


def test_a_release_nobody_is_billed_for_is_taken_back():
    case = Case()
    case.coded(an_encounter(coverages=[]))
    asks_back(case)
    settles(case).then(ReleaseWithdrawalSettled)
    assert answer(case).outcome == "withdrawn"


def test_a_version_that_a_later_one_followed_stands():
    case = Case()
    case.coded()
    case.happens(Cause("enc_1", an_encounter(coded_version=2, coverages=[a_coverage()])))
    asks_back(case, 1)
    settles(case)
    assert (answer(case).outcome, answer(case).cause) == ("refused", "superseded")


def test_a_release_that_was_passed_over_has_nothing_to_send():
    case = Case()
    asks_back(case).then(ReleaseWithdrawalSettled)
    assert answer(case).outcome == "withdrawn"
    case.coded(an_encounter(coded_version=2)).then(EncounterBilled, ClaimPrepared)


def test_claims_that_were_made_since_they_were_looked_up_are_looked_up_again():
    case = Case()
    case.coded()
    asks_back(case)
    decide = partial(
        settle_withdrawal, encounter_id="enc_1", outcome="claims", claim_ids=["POTHER"]
    )
    case.happens(case.command([encounter_stream("enc_1"), "POTHER"], decide)).then()
    assert len(case.rows("withdrawal")) == 1
