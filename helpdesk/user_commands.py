"""Manage local accounts, and the rights of the accounts of all directories, for `helpdesk user`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import get_args

from sqlmodel import Session

from helpdesk import logs
from helpdesk.commands import Refused, open_store
from helpdesk.errors import Invalid, Sentence
from helpdesk.people import accounts
from helpdesk.people.model import Source
from helpdesk.people.passwords import hashed
from helpdesk.people.rights import ADMIN, REDMINE_USER
from helpdesk.settings import settings as configuration
from helpdesk.settings.settings import Settings
from helpdesk.store import directory_accounts, locks, people, registration, rights
from helpdesk.store.models.tables import Person, RightGrant
from helpdesk.store.registration import Registration
from helpdesk.texts import is_blank

FOUND_LOGIN = r"[\w.@+-]{1,120}"  # with @: accounts of Redmine and older ones have it
DIRECTORIES: tuple[str, ...] = get_args(Source)
ARGUMENTS = {"username": "login", "full_name": "name"}
"""The arguments of `helpdesk user add` whose fields have other names."""
BESIDE_REDMINE = "Beside a Redmine a local account sees no tasks: people sign in there with their logins of Redmine."
BESIDE_REDMINE_ADMIN = (
    "Beside a Redmine a local administrator sees no tasks, and is good for what belongs to the helpdesk itself: the "
    "board's columns at /tasks/board/columns, everybody's reply templates at /replies. "
    "Somebody of Redmine is made an administrator by: helpdesk user admin LOGIN"
)


def add_user(login: str, name: str, email: str, admin: bool, password: str) -> None:
    """Create a local account, which may be without an e-mail. Raises Refused with every mistake at once."""
    settings, account = configuration.from_process(), Registration(login, email, name)
    entered = {"username": login, "full_name": name, "password": password} | ({"email": email} if email else {})
    if mistakes := accounts.mistakes(entered):
        raise Refused(_in_english({field: [mistake] for field, mistake in mistakes.items()}))
    password_hash = hashed(password)
    try:
        open_store(settings).run_here(
            lambda session: registration.add(session, account, password_hash, admin).id, writes=True
        )
    except Invalid as error:
        raise Refused(_in_english(error.fields)) from error
    print(f"{login} can sign in.")
    if settings.redmine_url:
        print(BESIDE_REDMINE_ADMIN if admin else BESIDE_REDMINE)


def _in_english(fields: Mapping[str, Sequence[Sentence]]) -> str:
    return " ".join(
        f"{ARGUMENTS.get(field, field)}: {message.text % message.values}"
        for field, messages in fields.items()
        for message in messages
    )


def set_admin(typed: str, is_admin: bool) -> None:
    """Make an account an administrator, or revoke that.

    An account of Redmine's may be named before its first sign-in.
    """
    settings = configuration.from_process()
    person, groups = _set_right(settings, typed, ADMIN, is_admin)
    is_one = is_admin or groups
    print(f"{full_names([person])} is {'an' if is_one else 'no'} administrator{groups}{_since(person)}.")
    if settings.redmine_url and is_admin and person.source == "local":
        print(BESIDE_REDMINE_ADMIN)


def set_right(typed: str, name: str, granted: bool) -> None:
    """Grant a right to an account, or revoke it. As for `set_admin`, the account may be expected."""
    person, groups = _set_right(configuration.from_process(), typed, name, granted)
    has = "has" if granted or groups else "no longer has"
    print(f"{full_names([person])} {has} the right {name}{groups}{_since(person)}.")


def _set_right(settings: Settings, typed: str, name: str, granted: bool) -> tuple[Person, str]:
    """Return the account, and in words which groups still give it a right that was revoked. Raises Refused."""
    source, login = account_name(typed)
    may_be_expected = granted and has_directory(settings, source)

    def work(session: Session) -> tuple[Person, str]:
        person = found_or_expected(session, source, login, may_be_expected)
        assert person.id is not None
        if granted:
            rights.grant(session, person.id, name)
            return person, ""
        rights.revoke(session, person.id, name, settings.administrators, asked=_asked(settings, session, person))
        groups = [row.source for row in rights.grants(session, person.id) if row.name == name]
        return person, f" only by a group in {', '.join(groups)} now: the grant is taken back" if groups else ""

    with refusals():
        return open_store(settings).run_here(work, writes=True)


def _asked(settings: Settings, session: Session, person: Person) -> set[str]:
    """Return the directories that set the rights of their groups when this person signs in."""
    sources = directory_accounts.sources_of(session, person) & set(settings.directories or DIRECTORIES)
    return {source for source in sources if has_directory(settings, source)}


def has_directory(settings: Settings, source: str | None) -> bool:
    """Tell whether people may sign in by this directory whom the helpdesk does not know yet."""
    is_set = {"redmine": settings.redmine_url, "oracle": settings.oracle_host, "ldap": settings.ldap_url}
    return bool(is_set.get(source or "redmine"))


def show_rights(typed: str) -> None:
    """Print the rights of an account, each with what gives it."""
    settings, (source, login) = configuration.from_process(), account_name(typed)

    def work(session: Session) -> tuple[Person, list[RightGrant]]:
        person = found_or_expected(session, source, login, may_be_expected=False)
        return person, list(rights.grants(session, person.id or 0))

    person, grants = open_store(settings).run_here(work)
    given = [
        (row.name, f"by a group in {row.source}" if row.source else f"granted on {row.granted_at:%Y-%m-%d}")
        for row in grants
    ]
    if rights.is_named(settings.administrators, person.source, person.login):
        given.append((ADMIN, "by ADMINISTRATORS"))
    if person.redmine_id is not None:
        given.append((REDMINE_USER, f"as user {person.redmine_id} of Redmine"))
    for name, how in sorted(given):
        print(f"{name:34} {how}")


def found_or_expected(session: Session, source: str | None, login: str, may_be_expected: bool) -> Person:
    """Return the one account with this login, or the one that it was joined into.

    Where `may_be_expected`, a missing one is created for its first sign-in. Raises Refused.
    """
    locks.everybody(session)
    found = (directory_accounts.kept_of(session, person) for person in people.with_login(session, login, source))
    accounts = list({person.id: person for person in found}.values())
    if not accounts and may_be_expected:
        return people.expect(session, source or "redmine", login)
    return _only(accounts, f"{source}:{login}" if source else login)


def one_account(session: Session, typed: str) -> Person:
    """Return the one account with this name, also one that was joined into another one. Raises Refused."""
    source, login = account_name(typed)
    return _only(people.with_login(session, login, source), typed)


def _only(accounts: Sequence[Person], typed: str) -> Person:
    if len(accounts) > 1:
        raise Refused(f"{typed} is an account of several directories. Name one: {full_names(accounts)}.")
    if not accounts:
        raise Refused(f"There is no account {typed}.")
    return accounts[0]


def account_name(typed: str) -> tuple[str | None, str]:
    """Return the directory, if it is named, and the login."""
    source, colon, login = typed.rpartition(":")
    if colon and source not in DIRECTORIES:
        raise Refused(
            f"There is no directory {source}. Give LOGIN, or one of: {', '.join(DIRECTORIES)}, as redmine:LOGIN."
        )
    if not (re.fullmatch(FOUND_LOGIN, login) and people.fits("login", login)) or is_blank(login):
        raise Refused("A login has 1 to 120 letters, digits or . _ - @ +.")
    return source or None, login


def full_names(accounts: Iterable[Person]) -> str:
    return ", ".join(f"{person.source}:{person.login}" for person in accounts)


def _since(person: Person) -> str:
    return " from the first sign-in on" if _is_expected(person) else ""


def _is_expected(person: Person) -> bool:
    return person.source != "local" and (person.redmine_id, person.directory_id, person.last_seen) == (None,) * 3


def list_users() -> None:
    settings = configuration.from_process()

    def work(session: Session) -> list[tuple[Person, frozenset[str]]]:
        accounts = people.all_people(session)
        held = rights.of_people(session, [person.id or 0 for person in accounts])
        return [(person, held[person.id or 0]) for person in accounts]

    for person, held in open_store(settings).run_here(work):
        admin = ADMIN in held or rights.is_named(settings.administrators, person.source, person.login)
        marks = [*sorted(held - {ADMIN}), *["admin"] * admin, *["disabled"] * (not person.is_active)]
        marks += ["never signed in"] * _is_expected(person)
        print(logs.printable(f"{person.login:24} {person.source:8} {person.full_name:32} {' '.join(marks)}"))


def disable_user(typed: str) -> None:
    """Disable the account with this login, or those of all directories. Raises Refused."""
    settings, (source, login) = configuration.from_process(), account_name(typed)
    with refusals():
        found = open_store(settings).run_here(
            lambda session: people.disable(session, login, source, settings.administrators), writes=True
        )
    if not found:
        raise Refused(f"There is no account {typed}.")
    print(f"{typed} is shut out, and signed out everywhere. API tokens of it are revoked.")


def enable_user(typed: str) -> None:
    """Enable the account with this login, or those of all directories. Raises Refused."""
    settings, (source, login) = configuration.from_process(), account_name(typed)
    with refusals():
        found = open_store(settings).run_here(lambda session: people.enable(session, login, source), writes=True)
    if not found:
        raise Refused(f"There is no account {typed}.")
    print(f"{typed} can sign in again.")


@contextmanager
def refusals() -> Iterator[None]:
    """Raise Refused for what the store refuses."""
    try:
        yield
    except Invalid as error:
        messages = [message for field in error.fields.values() for message in field] or [error.message]
        raise Refused(" ".join(message.text % message.values for message in messages)) from error
