"""Find colleagues by the beginnings of their names and logins, among those whom the signed-in person may know."""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import Unavailable
from helpdesk.store import people
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches
from helpdesk.store.people import Account, Accounts
from helpdesk.tasks.model import Ref
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services

WAIT_SECONDS = 1.0
MOST_FOUND = 2_000
MOST_LOGINS = 20_000  # with the same beginning
MOST_FOLDED = 20_000  # names of a large company, some 200 bytes each


class Colleague(NamedTuple):
    """A person of the backend. Somebody who never signed in here has no `login` and no `account`."""

    id: int
    name: str
    login: str = ""
    account: int | None = None


class Found(NamedTuple):
    """Colleagues in their order. They are not the whole while the backend is slow, and beyond MOST_FOUND."""

    people: list[Colleague]
    is_whole: bool


async def find(request: Request, words: str, nearby: Mapping[int, str] | None = None) -> Found:
    """Return colleagues by name: those whose names have words that begin so, or whose login does. Without words anybody
    is found. At most MOST_FOUND are found by name, and as many by login.

    Whose login the words are comes first, then `nearby`: people whom the person knows otherwise, names by number.
    While the backend does not tell colleagues, only they are found. What is read meanwhile is there for the next words.
    Raises NotAllowed, StoreUnavailable.
    """
    known = await _known(request)
    names, accounts = dict(nearby or {}) | dict(known or ()), services(request).accounts
    found = await services(request).database.run(lambda db: _matching(db, accounts, words, names))
    return found._replace(is_whole=found.is_whole and known is not None)


async def _known(request: Request) -> tuple[Ref, ...] | None:
    """Return whom the person may know; None while the backend does not tell."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            return await services(request).backend.colleagues(await actor(request))
    except (Unavailable, TimeoutError):
        return None


def _matching(db: Session, accounts: Accounts, words: str, names: Mapping[int, str]) -> Found:
    """Compare thousands of names in the thread that reads the accounts: on the event loop it would hold up others."""
    wanted = fold(words).split()
    by_name = [number for number, name in names.items() if all(f" {word}" in _folded(name) for word in wanted)]
    by_login = _with_login(db, accounts, wanted[0], names) if len(wanted) == 1 else []
    found = {it.number: it for it in (*accounts(db, by_name[:MOST_FOUND], ()), *by_login) if it.number in names}
    numbers = {*by_name[:MOST_FOUND], *found}
    matching = [_colleague(number, name, found.get(number)) for number, name in names.items() if number in numbers]
    matching.sort(key=lambda it: [fold(it.login)] != wanted)
    return Found(matching, len(by_name) <= MOST_FOUND and len(by_login) < MOST_FOUND)


def _with_login(db: Session, accounts: Accounts, word: str, names: Mapping[int, str]) -> list[Account]:
    """Return the first accounts of these people whose logins begin so: those of others take up no place."""
    batches = in_batches(people.logins_beginning(db, word, MOST_LOGINS))
    known = (it for batch in batches for it in accounts(db, (), batch) if it.number in names)
    return [*islice(known, MOST_FOUND)]


def _colleague(number: int, name: str, account: Account | None) -> Colleague:
    return Colleague(number, name, account.login, account.id) if account else Colleague(number, name)


@lru_cache(maxsize=MOST_FOLDED)
def _folded(name: str) -> str:
    """Return a name to be compared; there is a space before each of its words."""
    return " ".join(("", *fold(name).split()))
