"""Ask the Oracle ERP for people, and let it check their passwords."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from secrets import token_hex
from typing import TypeVar

from helpdesk.breaker import Breaker
from helpdesk.errors import DirectoryUnavailable, Misconfigured
from helpdesk.people.directory import Checking, Profile, unlimited
from helpdesk.people.oracle_erp import failures
from helpdesk.people.oracle_erp import statements as sql
from helpdesk.people.oracle_erp.connection import SECONDS, Account, Conversation, converse
from helpdesk.people.oracle_erp.failures import AccountRefused, BadRow, NotAsked, TooSlow
from helpdesk.people.oracle_erp.statements import LONGEST_LOGIN, Row, Statements
from helpdesk.store.directory_accounts import Known

T = TypeVar("T")
log = logging.getLogger(__name__)

LONGEST_PASSWORD, LONGEST_SEARCH = 1_000, 120
CONNECTIONS = 4
CLOSE_SECONDS = 2.0
MOST_AT_ONCE = 10  # people whom one connection looks for
BLOCKED_SECONDS = 15.0
"""After this time a round through the people who are signed in takes no further connection."""
PATIENT = {"search", "blocked"}
"""Look-ups that may take long where signing in does not."""
NOBODY = "-"
"""A login that `helpdesk doctor` asks for."""


class OracleDirectory:
    """The Directory port over the ERP's views. `trouble` is what administrators have to correct, if anything.

    Each look-up has a connection of its own: a pool of the driver does not recover from a listener that accepts
    connections and says nothing. Once the ERP has refused our account, this process does not try it again.
    """

    source = "oracle"

    def __init__(
        self,
        account: Account,
        statements: Statements | None = None,
        *,
        checks_passwords: bool = True,
        seconds: float = SECONDS,
        breaker: Breaker | None = None,
    ) -> None:
        self.account, self.seconds = account, seconds
        self.statements = statements or sql.statements()
        self.checks_passwords = checks_passwords
        self.breaker = breaker or Breaker()
        self._refused = ""
        self._troubles: dict[str, str] = {}
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._logon = asyncio.Lock()  # a password that is wrong, perhaps since a moment ago, is tried only once
        self._refuses_nobody = False
        self._looked_until = ""
        self._unreadable: set[str] = set()
        self._work: set[asyncio.Task[object]] = set()
        self._open: set[Conversation] = set()

    @property
    def trouble(self) -> str | None:
        return self._refused or next(iter(self._troubles.values()), None)

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
        """Return the profile of the person with this login and password, else None; also for who is blocked."""
        login = _trimmed(login, LONGEST_LOGIN)
        if not (self.checks_passwords and login and _fits(password, LONGEST_PASSWORD)):
            return None
        tried = await checking(login, password)

        async def ask(erp: Conversation) -> Profile | None:
            if not await erp.rows(self.statements.check, login=login, password=tried):
                return None
            if not self._refuses_nobody:
                await self._try_nobody(erp)
            found = await self._profile(erp, login)
            if found is None:
                raise Misconfigured(detail=f"{self.statements.profile.name}: no row for who may sign in")
            if found.login.casefold() != login.casefold():
                raise Misconfigured(detail=f"{self.statements.profile.name}: a row of another login")
            return None if found.is_blocked else found

        return await self._run("sign_in", ask)

    async def _try_nobody(self, erp: Conversation) -> None:
        """Raise Misconfigured if the check lets in somebody who does not exist, as one does that counts rows."""
        if await erp.rows(self.statements.check, login=token_hex(16), password=token_hex(16)):
            detail = f"{self.statements.check.name}: the check statement returns a row for nobody"
            raise Misconfigured(detail=detail)
        self._refuses_nobody = True

    async def find(self, login: str) -> Profile | None:
        """Return the profile of the person with this login, also of who is blocked."""
        login = _trimmed(login, LONGEST_LOGIN)
        return await self._run("find", lambda erp: self._profile(erp, login)) if login else None

    async def search(self, text: str) -> list[Profile]:
        """Return at most MOST_FOUND people whose login, name or e-mail contains the text, without their VPN."""
        text = _trimmed(text, LONGEST_SEARCH)

        async def ask(erp: Conversation) -> list[Profile]:
            rows = await erp.rows(self.statements.search, pattern=sql.pattern(text))
            return [found for row in rows if (found := _readable(row))]

        return await self._run("search", ask) if text else []

    async def blocked(self, accounts: Collection[Known]) -> set[int]:
        """Return the ids of accounts whose people are blocked, or not in the ERP any more.

        If nobody at all is found, nobody is gone: then we may no longer read there. What is found before a failure
        counts, and the next call goes on from there.
        """
        found: dict[str, Profile | None] = {}
        ends = asyncio.get_running_loop().time() + BLOCKED_SECONDS
        logins = self._in_turns({account.login for account in accounts})
        while logins and asyncio.get_running_loop().time() < ends:
            some, logins = logins[:MOST_AT_ONCE], logins[MOST_AT_ONCE:]
            try:
                await self._run("blocked", partial(self._look_for, logins=some, found=found))
            except DirectoryUnavailable:
                if not found:
                    raise
                break
        is_readable = any(found.values())
        asked = [account for account in accounts if account.login in found]
        return {account.id for account in asked if sql.is_out(account, found[account.login], is_readable)}

    def _in_turns(self, logins: Collection[str]) -> list[str]:
        """Return the logins in order, but first those that the last round did not come to."""
        return sorted(logins, key=lambda login: (login <= self._looked_until, login))

    async def _look_for(self, erp: Conversation, logins: Sequence[str], found: dict[str, Profile | None]) -> None:
        """Note the person of each login; None if there is nobody with it."""
        for login in logins:
            self._looked_until = login
            try:
                row = await self._row(erp, login)
                found[login] = sql.profile(row) if row else None
                self._unreadable.discard(login)
            except BadRow as error:
                self._pass_over(login, error)

    def _pass_over(self, login: str, error: BadRow) -> None:
        """Note that it is not known whether somebody is blocked; say so once."""
        if login not in self._unreadable:
            log.warning("somebody's row of the Oracle ERP is bad", extra={"login": login, "error": error.detail})
        self._unreadable.add(login)

    async def examine(self) -> None:
        """Execute each statement that is in use once, for nobody. Raises DirectoryUnavailable."""

        async def ask(erp: Conversation) -> None:
            if self.checks_passwords:
                await self._try_nobody(erp)
            await erp.rows(self.statements.profile, login=NOBODY)
            await erp.rows(self.statements.vpn, login=NOBODY)
            await erp.rows(self.statements.search, pattern=sql.pattern(NOBODY))

        await self._run("examine", ask)

    async def close(self) -> None:
        """Wait a moment for the look-ups that are at work, and cut those that go on."""
        if self._work:
            await asyncio.wait(self._work, timeout=CLOSE_SECONDS)
        for erp in self._open:
            erp.cut()
        for work in self._work:
            work.cancel()

    async def _profile(self, erp: Conversation, login: str) -> Profile | None:
        row = await self._row(erp, login)
        if row is None:
            return None
        vpn = await erp.rows(self.statements.vpn, login=login)
        return sql.profile(row, vpn[0] if vpn else None)

    async def _row(self, erp: Conversation, login: str) -> Row | None:
        rows = await erp.rows(self.statements.profile, login=login)
        if len(rows) > 1:
            raise BadRow(detail=f"{self.statements.profile.name}: several people have one login")
        return rows[0] if rows else None

    async def _run(self, name: str, ask: Callable[[Conversation], Awaitable[T]]) -> T:
        """Ask in a task of its own: a driver that is cancelled in a call waits for the server, however long."""
        is_probe = self._admitted()
        work = asyncio.create_task(self._noted(name, ask, is_probe))
        self._work.add(work)
        work.add_done_callback(self._ended)
        return await asyncio.shield(work)

    def _ended(self, work: asyncio.Task[object]) -> None:
        self._work.discard(work)
        if not work.cancelled():
            work.exception()  # its caller may have gone

    def _admitted(self) -> bool:
        """Return whether the caller finds out if the ERP is back. Raises at once what is known to come."""
        if self._refused:
            raise AccountRefused(detail=self._refused)
        is_probe = self.breaker.takes_probe()
        if not (is_probe or self.breaker.is_closed):
            raise NotAsked(detail=failures.SILENT.text)
        return is_probe

    async def _noted(self, name: str, ask: Callable[[Conversation], Awaitable[T]], is_probe: bool) -> T:
        try:
            answer = await self._in_turn(ask, is_probe)
        except Misconfigured as error:
            self._note_trouble(name, error)
            raise
        except DirectoryUnavailable as error:
            self._note_silence(name, error)
            raise
        self._troubles.pop(name, None)
        self._note_answer()
        return answer

    def _note_trouble(self, name: str, error: Misconfigured) -> None:
        if error.detail != self._troubles.get(name) and not self._refused:
            log.error("the Oracle ERP can't be used as it is set up", extra={"error": error.detail})
        self._troubles[name] = error.detail
        if isinstance(error, AccountRefused):
            self._refused = error.detail
        self._note_answer()

    def _note_silence(self, name: str, error: DirectoryUnavailable) -> None:
        """Open the breaker, unless nothing was asked, or only a search was slow: signing in may work all the same."""
        if isinstance(error, NotAsked) or (isinstance(error, TooSlow) and name in PATIENT):
            log.warning("a look-up in the Oracle ERP was given up", extra={"error": error.detail})
        elif self.breaker.failed():
            log.error("the Oracle ERP does not answer", extra={"error": error.detail})

    def _note_answer(self) -> None:
        if self.breaker.succeeded():
            log.warning("the Oracle ERP answers again")

    async def _in_turn(self, ask: Callable[[Conversation], Awaitable[T]], is_probe: bool) -> T:
        """Ask when a place is free, unless others have failed meanwhile."""
        deadline = asyncio.get_running_loop().time() + self.seconds
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError:
            raise NotAsked(detail=failures.NO_PLACE.text) from None
        try:
            erp = await self._logged_on(deadline, is_probe)
            self._open.add(erp)
            try:
                return await ask(erp)
            finally:
                await erp.close()
                self._open.discard(erp)
        finally:
            self._places.release()

    async def _logged_on(self, deadline: float, is_probe: bool) -> Conversation:
        """Return a connection. One after the other logs on, unless the one before has failed."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._logon.acquire()
        except TimeoutError:
            raise NotAsked(detail=failures.NO_LOGON.text) from None
        try:
            if self._refused or not is_probe:
                self._admitted()
            return await converse(self.account, deadline)
        except AccountRefused as error:
            self._note_trouble("logon", error)
            raise
        finally:
            self._logon.release()


def _readable(row: Row) -> Profile | None:
    """Return the profile of a row that a search has found; None if it is bad."""
    try:
        return sql.profile(row)
    except BadRow as error:
        log.warning("a row of the Oracle ERP is left out", extra={"error": error.detail})
        return None


def _trimmed(text: str, most: int) -> str:
    """Return a login or a name without the blanks around it; empty if nobody can have it."""
    text = text.strip() if len(text) <= most else ""
    return text if _fits(text, most) else ""


def _fits(text: str, most: int) -> bool:
    """Tell whether a column can hold the text, which may not be empty."""
    return 0 < len(text) <= most and "\0" not in text and not any("\ud800" <= it <= "\udfff" for it in text)
