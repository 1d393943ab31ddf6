"""200 addresses that are up, refuse, are silent, slow or flap, sampled by processes that are killed: no sample comes
twice, and no incident and no notification is lost or doubled."""

import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.netmonitor.incidents import Rules
from helpdesk.store import host_rollup
from helpdesk.store.database import Database
from helpdesk.store.host_packing import HOUR, Sample, unpack_samples
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostHour, HostIncident, HostNews, HostPacked, HostSample, HostState
from helpdesk.store.models.notifications import Notification
from tests.netmonitor.test_incidents import Incident, Probe, brute
from tests.running import begun
from tests.servers.imitated_hosts import ImitatedHosts
from tests.servers.process import Process, wait_until
from tests.soak import SOAK
from tests.store.monitored import NOW, add_host, random_samples, store
from tests.world import PEOPLE_IDS

HOSTS, INTERVAL, LEASE_SECONDS = 200, 2, 1.0
KILLS, SECONDS_BETWEEN = (12, 4.0) if SOAK else (4, 2.5)
RULES = Rules(2, 2, INTERVAL)


class Samplers:
    """Two processes over one store, of which one samples. A killed one is begun again at once."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.processes = [self._begin(), self._begin()]

    def _begin(self) -> Process:
        arguments = [str(self.database.engine.url), str(LEASE_SECONDS)]
        return begun(["tests.netmonitor.sampling", *arguments], self.folder)

    def kill(self, number: int) -> None:
        process = self.processes[number]
        process.kill()
        process.wait()
        self.processes[number] = self._begin()

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def wait(self, moment: float) -> None:
        """Wait for a sample after a moment."""
        newest = sa.select(sa.func.max(table(HostSample).c.at))
        wait_until(
            lambda: (self.database.run_here(lambda db: db.execute(newest).scalar()) or 0) > moment,
            seconds=60,
            what="a sample",
        )


def watch_all(db: Session, hosts: ImitatedHosts) -> None:
    """By TCP, but for the slow ones, of which HTTP asks."""
    for number in range(HOSTS):
        is_slow = 160 <= number < 180
        values = {"method": "http", "address": f"http://{hosts.address(number)}:{hosts.port}/"} if is_slow else {}
        begun = {"address": hosts.address(number), "port": hosts.port, "interval_seconds": INTERVAL}
        add_host(db, f"host {number}", **{**begun, "failures_to_open": 2, "successes_to_close": 2, **values})


def play(hosts: ImitatedHosts) -> None:
    for number in range(120, 140):
        hosts.refuse(number)
    for number in range(140, 160):
        hosts.silence(number)
    for number in range(160, 180):
        hosts.slow(number, 0.5)
    for number in range(180, 200):
        hosts.flap(number, 1.0 + number % 5, 1.0 + number % 7)


@pytest.mark.soak
def test_no_kill_loses_or_doubles_a_sample_an_incident_or_a_notification(database: Database, tmp_path: Path) -> None:
    chance = random.Random(os.environ.get("SEED", "7"))
    with ImitatedHosts(HOSTS) as hosts:
        database.run_here(lambda db: watch_all(db, hosts), writes=True)
        play(hosts)
        samplers = Samplers(database, tmp_path)
        try:
            samplers.wait(0)
            began = time.time()
            for number in range(KILLS):
                time.sleep(SECONDS_BETWEEN * chance.uniform(0.5, 1.5))
                change = hosts.refuse if number % 2 else hosts.up
                change(120 + number)
                samplers.kill(chance.randrange(2))
                samplers.wait(time.time())
            ended = time.time()
        finally:
            samplers.end()
    samples = database.run_here(all_samples)
    assert len(samples) == HOSTS
    for host_id, its in samples.items():
        seconds = [it.at for it in its]
        assert len(set(seconds)) == len(seconds) and all((it - host_id) % INTERVAL == 0 for it in seconds)
    # A kill costs the lease's time and some more; the rest of the slots is there.
    assert sum(map(len, samples.values())) > HOSTS * (ended - began) / INTERVAL * 0.3
    compare(database, samples)


def all_samples(db: Session) -> dict[int, list[Sample]]:
    """The samples of each host: rows, and those whose hour has just been over."""
    found = defaultdict[int, list[Sample]](list)
    for row in db.exec(select(HostPacked).where(HostPacked.resolution == 1)):
        found[row.host_id] += unpack_samples(row.hour, row.packed)
    for host_id, at, ms in db.execute(sa.select(HostSample.host_id, HostSample.at, HostSample.ms)):
        found[host_id].append(Sample(at, None if ms is None else round(ms * 100)))
    return {host_id: sorted(its, key=lambda it: it.at) for host_id, its in found.items()}


def compare(database: Database, samples: dict[int, list[Sample]]) -> None:
    """Compare the store's incidents, states and notifications with a reading of its samples."""
    with database.engine.connect() as connection:
        rows = connection.execute(sa.select(table(HostIncident)).order_by("id")).all()
        states = {row.host_id: row for row in connection.execute(sa.select(table(HostState)))}
        of = table(Notification).c
        told = [tuple(row) for row in connection.execute(sa.select(of.person_id, of.event, of.kind, of.subject))]
        of = table(HostNews).c
        told += [(PEOPLE_IDS["admin"], *row) for row in connection.execute(sa.select(of.event, of.kind, of.subject))]
    compare_told(told, rows)
    for host_id, its in samples.items():
        probes = [Probe(it.at, it.time is not None) for it in its]
        found = [
            Incident(
                int(row.began_at.timestamp()),
                int(row.opened_at.timestamp()),
                row.ended_at and int(row.ended_at.timestamp()),
                row.is_damped,
                row.flaps,
            )
            for row in rows
            if row.host_id == host_id
        ]
        assert found == brute(probes, RULES), f"host {host_id}"
        assert states[host_id].checked_at.timestamp() == its[-1].at


