"""The product, killed at every named step of its work: nothing lost, nothing doubled, and every
store is what its log says.
"""

import os
import sys
import tempfile
from datetime import date
from pathlib import Path

import pytest
from tools.make_samples import write
from tools.sampler.cases import BRANCHES

from backends import give_up
from fire_cases import STEPS, Fire, Step, arm, fire

KILLS = int(os.environ.get("CAMPAIGN_KILLS", "1000"))
EVERY_STEP_ONCE = len(STEPS) * 3 // 2
DAY = date(2026, 11, 20)


ON_SERVERS = (
    "coding-svc: produce-sent", "claims-svc: produce-acked", "claims-svc: before-commit",
    "remit-svc: after-commit", "lifecycle-svc: before-commit",
)  # fmt: skip


@pytest.fixture
def open_folder():
    """A folder that the user `postgres`, too, may go into: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="claimstream-fire-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def under_fire(tmp_path, kills, seed, bus="embedded", steps=()):
    encounters = 4 * len(steps) or len(BRANCHES) + 2 * kills
    write(tmp_path / "samples", encounters, seed, DAY)
    campaign = Fire(tmp_path / "data", tmp_path / "samples", seed, bus)
    try:
        try:
            campaign.up()
        except SystemExit as error:
            give_up("Kafka and PostgreSQL", str(error))
        for name in steps:
            campaign.kill_at(name)
        fire(campaign, kills)
        campaign.finish(quiet_s=4.0 if steps else 6.0)
    finally:
        campaign.stop()
    try:
        assert campaign.breaches() == []
    finally:
        campaign.down()
    lines = [f"{count:6} {name}" for name, count in sorted(campaign.kills.items())]
    sys.stdout.write("\n".join([f"{sum(campaign.kills.values())} kills", *lines, ""]))
    return campaign


@pytest.mark.timeout(900)
def test_the_product_is_killed_at_every_step_and_nothing_is_lost_or_doubled(tmp_path):
    campaign = under_fire(tmp_path, EVERY_STEP_ONCE, seed=11)
    missed = [name for name in campaign.kills if name.startswith("not ")]
    assert len(missed) <= len(STEPS) // 10, missed


@pytest.mark.connected
@pytest.mark.timeout(300)
def test_some_steps_are_died_at_on_kafka_and_postgresql(open_folder):
    """A handful of the steps where the brokers and the database matter most; all of them in the
    campaign.
    """
    campaign = under_fire(open_folder, 0, seed=13, bus="kafka", steps=ON_SERVERS)
    missed = [name for name in campaign.kills if name.startswith("not ")]
    assert missed == []
    assert sum(campaign.kills.values()) == len(ON_SERVERS)


@pytest.mark.campaign
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("bus", ["embedded", "kafka"])
def test_a_long_campaign_on_the_product(open_folder, bus):
    campaign = under_fire(open_folder, KILLS, seed=12, bus=bus)
    assert sum(campaign.kills.values()) == KILLS
    assert not [name for name in STEPS if not campaign.kills[name]]


@pytest.mark.parametrize("target", ["rcm.platform.folders:Archive.gone", "remit_svc.handlers:gone"])
def test_a_step_whose_function_is_no_more_is_told(target):
    with pytest.raises(AttributeError):
        arm(Step("remit-svc", target, "after"), 1)
