"""The encoder over HTTP: find codes, look one up, validate many, score risk; what is loaded.

Code sets are the installation's, not a tenant's: any caller may read them. Every answer is for a
date: that of discharge for an inpatient, else of service.
"""

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from coding_svc.gateway.code_book import CodeBook, Reader
from coding_svc.problems import CodeNotFound, CodeSetsNotLoaded
from coding_svc.store import notes as store_notes
from rcm.codes.edits.check import left_out
from rcm.codes.forms import display, normalise
from rcm.codes.grouping.hcc import Member
from rcm.codes.model import Status, System, Validation
from rcm.codes.search import Hit
from rcm.codes.sources.tabular import Heading
from rcm.platform.http import Page, Paging, Tenant, responses
from rcm.platform.http.paging import InvalidCursor

VALIDATIONS_MAX: Final = 1_000
FOUND_MAX: Final = 200
"""Codes of one search: whoever needs more has to say more."""

_CODES_SHOWN_MAX: Final = 200

codes = APIRouter(prefix="/codes", tags=["codes"])

AsCode = Annotated[
    dt.date | None,
    Query(alias="date", description="Of discharge (inpatient), else of service; default today."),
]


class NoteOut(BaseModel):
    """An instructional note of the tabular list."""

    kind: str = Field(examples=["excludes1"])
    at: str = Field(description="Where it is printed; it governs everything below.")
    text: str


class FoundOut(BaseModel):
    """One code that a search found."""

    rank: int = Field(description="1 is the best.")
    code: str = Field(examples=["E11.40"])
    title: str
    why: str = Field(description="What matched.")
    score: float = Field(description="Comparable within one answer only.")
    billable: bool = Field(description="False: a category, to walk down from.")
    notes: list[NoteOut] = []


class HeadingOut(BaseModel):
    """A chapter, section, category or code of the tabular list."""

    code: str
    kind: Literal["chapter", "section", "code"]
    title: str
    billable: bool


class ValidationOut(BaseModel):
    """Whether a code may be billed on a date, why, and what to use instead."""

    code: str = Field(description="As it was asked.")
    written: str = Field(description="As people write it.", examples=["E11.40"])
    system: System
    date: dt.date
    status: Status
    billable: bool = Field(description="Nothing that is loaded speaks against it.")
    reason: str
    title: str | None
    title_source: str | None
    valid_from: dt.date | None
    valid_through: dt.date | None
    children: list[str] = Field(description="Of a HEADER: billable codes below, 200 at most.")
    successors: list[str] = Field(description="Of an EXPIRED code: what it became.")
    release: str | None = Field(description="Release that decided.")


class CodeOut(ValidationOut):
    """A code in its place."""

    above: list[HeadingOut] = Field(description="Nearest first.")
    below: list[HeadingOut]
    notes: list[NoteOut] = Field(description="That govern it: its own, then those above.")


class Asked(BaseModel, extra="forbid"):
    """Codes to validate."""

    system: System = System.ICD10CM
    date: dt.date
    codes: list[Annotated[str, Field(max_length=200)]] = Field(
        min_length=1, max_length=VALIDATIONS_MAX
    )


class ReleaseOut(BaseModel):
    """One release of one code set."""

    release_id: str = Field(examples=["icd10cm-fy2027"])
    set_name: str
    effective_from: dt.date
    effective_through: dt.date | None
    source: str
    sha256: str
    licence: str
    row_count: int


class ReleasesOut(BaseModel):
    """Everything that is in force."""

    code_sets: str = Field(description="Fingerprint; recorded with what it decides.")
    releases: list[ReleaseOut]
    edits_left_out: list[str] = Field(
        description="Edits that say nothing until the operator has loaded their file.",
        examples=[["NCCI pairs", "coverage policies (NCD, LCD)"]],
    )


