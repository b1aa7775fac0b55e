"""The toy product on one kind of log and store, for tests of whole services."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator

import pytest
from sqlmodel import select

from rcm.platform.local import create_database
from rcm.platform.log.kafka import KafkaLog
from rcm.platform.rebuild import rebuild
from rcm.platform.runtime import Runtime, open_runtime
from rcm.platform.settings import Settings
from toy_cases import CATALOGUE, Toy, broken, note_command, toy

US = "northside"


class Bench:
    """The toy product on one kind of log and store."""

    def __init__(self, product: Toy, settings: Settings) -> None:
        self.product, self.settings = product, settings

    def run(self, name: str, **changed: object) -> contextlib.AbstractAsyncContextManager[Runtime]:
        settings = self.settings.model_copy(update=changed)
        manifest = getattr(self.product, name)
        topics = self.product.topics
        return open_runtime(manifest, settings, catalogue=CATALOGUE, topics=topics)

    async def rebuild(self, name: str, **options):
        return await rebuild(
            getattr(self.product, name),
            self.settings,
            catalogue=CATALOGUE,
            topics=self.product.topics,
            **options,
        )


@pytest.fixture(params=["embedded", pytest.param("connected", marks=pytest.mark.connected)])
async def bench(request, tmp_path) -> AsyncIterator[Bench]:
    broken.clear()
    if request.param == "embedded":
        yield Bench(toy(), Settings(data_dir=tmp_path, partition_count=4))
    else:
        servers = request.getfixturevalue("kafka_address")
        admin_url = request.getfixturevalue("postgres_url")
        product = toy(uuid.uuid4().hex[:8])
        log = KafkaLog(servers)
        await log.create_topics(dict.fromkeys(product.topics, 4))
        await log.close()
        for manifest in (product.alpha, product.beta, product.gamma):
            await create_database(admin_url, manifest.service.name)
        host = admin_url.rpartition("@")[2].partition("/")[0]
        yield Bench(
            product,
            Settings(
                data_dir=tmp_path,
                partition_count=4,
                bus="kafka",
                kafka_servers=servers,
                postgres_url=f"postgresql://{{service}}@{host}/{{service}}",
                postgres_owner_url=f"postgresql://{{service}}_owner@{host}/{{service}}",
            ),
        )
    broken.clear()


async def until(condition, wait_s: float = 30.0) -> None:
    async with asyncio.timeout(wait_s):
        while not await condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.02)


async def at_rest(*runtimes: Runtime) -> None:
    """Wait until everything upstream is handled and everything recorded is on the log."""

    async def condition() -> bool:
        partitions = [4 * len({*r.manifest.service.reactions, *r.manifest.service.folds})
                      for r in runtimes]  # fmt: skip
        owned = [len(r.engine.positions) for r in runtimes]
        return owned == partitions and all([await r.settled() for r in runtimes])

    await until(condition)
    await until(condition)


async def table(runtime: Runtime, entity, tenant_id: str = US):
    async with runtime.read(tenant_id) as session:
        rows = (await session.exec(select(entity))).all()
    return {row.stream_id: row for row in rows}


async def send(alpha: Runtime, count: int, mark: str = "c", streams: int = 20) -> None:
    await asyncio.gather(
        *(
            alpha.execute(note_command(f"s{n % streams}", f"w{n}", f"{mark}{n}", words_max=999))
            for n in range(count)
        )
    )
