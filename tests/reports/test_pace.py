"""The times of many tasks are those of a sample, and the numbers of tasks are exact."""

import random
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helpdesk.promises.clock import Meaning
from helpdesk.promises.hours import WorkingHours, parse_week
from helpdesk.promises.rules import Book
from helpdesk.reports import pace as paces
from helpdesk.reports.address import Address
from helpdesk.reports.model import Life, Question
from helpdesk.reports.pace import Row, pace
from helpdesk.reports.report import Reporter
from helpdesk.reports.times import Spread, Times, TimesOfTasks, by_attribute, times
from tests.reports.story import BEGIN, CLOSED, END, drawn, told
from tests.reports.test_lives import all_of, reports
from tests.tasks.worlds import World

pytestmark = [
    pytest.mark.usefixtures("nothing_is_set_up"),
    pytest.mark.parametrize(
        "world", [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("embedded", "sql")], indirect=True
    ),
]
TASKS = 300
ZONE = ZoneInfo("Europe/Moscow")
TODAY = datetime.fromtimestamp(END, UTC).date() + timedelta(1)
HALF = (BEGIN + END) // 2
ADDRESS = Address(
    since=datetime.fromtimestamp(HALF, UTC).date(), until=TODAY, groups=("executor", "project"), measure="created"
)


async def parts(lives: Iterable[Life]) -> AsyncGenerator[tuple[Life, ...], None]:
    yield tuple(lives)


@pytest.mark.parametrize("most", [20, 1_000_000])
async def test_times_are_those_of_the_sample_and_numbers_those_of_all(
    world: World, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paces, "MOST_READ", most)
    chance = random.Random(f"pace {type(world).__name__}")
    meaning = Meaning(frozenset(world.status(it) for it in CLOSED), frozenset([world.status("waiting")]))
    book = Book(default=WorkingHours(ZONE, parse_week(";".join(["09:00-18:00"] * 5 + ["", ""]))), statuses=meaning)
    departments: Any = None
    reporter = Reporter(reports(world), world.actor("admin"), departments, ZONE, TODAY)
    with told(world, [drawn(chance) for _ in range(TASKS)]):
        choices = await reporter.choices(ADDRESS)
        found = await pace(reporter, ADDRESS, choices, book, END)
        for period, every, row, groups in (
            (found.period, found.every, found.whole, [by_attribute("executor"), by_attribute("project")]),
            (found.before.period, found.before.every, found.before.row, []),
        ):
            question = Question(await reporter.selection(ADDRESS), "created", period.borders(ZONE))
            lives = await all_of(reporter.source.lives_of(reporter.actor, question))
            assert row.number == len(lives) > 50 and every == -(-len(lives) // most)
            sample = [it for it in lives if it.id % 10_007 * 7_919 % 10_007 % every == 0]
            read = await times(parts(sample), groups, book.hours_of, meaning, END)
            assert row.times == read.total and row.times.solution.working
            if groups:
                numbers = Counter((it.executor_id, it.project_id) for it in lives)
                assert {it.keys: it.number for it in found.rows} == numbers
                shown = {it.keys: it.times for it in found.rows if it.times.answer.number + it.times.answer.missing}
                assert shown == read.groups


def test_what_is_missing_is_estimated_from_the_sample(world: World) -> None:
    spread = Spread(1, 2)
    some, none = Times(6, 4, spread, spread), Times(0, 0, None, None)
    assert Row((), 101, TimesOfTasks(some, none)).missing(some) == 40
    assert Row((), 10, TimesOfTasks(some, none)).missing(some) == 4
    assert Row((), 3, TimesOfTasks(none, none)).missing(none) is None
    assert Row((), 0, TimesOfTasks(none, none)).missing(none) == 0
