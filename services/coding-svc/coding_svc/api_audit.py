"""Routes of the audit: samples, blind second coding, findings, results, and evidence packs.

An auditor reads everything and changes nothing but findings: taking a case, coding it again, and
saying what a difference means.
"""

from datetime import date
from functools import partial
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from coding_svc import store, store_audit, store_notes
from coding_svc.api import CallersWay, ReasonOut
from coding_svc.decide import audit as decide
from coding_svc.decide.audit import Sample
from coding_svc.handlers import audit as handlers
from coding_svc.handlers.evidence import pack_of
from coding_svc.handlers.notes import text_of
from coding_svc.model.account import Account
from coding_svc.problems import (
    AuditNotFound,
    BlindUntilSubmitted,
    CaseIsAnothers,
    CaseIsCoded,
    CaseNotBegun,
    CodeMalformed,
    EncounterNotFound,
    FindingNotOpen,
    NothingToSample,
    OwnWork,
    PatientForgotten,
    ReleaseNotFound,
)
from coding_svc.rules.blind import without_codes
from coding_svc.rules.sampling import CASES_MAX
from coding_svc.store_audit import AuditRow, Case, CaseFilter, FindingFilter, FindingRow
from rcm.events.coding_audit import AuditedCodes, AuditedLine, Criteria
from rcm.events.phi import Phi
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Actor,
    Asking,
    Caller,
    InvalidCursor,
    Page,
    Paging,
    PhiViews,
    Runtime,
    Tenant,
    needs,
    responses,
)
from rcm.problems import Busy

NOTES_MAX: Final = 200
MANAGERS: Final = needs("manager")
AUDITORS: Final = needs("auditor")
READERS: Final = needs("auditor", "coder", "biller", "manager")
Rule = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,60}$", examples=["ocg-i-b-4"])]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9.]{1,10}$")]
Words = Annotated[str, Field(max_length=2_000)]

audits = APIRouter(prefix="/audits", tags=["audit of coding"])
cases = APIRouter(prefix="/audit-cases", tags=["audit of coding"])
findings = APIRouter(prefix="/audit-findings", tags=["audit of coding"])
evidence = APIRouter(prefix="/encounters", tags=["evidence"])


class CriteriaIn(BaseModel, extra="forbid"):
    """Which releases a sample is drawn from; what is left out limits nothing."""

    released_from: date
    released_through: date
    coder: str = Field("", max_length=200)
    code: str = Field("", pattern=r"^[A-Za-z0-9.]{0,10}$", description="Any code of the release.")
    drg_code: str = Field("", pattern=r"^(\d{3})?$")
    payer_id: str = Field("", max_length=80)
    class_code: str = Field("", pattern=r"^[A-Z]?$")
    rule_id: str = Field("", pattern=r"^[a-z0-9-]{0,60}$", description="A warning let pass.")
    billed_cents_min: int = Field(0, ge=0)


class SampleIn(BaseModel, extra="forbid"):
    """Draw a sample: a number of releases, or a rate of them."""

    title_code: str = Field(pattern=r"^[a-z0-9-]{1,60}$", examples=["2026-q4-inpatient"])
    criteria: CriteriaIn
    seed: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")
    size_count: int = Field(0, ge=0, le=CASES_MAX)
    rate_milli: int = Field(0, ge=0, le=1_000, description="Of a thousand; rounded up.")
    base_rate_cents: int = Field(0, ge=0, description="Of one DRG weight; 0 for none.")
    accuracy_goal_milli: int = Field(950, ge=0, le=1_000)


