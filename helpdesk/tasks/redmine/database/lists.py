"""Lists of tasks."""

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from helpdesk.tasks.lists import Asked, TaskPage, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Ref
from helpdesk.tasks.projects import Project, with_descendants
from helpdesk.tasks.redmine.database import persons
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.reading import ROWS, Reading
from helpdesk.tasks.redmine.visibility import Condition
from helpdesk.tasks.statistics import summarised, whatever_status

MAY_LACK = {"due_date", "assigned_to"}
issues = t.issues.c


def vocabulary(read: Reading) -> Vocabulary:
    rules = read.rules
    return Vocabulary(
        tuple(rules.statuses.values()),
        tuple(rules.priorities[each] for each in rules.active_priorities),
        projects(read),
        tuple(Ref(tracker.id, tracker.name) for tracker in rules.trackers.values()),
    )


def projects(read: Reading) -> tuple[Project, ...]:
    """The projects that the person sees, in the order of their tree; a parent that is not seen is not named."""
    seen = read.sight.projects
    return tuple(
        project if project.parent_id in seen else project._replace(parent_id=None)
        for project in read.rules.projects
        if project.id in seen
    )


def tasks(read: Reading, asked: Asked, summed: bool = False) -> TaskPage:
    if callable(asked):
        words = vocabulary(read)
        return _page(read, asked(words), summed)._replace(words=words)
    return _page(read, asked, summed)


def _page(read: Reading, query: TaskQuery, summed: bool) -> TaskPage:
    """When summed, the tasks of all statuses are counted once for the total and the summary."""
    condition = matching(read, query)
    order, joined = order_of(read, query)
    page = ROWS.select_from(joined).where(condition).order_by(*order).limit(query.per_page).offset(query.offset)
    rows = read.rows(read.db.execute(page).all())
    if not summed:
        return TaskPage(
            rows, read.db.scalar(sa.select(sa.func.count()).select_from(t.issues).where(condition)) or 0, query
        )
    counts, statuses = by(read, issues.status_id, whatever_status(query)), read.rules.statuses
    chosen = query.status_ids or [it.id for it in statuses.values() if query.closed or not it.is_closed]
    total = sum(counts.values() if query.wanted_id is not None else (counts.get(number, 0) for number in chosen))
    return TaskPage(rows, total, query, summarised(counts, statuses.values()))


def seen(read: Reading, task_ids: Collection[int]) -> dict[int, bool]:
    """Those that the person sees, and whether with others' private comments."""
    asked = sa.select(issues.id, issues.project_id).where(issues.id.in_(sorted(task_ids)), read.sight.tasks)
    found = read.db.execute(asked).all() if task_ids else ()
    return {row.id: read.sight.permits("view_private_notes", row.project_id) for row in found}


def by(read: Reading, column: sa.ColumnElement[int], query: TaskQuery) -> dict[int, int]:
    """How many tasks of a query there are for each value of `column`.

    Grouped by a sum: by the column itself MariaDB would read all tasks in the order of its index, one after another,
    which takes four times as long as to find those of the query and sort them.
    """
    value = (column + sa.literal_column("0")).label("counted_by")
    counted = sa.select(value, sa.func.count()).select_from(t.issues).where(matching(read, query)).group_by(value)
    return {row[0]: row[1] for row in read.db.execute(counted)}


def matching(read: Reading, query: TaskQuery) -> Condition:
    """What one may see and a query asks for."""
    return sa.and_(read.sight.tasks, *_asked(read, query))


def _asked(read: Reading, query: TaskQuery) -> Iterator[Condition]:
    if query.wanted_id is not None:
        yield issues.id == query.wanted_id
        return
    if query.assignees:
        yield _any_of(issues.assigned_to_id, query.assignees, sorted(read.person.principals))
    if query.authors:
        yield _any_of(issues.author_id, query.authors, [read.person.id])
    if query.status_ids or not query.closed:
        open_ones = [status.id for status in read.rules.statuses.values() if not status.is_closed]
        yield issues.status_id.in_(query.status_ids or open_ones)
    if query.priority_ids:
        yield issues.priority_id.in_(query.priority_ids)
    if query.project_ids:
        yield issues.project_id.in_(with_descendants(query.project_ids, projects(read)))
    if query.tracker_ids:
        yield issues.tracker_id.in_(query.tracker_ids)
    if query.task_ids:
        yield issues.id.in_(query.task_ids)
    if query.updated_since:
        yield issues.updated_on >= read.local(query.updated_since)
    if query.created_since:
        yield issues.created_on >= read.local(query.created_since)
    if query.created_before:
        yield issues.created_on < read.local(query.created_before)
    if query.due_by:
        yield issues.due_date <= query.due_by
    yield from (_told(read, word) for word in query.search.split())


def _any_of(column: sa.ColumnElement[Any], people: tuple[Who, ...], me: list[int]) -> Condition:
    ids = [each for who in people if who != "nobody" for each in (me if who == "me" else [who])]
    return sa.or_(column.in_(ids), column.is_(None)) if "nobody" in people else column.in_(ids)


def _told(read: Reading, word: str) -> Condition:
    """Tasks in whose subject, description or a comment that the person may read there is a word."""
    comment = (
        sa.exists()
        .where(t.journals.c.journalized_id == issues.id, t.journals.c.journalized_type == "Issue")
        .where(t.journals.c.notes.contains(word, autoescape=True), read.sight.notes)
        .correlate(t.issues)
    )
    texts = (issues.subject, issues.description)
    return sa.or_(*(text.contains(word, autoescape=True) for text in texts), comment)


def order_of(read: Reading, query: TaskQuery) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    """The columns to sort by, and where they stand. What lacks a value comes last either way."""
    columns, joined = _sorting(read, query.sort)
    order = [column.desc() if query.descending else column.asc() for column in columns]
    lacking = [columns[0].is_(None)] if query.sort in MAY_LACK else []
    return [*lacking, *order, issues.id.desc()], joined


def _sorting(read: Reading, sort: str) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    match sort:
        case "status":
            statuses = t.issue_statuses
            return [statuses.c.position], t.issues.join(statuses, statuses.c.id == issues.status_id)
        case "priority":
            priorities = t.enumerations
            return [priorities.c.position], t.issues.join(priorities, priorities.c.id == issues.priority_id)
        case "project":
            return [t.projects.c.name], t.issues.join(t.projects, t.projects.c.id == issues.project_id)
        case "assigned_to":
            return _by_person(read, issues.assigned_to_id)
        case "author":
            return _by_person(read, issues.author_id)
        case _:
            return [issues[sort]], t.issues


def _by_person(read: Reading, number: sa.ColumnElement[int]) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    return persons.in_order(read.style, t.users), t.issues.outerjoin(t.users, t.users.c.id == number)
