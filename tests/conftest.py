"""What all tests share: a migrated store, and the people of the story in it."""

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from hypothesis import settings
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import Engine
from sqlalchemy.util import LRUCache

from helpdesk import app
from helpdesk.people import passwords
from helpdesk.store import database as store_database
from helpdesk.store import schema
from helpdesk.store.database import Database
from helpdesk.store.models import delivery, telephony
from helpdesk.store.models import notifications as notification_models
from helpdesk.web.access import differences
from helpdesk.web.core import templating
from helpdesk.web.core.services import path_maker
from helpdesk.web.core.templating import Renderer
from helpdesk.web.edge.static_files import StaticFiles
from helpdesk.web.routes import ROUTES
from tests.forkserver import prepared_environment
from tests.soak import examples
from tests.world import QUICK, EmbeddedWorld, settle

# A machine that is busy makes nothing wrong. Examples are a third of those of `make soak`.
settings.register_profile("tests", deadline=None, max_examples=examples(34))
settings.load_profile("tests")

pytest_plugins = [
    "tests.servers.fixtures",
    "tests.tasks.worlds",
    "tests.helpdesks",
    "tests.clocks",
    "tests.permissions.lab",
]


@pytest.fixture(scope="session", autouse=True)
def made_once(compiled_templates: Path) -> Iterator[None]:
    """What all applications of a worker have alike, for to make it takes longer than most tests: bundles, templates."""
    path, wrong = path_maker(ROUTES), differences(ROUTES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templating, "Environment", prepared_environment(compiled_templates))
        patch.setattr(app, "StaticFiles", cache(StaticFiles))
        patch.setattr(app, "Renderer", cache(Renderer))
        patch.setattr(app, "path_maker", lambda _: path)
        patch.setattr(app, "differences", lambda _: wrong)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_statements() -> Iterator[None]:
    """Statements compiled once for all SQLite stores of a worker: anew for each store they take longer than to run."""
    compiled: LRUCache[object, object] = LRUCache(2_000)
    make_engine = store_database.make_engine

    def make(url: str) -> Engine:
        engine = make_engine(url)
        if isinstance(engine.dialect, SQLiteDialect_pysqlite):
            engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_database, "make_engine", make)
        # A compiled statement is found by the dialect, too, of which each engine has its own.
        patch.setattr(SQLiteDialect_pysqlite, "__eq__", lambda mine, other: type(mine) is type(other))
        patch.setattr(SQLiteDialect_pysqlite, "__hash__", lambda mine: hash(type(mine)))
        yield


@pytest.fixture(scope="session", autouse=True)
def own_hasher() -> Iterator[PasswordHasher]:
    """The product's hasher, for which tests in this process have a quick one: each of its hashes takes 0.1 s of CPU."""
    own = passwords.HASHER
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", QUICK)
        yield own


@pytest.fixture(scope="session")
def settled_store(compiled_statements: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store file with people, projects, roles and workflow, made once and copied for each test."""
    file = tmp_path_factory.mktemp("store") / "settled.db"
    database = Database(f"sqlite:///{file}")
    schema.migrate(database, "production")
    database.run_here(settle, writes=True)
    with database.engine.connect() as connection:
        connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return file


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """Commands run in this process change it, and servers that are begun later are other users."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture
def no_umask() -> Iterator[None]:
    """For the length of a test everybody may read what is written, unless it is written otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def database(settled_store: Path, tmp_path: Path) -> Iterator[Database]:
    """A store of this test's own."""
    file = shutil.copy(settled_store, tmp_path / "helpdesk.db")
    database = Database(f"sqlite:///{file}")
    yield database
    database.close()


@pytest.fixture
def embedded(database: Database, tmp_path: Path) -> EmbeddedWorld:
    return EmbeddedWorld(database, tmp_path / "files")


@pytest.fixture
def statements(database: Database) -> Iterator[list[str]]:
    """All that the store is asked from now on."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, text: str, *_: object) -> None:
        asked.append(text)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture(
    params=["sqlite", *(pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("mariadb", "postgresql"))]
)
def told_store(request: pytest.FixtureRequest) -> Database:
    """Where nobody has been told anything: a store of this test's own in SQLite, or the shared one in a real MariaDB or
    PostgreSQL, without what other tests left."""
    if request.param == "sqlite":
        own: Database = request.getfixturevalue("database")
        return own
    shared: Database = request.getfixturevalue(f"embedded_on_{request.param}").database
    names = ("Notification", "ProcessedEvent", "FeedCursor", "Lease", "NotificationPreference")
    sent = (delivery.OutboxRow, delivery.Device, delivery.Letter, delivery.ChannelState, delivery.FlaggedAddress)
    phone = (telephony.PhoneCall, telephony.PhoneAgent, telephony.PhoneRefusal)
    for model in (*(getattr(notification_models, name) for name in names), *sent, *phone):
        shared.run_here(lambda db, model=model: db.exec(sa.delete(model)), writes=True)
    return shared
