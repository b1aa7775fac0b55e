"""The app factory: a service's routes with the manners that all services share.

No globals: several apps, or the same one twice, run in one process.

    /v1/...                    the service's routes, each behind a verified token
    /health/live|ready|startup for whoever starts and stops it
    /metrics /status           for whoever watches it; no PHI, no tenant's data
    /docs /openapi.json        its description, from this service alone: no CDN
    /problems/<slug>           what a refusal means
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi

from rcm.platform.http.audit import audit_router
from rcm.platform.http.caller import identify
from rcm.platform.http.docs import docs_router
from rcm.platform.http.guard import Guard
from rcm.platform.http.identity import Forbidden, Unauthenticated, Verifier
from rcm.platform.http.issuer import open_verifier
from rcm.platform.http.pages import mount_static, problem_page
from rcm.platform.http.parked import parked_router
from rcm.platform.http.problems import (
    PROBLEM_SCHEMA,
    MalformedRequest,
    add_problem_handlers,
    responses,
)
from rcm.platform.http.runtime import status_of
from rcm.platform.manifest import Manifest
from rcm.platform.runtime import open_runtime as open_platform_runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import Log, Metrics, Status, open_log

Opener = Callable[[Manifest, Settings], AbstractAsyncContextManager[Any]]
"""Opens a service's runtime; closes it when the app stops."""

StatusOf = Callable[[Any], Awaitable[Status]]
"""Asks a runtime how far it is."""


def create_app(
    manifest: Manifest,
    settings: Settings,
    *,
    open_runtime: Opener = open_platform_runtime,
    status: StatusOf = status_of,
    pages: Sequence[APIRouter] = (),
    sign_in: str = "",
    log: Log | None = None,
    verifier: Verifier | None = None,
) -> FastAPI:
    """Make the app of one service.

    Args:
        manifest: The service; its routers are served under `/v1`, each behind a token.
        settings: The operator's.
        open_runtime: Opens the service's runtime; the platform's own unless told.
        status: Asks that runtime how far it is.
        pages: Routers of pages for people; they ask for a caller themselves.
        sign_in: Where a person without a token is sent, or empty.
        log: Where to write; standard error unless told.
        verifier: Who verifies tokens; as the settings say unless told.
    """
    name = manifest.service.name
    log = log or open_log(name, settings.log_level)
    metrics = Metrics(name)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_runtime(manifest, settings) as runtime:
            app.state.runtime = runtime
            log.info("started", version=version("rcm"))
            yield
            log.info("stopping")

    app = FastAPI(
        title=name,
        version=version("rcm"),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        telemetry=None,
    )
    app.state.verifier = verifier or open_verifier(settings)
    app.state.settings = settings
    app.state.metrics = metrics
    app.state.log = log
    add_problem_handlers(app, problem_page(sign_in))
    app.add_middleware(Guard, settings=settings, log=log, metrics=metrics)
    for router in (*manifest.routers, parked_router(), audit_router()):
        app.include_router(
            router,
            prefix="/v1",
            dependencies=[Depends(identify)],
            responses=responses(Unauthenticated, Forbidden, MalformedRequest),
        )
    app.include_router(_watch_router(status), include_in_schema=False)
    app.include_router(
        docs_router(protected=not (settings.docs_open or settings.on_loopback)),
        include_in_schema=False,
    )
    for router in pages:
        app.include_router(router, include_in_schema=False)
    mount_static(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # the framework's own way
    return app


def _watch_router(ask: StatusOf) -> APIRouter:
    router = APIRouter()

    @router.get("/health/live")
    @router.get("/health/startup")
    async def live() -> Response:
        return _json({"status": "live"})

    @router.get("/health/ready")
    async def ready(request: Request) -> Response:
        status = await ask(request.app.state.runtime)
        body = {"status": "waiting" if status.waiting_for else "ready", "for": status.waiting_for}
        return _json(body, 503 if status.waiting_for else 200)

    @router.get("/status")
    async def state(request: Request) -> Response:
        return _json(await ask(request.app.state.runtime))

    @router.get("/metrics")
    async def metrics(request: Request) -> Response:
        text = request.app.state.metrics.render(await ask(request.app.state.runtime))
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return router


def _json(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _openapi(app: FastAPI) -> dict[str, Any]:
    """Describe the API once: no 422 in FastAPI's own shape, and the Problem's schema."""
    if app.openapi_schema is None:
        found = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = found.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        schemas["Problem"] = dict(PROBLEM_SCHEMA)
        app.openapi_schema = found
    return app.openapi_schema
