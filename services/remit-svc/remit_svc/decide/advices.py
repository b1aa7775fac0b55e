"""Take in an advice: nothing of it, or all of it. One transaction posts ten thousand claims."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Final

from rcm.adjustments.table import Table
from rcm.domain import Context, Fact, Loaded
from rcm.events.clinical import Reason
from rcm.events.phi import ClearPhi
from rcm.events.remit import (
    ProviderAdjustmentPosted,
    RemittanceAccepted,
    RemittanceDismissed,
    RemittanceFileHandled,
    RemittanceFileReceived,
    RemittanceQuarantined,
    RemittanceReceived,
    RemittanceUnmatched,
)
from rcm.problems import NotFound
from remit_svc.codec.advice import Advice, AdvisedAdjustment, AdvisedClaim, Fault, ReadFile
from remit_svc.decide.claims import Story, match_to, post, take_back
from remit_svc.model import (
    OWN_NUMBER,
    ClaimAccount,
    FileKept,
    Held,
    Payment,
    UnmatchedPayment,
    Waiting,
    file_stream,
    may_be_ours,
    payment_stream,
    waiting_stream,
)
from remit_svc.problems import (
    AlreadyMatched,
    AlreadySettled,
    ClaimUnknown,
    ContentForgotten,
    NotMatched,
    NotPostable,
)
from remit_svc.rules import posting
from remit_svc.rules.statuses import status_of

REASONS_MAX: Final = 100


def stream_of(advice: Advice) -> str:
    """Name the stream of an advice's payment; without a trace number, one of its own."""
    if not advice.trace_number:
        return f"unread-{advice.content_sha256}"
    return payment_stream(advice.payer_identifier, advice.trace_number)


def streams_of(advice: Advice) -> Sequence[str]:
    """Name every stream that posting an advice reads or writes, so that they load in one query."""
    names = {stream_of(advice): None}
    for claim in advice.claims:
        number = claim.received.claim_id
        if may_be_ours(number):
            names[number] = None
        names[waiting_stream(number, unmatched_id(advice, claim.received.position))] = None
    for adjustment in advice.adjustments:
        if OWN_NUMBER.fullmatch(adjustment.reference_number):
            names[adjustment.reference_number] = None
    return list(names)


def receive_file(loaded: Loaded, read: ReadFile, source: str) -> Sequence[Fact]:
    """Record that a file came in, once."""
    stream_id = file_stream(read.sha256)
    if isinstance(loaded.get(stream_id), FileKept):
        return []
    event = RemittanceFileReceived(
        file_id=read.file_id,
        sha256=read.sha256,
        bytes_count=read.bytes_count,
        source=source,
        remittance_ids=[advice.remittance_id for advice in read.advices],
        reasons=list(read.reasons),
    )
    return [Fact(stream_id, event)]


def finish_file(
    loaded: Loaded, read: ReadFile, held_count: int, posted_count: int
) -> Sequence[Fact]:
    """Record that every advice of a file was handled, once."""
    stream_id = file_stream(read.sha256)
    file = loaded.get(stream_id)
    if not isinstance(file, FileKept) or file.handled is not None:
        return []
    event = RemittanceFileHandled(
        file_id=read.file_id,
        posted_count=posted_count,
        held_count=held_count,
        known_count=len(read.advices) - posted_count - held_count,
    )
    return [Fact(stream_id, event)]


def take_advice(loaded: Loaded, advice: Advice, context: Context, table: Table) -> Sequence[Fact]:
    """Post an advice, or hold it.

    The same content again has no effect. One that is out of balance or unreadable is held, and so
    is one whose trace number was posted with other content: payers do reuse trace numbers, and
    only a person can tell that from a second version of the same payment.
    """
    stream_id = stream_of(advice)
    payment = _payment(loaded, stream_id)
    if advice.content_sha256 in payment.posted or advice.content_sha256 in payment.held:
        return []
    if advice.fault is not None:
        return [Fact(stream_id, _quarantined(advice, advice.fault))]
    if payment.posted:
        return [Fact(stream_id, _quarantined(advice, _reused(payment)))]
    return _post_all(loaded, advice, context, table)


def release(loaded: Loaded, advice: Advice, context: Context, table: Table) -> Sequence[Fact]:
    """Post an advice that a person found to be a payment of its own.

    Raises:
        NotFound: It is not in quarantine.
        AlreadySettled: It left quarantine.
        NotPostable: It does not balance, or cannot be read.
    """
    _held(_payment(loaded, stream_of(advice)), advice.remittance_id)
    if advice.fault is not None:
        raise NotPostable("Ask the payer for a correct remittance advice.")
    return _post_all(loaded, advice, context, table)


def dismiss(loaded: Loaded, stream_id: str, remittance_id: str, note_code: str) -> Sequence[Fact]:
    """Close a quarantined advice that is not to be posted.

    Raises:
        NotFound: It is not in quarantine.
        AlreadySettled: It left quarantine.
    """
    _held(_payment(loaded, stream_id), remittance_id)
    return [Fact(stream_id, RemittanceDismissed(remittance_id=remittance_id, note_code=note_code))]


