"""Act in Redmine by the people's own API keys, which are kept encrypted (REDMINE_ACT_AS=api-key)."""

from collections.abc import AsyncGenerator

import httpx
from cachetools import TTLCache

from helpdesk.encryption import Box
from helpdesk.errors import NotAllowed, sentence
from helpdesk.people.directory import Secret
from helpdesk.store import directory_secrets
from helpdesk.store.database import Database

CACHED_SECONDS = 30.0
MOST_CACHED = 2_000
SWITCH, KEY = "X-Redmine-Switch-User", "X-Redmine-API-Key"
NO_KEY = sentence("Your key for the task system is not known, or not accepted any more. Please sign out and in again.")


class RedmineKeys(httpx.Auth):
    """Puts the person's own key in the place of ours, in each request that is to act as somebody.

    Raises NotAllowed where there is no key, and where Redmine refuses it: the next sign-in fetches another one.
    """

    def __init__(self, database: Database, box: Box) -> None:
        self.database, self.box = database, box
        self._keys: TTLCache[str, tuple[Secret, str]] = TTLCache(MOST_CACHED, CACHED_SECONDS)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        login = request.headers.pop(SWITCH, None)
        if login is None:
            yield request
            return
        key, sealed = self._keys.get(login) or await self._read(login)
        request.headers[KEY] = key
        response = yield request
        if response.status_code == 401:
            self._keys.pop(login, None)
            await self.database.run(lambda db: directory_secrets.forget_redmine_key(db, sealed), writes=True)
            raise NotAllowed(NO_KEY, detail="Redmine refuses the person's own key")

    async def _read(self, login: str) -> tuple[Secret, str]:
        sealed = await self.database.run(lambda db: directory_secrets.redmine_key_of(db, login))
        key = self.box.open(sealed) if sealed else None
        if key is None or sealed is None:
            raise NotAllowed(NO_KEY, detail="no key of Redmine")
        self._keys[login] = (Secret(key), sealed)
        return self._keys[login]
