"""Query all tasks of a list, some of them at a time."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store.tracker.tasks import ROW, SORTS, TASK, ordered


def numbers(session: Session, condition: ColumnElement[bool], sort: str, descending: bool) -> Sequence[int]:
    """Return the ids of all tasks that match, in their order."""
    chosen = sa.select(TASK.c.id).select_from(SORTS[sort][1]).where(condition)
    return session.execute(chosen.order_by(*ordered(sort, descending))).scalars().all()


def rows_of(session: Session, ids: Sequence[int], condition: ColumnElement[bool]) -> list[Any]:
    """Return the rows of those tasks that match, in the order of the ids."""
    found = {row.id: row for row in session.execute(ROW.where(TASK.c.id.in_(ids), condition))}
    return [found[id] for id in ids if id in found]
