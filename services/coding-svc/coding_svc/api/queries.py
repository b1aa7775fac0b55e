"""Routes of physician queries: drafted, checked, sent, answered, escalated, closed and measured.

A coder sees every query; a physician (role `physician`) sees and answers those that are addressed
to them by their name at the issuer of tokens, and nothing else of this service.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request, Response

from coding_svc.api.encounters import CallersWay
from coding_svc.api.query_shapes import (
    AnswerIn,
    CloseIn,
    DraftIn,
    Linted,
    Measured,
    MeasuresOut,
    QueryChanged,
    QueryFull,
    QueryIn,
    QueryOut,
    SendIn,
    TemplateOut,
    findings_out,
)
from coding_svc.decide import queries, query_delivery
from coding_svc.gateway.query_book import TenantQueries
from coding_svc.handlers import queries as handling
from coding_svc.model.query import Answer, Content, Reply
from coding_svc.problems import (
    AnswerUnclear,
    ChannelUnknown,
    EncounterMergedAway,
    EncounterNotFound,
    NothingToEscalateTo,
    PatientForgotten,
    PhysicianUnknown,
    QueryIsClosed,
    QueryIsDraft,
    QueryLeads,
    QueryNotAnswered,
    QueryNotFound,
    QueryTemplateNotFound,
    QueryWasSent,
)
from coding_svc.rules.query_lint import LINT_VERSION, has_errors, lint
from coding_svc.rules.query_measures import By, measure, permille
from coding_svc.rules.query_policy import MOMENT, QueryPolicy
from coding_svc.store import queries as store_queries
from coding_svc.store.queries import QueryFilter, QueryRow
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Asking,
    Caller,
    Page,
    Paging,
    PhiViews,
    Runtime,
    Tenant,
    needs,
    responses,
)
from rcm.platform.http.identity import Identity
from rcm.platform.http.paging import InvalidCursor
from rcm.problems import Busy, StreamMoved

router = APIRouter(prefix="/queries", tags=["physician queries"])

READERS: Final = needs("coder", "manager", "auditor", "viewer", "biller", "physician")
CODERS: Final = needs("coder", "manager")
Id = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
Word = Annotated[str, Query(max_length=200)]
Age = Annotated[int, Query(ge=0, le=3_650, description="Opened at least so many days ago.")]


def ways_of(request: Request, tenant: Tenant) -> TenantQueries:
    """Read how the caller's tenant asks."""
    found: TenantQueries = request.app.state.query_book.of_tenant(tenant)
    return found


Ways = Annotated[TenantQueries, Depends(ways_of)]


def filter_of(
    ways: Ways,
    caller: Caller,
    status: Annotated[Literal["", "open", "draft", "sent", "answered", "closed"], Query()] = "",
    kind: Annotated[Literal["", "concurrent", "retrospective", "post-bill"], Query()] = "",
    physician_id: Word = "",
    coder: Word = "",
    template_id: Annotated[str, Query(max_length=40, description="`-` for free text.")] = "",
    reason_code: Word = "",
    encounter_id: Word = "",
    delivery: Annotated[Literal["", "due", "under-way", "delivered", "refused"], Query()] = "",
    response: Annotated[
        Literal["", "agree", "disagree", "other", "unable", "-"],
        Query(description="`-` for none yet."),
    ] = "",
    sent_from: date | None = None,
    sent_through: date | None = None,
    age_days: Age = 0,
    *,
    is_overdue: bool = False,
    is_sent: bool = False,
) -> QueryFilter:
    """Read the filter that the list and the measures share; days are the tenant's calendar's."""
    now = datetime.now(UTC)
    return QueryFilter(
        status=status,
        kind=kind,
        physician_id=physician_id,
        subject=caller.subject if _is_physician(caller) else "",
        coder=coder,
        template_id=template_id,
        reason_code=reason_code,
        encounter_id=encounter_id,
        delivery=delivery,
        response=response,
        # A draft is nobody's but the coder's until it is let go.
        is_sent=is_sent or _is_physician(caller),
        sent_from=_midnight(sent_from, ways.policy, 0),
        sent_before=_midnight(sent_through, ways.policy, 1),
        opened_before=(now - timedelta(days=age_days)).strftime(MOMENT) if age_days else "",
        due_before=now.strftime(MOMENT) if is_overdue else "",
    )


Wanted = Annotated[QueryFilter, Depends(filter_of)]


@router.get("", responses=responses(InvalidCursor), dependencies=[READERS])
async def list_queries(tenant: Tenant, wanted: Wanted, paging: Paging) -> Page[QueryOut]:
    """List queries, the oldest first; `status=open` is the worklist. A physician sees their own."""
    return await paging.read(
        {"opened_at": str, "query_id": str},
        lambda session, after, count: store_queries.queries(session, tenant, wanted, after, count),
        QueryOut.of,
    )


