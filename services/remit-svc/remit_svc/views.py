"""What a fact changes in the tables that are read."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import to_builtins

from rcm.domain import Row
from rcm.events.envelope import Recorded
from rcm.events.event import Event
from rcm.events.remit import (
    LedgerEntry,
    ProviderAdjustmentPosted,
    RemittanceAccepted,
    RemittanceReceived,
)
from remit_svc.model import ClaimAccount, FileKept, Held, Item, Leg, Payment, State, Waiting, shares
from remit_svc.rules.accounts import ACCOUNTS, provider_account

_ENCODER = msgspec.json.Encoder(order="sorted")
_NOTHING_POSTED = dict.fromkeys(ACCOUNTS, 0)


def project(before: State | None, after: State, recorded: Recorded[Event]) -> Iterable[Row]:
    """Say which rows a fact changes."""
    event = recorded.event
    entries: Sequence[LedgerEntry] = getattr(event, "entries", ())
    if entries:
        yield _posting(event, entries, recorded)
    match event:
        case RemittanceAccepted():
            yield _posted(event, recorded)
        case RemittanceReceived() if event.undone is not None:
            yield Row("claim_payment", _place(event), None)
        case RemittanceReceived():
            yield _claim_payment(event, recorded)
        case ProviderAdjustmentPosted():
            yield _provider_adjustment(event, recorded)
        case _:
            pass
    if isinstance(after, FileKept):
        yield _file(after, recorded)
    elif isinstance(after, Payment):
        known = before.held if isinstance(before, Payment) else {}
        for content, held in after.held.items():
            if known.get(content) != held and held.status != "posted":
                yield _held(held, recorded)
    elif isinstance(after, ClaimAccount | Waiting):
        items = before.items if isinstance(before, ClaimAccount | Waiting) else {}
        for unmatched_id, item in after.items.items():
            if items.get(unmatched_id) != item:
                yield _unmatched(unmatched_id, item, recorded)
    # An answer changes an account by what it posts; of old, by the posting that follows it.
    if isinstance(after, ClaimAccount) and (entries or not isinstance(event, RemittanceReceived)):
        yield _account(after, recorded)


def _posting(event: Any, entries: Sequence[LedgerEntry], recorded: Recorded[Event]) -> Row:
    amounts = dict(_NOTHING_POSTED)
    for entry in entries:
        amounts[entry.account] += entry.amount_cents
    return Row(
        "posting",
        {"posting_id": recorded.event_id},
        {
            "kind": event.name,
            "claim_id": getattr(event, "claim_id", ""),
            "remittance_id": getattr(event, "remittance_id", ""),
            "position": getattr(event, "position", 0),
            "recorded_at": recorded.recorded_at,
            **amounts,
        },
    )


def _file(after: FileKept, recorded: Recorded[Event]) -> Row:
    fact, handled = after.fact, after.handled
    return Row(
        "remittance_file",
        {"file_id": fact.file_id},
        {
            "sha256": fact.sha256,
            "bytes_count": fact.bytes_count,
            "source": fact.source,
            "advice_count": len(fact.remittance_ids),
            "is_handled": handled is not None,
            "posted_count": handled.posted_count if handled is not None else 0,
            "held_count": handled.held_count if handled is not None else 0,
            "known_count": handled.known_count if handled is not None else 0,
            "reasons": to_builtins(fact.reasons),
            "changed_at": recorded.recorded_at,
        },
    )


def _posted(event: RemittanceAccepted, recorded: Recorded[Event]) -> Row:
    return Row(
        "remittance",
        {"remittance_id": event.remittance_id},
        {
            "status": "posted",
            "stream_id": recorded.stream_id,
            "file_id": event.file_id,
            "payer_name": event.payer_name,
            "payer_identifier": event.payer_identifier,
            "trace_number": event.trace_number,
            "method_code": event.method_code,
            "effective_on": event.effective_on,
            "payment_cents": event.payment_cents,
            "claim_count": event.claim_count,
            "claims_paid_cents": event.claims_paid_cents,
            "provider_adjustment_cents": event.provider_adjustment_cents,
            "cause": "",
            "level": "",
            "difference_cents": 0,
            "note_code": "",
            "reasons": to_builtins(event.warnings),
            "recorded_at": recorded.recorded_at,
        },
    )


def _held(held: Held, recorded: Recorded[Event]) -> Row:
    fact = held.fact
    return Row(
        "remittance",
        {"remittance_id": fact.remittance_id},
        {
            "status": held.status,
            "stream_id": recorded.stream_id,
            "file_id": fact.file_id,
            "payer_name": fact.payer_name,
            "payer_identifier": fact.payer_identifier,
            "trace_number": fact.trace_number,
            "method_code": fact.method_code,
            "effective_on": fact.effective_on or "",
            "payment_cents": fact.payment_cents,
            "claim_count": 0,
            "claims_paid_cents": 0,
            "provider_adjustment_cents": 0,
            "cause": fact.cause,
            "level": fact.level,
            "difference_cents": fact.difference_cents,
            "note_code": held.note_code,
            "reasons": to_builtins(fact.reasons),
            "recorded_at": recorded.recorded_at,
        },
    )


def _claim_payment(event: RemittanceReceived, recorded: Recorded[Event]) -> Row:
    patient, adjusted = shares(event)
    return Row(
        "claim_payment",
        _place(event),
        {
            "payer_sequence_code": event.payer_sequence_code,
            "kind": event.kind,
            "claim_status_code": event.claim_status_code,
            "payer_claim_control_number": event.payer_claim_control_number,
            "billed_cents": event.billed_cents,
            "paid_cents": event.paid_cents,
            "adjusted_cents": adjusted,
            "patient_cents": patient,
            "recorded_at": recorded.recorded_at,
        },
    )


def _place(event: RemittanceReceived) -> dict[str, Any]:
    """Name a claim payment's row: one that was matched anew is on two claims, told apart."""
    return {
        "remittance_id": event.remittance_id,
        "position": event.position,
        "claim_id": event.claim_id,
    }


