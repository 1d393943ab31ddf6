"""Who has to do with a task is warned once when its promised time runs out, and once when it is over."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from helpdesk.errors import BadResponse, Unavailable
from helpdesk.notifications.messages import Warned
from helpdesk.promises import watcher
from helpdesk.reports.model import Life, Selection
from helpdesk.store import absences, board, preferences, promise_warnings, promises, rights
from helpdesk.store import business_calendars as calendars
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.notifications import EventRecord
from helpdesk.store.models.promises import Promise, PromiseWarning
from helpdesk.store.notifications import NOTIFICATION
from helpdesk.store.promise_warnings import Key
from helpdesk.store.promises import PromiseValues
from helpdesk.tasks.model import Actor
from tests import running
from tests.clocks import NOON, Clock
from tests.notifications.sending import device, write
from tests.promises.warning import MOSCOW, EmbeddedWatcher
from tests.servers.process import wait_until
from tests.world import PEOPLE_IDS, STATUS_IDS, EmbeddedWorld

ADMIN, ANNA, BORIS, IRINA, STRANGER = (PEOPLE_IDS[it] for it in ("admin", "anna", "boris", "irina", "stranger"))
MINUTE = 60


def promise(database: Database, answer: int | None = None, solution: int | None = None, **values: Any) -> int:
    """Promise these minutes; return the promise's id."""
    wanted = PromiseValues("Обещание", None, None, None, answer, solution, None, True)._replace(**values)
    return write(database, lambda db: promises.add(db, ADMIN, wanted).id)


def task(world: EmbeddedWorld, created: datetime = NOON, **values: Any) -> int:
    number = world.new_task(**values)
    row = sa.update(tables.Task).where(col(tables.Task.id) == number)
    write(world.database, lambda db: db.execute(row.values(created_at=created)))
    return number


async def look(world: EmbeddedWorld, clock: Clock, minutes: float = 0) -> None:
    """Let time pass, and look at all tasks, always as the same process."""
    clock.pass_(minutes * MINUTE)
    its = EmbeddedWatcher(world.database, clock.now)
    its.holder = "watcher"
    await its.step()


def told(database: Database) -> list[tuple[int, str, int]]:
    """Who was notified of what about which task, in this order."""
    columns = NOTIFICATION.c.person_id, NOTIFICATION.c.kind, NOTIFICATION.c.task_id
    rows = database.run_here(lambda db: db.execute(sa.select(*columns).order_by(NOTIFICATION.c.id)).all())
    return [(person, kind, task) for person, kind, task in rows]


@pytest.fixture
def begun(embedded: EmbeddedWorld, clock: Clock) -> EmbeddedWorld:
    """A promise of 60 minutes for an answer and of 240 for a solution, which was looked at once."""
    promise(embedded.database, 60, 240)
    asyncio.run(look(embedded, clock))
    return embedded


async def test_the_assignee_and_the_watchers_are_warned_once_of_each_part(begun: EmbeddedWorld, clock: Clock) -> None:
    number = task(begun)
    await begun.backend.watch(begun.actor("boris"), number, True)
    await look(begun, clock, 44)
    assert told(begun.database) == []
    await look(begun, clock, 1)
    near = [(ANNA, "answer_near", number), (BORIS, "answer_near", number)]
    assert told(begun.database) == near
    await look(begun, clock, 15)
    assert told(begun.database) == near, "an hour is not more than an hour"
    await look(begun, clock, 1)
    over = [*near, (ANNA, "answer_over", number), (BORIS, "answer_over", number)]
    assert told(begun.database) == over
    await look(begun, clock, 10)
    await look(begun, clock, 108)
    assert told(begun.database) == over
    await look(begun, clock, 1)
    assert told(begun.database) == [*over, (ANNA, "solution_near", number), (BORIS, "solution_near", number)]
    excerpts = begun.database.run_here(lambda db: db.execute(sa.select(NOTIFICATION.c.excerpt)).scalars().all())
    assert [*dict.fromkeys(excerpts)] == [Warned(60, 15).written(), Warned(60, 0).written(), Warned(240, 60).written()]


