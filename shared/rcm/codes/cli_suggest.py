"""`rcm codes suggest | train | measure`: computer-assisted coding from the command line."""

import contextlib
import datetime as dt
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from rcm.codes.cac import model_file, training
from rcm.codes.cac.model_file import Model, ModelError
from rcm.codes.cac.suggester import Suggester, Suggestion
from rcm.codes.cli_input import (
    Data,
    On,
    open_code_sets,
    parse_day,
    printable,
    read_day,
    refuse,
    say,
)
from rcm.codes.forms import normalise

_LINE_CHARS_MAX = 5_000_000
ModelFile = Annotated[
    Path | None, typer.Option("--model", help="Model file. Default: the one in the package.")
]
Coded = Annotated[
    list[Path], typer.Argument(help="JSON Lines (.gz too): id, text, icd10cm (a list of codes).")
]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(epilog="Example: rcm codes suggest note.txt --date 2026-11-21 --json")(suggest)
    app.command(epilog="Example: rcm codes train codiesp_en_train.jsonl.gz --out my.model")(train)
    app.command(epilog="Example: rcm codes measure codiesp_en_dev.jsonl.gz")(measure)


class _Note(NamedTuple):
    note_id: object
    text: str
    on: dt.date | None = None
    codes: tuple[str, ...] = ()
    fault: str = ""


def suggest(
    files: Annotated[
        list[str],
        typer.Argument(
            help="A .txt is one note; .jsonl (.gz) one a line: text, id, date; - stdin."
        ),
    ],
    date: On = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many for a note.")] = 50,
    model: ModelFile = None,
    data: Data = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a note, one note a line.")
    ] = False,
) -> None:
    """Suggest diagnosis codes for notes, best first, with evidence; a person decides.

    Half of what a coder would assign is among the first twenty. Flags say where a finding is
    negated, a relative's, past or uncertain. Nothing is stored.

    Answers come in the order of the notes. A line that is no note gets its answer too, with an
    `error` and no suggestions; the exit code is then 1.
    """
    on = parse_day(date)
    faults = 0
    with open_code_sets(data) as sets:
        suggester = Suggester(sets, _open_model(model))
        for name in files:
            for note in _read_notes(name):
                if note.fault:
                    faults += 1
                    say(f"error: {note.fault}")
                found = suggester.suggest(note.text, note.on or on, limit=limit)
                if as_json:
                    _print_json_line(note, found, suggester.model_id)
                else:
                    _print_table(note, found)
    raise typer.Exit(1 if faults else 0)


