"""What is recorded on a claim: its charge, each answer of a payer, and the end of the charge."""

from collections.abc import Sequence

import msgspec

from rcm.adjustments.table import Table
from rcm.domain import Context, Fact
from rcm.events.claims import ClaimReplaced, ClaimSubmitted
from rcm.events.clinical import Adjustment
from rcm.events.event import Event
from rcm.events.phi import ClearPhi
from rcm.events.remit import (
    ChargePosted,
    ChargeReversed,
    PatientShare,
    Posting,
    RemittanceMatched,
    RemittanceReceived,
    UndoneMatch,
)
from rcm.events.remit_coordination import PatientSharePassedOn
from rcm.events.remit_undo import RemittanceMatchUndone
from remit_svc.model import (
    POSTED_KINDS,
    ClaimAccount,
    Item,
    Leg,
    State,
    UnmatchedPayment,
    Waiting,
    answered,
    fold,
)
from remit_svc.rules import posting
from remit_svc.rules.statuses import names_next_payer, status_of


class Story:
    """A claim's stream while one decision adds to it, so that later parts see earlier ones."""

    def __init__(self, stream_id: str, state: State | None) -> None:
        self.stream_id = stream_id
        self.facts: list[Fact] = []
        self._state = state
        self._folded_count = 0

    def record(self, event: Event) -> None:
        """Add a fact."""
        self.facts.append(Fact(self.stream_id, event))

    @property
    def state(self) -> State | None:
        """What the stream is with the facts so far; few claims are asked for twice."""
        for _, event in self.facts[self._folded_count :]:
            self._state = fold(self._state, event)
        self._folded_count = len(self.facts)
        return self._state

    @property
    def account(self) -> ClaimAccount:
        """The claim, which is known to have been charged."""
        state = self.state
        assert isinstance(state, ClaimAccount)
        return state


def on_submitted(
    state: State | None, event: ClaimSubmitted, context: Context, table: Table
) -> Sequence[Fact]:
    """Post the charge of a submitted claim, then whatever came in for it before.

    A later sending posts only what it changes. A void (frequency 8) asks for nothing, and is known
    only so that its answer finds it.
    """
    story = Story(event.claim_id, state)
    charged = _charge(state if isinstance(state, ClaimAccount) else None, event)
    if charged is not None:
        story.record(charged)
    if isinstance(state, Waiting):
        for unmatched_id, item in state.items.items():
            if item.claim_id:
                continue
            content = context.open(item.fact.payment, UnmatchedPayment)
            # What cannot be read any more stays in suspense, where a person finds it.
            if content is not None:
                match_to(story, story, unmatched_id, content, context.tenant_id, table)
    return story.facts


def _charge(account: ClaimAccount | None, event: ClaimSubmitted) -> ChargePosted | None:
    billed_cents = 0 if event.frequency_code == "8" else event.billed_cents
    if account is not None:
        leg = account.legs.get(event.payer_sequence_code, Leg())
        if event.frequency_code == "8" or (leg.billed_cents == billed_cents and leg.is_charged):
            return None
    return ChargePosted(
        claim_id=event.claim_id,
        billed_cents=billed_cents,
        entries=posting.charge(account, event.payer_sequence_code, billed_cents),
        payer_id=event.payer_id,
        form=event.form,
        encounter_id=event.encounter_id,
        patient_id=event.patient_id,
        payer_sequence_code=event.payer_sequence_code,
        service_from=event.service_from,
        lines={line.line_item_control_number: line.billed_cents for line in event.lines},
        attempt=event.attempt,
        prior_claim_id=event.prior_claim_id,
        later_payer_count=event.later_payer_count,
    )


def pass_on(prior: State | None, event: ClaimSubmitted) -> Sequence[Fact]:
    """Take the patient's share off a claim: the next payer is asked for it by a claim of its own.

    Args:
        prior: The claim whose share it was.
        event: The next payer's claim. A void asks for nothing.
    """
    if not isinstance(prior, ClaimAccount) or event.frequency_code == "8":
        return []
    if event.claim_id in (prior.passed_to, *prior.passed_before):
        return []
    passed = PatientSharePassedOn(
        claim_id=prior.claim_id,
        to_claim_id=event.claim_id,
        entries=posting.passed_on(prior.accounts.get("patient", 0)),
        share_cents=prior.left_cents,
        instead_of_claim_id=prior.passed_to,
    )
    return [Fact(prior.claim_id, passed)]


