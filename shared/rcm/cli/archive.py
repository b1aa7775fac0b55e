"""`rcm archive`: the files that were taken in, sealed at rest; each opening is recorded first."""

import asyncio
import getpass
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, NoReturn

import typer

from rcm.cli import talking
from rcm.cli.services import service_names
from rcm.invariants.audit import PURPOSE_CODES, Outcome, View
from rcm.platform.archive import KEY_ID, Archive, Damaged
from rcm.platform.audit.opening import open_trail
from rcm.platform.keys import open_keys
from rcm.platform.settings import Settings

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Files that were taken in.")


@app.command("list", epilog="Example: rcm archive list -t northside --json | jq '.[].sha256'")
def list_(tenant: talking.Tenant, as_json: talking.Json = False) -> None:
    """List a tenant's files: name, size as sealed, and when each was kept."""
    settings = talking.settings()
    # Names are read without the keys.
    found = [
        {
            "sha256": name,
            "bytes_count": about.st_size,
            "kept_at": datetime.fromtimestamp(about.st_mtime, UTC).isoformat(),
        }
        for name, about in Archive.names_in(settings.data_dir / "archive", tenant)
    ]
    if as_json:
        talking.print_json(found)
    else:
        for one in found:  # a name is given whole: `open` wants it so
            line = f"{one['sha256']}  {one['bytes_count']:>10}  {one['kept_at']}"
            talking.out().print(line, markup=False)


@app.command(
    "open",
    epilog="Example: rcm archive open remit-svc 3f8a... -t northside --purpose HCOMPL --out a.835",
)
def open_(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Whose trail tells of it.")],
    sha256: Annotated[str, typer.Argument(metavar="SHA256", help="From the list.")],
    tenant: talking.Tenant,
    purpose: Annotated[str, typer.Option(help=f"Why: {', '.join(PURPOSE_CODES)}.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write there (mode 0600), not on stdout.")
    ] = None,
) -> None:
    """Open one file, chunk by chunk, for whoever may read the key store of this machine.

    The view is recorded in the service's audit trail under the name of the system's user, before
    the first byte is written. Exit status 1 if the file is not there, damaged, or forgotten.
    """
    if purpose not in PURPOSE_CODES:
        talking.refuse(f"--purpose is one of: {', '.join(PURPOSE_CODES)}")
    if service not in service_names() or not (len(sha256) == 64 and sha256.isalnum()):
        talking.refuse("name an installed service, and a file by its 64 digits")
    asyncio.run(_open(talking.settings(), service, tenant, sha256, purpose, out))


async def _open(
    settings: Settings, service: str, tenant: str, sha256: str, purpose: str, out: Path | None
) -> None:
    try:
        keys = open_keys(settings)
    except PermissionError as error:
        talking.refuse(f"the key store cannot be read: {error}")
    try:
        archive = Archive(settings.data_dir / "archive", keys)
        if not archive.path(tenant, sha256).exists():
            _fail("no such file of that tenant")
        chunks = await archive.open(tenant, sha256)
        outcome: Outcome = "shown" if chunks is not None else "forgotten"
        trail = await open_trail(service, settings)
        try:
            view = View(
                tenant_id=tenant,
                actor=f"os:{getpass.getuser()}",
                subject_kind="archived-file",
                subject_id=sha256,
                key_ids=[KEY_ID],
                purpose_code=purpose,
                outcome=outcome,
            )
            await trail.append(view)
        finally:
            await trail.close()
        if chunks is None:
            _fail("the tenant's key was destroyed: nobody can open it any more")
        _put(chunks, out)
    except Damaged:
        _fail("the file is not what was kept: cut, changed, or of another name")
    finally:
        await keys.close()


def _put(chunks: Iterator[bytes], out: Path | None) -> None:
    if out is None:
        _copy(chunks, sys.stdout.buffer)
    else:
        out.touch(mode=0o600)
        with out.open("wb") as file:
            _copy(chunks, file)


def _copy(chunks: Iterator[bytes], to: BinaryIO) -> None:
    to.writelines(chunks)
    to.flush()


def _fail(text: str) -> NoReturn:
    talking.err().print(text, markup=False)
    raise typer.Exit(1)
