"""The console's first rooms: claims by state, one claim's life, events, the pipeline.

Every page works by plain links and GET forms; htmx only saves loading a page whole. A page that is
also answered as a part says so by `Vary: HX-Request`. Every number opens what it counts.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from lifecycle_svc import handlers, store
from lifecycle_svc.gateway import Pipeline
from rcm.lifecycle import Money, in_order
from rcm.lifecycle.claim import STATES
from rcm.platform.http import Caller, Paging, PhiViews, Runtime, Tenant
from rcm.platform.http.caller import SESSION_COOKIE
from rcm.platform.http.identity import ROLES
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.http.pages import Render, open_templates
from rcm.platform.http.sign_in import same_site, sign_in_router
from rcm.platform.settings import Settings
from rcm.problems import NotFound

STEPS_MAX: Final = 2_000
_SESSION_S: Final = 12 * 60 * 60
_SOURCES: Final = ("coding-svc", "claims-svc", "remit-svc", "denials-svc")
_PART: Final = {"Vary": "HX-Request"}

State = Annotated[str, Query(max_length=32)]
Text = Annotated[str, Query(max_length=64)]


def console(settings: Settings, pipeline: Pipeline) -> APIRouter:
    """Make the pages."""
    router = APIRouter()
    render = open_templates("lifecycle_svc")
    _claims(router, render)
    _claim(router, render)
    _events(router, render)
    _pipeline(router, render, pipeline)
    if settings.oidc_client_id:
        router.include_router(sign_in_router(settings, "/claims"))
    elif not settings.oidc_issuer:
        _sign_in(router, render, settings)
    return router


def _is_part(request: Request) -> bool:
    return "HX-Request" in request.headers


def _claims(router: APIRouter, render: Render) -> None:
    @router.get("/")
    async def start() -> Response:
        return RedirectResponse("/claims", 303)

    @router.get("/claims")
    async def claims(
        request: Request,
        caller: Caller,
        paging: Paging,
        runtime: Runtime,
        state: State = "",
        turn: Annotated[str, Query(max_length=8)] = "",
        money: Annotated[str, Query(max_length=8)] = "",
        q: Text = "",
    ) -> Response:
        tenant = caller.tenant_id
        wanted = store.ClaimFilter(
            state if state in STATES else "",
            turn if turn in ("ours", "theirs", "nobody") else "",
            q.strip(),
            money if money in store.MONEY_NAMES else "",
        )
        after = paging.after(str, str)
        async with runtime.read(tenant) as session:
            rows = await store.claims(session, tenant, wanted, after, paging.fetch_count)
            counts = await store.state_counts(session, tenant, wanted._replace(state=""))
        shown = rows[: paging.limit]
        more = ""
        if len(rows) > len(shown):
            more = _rest(request, paging.cursor_after((shown[-1].changed_at, shown[-1].claim_id)))
        in_state = [c for c in counts if wanted.state in ("", c.state)]
        answer = render(
            "claims-part.html" if _is_part(request) else "claims.html",
            caller=caller,
            room="claims",
            wanted=wanted,
            counts=sorted(counts, key=lambda c: STATES.index(c.state)),
            claim_count=sum(c.claim_count for c in in_state),
            money=sum((c.money for c in in_state), Money()),
            rows=shown,
            more=more,
            is_next=after is not None,
            query=_query,
            today=datetime.now(UTC).date().isoformat(),
        )
        answer.headers.update(_PART)
        return answer


def _rest(request: Request, cursor: str) -> str:
    """Write the query string of what comes after a page."""
    return request.url.include_query_params(cursor=cursor).query


def _query(wanted: store.ClaimFilter, **other: str) -> str:
    """Write a filter as a query string, changed as told."""
    values = {
        "state": wanted.state,
        "turn": wanted.turn,
        "money": wanted.money,
        "q": wanted.text,
    } | other
    return urlencode({name: value for name, value in values.items() if value})


def _claim(router: APIRouter, render: Render) -> None:
    @router.get("/claims/{claim_id}")
    async def claim(
        claim_id: str,
        caller: Caller,
        runtime: Runtime,
        *,
        everything: Annotated[bool, Query(alias="all")] = False,
    ) -> Response:
        async with runtime.read(caller.tenant_id) as session:
            row = await store.claim(session, caller.tenant_id, claim_id)
            if row is None:
                raise NotFound
            steps = await store.steps(session, caller.tenant_id, row.stories, None, STEPS_MAX)
            siblings = await store.claims_of_encounter(session, caller.tenant_id, row.encounter_id)
        told = in_order({step.event_id: step for step in steps}.values(), claim_id)
        return render(
            "claim.html",
            caller=caller,
            room="claims",
            claim=row,
            money=row.money,
            steps=[step for step in told if everything or not step.is_detail],
            details=sum(step.is_detail for step in told),
            all=everything,
            siblings=siblings,
            together=sum((other.money for other in siblings), Money()),
        )


def _events(router: APIRouter, render: Render) -> None:
    @router.get("/events")
    async def events(
        request: Request,
        tenant: Tenant,
        caller: Caller,
        paging: Paging,
        runtime: Runtime,
        source: Annotated[str, Query(max_length=40)] = "",
    ) -> Response:
        after = paging.after(str, str, str)
        async with runtime.read(tenant) as session:
            rows = await store.latest_steps(session, tenant, source, after, paging.fetch_count)
        shown, more = rows[: paging.limit], ""
        if len(rows) > len(shown):
            last = shown[-1]
            more = _rest(request, paging.cursor_after((last.at, last.event_id, last.story_id)))
        answer = render(
            "events-part.html" if _is_part(request) else "events.html",
            caller=caller,
            room="events",
            sources=_SOURCES,
            source=source,
            steps=shown,
            more=more,
        )
        answer.headers.update(_PART)
        return answer

    @router.get("/events/{event_id}")
    async def event(
        request: Request,
        event_id: str,
        caller: Caller,
        runtime: Runtime,
        views: PhiViews,
        *,
        phi: Annotated[bool, Query()] = False,
    ) -> Response:
        found = await handlers.read_event(runtime, caller.tenant_id, event_id)
        if phi:
            found = await handlers.open_phi(views, found)
        body = dict(found.body)
        x12 = body.pop("x12", None) if "x12" in found.opened else None
        answer = render(
            "event-part.html" if _is_part(request) else "event.html",
            caller=caller,
            room="events",
            event=found,
            claim_id=body.get("claim_id", ""),
            x12=_segments(x12),
            body=msgspec.json.format(msgspec.json.encode(body), indent=2).decode(),
        )
        answer.headers.update(_PART)
        return answer


def _segments(x12: Any) -> list[str]:
    """Split X12 for reading, one segment a line; its terminator is what ends the text."""
    if isinstance(x12, list):
        return [str(segment) for segment in x12]
    text = str(x12 or "").strip()
    terminator = text[-1:] if text and not text[-1].isalnum() else "~"
    return [f"{s.strip()}{terminator}" for s in text.split(terminator) if s.strip()]


def _pipeline(router: APIRouter, render: Render, pipeline: Pipeline) -> None:
    @router.get("/pipeline")
    async def watch(request: Request, caller: Caller, runtime: Runtime) -> Response:
        services = await pipeline.look()
        async with runtime.read(caller.tenant_id) as session:
            unknown = await store.unsettled_interchanges(session, caller.tenant_id, 50)
        parked = await runtime.parked(caller.tenant_id)
        answer = render(
            "pipeline-part.html" if _is_part(request) else "pipeline.html",
            caller=caller,
            room="pipeline",
            services=services,
            sources=_SOURCES,
            unknown=unknown,
            parked=parked,
            at=datetime.now(UTC).strftime("%H:%M:%S"),
        )
        answer.headers.update(_PART)
        return answer


def _sign_in(router: APIRouter, render: Render, settings: Settings) -> None:
    """Development only: whoever is at this machine may be anybody of its made-up tenants."""

    @router.get("/sign-in")
    async def choose() -> Response:
        return render("sign-in.html", tenants=settings.tenants, roles=sorted(ROLES))

    @router.post("/sign-in")
    async def enter(
        request: Request,
        tenant: Annotated[str, Form(max_length=64)],
        role: Annotated[str, Form(max_length=32)],
    ) -> Response:
        same_site(request)
        if tenant not in settings.tenants or role not in ROLES:
            raise NotFound("There is no such tenant or role on this machine.")
        token = DevelopmentIssuer(settings).token(tenant, [role], lifetime_s=_SESSION_S)
        answer = RedirectResponse("/claims", 303)
        answer.set_cookie(
            SESSION_COOKIE, token, max_age=_SESSION_S, httponly=True, samesite="strict"
        )
        return answer

    @router.post("/sign-out")
    async def leave(request: Request) -> Response:
        same_site(request)
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
        return answer
