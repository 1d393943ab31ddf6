"""The tables and rights that we need in Redmine's database: the statements that grant them, and their check."""

import re
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from helpdesk.tasks.redmine.sql.tables import COMPANY, REDMINE, SECOND

SECRETS = {
    "tokens": "SELECT value FROM tokens LIMIT 0",
    "users.hashed_password": "SELECT hashed_password FROM users LIMIT 0",
}
"""Secrets of Redmine that our user should not read: API keys in clear, and the hashes of passwords."""
HARMLESS = {"USAGE", "SELECT", "SHOW VIEW"}
COLUMNS_OF_RIGHT = re.compile(r"\([^()]*+\)")
COLUMNS = sa.text(
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = DATABASE() AND table_name IN :tables"
).bindparams(sa.bindparam("tables", expanding=True))


def missing(db: Connection) -> list[str]:
    """Return the tables, and columns as `table.column`, that we read and that this user does not find."""
    present: dict[str, set[str]] = {}
    for table, column in db.execute(COLUMNS, {"tables": sorted(REDMINE.tables)}):
        present.setdefault(table, set()).add(column)
    return [name for table in REDMINE.sorted_tables for name in _missing_of(table, present.get(table.name))]


def _missing_of(table: sa.Table, present: set[str] | None) -> list[str]:
    if present is None:
        return [table.name]
    return [f"{table.name}.{column.name}" for column in table.columns if column.name not in present]


def too_much(db: Connection, allowed: Collection[str] = ()) -> list[str]:
    """Return the rights of this user beyond reading our tables and those `allowed`, such as `SELECT on tokens` or
    `UPDATE`."""
    read = [f"SELECT on {name}" for name, statement in SECRETS.items() if _may(db, statement)]
    others = writes(row[0] for row in db.execute(sa.text("SHOW GRANTS")))
    return [*read, *(right for right in others if right not in allowed)]


def writes(granted: Iterable[str]) -> list[str]:
    """Return the rights other than reading in the lines of SHOW GRANTS; a role's own line names it and no right."""
    rights: set[str] = set()
    for line in granted:
        listed, _, to = line.partition(" ON ")
        if listed.startswith("GRANT ") and " TO " in to:
            without_columns = COLUMNS_OF_RIGHT.sub("", listed.removeprefix("GRANT "))
            rights |= {right.strip() for right in without_columns.split(",")}
    return sorted(rights - HARMLESS)


def _may(db: Connection, statement: str) -> bool:
    try:
        db.execute(sa.text(statement))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return False
    return True


BY_COLUMNS = {"users"}
"""Tables that hold password hashes, of which only our columns may be read."""
PLACEHOLDER = "a password of its own"


def create_user(user: str, host: str, password: str = PLACEHOLDER) -> str:
    return f"CREATE USER {_account(user, host)} IDENTIFIED BY {_text(password)};"


def grants(database: str, user: str, host: str, company: Iterable[str] = ()) -> list[str]:
    """Return SELECT on each table that we read, and on those of the company's own tables that are there."""
    tables = [*_by_name(REDMINE), *(table for table in _by_name(COMPANY) if table.name in set(company))]
    return [_grant(table, database, _account(user, host)) for table in tables]


def script(database: str, user: str, host: str) -> str:
    """Return the script that an administrator of the database runs; the company's own tables are comments in it."""
    return "\n".join(
        [
            create_user(user, host),
            *grants(database, user, host),
            "-- Only where your Redmine has them, names of statuses and priorities in words of your own:",
            *(f"-- {_grant(table, database, _account(user, host))}" for table in _by_name(COMPANY)),
        ]
    )


def second_script(database: str, user: str, host: str) -> str:
    """Return the script for a second Redmine, whose users are also found by their e-mail; calls are a choice."""
    account = _account(user, host)
    return "\n".join(
        [
            create_user(user, host),
            *grants(database, user, host),
            *(_grant(table, database, account) for table in _by_name(SECOND)),
            "-- Only to compare with stored procedures that are there:",
            f"-- GRANT EXECUTE ON {_name(database)}.* TO {account};",
        ]
    )


def _grant(table: sa.Table, database: str, account: str) -> str:
    columns = f" ({', '.join(_name(column.name) for column in table.columns)})" if table.name in BY_COLUMNS else ""
    return f"GRANT SELECT{columns} ON {_name(database)}.{_name(table.name)} TO {account};"


def _by_name(tables: sa.MetaData) -> list[sa.Table]:
    return sorted(tables.tables.values(), key=lambda table: table.name)


def _account(user: str, host: str) -> str:
    return f"{_text(user)}@{_text(host)}"


def _name(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
