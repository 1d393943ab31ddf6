"""Store what people say of themselves. What a directory of theirs owns is not theirs to change."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Invalid
from helpdesk.store import locks, people
from helpdesk.store.casefold import fold
from helpdesk.store.directory_accounts import OWNED, sources_of
from helpdesk.store.models.tables import Person
from helpdesk.store.registration import EMAIL_TAKEN

EDITED = ("full_name", "email", "department", "position", "office", "phone")
"""What people may say of themselves where no directory does."""


class Profile(NamedTuple):
    """All that people see of their own account. `owned` are the fields that directories own, `sources` those that know
    the person."""

    id: int
    login: str
    full_name: str
    email: str
    department: str
    position: str
    office: str
    phone: str
    vpn_enabled: bool | None
    vpn_end_date: date | None
    redmine_id: int | None
    avatar: str | None
    hides_presence: bool
    last_seen: datetime | None
    sources: frozenset[str] = frozenset()
    owned: frozenset[str] = frozenset()


class Login(NamedTuple):
    """How a directory knows the person of an account: by the login there."""

    account: int
    source: str
    login: str


STORED = tuple(name for name in Profile._fields if name not in ("sources", "owned"))


def of_person(session: Session, person_id: int) -> Profile:
    """Return the profile of an account."""
    row = session.get_one(Person, person_id)
    sources = sources_of(session, row)
    stored = {name: getattr(row, name) for name in STORED}
    return Profile(**stored, sources=frozenset(sources), owned=owned_by_directories(sources))


def owned_by_directories(sources: Collection[str]) -> frozenset[str]:
    """Return the fields that directories own."""
    return frozenset(name for source in sources for name in OWNED[source])


def edit(session: Session, person_id: int, values: Mapping[str, Any]) -> Profile:
    """Write what a person has changed, and return the profile. Fields that directories own are left as they are.

    An e-mail, a number or a department that its person has typed is not proven. An e-mail of somebody else is refused,
    since a sign-in by it would reach the wrong account: raises Invalid.
    """
    if "email" in values:
        locks.everybody(session)  # two people may take one address at once
    locks.person(session, person_id)
    row = session.get_one(Person, person_id, populate_existing=True)
    free = {name: value for name, value in values.items() if name not in of_person(session, person_id).owned}
    if "email" in free and free["email"] != row.email:
        _require_free(session, row, free["email"])
        row.email_folded, row.is_email_proven = fold(free["email"]), False
    if "phone" in free and free["phone"] != row.phone:
        row.is_phone_proven = False
    if "department" in free and free["department"] != row.department:
        row.is_department_proven = False
    for name, value in free.items():
        setattr(row, name, value)
    row.full_name = row.full_name or row.login
    session.add(row)
    session.flush()
    return of_person(session, person_id)


def choose_avatar(session: Session, person_id: int, name: str | None) -> str | None:
    """Store the name of a person's picture, or that there is none, and return the name of the one before."""
    locks.person(session, person_id)
    row = session.get_one(Person, person_id)
    before, row.avatar = row.avatar, name
    session.add(row)
    return before


def avatars(session: Session, by_redmine: bool) -> dict[int, str]:
    """Return the names of all pictures by people's ids in Redmine, or by their accounts'."""
    number = col(Person.redmine_id) if by_redmine else col(Person.id)
    named = sa.select(number, col(Person.avatar)).where(col(Person.avatar).is_not(None), number.is_not(None))
    return {row[0]: row[1] for row in session.execute(named.where(col(Person.joined_into).is_(None)))}


def avatar_names(session: Session) -> frozenset[str]:
    """Return the names of all pictures of accounts, joined and disabled ones too."""
    return frozenset(session.scalars(sa.select(col(Person.avatar)).where(col(Person.avatar).is_not(None))))


def logins_of(session: Session, person_id: int) -> list[Login]:
    """Return how directories know a person: by the account itself, and by those that were joined into it."""
    same = sa.or_(col(Person.id) == person_id, col(Person.joined_into) == person_id)
    rows = session.exec(select(Person).where(same).order_by(col(Person.id))).all()
    logins = [Login(row.id or 0, row.source, row.login) for row in rows]
    known = {it.source for it in logins}
    redmine = [row for row in rows if row.id == person_id and row.redmine_id and "redmine" not in known]
    more = [Login(person_id, "redmine", row.redmine_username or row.login) for row in redmine]
    return [*logins, *more]


def _require_free(session: Session, row: Person, email: str) -> None:
    """Raise Invalid for an e-mail or a login of somebody else."""
    others = [it for it in people.named(session, email) if row.id not in (it.id, it.joined_into)]
    if others:
        raise Invalid({"email": [EMAIL_TAKEN]})
