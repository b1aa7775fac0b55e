"""The tenants' ways of asking, on disk: `queries.yaml` and templates, read again when they change.

    <profiles_dir>/<tenant>/queries.yaml             channels, due times, escalation, hours
    <profiles_dir>/<tenant>/query-templates/*.yaml   templates; one with our id replaces ours

A file that cannot be used leaves what was there before, and is said to the operator.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import yaml

from coding_svc.rules.query_lint import has_errors
from coding_svc.rules.query_policy import QueryPolicy
from coding_svc.rules.query_template import Template

T = TypeVar("T")

_SHIPPED: Final = Path(__file__).parents[1] / "rules" / "query_templates"


class TenantQueries(msgspec.Struct, frozen=True):
    """How one tenant asks.

    Attributes:
        policy: Channels, due times, escalation, hours.
        templates: By id.
    """

    policy: QueryPolicy
    templates: dict[str, Template]

    @property
    def required(self) -> dict[str, Sequence[str]]:
        """Slots that each template asks for."""
        return {name: template.required for name, template in self.templates.items()}


class QueryBook:
    """Reads them; holds one answer for each tenant.

    Attributes:
        faults: What is wrong with files as they are now, by their path below the folder.
    """

    def __init__(self, folder: Path | None) -> None:
        self.faults: Final[dict[str, str]] = {}
        self._folder = folder
        self._shipped = {t.template_id: t for t in map(_template, sorted(_SHIPPED.glob("*.yaml")))}
        self._seen: dict[str, tuple[tuple[Path, int], ...]] = {}
        self._found: dict[str, TenantQueries] = {}

    def of_tenant(self, tenant_id: str) -> TenantQueries:
        """Give a tenant's ways of asking, as the files are now."""
        paths = self._paths(tenant_id)
        stamps = tuple((path, path.stat().st_mtime_ns) for path in paths)
        if self._seen.get(tenant_id) != stamps:
            self._seen[tenant_id] = stamps
            self._found[tenant_id] = self._read(tenant_id, paths)
        return self._found[tenant_id]

    def _paths(self, tenant_id: str) -> list[Path]:
        if self._folder is None:
            return []
        policy = self._folder / tenant_id / "queries.yaml"
        own = sorted((self._folder / tenant_id / "query-templates").glob("*.yaml"))
        return [*([policy] if policy.is_file() else []), *own]

    def _read(self, tenant_id: str, paths: Sequence[Path]) -> TenantQueries:
        before = self._found.get(tenant_id)
        policy = QueryPolicy()
        templates = dict(self._shipped)
        for path in paths:
            name = f"{tenant_id}/{path.name}"
            try:
                if path.name == "queries.yaml":
                    policy = QueryPolicy.of(_data(path))
                else:
                    template = _template(path)
                    templates[template.template_id] = template
            except (ValueError, KeyError, yaml.YAMLError, OSError) as error:
                self.faults[name] = str(error).partition("\n")[0][:200]
                policy = before.policy if before and path.name == "queries.yaml" else policy
                continue
            self.faults.pop(name, None)
        return TenantQueries(policy, templates)


def _template(path: Path) -> Template:
    """Read a template; one that would lead is refused like a malformed one."""
    template = Template.of(_data(path))
    found = template.faults()
    if has_errors(found):
        named = "; ".join(f"{f.rule_id} at {f.path}" for f in found if f.severity == "error")
        raise ValueError(f"{template.template_id}: {named}")
    return template


def _data(path: Path) -> Mapping[str, Any]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("not a mapping")  # noqa: TRY004 - a fault of the file, as any other
    return data