def match(
    loaded: Loaded, stream_id: str, item_id: str, claim_id: str, context: Context, table: Table
) -> Sequence[Fact]:
    """Post a payment in suspense to the claim that a person names.

    Raises:
        NotFound: Nothing waits under that id.
        AlreadyMatched: It was matched before.
        ClaimUnknown: No such claim was submitted.
        ContentForgotten: Its content was destroyed.
    """
    waiting, account = loaded.get(stream_id), loaded.get(claim_id)
    if not isinstance(waiting, Waiting | ClaimAccount) or item_id not in waiting.items:
        raise NotFound("Nothing waits under that id.")
    item = waiting.items[item_id]
    if item.claim_id:
        raise AlreadyMatched("See the claim that it was matched to.")
    if not isinstance(account, ClaimAccount):
        raise ClaimUnknown("Name a claim that was submitted.")
    content = context.open(item.fact.payment, UnmatchedPayment)
    if content is None:
        raise ContentForgotten("Settle it with the payer.")
    claim_story = Story(claim_id, account)
    item_story = claim_story if stream_id == claim_id else Story(stream_id, waiting)
    match_to(item_story, claim_story, item_id, content, context.tenant_id, table)
    if item_story is claim_story:
        return claim_story.facts
    return [*item_story.facts, *claim_story.facts]


def unmatch(
    loaded: Loaded, stream_id: str, item_id: str, claim_id: str, context: Context, table: Table
) -> Sequence[Fact]:
    """Take a payment back from the claim that it was matched to; it waits in suspense again.

    Raises:
        NotFound: Nothing was in suspense under that id.
        NotMatched: It waits, or is on another claim by now.
        ContentForgotten: Its content was destroyed.
    """
    waiting, account = loaded.get(stream_id), loaded.get(claim_id)
    if not isinstance(waiting, Waiting | ClaimAccount) or item_id not in waiting.items:
        raise NotFound("Nothing was in suspense under that id.")
    item = waiting.items[item_id]
    if not item.claim_id or item.claim_id != claim_id:
        raise NotMatched("It waits in suspense.")
    assert isinstance(account, ClaimAccount), "a payment is matched to a claim that was charged"
    content = context.open(item.fact.payment, UnmatchedPayment)
    if content is None:
        raise ContentForgotten("Settle it with the payer.")
    claim_story = Story(claim_id, account)
    item_story = claim_story if stream_id == claim_id else Story(stream_id, waiting)
    take_back(item_story, claim_story, item_id, item, content, context.tenant_id, table)
    if item_story is claim_story:
        return claim_story.facts
    return [*item_story.facts, *claim_story.facts]


def unmatched_id(advice: Advice, position: int) -> str:
    """Derive the id of an unmatched claim payment."""
    digest = sha256(f"{advice.remittance_id}/{position}".encode()).hexdigest()
    return f"unm_{digest[:24]}"


def _post_all(loaded: Loaded, advice: Advice, context: Context, table: Table) -> Sequence[Fact]:
    """Post the payment, every claim of it, and every provider adjustment."""
    assert advice.effective_on is not None, "an advice without a day is not readable"
    stream_id = stream_of(advice)
    facts: list[Fact] = []
    stories: dict[str, Story] = {}
    ahead = Counter(claim.received.claim_id for claim in advice.claims if _is_reversal(claim))
    for claim in advice.claims:
        number = claim.received.claim_id
        if _is_reversal(claim):
            ahead[number] -= 1
        story = stories.get(number)
        state = story.state if story is not None else loaded.get(number)
        if isinstance(state, ClaimAccount) and may_be_ours(number) and not _pays_silently(claim):
            if story is None:
                story = stories[number] = Story(number, state)
            done = len(story.facts)
            post(story, claim.received, claim.x12, ahead[number], context.tenant_id, table)
            facts += story.facts[done:]
        else:
            facts.append(_unmatched(advice, claim, isinstance(state, ClaimAccount)))
    facts += [
        Fact(stream_id, _provider_adjustment(advice, adjustment, loaded))
        for adjustment in advice.adjustments
    ]
    warnings = [*advice.warnings, *_contradictions(facts)]
    accepted = Fact(stream_id, _accepted(advice, advice.effective_on, warnings, table))
    facts.insert(0, accepted)
    _assert_cleared(facts)
    return facts


def _contradictions(facts: Iterable[Fact]) -> Iterator[Reason]:
    """Say which claim payments have an adjustment that is neither written off nor billed."""
    reviewed = (
        (fact.event.position, entry.reason)
        for fact in facts
        if isinstance(fact.event, RemittanceReceived)
        for entry in fact.event.entries
        if entry.account == "review" and entry.amount_cents
    )
    for position, reason in islice(reviewed, REASONS_MAX):
        yield Reason(
            rule_id="group-contradicts-reason",
            path=f"2100[{position}] CAS",
            text=f"{reason}: the group does not go with the reason. It stands in `review`.",
            remedy="Ask the payer who owes it.",
            severity="warning",
        )


