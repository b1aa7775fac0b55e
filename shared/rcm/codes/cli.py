"""`rcm codes`: validate, search and suggest codes; build, load and compare the sets behind them.

stdout carries data and nothing else; progress and complaints go to stderr. Exit code 0: done and
all well; 1: done, and something is not in order; 2: could not be done.
"""

import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from rcm.codes import cli_files, cli_suggest
from rcm.codes.cli_input import Data, On, open_code_sets, parse_day, printable, refuse, say
from rcm.codes.edits.check import left_out
from rcm.codes.forms import display
from rcm.codes.model import System, Validation
from rcm.codes.search import Searcher

app = typer.Typer(no_args_is_help=True, help=__doc__, rich_markup_mode=None)
cli_files.add_to(app)
cli_suggest.add_to(app)

CODES_MAX = 100_000
"""Codes taken at once from stdin."""


@app.command(epilog="Example: rcm codes check --date 2026-11-21 E11.40 S83.2 --json")
def check(
    codes: Annotated[
        list[str], typer.Argument(help="Codes in any spelling; - reads them from stdin.")
    ],
    date: On = None,
    system: Annotated[System, typer.Option(help="Code system.")] = System.ICD10CM,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False,
) -> None:
    """Tell if codes may be billed on a date: the discharge date of an inpatient, else of service.

    Exit code 1 if some code may not.
    """
    on = parse_day(date)
    asked = [printable(text) for text in _from_stdin(codes)]
    with open_code_sets(data) as sets:
        found = [(text, sets.validate(text, system, on)) for text in asked]
    if as_json:
        _print_json([_describe(text, answer) for text, answer in found])
    else:
        table = Table(box=None)
        for name in ("code", "status", "reason", "title"):
            table.add_column(name)
        for text, answer in found:
            table.add_row(text, answer.status, answer.reason, answer.title or "")
        Console().print(table)
    raise typer.Exit(0 if all(answer.billable for _, answer in found) else 1)


def _from_stdin(given: list[str]) -> list[str]:
    """Return the arguments, `-` replaced by the words of stdin."""
    if given != ["-"]:
        return given
    found = sys.stdin.read().split()
    if not found:
        refuse("no code on stdin")
    if len(found) > CODES_MAX:
        refuse(f"more than {CODES_MAX} codes at once")
    return found


def _describe(text: str, answer: Validation) -> dict[str, Any]:
    """Return the answer as scripts read it: `code` is what was asked, verbatim."""
    shown = msgspec.to_builtins(answer)
    system = answer.system
    return {
        **shown,
        "code": text,
        "written": display(answer.code, system),
        "children": [display(code, system) for code in answer.children],
        "successors": [display(code, system) for code in answer.successors],
    }


@app.command(epilog='Example: rcm codes search "type 2 diabetes with neuropathy" --json')
def search(
    words: Annotated[list[str], typer.Argument(help="Words, a code, or the beginning of one.")],
    date: On = None,
    system: Annotated[System, typer.Option(help="Code system.")] = System.ICD10CM,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 10,
    notes: Annotated[bool, typer.Option(help="Bring the instructional notes.")] = False,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find codes by words, by code, or by the beginning of one; best first."""
    on = parse_day(date)
    query = printable(sys.stdin.read() if words == ["-"] else " ".join(words))
    with open_code_sets(data) as sets:
        hits = Searcher(sets).search(query, system, on, limit=limit, notes=notes)
    if as_json:
        results = [msgspec.to_builtins(hit) for hit in hits]
        _print_json({"query": query, "date": on.isoformat(), "system": system, "results": results})
    else:
        for hit in hits:
            sys.stdout.write(f"{hit.code:<9} {hit.title}   [{hit.why}]\n")
            for note in hit.notes:
                sys.stdout.write(f"          {note.kind} at {note.at}: {note.text}\n")
    raise typer.Exit(0 if hits else 1)


@app.command(epilog="Example: rcm codes show E11.4 --date 2026-11-21")
def show(
    code: Annotated[str, typer.Argument(help="A diagnosis, a category or a chapter.")],
    date: On = None,
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show a diagnosis code in its place: what is above, below, and the notes that govern it."""
    on = parse_day(date)
    with open_code_sets(data) as sets:
        answer = sets.validate(printable(code), System.ICD10CM, on)
        if as_json:
            around = {
                "above": sets.above(answer.code),
                "below": sets.below(answer.code),
                "notes": sets.notes(answer.code),
            }
            _print_json(msgspec.to_builtins({"answer": answer, **around}))
            raise typer.Exit(0 if answer.billable else 1)
        for heading in reversed(sets.above(answer.code)):
            sys.stdout.write(f"{display(heading.code, System.ICD10CM):<10} {heading.title}\n")
        sys.stdout.write(
            f"{display(answer.code, System.ICD10CM):<10} {answer.title or ''}   "
            f"[{answer.status}: {answer.reason}]\n"
        )
        for heading in sets.below(answer.code):
            sys.stdout.write(f"  {display(heading.code, System.ICD10CM):<10} {heading.title}\n")
        for note in sets.notes(answer.code):
            sys.stdout.write(f"{note.kind} at {note.at}: {note.text}\n")
    raise typer.Exit(0 if answer.billable else 1)


@app.command(name="list", epilog="Example: rcm codes list --json")
def list_releases(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list.")] = False,
) -> None:
    """List every release in force, with its dates, rows, source and sha256."""
    with open_code_sets(data) as sets:
        releases, silent = sets.releases(), left_out(sets)
    if silent:
        say(f"edits left out until their file is loaded: {', '.join(silent)}")
    if as_json:
        _print_json(msgspec.to_builtins(releases))
        return
    table = Table(box=None)
    for name in ("release", "from", "through", "rows", "source", "sha256"):
        table.add_column(name, no_wrap=True)
    for release in releases:
        through = release.effective_through.isoformat() if release.effective_through else ""
        table.add_row(
            release.release_id, release.effective_from.isoformat(), through,
            f"{release.row_count:,}", release.source, release.sha256[:12],
        )  # fmt: skip
    Console(width=160).print(table)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def main() -> None:
    """Run without the rest of `rcm`."""
    app()


if __name__ == "__main__":
    main()
