"""Tasks by the e-mail of who asked for them, in a real MariaDB with Easy Redmine's columns in a table of the test's."""

import re
from collections.abc import Iterator
from random import Random

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.query_conditions import EASY_REDMINE, RequesterFields, asked_by, requester_fields
from tests.servers.mariadb import url_of
from tests.servers.redmine import Redmine

ADDRESSES = [
    "irina@example.test",
    "xirina@example.test",
    "irina@example.test.ru",
    "i_ina@example.test",
    "%@example.test",
]
ADDRESSES += ["iriná@example.test", "irinà@example.test", "o'hara\\@example.test", "ирина@пример.рф"]
WRITTEN = [*ADDRESSES, "IRINA@Example.TEST", "Ирина@Пример.РФ", "Irina <irina@example.test>", "", "no address"]
SEPARATORS = [",", ";", ", ", " ; ", ",,", ";\r\n", "\t"]


@pytest.fixture
def db(redmine: Redmine) -> Iterator[Connection]:
    """A session that has tables of its own in the place of Redmine's."""
    engine = sa.create_engine(url_of(redmine.mysql_writer), connect_args={"charset": "utf8mb4"})
    with engine.connect() as db:
        yield db
        db.invalidate()
    engine.dispose()


def with_easy_columns(db: Connection) -> None:
    db.exec_driver_sql("CREATE TEMPORARY TABLE issues (id INT, easy_email_to TEXT, easy_email_cc TEXT)")


def found(db: Connection, email: str, kept: RequesterFields) -> list[int]:
    return list(db.scalars(sa.select(t.issues.c.id).where(asked_by(email, kept)).order_by(t.issues.c.id)))


def is_named(email: str, *texts: str | None) -> bool:
    return any(email.lower() in re.split(r"[,;\s]", (text or "").lower()) for text in texts)


def test_redmine_itself_keeps_no_requesters_and_then_nobody_asked(db: Connection) -> None:
    assert requester_fields(db, None) == requester_fields(db, "Нет такого поля") == RequesterFields()
    assert found(db, "irina@example.test", RequesterFields()) == []


def test_an_address_is_found_whole_in_either_column_and_nothing_that_only_looks_like_it(db: Connection) -> None:
    with_easy_columns(db)
    assert requester_fields(db, None) == RequesterFields(EASY_REDMINE)
    dice, rows = Random(1), [(1, None, None)]
    for number in range(2, 300):
        to, cc = (dice.choice(SEPARATORS).join(dice.choices(WRITTEN, k=dice.randrange(4))) for _ in EASY_REDMINE)
        rows.append((number, to, cc))
    insert = sa.text("INSERT INTO issues VALUES (:id, :to, :cc)")
    db.execute(insert, [{"id": number, "to": to, "cc": cc} for number, to, cc in rows])
    for email in [*ADDRESSES, "Irina@EXAMPLE.test", " irina@example.test "]:
        expected = [number for number, to, cc in rows if is_named(email.strip(), to, cc)]
        assert found(db, email, RequesterFields(EASY_REDMINE)) == expected and expected, email
    for nobody in ("", ",", "irina", "example.test", "a@b,irina@example.test", "_@_", "no address"):
        assert found(db, nobody, RequesterFields(EASY_REDMINE)) == [], nobody


def test_a_custom_field_that_is_named_holds_addresses_and_others_do_not(db: Connection, redmine: Redmine) -> None:
    room, date = redmine.fields["Кабинет"], redmine.fields["Дата замены"]
    kept, (first, second) = requester_fields(db, "Кабинет"), list(redmine.issues.values())[:2]
    assert kept == RequesterFields(field=room)
    db.exec_driver_sql(
        "CREATE TEMPORARY TABLE custom_values (id INT, customized_type TEXT, customized_id INT, custom_field_id INT,"
        " value TEXT)"
    )
    row = {"type": "Issue", "task": first, "field": room, "value": "boris@example.test; Irina@example.test"}
    others = [{"task": second, "field": date}, {"task": second, "type": "Project"}, {"task": second, "value": "irina"}]
    insert = sa.text("INSERT INTO custom_values VALUES (0, :type, :task, :field, :value)")
    db.execute(insert, [row, *(row | other for other in others)])
    assert found(db, "irina@example.test", kept) == [first]
