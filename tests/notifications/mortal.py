"""A helpdesk that is killed and begun again, over one store; and what that store says of how far it has read."""

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic

from sqlmodel import select

from helpdesk.notifications.feed_poller import NAME
from helpdesk.store import feed_state, schema
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.notifications.company import Company, open_accounts
from tests.notifications.expected import Row
from tests.running import STORE, database_of, running_helpdesk

LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 120.0


class Mortal:
    """`helpdesk serve`, killed by its number and begun again. What a thread starts ends with it: it has one that
    stays."""

    def __init__(self, folder: Path, company: Company) -> None:
        redmine = company.redmine
        self.folder = folder
        self.environ = {
            "SECRET_KEY": "for the length of a test and no longer",
            "DATABASE_URL": f"sqlite:///{folder / STORE}",
            "REDMINE_URL": redmine.url,
            "REDMINE_API_KEY": redmine.admin_key,
            "POLL_INTERVAL": "1",
            **database_of(redmine),
        }
        self.store = Database(self.environ["DATABASE_URL"])
        schema.migrate(self.store, "production")
        self.logins = open_accounts(company, self.store)
        self.thread, self.life = ThreadPoolExecutor(1), ExitStack()
        self.pid = 0
        self.killed = 0

    async def begin(self) -> None:
        def here() -> None:
            started = running_helpdesk(self.folder, "serve", environ=self.environ)
            self.pid = self.life.enter_context(started).process.pid

        await asyncio.get_running_loop().run_in_executor(self.thread, here)

    async def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.killed += 1
        await self.end()

    async def end(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.thread, self.life.close)

    def close(self) -> None:
        self.store.close()
        self.thread.shutdown()

    def as_of(self) -> datetime:
        """All that had happened by then has been told."""
        found = self.store.run_here(lambda db: feed_state.cursor(db, NAME))
        return found.as_of if found else datetime.min.replace(tzinfo=UTC)

    async def told_until(self, moment: datetime) -> None:
        """Wait until all that had happened by then has been told. Raises TimeoutError."""
        deadline = monotonic() + PATIENCE_SECONDS
        while self.as_of() <= moment:
            if monotonic() > deadline:
                raise TimeoutError(f"for {PATIENCE_SECONDS:g} s it was not told what had happened by {moment}")
            await asyncio.sleep(LOOK_SECONDS)

    def rows(self) -> list[Row]:
        """What is kept, as the reckoning says it."""
        asked = select(tables.Notification)
        kept = self.store.run_here(lambda db: [it.model_dump() for it in db.exec(asked)])
        return [
            Row(self.logins[it["person_id"]], it["event"], it["type"], it["kind"], it["task_id"], it["author"],
                it["is_private"], it["old"], it["new"], it["excerpt"])
            for it in kept
        ]  # fmt: skip

    def complaints(self) -> list[str]:
        """Lines of its log that tell of an error, and of acts that were not dealt with at once."""
        said = (self.folder / "helpdesk.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in said if '"level": "error"' in line or '"event":' in line]


async def deaths(mortal: Mortal, dice: Random, at: list[int], done: Callable[[], int]) -> None:
    """Kill it when so many changes are done, at any moment or between two of its writes; begin it again a moment later.

    Most times only when it has told something in its last life, else at once.
    """
    for changes in at:
        while done() < changes:
            await asyncio.sleep(LOOK_SECONDS)
        born = datetime.now(UTC)
        if dice.random() < 0.8:
            await mortal.told_until(born)
        if dice.random() < 0.5:
            await _writes(mortal, dice.randint(1, 4))
        else:
            await asyncio.sleep(dice.random())
        await mortal.kill()
        await asyncio.sleep(dice.random())
        await mortal.begin()


async def _writes(mortal: Mortal, times: int) -> None:
    """Return just after it has written so many times, or when it has not for some time: a look takes the lease, tells
    what happened, and keeps where to read on."""
    deadline = monotonic() + 5
    with closing(sqlite3.connect(mortal.folder / STORE)) as store:
        for _ in range(times):
            known = _version(store)
            while _version(store) == known and monotonic() < deadline:
                await asyncio.sleep(0)


def _version(store: sqlite3.Connection) -> int:
    """Another one, when somebody else has written."""
    return int(store.execute("PRAGMA data_version").fetchone()[0])
