"""Put ready claims into interchanges, and say what became of each interchange.

The order that makes a crash harmless: numbers and intent are recorded first (InterchangePrepared
and a ClaimBatched for each claim, in one transaction), then the bytes go out, then the outcome is
recorded. Whatever stops in between leaves an interchange that is not settled, which is `unknown`:
its claims go nowhere else until somebody or something says what became of it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from claims_svc.codec.check import faults_by_claim
from claims_svc.codec.x837 import write_interchange
from claims_svc.decide.prepare import forget, hold
from claims_svc.model.content import ClaimContent, Form
from claims_svc.model.directory import Receiver
from claims_svc.model.states import (
    NUMBER_MAX,
    ClaimState,
    OpenInterchange,
    SequenceState,
    control_number,
    sequence_stream,
)
from claims_svc.problems import ControlNumbersExhausted, InterchangeSettledAlready
from rcm.domain import Context, Fact, Loaded
from rcm.events.claims import (
    ClaimBatched,
    ClaimReleased,
    ClaimReplaced,
    ClaimSubmitted,
    InterchangePrepared,
    InterchangeSettled,
)
from rcm.events.phi import Phi
from rcm.problems import NotFound

Outcome = Literal["sent", "unknown", "not-sent"]

WRITTEN_AT: Final = "%Y-%m-%dT%H:%M:%SZ"


class Selection(NamedTuple):
    """Claims that are to leave together.

    Attributes:
        receiver: Who takes them.
        form: P or I.
        contents: Their sealed contents, by claim, in the order of their filing deadlines.
        per_transaction_max: How many claims one ST..SE may hold: a 999 refuses all of it.
    """

    receiver: Receiver
    form: Form
    contents: Mapping[str, Phi]
    per_transaction_max: int


class Written(NamedTuple):
    """An interchange as it was written."""

    interchange_control_number: str
    claim_count: int
    data: bytes


def batch_streams(selection: Selection) -> list[str]:
    """Name what `batch` reads and writes."""
    receiver = selection.receiver
    return [sequence_stream(receiver.submitter_id, receiver.receiver_id), *selection.contents]


def batch(
    loaded: Loaded,
    context: Context,
    selection: Selection,
    hand_out: Callable[[Written], None],
) -> list[Fact]:
    """Number and write an interchange of the claims that are still ready and have no fault.

    Args:
        loaded: The sequence and the claims.
        context: When.
        selection: What is to leave.
        hand_out: Takes the bytes; they may go out only when the facts are committed.

    Returns:
        InterchangePrepared with a ClaimBatched for each claim; a ClaimHeld for each in which the
        last check finds a fault; nothing when no claim is left.
    """
    receiver = selection.receiver
    stream = sequence_stream(receiver.submitter_id, receiver.receiver_id)
    sequence: SequenceState = loaded.get(stream) or SequenceState(
        receiver_id=receiver.receiver_id, submitter_id=receiver.submitter_id
    )
    ready, held = _ready(loaded, context, selection)
    while ready:
        draft = _write(ready, selection, sequence, context.now)
        faults = faults_by_claim(draft.data)
        if not faults:
            hand_out(Written(control_number(draft.number), len(ready), draft.data))
            prepared = Fact(stream, _prepared(draft, ready, selection))
            return [*held, prepared, *_batched(draft, ready)]
        left = [one for one in ready if one[0].claim_id not in faults]
        # A fault that belongs to no claim is ours: nothing leaves.
        assert len(left) < len(ready), "the interchange itself is not well written"
        held += [
            hold(claim, content, faults[claim.claim_id])
            for claim, content in ready
            if claim.claim_id in faults
        ]
        ready = left
    return held


class _Draft(NamedTuple):
    number: int
    group: int
    transactions: list[str]
    counts: list[int]
    at: datetime
    data: bytes


def _ready(
    loaded: Loaded, context: Context, selection: Selection
) -> tuple[list[tuple[ClaimState, ClaimContent]], list[Fact]]:
    """Open what is still ready; a claim that can be read no more is held, or it would stand in the
    way of others for ever.
    """
    ready: list[tuple[ClaimState, ClaimContent]] = []
    held: list[Fact] = []
    for claim_id, sealed in selection.contents.items():
        claim = loaded.get(claim_id)
        if (
            not isinstance(claim, ClaimState)
            or claim.status != "ready"
            or claim.form != selection.form
            or claim.receiver_id != selection.receiver.receiver_id
            or claim.content_bound_to != sealed.bound_to
        ):
            continue
        content = context.open(sealed, ClaimContent)
        if content is not None:
            ready.append((claim, content))
        else:
            held.append(forget(claim))
    return ready, held


def _write(
    ready: Sequence[tuple[ClaimState, ClaimContent]],
    selection: Selection,
    sequence: SequenceState,
    now: datetime,
) -> _Draft:
    size = selection.per_transaction_max
    batches = [
        [(claim.claim_id, content) for claim, content in ready[start : start + size]]
        for start in range(0, len(ready), size)
    ]
    number, group = sequence.interchange + 1, sequence.group + 1
    last = sequence.transaction + len(batches)
    if max(number, group, last) > NUMBER_MAX:
        raise ControlNumbersExhausted(f"With receiver {sequence.receiver_id}.")
    transactions = [
        control_number(sequence.transaction + place) for place in range(1, len(batches) + 1)
    ]
    at = now.replace(microsecond=0)
    data = write_interchange(
        selection.receiver, selection.form, (number, group, transactions), batches, at
    )
    return _Draft(number, group, transactions, [len(one) for one in batches], at, data)


def rewrite(
    receiver: Receiver, number: str, opened: OpenInterchange, contents: Mapping[str, ClaimContent]
) -> bytes | None:
    """Write an unsettled interchange again; None when that does not give the very same bytes."""
    if any(claim_id not in contents for claim_id in opened.claim_ids):
        return None
    batches = []
    start = 0
    for count in opened.claim_counts:
        batches.append([(one, contents[one]) for one in opened.claim_ids[start : start + count]])
        start += count
    numbers = (int(number), int(opened.group_control_number), opened.transaction_control_numbers)
    at = datetime.strptime(opened.written_at, WRITTEN_AT).replace(tzinfo=UTC)
    data = write_interchange(receiver, opened.form, numbers, batches, at)
    return data if hashlib.sha256(data).hexdigest() == opened.sha256 else None


def _prepared(
    draft: _Draft, ready: Sequence[tuple[ClaimState, ClaimContent]], selection: Selection
) -> InterchangePrepared:
    return InterchangePrepared(
        receiver_id=selection.receiver.receiver_id,
        submitter_id=selection.receiver.submitter_id,
        interchange_control_number=control_number(draft.number),
        group_control_number=str(draft.group),
        transaction_control_numbers=draft.transactions,
        form=selection.form,
        claim_ids=[claim.claim_id for claim, _ in ready],
        claim_counts=draft.counts,
        billed_cents=sum(claim.billed_cents for claim, _ in ready),
        sha256=hashlib.sha256(draft.data).hexdigest(),
        bytes_count=len(draft.data),
        written_at=draft.at.strftime(WRITTEN_AT),
    )


def _batched(draft: _Draft, ready: Sequence[tuple[ClaimState, ClaimContent]]) -> list[Fact]:
    numbers = [
        number
        for number, count in zip(draft.transactions, draft.counts, strict=True)
        for _ in range(count)
    ]
    return [
        Fact(
            claim.claim_id,
            ClaimBatched(
                claim_id=claim.claim_id,
                receiver_id=claim.receiver_id,
                interchange_control_number=control_number(draft.number),
                transaction_control_number=number,
                attempt=claim.attempt + 1,
            ),
        )
        for (claim, _), number in zip(ready, numbers, strict=True)
    ]


def settle(
    loaded: Loaded,
    stream: str,
    number: str,
    outcome: Outcome,
    evidence: str,
) -> list[Fact]:
    """Record what became of an interchange, and what that means for each of its claims.

    Args:
        loaded: The sequence, the interchange's claims, and the claims that those replace.
        stream: The sequence.
        number: ISA13.
        outcome: What is known.
        evidence: What says so.

    Returns:
        Nothing when that was known already, or when `unknown` adds nothing.

    Raises:
        NotFound: No such interchange.
        InterchangeSettledAlready: It was settled before.
    """
    sequence = loaded.get(stream)
    if not isinstance(sequence, SequenceState) or int(number) > sequence.interchange:
        raise NotFound
    opened = sequence.open.get(number)
    if opened is None:
        raise InterchangeSettledAlready(f"Interchange {number} is settled.")
    if outcome == "unknown" == opened.outcome:
        return []
    settled = InterchangeSettled(
        receiver_id=sequence.receiver_id,
        interchange_control_number=number,
        outcome=outcome,
        evidence=evidence,
    )
    facts = [Fact(stream, settled)]
    if outcome == "unknown":
        return facts
    for claim_id in opened.claim_ids:
        claim = loaded.get(claim_id)
        if not isinstance(claim, ClaimState) or claim.status != "batched":
            continue
        if outcome == "not-sent":
            released = ClaimReleased(claim_id=claim_id, cause="not-sent")
            facts.append(Fact(claim_id, released))
        else:
            facts += _submitted(loaded, claim)
    return facts


def _submitted(loaded: Loaded, claim: ClaimState) -> list[Fact]:
    submitted = ClaimSubmitted(
        claim_id=claim.claim_id,
        encounter_id=claim.encounter_id,
        patient_id=claim.patient_id,
        form=claim.form,
        payer_id=claim.payer_id,
        payer_name=claim.payer_name,
        payer_sequence_code=claim.payer_sequence_code,
        claim_filing_indicator_code=claim.claim_filing_indicator_code,
        frequency_code=claim.frequency_code,
        payer_claim_control_number=claim.payer_claim_control_number,
        billing_npi=claim.billing_npi,
        billed_cents=claim.billed_cents,
        service_from=claim.service_from,
        service_through=claim.service_through,
        filing_deadline_on=claim.filing_deadline_on,
        diagnosis_codes=claim.diagnosis_codes,
        lines=claim.lines,
        interchange_control_number=claim.interchange_control_number,
        transaction_control_number=claim.transaction_control_number,
        attempt=claim.attempt,
        prior_claim_id=claim.prior_claim_id,
        later_payer_count=claim.later_payer_count,
        left_cents=claim.left_cents,
    )
    facts = [Fact(claim.claim_id, submitted)]
    replaced = loaded.get(claim.replaces_claim_id)
    if isinstance(replaced, ClaimState) and replaced.status != "replaced":
        successor = claim.claim_id if claim.frequency_code != "8" else ""
        gone = ClaimReplaced(
            claim_id=replaced.claim_id,
            replaced_by=successor,
            prior_claim_id=replaced.prior_claim_id,
        )
        facts.append(Fact(replaced.claim_id, gone))
    return facts
