"""coding-svc, put together: routes, MLLP listeners, the drop folder, and the look at what waits."""

import asyncio
import ipaddress
import ssl
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from fastapi import FastAPI
from msgspec import structs
from prometheus_client import Gauge

from coding_svc import handlers
from coding_svc.api import accuracy as api_accuracy
from coding_svc.api import analytics as api_analytics
from coding_svc.api import audit as api_audit
from coding_svc.api import coders as api_coders
from coding_svc.api import codes as api_codes
from coding_svc.api import communications as api_communications
from coding_svc.api import desk as api_desk
from coding_svc.api import encounters as api
from coding_svc.api import evidence as api_evidence
from coding_svc.api import queries as api_queries
from coding_svc.api import suggestions as api_suggestions
from coding_svc.codec.mllp import Frame
from coding_svc.gateway.code_book import CodeBook
from coding_svc.gateway.desk_book import DeskBook
from coding_svc.gateway.mllp import Limits, Listener
from coding_svc.gateway.query_book import QueryBook
from coding_svc.handlers import SERVICE, Way
from coding_svc.handlers.accuracy import AccuracyWatch
from coding_svc.handlers.code_sets import adopt
from coding_svc.handlers.notes import suggest_for_waiting
from coding_svc.handlers.queries import Courier
from coding_svc.handlers.siblings import SiblingFinder
from coding_svc.rules.desk import AccuracyRules, DeskRules, credentials_by_class
from coding_svc.rules.edits import NOT_LOADED
from coding_svc.rules.profile import Profile, Profiles, extended
from coding_svc.settings import CodingSettings
from coding_svc.store.encounters import CodingTable
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
    routers=(
        api.messages,
        api.encounters,
        api_suggestions.notes,
        api_codes.codes,
        api_queries.router,
        api_communications.router,
        api_desk.router,
        api_desk.encounters,
        api_coders.people,
        api_audit.audits,
        api_audit.cases,
        api_audit.findings,
        api_accuracy.alerts,
        api_evidence.evidence,
        api_analytics.analytics,
    ),
    port=8001,
)

_SHIPPED: Final = Path(__file__).parent / "rules" / "profiles"
_SHIPPED_ORDER: Final = ("epic-pb", "epic-hb", "generic")


class ProfileBook:
    """The sender profiles of every tenant, read once when they are first asked for.

    A tenant with profiles of its own hears from those senders only; one without gets the shipped
    ones, which take any.
    """

    def __init__(
        self,
        folder: Path | None,
        codes: CodeBook | None = None,
        siblings: SiblingFinder | None = None,
    ) -> None:
        self._folder = folder
        self._codes = codes
        self._siblings = siblings
        self._read: dict[str, tuple[Profile, ...]] = {}

    def way(self, runtime: Runtime, tenant_id: str, actor: str) -> Way:
        """Make a way in for messages of a tenant."""
        profiles = self.of_tenant(tenant_id)
        return Way(runtime, tenant_id, profiles, actor, siblings=self._siblings)

    def of_tenant(self, tenant_id: str) -> Profiles:
        """Return a tenant's profiles, in order of preference, and the code sets of the moment."""
        if tenant_id not in self._read:
            self._read[tenant_id] = self._load(tenant_id)
        codes = self._codes.rules if self._codes is not None else NOT_LOADED
        return Profiles(self._read[tenant_id], codes)

    def _load(self, tenant_id: str) -> tuple[Profile, ...]:
        shipped = {path.stem: _yaml(path) for path in _SHIPPED.glob("*.yaml")}
        own = [_yaml(path) for path in self._paths(tenant_id)]
        known = {**shipped, **{str(data.get("name", "")): data for data in own}}
        chosen = own or [shipped[name] for name in _SHIPPED_ORDER]
        return tuple(Profile.of(extended(data, known)) for data in chosen)

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
    log = log or open_log(SERVICE.name, settings.log_level)
    codes = CodeBook(own.codes_dir)
    if codes.loaded is None:
        log.warning("code-sets-not-loaded")
    siblings = SiblingFinder() if own.patient_day else None
    desks = DeskBook(own.profiles_dir, desk_rules(own), log)
    desks.check()
    watch = AccuracyWatch()
    book = ProfileBook(own.profiles_dir, codes, siblings)
    queries = QueryBook(own.profiles_dir)
    courier = partial(bring_queries, settings=settings, own=own, queries=queries, log=log)
    running: dict[str, Job] = {
        **jobs(settings, own, book, codes, log),
        "query-courier": courier,
        "accuracy": partial(
            watch_accuracy, settings=settings, own=own, book=book, desks=desks, watch=watch, log=log
        ),
    }
    app = create_http_app(replace(MANIFEST, jobs=running), settings, log=log, **more)
    app.state.profiles_of = book.of_tenant
    app.state.desk_of = desks.of_tenant
    app.state.accuracy = watch
    gauge = Gauge(
        "rcm_coding_accuracy_alerts",
        "Coders, and all together, whose accuracy is under the goal",
        ["tenant"],
        registry=app.state.metrics.registry,
    )
    watch.tell = lambda tenant_id, count: gauge.labels(tenant_id).set(count)
    app.state.withdrawal_wait_s = own.withdrawal_wait_s
    app.state.codes = codes
    app.state.siblings = siblings
    app.state.query_book = queries
    return app


