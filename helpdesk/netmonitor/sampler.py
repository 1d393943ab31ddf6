"""Probe the hosts that are due and store what is found: one process for all, which holds a lease.

Probes begin in a loop that waits for nothing. Beside it results are written about once a second, in one transaction
with what they lead to, in which the lease is kept: a process that has lost it writes nothing. People are notified after
that (`telling.py`).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from secrets import token_hex

from sqlmodel import Session

from helpdesk.errors import OutcomeUnknown, Overloaded, StoreUnavailable
from helpdesk.netmonitor.history import History
from helpdesk.netmonitor.model import Probes, Target, Way
from helpdesk.netmonitor.news import Newsroom
from helpdesk.netmonitor.recording import Recorded, Result
from helpdesk.netmonitor.schedule import Line
from helpdesk.netmonitor.telling import Telling
from helpdesk.store import host_news, host_samples, leases, set_hosts
from helpdesk.store.database import Database
from helpdesk.store.host_samples import LEASE, Watched
from helpdesk.store.set_hosts import SetHost
from helpdesk.threads import Threads

log = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
"""A process that was killed probes no longer than this for the others."""
STEP_SECONDS, WRITE_SECONDS, READ_SECONDS = 0.2, 1.0, 2.0
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 2.0, 30.0
"""Until a store that does not answer is asked again."""
AT_ONCE = 300
"""As many probes run at a time: a silent host takes four seconds."""
NO_HOST = (0, 0, 0)
CONNECT_SECONDS = 10
MOST_RESULTS = 5_000
"""As many results wait for the store; later ones are dropped."""


class Sampler:
    """Probes until cancelled, while `watch` runs. `connect` returns the probes, and is called when they are needed.
    `named` are the hosts of NETMONITOR_HOSTS."""

    def __init__(
        self,
        connect: Callable[[], Probes],
        database: Database,
        newsroom: Newsroom,
        clock: Callable[[], datetime],
        named: Iterable[SetHost] = (),
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connect, self.database, self.newsroom = connect, database, newsroom
        self.clock, self.named, self.ticks = clock, tuple(named), ticks
        self.holder = token_hex(8)
        self._probes: Probes | None = None
        self._connecting, self._threads = asyncio.Lock(), Threads(1, CONNECT_SECONDS)
        self.lines: dict[int, Line] = {}
        self.results = list[Result]()
        self.history, self.telling = History(clock, ticks), Telling(newsroom, ticks)
        self._paused_until = self._held_until = self._read_due = self._write_due = 0.0
        self._retry = RETRY_SECONDS
        self._fingerprint: tuple[int, ...] | None = None
        self._running = set[asyncio.Task[None]]()

    async def probes(self) -> Probes:
        """Return the probes, which take a while to be made."""
        async with self._connecting:
            if self._probes is None:
                await self._threads.run_to_its_end(self._connect)
        assert self._probes is not None
        return self._probes

    def _connect(self) -> None:
        # Kept by the thread itself, so that they are closed when the process ends in the middle.
        self._probes = self.connect()

    @property
    def ping_way(self) -> Way | None:
        """Return how this machine pings, None until that is known."""
        return self._probes.ping_way if self._probes else None

    async def watch(self) -> None:
        """Probe and write while this process holds the lease, until cancelled."""
        self._lose()  # what a run before this one has left
        try:
            await self.probes()
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._begin_always())
                loops.create_task(self._keep_always())
        finally:
            for task in self._running:
                task.cancel()
            await self.close()

    async def _begin_always(self) -> None:
        while True:
            self.begin()
            await asyncio.sleep(STEP_SECONDS)

    async def _keep_always(self) -> None:
        while True:
            await self.keep()
            await asyncio.sleep(STEP_SECONDS)

    def begin(self) -> None:
        """Begin the probes that are due."""
        now, ticks = self.clock().timestamp(), self.ticks()
        if ticks >= self._held_until:
            return
        for line in self.lines.values():
            slot = line.due(now, ticks)
            if slot is not None and len(self._running) < AT_ONCE:
                line.begin(slot, ticks)
                task = asyncio.ensure_future(self._probe(line, slot))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Close the probes, if there are any."""
        probes, self._probes = self._probes, None
        if probes:
            await probes.close()

    async def finish(self) -> None:
        """Wait until what was begun has ended."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def keep(self) -> None:
        """Take the lease or keep it, and write what is due. Raises nothing of a broken store."""
        ticks = self.ticks()
        if ticks < self._paused_until:
            return
        try:
            if ticks >= self._read_due:
                self._read_due = ticks + READ_SECONDS
                await self._read(ticks)
                self._retry = RETRY_SECONDS
            if self.results and ticks >= self._write_due:
                self._write_due = ticks + WRITE_SECONDS
                await self._write()
            elif ticks < self._held_until and self.history.is_due:
                await self.database.run(self._keep_history, writes=True)
            if ticks < self._held_until and self.telling.is_due:
                self.newsroom.wake(await self.database.run(self._tell, writes=True))
        except (StoreUnavailable, OutcomeUnknown) as error:
            log.warning("what hosts answer is not stored, the store does not answer", extra={"error": error.detail})
            self._paused_until = self.ticks() + self._retry
            self._retry = min(2 * self._retry, LONGEST_RETRY_SECONDS)

    async def _probe(self, line: Line, slot: int) -> None:
        watched = line.watched
        try:
            outcome = await (await self.probes()).probe(target_of(watched))
        except Overloaded as error:
            log.warning("a host is not probed, this machine has no room", extra={"error": error.detail})
        except Exception:
            log.exception("a host is not probed", extra={"host": watched.id})
        else:
            if len(self.results) < MOST_RESULTS:
                self.results.append(Result(watched, slot, outcome))
        finally:
            line.is_running = False

    async def _read(self, ticks: float) -> None:
        """Take the lease if there is a host, and read the hosts when they were edited."""
        begins = self._fingerprint is None
        if begins and not self.named and await self.database.run(host_samples.fingerprint) == NO_HOST:
            return
        found = await self.database.run(lambda db: self._hold(db, begins), writes=True)
        if found is None:
            self._lose()
            return
        self._held_until = ticks + LEASE_SECONDS
        fingerprint, watched = found
        if watched is not None:
            self._fingerprint = fingerprint
            known, self.lines = self.lines, {}
            for it in watched:
                before = known.get(it.id)
                begun = int(it.checked_at.timestamp()) if it.checked_at else None
                self.lines[it.id] = line = before or Line(it, begun)
                line.watched = it

    def _hold(self, session: Session, begins: bool) -> tuple[tuple[int, ...], list[Watched] | None] | None:
        now = self.clock()
        if not leases.take(session, LEASE, self.holder, now, LEASE_SECONDS):
            return None
        if begins:
            set_hosts.sync(session, self.named, now)
        self.telling.is_waiting = host_news.is_waiting(session)
        fingerprint = host_samples.fingerprint(session)
        if fingerprint == self._fingerprint:
            return fingerprint, None
        host_samples.end_unwatched(session, now)
        return fingerprint, host_samples.watched(session)

    def _lose(self) -> None:
        self._held_until, self._fingerprint = 0.0, None
        self.lines.clear()
        self.results.clear()

    async def _write(self) -> None:
        """Write the results that have come. They wait for the next time when the store does not answer."""
        results = tuple(self.results)
        recorded = await self.database.run(lambda db: self._write_held(db, results), writes=True)
        del self.results[: len(results)]
        if recorded is None:
            self._lose()
        else:
            self.telling.is_waiting |= recorded.has_news
            self.newsroom.wake_pages(recorded)

    def _write_held(self, session: Session, results: Iterable[Result]) -> Recorded | None:
        if not leases.keep(session, LEASE, self.holder):
            return None
        return self.newsroom.record(session, results)

    def _tell(self, session: Session) -> frozenset[int]:
        return self.telling.step(session) if leases.keep(session, LEASE, self.holder) else frozenset()

    def _keep_history(self, session: Session) -> None:
        if leases.keep(session, LEASE, self.holder):
            self.history.step(session)


def target_of(watched: Watched) -> Target:
    """Return a host as it is probed."""
    return Target._make(getattr(watched, name) for name in Target._fields)
