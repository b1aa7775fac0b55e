"""How fast rcm.x12 is, beside the floors of the language and the other libraries.

    python benchmarks/x12.py                        10,000 claims of each kind, 100,000 of two
    python benchmarks/x12.py --peers                pyx12, x12sdk and oxedi as well
    python benchmarks/x12.py --kinds 837P           one kind
    python benchmarks/x12.py --out x12.json         the numbers as JSON

Each measurement runs in a process of its own, so that its peak memory is its own; the time is that
of the work alone, the better of two after one to warm up (one of what takes long), by the process's
own CPU clock, so that a busy machine says nearly the same as a quiet one. Read the ratios:
`times_floor` is how much longer a claim takes than `bytes.split` of segments and elements, which
no Python can beat.

Slow peers get smaller files: their count of claims stands in the table, and nothing is multiplied.
"""

import argparse
import gc
import json
import platform
import re
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
    "full, gc": "ours: the same with the collector of cycles on, as in a service",
    "write": "ours: typed claims to bytes",
    "check one": "ours: a file with one claim, read and fully checked, patterns made",
    "check one built": "ours: one claim before it is sent, fully checked in its written form",
    "write one": "ours: one claim to an interchange",
}
PEERS = {
    "oxedi": "oxedi 0.6, Rust: tables and diagnostics (835)",
    "x12sdk": "x12sdk 2.2: models; DMG03 = U is written F for it, which it takes for a fault",
    "pyx12": "pyx12 4.0: validation with a 999",
}
KINDS = {"oxedi": {"835"}, "x12sdk": {"835", "837P", "837I"}, "pyx12": {"835", "837P", "837I"}}
FLOOR = "bytes.split elements"
ONE = {"check one", "check one built", "write one"}
#: Claims in the file of each peer, so that all of it takes minutes.
PEER_CLAIMS = {"oxedi": 10_000, "x12sdk": 1_000, "pyx12": 300}
CLAIMS = 10_000
#: A file ten times as long, to see memory: ten transactions of CLAIMS each.
LONG_CLAIMS = 100_000
LONG = ("bytes.split elements", "units", "typed", "full", "oxedi")


def main() -> None:
    """Make the files, measure everything, print a table."""
    options = _options()
    if options.one:
        print(json.dumps(measure(options.kind, options.one, Path(options.file))))
        return
    if options.make:
        make(options.kind, options.make, Path(options.file))
        return
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds.split(","):
            results += _measured(kind, Path(folder), options)
    summary = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "what": MEASURES | PEERS,
        "results": results,
    }
    if options.out:
        Path(options.out).write_text(json.dumps(summary, indent=2) + "\n")


