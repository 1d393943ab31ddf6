"""Count the tasks of a list by status, priority, project and age."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.phases import NO_RULES, Rules, Summary, summarised
from helpdesk.tasks.projects import Project, with_depths, with_descendants

AGES = (1, 7, 30, 90)
"""The upper limits of the ages, in whole days; older tasks have one more age."""


class Cell(NamedTuple):
    """The number of open tasks that are alike in all of this; `age` is an index of AGES, or their number."""

    priority_id: int
    project_id: int
    age: int
    overdue: bool
    tasks: int


class Parts(NamedTuple):
    """Open tasks by priority, by project (without those below it) and by age, and the number of overdue ones.

    `statuses` count closed tasks, too. Only ages, one more than AGES, may be 0.
    """

    statuses: tuple[tuple[Status, int], ...]
    priorities: tuple[tuple[Priority, int], ...]
    projects: tuple[tuple[Project, int], ...]
    ages: tuple[int, ...]
    overdue: int


class Statistics(NamedTuple):
    """The summary of a list, and its parts; None where the backend returns no more than the summary."""

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
    """Return statistics of the tasks by status and of the open ones in cells, in the order of `statuses` and so on."""
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
    """A project in its tree, with its number of tasks: `own`, and `whole` with the projects below."""

    project: Project
    depth: int
    own: int
    whole: int


def branches(own: Mapping[int, int], projects: Iterable[Project], chosen: Iterable[int]) -> tuple[Branch, ...]:
    """Return the tree of the projects, or of those chosen, without empty ones; `own` counts tasks by project."""
    known = {project.id: project for project in projects}
    selected = set(with_descendants(chosen, known.values())) or set(known)
    tree = with_depths(known[each] for each in known if each in selected)
    whole = Counter(own)
    for project, depth in reversed(tree):
        if depth and project.parent_id:
            whole[project.parent_id] += whole[project.id]
    return tuple(Branch(it, depth, own.get(it.id, 0), whole[it.id]) for it, depth in tree if whole[it.id])


def listed(by_status: Mapping[int, int], query: TaskQuery, statuses: Iterable[Status]) -> int:
    """Return the length of a query's list, from the counts of the same query by any status."""
    if query.status_ids:
        return sum(by_status.get(it, 0) for it in set(query.status_ids))
    left_out = {it.id for it in statuses if it.is_closed} if query.only_open else set[int]()
    return sum(tasks for status, tasks in by_status.items() if status not in left_out)


def borders(now: datetime) -> tuple[datetime, ...]:
    """Return the earliest creation of a task of each age in AGES: midnights in the zone of `now`."""
    return tuple(_midnight(now.date() - timedelta(days), now) for days in AGES)


def _midnight(on: date, now: datetime) -> datetime:
    return datetime.combine(on, time.min, now.tzinfo)