async def test_whoever_was_not_looked_at_for_long_is_told_the_worst_alone(begun: EmbeddedWorld, clock: Clock) -> None:
    number = task(begun)
    await look(begun, clock, 300)
    await look(begun, clock, 1)
    assert told(begun.database) == [(ANNA, "answer_over", number), (ANNA, "solution_over", number)]


async def test_the_named_person_is_told_when_it_is_over_and_only_of_tasks_that_they_see(
    embedded: EmbeddedWorld, clock: Clock
) -> None:
    first = promise(embedded.database, 60, escalate_to=BORIS)
    await look(embedded, clock)
    number = task(embedded)
    await look(embedded, clock, 50)
    await look(embedded, clock, 11)
    over = [(ANNA, "answer_near", number), (ANNA, "answer_over", number), (BORIS, "answer_over", number)]
    assert told(embedded.database) == over
    write(embedded.database, lambda db: setattr(db.get_one(Promise, first), "escalate_to", STRANGER))
    other = task(embedded, clock.now())
    await look(embedded, clock, 61)
    assert told(embedded.database) == [*over, (ANNA, "answer_over", other)]


async def test_the_deputy_of_an_absent_assignee_is_warned_too_if_the_task_is_to_be_seen(
    begun: EmbeddedWorld, clock: Clock
) -> None:
    number = task(begun)
    write(begun.database, lambda db: absences.set_away(db, ANNA, clock.now().date(), BORIS))
    await look(begun, clock, 45)
    near = [(ANNA, "answer_near", number), (BORIS, "answer_near", number)]
    assert told(begun.database) == near
    names = begun.database.run_here(lambda db: db.execute(sa.select(NOTIFICATION.c.absent)).scalars().all())
    assert [*names] == ["", "Анна Смирнова"]
    await begun.backend.watch(begun.actor("boris"), number, True)
    write(begun.database, lambda db: absences.set_away(db, ANNA, clock.now().date(), STRANGER))
    await look(begun, clock, 16)
    assert told(begun.database) == [*near, (ANNA, "answer_over", number), (BORIS, "answer_over", number)]
    clock.pass_(24 * 60 * MINUTE)
    await look(begun, clock)
    over = [it for it in told(begun.database) if it[1] == "solution_over"]
    assert over == [(ANNA, "solution_over", number), (BORIS, "solution_over", number)], "she is back"


async def test_whoever_has_no_right_to_see_the_task_or_no_active_account_is_not_warned(
    begun: EmbeddedWorld, clock: Clock
) -> None:
    secret = task(begun, assignee="stranger")
    closed = task(begun, assignee="boris")
    write(begun.database, lambda db: setattr(db.get_one(tables.Person, BORIS), "is_active", False))
    await look(begun, clock, 61)
    assert told(begun.database) == []
    assert {it.task_id for it in warned(begun.database)} == {secret, closed}


def warned(database: Database) -> set[Key]:
    rows = database.run_here(lambda db: db.exec(select(PromiseWarning)).all())
    return {Key(it.task_id, it.kind, it.percent, it.minutes) for it in rows}


async def test_answered_closed_and_waiting_tasks_warn_nobody(begun: EmbeddedWorld, clock: Clock) -> None:
    for status in ("closed", "rejected"):
        task(begun, status=status)
    answered = task(begun)
    entry = tables.Entry(task_id=answered, author_id=BORIS, notes="Иду", created_at=NOON)
    write(begun.database, lambda db: db.add(entry))
    await look(begun, clock, 61)
    assert told(begun.database) == []
    await look(begun, clock, 180)
    assert told(begun.database) == [(ANNA, "solution_over", answered)]


