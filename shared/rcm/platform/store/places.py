"""Where a service's store is, where a fresh one is folded, and how they change places."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from rcm.platform.log.port import TopicPartition
from rcm.platform.manifest import Manifest
from rcm.platform.settings import Settings
from rcm.platform.store.dump import dump_hashes
from rcm.platform.store.migrate import check_migrated, migrate
from rcm.platform.store.port import Store, StreamKey
from rcm.platform.store.postgres import PostgresStore, sqlalchemy_url
from rcm.platform.store.rows import TableShape
from rcm.platform.store.sqlite import SqliteStore
from rcm.platform.store.tables import CONSUMED, STREAM

FRESH: Final = "rebuild"


class StoreInUse(RuntimeError):
    """The service runs; its store cannot be changed for another."""


class ShapedStore(Store, Protocol):
    """A store that knows its tables."""

    @property
    def shapes(self) -> Mapping[str, TableShape]:
        """Its tables by name."""
        ...


class Place(Protocol):
    """The live store and the one that is folded beside it."""

    async def open(self) -> ShapedStore:
        """Open the live store, its tables up to date."""
        ...

    async def open_live(self) -> ShapedStore | None:
        """Open the live store as it is; None if there is none."""
        ...

    async def open_fresh(self) -> ShapedStore:
        """Make an empty store; an unfinished earlier one is thrown away."""
        ...

    async def hashes_live(self) -> Mapping[str, str]:
        """Hash the live store."""
        ...

    async def hashes_fresh(self) -> Mapping[str, str]:
        """Hash the fresh store."""
        ...

    async def consumed_live(self) -> Mapping[TopicPartition, int]:
        """Tell how far the live store had handled its upstream."""
        ...

    async def versions_live(self) -> Mapping[StreamKey, int]:
        """Tell the version of every stream in the live store."""
        ...

    async def swap(self) -> str:
        """Put the fresh store in place; returns where the old one is kept."""
        ...


def place_of(manifest: Manifest, settings: Settings) -> Place:
    """Tell where a service's store is by the settings."""
    if settings.postgres_url:
        return PostgresPlace(manifest, settings)
    return SqlitePlace(manifest, settings)


class SqlitePlace:
    """Files in the data folder; a swap is a rename."""

    def __init__(self, manifest: Manifest, settings: Settings) -> None:
        folder = settings.data_dir / "stores"
        folder.mkdir(parents=True, exist_ok=True)
        self._manifest = manifest
        self._live = folder / f"{manifest.service.name}.db"
        self._fresh = folder / f"{manifest.service.name}.{FRESH}.db"

    async def open(self) -> SqliteStore:
        """Open the live store, its tables up to date."""
        await migrate(_sqlite_url(self._live), self._manifest)
        return SqliteStore(self._live, self._manifest)

    async def open_live(self) -> SqliteStore | None:
        """Open the live store as it is."""
        return SqliteStore(self._live, self._manifest) if self._live.exists() else None

    async def open_fresh(self) -> SqliteStore:
        """Make an empty store."""
        for path in _files(self._fresh):
            path.unlink(missing_ok=True)
        await migrate(_sqlite_url(self._fresh), self._manifest)
        return SqliteStore(self._fresh, self._manifest)

    async def hashes_live(self) -> Mapping[str, str]:
        """Hash the live store."""
        return await _hashes(_sqlite_url(self._live), self._manifest)

    async def hashes_fresh(self) -> Mapping[str, str]:
        """Hash the fresh store."""
        return await _hashes(_sqlite_url(self._fresh), self._manifest)

    async def consumed_live(self) -> Mapping[TopicPartition, int]:
        """Tell how far the live store had handled its upstream."""
        return await _consumed(_sqlite_url(self._live))

    async def versions_live(self) -> Mapping[StreamKey, int]:
        """Tell the version of every stream in the live store."""
        return await _versions(_sqlite_url(self._live))

    async def swap(self) -> str:
        """Rename: the old one, then the fresh one. A crash between leaves no live store, and the
        next start or rebuild makes it again from the log.
        """
        kept = self._live.with_suffix(f".{_now()}.old.db")
        for path in _files(self._live):
            if path.exists():
                path.replace(kept.with_name(kept.name + path.name[len(self._live.name) :]))
        for path in _files(self._fresh):
            if path.exists():
                name = self._live.name + path.name[len(self._fresh.name) :]
                path.replace(self._live.with_name(name))
        return str(kept)


