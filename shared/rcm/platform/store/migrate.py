"""Bringing a store's tables up to date: the same Alembic revisions for SQLite and PostgreSQL.

A service's first revision calls `kernel_tables()`, then makes its own. Row-level security is not
left to revisions: after every upgrade each table that has a tenant gets it, so none can be missed.
"""

from pathlib import Path
from typing import Final

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine

from rcm.platform.manifest import Manifest
from rcm.platform.store.rows import TENANT
from rcm.platform.store.tables import KERNEL

GUARD: Final = (
    f"{TENANT} = any((select string_to_array(current_setting('app.tenants', true), ','))::text[])"
)
"""Which rows a transaction sees and may write: those of the tenants that it named. The sub-select
is evaluated once for a query, not for each row."""

EVERYBODY: Final = "current_setting('app.tenants', true) = '*'"

_PARKED_COUNTS: Final = """
create or replace function parked_counts(out events bigint, out streams bigint)
language plpgsql security definer as $$
declare before text := coalesce(current_setting('app.tenants', true), '');
begin
    perform set_config('app.tenants', '*', true);
    select coalesce(sum(n), 0), count(*) into events, streams from
    (select count(*) n from parked group by tenant_id, source, stream_id) s;
    perform set_config('app.tenants', before, true);
end
$$
"""
"""Counts for the metrics, over all tenants: numbers, never rows."""


class NotMigrated(RuntimeError):
    """The tables are older or newer than this build."""


def kernel_tables() -> None:
    """Make the kernel's tables. For a service's first revision."""
    KERNEL.create_all(op.get_bind())


async def migrate(
    url: str, manifest: Manifest, app_role: str = "", *, schema: str = "public"
) -> None:
    """Upgrade a store to the newest revision.

    Args:
        url: SQLAlchemy's URL, as the owner of the tables.
        manifest: Whose tables.
        app_role: PostgreSQL role of the running service, which gets rights on rows only.
        schema: PostgreSQL schema; made if it is missing.
    """
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            postgres = connection.dialect.name == "postgresql"
            if postgres:
                await connection.execute(text(f'create schema if not exists "{schema}"'))
                await connection.execute(text(f'set search_path = "{schema}"'))
            await connection.run_sync(upgrade, manifest)
            if postgres:
                await connection.run_sync(_secure, app_role, schema)
    finally:
        await engine.dispose()


def upgrade(connection: Connection, manifest: Manifest) -> None:
    """Run the revisions that are missing."""
    scripts = scripts_of(manifest.migrations)

    def missing(revision: object, _context: object) -> object:
        return scripts._upgrade_revs("head", revision)  # type: ignore[arg-type] # noqa: SLF001 - as Alembic's cookbook does

    with EnvironmentContext(Config(), scripts, fn=missing, destination_rev="head") as environment:
        environment.configure(connection=connection, target_metadata=KERNEL)
        with environment.begin_transaction():
            environment.run_migrations()


def check_migrated(connection: Connection, manifest: Manifest) -> None:
    """Refuse a store whose tables are not those of this build.

    Raises:
        NotMigrated: Its revision is another.
    """
    found = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.execute(text("select version_num from alembic_version")).scalar()
    head = scripts_of(manifest.migrations).get_current_head()
    if found != head:
        raise NotMigrated(f"{manifest.service.name}: the store is at {found}, this build at {head}")


def scripts_of(folder: Path) -> ScriptDirectory:
    """Read the revisions of a service.

    Raises:
        NotMigrated: They have more than one newest revision.
    """
    scripts = ScriptDirectory(str(folder), version_locations=[str(folder)])
    try:
        scripts.get_current_head()
    except RevisionError as error:
        raise NotMigrated(str(error)) from error
    return scripts


def _secure(connection: Connection, app_role: str, schema: str) -> None:
    """Row-level security on every table with a tenant, rights on rows for the running service.

    The owner, too, sees nothing unless it asks for all: `set local app.tenants = '*'`, which a
    dump does and which no other role can.
    """
    inspector = inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    for table in inspector.get_table_names(schema):
        names = {column["name"] for column in inspector.get_columns(table, schema)}
        name = quote(table)
        if TENANT in names:
            for statement in (
                f"alter table {name} enable row level security",
                f"alter table {name} force row level security",
                f"drop policy if exists tenant on {name}",
                f"create policy tenant on {name} using ({GUARD}) with check ({GUARD})",
                f"drop policy if exists owner on {name}",
                f"create policy owner on {name} for select to current_user using ({EVERYBODY})",
            ):
                connection.execute(text(statement))
        if app_role:
            rights = "select" if table == "alembic_version" else "select, insert, update, delete"
            connection.execute(text(f"grant {rights} on {name} to {quote(app_role)}"))
    connection.execute(text(_PARKED_COUNTS))
    if app_role:
        for rights in (f"usage on schema {schema}", f"usage on all sequences in schema {schema}"):
            connection.execute(text(f"grant {rights} to {quote(app_role)}"))
