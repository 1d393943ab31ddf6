"""Promises, calendars and watchers of quality that several people edit at the same moment, in every database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import Conflict
from helpdesk.store import business_calendars as calendars
from helpdesk.store import promises, quality_choices, quality_watchers
from helpdesk.store.business_calendars import CalendarValues, OwnDay
from helpdesk.store.database import Database
from helpdesk.store.models.promises import BusinessCalendar, CalendarDay, CalendarProject, Promise
from helpdesk.store.models.quality import QualityChoice, QualityWatcher
from helpdesk.store.promises import PromiseValues
from tests.store.test_races import as_one, at_once
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ANNA, BORIS = PEOPLE_IDS["anna"], PEOPLE_IDS["boris"]
PROMISE = PromiseValues("Срочные", 3, None, 5, 60, 480, BORIS, True)
DAYS = (OwnDay(date(2026, 12, 30), "", "Праздник"), OwnDay(date(2026, 12, 31), "09:00-13:00", "Короткий"))
CALENDAR = CalendarValues("Офис", "Europe/Moscow", ";".join(["09:00-18:00"] * 7), True, DAYS, (1, 2))


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    """Without what other tests left in a shared server."""

    def clear(db: Session) -> None:
        for model in (CalendarDay, CalendarProject, BusinessCalendar, Promise, QualityChoice, QualityWatcher):
            db.exec(sa.delete(model))

    told_store.run_here(clear, writes=True)
    yield told_store
    told_store.run_here(clear, writes=True)


def names(found: list[object]) -> list[str]:
    return sorted(type(it).__name__ for it in found)


def test_of_two_editors_of_a_promise_one_is_told_of_the_other(store: Database) -> None:
    row = store.run_here(lambda db: promises.add(db, ANNA, PROMISE), writes=True)
    assert row.id and store.run_here(lambda db: [promises.values(it) for it in promises.all(db)]) == [PROMISE]
    change = partial(promises.change, actor_id=ANNA, promise_id=row.id, known="1")
    wanted = [PROMISE._replace(answer_minutes=it) for it in range(1, 5)]
    found = at_once(store, *[partial(change, wanted=it) for it in wanted])
    assert names([*found]) == [*["Conflict"] * 3, "Promise"]
    kept = store.run_here(lambda db: promises.one(db, row.id))
    assert kept.version == 2 and promises.values(kept) in wanted
    told = {promises.values(it.current) for it in found if isinstance(it, Conflict)}
    assert told == {promises.values(kept)}
    gone = as_one(store, lambda db: promises.remove(db, ANNA, row.id or 0, "2"), 3)
    assert names(gone) == ["NoneType", "NotFound", "NotFound"]


def test_tasks_are_promised_one_thing_however_many_promise_at_once(store: Database) -> None:
    general = PROMISE._replace(project_id=None, priority_id=None)  # no unique key of a database minds nothing
    found = as_one(store, lambda db: promises.add(db, ANNA, general), 5)
    assert names(found) == [*["Invalid"] * 4, "Promise"]
    other = store.run_here(lambda db: promises.add(db, ANNA, PROMISE), writes=True)
    found = at_once(
        store,
        lambda db: promises.change(db, ANNA, other.id or 0, general._replace(tracker_id=7), None),
        lambda db: promises.add(db, BORIS, general._replace(tracker_id=7)),
    )
    assert names(found) == ["Invalid", "Promise"]


def test_of_two_editors_of_a_calendar_one_is_told_of_the_other(store: Database) -> None:
    made = store.run_here(lambda db: calendars.add(db, ANNA, CALENDAR), writes=True)
    assert made.values == CALENDAR and store.run_here(calendars.all) == [made]
    wanted = [CALENDAR._replace(days=DAYS[:it], project_ids=(it + 1,)) for it in range(2)]
    found = at_once(store, *[partial(calendars.change, actor_id=ANNA, calendar_id=made.id, wanted=it, known="1")
                             for it in wanted])  # fmt: skip
    assert names([*found]) == ["Conflict", "StoredCalendar"]
    kept = store.run_here(lambda db: calendars.one(db, made.id))
    assert kept.version == 2 and kept.values in wanted, "its days and projects are of one editor"
    assert [it.current for it in found if isinstance(it, Conflict)] == [kept]


def test_one_calendar_is_the_default_and_a_project_follows_one(store: Database) -> None:
    added = [CALENDAR._replace(name=f"Офис {it}", project_ids=()) for it in range(4)]
    found = at_once(store, *[partial(calendars.add, actor_id=ANNA, wanted=it) for it in added])
    assert names([*found]) == ["StoredCalendar"] * 4
    rows = store.run_here(calendars.all)
    assert [it.values.is_default for it in rows].count(True) == 1
    follow = [
        partial(calendars.change, actor_id=ANNA, calendar_id=it.id, known=None,
                wanted=it.values._replace(is_default=True, project_ids=(9,)))
        for it in rows
    ]  # fmt: skip
    found = at_once(store, *follow)
    assert names([*found]) == [*["Invalid"] * 3, "StoredCalendar"]
    rows = store.run_here(calendars.all)
    assert [it.values.is_default for it in rows].count(True) == [it.values.project_ids for it in rows].count((9,)) == 1
    same = as_one(store, lambda db: calendars.add(db, ANNA, CALENDAR._replace(name="ОФИС é", project_ids=())), 3)
    assert names(same) == ["Invalid", "Invalid", "StoredCalendar"]


def test_of_two_who_choose_for_quality_control_one_is_told_of_the_other(store: Database) -> None:
    wanted = [{"complaint": (it, it + 10), "object": (21,)} for it in range(1, 5)]
    known = quality_choices.version({})
    found = at_once(store, *[lambda db, it=it: quality_choices.save(db, ANNA, it, known) for it in wanted])
    assert names(found) == [*["Conflict"] * 3, "NoneType"]
    assert store.run_here(quality_choices.all) in wanted


def test_a_watcher_who_presses_twice_at_once_watches(store: Database) -> None:
    for on in (True, False, True):
        assert as_one(store, lambda db, on=on: quality_watchers.switch(db, ANNA, on, NOW), 6) == [None] * 6
        assert store.run_here(lambda db: quality_watchers.is_watching(db, ANNA)) is on
    at_once(store, *[lambda db, it=it: quality_watchers.switch(db, ANNA, it % 2 == 0, NOW) for it in range(6)])
    assert store.run_here(quality_watchers.all).keys() <= {ANNA}
