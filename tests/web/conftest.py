"""Visitors of an application of the test's own, over a store of the test's own."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from itsdangerous import Signer
from starlette.testclient import TestClient

from helpdesk import settings as configuration
from helpdesk.app import create_app
from helpdesk.services import Services
from helpdesk.store import sessions
from helpdesk.store.database import Database
from helpdesk.wiring import wire
from tests.world import PEOPLE_IDS

SECRET = "a secret of the tests, long enough to be one"
HTML = {"Accept": "text/html", "Accept-Language": "en"}
HTMX = {**HTML, "HX-Request": "true", "HX-Current-URL": "http://testserver/tasks/1"}

Visit = Callable[..., TestClient]


@pytest.fixture
def services(database: Database) -> Services:
    environ = {"SECRET_KEY": SECRET, "DATABASE_URL": str(database.engine.url), "DEFAULT_LOCALE": "en"}
    return wire(configuration.load(environ, Path("/nonexistent")))


@pytest.fixture
def visit(services: Services) -> Iterator[Visit]:
    """`visit("anna")` is a client with her session, `visit()` one without. Keywords change the settings."""
    opened = []

    def come(login: str | None = None, **changed: object) -> TestClient:
        settings = replace(services.settings, **changed)
        client = TestClient(
            create_app(replace(services, settings=settings)), follow_redirects=False, raise_server_exceptions=False
        )
        if login:
            client.cookies.set("session", session_cookie(services, login))
        opened.append(client)
        return client

    yield come
    for client in opened:
        client.close()


def session_cookie(services: Services, login: str) -> str:
    """A session without the cost of hashing a password."""
    begun = services.database.run_here(
        lambda db: sessions.begin(db, PEOPLE_IDS[login], datetime.now(UTC), False, "", ""), writes=True
    )
    return Signer(SECRET, salt="session").sign(begun[0]).decode()
