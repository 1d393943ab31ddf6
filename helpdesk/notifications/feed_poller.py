"""Poll the feed of events. Of all processes only the one that holds a lease in the store does it.

The notifications of an event, the fact that it was processed, and the cursor of the feed are written in one
transaction, only by the holder of the lease. So each person is notified of each event once, whatever process is killed
or restarted.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from secrets import token_hex
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.errors import StoreUnavailable, Unavailable
from helpdesk.notifications.event_processing import LEASE_SECONDS, NAME, EventProcessor, LeaseLost
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.recipients import Recipients
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import feed_state, leases, notifications
from helpdesk.store import outbox as stored_outbox
from helpdesk.store.clock_skew import is_ahead
from helpdesk.store.database import Database
from helpdesk.tasks.feed import Feed, FeedPage

log = logging.getLogger(__name__)

RENEW_SECONDS = 3.0
"""Between two renewals of the lease, and between two attempts of the others to take it: a killed holder is replaced
within LEASE_SECONDS and this."""
LEAST_PAUSE_SECONDS = 0.5
EARLY_SECONDS = 0.05
"""A timer may fire this much too early: polling is better then than another pause."""
LATE_SECONDS = LEASE_SECONDS + 2 * RENEW_SECONDS
"""How much longer than its interval a poll may take before pages say that they are stale."""
KEEP_FOR = timedelta(days=90)
KEEP_KEYS_FOR = timedelta(days=2)
PRUNE_SECONDS = 3600.0


class FeedStatus(NamedTuple):
    """Whether the feed is live, since when that is so or not, and as of when every event has been processed."""

    live: bool
    since: datetime
    as_of: datetime | None


class LeaseState(NamedTuple):
    """Whether this process holds the lease, and where the feed was read to as of when."""

    is_ours: bool
    cursor: str | None
    as_of: datetime | None


class FeedPoller:
    """`interval` returns the seconds between two polls at a moment; `ticks` returns the seconds of a clock that never
    goes back. `holder` names this poller among others."""

    def __init__(
        self,
        feed: Feed,
        database: Database,
        recipients: Recipients,
        outbox: Outbox,
        wakeups: Wakeups,
        interval: Callable[[datetime], float],
        *,
        clock: Callable[[], datetime],
        ticks: Callable[[], float] = time.monotonic,
        holder: str = "",
    ) -> None:
        self.feed, self.database, self.wakeups = feed, database, wakeups
        self.interval, self.clock, self.ticks = interval, clock, ticks
        self.holder = holder or token_hex(8)
        self.processor = EventProcessor(database, recipients, outbox, wakeups, clock, self.holder)
        self.holds_lease = False
        self._began = self._changed = clock()
        self._as_of: datetime | None = None
        self._failing: datetime | None = None
        self._was_live = self._more = False
        self._next_poll = self._next_pruning = ticks()

    @property
    def feed_status(self) -> FeedStatus:
        """Return the status that pages show. Every process knows it, also while another one polls."""
        now = self.clock()
        as_of = None if self._as_of and is_ahead(self._as_of, now) else self._as_of
        on_time = as_of is not None and (now - as_of).total_seconds() <= self.interval(now) + LATE_SECONDS
        if self._failing is None and on_time:
            return FeedStatus(True, self._changed, as_of)
        return FeedStatus(False, self._failing or as_of or self._began, as_of)

    async def watch(self) -> None:
        """Poll whenever it is time and this process holds the lease, until cancelled."""
        try:
            while True:
                await asyncio.sleep(await self.step())
        finally:
            with suppress(StoreUnavailable):
                await self.processor.stop()
                await self.database.run(lambda db: leases.release(db, NAME, self.holder, self.clock()), writes=True)

    async def step(self) -> float:
        """Poll, or keep the lease until it is time to, and return the seconds until the next step. Raises nothing."""
        began = self.ticks()
        try:
            if self.holds_lease and began + EARLY_SECONDS < self._next_poll:
                self.holds_lease = await self._renew()
            else:
                self._next_poll = began + self.interval(self.clock())
                async with self._renewing():
                    await self.poll()
                await self._prune()
        except StoreUnavailable as error:
            self.holds_lease = False
            self._fails("the store does not answer the feed poller", error.detail)
        except Unavailable as error:
            self._fails("the backend does not answer the feed poller", error.detail)
        except Exception:
            log.exception("the feed poller failed")
            self._failing = self._failing or self.clock()
        self._announce_status()
        if not self.holds_lease:
            return RENEW_SECONDS
        if self._more:
            self._next_poll = self.ticks()
            return 0
        # The interval may have become shorter meanwhile, as in the morning.
        self._next_poll = min(self._next_poll, self.ticks() + self.interval(self.clock()))
        return min(RENEW_SECONDS, max(LEAST_PAUSE_SECONDS, self._next_poll - self.ticks()))

    async def poll(self) -> bool:
        """Process new events if this process gets the lease, and return whether it did. After a long silence it takes
        several polls; the status stays at the last one that read everything.

        Raises Unavailable, StoreUnavailable, and what the feed raises in error. What was processed by then stays.
        """
        as_of, self._more = self.clock(), False
        lease = await self.database.run(lambda db: self._take_lease(db, as_of), writes=True)
        self.holds_lease = lease.is_ours
        if not lease.is_ours:
            self._as_of, self._failing = lease.as_of, None
            return False
        if lease.as_of and is_ahead(lease.as_of, as_of):
            log.warning("the feed was last read at a time in the future: a clock is wrong")
        try:
            if lease.cursor is None:
                page = FeedPage((), await self.feed.start())
            else:
                page = await self.feed.read(lease.cursor)
            await self.processor.process({it.key: it for it in page.events})
            if page.more and lease.as_of:
                as_of = min(as_of, lease.as_of)
            # Events that failed are read again, so the cursor stays where this poll began.
            has_failed = bool(self.processor.retry_queue)
            await self.processor.write({}, lease.cursor if has_failed else page.cursor, as_of)
            self._more = page.more and not has_failed
        except LeaseLost:
            self.holds_lease = False
            return False
        self._as_of, self._failing = as_of, None
        return True

    def _take_lease(self, session: Session, now: datetime) -> LeaseState:
        is_ours = leases.take(session, NAME, self.holder, now, LEASE_SECONDS)
        row = feed_state.cursor(session, NAME)
        return LeaseState(is_ours, row.position if row else None, row.as_of if row else None)

    async def _renew(self) -> bool:
        def keep(session: Session) -> bool:
            return leases.take(session, NAME, self.holder, self.clock(), LEASE_SECONDS)

        return await self.database.run(keep, writes=True)

    @asynccontextmanager
    async def _renewing(self) -> AsyncIterator[None]:
        """Renew the lease during a poll."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(RENEW_SECONDS)
                with suppress(Unavailable):
                    await self._renew()

        keeping = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _prune(self) -> None:
        if not self.holds_lease or self.ticks() < self._next_pruning:
            return
        now, self._next_pruning = self.clock(), self.ticks() + PRUNE_SECONDS

        def prune(session: Session) -> None:
            notifications.prune(session, now - KEEP_FOR)
            feed_state.prune(session, now - KEEP_KEYS_FOR)

        await self.database.run(prune, writes=True)
        while await self.database.run(lambda db: stored_outbox.prune(db, now), writes=True):
            pass  # one bounded transaction after the other: others write in between

    def _fails(self, message: str, detail: str) -> None:
        if self._failing is None:
            log.warning(message, extra={"error": detail})
        self._failing = self._failing or self.clock()

    def _announce_status(self) -> None:
        live = self.feed_status.live
        if live != self._was_live:
            self._was_live, self._changed = live, self.clock()
            self.wakeups.wake()
