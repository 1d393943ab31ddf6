"""Access the store: one call is one session, one transaction and one thread.

A call reads the store as of one moment; snapshots of SQLite and the servers ensure that. Each statement of a writing
call sees what others have committed, and waits for SQLite's write lock or for locked rows (`locks.py`). Of two calls
that wait for each other the server aborts one, which is then run again.
"""

import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)
from sqlmodel import Session, SQLModel

from helpdesk.errors import NotFound, OutcomeUnknown, Overloaded, StorageFull, StoreUnavailable
from helpdesk.slow_queries import log_slow_queries
from helpdesk.store import acting
from helpdesk.store.acting import ACTING, Acting
from helpdesk.threads import Threads
from helpdesk.timings import Part, measured

T = TypeVar("T")
Row = TypeVar("Row", bound=SQLModel)

BUSY_MILLISECONDS = 8_000
CONNECTIONS = 20
POOL_SECONDS = 8
PRIVATE = 0o600
KEYS_AT_ONCE = 1_000
"""The most keys in one statement: below the limits of SQLite (32,766 values since 3.32) and of the servers."""
WRITING = {"sqlite_writes": True}
WRITING_ON_SERVERS = {"isolation_level": "READ COMMITTED"}
RETRY_PAUSES = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Seconds before an aborted call is run again, varied at random so that the same calls do not meet again."""
DEADLOCKS = {"40001", "40P01", 1213, 1020}
"""PostgreSQL's SQLSTATEs and MariaDB's numbers for a transaction that may be run again."""
BROKEN = (OperationalError, InterfaceError, InternalError, TimeoutError)
FULL = {"SQLITE_FULL", "53100", 1021}
"""The codes of SQLite, PostgreSQL and MySQL for a full disk."""
AUDIT_DAYS = "audit_days"
"""The key in the `info` of each session for how many days records of `audit.py` are kept."""
CLEANED = "audit_cleaned"
"""The key in the same for a list of the moment when this process last deleted older ones."""
DAMAGED = {
    "SQLITE_NOTADB": "its file is no SQLite database. Check DATABASE_URL.",
    "SQLITE_CORRUPT": "its file is damaged. Restore a backup: helpdesk restore FILE",
}


class Deadlock(StoreUnavailable):
    """The server aborted a transaction because of a deadlock. Nothing was written."""


class Database:
    """An engine for `url`. SQLite runs in WAL mode, with foreign keys and a busy time-out of 8 s.

    Records of acts are kept for `audit_days`.
    """

    part: Part = "store"
    """As what the time of a call counts in a request."""

    def __init__(self, url: str, audit_days: int = 365) -> None:
        self.engine = make_engine(url)
        self.info = {AUDIT_DAYS: audit_days, CLEANED: list[datetime]()}
        log_slow_queries(self.engine, "store")
        self.writing = WRITING if self.is_sqlite else WRITING_ON_SERVERS
        self.threads = Threads(CONNECTIONS, POOL_SECONDS)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    def for_backend(self) -> "Database":
        """Return the same database for the embedded backend, as whose time its calls count."""
        same = copy(self)
        same.part = "backend"
        return same

    async def run(self, work: Callable[[Session], T], *, writes: bool = False) -> T:
        """Run `work` with a session in a thread, in one transaction: commit when it returns, roll back when it raises.

        `writes=True` takes SQLite's write lock at once: a transaction that reads first and writes later would be
        refused when another has written between. Results must be plain data, since the session is closed on return.
        `work` may be run several times, when a server aborts a transaction.
        Raises StoreUnavailable (or its StorageFull), and OutcomeUnknown when the connection broke during a commit.
        """
        try:
            with measured(self.part):
                return await self.threads.run(self.run_here, work, writes, acting.current())
        except Overloaded as error:
            raise StoreUnavailable(error.detail) from error

    def run_here(self, work: Callable[[Session], T], writes: bool = False, who: Acting | None = None) -> T:
        """Run `work` in the calling thread, for the command line and tests. `who` acts in the request."""
        for pause in RETRY_PAUSES:
            try:
                return self._transaction(work, writes, who)
            except Deadlock:
                time.sleep(pause * random.uniform(0.5, 1.5))
        return self._transaction(work, writes, who)

    def _transaction(self, work: Callable[[Session], T], writes: bool, who: Acting | None) -> T:
        """Run `work` once. Raises Deadlock when the whole transaction may be run again."""
        committing, info = False, {**self.info, ACTING: who}
        try:
            with self.engine.connect() as connection:
                options = connection.execution_options(**self.writing) if writes else connection
                with options.begin(), Session(bind=options, expire_on_commit=False, info=info) as session:
                    result = work(session)
                    session.flush()
                    committing = writes
                return result
        except SQLAlchemyError as error:
            if not is_broken(error):
                raise
            if committing and isinstance(error, DBAPIError) and error.connection_invalidated:
                raise OutcomeUnknown(detail=str(error)) from error
            raise _kind(error)(describe(error)) from error

    def keep_private(self) -> None:
        """Make the files of an older SQLite store private, unless they belong to somebody else."""
        if self.is_sqlite:
            for ending in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError, PermissionError):
                    os.chmod(f"{self.engine.url.database}{ending}", PRIVATE)

    def close(self) -> None:
        self.engine.dispose()


def is_broken(error: Exception) -> bool:
    """Tell whether a database is down, locked or damaged; any other driver error is a bug of ours."""
    # SQLite's driver reports a damaged file by the base class of its other errors.
    return isinstance(error, BROKEN) or type(error) is DatabaseError


def _kind(error: SQLAlchemyError) -> type[StoreUnavailable]:
    """Return the error class for the database's own error code."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    named = (getattr(cause, "sqlite_errorname", None), getattr(cause, "sqlstate", None))
    codes = {*named, *(cause.args[:1] if cause else ())}
    if codes & DEADLOCKS:
        return Deadlock
    return StorageFull if codes & FULL else StoreUnavailable


