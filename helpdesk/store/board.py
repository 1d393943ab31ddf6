"""Store the board's columns, which are the same for everybody, and each person's view of them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.tables import BoardColumn, BoardFold

Phase = Literal["active", "waiting"]


class ColumnSettings(NamedTuple):
    """An administrator's settings for the column of a status; `wip_limit` counts tasks, None is no limit."""

    phase: Phase = "active"
    wip_limit: int | None = None


# Built once, since each board runs both and each list the first.
COLUMNS = select(BoardColumn.status_id, BoardColumn.phase, BoardColumn.wip_limit)
FOLDS = select(BoardFold.status_id, BoardFold.folded).where(col(BoardFold.person_id) == sa.bindparam("person"))


def columns(session: Session) -> dict[int, ColumnSettings]:
    """Return the settings of columns by the backend's status id, without statuses that have none."""
    rows = session.exec(COLUMNS)
    return {id: ColumnSettings("waiting" if phase == "waiting" else "active", limit) for id, phase, limit in rows}


def save_columns(session: Session, changes: Mapping[int, ColumnSettings]) -> None:
    """Replace the settings of these statuses and leave others as they are."""
    locks.everybody(session)
    for number, settings in changes.items():
        session.merge(BoardColumn(status_id=number, phase=settings.phase, wip_limit=settings.wip_limit))


def folds(session: Session, person_id: int) -> dict[int, bool]:
    """Return the columns that a person folded or unfolded by choice, by the backend's status id."""
    return dict(session.exec(FOLDS, params={"person": person_id}).all())


def fold(session: Session, person_id: int, status_id: int, folded: bool) -> None:
    """Fold or unfold the column of a status for this person. Of two requests at once the later one counts."""
    locks.person(session, person_id)
    session.merge(BoardFold(person_id=person_id, status_id=status_id, folded=folded))