def desk_rules(own: CodingSettings) -> DeskRules:
    """How the desk of a tenant without rules of its own is run."""
    return DeskRules(
        lease_s=own.desk_lease_s,
        credentials=credentials_by_class(own.desk_credentials),
        must_take=own.desk_must_take,
        separate_release=own.desk_separate_release,
        accuracy=AccuracyRules(
            goal_milli=own.accuracy_goal_milli,
            cases_min=own.accuracy_cases_min,
            days=own.accuracy_days,
        ),
    )


def jobs(
    settings: Settings, own: CodingSettings, book: ProfileBook, codes: CodeBook, log: Log
) -> dict[str, Job]:
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
        "code-sets": partial(
            watch_code_sets, settings=settings, own=own, book=book, codes=codes, log=log
        ),
        "suggestions": partial(
            suggest_codes, settings=settings, own=own, book=book, codes=codes, log=log
        ),
    }


async def listen(
    runtime: Runtime, *, tenant_id: str, port: int, own: CodingSettings, book: ProfileBook, log: Log
) -> None:
    """Serve one tenant's MLLP port."""
    tls = _tls(own)
    if tls is None and not is_loopback(own.mllp_host):
        raise ValueError("RCM_CODING_MLLP_CERTIFICATE is needed off loopback")

    def answer(frame: Frame) -> Awaitable[list[bytes]]:
        # By the code sets of the moment: they may be replaced while the port is open.
        way = book.way(runtime, tenant_id, "mllp")
        return handlers.answer_frame(way, frame, _now, log)

    listener = Listener(
        answer,
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
        way = book.way(runtime, dropped.tenant_id, "folder")
        taken = await handlers.take_file(way, dropped.data)
        log.info("file-read", tenant_id=dropped.tenant_id, count=len(taken))

    root = own.drop_dir or settings.data_dir / "drop" / "charges"
    archive = Archive(settings.data_dir / "archive", runtime.keys)
    folder = DropFolder(root, settings.tenants, archive, log, settle_s=own.drop_settle_s)
    await folder.run(take)


async def bring_queries(
    runtime: Runtime, *, settings: Settings, own: CodingSettings, queries: QueryBook, log: Log
) -> None:
    """Bring physician queries out, and escalate those that nobody answers."""
    interval_s, lease_s = own.query_interval_s, own.query_lease_s
    await Courier(
        runtime, settings.tenants, queries, log, interval_s=interval_s, lease_s=lease_s
    ).run()


async def look_at_waiting(
    runtime: Runtime, *, settings: Settings, own: CodingSettings, book: ProfileBook, log: Log
) -> None:
    """Release what waited for late charges long enough."""
    while True:
        for tenant_id in settings.tenants:
            way = book.way(runtime, tenant_id, "waiting")
            moved = await handlers.look_again_at_waiting(way, _now().date().isoformat())
            if moved:
                log.info("waiting-over", tenant_id=tenant_id, count=moved)
        await asyncio.sleep(own.waiting_s)


async def watch_accuracy(
    runtime: Runtime,
    *,
    settings: Settings,
    own: CodingSettings,
    book: ProfileBook,
    desks: DeskBook,
    watch: AccuracyWatch,
    log: Log,
) -> None:
    """Look at accuracy as days pass and goals change; each review is followed by a look, too."""
    while True:
        for tenant_id in settings.tenants:
            way = structs.replace(
                book.way(runtime, tenant_id, "accuracy"), desk=desks.of_tenant(tenant_id)
            )
            changed = await watch.look(way)
            if changed:
                log.info("accuracy-alerts-changed", tenant_id=tenant_id, count=changed)
        await asyncio.sleep(own.accuracy_s)


async def watch_code_sets(
    runtime: Runtime,
    *,
    settings: Settings,
    own: CodingSettings,
    book: ProfileBook,
    codes: CodeBook,
    log: Log,
) -> None:
    """Take code sets into force that a load has put in place, and check what is open by them."""
    change = None
    try:
        while True:
            for tenant_id in settings.tenants:
                way = book.way(runtime, tenant_id, "code-sets")
                count = await adopt(way, codes, change)
                if count:
                    log.info("encounters-rechecked", tenant_id=tenant_id, count=count)
            change = None
            while change is None:
                await asyncio.sleep(own.codes_s)
                prepared = await asyncio.to_thread(codes.prepare, _now().date())
                if prepared is not None:
                    change = codes.switch(prepared)
            log.info("code-sets-in-force")
    finally:
        # The grouper is native code, and wants to be closed before the interpreter ends.
        if codes.loaded is not None:
            codes.loaded.let_go()


async def suggest_codes(
    runtime: Runtime,
    *,
    settings: Settings,
    own: CodingSettings,
    book: ProfileBook,
    codes: CodeBook,
    log: Log,
) -> None:
    """Let the model read the notes that have come in."""
    while True:
        for tenant_id in settings.tenants:
            way = Way(runtime, tenant_id, book.of_tenant(tenant_id), "suggestions")
            count = await suggest_for_waiting(way, codes)
            if count:
                log.info("notes-read", tenant_id=tenant_id, count=count)
        await asyncio.sleep(own.suggestions_s)


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
