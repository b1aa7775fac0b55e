"""What the `rcm codes` commands share: the data folder, the date, refusals."""

import datetime as dt
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from rcm.codes import registry
from rcm.codes.schema import CodesUnavailableError
from rcm.codes.sets import CodeSets

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="RCM_CODES", help="Data folder. Default: ~/.local/share/rcm/codes."
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--date", metavar="YYYY-MM-DD", help="Date of service or discharge; default today."
    ),
]

_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", re.ASCII)


def say(message: str) -> None:
    """Tell progress on stderr."""
    sys.stderr.write(message + "\n")


def refuse(message: str) -> NoReturn:
    """Tell why a command cannot be done, and end with exit code 2."""
    say(f"error: {message}")
    raise typer.Exit(2)


def printable(text: str) -> str:
    """Return a text of the command line as it can be written again: bytes that are no UTF-8, which
    Python brings as lone surrogates, are replaced.
    """
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def parse_day(text: str | None) -> dt.date:
    """Read a date; today if none is given."""
    if text is None:
        return dt.datetime.now(dt.UTC).date()
    found = read_day(text)
    if found is None:
        refuse("a date is written YYYY-MM-DD, and is in the calendar")
    return found


def read_day(text: str) -> dt.date | None:
    """Read a date; None for anything else."""
    match = _DAY.fullmatch(text.strip())
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def folder_of(data: Path | None) -> Path:
    """Return the data folder that the option or the environment names."""
    return data or registry.data_folder(os.environ, Path.home())


@contextmanager
def open_code_sets(data: Path | None) -> Iterator[CodeSets]:
    """Open the sets in force; they are built on first use."""
    try:
        sets = registry.open_sets(folder_of(data), say)
    except CodesUnavailableError as error:
        refuse(str(error))
    try:
        yield sets
    finally:
        sets.close()