class AuditOut(BaseModel):
    """A sample."""

    model_config = ConfigDict(from_attributes=True)

    audit_id: str
    title_code: str
    kind: Literal["random", "targeted"]
    criteria: dict[str, Any]
    seed: str
    size_count: int
    rate_milli: int
    population_count: int = Field(description="Releases that met the criteria.")
    case_count: int
    case_ids: list[str] = Field(description="In the order of drawing.")
    base_rate_cents: int
    accuracy_goal_milli: int
    drawn_by: str
    drawn_at: str

    @classmethod
    def of(cls, row: AuditRow, *, is_closed: bool) -> "AuditOut":
        """Show a sample; to whoever may yet code its cases, not the codes that it was drawn by."""
        shown = cls.model_validate(row)
        if not is_closed:
            return shown
        told = {k: "(closed)" if k in _TELLING else v for k, v in shown.criteria.items()}
        return shown.model_copy(update={"criteria": told})


_TELLING: Final = frozenset({"code", "drg_code", "rule_id"})
"""Criteria that tell of the codes."""


class CaseOut(BaseModel):
    """A release that is coded a second time; the first codes come with the second ones."""

    case_id: str
    audit_id: str
    encounter_id: str
    coded_version: int
    coder: str = Field(description="Who released it; empty for rules.")
    class_code: str
    payer_id: str
    status: Literal["open", "begun", "coded"]
    auditor: str
    opened_at: str
    begun_at: str
    coded_at: str
    first: dict[str, Any] | None = Field(description="Null until the second coding is in.")
    second: dict[str, Any] | None
    agreements: list[dict[str, Any]]
    charge_delta_cents: int | None
    drg_delta_cents: int | None
    unpriced: str = Field(description="Why there is no amount.")

    @classmethod
    def of(cls, case: Case, blind: frozenset[str] = frozenset()) -> "CaseOut":
        """Show a case; before it is coded, nothing of the first codes.

        Args:
            case: Which.
            blind: Encounters that the caller is coding: another audit may have compared them.
        """
        row, begun, coding = case.row, case.begun, case.coding
        status = "coded" if coding else "begun" if begun else "open"
        if row.encounter_id in blind:
            coding = None
        return cls(
            case_id=row.case_id,
            audit_id=row.audit_id,
            encounter_id=row.encounter_id,
            coded_version=row.coded_version,
            coder=row.coder,
            class_code=row.class_code,
            payer_id=row.payer_id,
            status=status,
            auditor=begun.auditor if begun else "",
            opened_at=row.opened_at,
            begun_at=begun.begun_at if begun else "",
            coded_at=coding.coded_at if coding else "",
            first=coding.first if coding else None,
            second=coding.second if coding else None,
            agreements=coding.agreements if coding else [],
            charge_delta_cents=coding.charge_delta_cents if coding else None,
            drg_delta_cents=coding.drg_delta_cents if coding else None,
            unpriced=coding.unpriced if coding else "",
        )


class LineIn(BaseModel, extra="forbid"):
    """A line as the auditor codes it; a line that is left out, or without a code, is struck."""

    line_item_control_number: str = Field(min_length=1, max_length=30)
    procedure_code: str = Field("", max_length=10)
    modifiers: list[str] = Field([], max_length=4)
    is_billed: bool = Field(True, description="False strikes it with its charge.")


class SecondCodingIn(BaseModel, extra="forbid"):
    """What the auditor codes, without having seen the first codes."""

    diagnoses: list[Code] = Field(min_length=1, max_length=50, description="The principal first.")
    poa_codes: list[Literal["Y", "N", "U", "W", "1", ""]] = Field([], max_length=50)
    pcs_codes: list[Code] = Field([], max_length=25, description="ICD-10-PCS, inpatient.")
    lines: list[LineIn] = Field([], max_length=999)


class FindingIn(BaseModel, extra="forbid"):
    """What a difference means."""

    verdict: Literal["error", "acceptable"]
    rule_id: Rule
    rationale: str = Field(min_length=1, max_length=2_000, description="Kept sealed.")


class AnswerIn(BaseModel, extra="forbid"):
    """The first coder's answer."""

    answer: Literal["agree", "dispute"]
    statement: Words = ""


class RulingIn(BaseModel, extra="forbid"):
    """A manager's decision of a dispute."""

    outcome: Literal["upheld", "overturned"]
    statement: Words = ""


