"""Encrypt all stored secrets again, after SECRET_KEY was changed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models.access import RedmineKey, SecondFactor
from helpdesk.store.models.access import Session as SignedInSession
from helpdesk.store.models.tables import Person

Renew = Callable[[str], str | None]
"""Encrypts a secret again with the newest key; None for one that no key opens."""


class Kept(NamedTuple):
    """A column of secrets: those of a person each in the row with this key."""

    key: Any
    person_id: Any
    secret: Any


COLUMNS = {
    "second_factor": Kept(SecondFactor.person_id, SecondFactor.person_id, SecondFactor.secret),
    "redmine_key": Kept(RedmineKey.person_id, RedmineKey.person_id, RedmineKey.secret),
    "session": Kept(SignedInSession.id_hash, SignedInSession.person_id, SignedInSession.phone_secret),
}
"""All columns of secrets by their tables."""


class Renewed(NamedTuple):
    """The number of secrets that were encrypted again, and the logins of people whose secret no key opens."""

    number: int
    unopened: tuple[str, ...]


def renew_all(session: Session, table: str, renew: Renew) -> Renewed:
    """Encrypt each secret of a table again. A secret that is replaced meanwhile is left as it is."""
    kept = COLUMNS[table]
    query = select(kept.key, kept.secret, Person.login).join(Person, col(Person.id) == kept.person_id)
    number, unopened = 0, []
    for key, secret, login in session.exec(query.where(kept.secret.is_not(None)).order_by(Person.login_folded)).all():
        if renewed := renew(secret):
            same = (kept.key == key, kept.secret == secret)
            number += session.exec(sa.update(kept.key.class_).where(*same).values({kept.secret: renewed})).rowcount
        else:
            unopened.append(login)
    return Renewed(number, tuple(unopened))
