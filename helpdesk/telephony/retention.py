"""Delete calls that are older than CALLS_DAYS, now and then and a few at a time, so that nobody waits for it."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from helpdesk.errors import OutcomeUnknown, StoreUnavailable
from helpdesk.store import call_privacy
from helpdesk.store.database import Database

log = logging.getLogger(__name__)

FIRST_SECONDS, EVERY_SECONDS, PAUSE_SECONDS = 60.0, 3600.0, 0.2


class Retention:
    """Deletes until cancelled, while `watch` runs."""

    def __init__(self, database: Database, days: int, clock: Callable[[], datetime]) -> None:
        self.database, self.days, self.clock = database, days, clock

    async def watch(self) -> None:
        """Delete old calls every hour, until cancelled."""
        await asyncio.sleep(FIRST_SECONDS)
        while True:
            await self.step()
            await asyncio.sleep(EVERY_SECONDS)

    async def step(self) -> None:
        """Delete all old calls, batch by batch. Raises nothing of a broken store."""
        oldest = self.clock() - timedelta(days=self.days)
        try:
            while await self.database.run(lambda db: call_privacy.delete_old(db, oldest), writes=True):
                await asyncio.sleep(PAUSE_SECONDS)
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.warning("old calls are not deleted, the store does not answer", extra={"error": error.detail})
