"""lifecycle-svc on a real embedded log and store, for tests of its API and its pages."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import msgspec
from fastapi import FastAPI

from lifecycle_svc.gateway import Pipeline
from lifecycle_svc.main import MANIFEST
from lifecycle_svc.pages import console
from rcm.events.catalogue import CATALOGUE, TOPICS
from rcm.events.phi import ClearPhi
from rcm.platform.http import create_app
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.keys import KeyFolder, KeyName
from rcm.platform.log.partitioner import partition_of
from rcm.platform.log.port import Draft, pack_headers
from rcm.platform.log.sqlite import SqliteLog
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log

X12 = "CLM*PAAAABBBBCCCCDD*125***11:B:1~NM1*QC*1*QUACKENBUSH*PHINEAS~"


async def publish(settings: Settings, recorded) -> None:
    """Put events on the log as their services would, PHI sealed."""
    SqliteLog.create(settings.data_dir / "log.db", dict.fromkeys(TOPICS, settings.partition_count))
    log, keys = SqliteLog(settings.data_dir / "log.db"), KeyFolder(settings.data_dir / "keys")
    for one in recorded:
        event = one.event
        for field in CATALOGUE.phi_fields[event.name]:
            if getattr(event, field) is None and field != "x12":
                continue
            await keys.ensure([KeyName(one.tenant_id, "pt_x")])
            clear = ClearPhi.of("pt_x", X12 if field == "x12" else {"last_name": "Quackenbush"})
            box = keys.seal(one.tenant_id, f"{one.event_id}/{event.name}/{field}", clear)
            event = msgspec.structs.replace(event, **{field: box})
        topic = one.place.split("/")[0]
        draft = Draft(
            partition_of(one.key, settings.partition_count),
            one.key,
            pack_headers(msgspec.structs.replace(one, event=event).headers()),
            CATALOGUE.encode(event),
        )
        await log.publish(topic, [draft])
    await log.close()
    await keys.close()


@dataclass
class World:
    app: FastAPI
    settings: Settings
    client: httpx.AsyncClient
    log: io.StringIO

    def bearer(self, tenant="northside", *roles):
        token = DevelopmentIssuer(self.settings).token(tenant, roles or ("biller",))
        return {"Authorization": f"Bearer {token}"}

    async def get(self, path, tenant="northside", *roles, **more):
        headers = self.bearer(tenant, *roles) | more.pop("headers", {})
        return await self.client.get(path, headers=headers, **more)

    def log_lines(self):
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    async def until_folded(self, seconds=10.0):
        async with asyncio.timeout(seconds):
            while not await self.app.state.runtime.settled():  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.01)


def an_app(settings: Settings, log, transport=None, watched=None) -> FastAPI:
    pipeline = Pipeline(watched or {"lifecycle-svc": "http://localhost"}, transport)
    return create_app(
        MANIFEST,
        settings,
        pages=[console(settings, pipeline)],
        sign_in="/sign-in",
        log=open_log("lifecycle-svc", to=log),
    )


@asynccontextmanager
async def a_lifecycle(settings: Settings, recorded) -> AsyncIterator[World]:
    await publish(settings, recorded)
    log = io.StringIO()
    app = an_app(settings, log)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        world = World(app, settings, client, log)
        await world.until_folded()
        yield world
