"""The book of promises is read as seldom as it may be, and tasks are ranked by what is due first."""

import asyncio
from datetime import date, timedelta

import pytest

from helpdesk.store import business_calendars as calendars
from helpdesk.tasks.embedded import lives
from helpdesk.tasks.lists import EXPORTED_AT_ONCE, TaskQuery
from tests.clocks import NOON, Clock
from tests.notifications.sending import write
from tests.promises.test_watcher import ADMIN, MINUTE, promise, task, week
from tests.promises.warning import EmbeddedWatcher
from tests.world import EmbeddedWorld


async def test_calendars_are_read_again_when_one_has_changed(
    embedded: EmbeddedWorld, clock: Clock, statements: list[str]
) -> None:
    promise(embedded.database, 60)
    days = (calendars.OwnDay(date(2026, 12, 31), "", "Канун"),)
    values = calendars.CalendarValues("Офис", "Europe/Moscow", week("09:00-18:00"), True, days, ())
    made = write(embedded.database, lambda db: calendars.add(db, ADMIN, values))
    its = EmbeddedWatcher(embedded.database, clock.now).promises
    first = await its.book()
    statements.clear()
    its.forget()
    assert await its.book() == first
    assert not [it for it in statements if "calendar_day" in it]
    changed = values._replace(days=(), project_ids=(1,))
    write(embedded.database, lambda db: calendars.change(db, ADMIN, made.id, changed, None))
    its.forget()
    second = await its.book()
    assert first.default.days and not second.default.days and second.calendars == {1: made.id}
    write(embedded.database, lambda db: calendars.remove(db, ADMIN, made.id, None))
    its.forget()
    third = await its.book()
    assert third.hours == {} and third.calendars == {} and third.default != second.default


def test_tasks_are_ranked_by_what_is_due_first_however_they_are_read(
    embedded: EmbeddedWorld, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lives, "KEYS_AT_ONCE", 2)
    promise(embedded.database, 60)
    ages = (5, 90, 30, 5, 70, 10, 90)
    numbers = [task(embedded, NOON - timedelta(seconds=age * MINUTE)) for age in ages]
    ranking = asyncio.run(EmbeddedWatcher(embedded.database, clock.now).promises.ranking(embedded.actor("anna")))
    oldest_first = sorted(zip(ages, numbers, strict=True), reverse=True)
    assert [it.task_id for it in ranking.tasks] == [number for _, number in oldest_first] and ranking.is_whole


async def test_an_export_of_promised_tasks_names_them_all_once(embedded: EmbeddedWorld, statements: list[str]) -> None:
    ids = tuple(task(embedded) for _ in range(2 * EXPORTED_AT_ONCE + 1))
    statements.clear()
    query = TaskQuery(task_ids=ids)
    found = [row.id async for some in embedded.backend.export(embedded.actor("anna"), query) for row in some]
    assert sorted(found) == [*ids]
    assert len([it for it in statements if it.count("?") >= len(ids)]) == 1
