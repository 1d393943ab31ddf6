"""A process that warns of promises until it has looked at all tasks, for tests that kill it."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.event_processing import records_visible_to
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.promises import watcher
from helpdesk.promises.service import Promises
from helpdesk.promises.watcher import PromiseWatcher
from helpdesk.settings import settings as configuration
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.tasks.embedded.feed import EmbeddedFeed
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.model import Status
from tests.clocks import NOON

MOSCOW = ZoneInfo("Europe/Moscow")


def unsent(database: Database, now: Callable[[], datetime]) -> Outbox:
    """An outbox into which everything is put as if browsers could be reached; nothing is sent."""
    settings = configuration.load({}, Path("/nowhere"))
    unasked: Any = None
    checks = DeliveryChecks(unasked, database, unasked, None, now)
    outbox = Outbox(Resources(settings, database), checks, now)
    outbox.workers["webpush"] = SimpleNamespace(wake=lambda: None)  # type: ignore[assignment]  # nothing is sent
    return outbox


class EmbeddedWatcher(PromiseWatcher):
    """A watcher over the embedded tracker. Each has the promises as they are stored now."""

    def __init__(self, database: Database, now: Callable[[], datetime], closed: tuple[int, ...] = (5, 6)) -> None:
        async def statuses() -> tuple[Status, ...]:
            return tuple(Status(it, str(it), True) for it in closed)

        source = EmbeddedReports(database)
        promises = Promises(database, source, statuses, now)
        seeing = records_visible_to(EmbeddedFeed(database))
        accounts, outbox = people.known_in_embedded, unsent(database, now)
        super().__init__(promises, source, database, accounts, seeing, outbox, Wakeups(), now, MOSCOW)


async def main(url: str, minutes: int) -> None:
    """Warn by a clock that is so many minutes ahead: a lease of somebody who was killed before is over."""
    watcher.WARNINGS_AT_ONCE, watcher.MOST_ALONE = 3, 1_000
    database = Database(url)
    await EmbeddedWatcher(database, lambda: NOON + timedelta(minutes=minutes)).step()
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
