"""What a fact changes in the tables that are read: encounters, what holds them, messages."""

from collections.abc import Iterable
from typing import Any

from msgspec import to_builtins

from coding_svc.model.encounter import Encounter, State
from coding_svc.model.query import Query
from coding_svc.views.audit import project_audit
from coding_svc.views.desk import project_desk
from coding_svc.views.notes import project_notes
from coding_svc.views.queries import query_row
from rcm.domain import Row
from rcm.events.coding import EncounterReceived, MessageSetAside
from rcm.events.envelope import Recorded

BY_HAND = ("API", "assessment", "replay")
"""Beginnings of the kinds that are no messages: nothing was received."""


def project(before: State | None, after: State, recorded: Recorded[Any]) -> Iterable[Row]:
    """Say which rows a fact changes."""
    event = recorded.event
    if isinstance(after, Query):
        yield query_row(after, recorded)
    if isinstance(event, EncounterReceived | MessageSetAside) and not event.message_kind.startswith(
        BY_HAND
    ):
        yield _message(event, after, recorded)
    if isinstance(after, Encounter) and after != before:
        yield _encounter(after, recorded)
    yield from project_notes(after, recorded)
    yield from project_desk(before, after, recorded)
    yield from project_audit(before, after, recorded)


def _encounter(after: Encounter, recorded: Recorded[Any]) -> Row:
    return Row(
        "encounter",
        {"encounter_id": after.encounter_id},
        {
            "patient_id": after.patient_id,
            "status": after.status,
            "coded_version": after.coded_version,
            "merged_into": after.merged_into,
            "rework_of": after.rework_of,
            "reasons": to_builtins(after.reasons),
            "is_waiting": _is_waiting(after),
            "message_count": after.message_count,
            "charge_count": after.charge_count,
            "billed_cents": after.billed_cents,
            "service_from": after.service_from or "",
            "drg": to_builtins(after.drg) if after.drg is not None else None,
            "changed_at": recorded.recorded_at,
        },
    )


def _is_waiting(encounter: Encounter) -> bool:
    """Tell whether nothing but days is waited for."""
    rules = {reason.rule_id for reason in encounter.reasons}
    return encounter.status == "held" and rules == {"bill-hold"}


def _message(
    event: EncounterReceived | MessageSetAside, after: State, recorded: Recorded[Any]
) -> Row:
    is_taken = isinstance(event, EncounterReceived)
    return Row(
        "message",
        {
            "message_id": event.message_id,
            # One message may be about several encounters: a merge, a change of the patient.
            "encounter_id": recorded.stream_id if is_taken else "",
        },
        {
            "control_number": event.message_control_number,
            "kind": event.message_kind,
            "sha256": event.message_sha256,
            "sender": event.sender,
            "outcome": event.outcome,
            "reasons": to_builtins(event.reasons),
            "ordinal": after.message_count if isinstance(after, Encounter) else 0,
            "raw": to_builtins(event.raw) if event.raw is not None else None,
            "received_at": recorded.recorded_at,
        },
    )
