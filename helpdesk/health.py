"""Check the store and outside systems, with advice where one is broken."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from helpdesk.errors import HelpdeskError, Sentence, StoreUnavailable, sentence
from helpdesk.store import disk, feed_state, schema
from helpdesk.store.database import Database
from helpdesk.system_names import system_name
from helpdesk.texts import in_english
from helpdesk.threads import Threads

log = logging.getLogger(__name__)
CHECK_SECONDS = 30
LOG_SAYS_MORE = sentence("The log says more.")
SEE = sentence("See whether it runs and can be reached from here.")
CLOCKS = sentence("Set the clocks of all machines right, and let the helpdesk run: it does not wait for that moment.")


class Trouble(Exception):
    """The reason of a failure (half a sentence without a secret) and an advice (a whole sentence)."""

    def __init__(self, reason: Sentence, advice: Sentence) -> None:
        super().__init__(in_english(reason))
        self.reason, self.advice = reason, advice


class Check(NamedTuple):
    """The check of the system `name` (`system_names.py`).

    `look` returns when it is in order, and raises Trouble when it is not. It may return the seconds that the system
    itself took, when it does more than ask it. A system that `needs` another one can't be in order without it.
    """

    name: str
    look: Callable[[], Awaitable[float | None]]
    needs: str = ""

    @property
    def system(self) -> str:
        return in_english(system_name(self.name))


class Result(NamedTuple):
    """What a check found, and the seconds that the system took to answer; None when it is broken."""

    trouble: Trouble | None
    seconds: float | None


class Finding(NamedTuple):
    system: str
    trouble: Trouble | None

    def __str__(self) -> str:
        if self.trouble is None:
            return f"{self.system}: ok"
        return f"{self.system}: broken: {in_english(self.trouble.reason)}. {in_english(self.trouble.advice)}"


async def examine(checks: Iterable[Check]) -> list[Finding]:
    """Run each check by itself, so that a broken system does not hide the others."""
    return [Finding(check.system, (await run(check)).trouble) for check in checks]


async def run(check: Check, seconds: float = CHECK_SECONDS) -> Result:
    """Run a check, which may take so many seconds. Raises nothing."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(seconds):
            took = await check.look()
    except Trouble as trouble:
        return Result(trouble, None)
    except TimeoutError:
        return Result(Trouble(sentence("no answer in %(seconds)s s", seconds=f"{seconds:g}"), SEE), None)
    except HelpdeskError as error:
        return Result(Trouble(Sentence("%(detail)s", {"detail": error.detail or type(error).__name__}), SEE), None)
    except Exception as error:
        log.exception("a check failed", extra={"system": check.system})
        kind = type(error).__name__
        return Result(Trouble(sentence("the check itself failed: %(kind)s", kind=kind), LOG_SAYS_MORE), None)
    return Result(None, time.perf_counter() - began if took is None else took)


def proxy(url: str) -> Check:
    """Check that the outbound proxy accepts connections. Nothing is requested, so no outside address is reached."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)

    async def look() -> None:
        try:
            _, line = await asyncio.open_connection(parts.hostname, port)
        except OSError as error:
            advice = sentence("Check OUTBOUND_PROXY, and whether it runs.")
            raise Trouble(sentence("nobody answers there"), advice) from error
        line.close()

    return Check("proxy", look)


def _require_sound(file: Path) -> None:
    if damage := disk.damage(file):
        advice = sentence("Move it away, and restore a backup: helpdesk restore FILE")
        raise Trouble(sentence("it is damaged: %(damage)s", damage=damage), advice)
    if not disk.can_write(file.parent):
        advice = sentence("Look at %(folder)s.", folder=str(file.parent))
        raise Trouble(sentence("its disk is full, or can't be written to"), advice)


def store(database: Database) -> Check:
    """Check that our own store can be reached and that its schema is current."""
    threads = Threads(1)

    async def look() -> float:
        if file := disk.file_of(database):
            await threads.run(_require_sound, file)
        began = time.perf_counter()
        try:
            current = await database.run(schema.is_current)
        except StoreUnavailable as error:
            advice = sentence("Check DATABASE_URL, and whether its server runs.")
            raise Trouble(sentence("it can't be reached"), advice) from error
        took = time.perf_counter() - began
        if not current:
            raise Trouble(sentence("its schema is not current"), sentence("Run: helpdesk migrate"))
        if moment := await database.run(lambda db: feed_state.future_moment(db, datetime.now(UTC))):
            at = f"{moment:%Y-%m-%d %H:%M}"
            raise Trouble(sentence("its newest record is of %(at)s UTC, which has not come yet", at=at), CLOCKS)
        return took

    return Check("database", look)
