"""How a connection to Redmine's database is made ready: it reads only, and the server itself ends what takes long."""

from contextlib import closing
from typing import Any

STATEMENT_SECONDS = 3
"""Less than READ_SECONDS of the connection: the server gives up first, and works on nothing that nobody awaits."""
UNKNOWN_VARIABLE = 1193
LIMITS = (
    f"SET SESSION max_statement_time = {STATEMENT_SECONDS}",  # MariaDB, from 10.1
    f"SET SESSION max_execution_time = {STATEMENT_SECONDS * 1000}",  # MySQL, from 5.7.8
)


def prepare(connection: Any, _: object) -> None:
    """For SQLAlchemy's `connect`. A server that knows neither limit has none."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        for limit in LIMITS:
            if _is_known(connection, cursor, limit):
                return


def _is_known(connection: Any, cursor: Any, statement: str) -> bool:
    try:
        cursor.execute(statement)
    except connection.Error as error:
        if error.args[0] != UNKNOWN_VARIABLE:
            raise
        return False
    return True
