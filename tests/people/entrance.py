"""Sign in by one directory and bind whom it lets in, as the product does."""

from helpdesk.people.authentication import Authentication
from helpdesk.people.directory import Checking, Directory, unlimited
from helpdesk.people.model import Person
from helpdesk.services import utc_now
from helpdesk.store.database import Database


class Entrance:
    def __init__(self, directory: Directory, database: Database) -> None:
        self.directory = directory
        self.authentication = Authentication(database, (directory,), utc_now)

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Person | None:
        profile = await self.directory.sign_in(login, password, checking)
        if profile is None or profile.is_blocked:
            return None
        return await self.authentication.bound(self.directory.source, profile, password)
