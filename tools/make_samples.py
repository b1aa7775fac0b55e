"""Write synthetic encounters under a folder: `python -m tools.make_samples --count 66 --out
samples`.

    <tenant>/feed.hl7          messages for the MLLP socket; CR between segments, an empty line
    between messages
    <tenant>/late.hl7          messages that arrive after the first claims went out
    <tenant>/charges.batch.hl7 a nightly batch file (FHS/BHS) for the drop folder
    <tenant>/bundles.ndjson    FHIR bundles for HTTP, one a line
    directory/<tenant>.yaml    whom claims-svc bills for and to, and through whom
    <tenant>/profile.yaml      how the tenant's EHR writes, for coding-svc
    scenarios.json             what the payer simulator answers, by member number
    expected.csv               case by case: tenant, visit, kind, scenario, charges in cents
"""

import argparse
import csv
import json
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from random import Random

import yaml

from tools.sampler import cases, configuration, fhir, hl7


def main() -> None:
    """Read the arguments and write the files, one encounter at a time."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=66)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 11, 20))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    write(arguments.out, arguments.count, arguments.seed, arguments.as_of)


def write(out: Path, count: int, seed: int, as_of: date) -> None:
    """Write `count` encounters under `out`."""
    scenarios: dict[str, str] = {}
    batches: dict[str, list[str]] = {}
    with ExitStack() as stack:
        files: dict[str, object] = {}

        def append(tenant: str, name: str, text: str) -> None:
            path = out / tenant / name
            if str(path) not in files:
                path.parent.mkdir(parents=True, exist_ok=True)
                files[str(path)] = stack.enter_context(path.open("w", newline=""))
            files[str(path)].write(text)  # type: ignore[attr-defined]  # a text file

        out.mkdir(parents=True, exist_ok=True)
        table = csv.writer(
            stack.enter_context((out / "expected.csv").open("w", newline="")), lineterminator="\n"
        )
        table.writerow(["tenant", "visit_number", "kind", "scenario", "billed_cents"])
        for case in cases.cases(count, seed, as_of):
            tenant = case.site.tenant
            scenarios |= case.fates
            for kind, message in hl7.messages(case):
                if kind == "BATCH":
                    batches.setdefault(tenant, []).append(message)
                else:
                    append(tenant, "feed.hl7", message + "\n")
            for _, message in hl7.late_messages(case):
                append(tenant, "late.hl7", message + "\n")
            if case.is_fhir:
                append(
                    tenant,
                    "bundles.ndjson",
                    json.dumps(fhir.bundle(case), separators=(",", ":")) + "\n",
                )
            billed = sum(line.cents for n, line in enumerate(case.lines) if n not in case.credits)
            table.writerow([tenant, case.visit, case.kind, case.scenario, billed])
        for tenant, bodies in batches.items():
            append(tenant, "charges.batch.hl7", hl7.batch(tenant.upper(), bodies, as_of))
    for site in cases.sites(Random(seed)):
        _configure(out / "directory" / f"{site.tenant}.yaml", configuration.directory(site))
        _configure(out / site.tenant / "profile.yaml", configuration.profile(site))
    (out / "scenarios.json").write_text(json.dumps(scenarios, indent=1, sort_keys=True) + "\n")


def _configure(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100))


if __name__ == "__main__":
    main()
