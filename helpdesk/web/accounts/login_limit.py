"""How often a password may be guessed: counted for what was typed, and for the accounts that were meant by it.

What is answered follows from the first count alone. Were a login and its e-mail refused together, that would tell that
there is such an account, and whose address it is. So an account that was guessed at too often through its other names
is tried with a password that nobody has: the answer, and the time it takes, are those of a wrong one.

People type passwords where the login belongs. So what was typed there is kept as a keyed hash.
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


class Noted(NamedTuple):
    id: int
    login_hash: str
    place: str


class Guesses:
    """The keys of one attempt: the login that was typed, then an account of each directory in turn."""

    def __init__(self, request: Request, place: str) -> None:
        self.request, self.place = request, place
        self.crowded = 0  # seconds that a wrong password has to wait because of others; 0: it does not
        self.barred = False  # an account was tried with a password that nobody has
        self.typed: tuple[Noted, ...] = ()
        self.wrong: tuple[Noted, ...] = ()  # of the directories that have answered
        self.asked: tuple[Noted, ...] = ()  # of the one that is asked now
        self.directory = 0

    async def begin(self, typed: str) -> None:
        """Note an attempt for what was typed. Raises TooManyAttempts."""
        verdict, self.typed = await self._note(typed, self.place)
        if verdict.wait:
            raise TooManyAttempts(verdict.wait)
        self.crowded = verdict.crowded

    async def checking(self, login: str, password: str) -> str:
        """Note that a directory is about to check a password for its `login`, and give the one that it is to check."""
        verdict, self.asked = await self._note(login, f"{self.directory} {self.place}", unseen=True)
        self.barred = self.barred or verdict.wait > 0
        return token_urlsafe(16) if verdict.wait else password

    def refused(self) -> None:
        """The directory does not vouch. The next one is asked."""
        self.wrong, self.asked, self.directory = self.wrong + self.asked, (), self.directory + 1

    async def take_back(self) -> None:
        """The directory could not tell. What others found wrong stays: an outage gives nobody more guesses at them."""
        with suppress(StoreUnavailable, OutcomeUnknown):  # which may be why it could not
            await self._write(lambda db: login_attempts.take_back(db, [it.id for it in self.typed + self.asked]))

    async def forgive(self, person: Person) -> None:
        """The directory vouches: what failed before under the person's names no longer counts.

        What another directory found wrong is taken back alone, for an account with the same login may be another's.
        """
        names = {(login_hash(self.request, name), self.place) for name in (person.login, person.email)}
        names |= {(it.login_hash, it.place) for it in self.typed + self.asked}

        def work(db: Session) -> None:
            login_attempts.take_back(db, [it.id for it in self.wrong])
            for hashed, place in names:
                login_attempts.forgive(db, hashed, place)

        await self._write(work)

    async def _note(
        self, login: str, place: str, unseen: bool = False
    ) -> tuple[login_attempts.Verdict, tuple[Noted, ...]]:
        found, hashed = services(self.request), login_hash(self.request, login)
        limit, now = found.settings.login_rate_limit, found.clock()
        if limit is None:
            return login_attempts.Verdict(), ()
        verdict = await found.database.run(
            lambda db: login_attempts.record(db, hashed, place, now, limit.count, limit.seconds, unseen=unseen),
            writes=True,
        )
        return verdict, () if verdict.wait else (Noted(verdict.id, hashed, place),)

    async def _write(self, work: Callable[[Session], None]) -> None:
        if self.typed:
            await services(self.request).database.run(work, writes=True)


def login_hash(request: Request, typed: str) -> str:
    """A login as it is kept: without our key nobody can tell what it was, or try words against it."""
    key = f"login:{services(request).settings.secret_key}".encode()
    return hmac.new(key, fold(typed).encode("utf-8", "surrogatepass"), sha256).hexdigest()
