"""Store the news of the network monitor, until all people have been notified of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import numbered_events
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostNews

MOST_AT_ONCE = 2_000
NEWS = table(HostNews).c
KINDS = ("host_down", "host_up", "host_expiring")


def event(kind: str, host_id: int, number: int) -> str:
    """Return the event of news of one host; the number is that of its incident, or when its certificate ends."""
    return f"{_start(kind, host_id)}{number}"


def _start(kind: str, host_id: int) -> str:
    return f"{kind}.{host_id}."


def add(session: Session, kind: str, event: str, subject: str, now: datetime) -> None:
    """Store what people are to be notified of, in the transaction of what led to it."""
    session.add(HostNews(kind=kind, event=event, subject=subject, happened_at=now))


def is_waiting(session: Session) -> bool:
    """Tell whether somebody is still to be notified of anything."""
    return session.execute(sa.select(NEWS.id).limit(1)).first() is not None


def gather(session: Session, many: Mapping[str, str], most: int) -> list[int]:
    """Return the ids of what waits, in its order.

    More than `most` of one kind become one of the kind that `many` names, whose subject is their number. What is not
    read yet is left for the next time, when it is joined as well.
    """
    rows = session.exec(select(HostNews).order_by(col(HostNews.id)).limit(MOST_AT_ONCE)).all()
    if not rows:
        return []
    last = rows[-1].id
    for kind, of_many in many.items():
        alike = [row for row in rows if row.kind == kind and not row.told_to]
        if len(alike) > most:
            _join(session, alike, of_many)
    return list(session.execute(sa.select(NEWS.id).where(NEWS.id <= last).order_by(NEWS.id)).scalars())


def _join(session: Session, rows: Sequence[HostNews], kind: str) -> None:
    first, *others = rows
    # Not the number of a host, which would be that of a page.
    first.kind, first.event, first.subject = kind, f"{kind}.many.{first.id}", str(len(rows))
    session.add(first)
    for row in others:
        session.delete(row)
    session.flush()


def one(session: Session, news_id: int) -> HostNews | None:
    """Return what waits, None when it has been told."""
    return session.get(HostNews, news_id, populate_existing=True)


def note_progress(session: Session, row: HostNews, told_to: int) -> None:
    """Note that all people up to this id have been notified."""
    row.told_to = told_to
    session.add(row)


def finish(session: Session, row: HostNews) -> None:
    """Delete news of which all people have been notified."""
    session.delete(row)


def take_back(session: Session, host_id: int) -> set[int]:
    """Delete what people have been notified of about a host, and what they were to be. Return who had a notification.

    The caller has waited for the holder of the sampler's lease, who may just be notifying people.
    """
    people = set[int]()
    for kind in KINDS:
        start = _start(kind, host_id)
        session.execute(sa.delete(HostNews).where(numbered_events.numbered(NEWS.event, start)))
        people |= numbered_events.take_back(session, start)
    return people
