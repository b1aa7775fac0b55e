"""What happened, in words: each event as one step of the stories that it belongs to.

A story is what a person follows: a claim, the encounter that it bills, the interchange that carried
it, the remittance advice that answered it. An event that belongs to none of them has the story of
its own stream, so that every event can be found.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from rcm.events import claims, coding, delivery, denials, remit, remit_undo
from rcm.events.clinical import Reason
from rcm.events.envelope import Recorded
from rcm.events.event import Event
from rcm.lifecycle import code_steps, coordination_steps, desk_steps, query_steps
from rcm.lifecycle.said import Said as _Said
from rcm.money import dollars

_REASONS_MAX: Final = 3


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a story.

    Attributes:
        event_id: The event.
        at: When it was recorded (RFC 3339, UTC).
        source: The service that recorded it.
        name: The event's name.
        stream_id: Its stream in that service.
        stream_version: Its number there.
        place: Where it stands on the log: `topic/partition/offset`.
        actor: Who or what acted.
        causation_id: What caused it.
        what: What happened, in a few words.
        why: The reason, where there is one.
        money: Amounts in cents by name.
        is_detail: Of interest to whoever looks closer.
        phi_fields: Its sealed fields, such as `x12`.
    """

    event_id: str
    at: str
    source: str
    name: str
    stream_id: str
    stream_version: int
    place: str
    actor: str
    causation_id: str
    what: str
    why: str = ""
    money: dict[str, int] = {}
    is_detail: bool = False
    phi_fields: list[str] = []


def step_of(recorded: Recorded[Any], phi_fields: Sequence[str] = ()) -> Step:
    """Write an event as a step.

    Args:
        recorded: The event.
        phi_fields: Names of its fields that may hold PHI (`Catalogue.phi_fields`).
    """
    event = recorded.event
    describe = _WORDS.get(type(event))
    said = describe(event) if describe else _Said(event.name, is_detail=True)
    return Step(
        event_id=recorded.event_id,
        at=recorded.recorded_at,
        source=recorded.source,
        name=event.name,
        stream_id=recorded.stream_id,
        stream_version=recorded.stream_version,
        place=recorded.place,
        actor=recorded.actor,
        causation_id=recorded.causation_id,
        what=said.what,
        why=said.why,
        money=said.money,
        is_detail=said.is_detail,
        phi_fields=[name for name in phi_fields if getattr(event, name, None) is not None],
    )


def encounter_story(encounter_id: str) -> str:
    """Name the story of an encounter."""
    return f"encounter/{encounter_id}"


def interchange_story(receiver_id: str, interchange_control_number: str) -> str:
    """Name the story of an interchange."""
    return f"interchange/{receiver_id}/{interchange_control_number}"


def remittance_story(remittance_id: str) -> str:
    """Name the story of a remittance advice."""
    return f"remittance/{remittance_id}"


def claim_story(claim_id: str) -> str:
    """Name the story of a claim."""
    return f"claim/{claim_id}"


def stories(recorded: Recorded[Any]) -> tuple[str, ...]:
    """Name the stories that an event belongs to, that of a claim first; never none."""
    event = recorded.event
    tell = _STORIES.get(type(event))
    if tell is not None:
        found = tell(event)
    else:
        claim_id = getattr(event, "claim_id", "")
        found = (f"claim/{claim_id}",) if claim_id else ()
    return found or (f"{recorded.source}/{recorded.stream_id}",)


Stories = tuple[str, ...]


def _of_encounter(event: Any) -> Stories:
    return (encounter_story(event.encounter_id),)


def _of_interchange(event: Any) -> Stories:
    number = event.interchange_control_number
    return (interchange_story(event.receiver_id, number),) if number else ()


def _of_remittance(event: Any) -> Stories:
    return (remittance_story(event.remittance_id),)


def _of_provider_adjustment(event: remit.ProviderAdjustmentPosted) -> Stories:
    own = remittance_story(event.remittance_id)
    return (claim_story(event.claim_id), own) if event.claim_id else (own,)


def _of_rework(event: denials.CodingReworkRequested) -> Stories:
    return (claim_story(event.claim_id), encounter_story(event.encounter_id))


def _of_merge(event: coding.EncounterMerged) -> Stories:
    return (encounter_story(event.encounter_id), encounter_story(event.into_encounter_id))


def _of_file(event: remit.RemittanceFileReceived) -> Stories:
    return tuple(remittance_story(remittance_id) for remittance_id in event.remittance_ids)


