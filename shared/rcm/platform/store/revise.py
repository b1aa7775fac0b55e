"""Write a service's next Alembic revision from its tables: `... claims_svc.main "what changed"`."""

import importlib
import re
import sys
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, create_engine

from rcm.platform.manifest import Manifest
from rcm.platform.store.migrate import scripts_of, upgrade
from rcm.platform.store.tables import KERNEL

_TEMPLATE = '''"""{message}."""

import sqlalchemy as sa
from alembic import op
{extra}
revision = "{revision}"
down_revision = {before!r}


def upgrade():
{body}
'''


def main() -> None:
    """Compare the tables with what the revisions make, and write what is missing."""
    module, message = sys.argv[1:]
    manifest: Manifest = importlib.import_module(module).MANIFEST
    path = revise(manifest, message)
    sys.stdout.write(f"{path}\n" if path else "nothing changed\n")


def revise(manifest: Manifest, message: str) -> Path | None:
    """Write the next revision; None if the revisions already make these tables."""
    manifest.migrations.mkdir(exist_ok=True)
    before = scripts_of(manifest.migrations).get_current_head()
    with create_engine("sqlite://").begin() as connection:
        if before is None:
            KERNEL.create_all(connection)
        else:
            upgrade(connection, manifest)
        wanted = MetaData()
        for table in (*KERNEL.sorted_tables, *manifest.metadata.sorted_tables):
            table.to_metadata(wanted)
        script = produce_migrations(MigrationContext.configure(connection), wanted)
    assert script.upgrade_ops is not None
    if before is not None and script.upgrade_ops.is_empty():
        return None
    body = render_python_code(script.upgrade_ops).replace(
        "sqlmodel.sql.sqltypes.AutoString", "sa.String"
    )
    lines = [line for line in body.splitlines() if "###" not in line]
    if before is None:
        lines.insert(0, "    kernel_tables()")
    revision = f"{int(before or 0) + 1:04}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    path = manifest.migrations / f"{revision}_{slug}.py"
    extra = "" if before else "\nfrom rcm.platform.store.migrate import kernel_tables\n"
    path.write_text(
        _TEMPLATE.format(
            message=message, extra=extra, revision=revision, before=before, body="\n".join(lines)
        ),
        encoding="utf-8",
    )
    return path


if __name__ == "__main__":
    main()
