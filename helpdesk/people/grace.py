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

    async def forget(self, login: str, refused: str) -> None:
        """Forget the hash of a password that the ERP refuses now. Other wrong passwords change nothing: else anybody
        could take a colleague's grace away."""
        known = await self._known(login)
        if known and await passwords.matches(known[1], refused):
            await self.database.run(lambda db: directory_secrets.forget_grace(db, login.strip()), writes=True)

    async def sign_in(self, login: str, password: str, checking: Checking) -> Person | None:
        """Return the account of a login that the ERP let in with this password within the time of grace."""
        typed, known = login.strip(), await self._known(login)
        tried = await checking(typed, password)
        if not await passwords.matches(known[1] if known else None, tried) or known is None:
            return None
        return await self.database.run(lambda db: directory_accounts.kept_of(db, known[0]))

    async def _known(self, login: str) -> tuple[Person, str] | None:
        """Return the account with exactly this login, as the ERP compares it, and the hash that is kept for it."""
        typed, since = login.strip(), self.clock() - self.length
        found = await self.database.run(lambda db: directory_secrets.grace_of(db, typed, since))
        return found if found and found[0].login == typed else None
