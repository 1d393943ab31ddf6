"""Failures of Redmine's database: what its errors mean."""

from pathlib import Path
from traceback import extract_tb

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from helpdesk.errors import Unavailable

OURS = f"{Path(__file__).parents[3]}/"
TOO_LONG = {1969, 3024, 1317}
"""A statement that the server ended: MariaDB's limit, MySQL's, and somebody who killed it."""
GONE = {2006, 2013}
NO_SUCH_TABLE = 1146
DOWN = {
    *(1040, 1042, 1043, 1047, 1053, 1129, 1130, 1184, 1203, 1226, 1927, 4031, *range(1152, 1162)),  # no connection
    *(1044, 1045, 1049, 1142, 1143, 1227, 1251, 1524, 1698, 1820, 1862, 3118, 3159, 4151),  # our user is not let in
    *(1054, NO_SUCH_TABLE),  # it is no Redmine's, or of a version that we do not know
}
"""What the server says to everybody, whatever is asked; besides, all numbers that are the driver's own."""


class Silent(Unavailable):
    """No answer from Redmine's database. `number` is MySQL's number of the error, 0 without one.

    `is_down`: it concerns everybody, not this query alone. `is_cut`: the other side closed the connection.
    """

    def __init__(self, reason: str, number: int = 0, *, is_down: bool = False, is_cut: bool = False) -> None:
        super().__init__(detail=f"Redmine's database: {reason}")
        self.number, self.is_down, self.is_cut = number, is_down, is_cut


class Unreadable(Silent):
    """The database answers with what we can't read: other character sets, values of other kinds."""


def silent(error: DBAPIError | TimeoutError) -> Silent | None:
    """Return the Silent that an error means; None where the query itself is at fault.

    Never the error's own text: it may name people.
    """
    if not isinstance(error, DBAPIError):
        return Silent("all connections are taken", is_down=True)
    code = _code(error)
    if code in TOO_LONG | DOWN or (isinstance(error, OperationalError | InterfaceError) and _is_drivers(code)):
        cut = code in GONE and "timed out" not in str(error.orig)
        return Silent(f"{type(error.orig).__name__} {code}", code, is_down=code not in TOO_LONG, is_cut=cut)
    return None


def unreadable(error: Exception) -> Unreadable:
    """Return the Unreadable of an error, with the place in our code, without the error's own text."""
    code = f" {_code(error)}" if isinstance(error, DBAPIError) else ""
    ours = [frame for frame in extract_tb(error.__traceback__) if frame.filename.startswith(OURS)]
    where = f" at {ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else ""
    return Unreadable(f"{type(error).__name__}{code}{where}")


def _is_drivers(code: int) -> bool:
    return code < 1000 or 2000 <= code < 3000


def _code(error: DBAPIError) -> int:
    code = error.orig.args[0] if error.orig and error.orig.args else 0
    return code if isinstance(code, int) else 0
