"""Find and create accounts, and bind them to what a directory has proven."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Invalid, NotFound, sentence
from helpdesk.people.rights import ADMIN
from helpdesk.store import api_tokens, audit, local_passwords, locks, rights, sessions
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches
from helpdesk.store.models import fitting
from helpdesk.store.models.tables import Person
from helpdesk.store.rights import Named

FOUND_BY = ("login", "full_name", "department", "position", "phone", "office")
"""What colleagues are searched by."""

STAYS_CLOSED = sentence("This account was anonymised: it is nobody's, and stays closed.")


class Account(NamedTuple):
    """An account and the person's id in the backend."""

    id: int
    number: int
    login: str


class Accounts(Protocol):
    """Returns the accounts with these numbers in the backend or these folded logins: the active ones, or also those of
    people who have left."""

    def __call__(
        self, session: Session, numbers: Collection[int], logins: Collection[str] = (), *, with_former: bool = False
    ) -> list[Account]: ...


@sa.event.listens_for(Person, "before_insert")
@sa.event.listens_for(Person, "before_update")
def remember_words(mapper: object, connection: object, person: Person) -> None:
    """Fold what colleagues are searched by, with each write of an account: no writer can forget it."""
    words = fold(" ".join(getattr(person, name) or "" for name in FOUND_BY))
    person.words = fitting(Person, {"words": words})["words"]


def refreshed(session: Session, row: Person) -> Person:
    """Return an account as it is by now: it may have been read before a lock. Raises NotFound for one that is gone."""
    session.flush()
    fresh = session.get(Person, row.id, populate_existing=True)
    if fresh is None:
        raise NotFound
    return fresh


def by_login_or_email(session: Session, source: str, typed: str) -> Person | None:
    """Return the active account of `source` with this login, or else the only one with this e-mail."""
    active = select(Person).where(Person.source == source, col(Person.is_active).is_(True))
    if person := session.exec(active.where(Person.login_folded == fold(typed))).first():
        return person
    with_email = session.exec(active.where(Person.email_folded == fold(typed)).limit(2)).all() if "@" in typed else []
    return with_email[0] if len(with_email) == 1 else None


def with_ids(session: Session, numbers: Collection[int]) -> list[tuple[Person, frozenset[str]]]:
    """Return accounts by their ids, each with its rights, in no order; unknown ids are left out."""
    rows = session.exec(select(Person, rights.HELD).where(col(Person.id).in_(numbers)))
    return [(person, rights.names(held)) for person, held in rows]


def named(session: Session, typed: str) -> Sequence[Person]:
    """Return the accounts of all directories with this login, or else with this e-mail, including disabled ones."""
    for column in (Person.login_folded, Person.email_folded):
        if rows := session.exec(select(Person).where(column == fold(typed)).order_by(col(Person.id))).all():
            return rows if fold(typed) else ()
    return ()


def with_login(session: Session, login: str, source: str | None) -> Sequence[Person]:
    """Return the accounts of a directory, or of all, with this login."""
    same = select(Person).where(Person.login_folded == fold(login))
    return session.exec(same.where(Person.source == source) if source else same).all()


def containing(session: Session, source: str, text: str, limit: int) -> Sequence[Person]:
    """Return active accounts of a directory whose login, name or e-mail contains a text."""
    columns = (Person.login_folded, Person.email_folded, Person.full_name)
    matches = sa.or_(*(col(column).icontains(fold(text), autoescape=True) for column in columns))
    active = select(Person).where(Person.source == source, col(Person.is_active).is_(True), matches)
    return session.exec(active.order_by(Person.login_folded).limit(limit)).all()


def logins_beginning(session: Session, text: str, limit: int) -> Sequence[str]:
    """Return the first folded logins of active accounts that begin with a folded text."""
    beginning = col(Person.login_folded).startswith(text, autoescape=True)
    query = select(Person.login_folded).where(beginning, col(Person.is_active).is_(True))
    return session.exec(query.order_by(Person.login_folded).limit(limit)).all()


def all_people(session: Session) -> Sequence[Person]:
    return session.exec(select(Person).order_by(Person.login_folded)).all()


