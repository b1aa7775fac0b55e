"""Each invariant holds on a whole history, and is named by claim and event when it is broken."""

import msgspec
import pytest

from lifecycle_cases import CLAIM, SEALED, History, entries_of
from rcm.events import claims, delivery, denials, remit
from rcm.events.clinical import Adjustment, Reason
from rcm.invariants import check, compare_dumps, compare_streams


@pytest.fixture
def history():
    return bound(History().whole())


def bound(history):
    """Seal what is sealed for the event that it stands in, as the platform does."""
    for at, recorded in enumerate(history.recorded):
        event = recorded.event
        for name in ("patient", "subscribers", "content"):
            if getattr(event, name, None) is SEALED:
                place = f"{recorded.event_id}/{event.name}/{name}"
                phi = msgspec.structs.replace(SEALED, bound_to=place)
                event = msgspec.structs.replace(event, **{name: phi})
        history.recorded[at] = msgspec.structs.replace(recorded, event=event)
    return history


def changed(history, name, *, nth=0, recorded=None, **event):
    """Change the nth event of a name; returns its id."""
    places = [at for at, r in enumerate(history.recorded) if r.event.name == name]
    at = places[nth]
    old = history.recorded[at]
    history.recorded[at] = msgspec.structs.replace(
        old, event=msgspec.structs.replace(old.event, **event), **(recorded or {})
    )
    return old.event_id


def posted(history, *, nth=0, **changes):
    """Change the posting of the nth answer; returns the answer's id."""
    answers = [r for r in history.recorded if r.event.name == "RemittanceReceived"]
    posting = msgspec.structs.replace(answers[nth].event.posting, **changes)
    return changed(history, "RemittanceReceived", nth=nth, posting=posting)


def without(history, name):
    history.recorded = [r for r in history.recorded if r.event.name != name]


def broken(history, **options):
    return {(b.invariant, b.claim_id, b.event_id) for b in check(history.recorded, **options)}


def kinds(history, **options):
    return {breach.invariant for breach in check(history.recorded, **options)}


def test_a_whole_history_breaks_nothing(history):
    assert check(history.recorded) == []


def test_a_record_that_was_published_again_breaks_nothing(history):
    history.recorded += history.recorded[3:6]
    assert check(history.recorded) == []


def test_the_order_between_topics_matters_to_none(history):
    topics = {}
    for recorded in history.recorded:
        topics.setdefault(recorded.source, []).append(recorded)
    history.recorded = [r for source in sorted(topics, reverse=True) for r in topics[source]]
    assert check(history.recorded) == []


def test_i1_a_posting_that_does_not_sum_to_zero(history):
    entries = [remit.LedgerEntry(account="receivable", amount_cents=1)]
    event_id = changed(history, "ChargePosted", entries=entries)
    assert broken(history) == {("I1", CLAIM, event_id)}


def test_i1_a_balance_that_the_events_do_not_give(history):
    event_id = posted(history, balance_cents=1)
    assert broken(history) == {("I1", CLAIM, event_id)}


def test_i1_a_posting_of_old_was_a_fact_of_its_own():
    history = History()
    history.charged()
    history.answered(posted_apart=True)
    assert "I1" not in kinds(history, at_rest=False)
    event_id = changed(history, "PaymentPosted", balance_cents=1)
    assert ("I1", CLAIM, event_id) in broken(history, at_rest=False)


def test_i1_a_reversal_and_correction_balance_on_the_leg():
    history = History()
    history.charged()
    history.answered()
    history.answered(
        -4_500,
        [("CO", "45", -2_000), ("CO", "197", -5_000), ("PR", "1", -1_000)],
        kind="reversal", position=2, billed=-12_500,
    )  # fmt: skip
    assert "I1" in kinds(history, at_rest=False), "the reversal leaves all of it open"
    posted(history, nth=1, balance_cents=12_500)
    assert kinds(history, at_rest=False) == set()


