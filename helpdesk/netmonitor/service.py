"""The network monitor, as the rest of the product sees it."""

import time
from collections.abc import Callable
from math import ceil

from sqlmodel import Session

from helpdesk.errors import NotFound, TooManyAttempts
from helpdesk.netmonitor.model import Outcome, Way
from helpdesk.netmonitor.recording import Recorded, Result
from helpdesk.netmonitor.sampler import LEASE, Sampler, target_of
from helpdesk.netmonitor.summaries import Summaries
from helpdesk.netmonitor.tasks import IncidentTasks
from helpdesk.store import host_samples, leases

CHECK_SECONDS = 5.0
"""Between two checks of a host that people ask for."""


class NetMonitor:
    """`tasks` writes the tasks of incidents, None where none are wanted. `ticks` returns the seconds of a clock that
    never goes back. `summaries` sums up how all hosts answered."""

    def __init__(
        self, sampler: Sampler, tasks: IncidentTasks | None = None, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self.sampler, self.tasks, self.ticks = sampler, tasks, ticks
        self.summaries = Summaries(sampler.database)
        self._checked: dict[int, float] = {}

    @property
    def ping_way(self) -> Way | None:
        """Return how this machine pings, None until that is known."""
        return self.sampler.ping_way

    async def close(self) -> None:
        """Close the sockets of the probes."""
        await self.sampler.close()

    async def check_now(self, host_id: int) -> Outcome:
        """Probe a host now, and store the outcome as a sample of this second.

        Raises NotFound for a host that is not watched, TooManyAttempts, Overloaded and StoreUnavailable.
        """
        database = self.sampler.database
        found = await database.run(lambda db: host_samples.watched(db, host_id))
        if not found:
            raise NotFound
        self._require_pause(host_id)
        at = int(self.sampler.clock().timestamp())
        outcome = await (await self.sampler.probes()).probe(target_of(found[0]))
        result = Result(found[0], at, outcome)
        self.sampler.newsroom.wake_pages(await database.run(lambda db: self._record(db, result), writes=True))
        return outcome

    def _require_pause(self, host_id: int) -> None:
        now = self.ticks()
        left = self._checked.get(host_id, now - CHECK_SECONDS) + CHECK_SECONDS - now
        if left > 0:
            raise TooManyAttempts(ceil(left))
        self._checked = {it: ticks for it, ticks in self._checked.items() if now - ticks < CHECK_SECONDS}
        self._checked[host_id] = now

    def _record(self, session: Session, result: Result) -> Recorded:
        # The sampler, in whichever process, reads and writes the same rows.
        leases.wait_for(session, LEASE)
        return self.sampler.newsroom.record(session, [result])
