"""What many do at the same moment, in SQLite, a real MariaDB and a real PostgreSQL, comes out as if one after another.

Whoever takes part waits at a barrier, then has a thread and a transaction of its own.
"""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk import user_commands
from helpdesk.errors import Invalid
from helpdesk.people.rights import ADMIN
from helpdesk.store import (
    anonymizing,
    api_tokens,
    board,
    drafts,
    feed_state,
    idempotency,
    joins,
    local_passwords,
    locks,
    login_attempts,
    people,
    preferences,
    profiles,
    registration,
    reply_templates,
    rights,
    saved_views,
    schema,
    sessions,
)
from helpdesk.store.database import Database, Deadlock
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import EventRecord
from helpdesk.store.registration import Registration
from helpdesk.store.tracker import files, lists
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks.creation import NewTask
from helpdesk.tasks.embedded import create, update
from helpdesk.tasks.embedded.row_mapper import load_to_write
from helpdesk.tasks.model import Edit
from tests.world import PEOPLE_IDS, EmbeddedWorld

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ANNA = PEOPLE_IDS["anna"]
MANY = 12
SERVERS = [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("postgresql", "mariadb")]
T = TypeVar("T")


def at_once(database: Database, *works: Callable[[Session], T]) -> list[T | Exception]:
    """What becomes of each work, all begun at the same moment; an error is what became of it, too."""
    together = threading.Barrier(len(works))

    def run(work: Callable[[Session], T]) -> T | Exception:
        together.wait(30)
        try:
            return database.run_here(work, writes=True)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def as_one(database: Database, work: Callable[[Session], T], count: int = MANY) -> list[T | Exception]:
    return at_once(database, *[work] * count)


def found(database: Database, column: Any, *which: sa.ColumnElement[bool]) -> list[Any]:
    return list(database.run_here(lambda db: db.exec(select(column).where(*which)).all()))


def test_of_parallel_guesses_no_more_pass_than_of_guesses_in_turn(told_store: Database) -> None:
    address = uuid4().hex

    def guess(db: Session) -> int:
        return login_attempts.record(db, "anna", address, NOW, 5, 60).wait

    assert as_one(told_store, guess, 20).count(0) == 5


def test_a_first_sign_in_that_comes_twice_makes_one_account(told_store: Database) -> None:
    number = uuid4().int % 10**9
    made = as_one(told_store, lambda db: people.bind_redmine(db, number, f"u{number}", "Иван", "i@x.test").id, 6)
    assert len(set(made)) == 1 and isinstance(made[0], int)


def test_an_account_that_is_expected_twice_at_once_is_one(told_store: Database) -> None:
    login = uuid4().hex
    made = as_one(told_store, lambda db: user_commands.found_or_expected(db, "redmine", login, True).id, 6)
    assert len(set(made)) == 1 and isinstance(made[0], int)


def test_no_more_tokens_are_made_at_once_than_one_after_another(told_store: Database) -> None:
    def make(db: Session) -> str:
        return api_tokens.add(db, ANNA, "x", "read", None, NOW)[1]

    told_store.run_here(lambda db: db.exec(sa.delete(tables.ApiToken)), writes=True)
    made = as_one(told_store, make, api_tokens.MOST_OF_PERSON + 5)
    refused = [it for it in made if isinstance(it, api_tokens.TooMany)]
    assert len(refused) == 5 and len(found(told_store, tables.ApiToken.id)) == api_tokens.MOST_OF_PERSON
    token = next(it for it in made if isinstance(it, str))
    stored = told_store.run_here(lambda db: api_tokens.find(db, token, NOW))
    assert stored and stored.person.login == "anna"
    as_one(told_store, lambda db: api_tokens.record_use(db, stored.id, NOW), 3)
    assert told_store.run_here(lambda db: sessions.lasting(db, [stored.mark, "0" * 64], NOW)) == {stored.mark}
    assert told_store.run_here(lambda db: api_tokens.revoke(db, ANNA, stored.id), writes=True)
    assert told_store.run_here(lambda db: sessions.lasting(db, [stored.mark], NOW)) == frozenset()


