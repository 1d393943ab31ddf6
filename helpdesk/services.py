"""The ports and the store, chosen once by `wiring`."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from helpdesk.netmonitor.service import NetMonitor
from helpdesk.notifications.feed_poller import FeedStatus
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.suppression import Suppression
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.authentication import Authentication
from helpdesk.people.model import SignedIn
from helpdesk.promises.service import Promises
from helpdesk.quality.service import Quality
from helpdesk.reports.source import ReportSource
from helpdesk.requests.service import Requests
from helpdesk.settings.settings import Settings
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import EventRecord
from helpdesk.store.people import Accounts
from helpdesk.supervision import BackgroundTask
from helpdesk.system_monitor import SystemMonitor
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.model import Actor
from helpdesk.telephony.desk import Desk
from helpdesk.visible_tasks import VisibleTasks


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """The ports, the store and the background tasks.

    `authentication` signs people in. `accounts` returns the accounts of people by their numbers in the backend, and
    `identify` returns a signed-in person's identity there, and raises NotAllowed without one. `wakeups` wakes open
    streams, `feed_status` tells whether the feed is live, and `visible_to` returns the people who may see an event.
    `system_monitor` knows the health of the store and of outside systems. `outbox` sends over the channels, and
    `readers` decides who may read notifications that are about no task. `requests` are tasks as those see them who
    asked for help, and `visible_tasks` tells what a person sees in either way. `desk` is the call desk, None
    without a phone system. `netmonitor` watches hosts. `reports` counts tasks, and `quality` those of quality control,
    None where they can't. `promises` reckons the clocks of tasks. Each of `watchers` runs until it is cancelled.
    `close` releases connections when the process ends.
    """

    settings: Settings
    database: Database
    backend: Backend
    authentication: Authentication
    accounts: Accounts
    identify: Callable[[SignedIn], Actor]
    close: Callable[[], Awaitable[None]]
    wakeups: Wakeups
    suppression: Suppression
    feed_status: Callable[[], FeedStatus]
    visible_to: Callable[[EventRecord, Iterable[Actor]], Awaitable[frozenset[int]]]
    system_monitor: SystemMonitor
    outbox: Outbox
    readers: Rules
    requests: Requests
    desk: Desk | None
    netmonitor: NetMonitor
    promises: Promises
    watchers: tuple[BackgroundTask, ...]
    reports: ReportSource | None = None
    quality: Quality | None = None
    clock: Callable[[], datetime] = utc_now

    @property
    def visible_tasks(self) -> VisibleTasks:
        return VisibleTasks(self.backend, self.identify, self.requests)
