"""Encrypt all stored secrets again, after SECRET_KEY was changed."""

from collections.abc import Callable
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models.access import RedmineKey, SecondFactor
from helpdesk.store.models.tables import Person

TABLES: tuple[type[SecondFactor] | type[RedmineKey], ...] = (SecondFactor, RedmineKey)

Renew = Callable[[str], str | None]
"""Encrypts a secret again with the newest key; None for one that no key opens."""


class Renewed(NamedTuple):
    """The number of secrets that were encrypted again, and the logins of people whose secret no key opens."""

    number: int
    unopened: tuple[str, ...]


def renew_all(session: Session, table: type[SecondFactor] | type[RedmineKey], renew: Renew) -> Renewed:
    """Encrypt each secret of a table again. A secret that is replaced meanwhile is left as it is."""
    query = select(table.person_id, table.secret, Person.login).join(Person, col(Person.id) == col(table.person_id))
    number, unopened = 0, []
    for person_id, secret, login in session.exec(query.order_by(Person.login_folded)).all():
        if renewed := renew(secret):
            same = (col(table.person_id) == person_id, col(table.secret) == secret)
            number += session.exec(sa.update(table).where(*same).values(secret=renewed)).rowcount
        else:
            unopened.append(login)
    return Renewed(number, tuple(unopened))
