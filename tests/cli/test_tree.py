"""What holds for every command of `rcm`, found by walking the tree of commands."""

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from rcm.cli import app

ROOT = typer.main.get_command(app)
OTHER_STDOUT = {
    "serve": "its log, JSON lines, until it is stopped",
    "archive open": "the bytes of a file",
    "events asyncapi": "a JSON document, always",
    "codes measure": "a JSON document, always",
}
"""Commands without `--json`, and what their stdout is."""


def leaves(command, path=()):
    """Go through the commands that do something, with the words that call them."""
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from leaves(command.get_command(None, name), (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(leaves(ROOT))


def options(command) -> set[str]:
    return {"--help"} | {
        name for one in command.params for name in (*one.opts, *one.secondary_opts)
    }


def faults(path, command) -> list[str]:
    """Say what a command lacks of what every command has."""
    found = []
    if "--json" not in options(command) and path not in OTHER_STDOUT:
        found.append("no --json")
    if not (command.help or "").strip():
        found.append("no help")
    shown = re.findall("Example: (.*)", f"{command.help or ''}\n{command.epilog or ''}")
    if not shown:
        found.append("no example")
    for example in shown:
        called = re.search(rf"rcm {path}\b([^|&)>]*)", example)
        if called is None:
            found.append(f"an example of something else: {example}")
            continue
        given = {w.partition("=")[0] for w in shlex.split(called[1]) if re.match("--?[a-z]", w)}
        found += [f"an example with {word}" for word in sorted(given - options(command))]
    found += [
        f"{one.opts[0]} without help"
        for one in command.params
        if one.param_type_name == "option" and not one.help
    ]
    return found


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_talks_json_and_shows_an_example_that_exists(path):
    assert faults(path, COMMANDS[path]) == []


@pytest.mark.parametrize("path", COMMANDS)
def test_what_cannot_be_done_is_two_and_is_said_on_stderr(path):
    done = CliRunner().invoke(app, [*path.split(), "--no-such-option"])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "no-such-option" in done.stderr
    assert CliRunner().invoke(app, [*path.split(), "--help"]).exit_code == 0


def test_the_tree_is_whole_and_its_exceptions_are_in_it():
    assert len(COMMANDS) >= 40
    assert set(OTHER_STDOUT) <= set(COMMANDS)
    for path in OTHER_STDOUT:
        assert "--json" not in options(COMMANDS[path])


def test_a_command_that_lacks_something_would_be_seen():
    bare = typer.Typer()

    @bare.command(epilog="Example: rcm bare --nothing")
    def one(number: int = typer.Option(0)) -> None:
        pass

    told = faults("bare", typer.main.get_command(bare))
    assert told == ["no --json", "no help", "an example with --nothing", "--number without help"]
