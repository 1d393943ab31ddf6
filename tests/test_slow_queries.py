"""A slow query is logged by the name of the function that asked it, and never with its values."""

import logging
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from helpdesk import slow_queries
from helpdesk.logs import JsonLines
from helpdesk.store import notifications
from helpdesk.store.database import Database
from helpdesk.tasks.redmine.sql import connection
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase

VALUE = "the login of somebody"
BEGIN = "store.database._begin_sqlite"


@pytest.fixture
def every_query_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_queries, "SLOW_SECONDS", -1.0)


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the names of the queries that were logged."""
    return [vars(record)["query"] for record in caplog.records if record.name == slow_queries.__name__]


@pytest.mark.usefixtures("every_query_is_slow")
def test_a_slow_query_has_the_name_of_its_function(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    database.run_here(lambda db: notifications.unread(db, [1]))
    assert logged(caplog) == [BEGIN, "store.notifications.unread"]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert {vars(record)["database"] for record in caplog.records} == {"store"}


@pytest.mark.usefixtures("every_query_is_slow")
def test_a_query_for_many_rows_is_one(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    marks = sa.table("lease", sa.column("name"))
    gone = marks.delete().where(marks.c.name == sa.bindparam("gone"))
    database.run_here(lambda db: db.connection().execute(gone, [{"gone": "one"}, {"gone": "another"}]), writes=True)
    assert len(logged(caplog)) == 2 and logged(caplog)[0] == BEGIN


@pytest.mark.usefixtures("every_query_is_slow")
def test_its_values_and_its_text_are_not_logged(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    database.run_here(lambda db: db.connection().execute(sa.text("SELECT :login"), {"login": VALUE}).all())
    lines = "".join(map(JsonLines().format, caplog.records))
    assert "a query was slow" in lines and VALUE not in lines and "SELECT" not in lines


@pytest.mark.usefixtures("every_query_is_slow")
def test_a_query_that_is_passed_on_has_the_name_of_the_function_before(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    one = BatchedSelects(one=sa.select(sa.literal(1).label("number")))
    assert database.run_here(lambda db: one.ask(db.connection(), {}))["one"]
    assert logged(caplog) == [BEGIN, "store.database.Database._transaction"]


def test_a_quick_query_is_not_logged(
    database: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_queries, "SLOW_SECONDS", 3600.0)
    database.run_here(lambda db: notifications.unread(db, [1]))
    assert logged(caplog) == []


def test_queries_of_redmine_s_database_are_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = []
    monkeypatch.setattr(connection, "log_slow_queries", lambda engine, database: watched.append((engine, database)))
    redmine = RedmineDatabase(sa.make_url("mysql+pymysql://nobody@127.0.0.1:1/redmine"), ZoneInfo("UTC"))
    assert watched == [(redmine.engine, "redmine")]
    redmine.close()
