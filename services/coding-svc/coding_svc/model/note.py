"""A clinical note, what a model suggests from it, and what people made of that.

    NoteReceived ──▶ waiting ──▶ suggested ──▶ decided, code by code        NoteWithdrawn: gone
                        ▲  a newer version

The words are PHI, and stand here sealed. Beside it, what all decisions on one code have taught.
"""

from typing import Any, Final, Literal

from msgspec import Struct, structs

from rcm.codes.cac.feedback import Count
from rcm.events.coding_codes import (
    CodesSuggested,
    NoteReceived,
    NoteWithdrawn,
    SuggestedCode,
    SuggestionDecided,
    SuggestionLearned,
)
from rcm.events.envelope import Recorded
from rcm.events.phi import Phi

NOTE_EVENTS: Final = (NoteReceived, NoteWithdrawn, CodesSuggested, SuggestionDecided)
NOTE_ID_PREFIX: Final = "note"


class Decided(Struct, frozen=True, omit_defaults=True):
    """A person's word on a suggested code.

    Attributes:
        decision: What it was.
        by: Who.
        at: When.
        coded_as: What was coded instead, where it was another code.
    """

    decision: Literal["accepted", "rejected"]
    by: str
    at: str
    coded_as: str = ""


class Note(Struct, frozen=True, omit_defaults=True, tag="note"):
    """A note, and the codes that are suggested from it.

    Attributes:
        note_id: Opaque id; also the stream's.
        encounter_id: What it is about.
        patient_id: Names the PHI key.
        note_version: Of its words.
        kind: TXA-2, or what it was called.
        is_final: It is authenticated.
        written_on: Its date; empty where it says none.
        received_at: When this version came.
        text: Its words, sealed; None once it was withdrawn.
        is_withdrawn: The sender took it back.
        suggested_version: The version that a model has read; 0 for none.
        model_id: What suggested.
        code_sets: Fingerprint of the sets by which it did.
        coded_on: For which date.
        suggestions: Best first.
        decided: What people decided, by code.
    """

    note_id: str
    encounter_id: str
    patient_id: str
    note_version: int = 1
    kind: str = ""
    is_final: bool = False
    written_on: str = ""
    received_at: str = ""
    text: Phi | None = None
    is_withdrawn: bool = False
    suggested_version: int = 0
    model_id: str = ""
    code_sets: str = ""
    coded_on: str = ""
    suggestions: tuple[SuggestedCode, ...] = ()
    decided: dict[str, Decided] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether no model has read it as it is now."""
        return not self.is_withdrawn and self.suggested_version < self.note_version

    @property
    def open_suggestions(self) -> tuple[SuggestedCode, ...]:
        """Suggestions that nobody has decided on."""
        if self.is_withdrawn:
            return ()
        return tuple(s for s in self.suggestions if s.code not in self.decided)


class Learned(Struct, frozen=True, omit_defaults=True, tag="learned"):
    """What was decided on one code so far: counts, and no word of a note.

    Attributes:
        code: ICD-10-CM, undotted.
        count: Times accepted and rejected.
        evidence: The same, by the term that had spoken for it.
    """

    code: str
    count: Count = Count()
    evidence: dict[str, Count] = {}


def learned_stream(code: str) -> str:
    """Name the stream of what was learned about a code."""
    return f"learned-{code}"


def evolve_note(note: Note | None, recorded: Recorded[Any]) -> Note:
    """Fold a fact of a note."""
    event = recorded.event
    if isinstance(event, NoteReceived):
        known = note or Note(event.note_id, event.encounter_id, event.patient_id)
        return structs.replace(
            known,
            note_version=event.note_version,
            kind=event.kind,
            is_final=event.is_final,
            written_on=event.written_on or "",
            received_at=recorded.recorded_at,
            text=event.text,
            is_withdrawn=False,
        )
    assert note is not None, "a note is received before anything happens to it"
    match event:
        case NoteWithdrawn():
            return structs.replace(note, is_withdrawn=True, text=None)
        case CodesSuggested():
            return structs.replace(
                note,
                suggested_version=event.note_version,
                model_id=event.model_id,
                code_sets=event.code_sets,
                coded_on=event.coded_on,
                suggestions=tuple(event.suggestions),
            )
        case SuggestionDecided():
            decided = Decided(event.decision, recorded.actor, recorded.recorded_at, event.coded_as)
            return structs.replace(note, decided={**note.decided, event.code: decided})
        case _:
            return note


def evolve_learned(learned: Learned | None, event: SuggestionLearned) -> Learned:
    """Fold one decision on a code: the order of decisions never matters."""
    known = learned or Learned(event.code)
    evidence = dict(known.evidence)
    for term in set(event.evidence):
        evidence[term] = evidence.get(term, Count()).plus(accepted=event.is_accepted)
    return Learned(
        event.code, known.count.plus(accepted=event.is_accepted), dict(sorted(evidence.items()))
    )
