"""Register accounts that people create themselves, the first one as administrator by a setup token."""

from collections.abc import Mapping, Sequence
from secrets import token_urlsafe
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.people.rights import ADMIN
from helpdesk.store import audit, locks, people, rights
from helpdesk.store.models.tables import Meta, Person
from helpdesk.store.rights import Named
from helpdesk.store.tokens import hashed

SETUP_TOKEN = "setup_token"
LOGIN_TAKEN = sentence("There is an account with this login already.")
EMAIL_TAKEN = sentence("There is an account with this e-mail already.")
WRONG_TOKEN = sentence("This is not the setup token, or it was used already.")
RESERVED = sentence(
    "This login is reserved. Register it with the setup token, or ask an administrator for the account."
)


class Registration(NamedTuple):
    """What is entered for an account; `setup_token` is empty for everybody but the first."""

    login: str
    email: str
    full_name: str
    department: str = ""
    position: str = ""
    setup_token: str = ""


def register(session: Session, registration: Registration, password_hash: str, named: Named = ()) -> Person:
    """Create a local account. Raises Invalid.

    A login or an e-mail of somebody else, in any directory, is refused: it would make that person's sign-in fail or
    reach another account. A login that is `named` has an administrator's rights, so it needs the setup token.
    """
    locks.everybody(session)
    errors = _taken(session, registration)
    is_admin = bool(registration.setup_token) and _use_token(session, registration.setup_token, named)
    if registration.setup_token and not is_admin:
        errors["setup_token"] = [WRONG_TOKEN]
    elif not is_admin and rights.is_named(named, "local", registration.login):
        errors.setdefault("username", [RESERVED])
    return _added(session, registration, password_hash, is_admin, errors)


def add(session: Session, account: Registration, password_hash: str, is_admin: bool) -> Person:
    """Create a local account for an administrator, who vouches for its e-mail. Raises Invalid, as `register` does for
    a login or an e-mail."""
    locks.everybody(session)
    person = _added(session, account, password_hash, is_admin, _taken(session, account))
    person.is_email_proven = bool(account.email)
    return person


def make_first(session: Session, person_id: int, token: str, named: Named = ()) -> Person:
    """Make an account of a directory the first administrator by the setup token. Raises Invalid."""
    locks.everybody(session)
    if not _use_token(session, token, named):
        raise Invalid({"setup_token": [WRONG_TOKEN]})
    rights.grant(session, person_id, ADMIN)
    return session.get_one(Person, person_id)


def offer_token(session: Session, named: Named = ()) -> str | None:
    """Return a new setup token, which voids older ones; None when an administrator exists."""
    locks.everybody(session)
    session.exec(sa.delete(Meta).where(col(Meta.name) == SETUP_TOKEN))
    if _has_administrator(session, named):
        return None
    token = token_urlsafe(16)
    session.add(Meta(name=SETUP_TOKEN, value=hashed(token)))
    return token


def wants_token(session: Session, named: Named = ()) -> bool:
    """Tell whether the first administrator is still missing."""
    return session.get(Meta, SETUP_TOKEN) is not None and not _has_administrator(session, named)


def _taken(session: Session, registration: Registration) -> dict[str, list[Sentence]]:
    fields = (("username", registration.login, LOGIN_TAKEN), ("email", registration.email, EMAIL_TAKEN))
    return {field: [message] for field, typed, message in fields if people.named(session, typed)}


def _added(
    session: Session,
    account: Registration,
    password_hash: str,
    is_admin: bool,
    errors: Mapping[str, Sequence[Sentence]],
) -> Person:
    """Create a local account. Raises Invalid for the errors that were found, and for a login that is taken."""
    if errors:
        raise Invalid(errors)
    try:
        with session.begin_nested():
            person = people.add_local(session, account.login, account.full_name, account.email, password_hash, is_admin)
    except IntegrityError as error:
        raise Invalid({"username": [LOGIN_TAKEN]}) from error
    person.department, person.position = account.department, account.position
    audit.note(session, None, "account_added", person.id, {"login": account.login})
    return person


def _use_token(session: Session, token: str, named: Named) -> bool:
    """Check the token and use it up: only the first of two requests with it succeeds."""
    mine = sa.delete(Meta).where(col(Meta.name) == SETUP_TOKEN, col(Meta.value) == hashed(token))
    return not _has_administrator(session, named) and session.exec(mine).rowcount == 1


def _has_administrator(session: Session, named: Named) -> bool:
    """Tell whether an administrator has an account: a name in a setting alone cannot sign in."""
    return bool(rights.administrators(session, named))