class FindingOut(BaseModel):
    """A difference and where it stands. What people wrote of it is PHI and read one by one."""

    model_config = ConfigDict(from_attributes=True)

    case_id: str
    number: int
    audit_id: str
    encounter_id: str
    coder: str
    auditor: str
    category: str
    path: str
    first: str
    second: str
    status: str
    rule_id: str
    changed_at: str

    @classmethod
    def of(cls, row: FindingRow, blind: frozenset[str]) -> "FindingOut":
        """Show a finding; of an encounter that the caller is coding, nothing of the codes."""
        shown = cls.model_validate(row)
        if row.encounter_id in blind:
            return shown.model_copy(update={"path": "", "first": "", "second": ""})
        return shown


class FindingWords(FindingOut):
    """A finding with what people wrote of it. PHI."""

    rationale: str | None
    answer: str | None
    ruling: str | None


class ScoreOut(BaseModel):
    """How far some decisions stand."""

    model_config = ConfigDict(from_attributes=True)

    value: str = Field(description="The coder (`-` for rules), category or rule.")
    case_count: int
    decision_count: int
    agreed_count: int
    error_count: int = Field(description="Differences, less acceptable and overturned ones.")
    unjudged_count: int = Field(description="Of those, what the auditor has not judged yet.")
    agreement_milli: int | None
    accuracy_milli: int | None
    meets_goal: bool | None


class KappaOut(BaseModel):
    """Cohen's kappa of one category."""

    model_config = ConfigDict(from_attributes=True)

    category: str
    pair_count: int
    kappa_milli: int | None = Field(description="Null where chance alone explains it.")


class ResultsOut(BaseModel):
    """What an audit found so far."""

    model_config = ConfigDict(from_attributes=True)

    audit_id: str
    case_count: int
    coded_count: int
    goal_milli: int
    total: ScoreOut
    by_coder: list[ScoreOut]
    by_category: list[ScoreOut]
    by_rule: list[ScoreOut] = Field(description="Cases in which a warning of it was let pass.")
    findings_by_rule: dict[str, int] = Field(description="Errors by the guideline named.")
    kappas: list[KappaOut]
    charge_delta_cents: int
    drg_delta_cents: int
    unpriced_count: int = Field(description="Cases of which a part has no amount.")


class RecordLine(BaseModel):
    """A released line without its codes."""

    line_item_control_number: str
    form: str
    service_from: str
    service_through: str
    billed_cents: int
    units_milli: int
    unit_code: str
    revenue_code: str
    place_of_service_code: str


class RecordNote(BaseModel):
    """A note of the record, without what a model suggests from it. PHI."""

    note_id: str
    kind: str
    is_final: bool
    written_on: str
    text: str


class RecordOut(BaseModel):
    """The record as a second coder sees it. PHI."""

    case_id: str
    encounter_id: str
    account: dict[str, Any] = Field(description="Everything known but the codes.")
    lines: list[RecordLine]
    notes: list[RecordNote]


@audits.post(
    "",
    status_code=201,
    responses=responses(NothingToSample, *CHANGE_PROBLEMS),
    dependencies=[MANAGERS],
)
async def draw(body: SampleIn, way: CallersWay, asking: Asking, answer: Response) -> AuditOut:
    """Draw a sample of releases. The same releases, criteria, size and seed give the same list."""
    asked = body.criteria
    sample = Sample(
        audit_id=way.opaque_id("aud", asking.key, asking.request_hash),
        title_code=body.title_code,
        criteria=Criteria(
            **asked.model_dump(exclude={"released_from", "released_through", "code"}),
            released_from=asked.released_from.isoformat(),
            released_through=asked.released_through.isoformat(),
            code=asked.code.replace(".", "").upper(),
        ),
        seed=body.seed,
        size_count=body.size_count,
        rate_milli=body.rate_milli,
        population_count=0,
        base_rate_cents=body.base_rate_cents,
        accuracy_goal_milli=body.accuracy_goal_milli,
    )
    outcome = await handlers.draw(way, sample, asking.command)
    asking.mark(answer, outcome.repeated)
    audit_id = outcome.recorded[0].stream_id
    return await get_audit(audit_id, way.tenant_id, asking.caller, way.runtime)


