"""How long tasks took, of histories made by hand and of random ones."""

import random
from collections.abc import AsyncGenerator, Iterable
from datetime import UTC, datetime
from statistics import median_low
from zoneinfo import ZoneInfo

import pytest

from helpdesk.promises.clock import Limits, Meaning, clocks
from helpdesk.promises.hours import ALWAYS, WorkingHours, parse_week
from helpdesk.reports.model import Life, Measure, Question, Selection
from helpdesk.reports.times import Report, Spread, Times, by_attribute, by_time, nearest_rank, times

HOUR = 3600
MEANING = Meaning(frozenset({5, 6}), frozenset({4}))
MONTHS = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 6))
JANUARY, FEBRUARY, MARCH, APRIL, MAY = (int(month.timestamp()) for month in MONTHS)
NOW = MAY + 86_400


def life(number: int, *statuses: tuple[int, int], answered: int | None = None, project: int = 1) -> Life:
    return Life(number, project, 1, 1, 1, number % 3, statuses[0][1], statuses, answered)


async def told(lives: Iterable[Life], at_once: int = 2) -> AsyncGenerator[tuple[Life, ...], None]:
    kept = tuple(lives)
    for start in range(0, len(kept), at_once):
        yield kept[start : start + at_once]


async def report(lives: Iterable[Life], *groups: str) -> Report:
    return await times(told(lives), [by_attribute(name) for name in groups], lambda _: ALWAYS, MEANING, NOW)


async def test_half_of_the_tasks_and_nine_tenths_of_them() -> None:
    lives = [
        life(number, (1, MARCH), (5, MARCH + number * HOUR), answered=MARCH + number * 60) for number in range(1, 11)
    ]
    found = await report([*lives, life(11, (1, MARCH))])
    assert found.total.solution == Times(10, 1, Spread(5 * HOUR, 9 * HOUR), Spread(5 * HOUR, 9 * HOUR))
    assert found.total.answer == Times(10, 1, Spread(300, 540), Spread(300, 540))
    assert found.groups == {}


async def test_waiting_is_no_working_time_but_takes_its_time() -> None:
    found = await report([life(1, (1, MARCH), (4, MARCH + HOUR), (2, MARCH + 5 * HOUR), (5, MARCH + 6 * HOUR))])
    assert found.total.solution == Times(1, 0, Spread(2 * HOUR, 2 * HOUR), Spread(6 * HOUR, 6 * HOUR))


async def test_a_reopened_task_has_no_solution_until_it_is_closed_again() -> None:
    found = await report([life(1, (1, MARCH), (5, MARCH + HOUR), (2, MARCH + 5 * HOUR))])
    assert found.total.solution == Times(0, 1, None, None)
    assert found.total.answer.number == 1


async def test_without_tasks_there_are_no_times() -> None:
    found = await report([])
    assert found.total.answer == found.total.solution == Times(0, 0, None, None)


async def test_each_project_has_its_own_hours() -> None:
    office = WorkingHours(ZoneInfo("UTC"), parse_week(";".join(["10:00-11:00"] * 7)))
    lives = [life(number, (1, MARCH), (5, MARCH + 86_400), project=number) for number in (1, 2)]
    hours = {1: ALWAYS, 2: office}
    found = await times(told(lives), [by_attribute("project")], hours.__getitem__, MEANING, NOW)
    worked = {key: it.solution.working for key, it in found.groups.items()}
    assert worked == {(1,): Spread(86_400, 86_400), (2,): Spread(HOUR, HOUR)}


async def test_groups_are_combined() -> None:
    lives = [life(number, (1, MARCH), (5, MARCH + HOUR), project=number // 4) for number in range(8)]
    found = await report(lives, "project", "executor")
    assert {key: it.solution.number for key, it in found.groups.items()} == {
        (0, 0): 2, (0, 1): 1, (0, 2): 1, (1, 0): 1, (1, 1): 2, (1, 2): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "places"),
    [("created", [0]), ("closed", [1, 2]), ("reopened", [1]), ("open", [0, 1])],
)
def test_a_task_counts_where_something_happened_to_it(measure: Measure, places: list[int]) -> None:
    question = Question(Selection(), measure, MONTHS)
    task = life(
        1,
        (1, JANUARY),
        (5, FEBRUARY),  # at the border itself: January ended with the task open
        (2, FEBRUARY + HOUR),
        (5, FEBRUARY + 2 * HOUR),
        (1, FEBRUARY + 3 * HOUR),
        (6, MARCH),
        (5, MARCH + HOUR),
    )
    assert list(by_time(question, MEANING)(task)) == places


def test_what_happened_outside_of_the_borders_counts_nowhere() -> None:
    task = life(1, (1, JANUARY - 1), (5, MAY), (1, MAY + 1))
    measures: tuple[Measure, ...] = ("created", "closed", "reopened")
    for measure in measures:
        assert list(by_time(Question(Selection(), measure, MONTHS), MEANING)(task)) == []
    assert list(by_time(Question(Selection(), "open", MONTHS), MEANING)(task)) == [0, 1, 2, 3]


def test_the_nearest_rank() -> None:
    chance = random.Random(7)
    for size in range(1, 60):
        values = sorted(chance.randrange(30) for _ in range(size))
        assert nearest_rank(values, 50) == median_low(values)
        for percent in (50, 90):
            rank = nearest_rank(values, percent)
            assert sum(value <= rank for value in values) * 100 >= percent * size
            assert sum(value < rank for value in values) * 100 < percent * size


async def test_times_are_those_of_the_clocks() -> None:
    chance = random.Random(5)
    lives = []
    for number in range(300):
        moments = sorted(chance.randrange(JANUARY, NOW) for _ in range(chance.randrange(1, 7)))
        statuses = tuple((chance.randrange(1, 7), moment) for moment in moments)
        lives.append(life(number, *statuses, answered=chance.choice([None, moments[-1] + HOUR])))
    found = await report(lives, "executor")
    for executor in range(3):
        ended = {"answer": list[int](), "solution": list[int]()}
        for task in (it for it in lives if it.executor_id == executor):
            for clock in clocks(task, Limits(1, 1), MEANING, ALWAYS, NOW):
                if clock.stopped is not None:
                    ended[clock.kind].append(clock.elapsed)
        mine = found.groups[(executor,)]
        for kind, it in (("answer", mine.answer), ("solution", mine.solution)):
            assert it.number == len(ended[kind])
            assert it.missing == 100 - it.number
            assert it.working is not None
            assert it.working.median == median_low(ended[kind])
