"""A broker and a database that are killed under running services: work goes on, nothing is lost."""

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from backends import RECIPE, give_up
from campaign_cases import SERVICES, Campaign
from rcm.platform.local import (
    CannotStart,
    Server,
    create_database,
    free_port,
    start_kafka,
    start_postgres,
)
from rcm.platform.log.kafka import KafkaLog
from rcm.platform.settings import Settings
from toy_cases import toy


@contextlib.contextmanager
def own_server(start, **options):
    """A server of this test's own, which it may kill; gives a way to start it again."""
    folder = Path(tempfile.mkdtemp(prefix="claimstream-outage-"))
    folder.chmod(0o755)
    port, servers = free_port(), []

    def again() -> Server:
        servers.append(start(folder, port=port, **options))
        return servers[-1]

    try:
        again()
    except CannotStart as error:
        give_up("kafka" if start is start_kafka else "postgres", str(error))
    try:
        yield servers[0], again
    finally:
        servers[-1].stop()


def killed(server: Server) -> None:
    """SIGKILL, and the children with it, as when the machine's memory runs out."""
    os.killpg(server.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(server.pid, os.WNOHANG)
        try:
            os.kill(server.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)


def goes_on(campaign: Campaign, within_s: float = 15.0) -> None:
    """Commands are acknowledged again within the time that reliability promises."""
    before, end = campaign.journal.stat().st_size, time.monotonic() + within_s
    while campaign.journal.stat().st_size == before:
        assert time.monotonic() < end, "nothing was acknowledged any more"
        time.sleep(0.05)


@pytest.mark.connected
@pytest.mark.timeout(200)
def test_a_killed_broker_is_waited_for(tmp_path):
    with own_server(start_kafka, recipe=RECIPE) as (server, again):
        product = toy()

        async def prepare() -> None:
            log = KafkaLog(server.address)
            await log.create_topics(dict.fromkeys(product.topics, 4))
            await log.close()

        asyncio.run(prepare())
        settings = Settings(
            data_dir=tmp_path, partition_count=4, bus="kafka", kafka_servers=server.address
        )
        campaign = Campaign(settings)
        with campaign.fire():
            for process in campaign.running.values():
                campaign.until_ready(process)
            time.sleep(1)
            killed(server)
            time.sleep(1)
            again()
            goes_on(campaign)
            assert all(process.is_alive() for process in campaign.running.values())
        assert campaign.stuck == []
        assert campaign.breaches() == []


@pytest.mark.connected
@pytest.mark.timeout(200)
def test_a_killed_database_is_waited_for(tmp_path):
    with own_server(start_postgres) as (server, again):

        async def prepare() -> None:
            for name in SERVICES:
                await create_database(server.address, getattr(toy(), name).service.name)

        asyncio.run(prepare())
        host = server.address.rpartition("@")[2].partition("/")[0]
        settings = Settings(
            data_dir=tmp_path,
            partition_count=4,
            postgres_url=f"postgresql://{{service}}@{host}/{{service}}",
            postgres_owner_url=f"postgresql://{{service}}_owner@{host}/{{service}}",
        )
        campaign = Campaign(settings)
        with campaign.fire():
            for process in campaign.running.values():
                campaign.until_ready(process)
            time.sleep(1)
            killed(server)
            time.sleep(1)
            again()
            goes_on(campaign)
            assert all(process.is_alive() for process in campaign.running.values())
        assert campaign.stuck == []
        assert campaign.breaches() == []
