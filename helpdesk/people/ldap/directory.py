"""Check passwords and find people by LDAP. A server that does not answer delays no other sign-in."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from functools import partial
from secrets import token_hex
from typing import TypeVar

from helpdesk.breaker import Breaker
from helpdesk.errors import DirectoryUnavailable, Misconfigured, Overloaded
from helpdesk.people.directory import Checking, Profile, unlimited
from helpdesk.people.ldap.connection import Account, Connection, Server
from helpdesk.people.ldap.failures import ServiceRefused, silent
from helpdesk.people.ldap.lookup import Lookup
from helpdesk.store.directory_accounts import Known
from helpdesk.threads import Threads

T = TypeVar("T")
LONGEST_LOGIN, LONGEST_PASSWORD = 120, 1_000
MOST_THREADS = 4
MOST_AT_ONCE = 50  # logins in one filter
PROBE_SECONDS = 1.0
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # halves of characters can't be sent
REFUSED_SECONDS = 600.0
"""For so long a refused service account is not tried again: directories lock an account after a few failures."""

log = logging.getLogger(__name__)


class LdapDirectory:
    """The Directory port over LDAP.

    A person is found by the service account, and then bound on a second connection. Each look-up ends within the
    server's `seconds`: what still waits for an answer is cut off. While the server is down, look-ups fail at once, and
    one of them in a while finds out whether it is back.
    """

    source = "ldap"

    def __init__(
        self,
        server: Server,
        service: Account,
        lookup: Lookup,
        breaker: Breaker | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server, self.service, self.lookup = server, service, lookup
        self.breaker, self.ticks = breaker or Breaker(), ticks
        self.threads = Threads(MOST_THREADS)
        self._fault: Misconfigured | None = None
        self._refused_until = 0.0
        self._probe: asyncio.Task[None] | None = None  # kept, or it might be collected before its end

    @property
    def trouble(self) -> str | None:
        """Return what is wrong with the settings, for administrators; None since the last success."""
        return self._fault.detail if self._fault else None

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
        """Return the profile of the person with this login and password, else None, also for blocked ones.

        A login that nobody has is tried all the same, under a name that nobody has, to take as long.
        """
        login = login.strip()
        if not _fits(login, LONGEST_LOGIN) or not _fits(password, LONGEST_PASSWORD):
            return None
        async with self._answering():
            found = await self._as_service(lambda connection: self.lookup.one(connection, login))
            tried = await checking(found.profile.login if found else login, password)
            dn = found.dn if found else f"cn={token_hex(8)},{self.lookup.base}"
            is_right = await self._connected(Account(dn, tried), Connection.bind)
        return found.profile if found and is_right and not found.profile.is_blocked else None

    async def find(self, login: str) -> Profile | None:
        """Return the profile of the person with this login, also of a blocked one, else None."""
        login = login.strip()
        if not _fits(login, LONGEST_LOGIN):
            return None
        async with self._answering():
            found = await self._as_service(lambda connection: self.lookup.one(connection, login))
        return found.profile if found else None

    async def search(self, text: str) -> list[Profile]:
        """Return at most MOST_FOUND people whose login, name or e-mail contains the text, without their rights."""
        text = text.strip()
        if not _fits(text, LONGEST_LOGIN):
            return []
        async with self._answering():
            return await self._as_service(lambda connection: self.lookup.several(connection, text))

    async def blocked(self, accounts: Collection[Known]) -> set[int]:
        """Return the ids of accounts whose people are blocked, or not in the directory any more."""
        logins = sorted({account.login for account in accounts})
        gone: set[str] = set()
        for start in range(0, len(logins), MOST_AT_ONCE):
            some = logins[start : start + MOST_AT_ONCE]
            async with self._answering():
                gone |= await self._as_service(partial(self.lookup.gone, logins=some))
        return {account.id for account in accounts if account.login in gone}

    async def examine(self) -> None:
        """Raise Misconfigured or DirectoryUnavailable unless people can be found."""
        async with self._answering():
            await self._as_service(self.lookup.examine)

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Bound a look-up in time. Raises DirectoryUnavailable, at once while the server is down."""
        await self._require_up()
        async with self._noting():
            yield

    @asynccontextmanager
    async def _noting(self) -> AsyncIterator[None]:
        """Note how a look-up ended, for the next ones and for administrators."""
        try:
            async with asyncio.timeout(self.server.seconds):
                yield
        except TimeoutError:
            raise self._noted(silent(f"no answer in {self.server.seconds:g} s")) from None
        except DirectoryUnavailable as error:
            raise self._noted(error) from None
        self._fault = None
        if self.breaker.succeeded():
            log.warning("LDAP answers again")

    def _noted(self, error: DirectoryUnavailable) -> DirectoryUnavailable:
        if isinstance(error, Misconfigured):
            self.breaker.succeeded()  # it does answer
            log.error("nobody can sign in by LDAP: a setting does not fit its server", extra={"error": error.detail})
            self._fault = error
        elif self.breaker.failed():
            log.error("LDAP does not answer", extra={"error": error.detail})
        return error

    async def _require_up(self) -> None:
        """Raise what is known to be wrong. If nobody has looked for a while, look; the caller waits only a moment."""
        self._require_not_refused()
        if self.breaker.takes_probe():
            self._probe = asyncio.create_task(self._look())
            await asyncio.wait([self._probe], timeout=PROBE_SECONDS)
        if not self.breaker.is_closed:
            raise silent("it did not answer a moment ago")

    def _require_not_refused(self) -> None:
        if self.ticks() < self._refused_until:
            raise ServiceRefused

    async def _look(self) -> None:
        """Ask whether the server is back."""
        with suppress(DirectoryUnavailable):
            async with self._noting():
                await self._as_service(self.lookup.bind)

    async def _as_service(self, work: Callable[[Connection], T]) -> T:
        return await self._connected(self.service, work)

    async def _connected(self, account: Account, work: Callable[[Connection], T]) -> T:
        """Work with a connection in a thread, and cut it off when the time is over."""
        connection = Connection(self.server, account)
        try:
            return await self.threads.run(self._unless_refused, connection, work)
        except Overloaded as error:
            raise silent(error.detail) from error
        except asyncio.CancelledError:
            connection.cut()
            raise

    def _unless_refused(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        """Work, unless the service account was refused while this waited for a thread; note if it is refused now."""
        self._require_not_refused()
        try:
            return connection.run(work)
        except ServiceRefused:
            self._refused_until = self.ticks() + REFUSED_SECONDS
            raise


def _fits(text: str, longest: int) -> bool:
    """Tell whether a text may be sent: neither empty nor too long, nor of characters that are none."""
    return 0 < len(text) <= longest and not NO_TEXT.search(text)
