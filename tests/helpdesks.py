"""Pytest fixtures of running helpdesks, for those who come from outside: programs, browsers, terminals."""

import asyncio
import os
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from helpdesk.demo.load import PASSWORD, load
from helpdesk.store import feed_state, schema
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.tasks.embedded.feed import EmbeddedFeed
from tests.forkserver import Forkserver
from tests.running import STORE, Helpdesk, running_demo, running_over_redmine, start_over
from tests.servers.redmine import Redmine
from tests.world import QUICK


@pytest.fixture(scope="session", autouse=True)
def certificates() -> Iterator[None]:
    """Read once for all HTTP clients of a worker, of which none needs them: it takes longer than a request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run, shared by all workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def compiled_templates(shared_folder: Path) -> Path:
    folder = shared_folder / "compiled-templates"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def forkserver(compiled_templates: Path) -> Iterator[None]:
    """Helpdesks of tests are forked. The process that forks them starts with the first."""
    server = Forkserver(compiled_templates)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.running.forkserver", server)
        yield
    server.close()


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a demo that nobody has used yet."""
    folder = tmp_path_factory.mktemp("seeded")
    database = Database(f"sqlite:///{folder / STORE}")
    schema.migrate(database, "demo")
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    database.run_here(lambda session: load(session, today), writes=True)
    quick = sa.update(tables.Person).where(sa.column("password_hash") != "").values(password_hash=QUICK.hash(PASSWORD))
    database.run_here(lambda session: session.execute(quick), writes=True)
    with ThreadPoolExecutor(1) as aside:  # Playwright's loop may be running here
        place = aside.submit(asyncio.run, EmbeddedFeed(database).start()).result()
    # So that what a test does at once is told.
    database.run_here(lambda session: feed_state.save_cursor(session, "feed", place, datetime.now(UTC)), writes=True)
    database.close()
    return folder


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, seeded: Path) -> Iterator[Helpdesk]:
    with running_demo(tmp_path_factory.mktemp("demo"), seeded) as helpdesk:
        yield helpdesk


@pytest.fixture
def demo(running: Helpdesk, seeded: Path) -> Helpdesk:
    """A demo that nobody has used yet: one process for all tests of a worker, a fresh store for each."""
    start_over(running, seeded)
    return running


@pytest.fixture(scope="module")
def over_redmine(redmine: Redmine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpdesk]:
    """For a module, not the session: as long as it runs it reads whatever tests of others do in that Redmine."""
    with running_over_redmine(tmp_path_factory.mktemp("over-redmine"), redmine) as helpdesk:
        yield helpdesk
