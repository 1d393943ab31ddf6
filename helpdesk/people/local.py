"""Check the passwords of local accounts by argon2 hashes in our store."""

from helpdesk.people import passwords
from helpdesk.people.directory import MOST_FOUND, Checking, Profile, is_askable, unlimited
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.store.models import tables


class LocalDirectory:
    """The Directory port over our own store."""

    source = "local"
    checks_passwords = True
    trouble = None

    def __init__(self, database: Database) -> None:
        self.database = database

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
        row = None
        if is_askable(login):
            row = await self.database.run(lambda session: people.by_login_or_email(session, "local", login))
        tried = await checking(row.login if row else login, password)
        right = await passwords.matches(row.password_hash if row else None, tried)
        return _profile(row) if row and right else None

    async def find(self, login: str) -> Profile | None:
        if not is_askable(login):
            return None
        rows = await self.database.run(lambda session: people.with_login(session, login, "local"))
        return _profile(rows[0]) if rows else None

    async def search(self, text: str) -> list[Profile]:
        if not is_askable(text):
            return []
        rows = await self.database.run(lambda session: people.containing(session, "local", text, MOST_FOUND))
        return [_profile(row) for row in rows]


def _profile(row: tables.Person) -> Profile:
    known = {field: getattr(row, field) for field in ("login", "full_name", "email", "department", "position")}
    more = {field: getattr(row, field) for field in ("office", "phone", "vpn_enabled", "vpn_end_date")}
    return Profile(**known, **more, is_blocked=not row.is_active, id=str(row.id))
