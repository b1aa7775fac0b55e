"""What facts change in the tables of notes, of what was learned, and of checks by new code sets."""

from collections.abc import Iterable
from typing import Any

from msgspec import to_builtins

from coding_svc.model.note import Learned, Note
from rcm.domain import Row
from rcm.events.coding_codes import EncounterRechecked
from rcm.events.envelope import Recorded


def project_notes(after: object, recorded: Recorded[Any]) -> Iterable[Row]:
    """Say which rows a fact changes."""
    if isinstance(after, Note):
        yield _note(after)
    elif isinstance(after, Learned):
        yield _learned(after)
    elif isinstance(recorded.event, EncounterRechecked):
        yield _recheck(recorded.event, recorded)


def _note(note: Note) -> Row:
    suggestions = []
    for one in note.suggestions:
        shown = to_builtins(one)
        decided = note.decided.get(one.code)
        shown["decision"] = decided.decision if decided is not None else ""
        shown["decided_by"] = decided.by if decided is not None else ""
        shown["decided_at"] = decided.at if decided is not None else ""
        shown["coded_as"] = decided.coded_as if decided is not None else ""
        suggestions.append(shown)
    return Row(
        "note",
        {"note_id": note.note_id},
        {
            "encounter_id": note.encounter_id,
            "patient_id": note.patient_id,
            "note_version": note.note_version,
            "kind": note.kind,
            "is_final": note.is_final,
            "written_on": note.written_on,
            "is_withdrawn": note.is_withdrawn,
            "is_waiting": note.is_waiting,
            "open_count": len(note.open_suggestions),
            "model_id": note.model_id,
            "code_sets": note.code_sets,
            "coded_on": note.coded_on,
            "suggestions": suggestions,
            "text": to_builtins(note.text) if note.text is not None else None,
            "received_at": note.received_at,
        },
    )


def _learned(learned: Learned) -> Row:
    return Row(
        "learned",
        {"code": learned.code},
        {
            "accepted": learned.count.accepted,
            "rejected": learned.count.rejected,
            "evidence": {term: list(count) for term, count in learned.evidence.items()},
        },
    )


def _recheck(event: EncounterRechecked, recorded: Recorded[Any]) -> Row:
    return Row(
        "recheck",
        {"encounter_id": event.encounter_id, "code_sets": event.code_sets},
        {
            "touched_codes": event.touched_codes,
            "changes": event.changes,
            "outcome": event.outcome,
            "checked_at": recorded.recorded_at,
        },
    )
