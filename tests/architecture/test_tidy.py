"""Structure that a linter does not see: sizes, documented fields, decision pages, banned words."""

import ast
import re
import subprocess
from pathlib import Path

import msgspec
import pytest

from rcm.events.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
SOURCES = [
    ROOT / name
    for name in TRACKED
    if name.endswith(".py")
    and name.startswith(("shared/", "services/", "deploy/"))
    and (ROOT / name).exists()
]
MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70
CORE = re.compile(
    r"/(model|decide|rules|codec)(/|\.py)|/rcm/(events|x12|money|identifiers|domain|lifecycle)"
)


def test_there_are_sources_to_look_at():
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_small_and_says_what_it_is_for(path):
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree) or "migrations" in path.parts, "no module docstring"
    assert text.count("\n") <= MODULE_LINES_MAX
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno - node.lineno < FUNCTION_LINES_MAX, f"{node.name} is too long"


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if CORE.search(str(p))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_no_float_in_the_core(path):
    calls = [
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Name) and n.id == "float"
    ]
    assert not calls


def test_no_log_call_formats_its_own_text():
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in levels
            ):
                assert not any(isinstance(a, ast.JoinedStr) for a in node.args), (
                    f"{path}:{node.lineno}"
                )


def test_every_module_has_a_name_of_its_own_meaning():
    banned = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert not [p for p in SOURCES if p.stem in banned]


@pytest.mark.parametrize("event", CATALOGUE.events.values(), ids=lambda e: e.name)
def test_every_field_of_an_event_is_documented(event):
    for field in msgspec.structs.fields(event):
        assert re.search(rf"^\s*{field.name}: ", event.__doc__, re.MULTILINE), field.name


@pytest.mark.parametrize(
    "page", sorted((ROOT / "docs/decisions").glob("*.md")), ids=lambda p: p.stem
)
def test_a_decision_page_has_its_parts(page):
    text = page.read_text()
    for part in (
        "Status:",
        "**Context.**",
        "**Decision.**",
        "**Consequences.**",
        "**Alternatives.**",
        "**Enforced by",
    ):
        assert part in text


def test_no_registry_host_or_machine_path_is_named():
    hosts = re.compile(
        "|".join(
            (
                "pypi" + r"\.org",
                "python" + "hosted",
                "npm" + r"js\.",
                "maven" + r"\.org",
                "deb" + r"ian\.org",
            )
        )
    )
    paths = re.compile(r"/(work|farm)/(main|shared)|/tmp/bash" + "_jobs")
    for name in TRACKED:
        path = ROOT / name
        if path.suffix in {".png", ".woff2", ".gz", ".db", ".sqlite"} or not path.exists():
            continue
        text = path.read_text(errors="replace")
        assert not hosts.search(text), name
        assert not paths.search(text), name


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if re.search(r"_svc/(api|pages)(/|\.py)", str(p))],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_a_route_opens_phi_only_by_the_way_that_records_it(path):
    assert not re.search(r"\b(runtime|keys)\.open\(", path.read_text()), "use PhiViews"
