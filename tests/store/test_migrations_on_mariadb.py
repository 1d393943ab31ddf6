"""On MySQL and MariaDB each statement of a migration stays, so one that is killed must be able to go on."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa
from alembic import command
from sqlmodel import SQLModel

from helpdesk.store import schema
from helpdesk.store.database import Database
from tests.tasks.worlds import EmbeddedWorld

pytestmark = pytest.mark.xdist_group("mariadb")
KILLED_AFTER = 3
"""Statements that change the schema: it is killed between any two of a table, too."""


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def empty(embedded_on_mariadb: EmbeddedWorld) -> Iterator[Database]:
    """An empty database of its own on the server of all."""
    shared = embedded_on_mariadb.database.engine
    with shared.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE helpdesk_migrated")
    database = Database(shared.url.set(database="helpdesk_migrated").render_as_string(hide_password=False))
    yield database
    database.close()
    with shared.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE helpdesk_migrated")


def alembic(database: Database, work: str, revision: str) -> None:
    config = schema.alembic_config()
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        getattr(command, work)(config, revision)


def described(database: Database) -> dict[str, tuple[set[str], set[str]]]:
    """The columns and indexes of each table."""
    inspector = sa.inspect(database.engine)
    return {
        name: (
            {it["name"] for it in inspector.get_columns(name)},
            {str(it["name"]) for it in inspector.get_indexes(name)},
        )
        for name in inspector.get_table_names()
    }


def killed(database: Database, work: Callable[[], object], *words: str) -> int:
    """Do it until it is through, killed each time after a few statements that begin so. Returns how often it was."""
    left = [0]

    def kill(*args: object) -> None:
        if str(args[2]).lstrip().startswith(words):
            left[0] -= 1
            if left[0] < 0:
                raise Killed

    sa.event.listen(database.engine, "before_cursor_execute", kill)
    try:
        for kills in range(50):
            left[0] = KILLED_AFTER
            with suppress(Killed):
                work()
                return kills
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", kill)
    raise AssertionError("it never comes through")


def test_the_last_migration_goes_on_where_it_was_killed_and_goes_back(empty: Database) -> None:
    alembic(empty, "upgrade", "0017")
    before = described(empty)
    kills = killed(empty, lambda: schema.migrate(empty, "production"), "CREATE", "ALTER")
    assert kills > 5 and empty.run_here(schema.is_current)
    made = described(empty)
    for table in SQLModel.metadata.sorted_tables:
        columns, indexes = made[table.name]
        assert columns == {it.name for it in table.columns}
        assert indexes >= {str(it.name) for it in table.indexes}, table.name
    alembic(empty, "downgrade", "0017")
    assert described(empty) == before
    schema.migrate(empty, "production")
    assert described(empty) == made


def test_the_last_migrations_go_back_where_they_were_killed(empty: Database) -> None:
    alembic(empty, "upgrade", "0018")
    before = described(empty)
    schema.migrate(empty, "production")
    made = described(empty)
    assert killed(empty, lambda: alembic(empty, "downgrade", "0018"), "DROP", "ALTER") > 2
    assert described(empty) == before
    schema.migrate(empty, "production")
    assert described(empty) == made