def _provider_adjustment(event: ProviderAdjustmentPosted, recorded: Recorded[Event]) -> Row:
    return Row(
        "provider_adjustment",
        {"remittance_id": event.remittance_id, "position": event.position},
        {
            "reason_code": event.reason_code,
            "reference_number": event.reference_number,
            "account": provider_account(event.reason_code),
            "amount_cents": event.amount_cents,
            "claim_id": event.claim_id,
            "payer_identifier": event.payer_identifier,
            "effective_on": event.effective_on or "",
            "recorded_at": recorded.recorded_at,
        },
    )


def _unmatched(unmatched_id: str, item: Item, recorded: Recorded[Event]) -> Row:
    fact = item.fact
    return Row(
        "unmatched",
        {"unmatched_id": unmatched_id},
        {
            "status": "matched" if item.claim_id else "waiting",
            "stream_id": recorded.stream_id,
            "remittance_id": fact.remittance_id,
            "position": fact.position,
            "payer_name": fact.payer_name,
            "trace_number": fact.trace_number,
            "effective_on": fact.effective_on or "",
            "cause": fact.cause,
            "billed_cents": fact.billed_cents,
            "paid_cents": fact.paid_cents,
            "claim_id": item.claim_id,
            "payment": to_builtins(fact.payment),
            "recorded_at": recorded.recorded_at,
        },
    )


def _account(after: ClaimAccount, recorded: Recorded[Event]) -> Row:
    return Row(
        "claim_account",
        {"claim_id": after.claim_id},
        {
            "encounter_id": after.encounter_id,
            "patient_id": after.patient_id,
            "form": after.form,
            "payer_id": after.payer_id,
            "payer_sequence_code": after.payer_sequence_code,
            "is_reversed": after.is_reversed,
            "patient_responsibility_cents": after.patient_responsibility_cents,
            "responsible_leg": after.responsible_leg,
            "awaits_payer": after.awaits_payer,
            "denied_cents": after.accounts.get("denied", 0),
            "legs": _text({code: _leg(leg) for code, leg in after.legs.items()}),
            "accounts": _text({name: cents for name, cents in after.accounts.items() if cents}),
            "changed_at": recorded.recorded_at,
        },
    )


def _leg(leg: Leg) -> dict[str, int]:
    return {
        "billed_cents": leg.billed_cents,
        "paid_cents": leg.paid_cents,
        "adjusted_cents": leg.adjusted_cents,
        "patient_cents": leg.patient_cents,
        "balance_cents": leg.balance_cents,
    }


def _text(value: object) -> str:
    """Write JSON as text: this row is written for every claim of every advice."""
    return _ENCODER.encode(value).decode()