def test_a_link_that_is_used_many_times_at_once_sets_one_password(told_store: Database) -> None:
    boris = PEOPLE_IDS["boris"]
    (before,) = found(told_store, tables.Person.password_hash, col(tables.Person.id) == boris)
    token = told_store.run_here(lambda db: local_passwords.make_link(db, boris, NOW), writes=True)
    uses = [partial(local_passwords.use_link, token=token, password_hash=f"{n}", now=NOW) for n in range(MANY)]
    won = at_once(told_store, *uses)
    assert sorted(map(str, won)) == ["False"] * (MANY - 1) + ["True"]
    (after,) = found(told_store, tables.Person.password_hash, col(tables.Person.id) == boris)
    assert after == str(won.index(True))
    changes = [partial(local_passwords.change, person_id=boris, old_hash=after, password_hash=f"new {n}", mark="")
               for n in range(MANY)]  # fmt: skip
    assert at_once(told_store, *changes).count(True) == 1
    (now,) = found(told_store, tables.Person.password_hash, col(tables.Person.id) == boris)
    back = partial(local_passwords.change, person_id=boris, old_hash=now, password_hash=before, mark="")
    assert told_store.run_here(back, writes=True)


@pytest.fixture
def two_administrators(told_store: Database) -> Iterator[tuple[int, int]]:
    """anna and boris, beside whom nobody is an administrator."""
    everybody = ANNA, PEOPLE_IDS["boris"]

    def begin(db: Session) -> None:
        db.exec(sa.delete(tables.RightGrant))
        for person_id in everybody:
            db.get_one(tables.Person, person_id).is_active = True
            rights.grant(db, person_id, ADMIN)

    def end(db: Session) -> None:
        begin(db)
        db.exec(sa.delete(tables.RightGrant))
        rights.grant(db, PEOPLE_IDS["admin"], ADMIN)

    told_store.run_here(begin, writes=True)
    yield everybody
    told_store.run_here(end, writes=True)


@pytest.mark.parametrize("first", ["revoke", "disable"])
@pytest.mark.parametrize("second", ["revoke", "disable"])
def test_of_two_administrators_who_are_removed_at_once_one_stays(
    told_store: Database, two_administrators: tuple[int, int], first: str, second: str
) -> None:
    anna, boris = two_administrators

    def removal(how: str, person_id: int, login: str) -> Callable[[Session], bool]:
        if how == "revoke":
            return lambda db: rights.revoke(db, person_id, ADMIN, ())
        return lambda db: people.disable(db, login)

    got = at_once(told_store, removal(first, anna, "anna"), removal(second, boris, "boris"))
    assert sum(it is True for it in got) == sum(isinstance(it, Invalid) for it in got) == 1
    assert len(told_store.run_here(rights.administrators)) == 1


def test_a_right_that_is_granted_many_times_at_once_is_one(
    told_store: Database, two_administrators: tuple[int, int]
) -> None:
    person_id, name = two_administrators[0], "can_access_redmine_report"
    granted = as_one(told_store, lambda db: rights.grant(db, person_id, name))
    assert sorted(map(str, granted)) == ["False"] * (MANY - 1) + ["True"]
    given = as_one(told_store, lambda db: rights.set_from_directory(db, person_id, "ldap", {name}))
    assert given == [None] * MANY


def test_of_those_who_register_at_once_with_one_e_mail_one_does(told_store: Database) -> None:
    mail = f"{uuid4().hex}@example.test"

    def register(db: Session) -> str:
        return registration.register(db, Registration(uuid4().hex, mail, "", "", "", ""), "hash").login

    got = as_one(told_store, register, 6)
    assert sum(isinstance(it, Invalid) for it in got) == 5 and sum(isinstance(it, str) for it in got) == 1


@pytest.fixture
def two_accounts(told_store: Database) -> tuple[int, int]:
    """Two new accounts of nobody in particular."""

    def add(db: Session) -> tuple[int, int]:
        first, second = (people.expect(db, "ldap", uuid4().hex).id or 0 for _ in range(2))
        return first, second

    return told_store.run_here(add, writes=True)


def account(db: Session, person_id: int) -> tables.Person:
    return db.get_one(tables.Person, person_id)


def test_accounts_that_are_joined_into_each_other_at_once_are_joined_once(
    told_store: Database, two_accounts: tuple[int, int]
) -> None:
    def join(kept: int, joined: int) -> Callable[[Session], int | None]:
        return lambda db: joins.join(db, account(db, kept), account(db, joined), NOW, None).id

    first, second = two_accounts
    got = at_once(told_store, join(first, second), join(second, first), join(first, second), join(second, first))
    assert sum(isinstance(it, Invalid) for it in got) == 3
    into = found(told_store, tables.Person.joined_into, col(tables.Person.id).in_(two_accounts))
    assert sorted(map(str, into)) == sorted(["None", str(next(it for it in got if isinstance(it, int)))])


