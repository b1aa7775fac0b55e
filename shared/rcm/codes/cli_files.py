"""`rcm codes build | load | diff | verify`: the files behind the sets."""

import datetime as dt
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rcm.codes import diff_tables, registry
from rcm.codes.cli_input import Data, folder_of, open_code_sets, parse_day, refuse, say
from rcm.codes.diff import Difference, between_dates, between_files
from rcm.codes.diff_tables import TableDifference
from rcm.codes.forms import display
from rcm.codes.loaders.kinds import KINDS
from rcm.codes.loaders.parsed import LoadError
from rcm.codes.model import System
from rcm.codes.schema import CodesUnavailableError
from rcm.codes.sets import CodeSets

_SHOWN = 40
_KINDS_HELP = "One of: " + ", ".join(KINDS) + "."


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(epilog="Example: rcm codes build")(build)
    app.command(
        epilog="Example: rcm codes load icd10cm-order icd10cm_order_2028.txt --from 2027-10-01"
    )(load)
    app.command(epilog="Example: rcm codes diff --before 2026-09-30 --after 2026-10-01")(diff)
    app.command(epilog="Example: rcm codes verify")(verify)


def build(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Build the sets from the installed packages, and repeat every load made before."""
    folder = folder_of(data)
    try:
        registry.rebuild(folder, say)
    except CodesUnavailableError as error:
        refuse(str(error))
    place = str(folder / registry.FILE_NAME)
    sys.stdout.write((msgspec.json.encode({"file": place}).decode() if as_json else place) + "\n")


def load(
    kind: Annotated[str, typer.Argument(help=_KINDS_HELP)],
    file: Annotated[Path, typer.Argument(help="The official file, unpacked.")],
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM-DD", help="First date it is in force."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Read, check and compare; put nothing in force.")
    ] = False,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="The changes as JSON.")] = False,
) -> None:
    """Load an official file that you downloaded; the old set stays in force if anything is wrong.

    Prints what changes. Open encounters that hold a changed code are to be checked again.
    """
    if kind not in KINDS:
        refuse(f"no such kind of file: {kind!r}. {_KINDS_HELP}")
    effective = parse_day(since) if since else _guess_date(file.name)
    folder = folder_of(data)
    with open_code_sets(folder) as old, tempfile.TemporaryDirectory() as scratch:
        try:
            upload = registry.read_upload(file, effective)
            say(f"{file.name}: sha256 {upload.sha256}, in force from {effective}")
            if dry_run:
                place = Path(scratch) / registry.FILE_NAME
                registry.try_load(folder, kind, upload, place, say)
            else:
                registry.load(folder, kind, upload, say)
                place = folder / registry.FILE_NAME
        except (LoadError, CodesUnavailableError) as error:
            refuse(f"{file.name}: {error}; nothing was changed")
        new = CodeSets.open(place)
        try:
            _print_changes(
                [
                    *(between_files(old, new, system, effective) for system in new.systems()),
                    *(
                        diff_tables.compare(old, effective, new, effective, name)
                        for name in diff_tables.changed_sets(old, new)
                    ),
                ],
                as_json=as_json,
            )
        finally:
            new.close()
    say("dry run: nothing was changed" if dry_run else "in force")


def _guess_date(name: str) -> dt.date:
    """Return 1 October before the fiscal year in an ICD-10 file name such as ..._order_2027.txt."""
    match = re.search(r"icd10[a-z]+_[a-z]+_(20[0-9]{2})", name.lower())
    if match is None:
        refuse("say from which date the file is in force: --from YYYY-MM-DD")
    return dt.date(int(match[1]) - 1, 10, 1)


def diff(
    before: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The earlier date.")],
    after: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The later date.")],
    system: Annotated[System, typer.Option(help="Code system.")] = System.ICD10CM,
    table: Annotated[
        str,
        typer.Option(
            "--set", metavar="SET", help=f"Instead: one of {', '.join(diff_tables.TABLE_SETS)}."
        ),
    ] = "",
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what a release changed: codes added, and codes ended with what they became; of pairs,
    limits, weights and fees (--set) what was added, ended or changed.
    """
    earlier, later = parse_day(before), parse_day(after)
    if table and table not in diff_tables.TABLE_SETS:
        refuse(f"no such set: {table!r}")
    with open_code_sets(data) as sets:
        if table:
            _print_changes(
                [diff_tables.compare(sets, earlier, sets, later, table)], as_json=as_json
            )
        else:
            _print_changes([between_dates(sets, system, earlier, later)], as_json=as_json)


def verify(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Check the data folder: the file whole, each loaded file unchanged. Exit code 1 if not."""
    faults = registry.verify(folder_of(data))
    if as_json:
        sys.stdout.write(msgspec.json.encode({"faults": faults}).decode() + "\n")
    else:
        sys.stdout.writelines(f"{fault}\n" for fault in faults or ["all in order"])
    raise typer.Exit(1 if faults else 0)


def _print_changes(compared: Sequence[Difference | TableDifference], *, as_json: bool) -> None:
    changes = [change for change in compared if not change.empty]
    if as_json:
        sys.stdout.write(msgspec.json.encode(changes).decode() + "\n")
        return
    if not changes:
        sys.stdout.write("nothing that is in force on the date changed\n")
    for change in changes:
        if isinstance(change, TableDifference):
            _print_rows(change)
        else:
            _print_codes(change)


def _print_codes(change: Difference) -> None:
    sys.stdout.write(
        f"{change.system}: {len(change.added)} added, {len(change.ended)} ended, "
        f"{len(change.retitled)} with another title\n"
    )
    for code in change.added[:_SHOWN]:
        sys.stdout.write(f"  + {display(code, change.system)}\n")
    for code, became in change.ended[:_SHOWN]:
        now = ", ".join(display(c, change.system) for c in became)
        sys.stdout.write(f"  - {display(code, change.system)}{f' -> {now}' if now else ''}\n")
    for code, old, new in change.retitled[:_SHOWN]:
        sys.stdout.write(f"  ~ {display(code, change.system)}: {old} -> {new}\n")
    parts = (change.added, change.ended, change.retitled)
    _print_hidden(sum(max(0, len(part) - _SHOWN) for part in parts))


def _print_rows(change: TableDifference) -> None:
    sys.stdout.write(
        f"{change.set_name}: {change.added_count} added, {change.ended_count} ended, "
        f"{change.changed_count} changed\n"
    )
    for key, says in change.added[:_SHOWN]:
        sys.stdout.write(f"  + {key}: {says}\n")
    for key, said in change.ended[:_SHOWN]:
        sys.stdout.write(f"  - {key}: {said}\n")
    for key, said, says in change.changed[:_SHOWN]:
        sys.stdout.write(f"  ~ {key}: {said} -> {says}\n")
    counts = (change.added_count, change.ended_count, change.changed_count)
    _print_hidden(sum(max(0, count - _SHOWN) for count in counts))


def _print_hidden(count: int) -> None:
    if count:
        sys.stdout.write(f"  and {count} more (--json shows more)\n")