def _accepted(
    advice: Advice, effective_on: str, warnings: list[Reason], table: Table
) -> RemittanceAccepted:
    return RemittanceAccepted(
        remittance_id=advice.remittance_id,
        file_id=advice.file_id,
        payer_id=advice.payer_id,
        payer_name=advice.payer_name,
        payee_npi=advice.payee_npi,
        trace_number=advice.trace_number,
        payer_identifier=advice.payer_identifier,
        payment_cents=advice.payment_cents,
        method_code=advice.method_code,
        effective_on=effective_on,
        claim_count=len(advice.claims),
        claims_paid_cents=sum(claim.received.paid_cents for claim in advice.claims),
        provider_adjustment_cents=sum(a.amount_cents for a in advice.adjustments),
        content_sha256=advice.content_sha256,
        entries=posting.advice(advice.payment_cents),
        warnings=warnings,
        table_version=table.version,
    )


def _unmatched(advice: Advice, claim: AdvisedClaim, is_known: bool) -> Fact:  # noqa: FBT001 - a fact
    received = claim.received
    item_id = unmatched_id(advice, received.position)
    event = RemittanceUnmatched(
        unmatched_id=item_id,
        remittance_id=advice.remittance_id,
        position=received.position,
        paid_cents=received.paid_cents,
        billed_cents=received.billed_cents,
        payment=ClearPhi.of(key_of(advice), UnmatchedPayment(received, claim.x12)),
        entries=posting.suspense(received.paid_cents),
        cause="money-without-adjudication" if is_known else "unknown-claim",
        payer_name=advice.payer_name,
        trace_number=advice.trace_number,
        effective_on=advice.effective_on,
    )
    return Fact(waiting_stream(received.claim_id, item_id), event)


def _provider_adjustment(
    advice: Advice, adjustment: AdvisedAdjustment, loaded: Loaded
) -> ProviderAdjustmentPosted:
    reference = adjustment.reference_number
    is_claim = isinstance(loaded.get(reference), ClaimAccount)
    return ProviderAdjustmentPosted(
        remittance_id=advice.remittance_id,
        position=adjustment.position,
        reason_code=adjustment.reason_code,
        reference_number=reference if adjustment.reason_code == "FB" or is_claim else "",
        amount_cents=adjustment.amount_cents,
        entries=posting.provider_adjustment(adjustment.reason_code, adjustment.amount_cents),
        claim_id=reference if is_claim else "",
        payer_identifier=advice.payer_identifier,
        effective_on=advice.effective_on,
        reference=ClearPhi.of(key_of(advice), reference) if reference else None,
    )


def _reused(payment: Payment) -> Reason:
    posted = ", ".join(payment.posted.values())
    return Reason(
        rule_id="same-trace-other-content",
        path="TRN02",
        text=f"This payer's trace number was posted before with other content: {posted}.",
        remedy="Release it if it is a payment of its own; dismiss it if it repeats that one.",
    )


def _quarantined(advice: Advice, why: Fault | Reason) -> RemittanceQuarantined:
    fault = why if isinstance(why, Fault) else None
    reasons = why.reasons if isinstance(why, Fault) else (why, *advice.warnings)
    return RemittanceQuarantined(
        remittance_id=advice.remittance_id,
        file_id=advice.file_id,
        payer_name=advice.payer_name,
        trace_number=advice.trace_number,
        payment_cents=advice.payment_cents,
        cause=fault.cause if fault is not None else "same-trace-other-content",
        difference_cents=fault.difference_cents if fault is not None else 0,
        level=fault.level if fault is not None else "",
        reasons=list(reasons),
        payer_identifier=advice.payer_identifier,
        method_code=advice.method_code,
        effective_on=advice.effective_on,
        content_sha256=advice.content_sha256,
    )


def key_of(advice: Advice) -> str:
    """Name the PHI key of what an advice says about nobody that we know."""
    return f"ra_{advice.remittance_id.removeprefix('rem_')}"


def _held(payment: Payment, remittance_id: str) -> Held:
    for item in payment.held.values():
        if item.fact.remittance_id == remittance_id:
            if item.status != "held":
                raise AlreadySettled(f"It was {item.status}.")
            return item
    raise NotFound("Nothing is in quarantine under that id.")


def _payment(loaded: Loaded, stream_id: str) -> Payment:
    state = loaded.get(stream_id)
    return state if isinstance(state, Payment) else Payment()


def _is_reversal(claim: AdvisedClaim) -> bool:
    return status_of(claim.received.claim_status_code).effect == "reversal"


def _pays_silently(claim: AdvisedClaim) -> bool:
    """Money under a status that has no adjudication is not guessed at: it waits for a person."""
    status = status_of(claim.received.claim_status_code)
    return status.effect in {"forwarded", "information"} and claim.received.paid_cents != 0


def _assert_cleared(facts: Iterable[Fact]) -> None:
    """An advice that was posted whole leaves nothing in the clearing account."""
    left = sum(
        entry.amount_cents
        for fact in facts
        for entry in getattr(fact.event, "entries", ())
        if entry.account == "clearing"
    )
    assert left == 0, "an advice does not clear"
