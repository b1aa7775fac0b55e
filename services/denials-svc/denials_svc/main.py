"""denials-svc, put together: it listens to remittances and serves the worklist."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from denials_svc import api, handlers
from denials_svc.handlers import SERVICE
from denials_svc.model import State
from denials_svc.rules import deadlines
from denials_svc.settings import DenialsSettings
from denials_svc.store import DenialsTable
from rcm.adjustments import table as reasons
from rcm.domain import Service
from rcm.platform.http import create_app as create_http_app
from rcm.platform.manifest import Manifest
from rcm.platform.settings import Settings

MANIFEST: Final = Manifest(
    SERVICE,
    DenialsTable.metadata,
    Path(__file__).parent / "migrations",
    routers=(api.router,),
    port=8004,
)


def create_app(settings: Settings, own: DenialsSettings | None = None, **more: Any) -> FastAPI:
    """Make the app: several in one process are no trouble to each other.

    Args:
        settings: Those that all services share.
        own: Those of denials-svc; from the environment unless given.
        **more: Passed to the platform's app factory.
    """
    own = own or DenialsSettings()
    app = create_http_app(replace(MANIFEST, service=service_in_force(own)), settings, **more)
    app.state.separate_write_off = frozenset(own.separate_write_off)
    return app


def service_in_force(own: DenialsSettings) -> Service[State]:
    """Return the service with the operator's rows laid over its tables."""
    table, calendar = reasons.BUILT_IN, deadlines.BUILT_IN
    if own.reasons is not None:
        table = table.overlaid(own.reasons.read_text(encoding="utf-8"))
    if own.deadlines is not None:
        calendar = calendar.overlaid(own.deadlines.read_text(encoding="utf-8"))
    return handlers.service(table, calendar)
