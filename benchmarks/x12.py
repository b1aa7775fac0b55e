"""How fast rcm.x12 is, beside the floors of the language and the other libraries.

    python benchmarks/x12.py                        10,000 claims, the quick ones
    python benchmarks/x12.py --claims 100000        larger
    python benchmarks/x12.py --peers                pyx12 and x12sdk as well (minutes)
    python benchmarks/x12.py --out x12.json         the numbers as JSON

Each measurement runs in a process of its own, so that its peak memory is its own; the time is that
of the work alone, best of three (one for the peers, which take minutes), by the process's own CPU
clock, so that a busy machine says nearly the same as a quiet one.
"""

import argparse
import gc
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "shared")]

#: What is measured of each kind of file, and what it is.
MEASURES = {
    "bytes.split segments": "floor: bytes.split by segment",
    "bytes.split elements": "floor: and each segment by element, not kept",
    "str.split elements": "floor: the same as text, with a test of each id",
    "units": "ours: segments in units, envelopes checked",
    "typed": "ours: typed claims",
    "typed, structure": "ours: and structure and elements checked (SNIP 1 and 2)",
    "full": "ours: and balances, situations, codes (SNIP 1 to 5)",
    "write": "ours: typed claims to bytes",
}
PEERS = {
    "oxedi": "oxedi 0.6, Rust: tables and diagnostics (835)",
    "x12sdk": "x12sdk 2.2: models",
    "pyx12": "pyx12 4.0: validation with a 999",
}
KINDS = {"oxedi": {"835"}, "x12sdk": {"835", "837P"}, "pyx12": {"835", "837P"}}