_STORIES: Final[Mapping[type[Event], Callable[[Any], Stories]]] = {
    coding.EncounterReceived: _of_encounter,
    coding.EncounterHeld: _of_encounter,
    coding.EncounterCoded: _of_encounter,
    coding.EncounterMerged: _of_merge,
    **dict.fromkeys(query_steps.OF_ENCOUNTER, _of_encounter),
    **dict.fromkeys(desk_steps.OF_ENCOUNTER, _of_encounter),
    **dict.fromkeys(code_steps.OF_ENCOUNTER, _of_encounter),
    **coordination_steps.STORIES,
    claims.EncounterBilled: _of_encounter,
    claims.InterchangePrepared: _of_interchange,
    claims.InterchangeSettled: _of_interchange,
    claims.AcknowledgementReceived: _of_interchange,
    remit.RemittanceFileReceived: _of_file,
    remit.RemittanceAccepted: _of_remittance,
    remit.RemittanceQuarantined: _of_remittance,
    remit.RemittanceDismissed: _of_remittance,
    remit.RemittanceUnmatched: _of_remittance,
    remit.ProviderAdjustmentPosted: _of_provider_adjustment,
    denials.CodingReworkRequested: _of_rework,
}
"""What is not told in the story of its claim alone."""


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _because(reasons: Sequence[Reason]) -> str:
    """Say the first reasons, each with its remedy."""
    said = [f"{r.text} ({r.path})" if r.path else r.text for r in reasons[:_REASONS_MAX]]
    more = len(reasons) - _REASONS_MAX
    return "; ".join(said) + (f"; and {more} more" if more > 0 else "")


def _received(event: coding.EncounterReceived) -> _Said:
    what = f"{event.message_kind} {event.outcome}".replace("-", " ")
    return _Said(
        what,
        _because(event.reasons),
        {"billed": event.billed_cents} if event.charge_count else {},
    )


def _coded(event: coding.EncounterCoded) -> _Said:
    what = f"coded, version {event.coded_version}: {_many(len(event.lines), 'line')}"
    return _Said(
        what,
        _because(event.warnings),
        {"billed": sum(line.billed_cents for line in event.lines)},
    )


def _billed(event: claims.EncounterBilled) -> _Said:
    what = {
        "claims": f"made into {', '.join(event.claim_ids)}",
        "self-pay": "self-pay: no claim",
        "waiting": "waits for an earlier claim to be answered",
    }[event.outcome]
    return _Said(what, _because(event.reasons), is_detail=event.outcome == "claims")


_FREQUENCY: Final = {"1": "claim", "7": "replacement", "8": "void"}


def _prepared(event: claims.ClaimPrepared) -> _Said:
    kind = _FREQUENCY[event.frequency_code]
    return _Said(
        f"837{event.form} {kind} prepared for {event.payer_name}",
        _because(event.warnings),
        {"billed": event.billed_cents},
    )


def _submitted(event: claims.ClaimSubmitted) -> _Said:
    again = f", attempt {event.attempt}" if event.attempt > 1 else ""
    kind = _FREQUENCY[event.frequency_code]
    return _Said(
        f"837{event.form} {kind} sent to {event.payer_name}{again}",
        f"interchange {event.interchange_control_number}; file until {event.filing_deadline_on}",
        {"billed": event.billed_cents},
    )


def _status_code(event: claims.ClaimAcknowledged | claims.ClaimRejected) -> str:
    return f"{event.status_category_code}:{event.status_code}" if event.status_category_code else ""


def _acknowledged(event: claims.ClaimAcknowledged) -> _Said:
    what = {
        "999": "999: syntax accepted",
        "277CA-clearinghouse": "277CA: clearinghouse accepted",
        "277CA-payer": "277CA: payer accepted for adjudication",
    }[event.level]
    number = event.payer_claim_control_number
    return _Said(what, " ".join(filter(None, (_status_code(event), number and f"as {number}"))))


def _rejected(event: claims.ClaimRejected) -> _Said:
    return _Said(
        f"rejected at {event.level}, not adjudicated",
        " ".join(filter(None, (_status_code(event), _because(event.reasons)))),
    )


def _acknowledgement(event: claims.AcknowledgementReceived) -> _Said:
    unknown = len(event.unknown_references)
    return _Said(
        f"{event.kind} received: {_many(len(event.claim_ids), 'claim')}",
        _because(event.reasons) or (f"{_many(unknown, 'reference')} not ours" if unknown else ""),
        is_detail=not unknown,
    )


