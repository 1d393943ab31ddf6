"""Whatever can't be read from Redmine's database is asked over REST, and administrators are told of it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.errors import BadResponse, LockedOut, NotFound
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.backend import RedmineBackend
from helpdesk.tasks.redmine.feed import FallbackFeed, RestFeed, SqlFeed
from helpdesk.tasks.redmine.sql import connection, feed
from helpdesk.tasks.redmine.sql.source import Reading, Source
from tests.servers.mariadb import url_of
from tests.servers.redmine import Redmine
from tests.tasks.worlds import SqlWorld

pytestmark = pytest.mark.xdist_group("sql")
SECRET = "Смирнова"


def failing(error: Exception) -> Callable[[Connection], object]:
    def work(db: Connection) -> object:
        raise error

    return work


def asking(statement: str) -> Callable[[Connection], object]:
    return lambda db: db.execute(sa.text(statement)).all()


UNREADABLE = {
    "another character set": lambda db: SECRET.encode("cp1251").decode(),
    "a value of another kind": failing(ValueError(SECRET)),
    "something that is missing": failing(KeyError(SECRET)),
    "what makes no sense": failing(BadResponse(detail="a field without a name")),
    "a mistake of ours": asking("SELECT FROM"),
    "collations that do not mix": asking("SELECT 'a' COLLATE utf8mb4_bin = 'b' COLLATE utf8mb4_unicode_ci"),
}


@pytest.fixture
def backend(sql_world: SqlWorld) -> RedmineBackend:
    """One that falls back, unlike the world's own."""
    return RedmineBackend(sql_world.client, "textile", Source(sql_world.database))


async def read(backend: RedmineBackend, actor: Actor, work: Callable[[Reading], object]) -> object:
    """By SQL, or over REST."""

    async def over_rest() -> object:
        return "over REST"

    return await backend.source.or_rest(lambda: backend.source.read(actor, work), over_rest)()


@pytest.mark.parametrize("kind", UNREADABLE)
async def test_only_an_unreadable_query_is_asked_over_rest(
    backend: RedmineBackend, sql_world: SqlWorld, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    work, anna = UNREADABLE[kind], sql_world.actor("anna")
    for _ in range(2):
        assert await read(backend, anna, lambda reading: work(reading.db)) == "over REST"
    assert await read(backend, anna, lambda reading: "by SQL") == "by SQL"
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    (note,) = backend.state.notes
    assert backend.state.kind == "full" and told.__dict__["error"] == note.values["why"]
    assert SECRET not in str(told.__dict__)


async def test_the_feed_is_read_over_rest_then(sql_world: SqlWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    source, rest = Source(sql_world.database), RestFeed(sql_world.client)
    monkeypatch.setattr(feed, "start", lambda db, database: failing(ValueError())(db))
    assert await FallbackFeed(SqlFeed(source), rest).start()
    assert sql_world.database.state.notes


@pytest.mark.parametrize("error", [NotFound(), LockedOut()])
async def test_an_error_for_the_person_is_no_failure_of_sql(
    backend: RedmineBackend, sql_world: SqlWorld, error: Exception
) -> None:
    with pytest.raises(type(error)):
        await read(backend, sql_world.actor("anna"), lambda reading: failing(error)(reading.db))
    assert not backend.state.notes


async def test_administrators_are_told_for_a_while(backend: RedmineBackend, sql_world: SqlWorld) -> None:
    await read(backend, sql_world.actor("anna"), lambda reading: failing(KeyError())(reading.db))
    assert backend.state.notes
    sql_world.database._unread.expire(monotonic() + connection.UNREADABLE_SECONDS)
    assert not backend.state.notes


@pytest.mark.parametrize("charset", ["cp1251", "utf8mb3"])
async def test_a_redmine_whose_people_are_kept_in_another_character_set_is_read_by_sql(
    sql_world: SqlWorld, redmine: Redmine, charset: str
) -> None:
    task, anna = sql_world.new_task(author="irina", assignee="anna"), sql_world.actor("anna")
    before, search = await sql_world.backend.task(anna, task), TaskQuery(search="Смирнова")
    found = (await sql_world.backend.tasks(anna, search)).total
    with kept_in(redmine, charset):
        sql_world.restart_reading()
        assert await sql_world.backend.task(anna, task) == before
        assert (await sql_world.backend.tasks(anna, search)).total == found


@contextmanager
def kept_in(redmine: Redmine, charset: str) -> Iterator[None]:
    """The table of users in that character set, as after a move from an older server."""
    engine = sa.create_engine(url_of(redmine.mysql_writer))

    def convert(name: str) -> None:
        with engine.begin() as db:
            db.execute(sa.text(f"ALTER TABLE users CONVERT TO CHARACTER SET {name}"))

    convert(charset)
    try:
        yield
    finally:
        convert("utf8mb4 COLLATE utf8mb4_unicode_ci")
        engine.dispose()
