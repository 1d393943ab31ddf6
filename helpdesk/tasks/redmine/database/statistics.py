"""What a list of tasks amounts to, in two grouped queries."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.lists import by, issues, matching, projects
from helpdesk.tasks.redmine.database.reading import Reading
from helpdesk.tasks.statistics import Cell, Statistics, borders, counted, only_open, whatever_status


def statistics(read: Reading, query: TaskQuery, now: datetime) -> Statistics:
    by_status, rules = by(read, issues.status_id, whatever_status(query)), read.rules
    cells = _cells(read, only_open(query), now)
    return counted(by_status, cells, rules.statuses.values(), rules.priorities.values(), projects(read))


def _cells(read: Reading, query: TaskQuery, now: datetime) -> Iterator[Cell]:
    ages = [(issues.created_on >= read.local(border), age) for age, border in enumerate(borders(now))]
    like = (
        issues.priority_id,
        issues.project_id,
        sa.case(*ages, else_=len(ages)).label("age"),
        sa.case((issues.due_date < now.date(), 1), else_=0).label("overdue"),
    )
    counting = sa.select(*like, sa.func.count()).select_from(t.issues).where(matching(read, query))
    for row in read.db.execute(counting.group_by(*like[:2], "age", "overdue")):
        yield Cell(*row)
