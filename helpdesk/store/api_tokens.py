"""Store the tokens by which programs act as their people. A program holds a random token, the store its hash."""

import re
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import audit, devices, locks, post_feeds, rights
from helpdesk.store.models.tables import ApiToken, Person
from helpdesk.store.tokens import hashed

PREFIX = "hd_"
RANDOM_BYTES = 32
SHAPE = re.compile(PREFIX + "[A-Za-z0-9_-]{43}")
READ, WRITE = "read", "write"
"""The scopes of tokens."""
MOST_OF_PERSON = 20
RECORDED_EVERY = timedelta(minutes=1)

# Built once, since every request with a token runs it.
VALID = (
    sa.select(
        *rights.WHO,
        col(ApiToken.id).label("token_id"),
        col(ApiToken.scope),
        col(ApiToken.last_used),
        rights.HELD.label("held"),
    )
    .join(ApiToken, col(ApiToken.person_id) == col(Person.id))
    .where(
        col(ApiToken.token_hash) == sa.bindparam("token_hash"),
        sa.or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > sa.bindparam("now")),
        rights.ACTIVE,
    )
)


class StoredToken(NamedTuple):
    """A token; `person` is a row of the columns `rights.WHO`."""

    person: Any
    mark: str
    id: int
    scope: str
    last_used: datetime | None
    rights: frozenset[str]


class Token(NamedTuple):
    """A token as its person sees it."""

    id: int
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None


class TooMany(Exception):
    """This person has MOST_OF_PERSON already."""


def find(session: Session, token: str, now: datetime) -> StoredToken | None:
    """Return the token and its person, unless it was revoked or has expired, or the account is not active."""
    if not SHAPE.fullmatch(token):
        return None
    row = session.execute(VALID, {"token_hash": hashed(token), "now": now}).first()
    if row is None:
        return None
    return StoredToken(row, hashed(token), row.token_id, row.scope, row.last_used, rights.names(row.held))


def is_due(row: StoredToken, now: datetime) -> bool:
    """Tell whether it is time to record that the token is used."""
    return row.last_used is None or now - row.last_used >= RECORDED_EVERY


def record_use(session: Session, token_id: int, now: datetime) -> None:
    """Record the use, unless another request has just done so."""
    last = col(ApiToken.last_used)
    due = sa.or_(last.is_(None), last <= now - RECORDED_EVERY)
    session.exec(sa.update(ApiToken).where(col(ApiToken.id) == token_id, due).values(last_used=now))


def of_person(session: Session, person_id: int) -> list[Token]:
    """Return the person's tokens, also those that have expired, the newest first."""
    rows = session.exec(select(ApiToken).where(ApiToken.person_id == person_id).order_by(col(ApiToken.id).desc()))
    return [_token(row) for row in rows]


def add(
    session: Session, person_id: int, name: str, scope: str, expires_at: datetime | None, now: datetime
) -> tuple[Token, str]:
    """Make a token, and return it with its secret text, which is stored nowhere. Raises TooMany."""
    locks.person(session, person_id)
    count = session.exec(select(sa.func.count()).where(ApiToken.person_id == person_id)).one()
    if count >= MOST_OF_PERSON:
        raise TooMany
    text = PREFIX + token_urlsafe(RANDOM_BYTES)
    row = ApiToken(
        person_id=person_id, name=name, token_hash=hashed(text), scope=scope, created_at=now, expires_at=expires_at
    )
    session.add(row)
    session.flush()
    audit.note(session, None, "token_made", person_id, {"name": name, "scope": scope})
    return _token(row), text


def revoke(session: Session, person_id: int, token_id: int) -> bool:
    """Delete a token. Return False if the person has no such token."""
    mine = sa.and_(col(ApiToken.person_id) == person_id, col(ApiToken.id) == token_id)
    name = session.exec(select(ApiToken.name).where(mine)).first()
    found = _delete(session, mine) > 0
    if found:
        audit.note(session, None, "token_revoked", person_id, {"name": name})
    return found


def revoke_since(session: Session, person_id: int, since: datetime) -> None:
    """Delete the person's tokens that were made since then."""
    _delete(session, sa.and_(col(ApiToken.person_id) == person_id, col(ApiToken.created_at) >= since))


def revoke_all(session: Session, person_id: int) -> None:
    """Revoke all tokens of a person, also that of the feed of announcements."""
    post_feeds.revoke(session, person_id)
    if count := _delete(session, col(ApiToken.person_id) == person_id):
        audit.note(session, None, "tokens_revoked", person_id, {"count": count})


def _delete(session: Session, which: sa.ColumnElement[bool]) -> int:
    """Delete tokens, and forget the phones that they have added. Return how many there were."""
    devices.forget_sessions(session, session.exec(select(ApiToken.token_hash).where(which)).all())
    return session.exec(sa.delete(ApiToken).where(which)).rowcount


def _token(row: ApiToken) -> Token:
    return Token(row.id or 0, row.name, row.scope, row.created_at, row.expires_at, row.last_used)
