"""Store the categories of requests, which administrators keep."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, NotFound
from helpdesk.store import audit, locks
from helpdesk.store.database import required
from helpdesk.store.models.tables import RequestCategory

MOST = 100


class CategoryValues(NamedTuple):
    """What administrators say of a category."""

    name: str
    hint: str
    project_id: int
    tracker_id: int | None
    is_active: bool


class TooMany(Exception):
    """There are MOST categories already."""


def all(session: Session) -> Sequence[RequestCategory]:
    """Return all categories in their order."""
    return session.exec(select(RequestCategory).order_by(col(RequestCategory.position), col(RequestCategory.id))).all()


def active(session: Session) -> Sequence[RequestCategory]:
    """Return the categories that are offered, in their order."""
    return [each for each in all(session) if each.is_active]


def one(session: Session, category_id: int) -> RequestCategory | None:
    return session.get(RequestCategory, category_id)


def values(category: RequestCategory) -> CategoryValues:
    return CategoryValues(*(getattr(category, name) for name in CategoryValues._fields))


def version(category: RequestCategory) -> str:
    """Return an opaque text that changes with the values of a category."""
    return sha256(json.dumps(values(category)).encode()).hexdigest()[:16]


def add(session: Session, actor_id: int, wanted: CategoryValues) -> RequestCategory:
    """Add a category at the end. Raises TooMany."""
    locks.everybody(session)
    kept = all(session)
    if len(kept) >= MOST:
        raise TooMany
    row = RequestCategory(**wanted._asdict(), position=len(kept))
    session.add(row)
    session.flush()
    audit.note(session, actor_id, "category_added", None, {"category": row.id, **wanted._asdict()})
    return row


def change(
    session: Session, actor_id: int, category_id: int, wanted: CategoryValues, known: str | None
) -> RequestCategory:
    """Change a category whose version is `known`. Raises NotFound, and Conflict with the category as it is now."""
    locks.everybody(session)
    row = required(session, RequestCategory, category_id, for_update=True)
    if known is not None and known != version(row):
        raise Conflict(row)
    if wanted != values(row):
        row.sqlmodel_update(wanted._asdict())
        session.add(row)
        session.flush()
        audit.note(session, actor_id, "category_changed", None, {"category": row.id, **wanted._asdict()})
    return row


def move(session: Session, actor_id: int, category_id: int, by: int) -> None:
    """Move a category by so many places, at most to an end. Raises NotFound."""
    locks.everybody(session)
    kept = list(all(session))
    row = next((each for each in kept if each.id == category_id), None)
    if row is None:
        raise NotFound
    before = kept.index(row)
    after = min(max(before + by, 0), len(kept) - 1)
    kept.insert(after, kept.pop(before))
    _number(session, kept)
    if after != before:
        audit.note(session, actor_id, "category_moved", None, {"category": row.id, "name": row.name, "to": after + 1})


def remove(session: Session, actor_id: int, category_id: int) -> None:
    """Remove a category. Raises NotFound."""
    locks.everybody(session)
    row = required(session, RequestCategory, category_id)
    session.delete(row)
    session.flush()
    _number(session, all(session))
    audit.note(session, actor_id, "category_removed", None, {"category": category_id, "name": row.name})


def _number(session: Session, categories: Sequence[RequestCategory]) -> None:
    for place, each in enumerate(categories):
        each.position = place
        session.add(each)
    session.flush()
