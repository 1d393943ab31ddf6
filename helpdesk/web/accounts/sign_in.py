"""Check a login and a password: slow down guesses, and log the result of each attempt.

People type passwords where the login belongs. So the typed login is logged as a keyed hash, unless it names a known
account.

A signed cookie, which only the sign-in page is sent, names the browsers in which somebody has signed in before. Failed
attempts of others behind the same address do not slow these down. A stolen cookie opens nothing: with it one may only
guess as slowly as anybody, at the accounts that it names.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from secrets import token_urlsafe
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, TooManyAttempts, Unavailable, WrongCredentials
from helpdesk.people.model import Person, entitled
from helpdesk.store import acting, people
from helpdesk.store.casefold import fold
from helpdesk.web.accounts.login_limit import Guesses, login_hash
from helpdesk.web.core.after_write import Act, record
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import address_of, cookie, seal, unseal

log = logging.getLogger("helpdesk.sign_in")

HASH_CHARACTERS = 16  # in the log: enough to see that the same was typed again
COOKIE = "device"
LASTS = timedelta(days=180)
MOST_PEOPLE = 10  # who share a machine


class Account(NamedTuple):
    id: int
    login: str


class Device(NamedTuple):
    """A browser and the accounts it is known for, the last one first, and the mark of the last session in it."""

    id: str = ""
    people: tuple[int, ...] = ()
    session: str = ""


async def sign_in(request: Request, typed: str, password: str, only: str | None = None) -> Person:
    """Return the person with this login (or e-mail) and password; with `only` one directory is asked.

    The caller lets them in. Raises WrongCredentials, TooManyAttempts, Unavailable.
    """
    acting.known(None)  # until somebody has proven to be it, whoever was signed in here before
    accounts = await _accounts(request, typed)
    guesses = Guesses(request, _place(request, accounts))
    try:
        person = await _checked(request, guesses, typed, password, only)
    except HelpdeskError as error:
        code = TooManyAttempts.code if guesses.barred else error.code
        _log(request, "sign-in refused", accounts, typed, error=code)
        await record_refusal(request, accounts, code)
        raise
    return entitled(person, services(request).settings.administrators)


def log_success(request: Request, person: Person) -> None:
    """Log that the person is in, which a right password alone does not mean."""
    _log(request, "signed in", [Account(person.id, person.login)], person.login, source=person.source)


async def record_refusal(request: Request, accounts: Sequence[Account], code: str) -> None:
    """Record that a sign-in was refused. What was typed is named only where it is an account's login.

    Attempts beyond the limit are in the log alone, since there is no end of them.
    """
    if code == TooManyAttempts.code:
        return
    person_id, login = (accounts[0].id, accounts[0].login) if len(accounts) == 1 else (None, _login(accounts, ""))
    await record(request, Act("sign_in_refused", details={"login": login, "error": code}, person_id=person_id))


async def limit(request: Request, action: str) -> None:
    """Let an address do an action as often as it may fail to sign in. Raises TooManyAttempts."""
    await Guesses(request, f"{action} {address_of(request)}").begin(action)


def remember_device(request: Request, response: Response, person: Person, session: str) -> None:
    """Know this device for the person from now on, and its session by its mark. The cookie's end is a date."""
    device = _device(request)
    people = [person.id, *(each for each in device.people if each != person.id)][:MOST_PEOPLE]
    response.set_cookie(
        COOKIE,
        seal(request, COOKIE, [device.id or token_urlsafe(12), people, session]),
        expires=services(request).clock() + LASTS,
        path=path_to(request, "people:login"),
        httponly=True,
        samesite="lax",
    )


def known_device(request: Request, person: Person) -> str:
    """Return the id of this device if it is known for the person, else nothing."""
    device = _device(request)
    return device.id if person.id in device.people else ""


def last_session(request: Request) -> str:
    """Return the mark of the last session in this browser, which outlives the session's own cookie; "" for none."""
    return _device(request).session


def _device(request: Request) -> Device:
    """Return the device by its cookie; one without a valid cookie is known for nobody."""
    id, people, *rest = unseal(request, COOKIE, cookie(request, COOKIE), int(LASTS.total_seconds())) or ("", ())
    return Device(id, tuple(people), *rest)


async def _checked(request: Request, guesses: Guesses, typed: str, password: str, only: str | None) -> Person:
    """Ask the directories. Attempts do not count when one of them could not be asked."""
    await guesses.begin(typed)
    try:
        person = await services(request).authentication.sign_in(typed, password, guesses, only)
    except Unavailable:
        await guesses.take_back()
        raise
    if person is not None:
        await guesses.forgive(person)
        return person
    raise TooManyAttempts(guesses.crowded) if guesses.crowded else WrongCredentials


async def _accounts(request: Request, typed: str) -> list[Account]:
    """Return the accounts with this login or e-mail."""

    def work(db: Session) -> list[Account]:
        return [Account(row.id or 0, row.login) for row in people.named(db, typed)]

    return await services(request).database.run(work)


def _login(accounts: Sequence[Account], typed: str) -> str:
    """Return the login of the accounts when they have the same one, else the typed text."""
    logins = {fold(account.login): account.login for account in accounts}
    return next(iter(logins.values())) if len(logins) == 1 else typed


def _place(request: Request, accounts: Sequence[Account]) -> str:
    """Return where attempts are counted: at a device that is known for one of the accounts, else at the address."""
    device = _device(request)
    is_known = not {account.id for account in accounts}.isdisjoint(device.people)
    return f"device:{device.id}" if is_known else address_of(request)


def _log(request: Request, message: str, accounts: Sequence[Account], typed: str, **more: str) -> None:
    extra: dict[str, object] = {
        "request_id": request.state.request_id,
        "address": address_of(request),
        "login": _login(accounts, "") or None,
        "person_id": accounts[0].id if len(accounts) == 1 else None,
    }
    if not extra["login"]:
        extra["login_hash"] = login_hash(request, typed)[:HASH_CHARACTERS]
    log.info(message, extra=extra | more)
