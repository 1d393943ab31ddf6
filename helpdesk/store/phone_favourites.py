"""Store the numbers that a person transfers calls to, or dials, often."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.telephony import PhoneFavourite

MOST = 50


class TooMany(Exception):
    """This person has MOST favourites already."""


def of_person(session: Session, person_id: int) -> Sequence[PhoneFavourite]:
    """Return a person's favourites in their order."""
    query = select(PhoneFavourite).where(PhoneFavourite.person_id == person_id)
    return session.exec(query.order_by(col(PhoneFavourite.position), col(PhoneFavourite.id))).all()


def add(session: Session, person_id: int, name: str, number: str) -> None:
    """Add a favourite at the end; a number that is there gets the new name. Raises TooMany."""
    locks.person(session, person_id)
    known = of_person(session, person_id)
    same = next((it for it in known if it.number == number), None)
    if same is None and len(known) >= MOST:
        raise TooMany
    row = same or PhoneFavourite(person_id=person_id, name="", number=number, position=len(known) + 1)
    row.name = name
    session.add(row)
    _number(session, [*known, *([] if same else [row])])


def remove(session: Session, person_id: int, favourite_id: int) -> None:
    """Remove a favourite of this person."""
    own = (col(PhoneFavourite.person_id) == person_id, col(PhoneFavourite.id) == favourite_id)
    session.exec(sa.delete(PhoneFavourite).where(*own))


def move(session: Session, person_id: int, favourite_id: int, step: int) -> None:
    """Move a favourite up (-1) or down (1)."""
    locks.person(session, person_id)
    rows = list(of_person(session, person_id))
    place = next((number for number, it in enumerate(rows) if it.id == favourite_id), None)
    if place is not None and 0 <= place + step < len(rows):
        rows[place], rows[place + step] = rows[place + step], rows[place]
    _number(session, rows)


def _number(session: Session, rows: Sequence[PhoneFavourite]) -> None:
    for position, row in enumerate(rows, 1):
        row.position = position
        session.add(row)
