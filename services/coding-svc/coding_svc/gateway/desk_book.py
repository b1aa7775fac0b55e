"""How each tenant runs its desk: `<profiles_dir>/<tenant>/desk.yaml` over the operator's settings.

The file is read again when it changes. One that cannot be used leaves what was there before; at
the start the service does not start by it: separate duties must not be lost by a slip of the pen.
"""

from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from coding_svc.rules.desk import DeskRules
from rcm.platform.telemetry import Log


class DeskBook:
    """Reads them; holds one answer for each tenant."""

    def __init__(self, folder: Path | None, standard: DeskRules, log: Log) -> None:
        self._folder = folder
        self._standard = standard
        self._log = log
        self._seen: dict[str, int] = {}
        self._found: dict[str, DeskRules] = {}

    def check(self) -> None:
        """Read every tenant's file.

        Raises:
            ValueError: One cannot be used; says which.
        """
        found = self._folder.glob("*/desk.yaml") if self._folder is not None else ()
        for tenant_id in sorted(path.parent.name for path in found):
            stamp = self._stamp(tenant_id)
            try:
                self._found[tenant_id] = self._read(tenant_id, stamp)
            except (ValueError, yaml.YAMLError, OSError) as error:
                raise ValueError(f"{tenant_id}/desk.yaml: {_line(error)}") from error
            self._seen[tenant_id] = stamp

    def of_tenant(self, tenant_id: str) -> DeskRules:
        """Give a tenant's rules, as the file is now."""
        stamp = self._stamp(tenant_id)
        if self._seen.get(tenant_id) != stamp:
            self._seen[tenant_id] = stamp
            try:
                self._found[tenant_id] = self._read(tenant_id, stamp)
            except (ValueError, yaml.YAMLError, OSError):
                self._log.warning("desk-rules-not-usable", tenant_id=tenant_id)
        return self._found.get(tenant_id, self._standard)

    def _stamp(self, tenant_id: str) -> int:
        if self._folder is None:
            return 0
        try:
            return self._path(tenant_id).stat().st_mtime_ns
        except OSError:
            return 0

    def _path(self, tenant_id: str) -> Path:
        assert self._folder is not None, "there is a folder"
        return self._folder / tenant_id / "desk.yaml"

    def _read(self, tenant_id: str, stamp: int) -> DeskRules:
        if not stamp:
            return self._standard
        data: Any = yaml.safe_load(self._path(tenant_id).read_text(encoding="utf-8"))
        if not isinstance(data, dict):
            raise ValueError("not a mapping")  # noqa: TRY004 - a fault of the file, as any other
        standard = msgspec.to_builtins(self._standard)
        accuracy = data.get("accuracy", {})
        if isinstance(accuracy, dict):
            data = {**data, "accuracy": {**standard["accuracy"], **accuracy}}
        return msgspec.convert({**standard, **data}, DeskRules)


_LINE_MAX: Final = 200


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0][:_LINE_MAX]
