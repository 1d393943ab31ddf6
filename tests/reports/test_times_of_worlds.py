"""How long the tasks of random worlds took, against a reckoning by quarters of an hour from their stories."""

import random
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from math import ceil
from zoneinfo import ZoneInfo

import pytest

from helpdesk.promises.clock import Meaning
from helpdesk.promises.hours import Spans, WorkingHours, parse_week
from helpdesk.reports.model import Life, Question, Selection
from helpdesk.reports.times import Spread, Times, by_attribute, by_time, times
from tests.promises.test_hours import is_working
from tests.reports.sources import reports
from tests.reports.story import BEGIN, CLOSED, END, PROJECTS, Story, drawn, told
from tests.tasks.worlds import World

pytestmark = [
    pytest.mark.usefixtures("nothing_is_set_up"),
    pytest.mark.parametrize(
        "world", [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in ("embedded", "sql")], indirect=True
    ),
]
TASKS = 500
QUARTER = 900
NOW = END + 30 * 86_400
HOLIDAYS: dict[date, Spans] = {
    date(year, month, day): () for year in range(2023, 2027) for month, day in ((1, 1), (5, 1), (12, 25))
}
CALENDARS = (
    ("Europe/Berlin", ";".join(["09:00-13:00,14:00-18:00"] * 5 + ["", ""])),
    ("Australia/Lord_Howe", ";".join(["00:00-24:00"] * 7)),
    ("America/New_York", ";".join(["00:00-06:00,22:00-24:00"] * 7)),
)


class Counted:
    """A calendar whose working quarters of an hour were looked at one by one."""

    def __init__(self, zone: str, hours: str) -> None:
        self.hours = WorkingHours(ZoneInfo(zone), parse_week(hours), HOLIDAYS)
        working = (is_working(self.hours, HOLIDAYS, moment) for moment in range(BEGIN, NOW, QUARTER))
        self.passed = [0, *accumulate(working)]

    def seconds(self, start: int, end: int) -> int:
        return QUARTER * (self.passed[(end - BEGIN) // QUARTER] - self.passed[(start - BEGIN) // QUARTER])


def in_quarters(story: Story) -> Story:
    """The story with its moments at whole quarters of an hour."""
    rounded = tuple(it._replace(moment=_rounded(it.moment)) for it in story.told)
    return story._replace(created=_rounded(story.created), told=rounded)


def _rounded(moment: int) -> int:
    return (moment - BEGIN) // QUARTER * QUARTER + BEGIN


def took(life: Life, kind: str, calendar: Counted, world: World) -> tuple[int, int] | None:
    """The working time and the whole time of a task, None without an end."""
    closed, waiting = {world.status(name) for name in CLOSED}, world.status("waiting")
    closings = [begin for status, begin in life.statuses if status in closed]
    end = min([*closings[:1], *([life.answered] if life.answered else [])], default=None)
    if kind == "solution":
        end = None
        for status, begin in life.statuses:
            end = (begin if end is None else end) if status in closed else None
    if end is None:
        return None
    begins = [*(begin for _, begin in life.statuses[1:]), NOW]
    working = sum(
        calendar.seconds(begin, min(until, end))
        for (status, begin), until in zip(life.statuses, begins, strict=True)
        if status not in closed and status != waiting and begin < end
    )
    return working, end - life.created


def summed(found: list[tuple[int, int] | None]) -> Times:
    ended = [it for it in found if it is not None]
    sides = [sorted(side) for side in zip(*ended, strict=True)] or [[], []]
    spreads = [Spread(*(it[ceil(len(it) * part) - 1] for part in (0.5, 0.9))) if it else None for it in sides]
    return Times(len(ended), len(found) - len(ended), spreads[0], spreads[1])


async def test_times_are_those_of_the_stories(world: World) -> None:
    chance = random.Random(type(world).__name__)
    calendars = [Counted(*each) for each in CALENDARS]
    by_project = {world.project(name): it for name, it in zip(PROJECTS, calendars, strict=True)}
    meaning = Meaning(frozenset(world.status(name) for name in CLOSED), frozenset([world.status("waiting")]))
    months = tuple(datetime.fromtimestamp(BEGIN, UTC) + timedelta(30 * number) for number in range(38))
    with told(world, [in_quarters(drawn(chance)) for _ in range(TASKS)]) as lives:
        question = Question(Selection(task_ids=tuple(lives)), "created", months)
        report = await times(
            reports(world).lives_of(world.actor("admin"), question),
            [by_attribute("executor"), by_time(question, meaning)],
            lambda project: by_project[project].hours,
            meaning,
            NOW,
        )
        expected = _expected(world, lives, by_project)
    assert report.total == expected.pop(None)
    assert report.groups == expected
    assert len(expected) > 60


def _expected(
    world: World, lives: Mapping[int, Life], calendars: Mapping[int, Counted]
) -> dict[tuple[int, int] | None, tuple[Times, Times]]:
    """What each group and all together took, by executor and by place of the month."""
    found: dict[tuple[int, int] | None, list[Life]] = defaultdict(list)
    for life in lives.values():
        found[None].append(life)
        found[life.executor_id, (life.created - BEGIN) // (30 * 86_400)].append(life)
    answer, solution = (
        {key: summed([took(it, kind, calendars[it.project_id], world) for it in some]) for key, some in found.items()}
        for kind in ("answer", "solution")
    )
    return {key: (answer[key], solution[key]) for key in found}
