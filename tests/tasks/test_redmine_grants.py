"""The statements that administrators are given are those that the tests' own reader is made by."""

import re
from pathlib import Path

import pymysql
import pytest

from helpdesk.tasks.redmine.sql import schema_check
from helpdesk.tasks.redmine.sql.tables import COMPANY, REDMINE
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
