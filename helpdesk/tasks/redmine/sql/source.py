"""Reads of Redmine's database: as one person, by a configuration at most a few seconds old."""

from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from threading import Lock
from time import monotonic
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.sql import config_snapshot, users
from helpdesk.tasks.redmine.sql.config_snapshot import ConfigSnapshot
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.tasks.redmine.sql.read_context import Reading
from helpdesk.tasks.redmine.sql.tables import COMPANY

P = ParamSpec("P")
T = TypeVar("T")

CONFIG_SECONDS = 5.0
"""How long a change of roles, projects, workflow settings, fields or names may go unnoticed. A person's own state,
groups and memberships are read each time."""


STALE_SECONDS = 1.0
"""How much longer the configuration is used by others while one thread reads it again."""


class Source:
    """The database with its configuration, of which one copy serves everybody."""

    def __init__(self, database: RedmineDatabase, config_seconds: float = CONFIG_SECONDS) -> None:
        self.database = database
        self.config_seconds = config_seconds
        self._cached: tuple[float, ConfigSnapshot] | None = None
        self._loading: Future[ConfigSnapshot] | None = None
        self._lock = Lock()

    async def read(self, actor: Actor, work: Callable[[Reading], T]) -> T:
        """Run `work` as the actor and return its result. Raises Unavailable, LockedOut, and whatever `work` does."""

        def run(db: Connection) -> T:
            return work(Reading(db, self.database, self.config(db), users.person(db, actor)))

        return await self.database.run(run)

    def or_rest(
        self, by_sql: Callable[P, Awaitable[T]], over_rest: Callable[P, Awaitable[T]]
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        """Return a reader by SQL that asks REST while the database does not answer, or with what can't be read."""

        async def read(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                with self.database.readable():
                    return await by_sql(*args, **kwargs)
            except Silent:
                return await over_rest(*args, **kwargs)

        return read

    def config(self, db: Connection) -> ConfigSnapshot:
        """Return the configuration, read again when it is older than `config_seconds`, by one thread for all.

        The others use the old one meanwhile, or wait for the new when it is too old. Raises what reading does.
        """
        with self._lock:
            loading, cached = self._loading, self._cached
            age = monotonic() - cached[0] if cached else 0.0
            if cached and age <= self.config_seconds + (STALE_SECONDS if loading else 0):
                return cached[1]
            if loading is None:
                mine = self._loading = Future()
        return loading.result() if loading else self._load(db, mine)

    def _load(self, db: Connection, mine: Future[ConfigSnapshot]) -> ConfigSnapshot:
        """Read the configuration for all who wait for it, or fail for all of them."""
        began = monotonic()
        try:
            found = config_snapshot.load(db, _company_tables(db))
        except BaseException as error:
            self._end(self._cached)
            mine.set_exception(error)
            raise
        self._end((began, found))
        mine.set_result(found)
        return found

    def _end(self, cached: tuple[float, ConfigSnapshot] | None) -> None:
        with self._lock:
            self._cached, self._loading = cached, None


def _company_tables(db: Connection) -> frozenset[str]:
    """Return the present ones of the tables that only some companies have."""
    present = sa.text("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
    return frozenset(db.scalars(present)) & COMPANY.tables.keys()
