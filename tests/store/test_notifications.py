"""What people were told, in SQLite, a real MariaDB and a real PostgreSQL: each once, ids rising, read and unread."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from threading import Thread
from typing import TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from helpdesk.store import feed_state, notifications, numbered_events, people, preferences
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import EventRecord, NotificationRow
from tests.soak import examples
from tests.store.test_plans import steps
from tests.world import PEOPLE_IDS

T = TypeVar("T")
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BY_ID = attrgetter("id")
ANNA, BORIS, IRINA = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"], PEOPLE_IDS["irina"]


def new(person: int = ANNA, event: str = "journal.1", task: int = 7, type: str = "comment") -> NotificationRow:
    return NotificationRow(
        person, event, type, "commented", task, 1, "Принтер 🙂", "Борис", "", "", "Готово", False, "chime", NOW
    )


def add(database: Database, *rows: NotificationRow, at: datetime = NOW) -> list[NotificationRow]:
    return database.run_here(lambda db: notifications.add(db, rows, at), writes=True)


def write(database: Database, work: Callable[[Session], T]) -> T:
    return database.run_here(work, writes=True)


def page(database: Database, person: int = ANNA, **asked: object) -> list[NotificationRow]:
    return database.run_here(lambda db: notifications.page(db, person, **{"limit": 50, **asked}))


def test_added_notifications_come_back_unchanged_newest_first(told_store: Database) -> None:
    first, second = add(told_store, new(), new(event="journal.2", type="mention"))
    assert first.id < second.id and page(told_store) == [second, first]
    assert second._replace(id=0, created_at=None) == new(event="journal.2", type="mention")
    assert (second.created_at, second.read_at) == (NOW, None)


def test_nobody_is_notified_of_the_same_twice(told_store: Database) -> None:
    add(told_store, new(), new(BORIS))
    again = add(told_store, new(BORIS), new(IRINA), new(IRINA), new(event="journal.2"), at=NOW + timedelta(days=1))
    assert sorted((it.person_id, it.event) for it in again) == [(ANNA, "journal.2"), (IRINA, "journal.1")]
    assert [it.id for it in again] == sorted(it.id for it in again)
    assert len(page(told_store, BORIS)) == 1 and page(told_store, BORIS)[0].created_at == NOW


def test_texts_that_are_too_long_are_cut(told_store: Database) -> None:
    (kept,) = add(told_store, new()._replace(subject="ы" * 300, author="я" * 300, excerpt="ж" * 400))
    assert (len(kept.subject), len(kept.author), len(kept.excerpt)) == (255, 200, 300)
    assert page(told_store) == [kept]


def test_a_page_is_narrowed_and_counted_alike(told_store: Database) -> None:
    rows = [new(event=f"journal.{it}", type="mention" if it % 2 else "comment") for it in range(6)]
    ids = [it.id for it in add(told_store, *rows, new(BORIS))]
    write(told_store, lambda db: notifications.mark_read(db, ANNA, ids[1], NOW))
    asked = {"unread_only": True, "type": "mention"}
    assert [it.event for it in page(told_store, **asked)] == ["journal.5", "journal.3"]
    assert told_store.run_here(lambda db: notifications.total(db, ANNA, **asked)) == 2
    assert told_store.run_here(lambda db: notifications.total(db, ANNA)) == 6
    assert [it.event for it in page(told_store, limit=2, offset=3)] == ["journal.2", "journal.1"]


def test_unread_ones_are_counted_for_several_people(told_store: Database) -> None:
    first, *_ = add(told_store, new(), new(event="journal.2"), new(BORIS))
    write(told_store, lambda db: notifications.mark_read(db, ANNA, first.id, NOW))
    found = told_store.run_here(lambda db: notifications.unread(db, [ANNA, BORIS, IRINA]))
    assert found == {ANNA: 1, BORIS: 1, IRINA: 0}
    assert told_store.run_here(lambda db: notifications.unread(db, [])) == {}


def test_one_marks_only_what_is_ones_own_and_may_do_it_again(told_store: Database) -> None:
    (mine,) = add(told_store, new())
    later = NOW + timedelta(hours=1)
    assert write(told_store, lambda db: notifications.mark_read(db, ANNA, mine.id, NOW))
    assert write(told_store, lambda db: notifications.mark_read(db, ANNA, mine.id, later))
    assert not write(told_store, lambda db: notifications.mark_read(db, BORIS, mine.id, NOW))
    assert not write(told_store, lambda db: notifications.mark_read(db, ANNA, mine.id + 1, NOW))
    assert page(told_store)[0].read_at == NOW


def test_marking_all_is_taken_back_for_just_those(told_store: Database) -> None:
    """Though another one was read in the same second."""
    at, sooner = NOW.replace(microsecond=123_456), NOW.replace(microsecond=123_455)
    first, _, _, his = add(told_store, new(), new(event="journal.2"), new(event="journal.3"), new(BORIS))
    write(told_store, lambda db: notifications.mark_read(db, ANNA, first.id, sooner))
    write(told_store, lambda db: notifications.mark_all(db, BORIS, at))
    assert write(told_store, lambda db: notifications.mark_all(db, ANNA, at)) == 2
    assert [it.read_at for it in page(told_store)] == [at, at, sooner]
    assert write(told_store, lambda db: notifications.unmark(db, ANNA, at)) == 2
    assert [it.read_at for it in page(told_store)] == [None, None, sooner]
    assert page(told_store, BORIS) == [his._replace(read_at=at)]


def test_opening_a_task_marks_its_notifications_read(told_store: Database) -> None:
    add(told_store, new(), new(event="journal.2"), new(event="journal.3", task=8), new(BORIS))
    assert write(told_store, lambda db: notifications.mark_task(db, ANNA, 7, NOW)) == 2
    assert [it.task_id for it in page(told_store, unread_only=True)] == [8]
    assert told_store.run_here(lambda db: notifications.unread(db, [BORIS])) == {BORIS: 1}


def test_an_id_is_not_used_again(told_store: Database) -> None:
    (gone,) = add(told_store, new())
    assert write(told_store, lambda db: notifications.prune(db, NOW + timedelta(seconds=1))) == 1
    (next_one,) = add(told_store, new())
    assert next_one.id > gone.id


def test_pruning_leaves_what_is_not_older(told_store: Database) -> None:
    add(told_store, new(), at=NOW - timedelta(seconds=1))
    (stays,) = add(told_store, new(event="journal.2"), at=NOW)
    assert write(told_store, lambda db: notifications.prune(db, NOW)) == 1
    assert page(told_store) == [stays]


def everybodys(database: Database, people_ids: list[int], each: int) -> list[NotificationRow]:
    return add(database, *(new(person, f"journal.{it}") for it in range(each) for person in people_ids))


LAST = st.dictionaries(st.sampled_from([ANNA, BORIS, IRINA, 999]), st.integers(-2, 14))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(50))
@given(last=LAST)
def test_each_gets_what_came_after_the_last_one_seen(told_store: Database, last: dict[int, int]) -> None:
    write(told_store, lambda db: db.exec(sa.delete(tables.Notification)))
    rows = everybodys(told_store, [ANNA, BORIS, IRINA], 4)
    seen = {person: rows[0].id + number for person, number in last.items()}
    found = told_store.run_here(lambda db: notifications.after(db, seen))
    assert found == [it for it in rows if it.person_id in seen and it.id > seen[it.person_id]]


def test_as_many_people_as_are_read_at_once_are_served_in_the_order_of_ids(told_store: Database) -> None:
    rows = everybodys(told_store, [ANNA, BORIS, IRINA], 2)
    strangers = {10_000 + it: 0 for it in range(notifications.PEOPLE_AT_ONCE - 3)}
    last = {ANNA: 0} | strangers | {BORIS: rows[1].id, IRINA: 0}
    found = told_store.run_here(lambda db: notifications.after(db, last))
    assert found == [it for it in rows if it != rows[1]]


def test_of_very_many_that_one_missed_the_newest_are_read_and_no_others(
    told_store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone and among others, however many those have."""
    monkeypatch.setattr(notifications, "MOST_OF_MANY", 9)
    monkeypatch.setattr(notifications, "MOST_AFTER", 3)
    monkeypatch.setattr(notifications, "NEWEST", notifications.NEWEST.limit(3))
    notifications._above.cache_clear()
    rows = everybodys(told_store, [ANNA, BORIS], 5) + add(told_store, new(IRINA))
    newest = [[it for it in rows if it.person_id == person][-3:] for person in (ANNA, BORIS, IRINA)]
    assert told_store.run_here(lambda db: notifications.after(db, {ANNA: 0})) == newest[0]
    everybody = told_store.run_here(lambda db: notifications.after(db, {ANNA: 0, BORIS: 0, IRINA: 0}))
    assert everybody == sorted((row for of_one in newest for row in of_one), key=BY_ID)
    two = told_store.run_here(lambda db: notifications.after(db, {ANNA: rows[2].id, IRINA: 0}))
    assert two == sorted(newest[0] + newest[2], key=BY_ID)
    notifications._above.cache_clear()