def _measured(kind: str, folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure everything of one kind."""
    results = []
    floor = 0.0
    for name, claims in _plan(kind, options):
        path = folder / f"{kind}-{claims}"
        if not path.exists():
            _run("--make", str(claims), "--kind", kind, "--file", str(path))
        told = _apart(kind, name, path)
        row: dict[str, Any] = {"kind": kind, "name": name, "claims": claims}
        results.append(row)
        if "failed" in told:
            row["failed"] = told["failed"]
            print(f"{kind:5} {name:22} failed: {told['failed']}", flush=True)
            continue
        each = told["seconds"] / claims
        floor = each if name == FLOOR else floor
        row |= {
            "claims_per_second": round(1 / each),
            "us_per_claim": round(each * 1e6, 2),
            "times_floor": round(each / floor, 1) if floor and name not in ONE else "",
            "peak_mb": round(told["peak_mb"]),
            "megabytes": round(path.stat().st_size / 1e6, 2),
        }
        print(
            f"{kind:5} {name:22} {claims:>7,} {row['claims_per_second']:>9,} claims/s"
            f" {row['us_per_claim']:9.2f} us {row['times_floor']!s:>6} x floor"
            f" {row['peak_mb']:5} MB",
            flush=True,
        )
    return results


def _plan(kind: str, options: argparse.Namespace) -> list[tuple[str, int]]:
    """Say what is measured, on a file of how many claims; the floor comes first."""
    names = [FLOOR, *(name for name in MEASURES if name != FLOOR)]
    plan = [(name, 1 if name in ONE else options.claims) for name in names if _has(kind, name)]
    if options.peers:
        plan += [
            (name, min(count, options.claims))
            for name, count in PEER_CLAIMS.items()
            if kind in KINDS[name]
        ]
    if options.long and kind in {"835", "837P"}:
        plan += [
            (name, options.long)
            for name in LONG
            if name not in PEERS or (options.peers and kind in KINDS[name])
        ]
    return plan


def _has(kind: str, name: str) -> bool:
    """Tell whether a measure makes sense: one 835 is written by payers, never alone."""
    return name not in ONE or kind != "835"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=CLAIMS)
    parser.add_argument("--long", type=int, default=LONG_CLAIMS, help="claims of the long file; 0")
    parser.add_argument("--kinds", default="835,837P,837I,837D")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--out", default="")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--kind", default="835", help=argparse.SUPPRESS)
    parser.add_argument("--file", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def _apart(kind: str, name: str, path: Path) -> dict[str, Any]:
    """Measure one thing in a process of its own."""
    done = _run("--one", name, "--kind", kind, "--file", str(path))
    if done.returncode and name not in PEERS:
        raise SystemExit(done.stderr)
    if done.returncode:
        return {"failed": done.stderr.splitlines()[-1].partition(":")[0]}
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def measure(kind: str, name: str, path: Path) -> dict[str, Any]:
    """Time one thing, the better of two; the collector of cycles off, as for any batch."""
    work = _work(kind, name, path)
    turns = 400 if name in ONE else 1
    is_long = path.stat().st_size > 20e6
    if not is_long:
        work()  # once before: modules are imported, patterns made
    best = float("inf")
    for _ in range(1 if name in PEERS or is_long else 2):
        gc.collect()
        if name != "full, gc":
            gc.disable()
        began = time.process_time()
        for _ in range(turns):
            count = work()
        best = min(best, (time.process_time() - began) / turns)
        gc.enable()
    return {"seconds": best, "count": count, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """Give the most memory that this process held; not that of the one that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def make(kind: str, claim_count: int, path: Path) -> None:
    """Write a file of one kind with so many claims, CLAIMS to a transaction at most."""
    turns, count = max(claim_count // CLAIMS, 1), min(claim_count, CLAIMS)
    path.write_bytes(_data(kind, count, turns)())


def _data(kind: str, claim_count: int, transactions: int = 1) -> Callable[[], bytes]:
    """Give a function that writes so many claims; they are made beforehand."""
    from x12_cases import an_envelope

    if kind == "835":
        from msgspec.structs import replace

        from rcm.x12 import x835
        from x835_cases import a_big_remittance

        remittance = a_big_remittance(claim_count)
        remittances = [
            replace(remittance, transaction_control_number=f"{number:04d}")
            for number in range(1, transactions + 1)
        ]
        return lambda: x835.write(remittances, an_envelope())
    from rcm.x12 import x837
    from rcm.x12.writer import write
    from x12_837_cases import SUBMISSION

    draft = {"837P": x837.draft_837p, "837I": x837.draft_837i, "837D": x837.draft_837d}[kind]
    claims = _claims(kind, claim_count)
    return lambda: write([draft(SUBMISSION, claims) for _ in range(transactions)], an_envelope())


def _claims(kind: str, count: int) -> list[Any]:
    """Make claims: of ten, seven or more usual ones, and some that carry more."""
    import x12_837_cases as cases

    shapes = {
        "837P": [cases.office_visit] * 7 + [cases.dependent] * 2 + [cases.secondary_by_line],
        "837I": [cases.outpatient_bill] * 7
        + [cases.bill_for_dependent] * 2
        + [cases.inpatient_stay],
        "837D": [cases.dental_visit] * 9 + [cases.braces],
    }[kind]
    world = cases.World(1)
    return [shapes[number % 10](world) for number in range(count)]


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
    if name.startswith("write"):
        count = path.read_bytes().count(b"~CLP*" if kind == "835" else b"~CLM*")
        writer = _data(kind, count)
        return lambda: len(writer())
    if name == "check one":
        return _one_claim(path)
    if name == "check one built":
        return _one_built(kind)
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
        "full, gc": full,
    }
    return works[name]


def _one_claim(path: Path) -> Callable[[], int]:
    """Check a file with one claim, in a process that has checked some hundreds."""
    from rcm.x12 import x837
    from rcm.x12.pattern import UNITS_BEFORE_PATTERN

    data = path.read_bytes()

    def one() -> int:
        return sum(isinstance(event, x837.CheckedClaim) for event in x837.FileCheck(data))

    for _ in range(UNITS_BEFORE_PATTERN + 1):
        one()
    return one


def _one_built(kind: str) -> Callable[[], int]:
    """Check one claim before it is sent, in a process that has checked some hundreds."""
    from rcm.x12 import x837
    from rcm.x12.pattern import UNITS_BEFORE_PATTERN
    from x12_837_cases import SUBMISSION

    claims = _claims(kind, 1)

    def one() -> int:
        return len(x837.check_built(SUBMISSION, claims))

    for _ in range(UNITS_BEFORE_PATTERN + 1):
        one()
    return one


def _claims_837(name: str, path: Path) -> Callable[[], int]:
    from rcm.x12 import x837

    def typed(*, check: bool) -> int:
        with path.open("rb") as source:
            return sum(
                isinstance(event, x837.ReadClaim) for event in x837.Stream(source, check=check)
            )

    def full() -> int:
        with path.open("rb") as source:
            check = x837.FileCheck(source)
            count = sum(isinstance(event, x837.CheckedClaim) for event in check)
        assert not any(finding.is_error for finding in check.findings)
        return count

    works = {
        "typed": lambda: typed(check=False),
        "typed, structure": lambda: typed(check=True),
        "full": full,
        "full, gc": full,
    }
    return works[name]


def _peer(name: str, path: Path) -> Callable[[], int]:
    if name == "oxedi":
        import oxedi

        return lambda: len(list(oxedi.parse(path.read_bytes()).diagnostics))
    if name == "x12sdk":
        from x12sdk.io import X12ModelReader

        taken = path.with_suffix(".x12sdk")
        taken.write_bytes(re.sub(rb"(DMG\*D8\*\d{8}\*)U", rb"\1F", path.read_bytes()))

        def models() -> int:
            with X12ModelReader(str(taken)) as reader:
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
