"""Notes and what is suggested from them: received, read by a model, decided by a person.

A model's answer comes in as a value; nothing here asks a model. A suggested code is coded by the
person who accepts it, through the same door as any other code.
"""

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct, structs

from coding_svc.decide.commands import known
from coding_svc.decide.encounter import Step, services_beside, standing
from coding_svc.decide.received import received
from coding_svc.model.account import Account, Diagnosis
from coding_svc.model.documented import NoteText
from coding_svc.model.note import Note, learned_stream
from coding_svc.problems import (
    CodeMalformed,
    NoteNotFound,
    NotSuggested,
)
from coding_svc.rules import codes
from coding_svc.rules.profile import Profiles
from rcm.domain import Context, Fact, Loaded
from rcm.events.coding_codes import (
    CodesSuggested,
    SuggestedCode,
    SuggestionDecided,
    SuggestionLearned,
)


class Accepted(Struct, frozen=True, kw_only=True):
    """A suggestion that a person accepts.

    Attributes:
        code: As suggested.
        coded_as: What is coded instead, such as the sibling with a side; empty for the code.
        poa_code: Present on admission, for an inpatient.
    """

    code: str
    coded_as: str = ""
    poa_code: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """What a person makes of the suggestions from one note.

    Attributes:
        accepted: To be coded, in the order in which they go behind what is coded already.
        rejected: Codes that are not to be coded from it.
    """

    accepted: tuple[Accepted, ...] = ()
    rejected: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """Every suggestion that is decided on."""
        return (*(one.code for one in self.accepted), *self.rejected)


class Reading(Struct, frozen=True, kw_only=True):
    """What a model found in a note.

    Attributes:
        note_version: The version that it read.
        model_id: Which model.
        code_sets: Fingerprint of the sets in force.
        coded_on: For which date.
        suggestions: Best first.
    """

    note_version: int
    model_id: str
    code_sets: str
    coded_on: str
    suggestions: tuple[SuggestedCode, ...]


def add_note(
    encounter_id: str, note_id: str, said: NoteText, loaded: Loaded, context: Context
) -> list[Fact]:
    """Take a note about an encounter from the API.

    Raises:
        EncounterNotFound: There is none.
        EncounterMergedAway: It is part of another.
    """
    encounter = standing(encounter_id, loaded)
    message_id = context.opaque_id("msg", context.cause_id)
    fact = received(said, note_id, encounter_id, encounter.patient_id, message_id, loaded)
    return [fact]


def suggest(note_id: str, reading: Reading, loaded: Loaded, _context: Context) -> list[Fact]:
    """Record what a model found, unless the note has changed since the model read it."""
    note = loaded.get(note_id)
    if not isinstance(note, Note) or note.is_withdrawn:
        return []
    if reading.note_version != note.note_version or not note.is_waiting:
        return []
    event = CodesSuggested(
        note_id=note_id,
        note_version=reading.note_version,
        encounter_id=note.encounter_id,
        model_id=reading.model_id,
        code_sets=reading.code_sets,
        coded_on=reading.coded_on,
        suggestions=list(reading.suggestions),
    )
    return [Fact(note_id, event)]


def answer_suggestions(
    note_id: str, answer: Answer, profiles: Profiles, loaded: Loaded, context: Context
) -> list[Fact]:
    """Accept and reject suggestions; what is accepted is coded, and the encounter assessed.

    Raises:
        NoteNotFound: There is none, or it was taken back.
        NotSuggested: A code was not suggested from this note, or is decided already.
        CodeMalformed: What is to be coded instead is no ICD-10-CM code.
        EncounterNotFound: Nothing is known of the encounter yet.
        EncounterMergedAway: It is part of another.
    """
    note = loaded.get(note_id)
    if not isinstance(note, Note) or note.is_withdrawn:
        raise NoteNotFound
    suggested = {one.code: one for one in note.open_suggestions}
    asked = answer.codes
    if len(set(asked)) != len(asked) or not suggested.keys() >= set(asked):
        raise NotSuggested("A code is not among the open suggestions, or stands there twice.")
    facts: list[Fact] = []
    for accepted in answer.accepted:
        facts += _decided(note, suggested[accepted.code], accepted)
    for code in answer.rejected:
        facts += _decided(note, suggested[code], None)
    if answer.accepted:
        facts += _coded(note, answer.accepted, profiles, loaded, context)
    return facts


def _decided(note: Note, suggestion: SuggestedCode, accepted: Accepted | None) -> list[Fact]:
    coded_as = _shaped(accepted.coded_as) if accepted is not None and accepted.coded_as else ""
    event = SuggestionDecided(
        note_id=note.note_id,
        encounter_id=note.encounter_id,
        code=suggestion.code,
        decision="accepted" if accepted is not None else "rejected",
        coded_as=coded_as,
        model_id=note.model_id,
        confidence_bp=suggestion.confidence_bp,
    )
    learned = SuggestionLearned(
        code=suggestion.code, evidence=suggestion.evidence, is_accepted=accepted is not None
    )
    return [Fact(note.note_id, event), Fact(learned_stream(suggestion.code), learned)]


def _coded(
    note: Note,
    accepted: Sequence[Accepted],
    profiles: Profiles,
    loaded: Loaded,
    context: Context,
) -> list[Fact]:
    """Put accepted codes behind what is coded, and say what follows for the encounter."""
    encounter, account, profile = known(note.encounter_id, profiles, loaded, context)
    step = Step(
        encounter=encounter,
        patient_id=encounter.patient_id,
        account=_with_codes(account, accepted, note.note_id),
        profile=profile,
        codes=profiles.codes,
        others=services_beside(note.encounter_id, loaded),
    )
    message_id = context.opaque_id("msg", context.cause_id)
    return step.facts(
        context, received=None, reasons=(), kind="API suggestions", message_id=message_id
    )


def _with_codes(account: Account, accepted: Sequence[Accepted], note_id: str) -> Account:
    final = [d for d in account.diagnoses if d.kind == "F"]
    rank = max([len(final), *(d.rank for d in final)])
    have = {d.code for d in final}
    added = []
    for one in accepted:
        code = _shaped(one.coded_as or one.code)
        if code in have:
            continue
        have.add(code)
        rank += 1
        added.append(Diagnosis(code, "F", rank, one.poa_code, origin=f"{note_id}#suggestion"))
    return structs.replace(account, diagnoses=(*account.diagnoses, *added))


@lru_cache(maxsize=1_024)
def _shaped(code: str) -> str:
    shaped = codes.icd10_cm(code)
    if not shaped:
        raise CodeMalformed("What is to be coded is no ICD-10-CM code.")
    return shaped
