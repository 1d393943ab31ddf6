"""Bind accounts to what directories have proven: who signs in, and which fields the directory owns."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import LoginReassigned, NotAllowed, sentence
from helpdesk.store import devices, locks, people
from helpdesk.store.casefold import fold
from helpdesk.store.models import fitting, table, tables
from helpdesk.store.models.tables import Person

BOUND_BY_MAIL = sentence(
    "This user of Redmine belongs to an account of the company's directory. Please sign in with its login and password."
)
NAMES = ("full_name", "email")
OFFICE = ("department", "position", "office", "phone")
OWNED = {
    "oracle": (*NAMES, *OFFICE, "vpn_enabled", "vpn_end_date"),
    "ldap": (*NAMES, *OFFICE),
    "redmine": NAMES,
    "local": (),
}
"""The fields that each directory owns: they are refreshed at sign-in, and people can't edit them. Where an account has
several directories, the first one in this order owns a field."""
VOUCHING = ("oracle", "ldap")
"""The directories whose e-mails and numbers are the company's. In Redmine people enter theirs themselves."""


class Known(NamedTuple):
    """An account that a directory is asked for."""

    id: int
    login: str
    redmine_id: int | None
    directory_id: str | None = None


def bind(session: Session, source: str, login: str, directory_id: str, values: Mapping[str, Any]) -> Person:
    """Return the account that signs in by `login` of a directory other than Redmine and ours.

    It is created at the first sign-in, and its owned fields are refreshed at each. A login that the directory gives to
    somebody else does not inherit the account: raises LoginReassigned. An account that was joined into another one
    returns that one.
    """
    locks.everybody(session)
    known = _with_id(session, source, directory_id) if directory_id else None
    holder = session.exec(_of(source).where(Person.login_folded == fold(login))).first()
    if known is None and holder is not None and belongs_to_another(holder, directory_id, values.get("email") or ""):
        raise LoginReassigned
    if known is not None and holder is not None and holder is not known:
        free_login(session, holder)
    person = known or holder or Person(source=source, login=login, login_folded="", created_at=datetime.now(UTC))
    person.login, person.login_folded, person.directory_id = login, fold(login), directory_id or person.directory_id
    session.add(person)
    session.flush()
    kept = kept_of(session, person)
    refresh(session, person, source, values)
    if kept is not person:
        refresh(session, kept, source, values)
    return kept


def bind_redmine(
    session: Session, redmine_id: int, login: str, full_name: str, email: str, by_mail: bool = False
) -> Person:
    """Return the account of Redmine's user `redmine_id`, as `bind` does: the numeric id is the identity.

    It may be an account of another directory that is bound to this user: it keeps its login and names. Another account
    that had this login at Redmine before loses it. An account that was expected under this login and is not bound yet
    becomes this account, or passes its rights on to it.

    Where accounts are bound `by_mail`, which users of Redmine enter themselves, the password of Redmine does not open
    an account of another directory, unless an administrator has joined them: raises NotAllowed.
    """
    locks.everybody(session)
    person = session.exec(select(Person).where(Person.redmine_id == redmine_id)).first()
    if person is not None and person.source != "redmine":
        if by_mail and "redmine" not in _joined_sources(session, person):
            raise NotAllowed(BOUND_BY_MAIL)
        rename_in_redmine(session, person, login)
        refresh(session, person, "redmine", {"full_name": full_name, "email": email})
        return person
    return people.bind_redmine(session, redmine_id, login, full_name, email)


def of_redmine(session: Session, redmine_id: int | None) -> Person | None:
    """Return the account that is bound to a user of Redmine."""
    return session.exec(select(Person).where(Person.redmine_id == redmine_id)).first()


def rename_in_redmine(session: Session, person: Person, login: str) -> None:
    """Note the login that a bound account has in Redmine now. Whoever had it before has another one by now."""
    others = sa.and_(col(Person.redmine_username_folded) == fold(login), col(Person.id) != person.id)
    session.exec(sa.update(Person).where(others).values(redmine_username="", redmine_username_folded=""))
    person.redmine_username, person.redmine_username_folded = login, fold(login)
    session.add(person)
    session.flush()


def refresh(session: Session, person: Person, source: str, values: Mapping[str, Any]) -> None:
    """Write what a directory knows into the fields that it owns. A long text is cut, a long e-mail left out, because
    its beginning may be somebody else's."""
    owned = {name: values[name] for name in owned_by(session, person, source) if name in values}
    if "email" in owned:
        owned["email"] = owned["email"] if people.fits("email", owned["email"]) else ""
        owned["email_folded"] = fold(owned["email"])
        is_same = owned["email"] == person.email and person.is_email_proven
        owned["is_email_proven"] = source in VOUCHING or is_same
    if "phone" in owned:
        owned["is_phone_proven"] = source in VOUCHING and bool(owned["phone"])
    if "department" in owned:
        owned["is_department_proven"] = source in VOUCHING and bool(owned["department"])
    if "full_name" in owned:
        owned["full_name"] = owned["full_name"] or person.login
    for name, value in fitting(Person, owned).items():
        setattr(person, name, value)
    session.add(person)
    session.flush()


