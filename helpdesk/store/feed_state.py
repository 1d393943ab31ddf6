"""Store how far the feed was read, which events were processed, and which are being worked on.

Processed events are skipped when the feed repeats them. An attempt is recorded before the work on an event begins: a
process that an event kills leaves its row behind.
"""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.clock_skew import is_ahead
from helpdesk.store.database import in_batches
from helpdesk.store.models import fitting, table
from helpdesk.store.models.notifications import EventRecord, FeedAttempt, FeedCursor, ProcessedEvent

NOBODY = ""
GONE = "gone."
"""The beginning of the key of an event that no feed has: a task was deleted here."""

PROCESSED = table(ProcessedEvent)
COLUMNS = [PROCESSED.c[name] for name in EventRecord._fields]


def cursor(session: Session, name: str) -> FeedCursor | None:
    """Return where to read on."""
    return session.get(FeedCursor, name)


def future_moment(session: Session, now: datetime) -> datetime | None:
    """Return a moment in the future as of which the feed was read: a clock was ahead. None when there is none."""
    moments = session.exec(select(FeedCursor.as_of)).all()
    return next((moment for moment in moments if is_ahead(moment, now)), None)


def save_cursor(session: Session, name: str, position: str, as_of: datetime) -> None:
    """Store that reading goes on at `position`, and that every event until `as_of` was processed."""
    session.merge(FeedCursor(name=name, position=position, as_of=as_of))
    session.flush()


def processed(session: Session, keys: Iterable[str]) -> set[str]:
    """Return those of these keys whose events were processed."""
    queries = (sa.select(PROCESSED.c.key).where(PROCESSED.c.key.in_(batch)) for batch in in_batches(keys))
    return {key for query in queries for key in session.execute(query).scalars()}


def mark_processed(session: Session, record: EventRecord, now: datetime) -> bool:
    """Skip this event from now on, and return False when it was processed before. Cut texts that are too long."""
    try:
        with session.begin_nested():
            session.add(ProcessedEvent(**fitting(ProcessedEvent, record._asdict()), at=now))
    except IntegrityError:
        return False
    return True


def deleted(task_id: int, now: datetime) -> EventRecord:
    """Return the event that tells pages of the deletion of a task."""
    return EventRecord(f"{GONE}{task_id}", task_id, False, "", "", "", now)


def processed_since(session: Session, since: datetime, limit: int | None = None) -> list[EventRecord]:
    """Return the events processed at that moment or later, the earliest first; at most `limit`."""
    query = sa.select(*COLUMNS).where(PROCESSED.c.at >= since).order_by(PROCESSED.c.at, PROCESSED.c.key)
    return [EventRecord(*row) for row in session.execute(query.limit(limit))]


def prune(session: Session, before: datetime) -> None:
    """Delete the events that were processed, and the attempts that were begun, before then."""
    session.exec(sa.delete(PROCESSED).where(PROCESSED.c.at < before))
    session.exec(sa.delete(FeedAttempt).where(col(FeedAttempt.at) < before))


def begin_attempts(session: Session, keys: Iterable[str], holder: str, now: datetime) -> None:
    """Record that `holder` works on these events. The caller holds the lease in this transaction."""
    keys = list(keys)
    known = {row.key: row for row in _attempts(session, keys)}
    for key in keys:
        row = known.get(key) or FeedAttempt(key=key, holder=holder, tries=1, at=now)
        if row.holder != holder:
            row.holder, row.tries, row.at = holder, row.tries + 1, now
        session.add(row)
    session.flush()


def left_behind(session: Session, keys: Iterable[str], holder: str) -> dict[str, int]:
    """Count, for each of these events, the other processes that began with it and did not finish. Leave out events
    without any."""
    others = {row.key: row.tries - (row.holder == holder) for row in _attempts(session, keys)}
    return {key: tries for key, tries in others.items() if tries}


def end_attempts(session: Session, keys: Iterable[str]) -> None:
    """Record that the work on these events ended, whatever the outcome."""
    session.exec(sa.delete(FeedAttempt).where(col(FeedAttempt.key).in_(list(keys))))


def stop_attempts(session: Session, holder: str) -> None:
    """Record that `holder` stops by itself, perhaps in the middle of events."""
    own = col(FeedAttempt.holder) == holder
    session.exec(sa.update(FeedAttempt).where(own).values(holder=NOBODY, tries=FeedAttempt.tries - 1))
    session.exec(sa.delete(FeedAttempt).where(col(FeedAttempt.holder) == NOBODY, col(FeedAttempt.tries) == 0))


def _attempts(session: Session, keys: Iterable[str]) -> list[FeedAttempt]:
    queries = (select(FeedAttempt).where(col(FeedAttempt.key).in_(batch)) for batch in in_batches(keys))
    return [row for query in queries for row in session.exec(query)]
