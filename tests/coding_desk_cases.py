"""coding-svc behind its routes and claims-svc beside it, over one log: for the desk and the audit.

claims-svc sends only when it is told to, so that a test decides who is first.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from claims_cases import RECEIVER, a_directory, a_facility
from claims_svc.handlers.desk import bill_waiting, settle_withdrawals
from claims_svc.handlers.sending import Size, settle_interchange, write_next
from claims_svc.handlers.service import SENDING, of_job, service
from claims_svc.main import MANIFEST as CLAIMS
from claims_svc.model.directory import Payer
from coding_cases import charges, ft1, pid, pv1, register
from coding_svc.main import create_app
from coding_svc.settings import CodingSettings
from rcm.events.catalogue import CATALOGUE, DENIALS, TOPICS
from rcm.events.denials import CodingReworkRequested
from rcm.events.envelope import Recorded, log_key
from rcm.platform.clearinghouse.port import Receipt
from rcm.platform.http.issuer import DevelopmentIssuer
from rcm.platform.log.kafka import KafkaLog
from rcm.platform.log.partitioner import partition_of
from rcm.platform.log.port import Draft, pack_headers
from rcm.platform.runtime import open_runtime
from rcm.platform.settings import Settings
from store_cases import settings_on

HL7 = {"Content-Type": "application/hl7-v2"}
PROFILE = """
name: office
extends: generic
senders: ["EHR|HOSP"]
default_facility_id: HOSP
class_places_of_service: {O: "11"}
providers: {"1999999901": {npi: "1999999901", taxonomy_code: 207R00000X}}
"""


@dataclass
class Hospital:
    """Two services over one log, and the people of one tenant."""

    tenant: str
    client: httpx.AsyncClient
    issuer: DevelopmentIssuer
    coding: Any
    claims: Any
    directory: Any
    settings: Settings
    count: int = 0
    encounters: dict[str, str] = field(default_factory=dict)

    def token(self, who: str, *roles: str, tenant: str = "") -> dict[str, str]:
        self.count += 1
        token = self.issuer.token(tenant or self.tenant, roles, subject=who)
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": f"desk-key-{self.count:05}"}

    async def get(self, path: str, who: str = "vic", *roles: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, headers=self.token(who, *(roles or ("viewer",))), **more)

    async def data(self, path: str, who: str = "vic", *roles: str) -> Any:
        answer = await self.get(path, who, *roles)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return found["data"] if isinstance(found, dict) and "data" in found else found

    async def asks(self, who: str, role: str, method: str, path: str, body: Any = None, **more):
        headers = self.token(who, role) | more
        return await self.client.request(method, path, headers=headers, json=body)

    async def does(self, who: str, role: str, method: str, path: str, body: Any = None) -> Any:
        answer = await self.asks(who, role, method, path, body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def arrives(self, account: str, *lines: str, kind: str = "O", coded: bool = False) -> str:
        """An encounter arrives; without diagnoses unless told. Returns its id."""
        who = {"record": f"R{account}", "account": account}
        lines = lines or (ft1(f"TX{account}", **({} if coded else {"f19": ""})),)
        admitted = register(number=f"ADT{account}").replace(b"|A1", f"|{account}".encode())
        posted = charges(*lines, number=f"DFT{account}")
        encounter_id = ""
        for data in (admitted, posted):
            text = data.decode().replace(pid(), pid(**who)).replace(pv1(), pv1(kind, f"V{account}"))
            text = text.replace(pid(account=account), pid(**who))
            answer = await self.client.post(
                "/v1/hl7", content=text.encode(), headers=self.token("ehr", "integration") | HL7
            )
            assert answer.status_code == 202, answer.text
            (encounter_id,) = answer.json()[0]["encounter_ids"]
        self.encounters[account] = encounter_id
        return encounter_id

    async def settles(self, seconds: float = 30.0) -> None:
        """Wait until both have handled everything and said everything."""
        async with asyncio.timeout(seconds):
            while not (  # noqa: ASYNC110 - nobody tells us
                await self.coding.settled() and await self.claims.settled()
            ):
                await asyncio.sleep(0.02)

    async def sends(self) -> int:
        """Let claims-svc put everything ready into an interchange and send it."""
        await bill_waiting(self.claims, self.tenant, lambda _: self.directory)
        written = await write_next(self.claims, self.tenant, RECEIVER, "P", Size())
        if written is None:
            return 0
        await settle_interchange(
            self.claims, self.tenant, RECEIVER.receiver_id, written.interchange_control_number,
            Receipt("sent", "test"), of_job(self.tenant, SENDING),
        )  # fmt: skip
        return written.data.count(b"CLM*")

    async def sends_back(self, encounter_id: str, denial_id: str) -> None:
        """A denial asks for rework, as denials-svc would say it."""
        event = CodingReworkRequested(
            denial_id=denial_id, claim_id=f"P{denial_id}", encounter_id=encounter_id,
            category="coding",
        )  # fmt: skip
        event_id = str(uuid.uuid4())
        recorded = Recorded(
            event_id=event_id,
            source="denials-svc",
            tenant_id=self.tenant,
            stream_id=f"P{denial_id}",
            stream_version=1,
            recorded_at="2026-11-22T12:00:00.000000Z",
            correlation_id=event_id,
            causation_id=event_id,
            actor="test",
            event=event,
        )
        key = log_key(self.tenant, recorded.stream_id)
        draft = Draft(
            partition_of(key, self.settings.partition_count), key,
            pack_headers(recorded.headers()), CATALOGUE.encode(event),
        )  # fmt: skip
        await self.coding.log.publish(DENIALS, [draft])


async def _drop_topics(kafka: str) -> None:
    """Drop what an earlier test of this broker left: a rebuild reads its topic from the start."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        async with asyncio.timeout(30):
            while there := [topic for topic in TOPICS if topic in await admin.list_topics()]:
                with contextlib.suppress(KafkaError):
                    await admin.delete_topics(there)
                await asyncio.sleep(0.2)
    finally:
        await admin.close()


