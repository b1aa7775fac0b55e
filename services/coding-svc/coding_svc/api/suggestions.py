"""Notes, suggested codes and edits of an encounter over HTTP. Nothing is coded by a model."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from msgspec import to_builtins
from pydantic import BaseModel, Field

from coding_svc.api.encounters import (
    ENCOUNTER_PROBLEMS,
    NOT_BLIND,
    CallersWay,
    EncounterOut,
    ReasonOut,
    get_encounter,
    worker_of,
)
from coding_svc.decide import notes as deciding
from coding_svc.decide.billing import holds_still
from coding_svc.gateway.code_book import CodeBook
from coding_svc.handlers import notes as handling
from coding_svc.handlers.audit import check_not_blind
from coding_svc.handlers.code_sets import checked_now
from coding_svc.model.documented import NoteText
from coding_svc.problems import (
    BlindUntilSubmitted,
    CodeMalformed,
    EncounterMergedAway,
    EncounterNotFound,
    NoteNotFound,
    NotSuggested,
    PatientForgotten,
    SenderUnknown,
)
from coding_svc.rules.codes import icd10_cm
from coding_svc.rules.edits import Edit
from coding_svc.store import notes as store_notes
from rcm.codes.forms import dotted
from rcm.events.coding_codes import NOTE_CHARS_MAX
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    Page,
    Paging,
    PhiViews,
    Runtime,
    Tenant,
    needs,
    responses,
)
from rcm.platform.http.identity import Forbidden
from rcm.platform.http.paging import InvalidCursor

notes = APIRouter(prefix="/encounters/{encounter_id}", tags=["notes"])


class SpanOut(BaseModel):
    """Characters of the note that speak for a code."""

    start: int
    end: int
    text: str = Field(description="Those characters. PHI.")


class SuggestionOut(BaseModel):
    """A code that the model suggests; a person decides."""

    code: str = Field(examples=["E11.9"])
    title: str
    confidence: float = Field(description="The model's probability that a coder assigns it.")
    flags: list[Literal["negated", "family", "history", "uncertain"]] = Field(
        description="What every mention is marked by."
    )
    evidence: list[str] = Field(description="Terms that spoke for it.")
    spans: list[SpanOut]
    decision: Literal["", "accepted", "rejected"]
    coded_as: str = Field(description="What was coded instead, where it was another code.")
    decided_by: str
    decided_at: str


class NoteListed(BaseModel):
    """A note, without its words."""

    note_id: str
    note_version: int
    kind: str
    is_final: bool
    written_on: str | None
    received_at: str
    is_waiting: bool = Field(description="The model has not read it yet.")
    open_count: int = Field(description="Suggestions that nobody has decided on.")

    @classmethod
    def of(cls, row: store_notes.NoteRow) -> "NoteListed":
        """Show a row."""
        return cls.model_validate(_note(row))


class NoteOut(NoteListed):
    """A note with its words, and what is suggested from it. PHI."""

    text: str
    model_id: str = Field(description="What suggested; empty while it waits.")
    code_sets: str = Field(description="Fingerprint of the code sets it did so by.")
    coded_on: str | None = Field(description="The date whose codes are suggested.")
    suggestions: list[SuggestionOut] = Field(description="Best first; about half are right.")


class NoteIn(BaseModel, extra="forbid"):
    """A note about an encounter."""

    document_number: str = Field(
        min_length=1, max_length=200, description="The sender's: the same again is a newer version."
    )
    text: str = Field(min_length=1, max_length=NOTE_CHARS_MAX)
    kind: str = Field("", max_length=60, examples=["OP"])
    is_final: bool = True
    written_on: str | None = Field(None, pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")


class AcceptedIn(BaseModel, extra="forbid"):
    """A suggestion to code."""

    code: str = Field(max_length=10)
    coded_as: str = Field("", max_length=10, description="Another code instead, such as a side.")
    poa_code: Literal["Y", "N", "U", "W", "1", ""] = ""


class AnswerIn(BaseModel, extra="forbid"):
    """What a person makes of the suggestions; what is left out stays open."""

    accepted: list[AcceptedIn] = Field([], max_length=50)
    rejected: list[str] = Field([], max_length=50)


class EditOut(ReasonOut):
    """A finding of the coding edits."""

    version: int
    codes: list[str]
    override: Literal["nobody", "coder", "supervisor"] = Field(
        description="Who may set it aside with a reason; a manager stands for the supervisor."
    )
    holds: bool = Field(description="It holds the encounter: nobody has set it aside.")


class SeverityOut(BaseModel):
    """What a diagnosis does for the DRG."""

    code: str
    severity: Literal["MCC", "CC", "NONE"]
    counts: bool
    hac: int | None


class DrgOut(BaseModel):
    """The MS-DRG of a stay."""

    drg_code: str
    version: str
    engine: str
    mdc: int | None
    title: str
    weight: str = Field(description="Of that year's Table 5; empty where `unpriced` says why.")
    gmlos: str = Field(description="Geometric mean length of stay, days.")
    unpriced: str
    severities: list[SeverityOut]


class EditsOut(BaseModel):
    """An encounter as the code sets of today see it."""

    edits: list[EditOut]
    advice: list[EditOut] = Field(description="Worth a thought; nothing waits for it.")
    code_set_versions: dict[str, str]
    drg: DrgOut | None


def book_of(request: Request) -> CodeBook:
    """Find the code sets of this installation."""
    book: CodeBook = request.app.state.codes
    return book


Book = Annotated[CodeBook, Depends(book_of)]


@notes.post(
    "/notes",
    status_code=201,
    responses=responses(
        EncounterNotFound, EncounterMergedAway, PatientForgotten, Forbidden, *CHANGE_PROBLEMS
    ),
    dependencies=[needs("integration", "coder", "manager")],
)
async def add_note(
    encounter_id: str,
    body: NoteIn,
    way: CallersWay,
    book: Book,
    asking: Asking,
    answer: Response,
) -> NoteListed:
    """Take a note about an encounter, and let the model read it. Its words are kept sealed."""
    said = NoteText(
        document_number=body.document_number,
        kind=body.kind,
        is_final=body.is_final,
        written_on=body.written_on or "",
        text=body.text,
    )
    note_id, repeated = await handling.add_note(way, encounter_id, said, asking.command)
    asking.mark(answer, repeated)
    await handling.suggest_for(way, book, note_id)
    return NoteListed.of(await handling.note_of(way, encounter_id, note_id))


@notes.get("/notes", responses=responses(EncounterNotFound, InvalidCursor))
async def list_notes(
    encounter_id: str, tenant: Tenant, paging: Paging, runtime: Runtime
) -> Page[NoteListed]:
    """List the notes of an encounter, the newest first, without their words."""
    await get_encounter(encounter_id, tenant, runtime)
    return await paging.read(
        {"received_at": str, "note_id": str},
        lambda session, after, count: store_notes.notes_of_encounter(
            session, tenant, encounter_id, after, count
        ),
        NoteListed.of,
    )


@notes.get(
    "/notes/{note_id}",
    responses=responses(NoteNotFound, PatientForgotten, Forbidden),
    dependencies=[needs("coder", "biller", "manager", "auditor")],
)
async def get_note(encounter_id: str, note_id: str, way: CallersWay, views: PhiViews) -> NoteOut:
    """Show a note with its words and the codes that are suggested from it. PHI.

    Whoever codes the encounter a second time, blind, sees the words alone.
    """
    row = await handling.note_of(way, encounter_id, note_id)
    text = await handling.text_of(views, row)
    suggestions = [_suggestion(one, text) for one in row.suggestions]
    try:
        await check_not_blind(way.runtime, way.tenant_id, encounter_id, way.actor)
    except BlindUntilSubmitted:
        suggestions = []
    return NoteOut.model_validate(
        {
            **_note(row),
            "text": text,
            "model_id": row.model_id,
            "code_sets": row.code_sets,
            "coded_on": row.coded_on or None,
            "suggestions": suggestions,
        }
    )


@notes.post(
    "/notes/{note_id}/decisions",
    status_code=201,
    responses=responses(
        NoteNotFound, NotSuggested, CodeMalformed, *ENCOUNTER_PROBLEMS, *CHANGE_PROBLEMS
    ),
    dependencies=[needs("coder", "manager")],
)
async def decide_suggestions(
    encounter_id: str,
    note_id: str,
    body: AnswerIn,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> EncounterOut:
    """Accept and reject suggestions; what is accepted goes behind what is coded already.

    All of one request is one decision: a complete encounter goes to billing with all of it.
    """
    decided = deciding.Answer(
        accepted=tuple(
            deciding.Accepted(code=_plain(one.code), coded_as=one.coded_as, poa_code=one.poa_code)
            for one in body.accepted
        ),
        rejected=tuple(_plain(code) for code in body.rejected),
    )
    worker = worker_of(way, asking.caller)
    outcome = await handling.decide_suggestions(
        way, worker, encounter_id, note_id, decided, asking.command
    )
    asking.mark(answer, outcome.repeated)
    return await get_encounter(encounter_id, way.tenant_id, way.runtime)


@notes.get(
    "/edits",
    responses=responses(EncounterNotFound, PatientForgotten, SenderUnknown, BlindUntilSubmitted),
    dependencies=[needs("coder", "biller", "manager", "auditor"), NOT_BLIND],
)
async def get_edits(encounter_id: str, way: CallersWay) -> EditsOut:
    """Check an encounter by the code sets of today: edits, advice, releases, DRG. No PHI."""
    found, account = await checked_now(way, encounter_id, datetime.now(UTC))
    checked = found.checked
    return EditsOut.model_validate(
        {
            "edits": [_edit(edit, holds=holds_still(edit, account)) for edit in checked.edits],
            "advice": [_edit(edit, holds=False) for edit in checked.advice],
            "code_set_versions": dict(checked.versions),
            "drg": to_builtins(checked.drg) if checked.drg is not None else None,
        }
    )


def _plain(code: str) -> str:
    """Write a suggested code as it is kept; what has not the shape is no suggestion."""
    return icd10_cm(code) or code


def _note(row: store_notes.NoteRow) -> dict[str, Any]:
    return {
        "note_id": row.note_id,
        "note_version": row.note_version,
        "kind": row.kind,
        "is_final": row.is_final,
        "written_on": row.written_on or None,
        "received_at": row.received_at,
        "is_waiting": row.is_waiting,
        "open_count": row.open_count,
    }


def _suggestion(one: dict[str, Any], text: str) -> dict[str, Any]:
    return {
        **one,
        "code": dotted(one["code"]),
        "coded_as": dotted(one["coded_as"]) if one["coded_as"] else "",
        "confidence": one["confidence_bp"] / 10_000,
        "spans": [
            {"start": start, "end": end, "text": text[start:end]} for start, end in one["spans"]
        ],
    }


def _edit(edit: Edit, *, holds: bool) -> dict[str, Any]:
    return {
        "rule_id": edit.reason.rule_id,
        "path": edit.reason.path,
        "text": edit.reason.text,
        "remedy": edit.reason.remedy,
        "severity": edit.reason.severity,
        "version": edit.version,
        "codes": list(edit.codes),
        "override": edit.override,
        "holds": holds,
    }