class PostgresPlace:
    """Schemas of the service's database; a swap renames both in one transaction."""

    def __init__(self, manifest: Manifest, settings: Settings) -> None:
        name = manifest.service.name.replace("-", "_")
        self._manifest = manifest
        self._url = settings.postgres_url.replace("{service}", name)
        self._owner_url = settings.postgres_owner_url.replace("{service}", name)
        self._role = urlsplit(self._url).username or ""

    async def open(self) -> PostgresStore:
        """Open the live store; migrate it if we may.

        Raises:
            NotMigrated: Its tables are of another build, and we may not change them.
            UnsafeRole: Its role is not bound by row-level security.
        """
        if self._owner_url:
            await migrate(sqlalchemy_url(self._owner_url), self._manifest, self._role)
        store = PostgresStore(self._url, self._manifest)
        try:
            await store.check_role()
            async with store.administer() as connection:
                await connection.run_sync(check_migrated, self._manifest)
        except BaseException:
            await store.close()
            raise
        return store

    async def open_live(self) -> PostgresStore | None:
        """Open the live store as it is."""
        connection = await asyncpg.connect(self._owner_url)
        try:
            there = await connection.fetchval("select to_regclass('public.stream') is not null")
        finally:
            await connection.close()
        return PostgresStore(self._url, self._manifest) if there else None

    async def open_fresh(self) -> PostgresStore:
        """Make an empty schema."""
        await self._execute(f"drop schema if exists {FRESH} cascade")
        url = sqlalchemy_url(self._owner_url)
        await migrate(url, self._manifest, self._role, schema=FRESH)
        return PostgresStore(self._url, self._manifest, schema=FRESH)

    async def hashes_live(self) -> Mapping[str, str]:
        """Hash the live store, as its owner."""
        return await _hashes(sqlalchemy_url(self._owner_url), self._manifest, "public")

    async def hashes_fresh(self) -> Mapping[str, str]:
        """Hash the fresh store, as its owner."""
        return await _hashes(sqlalchemy_url(self._owner_url), self._manifest, FRESH)

    async def consumed_live(self) -> Mapping[TopicPartition, int]:
        """Tell how far the live store had handled its upstream."""
        return await _consumed(sqlalchemy_url(self._owner_url))

    async def versions_live(self) -> Mapping[StreamKey, int]:
        """Tell the version of every stream in the live store, as its owner."""
        return await _versions(sqlalchemy_url(self._owner_url))

    async def swap(self) -> str:
        """Rename both schemas in one transaction."""
        kept = f"old_{_now()}"
        await self._execute(
            f"begin; alter schema public rename to {kept};"
            f"alter schema {FRESH} rename to public; commit"
        )
        return kept

    async def _execute(self, statements: str) -> None:
        connection = await asyncpg.connect(self._owner_url)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()


async def _hashes(url: str, manifest: Manifest, schema: str = "") -> dict[str, str]:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            if schema:
                await connection.execute(text(f"set local search_path = {schema}"))
            return await dump_hashes(connection, manifest)
    finally:
        await engine.dispose()


async def _consumed(url: str) -> dict[TopicPartition, int]:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            rows = await connection.execute(select(CONSUMED))
            return {TopicPartition(row[0], row[1]): row[2] for row in rows}
    finally:
        await engine.dispose()


async def _versions(url: str) -> dict[StreamKey, int]:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("set local app.tenants = '*'"))
            columns = (STREAM.c.tenant_id, STREAM.c.stream_id, STREAM.c.version)
            return {(row[0], row[1]): row[2] for row in await connection.execute(select(*columns))}
    finally:
        await engine.dispose()


def _sqlite_url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


def _files(path: Path) -> list[Path]:
    """A database and the two files that SQLite keeps beside it."""
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%d%H%M%S%f")