def _replaced(event: claims.ClaimReplaced) -> _Said:
    if event.replaced_by:
        return _Said(f"replaced by {event.replaced_by}")
    return _Said("nothing of it leaves" if event.cause else "voided", event.cause)


def _settled(event: claims.InterchangeSettled) -> _Said:
    what = {
        "sent": "interchange taken by the other side",
        "unknown": "no answer: nothing is sent again until it is settled",
        "not-sent": "proven not to have arrived",
    }[event.outcome]
    return _Said(what, event.evidence)


_KIND: Final = {
    "payment": "paid by",
    "reversal": "reversed by",
    "correction": "corrected by",
    "forwarded": "forwarded by",
    "information": "information from",
}


def _answered(event: remit.RemittanceReceived) -> _Said:
    adjustments = [*event.adjustments, *(a for line in event.lines for a in line.adjustments)]
    by_reason: dict[str, int] = {}
    for adjustment in adjustments:
        reason = f"{adjustment.group_code}-{adjustment.reason_code}"
        by_reason[reason] = by_reason.get(reason, 0) + adjustment.amount_cents
    why = ", ".join(f"{reason} {dollars(cents)}" for reason, cents in sorted(by_reason.items()))
    kind = _KIND[event.kind]
    if event.kind == "payment" and not event.paid_cents:
        kind = "answered without payment by"
    if event.undone is not None:
        kind = "match undone, this is not the claim's: payment taken back of"
    return _Said(
        f"{kind} {event.payer_name}, status {event.claim_status_code}, trace {event.trace_number}",
        why + (f"; forwarded to {event.forwarded_to}" if event.forwarded_to else ""),
        {
            "billed": event.billed_cents,
            "paid": event.paid_cents,
            "patient": event.patient_responsibility_cents,
        },
    )


def _posted(event: remit.PaymentPosted | remit.ChargePosted | remit.ChargeReversed) -> _Said:
    what = {
        "PaymentPosted": "posted to the ledger",
        "ChargePosted": "charge posted to the ledger",
        "ChargeReversed": "charge taken back",
    }[event.name]
    return _Said(
        what,
        "",
        {entry.account: entry.amount_cents for entry in event.entries if entry.amount_cents},
        is_detail=True,
    )


def _accepted(event: remit.RemittanceAccepted) -> _Said:
    return _Said(
        f"835 balanced and posted whole: {_many(event.claim_count, 'claim')},"
        f" trace {event.trace_number}",
        f"claims {dollars(event.claims_paid_cents)} less provider adjustments "
        f"{dollars(event.provider_adjustment_cents)} = {dollars(event.payment_cents)}",
        {"payment": event.payment_cents},
        is_detail=True,
    )


def _quarantined(event: remit.RemittanceQuarantined) -> _Said:
    why = _because(event.reasons)
    if event.difference_cents:
        why = f"off by {dollars(event.difference_cents)} at {event.level} level; {why}"
    return _Said(f"835 held, nothing posted: {event.cause}".replace("-", " "), why)


def _unmatched(event: remit.RemittanceUnmatched) -> _Said:
    return _Said("payment in suspense", event.cause.replace("-", " "), {"paid": event.paid_cents})


def _patient(event: remit.PatientResponsibilitySet) -> _Said:
    return _Said(
        "patient share set",
        "a further payer is still to answer" if event.awaits_payer else "",
        {"patient": event.patient_responsibility_cents},
        is_detail=True,
    )


def _provider(event: remit.ProviderAdjustmentPosted) -> _Said:
    return _Said(f"provider adjustment {event.reason_code}", "", {"provider": event.amount_cents})


def _opened(event: denials.DenialOpened) -> _Said:
    line = f" on line {event.line_item_control_number}" if event.line_item_control_number else ""
    remarks = f" {' '.join(event.remark_codes)}" if event.remark_codes else ""
    return _Said(
        f"denial opened{line}: {event.category.replace('-', ' ')}",
        f"{event.group_code}-{event.reason_code}{remarks}; {event.action_code} by "
        f"{event.deadline_on}",
        {"denied": event.denied_cents},
    )


def _changed(event: denials.DenialChanged) -> _Said:
    return _Said(
        "denial changed",
        f"{event.group_code}-{event.reason_code}; {event.action_code} by {event.deadline_on}",
        {"denied": event.denied_cents},
    )


