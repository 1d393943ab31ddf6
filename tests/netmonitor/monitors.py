"""A network that answers as a test says, and processes that watch it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import Overloaded
from helpdesk.netmonitor.model import Outcome, Target
from helpdesk.netmonitor.news import Newsroom
from helpdesk.netmonitor.sampler import Sampler
from helpdesk.netmonitor.service import NetMonitor
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.settings import settings as configuration
from helpdesk.settings.netmonitor import SetHost
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostIncident, HostSample, HostState
from helpdesk.store.models.notifications import Notification
from tests.clocks import Clock
from tests.store.monitored import add_host

SILENT = Outcome(None, "silent")


class Network:
    """The probes of tests: hosts answer in 5 ms, unless `answers` says another outcome by the host's name."""

    ping_way = "datagram"

    def __init__(self) -> None:
        self.answers: dict[str, Outcome | Exception] = {}
        self.probed: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def probe(self, target: Target) -> Outcome:
        self.probed.append(target.name)
        await self.gate.wait()
        answer = self.answers.get(target.name, Outcome(5.0))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.gate.set()


class Monitors:
    """Processes that watch one network with one store and one clock."""

    def __init__(self, database: Database, clock: Clock, opens_tasks: bool = False) -> None:
        self.database, self.clock, self.opens_tasks = database, clock, opens_tasks
        self.network, self.wakeups = Network(), Wakeups()
        self.rules = Rules(people.known_in_embedded)

    def process(self, named: Sequence[SetHost] = ()) -> NetMonitor:
        settings = configuration.load({}, Path("/nowhere"))
        before_sending = DeliveryChecks(None, self.database, None, None, self.clock.now)  # type: ignore[arg-type]  # no channel is set
        outbox = Outbox(Resources(settings, self.database), before_sending, self.clock.now)
        newsroom = Newsroom(self.rules, outbox, self.wakeups, self.clock.now, UTC, self.opens_tasks)
        sampler = Sampler(lambda: self.network, self.database, newsroom, self.clock.now, named, self.clock.ticks)
        return NetMonitor(sampler)

    def add(self, name: str, **values: Any) -> int:
        """Watch a host with an interval of 10 s, unless said otherwise."""
        return self.database.run_here(lambda db: add_host(db, name, **values), writes=True)

    async def pass_(self, seconds: float, *processes: NetMonitor, step: float = 1.0) -> None:
        """Let all processes work while so many seconds pass."""
        for _ in range(round(seconds / step)):
            self.clock.pass_(step)
            for it in processes:
                it.sampler.begin()
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                await it.sampler.keep()

    def read(self, work: Callable[[Session], Any]) -> Any:
        return self.database.run_here(work)

    @property
    def samples(self) -> list[tuple[int, int, float | None]]:
        of = table(HostSample).c
        asked = sa.select(of.host_id, of.at, of.ms).order_by(of.host_id, of.at)
        return self.read(lambda db: [tuple(row) for row in db.execute(asked)])

    @property
    def incidents(self) -> Sequence[HostIncident]:
        return self.read(lambda db: db.exec(select(HostIncident).order_by(HostIncident.id)).all())

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """All notifications: whose, of which kind and host."""
        rows = self.read(lambda db: db.exec(select(Notification).order_by(Notification.id)).all())
        return [(it.person_id, it.kind, it.subject) for it in rows]

    def state(self, host_id: int) -> HostState | None:
        return self.read(lambda db: db.get(HostState, host_id))


FULL = Overloaded(detail="no socket is left")
