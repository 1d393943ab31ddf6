"""What `helpdesk doctor` finds: each outside system asked once, and what helps where one is broken."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple

from helpdesk.errors import HelpdeskError
from helpdesk.store import schema
from helpdesk.store.database import Database, StoreUnavailable

log = logging.getLogger(__name__)
CHECK_SECONDS = 30


class Trouble(Exception):
    """What is wrong, in half a sentence that holds no secret, and what to do about it, in a whole one."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason)
        self.reason, self.advice = reason, advice


class Check(NamedTuple):
    """One system: `look` returns when it is in order and raises Trouble when it is not."""

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
    """Each system by itself: one that is down keeps nobody from learning about the others."""
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
    return None


def store(database: Database) -> Check:
    """Our own store: reached, and its schema current."""

    async def look() -> None:
        try:
            current = await database.run(schema.is_current)
        except StoreUnavailable as error:
            raise Trouble("it can't be reached", "Check DATABASE_URL, and whether its server runs.") from error
        if not current:
            raise Trouble("its schema is not current", "Run: helpdesk migrate")

    return Check("The store", look)
