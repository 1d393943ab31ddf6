"""Find the departments of people by their numbers in the backend, and those numbers by departments.

Who has left keeps the last department that is stored, until the account is anonymised.
"""

from collections.abc import Collection, Sequence
from functools import partial

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store import people
from helpdesk.store.database import in_batches
from helpdesk.store.models.tables import Person
from helpdesk.store.people import Accounts

MOST = 1_000
"""As many departments are offered."""


def names(session: Session) -> Sequence[str]:
    """Return the departments of people, by name."""
    query = sa.select(col(Person.department)).where(col(Person.department) != "").distinct()
    return session.scalars(query.order_by(col(Person.department)).limit(MOST)).all()


def by_number(session: Session, accounts: Accounts, numbers: Collection[int]) -> dict[int, str]:
    """Return the departments of these people; those without an account or a department are left out."""
    ids = {it.id: it.number for it in accounts(session, numbers, (), with_former=True)}
    query = sa.select(col(Person.id), col(Person.department)).where(col(Person.department) != "")
    asked = (session.execute(query.where(col(Person.id).in_(batch))) for batch in in_batches(ids))
    return {ids[id]: department for rows in asked for id, department in rows}


def numbers_in(session: Session, accounts: Accounts, departments: Collection[str]) -> frozenset[int]:
    """Return the numbers of the people of these departments."""
    query = sa.select(col(Person.id)).where(col(Person.department).in_(departments))
    ids = [it for it in session.scalars(query) if it]
    known = people.numbered(session, partial(accounts, with_former=True), ids)
    return frozenset(it.number for it in known.values())