def owned_by(session: Session, person: Person, source: str) -> set[str]:
    """Return the fields of an account that a directory owns."""
    before = list(OWNED)[: list(OWNED).index(source)]
    stronger = [each for each in before if each in sources_of(session, person)]
    return set(OWNED[source]).difference(*(OWNED[each] for each in stronger))


def sources_of(session: Session, person: Person) -> set[str]:
    """Return the directories by which an account can be signed in to."""
    return _joined_sources(session, person) | {person.source} | ({"redmine"} if person.redmine_id else set())


def _joined_sources(session: Session, person: Person) -> set[str]:
    return set(session.exec(select(Person.source).where(Person.joined_into == person.id)))


def kept_of(session: Session, person: Person) -> Person:
    """Return the account itself, or the one that it was joined into."""
    return person if person.joined_into is None else session.get_one(Person, person.joined_into)


def accept_login(session: Session, source: str, login: str) -> bool:
    """Let the login's new owner have the account: the same person, who has come back. False if there is none."""
    row = session.exec(_of(source).where(Person.login_folded == fold(login))).first()
    if row is None:
        return False
    row.directory_id, row.email, row.email_folded, row.is_email_proven = None, "", "", False
    session.add(row)
    return True


def release_login(session: Session, source: str, login: str) -> bool:
    """Take the login from its old account, so that its new owner gets an account of their own. False if there is
    none.

    The old owner is signed out, and let in again when the directory shows the same person under another login. An
    account that this one was joined into goes on by its other directories.
    """
    row = session.exec(_of(source).where(Person.login_folded == fold(login))).first()
    if row is None:
        return False
    free_login(session, row)
    session.exec(sa.delete(tables.GracePassword).where(col(tables.GracePassword.person_id) == row.id))
    kept = kept_of(session, row)
    if kept is row:
        block(session, [row.id or 0], source, datetime.now(UTC))
    else:
        unblock(session, kept, source)
    return True


def free_login(session: Session, row: Person) -> None:
    """Take the login from an account, also as ADMINISTRATORS knows it."""
    row.login = row.login_folded = f"#{row.id}"
    session.add(row)
    session.flush()


def _of(source: str) -> Any:
    return select(Person).where(Person.source == source)


def _with_id(session: Session, source: str, directory_id: str) -> Person | None:
    row: Person | None = session.exec(_of(source).where(Person.directory_id == directory_id)).first()
    return row


def belongs_to_another(holder: Person, directory_id: str, email: str) -> bool:
    """Tell whether a login has changed hands: by the directory's own id, else by the e-mail."""
    if holder.directory_id and directory_id:
        return holder.directory_id != directory_id
    return bool(holder.email and email) and holder.email_folded != fold(email)


def signed_in(session: Session, source: str, now: datetime) -> list[Known]:
    """Return the accounts of a directory, joined ones too, whose people have a session or a token."""
    person, kept = sa.func.coalesce(Person.joined_into, Person.id), table(Person)
    used = sa.union(
        sa.select(col(tables.Session.person_id)).where(col(tables.Session.expires_at) > now),
        sa.select(col(tables.ApiToken.person_id)),
    )
    mine = kept.c.redmine_id.is_not(None) if source == "redmine" else kept.c.source == source
    known = kept.c.id, kept.c.login, kept.c.redmine_id, kept.c.directory_id
    has_login = sa.not_(kept.c.login_folded.startswith("#"))
    query = sa.select(*known).where(mine, has_login, kept.c.is_active, person.in_(used))
    return [Known(*row) for row in session.execute(query)]


def block(session: Session, ids: Collection[int], source: str, now: datetime) -> list[int]:
    """Shut out the people of these accounts, whom a directory blocks, and end their sessions and the pushes to their
    browsers. Return the ids of those who were not blocked before."""
    person = sa.func.coalesce(Person.joined_into, Person.id)
    people = list(session.execute(sa.select(person).where(col(Person.id).in_(ids))).scalars())
    free = sa.and_(col(Person.id).in_(people), col(Person.blocked_at).is_(None))
    blocked = list(session.execute(sa.select(col(Person.id)).where(free)).scalars())
    session.exec(sa.update(Person).where(free).values(blocked_at=now, blocked_by=source))
    session.exec(sa.delete(tables.Session).where(col(tables.Session.person_id).in_(people)))
    by_token = session.exec(select(tables.ApiToken.token_hash).where(col(tables.ApiToken.person_id).in_(people))).all()
    devices.forget_all(session, people, by_token)
    return [number for number in blocked if number is not None]


def unblock(session: Session, person: Person, source: str) -> None:
    """Let a person in again by the directory that had blocked them; no other one may."""
    if person.blocked_at is not None and person.blocked_by == source:
        person.blocked_at = person.blocked_by = None
        session.add(person)
