"""The one reader of the change feed: of all processes it is read by the one that holds a lease in the store.

What an act tells, that it was dealt with, and where to read on are written in one transaction, by the holder of the
lease alone. So whatever is killed or restarted, each person is told of each act once.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import NamedTuple

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from helpdesk.errors import Unavailable
from helpdesk.notifications.audience import Audience, act_of
from helpdesk.notifications.bell import Bell
from helpdesk.notifications.freshness import Freshness
from helpdesk.notifications.troubles import Troubles
from helpdesk.store import feed_marks, leases, notifications
from helpdesk.store.database import Database, StoreUnavailable
from helpdesk.store.feed_marks import Act
from helpdesk.store.notifications import Kept, New
from helpdesk.tasks.feed import Feed, Happening, Told

log = logging.getLogger(__name__)

NAME = "feed"
LEASE_SECONDS = 10.0
RENEW_SECONDS = 3.0
"""Between two renewals, and between two looks of the others whether the lease is free: a killed holder is replaced
within LEASE_SECONDS and this."""
LEAST_PAUSE_SECONDS = 0.5
EARLY_SECONDS = 0.05
"""A timer may fire so much too early: to look is better then than to pause again."""
LATE_SECONDS = LEASE_SECONDS + 2 * RENEW_SECONDS
"""How much longer than its interval a look may take before pages say that they are stale."""
ACTS_AT_ONCE = 50
"""In one transaction: when a look breaks off, no more than these are asked for again."""
KEPT = timedelta(days=90)
KEYS_KEPT = timedelta(days=2)
PRUNE_SECONDS = 3600.0


class Turn(NamedTuple):
    mine: bool
    position: str | None
    as_of: datetime | None


class Decided(NamedTuple):
    """An act, and what is to be kept of it for people."""

    act: Act
    rows: list[New]


class LeaseLost(Exception):
    """Another one reads now; nothing was written."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reader:
    """`interval` tells the seconds between two looks at a moment; `ticks` are seconds of a clock that is never put
    back. `holder` names this one among others."""

    def __init__(
        self,
        feed: Feed,
        database: Database,
        audience: Audience,
        bell: Bell,
        interval: Callable[[datetime], float],
        *,
        clock: Callable[[], datetime] = _utc_now,
        ticks: Callable[[], float] = time.monotonic,
        holder: str = "",
    ) -> None:
        self.feed, self.database, self.audience, self.bell = feed, database, audience, bell
        self.interval, self.clock, self.ticks = interval, clock, ticks
        self.holder = holder or token_hex(8)
        self.troubles = Troubles(clock)
        self.mine = False
        self._began = self._changed = clock()
        self._as_of: datetime | None = None
        self._failing: datetime | None = None
        self._was_live = self._more = False
        self._next_look = self._next_pruning = ticks()

    @property
    def freshness(self) -> Freshness:
        """For pages; in every process, also while another one reads."""
        now = self.clock()
        on_time = self._as_of is not None and (now - self._as_of).total_seconds() <= self.interval(now) + LATE_SECONDS
        if self._failing is None and on_time:
            return Freshness(True, self._changed, self._as_of)
        return Freshness(False, self._failing or self._as_of or self._began, self._as_of)

    async def watch(self) -> None:
        """Look whenever it is time and this one's turn, until cancelled."""
        try:
            while True:
                await asyncio.sleep(await self.step())
        finally:
            with suppress(StoreUnavailable):
                await self.database.run(lambda db: leases.release(db, NAME, self.holder, self.clock()), writes=True)

    async def step(self) -> float:
        """Look, or keep the lease until it is time to; the seconds until the next step. Raises nothing."""
        began = self.ticks()
        try:
            if self.mine and began + EARLY_SECONDS < self._next_look:
                self.mine = await self._renew()
            else:
                self._next_look = began + self.interval(self.clock())
                async with self._renewing():
                    await self.look()
                await self._prune()
        except Unavailable as error:
            self._fails("the tracker does not answer the reader of the feed", error.detail)
        except StoreUnavailable as error:
            self.mine = False
            self._fails("our store does not answer the reader of the feed", str(error))
        except Exception:
            log.exception("the reader of the feed failed")
            self._failing = self._failing or self.clock()
        self._tell_freshness()
        if not self.mine:
            return RENEW_SECONDS
        if self._more:
            self._next_look = self.ticks()
            return 0
        # The interval may have become shorter meanwhile, as in the morning.
        self._next_look = min(self._next_look, self.ticks() + self.interval(self.clock()))
        return min(RENEW_SECONDS, max(LEAST_PAUSE_SECONDS, self._next_look - self.ticks()))

    async def look(self) -> bool:
        """Tell what happened, if it is this one's turn; whether it was. After a long silence it takes several looks,
        and what had not happened by the last one that was through is not yet known.

        Raises Unavailable, StoreUnavailable, and what the feed raises in error; what was told until then is told.
        """
        as_of, self._more = self.clock(), False
        turn = await self.database.run(lambda db: self._turn(db, as_of), writes=True)
        self.mine = turn.mine
        if not turn.mine:
            self._as_of, self._failing = turn.as_of, None
            return False
        try:
            if turn.position is None:
                told = Told((), await self.feed.start())
            else:
                told = await self.feed.read(turn.position)
            await self._tell({it.key: it for it in told.happenings})
            if told.more and turn.as_of:
                as_of = turn.as_of
            # What is in trouble will be told again, from the place where this look began.
            await self._write({}, turn.position if self.troubles else told.position, as_of)
            self._more = told.more and not self.troubles
        except LeaseLost:
            self.mine = False
            return False
        self._as_of, self._failing = as_of, None
        return True

    async def _tell(self, acts: Mapping[str, Happening]) -> None:
        known = await self.database.run(lambda db: feed_marks.dealt_with(db, acts))
        new = [act for key, act in acts.items() if key not in known]
        self.troubles.keep_only({act.key for act in new})
        # What failed comes last, that it may not keep the others waiting.
        new.sort(key=lambda act: self.troubles.tries(act.key))
        for start in range(0, len(new), ACTS_AT_ONCE):
            await self._tell_some(new[start : start + ACTS_AT_ONCE])

    async def _tell_some(self, acts: Sequence[Happening]) -> None:
        decided: dict[str, Decided] = {}
        try:
            for act in acts:
                await self._decide(act, decided)
        except Unavailable:
            await self._write(decided)
            raise
        await self._write(decided)

    async def _decide(self, act: Happening, decided: dict[str, Decided]) -> None:
        """Raises Unavailable, StoreUnavailable; another error of this act must not concern the rest."""
        if self.troubles.is_hopeless(act.key):
            self.troubles.put_aside(act.key)
            decided[act.key] = Decided(act_of(act), [])
            return
        try:
            decided[act.key] = Decided(act_of(act), await self.audience.rows(act, self.clock()))
        except StoreUnavailable:
            raise
        except Exception as error:
            self.troubles.note(act.key, error)
            if isinstance(error, Unavailable):
                raise

    async def _write(
        self, decided: Mapping[str, Decided], position: str | None = None, as_of: datetime | None = None
    ) -> None:
        """Raises LeaseLost, StoreUnavailable."""
        now = self.clock()
        kept, failed = await self.database.run(lambda db: self._written(db, decided, now, position, as_of), writes=True)
        for key in decided:
            if key in failed:
                self.troubles.note(key, failed[key])
            else:
                self.troubles.solved(key)
        if decided:
            self.bell.ring({row.person_id for row in kept})

    def _turn(self, session: Session, now: datetime) -> Turn:
        mine = leases.take(session, NAME, self.holder, now, LEASE_SECONDS)
        row = feed_marks.position(session, NAME)
        return Turn(mine, row.position if row else None, row.as_of if row else None)

    def _written(
        self,
        session: Session,
        decided: Mapping[str, Decided],
        now: datetime,
        position: str | None,
        as_of: datetime | None,
    ) -> tuple[list[Kept], dict[str, Exception]]:
        if not leases.take(session, NAME, self.holder, now, LEASE_SECONDS):
            raise LeaseLost
        known, kept, failed = feed_marks.dealt_with(session, decided), list[Kept](), dict[str, Exception]()
        for key, (act, rows) in decided.items():
            if key in known:
                continue
            try:
                with session.begin_nested():
                    feed_marks.deal_with(session, act, now)
                    told = notifications.add(session, rows, now)
            except (OperationalError, InterfaceError):  # of the store, not of this act
                raise
            except Exception as error:
                failed[key] = error
            else:
                kept += told
        if position is not None and as_of is not None:
            feed_marks.keep(session, NAME, position, as_of)
        return kept, failed

    async def _renew(self) -> bool:
        def keep(session: Session) -> bool:
            return leases.take(session, NAME, self.holder, self.clock(), LEASE_SECONDS)

        return await self.database.run(keep, writes=True)

    @asynccontextmanager
    async def _renewing(self) -> AsyncIterator[None]:
        """Keep the lease for as long as a look takes, if it is held."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(RENEW_SECONDS)
                with suppress(StoreUnavailable):
                    await self._renew()

        keeping = asyncio.create_task(keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    async def _prune(self) -> None:
        if not self.mine or self.ticks() < self._next_pruning:
            return
        now, self._next_pruning = self.clock(), self.ticks() + PRUNE_SECONDS

        def prune(session: Session) -> None:
            notifications.prune(session, now - KEPT)
            feed_marks.prune(session, now - KEYS_KEPT)

        await self.database.run(prune, writes=True)

    def _fails(self, says: str, why: str) -> None:
        if self._failing is None:
            log.warning(says, extra={"why": why})
        self._failing = self._failing or self.clock()

    def _tell_freshness(self) -> None:
        live = self.freshness.live
        if live != self._was_live:
            self._was_live, self._changed = live, self.clock()
            self.bell.ring()
