"""Check passwords of Redmine's accounts by one request with Basic authentication, and keep only the numeric user id."""

import logging

from sqlmodel import Session

from helpdesk.errors import BadResponse, NotAllowed, NotFound, WrongKey
from helpdesk.people.directory import Checking, unlimited
from helpdesk.people.model import Person, load_person
from helpdesk.redmine_client import JSON, RedmineClient, user_id, within
from helpdesk.store import people
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database

# Longer ones make a header that web servers refuse; logins in Redmine have at most 60 characters.
LONGEST_LOGIN = 255
LONGEST_PASSWORD = 4_096
PAGE_SIZE, MOST_PAGES = 100, 5  # of people whose name, login or e-mail contains the typed text

log = logging.getLogger(__name__)


class RedmineDirectory:
    """The Directory port over Redmine's Basic authentication.

    Logins with `:` are refused, since Basic would split them there. The login in the answer must be the one that was
    tried: Redmine also accepts an API key as a login, and then answers with the key's owner.
    """

    def __init__(self, client: RedmineClient, database: Database) -> None:
        self.client = client
        self.database = database

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Person | None:
        if not _can_be_tried(login.strip(), password):
            return None
        async with within(self.client.deadline):
            tried = await self._login_of(login.strip())
            user = await self.client.who_is(tried, await checking(tried, password))
        if user is None:
            return None
        number, name, *others = _identity(user)
        if fold(name) != fold(tried):
            return None

        def bind(db: Session) -> Person | None:
            row = people.bind_redmine(db, number, name, *others)
            return load_person(db, row) if row.is_active else None

        return await self.database.run(bind, writes=True)

    async def _login_of(self, typed: str) -> str:
        """Return the login of the account with this e-mail, else `typed`, which is tried all the same to take as long.

        Redmine also finds accounts by parts of names, so only a whole login or e-mail counts, in this order.
        """
        if "@" not in typed:
            return typed
        try:
            users = await self._users_like(typed)
        except (NotAllowed, NotFound, WrongKey) as error:
            log.warning(
                "signing in by e-mail does not work: the API key may not list users", extra={"error": error.detail}
            )
            return typed
        if any(_same(user.get("login"), typed) for user in users):
            return typed
        logins = [str(user.get("login") or "") for user in users if _same(user.get("mail"), typed)]
        return logins[0] if len(logins) == 1 and _can_be_tried(logins[0], "any") else typed

    async def _users_like(self, typed: str) -> list[JSON]:
        users: list[JSON] = []
        for page in range(MOST_PAGES):
            params = (("name", typed), ("limit", PAGE_SIZE), ("offset", page * PAGE_SIZE))
            rows = (await self.client.get("/users.json", params=params)).get("users")
            if not isinstance(rows, list):
                raise BadResponse(detail="/users.json: no users")
            users += [user for user in rows if isinstance(user, dict)]
            if len(rows) < PAGE_SIZE:
                break
        return users


def _same(value: object, typed: str) -> bool:
    return isinstance(value, str) and value.strip().casefold() == typed.casefold()


def _can_be_tried(login: str, password: str) -> bool:
    right_size = 0 < len(login) <= LONGEST_LOGIN and 0 < len(password) <= LONGEST_PASSWORD
    return right_size and ":" not in login


def _identity(user: JSON) -> tuple[int, str, str, str]:
    """Return id, login, full name and e-mail of /users/current.json.

    Raises BadResponse without the first two, and for a login that is too long to be stored.
    """
    login = user.get("login")
    if not isinstance(login, str) or not people.fits("login", login):
        raise BadResponse(detail="/users/current.json: no login that can be stored")
    name = f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip()
    return user_id(user), login, name or login, str(user.get("mail") or "")