class RecheckOut(BaseModel):
    """An open encounter that new code sets touched."""

    encounter_id: str
    code_sets: str = Field(description="Fingerprint of the sets that it was checked by.")
    touched_codes: list[str] = Field(
        description="Codes, and NCCI pairs as `A/B`. Empty where that cannot be told: then every "
        "open encounter was checked."
    )
    changes: list[str] = Field(
        description="What changed of each.",
        examples=[["J1000/J3000 ptp-practitioner, since 2025-01-01: indicator 1 is now nothing"]],
    )
    outcome: Literal["same", "held", "coded"]
    checked_at: str

    @classmethod
    def of(cls, row: store_notes.RecheckRow) -> "RecheckOut":
        """Show a row."""
        return cls.model_validate(row.model_dump(exclude={"tenant_id"}))


class MemberIn(BaseModel, extra="forbid"):
    """Whom to score, and for what; nobody is named."""

    age_years: int = Field(ge=0, le=124, description="On 1 February of the payment year.")
    sex: Literal["M", "F"]
    dual_code: str = Field("NA", max_length=2, description="Medicaid dual eligibility (MMR).")
    original_reason_code: Literal["0", "1", "2", "3"] = "0"
    date: dt.date
    diagnoses: list[Annotated[str, Field(max_length=20)]] = Field(max_length=500)


class DiagnosisHccOut(BaseModel):
    """What risk adjustment makes of a diagnosis."""

    code: str
    mapping: str = Field(description="`not mapped yet` is no zero: the score may be higher.")
    categories: list[str]


class ScoreOut(BaseModel):
    """A raw risk score."""

    raw: str = Field(description="Three decimals, before normalisation.", examples=["1.658"])
    complete: bool = Field(description="False: a diagnosis is not mapped yet.")
    categories: list[str] = Field(description="Paid, after hierarchies.")
    diagnoses: list[DiagnosisHccOut]
    model: str


async def reader_of(request: Request) -> Reader:
    """Find the code sets of this installation.

    Raises:
        CodeSetsNotLoaded: There are none.
    """
    book: CodeBook = request.app.state.codes
    reader = book.reader()
    if reader is None:
        raise CodeSetsNotLoaded(book.why_not)
    return reader


Codes = Annotated[Reader, Depends(reader_of)]


@codes.get("", response_model=Page[FoundOut], responses=responses(CodeSetsNotLoaded, InvalidCursor))
async def search_codes(
    paging: Paging,
    reader: Codes,
    q: Annotated[str, Query(max_length=300, description="Words, a code, or how one begins.")] = "",
    system: Annotated[System, Query()] = System.ICD10CM,
    on: AsCode = None,
    under: Annotated[
        str, Query(max_length=20, description="Instead of `q`: what stands below, one step.")
    ] = "",
    notes: Annotated[bool, Query(description="Bring the instructional notes.")] = False,  # noqa: FBT002 - a query parameter
) -> Response:
    """Find codes by words, by code, by how one begins, or by walking down; best first."""
    day = on or _today()
    place = paging.after(int)
    start = int(place[0]) if place is not None else 0
    wanted = min(start + paging.fetch_count, FOUND_MAX)
    if q:
        found = await asyncio.to_thread(
            reader.searcher.search, q, system, day, limit=wanted, notes=notes
        )
    else:
        found = await asyncio.to_thread(_below, reader, under, wanted)
    page = found[start : start + paging.limit]
    has_more = len(found) > start + paging.limit
    data = [
        {"rank": rank} | msgspec.structs.asdict(hit) for rank, hit in enumerate(page, start + 1)
    ]
    # A person waits for each letter typed: written as it stands, without being checked once more.
    return Response(
        msgspec.json.encode(
            {
                "data": data,
                "has_more": has_more,
                "next_cursor": paging.cursor_after((start + len(page),)) if has_more else None,
            }
        ),
        media_type="application/json",
    )


@codes.get("/releases", responses=responses(CodeSetsNotLoaded))
async def list_releases(reader: Codes) -> ReleasesOut:
    """List every release in force: dates, rows, source, sha256 and licence."""
    releases = msgspec.to_builtins(reader.sets.releases())
    shown = {"code_sets": reader.fingerprint, "releases": releases}
    return ReleasesOut.model_validate({**shown, "edits_left_out": left_out(reader.sets)})


