"""The folder adapter: two directories that something else (an SFTP client, a mount) empties and
fills.

    <root>/to/<sender>.<receiver>.<ISA13>.837     written as .tmp, then renamed
    <root>/from/*                                 what came back
    <root>/handed-over/<the same name>            empty mark, made before the file appears in `to`
    <root>/taken/                                 what `acknowledge` moved out of `from`

The mark makes one thing provable after a crash: without it the file was never in `to`.
"""

import asyncio
import os
import re
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from rcm.platform.clearinghouse.port import Kind, Parcel, Receipt, Unreachable, Waiting, kind_of

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
_HEAD_BYTES: Final = 4096
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_-]", re.ASCII)
_UNFINISHED: Final = (".tmp", ".part", ".filepart", ".swp")


class FolderClearinghouse:
    """A clearinghouse reached through a shared folder. See the module's text.

    Attributes:
        resubmits_safely: False: a file that was fetched and removed would be fetched again.
    """

    resubmits_safely = False

    def __init__(self, root: Path, *, settle_s: float = 2.0) -> None:
        """Use a folder; files in `from` younger than `settle_s` may still be written to."""
        self._to, self._from = root / "to", root / "from"
        self._marks, self._taken = root / "handed-over", root / "taken"
        self._settle_s = settle_s
        for folder in (self._to, self._from, self._marks, self._taken):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def submit(self, parcel: Parcel) -> Receipt:
        """Write the interchange under a name made of its numbers."""
        return await asyncio.to_thread(self._submit, parcel)

    async def status(self, parcel: Parcel) -> Receipt:
        """Look whether it was ever handed over, and whether it is still there."""
        return await asyncio.to_thread(self._status, parcel)

    async def waiting(self, kinds: Collection[Kind], limit: int = 100) -> Sequence[Waiting]:
        """List finished files of these kinds, oldest first."""
        return await asyncio.to_thread(self._waiting, kinds, limit)

    async def fetch(self, name: str) -> bytes:
        """Read a file; a link is never followed."""
        return await asyncio.to_thread(self._read, name)

    async def acknowledge(self, name: str) -> None:
        """Move a file to `taken`; it may be there already."""
        await asyncio.to_thread(self._move, name)

    async def close(self) -> None:
        """Nothing is held open."""

    def _submit(self, parcel: Parcel) -> Receipt:
        name = _file_name(parcel)
        unfinished = self._to / f"{name}.tmp"
        try:
            with unfinished.open("wb") as file:
                file.write(parcel.data)
                file.flush()
                os.fsync(file.fileno())
            with (self._marks / name).open("wb") as mark:
                os.fsync(mark.fileno())
            _sync_folder(self._marks)
        except OSError as error:
            unfinished.unlink(missing_ok=True)
            return Receipt("not-sent", f"folder-{type(error).__name__}")
        try:
            unfinished.rename(self._to / name)
            _sync_folder(self._to)
        except OSError as error:
            return Receipt("unknown", f"folder-{type(error).__name__}")
        return Receipt("sent", "folder-renamed")

    def _status(self, parcel: Parcel) -> Receipt:
        name = _file_name(parcel)
        if (self._to / name).exists():
            return Receipt("sent", "folder-still-there")
        if not (self._marks / name).exists() or (self._to / f"{name}.tmp").exists():
            return Receipt("not-sent", "folder-never-there")
        return Receipt("unknown", "folder-gone")

    def _waiting(self, kinds: Collection[Kind], limit: int) -> list[Waiting]:
        youngest = time.time() - self._settle_s
        found: list[tuple[float, str]] = []
        try:
            with os.scandir(self._from) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED):
                        continue
                    if not entry.is_file(follow_symlinks=False):
                        continue
                    modified = entry.stat(follow_symlinks=False).st_mtime
                    if modified <= youngest:
                        found.append((modified, entry.name))
        except OSError as error:
            raise Unreachable(type(error).__name__) from error
        waiting: list[Waiting] = []
        for _, name in sorted(found):
            kind = kind_of(self._read(name, _HEAD_BYTES))
            if kind in kinds:
                waiting.append(Waiting(name, kind))
            if len(waiting) == limit:
                break
        return waiting

    def _read(self, name: str, bytes_max: int = FILE_BYTES_MAX) -> bytes:
        path = _inside(self._from, name)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as file:
                return file.read(bytes_max)
        except OSError as error:
            raise Unreachable(type(error).__name__) from error

    def _move(self, name: str) -> None:
        source = _inside(self._from, name)
        target = self._taken / name
        if target.exists():
            target = self._taken / f"{name}.{time.time_ns()}"
        try:
            source.rename(target)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unreachable(type(error).__name__) from error


def _file_name(parcel: Parcel) -> str:
    parts = (parcel.sender_id, parcel.receiver_id, parcel.interchange_control_number)
    return ".".join(_UNSAFE.sub("_", part.strip()) for part in parts) + ".837"


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a file that is directly in a folder; any other name is refused."""
    if not name or name in (".", "..") or "/" in name or "\0" in name:
        raise Unreachable("not the name of a file here")
    return folder / name


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
