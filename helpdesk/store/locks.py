"""Lock rows, so that what a transaction has read still holds when it writes.

A transaction that reads and then writes takes one of these locks before it reads, unless a constraint or the condition
of an update is enough. Locks are held until the transaction ends. SQLite needs none, since a writer has the whole
store. Only existing rows are locked, because waiting for a row that another transaction inserts leads to deadlocks;
and their keys are not locked, so that rows that refer to them can be written meanwhile.
"""

from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models.posts import Post
from helpdesk.store.models.tables import Meta, Person, Project, Task


def everybody(session: Session) -> None:
    """Lock what belongs to nobody in particular. All other such writers wait, so keep it to a statement or two."""
    _lock(session, Meta.name, col(Meta.name) == "kind")


def person(session: Session, person_id: int) -> None:
    """Lock what belongs to this person."""
    _lock(session, Person.id, col(Person.id) == person_id)


def post(session: Session, post_id: int) -> None:
    """Lock a post, so that nobody edits or deletes it meanwhile."""
    _lock(session, Post.id, col(Post.id) == post_id)


def tasks_below_each_other(session: Session, project_id: int) -> None:
    """Lock the parents and children among a project's tasks in the embedded backend."""
    _lock(session, Project.id, col(Project.id) == project_id)


def tasks_around(session: Session, task_id: int) -> None:
    """Lock the same for a task's project. Call it before the task itself is locked, as others do."""
    its = select(Task.project_id).where(col(Task.id) == task_id).scalar_subquery()
    _lock(session, Project.id, col(Project.id) == its)


def _lock(session: Session, key: Any, which: sa.ColumnElement[bool]) -> None:
    if session.get_bind().dialect.name != "sqlite":
        session.execute(sa.select(col(key)).where(which).with_for_update(key_share=True)).first()
