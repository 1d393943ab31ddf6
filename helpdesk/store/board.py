"""What the helpdesk itself keeps for the board: of its columns for everybody, and how each person has it."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.tables import BoardColumn, BoardFold, Meta, Person

Phase = Literal["active", "waiting"]


class ColumnKept(NamedTuple):
    """What an administrator said of a status; `wip_limit` counts tasks, None is no limit."""

    phase: Phase = "active"
    wip_limit: int | None = None


class OfPerson(NamedTuple):
    """How a person has the board: columns folded or opened by choice, and whether there are hints for newcomers."""

    folds: Mapping[int, bool]
    shows_tips: bool


# Made once, for each board asks it.
OF_PERSON = (
    select(Person.shows_tips, BoardFold.status_id, BoardFold.folded)
    .join(BoardFold, col(BoardFold.person_id) == col(Person.id), isouter=True)
    .where(col(Person.id) == sa.bindparam("person"))
)


def columns(session: Session) -> dict[int, ColumnKept]:
    """By the tracker's number of the status; those of which nothing was said are not there."""
    rows = session.exec(select(BoardColumn.status_id, BoardColumn.phase, BoardColumn.wip_limit))
    return {number: ColumnKept("waiting" if phase == "waiting" else "active", limit) for number, phase, limit in rows}


def keep_columns(session: Session, said: Mapping[int, ColumnKept]) -> None:
    """Put this in the place of what was said of these statuses; what was said of others stays."""
    # Two administrators at once would wait for rows that each is making: they wait for one that is there already.
    session.exec(select(Meta.name).where(col(Meta.name) == "kind").with_for_update()).first()
    for number, kept in said.items():
        session.merge(BoardColumn(status_id=number, phase=kept.phase, wip_limit=kept.wip_limit))


def of_person(session: Session, person_id: int) -> OfPerson:
    """All that a board asks of a person, in one query."""
    rows = session.exec(OF_PERSON, params={"person": person_id}).all()
    folds = {number: folded for _, number, folded in rows if number is not None}
    return OfPerson(folds, all(shows for shows, _, _ in rows))


def folds(session: Session, person_id: int) -> dict[int, bool]:
    """The columns that this person folded (true) or opened, by the number of their status."""
    chosen = select(BoardFold.status_id, BoardFold.folded).where(col(BoardFold.person_id) == person_id)
    return dict(session.exec(chosen).all())


def fold(session: Session, person_id: int, status_id: int, folded: bool) -> None:
    """Fold the column of a status for this person, or open it. Of two requests at once the later one counts."""
    # Whose choice it is, is there before the choice: to wait for a row that another is making ends in deadlocks.
    session.exec(select(Person.id).where(col(Person.id) == person_id).with_for_update()).one()
    session.merge(BoardFold(person_id=person_id, status_id=status_id, folded=folded))


def show_tips(session: Session, person_id: int, shown: bool) -> None:
    """Show hints for newcomers to this person, or no more."""
    session.exec(sa.update(Person).where(col(Person.id) == person_id).values(shows_tips=shown))
