"""The conditions and the order of a query of tasks."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from helpdesk.tasks.lists import TaskQuery, Who
from helpdesk.tasks.projects import Project, with_descendants
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.source import Reading
from helpdesk.tasks.redmine.visibility import Condition

MAY_LACK = {"due_date", "assigned_to"}

issues = t.issues.c


def projects(read: Reading) -> tuple[Project, ...]:
    """Return the projects that the person sees, in the order of their tree; a hidden parent is not named."""
    visible = read.permissions.projects
    return tuple(
        project if project.parent_id in visible else project._replace(parent_id=None)
        for project in read.config.projects
        if project.id in visible
    )


def matching(read: Reading, query: TaskQuery) -> Condition:
    """Return the condition of a query, limited to visible tasks."""
    return sa.and_(read.permissions.tasks, *_conditions(read, query))


def _conditions(read: Reading, query: TaskQuery) -> Iterator[Condition]:
    yield from _searched(read, query)
    if query.status_ids or query.only_open:
        yield issues.status_id.in_(query.status_ids or open_statuses(read))
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


def open_statuses(read: Reading) -> list[int]:
    return [status.id for status in read.config.statuses.values() if not status.is_closed]


def _searched(read: Reading, query: TaskQuery) -> Iterator[Condition]:
    """Return the conditions for people and words; a task found by its number needs none of them."""
    conditions = [_containing(read, word, query.public_only) for word in query.words]
    if query.assignees:
        conditions.append(_any_of(issues.assigned_to_id, query.assignees, sorted(read.person.principals)))
    if query.authors:
        conditions.append(_any_of(issues.author_id, query.authors, [read.person.id]))
    if query.wanted_id is None:
        yield from conditions
    else:
        by_number = issues.id == query.wanted_id
        yield sa.or_(by_number, sa.and_(*conditions)) if query.words else by_number


def _any_of(column: sa.ColumnElement[Any], people: tuple[Who, ...], me: list[int]) -> Condition:
    ids = [each for who in people if who != "nobody" for each in (me if who == "me" else [who])]
    return sa.or_(column.in_(ids), column.is_(None)) if "nobody" in people else column.in_(ids)


def _containing(read: Reading, word: str, public_only: bool) -> Condition:
    """Return the condition that a word is in the subject, the description or a comment that the person may read."""
    comment = (
        sa.exists()
        .where(t.journals.c.journalized_id == issues.id, t.journals.c.journalized_type == "Issue")
        .where(t.journals.c.notes.contains(word, autoescape=True), read.permissions.notes)
        .correlate(t.issues)
    )
    if public_only:
        comment = comment.where(t.journals.c.private_notes.is_(False))
    texts = (issues.subject, issues.description)
    return sa.or_(*(text.contains(word, autoescape=True) for text in texts), comment)


def order_of(read: Reading, query: TaskQuery) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    """Return the columns to sort by, and the tables that hold them. Tasks without a value come last either way, the
    task of a number first."""
    columns, joined = _sorting(read, query.sort)
    order = [column.desc() if query.descending else column.asc() for column in columns]
    first = [] if query.wanted_id is None else [sa.case((issues.id == query.wanted_id, 0), else_=1)]
    last = [columns[0].is_(None)] if query.sort in MAY_LACK else []
    return [*first, *last, *order, issues.id.desc()], joined


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
    return users.in_order(read.style, t.users), t.issues.outerjoin(t.users, t.users.c.id == number)
