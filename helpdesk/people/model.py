"""Define the values that stand for people. Administrators hold a right, or are named by ADMINISTRATORS."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.people.rights import ADMIN, REDMINE_USER
from helpdesk.store import rights
from helpdesk.store.models import tables
from helpdesk.store.rights import Named, is_named

Source = Literal["local", "redmine", "oracle", "ldap"]


class Person(NamedTuple):
    """An account. `redmine_id` is the numeric Redmine user proven at sign-in; None when it is not linked.

    `is_department_proven`: the company vouches for the department. `rights` are names of `people/rights.py`; `avatar`
    names a picture of `people/avatars.py`.
    """

    id: int
    source: str
    login: str
    full_name: str
    email: str = ""
    department: str = ""
    position: str = ""
    redmine_id: int | None = None
    redmine_username: str | None = None
    closed_hints: str = ""
    avatar: str | None = None
    is_department_proven: bool = False
    rights: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return ADMIN in self.rights


class SignedIn(NamedTuple):
    """A person with their session. `mark` distinguishes the session from others without revealing its id.

    A program that acts by a token of the person has the token's mark and `scope`, which is empty for a session.
    """

    person: Person
    mark: str
    expires_at: datetime | None = None
    scope: str = ""


COLUMNS = tuple(field for field in Person._fields if field != "rights")


def person_of(row: "tables.Person | Any", granted: Iterable[str]) -> Person:
    """Return the Person of an account's row and of the rights that were granted to it."""
    linked = {REDMINE_USER} if row.redmine_id is not None else set()
    return Person(**{field: getattr(row, field) for field in COLUMNS}, rights=frozenset(granted) | linked)


def load_person(session: Session, row: tables.Person) -> Person:
    """Return the Person of an account's row, with the rights in the store."""
    assert row.id is not None
    return person_of(row, rights.of_people(session, [row.id])[row.id])


def load_people(
    session: Session, named: Named | None, *which: sa.ColumnElement[bool], limit: int | None = None
) -> list[Person]:
    """Return the people of these conditions with all their rights, by rising id, at most `limit`."""
    query = sa.select(*rights.WHO, rights.HELD.label("held")).where(*which).order_by(col(tables.Person.id))
    return [entitled(person_of(row, rights.names(row.held)), named) for row in session.execute(query.limit(limit))]


def entitled(person: Person, named: Named | None) -> Person:
    """Return the person, as an administrator when the setting names the account."""
    is_administrator = is_named(named, person.source, person.login)
    return person._replace(rights=person.rights | {ADMIN}) if is_administrator else person