@audits.get("", responses=responses(InvalidCursor))
async def list_audits(
    tenant: Tenant, caller: Caller, paging: Paging, runtime: Runtime
) -> Page[AuditOut]:
    """List samples."""
    after = paging.after(tenant, "audits", str)
    async with runtime.read(tenant) as session:
        rows = await store_audit.audits(session, tenant, after, paging.fetch_count)
        open_ids = await _open_audits(session, tenant, rows)

    def key(row: AuditRow) -> tuple[str]:
        return (row.audit_id,)

    def shape(row: AuditRow) -> AuditOut:
        return AuditOut.of(row, is_closed=_is_blind_to(caller, row, open_ids))

    return paging.page(tenant, "audits", rows, key, shape)


@audits.get("/{audit_id}", responses=responses(AuditNotFound))
async def get_audit(audit_id: str, tenant: Tenant, caller: Caller, runtime: Runtime) -> AuditOut:
    """Show a sample with its criteria, seed and list.

    Until all of it is coded, an auditor is not told which codes it was drawn by.
    """
    async with runtime.read(tenant) as session:
        row = await store_audit.audit(session, tenant, audit_id)
        if row is None:
            raise AuditNotFound
        open_ids = await _open_audits(session, tenant, [row])
    return AuditOut.of(row, is_closed=_is_blind_to(caller, row, open_ids))


async def _open_audits(session: Any, tenant: str, rows: Any) -> frozenset[str]:
    found = [
        row.audit_id
        for row in rows
        if await store_audit.uncoded_count(session, tenant, row.audit_id)
    ]
    return frozenset(found)


def _is_blind_to(caller: Caller, row: AuditRow, open_ids: frozenset[str]) -> bool:
    """Tell whether a caller may yet code cases of a sample."""
    is_auditor = "auditor" in caller.roles and "manager" not in caller.roles
    return is_auditor and row.audit_id in open_ids


@audits.get("/{audit_id}/results", responses=responses(AuditNotFound), dependencies=[READERS])
async def get_results(audit_id: str, tenant: Tenant, runtime: Runtime) -> ResultsOut:
    """Add up what an audit found: agreement, kappa, accuracy against the goal, money."""
    found = await handlers.results_of(runtime, tenant, audit_id)
    return ResultsOut.model_validate(found, from_attributes=True)


@cases.get("", responses=responses(InvalidCursor))
async def list_cases(
    tenant: Tenant,
    actor: Actor,
    paging: Paging,
    runtime: Runtime,
    audit_id: Annotated[str, Query(max_length=64)] = "",
    status: Annotated[Literal["", "open", "begun", "coded"], Query()] = "",
    auditor: Annotated[str, Query(max_length=200, description="`-` for nobody.")] = "",
    coder: Annotated[str, Query(max_length=200)] = "",
) -> Page[CaseOut]:
    """List cases."""
    wanted = CaseFilter(audit_id, status, auditor, coder)
    listing = f"audit-cases/{wanted!r}"
    after = paging.after(tenant, listing, str)
    async with runtime.read(tenant) as session:
        rows = await store_audit.cases(session, tenant, wanted, after, paging.fetch_count)
        blind = await store_audit.blind_to(session, tenant, actor)

    def shape(case: Case) -> CaseOut:
        return CaseOut.of(case, blind)

    return paging.page(tenant, listing, rows, lambda case: (case.row.case_id,), shape)


@cases.get("/{case_id}", responses=responses(AuditNotFound))
async def get_case(case_id: str, tenant: Tenant, actor: Actor, runtime: Runtime) -> CaseOut:
    """Show a case; the first codes stay closed until the second coding is in."""
    case = await handlers.case_of(runtime, tenant, case_id)
    async with runtime.read(tenant) as session:
        blind = await store_audit.blind_to(session, tenant, actor)
    return CaseOut.of(case, blind)