def test_a_lot_missed_is_cut_by_the_store_and_not_after_it_was_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, *(new(event=f"journal.{it}") for it in range(notifications.MOST_AFTER + 20)))
    read: list[object] = []

    def kept(*row: object) -> NotificationRow:
        read.append(row)
        return NotificationRow(*row)  # type: ignore[arg-type]  # a row of the table

    monkeypatch.setattr(notifications, "NotificationRow", kept)
    found = database.run_here(lambda db: notifications.after(db, {ANNA: 0}))
    assert len(found) == len(read) == notifications.MOST_AFTER
    assert found[-1].event == f"journal.{notifications.MOST_AFTER + 19}"


@pytest.mark.parametrize("count", [1, 600])
def test_unread_ones_are_found_by_the_tasks_asked_for(told_store: Database, count: int) -> None:
    first, *_ = add(told_store, *(new(event=f"journal.{it}", task=it) for it in range(700)), new(BORIS, task=900))
    write(told_store, lambda db: notifications.mark_read(db, ANNA, first.id, NOW))
    asked = [0, 900, *range(1, count + 1)]
    found = told_store.run_here(lambda db: notifications.unread_tasks(db, ANNA, asked))
    assert found == frozenset(range(1, count + 1))
    assert told_store.run_here(lambda db: notifications.unread_tasks(db, ANNA, [])) == frozenset()


