"""What administrators are told of the monitor itself."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from helpdesk.health import Trouble, run
from helpdesk.netmonitor import health
from helpdesk.netmonitor.tasks import NO_PROJECT
from helpdesk.settings import settings as configuration
from helpdesk.settings.netmonitor import HALF_OF_TASKS, SetHost
from helpdesk.store import monitored_hosts, set_hosts
from helpdesk.store.database import Database
from helpdesk.store.models.netmonitor import HostState, MonitoredHost
from helpdesk.store.monitored_hosts import HostValues
from tests.clocks import Clock
from tests.netmonitor.test_tasks import Desk
from tests.store.monitored import add_host
from tests.world import EmbeddedWorld


def trouble(database: Database, clock: Clock) -> Trouble | None:
    return asyncio.run(run(health.check(database, None, clock.now))).trouble


@pytest.mark.parametrize(("seconds", "is_active", "is_late"), [(59, True, False), (61, True, True), (61, False, False)])
def test_a_host_that_waits_for_its_probe_is_a_trouble(
    database: Database, clock: Clock, seconds: int, is_active: bool, is_late: bool
) -> None:
    assert trouble(database, clock) is None
    host_id = database.run_here(lambda db: add_host(db, is_active=is_active), writes=True)
    assert trouble(database, clock) is None
    due = clock.now() - timedelta(seconds=seconds)
    database.run_here(lambda db: db.add(HostState(host_id=host_id, due_at=due)), writes=True)
    found = trouble(database, clock)
    assert (found is not None) == is_late


INTERVAL = 600


def added(database: Database, clock: Clock, **values: Any) -> MonitoredHost:
    wanted = HostValues("gate", "", "tcp", "127.0.0.1", 9, "", "", "", 0, INTERVAL, 3, 2, False, True, False)
    wanted = replace(wanted, **values)
    return database.run_here(lambda db: monitored_hosts.add(db, 1, wanted, clock.now()), writes=True)


def set_(database: Database, clock: Clock) -> None:
    database.run_here(lambda db: set_hosts.sync(db, [SetHost("gate", "127.0.0.1")], clock.now()), writes=True)


@pytest.mark.parametrize(("add", "interval"), [(added, INTERVAL), (set_, 30)])
def test_a_host_that_was_never_probed_is_a_trouble(
    database: Database, clock: Clock, add: Callable[[Database, Clock], object], interval: int
) -> None:
    add(database, clock)
    clock.pass_(interval + 60)
    assert trouble(database, clock) is None
    clock.pass_(1)
    assert trouble(database, clock) is not None


def test_a_host_that_is_switched_on_has_its_time(database: Database, clock: Clock) -> None:
    host = added(database, clock, is_active=False)
    clock.pass_(3 * INTERVAL)
    wanted = replace(monitored_hosts.values(host), is_active=True)
    now = clock.now()
    database.run_here(lambda db: monitored_hosts.change(db, 1, host.id or 0, wanted, None, now), writes=True)
    clock.pass_(INTERVAL + 60)
    assert trouble(database, clock) is None
    clock.pass_(1)
    assert trouble(database, clock) is not None


def test_a_wrong_place_for_tasks_is_a_trouble(embedded: EmbeddedWorld, clock: Clock) -> None:
    desk = Desk(embedded, clock)
    found = asyncio.run(run(health.settings_check(desk.process("no such"))))
    assert found.trouble and found.trouble.reason == NO_PROJECT
    assert asyncio.run(run(health.settings_check(desk.process()))).trouble is None
    desk.backend.breaks["vocabulary"] = "before"
    assert asyncio.run(run(health.settings_check(desk.process("no such")))).trouble is None


def test_half_of_the_settings_for_tasks_is_noticed() -> None:
    whole = {"NETMONITOR_TASK_PROJECT": "help", "NETMONITOR_TASK_AUTHOR": "anna"}
    for environ, notices in (({}, []), (whole, []), (dict([*whole.items()][:1]), [HALF_OF_TASKS])):
        assert [it for it in configuration.load(environ, Path("/nowhere")).notices if "monitor" in it] == notices
