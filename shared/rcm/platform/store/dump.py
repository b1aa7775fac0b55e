"""The canonical dump of a store: all that a rebuild must give again, hashed table by table."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from sqlalchemy import Column, String, Table, Text, collate, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from rcm.platform.manifest import Manifest
from rcm.platform.store.tables import TENANT_TABLES

_ROWS: Final = 2_000
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


async def dump_hashes(connection: AsyncConnection, manifest: Manifest) -> dict[str, str]:
    """Hash each table of a service, the kernel's first; transport is left out.

    On PostgreSQL the connection must be the owner's: no other role sees every tenant.
    """
    found = {}
    for table in (*TENANT_TABLES, *manifest.metadata.sorted_tables):
        digest = hashlib.sha256()
        async for lines in dump_lines(connection, table):
            digest.update(lines)
        found[table.name] = digest.hexdigest()
    return found


async def dump_lines(connection: AsyncConnection, table: Table) -> AsyncIterator[bytes]:
    """Write each row of a table as a line of canonical JSON, in the order of the primary key.

    Yields many lines at a time.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(text("set local app.tenants = '*'"))
    order = [_bytewise(column, connection) for column in table.primary_key.columns]
    columns = sorted(table.columns, key=lambda column: column.name)
    rows = await connection.stream(select(*columns).order_by(*order))
    async for part in rows.partitions(_ROWS):
        yield b"\n".join([_encode(tuple(row)) for row in part]) + b"\n"


def _bytewise(column: Column[Any], connection: AsyncConnection) -> Any:
    """Order text by its bytes on every database."""
    is_text = isinstance(column.type, String | Text)
    return collate(column, "C") if is_text and connection.dialect.name == "postgresql" else column
