"""Carry to the record of acts who acts in a request, and from where.

A request sets it; `Database.run` hands it to the thread that does the work, since threads do not copy contexts.
Commands and background tasks have none.
"""

from contextvars import ContextVar

ACTING = "acting"
"""The key in the `info` of each session of the store."""


class Acting:
    """The address that a request comes from, and its person as soon as that is known."""

    __slots__ = ("address", "person_id")

    def __init__(self, address: str = "") -> None:
        self.address = address
        self.person_id: int | None = None


_current: ContextVar[Acting | None] = ContextVar("acting", default=None)


def begin(address: str) -> Acting:
    """Begin a request from an address, in which nobody acts yet."""
    acting = Acting(address)
    _current.set(acting)
    return acting


def current() -> Acting | None:
    """Return who acts now; None outside of requests."""
    return _current.get()


def known(person_id: int | None) -> None:
    """Note who acts in the current request."""
    if acting := _current.get():
        acting.person_id = person_id