def test_a_right_that_is_granted_during_a_join_is_the_kept_accounts(
    told_store: Database, two_accounts: tuple[int, int]
) -> None:
    kept, joined = two_accounts

    def join(db: Session) -> int | None:
        return joins.join(db, account(db, kept), account(db, joined), NOW, None).id

    def grant(db: Session) -> bool:
        assert account(db, joined)  # read before the lock, as the page does
        return rights.grant(db, joined, "can_access_redmine_report")

    at_once(told_store, grant, join)
    assert found(told_store, tables.RightGrant.name, col(tables.RightGrant.person_id) == joined) == []


def test_an_account_that_is_anonymised_while_it_is_enabled_stays_closed(
    told_store: Database, two_accounts: tuple[int, int]
) -> None:
    one, login = two_accounts[0], told_store.run_here(lambda db: account(db, two_accounts[0]).login)
    told_store.run_here(lambda db: people.disable(db, login), writes=True)
    at_once(
        told_store,
        lambda db: people.enable_accounts(db, [account(db, one)]),
        lambda db: anonymizing.anonymize(db, one, login, NOW, None),
    )
    assert told_store.run_here(lambda db: account(db, one).anonymized_at is None or not account(db, one).is_active)


def test_one_address_is_taken_by_one_person(told_store: Database, two_accounts: tuple[int, int]) -> None:
    told_store.run_here(
        lambda db: db.exec(sa.update(tables.Person).where(col(tables.Person.id).in_(two_accounts))
                           .values(source="local")), writes=True)  # fmt: skip
    mail = f"{uuid4().hex}@example.test"
    got = at_once(told_store, *[lambda db, it=it: profiles.edit(db, it, {"email": mail}).email for it in two_accounts])
    assert sorted(isinstance(it, Invalid) for it in got) == [False, True]


def test_texts_of_redmine_that_are_too_long_do_not_prevent_a_sign_in(told_store: Database) -> None:
    number = uuid4().int % 10**9

    def bind(name: str, email: str) -> tuple[str, str, str]:
        def work(db: Session) -> tuple[str, str, str]:
            row = people.bind_redmine(db, number, f"u{number}", name, email)
            return row.full_name, row.email, row.email_folded

        return told_store.run_here(work, writes=True)

    assert bind("Я" * 255, "m" * 200 + "@x.test") == ("Я" * 200, "", "")
    assert bind("Ян", "\ufdfa" * 20 + "@x.test") == ("Ян", "", "")
    assert bind("Ян", "m" * 193 + "@x.test") == ("Ян", "m" * 193 + "@x.test", "m" * 193 + "@x.test")


def test_two_redmine_users_who_change_logins_at_once_both_sign_in(told_store: Database) -> None:
    first, second = (uuid4().int % 10**9 for _ in range(2))

    def bind(number: int, login: str) -> Callable[[Session], int | None]:
        return lambda db: people.bind_redmine(db, number, login, login, "").id

    at_once(told_store, bind(first, f"u{first}"), bind(second, f"u{second}"))
    swapped = at_once(told_store, bind(first, f"u{second}"), bind(second, f"u{first}"))
    assert all(isinstance(each, int) for each in swapped) and len(set(swapped)) == 2


def test_an_idempotency_key_is_given_to_one(told_store: Database) -> None:
    key = idempotency.Key(ANNA, "POST /x", uuid4().hex)
    marks = [f"{it}" for it in range(MANY)]
    got = at_once(told_store, *[lambda db, it=it: idempotency.claim(db, key, "hash", NOW, it) for it in marks])
    assert got.count(None) == 1 and sum(isinstance(it, idempotency.Answer) for it in got) == MANY - 1


def test_a_key_that_is_freed_and_claimed_at_once_is_never_two_peoples(told_store: Database) -> None:
    key = idempotency.Key(ANNA, "POST /x", uuid4().hex)

    def use(mark: str) -> Callable[[Session], bool]:
        return lambda db: idempotency.claim(db, key, "hash", NOW, mark) is None

    told_store.run_here(use("first"), writes=True)
    got = at_once(told_store, *[use(f"{it}") for it in range(6)], lambda db: idempotency.release(db, key, "first"))
    assert got.count(True) == len(found(told_store, tables.FirstAnswer.key, col(tables.FirstAnswer.body) != "first",
                                        col(tables.FirstAnswer.key) == key.key))  # fmt: skip


