"""Accounts of our own: argon2 hashes in our store."""

from helpdesk.people import passwords
from helpdesk.people.accounts import person_of
from helpdesk.people.model import Person
from helpdesk.store import people
from helpdesk.store.database import Database


class LocalDirectory:
    """The Directory port over `store`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def sign_in(self, login: str, password: str) -> Person | None:
        row = await self.database.run(lambda session: people.by_login_or_email(session, "local", login))
        right = await passwords.matches(row.password_hash if row else None, password)
        return person_of(row) if row and right else None
