"""`rcm parked`: upstream events that a service could not handle, and what to do about them.

The service is asked over its own administration routes, so that it may go on running.
"""

from collections.abc import Iterator
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
    found = list(_listed(_Asked(service, tenant, unreadable)))
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
    found = _Asked(service, tenant, unreadable).get("/v1/parked/record", place=place)
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
    _act(_Asked(service, tenant, unreadable), "retries", place, as_json=as_json)


@app.command(epilog="Example: rcm parked skip coding-svc rcm.denials/0/4 --unreadable")
def skip(
    service: Service,
    place: Place,
    tenant: Tenant = "",
    unreadable: Unreadable = False,
    as_json: talking.Json = False,
) -> None:
    """Do without it, and handle those behind it as far as they go. This cannot be taken back."""
    _act(_Asked(service, tenant, unreadable), "skips", place, as_json=as_json)


class _Asked:
    """A service, asked as an operator of one tenant."""

    def __init__(self, service: str, tenant: str, unreadable: bool) -> None:
        self.unreadable = unreadable
        self._service = service
        settings = talking.settings()
        if not tenant and not unreadable:
            talking.refuse("say whose: --tenant NAME, or --unreadable for records of nobody")
        process = Supervisor(settings).running(service)
        port = process.port if process else find_service(service).port
        try:
            token = DevelopmentIssuer(settings).token(
                tenant or settings.tenants[0], ["operator"], "rcm"
            )
        except (NotLoopback, ValueError) as error:
            talking.refuse(f"{error}: use the service's /v1/parked with a token of your issuer")
        self._client = httpx.Client(
            base_url=f"http://{settings.host}:{port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    def get(self, path: str, **query: str) -> Any:
        """Read something."""
        return self._call("GET", path, params=query | {"unreadable": self.unreadable})

    def post(self, path: str, place: str) -> Any:
        """Do something with a parked event."""
        return self._call("POST", path, json={"place": place, "unreadable": self.unreadable})

    def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._client.request(method, path, **more)
        except httpx.HTTPError:
            url = self._client.base_url
            talking.refuse(f"{self._service} does not answer at {url}: is it running? (rcm status)")
        if answer.status_code >= 400:
            problem = answer.json()
            talking.refuse(f"{problem['title']}: {problem['detail']}")
        return answer.json()


def _listed(asked: _Asked) -> Iterator[dict[str, Any]]:
    cursor: dict[str, str] = {}
    while True:
        page = asked.get("/v1/parked", limit="100", **cursor)
        yield from page["data"]
        if not page["has_more"]:
            return
        cursor = {"cursor": page["next_cursor"]}


def _act(asked: _Asked, action: str, place: str, *, as_json: bool) -> None:
    done = asked.post(f"/v1/parked/{action}", place)
    if as_json:
        talking.print_json(done)
    else:
        talking.err().print(f"handled; {done['recorded_count']} events recorded")
