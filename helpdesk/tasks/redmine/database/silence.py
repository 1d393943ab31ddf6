"""Redmine's database does not answer: which of the driver's errors mean that, and what else they say."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from helpdesk.errors import Unavailable

TOO_LONG = {1969, 3024, 1317}
"""A statement that the server ended: MariaDB's limit, MySQL's, and somebody who killed it."""
GONE = {2006, 2013}
NO_SUCH_TABLE = 1146


class Silent(Unavailable):
    """No answer from Redmine's database. `number` is what MySQL calls the error by, 0 without one.

    `is_down`: it concerns everybody, not this question alone. `is_cut`: the line was closed by the other side.
    """

    def __init__(self, why: str, number: int = 0, *, is_down: bool = False, is_cut: bool = False) -> None:
        super().__init__(detail=f"Redmine's database: {why}")
        self.number, self.is_down, self.is_cut = number, is_down, is_cut


def silent(error: DBAPIError | TimeoutError) -> Silent | None:
    """What an error means, if it means that; nothing for a question that makes no sense, which is our own mistake.

    Never the error's own text: it may name people.
    """
    if not isinstance(error, DBAPIError):
        return Silent("all connections are taken", is_down=True)
    code = _code(error)
    if isinstance(error, OperationalError | InterfaceError) or code == NO_SUCH_TABLE:
        cut = code in GONE and "timed out" not in str(error.orig)
        return Silent(f"{type(error.orig).__name__} {code}", code, is_down=code not in TOO_LONG, is_cut=cut)
    return None


def _code(error: DBAPIError) -> int:
    told = error.orig.args[0] if error.orig and error.orig.args else 0
    return told if isinstance(told, int) else 0
