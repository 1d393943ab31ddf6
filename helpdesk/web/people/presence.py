"""Remember who was seen, and write it down once a minute for all of them: a page waits for no write."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from helpdesk.store import sessions
from helpdesk.store.database import Database

WRITE_SECONDS = 60.0
ONLINE = timedelta(minutes=5)


class Presence:
    """The people who opened a page or sent something since the last write of this process."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database, self.clock = database, clock
        self.seen: dict[int, datetime] = {}

    def note(self, person_id: int) -> None:
        self.seen[person_id] = self.clock()

    async def write(self) -> None:
        """Write who was seen. Raises StoreUnavailable; then the next call writes it."""
        seen, self.seen = self.seen, {}
        if not seen:
            return
        try:
            await self.database.run(lambda db: sessions.note_seen(db, seen, max(seen.values())), writes=True)
        except BaseException:
            self.seen = seen | self.seen
            raise

    async def watch(self) -> None:
        """Write every WRITE_SECONDS until cancelled."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            await self.write()


def is_online(last_seen: datetime | None, now: datetime) -> bool:
    """Tell whether somebody was seen a moment ago; nobody who hides it was."""
    return last_seen is not None and now - last_seen <= ONLINE