@router.get("/measures", dependencies=[needs("coder", "manager", "auditor", "viewer")])
async def get_measures(
    tenant: Tenant,
    wanted: Wanted,
    ways: Ways,
    request: Request,
    runtime: Runtime,
    by: Annotated[
        Literal["physician_id", "template_id", "coder", "kind", "reason_code", "month"], Query()
    ] = "physician_id",
    hours: Annotated[Literal["all", "business"], Query()] = "all",
) -> Measured:
    """Measure the queries that were sent: query rate, response rate, agreement rate, turnaround.

    Each number is of the queries themselves; each group opens exactly those that it counts.
    """
    async with runtime.read(tenant) as session:
        rows = await store_queries.measured(session, tenant, wanted._replace(is_sent=True))
        coded_count = await store_queries.coded_count(session, tenant, wanted)
    total, *groups = measure(rows, ways.policy, by=by, hours=hours)
    asked = {
        name: value
        for name, value in request.query_params.items()
        if name not in ("by", "hours") and value
    }
    return Measured(
        by=by,
        hours=hours,
        coded_count=coded_count,
        query_permille=permille(total.encounter_count, coded_count),
        total=MeasuresOut.of(total, _href(asked)),
        groups=[MeasuresOut.of(g, _href({**asked, **_of_group(by, g.value)})) for g in groups],
    )


@router.get("/templates", dependencies=[needs("coder", "manager", "auditor")])
async def list_templates(ways: Ways) -> list[TemplateOut]:
    """List the templates that a coder may choose from."""
    return [TemplateOut.of(one) for _, one in sorted(ways.templates.items())]


@router.post("/lint", responses=responses(QueryTemplateNotFound), dependencies=[CODERS])
async def lint_query(body: DraftIn, ways: Ways) -> Linted:
    """Check a wording without keeping anything: every finding with its place and what to do."""
    draft = body.draft(ways.templates)
    found = lint(draft.content, required=draft.required)
    return Linted(
        lint_version=LINT_VERSION,
        may_be_sent=not has_errors(found),
        findings=findings_out(found),
        content=msgspec.to_builtins(draft.content),
    )


