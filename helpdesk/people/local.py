"""Check the passwords of local accounts by argon2 hashes in our store."""

from helpdesk.people import passwords
from helpdesk.people.directory import Checking, unlimited
from helpdesk.people.model import Person, person_of
from helpdesk.store import people
from helpdesk.store.database import Database


class LocalDirectory:
    """The Directory port over our own store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Person | None:
        row = await self.database.run(lambda session: people.by_login_or_email(session, "local", login))
        tried = await checking(row.login if row else login, password)
        right = await passwords.matches(row.password_hash if row else None, tried)
        return person_of(row) if row and right else None
