"""`make golden`: write what is generated from code and kept in the repository; then read the diff.

tests/contracts/schemas/<Event>.v1.json   the contract of each event
docs/asyncapi.json                        topics and events, AsyncAPI 3
docs/events.md                            the same as a page
docs/problems/<slug>.md                   every refusal: what it means, and its HTTP status
tests/contracts/roles.json                which role may use which route of which service
"""

import asyncio
import contextlib
import inspect
import io
import sys
from pathlib import Path

from rcm.cli.contracts import asyncapi_document, schema_files, text_of
from rcm.cli.services import find_service, service_names
from rcm.events.catalogue import CATALOGUE, EVENTS_BY_TOPIC, ON_EVERY_TOPIC
from rcm.events.event import Event
from rcm.platform.http.problems import known_problems
from rcm.problems import Problem

ROOT = Path(__file__).parents[1]
PROBLEMS = "docs/problems"
SCHEMAS = "tests/contracts/schemas"


def golden_files() -> dict[str, bytes]:
    """Make every file, by its path in the repository."""
    for name in service_names():
        find_service(name)  # so that its Problems are known
    own = {
        slug: problem
        for slug, problem in known_problems().items()
        if problem.__module__.partition(".")[0] in ("rcm", *_packages())
    }
    return {
        **{f"{SCHEMAS}/{name}": data for name, data in schema_files().items()},
        "docs/asyncapi.json": text_of(asyncapi_document()),
        "docs/events.md": _events_page().encode(),
        f"{PROBLEMS}/README.md": _problems_page(own).encode(),
        **{
            f"{PROBLEMS}/{slug}.md": _problem_page(problem).encode()
            for slug, problem in own.items()
        },
    }


def _role_matrix() -> bytes:
    sys.path.insert(0, str(ROOT / "tests"))
    from http_matrix import matrix_text, role_matrix  # noqa: PLC0415 - test code, beside its test

    with contextlib.redirect_stderr(io.StringIO()):  # what every refusal writes to the log
        return matrix_text(asyncio.run(role_matrix()))


def differing() -> list[str]:
    """Name the files that are not as they would be written, and those that nothing writes."""
    files = golden_files()
    kept = {
        str(path.relative_to(ROOT))
        for folder, suffix in ((SCHEMAS, "*.json"), (PROBLEMS, "*.md"))
        for path in (ROOT / folder).glob(suffix)
    }
    return sorted(
        path
        for path in {*files, *kept}
        if path not in files
        or not (ROOT / path).exists()
        or (ROOT / path).read_bytes() != files[path]
    )


def main() -> None:
    """Write them."""
    roles, matrix = ROOT / "tests/contracts/roles.json", _role_matrix()
    if not roles.exists() or roles.read_bytes() != matrix:
        roles.write_bytes(matrix)
        print(roles.relative_to(ROOT), file=sys.stderr)
    files = golden_files()
    for path in differing():
        if path in files:
            (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / path).write_bytes(files[path])
        elif not path.startswith(SCHEMAS):  # an older version's schema is kept for ever
            (ROOT / path).unlink()
        print(path, file=sys.stderr)


def _packages() -> list[str]:
    return [name.replace("-", "_") for name in service_names()]


def _text(of: type[Event | Problem]) -> list[str]:
    text = (inspect.getdoc(of) or "").partition("\n\nAttributes:")[0]
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def _problem_page(problem: type[Problem]) -> str:
    lines = [f"# {problem.title}", f"`{problem.slug}` · HTTP {problem.status}", *_text(problem)]
    return "\n\n".join(lines) + "\n"


def _problems_page(problems: dict[str, type[Problem]]) -> str:
    rows = [
        f"| [{slug}]({slug}.md) | {problem.status} | {problem.title} |"
        for slug, problem in sorted(problems.items())
    ]
    head = (
        "A request that was understood and is refused is answered as RFC 9457 has it; `type` names"
    )
    return "\n".join(
        ["# Problems", "", f"{head}\none of these pages. Written by `make golden`.", "",
         "| `type` | HTTP | title |", "|---|---|---|", *rows, ""]
    )  # fmt: skip


def _events_page() -> str:
    lines = [
        "# Events",
        "",
        "Written by `make golden`. `rcm events show NAME` tells every field.",
        "",
    ]
    for topic, events in EVENTS_BY_TOPIC.items():
        lines += [f"## {topic}", "", "| event | what it says | sealed fields |", "|---|---|---|"]
        lines += [_event_row(event) for event in events]
        lines.append("")
    lines += ["## On every topic", "", "| event | what it says | sealed fields |", "|---|---|---|"]
    lines += [_event_row(event) for event in ON_EVERY_TOPIC]
    return "\n".join(lines) + "\n"


def _event_row(event: type[Event]) -> str:
    schema = f"../{SCHEMAS}/{event.type_name()}.json"
    sealed = ", ".join(f"`{name}`" for name in CATALOGUE.phi_fields[event.name])
    return f"| [{event.type_name()}]({schema}) | {_text(event)[0]} | {sealed} |"


if __name__ == "__main__":
    main()
