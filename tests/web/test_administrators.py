"""Who administers the helpdesk beside a Redmine, and without one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from itsdangerous import Signer
from sqlmodel import Session

from helpdesk.app import create_app
from helpdesk.people.rights import ADMIN
from helpdesk.settings import settings as configuration
from helpdesk.settings.parsing import account_names
from helpdesk.store import people, rights, sessions
from helpdesk.store.database import Database
from helpdesk.wiring import wire
from tests.servers import imitated_redmine as imitation
from tests.servers.imitated_redmine import ImitatedRedmine
from tests.web.conftest import HTML, SECRET, Visit
from tests.world import PASSWORDS, PEOPLE_IDS

COLUMNS = "/tasks/board/columns"
SAID = {"phase_2": "waiting", "limit_2": 3}
Come = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def come(server: ImitatedRedmine, database: Database) -> Come:
    """`come("redmine")` is anna of Redmine, `come("local")` the local account of an administrator."""

    def account(db: Session, source: str) -> int:
        if source == "local":
            return PEOPLE_IDS["admin"]
        return people.bind_redmine(db, imitation.ANNA, "anna", "Анна", "anna@example.test").id or 0

    def session(db: Session, source: str) -> str:
        return sessions.begin(db, account(db, source), datetime.now(UTC), False, "", "")[0]

    @asynccontextmanager
    async def client(source: str, administrators: str = "") -> AsyncIterator[httpx.AsyncClient]:
        environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "DEFAULT_LOCALE": "en"}
        environ |= {"REDMINE_URL": server.url, "REDMINE_API_KEY": "key", "ADMINISTRATORS": administrators}
        services = wire(configuration.load(environ, Path("/nowhere")))
        name = database.run_here(lambda db: session(db, source), writes=True)
        cookies = {"session": Signer(SECRET, salt="session").sign(name).decode()}
        transport = httpx.ASGITransport(create_app(services))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver", cookies=cookies) as it:
            yield it
        await services.close()

    return client


async def test_a_local_administrator_beside_a_redmine_says_what_the_columns_are(come: Come) -> None:
    async with come("local") as admin:
        told = (await admin.get(COLUMNS)).json()["columns"]
        assert [it["name"] for it in told] == ["New", "Started"]
        assert (await admin.get(COLUMNS, headers=HTML)).status_code == 200
        said = (await admin.post(COLUMNS, json=SAID)).json()["columns"]
        assert said[1] == told[1] | {"phase": "waiting", "limit": 3}
        assert (await admin.get("/tasks/my-tasks")).json()["error"] == "not_allowed"


async def test_the_setting_makes_somebody_of_redmine_an_administrator_as_long_as_it_says_so(come: Come) -> None:
    for administrators, status in (("", 403), ("redmine:Anna", 200), ("local:anna,redmine:boris", 403)):
        async with come("redmine", administrators) as anna:
            assert (await anna.post(COLUMNS, json=SAID)).status_code == status
            board = (await anna.get("/tasks/board", headers=HTML)).text
            assert (f'href="{COLUMNS}' in board) == (status == 200)


async def test_an_account_that_was_made_an_administrator_is_one_beside_redmine(come: Come, database: Database) -> None:
    def expect(db: Session) -> None:
        rights.grant(db, people.expect(db, "redmine", "anna").id, ADMIN)

    database.run_here(expect, writes=True)
    async with come("redmine") as anna:
        assert (await anna.post(COLUMNS, json=SAID)).status_code == 200


def test_the_setting_counts_at_the_sign_in_and_in_the_embedded_tracker(number: int, visit: Visit) -> None:
    for named, status in (("", 404), ("local:stranger", 200)):
        client = visit(administrators=account_names(named))
        body = {"username": "stranger", "password": PASSWORDS["stranger"]}
        assert client.post("/users/login", json=body).json()["user"]["is_admin"] is (status == 200)
        assert client.get(f"/tasks/api/task/{number}").status_code == status


async def test_an_administrator_by_setting_is_notified_of_what_administrators_see(database: Database) -> None:
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "ADMINISTRATORS": "local:stranger"}
    services = wire(configuration.load(environ, Path("/nowhere")))
    runners = [getattr(watch, "__self__", None) for watch in services.watchers]
    (poller,) = [it for it in runners if hasattr(it, "processor")]
    told = database.run_here(poller.processor.recipients.administrators)
    assert set(told) == {PEOPLE_IDS["admin"], PEOPLE_IDS["stranger"]}
    await services.close()
