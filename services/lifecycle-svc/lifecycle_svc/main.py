"""Composition of lifecycle-svc: the service, its API and its pages."""

from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from lifecycle_svc.api import router
from lifecycle_svc.gateway import Pipeline
from lifecycle_svc.handlers import SERVICE
from lifecycle_svc.pages import console
from lifecycle_svc.settings import LifecycleSettings
from lifecycle_svc.store import LifecycleTable
from rcm.platform.http import create_app as create_platform_app
from rcm.platform.manifest import Manifest
from rcm.platform.settings import Settings

MANIFEST: Final = Manifest(
    service=SERVICE,
    metadata=LifecycleTable.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=[router],
    port=8000,
)


def create_app(settings: Settings, own: LifecycleSettings | None = None, **more: Any) -> FastAPI:
    """Make the app: the API under `/v1`, the pages beside it.

    Args:
        settings: Those that all services share.
        own: Those of lifecycle-svc; from the environment unless given.
        **more: Passed to the platform's app factory.
    """
    own = own or LifecycleSettings()
    return create_platform_app(
        MANIFEST,
        settings,
        pages=[console(settings, Pipeline(own.addresses))],
        sign_in="/sign-in" if settings.oidc_client_id or not settings.oidc_issuer else "",
        **more,
    )
