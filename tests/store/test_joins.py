"""Two accounts of one person become one, and two again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from helpdesk.errors import Invalid
from helpdesk.store import joins, people, rights, sessions
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]


def person(db: Session, id: int) -> Person:
    return db.get_one(Person, id)


def add_all(db: Session) -> None:
    """Something of everything for two people: the same saved view, the same draft, and things of one's own."""
    for id, name in ((ANNA, "anna"), (BORIS, "boris")):
        db.add(tables.SavedView(person_id=id, name="Мои", name_folded=fold("Мои"), address="/tasks", is_start=True))
        db.add(tables.Draft(person_id=id, place="task:1:comments", fields=f'"{name}"', updated_at=NOW))
        db.add(tables.Draft(person_id=id, place=f"task:{id}:comments", fields="{}", updated_at=NOW))
        db.add(tables.ReplyTemplate(person_id=id, name=name, text="Здравствуйте!", position=1))
        db.add(tables.BoardFold(person_id=id, status_id=1, folded=True))
    sessions.begin(db, BORIS, NOW, False, "", "")
    rights.grant(db, BORIS, "can_access_quality_control")
    person(db, BORIS).redmine_id = 77
    db.flush()


def everything(db: Session) -> dict[str, list[Any]]:
    """All rows that refer to people, but those that a join itself writes."""
    found = {}
    for table in SQLModel.metadata.sorted_tables:
        refers = any(key.column.table.name == "person" for column in table.columns for key in column.foreign_keys)
        if refers and table.name != "account_join":
            found[table.name] = sorted(map(str, db.execute(sa.select(table))))
    return found


def moved(db: Session) -> None:
    joins.join(db, person(db, ANNA), person(db, BORIS), NOW, None)


@pytest.fixture
def world(database: Database) -> Database:
    database.run_here(add_all, writes=True)
    return database


def test_what_hangs_on_the_joined_account_belongs_to_the_kept_one(world: Database) -> None:
    world.run_here(moved, writes=True)

    def look(db: Session) -> None:
        views = sorted(db.exec(select(tables.SavedView.name).where(tables.SavedView.person_id == ANNA)))
        assert views == ["Мои", "Мои (local)"]
        mine = select(tables.Draft.place, tables.Draft.fields).where(tables.Draft.person_id == ANNA)
        drafts = dict(db.exec(mine).all())
        assert drafts.keys() == {"task:1:comments", f"task:{ANNA}:comments", f"task:{BORIS}:comments"}
        assert drafts["task:1:comments"] == '"anna"'
        assert set(db.exec(select(tables.Session.person_id))) == {ANNA}
        assert rights.of_people(db, [ANNA])[ANNA] >= {"can_access_quality_control"}
        assert (person(db, ANNA).redmine_id, person(db, BORIS).redmine_id) == (77, None)
        assert (person(db, ANNA).redmine_login, person(db, BORIS).joined_into) == ("boris", ANNA)
        assert db.exec(select(tables.Task.id).where(col(tables.Task.assignee_id) == BORIS)).all() == []

    world.run_here(look)


def test_the_joined_account_is_nobody_of_its_own_any_more(world: Database) -> None:
    world.run_here(moved, writes=True)
    found = world.run_here(lambda db: people.known_in_embedded(db, [ANNA, BORIS]))
    assert [it.id for it in found] == [ANNA]


def test_undoing_gives_everything_back(world: Database) -> None:
    before = world.run_here(everything)
    world.run_here(moved, writes=True)
    assert world.run_here(everything) != before
    world.run_here(lambda db: joins.undo(db, person(db, BORIS), NOW + timedelta(days=6), None), writes=True)
    after = world.run_here(everything)
    renamed = {"saved_view", "session"}  # a view keeps its new name, and both people are signed out
    assert {name: rows for name, rows in after.items() if name not in renamed} == {
        name: rows for name, rows in before.items() if name not in renamed
    }
    assert after["session"] == []
    assert world.run_here(lambda db: person(db, BORIS).redmine_id) == 77


def test_what_was_made_since_stays_with_the_kept_account(world: Database) -> None:
    world.run_here(moved, writes=True)

    def go_on(db: Session) -> None:
        db.add(tables.ReplyTemplate(person_id=ANNA, name="new", text="x", position=2))
        joins.undo(db, person(db, BORIS), NOW, None)

    world.run_here(go_on, writes=True)
    kept = select(tables.ReplyTemplate.name).where(tables.ReplyTemplate.person_id == ANNA)
    assert sorted(world.run_here(lambda db: db.exec(kept).all())) == ["anna", "new"]