def test_i2_a_patient_share_that_is_not_the_sum_of_pr(history):
    event_id = changed(history, "RemittanceReceived", patient_responsibility_cents=999)
    assert broken(history) == {("I2", CLAIM, event_id)}
    warning = [Reason(rule_id="patient-share", path="CLP05", text="CLP05 differs")]
    changed(history, "RemittanceAccepted", warnings=warning)
    assert broken(history) == set(), "somebody was told"


def test_i3_a_claim_payment_that_was_posted_out_of_balance(history):
    event_id = changed(history, "RemittanceReceived", billed_cents=12_501)
    posted(history, balance_cents=0)
    assert ("I3", CLAIM, event_id) in broken(history)


def test_i3_a_line_that_does_not_balance(history):
    line = remit.PaidLine(billed_cents=100, paid_cents=50)
    event_id = changed(history, "RemittanceReceived", lines=[line])
    assert broken(history) == {("I3", CLAIM, event_id)}


def test_i3_an_advice_that_does_not_balance(history):
    event_id = changed(history, "RemittanceAccepted", payment_cents=4_499)
    assert broken(history) == {("I3", "", event_id)}


def test_i4_a_claim_payment_that_is_missing(history):
    event_id = changed(history, "RemittanceAccepted", claim_count=2)
    assert broken(history) == {("I4", "", event_id)}
    assert kinds(history, at_rest=False) == set(), "while it is under way, it may still come"


def test_i4_a_claim_payment_without_its_advice(history):
    without(history, "RemittanceAccepted")
    assert kinds(history) == {"I4"}


def test_i4_a_claim_payment_that_the_ledger_lacks(history):
    event_id = changed(history, "RemittanceReceived", posting=None)
    assert ("I4", CLAIM, event_id) in broken(history)


def test_i5_an_advice_that_was_posted_twice_under_another_envelope(history):
    again = history.accepted(remittance_id="rem_2")
    changed(history, "RemittanceAccepted", nth=1, content_sha256="rem_1" * 8)
    assert ("I5", "", again.event_id) in broken(history, at_rest=False)


def test_i5_a_claim_payment_that_was_posted_twice(history):
    history.answered()
    assert "I5" in kinds(history, at_rest=False)


def test_i6_an_encounter_that_became_no_claim(history):
    lost = history.coded("en_lost")
    bound(history)
    assert broken(history) == {("I6", "", lost.event_id)}
    assert kinds(history, at_rest=False) == set()


def test_i6_an_encounter_that_waits_for_an_operator_is_not_lost(history):
    lost = history.coded("en_lost")
    bound(history)
    history.add(
        "claims-svc",
        "parked-1",
        delivery.EventParked(
            topic="rcm.coding", partition=0, offset=9, event_id=lost.event_id,
            event_type="EncounterCoded.v1", upstream_stream_id="en_lost",
            cause="decision-failed", reason="KeyError",
        ),
    )  # fmt: skip
    assert check(history.recorded) == []


def test_i7_a_claim_whose_encounter_was_never_coded(history):
    event_id = changed(history, "ClaimSubmitted", encounter_id="en_ghost")
    assert ("I7", CLAIM, event_id) in broken(history)


def test_i7_a_denial_that_no_answer_implies(history):
    event_id = changed(history, "DenialOpened", reason_code="50")
    assert broken(history) == {("I7", CLAIM, event_id)}


def test_i7_money_in_dispute_without_a_denial(history):
    without(history, "DenialOpened")
    answer = next(r for r in history.recorded if r.event.name == "RemittanceReceived")
    assert broken(history) == {("I7", CLAIM, answer.event_id)}


