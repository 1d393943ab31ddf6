"""What tests of the network monitor share: a store without hosts, and hosts with random samples."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.database import Database
from helpdesk.store.host_packing import HOUR, Sample
from helpdesk.store.models import netmonitor, table
from helpdesk.store.models.netmonitor import HostSample, MonitoredHost
from helpdesk.store.models.notifications import Lease

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TABLES = (
    netmonitor.MonitorWatcher,
    netmonitor.HostMaintenance,
    netmonitor.HostIncident,
    netmonitor.HostNews,
    netmonitor.HostState,
    netmonitor.HostSample,
    netmonitor.HostHour,
    netmonitor.HostPacked,
    netmonitor.MonitoredHost,
)


def emptied(database: Database) -> Database:
    """A store in which nothing is monitored, nor by hand: a shared server keeps leases from test to test."""

    def empty(db: Session) -> None:
        for model in TABLES:
            db.execute(sa.delete(table(model)))
        db.execute(sa.delete(table(Lease)))

    database.run_here(empty, writes=True)
    return database


def add_host(db: Session, name: str = "gate", **values: Any) -> int:
    """Watch a host; its id."""
    begun: dict[str, Any] = {
        "method": "tcp",
        "address": "127.0.0.1",
        "port": 9,
        "interval_seconds": 10,
        "created_at": NOW,
    }
    row = MonitoredHost(**{**begun, "name": name, "name_folded": name.casefold(), **values})
    db.add(row)
    db.flush()
    assert row.id is not None
    return row.id


def random_samples(chance: random.Random, begin: int, end: int, interval: int = 10) -> list[Sample]:
    """Samples as a real line gives them: a steady time with a jitter, some peaks, some lost, some gaps."""
    samples, at = list[Sample](), begin
    while at < end:
        time = round(chance.lognormvariate(6.5, 0.4) * (20 if chance.random() < 0.02 else 1))
        samples.append(Sample(at, None if chance.random() < 0.05 else time))
        at += interval * (chance.randrange(2, 300) if chance.random() < 0.01 else 1)
    return samples


def store(db: Session, host_id: int, samples: Iterable[Sample]) -> None:
    """Store samples as the sampler does."""
    rows = [{"host_id": host_id, "at": it.at, "ms": None if it.time is None else it.time / 100} for it in samples]
    if rows:
        db.execute(sa.insert(table(HostSample)), rows)


def hours(samples: Sequence[Sample]) -> list[int]:
    """The hours in which there are samples."""
    return sorted({it.at - it.at % HOUR for it in samples})
