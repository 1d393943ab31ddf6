"""Store the categories of requests, which administrators keep."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from helpdesk.errors import NotFound
from helpdesk.store import locks
from helpdesk.store.models.tables import RequestCategory


def all(session: Session) -> Sequence[RequestCategory]:
    """Return all categories in their order."""
    return session.exec(select(RequestCategory).order_by(col(RequestCategory.position), col(RequestCategory.id))).all()


def active(session: Session) -> Sequence[RequestCategory]:
    """Return the categories that are offered, in their order."""
    return [each for each in all(session) if each.is_active]


def save(session: Session, category: RequestCategory) -> int:
    """Add a category, or replace the one with its id, and number all of them anew. Raises NotFound.

    It goes before the one that has its position; a position beyond the last one is the end.
    """
    locks.everybody(session)
    others = [each for each in all(session) if each.id != category.id]
    if category.id is not None and session.get(RequestCategory, category.id) is None:
        raise NotFound
    kept = session.merge(category)
    session.add(kept)
    others.insert(max(0, min(category.position, len(others))), kept)
    _number(session, others)
    assert kept.id is not None
    return kept.id


def remove(session: Session, category_id: int) -> None:
    """Remove a category. Raises NotFound."""
    locks.everybody(session)
    row = session.get(RequestCategory, category_id)
    if row is None:
        raise NotFound
    session.delete(row)
    session.flush()
    _number(session, all(session))


def _number(session: Session, categories: Sequence[RequestCategory]) -> None:
    for place, each in enumerate(categories):
        each.position = place
        session.add(each)
    session.flush()
