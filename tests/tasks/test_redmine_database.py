"""Redmine's database in a real MariaDB, over a wire that breaks: nobody waits for it twice, and it comes back."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from zoneinfo import ZoneInfo

import pymysql
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError, ProgrammingError

from helpdesk.breaker import PAUSE_SECONDS, Breaker
from helpdesk.tasks.backend import State
from helpdesk.tasks.redmine.sql import connection, schema_check
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from tests.clocks import Clock
from tests.servers.mariadb import MySQLAccess, url_of
from tests.servers.proxy import Proxy
from tests.servers.redmine import Redmine

READ_ONLY_TRANSACTION = 1792
MOSCOW = ZoneInfo("Europe/Moscow")


@contextmanager
def opened(access: MySQLAccess, clock: Clock | None = None) -> Iterator[RedmineDatabase]:
    database = RedmineDatabase(url_of(access), MOSCOW, Breaker(clock.ticks) if clock else None)
    yield database
    database.close()


@pytest.fixture
def database(
    redmine: Redmine, database_line: Proxy, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedmineDatabase]:
    monkeypatch.setattr(connection, "READ_SECONDS", 1)
    with opened(replace(redmine.mysql, port=database_line.port), clock) as database:
        yield database


def one(db: Connection) -> int:
    return int(db.execute(sa.text("SELECT 1")).scalar_one())


def statement(text: str):
    return lambda db: db.execute(sa.text(text)).all()


async def test_a_read_is_no_trip_more_than_its_queries(redmine: Redmine) -> None:
    with opened(redmine.mysql) as database:
        await database.run(one)
        assert await database.run(statement("SHOW SESSION STATUS LIKE 'Com_rollback'")) == [("Com_rollback", "0")]


async def back(database: RedmineDatabase) -> None:
    """Ask until it is up again."""
    async with asyncio.timeout(20):
        while database.state.kind != "full":
            with suppress(Silent):
                await database.run(one)
            await asyncio.sleep(0.01)


async def test_a_line_that_the_server_closed_is_opened_again_unseen(
    database: RedmineDatabase, database_line: Proxy
) -> None:
    assert await asyncio.gather(*(database.run(one) for _ in range(5))) == [1] * 5
    database_line.becomes("cut")
    database_line.becomes("fair")
    assert await asyncio.gather(*(database.run(one) for _ in range(5))) == [1] * 5
    assert database.state == State()


async def test_a_server_that_sends_everybody_away_is_left_alone_until_a_probe_finds_it_back(
    database: RedmineDatabase, database_line: Proxy, clock: Clock
) -> None:
    database_line.becomes("cut")
    with pytest.raises(Silent):
        await database.run(one)
    assert database.state.kind == "silent" and database.state.since
    tried = database_line.taken
    for _ in range(3):
        with pytest.raises(Silent):
            await database.run(one)
    assert database_line.taken == tried
    database_line.becomes("fair")
    clock.pass_(PAUSE_SECONDS)
    await back(database)
    assert await database.run(one) == 1


async def test_a_server_that_never_answers_costs_its_time_out_once(
    database: RedmineDatabase, database_line: Proxy, clock: Clock
) -> None:
    assert await database.run(one) == 1
    database_line.becomes("dead")
    failures = await asyncio.gather(*(database.run(one) for _ in range(30)), return_exceptions=True)
    assert {type(failure) for failure in failures} == {Silent}
    assert database_line.taken <= 2 * connection.CONNECTIONS  # those behind them in the queue did not try
    clock.pass_(PAUSE_SECONDS)
    with pytest.raises(Silent):
        await asyncio.wait_for(database.run(one), 0.5)  # the probe waits, not the person
    database_line.becomes("fair")
    clock.pass_(PAUSE_SECONDS)
    await back(database)


async def test_a_greeting_that_never_comes_is_given_up_too(database: RedmineDatabase, database_line: Proxy) -> None:
    database_line.becomes("dead")
    with pytest.raises(Silent):
        await database.run(one)
    assert database.state.kind == "silent"


async def test_the_server_itself_ends_a_statement_and_only_its_asker_is_told(
    redmine: Redmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LIMITS", ("SET SESSION max_statement_time = 0.1",))
    with opened(redmine.mysql) as database:
        with pytest.raises(Silent) as caught:
            await database.run(statement("SELECT COUNT(*) FROM issues a, issues b, issues c, issues d WHERE SLEEP(1)"))
        assert caught.value.number in (1969, 3024)
        assert database.state == State() and await database.run(one) == 1


def test_a_server_that_knows_only_the_other_limit_or_none_is_fine(
    redmine: Redmine, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = connection.LIMITS[0]
    for limits in (("SET SESSION unknown_limit = 1", known), ("SET SESSION unknown_limit = 1",)):
        monkeypatch.setattr(connection, "LIMITS", limits)
        with opened(redmine.mysql) as database:
            limit = database.run_here(statement("SELECT @@max_statement_time"))[0][0]
            assert limit == (connection.STATEMENT_SECONDS if known in limits else 0)


async def test_even_a_user_who_may_write_writes_nothing_through_us(redmine: Redmine) -> None:
    with opened(redmine.mysql_writer) as database:
        with database.engine.connect() as db, pytest.raises(OperationalError) as caught:
            db.execute(sa.text("UPDATE issues SET subject = 'x' WHERE id = 0"))
        assert caught.value.orig.args[0] == READ_ONLY_TRANSACTION


async def test_a_question_that_makes_no_sense_is_our_mistake_and_no_outage(redmine: Redmine) -> None:
    with opened(redmine.mysql) as database:
        with pytest.raises(ProgrammingError):
            await database.run(statement("SELECT FROM"))
        assert database.state == State()


async def test_a_database_that_is_not_trusted_is_not_read(redmine: Redmine) -> None:
    with opened(redmine.mysql) as database:
        database.distrusted = State("differing")
        with pytest.raises(Silent):
            await database.run(one)
        assert await database.run_noted(one) == 1
        assert database.state.kind == "differing"


def test_nothing_that_we_read_is_missing_and_our_user_may_nothing_else(redmine: Redmine) -> None:
    with opened(redmine.mysql) as database:
        assert database.run_here(schema_check.missing) == []
        assert database.run_here(schema_check.too_much) == []


def test_a_table_and_a_column_that_are_missing_are_named(redmine: Redmine) -> None:
    with opened(redmine.mysql) as database, renamed(redmine.mysql_writer):
        assert database.run_here(schema_check.missing) == ["issues.lock_version", "watchers"]
        with pytest.raises(Silent) as caught:
            database.run_here(statement("SELECT id FROM watchers"))
        assert caught.value.is_down


async def test_the_database_is_not_back_while_a_column_is_missing(
    database: RedmineDatabase, clock: Clock, redmine: Redmine
) -> None:
    with renamed(redmine.mysql_writer):
        with pytest.raises(Silent):
            await database.run(statement("SELECT lock_version FROM issues"))
        clock.pass_(PAUSE_SECONDS)
        for _ in range(2):
            with pytest.raises(Silent):
                await database.run(one)
            await asyncio.gather(*database._probes)
        assert database.state.kind == "silent"
    clock.pass_(PAUSE_SECONDS)
    await back(database)


def test_a_database_user_with_more_than_read_rights_is_reported(redmine: Redmine) -> None:
    with opened(redmine.mysql_writer) as database:
        found = database.run_here(schema_check.too_much)
    assert {"SELECT on tokens", "SELECT on users.hashed_password"} < set(found) and len(found) > 2


@pytest.mark.parametrize(
    ("granted", "writes"),
    [
        ("GRANT USAGE ON *.* TO `h`@`%` IDENTIFIED BY PASSWORD '*F'", []),
        ("GRANT SELECT, SHOW VIEW ON `redmine`.* TO `h`@`%`", []),
        ("GRANT SELECT (`id`, `login`) ON `redmine`.`users` TO `h`@`%`", []),
        ("GRANT SELECT, INSERT (`id`), UPDATE ON `redmine`.`users` TO `h`@`%`", ["INSERT", "UPDATE"]),
        ("GRANT ALL PRIVILEGES ON `redmine`.* TO `h`@`%` WITH GRANT OPTION", ["ALL PRIVILEGES"]),
        ("GRANT `reader`@`%` TO `h`@`%`", []),
    ],
)
def test_rights_to_write_are_found_among_grants(granted: str, writes: list[str]) -> None:
    assert schema_check.writes([granted]) == writes


@contextmanager
def renamed(writer: MySQLAccess) -> Iterator[None]:
    """A Redmine without its table of watchers and without issues.lock_version."""
    with pymysql.connect(
        host=writer.host, port=writer.port, user=writer.user, password=writer.password, database=writer.database
    ) as db:
        cursor = db.cursor()
        cursor.execute("ALTER TABLE issues RENAME COLUMN lock_version TO gone")
        cursor.execute("RENAME TABLE watchers TO gone")
        try:
            yield
        finally:
            cursor.execute("RENAME TABLE gone TO watchers")
            cursor.execute("ALTER TABLE issues RENAME COLUMN gone TO lock_version")
