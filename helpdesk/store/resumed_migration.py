"""Let a migration that was killed in the middle be run again: on MySQL each statement stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations


class Present:
    """What a migration that was killed in the middle has made or left: on MySQL each statement stays, so the next run
    goes on where that one ended."""

    def __init__(self) -> None:
        inspector = sa.inspect(op.get_bind())
        self.tables = set(inspector.get_table_names())
        self.columns = {(table, it["name"]) for table in self.tables for it in inspector.get_columns(table)}
        self.indexes = {(table, it["name"]) for table in self.tables for it in inspector.get_indexes(table)}

    def create_table(self, name: str, *parts: sa.schema.SchemaItem, **options: Any) -> None:
        if name not in self.tables:
            op.create_table(name, *parts, **options)

    def drop_table(self, name: str) -> None:
        if name in self.tables:
            op.drop_table(name)

    @contextmanager
    def altering(self, name: str) -> "Iterator[Altering]":
        with op.batch_alter_table(name) as batch_op:
            yield Altering(self, name, batch_op)


class Altering:
    """A table that gets what it has not got yet, or loses what it still has."""

    def __init__(self, there: Present, name: str, batch_op: BatchOperations) -> None:
        self.there, self.name, self.batch_op = there, name, batch_op

    def add_column(self, column: sa.Column[Any]) -> None:
        if (self.name, column.name) not in self.there.columns:
            self.batch_op.add_column(column)

    def create_index(self, name: str, columns: list[str]) -> None:
        if (self.name, name) not in self.there.indexes:
            self.batch_op.create_index(self.batch_op.f(name), columns, unique=False)

    def drop_column(self, name: str) -> None:
        if (self.name, name) in self.there.columns:
            self.batch_op.drop_column(name)

    def drop_index(self, name: str) -> None:
        if (self.name, name) in self.there.indexes:
            self.batch_op.drop_index(self.batch_op.f(name))
