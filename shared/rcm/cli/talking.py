"""How every command talks: data on stdout, progress and complaints on stderr, JSON when asked."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from rcm.platform.settings import Misconfigured, Settings, load_settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Tenant = Annotated[str, typer.Option("--tenant", "-t", metavar="TENANT", help="Whose case it is.")]
Offset = Annotated[
    int, typer.Option("--port-offset", min=0, help="Added to each service's port.", metavar="N")
]


def out() -> Console:
    """Open stdout for data."""
    return Console(soft_wrap=True, highlight=False)


def err() -> Console:
    """Open stderr for everything else."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as one JSON document."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows; a column whose name ends in `>` is aligned to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.removesuffix(">"), justify="right" if name.endswith(">") else "left")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    out().print(table)


def refuse(sentence: str) -> NoReturn:
    """Say why it cannot be done, and exit with 2."""
    err().print(sentence, markup=False)
    raise typer.Exit(2)


def settings() -> Settings:
    """Read the settings, or say what is wrong with them."""
    try:
        return load_settings()
    except (Misconfigured, ValidationError) as error:
        refuse(f"settings: {error}")


@contextmanager
def progress(text: str) -> Iterator["Bar"]:
    """Show how far something is, on a terminal only."""
    console = err()
    columns = (TextColumn(text), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        yield Bar(bar)


class Bar:
    """A progress bar whose total may become known later."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None)

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        self._bar.update(self._task, completed=done, total=total)