def compare_told(told: list[tuple[int, str, str, str]], incidents: Sequence[sa.Row[Any]]) -> None:
    """Each incident is told once as it opens and as it closes, alone or as one of many, or waits to be told."""
    wanted, number = set[str](), Counter[str]()
    for row in incidents:
        for kind in ("host_down", *(("host_up",) if row.ended_at else ())):
            wanted.add(f"{kind}.{row.host_id}.{row.id}")
            number[kind] += 1
    alone = [event for _, event, kind, _ in told if kind.startswith("host_")]
    assert set(alone) <= wanted and len(set(alone)) == len(alone) and len(incidents) > 40
    assert {person for person, *_ in told} == {PEOPLE_IDS["admin"]}
    for _, _, kind, subject in told:
        number[kind.replace("hosts_", "host_")] -= int(subject) if kind.startswith("hosts_") else 1
    assert set(number.values()) == {0}


@pytest.mark.parametrize("place", range(12))
def test_a_roll_up_that_is_killed_loses_and_doubles_nothing(database: Database, place: int) -> None:
    """At each of its statements, and before its commit."""
    begin = int(NOW.timestamp()) // HOUR * HOUR
    samples = random_samples(random.Random(place), begin, begin + HOUR)
    late, early = samples[::7], [it for number, it in enumerate(samples) if number % 7]

    def fill(db: Session) -> int:
        host_id = add_host(db)
        store(db, host_id, early)
        host_rollup.roll_up(db, host_id, begin)
        store(db, host_id, late)
        return host_id

    host_id = database.run_here(fill, writes=True)
    database.engine.dispose()
    status = killed_at(place, str(database.engine.url), host_id, begin)
    assert database.run_here(all_samples) == {host_id: samples}
    database.run_here(lambda db: host_rollup.roll_up(db, host_id, begin), writes=True)
    assert database.run_here(all_samples) == {host_id: samples}
    row = database.run_here(lambda db: db.get(HostHour, (host_id, begin)))
    assert row and row.probes == len(samples)
    assert database.run_here(lambda db: db.exec(select(sa.func.count()).select_from(HostSample)).one()) == 0
    assert status in (0, -signal.SIGKILL) and (place > 0 or status != 0)


def killed_at(place: int, url: str, host_id: int, hour: int) -> int:
    """Roll up in a process that is killed at one of its statements; what it ended with."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        own, seen = Database(url), 0

        def count(*_: object) -> None:
            nonlocal seen
            if seen == place:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

        sa.event.listen(own.engine, "before_cursor_execute", count)
        sa.event.listen(own.engine, "commit", count)
        own.run_here(lambda db: host_rollup.roll_up(db, host_id, hour), writes=True)
    finally:
        os._exit(0)
