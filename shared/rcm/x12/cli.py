"""`rcm x12`: look at X12 files, check them, answer them. Values are masked unless you ask.

Exit status: 0 no error, 1 errors found (or, for diff, differences), 2 wrong usage.
"""

import json as json_module
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, NoReturn

import msgspec
import typer
from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rcm.money import dollars
from rcm.x12 import registry, ta1, x835, x999
from rcm.x12.describe import describe_file, describe_guide
from rcm.x12.diff import diff as diff_files
from rcm.x12.examine import Examination
from rcm.x12.findings import Finding, Severity
from rcm.x12.lexer import Lexer
from rcm.x12.reader import Reader
from rcm.x12.transform import NotOurJson, as_json, from_json, masked
from rcm.x12.transform import split as split_file
from rcm.x12.writer import Envelope, NotWritable, writable

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help=__doc__
)

_PROGRESS_BYTES = 8 << 20  # a smaller file is done before a bar is worth drawing
_FINDINGS_MAX = 1000

Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="X12 files; - reads stdin.")]
File = Annotated[str, typer.Argument(metavar="FILE", help="An X12 file; - reads stdin.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, whatever the outcome.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Show values that identify persons.")]
Relax = Annotated[
    list[str], typer.Option("--relax", metavar="RULE", help="A rule not to apply; may repeat.")
]


@app.command()
def validate(
    files: Files,
    json: Json = False,
    unmasked: Unmasked = False,
    relax: Relax = [],  # noqa: B006 - typer reads the default and never changes it
    level: Annotated[int, typer.Option(min=1, max=7, help="Highest SNIP level to check.")] = 7,
) -> None:
    """Say everything that is wrong with files, and where.

    Example: rcm x12 validate era.835 --relax npi-invalid
    """
    found: list[dict[str, object]] = []
    has_error = False
    told = 0
    for name in files:
        with _opened(name) as source, _progress(source, name) as progress:
            examination = Examination(source, relax=frozenset(relax), progress=progress)
            for finding in examination.findings():
                if finding.level > level:
                    continue
                has_error = has_error or finding.is_error
                told += 1
                if json:
                    found.append({"file": name, **finding.as_dict(mask=not unmasked)})
                elif told <= _FINDINGS_MAX:
                    print(finding.render(name, mask=not unmasked), end="\n\n")
    if json:
        _print_json({"has_error": has_error, "findings": found})
    elif told > _FINDINGS_MAX:
        print(f"... and {told - _FINDINGS_MAX} more; --json gives all of them")
    elif not told:
        print("no findings")
    raise typer.Exit(1 if has_error else 0)


@app.command()
def describe(
    files: Annotated[list[str] | None, typer.Argument(metavar="FILE...")] = None,
    unmasked: Unmasked = False,
    guide: Annotated[str, typer.Option(help="Draw the loops of a guide instead.")] = "",
    guides: Annotated[bool, typer.Option("--guides", help="List the guides that we read.")] = False,
) -> None:
    """Show files segment by segment as a tree of loops, or the loops of a guide.

    Example: rcm x12 describe era.835

    Example: rcm x12 describe --guide 005010X221A1
    """
    if guides:
        for guide_id in registry.GUIDE_MODULES:
            one = registry.guide(guide_id)
            print(f"{guide_id:14} {one.set_code} {one.title}" if one else guide_id)
        return
    if guide:
        known = registry.guide(guide)
        if known is None:
            _refuse(f"there is no guide {guide}; --guides lists them")
        for line in describe_guide(known):
            print(line)
        return
    if not files:
        _refuse("name a file, a --guide, or --guides")
    for name in files:
        with _opened(name) as source:
            for line in describe_file(Reader(source), mask=not unmasked):
                print(line)


