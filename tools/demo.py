"""The main job, shown: `make demo`. Starts every service, feeds `samples/` through the real doors,
waits until the
payer has answered everything, and prints what became of it; then stops and folds every store anew
from the log.

    python -m tools.demo [--bus embedded|kafka] [--keep] [--data FOLDER] [--samples FOLDER]
"""

import argparse
import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from rcm.money import dollars
from tools.feed import messages_of, send
from tools.stack import SERVICES, TENANTS, Stack

WIDTH = max(shutil.get_terminal_size((140, 40)).columns, 130)
OUT = Console(highlight=False, width=WIDTH, height=50)  # tables are read in files, too
ERR = Console(stderr=True, highlight=False)
QUIET_S = 4.0
PATIENCE_S = 300.0
MONEY = ("billed", "paid", "adjusted", "patient", "denied", "open")


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bus", choices=("embedded", "kafka"), default="embedded")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    parser.add_argument("--data", type=Path, default=Path(".data/demo"))
    parser.add_argument("--samples", type=Path, default=Path("samples"))
    given = parser.parse_args()
    stack = Stack(given.data, given.samples, given.bus)
    if stack.is_running():
        _refuse("it runs already: `make down` stops it")
    shutil.rmtree(given.data, ignore_errors=True)
    began = time.monotonic()
    try:
        with ERR.status(
            "starting six services"
            if given.bus == "embedded"
            else "starting Kafka, PostgreSQL and six services"
        ):
            stack.up()
        feed(stack, given.samples)
        wait_until_quiet(stack, "the payer answers")
        if again := resend_rejected(stack):
            OUT.print(
                f"\nA biller sent {again} claims again whose file was refused: never adjudicated,"
                " so as originals"
            )
            wait_until_quiet(stack, "sent again")
        if late := feed_late(stack, given.samples):
            OUT.print(
                f"\n{late} late charges and credits went in after their claims had left: "
                "replacements follow"
            )
            wait_until_quiet(stack, "late messages")
        report(stack)
        _verify(stack)
        if given.keep:
            _pages(stack)
            return
        stack.down(servers=False)
        same = rebuild_check(stack)
        OUT.print(
            f"\nDone in {time.monotonic() - began:.0f} s."
            " `make up` leaves it running, with pages to look at:"
        )
        _pages(stack)
        if not same:
            sys.exit(1)
    except subprocess.CalledProcessError as failed:
        said = (failed.stderr or failed.stdout or "")[-2000:]
        _refuse(f"{' '.join(map(str, failed.cmd[-4:]))} failed: {said}")
    finally:
        if not given.keep:
            stack.down()


def feed(stack: Stack, samples: Path) -> None:
    """Send everything through the doors that hospitals use."""
    feeds = {tenant: list(messages_of(samples / tenant / "feed.hl7")) for tenant in TENANTS}
    bundles = {
        tenant: (samples / tenant / "bundles.ndjson").read_bytes().splitlines()
        for tenant in TENANTS
    }
    with _progress() as bar:
        for tenant, messages in feeds.items():
            task = bar.add_task(f"HL7 v2 over MLLP    {tenant}", total=len(messages))
            codes = asyncio.run(
                send("127.0.0.1", stack.mllp_ports[tenant], messages, connections=4,
                     progress=lambda n, task=task: bar.advance(task, n))
            )  # fmt: skip
            if set(codes) - {"AA", "CA"}:
                _refuse(f"{tenant}: acknowledgements {dict(codes)}")
        for tenant, lines in bundles.items():
            task = bar.add_task(f"FHIR R4 over HTTP   {tenant}", total=len(lines))
            headers = {
                "Authorization": f"Bearer {stack.token(tenant)}",
                "Content-Type": "application/fhir+json",
            }
            for number, line in enumerate(lines):
                answer = httpx.post(
                    f"{stack.url('coding-svc')}/v1/fhir", content=line, timeout=30, trust_env=False,
                    headers=headers | {"Idempotency-Key": f"demo-{tenant}-bundle-{number}"},
                )  # fmt: skip
                if answer.status_code >= 300:
                    _refuse(f"{tenant}: bundle {number}: {answer.status_code} {answer.text}")
                bar.advance(task)
        for tenant in TENANTS:
            task = bar.add_task(f"HL7 batch file      {tenant}", total=1)
            folder = stack.data / "drop" / "charges" / tenant / "in"
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(samples / tenant / "charges.batch.hl7", folder / "charges.hl7.tmp")
            (folder / "charges.hl7.tmp").rename(folder / "charges.hl7")
            bar.advance(task)


def feed_late(stack: Stack, samples: Path) -> int:
    """Send what arrives after the first claims went out."""
    count = 0
    for tenant, port in stack.mllp_ports.items():
        path = samples / tenant / "late.hl7"
        if path.exists():
            count += sum(asyncio.run(send("127.0.0.1", port, messages_of(path))).values())
    return count


def resend_rejected(stack: Stack) -> int:
    """Release the claims that were rejected with the whole file that they were in (TA1, 999)."""
    count = 0
    for tenant in TENANTS:
        for claim in stack.claims(tenant):
            if claim["state"] in {"interchange-rejected", "transaction-rejected"}:
                answer = httpx.post(
                    f"{stack.url('claims-svc')}/v1/claims/{claim['claim_id']}/release",
                    timeout=30,
                    trust_env=False,
                    headers={
                        "Authorization": f"Bearer {stack.token(tenant)}",
                        "Idempotency-Key": f"demo-release-{claim['claim_id']}",
                    },
                )
                answer.raise_for_status()
                count += 1
    return count


