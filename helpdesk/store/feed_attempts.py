"""Record which events are being worked on, before the work begins: a process that one kills leaves its row behind."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.batches import pieces
from helpdesk.store.models.notifications import FeedAttempt

NOBODY = ""


def begin(session: Session, keys: Iterable[str], holder: str, now: datetime) -> None:
    """Record that `holder` works on these events. The caller holds the lease in this transaction."""
    wanted = list(keys)
    known = {row.key: row for row in _rows(session, wanted)}
    for key in wanted:
        row = known.get(key) or FeedAttempt(key=key, holder=holder, tries=1, at=now)
        if row.holder != holder:
            row.holder, row.tries, row.at = holder, row.tries + 1, now
        session.add(row)
    session.flush()


def left_behind(session: Session, keys: Iterable[str], holder: str) -> dict[str, int]:
    """Count, for each of these events, the other processes that began with it and did not finish. Leave out events
    without any."""
    found = {row.key: row.tries - (row.holder == holder) for row in _rows(session, keys)}
    return {key: tries for key, tries in found.items() if tries}


def end(session: Session, keys: Iterable[str]) -> None:
    """Record that the work on these events ended, whatever the outcome."""
    session.exec(sa.delete(FeedAttempt).where(col(FeedAttempt.key).in_(list(keys))))


def stop(session: Session, holder: str) -> None:
    """Record that `holder` stops by itself, perhaps in the middle of events."""
    mine = col(FeedAttempt.holder) == holder
    session.exec(sa.update(FeedAttempt).where(mine).values(holder=NOBODY, tries=FeedAttempt.tries - 1))
    session.exec(sa.delete(FeedAttempt).where(col(FeedAttempt.holder) == NOBODY, col(FeedAttempt.tries) == 0))


def prune(session: Session, before: datetime) -> None:
    """Delete the records that were begun before then."""
    session.exec(sa.delete(FeedAttempt).where(col(FeedAttempt.at) < before))


def _rows(session: Session, keys: Iterable[str]) -> list[FeedAttempt]:
    asking = (select(FeedAttempt).where(col(FeedAttempt.key).in_(some)) for some in pieces(keys))
    return [row for asked in asking for row in session.exec(asked)]
