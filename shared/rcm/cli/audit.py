"""`rcm audit`: who saw what of which patient, and the ends of the chains to keep elsewhere."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rcm.cli import talking
from rcm.cli.asking import Asked
from rcm.cli.services import is_peer, service_names
from rcm.invariants.audit import AuditEntry, Head, check_chains
from rcm.platform.audit.opening import open_trail_whole
from rcm.platform.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who saw what, in chains.")


@app.command("list", epilog="Example: rcm audit list claims-svc -t northside --actor ada --json")
def list_(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Which showed it.")],
    tenant: talking.Tenant,
    actor: Annotated[str, typer.Option(help="Only what this one saw.")] = "",
    subject: Annotated[str, typer.Option(help="Only this event, claim or file.")] = "",
    key: Annotated[str, typer.Option(help="Only of the patient of this key.")] = "",
    as_json: talking.Json = False,
) -> None:
    """List views of PHI that a running service recorded, the last first."""
    asked = Asked(service, tenant, "auditor")
    found = list(asked.pages("/v1/phi-views", actor=actor, subject_id=subject, key_id=key))
    if as_json:
        talking.print_json(found)
        return
    columns = ("no>", "at", "who", "what", "id", "why", "outcome")
    names = ("sequence", "at", "actor", "subject_kind", "subject_id", "purpose_code", "outcome")
    talking.print_table(columns, [tuple(view[name] for name in names) for view in found])


@app.command(epilog="Example: rcm audit heads --json > heads-of-today.json")
def heads(as_json: talking.Json = False) -> None:
    """Print the end of every chain. Keep it on another machine: `rcm verify --anchors FILE` then
    sees a trail that was cut off, or written anew as a whole.
    """
    _, found = asyncio.run(read_trails(talking.settings()))
    if as_json:
        talking.print_json([head._asdict() for head in found])
    else:
        talking.print_table(("service", "tenant", "entries>", "hash of the last"), found)


@app.command(epilog="Example: rcm audit backup trail-2026-11-22.jsonl --json")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made anew, mode 0600.")],
    as_json: talking.Json = False,
) -> None:
    """Write every trail into one file, whichever store it is in: an entry a line, hashes included.

    The trails stand beside the log and no rebuild brings them back. Services may run meanwhile.
    Exit status 1 if a chain is broken: the file is written all the same.
    """
    entries, ends = asyncio.run(read_trails(talking.settings()))
    draft = file.with_name(file.name + ".tmp")
    try:
        draft.touch(0o600)
        with draft.open("wb") as out:
            out.writelines(msgspec.json.encode(entry) + b"\n" for entry in entries)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as error:
        talking.refuse(f"{file} cannot be written: {error.strerror}")
    _say_whether_whole(file, entries, ends, as_json=as_json)


@app.command(epilog="Example: rcm audit check trail-2026-11-22.jsonl --json")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="From `rcm audit backup`.")],
    as_json: talking.Json = False,
) -> None:
    """Check the chains in a backup, on any machine. Exit status 1 if one is broken."""
    try:
        lines = file.read_bytes().splitlines()
        entries = [msgspec.json.decode(line, type=AuditEntry) for line in lines]
    except (OSError, msgspec.MsgspecError) as error:
        talking.refuse(f"{file}: not what `rcm audit backup` writes ({type(error).__name__})")
    ends = {(e.service, e.tenant_id): e for e in sorted(entries, key=lambda e: e.sequence)}
    heads_of = [Head(*whose, e.sequence, e.entry_hash) for whose, e in ends.items()]
    _say_whether_whole(file, entries, heads_of, as_json=as_json)


def _say_whether_whole(
    file: Path, entries: list[AuditEntry], ends: list[Head], *, as_json: bool
) -> None:
    breaches = list(check_chains(entries, ends))
    told = {
        "file": str(file),
        "entry_count": len(entries),
        "heads": [head._asdict() for head in ends],
        "breaches": [str(breach) for breach in breaches],
    }
    if as_json:
        talking.print_json(told)
    else:
        talking.out().print(f"{file}: {len(entries)} entries, {len(ends)} chains", markup=False)
    for breach in breaches:
        talking.err().print(str(breach), markup=False)
    if breaches:
        raise typer.Exit(1)


async def read_trails(settings: Settings) -> tuple[list[AuditEntry], list[Head]]:
    """Read the trails of every installed service, as far as this machine's rights go."""
    entries: list[AuditEntry] = []
    ends: list[Head] = []
    for name in service_names():
        # A peer has no trail, and on PostgreSQL not even a role that could be asked for one.
        trail = None if is_peer(name) else await open_trail_whole(name, settings)
        if trail is not None:
            try:
                found, heads_of = await trail.everything()
            finally:
                await trail.close()
            entries += found
            ends += heads_of
    return entries, ends
