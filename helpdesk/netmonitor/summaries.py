"""Sum up how many hosts answered over a long time, without holding up the rest of the process."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from helpdesk.store import host_history
from helpdesk.store.database import Database, in_batches
from helpdesk.store.host_history import Summary
from helpdesk.store.host_packing import HOUR

ROWS_AT_ONCE, HOSTS_AT_ONCE = 100_000, 100
"""The most hours, and the most hosts, that one statement reads: a tenth of a second of work. Who waits no longer for
the answer is noticed between two of them."""


class Summaries:
    """Read summaries for one request of this process at a time: a year of 200 hosts is 1.7 million hours."""

    def __init__(self, database: Database) -> None:
        self.database, self._turn = database, asyncio.Lock()

    async def read(self, host_ids: Sequence[int], since: datetime, now: datetime) -> dict[int, Summary]:
        """Return how hosts answered since a moment, those that were probed. Raises StoreUnavailable."""
        hours = max(1, int((now - since).total_seconds()) // HOUR)
        at_once = max(1, min(HOSTS_AT_ONCE, ROWS_AT_ONCE // hours))
        found = dict[int, Summary]()
        async with self._turn:
            for some in in_batches(host_ids, at_once):
                found |= await self.database.run(partial(host_history.summary, host_ids=some, since=since, now=now))
        return found
