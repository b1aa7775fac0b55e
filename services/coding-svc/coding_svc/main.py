"""coding-svc, put together: routes, MLLP listeners, the drop folder, and the look at what waits."""

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI

from coding_svc import api, handlers
from coding_svc.gateway.mllp import Limits, Listener
from coding_svc.handlers import SERVICE, Way
from coding_svc.rules.profile import Profile, Profiles, extended
from coding_svc.settings import CodingSettings
from coding_svc.store import CodingTable
from rcm.platform.folders import Archive, DropFolder, Dropped
from rcm.platform.http import create_app as create_http_app
from rcm.platform.manifest import Job, Manifest
from rcm.platform.runtime import Runtime
from rcm.platform.settings import Settings, is_loopback
from rcm.platform.telemetry import Log, open_log

MANIFEST: Final = Manifest(
    SERVICE,
    CodingTable.metadata,
    Path(__file__).parent / "migrations",
    routers=(api.messages, api.encounters),
    port=8001,
)

_SHIPPED: Final = Path(__file__).parent / "rules" / "profiles"
_SHIPPED_ORDER: Final = ("epic-pb", "epic-hb", "generic")


class ProfileBook:
    """The sender profiles of every tenant, read once when they are first asked for.

    A tenant with profiles of its own hears from those senders only; one without gets the shipped
    ones, which take any.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read: dict[str, Profiles] = {}

    def of_tenant(self, tenant_id: str) -> Profiles:
        """Return a tenant's profiles, in order of preference."""
        if tenant_id not in self._read:
            self._read[tenant_id] = self._load(tenant_id)
        return self._read[tenant_id]

    def _load(self, tenant_id: str) -> Profiles:
        shipped = {path.stem: _yaml(path) for path in _SHIPPED.glob("*.yaml")}
        own = [_yaml(path) for path in self._paths(tenant_id)]
        known = {**shipped, **{str(data.get("name", "")): data for data in own}}
        chosen = own or [shipped[name] for name in _SHIPPED_ORDER]
        return Profiles(tuple(Profile.of(extended(data, known)) for data in chosen))

    def _paths(self, tenant_id: str) -> list[Path]:
        if self._folder is None:
            return []
        one = self._folder / tenant_id / "profile.yaml"
        several = sorted((self._folder / tenant_id / "profiles").glob("*.yaml"))
        return [*([one] if one.is_file() else []), *several]


def create_app(
    settings: Settings, own: CodingSettings | None = None, log: Log | None = None, **more: Any
) -> FastAPI:
    """Make the app: several in one process are no trouble to each other.

    Args:
        settings: Those that all services share.
        own: Those of coding-svc; from the environment unless given.
        log: Where to write; standard error unless told.
        **more: Passed to the platform's app factory.
    """
    own = own or CodingSettings()
    book = ProfileBook(own.profiles_dir)
    log = log or open_log(SERVICE.name, settings.log_level)
    app = create_http_app(
        replace(MANIFEST, jobs=jobs(settings, own, book, log)), settings, log=log, **more
    )
    app.state.profiles_of = book.of_tenant
    return app


def jobs(settings: Settings, own: CodingSettings, book: ProfileBook, log: Log) -> dict[str, Job]:
    """Make the tasks that run beside the routes."""
    listeners: dict[str, Job] = {
        f"mllp-{tenant_id}": partial(
            listen, tenant_id=tenant_id, port=port, own=own, book=book, log=log
        )
        for tenant_id, port in own.listeners.items()
    }
    return {
        **listeners,
        "charges-folder": partial(watch_folder, settings=settings, own=own, book=book, log=log),
        "waiting": partial(look_at_waiting, settings=settings, own=own, book=book, log=log),
    }


async def listen(
    runtime: Runtime, *, tenant_id: str, port: int, own: CodingSettings, book: ProfileBook, log: Log
) -> None:
    """Serve one tenant's MLLP port."""
    tls = _tls(own)
    if tls is None and not is_loopback(own.mllp_host):
        raise ValueError("RCM_CODING_MLLP_CERTIFICATE is needed off loopback")
    way = Way(runtime, tenant_id, book.of_tenant(tenant_id), "mllp")
    listener = Listener(
        lambda frame: handlers.answer_frame(way, frame, _now, log),
        log.bind(tenant_id=tenant_id),
        limits=Limits(
            bytes_max=own.mllp_bytes_max,
            connections_max=own.mllp_connections_max,
            frame_s=own.mllp_frame_s,
        ),
        peers=[ipaddress.ip_network(peer.strip()) for peer in own.mllp_peers.split(",") if peer],
        tls=tls,
    )
    await listener.run(own.mllp_host, port)


async def watch_folder(
    runtime: Runtime, *, settings: Settings, own: CodingSettings, book: ProfileBook, log: Log
) -> None:
    """Take in the batch files that are dropped."""

    async def take(dropped: Dropped) -> None:
        way = Way(runtime, dropped.tenant_id, book.of_tenant(dropped.tenant_id), "folder")
        taken = await handlers.take_file(way, dropped.data)
        log.info("file-read", tenant_id=dropped.tenant_id, count=len(taken))

    root = own.drop_dir or settings.data_dir / "drop" / "charges"
    archive = Archive(settings.data_dir / "archive")
    folder = DropFolder(root, settings.tenants, archive, log, settle_s=own.drop_settle_s)
    await folder.run(take)


async def look_at_waiting(
    runtime: Runtime, *, settings: Settings, own: CodingSettings, book: ProfileBook, log: Log
) -> None:
    """Release what waited for late charges long enough."""
    while True:
        for tenant_id in settings.tenants:
            way = Way(runtime, tenant_id, book.of_tenant(tenant_id), "waiting")
            moved = await handlers.look_again_at_waiting(way, _now().date().isoformat())
            if moved:
                log.info("waiting-over", tenant_id=tenant_id, count=moved)
        await asyncio.sleep(own.waiting_s)


def _tls(own: CodingSettings) -> ssl.SSLContext | None:
    if own.mllp_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(own.mllp_certificate, own.mllp_key)
    if own.mllp_client_ca is not None:
        context.load_verify_locations(own.mllp_client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _yaml(path: Path) -> Mapping[str, Any]:
    data: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return data


def _now() -> datetime:
    return datetime.now(UTC)
