"""Store reply templates: personal ones, and shared ones, which have no person and are only for staff."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.tables import ReplyTemplate

MOST_IN_LIST = 100


class Reply(NamedTuple):
    """A template; `position` orders it among the personal or the shared ones."""

    id: int
    name: str
    text: str
    shared: bool
    position: int


class TooMany(Exception):
    """This person, or everybody together, has MOST_IN_LIST already."""


def of_person(session: Session, person_id: int, with_shared: bool) -> list[Reply]:
    """Return the templates that this person may insert: personal ones first, then shared ones, by position."""
    rows = session.exec(select(ReplyTemplate).where(_insertable_by(person_id)).order_by(*_order())).all()
    replies = (_reply(row) for row in rows if with_shared or row.person_id)
    return sorted(replies, key=lambda reply: reply.shared)


def names(session: Session, person_id: int, with_shared: bool) -> list[tuple[int, str]]:
    """Return ids and names in the same order, without the texts, for the page of a task."""
    rows = session.exec(NAMES, params={"person": person_id}).all()
    ordered = sorted(rows, key=lambda row: row[2] is None)
    return [(id or 0, name) for id, name, owner in ordered if with_shared or owner]


def one(session: Session, person_id: int, reply_id: int, with_shared: bool) -> Reply | None:
    """Return a template that this person may insert, or None."""
    row = session.exec(select(ReplyTemplate).where(_insertable_by(person_id), ReplyTemplate.id == reply_id)).first()
    return _reply(row) if row and (with_shared or row.person_id) else None


def add(session: Session, person_id: int | None, name: str, text: str) -> Reply:
    """Add a template at the end of its list; without a person it is shared. Raises TooMany."""
    locks.person(session, person_id) if person_id else locks.everybody(session)
    own = col(ReplyTemplate.person_id) == person_id if person_id else col(ReplyTemplate.person_id).is_(None)
    count, last = session.exec(select(sa.func.count(), sa.func.max(ReplyTemplate.position)).where(own)).one()
    if count >= MOST_IN_LIST:
        raise TooMany
    row = ReplyTemplate(person_id=person_id, name=name, text=text, position=(last or 0) + 1)
    session.add(row)
    session.flush()
    return _reply(row)


def change(session: Session, reply_id: int, name: str, text: str, position: int | None) -> Reply | None:
    """Change the name, the text and, if given, the position of a template. Return None when it no longer exists.

    Its owner does not change.
    """
    values = {"name": name, "text": text} | ({} if position is None else {"position": position})
    session.exec(sa.update(ReplyTemplate).where(col(ReplyTemplate.id) == reply_id).values(**values))
    row = session.get(ReplyTemplate, reply_id)
    return _reply(row) if row else None


def remove(session: Session, reply_id: int) -> None:
    session.exec(sa.delete(ReplyTemplate).where(col(ReplyTemplate.id) == reply_id))


def _insertable_by(person_id: int | sa.BindParameter[int]) -> sa.ColumnElement[bool]:
    return sa.or_(col(ReplyTemplate.person_id) == person_id, col(ReplyTemplate.person_id).is_(None))


def _order() -> tuple[sa.UnaryExpression[int], sa.UnaryExpression[int | None]]:
    return col(ReplyTemplate.position).asc(), col(ReplyTemplate.id).asc()


def _reply(row: ReplyTemplate) -> Reply:
    return Reply(row.id or 0, row.name, row.text, row.person_id is None, row.position)


# Built once, since each task page runs it.
NAMES = (
    select(ReplyTemplate.id, ReplyTemplate.name, ReplyTemplate.person_id)
    .where(_insertable_by(sa.bindparam("person")))
    .order_by(*_order())
)
