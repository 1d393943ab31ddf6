"""Reply templates: a person's own, and those of everybody, which have no person."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.tables import ReplyTemplate

MOST = 100


class Reply(NamedTuple):
    """`position` orders it among a person's own, or among the shared."""

    id: int
    name: str
    text: str
    shared: bool
    position: int


class TooMany(Exception):
    """This person, or everybody together, has MOST already."""


def of_person(session: Session, person_id: int) -> list[Reply]:
    """What this person may insert: own ones first, then the shared, each in their order."""
    rows = session.exec(select(ReplyTemplate).where(_seen_by(person_id)).order_by(*_order())).all()
    return sorted((_reply(row) for row in rows), key=lambda reply: reply.shared)


def names(session: Session, person_id: int) -> list[tuple[int, str]]:
    """Ids and names in the same order, without the texts: what the page of a task has to know."""
    rows = session.exec(NAMES, params={"person": person_id}).all()
    return [(id or 0, name) for id, name, _ in sorted(rows, key=lambda row: row[2] is None)]


def one(session: Session, person_id: int, reply_id: int) -> Reply | None:
    """A template, when it is this person's or everybody's."""
    row = session.exec(select(ReplyTemplate).where(_seen_by(person_id), ReplyTemplate.id == reply_id)).first()
    return _reply(row) if row else None


def add(session: Session, person_id: int | None, name: str, text: str) -> Reply:
    """A new one at the end of its list; without a person it is shared. Raises TooMany."""
    theirs = col(ReplyTemplate.person_id) == person_id if person_id else col(ReplyTemplate.person_id).is_(None)
    count, last = session.exec(select(sa.func.count(), sa.func.max(ReplyTemplate.position)).where(theirs)).one()
    if count >= MOST:
        raise TooMany
    row = ReplyTemplate(person_id=person_id, name=name, text=text, position=(last or 0) + 1)
    session.add(row)
    session.flush()
    return _reply(row)


def change(session: Session, reply: Reply) -> None:
    """Give the template of this id its name, text and position; whose it is does not change."""
    values = {"name": reply.name, "text": reply.text, "position": reply.position}
    session.exec(sa.update(ReplyTemplate).where(col(ReplyTemplate.id) == reply.id).values(**values))


def remove(session: Session, reply_id: int) -> None:
    session.exec(sa.delete(ReplyTemplate).where(col(ReplyTemplate.id) == reply_id))


def _seen_by(person_id: int | sa.BindParameter[int]) -> sa.ColumnElement[bool]:
    return sa.or_(col(ReplyTemplate.person_id) == person_id, col(ReplyTemplate.person_id).is_(None))


def _order() -> tuple[sa.UnaryExpression[int], sa.UnaryExpression[int | None]]:
    return col(ReplyTemplate.position).asc(), col(ReplyTemplate.id).asc()


def _reply(row: ReplyTemplate) -> Reply:
    return Reply(row.id or 0, row.name, row.text, row.person_id is None, row.position)


# Made once, for the page of each task shows them.
NAMES = (
    select(ReplyTemplate.id, ReplyTemplate.name, ReplyTemplate.person_id)
    .where(_seen_by(sa.bindparam("person")))
    .order_by(*_order())
)