def train(
    files: Coded,
    out: Annotated[Path, typer.Option(help="Where the model goes.")],
    source: Annotated[
        str, typer.Option(help="What the notes are and their licence; kept in the model.")
    ] = "notes of this organisation",
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Learn a model from coded notes. It holds word stems, codes and counts; no text."""
    notes = _read_coded(files)
    with open_code_sets(data) as sets:
        say(f"learning from {len(notes)} notes (about a minute for 500)")
        learned = training.train(Suggester(sets, None), notes, source)
    try:
        out.write_bytes(learned)
    except OSError as error:
        refuse(f"{out} cannot be written: {error.strerror}")
    model_id = model_file.load(learned).model_id
    if as_json:
        told = {"file": str(out), "bytes_count": len(learned), "model_id": model_id}
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    else:
        sys.stdout.write(f"{out} {len(learned)} bytes {model_id}\n")


def measure(files: Coded, date: On = None, model: ModelFile = None, data: Data = None) -> None:
    """Measure suggestions against what coders assigned: MAP, P@5, R@20, as JSON.

    Codes are compared as they stand in the file: give the date they were coded for.
    """
    notes = _read_coded(files)
    on = parse_day(date)
    with open_code_sets(data) as sets:
        suggester = Suggester(sets, _open_model(model))
        quality = training.measure(suggester, notes, on)
    shown: dict[str, object] = {"model_id": suggester.model_id, "date": on.isoformat()}
    shown |= {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in quality._asdict().items()
    }
    sys.stdout.write(msgspec.json.encode(shown).decode() + "\n")


def _open_model(path: Path | None) -> Model:
    try:
        return model_file.load(path.read_bytes()) if path else model_file.shipped()
    except (OSError, ModelError) as error:
        refuse(f"the model cannot be read: {error}")


def _read_notes(name: str) -> Iterator[_Note]:
    """Yield the notes of one argument: plain text, JSON Lines, or a JSON document."""
    if name == "-":
        raw = sys.stdin.buffer.read()
    else:
        try:
            raw = Path(name).read_bytes()
            if raw[:2] == b"\x1f\x8b":
                raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            refuse(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}")
    text = _decoded(raw)
    if not (
        name.removesuffix(".gz").endswith((".jsonl", ".ndjson", ".json")) or text.startswith("{")
    ):
        yield _Note(None if name == "-" else printable(Path(name).name), text)
        return
    if name.endswith(".json"):
        with contextlib.suppress(msgspec.MsgspecError, RecursionError):
            whole: Any = msgspec.json.decode(text)
            notes = whole if isinstance(whole, list) else [whole]
            for number, value in enumerate(notes, start=1):
                yield _note_of(value, f"{name}, note {number}")
            return
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            yield _read_line(line, f"{name}, line {number}")


def _decoded(raw: bytes) -> str:
    """Read bytes as UTF-8; what is not was most often written on Windows."""
    for encoding in ("utf-8-sig", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return raw.decode("utf-8", errors="replace")


def _read_line(line: str, where: str) -> _Note:
    """Read one line, or say what is wrong with it."""
    if len(line) > _LINE_CHARS_MAX:
        return _Note(None, "", fault=f"{printable(where)}: longer than any note")
    try:
        value: Any = msgspec.json.decode(line)
    except (msgspec.MsgspecError, RecursionError):
        return _Note(None, "", fault=f"{printable(where)}: not JSON")
    return _note_of(value, where)


def _note_of(value: object, where: str) -> _Note:
    """Read a note: `text` or `note`, and if given `id`, `date`, `icd10cm`."""
    if not isinstance(value, dict):
        return _Note(None, "", fault=f"{printable(where)}: not a JSON object")
    note_id = value.get("id", value.get("note_id", value.get("doc_id")))
    text = value.get("text", value.get("note"))
    if not isinstance(text, str):
        return _Note(note_id, "", fault=f"{printable(where)}: no text")
    day, codes = value.get("date"), value.get("icd10cm", [])
    on = None
    if day is not None:
        on = read_day(day) if isinstance(day, str) else None
        if on is None:
            return _Note(note_id, "", fault=f"{printable(where)}: the date is not YYYY-MM-DD")
    return _Note(
        note_id, text, on, tuple(str(code) for code in codes) if isinstance(codes, list) else ()
    )


def _read_coded(files: list[Path]) -> list[training.CodedNote]:
    """Read notes with their codes; refuse a file that has none."""
    notes = []
    for file in files:
        for at, note in enumerate(_read_notes(str(file))):
            if note.fault:
                refuse(note.fault)
            codes = frozenset(map(normalise, note.codes))
            notes.append(training.CodedNote(str(note.note_id or at), note.text, codes))
    if not any(note.codes for note in notes):
        refuse("no note has a code: expected JSON Lines with text and icd10cm")
    return notes


def _print_json_line(note: _Note, found: list[Suggestion], model_id: str) -> None:
    suggestions = [
        msgspec.to_builtins(one) | {"spans": [span._asdict() for span in one.spans]}
        for one in found
    ]
    whole = {"id": note.note_id, "model_id": model_id, "suggestions": suggestions}
    if note.fault:
        whole["error"] = note.fault
    sys.stdout.write(msgspec.json.encode(whole).decode() + "\n")


def _print_table(note: _Note, found: list[Suggestion]) -> None:
    sys.stdout.write(f"{note.note_id or 'note'}{f': {note.fault}' if note.fault else ''}\n")
    for one in found:
        flags = f" ({', '.join(one.flags)})" if one.flags else ""
        words = "; ".join(span.text for span in one.spans)
        sys.stdout.write(f"  {one.code:<9}{one.confidence:5.2f}  {one.title}{flags}  [{words}]\n")
