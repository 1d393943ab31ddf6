"""Define the tables of our store: `tables.py` names them all. Here are the column types and helpers that they share.

Tables `tracker_…` are those of the embedded backend; a task's tracker is its `kind_id`.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT, VARCHAR
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeEngine
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

LONG = sa.Text().with_variant(LONGTEXT(), "mysql", "mariadb")


def exact(length: int) -> sa.String:
    """Return the type of texts that are the same only in each letter. For MySQL é is e unless a column says more."""
    return sa.String(length).with_variant(VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb")


class Moment(UTCDateTime):
    """An aware time with microseconds. MySQL would cut it to whole seconds by default."""

    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(DATETIME(fsp=6))
        return super().load_dialect_impl(dialect)


def table(model: type[SQLModel]) -> sa.Table:
    """Return the table of a model, to select columns from."""
    result: sa.Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
    return result


def fitting(model: type[SQLModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the texts of a row to the lengths of their columns: the backend's texts may be longer."""
    columns = table(model).c
    lengths = {name: getattr(columns[name].type, "length", None) for name in values}
    return {name: value[: lengths[name]] if isinstance(value, str) else value for name, value in values.items()}
