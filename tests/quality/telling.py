"""A process that looks once for new requests of quality control, for tests that kill it."""

import asyncio
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.model import SignedIn
from helpdesk.quality import news
from helpdesk.quality.news import QualityNews
from helpdesk.quality.service import Name, Quality
from helpdesk.store.database import Database
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.model import Actor
from helpdesk.wiring import own_account
from tests.clocks import NOON
from tests.promises.warning import MOSCOW, unsent

COMPLAINT = 1


async def here(signed_in: SignedIn) -> Actor:
    return own_account(signed_in)


class News(QualityNews):
    """News of the embedded tracker, whose first type are complaints."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], name: Name = "main", projects: tuple[int, ...] = ()
    ) -> None:
        quality = Quality(name, EmbeddedReports(database), database, here, {"complaint": (COMPLAINT,)}, projects)
        super().__init__(quality, database, unsent(database, now), Wakeups(), now, MOSCOW)


async def main(url: str, seconds: float) -> None:
    """Look by a clock that is so many seconds ahead: a lease of somebody who was killed before is over."""
    news.MOST_ALONE = 1_000
    database = Database(url)
    its = News(database, lambda: NOON + timedelta(seconds=seconds))
    print("ready", flush=True)
    await its.step()
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
