"""Store the rows of the embedded backend's files; `store/blobs.py` has their content."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models.tables import Attachment, Person


def of_task(session: Session, task_id: int) -> Sequence[Any]:
    """Return a task's attachments with the names and e-mails of their authors, in the order of their creation."""
    return session.exec(
        select(Attachment, Person.full_name, Person.email)
        .join(Person, col(Person.id) == col(Attachment.author_id))
        .where(Attachment.task_id == task_id)
        .order_by(col(Attachment.created_at), col(Attachment.id))
    ).all()


def attach(session: Session, token_hash: str, task_id: int) -> tuple[int, str] | None:
    """Attach a staged file to a task, once, and delete its token.

    Return its id and name, or None when there is no such file.
    """
    row = session.exec(select(Attachment).where(Attachment.token_hash == token_hash)).first()
    if row is None or row.id is None:
        return None
    staged = (col(Attachment.id) == row.id, col(Attachment.token_hash) == token_hash)
    taken = session.exec(sa.update(Attachment).where(*staged).values(task_id=task_id, token_hash=None))
    return (row.id, row.filename) if taken.rowcount else None


def delete_staged(session: Session, before: datetime) -> list[str]:
    """Delete files that were staged before then and never attached, and return the names of their blobs."""
    return _delete(session, col(Attachment.task_id).is_(None), col(Attachment.created_at) <= before)


def delete_of_task(session: Session, task_id: int) -> list[str]:
    """Delete a task's files and return the names of their blobs, to be deleted after the commit."""
    return _delete(session, col(Attachment.task_id) == task_id)


def _delete(session: Session, *which: sa.ColumnElement[bool]) -> list[str]:
    """Delete files and return their blobs; they are locked first, so that none is attached meanwhile."""
    gone = session.exec(select(Attachment.id, Attachment.blob).where(*which).with_for_update()).all()
    session.exec(sa.delete(Attachment).where(col(Attachment.id).in_([number for number, _ in gone])))
    return [blob for _, blob in gone]
