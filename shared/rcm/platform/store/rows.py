"""How a `Row` becomes parameters of a statement: columns in order, values as stored."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import JSON, Column, Dialect, MetaData, Table

from rcm.domain import Row

TENANT: Final = "tenant_id"

_Bind = Callable[[Any], Any] | None

_encode: Final = msgspec.json.Encoder().encode


class BoundRow(NamedTuple):
    """A row ready to be written.

    Attributes:
        table: Its table.
        key: Values of the primary key, the tenant first.
        values: Values of the other columns in their order; None deletes the row.
    """

    table: str
    key: tuple[Any, ...]
    values: tuple[Any, ...] | None


class TableShape:
    """The columns of a table as its writer needs them."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        names = [column.name for column in table.primary_key.columns]
        if names[:1] != [TENANT]:
            raise ValueError(f"{table.name}: the primary key must begin with {TENANT}")
        self.name: Final = table.name
        self.key: Final = tuple(names)
        self.others: Final = tuple(c.name for c in table.columns if c.name not in names)
        self.types: Final = {c.name: c.type.compile(dialect=dialect) for c in table.columns}
        binds = {column.name: _bind_of(column, dialect) for column in table.columns}
        self._bind_key = _binder(self.key[1:], binds)
        self._bind_others = _binder(self.others, binds)

    def bind(self, tenant_id: str, row: Row) -> BoundRow:
        """Order and convert the values of a row.

        Raises:
            KeyError: A column is missing: a row names all of them.
        """
        return BoundRow(
            self.name,
            (tenant_id, *self._bind_key(row.key)),
            None if row.values is None else self._bind_others(row.values),
        )


def shapes_of(metadata: MetaData, dialect: Dialect) -> dict[str, TableShape]:
    """Describe every table of a service."""
    return {table.name: TableShape(table, dialect) for table in metadata.sorted_tables}


def _bind_of(column: Column[Any], dialect: Dialect) -> _Bind:
    """What converts a column's values; JSON is written by msgspec, for a fold writes much of it."""
    if isinstance(column.type, JSON):
        null_is_null = column.type.none_as_null
        return lambda value: None if value is None and null_is_null else _encode(value).decode()
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _binder(
    names: Sequence[str], binds: Mapping[str, _Bind]
) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Make what takes values in the order of columns, converting those that need it."""
    if not names:
        return lambda _values: ()
    # itemgetter gives a tuple for two names and more.
    take = itemgetter(*names) if len(names) > 1 else None
    converted = [(at, bind) for at, name in enumerate(names) if (bind := binds[name]) is not None]

    def bound(values: Mapping[str, Any]) -> tuple[Any, ...]:
        found = take(values) if take is not None else (values[names[0]],)
        if not converted:
            return found
        changed = list(found)
        for at, bind in converted:
            changed[at] = bind(changed[at])
        return tuple(changed)

    return bound
