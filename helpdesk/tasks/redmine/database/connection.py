"""The one way to Redmine's database: reading only, never for long, in a thread, and not at all while it is down."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, TimeoutError

from helpdesk.tasks.redmine.database import schema_check
from helpdesk.tasks.redmine.database.breaker import Breaker
from helpdesk.tasks.redmine.database.session import prepare
from helpdesk.tasks.redmine.database.silence import Silent, silent
from helpdesk.tasks.tracker import State

T = TypeVar("T")
log = logging.getLogger(__name__)

CONNECTIONS = 10
CONNECT_SECONDS = 2
READ_SECONDS = 4
POOL_SECONDS = 3
RECYCLE_SECONDS = 600


class RedmineDatabase:
    """An engine for `url`. Times are kept by Redmine in the local time of its process, `timezone`.

    The session's time zone is left as the server has it, as Redmine leaves it: so TIMESTAMP and DATETIME columns both
    give back what Redmine wrote, whichever of the two a column is.

    After a failure nobody waits for it again: a probe beside a request finds out that it is back. `distrusted` is set
    by the canary while what it tells must not be shown.
    """

    def __init__(self, url: URL, timezone: ZoneInfo, breaker: Breaker | None = None) -> None:
        self.timezone = timezone
        self.breaker = breaker or Breaker()
        self.distrusted: State | None = None
        self.threads = CapacityLimiter(CONNECTIONS)
        self.engine = _engine(url)
        self._probes: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> State:
        """What serves at present."""
        if self.distrusted:
            return self.distrusted
        return State("silent", self.breaker.since) if self.breaker.since else State()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` reads, in a thread. Raises Silent, at once while the database is down or distrusted."""
        if self.distrusted:
            raise Silent("what it tells is not trusted")
        if self.breaker.takes_probe():
            probe = asyncio.create_task(self._probe())
            self._probes.add(probe)
            probe.add_done_callback(self._probes.discard)
        return await self.ask(lambda: self._if_up(work))

    async def ask(self, question: Callable[[], T]) -> T:
        """Whatever a thread asks by `run_here`. What becomes of it is noted for everybody. Raises Silent."""
        try:
            answer = await to_thread.run_sync(question, limiter=self.threads)
        except Silent as error:
            if error.is_down and self.breaker.failed():
                log.error("Redmine's database does not answer; reading goes over REST", extra={"why": error.detail})
            raise
        if self.breaker.succeeded():
            log.warning("Redmine's database answers again")
        return answer

    def run_here(self, work: Callable[[Connection], T]) -> T:
        """What `work` reads, in the calling thread, whatever happened before. Raises Silent."""
        try:
            return self._once(work)
        except Silent as error:
            if not error.is_cut:
                raise
        return self._once(work)  # the line was dead before we began: the server had closed it, or was started anew

    def moment(self, told: datetime) -> datetime:
        """A time of a column, as UTC."""
        return told.replace(tzinfo=self.timezone).astimezone(UTC)

    def local(self, moment: datetime) -> datetime:
        """A moment as a column holds it."""
        return moment.astimezone(self.timezone).replace(tzinfo=None)

    def close(self) -> None:
        self.engine.dispose()

    def _if_up(self, work: Callable[[Connection], T]) -> T:
        """Those who waited for a thread while others failed do not try it after them."""
        if not self.breaker.is_closed:
            raise Silent("it did not answer a moment ago")
        return self.run_here(work)

    def _once(self, work: Callable[[Connection], T]) -> T:
        try:
            with self.engine.connect() as connection:
                return work(connection)
        except (DBAPIError, TimeoutError) as error:
            if meaning := silent(error):
                raise meaning from error
            raise

    async def _probe(self) -> None:
        try:
            missing = await to_thread.run_sync(self.run_here, schema_check.missing, limiter=self.threads)
        except Silent:
            self.breaker.failed()
            return
        if missing:
            self.breaker.failed()
            log.error("Redmine's database lacks what we read", extra={"missing": missing})
        elif self.breaker.succeeded():
            log.warning("Redmine's database answers again")


def _engine(url: URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        isolation_level="AUTOCOMMIT",  # one statement sees what is there now, not what was when a page began
        skip_autocommit_rollback=True,  # there is nothing to roll back, and it would be one more trip for each read
        hide_parameters=True,
        connect_args={
            "charset": "utf8mb4",
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "write_timeout": READ_SECONDS,
        },
    )
    sa.event.listen(engine, "connect", prepare)
    return engine
