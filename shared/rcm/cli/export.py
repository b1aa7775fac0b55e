"""`rcm export`: data for research and reports, without whom it is about."""

import contextlib
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import msgspec
import typer

from rcm.cli import talking
from rcm.cli.asking import Asked

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="De-identified exports.")
_SERVICE = "coding-svc"
_PATH = "/v1/analytic-encounters"
_TOLD_EVERY = 1_000


@app.callback()
def group() -> None:
    """Export de-identified data."""


@app.command(epilog="Example: rcm export analytic -t northside --year 2026 --json > 2026.jsonl")
def analytic(
    tenant: talking.Tenant,
    year: Annotated[int, typer.Option(help="Released in that year; all without.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Write JSON Lines there; the file appears when it is whole.")
    ] = None,
    export_id: Annotated[
        str,
        typer.Option(help="8 to 64 letters and digits. The same gives the same pseudonyms again."),
    ] = "",
    agreement: Annotated[
        str,
        typer.Option(
            metavar="NUMBER",
            help="Data use agreement of a limited data set: dates go out, moved by the patient.",
        ),
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON Lines on stdout: a record a line, as they come.")
    ] = False,
) -> None:
    """Export every released encounter, de-identified by Safe Harbor (45 CFR 164.514(b)(2)): codes,
    POA, DRG, kind of payer, edits; no name, number, date or place below three digits of ZIP.

    Progress goes to stderr. Who exported whose encounters is recorded (`rcm audit list`).
    `rcm export schema` describes the records.
    """
    export_id = export_id or uuid.uuid4().hex
    # A limited data set is PHI still: an analyst alone may not have it.
    asked = Asked(_SERVICE, tenant, "auditor" if agreement else "analyst")
    query = {"export_id": export_id}
    query |= {"year": str(year)} if year else {}
    query |= {"agreement": agreement} if agreement else {}
    records = _told(asked.pages(_PATH, **query))
    if out is not None:
        with _whole(out) as file:
            count = _write(records, file)
        talking.err().print(f"{count} records in {out}, export {export_id}", markup=False)
    elif as_json:
        count = _write(records, sys.stdout.buffer)
        talking.err().print(f"{count} records, export {export_id}", markup=False)
    else:
        talking.print_table(("encounter", "year", "age", "payer", "DRG", "codes"), _rows(records))


@app.command(epilog="Example: rcm export schema -t northside --json > schema.json")
def schema(tenant: talking.Tenant, as_json: talking.Json = False) -> None:
    """Print the JSON Schema of the records, or its fields."""
    found = Asked(_SERVICE, tenant, "analyst").get(f"{_PATH}/schema")
    if as_json:
        talking.print_json(found)
        return
    record = found["$defs"]["AnalyticEncounter"]
    talking.err().print(found["$id"], markup=False)
    talking.print_table(("field",), [(name,) for name in record["properties"]])


def _rows(records: Iterator[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        (
            one["encounter"],
            one["year"] or one["service_from"] or "",
            one["age"],
            one["payer_class"],
            one["drg"]["code"] if one["drg"] else "",
            " ".join(diagnosis["code"] for diagnosis in one["diagnoses"]),
        )
        for one in records
    ]


def _told(records: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Pass records on, and say now and then how many they were."""
    for count, record in enumerate(records, start=1):
        yield record
        if count % _TOLD_EVERY == 0:
            talking.err().print(f"{count} records ...", markup=False)


def _write(records: Iterator[dict[str, Any]], file: BinaryIO) -> int:
    count = 0
    for record in records:
        file.write(msgspec.json.encode(record) + b"\n")
        count += 1
    file.flush()
    return count


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name only once everything is in it."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    except OSError as error:
        talking.refuse(f"{path} cannot be written: {error.strerror}")
    finally:
        part.unlink(missing_ok=True)