async def test_a_promise_that_is_made_or_edited_later_causes_no_storm(embedded: EmbeddedWorld, clock: Clock) -> None:
    numbers = [task(embedded, NOON - timedelta(days=1)) for _ in range(30)]
    made = promise(embedded.database, 60)
    await look(embedded, clock)
    await look(embedded, clock, 1)
    assert told(embedded.database) == [] and {it.task_id for it in warned(embedded.database)} == {*numbers}
    wanted = PromiseValues("Обещание", None, None, None, 90, 120, None, True)
    write(embedded.database, lambda db: promises.change(db, ADMIN, made, wanted, None))
    await look(embedded, clock, 1)
    await look(embedded, clock, 1)
    assert told(embedded.database) == [] and len(warned(embedded.database)) == 30 * 2 * 3
    late = task(embedded, clock.now())
    await look(embedded, clock, 91)
    assert told(embedded.database) == [(ANNA, "answer_over", late), (ANNA, "solution_near", late)]


async def test_what_is_reached_beside_an_edit_is_warned_of(begun: EmbeddedWorld, clock: Clock) -> None:
    number = task(begun)
    await look(begun, clock, 44)
    promise(begun.database, 10, priority_id=4)
    await look(begun, clock, 2)
    assert told(begun.database) == [(ANNA, "answer_near", number)]


async def test_many_at_once_are_one_notification(begun: EmbeddedWorld, clock: Clock) -> None:
    numbers = [task(begun) for _ in range(watcher.MOST_ALONE + 1)]
    await begun.backend.watch(begun.actor("boris"), numbers[0], True)
    await look(begun, clock, 61)
    assert sorted(told(begun.database)) == [(ANNA, "promises", 0), (BORIS, "answer_over", numbers[0])]
    subject = sa.select(NOTIFICATION.c.subject).where(NOTIFICATION.c.kind == "promises")
    assert begun.database.run_here(lambda db: db.execute(subject).scalar_one()) == str(len(numbers))


async def test_each_is_warned_by_their_preferences(begun: EmbeddedWorld, clock: Clock) -> None:
    number = task(begun)
    for person in (ANNA, BORIS):
        device(begun.database, person)
    await begun.backend.watch(begun.actor("boris"), number, True)
    nothing = json.dumps({"wanted": {"promise": {"page": False, "push": False, "email": False}}})
    pushed = json.dumps({"wanted": {"promise": {"page": False, "push": True, "email": False}}})
    write(begun.database, lambda db: [preferences.save(db, ANNA, nothing), preferences.save(db, BORIS, pushed)])
    await look(begun, clock, 61)
    sent = begun.database.run_here(lambda db: db.exec(select(OutboxRow.person_id, OutboxRow.channel)).all())
    assert told(begun.database) == [] and [(*it,) for it in sent] == [(BORIS, "webpush")]


async def test_a_task_that_gets_a_stricter_promise_is_warned_of(begun: EmbeddedWorld, clock: Clock) -> None:
    promise(begun.database, 10, priority_id=4)
    number = task(begun)
    await look(begun, clock, 20)
    assert told(begun.database) == []
    row = sa.update(tables.Task).where(col(tables.Task.id) == number).values(priority_id=4)
    write(begun.database, lambda db: db.execute(row))
    await look(begun, clock, 1)
    assert told(begun.database) == [(ANNA, "answer_over", number)]


async def test_two_processes_warn_nobody_twice(begun: EmbeddedWorld, clock: Clock) -> None:
    numbers = [task(begun, assignee=login) for login in ("anna", "boris") for _ in range(5)]
    clock.pass_(61 * MINUTE)
    await asyncio.gather(*(EmbeddedWatcher(begun.database, clock.now).step() for _ in range(4)))
    await look(begun, clock, 4)
    assert Counter(it for _, _, it in told(begun.database)) == Counter(numbers)


async def test_a_backend_that_does_not_answer_is_asked_again(begun: EmbeddedWorld, clock: Clock) -> None:
    number = task(begun)
    clock.pass_(61 * MINUTE)
    its, answers = EmbeddedWatcher(begun.database, clock.now), [True]
    asked = its.source.involved

    async def involved(ids: Any) -> Any:
        if answers.pop():
            raise Unavailable(detail="Redmine is down")
        return await asked(ids)

    its.source.involved = involved  # type: ignore[method-assign]  # for once
    await its.step()
    assert told(begun.database) == [] and warned(begun.database) == set()
    answers.append(False)
    await its.step()
    assert told(begun.database) == [(ANNA, "answer_over", number)]


