"""First answers to idempotency keys: the same key and body get the same answer for a day, and one write happens."""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from helpdesk.store.tables import FirstAnswer

KEPT = timedelta(hours=24)


class Key(NamedTuple):
    person_id: int
    route: str
    key: str


class Answer(NamedTuple):
    """`status` 0: the first request has not answered yet, or it is not known what became of it."""

    body_hash: str
    status: int
    headers: list[tuple[str, str]]
    body: str


def claim(session: Session, key: Key, body_hash: str, now: datetime) -> Answer | None:
    """None when the key is ours now, else what is known of its first use."""
    session.exec(sa.delete(FirstAnswer).where(col(FirstAnswer.created_at) <= now - KEPT))
    try:
        with session.begin_nested():
            session.add(FirstAnswer(**key._asdict(), body_hash=body_hash, created_at=now))
    except IntegrityError:
        return read(session, key)
    return None


def read(session: Session, key: Key) -> Answer | None:
    row = session.get(FirstAnswer, key)
    if row is None:
        return None
    return Answer(row.body_hash, row.status, [(name, value) for name, value in json.loads(row.headers)], row.body)


def keep(session: Session, key: Key, status: int, headers: list[tuple[str, str]], body: str) -> None:
    values = {"status": status, "headers": json.dumps(headers), "body": body}
    session.exec(sa.update(FirstAnswer).where(*_is(key)).values(**values))


def release(session: Session, key: Key) -> None:
    """Nothing was written: the same key may be tried again."""
    session.exec(sa.delete(FirstAnswer).where(*_is(key)))


def _is(key: Key) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(FirstAnswer.person_id) == key.person_id,
        col(FirstAnswer.route) == key.route,
        col(FirstAnswer.key) == key.key,
    )
