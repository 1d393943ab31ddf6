"""Rows of the embedded tracker's files; the bytes are in `blobs.py`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.tables import Attachment, Person


def of_task(session: Session, task_id: int) -> Sequence[Any]:
    """(Attachment, its author's name and e-mail), in the order in which they came."""
    return session.exec(
        select(Attachment, Person.full_name, Person.email)
        .join(Person, col(Person.id) == col(Attachment.author_id))
        .where(Attachment.task_id == task_id)
        .order_by(col(Attachment.created_at), col(Attachment.id))
    ).all()


def attach(session: Session, token_hash: str, task_id: int) -> str | None:
    """Give a staged file to a task, once, and forget its token; its name, or None when there is no such file."""
    found = session.exec(select(Attachment).where(Attachment.token_hash == token_hash)).first()
    if found is None:
        return None
    staged = (col(Attachment.id) == found.id, col(Attachment.token_hash) == token_hash)
    taken = session.exec(sa.update(Attachment).where(*staged).values(task_id=task_id, token_hash=None))
    return found.filename if taken.rowcount else None


def forget_staged(session: Session, before: datetime) -> list[str]:
    """Take away files that were staged before then and that nobody attached; the names of their blobs."""
    stale = select(Attachment).where(col(Attachment.task_id).is_(None), Attachment.created_at <= before)
    return _forget(session, session.exec(stale).all())


def forget_of_task(session: Session, task_id: int) -> list[str]:
    """Take away a task's files; the names of their blobs, to be forgotten when this is committed."""
    return _forget(session, session.exec(select(Attachment).where(Attachment.task_id == task_id)).all())


def _forget(session: Session, gone: Iterable[Attachment]) -> list[str]:
    listed = list(gone)
    for each in listed:
        session.delete(each)
    return [each.blob for each in listed]
