"""A process that announces what waits in a store until all is announced, for tests that kill it."""

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.posts import announcer
from helpdesk.posts.announcer import Announcer
from helpdesk.settings import settings as configuration
from helpdesk.store.database import Database
from tests.clocks import NOON

MOSCOW = ZoneInfo("Europe/Moscow")


class Announcing(Announcer):
    """Notes whom it woke. Nothing is sent, but everything is put into the outbox as if browsers could be reached."""

    def __init__(self, database: Database, minutes: int = 0) -> None:
        settings = configuration.load({}, Path("/nowhere"))
        unasked: Any = None
        outbox = Outbox(
            Resources(settings, database), DeliveryChecks(unasked, database, unasked, None, self.now), self.now
        )
        outbox.workers["webpush"] = SimpleNamespace(wake=lambda: None)  # type: ignore[assignment]  # nothing is sent
        self.time = NOON + timedelta(minutes=minutes)
        super().__init__(database, outbox, Wakeups(), self.now, MOSCOW)

    def now(self) -> datetime:
        return self.time


async def main(url: str, minutes: int) -> None:
    """Announce by a clock that is so many minutes ahead: a lease of somebody who was killed before is over."""
    announcer.PEOPLE_AT_ONCE = 10
    database = Database(url)
    await Announcing(database, minutes).step()
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
