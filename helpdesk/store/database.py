"""The one way to our store: one call, one session, one transaction, one thread."""

from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from anyio import CapacityLimiter, to_thread
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError
from sqlmodel import Session

T = TypeVar("T")

BUSY_MILLISECONDS = 8_000
CONNECTIONS = 20
POOL_SECONDS = 8
WRITES = {"sqlite_writes": True}


class StoreUnavailable(Exception):
    """The database is down, or somebody else held its lock for too long. Nothing was written."""


class Database:
    """An engine made for `url`. SQLite runs in WAL, with foreign keys and a busy time-out of 8 s."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self.threads = CapacityLimiter(CONNECTIONS)

    async def run(self, work: Callable[[Session], T], *, writes: bool = False) -> T:
        """Run `work` with a session in a thread, in one transaction: commit when it returns, roll back when it raises.

        `writes=True` takes SQLite's write lock at once: a transaction that reads first and writes later would be
        refused when another has written between. Results must be plain data, for the session is closed on return.
        Raises StoreUnavailable.
        """
        return await to_thread.run_sync(self.run_here, work, writes, limiter=self.threads)

    def run_here(self, work: Callable[[Session], T], writes: bool = False) -> T:
        """The same in the calling thread, for the command line and tests."""
        try:
            with self.engine.connect() as connection:
                options = connection.execution_options(**WRITES) if writes else connection
                with options.begin(), Session(bind=options, expire_on_commit=False) as session:
                    result = work(session)
                    session.flush()
                    return result
        except (OperationalError, InterfaceError, TimeoutError) as error:
            raise StoreUnavailable(str(error)) from error

    def close(self) -> None:
        self.engine.dispose()


def make_engine(url: str) -> Engine:
    """An engine whose SQLite connections begin transactions when we say so, not when the driver guesses."""
    engine = sa.create_engine(
        url,
        pool_size=5,
        max_overflow=CONNECTIONS - 5,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=not url.startswith("sqlite"),
        hide_parameters=True,  # what people typed must not reach the log with an error
    )
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MILLISECONDS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("sqlite_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