def recent_in_redmine(session: Session, limit: int) -> Sequence[int]:
    """Return the Redmine ids of the active people who signed in last."""
    known = select(Person.redmine_id).where(
        col(Person.redmine_id).is_not(None), col(Person.last_seen).is_not(None), col(Person.is_active).is_(True)
    )
    numbers = session.exec(known.order_by(col(Person.last_seen).desc(), col(Person.id)).limit(limit)).all()
    return [number for number in numbers if number is not None]


def active(session: Session, person_ids: Collection[int]) -> frozenset[int]:
    """Return those of these people whose accounts are active."""
    query = select(Person.id).where(col(Person.id).in_(person_ids), rights.ACTIVE)
    return frozenset(id for id in session.exec(query) if id)


def choose_language(session: Session, person_id: int, language: str) -> None:
    """Remember in which language a person reads what is sent to them."""
    other = (col(Person.id) == person_id, col(Person.language) != language)
    session.exec(sa.update(Person).where(*other).values(language=language))


def numbered(session: Session, accounts: Accounts, person_ids: Collection[int]) -> dict[int, Account]:
    """Return those of these people whom the backend knows, with their numbers there, by their ids."""
    if not person_ids:
        return {}
    linked = session.exec(select(Person.id, Person.redmine_id).where(col(Person.id).in_(person_ids))).all()
    # The number is that of the account or that in Redmine; whom the other one finds is left out.
    numbers = {number for id, redmine_id in linked for number in (id, redmine_id or id) if number}
    return {it.id: it for it in accounts(session, numbers, ()) if it.id in person_ids}


def fits(column: str, text: str) -> bool:
    """Tell whether a login or an e-mail fits into its column, also folded: folding makes some letters longer."""
    values = {column: text, f"{column}_folded": fold(text)}
    return fitting(Person, values) == values


def close_hint(session: Session, person_id: int, name: str) -> None:
    """Show this hint to the person no more; an empty name has all of them shown again."""
    locks.person(session, person_id)
    chosen = col(Person.id) == person_id
    names = {*session.exec(select(Person.closed_hints).where(chosen)).one().split(), name} if name else ()
    session.exec(sa.update(Person).where(chosen).values(closed_hints=" ".join(sorted(names))))


def add_local(session: Session, login: str, full_name: str, email: str, password_hash: str, is_admin: bool) -> Person:
    """Create a local account. Raises SQLAlchemy's IntegrityError when the login is taken."""
    person = Person(
        source="local",
        login=login,
        login_folded=fold(login),
        full_name=full_name or login,
        email=email,
        email_folded=fold(email),
        password_hash=password_hash,
        created_at=datetime.now(UTC),
    )
    session.add(person)
    session.flush()
    if is_admin and person.id is not None:
        rights.grant(session, person.id, ADMIN)
    return person


def bind_redmine(session: Session, redmine_id: int, login: str, full_name: str, email: str) -> Person:
    """Return the account of Redmine's user `redmine_id`, created at the first sign-in and updated at each.

    Another account that had this login at Redmine before loses it: the numeric id is the identity. An account that was
    expected under this login and is not bound yet becomes this account, or passes its rights on to it.
    A long name is cut. A long e-mail is left out, because its beginning may be somebody else's.
    """
    full_name = fitting(Person, {"full_name": full_name})["full_name"]
    email = email if fits("email", email) else ""
    locks.everybody(session)
    person = session.exec(select(Person).where(Person.redmine_id == redmine_id)).first()
    expected = _expected(session, login)
    if expected and person:
        rights.pass_on(session, expected.id or 0, person.id or 0)
        person.is_active = person.is_active and expected.is_active
        session.delete(expected)
        session.flush()
    person = person or expected
    _free_login(session, login, person)
    if person is None:
        person = Person(source="redmine", login=login, login_folded="", created_at=datetime.now(UTC))
    person.redmine_id = redmine_id
    person.login, person.login_folded = login, fold(login)
    person.is_email_proven = person.is_email_proven and person.email == email
    person.full_name, person.email, person.email_folded = full_name, email, fold(email)
    session.add(person)
    session.flush()
    return person


