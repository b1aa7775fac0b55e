"""`rcm evidence`: check the archive that an auditor was given, without any server."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rcm.cli import talking
from rcm.platform.evidence import BYTES_MAX, Checked, check_pack

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Evidence packs of coding.")


@app.callback()
def group() -> None:
    """Check evidence packs."""


@app.command(epilog="Example: rcm evidence verify enc_i7aupu2tvf57xyl6.zip --sha256 3f1c...")
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive.")],
    sha256: Annotated[
        str,
        typer.Option("--sha256", help="Of the archive, as it was recorded when it was given."),
    ] = "",
    as_json: talking.Json = False,
) -> None:
    """Check every file of a pack against its manifest, and its trail for gaps. Exit status 1 if
    something does not hold.

    That the manifest itself is the one that was given only --sha256 tells: compare with
    `GET /v1/encounters/{id}/evidence-packs`.
    """
    try:
        if file.stat().st_size > BYTES_MAX:
            talking.refuse("the file is larger than any evidence pack")
        data = file.read_bytes()
    except OSError as error:
        talking.refuse(f"the file cannot be read: {error.strerror}")
    found = check_pack(data)
    if sha256 and sha256.lower() != found.sha256:
        found = Checked(
            found.sha256, found.manifest, [*found.faults, "not the archive that was given"]
        )
    if as_json:
        talking.print_json(found)
    else:
        _tell(found)
    if found.faults:
        sys.exit(1)


def _tell(found: Checked) -> None:
    manifest = found.manifest
    talking.out().print(f"sha256 {found.sha256}", markup=False)
    if manifest is not None:
        phi = "with PHI" if manifest.holds_phi else "masked"
        talking.out().print(
            f"{manifest.tenant_id}/{manifest.encounter_id}, {phi}: {len(manifest.files)} files,"
            f" {manifest.fact_count} facts, through {manifest.last_event_id}",
            markup=False,
        )
    for fault in found.faults:
        talking.out().print(fault, markup=False)
    talking.err().print("it holds" if not found.faults else f"{len(found.faults)} faults")