def on_two_lines(history):
    """The payer answers by line: L1 is refused for want of an authorization, L2 is paid in part."""
    lines = [
        remit.PaidLine(
            line_item_control_number=number, billed_cents=billed, paid_cents=paid,
            adjustments=[
                Adjustment(group_code=g, reason_code=r, amount_cents=c) for g, r, c in said
            ],
        )
        for number, billed, paid, said in (
            ("L1", 5_000, 0, [("CO", "197", 5_000)]),
            ("L2", 7_500, 4_500, [("CO", "45", 2_000), ("PR", "1", 1_000)]),
        )
    ]  # fmt: skip
    changed(history, "RemittanceReceived", lines=lines, adjustments=[])
    return history


def test_i7_a_denial_on_another_line_than_the_payers(history):
    assert kinds(on_two_lines(history)) == set()
    event_id = changed(history, "DenialOpened", line_item_control_number="L2")
    assert broken(history) == {("I7", CLAIM, event_id)}


def test_i7_a_denial_on_another_leg_than_the_payers(history):
    event_id = changed(history, "DenialOpened", payer_sequence_code="S")
    assert ("I7", CLAIM, event_id) in broken(history)


def test_i7_two_denials_of_one_kind_on_one_line(history):
    again = history.denied(denial_id="dn_2")
    assert broken(history) == {("I7", CLAIM, again.event_id)}


def test_i7_a_reason_in_dispute_that_another_reasons_denial_does_not_cover(history):
    entries = [
        remit.LedgerEntry(account="clearing", amount_cents=4_500),
        remit.LedgerEntry(account="contractual", amount_cents=2_000, reason="CO-45"),
        remit.LedgerEntry(account="patient", amount_cents=1_000, reason="PR-1"),
        remit.LedgerEntry(account="denied", amount_cents=3_000, reason="CO-197"),
        remit.LedgerEntry(account="denied", amount_cents=2_000, reason="CO-16"),
        remit.LedgerEntry(account="receivable", amount_cents=-12_500),
    ]
    posting = next(
        r for r in history.recorded if r.event.name == "RemittanceReceived"
    ).event.posting
    event_id = changed(
        history, "RemittanceReceived", posting=msgspec.structs.replace(posting, entries=entries)
    )
    assert broken(history) == {("I7", CLAIM, event_id)}, "the amount in dispute is as before"
    history.add(
        "denials-svc",
        CLAIM,
        denials.AdjudicationAssessed(
            claim_id=CLAIM, remittance_id="rem_1", position=1, payer_sequence_code="P",
            kind="payment", payer_claim_control_number="", table_version="1",
            lines=[denials.AssessedLine(
                line_item_control_number="L1", procedure_code="", paid_cents=0,
                denied={"authorization|CO|197": 3_000, "authorization|CO|16": 2_000},
            )],
        ),
    )  # fmt: skip
    assert check(history.recorded) == [], "one family on one line is one denial"


@pytest.mark.parametrize("version", [1, 3, 9])
def test_i8_a_version_that_is_missing_or_stands_twice(history, version):
    changed(history, "ClaimBatched", recorded={"stream_version": version})
    assert "I8" in kinds(history)


def test_i9_a_claim_that_was_sent_without_a_batch(history):
    sent = next(r for r in history.recorded if r.event.name == "ClaimSubmitted")
    without(history, "ClaimBatched")
    assert ("I9", CLAIM, sent.event_id) in broken(history)


@pytest.mark.parametrize(
    "late",
    [
        lambda h: h.prepared(),
        lambda h: h.held(),
        lambda h: h.batched(),
        lambda h: (h.replaced(), h.prepared()),
    ],
)
def test_i9_a_claim_that_changes_while_the_payer_has_it(history, late):
    late(history)
    bound(history)
    assert kinds(history) == {"I9"}


def test_i9_a_rejected_claim_may_be_fixed_and_sent_again(history):
    history.rejected()
    history.prepared()
    history.batched(number="000000043", attempt=2)
    history.submitted(attempt=2)
    bound(history)
    assert check(history.recorded) == []