def test_a_process_that_is_killed_leaves_nobody_out_and_warns_nobody_twice(
    begun: EmbeddedWorld, clock: Clock, tmp_path: Path
) -> None:
    """Half of the people want it only pushed, so that no row of the list keeps them from getting it twice."""
    numbers = [task(begun, assignee=login) for login in ("anna", "boris") for _ in range(30)]
    device(begun.database, BORIS)
    pushed = json.dumps({"wanted": {"promise": {"page": False, "push": True, "email": False}}})
    write(begun.database, lambda db: preferences.save(db, BORIS, pushed))
    url, dice, deaths = str(begun.database.engine.url), Random(7), 0
    for life in range(60):
        process = running.begun(["tests.promises.warning", url, str(61 + life * 4)], tmp_path)
        most = len(warned(begun.database)) + dice.randint(4, 30)
        wait_until(
            lambda: process.poll() is not None or len(warned(begun.database)) >= most,  # noqa: B023
            seconds=60,
            what="some are warned",
            every=0.001,
        )
        if process.poll() is None:
            process.kill()
            deaths += 1
        process.wait()
        if len({it.task_id for it in warned(begun.database)}) == len(numbers):
            break
    listed = Counter(task for person, kind, task in told(begun.database) if kind == "answer_over")
    rows = begun.database.run_here(lambda db: db.exec(select(OutboxRow.task_id, OutboxRow.event)).all())
    sent = Counter(task for task, event in rows if ".answer.100." in event)
    assert deaths >= 2 and listed == Counter(numbers[:30]) and sent == Counter(numbers[30:])


async def test_nothing_is_asked_while_nothing_is_promised(
    embedded: EmbeddedWorld, clock: Clock, statements: list[str]
) -> None:
    task(embedded)
    statements.clear()
    await look(embedded, clock, 600)
    assert not [it for it in statements if not it.startswith(("SELECT", "BEGIN"))] and len(statements) <= 5


async def test_a_warning_is_remembered_while_it_keeps_another_away(begun: EmbeddedWorld, clock: Clock) -> None:
    open_one, closed_one = task(begun), task(begun)
    await look(begun, clock, 61)
    row = sa.update(tables.Task).where(col(tables.Task.id) == closed_one).values(status_id=STATUS_IDS["closed"])
    write(begun.database, lambda db: db.execute(row))
    number = len(told(begun.database))
    for _ in range(30):
        await look(begun, clock, 20 * 24 * 60)
    assert {it.task_id for it in warned(begun.database)} == {open_one}
    assert len(told(begun.database)) == number + 1, "that the solution is over"


def test_warnings_are_kept_by_all_that_they_are_of(told_store: Database) -> None:
    keys = [Key(7, kind, percent, 60) for kind in ("answer", "solution") for percent in (75, 100)]
    write(told_store, lambda db: db.execute(sa.delete(PromiseWarning)))
    write(told_store, lambda db: promise_warnings.note(db, keys[:2], NOON))
    asked = [*keys, Key(7, "answer", 75, 61), Key(8, "answer", 75, 60)]
    assert write(told_store, lambda db: promise_warnings.given(db, asked, NOON)) == {*keys[:2]}
    assert write(told_store, lambda db: promise_warnings.given(db, [], NOON)) == set()
    write(told_store, lambda db: promise_warnings.note(db, [*keys[2:], asked[-1]], NOON, silent=True))
    assert write(told_store, lambda db: promise_warnings.silent(db, keys)) == {*keys[2:]}
    write(told_store, lambda db: promise_warnings.forget(db, keys[2:]))
    assert write(told_store, lambda db: promise_warnings.given(db, asked, NOON)) == {*keys[:2], asked[-1]}
    write(told_store, lambda db: promise_warnings.prune(db, NOON + timedelta(days=366)))
    assert write(told_store, lambda db: promise_warnings.given(db, asked, NOON)) == set()


