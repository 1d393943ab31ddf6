"""The port of directories, which check passwords and know people."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import NamedTuple, Protocol

MOST_FOUND = 50
"""The most people that a search returns."""

LONGEST_ASKED = 200
"""The most characters of a login or a search."""
Checking = Callable[[str, str], Awaitable[str]]
"""Called with a login and a password before the check; returns the password to check instead.

An error that it raises prevents the check.
"""


class Secret(str):
    """A text that no log and no traceback shows by accident."""

    def __repr__(self) -> str:
        return "Secret(***)"


class Profile(NamedTuple):
    """What a directory knows of a person; what it does not know is empty or None.

    `id` is the directory's own id, which stays when the login changes. `redmine_id` and the person's own `api_key` are
    told by Redmine alone, `rights` by groups. `is_blocked`: the person may not sign in.
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
    api_key: Secret | None = None
    rights: frozenset[str] = frozenset()


def is_askable(text: str) -> bool:
    """Tell whether a login or a search may be asked for: not blank, not too long, and without control characters."""
    return 0 < len(text) <= LONGEST_ASKED and text.isprintable() and not text.isspace()


async def unlimited(login: str, password: str) -> str:
    """Return the password unchanged: any number of attempts is allowed."""
    return password


class Directory(Protocol):
    """A directory of people: `source` is its name in the store and in DIRECTORIES.

    All calls raise DirectoryUnavailable or another Unavailable when the directory fails, and Misconfigured when it
    refuses the helpdesk itself.
    """

    source: str

    @property
    def checks_passwords(self) -> bool:
        """Tell whether people may sign in by it; else it only tells their profiles."""

    @property
    def trouble(self) -> str | None:
        """Return why the directory refuses the helpdesk, for administrators; None while it does not."""

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
        """Return the person with this login (or e-mail, where the directory knows it) and password, else None.

        Takes as long for an unknown login as for a wrong password.
        """

    async def find(self, login: str) -> Profile | None:
        """Return the person with this login, also a blocked one, else None."""

    async def search(self, text: str) -> list[Profile]:
        """Return at most MOST_FOUND people whose login, name or e-mail contains the text."""
