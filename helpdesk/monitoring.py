"""Put the network monitor together by the settings."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from helpdesk.health import Check
from helpdesk.netmonitor import health, probes
from helpdesk.netmonitor.author import Author
from helpdesk.netmonitor.news import Newsroom
from helpdesk.netmonitor.sampler import Sampler
from helpdesk.netmonitor.service import NetMonitor
from helpdesk.netmonitor.tasks import IncidentTasks
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.readers import Rules
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.model import SignedIn
from helpdesk.services import utc_now
from helpdesk.settings.settings import Settings
from helpdesk.store.database import Database
from helpdesk.supervision import BackgroundTask
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.model import Actor


class Monitoring(NamedTuple):
    """The monitor, its check, and what runs until it is cancelled."""

    monitor: NetMonitor
    check: Check
    watchers: tuple[BackgroundTask, ...]


def monitoring(
    settings: Settings,
    database: Database,
    backend: Backend,
    identify: Callable[[SignedIn], Actor],
    readers: Rules,
    outbox: Outbox,
    wakeups: Wakeups,
) -> Monitoring:
    """Return the monitor. `backend` writes the tasks of incidents, without a session of their author."""
    tasks = incident_tasks(settings, database, backend, identify)
    newsroom = Newsroom(readers, outbox, wakeups, utc_now, settings.timezone, opens_tasks=tasks is not None)
    connect = partial(probes.connect, settings.ca_bundle)
    sampler = Sampler(connect, database, newsroom, utc_now, settings.netmonitor_hosts or ())
    watchers = (sampler.watch, *((tasks.watch,) if tasks else ()))
    return Monitoring(NetMonitor(sampler, tasks), health.check(database, tasks, utc_now), watchers)


def incident_tasks(
    settings: Settings, database: Database, backend: Backend, identify: Callable[[SignedIn], Actor]
) -> IncidentTasks | None:
    """Return what writes the tasks of incidents, None where the settings ask for none."""
    if not (settings.netmonitor_task_project and settings.netmonitor_task_author):
        return None
    author = Author(database, settings.netmonitor_task_author, identify)
    return IncidentTasks(
        database,
        backend,
        author.find,
        settings.netmonitor_task_project,
        lambda host_id: f"{settings.public_url or ''}/netmonitor/{host_id}",
        settings.default_locale,
        settings.timezone,
        utc_now,
    )
