"""How a `Row` becomes parameters of a statement: columns in order, values as stored."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Dialect, MetaData, Table

from rcm.domain import Row

TENANT: Final = "tenant_id"

_Bind = Callable[[Any], Any] | None


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
        self._binds: dict[str, _Bind] = {
            c.name: c.type.dialect_impl(dialect).bind_processor(dialect) for c in table.columns
        }
        self._key_binds = tuple((name, self._binds[name]) for name in self.key[1:])
        self._other_binds = tuple((name, self._binds[name]) for name in self.others)

    def bind(self, tenant_id: str, row: Row) -> BoundRow:
        """Order and convert the values of a row.

        Raises:
            KeyError: A column is missing: a row names all of them.
        """
        return BoundRow(
            self.name,
            (tenant_id, *_take(self._key_binds, row.key)),
            None if row.values is None else tuple(_take(self._other_binds, row.values)),
        )


def shapes_of(metadata: MetaData, dialect: Dialect) -> dict[str, TableShape]:
    """Describe every table of a service."""
    return {table.name: TableShape(table, dialect) for table in metadata.sorted_tables}


def _take(binds: tuple[tuple[str, _Bind], ...], values: Mapping[str, Any]) -> list[Any]:
    return [values[name] if bind is None else bind(values[name]) for name, bind in binds]
