"""The port of directories, which check passwords and know people."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import NamedTuple, Protocol

from helpdesk.people.model import Person

Checking = Callable[[str, str], Awaitable[str]]
"""Called with a login and a password before the check; returns the password to check instead.

An error that it raises prevents the check.
"""


class Profile(NamedTuple):
    """What a directory knows of a person; what it does not know is empty or None.

    `id` is the directory's own id, which stays when the login changes. `redmine_id` is told by Redmine alone, `rights`
    by groups. `is_blocked`: the person may not sign in.
    """

    login: str
    full_name: str = ""
    email: str = ""
    department: str = ""
    position: str = ""
    office: str = ""
    phone: str = ""
    vpn_enabled: bool | None = None
    vpn_end_date: date | None = None
    is_blocked: bool = False
    id: str = ""
    redmine_id: int | None = None
    rights: frozenset[str] = frozenset()


async def unlimited(login: str, password: str) -> str:
    """Return the password unchanged: any number of attempts is allowed."""
    return password


class Directory(Protocol):
    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Person | None:
        """Return the person with this login (or e-mail, where the directory knows it) and password, else None.

        Takes as long for an unknown login as for a wrong password. Raises Unavailable when the directory fails.
        """