def describe(error: SQLAlchemyError) -> str:
    """Describe an error in a plain sentence where the cause is known."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return DAMAGED.get(getattr(cause, "sqlite_errorname", "")[:14].rstrip("_"), str(error))


def required(session: Session, model: type[Row], key: Any, *, for_update: bool = False) -> Row:
    """Return the row with this primary key. Raises NotFound."""
    row = session.get(model, key, with_for_update=for_update)
    if row is None:
        raise NotFound
    return row


def in_batches(keys: Iterable[T], size: int = KEYS_AT_ONCE) -> Iterator[list[T]]:
    """Yield some keys at a time: as many as one statement may name, or fewer."""
    left = iter(keys)
    while batch := list(islice(left, size)):
        yield batch


def make_engine(url: str) -> Engine:
    """Return an engine whose SQLite transactions begin when we say so, not when the driver guesses."""
    snapshots = {} if url.startswith("sqlite") else {"isolation_level": "REPEATABLE READ"}
    engine = sa.create_engine(
        url,
        **snapshots,
        pool_size=5,
        max_overflow=CONNECTIONS - 5,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=not url.startswith("sqlite"),
        hide_parameters=True,  # typed values must not reach the log with an error
    )
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "do_connect", _create_sqlite)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _create_sqlite(dialect: object, record: object, arguments: Sequence[Any], named: object) -> None:
    """Create a new file readable only by its owner, whatever the umask; SQLite gives its other files the same rights.

    An existing file is not opened: closing it here would drop the locks that SQLite has on it.
    """
    path = str(arguments[0])
    if not (path.startswith(":") or path.startswith("file:") or os.path.exists(path)):
        with suppress(OSError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    _use_wal(connection)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _use_wal(connection: Any) -> None:
    """Switch a new store to WAL. When two processes switch at once, SQLite refuses one of them without waiting."""
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1_000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("sqlite_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
