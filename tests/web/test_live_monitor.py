"""Pages of the network monitor over the streams of two helpdesks that really run: those of people who may see it hear
that something has changed, in any process, and nothing more."""

import socket
from contextlib import ExitStack, closing
from pathlib import Path

from e2e import steps
from helpdesk.people.rights import ADMIN
from helpdesk.store import rights
from helpdesk.store.database import Database
from tests.listening import STREAM, Event, listening, until
from tests.servers.redis import Redis
from tests.store.monitored import add_host
from tests.web.test_two_processes import two_processes
from tests.world import PASSWORDS, PEOPLE_IDS

PAGE = "/notifications/stream"


def monitor_told(queue: list[Event]) -> list[str]:
    return [it["data"] for it in queue if it.get("event") == "netmonitor"]


def test_pages_hear_of_a_host_that_goes_down_and_comes_back(
    database: Database, tmp_path: Path, redis_server: Redis
) -> None:
    anna_id = PEOPLE_IDS["anna"]
    database.run_here(lambda db: rights.grant(db, anna_id, ADMIN), writes=True)
    with ExitStack() as life:
        enter = life.enter_context
        environ = {"REDIS_URL": redis_server.url, "NETMONITOR_ACCESS": "administrators"}
        one, two = enter(two_processes(database, tmp_path, **environ))
        admin, anna, irina = (
            enter(closing(steps.program(url, login, PASSWORDS[login])))
            for url, login in ((one.url, "admin"), (two.url, "anna"), (one.url, "irina"))
        )
        here, there = enter(listening(admin, PAGE)), enter(listening(anna, PAGE))
        others, program = enter(listening(irina, PAGE)), enter(listening(admin, STREAM))
        host = enter(closing(socket.socket()))
        host.bind(("127.0.0.1", 0))
        values = {"port": host.getsockname()[1], "interval_seconds": 1, "failures_to_open": 1}
        database.run_here(lambda db: add_host(db, "gate", **values), writes=True)
        # People are notified after the change was told to their pages.
        assert [until(it, "netmonitor")["data"] for it in (here, there)] == ["{}", "{}"]
        assert "gate" in until(here, "new_notification")["data"]
        # Who may see it no more hears no more of it, though the stream stays open.
        database.run_here(lambda db: rights.revoke(db, anna_id, ADMIN, ()), writes=True)
        told = len(monitor_told(list(there.queue)))
        host.listen()
        assert until(here, "netmonitor")["data"] == "{}"
        assert "gate" in until(here, "new_notification")["data"]
        assert len(monitor_told(list(there.queue))) == told
        assert monitor_told(list(others.queue)) == [] == monitor_told(list(program.queue))
