"""Accounts: found, made, bound to what a directory proved."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.folding import fold
from helpdesk.store.tables import Person


class Account(NamedTuple):
    """An account and the person's number in the tracker."""

    id: int
    number: int
    login: str
    is_admin: bool


def by_login_or_email(session: Session, source: str, typed: str) -> Person | None:
    """The active account of `source` with this login, or else the only one with this e-mail."""
    active = select(Person).where(Person.source == source, col(Person.is_active).is_(True))
    if person := session.exec(active.where(Person.login_folded == fold(typed))).first():
        return person
    with_email = session.exec(active.where(Person.email_folded == fold(typed)).limit(2)).all() if "@" in typed else []
    return with_email[0] if len(with_email) == 1 else None


def all_people(session: Session) -> Sequence[Person]:
    return session.exec(select(Person).order_by(Person.login_folded)).all()


def lately_in_redmine(session: Session, limit: int) -> Sequence[int]:
    """The Redmine numbers of the active people who signed in last."""
    known = select(Person.redmine_id).where(
        col(Person.redmine_id).is_not(None), col(Person.last_seen).is_not(None), col(Person.is_active).is_(True)
    )
    found = session.exec(known.order_by(col(Person.last_seen).desc(), col(Person.id)).limit(limit)).all()
    return [number for number in found if number is not None]


def known_here(session: Session, numbers: Collection[int] | None) -> list[Account]:
    """Active people by their numbers in the embedded tracker, where a person is the account itself; None: all."""
    return _accounts(session, Person.id, numbers)


def known_in_redmine(session: Session, numbers: Collection[int] | None) -> list[Account]:
    """Active people by their numbers in Redmine; None: all who have one."""
    return _accounts(session, Person.redmine_id, numbers)


def add_local(session: Session, login: str, full_name: str, email: str, password_hash: str, is_admin: bool) -> Person:
    """A new local account. Raises sqlalchemy's IntegrityError when the login is taken."""
    person = Person(
        source="local",
        login=login,
        login_folded=fold(login),
        full_name=full_name or login,
        email=email,
        email_folded=fold(email),
        password_hash=password_hash,
        is_admin=is_admin,
        created_at=datetime.now(UTC),
    )
    session.add(person)
    session.flush()
    return person


def bind_redmine(session: Session, redmine_id: int, login: str, full_name: str, email: str) -> Person:
    """The account of Redmine's user `redmine_id`, made at the first sign-in and brought up to date at each.

    Another account that held this login at Redmine before gives it up: the numeric id is the identity.
    """
    person = session.exec(select(Person).where(Person.redmine_id == redmine_id)).first()
    _free_login(session, login, person)
    if person is None:
        person = Person(source="redmine", login=login, login_folded="", created_at=datetime.now(UTC))
        person.redmine_id = redmine_id
    person.login, person.login_folded = login, fold(login)
    person.full_name, person.email, person.email_folded = full_name, email, fold(email)
    session.add(person)
    session.flush()
    return person


def disable(session: Session, login: str) -> bool:
    """Shut out whoever has this login here or at Redmine. False when there is nobody."""
    statement = sa.update(Person).where(col(Person.login_folded) == fold(login))
    return session.exec(statement.values(is_active=False)).rowcount > 0


def _accounts(session: Session, number: int | None, numbers: Collection[int] | None) -> list[Account]:
    """`number` is a column of Person."""
    active = select(Person.id, number, Person.login, Person.is_admin).where(
        col(number).is_not(None), col(Person.is_active).is_(True)
    )
    if numbers is not None:
        active = active.where(col(number).in_(set(numbers)))
    rows = session.exec(active.order_by(col(Person.id)))
    return [Account(id or 0, known or 0, login, is_admin) for id, known, login, is_admin in rows]


def _free_login(session: Session, login: str, owner: Person | None) -> None:
    same = select(Person).where(Person.source == "redmine", Person.login_folded == fold(login))
    holder = session.exec(same).first()
    if holder is not None and holder is not owner:
        holder.login_folded = f"#{holder.redmine_id}"
        session.add(holder)
        session.flush()
