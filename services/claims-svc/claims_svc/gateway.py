"""Outside things: the tenants' directories on disk, and the ways to their receivers."""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from claims_svc.model.directory import Directory
from rcm.platform.clearinghouse.port import Clearinghouse
from rcm.platform.clearinghouse.routes import (
    Route,
    RoutedReceiver,
    RoutedTenant,
    connect,
    directory_paths,
    read_directory_file,
)


class DirectoryFolder:
    """The directories of all tenants, read again when a file changes.

    A file that cannot be read leaves the directory as it was before: an operator's slip of the pen
    does not hold every claim of the tenant.

    Attributes:
        faults: What is wrong with the files as they are now, by file name.
    """

    def __init__(self, folder: Callable[[], Path]) -> None:
        self.faults: Final[dict[str, str]] = {}
        self._folder = folder
        self._seen: dict[Path, int] = {}
        self._found: dict[str, Directory] = {}

    def __call__(self, tenant_id: str) -> Directory | None:
        """Give the directory of a tenant, or None."""
        return self._found.get(tenant_id) or self.refresh().get(tenant_id)

    def refresh(self) -> dict[str, Directory]:
        """Read what changed; give all."""
        for path in directory_paths(self._folder()):
            changed_at = path.stat().st_mtime_ns
            if self._seen.get(path) == changed_at:
                continue
            self._seen[path] = changed_at
            try:
                found = msgspec.convert(read_directory_file(path), Directory)
            except ValueError as error:
                self.faults[path.name] = str(error)[:200]
                continue
            self.faults.pop(path.name, None)
            self._found[found.tenant_id] = found
        return self._found


Connect = Callable[[Route, Path], Clearinghouse | None]
"""Opens the adapter of a route: `rcm.platform.clearinghouse.routes.connect`, or a test's."""


class Wire(NamedTuple):
    """The way to one receiver of a tenant."""

    tenant_id: str
    receiver: RoutedReceiver
    port: Clearinghouse


class Wires:
    """The ways to all receivers: opened when first used, anew when a directory changes them."""

    def __init__(
        self, folder: Callable[[], Path], data_dir: Path, connect: Connect = connect
    ) -> None:
        self._folder = folder
        self._data_dir = data_dir
        self._connect = connect
        self._seen: dict[Path, int] = {}
        self._open: dict[tuple[str, str], Wire] = {}
        self._left: list[Clearinghouse] = []

    def all(self) -> list[Wire]:
        """Give the ways that lead somewhere."""
        for path in directory_paths(self._folder()):
            changed_at = path.stat().st_mtime_ns
            if self._seen.get(path) == changed_at:
                continue
            self._seen[path] = changed_at
            try:
                tenant = msgspec.convert(read_directory_file(path), RoutedTenant)
            except ValueError:
                # `DirectoryFolder` says what is wrong with it; the ways stay as they were.
                continue
            for receiver in tenant.receivers:
                self._reach(tenant.tenant_id, receiver)
        return list(self._open.values())

    async def close(self) -> None:
        """Close all of them."""
        for port in (*self._left, *(wire.port for wire in self._open.values())):
            await port.close()
        self._open.clear()
        self._seen.clear()
        self._left.clear()

    def _reach(self, tenant_id: str, receiver: RoutedReceiver) -> None:
        key = (tenant_id, receiver.receiver_id)
        before = self._open.get(key)
        if before is not None and before.receiver.route == receiver.route:
            return
        if before is not None:
            # Somebody may still be using it.
            self._left.append(self._open.pop(key).port)
        port = self._connect(receiver.route, self._data_dir)
        if port is not None:
            self._open[key] = Wire(tenant_id, receiver, port)
