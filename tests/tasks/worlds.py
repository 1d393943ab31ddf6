"""The same story in every tracker: what the contract suite needs of an adapter's world."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pymysql  # type: ignore[import-untyped]  # ships no types
import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from helpdesk.redmine_client import RedmineClient
from helpdesk.store import schema
from helpdesk.store.database import Database
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine import feed
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.feed import FallbackFeed, RestFeed, SqlFeed
from helpdesk.tasks.redmine.rest.metadata_cache import METADATA_SECONDS, Cache
from helpdesk.tasks.redmine.rest.user_cache import RIGHTS_SECONDS
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.source import Source
from tests.servers import postgresql
from tests.servers.fixtures import unavailable
from tests.servers.mariadb import execute, running_mariadb, url_of
from tests.servers.postgresql import running_postgresql
from tests.servers.redmine import Redmine, why_not_here
from tests.world import EmbeddedWorld, settle

P = ParamSpec("P")
T = TypeVar("T")

STATUSES = {
    "new": "Новая",
    "in_progress": "В работе",
    "resolved": "Решена",
    "waiting": "Нужен отклик",
    "closed": "Закрыта",
    "rejected": "Отклонена",
}
PRIORITIES = {"low": "Низкий", "normal": "Нормальный", "high": "Высокий", "urgent": "Срочный"}


class RedmineWorld:
    """The story in a real Redmine. Tasks are made over its REST API by the people themselves, or where a test has set
    nothing up, as rows of its database."""

    inserts = False

    def __init__(self, redmine: Redmine) -> None:
        self.redmine = redmine
        self.client = RedmineClient(redmine.url, redmine.admin_key)
        self.backend = self.make_backend()
        self.feed = self.make_feed()
        self.http = httpx.Client(base_url=redmine.url, headers={"X-Redmine-API-Key": redmine.admin_key}, timeout=30)

    def make_backend(self) -> RedmineBackend:
        return RedmineBackend(self.client, "textile")

    def make_feed(self) -> RestFeed | FallbackFeed:
        return RestFeed(self.client)

    def restart_reading(self) -> None:
        """As after a while: what administrators set up is read anew."""
        self.backend = self.make_backend()

    def share(self, known: "KnownCompany") -> None:
        """Take what other tests were told of people, projects, roles and words, and tell them; insert tasks."""
        self.inserts = True
        feeds = [self.feed] if isinstance(self.feed, RestFeed) else []
        for calls in (self.backend.calls, *(each.calls for each in feeds)):
            calls.metadata.cache, calls.users.access = known

    def actor(self, login: str) -> Actor:
        return Actor(self.redmine.user_ids[login], login, session=f"session of {login}")

    def name(self, login: str) -> str:
        user = self.http.get(f"/users/{self.redmine.user_ids[login]}.json").json()["user"]
        return f"{user['firstname']} {user['lastname']}"

    def status(self, name: str) -> int:
        return self.redmine.statuses[STATUSES[name]]

    def priority(self, name: str) -> int:
        return self.redmine.priorities[PRIORITIES[name]]

    def project(self, name: str) -> int:
        return self.redmine.projects[name]

    def new_task(
        self,
        subject: str = "Не печатает принтер",
        *,
        project: str | int = "help",
        author: str = "irina",
        assignee: str | None = "anna",
        status: str = "new",
        priority: str = "normal",
        description: str = "",
        parent: int | None = None,
    ) -> int:
        issue = {
            "subject": subject,
            "project_id": self.project(project) if isinstance(project, str) else project,
            "tracker_id": self.redmine.trackers["Поддержка"],
            "priority_id": self.priority(priority),
            "assigned_to_id": self.redmine.user_ids[assignee] if assignee else None,
            "description": description,
        }
        make = self.insert_issue if self.inserts else self.post_issue
        number = make(issue, author, status)
        if parent:
            self.put(number, {"parent_issue_id": parent}, "admin")
        return number

    def post_issue(self, issue: dict[str, object], author: str, status: str) -> int:
        made = self.http.post("/issues.json", json={"issue": issue}, headers=self._as(author))
        made.raise_for_status()
        number: int = made.json()["issue"]["id"]
        if status != "new":  # the workflow leads an administrator there at once
            self.put(number, {"status_id": self.status(status)}, "admin")
        return number

    def insert_issue(self, issue: dict[str, object], author: str, status: str) -> int:
        """Insert the rows that Redmine writes for a new issue with no more than this said."""
        access, closed = self.redmine.mysql_writer, status in ("closed", "rejected")
        values = issue | {
            "author_id": self.redmine.user_ids[author],
            "status_id": self.status(status),
            "description": str(issue["description"]).replace("\n", "\r\n"),
        }
        place = {"host": access.host, "port": access.port, "user": access.user, "database": access.database}
        with (
            pymysql.connect(**place, password=access.password, charset="utf8mb4") as database,
            database.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT INTO issues ({', '.join(values)}, lock_version, created_on, updated_on, start_date, lft, rgt,"
                f" closed_on) VALUES ({', '.join(['%s'] * len(values))}, 1, NOW(), NOW(), CURDATE(), 1, 2,"
                f" {'NOW()' if closed else 'NULL'})",
                tuple(values.values()),
            )
            number = int(cursor.lastrowid)
            cursor.execute("UPDATE issues SET root_id = id WHERE id = %s", (number,))
            cursor.execute(
                "INSERT INTO custom_values (customized_type, customized_id, custom_field_id)"
                " SELECT 'Issue', %s, id FROM custom_fields WHERE type = 'IssueCustomField' ORDER BY id",
                (number,),
            )
            database.commit()
        return number

    def custom_field(self, name: str) -> int:
        return self.redmine.fields[name]

    def relate(self, task: int, other: int, kind: str) -> None:
        """`task` stands to `other` as `kind` says: relates, duplicates, blocks, precedes, copied_to."""
        self._post(f"/issues/{task}/relations.json", {"relation": {"issue_to_id": other, "relation_type": kind}})

    def spend(self, task: int, hours: float, login: str = "anna") -> None:
        entry = {"issue_id": task, "hours": hours, "activity_id": self.redmine.activities["Разработка"]}
        self._post("/time_entries.json", {"time_entry": entry}, login)

    def _post(self, path: str, body: dict[str, object], login: str = "admin") -> None:
        self.http.post(path, json=body, headers=self._as(login)).raise_for_status()

    @contextmanager
    def project_below(self, parent: str) -> Iterator[int]:
        """A project that its parent's members are members of, too; gone afterwards."""
        project = {
            "name": "Подпроект",
            "identifier": f"below-{uuid4().hex}",
            "description": "Отдельно",
            "parent_id": self.project(parent),
            "inherit_members": True,
            "is_public": False,
            "enabled_module_names": ["issue_tracking"],
            "tracker_ids": list(self.redmine.trackers.values()),
        }
        made = self.http.post("/projects.json", json={"project": project})
        made.raise_for_status()
        number: int = made.json()["project"]["id"]
        self.restart_reading()
        yield number
        self.http.delete(f"/projects/{number}.json").raise_for_status()

    def grow_old(self) -> None:
        """All that was changed so far was changed a day before, but for the last issue: that is changed now."""
        engine = sa.create_engine(url_of(self.redmine.mysql_writer))
        with engine.begin() as db:
            day = "INTERVAL 1 DAY"
            db.execute(sa.text(f"UPDATE issues SET updated_on = updated_on - {day} WHERE updated_on > NOW() - {day}"))
            db.execute(sa.text("UPDATE issues SET updated_on = NOW() ORDER BY id DESC LIMIT 1"))
        engine.dispose()

    def put(self, number: int, issue: dict[str, object], login: str) -> None:
        """What somebody does in Redmine's own page."""
        answer = self.http.put(f"/issues/{number}.json", json={"issue": issue}, headers=self._as(login))
        answer.raise_for_status()

    def _as(self, login: str) -> dict[str, str]:
        return {"X-Redmine-Switch-User": login}


