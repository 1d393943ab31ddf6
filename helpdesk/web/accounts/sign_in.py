"""Checking a login and a password: guesses are slowed down, and what became of each attempt is logged.

People type passwords where the login belongs. So what was typed there is logged as a keyed hash, unless it names an
account that we know.
"""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import HelpdeskError, TooManyAttempts, Unavailable, WrongCredentials
from helpdesk.people.model import Person, entitled
from helpdesk.store import people
from helpdesk.store.casefold import fold
from helpdesk.web.accounts import known_devices
from helpdesk.web.accounts.login_limit import Guesses, login_hash
from helpdesk.web.core.services import services
from helpdesk.web.core.session import address_of

log = logging.getLogger("helpdesk.sign_in")

SHOWN = 16  # characters of a hash in the log: enough to see that the same was typed again


class Account(NamedTuple):
    id: int
    login: str


async def sign_in(request: Request, typed: str, password: str) -> Person:
    """Whose login (or e-mail) and password these are. Raises WrongCredentials, TooManyAttempts, Unavailable."""
    named = await _named(request, typed)
    guesses = Guesses(request, _place(request, named))
    try:
        person = await _vouched(request, guesses, typed, password)
    except HelpdeskError as error:
        _tell(request, "sign-in refused", named, typed, error=TooManyAttempts.code if guesses.barred else error.code)
        raise
    _tell(request, "signed in", [Account(person.id, person.login)], typed, source=person.source)
    return entitled(person, services(request).settings.administrators)


async def limit(request: Request, what: str) -> None:
    """Let an address do something as often as it may fail to sign in. Raises TooManyAttempts."""
    await Guesses(request, f"{what} {address_of(request)}").begin(what)


async def _vouched(request: Request, guesses: Guesses, typed: str, password: str) -> Person:
    """Ask each directory in turn."""
    await guesses.begin(typed)
    try:
        for directory in services(request).directories:
            if person := await directory.sign_in(typed, password, guesses.checking):
                await guesses.forgive(person)
                return person
            guesses.refused()
    except Unavailable:
        await guesses.take_back()
        raise
    raise TooManyAttempts(guesses.crowded) if guesses.crowded else WrongCredentials


async def _named(request: Request, typed: str) -> list[Account]:
    """The accounts that we know by what was typed."""

    def work(db: Session) -> list[Account]:
        return [Account(row.id or 0, row.login) for row in people.named(db, typed)]

    return await services(request).database.run(work)


def _login(named: Sequence[Account], typed: str) -> str:
    """The login that was meant, also by an e-mail, where only one can be."""
    logins = {fold(account.login): account.login for account in named}
    return next(iter(logins.values())) if len(logins) == 1 else typed


def _place(request: Request, named: Sequence[Account]) -> str:
    """Where attempts are counted: at this device, if it is known for one of the accounts, else at the address."""
    device = known_devices.of(request)
    known = not {account.id for account in named}.isdisjoint(device.people)
    return f"device:{device.id}" if known else address_of(request)


def _tell(request: Request, message: str, named: Sequence[Account], typed: str, **more: str) -> None:
    extra: dict[str, object] = {
        "request_id": request.state.request_id,
        "address": address_of(request),
        "login": _login(named, "") or None,
        "person_id": named[0].id if len(named) == 1 else None,
    }
    if not extra["login"]:
        extra["login_hash"] = login_hash(request, typed)[:SHOWN]
    log.info(message, extra=extra | more)
