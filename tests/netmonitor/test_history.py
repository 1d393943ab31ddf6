"""Old things are forgotten, but not by a clock that is wrong for a moment."""

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.netmonitor.history import FORGET_SECONDS, History
from helpdesk.store.database import Database
from helpdesk.store.host_packing import HOUR
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostHour, HostMaintenance
from tests.store.monitored import NOW, add_host
from tests.world import PEOPLE_IDS

YEARS = timedelta(days=2 * 366)


class Machine:
    """A machine whose clock can be set, and which keeps the history."""

    def __init__(self, database: Database, now: datetime = NOW) -> None:
        self.database, self.now, self.ticks = database, now, 0.0
        self.history = History(lambda: self.now, lambda: self.ticks)

    def pass_(self, seconds: float) -> None:
        end = self.ticks + seconds
        while self.ticks < end:
            self.ticks, self.now = self.ticks + 10, self.now + timedelta(seconds=10)
            while self.history.is_due:
                self.database.run_here(self.history.step, writes=True)
                self.ticks, self.now = self.ticks + 0.2, self.now + timedelta(seconds=0.2)


class Kept(NamedTuple):
    hours: int
    windows: int


def kept(database: Database) -> Kept:
    def count(db: Session) -> Kept:
        return Kept(*(db.execute(sa.select(sa.func.count()).select_from(table(it))).scalar_one()
                      for it in (HostHour, HostMaintenance)))  # fmt: skip

    return database.run_here(count)


@pytest.fixture
def filled(database: Database) -> Database:
    """A host with two days of hours until now, and two windows, of which one ended two years ago."""

    def fill(db: Session) -> None:
        host_id, begin = add_host(db), int(NOW.timestamp()) // HOUR * HOUR - 48 * HOUR
        numbers = {"probes": 360, "lost": 0, "low": 1, "mean": 1, "high": 1, "p95": 1}
        db.execute(
            sa.insert(table(HostHour)),
            [{"host_id": host_id, "hour": begin + it * HOUR, **numbers} for it in range(48)],
        )
        for ended in (NOW - YEARS - timedelta(days=1), NOW - YEARS + timedelta(days=1)):
            begins = ended - timedelta(hours=1)
            values = {"begins_at": begins, "ends_at": ended, "made_by": PEOPLE_IDS["admin"], "made_at": begins}
            db.add(HostMaintenance(**values))

    database.run_here(fill, writes=True)
    return database


def test_what_is_too_old_is_forgotten_an_hour_after_the_start(filled: Database) -> None:
    machine = Machine(filled)
    machine.pass_(FORGET_SECONDS - 60)
    assert kept(filled) == (48, 2)
    machine.pass_(120)
    assert kept(filled) == (48, 1)
    later = Machine(filled, NOW + YEARS + timedelta(days=30))
    later.pass_(FORGET_SECONDS + 60)
    assert kept(filled) == (24, 0)


def test_a_clock_that_is_years_ahead_for_a_while_makes_nothing_forgotten(filled: Database) -> None:
    machine = Machine(filled)
    machine.pass_(FORGET_SECONDS - 120)
    for _ in range(3):
        machine.now += 10 * YEARS
        machine.pass_(FORGET_SECONDS / 2)
        machine.now -= 10 * YEARS
        machine.pass_(FORGET_SECONDS / 2)
    begun_wrong = Machine(filled, NOW + 10 * YEARS)
    begun_wrong.pass_(60)
    begun_wrong.now -= 10 * YEARS
    begun_wrong.pass_(FORGET_SECONDS + 120)
    assert kept(filled) == (48, 1)
