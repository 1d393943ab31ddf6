"""Query whose the embedded tracker's tasks are. Tasks of archived projects are left out."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.tracker.tasks import PROJECT, TASK

MOST_CHARACTERS = 1000
"""Of the column `requester`."""
OPEN_PROJECTS = sa.select(PROJECT.c.id).where(PROJECT.c.is_archived.is_(False))


def ownerships(session: Session, condition: sa.ColumnElement[bool], limit: int) -> Iterator[Any]:
    """Yield (id, author_id, requester, status_id, updated_at) of tasks, those changed last first."""
    columns = sa.select(*(TASK.c[name] for name in ("id", "author_id", "requester", "status_id", "updated_at")))
    chosen = columns.where(condition, TASK.c.project_id.in_(OPEN_PROJECTS))
    return iter(session.execute(chosen.order_by(TASK.c.updated_at.desc(), TASK.c.id.desc()).limit(limit)))


def of_author(author_id: int) -> sa.ColumnElement[bool]:
    return TASK.c.author_id == author_id


def with_requester(texts: Collection[str]) -> sa.ColumnElement[bool]:
    """Match the tasks whose requesters contain one of these texts in any case."""
    matches = [TASK.c.requester.icontains(text, autoescape=True) for text in sorted(texts)]
    return sa.or_(sa.false(), *matches)


def among(task_ids: Collection[int]) -> sa.ColumnElement[bool]:
    return TASK.c.id.in_(task_ids)


def place(session: Session, task_id: int) -> Any | None:
    """Return (project_id, status_id) of a task."""
    query = sa.select(TASK.c.project_id, TASK.c.status_id).where(TASK.c.id == task_id)
    return session.execute(query).one_or_none()


def open_projects(session: Session) -> Sequence[int]:
    return session.execute(OPEN_PROJECTS).scalars().all()


def remove_requesters(session: Session, task_id: int, rest: Callable[[str], str]) -> None:
    """Leave of the addresses of those who asked for a task what `rest` returns. The task's row is locked."""
    text = session.execute(sa.select(TASK.c.requester).where(TASK.c.id == task_id)).scalar_one()
    session.execute(sa.update(TASK).where(TASK.c.id == task_id).values(requester=rest(text)))


def add_requester(session: Session, task_id: int, address: str) -> None:
    """Add the address of somebody who asked for a task, if there is room for it."""
    room = sa.func.char_length(TASK.c.requester) + len(address) + 2 <= MOST_CHARACTERS
    longer = sa.case((TASK.c.requester == "", address), else_=TASK.c.requester + f", {address}")
    session.execute(sa.update(TASK).where(TASK.c.id == task_id, room).values(requester=longer))
