"""Who watches quality control is notified once of each new request that they see."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from helpdesk.errors import Unavailable
from helpdesk.people.rights import QUALITY
from helpdesk.quality import news
from helpdesk.store import quality_watchers, rights
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.notifications import NOTIFICATION
from tests.clocks import NOON, Clock
from tests.notifications.sending import device, write
from tests.quality.telling import COMPLAINT, News
from tests.running import begun
from tests.servers.process import wait_until
from tests.world import PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld

ADMIN, ANNA, BORIS, STRANGER = (PEOPLE_IDS[it] for it in ("admin", "anna", "boris", "stranger"))


def request(world: EmbeddedWorld, clock: Clock, ago: float = 0, kind: int = COMPLAINT, **values: Any) -> int:
    """A request that says it was created so many seconds ago."""
    number = world.new_task(**values)
    created = {"created_at": clock.now() - timedelta(seconds=ago), "kind_id": kind}
    row = sa.update(tables.Task).where(col(tables.Task.id) == number).values(**created)
    write(world.database, lambda db: db.execute(row))
    return number


async def look(world: EmbeddedWorld, clock: Clock, seconds: float = 30, **values: Any) -> None:
    """Let time pass, and look for new requests, always as the same process."""
    clock.pass_(seconds)
    its = News(world.database, clock.now, **values)
    its.holder = "news"
    await its.step()


def told(database: Database) -> list[tuple[int, str, int]]:
    columns = NOTIFICATION.c.person_id, NOTIFICATION.c.kind, NOTIFICATION.c.task_id
    rows = database.run_here(lambda db: db.execute(sa.select(*columns).order_by(NOTIFICATION.c.id)).all())
    return [(person, kind, task) for person, kind, task in rows]


def subjects(database: Database) -> set[str]:
    return set(database.run_here(lambda db: db.execute(sa.select(NOTIFICATION.c.subject)).scalars().all()))


def watch(database: Database, *people: int) -> None:
    for person in people:
        write(database, lambda db, it=person: quality_watchers.switch(db, it, True, NOON))


@pytest.fixture
def watched(embedded: EmbeddedWorld) -> EmbeddedWorld:
    """Boris and the administrator watch. Anna does, too, and has no right to."""
    write(embedded.database, lambda db: rights.grant(db, BORIS, QUALITY))
    watch(embedded.database, ADMIN, ANNA, BORIS)
    return embedded


async def test_each_watcher_with_the_right_is_notified_once(watched: EmbeddedWorld, clock: Clock) -> None:
    before = request(watched, clock, ago=60)
    await look(watched, clock)
    assert told(watched.database) == [], f"#{before} was there before anybody watched"
    clock.pass_(60)
    number = request(watched, clock)
    for _ in range(4):
        await look(watched, clock)
    await look(watched, clock, 900)
    assert sorted(told(watched.database)) == [(ADMIN, "quality", number), (BORIS, "quality", number)]


async def test_only_kinds_of_quality_control_and_what_one_sees_count(watched: EmbeddedWorld, clock: Clock) -> None:
    await look(watched, clock)
    request(watched, clock, kind=2)
    write(watched.database, lambda db: rights.grant(db, STRANGER, QUALITY))
    watch(watched.database, STRANGER)
    number = request(watched, clock, project="office")
    await look(watched, clock)
    assert sorted(told(watched.database)) == [(ADMIN, "quality", number), (BORIS, "quality", number)]


async def test_only_chosen_projects_count(watched: EmbeddedWorld, clock: Clock) -> None:
    await look(watched, clock)
    request(watched, clock, project="help")
    number = request(watched, clock, project="office")
    await look(watched, clock, projects=(PROJECT_IDS["office"],))
    assert {task for _, _, task in told(watched.database)} == {number}


async def test_many_at_once_are_one_notification(watched: EmbeddedWorld, clock: Clock) -> None:
    await look(watched, clock)
    for _ in range(news.MOST_ALONE + 1):
        request(watched, clock)
    await look(watched, clock)
    await look(watched, clock)
    assert sorted(told(watched.database)) == [(ADMIN, "quality_new", 0), (BORIS, "quality_new", 0)]
    assert subjects(watched.database) == {str(news.MOST_ALONE + 1)}


async def test_of_a_second_redmine_each_is_told_the_subjects_that_they_see(
    watched: EmbeddedWorld, clock: Clock
) -> None:
    write(watched.database, lambda db: rights.grant(db, STRANGER, QUALITY))
    watch(watched.database, STRANGER)
    await look(watched, clock, name="quality")
    numbers = [request(watched, clock, subject=it, project="help") for it in ("Грязь \n\u202eв номере", "я" * 255)]
    await look(watched, clock, name="quality")
    assert sorted(told(watched.database)) == [(ADMIN, "quality_new", 0), (BORIS, "quality_new", 0)]
    assert subjects(watched.database) == {f"#{numbers[1]} {'я' * 70}; #{numbers[0]} Грязь \u202eв номере\u202c"}
    for _ in range(news.MOST_ALONE + 1):
        request(watched, clock)
    await look(watched, clock, name="quality")
    assert str(news.MOST_ALONE + 1) in subjects(watched.database)


async def test_one_that_appears_late_or_says_it_is_of_the_future_is_told_once(
    watched: EmbeddedWorld, clock: Clock
) -> None:
    clock.pass_(3_600)
    await look(watched, clock)
    late, early = request(watched, clock, ago=300), request(watched, clock, ago=-240)
    for _ in range(30):
        await look(watched, clock)
    assert Counter(task for person, _, task in told(watched.database) if person == BORIS) == {late: 1, early: 1}


async def test_more_than_one_step_takes_are_told_by_the_next(
    watched: EmbeddedWorld, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "MOST_NEW", 3)
    monkeypatch.setattr("helpdesk.tasks.embedded.lives.KEYS_AT_ONCE", 3)
    await look(watched, clock)
    numbers = [request(watched, clock) for _ in range(8)]
    for _ in range(5):
        await look(watched, clock)
    assert sorted(task for person, _, task in told(watched.database) if person == BORIS) == numbers


async def test_whoever_watches_no_longer_is_not_told_and_later_of_nothing_between(
    watched: EmbeddedWorld, clock: Clock
) -> None:
    await look(watched, clock)
    write(watched.database, lambda db: quality_watchers.switch(db, BORIS, False, NOON))
    request(watched, clock)
    await look(watched, clock)
    clock.pass_(30)
    write(watched.database, lambda db: quality_watchers.switch(db, BORIS, True, clock.now()))
    number = request(watched, clock)
    await look(watched, clock)
    assert [task for person, _, task in told(watched.database) if person == BORIS] == [number]


async def test_a_backend_that_does_not_answer_is_asked_again(watched: EmbeddedWorld, clock: Clock) -> None:
    await look(watched, clock)
    number = request(watched, clock)
    its = News(watched.database, clock.now)
    its.holder, asked, answers = "news", its.quality.source.lives, [True]

    async def lives(actor: Any, ids: Any) -> Any:
        if answers and answers.pop():
            raise Unavailable(detail="Redmine is down")
        return await asked(actor, ids)

    its.quality.source.lives = lives  # type: ignore[method-assign]  # for once
    await its.step()
    assert told(watched.database) == []
    await its.step()
    assert {task for _, _, task in told(watched.database)} == {number}


async def test_two_processes_notify_nobody_twice(watched: EmbeddedWorld, clock: Clock) -> None:
    await look(watched, clock)
    numbers = [request(watched, clock) for _ in range(3)]
    clock.pass_(600)
    await asyncio.gather(*(News(watched.database, clock.now).step() for _ in range(4)))
    clock.pass_(600)
    await News(watched.database, clock.now).step()
    assert Counter(task for _, _, task in told(watched.database)) == dict.fromkeys(numbers, 2)


def test_a_process_that_is_killed_leaves_nobody_out_and_notifies_nobody_twice(
    watched: EmbeddedWorld, clock: Clock, tmp_path: Path
) -> None:
    """Boris has it pushed, too, so that a row of the list is not all that keeps him from getting it twice."""
    device(watched.database, BORIS)
    asyncio.run(look(watched, clock))
    numbers, deaths, dice = [], 0, Random(7)
    url = str(watched.database.engine.url)
    for life in range(12):
        clock.pass_(120)
        numbers.append(request(watched, clock))
        log = tmp_path / f"life {life}"
        process = begun(["tests.quality.telling", url, str(clock.seconds)], tmp_path, log.name)
        is_ready = lambda: log.exists() and log.read_text().endswith("ready\n")  # noqa: E731, B023
        wait_until(is_ready, seconds=60, what="it is ready", every=0.001)
        time.sleep(dice.random() * 0.05)  # the moment of its death is left to chance
        if life < 11 and process.poll() is None:
            process.kill()
            deaths += 1
        process.wait()
    sent = watched.database.run_here(lambda db: db.exec(select(OutboxRow.task_id)).all())
    listed = Counter(task for person, _, task in told(watched.database) if person == BORIS)
    assert deaths >= 2 and Counter(sent) == listed == Counter(numbers)


async def test_nothing_is_asked_while_nobody_watches(
    embedded: EmbeddedWorld, clock: Clock, statements: list[str]
) -> None:
    request(embedded, clock)
    statements.clear()
    await look(embedded, clock)
    assert not [it for it in statements if not it.startswith(("SELECT", "BEGIN"))] and len(statements) <= 4
