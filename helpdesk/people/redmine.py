"""Check passwords of Redmine's users by one request with Basic authentication, and find users by our own key."""

import logging
from collections.abc import Collection

from helpdesk.errors import BadResponse, LockedOut, NotAllowed, NotFound, WrongKey
from helpdesk.people.directory import MOST_FOUND, Checking, Profile, Secret, is_askable, unlimited
from helpdesk.redmine_client import JSON, RedmineClient, user_id, within
from helpdesk.store import people
from helpdesk.store.casefold import fold
from helpdesk.store.directory_accounts import Known

# Longer ones make a header that web servers refuse; logins in Redmine have at most 60 characters.
LONGEST_LOGIN = 255
LONGEST_PASSWORD = 4_096
PAGE_SIZE, MOST_PAGES = 100, 5  # of people whose name, login or e-mail contains the typed text
MOST_PAGES_OF_LOCKED = 100
ACTIVE, LOCKED = 1, 3  # app/models/principal.rb

log = logging.getLogger(__name__)


class RedmineDirectory:
    """The Directory port over Redmine's Basic authentication.

    Logins with `:` are refused, since Basic would split them there. The login in the answer must be the one that was
    tried: Redmine also accepts an API key as a login, and then answers with the key's owner.
    """

    source = "redmine"
    checks_passwords = True
    trouble = None

    def __init__(self, client: RedmineClient) -> None:
        self.client = client

    async def sign_in(self, login: str, password: str, checking: Checking = unlimited) -> Profile | None:
        if not _can_be_tried(login.strip(), password):
            return None
        async with within(self.client.deadline):
            tried = await self._login_of(login.strip())
            user = await self.client.who_is(tried, await checking(tried, password))
        if user is None:
            return None
        profile = _profile(user)
        return profile if fold(profile.login) == fold(tried) else None

    async def find(self, login: str) -> Profile | None:
        """Return the user with this whole login. Locked users are found only by a key of an administrator."""
        if not is_askable(login):
            return None
        async with within(self.client.deadline):
            users = [*await self._users_like(login), *await self._users_like(login, status=LOCKED)]
        same = [user for user in users if _same(user.get("login"), login)]
        return _profile(same[0]) if same else None

    async def search(self, text: str) -> list[Profile]:
        if not is_askable(text):
            return []
        async with within(self.client.deadline):
            users = await self._users_like(text)
        return [_profile(user) for user in users[:MOST_FOUND]]

    async def blocked(self, accounts: Collection[Known]) -> set[int]:
        """Return the ids of accounts whose users are locked. The key has to be an administrator's."""
        async with within(self.client.deadline):
            users = await self._users_like("", status=LOCKED, pages=MOST_PAGES_OF_LOCKED)
        locked = {user_id(user) for user in users}
        return {account.id for account in accounts if account.redmine_id in locked}

    async def with_number(self, number: int) -> Profile | None:
        """Return the user with this number, also a locked one."""
        async with within(self.client.deadline):
            try:
                user = (await self.client.get(f"/users/{number}.json")).get("user")
            except NotFound:
                return None
        return _profile(user) if isinstance(user, dict) else None

    async def proven(self, profile: Profile) -> bool:
        """Tell whether Redmine, asked as this login, says that it is this user.

        A key that is not an administrator's is ignored silently: then everybody would act as its owner.
        """
        async with within(self.client.deadline):
            try:
                user = (await self.client.get("/users/current.json", as_login=profile.login)).get("user")
            except LockedOut:  # also where nobody has this login
                return False
        return isinstance(user, dict) and user.get("id") == profile.redmine_id

    async def with_email(self, email: str) -> Profile | None:
        """Return the only active user with this e-mail."""
        async with within(self.client.deadline):
            users = await self._users_like(email) if "@" in email and is_askable(email) else []
        same = [user for user in users if _same(user.get("mail"), email)]
        return _profile(same[0]) if len(same) == 1 else None

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

    async def _users_like(self, typed: str, status: int = ACTIVE, pages: int = MOST_PAGES) -> list[JSON]:
        users: list[JSON] = []
        for page in range(pages):
            place = (("limit", PAGE_SIZE), ("offset", page * PAGE_SIZE))
            chosen = (("name", typed),) if typed else ()
            params = (*chosen, *((("status", status),) if status != ACTIVE else ()), *place)
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


def _profile(user: JSON) -> Profile:
    """Return what Redmine tells of a user.

    Raises BadResponse without an id or a login, and for a login that is too long to be stored.
    """
    login = user.get("login")
    if not isinstance(login, str) or not people.fits("login", login):
        raise BadResponse(detail="/users/current.json: no login that can be stored")
    name = f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip()
    number, key = user_id(user), user.get("api_key")
    return Profile(
        login,
        name or login,
        str(user.get("mail") or ""),
        is_blocked=user.get("status", ACTIVE) != ACTIVE,
        id=str(number),
        redmine_id=number,
        api_key=Secret(key) if isinstance(key, str) and key else None,
    )
