"""A small service behind the real app factory, for tests of what all services' HTTP sides share."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Annotated, ClassVar

import httpx
from fastapi import APIRouter, Body, FastAPI, Request, Response
from pydantic import BaseModel

from rcm.domain import Command
from rcm.platform.http import (
    CHANGE_PROBLEMS,
    Actor,
    Asking,
    Page,
    Paging,
    Runtime,
    Tenant,
    create_app,
    needs,
    responses,
)
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.settings import Settings
from rcm.platform.telemetry import PartitionStatus, Status, open_log
from rcm.problems import IdempotencyKeyReused, NotFound, Problem

CANARY = "Quackenbush"


class OutOfPaper(Problem):
    """The printer has none."""

    slug: ClassVar[str] = "out-of-paper"
    title: ClassVar[str] = "Out of paper"
    status: ClassVar[int] = 409


class Note(BaseModel, extra="forbid"):
    text: str
    cents: int = 0


class NoteKept(BaseModel):
    tenant_id: str
    actor: str
    text: str


def notes_router() -> APIRouter:
    router = APIRouter()

    @router.post("/notes", responses=responses(OutOfPaper, *CHANGE_PROBLEMS), status_code=201)
    async def add(
        note: Note, tenant: Tenant, actor: Actor, asking: Asking, runtime: Runtime, answer: Response
    ) -> NoteKept:
        """Keep a note."""
        outcome = await runtime.execute(asking.command(["notes"], lambda _loaded, _context: []))
        asking.mark(answer, outcome.repeated)
        return NoteKept(tenant_id=tenant, actor=actor, text=note.text)

    @router.get("/notes")
    async def listing(paging: Paging) -> Page[int]:
        """List numbers."""
        after = paging.after(int)
        start = int(after[0]) + 1 if after else 0
        rows = list(range(start, min(start + paging.fetch_count, 120)))
        return paging.page(rows, lambda n: (n,), lambda n: n)

    @router.get("/notes/{note_id}", responses=responses(NotFound))
    async def one(note_id: str) -> NoteKept:
        """Read one."""
        raise NotFound

    @router.post("/explode")
    async def explode(request: Request) -> None:
        raise RuntimeError(f"{CANARY} 123-45-6789")

    @router.post("/files", status_code=202)
    async def files(data: Annotated[bytes, Body(media_type="application/edi-x12")]) -> int:
        """Take a file."""
        return len(data)

    @router.get("/managers", dependencies=[needs("manager")])
    async def managers() -> str:
        return "yes"

    return router


@dataclass
class FakeRuntime:
    """Remembers idempotency keys as the engine does."""

    commands: list[Command] = field(default_factory=list)
    waiting_for: list[str] = field(default_factory=list)

    async def execute(self, command: Command) -> SimpleNamespace:
        for earlier in self.commands:
            if (earlier.tenant_id, earlier.idempotency_key) == (
                command.tenant_id,
                command.idempotency_key,
            ):
                if earlier.request_hash != command.request_hash:
                    raise IdempotencyKeyReused
                return SimpleNamespace(recorded=[], repeated=True)
        self.commands.append(command)
        return SimpleNamespace(recorded=[], repeated=False)

    async def status(self) -> Status:
        return Status(
            service="notes-svc",
            waiting_for=self.waiting_for,
            partitions=[
                PartitionStatus(
                    topic="rcm.claims", partition=0, next_offset=3, end_offset=10, oldest_s=2.5
                )
            ],
            outbox_count=4,
        )


@dataclass
class World:
    app: FastAPI
    runtime: FakeRuntime
    issuer: DevelopmentIssuer
    client: httpx.AsyncClient
    log: io.StringIO

    def bearer(self, tenant="northside", *roles, **more) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.issuer.token(tenant, roles or ('biller',), **more)}"
        }

    def log_lines(self) -> list[dict]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@asynccontextmanager
async def a_world(data_dir, **settings) -> AsyncIterator[World]:
    settings = Settings(
        data_dir=data_dir, allowed_hosts=("localhost",), **{"request_s_max": 2, **settings}
    )
    runtime, log = FakeRuntime(), io.StringIO()

    @asynccontextmanager
    async def open_runtime(_manifest, _settings):
        yield runtime

    manifest = SimpleNamespace(service=SimpleNamespace(name="notes-svc"), routers=[notes_router()])
    app = create_app(
        manifest,
        settings,
        open_runtime=open_runtime,
        status=FakeRuntime.status,
        log=open_log("notes-svc", to=log),
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield World(app, runtime, DevelopmentIssuer(settings), client, log)
