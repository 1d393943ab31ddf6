"""A desk of requests in each tracker's world: the service, and what happens there beside it."""

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.people.model import SignedIn, load_person
from helpdesk.redmine_client import RedmineClient
from helpdesk.requests.accounts import RequesterAccounts
from helpdesk.requests.addresses import aliases_of
from helpdesk.requests.model import Requester
from helpdesk.requests.ownership import Rules
from helpdesk.requests.requests import RequestService
from helpdesk.requests.source import RequestSource
from helpdesk.services import utc_now
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.embedded.requests import EmbeddedRequests
from helpdesk.tasks.redmine.requests import RedmineRequests
from helpdesk.wiring import own_account, redmine_user
from tests.servers.mariadb import url_of
from tests.tasks.worlds import World
from tests.world import EmbeddedWorld

ALIASES = (("example.test", "msk.example.test"),)
FIELD = "Кабинет"


class Desk:
    """`anonymous` is the user of Redmine for people without an account there; one without a login is `nameless`."""

    def __init__(
        self,
        world: World,
        database: Database,
        anonymous: int | None = None,
        nameless: RedmineClient | None = None,
        fields: tuple[str, ...] = (),
    ) -> None:
        self.world = world
        self.database = world.database if isinstance(world, EmbeddedWorld) else database
        self.rules = Rules(aliases_of(ALIASES), anonymous)
        self.nameless, self.fields = nameless, fields
        self.service = self._service()
        if not isinstance(world, EmbeddedWorld):
            self._let_filter(world.custom_field(FIELD))

    def _let_filter(self, field: int) -> None:
        """As an administrator of Redmine has to do for a field with addresses."""
        assert not isinstance(self.world, EmbeddedWorld)
        engine = sa.create_engine(url_of(self.world.redmine.mysql_writer))
        with engine.begin() as db:
            db.execute(sa.text("UPDATE custom_fields SET is_filter = 1 WHERE id = :id"), {"id": field})
        engine.dispose()

    def _service(self) -> RequestService:
        backend, identify = self.world.backend, own_account
        source: RequestSource
        if isinstance(backend, EmbeddedBackend):
            source, number = EmbeddedRequests(backend, self.rules), Person.id
        else:
            fields = self.fields or (f"cf_{self.world.custom_field(FIELD)}",)
            source = RedmineRequests(backend, backend, self.rules, fields, self.nameless)
            number, identify = Person.redmine_id, redmine_user
        accounts = RequesterAccounts(self.database, self.rules, number, identify)
        return RequestService(self.database, backend, source, accounts, self.world.feed.key, utc_now)

    def bind(self, *logins: str) -> None:
        """Bind accounts of our store to the users of Redmine with the same logins."""
        if not isinstance(self.world, EmbeddedWorld):
            for login in logins:
                self.set(login, redmine_id=self.world.actor(login).id)

    def set(self, login: str, **values: object) -> None:
        change = sa.update(Person).where(col(Person.login) == login).values(**values)
        self.database.run_here(lambda session: session.execute(change), writes=True)

    async def who(self, login: str) -> Requester:
        def work(session: Session) -> SignedIn:
            row = session.execute(sa.select(Person).where(col(Person.login) == login)).scalar_one()
            return SignedIn(load_person(session, row), "mark")

        return await self.service.requester(self.database.run_here(work))

    def address(self, task_id: int, text: str) -> None:
        """Write addresses into the task's field for them."""
        if isinstance(self.world, EmbeddedWorld):
            change = sa.update(tables.Task).where(col(tables.Task.id) == task_id).values(requester=text)
            self.database.run_here(lambda session: session.execute(change), writes=True)
        else:
            field = {"id": self.world.custom_field(FIELD), "value": text}
            self.world.put(task_id, {"custom_fields": [field]}, "admin")
