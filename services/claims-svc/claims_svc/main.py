"""claims-svc, put together: routes, the sending job, mailboxes, the drop folder, waiting work."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from claims_svc import api
from claims_svc.codec.check import make_ready
from claims_svc.gateway import Connect, DirectoryFolder, Wires
from claims_svc.handlers import coordination, desk, mail
from claims_svc.handlers.sending import Patience, Sender, Size
from claims_svc.handlers.service import MAIL, of_job, service
from claims_svc.handlers.stirred import Stirred
from claims_svc.model.directory import Directory
from claims_svc.settings import ClaimsSettings
from claims_svc.store import ClaimsTable
from rcm.platform.clearinghouse.routes import connect
from rcm.platform.folders import Archive, DropFolder, Dropped
from rcm.platform.http import create_app as create_http_app
from rcm.platform.manifest import Manifest
from rcm.platform.runtime import Runtime
from rcm.platform.settings import Settings
from rcm.platform.telemetry import Log, open_log


def no_directory(_: str) -> Directory | None:
    """Give no tenant a directory: enough to fold and to rebuild, which decide nothing."""
    return None


MANIFEST: Final = Manifest(
    service(no_directory),
    ClaimsTable.metadata,
    Path(__file__).parent / "migrations",
    routers=(api.claims, api.encounters, api.interchanges, api.acknowledgements),
    port=8002,
)


def create_app(
    settings: Settings,
    own: ClaimsSettings | None = None,
    *,
    log: Log | None = None,
    open_port: Connect = connect,
    **more: Any,
) -> FastAPI:
    """Make the app: several in one process are no trouble to each other.

    Args:
        settings: Those that all services share.
        own: Those of claims-svc; from the environment unless given.
        log: Where to write; standard error unless told.
        open_port: Opens the way to a receiver.
        **more: Passed to the platform's app factory.
    """
    own = own or ClaimsSettings()
    log = log or open_log(MANIFEST.service.name, settings.log_level)
    folder = own.directory_dir or settings.data_dir / "directory"
    directories = DirectoryFolder(lambda: folder)
    wires = Wires(lambda: folder, settings.data_dir, open_port)
    nudge = asyncio.Event()
    manifest = replace(
        MANIFEST,
        service=service(directories),
        jobs={
            "directory": partial(watch_directory, directories=directories, log=log),
            "sending": partial(send, own=own, directories=directories, wires=wires, nudge=nudge),
            "mailboxes": partial(read_mail, own=own, wires=wires, log=log),
            "acknowledgement-folder": partial(watch_folder, settings=settings, own=own, log=log),
            "waiting": partial(take_up_waiting, own=own, directories=directories),
        },
    )
    app = create_http_app(manifest, settings, log=log, **more)
    app.state.directories = directories
    app.state.nudge = nudge
    app.state.wires = wires
    return app


async def watch_directory(runtime: Runtime, *, directories: DirectoryFolder, log: Log) -> None:
    """Read the tenants' directories again when they change."""
    said: dict[str, str] = {}
    while True:
        directories.refresh()
        for name, fault in directories.faults.items():
            if said.get(name) != fault:
                log.error("directory-unreadable", path=name, error=fault)
        said = dict(directories.faults)
        await asyncio.sleep(runtime.settings.request_s_max / 10)


async def send(
    runtime: Runtime,
    *,
    own: ClaimsSettings,
    directories: DirectoryFolder,
    wires: Wires,
    nudge: asyncio.Event,
) -> None:
    """Send ready claims, and find out what became of what was sent."""
    await asyncio.to_thread(make_ready)
    sender = Sender(
        runtime,
        directories,
        wires,
        Size(own.claims_per_interchange_max, own.claims_per_transaction_max),
        Patience(
            own.send_interval_s,
            own.status_interval_s,
            own.resend_after_s,
            own.pause_s,
            own.gather_s_max,
        ),
    )
    try:
        await sender.run(nudge)
    finally:
        await wires.close()


async def read_mail(runtime: Runtime, *, own: ClaimsSettings, wires: Wires, log: Log) -> None:
    """Read the receivers' mailboxes."""
    await mail.Postman(runtime, wires, log, own.mail_interval_s).run()


async def watch_folder(
    runtime: Runtime, *, settings: Settings, own: ClaimsSettings, log: Log
) -> None:
    """Take in the acknowledgement files that are dropped."""
    archive = Archive(settings.data_dir / "archive", runtime.keys)
    root = own.drop_dir or settings.data_dir / "drop" / "acknowledgements"
    folder = DropFolder(root, settings.tenants, archive, log, settle_s=own.drop_settle_s)

    async def take(file: Dropped) -> None:
        await mail.take_acknowledgement(
            runtime,
            file.tenant_id,
            file.data,
            of_job(file.tenant_id, MAIL),
            keep_unreadable=False,
        )

    await folder.run(take)


async def take_up_waiting(
    runtime: Runtime, *, own: ClaimsSettings, directories: DirectoryFolder
) -> None:
    """Bill what waited for an answer of the payer, and make the claims that denials and the answers
    of earlier payers ask for.
    """
    stirred = Stirred(runtime)
    while True:
        for tenant_id in directories.refresh() if stirred() else ():
            await desk.settle_withdrawals(runtime, tenant_id)
            await desk.bill_waiting(runtime, tenant_id, directories)
            await desk.make_corrections(runtime, tenant_id, directories)
            await coordination.tell_next_payers(runtime, tenant_id, directories)
        await asyncio.sleep(own.catch_up_interval_s)
