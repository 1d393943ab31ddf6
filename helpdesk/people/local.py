"""Check the passwords of local accounts by argon2 hashes in our store."""

from sqlmodel import Session

from helpdesk.people import passwords
from helpdesk.people.directory import Checking, unlimited
from helpdesk.people.model import Person, load_person
from helpdesk.store import people
from helpdesk.store.database import Database


class LocalDirectory:
    """The Directory port over our own store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Person | None:
        person, password_hash = await self.database.run(lambda session: _account(session, login))
        tried = await checking(person.login if person else login, password)
        right = await passwords.matches(password_hash, tried)
        return person if right else None


def _account(session: Session, login: str) -> tuple[Person | None, str | None]:
    """Return the person with this login or e-mail and the hash of their password."""
    row = people.by_login_or_email(session, "local", login)
    return (load_person(session, row), row.password_hash) if row else (None, None)
