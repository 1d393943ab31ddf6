"""A process that only samples, for tests that kill it: `python -m tests.netmonitor.sampling URL LEASE_SECONDS`."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from helpdesk.netmonitor import probes, sampler
from helpdesk.netmonitor.news import Newsroom
from helpdesk.netmonitor.sampler import Sampler
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.settings import settings as configuration
from helpdesk.store import people
from helpdesk.store.database import Database

PROBE_SECONDS = 1.0
"""A silent host is given up sooner than in earnest, so that it is probed every two seconds."""


def now() -> datetime:
    return datetime.now(UTC)


def sample(url: str, lease_seconds: float) -> None:
    """Sample until killed. Another process goes on `lease_seconds` later."""
    probes.PROBE_SECONDS = PROBE_SECONDS
    sampler.LEASE_SECONDS, sampler.READ_SECONDS, sampler.STEP_SECONDS = lease_seconds, lease_seconds / 4, 0.05
    sampler.WRITE_SECONDS = 0.3
    database = Database(url)
    outbox = Outbox(Resources(configuration.load({}, Path("/nowhere")), database), None, now)  # type: ignore[arg-type]  # nothing is sent
    newsroom = Newsroom(Rules(people.known_in_embedded), outbox, Wakeups(), now, UTC, opens_tasks=False)
    asyncio.run(Sampler(probes.connect, database, newsroom, now).watch())


if __name__ == "__main__":
    sample(sys.argv[1], float(sys.argv[2]))
