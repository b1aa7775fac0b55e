"""The commands of `rcm x12` that make files of files: split, json, from-json, mask."""

import json as json_module
import sys
from pathlib import Path
from typing import Annotated

import typer

from rcm.x12.cli_files import File, Json, Unmasked, opened, print_json, refuse, shown, tell
from rcm.x12.lexer import Lexer
from rcm.x12.reader import Reader
from rcm.x12.transform import NotOurJson, as_json, masked
from rcm.x12.transform import split as split_file
from rcm.x12.typed_json import as_typed_json, from_typed_json
from rcm.x12.writer import NotWritable


def split(
    file: File,
    to: Annotated[Path, typer.Option(help="Folder for the pieces; made if it is not there.")],
    json: Json = False,
) -> None:
    """Write each transaction as a file of its own, with its own envelopes.

    Example: rcm x12 split day.edi --to pieces
    """
    pieces: list[str] = []
    with opened(file, json=json) as source:
        reader = Reader(source)
        try:
            to.mkdir(parents=True, exist_ok=True)
            for transaction, data in split_file(reader):
                code = "".join(one for one in transaction.set_code if one.isalnum())
                path = to / f"{len(pieces) + 1:06d}.{code or 'x12'}"
                path.write_bytes(data)
                pieces.append(str(path))
                if not json:
                    print(path)
        except OSError as fault:
            refuse(f"{shown(str(to))}: {fault.strerror}", json=json)
        if not pieces:
            tell(reader.findings, file)
    if json:
        print_json({"files": [shown(piece) for piece in pieces], "has_error": not pieces})
    raise typer.Exit(0 if pieces else 1)


def to_json(
    file: File,
    unmasked: Unmasked = False,
    segments: Annotated[
        bool, typer.Option("--segments", help="Segments as they stand, not documents.")
    ] = False,
    json: Json = False,
) -> None:
    """Print a file as JSON: typed documents, or segments; `from-json` gives the file back.

    Example: rcm x12 json era.835 --unmasked > era.json
    """
    del json  # stdout is JSON anyway
    with opened(file, json=True) as source:
        lexer = Lexer(source)
        give = as_json if segments else as_typed_json
        print_json(list(give(lexer, mask=not unmasked)))
        raise typer.Exit(1 if tell(lexer.findings, file) else 0)


def read_json(file: File, json: Json = False) -> None:
    """Write the X12 file that a JSON of `rcm x12 json` describes.

    Example: rcm x12 from-json era.json > era.835
    """
    with opened(file, json=json) as source:
        try:
            data = b"".join(from_typed_json(json_module.load(source)))
        except (NotOurJson, NotWritable, ValueError, RecursionError) as fault:
            told = str(fault) if isinstance(fault, NotOurJson | NotWritable) else "not JSON"
            message = f"{shown(file)}: {told}"
            print(message, file=sys.stderr)
            if json:
                print_json({"error": message, "has_error": True})
            raise typer.Exit(1) from None
    if json:
        print_json({"x12": data.decode(), "has_error": False})
    else:
        sys.stdout.buffer.write(data)


def mask(file: File, json: Json = False) -> None:
    """Print a file with everything hidden that may identify a person; its shape stays.

    Example: rcm x12 mask era.835 > era-masked.835
    """
    with opened(file, json=json) as source:
        lexer = Lexer(source)
        if json:
            print_json(list(as_json(lexer)))
        else:
            for data in masked(lexer):
                sys.stdout.buffer.write(data)
        raise typer.Exit(1 if tell(lexer.findings, file) else 0)
