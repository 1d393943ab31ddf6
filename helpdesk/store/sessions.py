"""Store sessions on the server. The browser holds a random id, the store its hash."""

from collections.abc import Collection
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import rights
from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person
from helpdesk.store.tokens import hashed

IDLE = timedelta(hours=12)
LONG = timedelta(days=30)
STEPS = 20  # the parts of `idle` after which a use is recorded, so that not every request writes


# Built once, since every request runs it.
LASTING = (
    select(Person, tables.Session.expires_at, tables.Session.created_at, rights.HELD)
    .join(tables.Session, col(tables.Session.person_id) == col(Person.id))
    .where(
        col(tables.Session.id_hash) == sa.bindparam("id_hash"),
        col(tables.Session.expires_at).between(sa.bindparam("now"), sa.bindparam("latest")),
        col(Person.is_active).is_(True),
    )
)


LASTING_OF = (
    select(tables.Session.id_hash)
    .join(Person, col(tables.Session.person_id) == col(Person.id))
    .where(col(Person.is_active).is_(True))
)


class StoredSession(NamedTuple):
    person: Person
    mark: str
    expires_at: datetime
    created_at: datetime
    rights: frozenset[str]


def begin(
    session: Session,
    person_id: int,
    now: datetime,
    remember: bool,
    address: str,
    user_agent: str,
    idle: timedelta = IDLE,
) -> tuple[str, timedelta]:
    """Open a session and return its random id and how long it lasts unless it is used. Expired sessions are deleted.

    With `remember` a session lasts LONG, used or not; others end when they were not used for `idle`.
    """
    lasts = LONG if remember else idle
    session.exec(sa.delete(tables.Session).where(col(tables.Session.expires_at) <= now))
    session.exec(sa.update(Person).where(col(Person.id) == person_id).values(last_seen=now))
    session_id = token_urlsafe(32)
    session.add(
        tables.Session(
            id_hash=hashed(session_id),
            person_id=person_id,
            created_at=now,
            expires_at=now + lasts,
            address=address[:60],
            user_agent=user_agent[:200],
        )
    )
    return session_id, lasts


def find(session: Session, session_id: str, now: datetime) -> StoredSession | None:
    """Return the session and its person, while it lasts and the account is active."""
    moments = {"now": now, "latest": _latest(now)}
    row = session.exec(LASTING, params={"id_hash": hashed(session_id), **moments}).first()
    return StoredSession(row[0], hashed(session_id), row[1], row[2], rights.names(row[3])) if row else None


def is_due(row: StoredSession, now: datetime, idle: timedelta) -> bool:
    """Tell whether it is time to record that the session is used."""
    return _end(row.created_at, now, idle) - row.expires_at >= idle / STEPS


def use(session: Session, mark: str, now: datetime, idle: timedelta) -> None:
    """Extend the session to `idle` from now, at most to LONG after its beginning."""
    row = session.get(tables.Session, mark)
    if row is not None:
        row.expires_at = max(row.expires_at, _end(row.created_at, now, idle))


def lasting(session: Session, marks: Collection[str], now: datetime) -> frozenset[str]:
    """Return which of the sessions have not ended and belong to an active account."""
    goes_on = col(tables.Session.expires_at).between(now, _latest(now))
    query = LASTING_OF.where(col(tables.Session.id_hash).in_(marks), goes_on)
    return frozenset(session.exec(query))


def _latest(now: datetime) -> datetime:
    """Return the latest possible end of a session; a later one was begun when a clock was ahead."""
    return now + LONG + AHEAD


def end(session: Session, session_id: str) -> None:
    session.exec(sa.delete(tables.Session).where(col(tables.Session.id_hash) == hashed(session_id)))


def end_all(session: Session, person_id: int) -> None:
    """Sign the person out on every device."""
    session.exec(sa.delete(tables.Session).where(col(tables.Session.person_id) == person_id))


def _end(created_at: datetime, used_at: datetime, idle: timedelta) -> datetime:
    return min(used_at + idle, created_at + LONG)
