"""`rcm x12`: look at X12 files, check them, answer them. Values are masked unless you ask.

Exit status: 0 no error, 1 errors found (or, for diff, differences), 2 wrong usage.
"""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, BinaryIO

import typer
from msgspec.structs import replace

from rcm.money import dollars
from rcm.x12 import cli_transform, registry, ta1, x835, x999
from rcm.x12.cli_files import (
    Commands,
    File,
    Files,
    Json,
    PayerRules,
    Relax,
    Unmasked,
    opened,
    print_json,
    progress,
    refuse,
    rule_sets,
    shown,
    tell,
)
from rcm.x12.describe import describe_file, describe_guide
from rcm.x12.diff import diff as diff_files
from rcm.x12.examine import Examination
from rcm.x12.reader import Reader
from rcm.x12.writer import Envelope, writable

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=__doc__,
)
_FINDINGS_MAX = 1000


@app.command()
def validate(
    files: Files,
    json: Json = False,
    unmasked: Unmasked = False,
    relax: Relax = [],  # noqa: B006 - typer reads the default and never changes it
    payer_rules: PayerRules = [],  # noqa: B006 - typer reads the default and never changes it
    level: Annotated[int, typer.Option(min=1, max=7, help="Highest SNIP level to check.")] = 7,
) -> None:
    """Say everything that is wrong with files, and where.

    Example: rcm x12 validate era.835 --relax npi-invalid

    Example: rcm x12 validate claims.837 --payer-rules acme.yaml
    """
    rules = rule_sets(payer_rules, json=json)
    found: list[dict[str, object]] = []
    has_error = False
    told = 0
    for name in files:
        with opened(name, json=json) as source, progress(source, name) as advance:
            examination = Examination(
                source, relax=frozenset(relax), payer_rules=rules, progress=advance
            )
            for finding in examination.findings():
                if finding.level > level:
                    continue
                has_error = has_error or finding.is_error
                told += 1
                if json:
                    found.append({"file": shown(name), **finding.as_dict(mask=not unmasked)})
                elif told <= _FINDINGS_MAX:
                    print(finding.render(shown(name), mask=not unmasked), end="\n\n")
    if json:
        print_json({"has_error": has_error, "findings": found})
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
    json: Json = False,
) -> None:
    """Show files segment by segment as a tree of loops, or the loops of a guide.

    Example: rcm x12 describe era.835

    Example: rcm x12 describe --guide 005010X221A1
    """
    if guides:
        known = {one: registry.guide(one) for one in registry.GUIDE_MODULES}
        _print_lines(
            [f"{key:21} {one.set_code} {one.title}" for key, one in known.items() if one], json=json
        )
        return
    if guide:
        one = registry.guide(guide)
        if one is None:
            refuse(f"there is no guide {guide}; --guides lists them", json=json)
        _print_lines(list(describe_guide(one)), json=json)
        return
    if not files:
        refuse("name a file, a --guide, or --guides", json=json)
    has_error = False
    told = []
    for name in files:
        with opened(name, json=json) as source:
            reader = Reader(source)
            lines = []
            for line in describe_file(reader, mask=not unmasked):
                if json:
                    lines.append(line)
                else:
                    print(line)
            has_error = tell(reader.findings, name) or has_error
            told.append({"file": shown(name), "lines": lines})
    if json:
        print_json({"has_error": has_error, "files": told})
    raise typer.Exit(1 if has_error else 0)


def _print_lines(lines: list[str], *, json: bool) -> None:
    if json:
        print_json({"has_error": False, "lines": lines})
    else:
        print(*lines, sep="\n")


app.command()(cli_transform.split)
app.command("json")(cli_transform.to_json)
app.command("from-json")(cli_transform.read_json)


@app.command()
def ack(
    file: File,
    control_number: Annotated[int, typer.Option(help="ISA13 of the answer.")] = 1,
    relax: Relax = [],  # noqa: B006 - typer reads the default and never changes it
    unmasked: Unmasked = False,
    json: Json = False,
) -> None:
    """Answer a file: a TA1 for each interchange that asks or needs one, and its 999s.

    Example: rcm x12 ack claims.837 > answer.edi
    """
    with opened(file, json=json) as source:
        examination = Examination(source, relax=frozenset(relax))
        findings = list(examination.findings())
    answers: list[dict[str, object]] = []
    has_error = not examination.reader.interchanges
    at = datetime.now(tz=UTC)
    for interchange in examination.reader.interchanges:
        one = ta1.acknowledge(interchange, findings)
        groups = x999.acknowledge(interchange, findings, give_values=unmasked)
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
    if not examination.reader.interchanges:
        tell(findings, file)
    if json:
        print_json(answers)
    raise typer.Exit(1 if has_error else 0)


def _echoed(party: tuple[str, str]) -> tuple[str, str]:
    """Give back a partner's qualifier and number in a form that can be written."""
    qualifier = writable(party[0], 2)
    return (qualifier if len(qualifier) == 2 else "ZZ", writable(party[1], 15, instead="UNKNOWN"))


@app.command()
def diff(first: File, second: File, unmasked: Unmasked = False, json: Json = False) -> None:
    """Compare two files by claim and segment, whatever the order of their claims.

    Example: rcm x12 diff before.835 after.835
    """
    with opened(first, json=json) as before, opened(second, json=json) as after:
        readers = Reader(before), Reader(after)
        lines = []
        is_different = False
        for line in diff_files(*readers, mask=not unmasked):
            is_different = True
            if json:
                lines.append(line)
            else:
                print(line)
        for name, reader in zip((first, second), readers, strict=True):
            if not reader.interchanges:
                tell(reader.findings, name)
    if json:
        print_json({"is_different": is_different, "lines": lines})
    raise typer.Exit(1 if is_different else 0)


app.command()(cli_transform.mask)


@app.command()
def stats(files: Files, json: Json = False) -> None:
    """Count what files hold: transactions, segments, claims, money, findings by rule.

    Example: rcm x12 stats era.835
    """
    told = []
    has_error = False
    for name in files:
        with opened(name, json=json) as source, progress(source, name) as advance:
            counted = _count(source, advance)
        has_error = has_error or counted.pop("has_error") is True
        told.append({"file": shown(name), **counted})
        if not json:
            for key, value in told[-1].items():
                print(f"{key:24} {value}")
    if json:
        print_json(told)
    raise typer.Exit(1 if has_error else 0)


def _count(source: BinaryIO, advance: Callable[[int], None]) -> dict[str, object]:
    examination = Examination(source, progress=advance)
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


def main() -> None:
    """Run as a program."""
    app()
