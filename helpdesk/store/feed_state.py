"""Store how far the feed was read and which events were processed: those are skipped when the feed repeats them."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from helpdesk.store.batches import pieces
from helpdesk.store.clock_skew import is_ahead
from helpdesk.store.models.notifications import DealtWith, EventRecord, FeedCursor, fitting
from helpdesk.store.tracker.tasks import table

GONE = "gone."
"""The beginning of the key of an event that no feed has: a task was deleted here."""

DEALT_WITH = table(DealtWith)
COLUMNS = [DEALT_WITH.c[name] for name in EventRecord._fields]


def position(session: Session, name: str) -> FeedCursor | None:
    """Return where to read on."""
    return session.get(FeedCursor, name)


def moment_to_come(session: Session, now: datetime) -> datetime | None:
    """Return a moment in the future as of which the feed was read: a clock was ahead. None when there is none."""
    moments = session.exec(select(FeedCursor.as_of)).all()
    return next((moment for moment in moments if is_ahead(moment, now)), None)


def keep(session: Session, name: str, place: str, as_of: datetime) -> None:
    """Store that reading goes on at `place`, and that every event until `as_of` was processed."""
    session.merge(FeedCursor(name=name, position=place, as_of=as_of))
    session.flush()


def dealt_with(session: Session, keys: Iterable[str]) -> set[str]:
    """Return those of these keys whose events were processed."""
    asking = (sa.select(DEALT_WITH.c.key).where(DEALT_WITH.c.key.in_(some)) for some in pieces(keys))
    return {key for asked in asking for key in session.execute(asked).scalars()}


def deal_with(session: Session, record: EventRecord, now: datetime) -> bool:
    """Skip this event from now on, and return False when it was processed before. Cut texts that are too long."""
    try:
        with session.begin_nested():
            session.add(DealtWith(**fitting(DealtWith, record._asdict()), at=now))
    except IntegrityError:
        return False
    return True


def deleted(task_id: int, now: datetime) -> EventRecord:
    """Return the event that tells pages of the deletion of a task."""
    return EventRecord(f"{GONE}{task_id}", task_id, False, "", "", "", now)


def lately(session: Session, since: datetime, limit: int | None = None) -> list[EventRecord]:
    """Return the events processed at that moment or later, the earliest first; at most `limit`."""
    asked = sa.select(*COLUMNS).where(DEALT_WITH.c.at >= since).order_by(DEALT_WITH.c.at, DEALT_WITH.c.key)
    return [EventRecord(*row) for row in session.execute(asked.limit(limit))]


def prune(session: Session, before: datetime) -> None:
    """Delete the events that were processed before then."""
    session.exec(sa.delete(DEALT_WITH).where(DEALT_WITH.c.at < before))
