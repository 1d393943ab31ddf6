"""Redmine's accounts: the password is tried once by Basic and forgotten; the numeric user id is what we keep."""

from helpdesk.errors import Nonsense
from helpdesk.people.accounts import person_of
from helpdesk.people.model import Person
from helpdesk.redmine_client import JSON, RedmineClient, user_id, within
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.store.folding import fold

# Longer ones make a header that web servers refuse; Redmine keeps no login of more than 60 characters.
LONGEST_LOGIN = 255
LONGEST_PASSWORD = 4_096


class RedmineDirectory:
    """The Directory port over Redmine's Basic sign-in.

    Logins with `:` are refused, for Basic would shift it; the returned login must be the one typed, because Redmine
    also takes an API key in its place and then answers with the key's owner.
    """

    def __init__(self, client: RedmineClient, database: Database) -> None:
        self.client = client
        self.database = database

    async def sign_in(self, login: str, password: str) -> Person | None:
        if not _can_be_tried(login.strip(), password):
            return None
        async with within(self.client.deadline):
            user = await self.client.who_is(login.strip(), password)
        if user is None:
            return None
        number, name, *others = _identity(user)
        if fold(name) != fold(login):
            return None
        row = await self.database.run(lambda db: people.bind_redmine(db, number, name, *others), writes=True)
        return person_of(row) if row.is_active else None


def _can_be_tried(login: str, password: str) -> bool:
    right_size = 0 < len(login) <= LONGEST_LOGIN and 0 < len(password) <= LONGEST_PASSWORD
    return right_size and ":" not in login


def _identity(user: JSON) -> tuple[int, str, str, str]:
    """(id, login, full name, e-mail) of /users/current.json. Raises Nonsense when it lacks the first two."""
    login = user.get("login")
    if not isinstance(login, str):
        raise Nonsense(detail="/users/current.json: no login")
    name = f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip()
    return user_id(user), login, name or login, str(user.get("mail") or "")