@codes.get("/rechecks", responses=responses(InvalidCursor))
async def list_rechecks(tenant: Tenant, paging: Paging) -> Page[RecheckOut]:
    """List the open encounters that new code sets touched, the newest check first."""
    return await paging.read(
        {"checked_at": str, "encounter_id": str, "code_sets": str},
        lambda session, after, count: store_notes.rechecks(session, tenant, after, count),
        RecheckOut.of,
    )


@codes.post("/validations", responses=responses(CodeSetsNotLoaded))
async def validate_codes(asked: Asked, reader: Codes) -> list[ValidationOut]:
    """Tell of each code whether it may be billed on the date; in the order asked."""
    answers = await asyncio.to_thread(_validate, reader, asked)
    return [ValidationOut.model_validate(answer) for answer in answers]


@codes.post("/risk-scores", responses=responses(CodeSetsNotLoaded))
async def score_risk(member: MemberIn, reader: Codes) -> ScoreOut:
    """Score diagnoses by the CMS-HCC model; what is not mapped yet is said, never zero."""
    return ScoreOut.model_validate(await asyncio.to_thread(_score, reader, member))


@codes.get("/{system}/{code}", responses=responses(CodeSetsNotLoaded, CodeNotFound))
async def get_code(system: System, code: str, reader: Codes, on: AsCode = None) -> CodeOut:
    """Show a code on a date: its standing, what is above and below, the notes that govern it."""
    found = await asyncio.to_thread(_look_up, reader, code, system, on or _today())
    if found is None:
        raise CodeNotFound
    return CodeOut.model_validate(found)


def _below(reader: Reader, code: str, limit: int) -> list[Hit]:
    why = f"below {display(normalise(code), System.ICD10CM)}" if code else "chapter"
    headings = reader.sets.below(normalise(code) if code else None)[:limit]
    return [
        Hit(display(one.code, System.ICD10CM), one.title, why, 1.0, one.billable)
        for one in headings
    ]


def _validate(reader: Reader, asked: Asked) -> Sequence[Mapping[str, Any]]:
    sets, system, day = reader.sets, asked.system, asked.date
    return [_shown(text, sets.validate(text, system, day)) for text in asked.codes]


def _look_up(reader: Reader, code: str, system: System, day: dt.date) -> dict[str, Any] | None:
    sets = reader.sets
    answer = sets.validate(code, system, day)
    is_diagnosis = system is System.ICD10CM
    heading = sets.heading(answer.code) if is_diagnosis else None
    if answer.status in (Status.UNKNOWN, Status.FORMAT) and heading is None:
        return None
    return {
        **_shown(code, answer),
        "title": answer.title or (heading.title if heading is not None else None),
        "above": [_heading(one) for one in sets.above(answer.code)] if is_diagnosis else [],
        "below": [_heading(one) for one in sets.below(answer.code)] if is_diagnosis else [],
        "notes": msgspec.to_builtins(sets.notes(answer.code)) if is_diagnosis else [],
    }


def _shown(text: str, answer: Validation) -> dict[str, Any]:
    system = answer.system
    return {
        "code": text,
        "written": display(answer.code, system),
        "system": system,
        "date": answer.on,
        "status": answer.status,
        "billable": answer.billable,
        "reason": answer.reason,
        "title": answer.title,
        "title_source": answer.title_source,
        "valid_from": answer.valid_from,
        "valid_through": answer.valid_through,
        "children": [display(code, system) for code in answer.children[:_CODES_SHOWN_MAX]],
        "successors": [display(code, system) for code in answer.successors],
        "release": answer.release,
    }


def _heading(heading: Heading) -> dict[str, Any]:
    return {
        "code": display(heading.code, System.ICD10CM),
        "kind": heading.kind,
        "title": heading.title,
        "billable": heading.billable,
    }


def _score(reader: Reader, asked: MemberIn) -> dict[str, Any]:
    member = Member(
        age_years=asked.age_years,
        sex=asked.sex,
        dual_code=asked.dual_code,
        original_reason_code=asked.original_reason_code,
    )
    score = reader.scorer.score(member, asked.diagnoses, asked.date, reader.sets)
    return {
        "raw": str(score.raw),
        "complete": score.complete,
        "categories": list(score.categories),
        "diagnoses": msgspec.to_builtins(score.diagnoses),
        "model": score.model,
    }


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
