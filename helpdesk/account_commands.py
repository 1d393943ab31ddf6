"""Decide whose an account is, for `helpdesk user`: join accounts, bind them to Redmine, pass on logins."""

import asyncio

from sqlmodel import Session

from helpdesk import logs, wiring
from helpdesk.commands import Refused, open_store
from helpdesk.errors import HelpdeskError
from helpdesk.services import utc_now
from helpdesk.settings import settings as configuration
from helpdesk.store import account_acts, audit, directory_accounts, joins, rights
from helpdesk.store.models.tables import Person
from helpdesk.user_commands import account_name, full_names, one_account, refusals

PREVIEW = "Nothing was changed. Add --yes to join them."
HANDED_ON = {
    "accept-login": (
        directory_accounts.accept_login,
        "{} keeps its account, whoever the directory says has the login.",
    ),
    "release-login": (directory_accounts.release_login, "{} is free: who signs in with it next gets a new account."),
}


def join(kept: str, joined: str, sure: bool) -> None:
    """Join the second account into the first one; without `sure` only tell what would be moved. Raises Refused."""

    settings = configuration.from_process()

    def work(session: Session) -> tuple[str, dict[str, int]]:
        keeper, other = (one_account(session, typed) for typed in (kept, joined))
        if rights.is_named(settings.administrators, other.source, other.login):
            raise Refused(
                f"ADMINISTRATORS names {full_names([other])}. Name {full_names([keeper])} there instead first."
            )
        counts = joins.preview(session, keeper, other)
        if sure:
            joins.join(session, keeper, other, utc_now(), None, settings.administrators)
        return f"{full_names([other])} into {full_names([keeper])}", counts

    with refusals():
        names, counts = open_store(settings).run_here(work, writes=True)
    for name, count in counts.items():
        print(f"{count:7} rows of {name}")
    print(f"{names}: joined. It can be undone for a week: helpdesk user unjoin {joined}" if sure else PREVIEW)


def unjoin(typed: str) -> None:
    """Give an account that was joined back what it had. Raises Refused."""
    settings = configuration.from_process()

    def work(session: Session) -> str:
        person = one_account(session, typed)
        joins.undo(session, person, utc_now(), None, settings.administrators)
        return full_names([person])

    with refusals():
        name = open_store(settings).run_here(work, writes=True)
    print(f"{name} is an account of its own again. Both people have to sign in again.")


def bind(typed: str, redmine_username: str) -> None:
    """Bind an account to a user of Redmine, who is asked for in Redmine itself. Raises Refused."""
    settings = configuration.from_process()
    if not settings.redmine_url:
        raise Refused("No Redmine is set.")
    database = open_store(settings)
    row = database.run_here(lambda session: one_account(session, typed))

    async def run() -> Person:
        services = wiring.wire(settings)
        binding = services.authentication.binding
        assert binding is not None  # there is a Redmine
        try:
            user = await binding.redmine.find(redmine_username)
            if user is None or user.is_blocked or not await binding.redmine.proven(user):
                raise Refused(f"Redmine has no active user {redmine_username} whom the helpdesk may act as.")
            return await binding.bind(row, user)
        except HelpdeskError as error:
            raise Refused(error.message.text % error.message.values) from error
        finally:
            await services.close()

    person = asyncio.run(run())
    database.run_here(lambda db: audit.note(db, None, "bind", person.id, {"redmine": redmine_username}), writes=True)
    print(logs.printable(f"{full_names([person])} is user {person.redmine_id} of Redmine ({redmine_username})."))


def unbind(typed: str) -> None:
    """Take the binding to Redmine from an account of another directory. Raises Refused."""

    def work(session: Session) -> str:
        person = one_account(session, typed)
        account_acts.unbind(session, person.id or 0)
        return full_names([person])

    with refusals():
        name = open_store(configuration.from_process()).run_here(work, writes=True)
    print(f"{name} is nobody in Redmine any more.")


def hand_on(verb: str, typed: str) -> None:
    """Decide about a login that a directory has given to somebody else. Raises Refused."""
    settings, (decide, told) = configuration.from_process(), HANDED_ON[verb]
    source, login = account_name(typed)
    if source in (None, "local", "redmine"):
        raise Refused("Name the directory too: oracle:LOGIN or ldap:LOGIN.")

    def work(session: Session) -> bool:
        with rights.keeping_an_administrator(session, settings.administrators):
            is_done = decide(session, source or "", login)
        if is_done:
            audit.note(session, None, verb, None, {"login": typed})
        return is_done

    with refusals():
        found = open_store(settings).run_here(work, writes=True)
    if not found:
        raise Refused(f"There is no account {typed}.")
    print(told.format(typed))
