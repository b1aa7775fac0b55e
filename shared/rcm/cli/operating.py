"""`rcm rebuild`, `rcm token`, `rcm doctor`."""

import asyncio
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, NamedTuple

import typer
from sqlalchemy.exc import DBAPIError

from rcm.cli import talking
from rcm.cli.services import find_manifest, find_service, service_names
from rcm.cli.supervisor import Supervisor
from rcm.platform.http.issuer import DevelopmentIssuer, NotLoopback
from rcm.platform.rebuild import Rebuilt
from rcm.platform.rebuild import rebuild as rebuild_store
from rcm.platform.settings import Settings
from rcm.platform.store.places import StoreInUse

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog="Example: rcm rebuild claims-svc --dry-run")
def rebuild(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose store.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Fold and compare; leave the live store.")
    ] = False,
    as_json: talking.Json = False,
) -> None:
    """Fold a service's store anew from the log, compare it with the live one, and put it in place.

    Nothing is decided and nothing is sent. The service must be stopped. Exit status 1 if the live
    store was not what the log says.
    """
    manifest, settings = find_manifest(service), talking.settings()
    try:
        with talking.progress(f"folding {service}") as bar:
            done: Rebuilt = asyncio.run(
                rebuild_store(manifest, settings, swap=not dry_run, progress=bar)
            )
    except StoreInUse as error:
        talking.refuse(str(error))
    except DBAPIError:
        talking.refuse("the live store's tables are of another build: start the service once")
    if as_json:
        talking.print_json(done)
    else:
        rate = (done.fact_count + done.upstream_count) / max(done.seconds, 1e-9)
        talking.err().print(
            f"{done.fact_count} facts and {done.upstream_count} upstream records in"
            f" {done.seconds:.1f} s ({rate:,.0f}/s)"
        )
        rows = [
            (name, found[:16], done.live_hashes.get(name, "")[:16], _same(done, name))
            for name, found in done.hashes.items()
        ]
        talking.print_table(("table", "from the log", "live", ""), rows)
        if done.kept_as:
            talking.err().print(f"the old store is kept as {done.kept_as}")
    if done.differing:
        sys.exit(1)


def _same(done: Rebuilt, name: str) -> str:
    if not done.live_hashes:
        return "no live store"
    return "DIFFERS" if name in done.differing else "equal"


@app.command(epilog='Example: curl -H "$(rcm token -t northside --role biller --header)" ...')
def token(
    tenant: talking.Tenant,
    role: Annotated[list[str], typer.Option(help="What it may do; may repeat.")],
    subject: Annotated[str, typer.Option(help="Who acts.")] = "developer",
    minutes: Annotated[int, typer.Option(min=1, max=24 * 60, help="How long it holds.")] = 720,
    header: Annotated[bool, typer.Option("--header", help="As a whole header line.")] = False,
    as_json: talking.Json = False,
) -> None:
    """Sign an access token of the development issuer: loopback only."""
    try:
        text = DevelopmentIssuer(talking.settings()).token(tenant, role, subject, minutes * 60)
    except (NotLoopback, ValueError) as error:
        talking.refuse(str(error))
    if as_json:
        talking.print_json(
            {"access_token": text, "token_type": "Bearer", "expires_in": minutes * 60}
        )
    else:
        print(f"Authorization: Bearer {text}" if header else text)


class Finding(NamedTuple):
    """One thing that the doctor looked at."""

    what: str
    well: bool
    text: str


@app.command(epilog="Example: rcm doctor")
def doctor(as_json: talking.Json = False) -> None:
    """Look whether this machine can run what is installed, and say what is in the way.

    Shows the settings in effect; secrets are masked. Exit status 1 if something is not in order.
    """
    settings = talking.settings()
    found = list(_examine(settings))
    if as_json:
        talking.print_json(
            {
                "findings": [f._asdict() for f in found],
                "settings": settings.model_dump(mode="json", exclude=_secrets(settings)),
            }
        )
    else:
        talking.print_table(
            ("", "what", ""), [("ok" if f.well else "NO", f.what, f.text) for f in found]
        )
        talking.out().print(f"\n{settings!r}", markup=False)
    if not all(f.well for f in found):
        sys.exit(1)


def _secrets(settings: Settings) -> set[str]:
    return {name for name, field in type(settings).model_fields.items() if not field.repr}


def _examine(settings: Settings) -> Iterator[Finding]:
    yield Finding("Python", sys.version_info >= (3, 11), platform.python_version())
    for name in ("rcm", *service_names()):
        try:
            yield Finding(name, True, version(name))
        except PackageNotFoundError:
            yield Finding(name, False, "not installed")
    folder = settings.data_dir.absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free // 2**30
        yield Finding("data folder", free >= 1, f"{folder}, {free} GB free")
    except OSError as error:
        yield Finding("data folder", False, f"{folder}: {error.strerror}")
    supervisor = Supervisor(settings)
    for name in service_names():
        port, process = find_service(name).port, supervisor.running(name)
        if process is not None:
            yield Finding(f"port of {name}", True, f"{process.port}, it runs")
        else:
            is_free = _is_free(settings.host, port)
            yield Finding(f"port of {name}", is_free, f"{port}{'' if is_free else ' is taken'}")
    if settings.bus == "kafka":
        host, _, number = settings.kafka_servers.split(",")[0].rpartition(":")
        yield Finding("Kafka", _answers(host, int(number)), settings.kafka_servers)


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