def wait_until_quiet(stack: Stack, what: str) -> None:
    """Wait until nothing lags and nothing new was recorded for some seconds."""
    with _progress() as bar:
        task = bar.add_task(f"{what:<29}", total=None)
        try:
            stack.wait_until_quiet(
                QUIET_S,
                PATIENCE_S,
                watch=lambda recorded, behind: bar.update(
                    task, completed=recorded - behind, total=recorded
                ),
            )
        except TimeoutError as error:
            _refuse(str(error))


def report(stack: Stack) -> None:
    """Print each claim's life in a line, then counts by state and the money, balanced to the
    cent.
    """
    claims = [claim | {"tenant": tenant} for tenant in TENANTS for claim in stack.claims(tenant)]
    held = [hold | {"tenant": tenant} for tenant in TENANTS for hold in stack.holds(tenant)]
    _print_claims(claims)
    _print_holds(held)
    _print_quarantine(stack)
    _print_states(claims)


def _print_claims(claims: list[dict[str, Any]]) -> None:
    table = Table(
        title="\nClaims, one line a life",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for name in ("tenant", "claim", "837", "payer", "state"):
        table.add_column(name, no_wrap=True)
    table.add_column("why", max_width=44)  # the only one that may be broken
    for name in MONEY[:5]:
        table.add_column(name, justify="right", no_wrap=True)
    for claim in sorted(claims, key=lambda c: (c["tenant"], c["state"], c["claim_id"])):
        money = [dollars(claim["money"][f"{name}_cents"]) for name in MONEY[:5]]
        state = claim["state"].replace("-", " ")
        table.add_row(
            claim["tenant"],
            claim["claim_id"],
            claim["form"],
            claim["payer_name"].title(),
            state,
            claim["why"],
            *money,
        )
    OUT.print(table)


def _print_holds(held: list[dict[str, Any]]) -> None:
    if not held:
        return
    table = Table(
        title="\nEncounters on hold, and why",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for name in ("tenant", "encounter", "reasons"):
        table.add_column(name)
    for hold in held:
        reasons = "; ".join(f"{r['text']} ({r['path']})" for r in hold["reasons"])
        table.add_row(hold["tenant"], hold["encounter_id"], reasons)
    OUT.print(table)


def _print_quarantine(stack: Stack) -> None:
    for tenant in TENANTS:
        for advice in stack.quarantine(tenant):
            OUT.print(
                f"\nRemittance in quarantine: {tenant}, {advice['payer_name'].title()}, trace"
                f" {advice['trace_number']}: {advice['cause'].replace('-', ' ')} by"
                f" {dollars(advice['difference_cents'])} ({advice['level']}). Nothing of it was"
                " posted."
            )


def _print_states(claims: list[dict[str, Any]]) -> None:
    counts = Counter(claim["state"] for claim in claims)
    sums: dict[str, Counter[str]] = {state: Counter() for state in counts}
    for claim in claims:
        sums[claim["state"]].update({name: claim["money"][f"{name}_cents"] for name in MONEY})
    table = Table(
        title="\nBy state", title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    table.add_column("state")
    for name in ("claims", *MONEY):
        table.add_column(name, justify="right")
    total: Counter[str] = Counter()
    for state, count in counts.most_common():
        total.update(sums[state])
        table.add_row(
            state.replace("-", " "), str(count), *(dollars(sums[state][name]) for name in MONEY)
        )
    table.add_row("all", str(len(claims)), *(dollars(total[name]) for name in MONEY), style="bold")
    OUT.print(table)
    difference = total["billed"] - sum(total[name] for name in MONEY[1:])
    parts = " + ".join(f"{name} {dollars(total[name])}" for name in MONEY[1:])
    verdict = (
        "balanced to the cent" if difference == 0 else f"OUT OF BALANCE by {dollars(difference)}"
    )
    OUT.print(f"\nbilled {dollars(total['billed'])} = {parts}   {verdict}")
    disputed = sum(claim["patient_disputed_cents"] for claim in claims)
    OUT.print(
        f"on the worklist of denials: denied {dollars(total['denied'])} + of the patients' share"
        f" {dollars(disputed)}"
    )
    if difference:
        sys.exit(1)


def _verify(stack: Stack) -> None:
    """Check the invariants over the whole log."""
    found = json.loads(stack.rcm("verify", "--json").stdout)
    breach_count = len(found["breaches"])
    OUT.print(f"invariants: {found['event_count']} events on the log, {breach_count} breaches")
    if found["breaches"]:
        OUT.print_json(json.dumps(found["breaches"][:10]))
        sys.exit(1)


def rebuild_check(stack: Stack) -> bool:
    """Fold every store anew from the log and compare the hashes."""
    table = Table(
        title="\nRebuilt from the log",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for name in ("service", "facts", "tables", "hash from the log", "hash of the live store", ""):
        table.add_column(name)
    all_same = True
    for service in SERVICES:
        done = json.loads(stack.rcm("rebuild", service, "--dry-run", "--json", check=False).stdout)
        new, live = _digest(done["hashes"]), _digest(done["live_hashes"])
        all_same &= new == live
        verdict = "same" if new == live else "DIFFERENT"
        count = done["fact_count"] or done["upstream_count"]
        table.add_row(service, str(count), str(len(done["hashes"])), new, live, verdict)
    OUT.print(table)
    return all_same


def _digest(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()[:16]


def _pages(stack: Stack) -> None:
    OUT.print(f"  claims by state   {stack.url('lifecycle-svc')}/claims")
    OUT.print(f"  the pipeline      {stack.url('lifecycle-svc')}/pipeline")
    for service in SERVICES[:4]:
        OUT.print(f"  {service:<17} {stack.url(service)}/docs")


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=OUT) as bar:
        yield bar


def _refuse(sentence: str) -> NoReturn:
    ERR.print(sentence, style="red", markup=False)
    raise SystemExit(2)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
