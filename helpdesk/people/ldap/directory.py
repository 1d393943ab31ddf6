"""Check passwords and find people by LDAP. A server that does not answer delays no other sign-in."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from secrets import token_hex
from typing import TypeVar

from helpdesk.breaker import Breaker
from helpdesk.errors import DirectoryUnavailable, Misconfigured, Overloaded
from helpdesk.people.directory import Checking, Profile, unlimited
from helpdesk.people.ldap import binds
from helpdesk.people.ldap.connection import Account, Connection, Server
from helpdesk.people.ldap.failures import WRONG_FILTER, Fault, NotAsked, ServiceRefused, silent
from helpdesk.people.ldap.lookup import Found, Lookup
from helpdesk.people.ldap.places import MOST, Places
from helpdesk.store.directory_accounts import Known
from helpdesk.threads import Threads

T = TypeVar("T")
LONGEST_LOGIN, LONGEST_PASSWORD = 120, 1_000
MOST_AT_ONCE = 50  # accounts in one filter
PROBE_SECONDS = 1.0
NO_TEXT = re.compile("[\0\ud800-\udfff]")  # halves of characters can't be sent
REFUSED_SECONDS = 3_600.0
"""For so long a refused service account is not tried again: directories lock an account after a few failures."""

log = logging.getLogger(__name__)


class LdapDirectory:
    """The Directory port over LDAP.

    A person is found by the service account, and then bound on a second connection. A look-up waits for a place, and
    then ends within the server's `seconds`: what still waits for an answer is cut off. While the server is down,
    look-ups fail at once, and one of them in a while finds out whether it is back.
    """

    source = "ldap"
    checks_passwords = True

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
        self.threads, self.places = Threads(MOST), Places()
        self._fault: Misconfigured | None = None
        self._refused_until = 0.0
        self._probe: asyncio.Task[None] | None = None  # kept, or it might be collected before its end
        if not lookup.is_readable:
            self._note_fault(Fault(*WRONG_FILTER))

    @property
    def trouble(self) -> str | None:
        """Return what is wrong with the settings, for administrators; None since the last success."""
        return self._fault.detail if self._fault else None

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
        """Return the profile of the person with this login and password, else None, also for blocked ones.

        A login that nobody has is tried all the same, under a name that nobody has, to take as long. For the same
        reason groups are read at the end.
        """
        login = login.strip()
        if not _fits(login, LONGEST_LOGIN) or not _fits(password, LONGEST_PASSWORD):
            return None
        async with self._asking() as limit:
            found = await self._as_service(partial(self.lookup.one, login=login))
            with _stopped(limit):
                tried = await checking(found.profile.login if found else login, password)
            dn = found.entry.dn if found else f"cn={token_hex(8)},{self.lookup.base}"
            is_right = await self._connected(Account(dn, tried), binds.as_person)
            if not found or not is_right or found.profile.is_blocked:
                return None
            return await self._with_rights(found)

    async def find(self, login: str) -> Profile | None:
        """Return the profile of the person with this login, also of a blocked one, else None."""
        login = login.strip()
        if not _fits(login, LONGEST_LOGIN):
            return None
        async with self._asking():
            found = await self._as_service(partial(self.lookup.one, login=login))
            return await self._with_rights(found) if found else None

    async def search(self, text: str) -> list[Profile]:
        """Return at most MOST_FOUND people whose login, name or e-mail contains the text, without their rights."""
        text = text.strip()
        if not _fits(text, LONGEST_LOGIN):
            return []
        async with self._asking():
            return await self._as_service(lambda connection: self.lookup.several(connection, text))

    async def blocked(self, accounts: Collection[Known]) -> set[int]:
        """Return the ids of accounts whose people are blocked, or not in the directory any more."""
        known = sorted(accounts, key=lambda account: account.login)
        gone: set[int] = set()
        for start in range(0, len(known), MOST_AT_ONCE):
            some = known[start : start + MOST_AT_ONCE]
            async with self._asking():
                gone |= await self._as_service(partial(self.lookup.gone, accounts=some))
        return gone

    async def examine(self) -> None:
        """Raise Misconfigured or DirectoryUnavailable unless people can be found."""
        async with self._asking():
            await self._as_service(self.lookup.examine)

    async def _with_rights(self, found: Found) -> Profile:
        if not self.lookup.group_rights:
            return found.profile
        return await self._as_service(partial(self.lookup.with_rights, found=found))

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[asyncio.Timeout]:
        """Take a place, and bound a look-up in time. Raises DirectoryUnavailable, at once while the server is down."""
        await self._require_up()
        async with self.places.taken(self.server.seconds):
            self._require_usable()  # others may have failed while this one waited
            async with self._noting() as limit:
                yield limit

    @asynccontextmanager
    async def _noting(self) -> AsyncIterator[asyncio.Timeout]:
        """Note how a look-up ended, for the next ones and for administrators."""
        try:
            async with asyncio.timeout(self.server.seconds) as limit:
                yield limit
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
            self._note_fault(error)
        elif not isinstance(error, NotAsked) and self.breaker.failed():
            log.error("LDAP does not answer", extra={"error": error.detail})
        return error

    def _note_fault(self, error: Misconfigured) -> None:
        if self.trouble != error.detail:
            log.error("nobody can sign in by LDAP: a setting does not fit its server", extra={"error": error.detail})
        self._fault = error

    async def _require_up(self) -> None:
        """Raise what is known to be wrong. If nobody has looked for a while, look; the caller waits only a moment."""
        self._require_not_refused()
        if self.breaker.takes_probe():
            self._probe = asyncio.create_task(self._look())
            await asyncio.wait([self._probe], timeout=PROBE_SECONDS)
        self._require_usable()

    def _require_usable(self) -> None:
        self._require_not_refused()
        if not self.breaker.is_closed:
            raise NotAsked(detail="LDAP: it did not answer a moment ago")

    def _require_not_refused(self) -> None:
        if self.ticks() < self._refused_until:
            raise ServiceRefused

    async def _look(self) -> None:
        """Ask whether the server is back."""
        with suppress(DirectoryUnavailable):
            async with self.places.taken(self.server.seconds), self._noting():
                await self._as_service(binds.as_service)

    async def _as_service(self, work: Callable[[Connection], T]) -> T:
        if not self.lookup.is_readable:
            raise Fault(*WRONG_FILTER)
        self._require_not_refused()
        answer = await self._connected(self.service, partial(self._unless_refused, work=work))
        if self.ticks() >= self._refused_until:
            self.places.widen()
        return answer

    def _unless_refused(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        """Work; note when the service account is refused, also for a caller who has given up."""
        try:
            return work(connection)
        except ServiceRefused:
            self._note_refusal()
            raise

    def _note_refusal(self) -> None:
        if self.ticks() >= self._refused_until:
            self._fault = None  # it is logged again
        self._refused_until = self.ticks() + REFUSED_SECONDS
        self.places.narrow()

    async def _connected(self, account: Account, work: Callable[[Connection], T]) -> T:
        """Work with a connection in a thread, and cut it off when the time is over."""
        connection = Connection(self.server, account)
        try:
            return await self.threads.run(connection.run, work)
        except Overloaded as error:
            raise NotAsked(detail=f"LDAP: {error.detail}") from error
        except asyncio.CancelledError:
            connection.cut()
            raise


@contextmanager
def _stopped(limit: asyncio.Timeout) -> Iterator[None]:
    """Stop the server's time while we are at work ourselves."""
    clock = asyncio.get_running_loop().time
    left = (limit.when() or 0.0) - clock()
    limit.reschedule(None)
    try:
        yield
    finally:
        limit.reschedule(clock() + left)


def _fits(text: str, longest: int) -> bool:
    """Tell whether a text may be sent: neither empty nor too long, nor of characters that are none."""
    return 0 < len(text) <= longest and not NO_TEXT.search(text)
