"""What is kept of a person is given out whole and taken away whole: every table is looked at, also tomorrow's."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from io import BytesIO
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from helpdesk.errors import Invalid, TooLarge
from helpdesk.people import personal_file
from helpdesk.store import anonymizing, audit, joins, moved_rows, notifications, people, personal_data, personal_texts
from helpdesk.store.database import Database
from helpdesk.store.models import table as table_of
from helpdesk.store.models import tables
from helpdesk.store.models.netmonitor import MonitoredHost
from helpdesk.store.models.posts import Post
from helpdesk.store.models.quality import Assessment, AssessmentForm
from helpdesk.store.models.reports import SavedReport
from helpdesk.store.models.tables import Notification, Person
from helpdesk.store.personal_texts import Reader, Visible
from tests.telling import AT, tell
from tests.world import PEOPLE_IDS

ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOOKS_LIKE_A_PERSON = re.compile(r"(person|actor|deputy|author|assignee|user|owner|kept|joined)_id|\w+_by|\w+_into")
LOOKS_SECRET = re.compile(r"hash|secret|token|password|key|code")
HARMLESS = {"first_answer.key", "phone_call.other_key"}
"""Columns that look like a secret and are none."""
GONE = {
    "account_join", "api_token", "assessment_pick", "board_fold", "draft", "first_answer", "flagged_address",
    "grace_password", "letter",
    "monitor_watcher", "notification", "notification_preference", "outbox", "page_vote", "password_link", "phone_agent",
    "phone_favourite", "post_feed", "post_read", "push_device", "quality_watcher", "recovery_code", "redmine_key",
    "reply_template", "report_mailing", "right_grant", "saved_report", "saved_view", "second_factor", "session",
    "tracker_membership", "tracker_watcher",
}  # fmt: skip
"""Tables whose rows go with the person."""
OF_TASKS = ("notification", "outbox", "tracker_task", "tracker_entry", "tracker_attachment", "audit_record")


def kind(column: sa.Column[Any]) -> type:
    found: type = getattr(column.type, "impl_instance", column.type).python_type
    return found


def of_anna() -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    """A row of anna's for each column of each table that refers to people; each text says what it is."""
    numbers = count(1_000)
    for link in moved_rows.references():
        values: dict[str, Any] = {}
        trace = "others" if link.name in anonymizing.OTHERS else "trace"
        for column in link.table.columns:
            made: Any = next(numbers)
            if column is link.column:
                made = ANNA
            elif column.foreign_keys:
                (key,) = column.foreign_keys
                is_self = key.column.table is link.table
                made = None if is_self or column.nullable else BORIS if key.column.table.name == "person" else 1
            elif kind(column) is str:
                made = f"{trace}-{made}-{column.name}"[: getattr(column.type, "length", None) or 200]
            elif kind(column) is int and column.primary_key and column.autoincrement is True:
                made = None
            else:
                made = {bool: False, datetime: NOW, date: date(2026, 1, 2)}.get(kind(column), made)
            values[column.key] = made
        yield link.table, {key: value for key, value in values.items() if value is not None}


def fill(session: Session) -> None:
    """Such rows beside those of the world, whose tables have the rows that they refer to."""
    session.add_all([*_of_boris()])
    session.flush()
    for table, values in of_anna():
        if table.name != "person":
            session.execute(sa.insert(table).prefix_with("OR IGNORE").values(values))
    person = session.get_one(Person, ANNA)
    for name in ("email", "department", "position", "phone", "office", "directory_id", "password_hash", "words"):
        setattr(person, name, f"trace-{name}")
    person.redmine_id, person.redmine_username, person.redmine_username_folded = 71, "trace-redmine", "trace-redmine"
    person.avatar, person.away_until, person.deputy_id = "trace-avatar", date(2026, 12, 1), BORIS
    person.last_seen, person.closed_hints, person.blocked_by = NOW, "trace-hint", "ldap"
    session.get_one(Person, BORIS).deputy_id = ANNA
    session.add(person)


