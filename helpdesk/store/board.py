"""Store the board's columns, which are the same for everybody, and each person's view of them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.tables import BoardColumn, BoardFold, Person

Phase = Literal["active", "waiting"]


class ColumnSettings(NamedTuple):
    """An administrator's settings for the column of a status; `wip_limit` counts tasks, None is no limit."""

    phase: Phase = "active"
    wip_limit: int | None = None


class BoardView(NamedTuple):
    """A person's view of the board: columns folded or unfolded by choice, and whether hints for newcomers are shown."""

    folds: Mapping[int, bool]
    shows_tips: bool


# Built once, since each board runs both and each list the first.
COLUMNS = select(BoardColumn.status_id, BoardColumn.phase, BoardColumn.wip_limit)
OF_PERSON = (
    select(Person.shows_tips, BoardFold.status_id, BoardFold.folded)
    .join(BoardFold, col(BoardFold.person_id) == col(Person.id), isouter=True)
    .where(col(Person.id) == sa.bindparam("person"))
)


def columns(session: Session) -> dict[int, ColumnSettings]:
    """Return the settings of columns by the backend's status id, without statuses that have none."""
    rows = session.exec(COLUMNS)
    return {id: ColumnSettings("waiting" if phase == "waiting" else "active", limit) for id, phase, limit in rows}


def save_columns(session: Session, changes: Mapping[int, ColumnSettings]) -> None:
    """Replace the settings of these statuses and leave others as they are."""
    locks.everybody(session)
    for number, settings in changes.items():
        session.merge(BoardColumn(status_id=number, phase=settings.phase, wip_limit=settings.wip_limit))


def of_person(session: Session, person_id: int) -> BoardView:
    """Return everything a board needs about a person, in one query."""
    rows = session.exec(OF_PERSON, params={"person": person_id}).all()
    folds = {number: folded for _, number, folded in rows if number is not None}
    return BoardView(folds, all(shows for shows, _, _ in rows))


def fold(session: Session, person_id: int, status_id: int, folded: bool) -> None:
    """Fold or unfold the column of a status for this person. Of two requests at once the later one counts."""
    locks.person(session, person_id)
    session.merge(BoardFold(person_id=person_id, status_id=status_id, folded=folded))


def show_tips(session: Session, person_id: int, show: bool) -> None:
    """Show or hide the hints for newcomers for this person."""
    session.exec(sa.update(Person).where(col(Person.id) == person_id).values(shows_tips=show))
