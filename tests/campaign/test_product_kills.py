"""The product itself, killed while it works: real services as processes, SIGKILL at random
moments, started again.

The EHR sends again what was not acknowledged; at the end every message is in, the invariants hold,
and every store is
what its log says.
"""

import asyncio
import json
import os
import random
import signal
import threading
import time
from datetime import date
from pathlib import Path

import pytest
from tools.feed import messages_of, send
from tools.make_samples import write
from tools.sampler.cases import BRANCHES
from tools.stack import SERVICES, Stack

KILLS = int(os.environ.get("PRODUCT_KILLS", "12"))
ENCOUNTERS = len(BRANCHES) + 60
QUIET_S = 6.0
PATIENCE_S = 180.0


def feed(stack: Stack, samples: Path) -> None:
    """Send every message until it is acknowledged, whatever dies meanwhile."""
    for tenant, port in stack.mllp_ports.items():
        for message in messages_of(samples / tenant / "feed.hl7"):
            while True:
                try:
                    codes = asyncio.run(send("127.0.0.1", port, [message]))
                except (OSError, asyncio.IncompleteReadError):
                    time.sleep(0.2)
                else:
                    assert set(codes) == {"AA"}, codes
                    break


def kill(stack: Stack, name: str) -> None:
    process = json.loads((stack.data / "run" / f"{name}.json").read_text())
    os.kill(process[1] if isinstance(process, list) else process["pid"], signal.SIGKILL)


@pytest.mark.timeout(600)
def test_the_product_is_killed_while_it_works_and_nothing_is_lost_or_doubled(tmp_path):
    samples, dice = tmp_path / "samples", random.Random(5)
    write(samples, ENCOUNTERS, 5, date(2026, 11, 20))
    stack = Stack(
        tmp_path / "data", samples, "embedded",
        RCM_PAYER_REMIT_AFTER_S="0.5", RCM_PAYER_RETHINK_AFTER_S="0.5", RCM_PAYER_LATE_277CA_S="1",
        RCM_CLAIMS_STATUS_INTERVAL_S="1", RCM_CLAIMS_RESEND_AFTER_S="3", RCM_CLAIMS_PAUSE_S="0.5",
    )  # fmt: skip
    stack.up()
    try:
        feeding = threading.Thread(target=feed, args=(stack, samples))
        feeding.start()
        killed = []
        while len(killed) < KILLS or feeding.is_alive():
            if len(killed) < KILLS:
                time.sleep(dice.uniform(0.05, 1.0))
                name = dice.choice([*SERVICES, "payer-sim"])
                kill(stack, name)
                killed.append(name)
                stack.up()
            else:
                time.sleep(0.2)
        feeding.join()
        stack.wait_until_quiet(QUIET_S, PATIENCE_S)
        stack.down()
        verified = json.loads(stack.rcm("verify", "--json", check=False).stdout)
        assert verified["breaches"] == [], killed
        assert verified["unreadable"] == []
        for service in SERVICES:
            done = json.loads(stack.rcm("rebuild", service, "--dry-run", "--json").stdout)
            assert done["hashes"] == done["live_hashes"], (service, killed)
    finally:
        stack.down()
