"""Several short selects in one round trip, which takes longer than the selects themselves."""

from collections import namedtuple
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.engine import Connection

PARSERS: dict[type[Any], Callable[[bytes], Any]] = {
    sa.Integer: int,
    sa.Float: float,
    sa.String: bytes.decode,
    sa.Boolean: lambda value: value != b"0",
    sa.DateTime: lambda value: datetime.fromisoformat(value.decode()),
}
"""The parsers of values by type, for all travel as bytes."""


class BatchedSelects:
    """Named selects, joined once and run with the same values. Their order of rows does not count.

    Columns of different selects become one column. So all travel as bytes: texts of different collations, as in a
    database that was moved between servers, are no error then. The server converts other character sets to ours first.
    """

    def __init__(self, **selects: sa.Select[Any]) -> None:
        width = max(len(select.selected_columns) for select in selects.values())
        self.query = sa.union_all(*(_one(name, select, width) for name, select in selects.items()))
        self.row_types: dict[str, Callable[..., Any]] = {
            name: namedtuple(name, select.selected_columns.keys()) for name, select in selects.items()
        }
        self.parsers = {
            name: [PARSERS[type(column.type)] for column in select.selected_columns] for name, select in selects.items()
        }

    def ask(self, db: Connection, values: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return the rows of each select, by its name, with values under the names of its columns."""
        rows: dict[str, list[Any]] = {name: [] for name in self.row_types}
        for encoded, *cells in db.execute(self.query, values):
            name = encoded.decode()
            row = (None if it is None else parse(it) for parse, it in zip(self.parsers[name], cells, strict=False))
            rows[name].append(self.row_types[name](*row))
        return rows


def _one(name: str, select: sa.Select[Any], width: int) -> sa.Select[*tuple[Any, ...]]:
    columns = map(_bytes, select.selected_columns)
    filled = (column for _, column in zip_longest(range(width), columns, fillvalue=sa.null()))
    return select.with_only_columns(sa.cast(sa.literal(name), sa.LargeBinary), *filled, maintain_column_froms=True)


def _bytes(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    text = sa.cast(column, CHAR(charset="utf8mb4")) if type(column.type) is sa.String else column
    return sa.cast(text, sa.LargeBinary)