def test_the_notifications_of_an_event_are_taken_back(told_store: Database) -> None:
    add(told_store, new(), new(BORIS), new(event="journal.2"))
    assert write(told_store, lambda db: notifications.take_back(db, "journal.1")) == {ANNA, BORIS}
    assert [it.event for it in page(told_store)] == ["journal.2"] and page(told_store, BORIS) == []
    assert write(told_store, lambda db: notifications.take_back(db, "journal.1")) == set()


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda db: notifications.after(db, dict.fromkeys(range(1, 257), 5)), "ix_notification_person"),
        (lambda db: notifications.unread(db, [1, 2, 3]), "COVERING INDEX ix_notification_unread"),
        (lambda db: notifications.page(db, 1, limit=50), "ix_notification_person"),
        (lambda db: notifications.page(db, 1, unread_only=True, limit=50), "ix_notification_unread"),
        (lambda db: notifications.mark_task(db, 1, 7, NOW), "ix_notification_unread"),
        (lambda db: notifications.prune(db, NOW), "ix_notification_created_at"),
        (lambda db: notifications.after(db, {1: 5}), "INDEX ix_notification_person (person_id=? AND id>?)"),
        (lambda db: notifications.newest(db, 1), "COVERING INDEX ix_notification_person"),
        (
            lambda db: notifications.unread_tasks(db, 1, [7, 8]),
            "COVERING INDEX ix_notification_unread_task (person_id=? AND read_at=? AND task_id=?)",
        ),
        (lambda db: notifications.take_back(db, "journal.1"), "COVERING INDEX ix_notification_happening (happening=?)"),
        (
            lambda db: numbered_events.take_back(db, "host_down.7."),
            "COVERING INDEX ix_notification_happening (happening>? AND happening<?)",
        ),
        (
            lambda db: notifications.add(db, [new()], NOW),
            "COVERING INDEX sqlite_autoindex_notification_1 (person_id=? AND happening=?)",
        ),
        (lambda db: notifications.unmark(db, 1, NOW), "ix_notification_unread"),
        (lambda db: notifications.mark_all(db, 1, NOW), "ix_notification_unread"),
        (
            lambda db: notifications.page(db, 1, type="mention", limit=50),
            "INDEX ix_notification_type (person_id=? AND type=?)",
        ),
        (lambda db: notifications.total(db, 1, type="mention"), "COVERING INDEX ix_notification_type"),
        (lambda db: notifications.total(db, 1), "COVERING INDEX ix_notification_"),
        (lambda db: feed_state.processed_since(db, NOW, 10), "ix_happening_at (at>?)"),
        (lambda db: feed_state.prune(db, NOW), "ix_happening_at (at<?)"),
        (lambda db: feed_state.processed(db, ["journal.1"]), "COVERING INDEX sqlite_autoindex_happening_1 (key=?)"),
    ],
)
def test_sqlite_looks_only_at_what_is_asked_for(
    database: Database, ask: Callable[[Session], object], index: str
) -> None:
    from_plan = database.run_here(lambda db: steps(database, db, ask), writes=True)
    assert from_plan and any(index in step for step in from_plan), from_plan
    assert not [step for step in from_plan if step.startswith(("SCAN notification", "SCAN happening"))]