def give_back(prior: State | None, event: ClaimReplaced) -> Sequence[Fact]:
    """Give the patient's share back to a claim: nothing is asked of the next payer any more. What
    never left had taken nothing over; then the wait alone is at its end.
    """
    if not isinstance(prior, ClaimAccount):
        return []
    stands, known = prior.passed_to == event.claim_id, prior.passed_before
    if event.replaced_by:
        # The replacement was heard of first, and lost its place to this one.
        is_late = stands and event.replaced_by in known
        return [_passed_back(prior, event)] if is_late else []
    if not stands and (prior.passed_to or event.claim_id in known):
        return []
    returned = PatientSharePassedOn(
        claim_id=prior.claim_id,
        to_claim_id="",
        entries=posting.passed_on(-prior.left_cents if prior.passed_to else 0),
        due_cents=prior.left_cents,
        instead_of_claim_id=event.claim_id,
    )
    return [Fact(prior.claim_id, returned)]


def _passed_back(prior: ClaimAccount, event: ClaimReplaced) -> Fact:
    passed = PatientSharePassedOn(
        claim_id=prior.claim_id,
        to_claim_id=event.replaced_by,
        entries=[],
        share_cents=prior.left_cents,
        instead_of_claim_id=event.claim_id,
    )
    return Fact(prior.claim_id, passed)


def on_replaced(state: State | None, event: ClaimReplaced) -> Sequence[Fact]:
    """Take back what is still asked for on a claim that another one stands for."""
    if not isinstance(state, ClaimAccount) or state.is_reversed:
        return []
    reversed_ = ChargeReversed(
        claim_id=event.claim_id,
        replaced_by=event.replaced_by,
        entries=posting.charge_reversal(state),
    )
    return [Fact(event.claim_id, reversed_)]


def match_to(
    item_story: Story,
    claim_story: Story,
    unmatched_id: str,
    content: UnmatchedPayment,
    tenant_id: str,
    table: Table,
) -> None:
    """Take a payment out of suspense and post it to its claim."""
    received = content.received
    complete = _complete(claim_story, received, content.x12, 0, by_person=True)
    item_story.record(
        RemittanceMatched(
            unmatched_id=unmatched_id,
            claim_id=claim_story.stream_id,
            entries=posting.suspense(-received.paid_cents),
            payer_sequence_code=complete.payer_sequence_code,
            kind=complete.kind,
        )
    )
    _record(claim_story, complete, tenant_id, table)


def take_back(
    item_story: Story,
    claim_story: Story,
    unmatched_id: str,
    item: Item,
    content: UnmatchedPayment,
    tenant_id: str,
    table: Table,
) -> None:
    """Undo a match: reverse on the claim what the payment posted, and put it back into suspense."""
    # What was matched before the leg was noted is found as it was found then.
    matched = _complete(claim_story, content.received, content.x12, 0, by_person=True)
    leg_code, kind = item.leg_code or matched.payer_sequence_code, item.kind or matched.kind
    item_story.record(
        RemittanceMatchUndone(
            unmatched_id=unmatched_id,
            claim_id=claim_story.stream_id,
            entries=posting.suspense(matched.paid_cents),
        )
    )
    if kind not in POSTED_KINDS:
        return
    opposite = msgspec.structs.replace(
        matched,
        payer_sequence_code=leg_code,
        kind="correction" if kind == "reversal" else "reversal",
        billed_cents=-matched.billed_cents,
        paid_cents=-matched.paid_cents,
        patient_responsibility_cents=-matched.patient_responsibility_cents,
        adjustments=_negated(matched.adjustments),
        lines=[
            msgspec.structs.replace(
                line,
                billed_cents=-line.billed_cents,
                paid_cents=-line.paid_cents,
                adjustments=_negated(line.adjustments),
            )
            for line in matched.lines
        ],
        forwarded_to="",
        x12=None,
        undone=UndoneMatch(unmatched_id=unmatched_id, kind=kind),  # type: ignore[arg-type]  # one of POSTED_KINDS
    )
    _record(claim_story, opposite, tenant_id, table)


