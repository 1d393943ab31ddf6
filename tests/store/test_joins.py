"""Two accounts of one person become one, and two again."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from helpdesk.errors import Invalid
from helpdesk.people.rights import ADMIN
from helpdesk.store import (
    api_tokens,
    devices,
    directory_accounts,
    joins,
    moved_rows,
    people,
    rights,
    second_factors,
    sessions,
)
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.devices import Address
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person
from helpdesk.store.tokens import hashed
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA, BORIS, IRINA = (PEOPLE_IDS[login] for login in ("anna", "boris", "irina"))
QUALITY = "can_access_quality_control"


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
    rights.grant(db, BORIS, QUALITY)
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
        assert rights.of_people(db, [ANNA])[ANNA] >= {QUALITY}
        assert (person(db, ANNA).redmine_id, person(db, BORIS).redmine_id) == (77, None)
        assert (person(db, ANNA).redmine_username, person(db, BORIS).joined_into) == ("boris", ANNA)
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


def shut_out(db: Session, id: int, **columns: object) -> None:
    for name, value in {"is_active": False, **columns}.items():
        setattr(person(db, id), name, value)


def test_no_join_and_no_undone_one_takes_the_last_administrator(world: Database) -> None:
    def begin(db: Session) -> None:
        db.exec(sa.delete(tables.RightGrant))
        rights.grant(db, BORIS, ADMIN)
        shut_out(db, ANNA)

    world.run_here(begin, writes=True)
    with pytest.raises(Invalid):
        world.run_here(moved, writes=True)
    world.run_here(lambda db: shut_out(db, ANNA, is_active=True) or shut_out(db, BORIS), writes=True)
    world.run_here(moved, writes=True)
    assert world.run_here(rights.administrators) == [ANNA]
    with pytest.raises(Invalid):
        world.run_here(lambda db: joins.undo(db, person(db, BORIS), NOW, None), writes=True)
    assert world.run_here(rights.administrators) == [ANNA]


def test_what_was_anonymised_is_not_joined_nor_opened_again_through_another_account(world: Database) -> None:
    world.run_here(lambda db: shut_out(db, BORIS, anonymized_at=NOW), writes=True)
    for kept, joined in ((ANNA, BORIS), (BORIS, ANNA)):
        with pytest.raises(Invalid):
            world.run_here(lambda db, it=(kept, joined): joins.preview(db, *(person(db, id) for id in it)))
    world.run_here(lambda db: shut_out(db, ANNA, joined_into=BORIS), writes=True)
    with pytest.raises(Invalid):
        world.run_here(lambda db: people.enable_accounts(db, [person(db, ANNA)]), writes=True)


def test_an_account_that_was_joined_into_is_joined_further(world: Database) -> None:
    world.run_here(moved, writes=True)
    world.run_here(lambda db: joins.join(db, person(db, IRINA), person(db, ANNA), NOW, None).id, writes=True)
    found = world.run_here(lambda db: [person(db, id).joined_into for id in (ANNA, BORIS)])
    assert found == [IRINA, IRINA]


def undone(id: int, at: datetime = NOW) -> Callable[[Session], None]:
    return lambda db: joins.undo(db, person(db, id), at, None)


def chain(db: Session) -> None:
    """Boris is joined into Anna, and Anna into Irina."""
    joins.join(db, person(db, ANNA), person(db, BORIS), NOW, None)
    joins.join(db, person(db, IRINA), person(db, ANNA), NOW, None)


def test_joins_are_undone_in_reverse_order_and_then_nothing_is_left(world: Database) -> None:
    before = world.run_here(everything)
    world.run_here(chain, writes=True)
    with pytest.raises(Invalid) as refusal:
        world.run_here(undone(BORIS), writes=True)
    assert refusal.value.message.values == {"name": "local:anna"}
    world.run_here(undone(ANNA), writes=True)
    assert world.run_here(lambda db: [person(db, id).joined_into for id in (ANNA, BORIS)]) == [None, ANNA]
    world.run_here(undone(BORIS), writes=True)
    after = world.run_here(everything)
    renamed = {"saved_view", "session"}
    assert all(after[name] == before[name] for name in before.keys() - renamed) and after["session"] == []
    assert world.run_here(lambda db: [person(db, id).redmine_id for id in (ANNA, BORIS, IRINA)]) == [None, 77, None]


def test_of_two_that_were_joined_into_one_the_later_is_undone_first(world: Database) -> None:
    world.run_here(moved, writes=True)
    world.run_here(lambda db: joins.join(db, person(db, ANNA), person(db, IRINA), NOW, None).id, writes=True)
    with pytest.raises(Invalid) as refusal:
        world.run_here(undone(BORIS), writes=True)
    assert refusal.value.message.values == {"name": "local:irina"}
    for id in (IRINA, BORIS):
        world.run_here(undone(id), writes=True)


def test_undoing_signs_out_everybody_who_was_joined(world: Database) -> None:
    world.run_here(chain, writes=True)

    def sign_in(db: Session) -> None:
        for id in (ANNA, BORIS, IRINA, PEOPLE_IDS["admin"]):
            sessions.begin(db, id, NOW, False, "", "")

    world.run_here(sign_in, writes=True)
    world.run_here(undone(ANNA), writes=True)
    assert world.run_here(lambda db: db.exec(select(tables.Session.person_id)).all()) == [PEOPLE_IDS["admin"]]


def test_no_device_of_either_person_outlives_an_undone_join(world: Database) -> None:
    """Boris signs in by his own login while he is joined: what his browser subscribes to are notifications of Anna."""

    def subscribe(db: Session, id: int) -> None:
        mark = hashed(sessions.begin(db, ANNA, NOW, False, "", "")[0])
        devices.subscribe(db, id, Address("webpush", f"https://push.test/{mark}", "p", "a"), "Chrome", mark, NOW)

    world.run_here(lambda db: subscribe(db, BORIS), writes=True)
    world.run_here(moved, writes=True)
    world.run_here(lambda db: subscribe(db, ANNA), writes=True)
    world.run_here(undone(BORIS), writes=True)
    assert world.run_here(lambda db: devices.services_of(db, [ANNA, BORIS])) == {}


def test_a_token_made_since_the_join_opens_nothing_after_it(world: Database) -> None:
    def make(db: Session, id: int, at: datetime) -> str:
        return api_tokens.add(db, id, "", "read", None, at)[1]

    old = world.run_here(lambda db: [make(db, id, NOW - timedelta(seconds=1)) for id in (ANNA, BORIS)], writes=True)
    world.run_here(moved, writes=True)
    new = world.run_here(lambda db: make(db, ANNA, NOW), writes=True)
    world.run_here(undone(BORIS), writes=True)
    found = world.run_here(lambda db: [api_tokens.find(db, token, NOW) for token in (*old, new)])
    assert [it and it.person.id for it in found] == [ANNA, BORIS, None]


@pytest.mark.parametrize(("at", "stays"), [(NOW - timedelta(seconds=1), True), (NOW, False)])
def test_a_second_factor_set_up_since_the_join_locks_nobody_out_after_it(
    world: Database, at: datetime, stays: bool
) -> None:
    def set_up(db: Session) -> None:
        second_factors.set_up(db, ANNA, "secret", 1, at, ["one"])
        joins.undo(db, person(db, BORIS), NOW, None)

    world.run_here(moved, writes=True)
    world.run_here(set_up, writes=True)
    assert world.run_here(lambda db: second_factors.exists(db, ANNA)) == stays
    assert world.run_here(lambda db: second_factors.codes_left(db, ANNA)) == stays
    acts = world.run_here(lambda db: db.exec(select(tables.AuditRecord.action)).all())
    assert ("second factor removed" in acts) != stays


def redmine_keys(db: Session) -> set[int]:
    return set(db.exec(select(tables.RedmineKey.person_id)))


def add_redmine_key(db: Session, id: int) -> None:
    db.add(tables.RedmineKey(person_id=id, secret=f"sealed {id}", fetched_at=NOW))
    db.flush()


def test_no_key_of_redmine_outlives_an_undone_join(world: Database) -> None:
    world.run_here(moved, writes=True)
    for id in (ANNA, BORIS, IRINA):
        world.run_here(lambda db, id=id: add_redmine_key(db, id), writes=True)
    world.run_here(undone(BORIS), writes=True)
    assert world.run_here(redmine_keys) == {IRINA}


def test_a_key_of_redmine_does_not_go_over_to_another_user_of_it(world: Database) -> None:
    def work(db: Session) -> set[int]:
        add_redmine_key(db, ANNA)
        joins.bind_to_redmine(db, person(db, ANNA), 5, "petrov", NOW)
        return redmine_keys(db)

    assert world.run_here(work, writes=True) == set()


def test_a_key_of_redmine_stays_where_the_user_is_the_same(world: Database) -> None:
    def work(db: Session) -> set[int]:
        add_redmine_key(db, BORIS)
        joins.bind_to_redmine(db, person(db, BORIS), 77, "boris", NOW)
        return redmine_keys(db)

    assert world.run_here(work, writes=True) == {BORIS}


def test_rights_by_groups_of_a_directory_go_with_the_last_account_of_it(world: Database) -> None:
    def work(db: Session) -> list[tuple[str, str]]:
        person(db, BORIS).source = "ldap"
        moved(db)
        rights.set_from_directory(db, ANNA, "ldap", {"is_admin"})
        rights.set_from_directory(db, ANNA, "local", {"can_access_redmine_report"})
        joins.undo(db, person(db, BORIS), NOW, None)
        return [(row.name, row.source) for id in (ANNA, BORIS) for row in rights.grants(db, id)]

    assert world.run_here(work, writes=True) == [("can_access_redmine_report", "local"), (QUALITY, "")]


def test_a_block_by_a_directory_stays_with_the_account_of_it(world: Database) -> None:
    def work(db: Session) -> list[tuple[datetime | None, str | None]]:
        person(db, BORIS).source = "ldap"
        moved(db)
        directory_accounts.block(db, [BORIS], "ldap", NOW)
        joins.undo(db, person(db, BORIS), NOW, None)
        return [(row.blocked_at, row.blocked_by) for row in (person(db, ANNA), person(db, BORIS))]

    assert world.run_here(work, writes=True) == [(None, None), (NOW, "ldap")]


def test_each_join_is_on_record(world: Database) -> None:
    world.run_here(moved, writes=True)
    world.run_here(lambda db: joins.undo(db, person(db, BORIS), NOW, None), writes=True)
    acts = world.run_here(lambda db: db.exec(select(tables.AuditRecord.action)).all())
    assert list(acts)[-2:] == ["join", "unjoin"]


def test_every_table_that_refers_to_people_is_moved_or_stays_on_purpose() -> None:
    """A new table has to be thought of: its rows are moved, unless it is listed."""
    assert {name for name in moved_rows.STAYS if name not in SQLModel.metadata.tables} == set()
    assert {link.table.name for link in moved_rows.links()}.isdisjoint(moved_rows.STAYS)


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
        (("redmine", "i.ivanov", E_MAIL), False),
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
        account(db, "ldap", "two")
        newer = account(db, "oracle", "ivanov")
        return joins.join_by_email(db, newer, NOW) is newer

    assert database.run_here(work, writes=True)


def test_an_e_mail_that_differs_in_a_letter_of_our_folding_is_another_one(database: Database) -> None:
    def work(db: Session) -> bool:
        account(db, "ldap", "one", "алёна@example.test")
        newer = account(db, "oracle", "two", "алена@example.test")
        return joins.join_by_email(db, newer, NOW) is newer

    assert database.run_here(work, writes=True)


def undo_one(db: Session, older: Person, newer: Person) -> None:
    joins.join(db, newer, older, NOW, None)
    joins.undo(db, older, NOW, None)


def undo_through_another(db: Session, older: Person, newer: Person) -> None:
    between = account(db, "local", "between", "")
    joins.join(db, between, newer, NOW, None)
    joins.undo(db, newer, NOW, None)
    joins.join(db, older, between, NOW, None)


NAMED = (("ldap", "I.Ivanov"),)
Prepare = Callable[[Session, Person, Person], object]
BY_HAND: dict[str, Prepare] = {
    "disabled": lambda db, older, newer: setattr(older, "is_active", False),
    "disabled now": lambda db, older, newer: setattr(newer, "is_active", False),
    "blocked": lambda db, older, newer: setattr(older, "blocked_at", NOW),
    "an administrator": lambda db, older, newer: rights.grant(db, older.id or 0, "is_admin"),
    "an administrator now": lambda db, older, newer: rights.set_from_directory(db, newer.id or 0, "x", {"is_admin"}),
    "undone": undo_one,
    "undone with one that it has": undo_through_another,
    "of one directory": lambda db, older, newer: joins.join(db, older, account(db, "oracle", "first", ""), NOW, None),
}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("case", ["nothing", *BY_HAND])
def test_accounts_whose_people_would_lose_or_gain_are_not_joined_by_themselves(
    database: Database, case: str, named: bool, caplog: pytest.LogCaptureFixture
) -> None:
    names = NAMED if named else ()

    def work(db: Session) -> tuple[bool, bool]:
        older, newer = account(db, "ldap", "i.ivanov"), account(db, "oracle", "ivanov")
        BY_HAND.get(case, lambda *_: None)(db, older, newer)
        older.redmine_id = 9
        db.flush()
        with pytest.raises(Invalid) if named or case in BY_HAND else nullcontext():
            joins.bind_to_redmine(db, newer, 9, "ivanov", NOW, names)
        by_binding, newer.joined_into = newer.joined_into == older.id, None
        return by_binding, joins.join_by_email(db, newer, NOW, names) is older

    allowed = case == "nothing" and not named
    assert database.run_here(work, writes=True) == (allowed, allowed)
    assert ("accounts are not joined" in caplog.messages) != allowed


def test_two_administrators_accounts_are_joined(database: Database) -> None:
    def work(db: Session) -> bool:
        older, newer = account(db, "ldap", "i.ivanov"), account(db, "oracle", "ivanov")
        for row in (older, newer):
            rights.grant(db, row.id or 0, "is_admin")
        return joins.join_by_email(db, newer, NOW) is older

    assert database.run_here(work, writes=True)
