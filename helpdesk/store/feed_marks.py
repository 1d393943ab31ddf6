"""How far the change feed was read, and which acts were dealt with: for what it tells again is passed over."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.notification_tables import DealtWith, FeedPosition, fitting

AT_ONCE = 1_000
"""Keys in one statement: SQLite takes so many values."""


class Act(NamedTuple):
    """What pages that show its task are told of an act; statuses are empty where it changed none."""

    key: str
    task_id: int
    is_private: bool
    old_status: str
    new_status: str
    author: str
    happened_at: datetime


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


def deal_with(session: Session, act: Act, now: datetime) -> None:
    """Pass over this act from now on; texts that are too long are cut.

    Raises sqlalchemy's IntegrityError when it was dealt with before.
    """
    session.add(DealtWith(**fitting(DealtWith, act._asdict()), at=now))
    session.flush()


def lately(session: Session, since: datetime) -> list[Act]:
    """The acts that were dealt with at that moment or after it, the earliest first."""
    asked = select(DealtWith).where(col(DealtWith.at) >= since).order_by(col(DealtWith.at), col(DealtWith.key))
    return [Act(*(getattr(row, name) for name in Act._fields)) for row in session.exec(asked)]


def prune(session: Session, before: datetime) -> None:
    """Forget the acts that were dealt with before then."""
    session.exec(sa.delete(DealtWith).where(col(DealtWith.at) < before))
