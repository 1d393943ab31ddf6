"""Query the embedded backend's tables for a board."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store.tracker.tasks import ENTRY, ROW, SORTS, TASK, ordered


def pages(
    session: Session,
    condition: ColumnElement[bool],
    statuses: Collection[int],
    sort: str,
    descending: bool,
    limit: int,
    offset: int,
    first: int | None = None,
) -> Sequence[Any]:
    """Return one page of rows for each status, all in one order."""
    if not statuses:
        return ()
    order, source = ordered(sort, descending, first), SORTS[sort][1]
    matching = sa.select(TASK.c.id).select_from(source).where(condition).order_by(*order).limit(limit).offset(offset)
    # Each is a subquery, because SQLite allows no limit within a union.
    each = (sa.select(matching.where(TASK.c.status_id == status).subquery()) for status in statuses)
    picked = sa.union_all(*each).subquery("picked")
    return session.execute(ROW.join(picked, picked.c.id == TASK.c.id).order_by(*order)).all()


def comments(
    session: Session, task_ids: Collection[int], with_private: Collection[int], person_id: int
) -> dict[int, int]:
    """Count each task's comments, without zeros; others' private ones count only in the projects `with_private`."""
    if not task_ids:
        return {}
    seen = sa.or_(ENTRY.c.is_private.is_(False), ENTRY.c.author_id == person_id, TASK.c.project_id.in_(with_private))
    counting = (
        sa.select(ENTRY.c.task_id, sa.func.count())
        .join_from(ENTRY, TASK, TASK.c.id == ENTRY.c.task_id)
        .where(ENTRY.c.task_id.in_(task_ids), ENTRY.c.notes != "", seen)
        .group_by(ENTRY.c.task_id)
    )
    return {row[0]: row[1] for row in session.execute(counting)}
