"""coding-svc with physicians: receivers on real sockets, and a service behind its doors.

Shared by the scenario of a physician query on each backend.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from coding_svc.codec.hl7v2.acknowledgement import answers, header_of
from coding_svc.codec.hl7v2.message import Message, parse
from coding_svc.codec.mllp import Framer, framed
from coding_svc.main import create_app
from coding_svc.settings import CodingSettings
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.settings import Settings
from rcm.platform.telemetry import open_log

DOCTOR_NPI = "1999999901"
ADVISOR_NPI = "1999999919"
KIDNEY = {
    "template_id": "kidney-function",
    "indicators": [
        {"slot": "creatinine_baseline", "value": "0.9 mg/dL on 02/10", "source": "LAB-1"},
        {"slot": "creatinine_highest", "value": "3.2 mg/dL on 02/27", "source": "LAB-2"},
        {"slot": "treatment", "value": "Fluids, nephrology consult", "source": "NOTE-3"},
    ],
}


@dataclass
class Receiver:
    """An EHR's MLLP port: keeps what it gets, and answers as it is told.

    Attributes:
        port: Where it listens.
        messages: What came, in order.
        behave: `AA`, `AE`, `AR`, `silent`, `cut`, or what makes the answer of a message.
    """

    port: int = 0
    messages: list[bytes] = field(default_factory=list)
    behave: str | Callable[[Message], bytes] = "AA"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await self._take(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer()
        while data := await reader.read(65_536):
            for frame in framer.feed(data):
                self.messages.append(frame.content)
                message = parse(frame.content)
                if not isinstance(message, Message):
                    continue
                if self.behave == "cut":
                    return
                if self.behave == "silent":
                    continue
                if callable(self.behave):
                    writer.write(framed(self.behave(message)))
                else:
                    (ack,) = answers(
                        header_of(message), self.behave[1], (), at="20260302", number="R1"
                    )
                    writer.write(framed(ack))
                await writer.drain()


@contextlib.asynccontextmanager
async def served(serve: Any) -> AsyncIterator[int]:
    """Serve connections on a free port until the end, and end them then."""
    tasks: set[asyncio.Task[None]] = set()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def receiving(behave: str | Callable[[Message], bytes] = "AA") -> AsyncIterator[Receiver]:
    """An EHR that takes documents."""
    receiver = Receiver(behave=behave)
    async with served(receiver.serve) as receiver.port:
        yield receiver


def configure(folder: Path, tenant: str = "northside", **policy: Any) -> Path:
    """Write a tenant's `queries.yaml`; returns the folder of profiles."""
    (folder / tenant).mkdir(parents=True, exist_ok=True)
    (folder / tenant / "profile.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "office",
                "extends": "generic",
                "senders": ["EHR|HOSP"],
                "default_facility_id": "HOSP",
                "class_places_of_service": {"O": "11"},
            }
        )
    )
    (folder / tenant / "queries.yaml").write_text(yaml.safe_dump({"version": 2, **policy}))
    return folder


def mdm(port: int, **more: Any) -> dict[str, Any]:
    """A policy with one MLLP channel."""
    return {
        "channels": {"ehr": {"kind": "mdm", "port": port, "timeout_s": 1, "receiving": "EHR|HOSP"}},
        "default_channel": "ehr",
        "physicians": {DOCTOR_NPI: {"subject": "dr-alpha"}},
        "retry_after_s": [1, 1, 1],
        **more,
    }


@dataclass
class Clinic:
    """The service behind its doors, for tests of queries."""

    client: httpx.AsyncClient
    issuer: DevelopmentIssuer
    app: Any
    tenant: str = "northside"
    count: int = 0
    ehr: Any = None
    folder: Any = None

    @property
    def runtime(self) -> Any:
        return self.app.state.runtime

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *roles: str,
        subject: str = "developer",
        tenant: str = "",
        status: int = 0,
        kind: str = "application/json",
    ) -> Any:
        """Ask a route; the answer's JSON, or the answer itself where no status is expected."""
        self.count += 1
        token = self.issuer.token(tenant or self.tenant, roles or ("coder",), subject)
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": f"query-test-{self.count:05}",
            "Content-Type": kind,
        }
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        answer = await self.client.request(method, path, content=content, headers=headers)
        if not status:
            return answer
        assert answer.status_code == status, answer.text
        return answer.json()

    async def hl7(self, data: bytes) -> dict[str, Any]:
        (taken,) = await self.ask(
            "POST", "/v1/hl7", data, "integration", status=202, kind="application/hl7-v2"
        )
        return taken

    async def open(self, encounter_id: str, **changes: Any) -> dict[str, Any]:
        body = {"encounter_id": encounter_id, **KIDNEY, **changes}
        return (await self.ask("POST", "/v1/queries", body, status=201))["query"]

    async def query(self, query_id: str) -> dict[str, Any]:
        return await self.ask("GET", f"/v1/queries/{query_id}", status=200)

    async def until(self, query_id: str, **wanted: Any) -> dict[str, Any]:
        """Wait until a query is so far."""
        found: dict[str, Any] = {}
        for _ in range(600):
            found = await self.query(query_id)
            if all(found[name] == value for name, value in wanted.items()):
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"{wanted} never came: {found}")


@contextlib.asynccontextmanager
async def clinic(
    settings: Settings,
    profiles_dir: Path,
    log: Any = None,
    tenant: str = "northside",
    **own: Any,
) -> AsyncIterator[Clinic]:
    """Start the service."""
    app = create_app(
        settings.model_copy(update={"allowed_hosts": ("localhost",)}),
        CodingSettings(
            profiles_dir=profiles_dir,
            drop_settle_s=0.0,
            **{"query_interval_s": 0.05, "query_lease_s": 0.0, **own},
        ),
        log=open_log("coding-svc", to=log) if log is not None else None,
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
    ):
        yield Clinic(client, DevelopmentIssuer(settings), app, tenant)
