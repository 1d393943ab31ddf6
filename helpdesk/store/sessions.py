"""Server-side sessions. The browser holds a random id, we hold its hash."""

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import tables
from helpdesk.store.tables import Person

SHORT = timedelta(hours=12)
LONG = timedelta(days=30)


# Made once, for it is asked with every request.
LASTING = (
    select(Person, tables.Session.expires_at)
    .join(tables.Session, col(tables.Session.person_id) == col(Person.id))
    .where(
        col(tables.Session.id_hash) == sa.bindparam("id_hash"),
        col(tables.Session.expires_at) > sa.bindparam("now"),
        col(Person.is_active).is_(True),
    )
)


LASTING_OF = (
    select(tables.Session.id_hash)
    .join(Person, col(tables.Session.person_id) == col(Person.id))
    .where(col(Person.is_active).is_(True))
)


class Found(NamedTuple):
    person: Person
    mark: str
    expires_at: datetime


def hashed(session_id: str) -> str:
    return sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()


def begin(
    session: Session, person_id: int, now: datetime, remember: bool, address: str, user_agent: str
) -> tuple[str, timedelta]:
    """Open a session: its new random id and how long it lasts. Sessions that ran out are cleared away."""
    lasts = LONG if remember else SHORT
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


def find(session: Session, session_id: str, now: datetime) -> Found | None:
    """Whose session this is, while it lasts and the account is active."""
    row = session.exec(LASTING, params={"id_hash": hashed(session_id), "now": now}).first()
    return Found(row[0], hashed(session_id), row[1]) if row else None


def lasting(session: Session, marks: Collection[str], now: datetime) -> frozenset[str]:
    """Those of the sessions that go on: not over, and of an active account."""
    asked = LASTING_OF.where(col(tables.Session.id_hash).in_(marks), col(tables.Session.expires_at) > now)
    return frozenset(session.exec(asked))


def end(session: Session, session_id: str) -> None:
    session.exec(sa.delete(tables.Session).where(col(tables.Session.id_hash) == hashed(session_id)))


def end_all(session: Session, person_id: int) -> None:
    """Sign the person out on every device."""
    session.exec(sa.delete(tables.Session).where(col(tables.Session.person_id) == person_id))