def test_i10_an_event_that_another_tenant_caused(history):
    coded = history.recorded[0]
    foreign = history.add(
        "claims-svc", "PFOREIGN", claims.ClaimReplaced(claim_id="PFOREIGN", replaced_by=""),
        cause=coded, tenant_id="lakeview",
    )  # fmt: skip
    assert ("I10", "PFOREIGN", foreign.event_id) in broken(history)


def test_i10_a_box_that_was_moved_from_another_event(history):
    event_id = changed(history, "ClaimPrepared", content=SEALED)
    assert broken(history) == {("I10", CLAIM, event_id)}


def test_i13_an_event_that_was_recorded_before_its_cause(history):
    event_id = changed(
        history, "DenialOpened", recorded={"recorded_at": "2026-03-02T09:00:00.000000Z"}
    )
    assert broken(history) == {("I13", CLAIM, event_id)}


def test_i16_a_claim_that_was_sent_twice_in_one_attempt(history):
    event = history.submitted()
    assert ("I16", CLAIM, event.event_id) in broken(history)


def test_i17_a_control_number_that_was_given_twice(history):
    for _ in range(2):
        again = history.add(
            "claims-svc",
            "sequence-ACME",
            claims.InterchangePrepared(
                receiver_id="ACME", submitter_id="US", interchange_control_number="000000042",
                group_control_number="1", transaction_control_numbers=["0001"], form="P",
                claim_ids=[CLAIM], claim_counts=[1], billed_cents=12_500, bytes_count=1,
                written_at="2026-03-02T10:00:00Z", sha256="0",
            ),
        )  # fmt: skip
    assert broken(history) == {("I17", "", again.event_id)}


def test_i11_a_table_that_is_not_what_the_log_says():
    (breach,) = compare_dumps("remit-svc", {"claim": "a", "x": "b"}, {"claim": "c", "x": "b"})
    assert (breach.invariant, breach.text.split()[1]) == ("I11", "claim")
    assert list(compare_dumps("remit-svc", {"claim": "a"}, {"claim": "a"})) == []


def test_i12_a_stream_that_the_log_does_not_have_and_one_that_the_store_does_not(history):
    stored = {
        ("northside", r.stream_id): r.stream_version
        for r in history.recorded
        if r.source == "remit-svc"
    }
    assert list(compare_streams("remit-svc", stored, history.recorded)) == []
    stored["northside", "PNEW"] = 1
    stored.pop(("northside", CLAIM))
    assert [
        (b.invariant, b.claim_id) for b in compare_streams("remit-svc", stored, history.recorded)
    ] == [
        ("I12", CLAIM),
        ("I12", "PNEW"),
    ]


def test_a_provider_adjustment_that_was_not_posted(history):
    changed(
        history,
        "RemittanceAccepted",
        payment_cents=4_400,
        provider_adjustment_cents=100,
        entries=entries_of(cash=4_400, clearing=-4_400),
    )
    assert kinds(history) == {"I4"}
    history.add(
        "remit-svc",
        "payment-rem_1",
        remit.ProviderAdjustmentPosted(
            remittance_id="rem_1", position=1, reason_code="WO", reference_number="",
            amount_cents=100, entries=entries_of(recoupment=100, clearing=-100),
        ),
    )  # fmt: skip
    assert check(history.recorded) == []


def test_adjustments_are_counted_on_claim_and_line_alike():
    history = History()
    history.charged()
    line = remit.PaidLine(
        billed_cents=12_500,
        paid_cents=4_500,
        adjustments=[Adjustment(group_code="CO", reason_code="45", amount_cents=8_000)],
    )
    history.answered(4_500, [("CO", "45", 8_000)])
    changed(history, "RemittanceReceived", lines=[line], adjustments=[])
    posted(history, entries=entries_of(clearing=4_500, contractual=8_000, receivable=-12_500))
    assert kinds(history, at_rest=False) == set()
