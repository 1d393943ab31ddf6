"""Take back all notifications of something that has many events, whose names are the same start and a number."""

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.notifications import NOTIFICATION
from helpdesk.store.outbox import OUTBOX, WAITING


def take_back(session: Session, start: str) -> set[int]:
    """Delete the notifications of these events, and what waits to be sent of them. Return the people who had them."""
    session.execute(sa.delete(OUTBOX).where(numbered(OUTBOX.c.event, start), OUTBOX.c.state == WAITING))
    of_them = numbered(NOTIFICATION.c.event, start)
    people = set(session.execute(sa.select(NOTIFICATION.c.person_id).where(of_them).distinct()).scalars())
    if people:
        session.execute(sa.delete(NOTIFICATION).where(of_them))
    return people


def numbered(event: sa.ColumnElement[str], start: str) -> sa.ColumnElement[bool]:
    """Return the condition for these events."""
    # An index serves the range, which may hold others, too, where a collation passes over signs.
    return sa.and_(event.between(start, f"{start}z"), event.startswith(start, autoescape=True))
