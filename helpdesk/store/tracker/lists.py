"""Query lists and boards of the embedded backend's tasks."""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store.tracker.tasks import ASSIGNEE, AUTHOR, ENTRY, PRIORITY, PROJECT, ROW, STATUS, TASK

# Sort keys with the tables they need: joining more before a page is cut to 25 rows would cost most of the time.
SORTS: dict[str, tuple[ColumnElement[Any], sa.FromClause]] = {
    "id": (TASK.c.id, TASK),
    "subject": (TASK.c.subject, TASK),
    "status": (STATUS.c.position, TASK.join(STATUS, STATUS.c.id == TASK.c.status_id)),
    "priority": (PRIORITY.c.position, TASK.join(PRIORITY, PRIORITY.c.id == TASK.c.priority_id)),
    "project": (PROJECT.c.name, TASK.join(PROJECT, PROJECT.c.id == TASK.c.project_id)),
    "due_date": (TASK.c.due_date, TASK),
    "assigned_to": (ASSIGNEE.c.full_name, TASK.outerjoin(ASSIGNEE, ASSIGNEE.c.id == TASK.c.assignee_id)),
    "author": (AUTHOR.c.full_name, TASK.join(AUTHOR, AUTHOR.c.id == TASK.c.author_id)),
    "created_on": (TASK.c.created_at, TASK),
    "updated_on": (TASK.c.updated_at, TASK),
}
MAY_LACK = {"due_date", "assigned_to"}


def ordered(sort: str, descending: bool, first: int | None = None) -> list[ColumnElement[Any]]:
    """Return the order of a list: missing values last, then newest first, so that no row is on two pages.

    `first` is a task that comes before all others.
    """
    key, _ = SORTS[sort]
    begins: list[ColumnElement[Any]] = [] if first is None else [sa.case((TASK.c.id == first, 0), else_=1)]
    lacking: list[ColumnElement[Any]] = [key.is_(None)] if sort in MAY_LACK else []
    return [*begins, *lacking, key.desc() if descending else key.asc(), TASK.c.id.desc()]


def page(
    session: Session,
    condition: ColumnElement[bool],
    sort: str,
    descending: bool,
    limit: int,
    offset: int,
    first: int | None = None,
) -> Sequence[Any]:
    """Return the rows of one page."""
    chosen = sa.select(TASK.c.id).select_from(SORTS[sort][1]).where(condition)
    wanted = chosen.order_by(*ordered(sort, descending, first)).limit(limit).offset(offset)
    return _rows(session, session.execute(wanted).scalars().all())


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
    found = _of_comments(sa.func.count(), task_ids, with_private, person_id)
    return {row[0]: row[1] for row in session.execute(found)}


def last_comments(
    session: Session, task_ids: Collection[int], with_private: Collection[int], person_id: int, longest: int
) -> Sequence[Any]:
    """Return (task id, author id, moment, beginning of the text) of the last comment of each task, as `comments`
    counts them."""
    last = _of_comments(sa.func.max(ENTRY.c.id).label("last"), task_ids, with_private, person_id).subquery()
    text = sa.func.substr(ENTRY.c.notes, 1, longest)
    chosen = sa.select(ENTRY.c.task_id, ENTRY.c.author_id, ENTRY.c.created_at, text)
    return session.execute(chosen.join(last, last.c.last == ENTRY.c.id)).all()


def _of_comments(
    amount: ColumnElement[Any], task_ids: Collection[int], with_private: Collection[int], person_id: int
) -> sa.Select[Any]:
    seen = sa.or_(ENTRY.c.is_private.is_(False), ENTRY.c.author_id == person_id, TASK.c.project_id.in_(with_private))
    return (
        sa.select(ENTRY.c.task_id, amount)
        .join_from(ENTRY, TASK, TASK.c.id == ENTRY.c.task_id)
        .where(ENTRY.c.task_id.in_(task_ids), ENTRY.c.notes != "", seen)
        .group_by(ENTRY.c.task_id)
    )


def numbers(session: Session, condition: ColumnElement[bool], sort: str, descending: bool) -> Sequence[int]:
    """Return the ids of all tasks that match, in their order."""
    chosen = sa.select(TASK.c.id).select_from(SORTS[sort][1]).where(condition)
    return session.execute(chosen.order_by(*ordered(sort, descending))).scalars().all()


def rows_of(session: Session, ids: Sequence[int], condition: ColumnElement[bool]) -> list[Any]:
    """Return the rows of those tasks that match, in the order of the ids."""
    return _rows(session, ids, condition)


def _rows(session: Session, ids: Sequence[int], *conditions: ColumnElement[bool]) -> list[Any]:
    rows = {row.id: row for row in session.execute(ROW.where(TASK.c.id.in_(ids), *conditions))}
    return [rows[id] for id in ids if id in rows]
