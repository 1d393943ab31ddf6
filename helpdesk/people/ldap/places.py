"""Bound how many look-ups are at work at once, and let the first one prove that the server takes our account."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from helpdesk.people.ldap.failures import NotAsked

MOST = 8


class Places:
    """Places for look-ups: one until the service account was let in, then MOST.

    Several wrong passwords at once would lock the account.
    """

    def __init__(self) -> None:
        self.narrow()

    def narrow(self) -> None:
        """Leave one place. Look-ups that have or await one of the places before keep it."""
        self._free, self._is_wide = asyncio.Semaphore(1), False

    def widen(self) -> None:
        """Give all places."""
        if self._is_wide:
            return
        self._is_wide = True
        for _ in range(MOST - 1):
            self._free.release()

    @asynccontextmanager
    async def taken(self, seconds: float) -> AsyncIterator[None]:
        """Have a place. Raises NotAsked when none is free in time."""
        free = self._free
        try:
            async with asyncio.timeout(seconds):
                await free.acquire()
        except TimeoutError:
            raise NotAsked(detail="LDAP: all connections to it are taken") from None
        try:
            yield
        finally:
            free.release()
