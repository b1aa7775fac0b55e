"""What the commands of `rcm x12` share: opening files, progress, JSON and refusals.

With `--json` stdout always holds one JSON value, and an input that cannot be read is told in it:
`{"error": "era.835: No such file or directory", "has_error": true}`, with exit status 2.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from typer._click.core import Context  # typer carries its own copy of click
from typer._click.exceptions import UsageError
from typer.core import TyperGroup

from rcm.x12.findings import Finding, Severity
from rcm.x12.payer_rules import NotRules, RuleSet, load, sample, samples

_PROGRESS_BYTES = 8 << 20  # a smaller file is done before a bar is worth drawing
_SAMPLE = "sample:"
_WANTS_JSON = "rcm.x12.json"

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="X12 files; - reads stdin.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="An X12 file; - reads stdin.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, whatever the outcome.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Show values that identify persons.")]
Relax = Annotated[
    list[str], typer.Option("--relax", metavar="RULE", help="A rule not to apply; may repeat.")
]
PayerRules = Annotated[
    list[str],
    typer.Option(
        "--payer-rules",
        metavar="FILE",
        help="Payers' own rules, YAML or JSON, or sample:NAME; may repeat.",
    ),
]


class Commands(TyperGroup):
    """Commands whose wrong usage is told as JSON too, where JSON was asked for."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Take the arguments apart, and note whether JSON is wanted."""
        ctx.meta[_WANTS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UsageError as fault:
            if ctx.meta[_WANTS_JSON]:
                print_json({"error": fault.format_message(), "has_error": True})
            raise


@contextmanager
def opened(name: str, *, json: bool = False) -> Iterator[BinaryIO]:
    """Open a file; stdin, and what cannot be read twice, as a copy that can."""
    try:
        # Closed below; only opening may be refused here.
        source = sys.stdin.buffer if name == "-" else Path(name).open("rb")  # noqa: SIM115 - so
    except (OSError, ValueError) as fault:
        refuse(f"{shown(name)}: {getattr(fault, 'strerror', None) or fault}", json=json)
    try:
        if name != "-" and source.seekable():
            yield source
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(source, copy)
            copy.seek(0)
            yield copy
    except OSError as fault:
        if isinstance(fault, BrokenPipeError):
            raise
        refuse(f"{shown(name)}: {fault.strerror}", json=json)
    finally:
        if name != "-":
            source.close()


@contextmanager
def progress(source: BinaryIO, name: str) -> Iterator[Callable[[int], None]]:
    """Draw a bar on stderr while a large file is read."""
    size = source.seek(0, 2)
    source.seek(0)
    if size < _PROGRESS_BYTES or not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(shown(name), total=size)
        yield lambda count: bar.update(task, completed=count)


def rule_sets(names: Iterable[str], *, json: bool) -> list[RuleSet]:
    """Read payers' own rules; a mistake in them is wrong usage."""
    found = []
    for name in names:
        try:
            is_sample = name.startswith(_SAMPLE)
            found.append(sample(name.removeprefix(_SAMPLE)) if is_sample else load(Path(name)))
        except NotRules as fault:
            refuse(str(fault), json=json)
        except LookupError:
            refuse(f"{name}: the samples are {', '.join(samples())}", json=json)
        except OSError as fault:
            refuse(f"{shown(name)}: {fault.strerror}", json=json)
    return found


def shown(name: str) -> str:
    """Give a file's name as text that any terminal and JSON can hold."""
    return os.fsencode(name).decode("utf-8", "replace")


def print_json(value: object) -> None:
    """Print a value as JSON."""
    text = msgspec.json.format(msgspec.json.encode(value)).decode()
    sys.stdout.write(text + "\n")


def tell(findings: Iterable[Finding], name: str = "-") -> bool:
    """Say on stderr what was wrong, where stdout carries data; tell whether one is an error."""
    has_error = False
    for finding in findings:
        has_error = has_error or finding.is_error
        if finding.severity is not Severity.INFO:
            print(finding.render(shown(name)), file=sys.stderr)
    return has_error


def refuse(message: str, *, json: bool = False) -> NoReturn:
    """End with 2: the command could not do what it was asked."""
    print(message, file=sys.stderr)
    if json:
        print_json({"error": message, "has_error": True})
    raise typer.Exit(2)
