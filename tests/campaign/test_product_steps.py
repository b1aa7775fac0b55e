"""The product, killed at every named step of its work: nothing lost, nothing doubled, and every
store is what its log says.
"""

import os
import sys
from datetime import date

import pytest
from tools.make_samples import write
from tools.sampler.cases import BRANCHES

from fire_cases import STEPS, Fire, Step, arm, fire

KILLS = int(os.environ.get("CAMPAIGN_KILLS", "1000"))
EVERY_STEP_ONCE = len(STEPS) * 3 // 2
DAY = date(2026, 11, 20)


def under_fire(tmp_path, kills, seed, bus="embedded"):
    write(tmp_path / "samples", len(BRANCHES) + 2 * kills, seed, DAY)
    campaign = Fire(tmp_path / "data", tmp_path / "samples", seed, bus)
    try:
        campaign.up()
        fire(campaign, kills)
        campaign.finish()
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


@pytest.mark.campaign
@pytest.mark.timeout(14_400)
def test_a_long_campaign_on_the_product(tmp_path):
    campaign = under_fire(tmp_path, KILLS, seed=12)
    assert sum(campaign.kills.values()) == KILLS
    assert not [name for name in STEPS if not campaign.kills[name]]


@pytest.mark.parametrize("target", ["rcm.platform.folders:Archive.gone", "remit_svc.handlers:gone"])
def test_a_step_whose_function_is_no_more_is_told(target):
    with pytest.raises(AttributeError):
        arm(Step("remit-svc", target, "after"), 1)
