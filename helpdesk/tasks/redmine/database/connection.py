"""The one way to Redmine's database: reading only, never for long, in a thread."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, TimeoutError

from helpdesk.errors import Unavailable

T = TypeVar("T")

CONNECTIONS = 10
CONNECT_SECONDS = 2
READ_SECONDS = 6
POOL_SECONDS = 3
RECYCLE_SECONDS = 600


class RedmineDatabase:
    """An engine for `url`. Times are kept by Redmine in the local time of its process, `timezone`.

    The session's time zone is left as the server has it, as Redmine leaves it: so TIMESTAMP and DATETIME columns both
    give back what Redmine wrote, whichever of the two a column is.
    """

    def __init__(self, url: URL, timezone: ZoneInfo) -> None:
        self.timezone = timezone
        self.threads = CapacityLimiter(CONNECTIONS)
        self.engine = sa.create_engine(
            url,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            pool_recycle=RECYCLE_SECONDS,
            isolation_level="AUTOCOMMIT",  # one statement sees what is there now, not what was when a page began
            hide_parameters=True,
            connect_args={
                "charset": "utf8mb4",
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "write_timeout": READ_SECONDS,
            },
        )

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` reads, in a thread. Raises Unavailable when the database does not answer in time, or refuses."""
        return await to_thread.run_sync(self.run_here, work, limiter=self.threads)

    def run_here(self, work: Callable[[Connection], T]) -> T:
        """The same in the calling thread."""
        try:
            with self.engine.connect() as connection:
                return work(connection)
        except (DBAPIError, TimeoutError) as error:
            raise Unavailable(detail=f"Redmine's database: {type(error).__name__}") from error

    def moment(self, told: datetime) -> datetime:
        """A time of a column, as UTC."""
        return told.replace(tzinfo=self.timezone).astimezone(UTC)

    def local(self, moment: datetime) -> datetime:
        """A moment as a column holds it."""
        return moment.astimezone(self.timezone).replace(tzinfo=None)

    def close(self) -> None:
        self.engine.dispose()
