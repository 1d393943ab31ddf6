"""Which promise and which working hours hold for a task."""

from itertools import product
from random import Random
from zoneinfo import ZoneInfo

from helpdesk.promises.clock import Limits, Meaning
from helpdesk.promises.hours import ALWAYS, WorkingHours, parse_week
from helpdesk.promises.rules import Book, Place, Rule
from helpdesk.reports.model import Life

OFFICE = WorkingHours(ZoneInfo("Europe/Moscow"), parse_week(";".join(["09:00-18:00"] * 5 + ["", ""])))
PARENTS = {2: 1, 3: 2, 5: 4}


def book(*places: Place) -> Book:
    rules = {place: Rule(number, f"№ {number}", place, Limits(60, 600)) for number, place in enumerate(places, 1)}
    return Book(rules, {7: OFFICE}, {2: 7}, ALWAYS, PARENTS, Meaning(frozenset({5})))


def test_the_most_particular_promise_holds_by_project_then_tracker_then_priority() -> None:
    """Compared with all promises put in order by how near they are."""
    chance = Random(15)
    for _ in range(300):
        choices = list(product((None, 1, 2, 3, 4, 5), (None, 1, 2), (None, 1, 2)))
        kept = book(*chance.sample(choices, chance.randint(0, 12)))
        project, tracker, priority = chance.randint(1, 5), chance.randint(1, 3), chance.randint(1, 3)
        above = [project]
        while above[-1] in PARENTS:
            above.append(PARENTS[above[-1]])

        def distance(place: Place, above: list[int] = above) -> tuple[int, bool, bool]:
            return above.index(place[0]) if place[0] else 99, place[1] is None, place[2] is None

        fitting = [
            place
            for place in kept.rules
            if place[0] in (None, *above) and place[1] in (None, tracker) and place[2] in (None, priority)
        ]
        expected = kept.rules[min(fitting, key=distance)] if fitting else None
        assert kept.rule(project, tracker, priority) == expected


def test_a_project_has_the_hours_of_the_nearest_one_with_a_calendar() -> None:
    kept = book()
    assert [kept.hours_of(project) is OFFICE for project in (1, 2, 3, 4, 99)] == [False, True, True, False, False]


def test_a_circle_of_projects_ends() -> None:
    kept = book()._replace(parents={1: 2, 2: 1}, calendars={})
    assert kept.rule(1, 1, 1) is None and kept.hours_of(2) is ALWAYS


def test_a_task_has_the_clocks_of_its_promise() -> None:
    life = Life(1, 3, 1, 1, author_id=8, executor_id=9, created=0, statuses=((1, 0),), answered=1_800)
    answer, solution = book((1, None, None)).clocks(life, 3_600)
    assert (answer.elapsed, answer.limit, answer.is_kept) == (0, 3_600, True)  # 1970-01-01 04:00 in Moscow
    assert (solution.state, solution.limit) == ("running", 36_000)
    assert book((4, None, None)).clocks(life, 3_600) == ()
