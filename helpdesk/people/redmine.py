"""Redmine's accounts: the password is tried once by Basic and forgotten; the numeric user id is what we keep."""

from helpdesk.errors import Nonsense
from helpdesk.people.accounts import person_of
from helpdesk.people.model import Person
from helpdesk.redmine_client import JSON, RedmineClient, within
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.store.folding import fold


class RedmineDirectory:
    """The Directory port over Redmine's Basic sign-in.

    Logins with `:` are refused, for Basic would shift it; the returned login must be the one typed, because Redmine
    also takes an API key in its place and then answers with the key's owner.
    """

    def __init__(self, client: RedmineClient, database: Database) -> None:
        self.client = client
        self.database = database

    async def sign_in(self, login: str, password: str) -> Person | None:
        if ":" in login or not login.strip() or not password:
            return None
        async with within():
            user = await self.client.who_is(login.strip(), password)
        if user is None or fold(str(user.get("login", ""))) != fold(login):
            return None
        row = await self.database.run(lambda session: people.bind_redmine(session, *_identity(user)), writes=True)
        return person_of(row) if row.is_active else None


def _identity(user: JSON) -> tuple[int, str, str, str]:
    """(id, login, full name, e-mail) of /users/current.json."""
    if not isinstance(user.get("id"), int):
        raise Nonsense(detail="/users/current.json: no numeric id")
    name = f"{user.get('firstname', '')} {user.get('lastname', '')}".strip()
    return user["id"], str(user["login"]), name or str(user["login"]), str(user.get("mail") or "")
