"""Let people in while the ERP is down who signed in by it a short while ago (ERP_GRACE)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from helpdesk.people import passwords
from helpdesk.people.directory import Checking
from helpdesk.store import directory_accounts, directory_secrets
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person


class Grace:
    """Hashes of the passwords that the ERP has accepted, kept for this alone and replaced at each sign-in."""

    def __init__(self, database: Database, length: timedelta, clock: Callable[[], datetime]) -> None:
        self.database, self.length, self.clock = database, length, clock

    async def keep(self, login: str, password: str) -> None:
        hashed, now = await passwords.made(password), self.clock()
        await self.database.run(
            lambda db: directory_secrets.keep_grace(db, login, hashed, now, self.length), writes=True
        )

    async def forget(self, login: str) -> None:
        await self.database.run(lambda db: directory_secrets.forget_grace(db, login.strip()), writes=True)

    async def sign_in(self, login: str, password: str, checking: Checking) -> Person | None:
        """Return the account of a login that the ERP let in with this password within the time of grace."""
        typed, since = login.strip(), self.clock() - self.length
        found = await self.database.run(lambda db: directory_secrets.grace_of(db, typed, since))
        known = found if found and found[0].login == typed else None  # the ERP compares exactly, too
        tried = await checking(typed, password)
        if not await passwords.matches(known[1] if known else None, tried) or known is None:
            return None
        return await self.database.run(lambda db: directory_accounts.kept_of(db, known[0]))
