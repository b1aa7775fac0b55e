"""Events of the coder's engines, on topic `rcm.coding`: notes, suggested codes, edits set aside.

    NoteReceived ──▶ CodesSuggested ──▶ SuggestionDecided, by a person   (stream of the note)
                                                  └──▶ SuggestionLearned (stream of the code)
    HoldsOverruled, EncounterRechecked                                   (stream of the encounter)
    CodeSetsAdopted                                                      (stream `code-sets`)

The words of a note travel sealed. What is learned holds codes and terms of the code set's own
dictionary, and never a word of a note.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

from rcm.events.clinical import Day
from rcm.events.event import Event
from rcm.events.phi import Phi

NOTE_CHARS_MAX: Final = 200_000
"""A longer note is cut: no dictated document comes near."""

Flag = Literal["negated", "family", "history", "uncertain"]
"""Why a mention may be no diagnosis of this patient now."""

Confidence = Annotated[int, Meta(ge=0, le=10_000)]
"""Ten-thousandths: the probability, by the model, that a coder assigns the code."""


class SuggestedCode(Struct, frozen=True, kw_only=True):
    """One code that a model suggests for a note; nothing is coded by it.

    Attributes:
        code: ICD-10-CM, undotted.
        title: Of the code.
        confidence_bp: By the model, in ten-thousandths.
        spans: Evidence: `[start, end]` characters of the note, the strongest first.
        flags: What every mention is marked by.
        evidence: Terms of the code set's dictionary, or features of the model, that spoke for it.
    """

    code: str
    title: str
    confidence_bp: Confidence
    spans: list[tuple[int, int]] = []
    flags: list[Flag] = []
    evidence: list[str] = []


class NoteReceived(Event, frozen=True, kw_only=True):
    """A clinical note about an encounter came in, or a newer version of one.

    Stream: the note.

    Attributes:
        note_id: Opaque id derived from the encounter and the sender's document number.
        encounter_id: What it is about.
        patient_id: Names the PHI key.
        message_id: The message that brought it.
        note_version: 1, 2, 3 ...: a later one replaces the words of an earlier one.
        kind: TXA-2, LOINC code of a DocumentReference, or what the caller calls it.
        is_final: It is authenticated.
        written_on: Date of the note, if it says one.
        text: Its words, sealed.
    """

    name: ClassVar[str] = "NoteReceived"

    note_id: str
    encounter_id: str
    patient_id: str
    message_id: str
    note_version: Annotated[int, Meta(ge=1)] = 1
    kind: str = ""
    is_final: bool = False
    written_on: Day | None = None
    text: Phi


class NoteWithdrawn(Event, frozen=True, kw_only=True):
    """The sender took a note back (MDM^T11): what was suggested from it is open no longer.

    Stream: the note.

    Attributes:
        note_id: Which.
        encounter_id: What it was about.
        message_id: The message that took it back.
    """

    name: ClassVar[str] = "NoteWithdrawn"

    note_id: str
    encounter_id: str
    message_id: str


class CodesSuggested(Event, frozen=True, kw_only=True):
    """A model read a note and suggests codes. A person decides on each; none codes by itself.

    Stream: the note.

    Attributes:
        note_id: Which note.
        note_version: Which version of it.
        encounter_id: What it is about.
        model_id: What suggested them: name and digest.
        code_sets: Fingerprint of the code sets that were in force.
        coded_on: The date whose codes are suggested: discharge of an inpatient, else service.
        suggestions: Best first; empty where the model found nothing.
    """

    name: ClassVar[str] = "CodesSuggested"

    note_id: str
    note_version: int
    encounter_id: str
    model_id: str
    code_sets: str
    coded_on: Day
    suggestions: list[SuggestedCode]


class SuggestionDecided(Event, frozen=True, kw_only=True):
    """A person accepted or rejected one suggested code; who, is the actor of the event.

    Stream: the note.

    Attributes:
        note_id: Which note.
        encounter_id: What it is about.
        code: The suggested code.
        decision: What was decided.
        coded_as: What was coded instead of it, where the person chose a sibling; else the code.
        model_id: What had suggested it.
        confidence_bp: How sure the model was.
    """

    name: ClassVar[str] = "SuggestionDecided"

    note_id: str
    encounter_id: str
    code: str
    decision: Literal["accepted", "rejected"]
    coded_as: str = ""
    model_id: str
    confidence_bp: Confidence = 0


class SuggestionLearned(Event, frozen=True, kw_only=True):
    """One decision, as what the next suggestion of the same code learns from it.

    Stream: the code, `learned-...`. Holds no word of a note, and names no encounter.

    Attributes:
        code: The suggested code.
        evidence: Terms that had spoken for it.
        is_accepted: What was decided.
    """

    name: ClassVar[str] = "SuggestionLearned"

    code: str
    evidence: list[str]
    is_accepted: bool


class OverruledHold(Struct, frozen=True, kw_only=True):
    """One finding that was set aside.

    Attributes:
        rule_id: The rule.
        rule_version: Of an edit; 0 for a doubt of the intake.
        path: Where it stood.
        codes: What it was about; the same rule holds again on others.
    """

    rule_id: str
    rule_version: int = 0
    path: str = ""
    codes: list[str] = []


class HoldsOverruled(Event, frozen=True, kw_only=True):
    """A person set aside what held an encounter; who, is the actor of the event.

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        overruled: What was set aside.
        role: As what the person did it.
        reason: In the person's words, sealed: they may speak of the patient.
    """

    name: ClassVar[str] = "HoldsOverruled"

    encounter_id: str
    overruled: list[OverruledHold]
    role: Literal["coder", "supervisor"]
    reason: Phi | None = None


class EncounterRechecked(Event, frozen=True, kw_only=True):
    """New code sets changed the standing of a code that an open encounter holds.

    Stream: the encounter.

    Attributes:
        encounter_id: Which.
        code_sets: Fingerprint of the sets that it was checked by.
        touched_codes: Its codes, and NCCI pairs (`A/B`), whose standing changed; empty where that
            cannot be told.
        changes: What changed of each: the code, the set, what it said and says.
        outcome: Whether it is held for other reasons now, went to billing, or nothing changed.
    """

    name: ClassVar[str] = "EncounterRechecked"

    encounter_id: str
    code_sets: str
    touched_codes: list[str] = []
    changes: list[str] = []
    outcome: Literal["same", "held", "coded"]


class CodeSetsAdopted(Event, frozen=True, kw_only=True):
    """The service took new code sets into force for a tenant.

    Stream: `code-sets`.

    Attributes:
        code_sets: Fingerprint of what is in force.
        previous: Fingerprint of what was; empty at first.
        release_ids: Every release in force.
        touched_count: Codes whose standing changed; -1 where that cannot be told.
    """

    name: ClassVar[str] = "CodeSetsAdopted"

    code_sets: str
    previous: str = ""
    release_ids: list[str]
    touched_count: int = -1


EVENTS: Final = (
    NoteReceived,
    NoteWithdrawn,
    CodesSuggested,
    SuggestionDecided,
    SuggestionLearned,
    HoldsOverruled,
    EncounterRechecked,
    CodeSetsAdopted,
)
