"""The port to whoever knows people's passwords."""

from collections.abc import Iterable
from typing import Protocol

from helpdesk.errors import WrongCredentials
from helpdesk.people.model import Person


class Directory(Protocol):
    async def sign_in(self, login: str, password: str) -> Person | None:
        """The person whose login (or e-mail, where the directory knows it) and password these are, else None.

        Takes as long for an unknown login as for a wrong password. Raises Unavailable when it can't tell.
        """


async def sign_in(directories: Iterable[Directory], login: str, password: str) -> Person:
    """Ask each directory in turn. Raises WrongCredentials when none vouches, Unavailable when one can't be asked."""
    for directory in directories:
        if person := await directory.sign_in(login, password):
            return person
    raise WrongCredentials
