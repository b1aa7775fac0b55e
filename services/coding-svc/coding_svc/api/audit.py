"""Routes of the audit: samples, blind second coding, findings, results.

An auditor reads everything and changes nothing but findings: taking a case, coding it again, and
saying what a difference means.
"""

from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from msgspec import structs

from coding_svc.api.audit_shapes import (
    AnswerIn,
    AuditOut,
    CaseOut,
    FindingIn,
    FindingOut,
    FindingWords,
    LineIn,
    RecordLine,
    RecordNote,
    RecordOut,
    ResultsOut,
    RulingIn,
    SampleIn,
    SecondCodingIn,
)
from coding_svc.api.encounters import CallersWay
from coding_svc.decide import audit as decide
from coding_svc.decide.audit import Sample
from coding_svc.handlers import audit as handlers
from coding_svc.handlers.notes import text_of
from coding_svc.model.account import Account
from coding_svc.problems import (
    AuditNotFound,
    BlindUntilSubmitted,
    CaseIsAnothers,
    CaseIsCoded,
    CaseNotBegun,
    CodeMalformed,
    FindingNotOpen,
    NothingToSample,
    OwnWork,
    PatientForgotten,
    ReleaseNotFound,
)
from coding_svc.rules.blind import without_codes
from coding_svc.store import accuracy as store_accuracy
from coding_svc.store import audit as store_audit
from coding_svc.store import encounters as store
from coding_svc.store import notes as store_notes
from coding_svc.store.audit import AuditRow, Case, CaseFilter, FindingFilter, FindingRow
from rcm.events.clinical import ChargeLine
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

audits = APIRouter(prefix="/audits", tags=["audit of coding"])
cases = APIRouter(prefix="/audit-cases", tags=["audit of coding"])
findings = APIRouter(prefix="/audit-findings", tags=["audit of coding"])


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
    after = paging.after(str)
    async with runtime.read(tenant) as session:
        rows = await store_audit.audits(session, tenant, after, paging.fetch_count)
        open_ids = await _open_audits(session, tenant, rows)

    def key(row: AuditRow) -> tuple[str]:
        return (row.audit_id,)

    def shape(row: AuditRow) -> AuditOut:
        return AuditOut.of(row, is_closed=_is_blind_to(caller, row, open_ids))

    return paging.page(rows, key, shape)


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
    alert_id: Annotated[str, Query(max_length=64, description="What an alert counted.")] = "",
) -> Page[CaseOut]:
    """List cases."""
    after = paging.after(str)
    async with runtime.read(tenant) as session:
        counted = await store_accuracy.counted(session, tenant, alert_id) if alert_id else None
        wanted = CaseFilter(audit_id, status, auditor, coder, counted)
        rows = await store_audit.cases(session, tenant, wanted, after, paging.fetch_count)
        blind = await store_audit.blind_to(session, tenant, actor)

    def shape(case: Case) -> CaseOut:
        return CaseOut.of(case, blind)

    return paging.page(rows, lambda case: (case.row.case_id,), shape)


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
    case = await handlers.case_of(way.runtime, way.tenant_id, case_id)
    streams = [case_id, case.row.encounter_id]
    command = asking.command(streams, partial(decide.begin, case_id, way.actor))
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
            session, tenant, case.row.encounter_id, None, NOTES_MAX
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
    case_id: str,
    body: SecondCodingIn,
    request: Request,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> CaseOut:
    """Submit the second coding; the answer compares it with the first. Never edited."""
    case = await handlers.case_of(way.runtime, way.tenant_id, case_id)
    release = await handlers.release_of(way.runtime, way.tenant_id, case)
    lines = {line.line_item_control_number: line for line in release.said().lines}
    second = AuditedCodes(
        diagnoses=body.diagnoses,
        poa_codes=list(body.poa_codes),
        pcs_codes=body.pcs_codes,
        lines=[
            _second_line(line, lines.get(line.line_item_control_number))
            for line in body.lines
            if line.is_billed
        ],
    )
    outcome = await handlers.code_again(way, case_id, second, asking.command)
    asking.mark(answer, outcome.repeated)
    await request.app.state.accuracy.after_review(way)
    return await get_case(case_id, way.tenant_id, way.actor, way.runtime)


