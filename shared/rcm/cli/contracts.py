"""`rcm events`: the event contracts, as a list, as JSON Schemas, as AsyncAPI 3."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from rcm.events.catalogue import CATALOGUE, EVENTS_BY_TOPIC, ON_EVERY_TOPIC
from rcm.events.event import Event

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The contracts between services."
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_HEADERS: Final = {
    "ce_specversion": "CloudEvents version: 1.0.",
    "ce_id": "Event id; the same however often it is decided.",
    "ce_source": "The service that recorded it.",
    "ce_type": "Name and version of the contract.",
    "ce_subject": "The stream.",
    "ce_time": "When it was recorded: RFC 3339, UTC.",
    "tenant": "Whose it is.",
    "streamversion": "1, 2, 3 ... within source, tenant and stream.",
    "correlationid": "The first cause.",
    "causationid": "The direct cause.",
    "actor": "Who or what acted.",
    "traceparent": "W3C trace context; optional.",
    "handled": "How far the source had handled its upstream; optional.",
    "idempotency": "Key and request hash of the command that caused it; optional.",
}
_OPTIONAL: Final = frozenset({"traceparent", "handled", "idempotency"})


@app.command("list", epilog="Example: rcm events list --json | jq '.[].name'")
def list_(as_json: Json = False) -> None:
    """List every event, the topic that it stands on, and what it means."""
    rows = [
        (topic, event.type_name(), _summary(event), ", ".join(CATALOGUE.phi_fields[event.name]))
        for topic, events in EVENTS_BY_TOPIC.items()
        for event in (*events, *ON_EVERY_TOPIC)
    ]
    if as_json:
        keys = ("topic", "name", "text", "phi_fields")
        _print([dict(zip(keys, row, strict=True)) for row in rows])
        return
    table = Table("topic", "event", "what it says", "sealed fields", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=False).print(table)


@app.command(epilog="Example: rcm events show ClaimSubmitted")
def show(
    name: Annotated[str, typer.Argument(metavar="EVENT", help="Such as ClaimSubmitted.")],
    as_json: Json = False,
) -> None:
    """Show one contract: what each field means, or its JSON Schema."""
    event = CATALOGUE.events.get(name.partition(".")[0])
    if event is None:
        print(f"no event {name!r}; see rcm events list", file=sys.stderr)
        raise typer.Exit(2)
    if as_json:
        _print(schema_of(event))
    else:
        print(f"{event.type_name()}\n\n{inspect.getdoc(event)}")


@app.command(epilog="Example: rcm events schemas tests/contracts/schemas")
def schemas(
    folder: Annotated[Path, typer.Argument(help="Where to write one file an event.")],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where a file differs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")] = False,
) -> None:
    """Write the JSON Schema of every event: the golden files that hold a contract fixed."""
    files = schema_files()
    well = _written(files, folder, check=check)
    if as_json:
        _print({"folder": str(folder), "files": sorted(files), "checked": check, "well": well})
    if not well:
        raise typer.Exit(1)


@app.command(epilog="Example: rcm events asyncapi > asyncapi.json")
def asyncapi() -> None:
    """Print the AsyncAPI 3 description of every topic and event."""
    _print(asyncapi_document())


def schema_files() -> dict[str, bytes]:
    """Write every event's JSON Schema, by file name."""
    return {f"{event.type_name()}.json": text_of(schema_of(event)) for event in _events()}


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of an event's current version."""
    (top,), definitions = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    found = {name: _described(schema) for name, schema in definitions.items()}
    root = found.pop(top["$ref"].rsplit("/", 1)[1])
    return {
        "$schema": _DIALECT,
        "$id": f"{event.type_name()}.json",
        **root,
        **({"$defs": found} if found else {}),
    }


def asyncapi_document() -> dict[str, Any]:
    """Describe every topic and event as AsyncAPI 3."""
    events = _events()
    tops, definitions = msgspec.json.schema_components(
        events, ref_template="#/components/schemas/{name}"
    )
    messages = {
        event.type_name(): {
            "name": event.type_name(),
            "title": event.name,
            "summary": _summary(event),
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/Headers"},
            "payload": top,
        }
        for event, top in zip(events, tops, strict=True)
    }
    headers = {
        "type": "object",
        "required": [name for name in _HEADERS if name not in _OPTIONAL],
        "properties": {
            name: {"type": "string", "description": text} for name, text in _HEADERS.items()
        },
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Claimstream events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in Kafka's binary mode. Key: tenant:stream. What"
            " identifies a patient is a sealed box.",
        },
        "defaultContentType": "application/json",
        "channels": {
            topic.replace(".", "-"): {
                "address": topic,
                "messages": {
                    event.type_name(): {"$ref": f"#/components/messages/{event.type_name()}"}
                    for event in (*of_topic, *ON_EVERY_TOPIC)
                },
            }
            for topic, of_topic in EVENTS_BY_TOPIC.items()
        },
        "operations": {
            f"record-{topic.rsplit('.', 1)[1]}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic.replace('.', '-')}"},
            }
            for topic in EVENTS_BY_TOPIC
        },
        "components": {
            "messages": messages,
            "schemas": {
                "Headers": headers,
                **{name: _described(schema) for name, schema in definitions.items()},
            },
        },
    }


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give each field its line of the docstring's `Attributes:`."""
    described = dict(schema)
    text = described.get("description", "")
    described["description"] = " ".join(text.partition("\n\n")[0].split())
    fields = _attributes(text)
    described["properties"] = {
        name: {**about, "description": fields[name]} if name in fields else about
        for name, about in schema.get("properties", {}).items()
    }
    return described


def _attributes(docstring: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc(docstring).partition("Attributes:\n")[2].splitlines():
        if line.startswith("    ") and not line.startswith("     ") and ": " in line:
            name, _, text = line.strip().partition(": ")
            found[name] = text
        elif line.startswith("     ") and name:
            found[name] += f" {line.strip()}"
        elif not line.strip():
            break
    return found


def _events() -> list[type[Event]]:
    return [CATALOGUE.events[name] for name in sorted(CATALOGUE.events)]


def _summary(event: type[Event]) -> str:
    return " ".join((inspect.getdoc(event) or "").partition("\n\n")[0].split())


def text_of(value: object) -> bytes:
    """Write a document as it is kept: indented, with a line feed at its end."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _print(value: object) -> None:
    sys.stdout.buffer.write(text_of(value))


def _written(files: Mapping[str, bytes], folder: Path, *, check: bool) -> bool:
    """Write files, or tell whether they are as they would be written."""
    known = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    differing = sorted(name for name in {*known, *files} if known.get(name) != files.get(name))
    for name in differing:
        print(f"{'differs' if check else 'written'}: {name}", file=sys.stderr)
    if check:
        return not differing
    folder.mkdir(parents=True, exist_ok=True)
    for name in differing:
        if name in files:
            (folder / name).write_bytes(files[name])
    return True
