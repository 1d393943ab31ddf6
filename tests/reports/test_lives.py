"""The histories that reports and promises are reckoned from, in every backend that can tell them."""

import random
from collections.abc import AsyncGenerator, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.promises.clock import Meaning
from helpdesk.promises.hours import ALWAYS
from helpdesk.reports.model import MEASURES, Life, Question, Selection
from helpdesk.reports.source import MOST_LIVES
from helpdesk.reports.times import by_attribute, by_time, times
from helpdesk.tasks.embedded import lives as embedded_lives
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.redmine import lives as redmine_lives
from tests.reports.sources import IN_ALL, reports
from tests.reports.story import BEGIN, CLOSED, END, Story, Told, drawn, told
from tests.tasks.worlds import World

pytestmark = IN_ALL
TASKS = 120
ALL_TIME = (datetime.fromtimestamp(BEGIN, UTC), datetime.fromtimestamp(END, UTC) + timedelta(1))
HOUR = 3600


async def all_of(parts: AsyncGenerator[tuple[Life, ...], None]) -> list[Life]:
    return [life async for some in parts for life in some]


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that some tasks are several parts."""
    monkeypatch.setattr(redmine_lives, "AT_ONCE", 50)
    monkeypatch.setattr(embedded_lives, "KEYS_AT_ONCE", 50)


@pytest.fixture
def lives(world: World) -> Iterator[Mapping[int, Life]]:
    """What many random stories amount to."""
    chance = random.Random(type(world).__name__)
    with told(world, [drawn(chance) for _ in range(TASKS)]) as found:
        yield found


async def test_histories_are_told_as_they_were(world: World, lives: Mapping[int, Life]) -> None:
    found = await reports(world).lives(world.actor("admin"), lives.keys())
    assert found == lives


@pytest.mark.parametrize("login", ["admin", "anna", "irina", "stranger"])
async def test_only_what_a_person_sees_is_told(world: World, lives: Mapping[int, Life], login: str) -> None:
    actor, source = world.actor(login), reports(world)
    listed = await world.backend.tasks(actor, TaskQuery(include_closed=True, per_page=TASKS, task_ids=tuple(lives)))
    expected = {number: lives[number] for number in (row.id for row in listed.rows)}
    assert await source.lives(actor, lives.keys()) == expected
    question = Question(Selection(task_ids=tuple(lives)), "created", ALL_TIME)
    assert {it.id: it for it in await all_of(source.lives_of(actor, question))} == expected
    assert bool(expected) is (login != "stranger")


async def test_those_of_a_question_are_those_that_it_counts(world: World, lives: Mapping[int, Life]) -> None:
    actor, source = world.actor("admin"), reports(world)
    middle = (BEGIN + END) // 2
    borders = tuple(datetime.fromtimestamp(it, UTC) for it in (middle, middle + 5_000_000, middle + 20_000_000))
    chosen = Selection(task_ids=tuple(lives), project_ids=(world.project("help"), world.project("office")))
    for measure in MEASURES:
        question = Question(chosen, measure, borders)
        found = await all_of(source.lives_of(actor, question))
        counted = (await source.counts(actor, question)).get((), 0)
        assert len({it.id for it in found}) == len(found) == counted > 0
        assert all(lives[it.id] == it for it in found)


async def test_a_sample_is_told_by_ids_alone(world: World, lives: Mapping[int, Life]) -> None:
    actor, source = world.actor("admin"), reports(world)
    for every in (2, 3, 7):
        expected = {number for number in lives if number % 10_007 * 7_919 % 10_007 % every == 0}
        question = Question(Selection(task_ids=tuple(lives), every=every), "created", ALL_TIME)
        assert {it.id for it in await all_of(source.lives_of(actor, question))} == expected
        assert (await source.counts(actor, question))[()] == len(expected) > 0


async def test_groups_of_histories_are_those_of_counts(world: World) -> None:
    """A page shows both, and each links to the tasks of the other."""
    chance = random.Random(type(world).__name__)
    borders = tuple(datetime.fromtimestamp(BEGIN + 4_000_000 * number, UTC) for number in range(3, 20))
    meaning = Meaning(frozenset(world.status(name) for name in CLOSED))
    actor, source = world.actor("admin"), reports(world)
    with told(world, [drawn(chance, is_true=True) for _ in range(TASKS)]) as true:
        for measure in MEASURES:
            question = Question(Selection(task_ids=tuple(true)), measure, borders, ("executor", "time"))
            groups = [by_attribute("executor"), by_time(question, meaning)]
            report = await times(source.lives_of(actor, question), groups, lambda _: ALWAYS, meaning, END)
            found = {keys: it.answer.number + it.answer.missing for keys, it in report.groups.items()}
            if measure == "open":  # those that are open at the last border alone are told
                last = question._replace(borders=(borders[0], borders[-1]))
                question, found = last, {(who, 0): number for (who, place), number in found.items() if place == 15}
            assert found == await source.counts(actor, question)
            assert found


async def test_open_ones_are_told_whoever_sees_them(world: World, lives: Mapping[int, Life]) -> None:
    source = reports(world)
    closed = {world.status(name) for name in CLOSED}
    expected = {it for it in lives.values() if it.statuses[-1][0] not in closed}
    assert set(await all_of(source.open_lives(Selection()))) >= expected
    chosen = Selection(priority_ids=(world.priority("high"),), task_ids=tuple(lives))
    high = [it for it in expected if it.priority_id == world.priority("high")]
    assert sorted(await all_of(source.open_lives(chosen))) == sorted(high)


async def test_no_tasks_have_no_histories(world: World) -> None:
    source, anna = reports(world), world.actor("anna")
    assert await source.lives(anna, []) == {}
    assert await source.lives(anna, range(900_000_000, 900_000_000 + MOST_LIVES)) == {}
    nothing = Question(Selection(task_ids=(900_000_000,)), "created", ALL_TIME)
    assert await all_of(source.lives_of(anna, nothing)) == []


async def test_what_was_told_before_the_creation_begins_with_it(world: World) -> None:
    """As in histories that were moved from another system."""
    imported = Story(
        BEGIN + HOUR, "irina", None, "help", "normal", "closed", False,
        (
            Told(BEGIN, "anna", notes="Раньше"),
            Told(BEGIN, "anna", "new", "in_progress", is_step=True),
            Told(BEGIN + 2 * HOUR, "boris", "in_progress", "closed", is_step=True),
        ),
    )  # fmt: skip
    with told(world, [imported]) as lives:
        (life,) = (await reports(world).lives(world.actor("admin"), lives)).values()
    new, work, closed = (world.status(name) for name in ("new", "in_progress", "closed"))
    assert life.statuses == ((new, BEGIN + HOUR), (work, BEGIN + HOUR), (closed, BEGIN + 2 * HOUR))
    assert life.answered == BEGIN
    assert life.executor_id == world.actor("boris").id
