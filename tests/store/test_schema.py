"""Migrations, and the one way to the store."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable
from sqlmodel import Session, SQLModel, select

from helpdesk.errors import StoreUnavailable
from helpdesk.store import people, schema
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.world import PEOPLE_IDS, settle


@pytest.fixture
def empty(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'empty.db'}")


def test_the_migrations_make_exactly_the_tables(empty: Database) -> None:
    schema.migrate(empty, "production")
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_nobody_else_on_the_machine_reads_the_store(empty: Database, tmp_path: Path, no_umask: None) -> None:
    def write(session: Session) -> set[int]:
        session.connection().exec_driver_sql("CREATE TABLE t (x)")
        return {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert empty.run_here(write, writes=True) == {0o600}
    assert len(list(tmp_path.iterdir())) == 3  # the log and its index are as private as the store
    (tmp_path / "empty.db").chmod(0o644)
    empty.keep_private()
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_store_that_can_not_be_made_is_reported_as_before(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        Database(f"sqlite:///{tmp_path / 'no folder' / 'x.db'}").run_here(schema.kind)


def test_migrating_twice_changes_nothing_and_keeps_the_kind(empty: Database) -> None:
    assert empty.run_here(schema.kind) is None
    schema.migrate(empty, "demo")
    schema.migrate(empty, "production")
    assert empty.run_here(schema.kind) == "demo" and empty.run_here(schema.is_current)


def test_a_store_of_yesterday_keeps_its_rows_and_what_they_refer_to(empty: Database) -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    with empty.engine.connect() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        connection.exec_driver_sql(
            "INSERT INTO tracker_project (id, identifier, name, description) VALUES (1, 'p', 'p', '')"
        )
        connection.exec_driver_sql("INSERT INTO tracker_role (id, name, permissions) VALUES (1, 'r', '')")
        connection.exec_driver_sql(
            "INSERT INTO person (id, source, login, login_folded, email, email_folded, full_name, department, position,"
            " created_at) VALUES (1, 'local', 'a', 'a', '', '', '', '', '', ?)",
            (now.isoformat(" "),),
        )
        connection.exec_driver_sql("INSERT INTO tracker_membership (project_id, person_id, role_id) VALUES (1, 1, 1)")
        connection.commit()
    schema.migrate(empty, "production")
    assert empty.run_here(lambda session: len(session.exec(select(tables.Membership)).all())) == 1
    assert empty.run_here(lambda session: session.get_one(tables.Project, 1).parent_id) is None
    with empty.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_numbers_that_must_not_be_given_again_are_not(empty: Database) -> None:
    schema.migrate(empty, "production")
    wanted = {it.name for it in SQLModel.metadata.sorted_tables if it.dialect_options["sqlite"]["autoincrement"]}
    with empty.engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'").scalars()
        assert set(made) == wanted >= {"notification", "tracker_task", "tracker_entry"}


def test_rights_that_were_columns_become_grants_and_go_back(empty: Database) -> None:
    columns = ("is_admin", "can_access_quality_control", "can_access_contact_center_moscow")
    held = {1: (1, 0, 0), 2: (0, 1, 1), 3: (0, 0, 0)}

    def rows() -> dict[int, tuple[int, ...]]:
        query = f"SELECT id, {', '.join(columns)} FROM person"
        return {number: tuple(rights) for number, *rights in connection.exec_driver_sql(query)}

    with empty.engine.connect() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0016")
        for number, rights in held.items():
            texts = dict.fromkeys(("email", "email_folded", "full_name", "department", "position"), "")
            known = {"id": number, "source": "local", "login": str(number), "login_folded": str(number)}
            row = known | texts | {"created_at": "2026-01-02 00:00:00"} | dict(zip(columns, rights, strict=True))
            connection.execute(sa.insert(sa.table("person", *map(sa.column, row))).values(row))
        for _ in range(2):
            connection.commit()
            command.upgrade(config, "0017")
            granted = connection.exec_driver_sql("SELECT person_id, name, source FROM right_grant ORDER BY 1, 2").all()
            assert granted == [(1, columns[0], ""), (2, columns[2], ""), (2, columns[1], "")]
            moments = connection.execute(sa.select(tables.RightGrant.granted_at)).scalars().all()
            assert all(abs((datetime.now(UTC) - moment).total_seconds()) < 3600 for moment in moments)
            connection.commit()
            command.downgrade(config, "0016")
            assert rows() == held


SINCE = {"requester", "is_private"}
"""Columns of tasks that came later."""


def test_numbers_that_a_directory_tells_are_trusted_and_typed_ones_are_not(empty: Database) -> None:
    people_before = [
        (1, "local", None, "8 903 555-01-42"),  # typed by the person: the directory tells another
        (2, "ldap", 1, "1204"),
        (3, "ldap", None, "1205"),
        (4, "oracle", None, ""),
        (5, "local", None, "1206"),
        (6, "redmine", None, "1208"),
        (7, "oracle", 6, "1208"),
    ]
    texts = dict.fromkeys(("email", "email_folded", "full_name", "department", "position"), "")
    with empty.engine.connect() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0019")
        for number, source, joined_into, phone in people_before:
            row = {"id": number, "source": source, "login": str(number), "login_folded": str(number)}
            row |= {"joined_into": joined_into, "phone": phone, "created_at": "2026-01-02 00:00:00", **texts}
            connection.execute(sa.insert(sa.table("person", *map(sa.column, row))).values(row))
        connection.commit()
        command.upgrade(config, "0020")
        trusted = connection.exec_driver_sql("SELECT id FROM person WHERE is_phone_proven ORDER BY id").scalars().all()
    assert trusted == [3, 6]


def test_a_store_from_before_that_keeps_its_tasks_and_counts_on(empty: Database) -> None:
    schema.migrate(empty, "production")
    empty.run_here(settle, writes=True)  # by the tables of today, and then back to those of then
    with empty.engine.connect() as connection:
        config = schema.alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0007")
    now = datetime(2026, 1, 2, tzinfo=UTC)

    def task(number: int | None, parent: int | None = None) -> tables.Task:
        ids = {"project_id": 1, "kind_id": 1, "status_id": 1, "priority_id": 1, "author_id": PEOPLE_IDS["anna"]}
        return tables.Task(id=number, **ids, subject="Ёлка", parent_id=parent, created_at=now, updated_at=now)

    def fill(session: Session) -> None:
        known = (column for column in sa.inspect(tables.Task).columns if column.name not in SINCE)
        then = sa.table("tracker_task", *(sa.column(column.name, column.type) for column in known))
        for number, parent in ((7, None), (9, 7)):
            session.execute(sa.insert(then).values(task(number, parent).model_dump(exclude=SINCE)))
        session.add(tables.Entry(id=5, task_id=9, author_id=PEOPLE_IDS["anna"], created_at=now, notes="Слово"))
        session.flush()
        session.add(tables.Change(entry_id=5, field="status", old_value="1", new_value="2"))

    def whole(session: Session) -> list[list[Any]]:
        kinds = (tables.Task, tables.Entry, tables.Change, tables.Membership)
        late = {sa.inspect(tables.Task).columns[name] for name in SINCE}
        columns = ([column for column in sa.inspect(kind).columns if column not in late] for kind in kinds)
        return [[tuple(row) for row in session.execute(sa.select(*each))] for each in columns]

    empty.run_here(fill, writes=True)
    before = empty.run_here(whole)
    schema.migrate(empty, "production")
    assert empty.run_here(whole) == before and len(before[0]) == 2
    with empty.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []

    def replace_last(session: Session) -> int | None:
        session.delete(session.get_one(tables.Change, 1))
        session.flush()
        session.delete(session.get_one(tables.Entry, 5))
        session.flush()
        session.delete(session.get_one(tables.Task, 9))
        session.flush()
        new = task(None)
        session.add(new)
        session.flush()
        return new.id

    assert empty.run_here(replace_last, writes=True) == 10
    with empty.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0007")
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'tracker_task'").scalar_one()
        assert "AUTOINCREMENT" not in made
    assert [row[0] for row in empty.run_here(whole)[0]] == [7, 10]


def test_a_database_of_others_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "others.db"
    with sqlite3.connect(file) as others:
        others.execute("CREATE TABLE users (id INTEGER)")
    before = file.read_bytes()
    with pytest.raises(schema.NotOurs):
        schema.migrate(Database(f"sqlite:///{file}"), "production")
    with sqlite3.connect(shutil.copy(file, tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT name FROM sqlite_master").fetchall() == [("users",)]
    assert len(before) == file.stat().st_size


@pytest.mark.parametrize("dialect", [mysql.dialect(), postgresql.dialect()], ids=lambda it: it.name)
def test_every_table_can_be_written_in_the_other_dialects(dialect: object) -> None:
    """MySQL refuses texts without a length in keys and indexes; compiling finds that out."""
    for table in SQLModel.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=dialect))


async def test_one_call_is_one_transaction(database: Database) -> None:
    def half(session: Session) -> None:
        session.add(tables.Meta(name="half", value="done"))
        session.flush()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await database.run(half, writes=True)
    assert await database.run(lambda session: session.get(tables.Meta, "half")) is None


async def test_writers_at_once_wait_for_each_other(database: Database) -> None:
    import asyncio

    def count_up(session: Session) -> None:
        mark = session.get(tables.Meta, "kind")
        assert mark
        mark.value = str(int(mark.value) + 1) if mark.value.isdigit() else "1"
        session.add(mark)

    await asyncio.gather(*(database.run(count_up, writes=True) for _ in range(20)))
    assert await database.run(schema.kind) == "20"


def test_sqlite_is_set_up_as_promised(database: Database) -> None:
    with database.engine.connect() as connection:
        told = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
    assert told == ["wal", 1]


def test_times_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def write(session: Session, at: datetime) -> None:
        session.add(tables.SigninAttempt(login_hash="x", place="x", at=at))

    database.run_here(lambda session: write(session, now), writes=True)
    assert database.run_here(lambda session: session.exec(select(tables.SigninAttempt.at)).one()) == now
    with pytest.raises(Exception, match="tz|naive|timezone"):
        database.run_here(lambda session: write(session, now.replace(tzinfo=None)), writes=True)


def test_logins_are_found_without_regard_to_case_or_yo(database: Database) -> None:
    database.run_here(lambda db: people.add_local(db, "Пётр", "", "P@x.test", "hash", False).id, writes=True)
    for typed in ("петр", "ПЁТР", " Пётр ", "p@X.test"):
        found = database.run_here(lambda db, typed=typed: people.by_login_or_email(db, "local", typed))
        assert found and found.login == "Пётр"
    assert database.run_here(lambda db: people.by_login_or_email(db, "redmine", "Пётр")) is None


def test_an_e_mail_of_two_people_is_nobodys_login(database: Database) -> None:
    for login in ("one", "two"):
        database.run_here(
            lambda db, login=login: people.add_local(db, login, "", "same@x.test", "hash", False).id, writes=True
        )
    assert database.run_here(lambda db: people.by_login_or_email(db, "local", "same@x.test")) is None


def test_a_login_that_moved_to_another_redmine_user_is_the_other_ones(database: Database) -> None:
    def bind(number: int, login: str) -> int | None:
        return database.run_here(lambda db: people.bind_redmine(db, number, login, login, "").id, writes=True)

    first = bind(10, "vera")
    second = bind(11, "vera")
    assert first != second and bind(10, "vera.old") == first and bind(11, "vera") == second
