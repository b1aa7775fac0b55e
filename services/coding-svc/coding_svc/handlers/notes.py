"""Notes: taken from the API, read by the model, decided on by a person.

    NoteReceived ──▶ (a job, or at once for a note from the API) the model reads ──▶ CodesSuggested

The model works outside of any decision and beside the event loop; what it found goes into a
command as a value, whose id names note, version and model, so that a repeat changes nothing.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from coding_svc.decide import notes
from coding_svc.decide.desk import Decide, Worker
from coding_svc.gateway.code_book import CodeBook
from coding_svc.handlers.beside import streams_of
from coding_svc.handlers.desk import at_desk
from coding_svc.handlers.way import Way
from coding_svc.model.account import Account
from coding_svc.model.documented import NoteText
from coding_svc.model.note import NOTE_ID_PREFIX, learned_stream
from coding_svc.problems import EncounterNotFound, NoteNotFound, PatientForgotten
from coding_svc.rules.completeness import INPATIENT
from coding_svc.store import encounters as store
from coding_svc.store import notes as store_notes
from rcm.codes.cac.feedback import Learned
from rcm.codes.cac.suggester import Suggester, Suggestion
from rcm.codes.forms import normalise
from rcm.domain import Command
from rcm.events.coding_codes import SuggestedCode
from rcm.events.phi import Phi
from rcm.platform.http.phi import Viewing
from rcm.problems import Problem

SUGGESTIONS_MAX: Final = 20
"""Of one note: half of what a coder assigns is among them."""

_AT_ONCE: Final = 50

MakeCommand = Callable[..., Command]


async def add_note(
    way: Way, encounter_id: str, said: NoteText, command: MakeCommand
) -> tuple[str, bool]:
    """Take a note from the API; returns its id, and whether it was there already.

    Raises:
        EncounterNotFound: There is no such encounter.
        EncounterMergedAway: It is part of another.
    """
    async with way.runtime.read(way.tenant_id) as session:
        row = await store.encounter(session, way.tenant_id, encounter_id)
    if row is None:
        raise EncounterNotFound
    note_id = way.opaque_id(NOTE_ID_PREFIX, encounter_id, said.document_number)
    outcome = await way.runtime.execute(
        command(
            [encounter_id, note_id],
            partial(notes.add_note, encounter_id, note_id, said),
            key_ids=[row.patient_id],
        )
    )
    return note_id, bool(outcome.repeated)


async def suggest_for(way: Way, codes: CodeBook, note_id: str) -> bool:
    """Let the model read a note that waits, and record what it found; tells whether it did.

    Raises:
        Problem: The encounter or its patient is gone, or nothing was stored.
    """
    async with way.runtime.read(way.tenant_id) as session:
        row = await store_notes.note(session, way.tenant_id, note_id)
        learned = await store_notes.taught(session, way.tenant_id)
    if row is None or not row.is_waiting or row.text is None:
        return False
    text = await way.runtime.open(way.tenant_id, Phi(**row.text), str)
    if text is None:
        raise PatientForgotten("The patient's key was destroyed.")
    account = await opened_account(way, row.encounter_id)
    on = coded_on(account) or row.written_on or row.received_at[:10]
    reading = await asyncio.to_thread(_read, codes, text, on, learned, row.note_version)
    if reading is None:
        return False
    # By its content: the same model that reads the same version once more changes nothing.
    command_id = f"suggest/{note_id}/{row.note_version}/{reading.model_id}/{reading.code_sets}"
    outcome = await way.execute(
        command_id=command_id,
        streams=[note_id],
        decide=partial(notes.suggest, note_id, reading),
    )
    return bool(outcome.recorded)


async def suggest_for_waiting(way: Way, codes: CodeBook) -> int:
    """Let the model read every note that waits; returns how many it has read."""
    count, after = 0, ""
    while codes.loaded is not None:
        async with way.runtime.read(way.tenant_id) as session:
            found = await store_notes.notes_waiting(session, way.tenant_id, after, _AT_ONCE)
        if not found:
            break
        after = found[-1]
        for note_id in found:
            try:
                count += await suggest_for(way, codes, note_id)
            except Problem:
                # The patient was forgotten, or the encounter merged: the note waits for nobody.
                continue
    return count


async def decide_suggestions(
    way: Way,
    worker: Worker,
    encounter_id: str,
    note_id: str,
    answer: notes.Answer,
    command: MakeCommand,
) -> Any:
    """Accept and reject suggestions from a note; to accept is to code, by the rules of the desk.

    Raises:
        NoteNotFound: There is none of this encounter.
        Problem: As `decide.notes.answer_suggestions` and `decide.desk.guarded`.
    """
    await note_of(way, encounter_id, note_id)
    decide: Decide = partial(notes.answer_suggestions, note_id, answer, way.profiles)
    streams = [note_id, *await streams_of(way, encounter_id)]
    if answer.accepted:
        read, decide = at_desk(way, encounter_id, worker, decide, "codes")
        streams += [one for one in read if one not in streams]
    streams += map(learned_stream, answer.codes)
    return await way.runtime.execute(command(streams, decide))


async def note_of(way: Way, encounter_id: str, note_id: str) -> store_notes.NoteRow:
    """Find a note of an encounter.

    Raises:
        NoteNotFound: There is none, or it was taken back.
    """
    async with way.runtime.read(way.tenant_id) as session:
        row = await store_notes.note(session, way.tenant_id, note_id)
    if row is None or row.encounter_id != encounter_id or row.is_withdrawn:
        raise NoteNotFound
    return row


async def text_of(views: Viewing, row: store_notes.NoteRow) -> str:
    """Open the words of a note for whoever asks, as a recorded view.

    Raises:
        Forbidden: None of the caller's roles sees PHI.
        PatientForgotten: The patient's key was destroyed.
    """
    text = await views.open(Phi(**(row.text or {})), str, "note", row.note_id)
    if text is None:
        raise PatientForgotten("The patient's key was destroyed.")
    return text


async def opened_account(way: Way, encounter_id: str) -> Account:
    """Open the account of an encounter for a decision or a job; nobody is shown it.

    Raises:
        EncounterNotFound: There is none, or nothing is known of it.
        PatientForgotten: Its key was destroyed.
    """
    async with way.runtime.read(way.tenant_id) as session:
        sealed = await store.sealed_account(session, way.tenant_id, encounter_id)
    if sealed is None:
        raise EncounterNotFound
    account: Account | None = await way.runtime.open(way.tenant_id, sealed, Account)
    if account is None:
        raise PatientForgotten("The patient's key was destroyed.")
    return account


def coded_on(account: Account) -> str:
    """Say by which date's codes an encounter is coded: discharge of an inpatient, else service."""
    stay = account.stay
    if stay.class_code in INPATIENT and stay.ended_on:
        return stay.ended_on
    days = [charge.service_from for charge in account.charges if charge.service_from]
    return min(days, default=stay.started_on or "")


def _read(
    codes: CodeBook, text: str, on: str, learned: Learned, note_version: int
) -> notes.Reading | None:
    """Let the model read; beside the event loop, for it takes some ten milliseconds."""
    suggester = codes.suggester()
    if suggester is None:
        return None
    model, fingerprint = suggester
    return _reading(model, fingerprint, text, on, learned, note_version)


def _reading(
    model: Suggester, fingerprint: str, text: str, on: str, learned: Learned, note_version: int
) -> notes.Reading:
    found = model.suggest(text, dt.date.fromisoformat(on), limit=SUGGESTIONS_MAX, learned=learned)
    return notes.Reading(
        note_version=note_version,
        model_id=model.model_id,
        code_sets=fingerprint,
        coded_on=on,
        suggestions=tuple(map(_suggested, found)),
    )


def _suggested(one: Suggestion) -> SuggestedCode:
    return SuggestedCode(
        code=normalise(one.code),
        title=one.title,
        confidence_bp=round(one.confidence * 10_000),
        spans=[(span.start, span.end) for span in one.spans],
        flags=[flag.value for flag in one.flags],
        evidence=list(one.evidence),
    )
