"""remit-svc, put together: routes, the drop folder, mailboxes, files that were left over."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from rcm.adjustments.table import BUILT_IN, Table
from rcm.platform.clearinghouse.port import Clearinghouse
from rcm.platform.clearinghouse.routes import connect, receivers_of
from rcm.platform.folders import Archive, DropFolder
from rcm.platform.http import create_app as create_http_app
from rcm.platform.manifest import Job, Manifest
from rcm.platform.runtime import Runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import Log, open_log
from remit_svc import api, handlers
from remit_svc.handlers import SERVICE, TAKEN_UP_AFTER_S, Early, Intake
from remit_svc.settings import RemitSettings
from remit_svc.store import RemitTable

MANIFEST: Final = Manifest(
    SERVICE,
    RemitTable.metadata,
    Path(__file__).parent / "migrations",
    routers=(api.remittances, api.suspense, api.ledger),
    port=8003,
)


def create_app(
    settings: Settings, own: RemitSettings | None = None, *, log: Log | None = None, **more: Any
) -> FastAPI:
    """Make the app: several in one process are no trouble to each other.

    Args:
        settings: Those that all services share.
        own: Those of remit-svc; from the environment unless given.
        log: Where to write; standard error unless told.
        **more: Passed to the platform's app factory.
    """
    own = own or RemitSettings()
    log = log or open_log(SERVICE.name, settings.log_level)
    table = reasons_in_force(own)
    manifest = replace(
        MANIFEST, service=handlers.service(table), jobs=jobs(settings, own, table, log)
    )
    app = create_http_app(manifest, settings, log=log, **more)
    app.state.table = table
    return app


def reasons_in_force(own: RemitSettings) -> Table:
    """Return the table of adjustment reasons, with the operator's rows laid over it."""
    if own.reasons is None:
        return BUILT_IN
    return BUILT_IN.overlaid(own.reasons.read_text(encoding="utf-8"))


def jobs(settings: Settings, own: RemitSettings, table: Table, log: Log) -> dict[str, Job]:
    """Make the tasks that run beside the routes."""
    return {
        "remits-folder": partial(watch_folder, settings=settings, own=own, table=table, log=log),
        "mailboxes": partial(watch_mailboxes, settings=settings, own=own, table=table, log=log),
        "left-over-files": partial(take_up_files, settings=settings, table=table, log=log),
    }


async def watch_folder(
    runtime: Runtime, *, settings: Settings, own: RemitSettings, table: Table, log: Log
) -> None:
    """Take in the 835 files that are dropped."""
    archive = Archive(settings.data_dir / "archive", runtime.keys)
    root = own.drop_dir or settings.data_dir / "drop" / "remits"
    folder = DropFolder(root, settings.tenants, archive, log, settle_s=own.drop_settle_s)
    await folder.run(partial(handlers.take_dropped, Intake(runtime, archive, table)))


async def watch_mailboxes(
    runtime: Runtime, *, settings: Settings, own: RemitSettings, table: Table, log: Log
) -> None:
    """Collect the 835 files that wait at clearinghouses."""
    intake = Intake(runtime, Archive(settings.data_dir / "archive", runtime.keys), table)
    early = Early(runtime, own.early_s)
    folder = own.directory_dir or settings.data_dir / "directory"
    async with AsyncExitStack() as stack:
        mailboxes: list[tuple[str, Clearinghouse]] = []
        for tenant_id, receivers in receivers_of(folder).items():
            # Receivers that share a route share a mailbox.
            for route in dict.fromkeys(receiver.route for receiver in receivers):
                clearinghouse = connect(route, settings.data_dir)
                if clearinghouse is not None:
                    stack.push_async_callback(clearinghouse.close)
                    mailboxes.append((tenant_id, clearinghouse))
        while True:
            taken = [
                await handlers.collect(intake, tenant_id, clearinghouse, log, early)
                for tenant_id, clearinghouse in mailboxes
            ]
            if not any(taken):
                await asyncio.sleep(own.mailbox_s)


async def take_up_files(runtime: Runtime, *, settings: Settings, table: Table, log: Log) -> None:
    """Finish files that were received and whose handling was cut short."""
    intake = Intake(runtime, Archive(settings.data_dir / "archive", runtime.keys), table)
    older_than_s = 0.0
    while True:
        count, missing = await intake.take_up(settings.tenants, older_than_s)
        if count:
            log.info("files-taken-up", count=count)
        if missing:
            log.error("files-not-in-archive", count=missing)
        older_than_s = TAKEN_UP_AFTER_S
        await asyncio.sleep(TAKEN_UP_AFTER_S)