def _negated(adjustments: Sequence[Adjustment]) -> list[Adjustment]:
    return [msgspec.structs.replace(one, amount_cents=-one.amount_cents) for one in adjustments]


def post(
    story: Story,
    received: RemittanceReceived,
    x12: str,
    reversals_ahead: int,
    tenant_id: str,
    table: Table,
) -> None:
    """Record one claim payment on its claim, and what it changes in the ledger.

    Args:
        story: The claim.
        received: What the CLP says, our own part not yet filled in.
        x12: The CLP loop as it came.
        reversals_ahead: Reversals of the same claim later in the same advice: what precedes them
            is their correction.
        tenant_id: Whose rows of the table count.
        table: Reasons in force.
    """
    _record(story, _complete(story, received, x12, reversals_ahead), tenant_id, table)


def _complete(
    story: Story,
    received: RemittanceReceived,
    x12: str,
    reversals_ahead: int,
    *,
    by_person: bool = False,
) -> RemittanceReceived:
    """Fill our part in: leg, kind, and what we know of the claim. Money that came with a status
    which pays nothing is a payment when a person says so.
    """
    account = story.account
    status = status_of(received.claim_status_code)
    leg_code = status.leg_code or account.leg_of(
        received.payer_claim_control_number, received.payer_name
    )
    leg = account.legs.get(leg_code, Leg())
    kind: str = status.effect
    if kind == "answer" or (by_person and received.paid_cents and kind in _SILENT):
        is_correction = leg.reversals + reversals_ahead > leg.corrections and leg.answers >= 0
        kind = "correction" if is_correction else "payment"
    forwarded_to = received.forwarded_to
    if not forwarded_to and (status.is_forwarded or names_next_payer(received)):
        forwarded_to = "the next payer"
    is_billed = leg_code == account.payer_sequence_code
    return msgspec.structs.replace(
        received,
        claim_id=story.stream_id,
        payer_id=account.payer_id if is_billed else received.payer_id,
        payer_sequence_code=leg_code,
        kind=kind,
        forwarded_to=forwarded_to,
        encounter_id=account.encounter_id,
        patient_id=account.patient_id,
        form=account.form,
        service_from=account.service_from,
        x12=ClearPhi.of(account.patient_id, x12),
    )


def _record(story: Story, complete: RemittanceReceived, tenant_id: str, table: Table) -> None:
    if complete.kind not in POSTED_KINDS:
        story.record(complete)
        return
    account, leg_code = story.account, complete.payer_sequence_code
    after = answered(account, complete)
    posted = Posting(
        entries=posting.claim_payment(account, after, complete, table, tenant_id),
        balance_cents=after.legs[leg_code].balance_cents,
        table_version=table.version,
        patient=_patient_share(after),
    )
    story.record(msgspec.structs.replace(complete, posting=posted))
    if account.passed_to and after.left_cents != account.left_cents:
        changed = PatientSharePassedOn(
            claim_id=account.claim_id,
            to_claim_id=account.passed_to,
            entries=[],
            share_cents=after.left_cents,
        )
        story.record(changed)


def _patient_share(account: ClaimAccount) -> PatientShare | None:
    """What the patient owes after an answer; None where it is what was known before."""
    final = account.final_leg
    awaits_payer = account.legs.get(final, Leg()).is_forwarded or account.has_payers_to_come
    due_cents = account.due_from_patient_cents
    before = (
        account.patient_responsibility_cents,
        account.responsible_leg,
        account.awaits_payer,
    )
    if before == (due_cents, final, awaits_payer):
        return None
    return PatientShare(due_cents=due_cents, payer_sequence_code=final, awaits_payer=awaits_payer)


_SILENT = frozenset({"forwarded", "information"})
