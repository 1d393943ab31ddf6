"""Sign people in by the directories that are set, one after the other, and bind them to their accounts."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from helpdesk.errors import DirectoryUnavailable, HelpdeskError, Misconfigured, StoreUnavailable, Unavailable, sentence
from helpdesk.people.directory import Directory, Profile, Secret
from helpdesk.people.grace import Grace
from helpdesk.people.model import Person, load_person
from helpdesk.people.redmine_binding import RedmineBinding
from helpdesk.store import directory_accounts, joins, people, rights
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.rights import Named

log = logging.getLogger(__name__)

TOTAL_SECONDS = 7.0
"""All directories together have to answer in this time; binding to Redmine takes two more."""
SILENT = {
    "oracle": sentence(
        "Your password could not be checked, because the ERP does not answer just now. Please try again in a while."
    ),
    "ldap": sentence(
        "Your password could not be checked, because the company's directory (LDAP) does not answer just now. Please "
        "try again in a while."
    ),
}
"""What a person is told when nobody knows the login and this directory did not answer."""


class Attempts(Protocol):
    """The attempts of one sign-in, which are counted for each directory by itself."""

    async def checking(self, login: str, password: str) -> str:
        """Record that a directory is about to check a password; return the one that it should check."""

    def turn_to(self, source: str) -> None:
        """Count what is checked from now on for this directory."""

    def refused(self) -> None:
        """Note that the directory has refused the password."""

    def unanswered(self) -> None:
        """Note that the directory has not answered: its attempt does not count."""


@dataclass(frozen=True)
class Authentication:
    """Whom to ask for passwords, in this order, and what is done for people who are let in.

    `rereading` are the accounts for which directories are asked again just now.
    """

    database: Database
    directories: Sequence[Directory]
    clock: Callable[[], datetime]
    grace: Grace | None = None
    binding: RedmineBinding | None = None
    joins_by_email: bool = False
    named: Named = ()
    rereading: set[int] = field(default_factory=set)

    @property
    def problems(self) -> dict[str, str]:
        """Return why directories refuse the helpdesk, by their names."""
        return {directory.source: directory.trouble for directory in self.directories if directory.trouble}

    def has(self, source: str) -> bool:
        """Tell whether a directory is asked for passwords."""
        return any(it.source == source and it.checks_passwords for it in self.directories)

    async def sign_in(self, login: str, password: str, attempts: Attempts, only: str | None = None) -> Person | None:
        """Return the account of the person with this login and password; None when no directory accepts them.

        With `only` one directory is asked. One that fails is passed over. Raises its error when no other one accepts
        them, and LoginReassigned.
        """
        deadline = asyncio.get_running_loop().time() + TOTAL_SECONDS
        failures: list[HelpdeskError] = []
        for directory in await self._in_order(login, only):
            attempts.turn_to(directory.source)
            try:
                person = await self._ask(directory, login, password, attempts, deadline)
            except StoreUnavailable:
                raise
            except Unavailable as error:
                log.warning("a directory failed", extra={"directory": directory.source, "error": error.detail})
                failures.append(_told(directory.source, error))
                # A directory that refuses the helpdesk may do so after it has looked at the password.
                (attempts.refused if isinstance(error, Misconfigured) else attempts.unanswered)()
                person = await self._by_grace(error, directory.source, login, password, attempts)
            else:
                if person is None:
                    attempts.refused()
            if person is not None:
                return person
        if failures:
            raise failures[0]
        return None

    async def _in_order(self, login: str, only: str | None) -> list[Directory]:
        """Return the directories in their order, but those first where the person has an account: nobody else's
        directory that is slow delays them, and sees their password."""
        accounts = await self.database.run(lambda db: people.named(db, login.strip()))
        known = {account.source for account in accounts}
        asked = [directory for directory in self.directories if only in (None, directory.source)]
        return sorted(asked, key=lambda directory: directory.source not in known)

    async def _ask(
        self, directory: Directory, login: str, password: str, attempts: Attempts, deadline: float
    ) -> Person | None:
        try:
            async with asyncio.timeout_at(deadline):
                asked = await self._login(directory.source, login)
                profile = await directory.sign_in(asked, password, attempts.checking)
        except TimeoutError as error:
            raise DirectoryUnavailable(detail=f"no answer in {TOTAL_SECONDS} s") from error
        if profile is None or profile.is_blocked:
            if directory.source == "oracle" and self.grace:
                await self.grace.forget(asked, password)
            return None
        return await self.bound(directory.source, profile, password)

    async def _login(self, source: str, typed: str) -> str:
        """Return the login of the account with this e-mail, for a directory that is asked by logins alone."""
        if "@" not in typed or source not in ("oracle", "ldap"):
            return typed
        row = await self.database.run(lambda db: people.by_login_or_email(db, source, typed.strip()))
        return row.login if row else typed

    async def bound(self, source: str, profile: Profile, password: str = "") -> Person | None:
        """Return the account of a person whom a directory let in; None if it is disabled, or blocked by another one.
        Raises LoginReassigned."""
        row = await self.database.run(lambda db: self._row(db, source, profile), writes=source != "local")
        if not _may_enter(row):
            return None
        if source == "oracle" and self.grace:
            await self.grace.keep(profile.login, password)
        if self.binding:
            row = await self.binding.bound(row, source, profile, Secret(password))
        return await self._entering(row)

    async def _entering(self, row: tables.Person) -> Person | None:
        """Return the person of an account that may be entered."""
        return await self.database.run(lambda db: load_person(db, row)) if _may_enter(row) else None

    def _row(self, db: Session, source: str, profile: Profile) -> tables.Person:
        if source == "local":
            return directory_accounts.kept_of(db, db.get_one(tables.Person, int(profile.id)))
        if source == "redmine" and profile.redmine_id is not None:
            number, names = profile.redmine_id, (profile.login, profile.full_name, profile.email)
            by_mail = self.binding is not None and self.binding.rule == "mail"
            row = directory_accounts.bind_redmine(db, number, *names, by_mail=by_mail)
        else:
            row = directory_accounts.bind(db, source, profile.login, profile.id, profile._asdict())
        directory_accounts.unblock(db, row, source)
        rights.set_from_directory(db, row.id or 0, source, profile.rights)
        return joins.join_by_email(db, row, self.clock(), self.named) if self.joins_by_email else row

    async def _by_grace(
        self, error: Unavailable, source: str, login: str, password: str, attempts: Attempts
    ) -> Person | None:
        if source != "oracle" or self.grace is None or isinstance(error, Misconfigured):
            return None
        row = await self.grace.sign_in(await self._login(source, login), password, attempts.checking)
        person = await self._entering(row) if row else None
        if person is None:
            attempts.refused()
            return None
        log.warning("signed in without the ERP", extra={"person_id": person.id})
        return person


def _may_enter(row: tables.Person) -> bool:
    """Tell whether an account is neither disabled nor blocked by a directory."""
    return row.is_active and row.blocked_at is None


def _told(source: str, error: HelpdeskError) -> HelpdeskError:
    """Return the error with the sentence that names the directory."""
    is_down = source in SILENT and not isinstance(error, Misconfigured)
    return DirectoryUnavailable(SILENT[source], detail=error.detail) if is_down else error
