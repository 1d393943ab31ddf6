"""Query whose the embedded tracker's tasks are. Tasks of archived projects are left out."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.tracker.tasks import PROJECT, TASK

OPEN_PROJECTS = sa.select(PROJECT.c.id).where(PROJECT.c.is_archived.is_(False))


def ownerships(session: Session, condition: sa.ColumnElement[bool], limit: int) -> Sequence[Any]:
    """Return (id, author_id, requester) of tasks, those changed last first."""
    columns = sa.select(TASK.c.id, TASK.c.author_id, TASK.c.requester)
    chosen = columns.where(condition, TASK.c.project_id.in_(OPEN_PROJECTS))
    return session.execute(chosen.order_by(TASK.c.updated_at.desc(), TASK.c.id.desc()).limit(limit)).all()


def with_requester(author_id: int | None, texts: Collection[str]) -> sa.ColumnElement[bool]:
    """Match the tasks of an author, and those whose requesters contain one of these texts in any case."""
    matches = [TASK.c.requester.icontains(text, autoescape=True) for text in sorted(texts)]
    return sa.or_(sa.false(), *([TASK.c.author_id == author_id] if author_id else []), *matches)


def among(task_ids: Collection[int]) -> sa.ColumnElement[bool]:
    return TASK.c.id.in_(task_ids)


def place(session: Session, task_id: int) -> Any | None:
    """Return (project_id, status_id) of a task."""
    query = sa.select(TASK.c.project_id, TASK.c.status_id).where(TASK.c.id == task_id)
    return session.execute(query).one_or_none()


def open_projects(session: Session) -> Sequence[int]:
    return session.execute(OPEN_PROJECTS).scalars().all()