def _closed(event: denials.DenialClosed) -> _Said:
    money = {"recovered": event.recovered_cents} if event.recovered_cents else {}
    return _Said(f"denial closed: {event.cause}".replace("-", " "), event.note_code, money)


def _parked(event: delivery.EventParked) -> _Said:
    return _Said(
        f"{event.event_type or 'a record'} parked at {event.topic}/{event.partition}/"
        f"{event.offset}",
        f"{event.cause}: {event.reason}",
    )


_WORDS: Final[Mapping[type[Event], Callable[[Any], _Said]]] = {
    coding.EncounterReceived: _received,
    coding.MessageSetAside: lambda e: _Said(
        f"{e.message_kind or 'message'} {e.outcome}", _because(e.reasons)
    ),
    coding.EncounterMerged: lambda e: _Said(f"merged into {e.into_encounter_id}"),
    coding.EncounterHeld: lambda e: _Said("not complete enough to bill", _because(e.reasons)),
    coding.EncounterCoded: _coded,
    **query_steps.WORDS,
    **desk_steps.WORDS,
    **code_steps.WORDS,
    **coordination_steps.WORDS,
    claims.EncounterBilled: _billed,
    claims.ClaimPrepared: _prepared,
    claims.ClaimHeld: lambda e: _Said(
        "claim held", _because(e.reasons), {"billed": e.billed_cents}
    ),
    claims.ClaimReleased: lambda e: _Said("released to be sent", e.cause.replace("-", " ")),
    claims.ClaimBatched: lambda e: _Said(
        f"put into interchange {e.interchange_control_number}", is_detail=True
    ),
    claims.InterchangePrepared: lambda e: _Said(
        f"interchange {e.interchange_control_number} written: {_many(len(e.claim_ids), 'claim')}",
        is_detail=True,
    ),
    claims.InterchangeSettled: _settled,
    claims.ClaimSubmitted: _submitted,
    claims.AcknowledgementReceived: _acknowledgement,
    claims.ClaimAcknowledged: _acknowledged,
    claims.ClaimRejected: _rejected,
    claims.ClaimReplaced: _replaced,
    claims.ClaimCorrectionRequested: lambda e: _Said("corrected claim asked for", e.denial_id),
    claims.PayerNumberLearned: lambda e: _Said(
        "payer's number learned", e.payer_claim_control_number, is_detail=True
    ),
    remit.RemittanceFileReceived: lambda e: _Said(
        f"835 file received by {e.source}: {_many(len(e.remittance_ids), 'advice')}",
        _because(e.reasons),
    ),
    remit.RemittanceFileHandled: lambda e: _Said(
        f"835 file done: {e.posted_count} posted, {e.held_count} held, {e.known_count} known",
        is_detail=True,
    ),
    remit.RemittanceAccepted: _accepted,
    remit.RemittanceQuarantined: _quarantined,
    remit.RemittanceDismissed: lambda e: _Said("advice dismissed", e.note_code),
    remit.RemittanceReceived: _answered,
    remit.RemittanceUnmatched: _unmatched,
    remit.RemittanceMatched: lambda _: _Said("taken out of suspense", is_detail=True),
    remit_undo.RemittanceMatchUndone: lambda _: _Said("put back into suspense", is_detail=True),
    remit.ChargePosted: _posted,
    remit.ChargeReversed: _posted,
    remit.PaymentPosted: _posted,
    remit.PatientResponsibilitySet: _patient,
    remit.ProviderAdjustmentPosted: _provider,
    denials.AdjudicationAssessed: lambda _: _Said("answer looked at for denials", is_detail=True),
    denials.ReplacementNoted: lambda _: _Said(
        "what is denied on it is nobody's work now", is_detail=True
    ),
    denials.DenialOpened: _opened,
    denials.DenialChanged: _changed,
    denials.DenialClosed: _closed,
    denials.DenialAssigned: lambda e: _Said(
        "denial assigned" if e.owner else "denial taken back", e.owner
    ),
    denials.CodingReworkRequested: lambda e: _Said("sent back to coding", e.category),
    denials.CorrectedClaimRequested: lambda e: _Said(
        f"corrected claim asked for, frequency {e.frequency_code}"
    ),
    delivery.EventParked: _parked,
    delivery.EventUnparked: lambda e: _Said(f"parked event {e.outcome}"),
}