@app.command()
def split(
    file: File,
    to: Annotated[Path, typer.Option(help="Folder for the pieces; made if it is not there.")],
) -> None:
    """Write each transaction as a file of its own, with its own envelopes.

    Example: rcm x12 split day.edi --to pieces
    """
    to.mkdir(parents=True, exist_ok=True)
    count = 0
    with _opened(file) as source:
        for transaction, data in split_file(Reader(source)):
            count += 1
            code = "".join(character for character in transaction.set_code if character.isalnum())
            path = to / f"{count:06d}.{code or 'x12'}"
            path.write_bytes(data)
            print(path)
    raise typer.Exit(0 if count else 1)


@app.command("json")
def to_json(file: File, unmasked: Unmasked = False) -> None:
    """Print a file as JSON: delimiters and segments; `from-json` gives the file back.

    Example: rcm x12 json era.835 --unmasked > era.json
    """
    with _opened(file) as source:
        lexer = Lexer(source)
        _print_json(list(as_json(lexer, mask=not unmasked)))
        _tell(lexer.findings)
        raise typer.Exit(1 if any(finding.is_error for finding in lexer.findings) else 0)


@app.command("from-json")
def read_json(file: File) -> None:
    """Write the X12 file that a JSON of `rcm x12 json` describes.

    Example: rcm x12 from-json era.json > era.835
    """
    with _opened(file) as source:
        try:
            data = b"".join(from_json(json_module.load(source)))
        except (NotOurJson, NotWritable, ValueError, RecursionError) as fault:
            told = str(fault) if isinstance(fault, NotOurJson | NotWritable) else "not JSON"
            print(f"{file}: {told}", file=sys.stderr)
            raise typer.Exit(1) from None
    sys.stdout.buffer.write(data)


@app.command()
def ack(
    file: File,
    control_number: Annotated[int, typer.Option(help="ISA13 of the answer.")] = 1,
    relax: Relax = [],  # noqa: B006 - typer reads the default and never changes it
    json: Json = False,
) -> None:
    """Answer a file: a TA1 for each interchange that asks or needs one, and its 999s.

    Example: rcm x12 ack claims.837 > answer.edi
    """
    with _opened(file) as source:
        examination = Examination(source, relax=frozenset(relax))
        findings = list(examination.findings())
    answers: list[dict[str, object]] = []
    has_error = not examination.reader.interchanges
    at = datetime.now(tz=UTC)
    for interchange in examination.reader.interchanges:
        one = ta1.acknowledge(interchange, findings)
        groups = x999.acknowledge(interchange, findings)
        if one.is_rejected:
            groups = ()
        has_error = has_error or one.status_code != "A"
        has_error = has_error or any(group.status_code != "A" for group in groups)
        if json:
            answers.append({"ta1": one, "999": groups})
            continue
        sender, receiver = interchange.receiver, interchange.sender
        envelope = Envelope(
            sender=_echoed(sender),
            receiver=_echoed(receiver),
            interchange_control_number=control_number,
            at=at,
            is_test=interchange.is_test,
            line_break="\n",
        )
        if interchange.wants_ta1 or one.status_code != "A":
            sys.stdout.write(ta1.write([one], envelope).decode())
            control_number += 1
        if groups:
            numbered = replace(envelope, interchange_control_number=control_number)
            sys.stdout.write(x999.write(groups, numbered).decode())
            control_number += 1
    if json:
        _print_json(answers)
    raise typer.Exit(1 if has_error else 0)


def _echoed(party: tuple[str, str]) -> tuple[str, str]:
    """Give back a partner's qualifier and number in a form that can be written."""
    qualifier = writable(party[0], 2)
    return (qualifier if len(qualifier) == 2 else "ZZ", writable(party[1], 15, instead="UNKNOWN"))


@app.command()
def diff(first: File, second: File, unmasked: Unmasked = False) -> None:
    """Compare two files by claim and segment, whatever the order of their claims.

    Example: rcm x12 diff before.835 after.835
    """
    with _opened(first) as before, _opened(second) as after:
        different = False
        for line in diff_files(Reader(before), Reader(after), mask=not unmasked):
            different = True
            print(line)
    raise typer.Exit(1 if different else 0)