def main() -> None:
    """Make the files, measure everything, print a table."""
    options = _options()
    if options.one:
        print(json.dumps(measure(options.kind, options.one, Path(options.file))))
        return
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("835", "837P"):
            path = Path(folder) / kind
            make(kind, options.claims, path)
            names = list(MEASURES) + (["oxedi"] if kind == "835" else [])
            if options.peers:
                names += [name for name in ("x12sdk", "pyx12") if kind in KINDS[name]]
            for name in names:
                told = _apart(kind, name, path)
                told |= {"kind": kind, "name": name, "megabytes": path.stat().st_size / 1e6}
                if "failed" in told:
                    results.append(told)
                    print(f"{kind:5} {name:22} failed: {told['failed']}", flush=True)
                    continue
                told["claims_per_second"] = round(options.claims / told["seconds"])
                results.append(told)
                print(
                    f"{kind:5} {name:22} {told['seconds']:8.3f} s"
                    f" {told['claims_per_second']:>9,} claims/s {told['peak_mb']:6.0f} MB",
                    flush=True,
                )
    summary = {
        "claims": options.claims,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "what": MEASURES | PEERS,
        "results": results,
    }
    if options.out:
        Path(options.out).write_text(json.dumps(summary, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=10_000)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--out", default="")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    parser.add_argument("--kind", default="835", help=argparse.SUPPRESS)
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _apart(kind: str, name: str, path: Path) -> dict[str, Any]:
    """Measure one thing in a process of its own."""
    command = [sys.executable, __file__, "--one", name, "--kind", kind, "--file", str(path)]
    done = subprocess.run(command, check=name not in PEERS, capture_output=True, text=True)
    if done.returncode:
        return {"failed": done.stderr.splitlines()[-1].partition(":")[0]}
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def measure(kind: str, name: str, path: Path) -> dict[str, Any]:
    """Time one thing, best of three, the collector of cycles off as for any batch."""
    work = _work(kind, name, path)
    best = float("inf")
    for _ in range(1 if name in {"pyx12", "x12sdk"} else 3):
        gc.collect()
        gc.disable()
        began = time.process_time()
        count = work()
        best = min(best, time.process_time() - began)
        gc.enable()
    peak = _peak_mb()
    return {"seconds": best, "count": count, "peak_mb": peak}


def _peak_mb() -> float:
    """Give the most memory that this process held; not that of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make(kind: str, claim_count: int, path: Path) -> None:
    """Write a file of one kind with so many claims."""
    path.write_bytes(_data(kind, claim_count)())


def _data(kind: str, claim_count: int) -> Callable[[], bytes]:
    """Give a function that writes so many claims; they are made beforehand."""
    from x12_cases import an_envelope

    if kind == "835":
        from rcm.x12 import x835
        from x835_cases import a_big_remittance

        remittance = a_big_remittance(claim_count)
        return lambda: x835.write([remittance], an_envelope())
    from rcm.x12 import x837
    from x12_837_cases import SUBMISSION, World, dependent, office_visit, secondary_by_line

    world = World(1)
    shapes = [office_visit] * 7 + [dependent] * 2 + [secondary_by_line]
    claims = [shapes[number % 10](world) for number in range(claim_count)]
    return lambda: x837.write_837p(SUBMISSION, claims, an_envelope())


def _work(kind: str, name: str, path: Path) -> Callable[[], int]:
    floors = {
        "bytes.split segments": _split_segments,
        "bytes.split elements": _split_elements,
        "str.split elements": _split_text,
    }
    if name in floors:
        return lambda: floors[name](path)
    if name == "units":
        return lambda: _units(path)
    if name in PEERS:
        return _peer(name, path)
    if name == "write":
        count = path.read_bytes().count(b"~CLP*" if kind == "835" else b"~CLM*")
        writer = _data(kind, count)
        return lambda: len(writer())
    return _claims_835(name, path) if kind == "835" else _claims_837(name, path)


def _split_segments(path: Path) -> int:
    return len(path.read_bytes().split(b"~"))


def _split_elements(path: Path) -> int:
    return sum(len(segment.split(b"*")) for segment in path.read_bytes().split(b"~"))


def _split_text(path: Path) -> int:
    count = 0
    for segment in path.read_text().split("~"):
        if segment.split("*")[0] in {"CLP", "CLM"}:
            count += 1
    return count


def _units(path: Path) -> int:
    from rcm.x12.reader import Reader

    with path.open("rb") as source:
        return sum(1 for _ in Reader(source).units())


def _claims_835(name: str, path: Path) -> Callable[[], int]:
    from rcm.x12 import x835

    def typed(*, check: bool) -> int:
        with path.open("rb") as source:
            return sum(
                isinstance(event, x835.ClaimPayment) for event in x835.Stream(source, check=check)
            )

    def full() -> int:
        with path.open("rb") as source:
            count = 0
            stream = x835.Stream(source)
            for event in stream:
                if isinstance(event, x835.ClaimPayment):
                    count += 1
                    stream.findings += x835.check_claim(event)
            assert not stream.findings
            return count

    works = {
        "typed": lambda: typed(check=False),
        "typed, structure": lambda: typed(check=True),
        "full": full,
    }
    return works[name]


def _claims_837(name: str, path: Path) -> Callable[[], int]:
    from rcm.x12 import x837

    def typed(*, check: bool) -> int:
        with path.open("rb") as source:
            return sum(
                isinstance(event, x837.ReadClaim) for event in x837.Stream(source, check=check)
            )

    def full() -> int:
        with path.open("rb") as source:
            return sum(isinstance(event, x837.CheckedClaim) for event in x837.FileCheck(source))

    works = {
        "typed": lambda: typed(check=False),
        "typed, structure": lambda: typed(check=True),
        "full": full,
    }
    return works[name]


def _peer(name: str, path: Path) -> Callable[[], int]:
    if name == "oxedi":
        import oxedi

        return lambda: len(list(oxedi.parse(path.read_bytes()).diagnostics))
    if name == "x12sdk":
        from x12sdk.io import X12ModelReader

        def models() -> int:
            with X12ModelReader(str(path)) as reader:
                return sum(1 for _ in reader.models())

        return models

    def validate() -> int:
        import io
        import logging

        from pyx12 import params, x12n_document

        logging.disable(logging.CRITICAL)
        x12n_document.x12n_document(params.params(), str(path), io.StringIO(), None)
        return 1

    return validate


if __name__ == "__main__":
    main()
