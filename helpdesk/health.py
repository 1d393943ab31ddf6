"""Check each outside system once for `helpdesk doctor`, with advice where one is broken."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from helpdesk.errors import HelpdeskError, StoreUnavailable
from helpdesk.store import disk, feed_state, schema
from helpdesk.store.database import Database
from helpdesk.threads import Threads

log = logging.getLogger(__name__)
CHECK_SECONDS = 30
CLOCKS = "Set the clocks of all machines right, and let the helpdesk run: it does not wait for that moment."


class Trouble(Exception):
    """The reason of a failure (half a sentence without a secret) and an advice (a whole sentence)."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason, self.advice = reason, advice


class Check(NamedTuple):
    """The check of one system: `look` returns when it is in order and raises Trouble when it is not."""

    system: str
    look: Callable[[], Awaitable[None]]


class Finding(NamedTuple):
    system: str
    trouble: Trouble | None

    def __str__(self) -> str:
        if self.trouble is None:
            return f"{self.system}: ok"
        return f"{self.system}: broken: {self.trouble.reason}. {self.trouble.advice}"


async def examine(checks: Iterable[Check]) -> list[Finding]:
    """Run each check by itself, so that a broken system does not hide the others."""
    return [Finding(check.system, await _trouble(check)) for check in checks]


async def _trouble(check: Check) -> Trouble | None:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check.look()
    except Trouble as trouble:
        return trouble
    except TimeoutError:
        return Trouble(f"no answer in {CHECK_SECONDS} s", "See whether it runs and can be reached from here.")
    except HelpdeskError as error:
        return Trouble(error.detail or type(error).__name__, "See whether it runs and can be reached from here.")
    except Exception as error:
        log.exception("a check failed", extra={"system": check.system})
        return Trouble(f"the check itself failed: {type(error).__name__}", "The log says more.")
    return None


def proxy(url: str) -> Check:
    """Check that the outbound proxy accepts connections. Nothing is requested, so no outside address is reached."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)

    async def look() -> None:
        try:
            _, line = await asyncio.open_connection(parts.hostname, port)
        except OSError as error:
            raise Trouble("nobody answers there", "Check OUTBOUND_PROXY, and whether it runs.") from error
        line.close()

    return Check("The outbound proxy", look)


def _require_sound(file: Path) -> None:
    if damage := disk.damage(file):
        raise Trouble(f"it is damaged: {damage}", "Move it away, and restore a backup: helpdesk restore FILE")
    if not disk.can_write(file.parent):
        raise Trouble("its disk is full, or can't be written to", f"Look at {file.parent}.")


def store(database: Database) -> Check:
    """Check that our own store can be reached and that its schema is current."""

    async def look() -> None:
        if file := disk.file_of(database):
            await Threads(1).run(_require_sound, file)
        try:
            current = await database.run(schema.is_current)
        except StoreUnavailable as error:
            raise Trouble("it can't be reached", "Check DATABASE_URL, and whether its server runs.") from error
        if not current:
            raise Trouble("its schema is not current", "Run: helpdesk migrate")
        if moment := await database.run(lambda db: feed_state.future_moment(db, datetime.now(UTC))):
            raise Trouble(f"what was told last is of {moment:%Y-%m-%d %H:%M} UTC, which has not come yet", CLOCKS)

    return Check("The store", look)
