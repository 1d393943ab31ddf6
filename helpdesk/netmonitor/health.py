"""The check of the network monitor: whether hosts are probed, and whether incidents can open tasks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from helpdesk.errors import Sentence, Unavailable, sentence
from helpdesk.health import Check, Trouble
from helpdesk.netmonitor.model import Way
from helpdesk.netmonitor.tasks import IncidentTasks, Refused
from helpdesk.store import host_samples
from helpdesk.store.database import Database

NAME = "netmonitor"
LATE = timedelta(seconds=60)
NOT_PROBED = sentence("a host that was due at %(at)s UTC has not been probed")
RESTART = sentence("The log of the processes that serve says why.")
SETTINGS = sentence("Incidents open no tasks until the settings are right.")
WAYS: dict[Way, Sentence] = {
    "datagram": sentence("Hosts are pinged by a socket for everybody's pings."),
    "raw": sentence("Hosts are pinged by a raw socket."),
    "command": sentence("Hosts are pinged by the command ping."),
    "tcp": sentence("This machine may not ping: hosts are tried by TCP instead."),
}
"""How this machine pings, for administrators."""


def check(database: Database, tasks: IncidentTasks | None, clock: Callable[[], datetime]) -> Check:
    """Check that no host waits for its probe, and that tasks of incidents can be opened, where they are wanted."""

    async def look() -> None:
        now = clock()
        oldest = await database.run(host_samples.oldest_due)
        if oldest is not None and now - oldest > LATE:
            raise Trouble(NOT_PROBED._replace(values={"at": f"{oldest:%Y-%m-%d %H:%M}"}), RESTART)
        await _require_place(tasks)

    return Check(NAME, look, "database")


def settings_check(tasks: IncidentTasks) -> Check:
    """Check that tasks of incidents can be opened, also where nothing is served."""
    return Check(NAME, partial(_require_place, tasks), "database")


async def _require_place(tasks: IncidentTasks | None) -> None:
    if tasks is None:
        return
    try:
        await tasks.place()
    except Refused as refused:
        raise Trouble(refused.reason, SETTINGS) from refused
    except Unavailable:
        return  # the backend's own check tells that
