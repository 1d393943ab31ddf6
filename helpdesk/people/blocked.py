"""Sign out people whom a directory has blocked, or no longer knows, while they are signed in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from secrets import token_hex

from helpdesk.errors import HelpdeskError, OutcomeUnknown, StoreUnavailable
from helpdesk.store import directory_accounts, leases
from helpdesk.store.database import Database
from helpdesk.store.directory_accounts import Known

log = logging.getLogger(__name__)

PAUSE_SECONDS = 20.0
LEASE_SECONDS = 30.0
LEASE = "blocked people"
Look = Callable[[Collection[Known]], Awaitable[set[int]]]
"""Called with accounts of a directory that are signed in; returns the ids of those that it has blocked."""


class BlockedPeople:
    """Ask each directory every PAUSE_SECONDS for the people who are signed in, and end the sessions of blocked ones.

    Open streams end with the next heartbeat, so a blocked person is out within a minute. Of all processes only the one
    that holds a lease asks, all directories at once: a slow one delays no other.
    """

    def __init__(self, database: Database, looks: Mapping[str, Look], clock: Callable[[], datetime]) -> None:
        self.database, self.looks, self.clock, self.holder = database, looks, clock, token_hex(8)

    async def watch(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            if await self.holds_lease():
                await asyncio.gather(*(self.check(source) for source in self.looks))

    async def holds_lease(self) -> bool:
        """Take or renew the lease; False if another process holds it, or the store does not answer."""
        try:
            return await self.database.run(
                lambda db: leases.take(db, LEASE, self.holder, self.clock(), LEASE_SECONDS), writes=True
            )
        except (StoreUnavailable, OutcomeUnknown):
            return False

    async def check(self, source: str) -> None:
        """Ask one directory. A failure blocks nobody."""
        try:
            accounts = await self.database.run(lambda db: directory_accounts.signed_in(db, source, self.clock()))
            ids = await self.looks[source](accounts) if accounts else set()
            if ids:
                block, now = directory_accounts.block, self.clock()
                people = await self.database.run(lambda db: block(db, ids, source, now), writes=True)
                if people:
                    log.info("signed out, as the directory blocks them", extra={"directory": source, "people": people})
        except HelpdeskError as error:
            log.warning("nobody was looked for", extra={"directory": source, "error": error.detail or error.code})
