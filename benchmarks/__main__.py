"""Run every benchmark and write docs/benchmarks.md: `make bench`.

    python -m benchmarks [--quick] [--only x12,codes,chain,chain-kafka]

Machines differ by a factor of four and more, so read the ratios; the machine and the day stand in
the page.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / ".data" / "benchmarks"


def commands(*, quick: bool) -> dict[str, list[str]]:
    """Name the benchmarks and how each is run; each leaves or prints JSON."""
    encounters = "500" if quick else "3000"
    size = ["--claims", "1000", "--long", "0"] if quick else ["--peers"]
    return {
        "x12": ["benchmarks.x12", "--out", str(RESULTS / "x12.out.json"), *size],
        "codes": ["benchmarks.codes"],
        "chain": ["benchmarks.chain", "--encounters", encounters],
        "chain-kafka": ["benchmarks.chain", "--bus", "kafka", "--encounters", encounters],
    }  # fmt: skip


def main() -> None:
    """Run, keep the results as JSON, and write the page from all that are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small inputs, no slow peers")
    parser.add_argument("--only", default="", help="names, separated by commas")
    given = parser.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    chosen = commands(quick=given.quick)
    names = [name for name in given.only.split(",") if name] or list(chosen)
    failed = []
    for name in names:
        sys.stderr.write(f"{name} ...\n")
        command = [sys.executable, "-m", *chosen[name]]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if run.returncode:
            failed.append(name)
            sys.stderr.write(run.stderr[-2000:])
            continue
        written = RESULTS / f"{name}.out.json"
        text = written.read_text() if written.exists() else run.stdout[run.stdout.index("{") :]
        written.unlink(missing_ok=True)
        kept = {"machine": machine(), "result": json.loads(text)}
        (RESULTS / f"{name}.json").write_text(json.dumps(kept, indent=1))
    write_page()
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def machine() -> dict[str, str]:
    """Say where and when."""
    cpu = "unknown"
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
        cpu = found[1] if found else cpu
    return {
        "day": f"{datetime.now(UTC):%Y-%m-%d}",
        "cpu": f"{os.cpu_count()} x {cpu}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f} before the run",
    }


def write_page() -> None:
    """Write docs/benchmarks.md from what is kept."""
    parts = [
        (
            "# Benchmarks\n\nWritten by `make bench`. Ratios hold from machine to machine,"
            " absolute figures do not.\n"
        )
    ]
    for path in sorted(RESULTS.glob("*.json")):
        kept = json.loads(path.read_text())
        where = ", ".join(f"{name} {value}" for name, value in kept["machine"].items())
        parts.append(f"## {path.stem}\n\n{where}\n\n{_table(kept['result'])}")
    notes = ROOT / "benchmarks" / "notes.md"
    if notes.exists():
        parts.append(notes.read_text())
    PAGE.write_text("\n".join(parts))


def _table(result: dict[str, Any]) -> str:
    """One row a value; a list of like objects becomes a table of its own, rates rounded."""
    lists = {
        k: v for k, v in result.items() if isinstance(v, list) and v and isinstance(v[0], dict)
    }
    flat = {k: v for k, v in result.items() if k not in lists}
    rows = [f"| {name} | {value} |" for name, value in _flat(flat)]
    parts = ["\n".join(["| what | value |", "|---|---|", *rows, ""])]
    for found in lists.values():
        names = list(dict.fromkeys(name for one in found for name in one))
        head = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
        body = [f"| {' | '.join(_cell(one.get(name, '')) for name in names)} |" for one in found]
        parts.append("\n".join([*head, *body, ""]))
    return "\n".join(parts)


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [
            row for key, inner in value.items() for row in _flat(inner, f"{path} {key}".strip())
        ]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [row for n, inner in enumerate(value) for row in _flat(inner, f"{path} {n + 1}")]
    return [(path, value)]


if __name__ == "__main__":
    main()
