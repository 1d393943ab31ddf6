"""A second Redmine in a real MariaDB: who one is there, and stored procedures that are only read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from zoneinfo import ZoneInfo

import pymysql
import pytest

from helpdesk import health
from helpdesk.errors import BadResponse
from helpdesk.tasks.redmine import health as redmine_health
from helpdesk.tasks.redmine.procedures import MOST_ROWS, RedmineProcedures
from helpdesk.tasks.redmine.sql import schema_check
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.tasks.redmine.sql.namesakes import namesake
from tests.servers.mariadb import MySQLAccess, url_of
from tests.servers.redmine import Redmine

pytestmark = pytest.mark.xdist_group("sql")
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)


@contextmanager
def opened(access: MySQLAccess) -> Iterator[RedmineDatabase]:
    database = RedmineDatabase(url_of(access), ZoneInfo("UTC"), name="The second Redmine's database")
    yield database
    database.close()


def run(redmine: Redmine, *statements: str) -> None:
    it = redmine.mysql_writer
    place = {"host": it.host, "port": it.port, "user": it.user, "password": it.password, "database": it.database}
    with pymysql.connect(**place, charset="utf8mb4", autocommit=True) as db, db.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def readable(redmine: Redmine) -> Iterator[RedmineDatabase]:
    """As the writer sees it, who may read e-mail addresses and call procedures; the session only reads."""
    with opened(redmine.mysql_writer) as database:
        yield database


@pytest.fixture
def reader(redmine: Redmine) -> Iterator[RedmineDatabase]:
    with opened(redmine.mysql) as database:
        yield database


async def test_one_is_the_active_user_with_the_same_login(redmine: Redmine, reader: RedmineDatabase) -> None:
    found = await namesake(reader, "ANNA", "")
    assert found and (found.id, found.login, found.is_admin) == (redmine.user_ids["anna"], "anna", False)
    assert await namesake(reader, "nobody", "") is None
    assert await namesake(reader, "' OR 1=1 -- ", "") is None


async def test_letters_that_only_the_database_takes_for_the_same_are_not(
    redmine: Redmine, reader: RedmineDatabase
) -> None:
    assert await namesake(reader, "ánna", "") is None
    assert await namesake(reader, "anna ", "") is None


async def test_a_locked_user_is_nobody(redmine: Redmine, reader: RedmineDatabase) -> None:
    run(redmine, "UPDATE users SET status = 3 WHERE login = 'anna'")
    try:
        assert await namesake(reader, "anna", "") is None
    finally:
        run(redmine, "UPDATE users SET status = 1 WHERE login = 'anna'")


async def test_by_mail_one_is_found_where_it_may_be_read(
    redmine: Redmine, reader: RedmineDatabase, readable: RedmineDatabase
) -> None:
    run(redmine, f"INSERT INTO email_addresses (user_id, address, is_default, notify, created_on, updated_on)"
        f" VALUES ({redmine.user_ids['anna']}, 'anna.second@example.test', 0, 0, NOW(), NOW())")  # fmt: skip
    try:
        found = await namesake(readable, "anna.elsewhere", "Anna.Second@example.test")
        assert found and found.login == "anna"
        assert await namesake(readable, "anna.elsewhere", "") is None
        assert await namesake(reader, "anna.elsewhere", "anna.second@example.test") is None
        assert not reader.breaker.since, "a right that is missing is no failure"
    finally:
        run(redmine, "DELETE FROM email_addresses WHERE address = 'anna.second@example.test'")


async def test_two_users_with_one_mail_are_nobody(redmine: Redmine, readable: RedmineDatabase) -> None:
    rows = ", ".join(f"({redmine.user_ids[it]}, 'both@example.test', 0, 0, NOW(), NOW())" for it in ("anna", "boris"))
    run(
        redmine,
        f"INSERT INTO email_addresses (user_id, address, is_default, notify, created_on, updated_on) VALUES {rows}",
    )
    try:
        assert await namesake(readable, "elsewhere", "both@example.test") is None
    finally:
        run(redmine, "DELETE FROM email_addresses WHERE address = 'both@example.test'")


@contextmanager
def procedure(redmine: Redmine, name: str, body: str, parameters: str = "a DATETIME, b DATETIME") -> Iterator[None]:
    run(redmine, f"DROP PROCEDURE IF EXISTS `{name}`", f"CREATE PROCEDURE `{name}`({parameters}) {body}")
    try:
        yield
    finally:
        run(redmine, f"DROP PROCEDURE `{name}`")


async def test_a_procedure_is_called_with_bound_days(redmine: Redmine, readable: RedmineDatabase) -> None:
    procedures = RedmineProcedures(readable)
    assert await procedures.present() == ()
    with procedure(redmine, "Classific", "SELECT DATEDIFF(b, a) AS ComplaintIssueHotel, 'x' AS Other"):
        assert await procedures.present() == ("Classific",)
        (row,) = await procedures.call("Classific", FIRST, LAST)
        assert row["ComplaintIssueHotel"] == 30
        (again,) = await procedures.call("Classific", FIRST, FIRST)
        assert again["ComplaintIssueHotel"] == 0


async def test_a_procedure_of_several_answers_leaves_the_connection_whole(
    redmine: Redmine, readable: RedmineDatabase
) -> None:
    with procedure(redmine, "resorts", "BEGIN SELECT 'Кемер' AS ResortName; SELECT 2; END"):
        for _ in range(12):
            (row,) = await RedmineProcedures(readable).call("resorts", FIRST, LAST)
            assert row["ResortName"] == "Кемер"


async def test_the_type_is_bound_too(redmine: Redmine, readable: RedmineDatabase) -> None:
    with procedure(redmine, "up_TypesRequests_ITS", "SELECT t AS Tracker", "a DATE, b DATE, t INT"):
        (row,) = await RedmineProcedures(readable).call("up_TypesRequests_ITS", FIRST, LAST, 7)
        assert row["Tracker"] == 7


async def test_more_rows_than_a_page_has_are_refused(redmine: Redmine, readable: RedmineDatabase) -> None:
    body = f"SELECT seq AS ResortName FROM seq_1_to_{MOST_ROWS + 1}"
    with procedure(redmine, "resorts", body), pytest.raises(BadResponse):
        await RedmineProcedures(readable).call("resorts", FIRST, LAST)
    assert await namesake(readable, "anna", "")


async def test_a_procedure_that_writes_is_refused_by_the_database(redmine: Redmine, readable: RedmineDatabase) -> None:
    body = "BEGIN DELETE FROM journals; SELECT 1 AS ResortName; END"
    with procedure(redmine, "resorts", body), pytest.raises(Silent):
        await RedmineProcedures(readable).call("resorts", FIRST, LAST)
    assert not readable.breaker.since


async def test_one_that_takes_too_long_ends(redmine: Redmine, readable: RedmineDatabase) -> None:
    with procedure(redmine, "resorts", "SELECT SLEEP(60)"), pytest.raises(Silent):
        await RedmineProcedures(readable).call("resorts", FIRST, LAST)


async def test_the_check_allows_calls_and_no_writing(
    redmine: Redmine, reader: RedmineDatabase, readable: RedmineDatabase
) -> None:
    assert (await health.run(redmine_health.second(reader))).trouble is None
    trouble = (await health.run(redmine_health.second(readable))).trouble
    assert trouble and "EXECUTE" not in str(trouble)


def test_the_statements_for_the_second_user_let_it_read_addresses(redmine: Redmine) -> None:
    script = schema_check.second_script("quality", "q", "%")
    assert "GRANT SELECT ON `quality`.`email_addresses` TO 'q'@'%';" in script
    assert "-- GRANT EXECUTE ON `quality`.* TO 'q'@'%';" in script and "tokens" not in script
