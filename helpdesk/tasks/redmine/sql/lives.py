"""Histories of tasks as far as times depend on them: statuses, and the first answer."""

from array import array
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from helpdesk.reports import histories
from helpdesk.reports.histories import Present, Step
from helpdesk.reports.model import LONGEST_BEGINNING, Comment, Life
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.lists import NOT_BLANK
from helpdesk.tasks.redmine.sql.source import Reading
from helpdesk.tasks.redmine.visibility import Condition

DAY = 86_400
YEAR_0 = 62_167_219_200
"""The seconds between the beginnings of the years 0 and 1970, as TO_SECONDS counts."""

_ISSUE, _JOURNAL, _DETAIL = t.issues.c, t.journals.c, t.journal_details.c
_IDS: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
_OF_TASKS = sa.and_(_JOURNAL.journalized_type == "Issue", _JOURNAL.journalized_id.in_(_IDS))
# The driver takes longer to make a datetime than all else of a row.
_WRITTEN = sa.func.to_seconds(_JOURNAL.created_on)
_TASKS = (
    t.select_columns(t.issues, "id project_id tracker_id priority_id author_id assigned_to_id status_id")
    .add_columns(sa.func.to_seconds(_ISSUE.created_on))
    .where(_ISSUE.id.in_(_IDS))
)
_STEPS = (
    sa.select(_JOURNAL.journalized_id, _WRITTEN, _JOURNAL.user_id, _DETAIL.old_value, _DETAIL.value)
    .join_from(t.journals, t.journal_details, _DETAIL.journal_id == _JOURNAL.id)
    .where(_OF_TASKS, _DETAIL.property == "attr", _DETAIL.prop_key == "status_id")
    .order_by(_JOURNAL.created_on, _JOURNAL.id, _DETAIL.id)
)
_ANSWERS = (
    sa.select(_JOURNAL.journalized_id, sa.func.min(_WRITTEN))
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
    moment, found = Moments(read.moment).of, {"ids": [row.id for row in rows]}
    steps = (Step(row[0], moment(row[1]), *row[2:]) for row in read.db.execute(_STEPS, found))
    answers = {task_id: moment(seconds) for task_id, seconds in read.db.execute(_ANSWERS, found)}
    tasks = (Present._make((*row[:-1], moment(row[-1]))) for row in rows)
    return tuple(histories.lives(tasks, steps, answers, frozenset(read.config.closed)))


def last_comments(read: Reading, task_ids: Collection[int]) -> dict[int, Comment]:
    """Return the last comment that the person may read on each of these tasks."""
    last = (
        sa.select(sa.func.max(_JOURNAL.id))
        .join_from(t.journals, t.issues, _ISSUE.id == _JOURNAL.journalized_id)
        .where(_OF_TASKS, _JOURNAL.notes.regexp_match(NOT_BLANK), read.permissions.notes, read.permissions.tasks)
        .group_by(_JOURNAL.journalized_id)
    )
    text = sa.func.substr(_JOURNAL.notes, 1, LONGEST_BEGINNING, type_=_JOURNAL.notes.type)
    chosen = sa.select(_JOURNAL.journalized_id, _JOURNAL.user_id, _JOURNAL.created_on, text).where(
        _JOURNAL.id.in_(_IDS)
    )
    ids = read.db.scalars(last, {"ids": sorted(task_ids)}).all()
    rows = read.db.execute(chosen, {"ids": ids}).all()
    names = read.names(row.user_id for row in rows)
    return {row[0]: Comment(names.get(row[1], ""), read.moment(row[2]), row[3]) for row in rows}


class Moments:
    """Reads times of columns, which are local seconds since the year 0, as seconds since 1970."""

    def __init__(self, moment: Callable[[datetime], datetime]) -> None:
        self.moment = moment
        self._distances: dict[int, int | None] = {}

    def of(self, local: int) -> int:
        """Return a moment. All of a day are as far from UTC, unless the clocks are changed on it."""
        day = local // DAY
        if day not in self._distances:
            distance = self._exact(day * DAY) - day * DAY
            self._distances[day] = distance if self._exact(day * DAY + DAY) == day * DAY + DAY + distance else None
        known = self._distances[day]
        return self._exact(local) if known is None else local + known

    def _exact(self, local: int) -> int:
        return int(self.moment(datetime(1970, 1, 1) + timedelta(seconds=local - YEAR_0)).timestamp())
