"""The promises that were kept and missed, against a reckoning by hand of random histories, in every backend."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from helpdesk.promises.clock import Limits, Meaning
from helpdesk.promises.rules import Book, Rule
from helpdesk.reports import kept, listed
from helpdesk.reports.address import Address
from helpdesk.reports.kept import Kept
from helpdesk.reports.model import Choices, Life, Question
from helpdesk.reports.report import Reporter
from helpdesk.tasks.lists import Vocabulary
from tests.reports.sources import IN_ALL, reports
from tests.reports.story import BEGIN, CLOSED, END, drawn, told
from tests.tasks.worlds import World

pytestmark = IN_ALL
TASKS = 120
MOSCOW = ZoneInfo("Europe/Moscow")
PERIOD = Address(since=datetime.fromtimestamp(BEGIN, MOSCOW).date(), until=datetime.fromtimestamp(END, MOSCOW).date())
NOTHING = Choices(Vocabulary((), (), (), ()), (), ())


def by_hand(life: Life, limits: Limits, meaning: Meaning) -> dict[str, str]:
    """What became of the promises of a task, walking through its history; all time is working time."""
    found, elapsed, answer, ends = {}, 0, life.answered, [begin for _, begin in life.statuses[1:]] + [END]
    closings = [begin for status, begin in life.statuses if status in meaning.closed]  # type: ignore[operator]
    moments = [it for it in (answer, closings[0] if closings else None) if it is not None]
    for kind, limit in (("answer", limits.answer_minutes), ("solution", limits.solution_minutes)):
        if limit is None:
            continue
        is_closed = life.statuses[-1][0] in meaning.closed
        stop = min(moments, default=None) if kind == "answer" else None
        elapsed = 0
        for (status, begin), end in zip(life.statuses, ends, strict=True):
            if status not in meaning.closed and status not in meaning.waiting:
                elapsed += max(0, min(end, END if stop is None else stop) - begin)
        is_stopped = stop is not None if kind == "answer" else is_closed
        found[kind] = "missed" if elapsed > limit * 60 else "kept" if is_stopped else "running"
    return found


async def test_each_number_is_that_of_a_reckoning_by_hand(world: World) -> None:
    chance = random.Random(f"kept {type(world).__name__}")
    meaning = Meaning(frozenset(world.status(it) for it in CLOSED), frozenset({world.status("waiting")}))
    general, urgent = Limits(3 * 24 * 60, 60 * 24 * 60), Limits(None, 24 * 60)
    place = None, None, world.priority("urgent")
    rules = {
        (None, None, None): Rule(1, "", (None, None, None), general),
        place: Rule(2, "", place, urgent),
    }
    book = Book(rules, statuses=meaning)
    departments: Any = None
    for login in ("admin", "anna", "irina", "stranger"):
        with told(world, [drawn(chance) for _ in range(TASKS)]) as lives:
            today = datetime.fromtimestamp(END, UTC).date() + timedelta(1)
            reporter = Reporter(reports(world), world.actor(login), departments, MOSCOW, today)
            seen = await reporter.source.lives(reporter.actor, lives.keys())
            expected = Counter[tuple[int, int, str, str]]()
            ids: dict[tuple[str, str], set[int]] = {}
            for life in seen.values():
                limits = urgent if life.priority_id == world.priority("urgent") else general
                for kind, outcome in by_hand(life, limits, meaning).items():
                    expected[life.executor_id, life.project_id, kind, outcome] += 1
                    ids.setdefault((kind, outcome), set()).add(life.id)
            address = PERIOD._replace(groups=("executor", "project"), executor_ids=())
            found = await kept.kept(reporter, address, NOTHING, book, END)
            mine = Counter({
                (*it.keys, kind, outcome): number
                for it in found.lines
                for kind, numbers in it.numbers.items()
                for outcome, number in numbers._asdict().items()
            })  # fmt: skip
            others = await _others(reporter, lives, book)
            assert {key: it for key, it in mine.items() if it} == dict(expected + others)
            for where, those in ids.items():
                page = await kept.tasks(reporter, PERIOD, where, book, END, 10_000)  # type: ignore[arg-type]
                assert those <= {it.id for it in page.rows} and len(page.rows) == page.total


async def _others(reporter: Reporter, lives: Mapping[int, Life], book: Book) -> Counter[Any]:
    """The numbers of tasks that are there without this test's stories, which other tests have left."""
    others = Counter[Any]()
    question = Question(PERIOD.selection(), "created", PERIOD.within(reporter.today).borders(MOSCOW))
    async for some in reporter.source.lives_of(reporter.actor, question):
        for life in some:
            if life.id not in lives:
                for clock in book.clocks(life, END):
                    others[life.executor_id, life.project_id, clock.kind, kept.outcome(clock)] += 1
    return others


async def test_of_many_tasks_a_sample_is_counted_and_listed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "MOST_READ", 50)
    chance, meaning = random.Random(1), Meaning(frozenset(world.status(it) for it in CLOSED))
    book = Book({(None, None, None): Rule(1, "", (None, None, None), Limits(60, 24 * 60))}, statuses=meaning)
    departments: Any = None
    with told(world, [drawn(chance) for _ in range(2 * TASKS)]):
        today = datetime.fromtimestamp(END, UTC).date() + timedelta(1)
        reporter = Reporter(reports(world), world.actor("admin"), departments, MOSCOW, today)
        address = PERIOD._replace(groups=("executor", "project"))
        found = await kept.kept(reporter, address, NOTHING, book, END)
        question = Question(PERIOD.selection(), "created", PERIOD.within(today).borders(MOSCOW))
        number = (await reporter.source.counts(reporter.actor, question))[()]
        assert found.every == -(-number // 50) > 2 and found.note
        for kind, numbers in found.whole.numbers.items():
            assert sum(sum(it.numbers[kind]) for it in found.lines) == sum(numbers) > 50
        busy = max(found.lines, key=lambda it: it.numbers["solution"].missed)
        cells = address._replace(cells=tuple(map(str, busy.keys)))
        page = await kept.tasks(reporter, cells, ("solution", "missed"), book, END, 10_000)
        assert page.every == found.every and page.total * page.every == busy.numbers["solution"].missed > 0


def test_the_share_is_of_the_decided_ones(world: World) -> None:
    assert [Kept(2, 1, 9).share, Kept(0, 1).share, Kept(0, 0, 5).share, Kept(7).share] == [66, 0, None, 100]
