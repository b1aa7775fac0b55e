"""What is generated from code and kept in the repository is as the code has it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tools.golden import ROOT, SCHEMAS

from rcm.cli.contracts import asyncapi_document, schema_of
from rcm.events.catalogue import CATALOGUE


def test_the_golden_files_are_what_the_code_says():
    """In a process of its own: the tests around this one define refusals, too."""
    run = subprocess.run(
        [sys.executable, "-c", "from tools.golden import differing; print(*differing())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "", "run make golden, and read git diff: events never change"


@pytest.mark.parametrize("name", sorted(CATALOGUE.events))
def test_each_events_schema_is_a_schema_and_describes_every_field(name):
    schema = schema_of(CATALOGUE.events[name])
    Draft202012Validator.check_schema(schema)
    missing = [
        field for field, about in schema["properties"].items() if not about.get("description")
    ]
    assert missing == [], f"{name}: not in the docstring's Attributes"


def test_no_schema_of_an_earlier_version_was_taken_away():
    kept = {path.stem for path in (ROOT / SCHEMAS).glob("*.json")}
    for event in CATALOGUE.events.values():
        assert {f"{event.name}.v{n}" for n in range(1, event.version + 1)} <= kept


def test_asyncapi_refers_to_nothing_that_is_not_there():
    document = asyncapi_document()

    def look(value):
        if isinstance(value, dict):
            if isinstance(target := value.get("$ref"), str):
                found = document
                for part in target.removeprefix("#/").split("/"):
                    found = found[part]
            for inner in value.values():
                look(inner)
        elif isinstance(value, list):
            for inner in value:
                look(inner)

    look(document)
    assert document["asyncapi"] == "3.0.0"
    assert json.dumps(document)


def test_every_vendored_file_is_the_one_that_was_pinned():
    import hashlib

    from rcm.platform.http.pages import STATIC

    for line in (STATIC / "PINNED.sha256").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest
    assert Path(STATIC / "htmx.LICENSE").exists()
