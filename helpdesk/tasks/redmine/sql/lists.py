"""Lists of tasks, the cards of a board, and statistics."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from helpdesk.errors import NotFound
from helpdesk.tasks import colors
from helpdesk.tasks.lists import (
    Card,
    CardQuery,
    CardQueryFactory,
    Cards,
    QueryFactory,
    TaskPage,
    TaskQuery,
    Vocabulary,
)
from helpdesk.tasks.model import Ref, TaskRow
from helpdesk.tasks.phases import NO_RULES, Rules, summarised
from helpdesk.tasks.projects import ProjectMember
from helpdesk.tasks.projects import members as project_members
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.query_conditions import issues, matching, open_statuses, order_of, projects
from helpdesk.tasks.redmine.sql.source import ROWS, Reading
from helpdesk.tasks.statistics import Cell, Statistics, borders, counted, listed

_MEMBERS = (
    sa.select(*users.NAME_COLUMNS, t.roles.c.name.label("role"))
    .join(t.members, t.members.c.user_id == t.users.c.id)
    .outerjoin(t.member_roles, t.member_roles.c.member_id == t.members.c.id)
    .outerjoin(t.roles, t.roles.c.id == t.member_roles.c.role_id)
    .where(t.members.c.project_id == sa.bindparam("project"), t.users.c.type == "User")
    .order_by(t.roles.c.position)
)
_COLLEAGUES = (
    sa.select(*users.NAME_COLUMNS)
    .distinct()
    .join(t.members, t.members.c.user_id == t.users.c.id)
    .where(
        t.members.c.project_id.in_(sa.bindparam("projects", expanding=True)),
        t.users.c.type == "User",
        t.users.c.status == users.ACTIVE,
    )
)
NOT_BLANK = "[^[:space:]]"
"""A note of blanks alone is no comment. Source: Issue#visible_journals_with_index, by `notes?`."""


def vocabulary(read: Reading) -> Vocabulary:
    trackers = tuple(Ref(tracker.id, tracker.name) for tracker in read.config.trackers.values())
    known, may = projects(read), read.permissions
    may_edit = any(may.permits(name, project.id) for project in known for name in ("edit_issues", "edit_own_issues"))
    return Vocabulary(tuple(read.config.statuses.values()), read.config.usable_priorities, known, trackers, may_edit)


def members(read: Reading, project_id: int) -> tuple[ProjectMember, ...]:
    """Return the members, those without a role among them. Raises NotFound. Source: MembersController#index."""
    if not read.permissions.sees_members(project_id):
        raise NotFound
    rows = read.db.execute(_MEMBERS, {"project": project_id})
    return project_members((row.id, users.name(row, read.style), row.role) for row in rows)


def colleagues(read: Reading) -> tuple[Ref, ...]:
    """Return the members of all projects whose members this person sees."""
    seen = [project for project in read.permissions.project_info if read.permissions.sees_members(project)]
    rows = read.db.execute(_COLLEAGUES, {"projects": seen or [0]})
    people = (Ref(row.id, users.name(row, read.style)) for row in rows)
    return tuple(sorted(people, key=lambda it: (it.name.casefold(), it.id)))


def tasks(read: Reading, query: TaskQuery | QueryFactory, *, summed: bool = False, rules: Rules = NO_RULES) -> TaskPage:
    if callable(query):
        choices = vocabulary(read)
        return _page(read, query(choices), summed, rules)._replace(vocabulary=choices)
    return _page(read, query, summed, rules)


def _page(read: Reading, query: TaskQuery, summed: bool, rules: Rules) -> TaskPage:
    """When summed, the tasks of all statuses are counted once for the total and the summary."""
    condition = matching(read, query)
    order, joined = order_of(read, query)
    page = ROWS.select_from(joined).where(condition).order_by(*order).limit(query.per_page).offset(query.offset)
    rows = read.task_rows(read.db.execute(page).all())
    if not summed:
        total = read.db.scalar(sa.select(sa.func.count()).select_from(t.issues).where(condition))
        return TaskPage(rows, total or 0, query)
    counts, statuses = by_status(read, query.of_any_status()), read.config.statuses.values()
    resolved, summary = colors.resolved(statuses, rules), summarised(counts, statuses, rules)
    of_resolved = sum(counts.get(it, 0) for it in resolved)
    return TaskPage(rows, listed(counts, query, statuses), query, summary, resolved=of_resolved)


def ids(read: Reading, query: TaskQuery) -> tuple[int, ...]:
    """Return the ids of all tasks that match, in the query's order."""
    order, joined = order_of(read, query)
    matches = sa.select(issues.id).select_from(joined).where(matching(read, query)).order_by(*order)
    return tuple(read.db.scalars(matches))


