"""Several short questions in one trip: to Redmine's database a trip is dearer than such an answer."""

from collections import namedtuple
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.engine import Connection

READ: dict[type[Any], Callable[[bytes], Any]] = {
    sa.Integer: int,
    sa.Float: float,
    sa.String: bytes.decode,
    sa.Boolean: lambda value: value != b"0",
    sa.DateTime: lambda value: datetime.fromisoformat(value.decode()),
}
"""How a value of a type is read back from the bytes that it travels as."""


class BatchedSelects:
    """Named selects, put together once and asked with the same values. Their order of rows does not count.

    Columns of different selects meet in one. So all travel as bytes: texts of different collations, which a database
    has that moved from server to server in its life, are no error then. Those of another character set are turned into
    ours by the server first.
    """

    def __init__(self, **asked: sa.Select[Any]) -> None:
        width = max(len(select.selected_columns) for select in asked.values())
        self.query = sa.union_all(*(_one(name, select, width) for name, select in asked.items()))
        self.rows: dict[str, Callable[..., Any]] = {
            name: namedtuple(name, select.selected_columns.keys()) for name, select in asked.items()
        }
        self.reads = {
            name: tuple(READ[type(column.type)] for column in select.selected_columns) for name, select in asked.items()
        }

    def ask(self, db: Connection, values: Mapping[str, Any]) -> dict[str, list[Any]]:
        """The rows of each select, by its name, with values under the names of its columns."""
        found: dict[str, list[Any]] = {name: [] for name in self.rows}
        for what, *cells in db.execute(self.query, values):
            name = what.decode()
            read = (None if each is None else how(each) for how, each in zip(self.reads[name], cells, strict=False))
            found[name].append(self.rows[name](*read))
        return found


def _one(name: str, select: sa.Select[Any], width: int) -> sa.Select[*tuple[Any, ...]]:
    columns = map(_bytes, select.selected_columns)
    filled = (column for _, column in zip_longest(range(width), columns, fillvalue=sa.null()))
    return select.with_only_columns(sa.cast(sa.literal(name), sa.LargeBinary), *filled, maintain_column_froms=True)


def _bytes(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bytes]:
    text = sa.cast(column, CHAR(charset="utf8mb4")) if type(column.type) is sa.String else column
    return sa.cast(text, sa.LargeBinary)
