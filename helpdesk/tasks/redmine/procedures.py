"""Call the stored procedures of another Redmine's database, which report numbers of their own."""

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.errors import BadResponse
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

MOST_ROWS = 2_000
PRESENT = sa.text(
    "SELECT routine_name FROM information_schema.routines"
    " WHERE routine_schema = DATABASE() AND routine_type = 'PROCEDURE'"
)
CALLS = {
    "Classific": sa.text("CALL `Classific`(:first, :last)"),
    "resorts": sa.text("CALL `resorts`(:first, :last)"),
    "up_TypesRequests_ITS": sa.text("CALL `up_TypesRequests_ITS`(:first, :last, :tracker)"),
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
            return await self.database.run(lambda db: _rows(db, name, values))


def _rows(db: Connection, name: str, values: Mapping[str, str]) -> list[Mapping[str, object]]:
    result = db.execution_options(stream_results=True).execute(CALLS[name], values)
    rows = result.mappings().fetchmany(MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        db.invalidate()  # or the rest would be read before the connection is used again
        raise BadResponse(detail=f"the procedure {name} has more than {MOST_ROWS} rows")
    return [dict(row) for row in rows]
