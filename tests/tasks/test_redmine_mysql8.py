"""A MySQL 8 signs us in by its default plugin, also where there is no TLS: with cryptography, which we require."""

from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from tests.servers.imitated_mysql import imitated_mysql
from tests.servers.mariadb import MySQLAccess, url_of

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


def test_a_wrong_password_is_told_as_such(port: int) -> None:
    found = database(port, "другой")
    with pytest.raises(Silent) as caught:
        found.run_here(lambda db: db.scalar(ONE))
    assert caught.value.number == 1045 and caught.value.is_down
    found.close()


async def test_without_cryptography_the_database_is_silent_and_it_is_told_why(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pymysql._auth._have_cryptography", False)
    found = database(port, PASSWORD)
    with pytest.raises(Silent) as caught:
        await found.run(lambda db: db.scalar(ONE))
    assert "cryptography" in caught.value.detail and found.state.kind == "silent"
    found.close()
