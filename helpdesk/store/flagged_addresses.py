"""Store which people's e-mail addresses a mail server has refused for good."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.models import table
from helpdesk.store.models.delivery import FlaggedAddress
from helpdesk.store.models.tables import Person

FLAGGED, PERSON = table(FlaggedAddress), table(Person)
STILL = sa.and_(PERSON.c.id == FLAGGED.c.person_id, PERSON.c.email == FLAGGED.c.address)
"""The address is still that of its person."""


class Flagged(NamedTuple):
    person_id: int
    name: str
    address: str
    detail: str
    flagged_at: datetime


def flag(session: Session, person_id: int, address: str, detail: str, now: datetime) -> None:
    """Send no more mail to this address of the person."""
    session.merge(FlaggedAddress(person_id=person_id, address=address[:200], detail=detail[:200], flagged_at=now))


def clear(session: Session, person_id: int) -> bool:
    """Send mail to the person again; return whether the address was flagged."""
    mine = col(FlaggedAddress.person_id) == person_id
    return bool(session.exec(sa.delete(FlaggedAddress).where(mine)).rowcount)


def all_flagged(session: Session, limit: int) -> list[Flagged]:
    """Return the addresses that are still those of their people, the last flagged first."""
    columns = (FLAGGED.c.person_id, PERSON.c.full_name, FLAGGED.c.address, FLAGGED.c.detail, FLAGGED.c.flagged_at)
    query = sa.select(*columns).join(PERSON, STILL).order_by(FLAGGED.c.flagged_at.desc()).limit(limit)
    return [Flagged(*row) for row in session.execute(query)]


def count(session: Session) -> int:
    """Count the addresses that are still those of their people."""
    number: int = session.execute(sa.select(sa.func.count()).select_from(FLAGGED.join(PERSON, STILL))).scalar_one()
    return number


def is_flagged(session: Session, person_id: int, address: str) -> bool:
    """Tell whether mail servers have refused this very address of the person."""
    row = session.get(FlaggedAddress, person_id)
    return row is not None and row.address == address[:200]
