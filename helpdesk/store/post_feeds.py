"""Store the addresses of people's Atom feeds. A program holds a random token, the store its hash."""

import re
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store import locks, rights
from helpdesk.store.models.posts import PostFeed
from helpdesk.store.models.tables import Person
from helpdesk.store.tokens import hashed

RANDOM_BYTES = 32
SHAPE = re.compile("[A-Za-z0-9_-]{43}")
RECORDED_EVERY = timedelta(hours=1)


class Owner(NamedTuple):
    """The person of a feed, and the last recorded use of it."""

    person_id: int
    used_at: datetime | None


def make(session: Session, person_id: int, now: datetime) -> str:
    """Give the person a new token in place of the one that they have, and return it: it is stored nowhere."""
    locks.person(session, person_id)
    revoke(session, person_id)
    token = token_urlsafe(RANDOM_BYTES)
    session.add(PostFeed(person_id=person_id, token_hash=hashed(token), made_at=now))
    session.flush()
    return token


def revoke(session: Session, person_id: int) -> bool:
    """Take a person's token back. Return False when there was none."""
    return bool(session.exec(sa.delete(PostFeed).where(col(PostFeed.person_id) == person_id)).rowcount)


def of_person(session: Session, person_id: int) -> PostFeed | None:
    """Return when a person's token was made and used."""
    return session.get(PostFeed, person_id)


def owner(session: Session, token: str) -> Owner | None:
    """Return the owner of a token, if the account is open. The same is done for every text that may be a token."""
    if not SHAPE.fullmatch(token):
        return None
    query = sa.select(col(PostFeed.person_id), col(PostFeed.used_at)).join(
        Person, col(Person.id) == col(PostFeed.person_id)
    )
    row = session.execute(query.where(col(PostFeed.token_hash) == hashed(token), rights.ACTIVE)).first()
    return Owner(*row) if row else None


def record_use(session: Session, person_id: int, now: datetime) -> None:
    """Record that a feed is read, unless that was done within an hour."""
    used = col(PostFeed.used_at)
    due = sa.or_(used.is_(None), used <= now - RECORDED_EVERY)
    session.exec(sa.update(PostFeed).where(col(PostFeed.person_id) == person_id, due).values(used_at=now))
