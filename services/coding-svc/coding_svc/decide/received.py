"""A note that comes in, and one that its sender takes back."""

from coding_svc.model.documented import NoteText
from coding_svc.model.note import Note
from rcm.domain import Fact, Loaded
from rcm.events.coding_codes import NoteReceived, NoteWithdrawn
from rcm.events.phi import ClearPhi

_KIND_CHARS_MAX = 60


def received(
    said: NoteText,
    note_id: str,
    encounter_id: str,
    patient_id: str,
    message_id: str,
    loaded: Loaded,
) -> Fact:
    """Record a note: the first version, or the next."""
    before = loaded.get(note_id)
    version = before.note_version + 1 if isinstance(before, Note) else 1
    event = NoteReceived(
        note_id=note_id,
        encounter_id=encounter_id,
        patient_id=patient_id,
        message_id=message_id,
        note_version=version,
        kind=said.kind[:_KIND_CHARS_MAX],
        is_final=said.is_final,
        written_on=said.written_on or None,
        text=ClearPhi.of(patient_id, said.text),
    )
    return Fact(note_id, event)


def taken_back(note_id: str, message_id: str, loaded: Loaded) -> list[Fact]:
    """Record that the sender took a note back; one that is not here changes nothing."""
    note = loaded.get(note_id)
    if not isinstance(note, Note) or note.is_withdrawn:
        return []
    event = NoteWithdrawn(note_id=note_id, encounter_id=note.encounter_id, message_id=message_id)
    return [Fact(note_id, event)]
