"""Visitors of an application of the test's own, over a store of the test's own."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from itsdangerous import Signer
from sqlmodel import Session
from starlette.testclient import TestClient

from helpdesk.app import create_app
from helpdesk.people.rights import WRITER
from helpdesk.services import Services
from helpdesk.settings import settings as configuration
from helpdesk.store import rights, sessions
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.tasks.files import Upload
from helpdesk.tasks.model import Edit
from helpdesk.wiring import wire
from tests.web.leaks import SECRET, Leaks
from tests.world import PEOPLE_IDS, EmbeddedWorld

HTML = {"Accept": "text/html", "Accept-Language": "en"}
HTMX = {**HTML, "HX-Request": "true", "HX-Current-URL": "http://testserver/tasks/1"}
SALES = "Отдел продаж"

Client = TestClient
Visit = Callable[..., Client]


@pytest.fixture
def services(database: Database) -> Services:
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "DEFAULT_LOCALE": "en"}
    return wire(configuration.load(environ, Path("/nonexistent")))


@pytest.fixture
def leaks(tmp_path: Path) -> Iterator[Leaks]:
    """Fails a test in which an answer, the log or the store holds a password, a key or a token."""
    leaks, root = Leaks(), logging.getLogger()
    root.addHandler(leaks)
    yield leaks
    root.removeHandler(leaks)
    leaks.of_store(tmp_path)
    assert leaks.found == []


@pytest.fixture
def visit(services: Services, leaks: Leaks) -> Iterator[Visit]:
    """`visit("anna")` is a client with her session, `visit()` one without. Keywords change the settings.

    They take answers as they are, unless a test asks for compressed ones: to compress a small one takes half its time.
    All requests of a test go through one event loop: to begin another takes as long as a small answer.
    """
    opened, apps = [], []

    def come(login: str | None = None, **changed: object) -> TestClient:
        settings = replace(services.settings, **changed)
        apps.append(create_app(replace(services, settings=settings)))
        headers = {"Accept-Encoding": "identity"}
        client = TestClient(apps[-1], headers=headers, follow_redirects=False, raise_server_exceptions=False)
        client.portal = portal
        client.event_hooks["response"].append(leaks.of_answer)
        if login:
            client.cookies.set("session", session_cookie(services, login))
        opened.append(client)
        return client

    with start_blocking_portal() as portal:
        yield come
        portal.call(services.netmonitor.close)
    for client in opened:
        client.close()
    for app in apps:
        app.app.state.services.pictures.process.close()


@pytest.fixture
def anna(visit: Visit) -> Client:
    return visit("anna")


@pytest.fixture
def irina(visit: Visit) -> Client:
    return visit("irina")


@pytest.fixture
def settled(database: Database) -> Database:
    """A store in which anna may write posts; irina is proven to be of the sales department, stranger only says so."""

    def work(db: Session) -> None:
        rights.grant(db, PEOPLE_IDS["anna"], WRITER)
        for login, is_proven in (("irina", True), ("stranger", False)):
            person = db.get_one(tables.Person, PEOPLE_IDS[login])
            person.department, person.is_department_proven = SALES, is_proven

    database.run_here(work, writes=True)
    return database


@pytest.fixture
def number(embedded: EmbeddedWorld) -> int:
    """The number of a new task that irina asked for and anna works on."""
    return embedded.new_task()


def session_cookie(services: Services, login: str) -> str:
    """A session without the cost of hashing a password."""
    begun = services.database.run_here(
        lambda db: sessions.begin(db, PEOPLE_IDS[login], datetime.now(UTC), False, "", ""), writes=True
    )
    return Signer(SECRET, salt="session").sign(begun[0]).decode()


def attached(
    world: EmbeddedWorld, number: int, content: bytes, name: str = "план.txt", kind: str = "text/plain"
) -> int:
    """A file of a task, brought by anna; its number."""

    async def pieces() -> AsyncIterator[bytes]:
        yield content

    async def work() -> int:
        anna = world.actor("anna")
        staged = await world.backend.stage(anna, Upload(name, kind, len(content), pieces()))
        return (await world.backend.change(anna, number, Edit(files=(staged,)))).after.attachments[-1].id

    return asyncio.run(work())


def notes(client: Client, number: int) -> list[str]:
    """The comments of a task."""
    return [entry["notes"] for entry in client.get(f"/tasks/api/task/{number}/history").json()["history"]]


def seals(page: str) -> list[str]:
    """The uploaded files that a form holds."""
    return re.findall(r'name="staged" value="([^"]+)" checked', page)
