"""Several questions in one trip, asked of Redmine's real database."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.engine import Connection

from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from tests.servers.mariadb import url_of
from tests.servers.redmine import Redmine

pytestmark = pytest.mark.xdist_group("sql")
TEXT = "Ёж, 😀 'и' \\ \"0\""


@pytest.fixture
def db(redmine: Redmine) -> Iterator[Connection]:
    database = RedmineDatabase(url_of(redmine.mysql), ZoneInfo(redmine.timezone))
    with database.engine.connect() as connection:
        yield connection
    database.close()


def test_each_answer_has_its_own_columns_and_types(db: Connection, redmine: Redmine) -> None:
    users = t.users.c
    login = sa.bindparam("login", type_=sa.String)
    asked = BatchedSelects(
        user=sa.select(users.id, users.login, users.admin, users.status).where(users.login == login),
        task=sa.select(t.issues.c.created_on, t.issues.c.estimated_hours).where(t.issues.c.id == sa.bindparam("task")),
        nothing=sa.select(t.projects.c.id).where(sa.false()),
        half=sa.select((sa.literal(1.5, sa.Float) / 2).label("it"), sa.literal(TEXT, sa.String).label("says")),
    )
    number = next(iter(redmine.issues.values()))
    found = asked.ask(db, {"login": "admin", "task": number})
    created, hours = db.execute(sa.select(t.issues.c.created_on, t.issues.c.estimated_hours).filter_by(id=number)).one()
    assert [tuple(row) for row in found["user"]] == [(1, "admin", True, 1)]
    assert (found["task"][0].created_on, found["task"][0].estimated_hours) == (created, hours)
    assert isinstance(created, datetime) and found["nothing"] == []
    assert (found["half"][0].it, found["half"][0].says) == (0.75, TEXT)


def test_false_is_false_and_nothing_is_none(db: Connection) -> None:
    asked = BatchedSelects(
        no=sa.select(sa.literal(False).label("it"), sa.null().cast(sa.Integer).label("other")),
        yes=sa.select(sa.literal(True).label("it")),
    )
    found = asked.ask(db, {})
    assert (found["no"][0].it, found["no"][0].other, found["yes"][0].it) == (False, None, True)


def test_texts_of_collations_that_do_not_mix_come_together(db: Connection) -> None:
    texts = {
        name: sa.select(sa.func.concat(t.users.c.login).collate(collation).label("login")).where(t.users.c.id == 1)
        for name, collation in (("one", "utf8mb4_bin"), ("other", "utf8mb4_unicode_ci"))
    }
    found = BatchedSelects(**texts).ask(db, {})
    assert [row.login for rows in found.values() for row in rows] == ["admin", "admin"]


@pytest.mark.parametrize("charset", ["cp1251", "koi8r", "utf8mb3", "utf8mb4"])
def test_texts_of_any_character_set_are_read_as_they_are(db: Connection, charset: str) -> None:
    text = sa.type_coerce(sa.cast(t.users.c.lastname, CHAR(charset=charset)), sa.String).label("name")
    latin = sa.type_coerce(sa.cast(sa.literal("Müller"), CHAR(charset="latin1")), sa.String).label("name")
    named = sa.select(text).where(t.users.c.login == "anna")
    found = BatchedSelects(user=named, latin=sa.select(latin)).ask(db, {})
    assert (found["user"][0].name, found["latin"][0].name) == ("Смирнова", "Müller")
