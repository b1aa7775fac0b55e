"""The whole chain with the full work: HL7 in over MLLP, 837 built and checked, acknowledgements,
835 balanced and
posted, denials opened, every life folded. Beside it, in the same run, the ceiling: the same hops
deciding nothing.

    python -m benchmarks.chain [--bus embedded|kafka] [--encounters 4000]

Prints one JSON object. The ceiling needs `limits/chain_limit.py` beside the repository and is left
out without it.
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import psutil
from tools.feed import messages_of, send
from tools.make_samples import write
from tools.stack import SERVICES, Stack
from uvicorn.loops.auto import auto_loop_factory

from rcm.platform.local import start_kafka, start_postgres, stop

LIMIT = Path(__file__).parents[2] / "shared" / "limits" / "chain_limit.py"
CONNECTIONS = 90
QUIET_S = 5.0
PATIENCE_S = 900.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bus", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--encounters", type=int, default=4_000)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="claimstream-bench-"))
    folder.chmod(0o755)
    try:
        found = measure(folder, given.bus, given.encounters)
        found["ceiling"] = ceiling(folder, given.bus, given.encounters)
        if found["ceiling"]:
            limit = found["ceiling"]["claims_per_second"]
            found["share_of_ceiling"] = round(found["claims_per_second"] / limit, 3)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(found, indent=1))


def measure(folder: Path, bus: str, count: int) -> dict[str, Any]:
    """Run the product over invented encounters until nothing moves any more."""
    samples = folder / "samples"
    write(samples, count, 7, date(2026, 11, 20))
    stack = Stack(
        folder / "data", samples, bus,
        RCM_PAYER_REMIT_AFTER_S="0", RCM_PAYER_RETHINK_AFTER_S="0", RCM_PAYER_LATE_277CA_S="0",
        RCM_CODING_MLLP_CONNECTIONS_MAX=str(CONNECTIONS + 10), RCM_LOG_LEVEL="warning",
    )  # fmt: skip
    stack.up()
    try:
        processes = _processes(stack)
        before = {name: _cpu_s(process) for name, process in processes.items()}
        began = time.monotonic()
        feeding = threading.Thread(target=_feed, args=(stack, samples))
        feeding.start()
        ended = stack.wait_until_quiet(QUIET_S, PATIENCE_S, busy=feeding.is_alive)
        seconds = ended - began
        cpu = {name: _cpu_s(process) - before[name] for name, process in processes.items()}
        memory = {name: process.memory_info().rss for name, process in processes.items()}
        claims = sum(1 for tenant in stack.mllp_ports for _ in stack.claims(tenant))
        events, _ = stack.progress()
        stack.down(servers=False)
        rebuilt = {
            one: json.loads(stack.rcm("rebuild", one, "--dry-run", "--json", check=False).stdout)
            for one in SERVICES
        }
        verified = json.loads(stack.rcm("verify", "--json", check=False).stdout)
    finally:
        stack.down()
    folded = sum(one["fact_count"] + one["upstream_count"] for one in rebuilt.values())
    differing = [
        f"{name}: {table}"
        for name, one in rebuilt.items()
        for table, found in one["hashes"].items()
        if one["live_hashes"][table] != found
    ]
    return {
        "bus": bus,
        "encounters": count,
        "claims": claims,
        "events": events,
        "seconds": round(seconds, 1),
        "claims_per_second": round(claims / seconds),
        "events_per_second": round(events / seconds),
        "cpu_us_per_claim": {name: round(used / claims * 1e6) for name, used in cpu.items()},
        "cpu_us_per_claim_all": round(sum(cpu.values()) / claims * 1e6),
        "memory_mb": {name: round(used / 1e6) for name, used in memory.items()},
        "rebuild_records_per_second": round(
            folded / sum(one["seconds"] for one in rebuilt.values())
        ),
        "breaches": len(verified["breaches"]),
        "tables_that_differ_after_rebuild": differing,
    }


def ceiling(folder: Path, bus: str, count: int) -> dict[str, Any]:
    """Measure the same hops with nothing decided."""
    if not LIMIT.exists():
        return {}
    command = [sys.executable, str(LIMIT), "--claims", str(max(count, 10_000))]
    servers = (folder / "limit-kafka", folder / "limit-postgres") if bus == "kafka" else ()
    try:
        if servers:
            for one in servers:
                one.mkdir()
            kafka, postgres = start_kafka(servers[0]), start_postgres(servers[1])
            command += ["--bus", "kafka", "--bootstrap", kafka.address, "--store", "postgres"]
            command += ["--dsn", postgres.address]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        for one in servers:
            stop(one)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _feed(stack: Stack, samples: Path) -> None:
    for tenant, port in stack.mllp_ports.items():
        feed = messages_of(samples / tenant / "feed.hl7")
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            runner.run(send("127.0.0.1", port, feed, connections=CONNECTIONS))


def _processes(stack: Stack) -> dict[str, psutil.Process]:
    return {
        one["name"]: psutil.Process(one["process"]["pid"])
        for one in json.loads(stack.rcm("status", "--json", check=False).stdout)
        if one["process"]
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    main()
