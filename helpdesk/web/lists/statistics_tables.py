"""Make the totals above lists, boards and statistics, and the tables of statistics. Each number links to a list of the
tasks that it counts. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks import colors
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Priority, Status
from helpdesk.tasks.phases import PHASES, Phase, Rules, Summary, grouped
from helpdesk.tasks.projects import Project
from helpdesk.tasks.statistics import AGES, Parts, borders, branches
from helpdesk.texts import called
from helpdesk.web.lists.filter_form import INDENT
from helpdesk.web.lists.urls import NO_ID, Listing

BY_STATUS = sentence("By status")
BY_AGE = sentence("Open ones by age")
BY_PRIORITY = sentence("Open ones by priority")
BY_PROJECT = sentence("Open ones by project")
WITH_THOSE_BELOW = sentence("A project counts what is in those below it, too.")
RECENTLY = sentence("today or yesterday")
IN_ALL, OPEN = sentence("in all"), sentence("open")
PHASE_LABELS: dict[Phase, Sentence] = {
    "new": sentence("new"),
    "active": sentence("being dealt with"),
    "waiting": sentence("on hold"),
    "done": sentence("closed"),
}
FOR_ME = sentence("waiting for me")
CHOSEN = sentence("of the chosen statuses")


class Total(NamedTuple):
    """The number of tasks in some phases, and the address of a list of them, which may be the present one."""

    label: Sentence
    number: int
    address: str
    phases: tuple[Phase, ...]
    is_current: bool = False


class Line(NamedTuple):
    """`address` is that of a list of the tasks that `number` counts, `statistics` that of their statistics; `share` is
    in percent of the table's largest number of open tasks, and empty for closed ones."""

    name: Status | Priority | str | Sentence
    number: int
    address: str
    statistics: str = ""
    share: int | None = None


class Table(NamedTuple):
    """`kind` is what its lines name."""

    kind: str
    title: Sentence
    lines: list[Line]
    note: Sentence | None = None


def totals(summary: Summary, listing: Listing, statuses: Iterable[Status], rules: Rules) -> list[Total]:
    """Return the totals of those phases that a board or statistics may have tasks of. The first number is that of all,
    closed ones among them."""
    chosen, statuses = listing.query.status_ids, tuple(statuses)
    groups = grouped((it for it in statuses if not chosen or it.id in chosen), rules)
    *open_phases, done = PHASES
    totals = [Total(IN_ALL, summary.total, listing.link(include_closed=True), PHASES)]
    if groups[done] and any(groups[phase] for phase in open_phases):
        totals.append(Total(OPEN, summary.open, _open(listing, statuses).link(), tuple(open_phases)))
    return totals + _by_phase(summary, listing, groups)


def waiting_for_me(statuses: Iterable[Status], rules: Rules) -> tuple[int, ...]:
    """Return the ids of the statuses in which a task waits for its assignee."""
    known = tuple(statuses)
    groups, resolved = grouped(known, rules), colors.resolved(known, rules)
    return tuple(it.id for phase in ("new", "active") for it in groups[phase] if it.id not in resolved)


def tabs(page: TaskPage, listing: Listing, statuses: Iterable[Status], rules: Rules) -> list[Total]:
    """Return the totals of a list whatever its filter by status, each of which leads to a list of those tasks.

    The page's summary counts the tasks of all statuses, its total those of the present list, which always has a tab of
    its own.
    """
    summary = page.summary or Summary()
    statuses, query = tuple(statuses), listing.query
    groups, any_status = grouped(statuses, rules), listing._replace(query=query._replace(status_ids=()))
    for_me = waiting_for_me(statuses, rules)
    tabs = [Total(OPEN, summary.open, _open(any_status, statuses).link(), PHASES[:-1])]
    if listing.own_field == "assignees" and for_me and len(for_me) < sum(not it.is_closed for it in statuses):
        address = any_status.link(status_ids=for_me, include_closed=False)
        tabs.append(Total(FOR_ME, summary.new + summary.active - page.resolved, address, ("new", "active")))
    tabs += _by_phase(summary, any_status, groups)
    tabs.append(Total(IN_ALL, summary.total, any_status.link(include_closed=True), PHASES))
    present = _statuses_shown(query, statuses)
    of_phases = [{it.id for phase in tab.phases for it in groups[phase]} for tab in tabs]
    of_tabs = [set(for_me) if tab.label is FOR_ME else ids for tab, ids in zip(tabs, of_phases, strict=True)]
    if present in of_tabs:
        current = of_tabs.index(present)
        tabs[current] = tabs[current]._replace(is_current=True)
    else:
        tabs.insert(0, Total(CHOSEN, page.total, listing.link(), (), is_current=True))
    return tabs


