"""`rcm audit`: who saw what of which patient, and the ends of the chains to keep elsewhere."""

import asyncio
from typing import Annotated

import typer

from rcm.cli import talking
from rcm.cli.asking import Asked
from rcm.cli.services import is_peer, service_names
from rcm.invariants.audit import AuditEntry, Head
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