def _of_boris() -> Iterator[SQLModel]:
    written = {"created_at": NOW, "updated_at": NOW, "author_id": BORIS}
    yield tables.Task(id=1, project_id=1, kind_id=1, status_id=1, priority_id=1, subject="Стул", **written)
    text = {"title": "Стул", "title_folded": "стул", "content": "Стул", "words": "стул"}
    yield Post(id=1, kind="post", updated_by=BORIS, **text, **written)
    yield AssessmentForm(id=1, name="Стул", name_folded="стул")
    yield SavedReport(id=1, owner_id=BORIS, name="Стул", name_folded="стул", query="", created_at=NOW)
    yield MonitoredHost(id=1, name="Стул", name_folded="стул", method="icmp", created_at=NOW)


@pytest.fixture
def filled(database: Database) -> Database:
    database.run_here(fill, writes=True)
    return database


def archive_of(
    database: Database,
    person_id: int = ANNA,
    folder: Path = Path("/nowhere"),
    visible: Mapping[int, bool] = MappingProxyType({}),
) -> dict[str, Any]:
    """The files of the archive, JSON as values."""
    file = BytesIO()
    personal_file.write(database, person_id, Visible(visible), folder, file)
    with ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    return {name: json.loads(it) if name.endswith(".json") else it for name, it in contents.items()}


def anonymize(database: Database, person_id: int = ANNA, typed: str = "anna") -> list[str]:
    database.run_here(lambda db: people.disable(db, "anna"), writes=True)
    return database.run_here(
        lambda db: anonymizing.anonymize(db, person_id, typed, NOW, None, PEOPLE_IDS["admin"]), writes=True
    )


def texts_of(database: Database, *, without: set[str]) -> str:
    """All that the store holds, but for these tables."""

    def work(session: Session) -> str:
        found = (it for it in SQLModel.metadata.sorted_tables if it.name not in without)
        return "\n".join(f"{it.name}: {tuple(row)}" for it in found for row in session.execute(sa.select(it)))

    return database.run_here(work)


def test_every_column_that_may_name_a_person_is_known_as_one() -> None:
    known = {link.name for link in moved_rows.references()}
    assert known >= moved_rows.UNBOUND
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            is_number = kind(column) is int
            if is_number and LOOKS_LIKE_A_PERSON.fullmatch(column.name):
                assert name in known, f"{name} has the id of a person: make it a foreign key, or add it to UNBOUND"


def test_every_table_that_refers_to_people_is_kept_or_deleted_on_purpose() -> None:
    tables = {link.table.name for link in moved_rows.references()} - {"person"}
    assert tables == anonymizing.KEPT | GONE and not anonymizing.KEPT & GONE


def test_every_secret_is_known_as_one() -> None:
    for table in {link.table for link in moved_rows.references()} | {table_of(Person)}:
        for column in table.columns:
            if kind(column) is str and LOOKS_SECRET.search(column.key):
                name = f"{table.name}.{column.key}"
                assert column.key in personal_data.SECRETS or name in HARMLESS, f"{name} may be a secret"


def test_the_archive_has_the_rows_of_every_table_and_no_secret(filled: Database) -> None:
    archive = archive_of(filled)
    wanted = {link.table.name for link in moved_rows.references()} | {"person"}
    assert {name.removesuffix(".json") for name in archive} == wanted | {"about"}
    assert all(archive[f"{name}.json"] for name in wanted)
    assert archive["about.json"]["rows"]["notification"] == 1 and archive["about.json"]["accounts"] == [ANNA]
    (person,) = archive["person.json"]
    assert (person["login"], person["password_hash"], person["away_until"]) == ("anna", "present", "2026-12-01")
    text = json.dumps(archive, ensure_ascii=False)
    for name in personal_data.SECRETS:
        assert f"-{name}" not in text, f"the archive tells {name}"
    assert "Борис" not in json.dumps(archive["person.json"], ensure_ascii=False), "another person's account"


