"""Check the codes of second factors, and passwords that are asked for again: slow down guesses at both.

Guesses at a code are counted for the person, wherever they come from: who makes them knows the password. A device on
which the person is known counts by itself, so that nobody can lock the owner out.
"""

from collections.abc import Callable
from typing import TypeVar

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.encryption import Box
from helpdesk.errors import Invalid, NotAllowed, WrongCredentials, sentence
from helpdesk.people import passwords, second_factor
from helpdesk.people.model import Person
from helpdesk.store import people, second_factors
from helpdesk.store.second_factors import WRONG_CODE, Factor, Used
from helpdesk.web.accounts.login_limit import Guesses
from helpdesk.web.core.services import services

T = TypeVar("T")

UNREADABLE = sentence(
    "This code can't be checked, because the helpdesk's key was changed. Use a recovery code, or tell an administrator."
)
WRONG_PASSWORD = sentence("This is not your password.")


async def factor_of(request: Request, person: Person) -> Factor | None:
    return await services(request).database.run(lambda db: second_factors.of_person(db, person.id))


async def spend(
    request: Request,
    person: Person,
    factor: Factor,
    typed: str,
    act: Callable[[Session, Used], T],
    place: str = "",
) -> T:
    """Do what a right code allows, in the transaction that uses the code up.

    Raises WrongCredentials, TooManyAttempts, and NotAllowed for a code of an app while none of our keys opens the
    second factor.
    """
    guesses, recovery = Guesses(request, f"code {place or person.id}"), second_factor.recovery_code(typed)
    secret = "" if recovery else _opened(request, factor)
    await guesses.begin(person.login)
    used = _used(request, factor, typed, secret, recovery)
    if used is None:
        raise WrongCredentials(WRONG_CODE)
    result = await services(request).database.run(lambda db: act(db, used), writes=True)
    await guesses.forgive(person)
    return result


async def require_password(request: Request, person: Person, password: str) -> None:
    """Check the password of a local account again. Raises Invalid, TooManyAttempts."""
    guesses = Guesses(request, f"password {person.id}")
    await guesses.begin(person.login)
    rows = await services(request).database.run(lambda db: people.with_ids(db, [person.id]))
    if not await passwords.matches(rows[0][0].password_hash if rows else None, password):
        raise Invalid({"password": [WRONG_PASSWORD]})
    await guesses.forgive(person)


def _used(request: Request, factor: Factor, typed: str, secret: str, recovery: str | None) -> Used | None:
    """Return how a code is used up; None if it is no code of this second factor. The store knows recovery codes."""
    now = services(request).clock()
    if recovery:
        return Used(factor, second_factor.step_after_recovery(now, factor.last_step), recovery)
    step = second_factor.matching_step(secret, typed, now, factor.last_step)
    return Used(factor, step) if step else None


def _opened(request: Request, factor: Factor) -> str:
    secret = Box(services(request).settings.secret_keys).open(factor.secret)
    if secret is None:
        raise NotAllowed(UNREADABLE, detail="no key of SECRET_KEY opens a second factor")
    return secret
