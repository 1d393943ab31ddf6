"""What was typed and not sent: one draft for a person and place, each for that person alone."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.tables import Draft

KEPT = timedelta(days=30)
MOST = 200


class Kept(NamedTuple):
    """`fields` are the values of a form by name, as they were typed: texts, or lists of texts."""

    place: str
    fields: Mapping[str, Any]
    updated_at: datetime


def save(session: Session, person_id: int, place: str, fields: Mapping[str, Any], now: datetime) -> None:
    """Keep `fields` in the stead of what the place held. The oldest go: after KEPT, and beyond MOST of a person."""
    session.exec(sa.delete(Draft).where(col(Draft.updated_at) <= now - KEPT))
    text = json.dumps(dict(fields), ensure_ascii=False)
    try:
        with session.begin_nested():
            session.add(Draft(person_id=person_id, place=place, fields=text, updated_at=now))
    except IntegrityError:
        session.exec(sa.update(Draft).where(*_is(person_id, place)).values(fields=text, updated_at=now))
    _forget_oldest(session, person_id)


def forget(session: Session, person_id: int, place: str) -> None:
    """It was sent, or is not wanted any more."""
    session.exec(sa.delete(Draft).where(*_is(person_id, place)))


def found(session: Session, person_id: int, start: str, now: datetime) -> list[Kept]:
    """This person's drafts of the places that begin with `start`."""
    wanted = select(Draft).where(
        Draft.person_id == person_id,
        col(Draft.place).startswith(start, autoescape=True),
        col(Draft.updated_at) > now - KEPT,
    )
    return [Kept(row.place, json.loads(row.fields), row.updated_at) for row in session.exec(wanted)]


def _forget_oldest(session: Session, person_id: int) -> None:
    newest_first = select(Draft.place).where(Draft.person_id == person_id).order_by(col(Draft.updated_at).desc())
    for place in session.exec(newest_first.offset(MOST).limit(MOST)).all():
        forget(session, person_id, place)


def _is(person_id: int, place: str) -> tuple[sa.ColumnElement[bool], ...]:
    return col(Draft.person_id) == person_id, col(Draft.place) == place
