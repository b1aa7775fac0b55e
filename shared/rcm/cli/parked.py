"""`rcm parked`: upstream events that a service could not handle, and what to do about them.

The service is asked over its own administration routes, so that it may go on running.
"""

from typing import Annotated

import typer

from rcm.cli import talking
from rcm.cli.asking import Asked

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Events that wait for an operator."
)

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="Which service could not.")]
Place = Annotated[str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="From the list.")]
Tenant = Annotated[str, typer.Option("--tenant", "-t", metavar="TENANT", help="Whose event it is.")]
Unreadable = Annotated[
    bool,
    typer.Option("--unreadable", help="Records whose tenant cannot be read: nobody's, by type."),
]


@app.command("list", epilog="Example: rcm parked list claims-svc -t northside")
def list_(
    service: Service,
    tenant: Tenant = "",
    unreadable: Unreadable = False,
    as_json: talking.Json = False,
) -> None:
    """List what waits, the first of each stream first."""
    asked = _ask(service, tenant, unreadable=unreadable)
    found = list(asked.pages("/v1/parked", unreadable=unreadable))
    if as_json:
        talking.print_json(found)
        return
    rows = [(e["place"], e["event_type"], e["stream_id"], e["cause"], e["reason"]) for e in found]
    talking.print_table(("place", "event", "stream", "cause", "reason"), rows)


@app.command(epilog="Example: rcm parked show claims-svc rcm.coding/3/17 -t northside")
def show(
    service: Service,
    place: Place,
    tenant: Tenant = "",
    unreadable: Unreadable = False,
    as_json: talking.Json = False,
) -> None:
    """Show one of them and the shape of its record: sizes and names of ours, never its content."""
    asked = _ask(service, tenant, unreadable=unreadable)
    found = asked.get("/v1/parked/record", place=place, unreadable=unreadable)
    if as_json:
        talking.print_json(found)
    else:
        talking.print_table(("", ""), list(found.items()))


@app.command(epilog="Example: rcm parked retry claims-svc rcm.coding/3/17 -t northside")
def retry(
    service: Service,
    place: Place,
    tenant: Tenant = "",
    unreadable: Unreadable = False,
    as_json: talking.Json = False,
) -> None:
    """Handle it again, and those behind it as far as they go."""
    asked = _ask(service, tenant, unreadable=unreadable)
    _act(asked, "retries", place, unreadable=unreadable, as_json=as_json)


@app.command(epilog="Example: rcm parked skip coding-svc rcm.denials/0/4 --unreadable")
def skip(
    service: Service,
    place: Place,
    tenant: Tenant = "",
    unreadable: Unreadable = False,
    as_json: talking.Json = False,
) -> None:
    """Do without it, and handle those behind it as far as they go. This cannot be taken back."""
    asked = _ask(service, tenant, unreadable=unreadable)
    _act(asked, "skips", place, unreadable=unreadable, as_json=as_json)


def _ask(service: str, tenant: str, *, unreadable: bool) -> Asked:
    if not tenant and not unreadable:
        talking.refuse("say whose: --tenant NAME, or --unreadable for records of nobody")
    return Asked(service, tenant or talking.settings().tenants[0], "operator")


def _act(asked: Asked, action: str, place: str, *, unreadable: bool, as_json: bool) -> None:
    done = asked.post(f"/v1/parked/{action}", {"place": place, "unreadable": unreadable})
    if as_json:
        talking.print_json(done)
    else:
        talking.err().print(f"handled; {done['recorded_count']} events recorded")
