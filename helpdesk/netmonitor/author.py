"""Find the account by which tasks of incidents are written."""

from collections.abc import Callable

from sqlmodel import Session, col

from helpdesk.errors import NotAllowed
from helpdesk.people.model import Person, SignedIn, load_people
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person as Account
from helpdesk.tasks.model import Actor


class Author:
    """The account with this login; `identify` returns its identity in the backend, and raises NotAllowed without
    one."""

    def __init__(self, database: Database, login: str, identify: Callable[[SignedIn], Actor]) -> None:
        self.database, self.login, self.identify = database, login, identify

    async def find(self) -> Actor | None:
        """Return who writes, None when nobody with this login may sign in and has tasks."""
        for person in await self.database.run(self._accounts):
            try:
                return self.identify(SignedIn(person, ""))
            except NotAllowed:
                continue
        return None

    def _accounts(self, session: Session) -> list[Person]:
        active = [it.id for it in people.named(session, self.login) if it.is_active and it.blocked_at is None]
        return load_people(session, (), col(Account.id).in_(active))
