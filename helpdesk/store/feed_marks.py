"""How far the change feed was read, and which acts were dealt with: for what it tells again is passed over."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.notification_tables import DealtWith, FeedPosition

AT_ONCE = 1_000
"""Keys in one statement: SQLite takes so many values."""


def position(session: Session, name: str) -> FeedPosition | None:
    """Where to read on."""
    return session.get(FeedPosition, name)


def keep(session: Session, name: str, place: str, as_of: datetime) -> None:
    """Read on at `place`: all that had happened by `as_of` has been told."""
    session.merge(FeedPosition(name=name, position=place, as_of=as_of))
    session.flush()


def dealt_with(session: Session, keys: Iterable[str]) -> set[str]:
    """Those of the acts that were dealt with."""
    found, left = set[str](), iter(keys)
    while part := list(islice(left, AT_ONCE)):
        found.update(session.exec(select(DealtWith.key).where(col(DealtWith.key).in_(part))))
    return found


def deal_with(session: Session, key: str, now: datetime) -> None:
    """Pass over this act from now on. Raises sqlalchemy's IntegrityError when it was dealt with before."""
    session.add(DealtWith(key=key, at=now))
    session.flush()


def prune(session: Session, before: datetime) -> None:
    """Forget the acts that were dealt with before then."""
    session.exec(sa.delete(DealtWith).where(col(DealtWith.at) < before))
