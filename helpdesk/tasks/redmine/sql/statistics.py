"""The statistics of a list, in two grouped queries."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.phases import NO_RULES
from helpdesk.tasks.phases import Rules as Phases
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.lists import by, issues, matching, open_ones, projects
from helpdesk.tasks.redmine.sql.read_context import Reading
from helpdesk.tasks.statistics import Cell, Statistics, borders, counted


def statistics(read: Reading, query: TaskQuery, now: datetime, phases: Phases = NO_RULES) -> Statistics:
    query, config = query.with_closed(), read.config
    by_status, cells = by(read, issues.status_id, query), _cells(read, query, now)
    return counted(by_status, cells, config.statuses.values(), config.priorities.values(), projects(read), phases)


def _cells(read: Reading, query: TaskQuery, now: datetime) -> Iterator[Cell]:
    """The open ones of the query."""
    ages = [(issues.created_on >= read.local(border), age) for age, border in enumerate(borders(now))]
    like = (
        issues.priority_id,
        issues.project_id,
        sa.case(*ages, else_=len(ages)).label("age"),
        sa.case((issues.due_date < now.date(), 1), else_=0).label("overdue"),
    )
    counting = sa.select(*like, sa.func.count()).select_from(t.issues).where(matching(read, query))
    counting = counting.where(issues.status_id.in_(open_ones(read)))
    for row in read.db.execute(counting.group_by(*like[:2], "age", "overdue")):
        yield Cell(*row)
