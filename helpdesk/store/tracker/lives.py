"""Query the histories of the embedded tracker's tasks as far as times depend on them."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store.tracker.tasks import CHANGE, ENTRY, STATUS, TASK

_IDS: sa.BindParameter[list[int]] = sa.bindparam("ids", expanding=True)
_TASKS = sa.select(
    TASK.c.id,
    TASK.c.project_id,
    TASK.c.kind_id,
    TASK.c.priority_id,
    TASK.c.author_id,
    TASK.c.assignee_id,
    TASK.c.status_id,
    TASK.c.created_at,
).where(TASK.c.id.in_(_IDS))
_STEPS = (
    sa.select(ENTRY.c.task_id, ENTRY.c.created_at, ENTRY.c.author_id, CHANGE.c.old_value, CHANGE.c.new_value)
    .join_from(ENTRY, CHANGE, CHANGE.c.entry_id == ENTRY.c.id)
    .where(ENTRY.c.task_id.in_(_IDS), CHANGE.c.field == "status")
    .order_by(ENTRY.c.created_at, ENTRY.c.id, CHANGE.c.id)
)
_ANSWERS = (
    sa.select(ENTRY.c.task_id, sa.func.min(ENTRY.c.created_at))
    .join_from(ENTRY, TASK, TASK.c.id == ENTRY.c.task_id)
    .where(ENTRY.c.task_id.in_(_IDS), ENTRY.c.is_private.is_(False), ENTRY.c.author_id != TASK.c.author_id)
    .where(ENTRY.c.notes != "")
    .group_by(ENTRY.c.task_id)
)


def numbers(session: Session, condition: ColumnElement[bool]) -> Sequence[int]:
    """Return the ids of the tasks that match, in their order."""
    return session.scalars(sa.select(TASK.c.id).where(condition).order_by(TASK.c.id)).all()


def tasks(session: Session, ids: Collection[int], condition: ColumnElement[bool]) -> Sequence[Any]:
    """Return (id, project, tracker, priority, author, assignee, status, created_at) of those of these that match."""
    return session.execute(_TASKS.where(condition), {"ids": sorted(ids)}).all()


def steps(session: Session, ids: Collection[int]) -> Sequence[Any]:
    """Return (task id, moment, person, old value, new value) of the changes of status, in their order."""
    return session.execute(_STEPS, {"ids": sorted(ids)}).all()


def answers(session: Session, ids: Collection[int]) -> Sequence[Any]:
    """Return (task id, moment) of the first public comment by somebody else than the author."""
    return session.execute(_ANSWERS, {"ids": sorted(ids)}).all()


def closed(session: Session) -> frozenset[int]:
    """Return the statuses that close a task."""
    return frozenset(session.scalars(sa.select(STATUS.c.id).where(STATUS.c.is_closed.is_(True))))
