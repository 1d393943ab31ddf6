"""Call the stored procedures of another Redmine's database, which report numbers of their own."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date
from itertools import islice

import sqlalchemy as sa
from pymysql.cursors import SSCursor  # type: ignore[import-untyped]  # ships no types
from sqlalchemy.engine import Connection

from helpdesk.errors import BadResponse
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

MOST_ROWS = 2_000
READ_AT_ONCE = 1_000
PRESENT = sa.text(
    "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE'"
)
CALLS = {
    "Classific": "CALL `Classific`(%(first)s, %(last)s)",
    "resorts": "CALL `resorts`(%(first)s, %(last)s)",
    "up_TypesRequests_ITS": "CALL `up_TypesRequests_ITS`(%(first)s, %(last)s, %(tracker)s)",
}


class RedmineProcedures:
    """Their connections only read, so that a procedure that writes a table is refused by the database."""

    def __init__(self, database: RedmineDatabase) -> None:
        self.database = database

    async def present(self) -> tuple[str, ...]:
        """Return the procedures that we know and that our user sees. Raises Silent."""
        with self.database.readable():
            names = await self.database.run(lambda db: [str(it) for it in db.scalars(PRESENT)])
        return tuple(name for name in CALLS if name in names)

    async def call(
        self, name: str, first: date, last: date, tracker_id: int | None = None
    ) -> Sequence[Mapping[str, object]]:
        """Return the rows of a call. Raises Silent, and BadResponse for more than MOST_ROWS."""
        values = {"first": f"{first} 00:00:00", "last": f"{last} 23:59:59"}
        if tracker_id is not None:
            values["tracker"] = str(tracker_id)
        with self.database.readable():
            rows = await self.database.run(lambda db: _rows(db, name, values))
        if len(rows) > MOST_ROWS:
            raise BadResponse(detail=f"the procedure {name} has more than {MOST_ROWS} rows")
        return rows


def _rows(db: Connection, name: str, values: Mapping[str, str]) -> list[Mapping[str, object]]:
    """Return the first rows of the first answer. The others are read, too, or the connection could ask nothing more,
    but not kept.

    The driver's own cursor is used, since a Result of SQLAlchemy ends with the first answer.
    """
    with closing(db.connection.cursor(SSCursor)) as cursor:
        cursor.execute(CALLS[name], values)
        columns = [column[0] for column in cursor.description or ()]
        rows = list(islice(iter(cursor.fetchone, None), MOST_ROWS + 1))
        _read_out(cursor)
        while cursor.nextset():
            _read_out(cursor)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _read_out(cursor: SSCursor) -> None:
    while cursor.fetchmany(READ_AT_ONCE):
        pass