def test_after_a_week_or_a_second_time_nothing_is_undone(world: Database) -> None:
    world.run_here(moved, writes=True)
    late = NOW + joins.UNDONE_WITHIN + timedelta(seconds=1)
    with pytest.raises(Invalid):
        world.run_here(lambda db: joins.undo(db, person(db, BORIS), late, None), writes=True)
    world.run_here(lambda db: joins.undo(db, person(db, BORIS), NOW, None), writes=True)
    with pytest.raises(Invalid):
        world.run_here(lambda db: joins.undo(db, person(db, BORIS), NOW, None), writes=True)


def test_the_preview_counts_what_is_moved_and_changes_nothing(world: Database) -> None:
    before = world.run_here(everything)
    counts = world.run_here(lambda db: joins.preview(db, person(db, ANNA), person(db, BORIS)))
    assert counts["draft.person_id"] == 1 and counts["reply_template.person_id"] == 1 and counts["session.person_id"]
    assert world.run_here(everything) == before


def test_two_users_of_redmine_or_one_account_are_never_joined(world: Database) -> None:
    def two(db: Session) -> None:
        person(db, ANNA).redmine_id = 78
        joins.join(db, person(db, ANNA), person(db, BORIS), NOW, None)

    for work in (two, lambda db: joins.join(db, person(db, ANNA), person(db, ANNA), NOW, None)):
        with pytest.raises(Invalid):
            world.run_here(work, writes=True)
    world.run_here(moved, writes=True)
    with pytest.raises(Invalid):
        world.run_here(moved, writes=True)


def test_an_account_that_was_joined_into_is_joined_further(world: Database) -> None:
    world.run_here(moved, writes=True)
    irina = PEOPLE_IDS["irina"]
    world.run_here(lambda db: joins.join(db, person(db, irina), person(db, ANNA), NOW, None).id, writes=True)
    found = world.run_here(lambda db: [person(db, id).joined_into for id in (ANNA, BORIS)])
    assert found == [irina, irina]


def test_each_join_is_on_record(world: Database) -> None:
    world.run_here(moved, writes=True)
    world.run_here(lambda db: joins.undo(db, person(db, BORIS), NOW, None), writes=True)
    acts = world.run_here(lambda db: db.exec(select(tables.AuditRecord.action)).all())
    assert list(acts)[-2:] == ["join", "unjoin"]


def test_every_table_that_refers_to_people_is_moved_or_stays_on_purpose() -> None:
    """A new table has to be thought of: its rows are moved, unless it is listed."""
    assert {name for name in joins.STAYS if name not in SQLModel.metadata.tables} == set()
    assert {link.table.name for link in joins.links()}.isdisjoint(joins.STAYS)


E_MAIL = "ivanov@example.test"


def account(db: Session, source: str, login: str, email: str = E_MAIL) -> Person:
    row = Person(source=source, login=login, login_folded=login, created_at=NOW, email=email, email_folded=fold(email))
    db.add(row)
    db.flush()
    return row


@pytest.mark.parametrize(
    ("other", "joined"),
    [
        (("ldap", "i.ivanov", "IVANOV@example.test"), True),
        (("local", "i.ivanov", E_MAIL), False),
        (("ldap", "i.ivanov", "xivanov@example.test"), False),
        (("ldap", "i.ivanov", ""), False),
        (("oracle", "i.ivanov", E_MAIL), False),
    ],
)
def test_by_e_mail_accounts_are_joined_when_two_directories_prove_it(
    database: Database, other: tuple[str, str, str], joined: bool
) -> None:
    def work(db: Session) -> tuple[bool, bool]:
        older = account(db, *other)
        newer = account(db, "oracle", "ivanov")
        kept = joins.join_by_email(db, newer, NOW)
        return kept is older, newer.joined_into == older.id

    assert database.run_here(work, writes=True) == (joined, joined)


def test_an_e_mail_of_three_accounts_joins_none(database: Database) -> None:
    def work(db: Session) -> bool:
        account(db, "ldap", "one")
        account(db, "redmine", "two")
        newer = account(db, "oracle", "ivanov")
        return joins.join_by_email(db, newer, NOW) is newer

    assert database.run_here(work, writes=True)
