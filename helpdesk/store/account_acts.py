"""Do to one account what administrators decide, by its id: logins may change hands."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import audit, directory_accounts, joins, local_passwords, locks, people, registration, rights
from helpdesk.store.casefold import fold
from helpdesk.store.database import required
from helpdesk.store.models.tables import Person
from helpdesk.store.registration import EMAIL_TAKEN, Registration
from helpdesk.store.rights import Named

NOT_LOCAL = sentence("Only a local account has a password here. Other directories keep their own passwords.")
SHUT_OUT = sentence("This account is disabled. Enable it first.")
OF_REDMINE = sentence("This account is one of Redmine itself. Disable it to shut it out.")
NO_HANDS = sentence("Only directories of the company give a login to somebody else.")
EMAIL_CHANGED = sentence("The address was changed meanwhile. Nothing was confirmed. Please look at the new one.")
OWNED = sentence("The directory %(source)s tells this address. Change it there.")
PHONE_OWNED = sentence("The directory %(source)s tells this number. Change it there.")
DEPARTMENT_OWNED = sentence("The directory %(source)s tells this department. Change it there.")


def load(session: Session, person_id: int) -> Person:
    """Return an account. Raises NotFound."""
    return required(session, Person, person_id)


def disable(session: Session, person_id: int, named: Named | None) -> None:
    """Shut an account out, and the one that it was joined into. Raises Invalid for the last administrator."""
    people.disable_accounts(session, [load(session, person_id)], named)


def enable(session: Session, person_id: int) -> None:
    """Let an account sign in again, and the one that it was joined into."""
    people.enable_accounts(session, [load(session, person_id)])


def make_password_link(session: Session, person_id: int) -> str:
    """Return the token of a link that sets a new password once. Raises Invalid."""
    row = load(session, person_id)
    if row.source != "local":
        raise Invalid(message=NOT_LOCAL)
    if not row.is_active:
        raise Invalid(message=SHUT_OUT)
    audit.note(session, None, "password_link", person_id)
    return local_passwords.make_link(session, person_id, datetime.now(UTC))


def change_email(session: Session, person_id: int, email: str) -> None:
    """Give a local account an address, for which the administrator vouches. Raises Invalid, also for a taken one."""
    locks.everybody(session)
    row = load(session, person_id)
    if row.source != "local":
        raise Invalid({"email": [OWNED._replace(values={"source": row.source})]})
    others = select(Person.id).where(col(Person.id) != person_id)
    taken = sa.or_(col(Person.email_folded) == fold(email), col(Person.login_folded) == fold(email))
    if email and session.exec(others.where(taken)).first():
        raise Invalid({"email": [EMAIL_TAKEN]})
    row.email, row.email_folded, row.is_email_proven = email, fold(email), bool(email)
    session.add(row)
    audit.note(session, None, "email_changed", person_id, {"email": email})


def change_phone(session: Session, person_id: int, phone: str) -> None:
    """Give an account a number, for which the administrator vouches. Raises Invalid where a directory tells it."""
    locks.person(session, person_id)
    row = people.refreshed(session, load(session, person_id))
    if source := who_tells(session, row, "phone"):
        raise Invalid({"phone": [PHONE_OWNED._replace(values={"source": source})]})
    row.phone, row.is_phone_proven = phone, bool(phone)
    session.add(row)
    audit.note(session, None, "phone_changed", person_id)


def change_department(session: Session, person_id: int, department: str) -> None:
    """Give an account a department, for which the administrator vouches. Raises Invalid where a directory tells it."""
    locks.person(session, person_id)
    row = people.refreshed(session, load(session, person_id))
    if source := who_tells(session, row, "department"):
        raise Invalid({"department": [DEPARTMENT_OWNED._replace(values={"source": source})]})
    row.department, row.is_department_proven = department, bool(department)
    session.add(row)
    audit.note(session, None, "department_changed", person_id, {"department": department})


def who_tells(session: Session, row: Person, field: str) -> str:
    """Return the directory that tells a field of an account, such as its phone; nothing if none does."""
    sources = directory_accounts.sources_of(session, row)
    owned = directory_accounts.OWNED.items()
    return next((source for source, fields in owned if source in sources and field in fields), "")


def vouch_for_email(session: Session, person_id: int, is_proven: bool, seen: str) -> None:
    """Let an account's address count as its person's own, or no longer. Raises Conflict for another one than the
    administrator has `seen`: people change theirs meanwhile."""
    locks.person(session, person_id)
    row = people.refreshed(session, load(session, person_id))
    if row.email != seen:
        raise Conflict(message=EMAIL_CHANGED)
    if row.is_email_proven != (is_proven and bool(row.email)):
        row.is_email_proven = is_proven and bool(row.email)
        session.add(row)
        audit.note(session, None, "email_proven" if is_proven else "email_doubted", person_id, {"email": row.email})


def unbind(session: Session, person_id: int) -> None:
    """Take the binding to Redmine from an account of another directory. Raises Invalid."""
    row = load(session, person_id)
    if row.source == "redmine":
        raise Invalid(message=OF_REDMINE)
    before, row.redmine_id = row.redmine_id, None
    row.redmine_username = row.redmine_username_folded = ""  # so that no rule binds it again
    session.add(row)
    joins.forget_redmine_keys(session, [person_id])
    audit.note(session, None, "unbind", person_id, {"redmine": before})


def hand_on_login(session: Session, person_id: int, accepts: bool, named: Named | None) -> None:
    """Decide about a login that a directory has given to somebody else: the same person, or another one.

    Raises Invalid for an account whose login can't change hands, or has done so, and for the last administrator's.
    """
    row = load(session, person_id)
    if row.source not in joins.PROVEN or row.login_folded != fold(row.login) or row.login.startswith("#"):
        raise Invalid(message=NO_HANDS)
    name = f"{row.source}:{row.login}"
    decide = directory_accounts.accept_login if accepts else directory_accounts.release_login
    with rights.keeping_an_administrator(session, named):
        decide(session, row.source, row.login)
    audit.note(session, None, "accept-login" if accepts else "release-login", person_id, {"login": name})


def add_with_link(session: Session, account: Registration) -> tuple[int, str]:
    """Add a local account without a password. Return its id, and the token of a link that sets one. Raises Invalid."""
    row = registration.add(session, account, "", is_admin=False)
    row.password_hash, row.is_email_proven = None, bool(row.email)
    session.add(row)
    return row.id or 0, make_password_link(session, row.id or 0)