def test_a_person_who_is_named_may_be_an_administrator(embedded: EmbeddedWorld, clock: Clock) -> None:
    write(embedded.database, lambda db: rights.grant(db, STRANGER, "is_admin"))
    promise(embedded.database, 60, escalate_to=STRANGER)
    asyncio.run(look(embedded, clock))
    number = task(embedded, assignee=None)
    asyncio.run(look(embedded, clock, 61))
    assert told(embedded.database) == [(STRANGER, "answer_over", number)]


async def test_what_was_only_noted_is_warned_of_when_working_hours_put_the_clock_back(
    embedded: EmbeddedWorld, clock: Clock
) -> None:
    old = task(embedded)
    clock.pass_(120 * MINUTE)
    promise(embedded.database, 60)
    await look(embedded, clock)
    assert told(embedded.database) == [] and {it.percent for it in warned(embedded.database)} == {75, 100}
    later = str((clock.now() + timedelta(hours=1)).astimezone(MOSCOW).hour) + ":00-24:00"
    hours = calendars.CalendarValues("Позже", "Europe/Moscow", week(later), True, (), ())
    write(embedded.database, lambda db: calendars.add(db, ADMIN, hours))
    await look(embedded, clock, 1)
    assert told(embedded.database) == [] and warned(embedded.database) == set()
    await look(embedded, clock, 59 + 50)
    await look(embedded, clock, 20)
    await look(embedded, clock, 20)
    assert told(embedded.database) == [(ANNA, "answer_near", old), (ANNA, "answer_over", old)]


async def test_what_was_given_is_given_once_whatever_the_working_hours(begun: EmbeddedWorld, clock: Clock) -> None:
    number = task(begun)
    await look(begun, clock, 61)
    later = str((clock.now() + timedelta(hours=1)).astimezone(MOSCOW).hour) + ":00-24:00"
    hours = calendars.CalendarValues("Позже", "Europe/Moscow", week(later), True, (), ())
    write(begun.database, lambda db: calendars.add(db, ADMIN, hours))
    for _ in range(4):
        await look(begun, clock, 40)
    assert told(begun.database) == [(ANNA, "answer_over", number)]


def week(hours: str) -> str:
    """The same hours on each of the seven days."""
    return ";".join([hours] * 7)


async def test_no_warning_is_lost_while_the_backend_is_down_after_an_edit(begun: EmbeddedWorld, clock: Clock) -> None:
    number = task(begun)
    promise(begun.database, 10, priority_id=4)
    its = EmbeddedWatcher(begun.database, clock.now)
    found = its.source.open_lives

    async def down(selection: Selection) -> AsyncGenerator[tuple[Life, ...], None]:
        raise Unavailable(detail="Redmine is down")
        yield ()

    its.source.open_lives = down  # type: ignore[method-assign]  # for a while
    for _ in range(13):
        await its.step()
        clock.pass_(5 * MINUTE)
    its.source.open_lives = found  # type: ignore[method-assign]
    clock.pass_(20 * MINUTE)
    await its.step()
    assert told(begun.database) == [(ANNA, "answer_over", number)]


async def test_a_promise_that_was_off_for_a_while_causes_no_storm(begun: EmbeddedWorld, clock: Clock) -> None:
    task(begun)
    switch(begun.database, False)
    await look(begun, clock, 1)
    task(begun, clock.now())
    await look(begun, clock, 600)
    switch(begun.database, True)
    await look(begun, clock, 1)
    await look(begun, clock, 1)
    assert told(begun.database) == []
    late = task(begun, clock.now())
    await look(begun, clock, 61)
    assert told(begun.database) == [(ANNA, "answer_over", late)]


def switch(database: Database, is_on: bool) -> None:
    write(database, lambda db: setattr(db.exec(select(Promise)).one(), "is_active", is_on))


