"""The whole product over a real Redmine whose database goes away and comes back: the list is there all the time."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from itsdangerous import Signer
from sqlmodel import Session
from starlette.types import ASGIApp

from helpdesk.app import create_app
from helpdesk.breaker import PAUSE_SECONDS, Breaker
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store import people, sessions
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.tasks.redmine import consistency_check
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.sql import connection
from helpdesk.tasks.redmine.visibility import Permissions
from helpdesk.wiring import wire
from tests.servers.process import free_port
from tests.servers.proxy import Proxy
from tests.servers.redmine import Redmine
from tests.tasks.worlds import RedmineWorld
from tests.web.conftest import HTML, SECRET
from tests.world import PEOPLE_IDS

SILENT = "Redmine's database has not answered since"
SUBJECTS = "Number or words in the subject"


@pytest.fixture
async def services(
    redmine: Redmine, database_line: Proxy, database: Database, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Services]:
    monkeypatch.setattr(connection, "READ_SECONDS", 1)
    environ = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": str(database.engine.url),
        "DEFAULT_LOCALE": "en",
        "REDMINE_URL": redmine.url,
        "REDMINE_API_KEY": redmine.admin_key,
        "MYSQL_HOST": redmine.mysql.host,
        "MYSQL_PORT": str(database_line.port),
        "MYSQL_USER": redmine.mysql.user,
        "MYSQL_PASSWORD": redmine.mysql.password,
        "MYSQL_DATABASE": redmine.mysql.database,
    }
    services = wire(configuration.load(environ, Path("/nowhere")))
    yield services
    await services.close()


@pytest.fixture
async def anna(services: Services, redmine: Redmine, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(create_app(services)) as it:
        number = redmine.user_ids["anna"]
        it.cookies.set("session", cookie(database, lambda db: people.bind_redmine(db, number, "anna", "Анна", "")))
        yield it


def cookie(database: Database, whose: Callable[[Session], Person]) -> str:
    """The session of somebody who signs in now."""

    def begin(db: Session) -> str:
        return sessions.begin(db, whose(db).id or 0, datetime.now(UTC), False, "", "")[0]

    return Signer(SECRET, salt="session").sign(database.run_here(begin, writes=True)).decode()


def browser(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver", headers=HTML, timeout=60)


def breaker(services: Services) -> Breaker:
    assert isinstance(services.backend, RedmineBackend)
    return services.backend.source.database.breaker


async def test_the_list_is_there_while_the_database_is_not(
    anna: httpx.AsyncClient, services: Services, database_line: Proxy, redmine_world: RedmineWorld
) -> None:
    word = f"word{uuid4().hex}"
    number = redmine_world.new_task("Лампа мигает", description=word)
    search = {"search": word, "closed": "1"}
    page = (await anna.get("/tasks", params=search)).text
    assert f'"/tasks/{number}?list=' in page and SILENT not in page and SUBJECTS not in page
    seconds = 0.0
    breaker(services).ticks = lambda: seconds
    for weather in ("cut", "dead"):
        database_line.becomes(weather)
        page = (await anna.get("/tasks", params=search)).text
        assert SILENT in page and SUBJECTS in page and f'"/tasks/{number}?list=' not in page
        listed = await anna.get("/tasks", params={"search": "Лампа мигает"})
        assert listed.status_code == 200 and f'"/tasks/{number}?list=' in listed.text
        shown = (await anna.get(f"/tasks/{number}")).text
        assert word in shown and SILENT in shown
        database_line.becomes("fair")
        seconds += PAUSE_SECONDS
        while SILENT in (await anna.get("/tasks")).text:
            pass
        page = (await anna.get("/tasks", params=search)).text
        assert f'"/tasks/{number}?list=' in page and SUBJECTS not in page


async def test_the_consistency_check_runs_beside_the_requests_and_administrators_read_where(
    anna: httpx.AsyncClient, services: Services, database: Database, redmine: Redmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consistency_check, "CONFIRM_SECONDS", 0)
    monkeypatch.setattr(Permissions, "tasks", property(lambda _: sa.true()))
    watch = services.watchers[0]
    task = asyncio.create_task(watch())
    async with asyncio.timeout(60):
        while "has not been read since" not in (page := (await anna.get("/tasks")).text):
            await asyncio.sleep(0.01)
    assert "user" not in re.findall(r'class="state".*?</p>', page, re.DOTALL)[0]
    anna.cookies.set("session", cookie(database, lambda db: db.get_one(Person, PEOPLE_IDS["admin"])))
    number = redmine.user_ids["anna"]
    while f"(user {number}, project" not in (await anna.get("/replies")).text:
        assert not task.done()
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_with_redmine_down_too_it_is_the_error_page(
    services: Services, anna: httpx.AsyncClient, database_line: Proxy
) -> None:
    database_line.becomes("cut")
    other = wire(replace(services.settings, redmine_url=f"http://127.0.0.1:{free_port()}"))
    async with browser(create_app(other)) as it:
        it.cookies = anna.cookies
        page = await it.get("/tasks")
    await other.close()
    assert page.status_code == 503 and "The task system does not answer" in page.text
