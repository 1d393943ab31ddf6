"""Find colleagues by the beginnings of their names and logins, among those whom the signed-in person may know."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.notifications.recipients import Accounts
from helpdesk.store import people
from helpdesk.store.casefold import fold
from helpdesk.store.people import Account
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services

MOST_FOUND = 200
MOST_FOLDED = 20_000  # names of a large company, some 200 bytes each


class Colleague(NamedTuple):
    """A person of the backend. Somebody who never signed in here has no `login` and no `account`."""

    id: int
    name: str
    login: str = ""
    account: int | None = None


async def find(request: Request, words: str, nearby: Mapping[int, str] | None = None) -> list[Colleague]:
    """Return colleagues by name: those whose names have words that begin so, or whose login does. Without words anybody
    is found. At most MOST_FOUND are found by name, and as many by login.

    `nearby` are people whom the person knows otherwise, names by number. They come first, in their order.
    Raises Unavailable, NotAllowed.
    """
    known = await services(request).backend.colleagues(await actor(request))
    names, accounts = dict(nearby or {}) | dict(known), services(request).accounts
    return await services(request).database.run(lambda db: _matching(db, accounts, words, names))


def _matching(db: Session, accounts: Accounts, words: str, names: Mapping[int, str]) -> list[Colleague]:
    """Compare thousands of names in the thread that reads the accounts: on the event loop it would hold up others."""
    wanted = fold(words).split()
    by_name = [number for number, name in names.items() if all(f" {word}" in _folded(name) for word in wanted)]
    logins = people.logins_beginning(db, wanted[0], MOST_FOUND) if len(wanted) == 1 else ()
    found = {it.number: it for it in accounts(db, by_name[:MOST_FOUND], logins) if it.number in names}
    numbers = {*by_name[:MOST_FOUND], *found}
    return [_colleague(number, name, found.get(number)) for number, name in names.items() if number in numbers]


def _colleague(number: int, name: str, account: Account | None) -> Colleague:
    return Colleague(number, name, account.login, account.id) if account else Colleague(number, name)


@lru_cache(maxsize=MOST_FOLDED)
def _folded(name: str) -> str:
    """Return a name to be compared; there is a space before each of its words."""
    return " ".join(("", *fold(name).split()))