def among(read: Reading, query: TaskQuery, ids: Sequence[int]) -> tuple[TaskRow, ...]:
    """Return those of these tasks that match, in the order of the ids."""
    rows = read.task_rows(read.db.execute(ROWS.where(issues.id.in_(ids), matching(read, query))).all())
    return tuple(sorted(rows, key=lambda row: ids.index(row.id)))


def seen(read: Reading, task_ids: Collection[int]) -> dict[int, bool]:
    """Return the visible tasks, each with whether others' private comments are visible, too."""
    visible = sa.select(issues.id, issues.project_id).where(issues.id.in_(sorted(task_ids)), read.permissions.tasks)
    rows = read.db.execute(visible).all() if task_ids else ()
    return {row.id: read.permissions.permits("view_private_notes", row.project_id) for row in rows}


def by_status(read: Reading, query: TaskQuery) -> dict[int, int]:
    """Count the tasks of a query by status.

    Grouped by a sum: by the column itself MariaDB would read all tasks in the order of its index, one after another,
    which takes four times as long as to find those of the query and sort them.
    """
    value = (issues.status_id + sa.literal_column("0")).label("counted_by")
    counts = sa.select(value, sa.func.count()).select_from(t.issues).where(matching(read, query)).group_by(value)
    return {row[0]: row[1] for row in read.db.execute(counts)}


def cards(read: Reading, factory: CardQueryFactory) -> Cards:
    """Return tasks by status, and their totals: one query for all totals, one for the tasks of all statuses, one for
    their comments. Raises what `factory` does."""
    choices = vocabulary(read)
    request = factory(choices)
    counts = by_status(read, request.of_totals) if request.counted else {}
    totals = {status: counts.get(status, 0) for status in request.counted}
    rows = read.task_rows(_card_rows(read, request, totals))
    comments = _comments(read, rows)
    return Cards(request, choices, request.in_order(Card(row, comments.get(row.id, 0)) for row in rows), totals)


def _card_rows(read: Reading, request: CardQuery, totals: Mapping[int, int]) -> Sequence[Any]:
    """Return rows of ROWS, all in one order. MySQL 5.7 has no window functions: each status is a table of its own."""
    query, statuses = request.of_cards, request.statuses_on_page(totals)
    if query is None or not statuses:
        return ()
    order, joined = order_of(read, query)
    page = sa.select(issues.id).select_from(joined).where(matching(read, query))
    page = page.order_by(*order).limit(query.per_page).offset(query.offset)
    pages = (sa.select(page.where(issues.status_id == status).subquery()) for status in statuses)
    picked = sa.union_all(*pages).subquery("picked")
    return read.db.execute(ROWS.select_from(joined.join(picked, picked.c.id == issues.id)).order_by(*order)).all()


def _comments(read: Reading, rows: Sequence[TaskRow]) -> dict[int, int]:
    """Count the comments that the person may read on each task; tasks without any are absent."""
    if not rows:
        return {}
    journal = t.journals.c
    counts = (
        sa.select(journal.journalized_id, sa.func.count())
        .join_from(t.journals, t.issues, issues.id == journal.journalized_id)
        .where(journal.journalized_type == "Issue", journal.journalized_id.in_([row.id for row in rows]))
        .where(journal.notes.regexp_match(NOT_BLANK), read.permissions.notes)
        .group_by(journal.journalized_id)
    )
    return {row[0]: row[1] for row in read.db.execute(counts)}


def statistics(read: Reading, query: TaskQuery, now: datetime, rules: Rules = NO_RULES) -> Statistics:
    query, config = query.including_closed(), read.config
    counts, cells = by_status(read, query), _cells(read, query, now)
    return counted(counts, cells, config.statuses.values(), config.priorities.values(), projects(read), rules)


def _cells(read: Reading, query: TaskQuery, now: datetime) -> Iterator[Cell]:
    ages = [(issues.created_on >= read.local(border), age) for age, border in enumerate(borders(now))]
    groups = (
        issues.priority_id,
        issues.project_id,
        sa.case(*ages, else_=len(ages)).label("age"),
        sa.case((issues.due_date < now.date(), 1), else_=0).label("overdue"),
    )
    counts = sa.select(*groups, sa.func.count()).select_from(t.issues).where(matching(read, query))
    counts = counts.where(issues.status_id.in_(open_statuses(read)))
    for row in read.db.execute(counts.group_by(*groups[:2], "age", "overdue")):
        yield Cell(*row)
