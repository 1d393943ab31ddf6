"""Bind accounts of the ERP and of LDAP to users of Redmine, by the rule that an administrator has set."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Literal, Protocol

from sqlmodel import Session

from helpdesk.encryption import Box
from helpdesk.errors import HelpdeskError, Invalid, StoreUnavailable
from helpdesk.people.directory import Directory, Profile, Secret
from helpdesk.store import directory_accounts, directory_secrets, joins
from helpdesk.store.database import Database
from helpdesk.store.models.tables import Person
from helpdesk.store.rights import Named

log = logging.getLogger(__name__)
SECONDS = 2.0
"""A slow Redmine keeps nobody waiting longer than this at sign-in."""
Rule = Literal["login", "mail", "off"]


class RedmineUsers(Directory, Protocol):
    """Redmine, as far as accounts are bound to its users."""

    async def with_email(self, email: str) -> Profile | None:
        """Return the only active user with this e-mail."""

    async def with_number(self, number: int) -> Profile | None:
        """Return the user with this number."""

    async def proven(self, profile: Profile) -> bool:
        """Tell whether Redmine, asked as this login, says that it is this user."""


class RedmineBinding:
    """The rule REDMINE_MATCH, and the people's own keys where REDMINE_ACT_AS is api-key (then there is a `box`)."""

    def __init__(
        self,
        database: Database,
        redmine: RedmineUsers,
        rule: Rule,
        box: Box | None,
        clock: Callable[[], datetime],
        named: Named = (),
    ) -> None:
        self.database, self.redmine, self.rule, self.box, self.clock = database, redmine, rule, box, clock
        self.named = named

    async def bound(self, row: Person, source: str, profile: Profile, password: Secret) -> Person:
        """Bind a person who has just signed in, and keep the person's key. A Redmine that fails keeps nobody out: the
        next sign-in tries again."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._bound(row, source, profile, password)
        except StoreUnavailable:
            raise
        except TimeoutError:
            log.warning("not bound to Redmine, which is slow", extra={"person_id": row.id})
        except HelpdeskError as error:
            log.warning("not bound to Redmine", extra={"person_id": row.id, "error": error.detail or error.code})
        return row

    async def _bound(self, row: Person, source: str, profile: Profile, password: Secret) -> Person:
        if row.redmine_id is not None and source in ("oracle", "ldap"):
            row = await self._renamed(row)
        elif row.redmine_username is None and source in ("oracle", "ldap"):  # it is empty where somebody has unbound it
            row = await self._matched(row, profile)
        if self.box and row.redmine_id is not None:
            await self._keep_key(row, profile, password)
        return row

    async def _renamed(self, row: Person) -> Person:
        """Note the login that the bound user has in Redmine now."""
        known = Profile(row.redmine_username or row.login, redmine_id=row.redmine_id)
        if await self.redmine.proven(known) or row.redmine_id is None:
            return row
        user = await self.redmine.with_number(row.redmine_id)
        if user is None or user.is_blocked or not await self.redmine.proven(user):
            return row

        def work(db: Session) -> Person:
            same = db.get_one(Person, row.id)
            directory_accounts.rename_in_redmine(db, same, user.login)
            return same

        return await self.database.run(work, writes=True)

    async def _matched(self, row: Person, profile: Profile) -> Person:
        user = await self._candidate(profile)
        if user is None or user.is_blocked or not await self.redmine.proven(user):
            return row
        if self.rule == "mail" and await self._is_held(user):
            log.warning("not bound by mail: the user of Redmine has an account", extra={"person_id": row.id})
            return row
        return await self.bind(row, user)

    async def _is_held(self, user: Profile) -> bool:
        """Tell whether a user of Redmine has an account here. People enter their mail in Redmine themselves, so by the
        mail alone nobody's account is joined."""
        return await self.database.run(lambda db: directory_accounts.of_redmine(db, user.redmine_id) is not None)

    async def bind(self, row: Person, user: Profile) -> Person:
        """Bind an account to a user of Redmine. An account that this user has already is joined with it.

        Raises Invalid when one of the two is bound to somebody else.
        """
        now, number, login = self.clock(), user.redmine_id, user.login
        if number is None:
            raise Invalid(message=joins.TWO_USERS)
        return await self.database.run(
            lambda db: joins.bind_to_redmine(db, row, number, login, now, self.named), writes=True
        )

    async def _candidate(self, profile: Profile) -> Profile | None:
        if self.rule == "login":
            return await self.redmine.find(profile.login)
        return await self.redmine.with_email(profile.email) if self.rule == "mail" else None

    async def _keep_key(self, row: Person, profile: Profile, password: Secret) -> None:
        """Keep the person's key, which Redmine tells for the password that was just typed."""
        key = profile.api_key or await self._key(row, password)
        if key and self.box:
            sealed, now = self.box.seal(key), self.clock()
            await self.database.run(
                lambda db: directory_secrets.keep_redmine_key(db, row.id or 0, sealed, now), writes=True
            )

    async def _key(self, row: Person, password: Secret) -> Secret | None:
        user = await self.redmine.sign_in(row.redmine_username or row.login, password)
        return user.api_key if user and user.redmine_id == row.redmine_id else None