def _by_phase(summary: Summary, listing: Listing, groups: Mapping[Phase, tuple[Status, ...]]) -> list[Total]:
    return [
        Total(
            PHASE_LABELS[phase],
            number,
            listing.link(status_ids=tuple(it.id for it in groups[phase]), include_closed=phase == "done"),
            (phase,),
        )
        for phase, number in zip(PHASES, summary, strict=True)
        if groups[phase]
    ]


def _statuses_shown(query: TaskQuery, statuses: Iterable[Status]) -> set[int]:
    """Return the ids of the statuses that a list has tasks of."""
    if query.status_ids:
        return set(query.status_ids)
    return {it.id for it in statuses if not (query.only_open and it.is_closed)}


def _open(listing: Listing, statuses: Iterable[Status]) -> Listing:
    """Return the list of the open tasks alone. Where it names statuses, or includes closed ones by itself, the open
    statuses are named."""
    query, ids = listing.query, tuple[int, ...]()
    if query.status_ids or query.wanted_id is not None:
        open_ids = (it.id for it in statuses if not it.is_closed)
        ids = tuple(id for id in open_ids if not query.status_ids or id in query.status_ids) or (NO_ID,)
    return listing._replace(query=query._replace(status_ids=ids, include_closed=False))


def tables(parts: Parts, listing: Listing, own: Listing, vocabulary: Vocabulary, now: datetime) -> list[Table]:
    """Return the tables that have lines. `listing` is the list that is counted, `own` the same for its statistics."""
    open_ones = _open(listing, vocabulary.statuses)
    by_project, is_tree = _by_project(parts, open_ones, own, vocabulary.projects)
    tables = (
        Table("status", BY_STATUS, _by_status(parts, listing)),
        Table("age", BY_AGE, _by_age(parts, open_ones, own, now)),
        Table("priority", BY_PRIORITY, _by_priority(parts, open_ones, own)),
        Table("project", BY_PROJECT, by_project, WITH_THOSE_BELOW if is_tree else None),
    )
    return [table._replace(lines=_with_shares(table.lines)) for table in tables if table.lines]


def overdue(listing: Listing, statuses: Iterable[Status], today: date) -> Listing:
    """Return the list of the open tasks whose day has passed."""
    last, open_ones = today - timedelta(days=1), _open(listing, statuses)
    return open_ones._replace(query=open_ones.query._replace(page=1, due_by=min(last, listing.query.due_by or last)))


def age_name(index: int) -> Sentence:
    """Name an age by its index in AGES, or beyond them."""
    if not index:
        return RECENTLY
    if index == len(AGES):
        return sentence("more than %(days)s days", days=AGES[-1])
    return sentence("%(first)s–%(last)s days", first=AGES[index - 1] + 1, last=AGES[index])


def _by_status(parts: Parts, listing: Listing) -> list[Line]:
    return [
        Line(status, tasks, listing.link(status_ids=(status.id,), include_closed=status.is_closed))
        for status, tasks in parts.statuses
    ]


def _by_priority(parts: Parts, listing: Listing, own: Listing) -> list[Line]:
    return [Line(it, tasks, *_links(listing, own, priority_ids=(it.id,))) for it, tasks in parts.priorities]


def _by_project(parts: Parts, listing: Listing, own: Listing, projects: Iterable[Project]) -> tuple[list[Line], bool]:
    """Return the lines, and whether some projects are below others."""
    tree = branches({project.id: tasks for project, tasks in parts.projects}, projects, listing.query.project_ids)
    lines = [
        Line(INDENT * it.depth + called(it.project), it.whole, *_links(listing, own, project_ids=(it.project.id,)))
        for it in tree
    ]
    return lines, any(it.depth for it in tree)


def _by_age(parts: Parts, listing: Listing, own: Listing, now: datetime) -> list[Line]:
    spans = _spans(listing.query, borders(now))
    ages = zip(parts.ages, spans, strict=True) if any(parts.ages) else ()
    return [Line(age_name(index), tasks, *_links(listing, own, **span)) for index, (tasks, span) in enumerate(ages)]


def _spans(query: TaskQuery, since: tuple[datetime, ...]) -> Iterator[dict[str, datetime | None]]:
    """Yield for each age the span in which its tasks were created, within that of the query."""
    for first, end in zip((*since, None), (None, *since), strict=True):
        firsts = [moment for moment in (first, query.created_since) if moment]
        ends = [moment for moment in (end, query.created_before) if moment]
        yield {"created_since": max(firsts, default=None), "created_before": min(ends, default=None)}


def _links(listing: Listing, own: Listing, **changes: Any) -> tuple[str, str]:
    return listing.link(**changes), own.link(**changes)


def _with_shares(lines: list[Line]) -> list[Line]:
    """Add shares to lines of open tasks. Many closed tasks would leave nothing to see of the open ones, so they have
    none."""
    open_lines = [line for line in lines if not (isinstance(line.name, Status) and line.name.is_closed)]
    most = max((line.number for line in open_lines), default=0) or 1
    return [line._replace(share=-(-100 * line.number // most)) if line in open_lines else line for line in lines]