@app.command()
def mask(file: File) -> None:
    """Print a file with everything hidden that may identify a person; its shape stays.

    Example: rcm x12 mask era.835 > era-masked.835
    """
    with _opened(file) as source:
        lexer = Lexer(source)
        for data in masked(lexer):
            sys.stdout.buffer.write(data)
        _tell(lexer.findings)
        raise typer.Exit(1 if any(finding.is_error for finding in lexer.findings) else 0)


@app.command()
def stats(files: Files, json: Json = False) -> None:
    """Count what files hold: transactions, segments, claims, money, findings by rule.

    Example: rcm x12 stats era.835
    """
    told = []
    has_error = False
    for name in files:
        with _opened(name) as source, _progress(source, name) as progress:
            counted = _count(source, progress)
        has_error = has_error or counted.pop("has_error") is True
        told.append({"file": name, **counted})
        if not json:
            for key, value in told[-1].items():
                print(f"{key:24} {value}")
    if json:
        _print_json(told)
    raise typer.Exit(1 if has_error else 0)


def _count(source: BinaryIO, progress: Callable[[int], None]) -> dict[str, object]:
    examination = Examination(source, progress=progress)
    rules: Counter[str] = Counter()
    has_error = False
    for finding in examination.findings():
        rules[finding.rule_id] += 1
        has_error = has_error or finding.is_error
    source.seek(0)
    reader = Reader(source)
    units: Counter[str] = Counter()
    segments = 0
    for unit in reader.units():
        units[unit.name] += 1
        segments += len(unit.texts)
    counted: dict[str, object] = {
        "interchanges": len(reader.interchanges),
        "groups": sum(len(one.groups) for one in reader.interchanges),
        "transactions": dict(examination.kinds),
        "segments": segments,
        "claims": units["CLP"] + units["CLM"],
        "findings": dict(rules.most_common()),
        "has_error": has_error,
    }
    if "835" in examination.kinds:
        source.seek(0)
        counted |= _count_money(source)
    return counted


def _count_money(source: BinaryIO) -> dict[str, object]:
    billed = paid = provider = set_aside = 0
    adjusted: Counter[str] = Counter()
    for event in x835.Stream(source, check=False):
        match event:
            case x835.ClaimPayment():
                billed += event.billed_cents
                paid += event.paid_cents
                for one in (
                    *event.adjustments,
                    *(one for line in event.lines for one in line.adjustments),
                ):
                    adjusted[one.group_code] += one.amount_cents
            case x835.ProviderAdjustment():
                provider += event.amount_cents
            case x835.SetAside():
                set_aside += 1
            case _:
                pass
    return {
        "billed": dollars(billed),
        "paid": dollars(paid),
        "adjusted": {code: dollars(amount) for code, amount in sorted(adjusted.items())},
        "provider_adjustments": dollars(provider),
        "set_aside": set_aside,
    }


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """Open a file, or stdin as a file that can be read twice."""
    if name == "-":
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield copy
        return
    try:
        source = Path(name).open("rb")  # noqa: SIM115 - closed below; only opening may be refused
    except OSError as fault:
        _refuse(f"{name}: {fault.strerror}")
    with source:
        yield source


@contextmanager
def _progress(source: BinaryIO, name: str) -> Iterator[Callable[[int], None]]:
    """Draw a bar on stderr while a large file is read."""
    size = source.seek(0, 2)
    source.seek(0)
    if size < _PROGRESS_BYTES or not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=size)
        yield lambda count: bar.update(task, completed=count)


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def _tell(findings: Iterable[Finding]) -> None:
    """Say on stderr what was wrong, where stdout carries data."""
    for finding in findings:
        if finding.severity is not Severity.INFO:
            print(finding.render(), file=sys.stderr)


def _refuse(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(2)


def main() -> None:
    """Run as a program."""
    app()