class SqlWorld(RedmineWorld):
    """The same Redmine, read by SQL with no more rights than our documents ask for, and without falling back."""

    def make_backend(self) -> RedmineBackend:
        self.database = RedmineDatabase(url_of(self.redmine.mysql), ZoneInfo(self.redmine.timezone))
        return RedmineBackend(self.client, "textile", SqlOnly(self.database))

    def make_feed(self) -> FallbackFeed:
        return FallbackFeed(SqlFeed(SqlOnly(self.database)), RestFeed(self.client))

    def restart_reading(self) -> None:
        self.database.close()
        super().restart_reading()


class SqlOnly(Source):
    """Never asks REST instead: what SQL can't read must be seen."""

    def or_rest(self, by_sql: Callable[P, Awaitable[T]], over_rest: Callable[P, Awaitable[T]]) -> Callable[P, Any]:
        return by_sql


World = EmbeddedWorld | RedmineWorld


@pytest.fixture
def long_after_others(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests did in the Redmine was long ago: no feed reads it again for fear of a late transaction, nor is
    much of it looked at by one that starts. Tasks are inserted: that Redmine makes them is of no interest to a feed."""
    monkeypatch.setattr(feed, "LATEST_ISSUES", 5)
    for name in {"world", "redmine_world", "sql_world"} & set(request.fixturenames):
        if isinstance(world := request.getfixturevalue(name), RedmineWorld):
            world.grow_old()
            world.inserts = True


class KnownCompany(NamedTuple):
    """Redmine's answers to everybody, and to one person, that are the same for all tests that set nothing up."""

    metadata: Cache
    access: Cache


@pytest.fixture(scope="session")
def known_company() -> KnownCompany:
    return KnownCompany(Cache(2_000, METADATA_SECONDS), Cache(5_000, RIGHTS_SECONDS))


@pytest.fixture
def nothing_is_set_up(request: pytest.FixtureRequest, known_company: KnownCompany) -> None:
    """A test that changes no roles, fields or words: Redmine is not asked for them by each such test, nor to make the
    tasks. Half of its time went into that."""
    for name in {"world", "redmine_world", "sql_world"} & set(request.fixturenames):
        if isinstance(world := request.getfixturevalue(name), RedmineWorld):
            world.share(known_company)


@pytest.fixture
async def redmine_world(redmine: Redmine) -> AsyncIterator[RedmineWorld]:
    world = RedmineWorld(redmine)
    yield world
    world.http.close()
    await world.client.close()


@pytest.fixture
async def sql_world(redmine: Redmine) -> AsyncIterator[SqlWorld]:
    world = SqlWorld(redmine)
    yield world
    world.http.close()
    world.database.close()
    await world.client.close()


@pytest.fixture(scope="session")
def embedded_on_mariadb() -> Iterator[EmbeddedWorld]:
    """The embedded tracker in a real MariaDB, for our statements must hold in more than SQLite."""
    if reason := why_not_here():
        unavailable(f"no real MariaDB: {reason}")
    with tempfile.TemporaryDirectory(prefix="helpdesk-mariadb-") as name:
        Path(name).chmod(0o711)
        with running_mariadb(Path(name) / "server") as server:
            execute(server, "CREATE DATABASE helpdesk; GRANT ALL ON `helpdesk%`.* TO h@'127.0.0.1' IDENTIFIED BY 'h'")
            database = Database(f"mysql+pymysql://h:h@127.0.0.1:{server.port}/helpdesk?charset=utf8mb4")
            schema.migrate(database, "production")
            database.run_here(settle, writes=True)
            yield EmbeddedWorld(database, Path(name) / "files")
            database.close()


@pytest.fixture(scope="session")
def embedded_on_postgresql() -> Iterator[EmbeddedWorld]:
    """And in a real PostgreSQL, the store of those who run several processes."""
    if reason := postgresql.why_not_here():
        unavailable(f"no real PostgreSQL: {reason}")
    with tempfile.TemporaryDirectory(prefix="helpdesk-postgresql-") as name:
        Path(name).chmod(0o711)
        with running_postgresql(Path(name) / "server") as url:
            database = Database(url.render_as_string())
            schema.migrate(database, "production")
            database.run_here(settle, writes=True)
            database.run_here(count_on, writes=True)
            yield EmbeddedWorld(database, Path(name) / "files")
            database.close()


def count_on(session: Session) -> None:
    """Numbers that were given by name do not move PostgreSQL's own on."""
    for table in SQLModel.metadata.sorted_tables:
        if isinstance(table.c.get("id", sa.Column()).type, sa.Integer):
            last = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0) + 1).scalar_subquery()
            session.execute(sa.select(sa.func.setval(sa.func.pg_get_serial_sequence(table.name, "id"), last, False)))


WORLDS = {
    "embedded": "embedded",
    "mariadb": "embedded_on_mariadb",
    "postgresql": "embedded_on_postgresql",
    "redmine": "redmine_world",
    "sql": "sql_world",
}


# For what is refused or done in the same lines however Redmine is read: once over REST is enough.
READ_ALIKE = pytest.mark.parametrize(
    "world", [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in WORLDS if it != "sql"], indirect=True
)


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in WORLDS])
def world(request: pytest.FixtureRequest) -> World:
    """Each adapter's world in turn: the embedded tracker in SQLite, in a real MariaDB and in a real PostgreSQL, a real
    Redmine over REST, and the same one read by SQL."""
    found: World = request.getfixturevalue(WORLDS[request.param])
    return found
