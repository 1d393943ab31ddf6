"""The statements that administrators are given are those that the tests' own reader is made by."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pymysql
import pytest
import sqlalchemy as sa

from helpdesk.tasks.redmine.sql import schema_check
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.tasks.redmine.sql.tables import COMPANY, REDMINE
from tests.servers.imitated_mysql import imitated_mysql
from tests.servers.mariadb import MySQLAccess, url_of
from tests.servers.redmine import Redmine

DOCUMENT = Path(__file__).parent.parent.parent / "docs/redmine-database.md"


def test_the_document_shows_what_the_command_prints() -> None:
    (shown,) = re.findall(r"```sql\n(.*?)\n```", DOCUMENT.read_text(), re.DOTALL)
    assert shown == schema_check.script("redmine", "helpdesk", "%")


def test_every_table_is_granted_and_the_one_of_keys_is_not() -> None:
    script = schema_check.script("redmine", "helpdesk", "%")
    granted = re.findall(r"^GRANT SELECT.* ON `redmine`\.`(\w+)`", script, re.MULTILINE)
    assert granted == sorted(REDMINE.tables) and "tokens" not in script
    assert sorted(re.findall(r"^-- GRANT SELECT ON `redmine`\.`(\w+)`", script, re.MULTILINE)) == sorted(COMPANY.tables)
    assert "hashed_password" not in script


def test_whatever_is_in_a_name_stays_a_name() -> None:
    assert schema_check.create_user("o'neil\\", "%", "p'w") == "CREATE USER 'o''neil\\\\'@'%' IDENTIFIED BY 'p''w';"
    assert "ON `a``b`.`issues` TO 'x'@'%';" in schema_check.script("a`b", "x", "%")


@pytest.mark.parametrize(
    "forbidden",
    [
        "SELECT value FROM tokens",
        "SELECT hashed_password FROM users",
        "SELECT * FROM users",
        "SELECT 1 FROM repositories",
        "DELETE FROM journals",
        "CREATE TABLE mine (id INT)",
    ],
)
def test_the_reader_may_nothing_else(redmine: Redmine, forbidden: str) -> None:
    reader = redmine.mysql
    with (
        pymysql.connect(
            host=reader.host, port=reader.port, user=reader.user, password=reader.password, database=reader.database
        ) as db,
        pytest.raises(pymysql.err.OperationalError, match="denied"),
    ):
        db.cursor().execute(forbidden)


# A MySQL 8 signs us in by its default plugin, also where there is no TLS: with cryptography, which we require


PASSWORD = "пароль 8"
ONE = sa.text("SELECT 1")


@pytest.fixture(scope="module")
def port() -> object:
    with imitated_mysql(PASSWORD) as found:
        yield found


def database(port: int, password: str) -> RedmineDatabase:
    access = MySQLAccess("127.0.0.1", port, "redmine", "helpdesk", password)
    return RedmineDatabase(url_of(access), ZoneInfo("Europe/Moscow"))


def test_the_right_password_is_sent_encrypted_and_lets_us_in(port: int) -> None:
    found = database(port, PASSWORD)
    assert found.run_here(lambda db: db.scalar(ONE)) == "1"
    found.close()


def test_a_wrong_password_is_reported_as_such(port: int) -> None:
    found = database(port, "другой")
    with pytest.raises(Silent) as caught:
        found.run_here(lambda db: db.scalar(ONE))
    assert caught.value.number == 1045 and caught.value.is_down
    found.close()


async def test_without_cryptography_the_database_is_silent_and_the_reason_reported(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pymysql._auth._have_cryptography", False)
    found = database(port, PASSWORD)
    with pytest.raises(Silent) as caught:
        await found.run(lambda db: db.scalar(ONE))
    assert "cryptography" in caught.value.detail and found.state.kind == "silent"
    found.close()
