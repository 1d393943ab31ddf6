"""Store the first answers to idempotency keys.

For a day the same key and body get the same answer, and one write happens.
"""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.models.tables import FirstAnswer

KEPT = timedelta(hours=24)
CLAIMS = 3


class Key(NamedTuple):
    person_id: int
    route: str
    key: str


UNKNOWN = 1


class Answer(NamedTuple):
    """A stored answer, or the state of its request.

    `status` 0: the first request is still at work, or its process was killed. UNKNOWN: it has ended, and it is not
    known whether anything was written.
    """

    body_hash: str
    status: int
    headers: list[tuple[str, str]]
    body: str


def claim(session: Session, key: Key, body_hash: str, now: datetime, mark: str = "") -> Answer | None:
    """Claim the key. Return None when that succeeds, else what is known of its first use.

    `mark` takes the place of the answer until there is one, so that a request settles only its own claim.
    """
    session.exec(sa.delete(FirstAnswer).where(col(FirstAnswer.created_at) <= now - KEPT))
    for _ in range(CLAIMS):
        try:
            with session.begin_nested():
                session.add(FirstAnswer(**key._asdict(), body_hash=body_hash, created_at=now, body=mark))
        except IntegrityError:
            if known := read(session, key):
                return known
        else:
            return None
    # The key was freed between the two steps each time: answer as if its first use were still at work.
    return Answer(body_hash, 0, [], "")


def read(session: Session, key: Key) -> Answer | None:
    row = session.get(FirstAnswer, key)
    if row is None:
        return None
    return Answer(row.body_hash, row.status, [(name, value) for name, value in json.loads(row.headers)], row.body)


def settle(session: Session, key: Key, mark: str, outcome: Answer | None) -> None:
    """Store the answer to a claim; None frees the key, since nothing was written."""
    if outcome is None:
        release(session, key, mark)
    else:
        keep(session, key, outcome.status, outcome.headers, outcome.body, mark)


def keep(session: Session, key: Key, status: int, headers: list[tuple[str, str]], body: str, mark: str = "") -> None:
    values = {"status": status, "headers": json.dumps(headers), "body": body}
    session.exec(sa.update(FirstAnswer).where(*_is(key), *_open(mark)).values(**values))


def release(session: Session, key: Key, mark: str = "") -> None:
    """Free the key, since nothing was written."""
    session.exec(sa.delete(FirstAnswer).where(*_is(key), *_open(mark)))


def any_since(session: Session, person_id: int, since: datetime) -> bool:
    """Tell whether this person claimed a key since then that was not freed."""
    recent = (col(FirstAnswer.person_id) == person_id, col(FirstAnswer.created_at) >= since)
    return session.exec(select(FirstAnswer.key).where(*recent).limit(1)).first() is not None


def _open(mark: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (col(FirstAnswer.status) == 0, col(FirstAnswer.body) == mark)


def _is(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(FirstAnswer.person_id) == key.person_id,
        col(FirstAnswer.route) == key.route,
        col(FirstAnswer.key) == key.key,
    )