@cases.post(
    "/{case_id}/takes",
    status_code=201,
    responses=responses(AuditNotFound, OwnWork, CaseIsAnothers, CaseIsCoded, *CHANGE_PROBLEMS),
    dependencies=[AUDITORS],
)
async def begin(case_id: str, way: CallersWay, asking: Asking, answer: Response) -> CaseOut:
    """Take a case: until the second coding is in, its first codes are closed to the auditor."""
    command = asking.command([case_id], partial(decide.begin, case_id, way.actor))
    return await _done(case_id, command, way, asking, answer)


@cases.get(
    "/{case_id}/record",
    responses=responses(AuditNotFound, ReleaseNotFound, PatientForgotten, Busy),
    dependencies=[AUDITORS],
)
async def get_record(case_id: str, tenant: Tenant, runtime: Runtime, phi: PhiViews) -> RecordOut:
    """Show the record of a case without anybody's codes. PHI; the view is recorded."""
    case = await handlers.case_of(runtime, tenant, case_id)
    release = await handlers.release_of(runtime, tenant, case)
    async with runtime.read(tenant) as session:
        sealed = await store.sealed_account(session, tenant, case.row.encounter_id)
        notes = await store_notes.notes_of_encounter(
            session, tenant, case.row.encounter_id, NOTES_MAX
        )
    if sealed is None:
        raise AuditNotFound
    account = await phi.open(sealed, Account, "audit-record", case_id)
    if account is None:
        raise PatientForgotten("The patient's key was destroyed.")
    shown = RecordLine.model_fields
    return RecordOut(
        case_id=case_id,
        encounter_id=case.row.encounter_id,
        account=without_codes(account),
        lines=[
            RecordLine(**{name: getattr(line, name) for name in shown})
            for line in release.said().lines
        ],
        notes=[
            RecordNote(
                note_id=note.note_id,
                kind=note.kind,
                is_final=note.is_final,
                written_on=note.written_on,
                text=await text_of(phi, note),
            )
            for note in notes
        ],
    )


