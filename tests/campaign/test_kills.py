"""Real SIGKILL at named points and at random moments: nothing lost, nothing doubled."""

import asyncio
import os
import uuid

import pytest

from campaign_cases import EVERY_POINT, SABOTAGE, SERVICES, Campaign
from rcm.platform.local import create_database
from rcm.platform.log.kafka import KafkaLog
from rcm.platform.settings import Settings
from toy_cases import toy

KILLS = int(os.environ.get("CAMPAIGN_KILLS", "1000"))


def fire(campaign: Campaign, kills: int) -> None:
    """Kill at every point in turn, and every third time at a random moment."""
    points = [*EVERY_POINT]
    campaign.random.shuffle(points)
    with campaign.fire():
        for number in range(kills):
            if number % 3 == 2:
                campaign.kill_sometime(campaign.random.choice(SERVICES))
            else:
                campaign.kill_at(*points[(number - number // 3) % len(points)])


def embedded(tmp_path, **more) -> Campaign:
    return Campaign(Settings(data_dir=tmp_path, partition_count=4), **more)


@pytest.mark.timeout(600)
def test_services_that_are_killed_lose_nothing_and_double_nothing(tmp_path):
    campaign = embedded(tmp_path, seed=1)
    fire(campaign, 160)
    assert campaign.breaches() == []
    assert sum(campaign.kills.values()) == 160
    missed = [name for name in campaign.kills if " not " in name]
    assert len(missed) < 10, missed


@pytest.mark.connected
@pytest.mark.timeout(600)
def test_killed_services_on_kafka_and_postgres_lose_and_double_nothing(
    tmp_path, kafka_address, postgres_url
):
    campaign = Campaign(connected(tmp_path, kafka_address, postgres_url, mark := mark_()), mark)
    fire(campaign, 45)
    assert campaign.breaches() == []
    assert sum(campaign.kills.values()) == 45


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("sabotage", "points"), [
    ("offset-before-commit", [("beta", "rows"), ("beta", "before-commit")]),
    ("no-dedupe", [("alpha", "produce-acked"), ("beta", "produce-acked")]),
    ("no-outbox", [("alpha", "produce-sent"), ("beta", "produce-sent")]),
])  # fmt: skip
def test_a_sabotaged_build_is_caught(tmp_path, sabotage, points):
    assert sabotage in SABOTAGE
    campaign = embedded(tmp_path, seed=2, sabotage=sabotage)
    with campaign.fire():
        for number in range(8):
            campaign.kill_at(*points[number % len(points)])
    assert campaign.breaches() != []


@pytest.mark.campaign
@pytest.mark.timeout(7_200)
def test_a_long_campaign(tmp_path):
    campaign = embedded(tmp_path, seed=3)
    fire(campaign, KILLS)
    assert campaign.breaches() == []
    assert len(campaign.kills) >= len(EVERY_POINT)


def mark_() -> str:
    return uuid.uuid4().hex[:8]


def connected(tmp_path, servers, admin_url, mark) -> Settings:
    async def prepare() -> None:
        product = toy(mark)
        log = KafkaLog(servers)
        await log.create_topics(dict.fromkeys(product.topics, 4))
        await log.close()
        for name in SERVICES:
            await create_database(admin_url, getattr(product, name).service.name)

    asyncio.run(prepare())
    host = admin_url.rpartition("@")[2].partition("/")[0]
    return Settings(
        data_dir=tmp_path,
        partition_count=4,
        bus="kafka",
        kafka_servers=servers,
        postgres_url=f"postgresql://{{service}}@{host}/{{service}}",
        postgres_owner_url=f"postgresql://{{service}}_owner@{host}/{{service}}",
    )
