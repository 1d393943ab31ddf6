"""Summaries are read some hosts at a time, for one request at a time, and no longer than somebody waits."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

import pytest
from sqlmodel import Session

from helpdesk.netmonitor import summaries
from helpdesk.netmonitor.summaries import Summaries
from helpdesk.store import host_history
from helpdesk.store.database import Database
from helpdesk.store.host_history import Summary
from helpdesk.store.host_packing import Sample
from tests.store.monitored import add_host, emptied, store

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SINCE = NOW - timedelta(days=365)
HOSTS = 7


class Readings:
    """The readings of the store as they come: each with its hosts, and how many are at work at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hosts: list[Sequence[int]] = []
        self.gate, self.begun = Event(), Event()
        self.gate.set()
        self._lock, self._at_work, self.most_at_work = Lock(), 0, 0
        self._read = host_history.summary
        monkeypatch.setattr(host_history, "summary", self)

    def __call__(self, session: Session, host_ids: Sequence[int], **moments: Any) -> dict[int, Summary]:
        with self._lock:
            self.hosts.append(host_ids)
            self._at_work += 1
            self.most_at_work = max(self.most_at_work, self._at_work)
        self.begun.set()
        self.gate.wait(10)
        try:
            return self._read(session, host_ids, **moments)
        finally:
            with self._lock:
                self._at_work -= 1


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Readings:
    monkeypatch.setattr(summaries, "ROWS_AT_ONCE", 3 * 24 * 365)
    return Readings(monkeypatch)


@pytest.fixture
def hosts(database: Database) -> list[int]:
    def fill(db: Session) -> list[int]:
        ids = [add_host(db, f"host {it}") for it in range(HOSTS)]
        for number, id in enumerate(ids):
            store(db, id, [Sample(int(NOW.timestamp()) - 60, 100 * number)])
        return ids

    return emptied(database).run_here(fill, writes=True)


async def test_many_hosts_are_read_in_parts(database: Database, hosts: list[int], readings: Readings) -> None:
    found = await Summaries(database).read(hosts, SINCE, NOW)
    assert [found[id].max_ms for id in hosts] == [float(it) for it in range(HOSTS)]
    assert readings.hosts == [hosts[:3], hosts[3:6], hosts[6:]]
    await Summaries(database).read(hosts, NOW, NOW)
    assert readings.hosts[3:] == [hosts]


async def test_requests_come_one_after_the_other(database: Database, hosts: list[int], readings: Readings) -> None:
    shared = Summaries(database)
    found = await asyncio.gather(*(shared.read(hosts, SINCE, NOW) for _ in range(4)))
    assert all(len(it) == HOSTS for it in found) and readings.most_at_work == 1


async def test_nothing_is_read_for_who_waits_no_longer(
    database: Database, hosts: list[int], readings: Readings
) -> None:
    shared = Summaries(database)
    readings.gate.clear()
    reading = asyncio.create_task(shared.read(hosts, SINCE, NOW))
    await asyncio.to_thread(readings.begun.wait, 10)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    readings.gate.set()
    await shared.read(hosts[:1], SINCE, NOW)
    assert readings.hosts == [hosts[:3], hosts[:1]]