async def desk_settings(admin_url: str, kafka: str, folder: Path) -> Settings:
    """Make the settings of one service; with Kafka, the topics too, empty of what others said."""
    settings = await settings_on(admin_url, folder)
    settings = settings.model_copy(update={"allowed_hosts": ("localhost",)})
    if kafka:
        await _drop_topics(kafka)
        log = KafkaLog(kafka)
        await log.create_topics(dict.fromkeys(TOPICS, settings.partition_count))
        await log.close()
        settings = settings.model_copy(update={"bus": "kafka", "kafka_servers": kafka})
    return settings


@asynccontextmanager
async def open_hospital(
    coding: Settings, claims: Settings, tenant: str, **own: Any
) -> AsyncIterator[Hospital]:
    """Open both services; whatever was there before is there again."""
    profiles = coding.data_dir / "profiles"
    (profiles / tenant).mkdir(parents=True, exist_ok=True)
    (profiles / tenant / "profile.yaml").write_text(PROFILE)
    directory = a_directory(
        tenant_id=tenant,
        facilities=[a_facility(facility_id="HOSP")],
        payers=[Payer(payer_id="60054", receiver_id=RECEIVER.receiver_id, filing_days=100_000)],
    )
    coding = coding.model_copy(update={"tenants": (tenant,)})
    claims = claims.model_copy(update={"tenants": (tenant,)})
    app = create_app(coding, CodingSettings(profiles_dir=profiles, **own))
    manifest = replace(CLAIMS, service=service(lambda _: directory))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        open_runtime(manifest, claims) as beside,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client,
    ):
        hospital = Hospital(
            tenant, client, DevelopmentIssuer(coding), app.state.runtime, beside, directory, coding
        )
        settling = asyncio.create_task(_settle(beside, tenant))
        try:
            yield hospital
        finally:
            settling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await settling


async def _settle(claims: Any, tenant: str) -> None:
    """As the job of claims-svc does, without its sending."""
    while True:
        await settle_withdrawals(claims, tenant)
        await asyncio.sleep(0.05)
