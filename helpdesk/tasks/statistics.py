"""The statistics of a list of tasks: numbers by kind, and ages."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.phases import NO_RULES, Rules, Summary, summarised
from helpdesk.tasks.projects import Project, with_depths, with_descendants

AGES = (1, 7, 30, 90)
"""The oldest that a task of each age is, in whole days; what is older than all of them comes last."""


class Cell(NamedTuple):
    """How many open tasks are alike in all of this; `age` is a place in AGES, or their number."""

    priority_id: int
    project_id: int
    age: int
    overdue: bool
    tasks: int


class Parts(NamedTuple):
    """Open tasks by priority, by project (without those below it) and by age, and how many of them are overdue.

    `statuses` divide all tasks. What has none is not named, but for the ages, which are one more than AGES.
    """

    statuses: tuple[tuple[Status, int], ...]
    priorities: tuple[tuple[Priority, int], ...]
    projects: tuple[tuple[Project, int], ...]
    ages: tuple[int, ...]
    overdue: int


class Statistics(NamedTuple):
    """`parts` are None where the tracker can tell no more than the summary."""

    summary: Summary
    parts: Parts | None = None


def counted(
    by_status: Mapping[int, int],
    cells: Iterable[Cell],
    statuses: Iterable[Status],
    priorities: Iterable[Priority],
    projects: Iterable[Project],
    rules: Rules = NO_RULES,
) -> Statistics:
    """Statistics of the tasks of each status and the open ones in cells, named in the order of those given."""
    by_priority, by_project, ages = Counter[int](), Counter[int](), Counter[int]()
    known, overdue = tuple(statuses), 0
    for cell in cells:
        by_priority[cell.priority_id] += cell.tasks
        by_project[cell.project_id] += cell.tasks
        ages[cell.age] += cell.tasks
        overdue += cell.tasks if cell.overdue else 0
    parts = Parts(
        tuple((each, by_status[each.id]) for each in known if by_status.get(each.id)),
        tuple((each, by_priority[each.id]) for each in priorities if by_priority[each.id]),
        tuple((each, by_project[each.id]) for each in projects if by_project[each.id]),
        tuple(ages[place] for place in range(len(AGES) + 1)),
        overdue,
    )
    return Statistics(summarised(by_status, known, rules), parts)


class Branch(NamedTuple):
    """A project in its tree, with its tasks: `own`, and the `whole` of them with those of the projects below."""

    project: Project
    depth: int
    own: int
    whole: int


def branches(own: Mapping[int, int], projects: Iterable[Project], chosen: Iterable[int]) -> tuple[Branch, ...]:
    """The tree of the projects, or of those chosen, as far as there are tasks; `own` are tasks by project."""
    known = {project.id: project for project in projects}
    shown = set(with_descendants(chosen, known.values())) or set(known)
    tree = with_depths(known[each] for each in known if each in shown)
    whole = Counter(own)
    for project, depth in reversed(tree):
        if depth and project.parent_id:
            whole[project.parent_id] += whole[project.id]
    return tuple(Branch(it, depth, own.get(it.id, 0), whole[it.id]) for it, depth in tree if whole[it.id])


def listed(by_status: Mapping[int, int], query: TaskQuery, statuses: Iterable[Status]) -> int:
    """Return the length of a query's list, from the counts by status of the same query with closed ones."""
    left_out = {it.id for it in statuses if it.is_closed} if query.only_open else set[int]()
    return sum(tasks for status, tasks in by_status.items() if status not in left_out)


def borders(now: datetime) -> tuple[datetime, ...]:
    """Since when a task must be there to be of each age in AGES: beginnings of days in the zone of `now`."""
    return tuple(_midnight(now.date() - timedelta(days), now) for days in AGES)


def _midnight(on: date, now: datetime) -> datetime:
    return datetime.combine(on, time.min, now.tzinfo)