async def test_a_status_that_waits_no_more_causes_no_storm(begun: EmbeddedWorld, clock: Clock) -> None:
    def mean(phase: Literal["active", "waiting"]) -> None:
        columns = {STATUS_IDS["waiting"]: board.ColumnSettings(phase, None)}
        write(begun.database, lambda db: board.save_columns(db, columns))

    mean("waiting")
    await look(begun, clock, 1)
    task(begun, clock.now(), status="waiting")
    await look(begun, clock, 600)
    mean("active")
    await look(begun, clock, 1)
    await look(begun, clock, 1)
    assert told(begun.database) == []


async def test_a_project_that_is_put_below_one_with_a_promise_causes_no_storm(
    embedded: EmbeddedWorld, clock: Clock
) -> None:
    promise(embedded.database, 60, project_id=1)
    await look(embedded, clock)
    task(embedded, project="office")
    await look(embedded, clock, 600)
    below = sa.update(tables.Project).where(col(tables.Project.id) == 2).values(parent_id=1)
    write(embedded.database, lambda db: db.execute(below))
    await look(embedded, clock, 1)
    await look(embedded, clock, 1)
    assert told(embedded.database) == [] and warned(embedded.database)


async def test_only_projects_with_a_promise_and_those_below_them_are_looked_at(
    embedded: EmbeddedWorld, clock: Clock
) -> None:
    below = sa.update(tables.Project).where(col(tables.Project.id) == 2).values(parent_id=1)
    write(embedded.database, lambda db: db.execute(below))
    first = promise(embedded.database, 60, project_id=1)
    for project in ("help", "office"):
        task(embedded, project=project)
    its, seen = EmbeddedWatcher(embedded.database, clock.now), list[int]()
    found = its.source.open_lives

    async def noted(selection: Selection) -> AsyncGenerator[tuple[Life, ...], None]:
        async for lives in found(selection):
            seen.extend(life.project_id for life in lives)
            yield lives

    its.source.open_lives = noted  # type: ignore[method-assign]  # to see which are read
    await its.step()
    assert sorted(seen) == [1, 2]
    write(embedded.database, lambda db: setattr(db.get_one(Promise, first), "project_id", 2))
    its.promises.forget()
    seen.clear()
    await its.step()
    assert seen == [2]


async def test_many_in_a_look_are_one_notification_for_each(
    begun: EmbeddedWorld, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "WARNINGS_AT_ONCE", 3)
    for login in ("boris", "anna", "boris", "anna"):
        for _ in range(watcher.MOST_ALONE - 1):
            task(begun, assignee=login)
    alone = [task(begun, assignee="irina") for _ in range(watcher.MOST_ALONE)]
    await look(begun, clock, 61)
    singles = [(IRINA, "answer_over", number) for number in alone]
    assert sorted(told(begun.database)) == [(ANNA, "promises", 0), (BORIS, "promises", 0), *singles]
    subjects = sa.select(NOTIFICATION.c.subject).where(NOTIFICATION.c.kind == "promises")
    assert begun.database.run_here(lambda db: db.execute(subjects).scalars().all()) == ["8", "8"]
    await look(begun, clock, 1)
    assert len(told(begun.database)) == 2 + len(singles)


async def test_a_task_that_the_backend_tells_nothing_of_keeps_no_other_back(begun: EmbeddedWorld, clock: Clock) -> None:
    bad, good = task(begun), task(begun, assignee="boris")
    clock.pass_(61 * MINUTE)
    its, broken = EmbeddedWatcher(begun.database, clock.now), {bad, good}
    asked = its.visible_to

    async def visible_to(record: EventRecord, actors: Iterable[Actor]) -> frozenset[int]:
        if record.task_id in broken:
            raise BadResponse(detail="Redmine answers nonsense")
        return await asked(record, actors)

    its.visible_to = visible_to
    await its.step()
    assert told(begun.database) == [] and warned(begun.database) == set()
    broken.remove(good)
    await its.step()
    await its.step()
    assert told(begun.database) == [(BORIS, "answer_over", good)]
    broken.clear()
    await its.step()
    assert told(begun.database) == [(BORIS, "answer_over", good), (ANNA, "answer_over", bad)]
