"""`rcm`: one command for operators and developers. Each part is loaded when it is asked for, so
that `rcm x12` needs neither a web framework nor a database.

stdout carries data and nothing else; progress and complaints go to stderr. Exit status 0: done and
all well; 1: done, and something is not in order; 2: could not be done.
"""

import importlib
import sys
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import typer
from typer.core import TyperGroup

__all__ = ["app", "main"]


class _Part(NamedTuple):
    """Where a command is.

    Attributes:
        module: Module whose `app` has it.
        is_group: The whole `app` is the command; otherwise the command of that name in it.
        extra: The extra of `rcm` that it needs, or empty.
    """

    module: str
    is_group: bool = False
    extra: str = ""


_PARTS: Final[Mapping[str, _Part]] = {
    "up": _Part("rcm.cli.running", extra="platform"),
    "down": _Part("rcm.cli.running", extra="platform"),
    "status": _Part("rcm.cli.running", extra="platform"),
    "serve": _Part("rcm.cli.serving", is_group=True, extra="platform"),
    "lifecycle": _Part("rcm.cli.reading", extra="platform"),
    "verify": _Part("rcm.cli.reading", extra="platform"),
    "rebuild": _Part("rcm.cli.operating", extra="platform"),
    "parked": _Part("rcm.cli.parked", is_group=True, extra="platform"),
    "audit": _Part("rcm.cli.audit", is_group=True, extra="platform"),
    "evidence": _Part("rcm.cli.evidence", is_group=True, extra="platform"),
    "export": _Part("rcm.cli.export", is_group=True, extra="platform"),
    "archive": _Part("rcm.cli.archive", is_group=True, extra="platform"),
    "topics": _Part("rcm.cli.topics", is_group=True, extra="platform"),
    "token": _Part("rcm.cli.operating", extra="platform"),
    "doctor": _Part("rcm.cli.operating", extra="platform"),
    "events": _Part("rcm.cli.contracts", is_group=True),
    "x12": _Part("rcm.x12.cli", is_group=True),
    "codes": _Part("rcm.codes.cli", is_group=True, extra="codes"),
}


class _Parts(TyperGroup):
    """Commands that are imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the framework's signature
        """Name the commands in the order of a working day."""
        return list(_PARTS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the framework's signature
        """Import a command; one whose extra is absent says so in a sentence."""
        part = _PARTS.get(cmd_name)
        if part is None:
            return None
        try:
            found = typer.main.get_command(importlib.import_module(part.module).app)
        except ImportError as error:
            if error.name is not None and error.name.split(".")[0] == "rcm":
                raise
            return _absent(cmd_name, part.extra or "platform")
        if not part.is_group:
            found = found.commands[cmd_name]  # type: ignore[attr-defined]  # a group has them
        found.name = cmd_name
        return found


def _absent(name: str, extra: str) -> Any:
    stub = typer.Typer(add_completion=False)

    @stub.command(
        name,
        help=f"Not installed: needs rcm[{extra}].",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def say() -> None:
        print(f"rcm {name} is not installed: pip install 'rcm[{extra}]'", file=sys.stderr)
        raise typer.Exit(2)

    return typer.main.get_command(stub)


app = typer.Typer(
    cls=_Parts,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=__doc__,
)


@app.callback()
def _root() -> None:
    pass


def main() -> None:
    """Run `rcm`."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
