"""`rcm parked`: upstream events that a service could not handle, and what to do about them.

The service is asked over its own administration routes, so that it may go on running.
"""

from typing import Annotated, Any

import httpx
import typer

from rcm.cli import talking
from rcm.cli.services import find_service
from rcm.cli.supervisor import Supervisor
from rcm.platform.http.issuer import DevelopmentIssuer, NotLoopback

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Events that wait for an operator."
)

Service = Annotated[str, typer.Argument(metavar="SERVICE", help="Which service could not.")]
Place = Annotated[str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="From the list.")]


@app.command("list", epilog="Example: rcm parked list claims-svc -t northside")
def list_(service: Service, tenant: talking.Tenant, as_json: talking.Json = False) -> None:
    """List what waits, the first of each stream first."""
    found = _ask(service, tenant, "GET", "/v1/parked")["data"]
    if as_json:
        talking.print_json(found)
        return
    rows = [(e["place"], e["event_type"], e["stream_id"], e["cause"], e["reason"]) for e in found]
    talking.print_table(("place", "event", "stream", "cause", "reason"), rows)


@app.command(epilog="Example: rcm parked show claims-svc rcm.coding/3/17 -t northside")
def show(
    service: Service, place: Place, tenant: talking.Tenant, as_json: talking.Json = False
) -> None:
    """Show one of them."""
    for event in _ask(service, tenant, "GET", "/v1/parked")["data"]:
        if event["place"] == place:
            if as_json:
                talking.print_json(event)
            else:
                talking.print_table(("", ""), list(event.items()))
            return
    talking.refuse(f"{place} is not parked")


@app.command(epilog="Example: rcm parked retry claims-svc rcm.coding/3/17 -t northside")
def retry(service: Service, place: Place, tenant: talking.Tenant) -> None:
    """Handle it again, and those behind it as far as they go."""
    _act(service, place, tenant, "retries")


@app.command(epilog="Example: rcm parked skip claims-svc rcm.coding/3/17 -t northside")
def skip(service: Service, place: Place, tenant: talking.Tenant) -> None:
    """Do without it, and handle those behind it as far as they go. This cannot be taken back."""
    _act(service, place, tenant, "skips")


def _act(service: str, place: str, tenant: str, action: str) -> None:
    done = _ask(service, tenant, "POST", f"/v1/parked/{action}", {"place": place})
    talking.err().print(f"handled; {done['recorded_count']} events recorded")


def _ask(
    service: str, tenant: str, method: str, path: str, body: dict[str, Any] | None = None
) -> Any:
    settings = talking.settings()
    process = Supervisor(settings).running(service)
    port = process.port if process else find_service(service).port
    try:
        token = DevelopmentIssuer(settings).token(tenant, ["operator"], "rcm")
    except (NotLoopback, ValueError) as error:
        talking.refuse(f"{error}: use the service's /v1/parked with a token of your issuer")
    try:
        answer = httpx.request(
            method,
            f"http://{settings.host}:{port}{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )
    except httpx.HTTPError:
        talking.refuse(f"{service} does not answer on port {port}: is it running? (rcm status)")
    if answer.status_code >= 400:
        problem = answer.json()
        talking.refuse(f"{problem['title']}: {problem['detail']}")
    return answer.json()
