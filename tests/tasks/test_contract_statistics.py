"""What a list amounts to, in every tracker; over REST alone no more than the totals."""

from collections import Counter
from datetime import datetime, time, timedelta, timezone
from uuid import uuid4

import pytest

from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Edit
from helpdesk.tasks.statistics import Parts, Statistics
from tests.tasks.worlds import WORLDS, RedmineWorld, SqlWorld, World

pytestmark = pytest.mark.usefixtures("nothing_is_set_up")

ZONE = timezone(timedelta(hours=3))
MADE = (
    ("new", "urgent", "boris"),
    ("in_progress", "urgent", "anna"),
    ("in_progress", "low", "anna"),
    ("closed", "urgent", "anna"),
)


TELLING = pytest.mark.parametrize(
    "world", [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in WORLDS if it != "redmine"], indirect=True
)


def now() -> datetime:
    return datetime.now(ZONE)


async def asked(world: World, login: str, query: TaskQuery, at: datetime | None = None) -> Statistics:
    return await world.backend.statistics(world.actor(login), query, at or now())


def numbers(parts: Parts) -> Counter[tuple[str, int]]:
    """All numbers of some statistics by what they count."""
    found: Counter[tuple[str, int]] = Counter({("overdue", 0): parts.overdue})
    for name in ("statuses", "priorities", "projects"):
        found.update({(name, each.id): tasks for each, tasks in getattr(parts, name)})
    found.update({("ages", place): tasks for place, tasks in enumerate(parts.ages)})
    return found


def only_totals(world: World) -> bool:
    return isinstance(world, RedmineWorld) and not isinstance(world, SqlWorld)


async def test_a_list_is_counted_by_status_and_its_open_tasks_by_all_else(world: World) -> None:
    with world.project_below("warehouse") as below:
        places = {"warehouse": world.project("warehouse"), "below": below}
        query = TaskQuery(project_ids=(places["warehouse"],))
        before = await asked(world, "anna", query)
        for status, priority, assignee in MADE:
            world.new_task(project="warehouse", author="boris", assignee=assignee, status=status, priority=priority)
        world.new_task(project=below, author="boris", assignee="boris")
        after = await asked(world, "anna", query)
        hers = await asked(world, "anna", query._replace(assignees=("me",)))
    was, found = before.summary, after.summary
    assert tuple(now - then for now, then in zip(found, was, strict=True)) == (2, 2, 0, 1)
    assert hers.summary.total < found.total
    if only_totals(world):
        assert before.parts is after.parts is None
        return
    assert before.parts and after.parts and hers.parts
    assert numbers(after.parts) - numbers(before.parts) == {
        ("statuses", world.status("new")): 2,
        ("statuses", world.status("in_progress")): 2,
        ("statuses", world.status("closed")): 1,
        ("priorities", world.priority("urgent")): 2,
        ("priorities", world.priority("low")): 1,
        ("priorities", world.priority("normal")): 1,
        ("projects", places["warehouse"]): 3,
        ("projects", places["below"]): 1,
        ("ages", 0): 4,
    }
    open_ones = sum(after.parts.ages)
    assert open_ones == found.open == sum(tasks for _, tasks in after.parts.priorities)
    assert sum(tasks for _, tasks in after.parts.statuses) == found.total


@TELLING
async def test_groups_without_tasks_are_left_out_and_names_are_the_backends(world: World) -> None:
    word = f"Единственная {uuid4()}"
    world.new_task(word, project="office", priority="high", status="in_progress")
    found = (await asked(world, "anna", TaskQuery(search=word))).parts
    assert found
    rows = (await world.backend.tasks(world.actor("anna"), TaskQuery(search=word))).rows
    assert {status.name for status, _ in found.statuses} == {row.status.name for row in rows}
    assert {(each.name, each.rank) for each, _ in found.priorities} == {
        (row.priority.name, row.priority.rank) for row in rows
    }
    assert {project.name for project, _ in found.projects} == {row.project.name for row in rows}


@TELLING
async def test_an_age_is_counted_in_days_of_the_zone_that_is_asked_for(world: World) -> None:
    word = f"Возраст {uuid4()}"
    task = await world.backend.task(world.actor("anna"), world.new_task(word))
    made = task.row.created_on.astimezone(ZONE)
    for days, age in ((0, 0), (1, 0), (2, 1), (7, 1), (8, 2), (30, 2), (31, 3), (90, 3), (91, 4)):
        for clock in (time(0, 0), time(23, 59)):
            at = datetime.combine(made.date() + timedelta(days), clock, ZONE)
            found = await asked(world, "anna", TaskQuery(search=word), at)
            assert found.parts and [place for place, tasks in enumerate(found.parts.ages) if tasks] == [age], (at, made)


@TELLING
async def test_a_task_is_overdue_from_the_day_after_its_day_until_it_is_closed(world: World) -> None:
    anna, due = world.actor("anna"), now().date()
    task = world.new_task("Просрочка и ничего больше", status="resolved")
    edit = Edit(details={"due_date": due})
    await world.backend.change(anna, task, edit)
    query = TaskQuery(search="просрочка и ничего больше", assignees=("me",))

    async def overdue(days: int) -> int:
        parts = (await asked(world, "anna", query, now() + timedelta(days=days))).parts
        assert parts
        return parts.overdue

    before = await overdue(0)
    assert await overdue(1) == before + 1
    await world.backend.change(anna, task, Edit({"status": world.status("closed")}))
    assert await overdue(1) == before


async def test_days_of_creation_narrow_a_list(world: World) -> None:
    number = world.new_task("Созданная когда надо")
    made = (await world.backend.task(world.actor("anna"), number)).row.created_on
    second = timedelta(seconds=1)

    async def found(**between: datetime) -> bool:
        query = TaskQuery(("me",), search="созданная когда надо", **between)
        return number in [row.id for row in (await world.backend.tasks(world.actor("anna"), query)).rows]

    made = made.replace(microsecond=0)
    assert await found(created_since=made.astimezone(ZONE))
    assert not await found(created_since=made + second)
    assert not await found(created_before=made)
    assert await found(created_before=(made + second).astimezone(ZONE))
    assert await found(created_since=made, created_before=made + second)
    assert not await found(created_since=made + second, created_before=made + 2 * second)


async def test_nobody_counts_what_they_may_not_see(world: World) -> None:
    word = f"Счёт {uuid4()}"
    world.new_task(word, author="irina", assignee="boris")
    world.new_task(word, author="anna", assignee="boris")
    for login, tasks in (("anna", 2), ("irina", 1), ("stranger", 0)):
        found = await asked(world, login, TaskQuery(search=word))
        assert found.summary.total == tasks
        if found.parts:
            assert sum(found.parts.ages) == tasks
            assert [sum(each for _, each in part) for part in found.parts[:3]] == [tasks] * 3
    everything = await asked(world, "stranger", TaskQuery())
    assert everything.summary == (0, 0, 0, 0)
    assert everything.parts is None or not +numbers(everything.parts)
