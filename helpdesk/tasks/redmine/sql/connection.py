"""The one way to Redmine's database: reading only, never for long, in a thread, and not at all while it is down."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from cachetools import TTLCache
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, TimeoutError

from helpdesk.breaker import Breaker
from helpdesk.errors import BadResponse, HelpdeskError, Overloaded, Sentence, sentence
from helpdesk.slow_queries import log_slow_queries
from helpdesk.tasks.backend import State
from helpdesk.tasks.redmine.sql import schema_check
from helpdesk.tasks.redmine.sql.failures import Silent, Unreadable, silent, unreadable
from helpdesk.threads import Threads
from helpdesk.timings import measured

T = TypeVar("T")
log = logging.getLogger(__name__)

CONNECTIONS = 10
CONNECT_SECONDS = 2
READ_SECONDS = 4
POOL_SECONDS = 3
UNREADABLE_SECONDS = 3600.0
MOST_UNREADABLE = 100
UNREADABLE = sentence(
    "Some of what Redmine's database holds can't be read and is asked of Redmine itself, which is slower (%(why)s)."
)
RECYCLE_SECONDS = 600
STATEMENT_SECONDS = 3
"""Less than READ_SECONDS of the connection: the server gives up first, and does not work on for nobody."""
UNKNOWN_VARIABLE = 1193
LIMITS = (
    f"SET SESSION max_statement_time = {STATEMENT_SECONDS}",  # MariaDB, from 10.1
    f"SET SESSION max_execution_time = {STATEMENT_SECONDS * 1000}",  # MySQL, from 5.7.8
)
Tls = Mapping[str, Any]
NOTHING_SAID: Tls = {}


class RedmineDatabase:
    """Redmine keeps times in the local time of its process, `timezone`. `tls` are PyMySQL's settings of encryption.

    The session's time zone is left as the server has it, as Redmine leaves it: so TIMESTAMP and DATETIME columns both
    return what Redmine wrote.

    After a failure no request waits for it again: a probe beside a request finds out that it is back. The consistency
    check sets `distrusted` while its answers must not be shown, and `short_list` while Redmine's own lists lack tasks.
    Unreadable values are reported for UNREADABLE_SECONDS after the last time.

    Handlers use `run`; checks use `run_noted`, `run_unnoted` and `run_here`.
    """

    def __init__(
        self,
        url: URL,
        timezone: ZoneInfo,
        breaker: Breaker | None = None,
        tls: Tls = NOTHING_SAID,
        name: str = "Redmine's database",
    ) -> None:
        self.timezone, self.name = timezone, name
        self.breaker = breaker or Breaker()
        self.distrusted: State | None = None
        self.short_list: Sentence | None = None
        self._unread: TTLCache[str, None] = TTLCache(MOST_UNREADABLE, UNREADABLE_SECONDS)
        self.threads = Threads(CONNECTIONS, POOL_SECONDS)
        self.engine = _engine(url, tls)
        self._probes: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> State:
        """Return whether the database serves now or REST stands in, and notes for administrators."""
        state = self.distrusted or (State("silent", self.breaker.since) if self.breaker.since else State())
        unread = [UNREADABLE._replace(values={"why": reason}) for reason in list(self._unread)[-1:]]
        return state._replace(notes=(*([self.short_list] if self.short_list else []), *unread))

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a thread. Raises Silent, at once while the database is down or distrusted."""
        if self.distrusted:
            raise Silent("what it tells is not trusted")
        if self.breaker.takes_probe():
            probe = asyncio.create_task(self._probe())
            self._probes.add(probe)
            probe.add_done_callback(self._probes.discard)
        return await self._noted(lambda: self._if_up(work))

    async def run_noted(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a thread, even while the breaker is open; its outcome opens or closes it. Raises Silent."""
        return await self._noted(lambda: self.run_here(work))

    async def run_unnoted(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a thread, even while the breaker is open; its outcome does not change it. Raises Silent."""
        return await self._in_thread(lambda: self.run_here(work))

    async def _noted(self, question: Callable[[], T]) -> T:
        try:
            answer = await self._in_thread(question)
        except Silent as error:
            if error.is_down and self.breaker.failed():
                log.error("%s does not answer", self.name, extra={"error": error.detail})
            raise
        if self.breaker.succeeded():
            log.warning("%s answers again", self.name)
        return answer

    async def _in_thread(self, question: Callable[[], T]) -> T:
        """Raise Silent also when no thread is free: the database is down if none will become free."""
        try:
            with measured("backend"):
                return await self.threads.run(question)
        except Overloaded as error:
            raise Silent(error.detail, is_down=self.threads.stuck) from error

    @contextmanager
    def readable(self) -> Iterator[None]:
        """Raise Silent for errors of reading other than refusals, and note them for administrators."""
        try:
            yield
        except Exception as error:
            if isinstance(error, HelpdeskError) and not isinstance(error, BadResponse):
                raise
            raise self._note(unreadable(error)) from error

    def _note(self, error: Unreadable) -> Unreadable:
        """Log an error once, for as long as pages report it."""
        if error.detail not in self._unread:
            log.error("something in %s can't be read", self.name, extra={"error": error.detail})
        self._unread[error.detail] = None
        return error

    def run_here(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in the calling thread, whatever the breaker says; once more if the connection had been cut.

        Raises Silent.
        """
        try:
            return self._once(work)
        except Silent as error:
            if not error.is_cut:
                raise
        return self._once(work)  # the connection was dead before we began: the server closed it, or was restarted

    def moment(self, value: datetime) -> datetime:
        """Return a time of a column as UTC."""
        return value.replace(tzinfo=self.timezone).astimezone(UTC)

    def local(self, moment: datetime) -> datetime:
        """Return a moment as a column holds it."""
        return moment.astimezone(self.timezone).replace(tzinfo=None)

    def close(self) -> None:
        self.engine.dispose()

    def _if_up(self, work: Callable[[Connection], T]) -> T:
        """Refuse work that waited for a thread while others failed."""
        if not self.breaker.is_closed:
            raise Silent("it did not answer a moment ago")
        return self.run_here(work)

    def _once(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._connected() as connection:
                return work(connection)
        except (DBAPIError, TimeoutError) as error:
            if failure := silent(error):
                raise failure from error
            raise

    def _connected(self) -> Connection:
        """Connect. The driver raises RuntimeError, which names nobody, for an authentication that it can't do."""
        try:
            return self.engine.connect()
        except RuntimeError as error:
            raise Silent(str(error), is_down=True) from error

    async def _probe(self) -> None:
        try:
            with self.readable():
                missing = await self.run_unnoted(schema_check.missing)
        except Silent:
            self.breaker.failed()
            return
        if missing:
            self.breaker.failed()
            log.error("%s lacks what we read", self.name, extra={"missing": missing})
        elif self.breaker.succeeded():
            log.warning("%s answers again", self.name)


def _engine(url: URL, tls: Tls) -> sa.Engine:
    engine = sa.create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
        isolation_level="AUTOCOMMIT",  # each statement sees the present rows, not those of a page's beginning
        skip_autocommit_rollback=True,  # there is nothing to roll back, and it would be one more trip for each read
        hide_parameters=True,
        connect_args={
            "charset": "utf8mb4",
            "password": str(url.password or "").encode(),  # of text the driver takes Latin letters alone
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "write_timeout": READ_SECONDS,
            **tls,
        },
    )
    sa.event.listen(engine, "connect", _prepare)
    log_slow_queries(engine, "redmine")
    return engine


def _prepare(connection: Any, _: object) -> None:
    """Make a connection read only, and let the server end long statements. Some servers know neither limit."""
    with closing(connection.cursor()) as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        for limit in LIMITS:
            if _set_limit(connection, cursor, limit):
                return


def _set_limit(connection: Any, cursor: Any, statement: str) -> bool:
    """Set a limit of time. Return whether the server knows its variable."""
    try:
        cursor.execute(statement)
    except connection.Error as error:
        if error.args[0] != UNKNOWN_VARIABLE:
            raise
        return False
    return True