@router.post(
    "",
    status_code=201,
    responses=responses(
        EncounterNotFound,
        EncounterMergedAway,
        PatientForgotten,
        PhysicianUnknown,
        QueryTemplateNotFound,
        QueryWasSent,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[CODERS],
)
async def open_query(
    body: QueryIn, way: CallersWay, ways: Ways, asking: Asking, answer: Response
) -> QueryChanged:
    """Draft a query about an encounter; it holds the encounter until it is closed."""
    draft = body.draft(ways.templates)
    patient_id = await handling.patient_of(way, body.encounter_id)
    command = asking.command([], _nothing)
    query_id = way.opaque_id("qry", command.command_id)
    decide = partial(queries.open_query, query_id, body.encounter_id, draft, ways.policy)
    streams = [query_id, body.encounter_id]
    outcome = await way.runtime.execute(
        asking.command(streams, decide, key_ids=[patient_id] if patient_id else [])
    )
    asking.mark(answer, outcome.repeated)
    return await _changed(way, query_id, draft)


@router.put(
    "/{query_id}/draft",
    responses=responses(
        QueryNotFound, QueryWasSent, QueryTemplateNotFound, PatientForgotten, *CHANGE_PROBLEMS
    ),
    dependencies=[CODERS],
)
async def revise_query(
    query_id: Id, body: DraftIn, way: CallersWay, ways: Ways, asking: Asking, answer: Response
) -> QueryChanged:
    """Word a draft anew; what was sent is never revised."""
    draft = body.draft(ways.templates)
    decide = partial(queries.revise, query_id, draft, ways.policy)
    outcome = await way.runtime.execute(asking.command([query_id], decide))
    asking.mark(answer, outcome.repeated)
    return await _changed(way, query_id, draft)


@router.post(
    "/{query_id}/deliveries",
    status_code=202,
    responses=responses(
        QueryNotFound,
        QueryLeads,
        QueryIsClosed,
        QueryWasSent,
        ChannelUnknown,
        PatientForgotten,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[CODERS],
)
async def send_query(
    query_id: Id, body: SendIn, way: CallersWay, ways: Ways, asking: Asking, answer: Response
) -> QueryOut:
    """Let a query go, or let one that is out go another way; refused while its wording leads."""
    decide = partial(query_delivery.send, query_id, body.channel_id, ways.policy, ways.required)
    outcome = await way.runtime.execute(asking.command([query_id], decide))
    asking.mark(answer, outcome.repeated)
    return QueryOut.of(await handling.row_of(way, query_id))


@router.post(
    "/{query_id}/answers",
    status_code=201,
    responses=responses(
        QueryNotFound,
        QueryIsDraft,
        QueryIsClosed,
        AnswerUnclear,
        PatientForgotten,
        StreamMoved,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[needs("coder", "manager", "physician")],
)
async def answer_query(
    query_id: Id, body: AnswerIn, caller: Caller, way: CallersWay, asking: Asking, answer: Response
) -> QueryOut:
    """Answer a query: the physician themselves, or a coder who enters what a physician said."""
    is_own = _is_physician(caller)
    row = await (_own(way, caller, query_id) if is_own else handling.row_of(way, query_id))
    reply = Reply(
        option_key=body.option_key,
        response=body.response,
        text=body.text,
        answered_by=caller.subject if is_own else body.answered_by,
    )
    outcome = await handling.answer_query(way, row, reply, asking.command)
    asking.mark(answer, outcome.repeated)
    return QueryOut.of(await handling.row_of(way, query_id))


@router.post(
    "/{query_id}/escalations",
    status_code=201,
    responses=responses(
        QueryNotFound,
        QueryIsDraft,
        QueryIsClosed,
        QueryWasSent,
        NothingToEscalateTo,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[CODERS],
)
async def escalate_query(
    query_id: Id, way: CallersWay, ways: Ways, asking: Asking, answer: Response
) -> QueryOut:
    """Ask the next one of the tenant's policy, such as the physician advisor, before it is due."""
    decide = partial(query_delivery.escalate, query_id, "by-hand", ways.policy)
    outcome = await way.runtime.execute(asking.command([query_id], decide))
    asking.mark(answer, outcome.repeated)
    return QueryOut.of(await handling.row_of(way, query_id))


@router.post(
    "/{query_id}/closures",
    status_code=201,
    responses=responses(
        QueryNotFound,
        QueryIsDraft,
        QueryIsClosed,
        QueryWasSent,
        QueryNotAnswered,
        StreamMoved,
        *CHANGE_PROBLEMS,
    ),
    dependencies=[CODERS],
)
async def close_query(
    query_id: Id, body: CloseIn, way: CallersWay, asking: Asking, answer: Response
) -> QueryOut:
    """Close a query: its hold ends, and the encounter is assessed anew."""
    outcome = await handling.close_query(way, query_id, body.cause, body.note_code, asking.command)
    asking.mark(answer, outcome.repeated)
    return QueryOut.of(await handling.row_of(way, query_id))


@router.get(
    "/{query_id}",
    responses=responses(QueryNotFound, Busy),
    dependencies=[needs("coder", "manager", "physician")],
)
async def get_query(query_id: Id, caller: Caller, way: CallersWay, views: PhiViews) -> QueryFull:
    """Show a query with what it asks and what was answered. PHI; the view is recorded."""
    is_own = _is_physician(caller)
    row = await (_own(way, caller, query_id) if is_own else handling.row_of(way, query_id))
    state = await handling.state_of(way, query_id)
    content = await handling.opened_for(
        views, state.content, Content, query_id, is_addressee=is_own
    )
    answered = await handling.opened_for(views, state.answer, Answer, query_id, is_addressee=is_own)
    if is_own and row.channel_kind == "desk":
        await handling.note_fetched(way, query_id, row.control_number)
        row = await handling.row_of(way, query_id)
    return QueryFull.with_words(row, content, answered)


# -- what the routes share -------------------------------------------------------------------------


def _is_physician(caller: Identity) -> bool:
    """Tell whether a caller may see only what is addressed to them."""
    return "physician" in caller.roles and caller.roles.isdisjoint({"coder", "manager"})


async def _own(way: Any, caller: Identity, query_id: str) -> QueryRow:
    """Find a query that is addressed to a physician; any other one is not there for them."""
    row = await handling.row_of(way, query_id)
    if row.asked_subject != caller.subject or row.status == "draft":
        raise QueryNotFound
    return row


async def _changed(way: Any, query_id: str, draft: queries.Draft) -> QueryChanged:
    found = lint(draft.content, required=draft.required)
    return QueryChanged(
        query=QueryOut.of(await handling.row_of(way, query_id)), findings=findings_out(found)
    )


def _midnight(day: date | None, policy: QueryPolicy, after: int) -> str:
    """Return the instant at which a day of the tenant's calendar begins, or a later one does."""
    if day is None:
        return ""
    begins = min(max(day, _FIRST_DAY), _LAST_DAY) + timedelta(days=after)
    local = datetime.combine(begins, time(), ZoneInfo(policy.time_zone))
    return local.astimezone(UTC).strftime(MOMENT)


_FIRST_DAY: Final = date(1970, 1, 1)
_LAST_DAY: Final = date(9990, 1, 1)


def _of_group(by: By, value: str) -> dict[str, str]:
    """Say which filter opens a group."""
    if by != "month":
        return {by: value or "-"}
    first = date.fromisoformat(f"{value}-01")
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return {
        "sent_from": first.isoformat(),
        "sent_through": (following - timedelta(days=1)).isoformat(),
    }


def _href(chosen: dict[str, str]) -> str:
    return "/v1/queries?" + urlencode({**chosen, "is_sent": "true"})


def _nothing(_loaded: Any, _context: Any) -> list[Any]:
    """Decide nothing: stands in a command that only names its id."""
    return []