def test_lists_that_have_a_most_do_not_pass_it_together(told_store: Database) -> None:
    boris = PEOPLE_IDS["boris"]
    for table in (tables.ReplyTemplate, tables.SavedView):
        told_store.run_here(lambda db, it=table: db.exec(sa.delete(it).where(it.person_id == boris)), writes=True)

    def fill(db: Session) -> None:
        for it in range(reply_templates.MOST_IN_LIST - 3):
            reply_templates.add(db, boris, f"{it}", "text")
        for it in range(saved_views.MOST_OF_PERSON - 3):
            saved_views.add(db, boris, f"{it}", "/tasks")

    told_store.run_here(fill, writes=True)
    as_one(told_store, lambda db: reply_templates.add(db, boris, "more", "text"))
    positions = found(told_store, tables.ReplyTemplate.position, col(tables.ReplyTemplate.person_id) == boris)
    assert len(positions) == len(set(positions)) == reply_templates.MOST_IN_LIST
    at_once(told_store, *[lambda db, it=it: saved_views.add(db, boris, f"more {it}", "/tasks") for it in range(MANY)])
    assert len(told_store.run_here(lambda db: saved_views.of_person(db, boris))) == saved_views.MOST_OF_PERSON


def test_one_view_is_the_start_page_however_many_are_chosen(told_store: Database) -> None:
    irina = PEOPLE_IDS["irina"]
    told_store.run_here(
        lambda db: db.exec(sa.delete(tables.SavedView).where(col(tables.SavedView.person_id) == irina)), writes=True
    )
    made = [told_store.run_here(lambda db, it=it: saved_views.add(db, irina, f"{it}", "/tasks").id, writes=True)
            for it in range(6)]  # fmt: skip
    chosen = at_once(told_store, *[lambda db, it=it: saved_views.choose_start(db, irina, it) for it in made])
    assert chosen == [None] * 6
    assert [view.is_start for view in told_store.run_here(lambda db: saved_views.of_person(db, irina))].count(True) == 1


def test_rows_that_are_unique_for_a_person_are_kept_once(told_store: Database) -> None:
    place = f"task:{uuid4().int % 10**9}:comments"
    saved = at_once(told_store, *[lambda db, it=it: drafts.save(db, ANNA, place, {"comment": it}, NOW)
                                  for it in map(str, range(MANY))])  # fmt: skip
    assert saved == [None] * MANY
    folded = at_once(told_store, *[lambda db, it=it: board.fold(db, ANNA, 3, it % 2 == 0) for it in range(MANY)])
    assert folded == [None] * MANY
    kept = {1: board.ColumnSettings("waiting", 3), 2: board.ColumnSettings()}
    assert as_one(told_store, lambda db: board.save_columns(db, kept)) == [None] * MANY
    counted = as_one(told_store, lambda db: preferences.change(db, ANNA, lambda told: f"{int(told or 0) + 1}"))
    assert counted == [None] * MANY
    assert told_store.run_here(lambda db: preferences.of_people(db, [ANNA]))[ANNA] == f"{MANY}"


def test_an_event_is_processed_by_one(told_store: Database) -> None:
    act = EventRecord(f"journal.{uuid4().int % 10**9}", 7, False, "", "", "Борис", NOW)
    assert sorted(as_one(told_store, lambda db: feed_state.mark_processed(db, act, NOW))) == [False] * (MANY - 1) + [
        True
    ]


def test_a_file_that_is_attached_while_old_ones_are_forgotten_is_kept(told_store: Database, tmp_path: Path) -> None:
    task = EmbeddedWorld(told_store, tmp_path).new_task()
    old = {"author_id": ANNA, "size": 1, "content_type": "text/plain", "created_at": NOW - timedelta(days=3)}
    for _ in range(6):
        token = uuid4().hex
        row = tables.Attachment(filename=token, blob=token, token_hash=token, **old)
        told_store.run_here(lambda db, row=row: db.add(row), writes=True)

        def attach(db: Session, token: str = token) -> bool:
            return files.attach(db, token, task) is not None

        attached, *forgotten = at_once(
            told_store, attach, *[lambda db: files.delete_staged(db, NOW - timedelta(days=1))] * 3
        )
        there = found(told_store, tables.Attachment.blob, col(tables.Attachment.filename) == token)
        assert not [each for each in forgotten if isinstance(each, Exception)]
        assert [token] * bool(attached) == there and (attached or [token] in forgotten)


@pytest.fixture
def tracker(told_store: Database, tmp_path: Path) -> EmbeddedWorld:
    return EmbeddedWorld(told_store, tmp_path)


def test_a_task_is_not_made_part_of_one_that_goes(tracker: EmbeddedWorld) -> None:
    """Who makes it waits until the other is gone."""
    admin, parent = tracker.actor("admin"), tracker.new_task()
    wish = NewTask(tracker.project("help"), "Часть", parent_id=parent)
    going, made = threading.Event(), threading.Event()

    def delete(db: Session) -> list[str]:
        locks.tasks_around(db, parent)
        before = load_to_write(db, admin, parent)
        going.set()
        made.wait(0.5)
        return update.delete(db, before)

    with ThreadPoolExecutor(2) as threads:
        gone = threads.submit(tracker.database.run_here, delete, True)
        going.wait(10)
        making = threads.submit(tracker.database.run_here, lambda db: create.create(db, admin, wish, NOW), True)
        making.add_done_callback(lambda _: made.set())
        with pytest.raises(Invalid):
            making.result()
        assert gone.result() == []


