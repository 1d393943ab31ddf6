"""The statements that make a database user who may read what we read, and nothing else."""

from collections.abc import Iterable

import sqlalchemy as sa

from helpdesk.tasks.redmine.sql.tables import COMPANY, REDMINE

BY_COLUMNS = {"users"}
"""Tables of which only our columns may be read: the hashes of passwords lie there."""
PLACEHOLDER = "a password of its own"


def create_user(user: str, host: str, password: str = PLACEHOLDER) -> str:
    return f"CREATE USER {_account(user, host)} IDENTIFIED BY {_text(password)};"


def grants(database: str, user: str, host: str, company: Iterable[str] = ()) -> list[str]:
    """SELECT on each table that we read, and on those tables of the company's own that are there."""
    tables = [*_by_name(REDMINE), *(table for table in _by_name(COMPANY) if table.name in set(company))]
    return [_grant(table, database, _account(user, host)) for table in tables]


def script(database: str, user: str, host: str) -> str:
    """All of it, to be run by an administrator of the database; the company's own tables as remarks."""
    own = [f"-- {_grant(table, database, _account(user, host))}" for table in _by_name(COMPANY)]
    lines = [
        create_user(user, host),
        *grants(database, user, host),
        "-- Only where your Redmine has them, names of statuses and priorities in words of your own:",
        *own,
    ]
    return "\n".join(lines)


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
