"""A process that sends the reports that are due until none is left, for tests that kill it."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.reports.mailing import MailedBy, Mailer
from helpdesk.settings.settings import Settings
from helpdesk.store import people
from helpdesk.store.database import Database
from helpdesk.tasks.embedded.feed import EmbeddedFeed
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.wiring import own_account
from tests.notifications.mailing import settings_of
from tests.servers.imitated_smtp import ImitatedSmtp

MOSCOW = ZoneInfo("Europe/Moscow")


def mailer_of(database: Database, settings: Settings, clock: Callable[[], datetime], source: Any = None) -> Mailer:
    checks = DeliveryChecks(EmbeddedFeed(database), database, Rules(people.known_in_embedded), None, clock)
    outbox = Outbox(Resources(settings, database), checks, clock)
    by = MailedBy(outbox, clock, MOSCOW, "ru")
    return Mailer(database, source or EmbeddedReports(database), people.known_in_embedded, own_account, by)


async def send(mailer: Mailer) -> None:
    """Put what is due into the outbox, and send what is there."""
    await mailer.step()
    worker = mailer.outbox.workers["email"]
    while not await worker.step():
        pass
    await worker.sender.close()


async def main(url: str, port: int, now: str) -> None:
    """Send by a clock that stands: a lease of somebody who was killed before is over for the next one."""
    database, at = Database(url), datetime.fromisoformat(now)
    await send(mailer_of(database, settings_of(ImitatedSmtp(port, auth=False)), lambda: at))
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