async def test_two_tasks_do_not_become_parts_of_each_other(tracker: EmbeddedWorld) -> None:
    anna = tracker.actor("anna")
    for _ in range(4):
        one, two = tracker.new_task(), tracker.new_task()
        became = await asyncio.gather(
            tracker.backend.change(anna, one, Edit(details={"parent": two})),
            tracker.backend.change(anna, two, Edit(details={"parent": one})),
            return_exceptions=True,
        )
        assert [type(each) for each in became].count(Invalid) == 1


def test_a_list_is_of_one_moment(tracker: EmbeddedWorld) -> None:
    """A task goes between the reading of a page's numbers and that of its rows."""
    database, admin = tracker.database, tracker.actor("admin")
    kept, goes = tracker.new_task(), tracker.new_task()
    these = rows.TASK.c.id.in_([kept, goes])

    def read(db: Session) -> list[int]:
        assert rows.count(db, these) == 2
        with ThreadPoolExecutor(1) as another:
            another.submit(
                database.run_here, lambda db: update.delete(db, load_to_write(db, admin, goes)), True
            ).result()
        return [row.id for row in lists.page(db, these, "updated_on", True, 25, 0)]

    assert sorted(database.run_here(read)) == [kept, goes]
    assert database.run_here(lambda db: rows.count(db, these)) == 1


@pytest.mark.parametrize("told_store", SERVERS, indirect=True)
def test_transactions_in_a_deadlock_are_run_again(told_store: Database) -> None:
    both, runs = threading.Barrier(2), []

    def lock(first: str, second: str) -> Callable[[Session], None]:
        def work(db: Session) -> None:
            runs.append(first)
            locks.person(db, PEOPLE_IDS[first])
            if len(runs) <= 2:
                both.wait(10)
            locks.person(db, PEOPLE_IDS[second])

        return work

    assert at_once(told_store, lock("anna", "boris"), lock("boris", "anna")) == [None, None]
    assert len(runs) == 3


@pytest.mark.parametrize("told_store", SERVERS[:1], indirect=True)
def test_a_transaction_broken_off_each_time_is_a_store_that_does_not_answer(
    told_store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.store.database.RETRY_PAUSES", (0.0, 0.0))
    runs = []

    def broken_off(db: Session) -> None:
        runs.append(1)
        db.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(Deadlock):
        told_store.run_here(broken_off)
    assert len(runs) == 3


def test_a_store_that_another_process_switches_to_wal_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite refuses the second of two switches at once, whatever its busy timeout: one of 300 pairs."""

    class Refusing(sqlite3.Connection):
        refusals = 2

        def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
            if "journal_mode" in statement and self.refusals:
                self.refusals -= 1
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error
            return super().execute(statement, *arguments)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3.dbapi2, "connect", lambda *one, **two: connect(*one, factory=Refusing, **two))
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    mode = database.run_here(lambda session: session.connection().exec_driver_sql("PRAGMA journal_mode").scalar())
    assert mode == "wal"


def test_migrating_twice_at_once_is_migrating_once(tmp_path: Path) -> None:
    """By two processes, as two machines do that are brought up to date together."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    code = "import sys; from helpdesk.store import database, schema\n"
    code += "schema.migrate(database.Database(sys.argv[1]), 'production')"
    both = [subprocess.Popen([sys.executable, "-c", code, url], cwd=ROOT) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    assert Database(url).run_here(schema.is_current)


def test_a_reply_is_changed_where_it_is_named_and_not_where_it_was_seen(told_store: Database) -> None:
    """One gives it another place while another one, who saw the old, writes another text."""
    made = told_store.run_here(lambda db: reply_templates.add(db, ANNA, "Имя", "текст"), writes=True)
    at_once(
        told_store,
        lambda db: reply_templates.change(db, made.id, "Имя", "текст", 77),
        lambda db: reply_templates.change(db, made.id, "Имя", "текст", None),
    )
    kept = told_store.run_here(lambda db: reply_templates.one(db, ANNA, made.id, True))
    assert kept == made._replace(position=77)
    told_store.run_here(lambda db: reply_templates.remove(db, made.id), writes=True)
    assert (
        told_store.run_here(lambda db: reply_templates.change(db, made.id, "Имя", "текст", None), writes=True) is None
    )
