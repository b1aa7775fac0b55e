"""Files that somebody drops in a folder: taken in once, whole, and kept under a name of our own.

    <root>/<tenant>/in/        where files are dropped; `.tmp`, `.part`, hidden: unfinished
    <root>/<tenant>/refused/   what the service refused: its sha256, and why, as JSON
    <archive>/<tenant>/ab/ab…  every file that was taken in, sealed (`rcm archive open`)

A file is taken when it has not changed for a while. Its bytes go to the archive first, then to the
service (whose command is idempotent by sha256: that is the ledger), and only then leaves `in`. A
crash between any two of these repeats a step that has no second effect. The name that a sender gave
may say anything, a patient's name too: it is not kept, and not logged.
"""

import asyncio
import os
import stat
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from rcm.platform.archive import Archive
from rcm.platform.telemetry import Log
from rcm.problems import Problem

__all__ = ["Archive", "DropFolder", "Dropped", "Handle"]

FILE_BYTES_MAX: Final = 256 * 1024 * 1024
_UNFINISHED: Final = (".tmp", ".part", ".filepart", ".swp", "~")
_FILES_OF_ONE_LOOK_MAX: Final = 1_000
_RETRY_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file that was taken in.

    Attributes:
        tenant_id: Whose folder it was dropped in.
        sha256: Of its bytes; names it in the archive, and makes the command idempotent.
        data: Its bytes.
    """

    tenant_id: str
    sha256: str
    data: bytes

    def __repr__(self) -> str:
        """Show which file, and nothing of it."""
        return f"Dropped({self.tenant_id}, {self.sha256}, {len(self.data)} bytes)"


Handle = Callable[[Dropped], Awaitable[None]]
"""Takes a file in: returns when it is durable, raises a Problem to refuse it for good."""


class _Look(NamedTuple):
    """What a file looked like, and since when it has looked so."""

    inode: int
    bytes_count: int
    changed_ns: int
    since_s: float


class DropFolder:
    """Watches the folders of some tenants. One watcher a folder; see the module's text."""

    def __init__(
        self,
        root: Path,
        tenant_ids: Sequence[str],
        archive: Archive,
        log: Log,
        *,
        settle_s: float = 2.0,
        bytes_max: int = FILE_BYTES_MAX,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._archive = archive
        self._log = log
        self._settle_s = settle_s
        self._bytes_max = bytes_max
        self._clock = clock
        self._looks: dict[Path, _Look] = {}
        self._not_before: dict[Path, float] = {}
        self._folders = {tenant_id: root / tenant_id for tenant_id in tenant_ids}
        for folder in self._folders.values():
            _make_folder(folder / "in")
            _make_folder(folder / "refused")

    async def run(self, handle: Handle, interval_s: float = 1.0) -> None:
        """Take in what is dropped until cancelled."""
        while True:
            if not await self.look(handle):
                await asyncio.sleep(interval_s)

    async def look(self, handle: Handle) -> int:
        """Look once at every folder. Returns how many files were taken in."""
        taken = 0
        for tenant_id, folder in self._folders.items():
            for path in await asyncio.to_thread(self._settled, folder / "in"):
                taken += await self._take(tenant_id, folder, path, handle)
        return taken

    async def _take(self, tenant_id: str, folder: Path, path: Path, handle: Handle) -> bool:
        look = self._looks[path]
        if look.bytes_count > self._bytes_max:
            self._log.warning("file-too-large", tenant_id=tenant_id, bytes_count=look.bytes_count)
            return self._later(path)
        data = await asyncio.to_thread(_read, path, look)
        if data is None:
            self._looks.pop(path, None)
            return False
        sha256 = await self._archive.keep(tenant_id, data)
        log = self._log.bind(tenant_id=tenant_id, sha256=sha256, bytes_count=len(data))
        try:
            await handle(Dropped(tenant_id, sha256, data))
        except Problem as problem:
            if problem.status >= 500:  # such as Busy: not now
                return self._later(path)
            log.warning("file-refused", problem=problem.slug)
            note = folder / "refused" / f"{sha256}.json"
            await asyncio.to_thread(_write_note, note, sha256, problem)
            await asyncio.to_thread(_remove, path, look)
        except Exception:
            log.exception("file-failed")
            return self._later(path)
        else:
            log.info("file-taken")
            await asyncio.to_thread(_remove, path, look)
        self._looks.pop(path, None)
        return True

    def _later(self, path: Path) -> bool:
        self._not_before[path] = self._clock() + _RETRY_S
        return False

    def _settled(self, folder: Path) -> list[Path]:
        """List the regular files that have looked the same for a while, oldest first."""
        now = self._clock()
        found: dict[Path, _Look] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                    continue
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
                    continue
                path = folder / entry.name
                look = _Look(about.st_ino, about.st_size, about.st_mtime_ns, now)
                known = self._looks.get(path)
                same = known is not None and known[:3] == look[:3]
                found[path] = known if same and known is not None else look
                if len(found) >= _FILES_OF_ONE_LOOK_MAX:
                    break
        kept = {path: look for path, look in self._looks.items() if path.parent != folder}
        self._looks = kept | found
        ready = [
            path
            for path, look in found.items()
            if now - look.since_s >= self._settle_s and self._not_before.get(path, 0.0) <= now
        ]
        return sorted(ready, key=lambda path: found[path].changed_ns)


def _read(path: Path, look: _Look) -> bytes | None:
    """Read a file if it is still the one that was looked at; a link or a pipe is never opened."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not _is(os.fstat(descriptor), look):
            return None
        data = file.read(look.bytes_count + 1)
        return data if _is(os.fstat(descriptor), look) and len(data) == look.bytes_count else None


def _is(about: os.stat_result, look: _Look) -> bool:
    return (
        stat.S_ISREG(about.st_mode) and (about.st_ino, about.st_size, about.st_mtime_ns) == look[:3]
    )


def _write_note(path: Path, sha256: str, problem: Problem) -> None:
    """Say what was refused and why; the file itself is in the archive, sealed."""
    note = {"sha256": sha256, "problem": problem.slug, "title": problem.title}
    path.write_bytes(msgspec.json.encode(note))


def _remove(path: Path, look: _Look) -> None:
    if _is(path.lstat(), look):
        path.unlink()


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
