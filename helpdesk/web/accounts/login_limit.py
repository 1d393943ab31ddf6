"""Limit how often a password may be guessed: count attempts for the typed login, and for the accounts behind it.

The answer follows from the first count alone. If a login and its e-mail were refused together, the answer would reveal
that there is such an account, and its address. So an account that was guessed at too often by its other names is tried
with a password that nobody has: the answer, and the time it takes, are those of a wrong one.

People type passwords where the login belongs. So the typed login is stored as a keyed hash.
"""

import hmac
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import OutcomeUnknown, StoreUnavailable, TooManyAttempts
from helpdesk.people.model import Person
from helpdesk.store import login_attempts
from helpdesk.store.casefold import fold
from helpdesk.web.core.services import services
from helpdesk.web.core.session import secret_key


class Attempt(NamedTuple):
    id: int
    login_hash: str
    place: str


class Guesses:
    """The attempts of one sign-in: one for the typed login, then one for an account of each directory in turn."""

    def __init__(self, request: Request, place: str) -> None:
        self.request, self.place = request, place
        self.crowded = 0  # seconds that a wrong password has to wait because of others; 0: it does not
        self.barred = False  # an account was tried with a password that nobody has
        self.typed: tuple[Attempt, ...] = ()
        self.wrong: tuple[Attempt, ...] = ()  # of the directories that have answered
        self.current: tuple[Attempt, ...] = ()  # of the one that checks now
        self.failed: tuple[Attempt, ...] = ()  # of those that have not answered
        self.directory = ""
        self.is_counted_there = False  # a directory of the company has refused: it may lock the account by itself

    async def begin(self, typed: str) -> None:
        """Record an attempt for the typed login. Raises TooManyAttempts."""
        verdict, self.typed = await self._record(typed, self.place)
        if verdict.wait:
            raise TooManyAttempts(verdict.wait)
        self.crowded = verdict.crowded

    async def checking(self, login: str, password: str) -> str:
        """Record that a directory is about to check a password for its `login`; return the one that it should check."""
        verdict, self.current = await self._record(login, f"{self.directory} {self.place}", always=True)
        self.barred = self.barred or verdict.wait > 0
        return token_urlsafe(16) if verdict.wait else password

    def turn_to(self, source: str) -> None:
        """Count what is checked from now on for this directory."""
        self.directory = source

    def refused(self) -> None:
        """Note that the directory refused the password. The next one is asked."""
        self.wrong, self.current = self.wrong + self.current, ()
        self.is_counted_there = self.is_counted_there or self.directory != "local"

    def unanswered(self) -> None:
        """Note that the directory did not answer. The next one is asked."""
        self.failed, self.current = self.failed + self.current, ()

    async def take_back(self) -> None:
        """Take back the attempts of directories that did not answer.

        Those that other directories refused stay: an outage gives nobody more guesses at them. If it was one of the
        company, which counts by itself, the attempt for the typed login stays too.
        """
        typed = () if self.is_counted_there else self.typed
        ids = [it.id for it in typed + self.failed + self.current]
        with suppress(StoreUnavailable, OutcomeUnknown):  # perhaps the store is the directory that did not answer
            await self._write(lambda db: login_attempts.take_back(db, ids))

    async def forgive(self, person: Person) -> None:
        """Forget the failures under the person's names: the directory accepted the password.

        Of other directories only the attempts of this sign-in are taken back: an account with the same login may be
        somebody else's.
        """
        names = {(login_hash(self.request, name), self.place) for name in (person.login, person.email)}
        names |= {(it.login_hash, it.place) for it in self.typed + self.current}

        def work(db: Session) -> None:
            login_attempts.take_back(db, [it.id for it in self.wrong + self.failed])
            for hashed, place in names:
                login_attempts.forgive(db, hashed, place)

        await self._write(work)

    async def _record(
        self, login: str, place: str, always: bool = False
    ) -> tuple[login_attempts.Verdict, tuple[Attempt, ...]]:
        hashed, now = login_hash(self.request, login), services(self.request).clock()
        limit = services(self.request).settings.login_rate_limit
        if limit is None:
            return login_attempts.Verdict(), ()
        verdict = await services(self.request).database.run(
            lambda db: login_attempts.record(db, hashed, place, now, limit.count, limit.seconds, always=always),
            writes=True,
        )
        return verdict, () if verdict.wait else (Attempt(verdict.id, hashed, place),)

    async def _write(self, work: Callable[[Session], None]) -> None:
        if self.typed:
            await services(self.request).database.run(work, writes=True)


def login_hash(request: Request, typed: str) -> str:
    """Return a login as it is stored: without our key nobody can read it or try words against it."""
    key = f"login:{secret_key(request)}".encode()
    return hmac.new(key, fold(typed).encode("utf-8", "surrogatepass"), sha256).hexdigest()
