"""The numbers above lists, boards and statistics, and the tables of these: each leads to the list of the tasks that it
counts. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.lists import TaskQuery, Vocabulary
from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.phases import PHASES, Phase, Rules, Summary, grouped
from helpdesk.tasks.projects import Project
from helpdesk.tasks.statistics import AGES, Parts, borders, branches
from helpdesk.texts import called
from helpdesk.web.lists.filter_form import STEP
from helpdesk.web.lists.urls import NOWHERE, Listing

WHOLE = 100
BY_STATUS = sentence("By status")
BY_AGE = sentence("Open ones by age")
BY_PRIORITY = sentence("Open ones by priority")
BY_PROJECT = sentence("Open ones by project")
WITH_THOSE_BELOW = sentence("A project counts what is in those below it, too.")
RECENTLY = sentence("today or yesterday")
IN_ALL, OPEN = sentence("in all"), sentence("open")
SAYS: dict[Phase, Sentence] = {
    "new": sentence("new"),
    "active": sentence("being dealt with"),
    "waiting": sentence("on hold"),
    "done": sentence("closed"),
}
NOT_LISTED = sentence("closed, not in this list")


class Total(NamedTuple):
    """The number of tasks in some phases. `listed` is the address of these tasks."""

    says: Sentence
    number: int
    listed: str
    phases: tuple[Phase, ...]


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


def totals(
    summary: Summary, asked: Listing, statuses: Iterable[Status], rules: Rules, *, whole: bool = False
) -> list[Total]:
    """A summary of what `asked` lists, by those phases that it may have tasks of. The first number is the list's own
    total; a `whole` one counts closed tasks whether the list has them or not."""
    chosen, known = asked.query.status_ids, tuple(statuses)
    groups = grouped((it for it in known if not chosen or it.id in chosen), rules)
    of_open, whole = opened(asked, known), whole or not asked.query.only_open
    *open_phases, done = PHASES
    found = [Total(IN_ALL, summary.total, asked.link(closed=True), PHASES)] if whole else []
    if not whole or (groups[done] and any(groups[each] for each in open_phases)):
        found.append(Total(OPEN, summary.open, asked.link(**of_open), tuple(open_phases)))
    for each, number in zip(PHASES, summary, strict=True):
        if ids := tuple(it.id for it in groups[each]):
            says = SAYS[each] if whole or each != done else NOT_LISTED
            address = asked.link(status_ids=ids, closed=each == done)
            found.append(Total(says, number, address, (each,)))
    return found


def opened(asked: Listing, statuses: Iterable[Status]) -> dict[str, Any]:
    """What asks for the open ones of a list alone. Where it names statuses, or looks through closed ones by itself, the
    open ones are named."""
    query = asked.query
    if not (query.status_ids or query.wanted_id is not None):
        return {"status_ids": (), "closed": False}
    ids = (it.id for it in statuses if not it.is_closed and (not query.status_ids or it.id in query.status_ids))
    return {"status_ids": tuple(ids) or (NOWHERE,), "closed": False}


def tables(parts: Parts, asked: Listing, own: Listing, words: Vocabulary, now: datetime) -> list[Table]:
    """Those with something in them. `asked` is the list that is counted, `own` the same for its statistics."""
    of_open = opened(asked, words.statuses)
    open_ones = asked._replace(query=asked.query._replace(**of_open))
    by_project, is_tree = _by_project(parts, open_ones, own, words.projects)
    found = (
        Table("status", BY_STATUS, _by_status(parts, asked)),
        Table("age", BY_AGE, _by_age(parts, open_ones, own, now)),
        Table("priority", BY_PRIORITY, _by_priority(parts, open_ones, own)),
        Table("project", BY_PROJECT, by_project, WITH_THOSE_BELOW if is_tree else None),
    )
    return [table._replace(lines=_measured(table.lines)) for table in found if table.lines]


def overdue(asked: Listing, statuses: Iterable[Status], today: date) -> str:
    """The address of the open tasks whose day has passed."""
    last = today - timedelta(days=1)
    return asked.link(**opened(asked, statuses), due_by=min(last, asked.query.due_by or last))


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
        Line(STEP * it.depth + called(it.project), it.whole, *_both(asked, own, project_ids=(it.project.id,)))
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
    return asked.link(**changes), own.link(**changes)


def _measured(lines: list[Line]) -> list[Line]:
    """The lines with their shares. Many closed tasks would leave nothing to see of the open ones, so they have none."""
    shown = [line for line in lines if not (isinstance(line.name, Status) and line.name.is_closed)]
    most = max((line.number for line in shown), default=0) or 1
    return [line._replace(share=-(-WHOLE * line.number // most)) if line in shown else line for line in lines]
