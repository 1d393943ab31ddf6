"""Histories of tasks as far as times depend on them: statuses, and the first answer."""

from array import array
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from helpdesk.reports import histories
from helpdesk.reports.histories import Present, Step
from helpdesk.reports.model import Life
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.lists import NOT_BLANK
from helpdesk.tasks.redmine.sql.source import Reading
from helpdesk.tasks.redmine.visibility import Condition

_ISSUE, _JOURNAL, _DETAIL = t.issues.c, t.journals.c, t.journal_details.c
_IDS: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
_OF_TASKS = sa.and_(_JOURNAL.journalized_type == "Issue", _JOURNAL.journalized_id.in_(_IDS))
_TASKS = t.select_columns(
    t.issues, "id project_id tracker_id priority_id author_id assigned_to_id status_id created_on"
).where(_ISSUE.id.in_(_IDS))
_STEPS = (
    sa.select(_JOURNAL.journalized_id, _JOURNAL.created_on, _JOURNAL.user_id, _DETAIL.old_value, _DETAIL.value)
    .join_from(t.journals, t.journal_details, _DETAIL.journal_id == _JOURNAL.id)
    .where(_OF_TASKS, _DETAIL.property == "attr", _DETAIL.prop_key == "status_id")
    .order_by(_JOURNAL.created_on, _JOURNAL.id, _DETAIL.id)
)
_ANSWERS = (
    sa.select(_JOURNAL.journalized_id, sa.func.min(_JOURNAL.created_on))
    .join_from(t.journals, t.issues, _ISSUE.id == _JOURNAL.journalized_id)
    .where(_OF_TASKS, _JOURNAL.private_notes.is_(False), _JOURNAL.user_id != _ISSUE.author_id)
    .where(_JOURNAL.notes.regexp_match(NOT_BLANK))
    .group_by(_JOURNAL.journalized_id)
)


def ids(read: Reading, condition: Condition) -> Sequence[int]:
    """Return the ids of the visible tasks that match, in their order."""
    matching = sa.select(_ISSUE.id).where(read.permissions.tasks, condition).order_by(_ISSUE.id)
    return array("q", read.db.scalars(matching))


def lives(read: Reading, task_ids: Collection[int]) -> tuple[Life, ...]:
    """Return the histories of those of these tasks that the person sees."""
    rows = read.db.execute(_TASKS.where(read.permissions.tasks), {"ids": sorted(task_ids)}).all()
    if not rows:
        return ()
    found = {"ids": [row.id for row in rows]}
    steps = (Step(row[0], _seconds(read, row[1]), *row[2:]) for row in read.db.execute(_STEPS, found))
    answers = {task_id: _seconds(read, moment) for task_id, moment in read.db.execute(_ANSWERS, found)}
    tasks = (Present._make((*row[:-1], _seconds(read, row.created_on))) for row in rows)
    return tuple(histories.lives(tasks, steps, answers, frozenset(read.config.closed)))


def _seconds(read: Reading, value: datetime) -> int:
    return int(read.moment(value).timestamp())