@cases.post(
    "/{case_id}/second-codings",
    status_code=201,
    responses=responses(
        AuditNotFound,
        ReleaseNotFound,
        CaseNotBegun,
        CaseIsAnothers,
        CaseIsCoded,
        CodeMalformed,
        PatientForgotten,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[AUDITORS],
)
async def code_again(
    case_id: str, body: SecondCodingIn, way: CallersWay, asking: Asking, answer: Response
) -> CaseOut:
    """Submit the second coding; the answer compares it with the first. Never edited."""
    case = await handlers.case_of(way.runtime, way.tenant_id, case_id)
    release = await handlers.release_of(way.runtime, way.tenant_id, case)
    cents = {line.line_item_control_number: line.billed_cents for line in release.said().lines}
    second = AuditedCodes(
        diagnoses=body.diagnoses,
        poa_codes=list(body.poa_codes),
        pcs_codes=body.pcs_codes,
        lines=[
            AuditedLine(
                line_item_control_number=line.line_item_control_number,
                procedure_code=line.procedure_code,
                modifiers=line.modifiers,
                billed_cents=cents.get(line.line_item_control_number, 0),
            )
            for line in body.lines
            if line.is_billed
        ],
    )
    outcome = await handlers.code_again(way, case_id, second, asking.command)
    asking.mark(answer, outcome.repeated)
    return await get_case(case_id, way.tenant_id, way.actor, way.runtime)


@findings.get("", responses=responses(InvalidCursor))
async def list_findings(
    tenant: Tenant,
    actor: Actor,
    paging: Paging,
    runtime: Runtime,
    audit_id: Annotated[str, Query(max_length=64)] = "",
    case_id: Annotated[str, Query(max_length=64)] = "",
    coder: Annotated[str, Query(max_length=200)] = "",
    status: Annotated[str, Query(pattern=r"^[a-z]{0,20}$")] = "",
    category: Annotated[str, Query(pattern=r"^[a-z]{0,20}$")] = "",
) -> Page[FindingOut]:
    """List findings: of an audit, a case, a coder; `status=error` waits for the coder,
    `status=disputed` for a manager.
    """
    wanted = FindingFilter(audit_id, case_id, coder, status, category)
    listing = f"audit-findings/{wanted!r}"
    after = paging.after(tenant, listing, str, int)
    async with runtime.read(tenant) as session:
        rows = await store_audit.findings(session, tenant, wanted, after, paging.fetch_count)
        blind = await store_audit.blind_to(session, tenant, actor)

    def shape(row: FindingRow) -> FindingOut:
        return FindingOut.of(row, blind)

    def key(row: FindingRow) -> tuple[str | int, ...]:
        return (row.case_id, row.number)

    return paging.page(tenant, listing, rows, key, shape)


@findings.get(
    "/{case_id}/{number}",
    responses=responses(AuditNotFound, BlindUntilSubmitted, Busy),
    dependencies=[READERS],
)
async def get_finding(
    case_id: str, number: int, tenant: Tenant, runtime: Runtime, phi: PhiViews
) -> FindingWords:
    """Show a finding with what people wrote of it. PHI; the view is recorded."""
    row = await _finding(case_id, number, tenant, runtime)
    await handlers.check_not_blind(runtime, tenant, row.encounter_id, phi.caller.subject)
    sealed = {
        name: Phi(**box)
        for name in ("rationale", "answer", "ruling")
        if (box := getattr(row, name)) is not None
    }
    opened: dict[str, str | None] = {}
    if sealed:
        opened = await phi.open_all(sealed, str, "audit-finding", f"{case_id}/{number}")
    words = {name: opened.get(name) for name in ("rationale", "answer", "ruling")}
    shown = FindingOut.model_validate(row).model_dump()
    return FindingWords(**shown, **words)


@findings.put(
    "/{case_id}/{number}/verdict",
    responses=responses(AuditNotFound, CaseIsAnothers, FindingNotOpen, *CHANGE_PROBLEMS),
    dependencies=[AUDITORS],
)
async def record_finding(
    case_id: str,
    number: int,
    body: FindingIn,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> FindingOut:
    """Say what a difference means, and why."""
    decision = partial(
        decide.record_finding,
        case_id, number, way.actor, body.verdict, body.rule_id, body.rationale,
    )  # fmt: skip
    return await _judged(case_id, number, decision, way, asking, answer)


@findings.post(
    "/{case_id}/{number}/answers",
    status_code=201,
    responses=responses(AuditNotFound, FindingNotOpen, *CHANGE_PROBLEMS),
    dependencies=[needs("coder", "manager")],
)
async def answer_finding(
    case_id: str, number: int, body: AnswerIn, way: CallersWay, asking: Asking, answer: Response
) -> FindingOut:
    """Agree with a finding about one's own coding, or dispute it."""
    decision = partial(
        decide.answer_finding, case_id, number, way.actor, body.answer, body.statement
    )
    return await _judged(case_id, number, decision, way, asking, answer)


@findings.post(
    "/{case_id}/{number}/rulings",
    status_code=201,
    responses=responses(AuditNotFound, OwnWork, FindingNotOpen, *CHANGE_PROBLEMS),
    dependencies=[MANAGERS],
)
async def adjudicate_finding(
    case_id: str, number: int, body: RulingIn, way: CallersWay, asking: Asking, answer: Response
) -> FindingOut:
    """Decide a disputed finding; one that is overturned is no error."""
    decision = partial(
        decide.adjudicate_finding, case_id, number, way.actor, body.outcome, body.statement
    )
    return await _judged(case_id, number, decision, way, asking, answer)


class ReleaseOut(BaseModel):
    """A version of an encounter as it was released to billing."""

    coded_version: int
    event_id: str
    released_by: str = Field(description="Empty for rules: nobody held it.")
    released_at: str
    rework_of: str | None = Field(description="The denial that it answers.")
    drg_code: str
    billed_cents: int
    diagnoses: list[dict[str, Any]]
    procedures: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    drg: dict[str, Any] | None
    code_set_versions: dict[str, str]
    rule_versions: dict[str, str]
    warnings: list[ReasonOut]


@evidence.get(
    "/{encounter_id}/coded-versions",
    responses=responses(EncounterNotFound, BlindUntilSubmitted),
    dependencies=[READERS],
)
async def list_releases(encounter_id: str, way: CallersWay) -> list[ReleaseOut]:
    """List every version that was released, with its codes and what it was checked by."""
    runtime, tenant = way.runtime, way.tenant_id
    await handlers.check_not_blind(runtime, tenant, encounter_id, way.actor)
    async with runtime.read(tenant) as session:
        if await store.encounter(session, tenant, encounter_id) is None:
            raise EncounterNotFound
        rows = await store_audit.releases(session, tenant, encounter_id)
    return [
        ReleaseOut.model_validate({**store_audit.released(r), "rework_of": r.rework_of or None})
        for r in rows
    ]


@evidence.get(
    "/{encounter_id}/evidence",
    response_class=Response,
    responses={
        200: {"content": {"application/zip": {}}, "description": "The archive."},
        **responses(EncounterNotFound, BlindUntilSubmitted, PatientForgotten, Busy),
    },
    dependencies=[READERS],
)
async def get_evidence(
    encounter_id: str,
    request: Request,
    way: CallersWay,
    phi: PhiViews,
    *,
    open_phi: Annotated[bool, Query(description="With the record itself, opened.")] = False,
) -> Response:
    """Download the evidence of an encounter's coding as an archive; check it with `rcm evidence`.

    The same log gives the same bytes. That it was given, to whom and with what hash, is recorded.
    """
    await handlers.check_not_blind(way.runtime, way.tenant_id, encounter_id, way.actor)
    data = await pack_of(way, encounter_id, phi if open_phi else None, request.state.request_id)
    name = f"{encounter_id}{'-phi' if open_phi else ''}.zip"
    return Response(
        data,
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Sha256": sha256(data).hexdigest(),
        },
    )


class PackOut(BaseModel):
    """An evidence pack that was given to somebody."""

    model_config = ConfigDict(from_attributes=True)

    given_to: str
    holds_phi: bool
    sha256: str
    bytes_count: int
    request_id: str
    issued_at: str


@evidence.get(
    "/{encounter_id}/evidence-packs",
    dependencies=[needs("auditor", "manager")],
)
async def list_packs(encounter_id: str, tenant: Tenant, runtime: Runtime) -> list[PackOut]:
    """List the evidence packs of an encounter that were given out, the first one first."""
    async with runtime.read(tenant) as session:
        rows = await store_audit.packs(session, tenant, encounter_id)
    return [PackOut.model_validate(row) for row in rows]


async def _done(
    case_id: str, command: Any, way: CallersWay, asking: Asking, answer: Response
) -> CaseOut:
    outcome = await way.runtime.execute(command)
    asking.mark(answer, outcome.repeated)
    return await get_case(case_id, way.tenant_id, way.actor, way.runtime)


async def _judged(
    case_id: str, number: int, decision: Any, way: CallersWay, asking: Asking, answer: Response
) -> FindingOut:
    outcome = await way.runtime.execute(asking.command([case_id], decision))
    asking.mark(answer, outcome.repeated)
    row = await _finding(case_id, number, way.tenant_id, way.runtime)
    return FindingOut.model_validate(row)


async def _finding(case_id: str, number: int, tenant: str, runtime: Any) -> FindingRow:
    async with runtime.read(tenant) as session:
        row = await store_audit.finding(session, tenant, case_id, number)
    if row is None:
        raise AuditNotFound
    return row
