"""Store sessions on the server. The browser holds a random id, the store its hash."""

from collections.abc import Collection
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import audit, devices, rights
from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.database import in_batches
from helpdesk.store.models import tables
from helpdesk.store.models.tables import ApiToken, Person
from helpdesk.store.tokens import hashed

IDLE = timedelta(hours=12)
LONG = timedelta(days=30)
NOBODY = sa.false()
"""A condition that fits no person."""
STEPS = 20  # the parts of `idle` after which a use is recorded, so that not every request writes


# Built once, since every request runs it.
LASTING = (
    sa.select(
        *rights.WHO,
        col(tables.Session.expires_at),
        col(tables.Session.created_at),
        col(tables.Session.last_used),
        rights.HELD.label("held"),
    )
    .join(tables.Session, col(tables.Session.person_id) == col(Person.id))
    .where(
        col(tables.Session.id_hash) == sa.bindparam("id_hash"),
        col(tables.Session.expires_at).between(sa.bindparam("now"), sa.bindparam("latest")),
        rights.ACTIVE,
    )
)


class StoredSession(NamedTuple):
    """A session; `person` is a row of the columns `rights.WHO`."""

    person: Any
    mark: str
    expires_at: datetime
    created_at: datetime
    last_used: datetime | None
    rights: frozenset[str]


class Device(NamedTuple):
    """A session as its person sees it; `mark` names it."""

    mark: str
    user_agent: str
    address: str
    created_at: datetime
    last_used: datetime
    expires_at: datetime


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
            last_used=now,
            address=address[:60],
            user_agent=user_agent[:200],
        )
    )
    return session_id, lasts


def find(session: Session, session_id: str, now: datetime) -> StoredSession | None:
    """Return the session and its person, while it lasts and the account is active."""
    moments = {"now": now, "latest": _latest(now)}
    row = session.execute(LASTING, {"id_hash": hashed(session_id), **moments}).first()
    if row is None:
        return None
    times = row.expires_at, row.created_at, row.last_used
    return StoredSession(row, hashed(session_id), *times, rights.names(row.held))


def is_due(row: StoredSession, now: datetime, idle: timedelta) -> bool:
    """Tell whether it is time to record that the session is used."""
    return row.last_used is None or now - row.last_used >= idle / STEPS


def use(session: Session, mark: str, now: datetime, idle: timedelta) -> None:
    """Record the use, and extend the session to `idle` from now, at most to LONG after its beginning."""
    row = session.get(tables.Session, mark)
    if row is not None:
        row.last_used, row.expires_at = now, max(row.expires_at, _end(row.created_at, now, idle))


def note_seen(session: Session, people: Collection[int], now: datetime) -> None:
    """Record that these people were seen."""
    for batch in in_batches(people):
        session.exec(sa.update(Person).where(col(Person.id).in_(batch)).values(last_seen=now))


def of_person(session: Session, person_id: int, now: datetime) -> list[Device]:
    """Return the person's sessions that last, the one that was used last first."""
    goes_on = col(tables.Session.expires_at).between(now, _latest(now))
    rows = session.exec(select(tables.Session).where(tables.Session.person_id == person_id, goes_on))
    devices = [
        Device(it.id_hash, it.user_agent, it.address, it.created_at, it.last_used or it.created_at, it.expires_at)
        for it in rows
    ]
    return sorted(devices, key=lambda device: (device.last_used, device.mark), reverse=True)


def lasting(
    session: Session, marks: Collection[str], now: datetime, unless: sa.ColumnElement[bool] = NOBODY
) -> frozenset[str]:
    """Return which of the sessions and tokens are valid and belong to an active account, by one query.

    `unless` is a condition under which people are left out.
    """
    goes_on = col(tables.Session.expires_at).between(now, _latest(now))
    valid = sa.or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > now)
    parts = [
        sa.select(mark)
        .join(Person, col(owner) == col(Person.id))
        .where(mark.in_(marks), is_valid, rights.ACTIVE, ~unless)
        for mark, owner, is_valid in (
            (col(tables.Session.id_hash), tables.Session.person_id, goes_on),
            (col(ApiToken.token_hash), ApiToken.person_id, valid),
        )
    ]
    return frozenset(session.scalars(sa.union_all(*parts)))


def _latest(now: datetime) -> datetime:
    """Return the latest possible end of a session; a later one was begun when a clock was ahead."""
    return now + LONG + AHEAD


def mark_of(session_id: str) -> str:
    """Return what names a session and opens nothing."""
    return hashed(session_id)


def follow(session: Session, mark: str, next_id: str, person_id: int) -> None:
    """Let a person's devices follow from a session into the next one in the same browser; those of others end."""
    devices.follow_session(session, mark, hashed(next_id), person_id)


def replace(session: Session, session_id: str, next_id: str, person_id: int) -> None:
    """End a session because this person has begun the next one in the same browser, whose devices follow."""
    follow(session, hashed(session_id), next_id, person_id)
    session.exec(sa.delete(tables.Session).where(col(tables.Session.id_hash) == hashed(session_id)))


def end(session: Session, session_id: str) -> None:
    """Sign somebody out, who gets no pushes any more where they signed out."""
    devices.forget_sessions(session, [hashed(session_id)])
    session.exec(sa.delete(tables.Session).where(col(tables.Session.id_hash) == hashed(session_id)))


def end_one(session: Session, person_id: int, mark: str) -> bool:
    """Sign the person out on one device. Return False if the person has no such session."""
    mine = sa.and_(col(tables.Session.person_id) == person_id, col(tables.Session.id_hash) == mark)
    found = session.exec(sa.delete(tables.Session).where(mine)).rowcount > 0
    if found:
        devices.forget_sessions(session, [mark])
        audit.note(session, None, "session_ended", person_id)
    return found


def end_all(session: Session, person_id: int, but: str = "") -> None:
    """Sign the person out on every device, but for the session with the mark `but`."""
    other = col(tables.Session.id_hash) != but
    mine = col(tables.Session.person_id) == person_id
    by_token = session.exec(select(ApiToken.token_hash).where(ApiToken.person_id == person_id)).all()
    devices.forget_all(session, [person_id], [but, *by_token] if but else by_token)
    if count := session.exec(sa.delete(tables.Session).where(mine, other)).rowcount:
        audit.note(session, None, "sessions_ended", person_id, {"count": count})


def _end(created_at: datetime, used_at: datetime, idle: timedelta) -> datetime:
    return min(used_at + idle, created_at + LONG)
