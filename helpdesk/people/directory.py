"""The port of directories, which check passwords."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from helpdesk.people.model import Person

Checking = Callable[[str, str], Awaitable[str]]
"""Called with a login and a password before the check; returns the password to check instead.

An error that it raises prevents the check.
"""


async def unlimited(login: str, password: str) -> str:
    """Return the password unchanged: any number of attempts is allowed."""
    return password


class Directory(Protocol):
    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Person | None:
        """Return the person with this login (or e-mail, where the directory knows it) and password, else None.

        Takes as long for an unknown login as for a wrong password. Raises Unavailable when the directory fails.
        """
