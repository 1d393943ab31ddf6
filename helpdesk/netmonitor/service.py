"""The network monitor, as the rest of the product sees it."""

from math import ceil
from secrets import token_hex

from sqlmodel import Session

from helpdesk.errors import NotFound, TooManyAttempts
from helpdesk.netmonitor.model import Outcome, Way
from helpdesk.netmonitor.recording import Recorded, Result
from helpdesk.netmonitor.sampler import Sampler, target_of
from helpdesk.netmonitor.summaries import Summaries
from helpdesk.netmonitor.tasks import IncidentTasks
from helpdesk.store import host_samples, leases
from helpdesk.store.host_samples import LEASE, Watched

CHECK_SECONDS = 5.0
"""Between two checks of a host that people ask for, in whichever processes."""


class NetMonitor:
    """`tasks` writes the tasks of incidents, None where none are wanted. `summaries` sums up how all hosts answered."""

    def __init__(self, sampler: Sampler, tasks: IncidentTasks | None = None) -> None:
        self.sampler, self.tasks = sampler, tasks
        self.summaries = Summaries(sampler.database)

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
        watched = await database.run(lambda db: self._begin(db, host_id), writes=True)
        at = int(self.sampler.clock().timestamp())
        outcome = await (await self.sampler.probes()).probe(target_of(watched))
        result = Result(watched, at, outcome)
        self.sampler.newsroom.wake_pages(await database.run(lambda db: self._record(db, result), writes=True))
        return outcome

    def _begin(self, session: Session, host_id: int) -> Watched:
        """Return the host, and let nobody else check it for a while. Raises NotFound and TooManyAttempts."""
        found = host_samples.watched(session, host_id)
        if not found:
            raise NotFound
        name, now = host_samples.check_lease(host_id), self.sampler.clock()
        if not leases.take(session, name, token_hex(8), now, CHECK_SECONDS):
            raise TooManyAttempts(ceil(CHECK_SECONDS))
        return found[0]

    def _record(self, session: Session, result: Result) -> Recorded:
        # The sampler, in whichever process, reads and writes the same rows.
        leases.wait_for(session, LEASE)
        return self.sampler.newsroom.record(session, [result])