def test_of_a_task_that_the_person_may_not_see_the_archive_has_numbers_and_times_alone(filled: Database) -> None:
    """Every text is told or kept on purpose: a column that comes later is looked at, too."""

    def told(visible: Mapping[int, bool]) -> set[str]:
        archive = archive_of(filled, visible=visible)
        return {
            f"{table}.{name}"
            for table in OF_TASKS
            for row in archive[f"{table}.json"]
            for name, value in row.items()
            if isinstance(value, str) and value.startswith("trace")
        }

    filled.run_here(lambda db: db.execute(sa.update(tables.Attachment).values(task_id=1)), writes=True)
    always = {"notification.happening", "notification.type", "notification.kind", "notification.sound"}
    always |= {"audit_record.action", "audit_record.details"}
    codes = ("channel", "event", "type", "bundle", "state", "reason", "detail", "holder")
    always |= {f"outbox.{name}" for name in codes}
    in_acts = {"audit_record.address", "audit_record.words"}
    assert told({}) == always | in_acts, "her own acts, and no text of a task"
    every = {row["task_id"]: True for row in archive_of(filled)["notification.json"]}
    every |= {row["id"]: True for row in archive_of(filled)["tracker_task.json"]}
    every |= {1: True}
    assert told(every) >= {"notification.excerpt", "tracker_task.description", "tracker_entry.notes"}
    acts = archive_of(filled)["audit_record.json"]
    assert {(it["actor_id"] == ANNA, bool(it["address"])) for it in acts} == {(True, True), (False, False)}
    assert all(it["actor_id"] in (ANNA, None) and bool(it["words"]) == bool(it["address"]) for it in acts)
    assert archive_of(filled)["first_answer.json"][0]["body"] == "present", "an answer may be a whole page"
    assert {it["address"] for it in archive_of(filled)["push_device.json"]} == {"present"}, "pushes can be sent there"


@pytest.mark.parametrize(("is_private", "sees_private", "is_told"), [
    (True, True, True), (True, False, False), (False, False, True), (None, False, False),
])  # fmt: skip
def test_of_a_private_comment_the_outbox_tells_only_who_may_read_it(
    is_private: bool | None, sees_private: bool, is_told: bool
) -> None:
    content = json.dumps({"excerpt": "secret", "is_private": is_private})
    row = personal_texts.readable(
        "outbox",
        {"task_id": 7, "event": "entry.1", "content": content},
        Reader(frozenset({ANNA}), Visible({7: sees_private})),
    )
    assert (row["content"] == content) is is_told


def test_what_is_about_no_task_is_told_to_who_may_read_that_event() -> None:
    row = {"task_id": 0, "event": "post.7", "content": json.dumps({"subject": "secret", "is_private": False})}
    for events, is_told in ((["post.7"], True), (["post.8"], False), ([], False)):
        reader = Reader(frozenset({ANNA}), Visible({7: True}, events))
        assert bool(personal_texts.readable("outbox", row, reader)["content"]) is is_told


def test_a_picture_is_in_the_archive(database: Database, tmp_path: Path) -> None:
    def work(session: Session) -> None:
        session.get_one(Person, ANNA).avatar = "abcdefghijkl"

    database.run_here(work, writes=True)
    assert "abcdefghijkl-256.webp" not in archive_of(database, folder=tmp_path)
    (tmp_path / "abcdefghijkl-256.webp").write_bytes(b"picture")
    assert archive_of(database, folder=tmp_path)["abcdefghijkl-256.webp"] == b"picture"


def test_an_archive_is_bounded_and_ten_thousand_notifications_fit(database: Database) -> None:
    row = database.run_here(lambda db: notifications.one(db, ANNA, tell(database, "anna", 1)))
    assert row
    values = {name: it for name, it in row._asdict().items() if name != "id"} | {"created_at": AT}
    many = [values | {"event": f"journal.{it}"} for it in range(10_000)]
    database.run_here(lambda db: db.execute(sa.insert(table_of(Notification)), many), writes=True)
    assert len(archive_of(database)["notification.json"]) == 10_001
    with pytest.raises(TooLarge):
        personal_file.write(database, ANNA, Visible({1: False}), Path("/nowhere"), BytesIO(), 1_000_000)