def expect(session: Session, source: str, login: str) -> Person:
    """Create an account for the first sign-in with this login of a directory."""
    person = Person(source=source, login=login, login_folded=fold(login), full_name=login, created_at=datetime.now(UTC))
    session.add(person)
    session.flush()
    return person


def disable(session: Session, login: str, source: str | None = None, named: Named | None = ()) -> bool:
    """Disable the accounts with this login in a directory, or in all, end their sessions and revoke their tokens.

    Return False when there is none. Raises Invalid for the last administrator.
    """
    return disable_accounts(session, with_login(session, login, source), named)


def disable_accounts(session: Session, found: Sequence[Person], named: Named | None) -> bool:
    """Disable these accounts, as `disable` does. Links that set a password open nothing any more."""
    with rights.keeping_an_administrator(session, named):
        accounts = _set_active(session, found, False)
        for person in accounts:
            sessions.end_all(session, person.id or 0)
            api_tokens.revoke_all(session, person.id or 0)
        local_passwords.void_links(session, [person.id for person in accounts])
    return bool(accounts)


def enable(session: Session, login: str, source: str | None = None) -> bool:
    """Let the accounts with this login sign in again. Return False when there is none. Raises Invalid for one that was
    anonymised."""
    return enable_accounts(session, with_login(session, login, source))


def enable_accounts(session: Session, found: Sequence[Person]) -> bool:
    """Let these accounts sign in again. Return False when there is none. Raises Invalid for one that was anonymised."""
    locks.everybody(session)
    return bool(_set_active(session, found, True))


def _set_active(session: Session, found: Sequence[Person], is_active: bool) -> Sequence[Person]:
    """Enable or disable these accounts, and those that they were joined into. Raises Invalid for one to be enabled that
    was anonymised."""
    fresh = [refreshed(session, row) for row in found]
    joined_into = with_ids(session, [row.joined_into for row in fresh if row.joined_into])
    accounts = {row.id: row for row in [*fresh, *(refreshed(session, row) for row, _ in joined_into)]}
    if is_active and any(row.anonymized_at for row in accounts.values()):
        raise Invalid({"login": [STAYS_CLOSED]})
    for person in accounts.values():
        person.is_active = is_active
        audit.note(session, None, "enable" if is_active else "disable", person.id)
    return list(accounts.values())


def _accounts(
    number: Any, session: Session, numbers: Collection[int], logins: Collection[str] = (), *, with_former: bool = False
) -> list[Account]:
    """Return accounts by `number`, a column of Person.

    Each is looked up by an index, since there may be many people.
    """
    login = sa.func.coalesce(Person.redmine_username, Person.login)
    known = sa.select(col(Person.id), col(number), login).where(
        col(number).is_not(None), col(Person.joined_into).is_(None)
    )
    found = known if with_former else known.where(rights.ACTIVE)
    # A plain IS NULL would be looked up by its index, which finds nearly everybody.
    same_login = found.where(sa.func.coalesce(Person.redmine_username_folded, "") == "")
    looks: list[tuple[Any, Any, Collection[Any]]] = [
        (found, number, numbers),
        (same_login, Person.login_folded, logins),
        (found, Person.redmine_username_folded, logins),
    ]
    asking = (
        query.where(col(column).in_(batch))
        for query, column, keys in looks
        for batch in in_batches(dict.fromkeys(keys))
    )
    return sorted({Account(*row) for each in asking for row in session.execute(each)})


known_in_embedded: Accounts = partial(_accounts, Person.id)
"""In the embedded backend a person's number is the id of the account."""
known_in_redmine: Accounts = partial(_accounts, Person.redmine_id)


def _expected(session: Session, login: str) -> Person | None:
    same = select(Person).where(Person.source == "redmine", Person.login_folded == fold(login))
    is_free = col(Person.redmine_id).is_(None), col(Person.joined_into).is_(None)
    return session.exec(same.where(*is_free)).first()


def _free_login(session: Session, login: str, owner: Person | None) -> None:
    same = select(Person).where(Person.source == "redmine", Person.login_folded == fold(login))
    holder = session.exec(same).first()
    if holder is not None and holder is not owner:
        holder.login_folded = f"#{holder.id}"
        session.add(holder)
        session.flush()
