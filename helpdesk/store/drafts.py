"""Store drafts: typed but unsent text, one for each person and place, visible to that person alone."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.tables import Draft

KEEP_FOR = timedelta(days=30)
MOST_OF_PERSON = 200
DRAFT_ID = "draft_id"
"""The field of a form that several pages may show at once: only the pages that go on with a draft delete it."""


# Built once, since each task page runs it.
PREFIX: sa.BindParameter[str] = sa.bindparam("prefix")
WITH_PREFIX = select(Draft.place, Draft.fields, Draft.updated_at).where(
    col(Draft.person_id) == sa.bindparam("person"),
    sa.func.substr(Draft.place, 1, sa.func.length(PREFIX)) == PREFIX,
    col(Draft.updated_at) > sa.bindparam("since"),
)


class StoredDraft(NamedTuple):
    """A draft. `fields` holds the typed values of a form by name: texts, or lists of texts."""

    place: str
    fields: Mapping[str, Any]
    updated_at: datetime


def save(session: Session, person_id: int, place: str, fields: Mapping[str, Any], now: datetime) -> None:
    """Replace the draft of a place.

    Everybody's drafts older than KEEP_FOR are deleted, and this person's oldest beyond MOST_OF_PERSON.
    """
    locks.person(session, person_id)
    session.exec(sa.delete(Draft).where(col(Draft.updated_at) <= now - KEEP_FOR))
    text = json.dumps(dict(fields), ensure_ascii=False)
    session.merge(Draft(person_id=person_id, place=place, fields=text, updated_at=now))
    session.flush()
    _delete_oldest(session, person_id)


def delete(session: Session, person_id: int, place: str, draft_id: str = "") -> None:
    """Delete a draft that was sent or discarded; one with another `draft_id` stays."""
    locks.person(session, person_id)
    fields = session.exec(select(Draft.fields).where(*_at_place(person_id, place))).first()
    own = json.loads(fields).get(DRAFT_ID, "") if fields else ""
    if not draft_id or own in ("", draft_id):
        session.exec(sa.delete(Draft).where(*_at_place(person_id, place)))


def with_prefix(session: Session, person_id: int, prefix: str, now: datetime) -> list[StoredDraft]:
    """Return the person's drafts of the places that begin with `prefix`. None is older than KEEP_FOR."""
    rows = session.exec(WITH_PREFIX, params={"person": person_id, "prefix": prefix, "since": now - KEEP_FOR})
    return [StoredDraft(place, json.loads(fields), at) for place, fields, at in rows]


def _delete_oldest(session: Session, person_id: int) -> None:
    newest_first = select(Draft.place).where(Draft.person_id == person_id).order_by(col(Draft.updated_at).desc())
    for place in session.exec(newest_first.offset(MOST_OF_PERSON).limit(MOST_OF_PERSON)).all():
        session.exec(sa.delete(Draft).where(*_at_place(person_id, place)))


def _at_place(person_id: int, place: str) -> tuple[sa.ColumnElement[bool], ...]:
    return col(Draft.person_id) == person_id, col(Draft.place) == place
