"""Lists of tasks."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from helpdesk.errors import NotFound
from helpdesk.tasks.lists import QueryFactory, TaskPage, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Ref, TaskRow
from helpdesk.tasks.phases import NO_RULES, summarised
from helpdesk.tasks.phases import Rules as Phases
from helpdesk.tasks.projects import Project, ProjectMember, with_descendants
from helpdesk.tasks.projects import members as project_members
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.read_context import ROWS, Reading
from helpdesk.tasks.redmine.visibility import Condition
from helpdesk.tasks.statistics import listed

MAY_LACK = {"due_date", "assigned_to"}
issues = t.issues.c


def vocabulary(read: Reading) -> Vocabulary:
    config = read.config
    return Vocabulary(
        tuple(config.statuses.values()),
        tuple(config.priorities[each] for each in config.active_priorities),
        projects(read),
        tuple(Ref(tracker.id, tracker.name) for tracker in config.trackers.values()),
    )


def projects(read: Reading) -> tuple[Project, ...]:
    """The projects that the person sees, in the order of their tree; a parent that is not seen is not named."""
    seen = read.permissions.projects
    return tuple(
        project if project.parent_id in seen else project._replace(parent_id=None)
        for project in read.config.projects
        if project.id in seen
    )


def members(read: Reading, project_id: int) -> tuple[ProjectMember, ...]:
    """Raises NotFound. Source: MembersController#index; who has no role in a membership is a member nevertheless."""
    if not read.permissions.sees_members(project_id):
        raise NotFound
    found = read.db.execute(_MEMBERS, {"project": project_id})
    return project_members(
        (row.id, users.name(users.Named(*row[: len(users.NAMED)]), read.style), row.role) for row in found
    )


def tasks(read: Reading, asked: TaskQuery | QueryFactory, summed: bool = False, phases: Phases = NO_RULES) -> TaskPage:
    if callable(asked):
        known = vocabulary(read)
        return _page(read, asked(known), summed, phases)._replace(vocabulary=known)
    return _page(read, asked, summed, phases)


def _page(read: Reading, query: TaskQuery, summed: bool, phases: Phases) -> TaskPage:
    """When summed, the tasks of all statuses are counted once for the total and the summary."""
    condition = matching(read, query)
    order, joined = order_of(read, query)
    page = ROWS.select_from(joined).where(condition).order_by(*order).limit(query.per_page).offset(query.offset)
    rows = read.rows(read.db.execute(page).all())
    if not summed:
        return TaskPage(
            rows, read.db.scalar(sa.select(sa.func.count()).select_from(t.issues).where(condition)) or 0, query
        )
    counts, statuses = by(read, issues.status_id, query.with_closed()), read.config.statuses.values()
    return TaskPage(rows, listed(counts, query, statuses), query, summarised(counts, statuses, phases))


def numbers(read: Reading, query: TaskQuery) -> tuple[int, ...]:
    """The ids of all tasks that match, in the query's order."""
    order, joined = order_of(read, query)
    asked = sa.select(issues.id).select_from(joined).where(matching(read, query)).order_by(*order)
    return tuple(read.db.scalars(asked))


def among(read: Reading, query: TaskQuery, ids: Sequence[int]) -> tuple[TaskRow, ...]:
    """Return those of these tasks that match, in the order of the ids."""
    found = read.rows(read.db.execute(ROWS.where(issues.id.in_(ids), matching(read, query))).all())
    return tuple(sorted(found, key=lambda row: ids.index(row.id)))


def seen(read: Reading, task_ids: Collection[int]) -> dict[int, bool]:
    """Return the visible tasks, each with whether others' private comments are visible, too."""
    asked = sa.select(issues.id, issues.project_id).where(issues.id.in_(sorted(task_ids)), read.permissions.tasks)
    found = read.db.execute(asked).all() if task_ids else ()
    return {row.id: read.permissions.permits("view_private_notes", row.project_id) for row in found}


def by(read: Reading, column: sa.ColumnElement[int], query: TaskQuery) -> dict[int, int]:
    """Count the tasks of a query for each value of `column`.

    Grouped by a sum: by the column itself MariaDB would read all tasks in the order of its index, one after another,
    which takes four times as long as to find those of the query and sort them.
    """
    value = (column + sa.literal_column("0")).label("counted_by")
    counted = sa.select(value, sa.func.count()).select_from(t.issues).where(matching(read, query)).group_by(value)
    return {row[0]: row[1] for row in read.db.execute(counted)}


def matching(read: Reading, query: TaskQuery) -> Condition:
    """Return the condition of a query, limited to visible tasks."""
    return sa.and_(read.permissions.tasks, *_asked(read, query))


def _asked(read: Reading, query: TaskQuery) -> Iterator[Condition]:
    yield from _searched(read, query)
    if query.status_ids or query.only_open:
        yield issues.status_id.in_(query.status_ids or open_ones(read))
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


def open_ones(read: Reading) -> list[int]:
    """The statuses of open tasks."""
    return [status.id for status in read.config.statuses.values() if not status.is_closed]


def _searched(read: Reading, query: TaskQuery) -> Iterator[Condition]:
    """Return the conditions for people and words; a task found by its number needs none of them."""
    conditions = [_containing(read, word) for word in query.words]
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


def _containing(read: Reading, word: str) -> Condition:
    """Tasks in whose subject, description or a comment that the person may read there is a word."""
    comment = (
        sa.exists()
        .where(t.journals.c.journalized_id == issues.id, t.journals.c.journalized_type == "Issue")
        .where(t.journals.c.notes.contains(word, autoescape=True), read.permissions.notes)
        .correlate(t.issues)
    )
    texts = (issues.subject, issues.description)
    return sa.or_(*(text.contains(word, autoescape=True) for text in texts), comment)


def order_of(read: Reading, query: TaskQuery) -> tuple[list[sa.ColumnElement[Any]], sa.FromClause]:
    """The columns to sort by, and where they stand. What lacks a value comes last either way, the task of a number
    first."""
    columns, joined = _sorting(read, query.sort)
    order = [column.desc() if query.descending else column.asc() for column in columns]
    begins = [] if query.wanted_id is None else [sa.case((issues.id == query.wanted_id, 0), else_=1)]
    lacking = [columns[0].is_(None)] if query.sort in MAY_LACK else []
    return [*begins, *lacking, *order, issues.id.desc()], joined


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


_MEMBERS = (
    sa.select(*users.NAMED, t.roles.c.name.label("role"))
    .join(t.members, t.members.c.user_id == t.users.c.id)
    .outerjoin(t.member_roles, t.member_roles.c.member_id == t.members.c.id)
    .outerjoin(t.roles, t.roles.c.id == t.member_roles.c.role_id)
    .where(t.members.c.project_id == sa.bindparam("project"), t.users.c.type == "User")
    .order_by(t.roles.c.position)
)
