"""Store saved views: lists under a name, visible to one person alone."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.casefold import fold
from helpdesk.store.models.tables import SavedView

MOST_OF_PERSON = 50
LONGEST_NAME = 60
LONGEST_ADDRESS = 2_000
LONGEST_FOLDED = 200  # a name may grow by folding


class View(NamedTuple):
    """A saved view. `address` is the path and query of a list; one view of a person may be the start page."""

    id: int
    name: str
    address: str
    is_start: bool


# Built once, since each list runs it.
OF_PERSON = (
    select(SavedView.id, SavedView.name, SavedView.address, SavedView.is_start)
    .where(col(SavedView.person_id) == sa.bindparam("person"))
    .order_by(col(SavedView.name_folded))
)


class TooMany(Exception):
    """This person has MOST_OF_PERSON already."""


class NameTaken(Exception):
    """Another view of this person has that name, in any case."""


def of_person(session: Session, person_id: int) -> list[View]:
    """Return a person's views by name."""
    rows = session.exec(OF_PERSON, params={"person": person_id})
    return [View(id or 0, name, address, is_start) for id, name, address, is_start in rows]


def one(session: Session, person_id: int, view_id: int) -> View | None:
    """Return a view of this person, or None."""
    row = session.exec(select(SavedView).where(*_is(person_id, view_id))).first()
    return _view(row) if row else None


def start(session: Session, person_id: int) -> str | None:
    """Return the address of this person's start page, or None."""
    chosen = select(SavedView.address).where(SavedView.person_id == person_id, col(SavedView.is_start).is_(True))
    return session.exec(chosen).first()


def add(session: Session, person_id: int, name: str, address: str) -> View:
    """Add a view. Raises TooMany or NameTaken."""
    locks.person(session, person_id)
    count = session.exec(select(sa.func.count()).where(col(SavedView.person_id) == person_id)).one()
    if count >= MOST_OF_PERSON:
        raise TooMany
    row = SavedView(person_id=person_id, name=name, name_folded=_folded(name), address=address)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise NameTaken from error
    return _view(row)


def rename(session: Session, person_id: int, view_id: int, name: str) -> None:
    """Rename a view. Raises NameTaken."""
    renamed = sa.update(SavedView).where(*_is(person_id, view_id)).values(name=name, name_folded=_folded(name))
    try:
        with session.begin_nested():
            session.exec(renamed)
    except IntegrityError as error:
        raise NameTaken from error


def choose_start(session: Session, person_id: int, view_id: int | None) -> None:
    """Make a view the only start page; None restores the usual one."""
    locks.person(session, person_id)
    chosen = col(SavedView.id) == view_id if view_id else sa.false()
    session.exec(sa.update(SavedView).where(col(SavedView.person_id) == person_id).values(is_start=chosen))


def remove(session: Session, person_id: int, view_id: int) -> None:
    session.exec(sa.delete(SavedView).where(*_is(person_id, view_id)))


def _is(person_id: int, view_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return col(SavedView.person_id) == person_id, col(SavedView.id) == view_id


def _folded(name: str) -> str:
    return fold(name)[:LONGEST_FOLDED]


def _view(row: SavedView) -> View:
    return View(row.id or 0, row.name, row.address, row.is_start)