def test_processed_events_are_known_whatever_their_number_until_they_are_pruned(told_store: Database) -> None:
    keys = [f"journal.{it}" for it in range(2_500)]

    def deal(db: Session) -> None:
        for number, key in enumerate(keys):
            if number % 2:
                act = EventRecord(key, 7, False, "Новая", "В работе", "Борис", NOW)
                feed_state.mark_processed(db, act, NOW if number % 4 == 1 else NOW - timedelta(days=3))

    write(told_store, deal)
    assert told_store.run_here(lambda db: feed_state.processed(db, keys)) == set(keys[1::2])
    lately = told_store.run_here(lambda db: feed_state.processed_since(db, NOW))
    assert {act.key for act in lately} == set(keys[1::4]) and lately[0].new_status == "В работе"
    write(told_store, lambda db: feed_state.prune(db, NOW - timedelta(days=2)))
    assert told_store.run_here(lambda db: feed_state.processed(db, keys)) == set(keys[1::4])


def test_an_event_with_too_long_names_is_processed(told_store: Database) -> None:
    act = EventRecord("journal.1", 7, False, "с" * 300, "в" * 300, "Б" * 300, NOW)
    write(told_store, lambda db: feed_state.mark_processed(db, act, NOW))
    (kept,) = told_store.run_here(lambda db: feed_state.processed_since(db, NOW))
    assert (len(kept.old_status), len(kept.new_status), len(kept.author)) == (100, 100, 200)


def test_a_position_is_kept_by_name(told_store: Database) -> None:
    assert told_store.run_here(lambda db: feed_state.cursor(db, "feed")) is None
    for text in ("ä" * 70_000, "second"):
        write(told_store, lambda db, text=text: feed_state.save_cursor(db, "feed", text, NOW))
    write(told_store, lambda db: feed_state.save_cursor(db, "other", "elsewhere", NOW))
    found = told_store.run_here(lambda db: feed_state.cursor(db, "feed"))
    assert found and (found.position, found.as_of) == ("second", NOW)


def test_the_last_choice_counts_and_who_chose_nothing_is_not_there(told_store: Database) -> None:
    for text in ('{"a": 1}', '{"a": "ё"}'):
        write(told_store, lambda db, text=text: preferences.save(db, ANNA, text))
    assert told_store.run_here(lambda db: preferences.of_people(db, [ANNA, BORIS])) == {ANNA: '{"a": "ё"}'}


def test_changes_from_several_pages_at_once_all_count(told_store: Database) -> None:
    def add_one() -> None:
        for _ in range(10):
            write(told_store, lambda db: preferences.change(db, ANNA, lambda text: str(int(text or "0") + 1)))

    pages = [Thread(target=add_one) for _ in range(3)]
    for page in pages:
        page.start()
    for page in pages:
        page.join()
    assert told_store.run_here(lambda db: preferences.of_people(db, [ANNA])) == {ANNA: "30"}


def test_accounts_are_found_by_the_trackers_numbers(database: Database) -> None:
    def bind(db: Session) -> None:
        anna = db.get_one(tables.Person, ANNA)
        anna.redmine_id = 55
        db.add(anna)
        people.disable(db, "boris")

    write(database, bind)
    anna = people.Account(ANNA, 55, "anna")
    assert database.run_here(lambda db: people.known_in_redmine(db, [55, ANNA])) == [anna]
    assert database.run_here(lambda db: people.known_in_redmine(db, [], ["anna", "irina", "boris"])) == [anna]
    here = database.run_here(lambda db: people.known_in_embedded(db, [ANNA, BORIS, 999]))
    assert here == [people.Account(ANNA, ANNA, "anna")]
    found = database.run_here(
        lambda db: people.known_in_embedded(db, [IRINA, IRINA], ["irina", "anna", "boris", "nobody"])
    )
    assert [it.login for it in found] == ["anna", "irina"]