def test_nothing_of_an_anonymised_person_is_left_but_the_work(filled: Database) -> None:
    assert anonymize(filled) == ["trace-avatar"]
    kept = texts_of(filled, without=anonymizing.KEPT)
    assert "trace-" not in kept and "Анна" not in kept and "'anna" not in kept
    with filled.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    person = filled.run_here(lambda db: db.get_one(Person, ANNA))
    assert (person.login, person.full_name, person.is_active, person.anonymized_at) == ("#2", "#2", False, NOW)
    assert (person.redmine_id, person.deputy_id, person.last_seen) == (None, None, None)
    assert filled.run_here(lambda db: db.get_one(Person, BORIS)).deputy_id is None
    work = texts_of(filled, without=GONE | {"audit_record"})
    assert "trace-" in work, "tasks, comments and grades stay"
    about = select(audit.AuditRecord).where(col(audit.AuditRecord.action) == "anonymize")
    record = filled.run_here(lambda db: db.exec(about).one())
    assert (record.person_id, record.actor_id, json.loads(record.details)) == (ANNA, 1, {"accounts": 1})


def test_accounts_that_were_joined_into_it_go_too(filled: Database) -> None:
    def join(session: Session) -> int:
        other = Person(source="ldap", login="smirnova", login_folded="smirnova", full_name="Анна С.", created_at=NOW)
        session.add(other)
        session.flush()
        joins.join(session, session.get_one(Person, ANNA), other, NOW, None)
        return other.id or 0

    joined = filled.run_here(join, writes=True)
    assert archive_of(filled, joined)["about.json"]["accounts"] == [ANNA, joined]
    anonymize(filled, joined)
    left = texts_of(filled, without=anonymizing.KEPT)
    assert "smirnova" not in left and "Анна" not in left
    row = filled.run_here(lambda db: db.get_one(Person, joined))
    assert (row.login_folded, row.joined_into, row.is_active) == (f"#{joined}", ANNA, False)
    with pytest.raises(Invalid):
        filled.run_here(lambda db: joins.undo(db, db.get_one(Person, joined), NOW, None), writes=True)


@pytest.mark.parametrize("typed", ["", "ann", "boris", "%", "#2"])
def test_the_wrong_login_anonymises_nobody(filled: Database, typed: str) -> None:
    with pytest.raises(Invalid):
        anonymize(filled, typed=typed)
    assert filled.run_here(lambda db: db.get_one(Person, ANNA)).full_name == "Анна Смирнова"


def test_an_account_in_use_is_not_anonymised_and_nobody_is_twice(database: Database) -> None:
    with pytest.raises(Invalid) as refusal:
        database.run_here(lambda db: anonymizing.anonymize(db, ANNA, "anna", NOW, None), writes=True)
    assert refusal.value.fields["login"] == [anonymizing.STILL_ACTIVE]
    anonymize(database, typed="ANNA")
    for typed in ("anna", "#2"):
        with pytest.raises(Invalid) as refusal:
            anonymize(database, typed=typed)
        assert refusal.value.fields["login"] == [anonymizing.DONE_ALREADY]
    with pytest.raises(Invalid):
        database.run_here(lambda db: people.enable(db, "#2"), writes=True)


def test_a_later_sign_in_by_a_directory_is_a_new_account(filled: Database) -> None:
    anonymize(filled)
    person = filled.run_here(lambda db: people.bind_redmine(db, 71, "anna", "Анна Смирнова", ""), writes=True)
    assert person.id != ANNA


def test_an_assessment_of_somebodys_work_does_not_name_who_has_left(database: Database) -> None:
    def assess(session: Session) -> None:
        session.add(AssessmentForm(id=1, name="Стул", name_folded="стул"))
        session.get_one(Person, ANNA).redmine_id = 71
        session.flush()
        name = session.get_one(Person, ANNA).full_name
        rows = [("main", ANNA, name), ("main", ANNA, "Другая"), ("main", 71, "Прежнее имя"), ("quality", 5, name)]
        for number, (source, executor_id, executor) in enumerate(rows, start=1):
            values = {"project_id": 1, "score": 1, "assessed_at": NOW, "form_id": 1, "assessor_id": BORIS}
            whose = {"executor_id": executor_id, "executor": executor}
            session.add(Assessment(id=number, source=source, task_id=number, subject="Стул", **whose, **values))

    database.run_here(assess, writes=True)
    anonymize(database)
    left = database.run_here(
        lambda db: [it.executor for it in db.exec(select(Assessment).order_by(col(Assessment.id)))]
    )
    assert left == ["", "Другая", "", ""], "another's number may be the same as that of an account"
