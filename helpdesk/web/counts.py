"""Statistics as tables, in which each number leads to the list of the tasks that it counts. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.projects import Project
from helpdesk.tasks.statistics import AGES, Parts, borders, branches
from helpdesk.web.listing import Listing
from helpdesk.web.narrowing import STEP

WHOLE = 100
BY_STATUS = sentence("By status")
BY_AGE = sentence("Open ones by age")
BY_PRIORITY = sentence("Open ones by priority")
BY_PROJECT = sentence("Open ones by project")
WITH_THOSE_BELOW = sentence("A project counts what is in those below it, too.")
RECENTLY = sentence("today or yesterday")


class Line(NamedTuple):
    """`listed` is the address of what `number` counts, `alone` that of its statistics; `share` is in percent of the
    table's largest number of open tasks, and empty for closed ones."""

    name: Status | Priority | str | Sentence
    number: int
    listed: str
    alone: str = ""
    share: int | None = None


class Table(NamedTuple):
    """`kind` is what its lines name."""

    kind: str
    title: Sentence
    lines: list[Line]
    note: Sentence | None = None


def tables(parts: Parts, asked: Listing, own: Listing, projects: Iterable[Project], now: datetime) -> list[Table]:
    """Those with something in them. `asked` is the list that is counted, `own` the same for its statistics."""
    by_project, is_tree = _by_project(parts, asked, own, projects)
    found = (
        Table("status", BY_STATUS, _by_status(parts, asked)),
        Table("age", BY_AGE, _by_age(parts, asked, own, now)),
        Table("priority", BY_PRIORITY, _by_priority(parts, asked, own)),
        Table("project", BY_PROJECT, by_project, WITH_THOSE_BELOW if is_tree else None),
    )
    return [table._replace(lines=_measured(table.lines)) for table in found if table.lines]


def overdue(asked: Listing, today: date) -> str:
    """The address of the open tasks whose day has passed."""
    last = today - timedelta(days=1)
    return _open(asked, due_by=min(last, asked.query.due_by or last))


def age_name(place: int) -> Sentence:
    """An age by its place in AGES, or beyond them."""
    if not place:
        return RECENTLY
    if place == len(AGES):
        return sentence("more than %(days)s days", days=AGES[-1])
    return sentence("%(first)s–%(last)s days", first=AGES[place - 1] + 1, last=AGES[place])


def _by_status(parts: Parts, asked: Listing) -> list[Line]:
    return [
        Line(status, tasks, asked.link(status_ids=(status.id,), closed=status.is_closed))
        for status, tasks in parts.statuses
    ]


def _by_priority(parts: Parts, asked: Listing, own: Listing) -> list[Line]:
    return [Line(each, tasks, *_both(asked, own, priority_ids=(each.id,))) for each, tasks in parts.priorities]


def _by_project(parts: Parts, asked: Listing, own: Listing, projects: Iterable[Project]) -> tuple[list[Line], bool]:
    """The lines, and whether some projects are below others."""
    found = branches({project.id: tasks for project, tasks in parts.projects}, projects, asked.query.project_ids)
    lines = [
        Line(STEP * it.depth + it.project.name, it.whole, *_both(asked, own, project_ids=(it.project.id,)))
        for it in found
    ]
    return lines, any(it.depth for it in found)


def _by_age(parts: Parts, asked: Listing, own: Listing, now: datetime) -> list[Line]:
    spans = _spans(asked.query, borders(now))
    counted = zip(parts.ages, spans, strict=True) if any(parts.ages) else ()
    return [Line(age_name(place), tasks, *_both(asked, own, **span)) for place, (tasks, span) in enumerate(counted)]


def _spans(query: TaskQuery, since: tuple[datetime, ...]) -> Iterator[dict[str, datetime | None]]:
    """From when till when the tasks of each age were created, within what the query asks for already."""
    for first, end in zip((*since, None), (None, *since), strict=True):
        firsts = [moment for moment in (first, query.created_since) if moment]
        ends = [moment for moment in (end, query.created_before) if moment]
        yield {"created_since": max(firsts, default=None), "created_before": min(ends, default=None)}


def _both(asked: Listing, own: Listing, **changes: Any) -> tuple[str, str]:
    return _open(asked, **changes), own.link(**changes)


def _open(asked: Listing, **changes: Any) -> str:
    return asked.link(**{"status_ids": (), "closed": False, **changes})


def _measured(lines: list[Line]) -> list[Line]:
    """The lines with their shares. Many closed tasks would leave nothing to see of the open ones, so they have none."""
    shown = [line for line in lines if not (isinstance(line.name, Status) and line.name.is_closed)]
    most = max((line.number for line in shown), default=0) or 1
    return [line._replace(share=-(-WHOLE * line.number // most)) if line in shown else line for line in lines]
