"""Quality control over the database of a real second Redmine, beside a backend of our own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pymysql
import pytest
from sqlmodel import Session

from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.web.quality.found import PER_PAGE
from helpdesk.wiring import wire
from tests.servers.proxy import Proxy
from tests.servers.redmine import Redmine
from tests.web.conftest import HTML, session_cookie
from tests.web.leaks import SECRET
from tests.web.quality.assessing import let_control
from tests.world import PEOPLE_IDS

pytestmark = pytest.mark.xdist_group("sql")
PLACE, THERE = "/quality-control", "https://redmine.example/quality"
TYPE = "Поддержка"


@pytest.fixture
async def services(
    redmine: Redmine, database_line: Proxy, database: Database, tmp_path: Path
) -> AsyncIterator[Services]:
    environ = {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": str(database.engine.url),
        "DEFAULT_LOCALE": "en",
        "MYSQL_QUALITY_HOST": redmine.mysql.host,
        "MYSQL_QUALITY_PORT": str(database_line.port),
        "MYSQL_QUALITY_USER": redmine.mysql.user,
        "MYSQL_QUALITY_PASSWORD": redmine.mysql.password,
        "MYSQL_QUALITY_DATABASE": redmine.mysql.database,
        "QUALITY_KINDS": f"complaint={redmine.trackers[TYPE]}",
        "QUALITY_REDMINE_URL": THERE,
    }
    services = wire(configuration.load(environ, tmp_path))
    yield services
    await services.close()


@pytest.fixture
async def boris(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """Boris, whose login the company's directory vouches for."""
    let_control(services, "boris")
    vouch(services, "boris")
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        client.cookies.set("session", session_cookie(services, "boris"))
        yield client


def vouch(services: Services, login: str, source: str = "ldap") -> None:
    def work(db: Session) -> None:
        db.get_one(tables.Person, PEOPLE_IDS[login]).source = source

    services.database.run_here(work, writes=True)


@contextmanager
def changed(redmine: Redmine, change: str, back: str) -> Iterator[None]:
    it = redmine.mysql_writer
    place = {"host": it.host, "port": it.port, "user": it.user, "password": it.password, "database": it.database}
    with pymysql.connect(**place, charset="utf8mb4", autocommit=True) as db, db.cursor() as cursor:
        cursor.execute(change)
        try:
            yield
        finally:
            cursor.execute(back)


def told_by_redmine(redmine: Redmine) -> list[int]:
    """What Redmine itself lists for boris, page after page: other tests have left tasks, too."""
    found, headers = list[int](), {"X-Redmine-API-Key": redmine.api_keys["boris"]}
    while True:
        asked = {"tracker_id": redmine.trackers[TYPE], "status_id": "*", "limit": 100, "offset": len(found)}
        page = httpx.get(f"{redmine.url}/issues.json", params=asked, headers=headers).raise_for_status().json()
        found += [it["id"] for it in page["issues"]]
        if len(found) >= page["total_count"] or not page["issues"]:
            return found


async def test_numbers_are_those_that_redmine_itself_tells_its_user(boris: httpx.AsyncClient, redmine: Redmine) -> None:
    theirs, ours = told_by_redmine(redmine), list[Any]()
    body = (await boris.get(PLACE)).json()
    assert (body["source"], body["total_count"]) == ("quality", len(theirs))
    for page in range(1, -(-len(theirs) // PER_PAGE) + 1):
        tasks = (await boris.get(f"{PLACE}/tasks?of=all&page={page}")).json()
        assert tasks["count"] == len(theirs) > 0
        ours += tasks["tasks"]
    assert sorted(it["id"] for it in ours) == sorted(theirs)
    assert {it["url"] for it in ours} == {f"{THERE}/issues/{id}" for id in theirs}
    new = await boris.get(f"{PLACE}/new", headers=HTML)
    assert new.status_code == 200 and f'href="{THERE}/issues/' in new.text


async def test_who_is_nobody_there_is_told_so(boris: httpx.AsyncClient, services: Services, redmine: Redmine) -> None:
    vouch(services, "boris", "local")
    for address in (PLACE, f"{PLACE}/new", f"{PLACE}/tasks"):
        page = await boris.get(address, headers=HTML)
        assert page.status_code == 403 and "You are nobody in the Redmine of quality control" in page.text
    vouch(services, "boris")
    with changed(redmine, *(f"UPDATE users SET status = {it} WHERE login = 'boris'" for it in (3, 1))):
        assert (await boris.get(PLACE)).status_code == 403
    assert (await boris.get(PLACE)).status_code == 200


async def test_while_it_is_down_only_its_pages_say_so(boris: httpx.AsyncClient, database_line: Proxy) -> None:
    database_line.becomes("cut")
    for address in (PLACE, f"{PLACE}/new", f"{PLACE}/tasks", f"{PLACE}/export.csv"):
        assert (await boris.get(address, headers=HTML)).status_code == 503
    assert (await boris.get("/tasks/my-tasks", headers=HTML)).status_code == 200


@pytest.mark.parametrize(
    ("table", "column"), [("issues", "tracker_id"), ("issues", "is_private"), ("journal_details", "old_value")]
)
async def test_a_database_that_is_no_redmines_is_as_one_that_is_down(
    boris: httpx.AsyncClient, redmine: Redmine, table: str, column: str
) -> None:
    names = (column, "gone"), ("gone", column)
    with changed(redmine, *(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}" for old, new in names)):
        page = await boris.get(f"{PLACE}/tasks?measure=open", headers=HTML)
        assert page.status_code == 503 and column not in page.text and "pymysql" not in page.text
        assert (await boris.get("/tasks/my-tasks")).status_code == 200


async def test_values_that_no_redmine_writes_break_nothing(boris: httpx.AsyncClient, redmine: Redmine) -> None:
    before = (await boris.get(PLACE)).json()["total_count"]
    where = f"tracker_id = {redmine.trackers[TYPE]}"
    with changed(redmine, f"UPDATE issues SET status_id = status_id + 90000 WHERE {where}",
                 f"UPDATE issues SET status_id = status_id - 90000 WHERE {where}"):  # fmt: skip
        body = (await boris.get(PLACE)).json()
        assert body["total_count"] == before
        listed = await boris.get(f"{PLACE}/tasks?of=all", headers=HTML)
        assert listed.status_code == 200
