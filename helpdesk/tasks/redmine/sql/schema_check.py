"""Whether it is a Redmine's database at all, and whether its user may do more than we need."""

import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from helpdesk.tasks.redmine.sql.tables import REDMINE

SECRETS = {
    "tokens": "SELECT value FROM tokens LIMIT 0",
    "users.hashed_password": "SELECT hashed_password FROM users LIMIT 0",
}
"""What nobody but Redmine should read: API keys in clear, and the hashes of passwords."""
HARMLESS = {"USAGE", "SELECT", "SHOW VIEW"}
COLUMNS_OF_RIGHT = re.compile(r"\([^()]*+\)")
COLUMNS = sa.text(
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND table_name IN :tables"
).bindparams(sa.bindparam("tables", expanding=True))


def missing(db: Connection) -> list[str]:
    """Tables, and columns as `table.column`, that we read and that are not there, or not for this user."""
    there: dict[str, set[str]] = {}
    for table, column in db.execute(COLUMNS, {"tables": sorted(REDMINE.tables)}):
        there.setdefault(table, set()).add(column)
    return [name for table in REDMINE.sorted_tables for name in _lacking(table, there.get(table.name))]


def _lacking(table: sa.Table, there: set[str] | None) -> list[str]:
    if there is None:
        return [table.name]
    return [f"{table.name}.{column.name}" for column in table.columns if column.name not in there]


def too_much(db: Connection) -> list[str]:
    """Return the rights of this user beyond reading our tables, such as `SELECT on tokens` or `UPDATE`."""
    read = [f"SELECT on {name}" for name, statement in SECRETS.items() if _may(db, statement)]
    return read + writes(row[0] for row in db.execute(sa.text("SHOW GRANTS")))


def writes(granted: Iterable[str]) -> list[str]:
    """The rights other than to read in the lines of SHOW GRANTS; a role's own line names it and no right."""
    rights: set[str] = set()
    for line in granted:
        given, _, to = line.partition(" ON ")
        if given.startswith("GRANT ") and " TO " in to:
            named = COLUMNS_OF_RIGHT.sub("", given.removeprefix("GRANT "))
            rights |= {right.strip() for right in named.split(",")}
    return sorted(rights - HARMLESS)


def _may(db: Connection, statement: str) -> bool:
    try:
        db.execute(sa.text(statement))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    return True