def _second_line(line: LineIn, released: ChargeLine | None) -> AuditedLine:
    """Put the auditor's codes on a line as it was released; one that was not is of one unit."""
    second = AuditedLine(
        line_item_control_number=line.line_item_control_number,
        procedure_code=line.procedure_code,
        modifiers=line.modifiers,
    )
    if released is None:
        return second
    return structs.replace(
        second,
        billed_cents=released.billed_cents,
        units_milli=released.units_milli,
        service_from=released.service_from,
    )


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
    alert_id: Annotated[str, Query(max_length=64, description="Errors in its cases.")] = "",
) -> Page[FindingOut]:
    """List findings: of an audit, a case, a coder; `status=error` waits for the coder,
    `status=disputed` for a manager.
    """
    wanted = FindingFilter(audit_id, case_id, coder, status, category)
    after = paging.after(str, int)
    async with runtime.read(tenant) as session:
        counted = await store_accuracy.counted(session, tenant, alert_id) if alert_id else None
        rows = await store_audit.findings(
            session, tenant, wanted, after, paging.fetch_count, counted
        )
        blind = await store_audit.blind_to(session, tenant, actor)

    def shape(row: FindingRow) -> FindingOut:
        return FindingOut.of(row, blind)

    def key(row: FindingRow) -> tuple[str | int, ...]:
        return (row.case_id, row.number)

    return paging.page(rows, key, shape)


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
    request: Request,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> FindingOut:
    """Say what a difference means, and why."""
    decision = partial(
        decide.record_finding,
        case_id, number, way.actor, body.verdict, body.rule_id, body.rationale,
    )  # fmt: skip
    return await _judged(case_id, number, decision, request, way, asking, answer)


@findings.post(
    "/{case_id}/{number}/answers",
    status_code=201,
    responses=responses(AuditNotFound, FindingNotOpen, *CHANGE_PROBLEMS),
    dependencies=[needs("coder", "manager")],
)
async def answer_finding(
    case_id: str,
    number: int,
    body: AnswerIn,
    request: Request,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> FindingOut:
    """Agree with a finding about one's own coding, or dispute it."""
    decision = partial(
        decide.answer_finding, case_id, number, way.actor, body.answer, body.statement
    )
    return await _judged(case_id, number, decision, request, way, asking, answer)


@findings.post(
    "/{case_id}/{number}/rulings",
    status_code=201,
    responses=responses(AuditNotFound, OwnWork, FindingNotOpen, *CHANGE_PROBLEMS),
    dependencies=[MANAGERS],
)
async def adjudicate_finding(
    case_id: str,
    number: int,
    body: RulingIn,
    request: Request,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> FindingOut:
    """Decide a disputed finding; one that is overturned is no error."""
    decision = partial(
        decide.adjudicate_finding, case_id, number, way.actor, body.outcome, body.statement
    )
    return await _judged(case_id, number, decision, request, way, asking, answer)


async def _done(
    case_id: str, command: Any, way: CallersWay, asking: Asking, answer: Response
) -> CaseOut:
    outcome = await way.runtime.execute(command)
    asking.mark(answer, outcome.repeated)
    return await get_case(case_id, way.tenant_id, way.actor, way.runtime)


async def _judged(
    case_id: str,
    number: int,
    decision: Any,
    request: Request,
    way: CallersWay,
    asking: Asking,
    answer: Response,
) -> FindingOut:
    outcome = await way.runtime.execute(asking.command([case_id], decision))
    asking.mark(answer, outcome.repeated)
    await request.app.state.accuracy.after_review(way)
    row = await _finding(case_id, number, way.tenant_id, way.runtime)
    return FindingOut.model_validate(row)


async def _finding(case_id: str, number: int, tenant: str, runtime: Any) -> FindingRow:
    async with runtime.read(tenant) as session:
        row = await store_audit.finding(session, tenant, case_id, number)
    if row is None:
        raise AuditNotFound
    return row
